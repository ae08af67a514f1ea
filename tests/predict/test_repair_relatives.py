"""Repair with relatives: what they share is heeded, what they do not say stays as it was."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from mprna.errors import FormatError, MissingDataError, UsageError
from mprna.io.records import Record
from mprna.predict.relatives import RELATIVES_WINDOW as WINDOW
from mprna.predict.repair import RepairOptions, repair, repair_records
from mprna.predict.repair_calibration import RepairCalibration, save_calibration
from mprna.runtime.store import write_manifest

NO_OPINION = RepairCalibration(seen=(0.0, 0.0, 0.0), unknown=(0.0, 0.0, 0.0), window=60)


def text(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng([length, seed]).choice(list("ACGU"), size=length))


GENE = text(900)


@pytest.fixture(scope="module")
def model(nano_model, tmp_path_factory):
    """A model that is not asked, so that relatives alone count."""
    directory = tmp_path_factory.mktemp("calibrated") / "model"
    shutil.copytree(nano_model, directory)
    save_calibration(NO_OPINION, directory)
    write_manifest(directory)
    return directory


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "transcripts.fa"
    path.write_text(f">gene\n{GENE.replace('U', 'T')}\n>again\n{GENE[100:]}\n>stranger\n{text(900, 1)}\n")
    return path


def options(model, *files) -> RepairOptions:
    return RepairOptions(model=model, fold_length=0, relatives=files)


def test_substitutions_are_repaired_as_relatives_have_it(model, known):
    letters = list(GENE[200:500])
    for place in (40, 150, 285):
        letters[place] = "ACGU"["ACGU".index(letters[place]) - 1]
    letters[90] = "N"
    result = repair("".join(letters), options(model, known))
    assert result.repaired == GENE[200:500]
    assert [change.position for change in result.repairs] == [41, 91, 151, 286]
    assert (result.num_relatives == 2).all()
    alone = repair("".join(letters), options(model))
    assert len(alone.repairs) == 1  # the N
    assert alone.num_relatives is None


def test_where_nobody_is_alike_nothing_changes(model, known):
    stranger = text(300, 7)
    result, alone = (repair(stranger, options(model, *files)) for files in ((known,), ()))
    assert result.num_relatives.tolist() == [0] * 300
    np.testing.assert_array_equal(result.base_probs, alone.base_probs)


def test_a_long_rna_is_read_in_windows_and_only_its_own_part_has_relatives(model, known):
    sequence = text(3 * WINDOW, 3) + GENE + text(3 * WINDOW, 6)
    result = repair(sequence, options(model, known))
    inside = slice(3 * WINDOW + WINDOW // 2, 3 * WINDOW + len(GENE) - WINDOW // 2)
    assert (result.num_relatives[inside] >= 1).all()
    assert (result.num_relatives[: 2 * WINDOW] == 0).all()
    assert (result.num_relatives[-2 * WINDOW :] == 0).all()


@pytest.mark.parametrize("sequence", ["A", "ACGUACGU", "N" * 20 + "A" + "N" * 20, "ACGU" * 3 * WINDOW])
def test_odd_sequences_have_probabilities_too(model, known, sequence):
    result = repair(sequence, options(model, known))
    np.testing.assert_allclose(result.base_probs.sum(axis=1), 1.0)


def test_results_do_not_depend_on_processes_or_order(model, known):
    rnas = [Record(name=str(start), sequence=GENE[start : start + 220]) for start in range(0, 600, 120)]
    chosen = options(model, known)
    forwards = list(repair_records(rnas, chosen))
    backwards = list(repair_records(rnas[::-1], chosen, jobs=2))[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        np.testing.assert_array_equal(one.base_probs, other.base_probs)
        np.testing.assert_array_equal(one.num_relatives, other.num_relatives)


def test_a_file_that_changed_is_read_again(model, known):
    chosen = options(model, known)
    assert repair(GENE[:200], chosen).num_relatives.max() == 2
    known.write_text(f">stranger\n{text(900, 1)}\n")
    assert repair(GENE[:200], chosen).num_relatives.max() == 0


def test_bad_files_are_told(model, tmp_path):
    (tmp_path / "empty.fa").write_text(">x\n\n")
    with pytest.raises(MissingDataError, match=r"empty\.fa: no RNA with 16 nucleotides"):
        repair(GENE, options(model, tmp_path / "empty.fa"))
    with pytest.raises(FormatError, match="No such file"):
        repair(GENE, options(model, tmp_path / "none.fa"))
    with pytest.raises(UsageError, match="relatives: expected files, not standard input"):
        options(model, "-")
    with pytest.raises(UsageError, match=r"relatives 'x\.fa'; expected a tuple of files"):
        dataclasses.replace(options(model), relatives="x.fa")
