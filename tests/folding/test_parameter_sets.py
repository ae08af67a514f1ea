"""Energy parameters are global in ViennaRNA: each set is itself, whatever was loaded before or beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import RNA

from mprna.folding.parameters import mean_parameters, parameter_sections
from mprna.folding.vienna import CONTRAFOLD, PARAMETER_SETS, EnergyModel, fold_ensemble, pair_probs
from mprna.folding.vienna.library import LOCK, boltzmann_factors, load_parameters, parameter_text

from .conftest import LONG

REPORT = """
import json, sys
from mprna.folding.vienna import EnergyModel, fold_ensemble
ensemble = fold_ensemble(sys.argv[1], EnergyModel(parameters=sys.argv[2]))
print(json.dumps([ensemble.mfe_dot_bracket, ensemble.mfe, ensemble.energy]))
"""


def in_fresh_process(sequence: str, parameters: str) -> list[object]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-c", REPORT, sequence, parameters]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(result.stdout)


def report(parameters: str) -> list[object]:
    ensemble = fold_ensemble(LONG, EnergyModel(parameters=parameters))
    return [ensemble.mfe_dot_bracket, ensemble.mfe, ensemble.energy]


@pytest.fixture(scope="module", name="fresh")
def _fresh():
    return {parameters: in_fresh_process(LONG, parameters) for parameters in PARAMETER_SETS}


def test_parameter_sets_differ(fresh):
    assert len({energy for _, _, energy in fresh.values()}) == len(PARAMETER_SETS)


def test_parameter_sets_do_not_leak_into_each_other(fresh):
    """Each after each other one, in one process: MFE and Boltzmann factors from the same set."""
    for first in PARAMETER_SETS:
        for second in PARAMETER_SETS:
            assert [report(first), report(second)] == [fresh[first], fresh[second]]


def test_parameters_that_somebody_else_loaded(fresh):
    RNA.params_load_RNA_Langdon2018()
    assert report("turner2004") == fresh["turner2004"]
    RNA.params_load_from_string(parameter_text("andronescu2007"))  # under no name
    assert report("turner2004") == fresh["turner2004"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_is_forked_while_a_thread_folds_can_fold():
    holds = threading.Event()

    def hold():
        with LOCK:
            holds.set()
            time.sleep(0.2)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        holds.wait()
        child = os.fork()
        if child == 0:
            os._exit(0 if LOCK.acquire(timeout=5) else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_threads_with_different_parameters(fresh):
    names = list(PARAMETER_SETS) * 8
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(report, names)) == [fresh[name] for name in names]


def test_global_options_of_vienna_change_nothing(monkeypatch, fresh):
    options = {"temperature": 60.0, "dangles": 0, "max_bp_span": 10, "noGU": 1, "energy_set": 1, "gquad": 1}
    for name, value in options.items():
        monkeypatch.setattr(RNA.cvar, name, value)
    assert report("turner2004") == fresh["turner2004"]


def test_a_mean_of_sets_is_not_left_to_others():
    RNA.params_load_RNA_Turner2004()
    before = RNA.fold("GGGGAAAACCCCAAGGGUUUUCCC")
    boltzmann_factors.cache_clear()
    pair_probs("GGGGAAAACCCC", parameters=("turner2004", CONTRAFOLD))
    assert RNA.fold("GGGGAAAACCCCAAGGGUUUUCCC") == before


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_the_text_of_a_set_is_what_the_library_would_save(tmp_path, parameters):
    with LOCK:
        load_parameters(RNA, parameters)
        RNA.params_save(str(tmp_path / "saved.par"))
    texts = (tmp_path / "saved.par").read_text(), parameter_text(parameters)
    saved, own = (
        dict(parameter_sections(mean_parameters(text, parameter_text(CONTRAFOLD)))) for text in texts
    )
    assert {title: body.split() for title, body in own.items()} == {
        title: body.split() for title, body in saved.items()
    }
