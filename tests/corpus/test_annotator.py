from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mprna.corpus.annotate import Annotation, annotate
from mprna.corpus.annotator import Annotator
from mprna.corpus.cache import CACHE_NAME
from mprna.corpus.fidelity import Folded, fold_main, shipped_calibration
from mprna.corpus.isolation import FoldFailure, IsolatedFold
from mprna.corpus.options import CorpusOptions
from mprna.errors import FoldingError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.vienna import EnergyModel
from mprna.rna.sparse_pairs import pack_pairs

HAIRPIN = "GGGGAAAACCCC"
SHIPPED = shipped_calibration()


def one(annotator: Annotator, sequence: str) -> Annotation | FoldFailure:
    [found] = annotator([sequence])
    return found


def refuse(sequence: str, energy_model: EnergyModel, second_structure: str) -> Folded:
    raise FoldingError("no fold")


def test_nothing_is_folded_twice(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        first = one(annotator, HAIRPIN)
    with Annotator(CorpusOptions(slice_length=100), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) == first == annotate(HAIRPIN, EnergyModel(), SHIPPED)
        assert one(annotator, "GGGAAAACCC") is FoldFailure.NO_FOLD


def test_a_kill_in_either_pass_loses_what_was_being_folded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both passes go over all sequences, and what each has made is kept one by one."""
    sequences = [f"GGGG{'A' * n}CCCC" for n in range(3, 9)]
    asked: list[str] = []
    killed_after = 0
    isolated = IsolatedFold.__call__

    def note(self: IsolatedFold, fold: Any, calls: Any) -> Iterator[Any]:
        for found in isolated(self, fold, calls):
            asked.append(fold.__name__)
            if len(asked) == killed_after:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(IsolatedFold, "__call__", note)
    seconds, main = ["fold_second"], ["fold_main"]
    for expected in (seconds * 3, seconds * 4 + main * 3):
        killed_after = len(expected)
        with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator, pytest.raises(KeyboardInterrupt):
            list(annotator(sequences))
        assert asked == expected
        asked.clear()
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        found = list(annotator(sequences))
    assert asked == ["fold_main"] * 4
    assert found == [annotate(sequence, EnergyModel(), SHIPPED) for sequence in sequences]


def test_failures_are_not_kept(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) is FoldFailure.NO_FOLD
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, EnergyModel(), SHIPPED)


def test_corrupt_entry_is_folded_again(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        one(annotator, HAIRPIN)
        database = sqlite3.connect(tmp_path / CACHE_NAME, isolation_level=None)
        database.execute("UPDATE annotations SET labels = replace(labels, '(', '.')")
        database.close()
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, EnergyModel(), SHIPPED)


def test_the_energy_model_and_limits_of_the_options_are_used(tmp_path: Path) -> None:
    hot = EnergyModel(temperature=80.0)
    with Annotator(CorpusOptions(energy_model=hot)) as annotator:
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, hot, SHIPPED)
    with Annotator(CorpusOptions(fold_timeout=0.001)) as annotator:
        assert one(annotator, HAIRPIN * 200) is FoldFailure.TIMEOUT


def test_known_and_new_sequences_keep_their_order(tmp_path: Path) -> None:
    sequences = [f"GGGG{'A' * n}CCCC" for n in range(3, 9)]
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        list(annotator(sequences[::2]))
        found = list(annotator(sequences))
    assert found == [annotate(sequence, EnergyModel(), SHIPPED) for sequence in sequences]


def test_another_calibration_needs_no_other_fold(tmp_path: Path) -> None:
    with Annotator(CorpusOptions(), cache_dir=tmp_path) as annotator:
        one(annotator, HAIRPIN)
    other = replace(SHIPPED, f1_weights=dict.fromkeys(SHIPPED.f1_weights, 0.0))
    with Annotator(CorpusOptions(calibration=other), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) == annotate(HAIRPIN, EnergyModel(), other)
    second = replace(SHIPPED, second_parameters="andronescu2007")
    with Annotator(CorpusOptions(calibration=second), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) is FoldFailure.NO_FOLD


def test_pair_probs_are_those_of_the_prior_and_made_once(tmp_path: Path) -> None:
    options = CorpusOptions(pair_probs=True)
    with Annotator(options, cache_dir=tmp_path) as annotator:
        found = one(annotator, HAIRPIN)
        assert isinstance(found, Annotation)
        assert found.pair_probs == pack_pairs(prior_pair_probs(HAIRPIN))
        assert replace(found, pair_probs=None) == annotate(HAIRPIN, EnergyModel(), SHIPPED)
    with Annotator(CorpusOptions(), cache_dir=tmp_path, fold=refuse) as annotator:
        assert one(annotator, HAIRPIN) == replace(found, pair_probs=None)
    database = sqlite3.connect(tmp_path / CACHE_NAME)
    count = "SELECT count(*) FROM annotations"
    assert database.execute(count).fetchone() == (3,)
    with Annotator(options, cache_dir=tmp_path, fold=refuse) as annotator:
        assert list(annotator([HAIRPIN, "GGGAAACCC"])) == [found, FoldFailure.NO_FOLD]
    assert database.execute(count).fetchone() == (4,)  # of what failed, the second structure
    database.close()


def fold_or_refuse(sequence: str, energy_model: EnergyModel, second_structure: str) -> Folded:
    if sequence.startswith("A"):
        raise FoldingError("no fold")
    return fold_main(sequence, energy_model, second_structure)


def test_a_failure_of_either_pass_takes_no_other_with_it() -> None:
    """The empty sequence has no fold under the second parameters, the third none under the main ones."""
    with Annotator(CorpusOptions(), fold=fold_or_refuse) as annotator:
        found = list(annotator([HAIRPIN, "", "A" + HAIRPIN, HAIRPIN + "G"]))
    alone = [annotate(sequence, EnergyModel(), SHIPPED) for sequence in (HAIRPIN, HAIRPIN + "G")]
    assert found == [alone[0], FoldFailure.NO_FOLD, FoldFailure.NO_FOLD, alone[1]]
