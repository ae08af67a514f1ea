"""Folding beside relatives without structures: what they share counts, by every engine."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest

import mprna
from mprna.errors import DataError, FormatError, MissingDataError, UsageError
from mprna.folding.vienna import alignment_pair_probs, energy_of
from mprna.io.records import Record
from mprna.predict import folder
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions
from mprna.rna.canonical import check_structure
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.pair_engine import PAIR_WINDOW

HAIRPINS = "GGGAUCCGAAAGGAUCCCAAAACCAGGUCGAAAGACCUGGAA"
"""Two stems that every engine finds."""
WEAK = "GAGAUCCGAAAGGAUCUCAAAACUAGAUCGAAAGAUCUAGAA"
"""The same stems with weaker pairs, which compensate each other."""
STRANGER = "ACACACACACACACGUUUGUUUGUUUGU"
ENGINES = ["vienna", "hybrid", "model"]


@pytest.fixture
def relatives(tmp_path):
    path = tmp_path / "relatives.fa"
    path.write_text(f">first\n{HAIRPINS}\n>second\n{HAIRPINS.replace('AAAA', 'AAUAA')}\n")
    return path


def options(engine: str, relatives, model, **others) -> FoldOptions:
    chosen = {} if engine == "vienna" else {"model": model}
    return FoldOptions(engine=engine, relatives=(relatives,), **chosen, **others)


@pytest.mark.parametrize("engine", ENGINES)
def test_probabilities_are_between_those_of_an_rna_its_relative_and_both_as_one(engine, tmp_path, pair_model):
    (tmp_path / "one.fa").write_text(f">first\n{HAIRPINS}\n")
    chosen = options(engine, tmp_path / "one.fa", pair_model, pair_probs=True)
    alone = dataclasses.replace(chosen, relatives=())
    own, near = (mprna.fold(sequence, alone).base_pair_probs for sequence in (WEAK, HAIRPINS))
    record = mprna.fold(WEAK, chosen)
    i, j = pairs_from_dot_bracket(mprna.fold(HAIRPINS, FoldOptions(engine="vienna")).dot_bracket).T
    mixed = record.base_pair_probs[i, j]
    said = np.stack([own, near, alignment_pair_probs([WEAK, HAIRPINS])])[:, i, j]
    assert (mixed >= said.min(axis=0) - 1e-4).all()
    assert (mixed <= said.max(axis=0) + 1e-4).all()
    assert np.abs(record.base_pair_probs - own).max() > 0.001
    assert record.template == "first"
    assert record.energy == energy_of(WEAK, record.dot_bracket)


def test_a_path_that_means_another_file_is_read_anew(tmp_path, monkeypatch):
    """Of the same name, size and age, in another folder."""
    for folder_, name in (("one", "first"), ("two", "other")):
        (tmp_path / folder_).mkdir()
        (tmp_path / folder_ / "known.fa").write_text(f">{name}\n{HAIRPINS}\n")
        os.utime(tmp_path / folder_ / "known.fa", ns=(1, 1))
    chosen = FoldOptions(engine="vienna", relatives=("known.fa",))
    found = []
    for folder_ in ("one", "two"):
        monkeypatch.chdir(tmp_path / folder_)
        found.append(mprna.fold(WEAK, chosen).template)
    assert found == ["first", "other"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stranger_is_folded_as_alone(engine, relatives, pair_model):
    chosen = options(engine, relatives, pair_model)
    record = mprna.fold(STRANGER, chosen)
    assert record == mprna.fold(STRANGER, dataclasses.replace(chosen, relatives=()))
    assert record.template is None


@pytest.mark.parametrize("engine", ENGINES)
def test_an_rna_alone_in_its_file_is_folded_as_alone(engine, tmp_path, pair_model):
    path = tmp_path / "self.fa"
    path.write_text(f">self\n{HAIRPINS}\n")
    chosen = options(engine, path, pair_model)
    assert mprna.fold(HAIRPINS, chosen) == mprna.fold(HAIRPINS, dataclasses.replace(chosen, relatives=()))


@pytest.mark.parametrize("engine", ENGINES)
def test_constraints_hold_and_structures_are_valid(engine, relatives, pair_model):
    constraint = "x" * 3 + "." * (len(WEAK) - 3)
    record = mprna.fold(WEAK, options(engine, relatives, pair_model), constraint=constraint)
    assert record.dot_bracket.startswith("...")
    rng = np.random.default_rng(1)
    for _ in range(10):
        letters = list(WEAK)
        for place in rng.integers(len(WEAK), size=6):
            letters[place] = rng.choice(list("ACGUN"))
        found = mprna.fold("".join(letters), options(engine, relatives, pair_model))
        check_structure(found.sequence, found.dot_bracket)
        assert found.confidence is None or 0 <= found.confidence <= 1  # vienna without relatives has none


def test_known_structures_count_more_than_relatives(relatives, tmp_path, pair_model):
    known = tmp_path / "known.dbn"
    known.write_text(f">known\n{WEAK}\n{'.' * len(WEAK)}\n")
    chosen = options("hybrid", relatives, pair_model, templates=(known,))
    record = mprna.fold(WEAK, chosen)
    assert record.template == "known"
    assert record.dot_bracket == "." * len(WEAK)


def test_results_do_not_depend_on_processes_or_order(relatives, pair_model):
    records = [Record(name=str(n), sequence=WEAK[n:]) for n in range(6)]
    chosen = options("hybrid", relatives, pair_model)
    forwards = list(fold_records(records, chosen))
    assert list(fold_records(records, chosen, jobs=2)) == forwards
    assert list(fold_records(records[::-1], chosen))[::-1] == forwards


@pytest.mark.parametrize("engine", ["hybrid", "model"])
def test_relatives_that_are_read_in_windows(engine, tmp_path, pair_model):
    long = "A" * (PAIR_WINDOW + 10 - len(HAIRPINS)) + HAIRPINS
    (tmp_path / "long.fa").write_text(f">long\n{long}\n")
    record = mprna.fold(WEAK, options(engine, tmp_path / "long.fa", pair_model))
    assert record.template == "long"
    assert mprna.fold("A" + long, options(engine, tmp_path / "long.fa", pair_model)).template == "long"


def test_longer_rnas_are_folded_without_and_no_relatives(relatives, monkeypatch, pair_model):
    monkeypatch.setattr(folder, "MAX_RELATED_LENGTH", len(HAIRPINS) - 1)
    with pytest.raises(MissingDataError, match=rf"no RNA of 1 to {len(HAIRPINS) - 1} nt; give relatives"):
        mprna.fold(WEAK, options("vienna", relatives, pair_model))


def test_a_file_that_changed_is_read_again(relatives, pair_model):
    chosen = options("vienna", relatives, pair_model)
    assert mprna.fold(WEAK, chosen).template is not None
    relatives.write_text(f">stranger\n{STRANGER}\n")
    os.utime(relatives, ns=(1, 1))
    assert mprna.fold(WEAK, chosen).template is None


def test_a_file_that_changes_during_the_work_is_told(relatives):
    """Each process reads it for itself, the second one when there is work for it."""

    def records():
        yield Record(name="a", sequence=WEAK)
        relatives.write_text(f">stranger\n{STRANGER}\n")
        for name in "bcdef":
            yield Record(name=name, sequence=WEAK)

    with pytest.raises(DataError, match=r"relatives\.fa: changed while it was in use; run it again"):
        list(fold_records(records(), FoldOptions(engine="vienna", relatives=(relatives,)), jobs=2))


def test_pipes_are_refused_as_every_process_reads_the_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"relatives: .*pipe: no regular file; .* so save it first"):
        FoldOptions(relatives=(tmp_path / "pipe",))


def test_relatives_without_names_are_numbered(tmp_path):
    (tmp_path / "plain.txt").write_text(f"{STRANGER}\n{HAIRPINS}\n")
    chosen = FoldOptions(engine="vienna", relatives=(tmp_path / "plain.txt",))
    assert mprna.fold(WEAK, chosen).template == "sequence_2"


def test_missing_files_are_told(tmp_path, pair_model):
    with pytest.raises(FormatError, match=r"none\.fa: No such file or directory"):
        mprna.fold(WEAK, options("vienna", tmp_path / "none.fa", pair_model))


def test_an_encoder_is_told_too(relatives, nano_model):
    """Models with an encoder give pair probabilities by another way."""
    assert mprna.fold(WEAK, options("model", relatives, nano_model)).template is not None
