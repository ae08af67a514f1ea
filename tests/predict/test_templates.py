"""Folding with templates: the same promises as without them, by every engine."""

from __future__ import annotations

import dataclasses
import json
import os

import numpy as np
import pytest

import mprna
from mprna.decoding.settings import ALONE_GAMMA, PAIR_GAMMA
from mprna.errors import FormatError, MissingDataError, MprnaWarning
from mprna.folding.vienna import energy_of
from mprna.io.records import Record
from mprna.predict import folder
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions
from mprna.rna.canonical import check_structure
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.pair_engine import PAIR_WINDOW

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
OPENED = "(((((((" + "." * 41 + "(((((.......))))))))))))...."
"""Not how it folds: two of its four stems are missing."""
STRANGER = "GGGGGGGGGGAAAACCCCCCCCCC"
ENGINES = ["vienna", "hybrid", "model"]


@pytest.fixture
def templates(tmp_path):
    path = tmp_path / "known.dbn"
    path.write_text(f">known\n{TRNA}\n{OPENED}\n")
    return path


def options(engine: str, templates, model, **others) -> FoldOptions:
    chosen = {} if engine == "vienna" else {"model": model}
    return FoldOptions(engine=engine, templates=(templates,), **chosen, **others)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_relative_is_followed_and_a_stranger_is_not(engine, templates, pair_model):
    chosen = options(engine, templates, pair_model)
    mutated = TRNA[:50] + "C" + TRNA[51:]
    alike, other = mprna.fold([mutated, STRANGER], chosen)
    known = {tuple(pair) for pair in pairs_from_dot_bracket(OPENED).tolist()}
    found = {tuple(pair) for pair in pairs_from_dot_bracket(alike.dot_bracket).tolist()}
    assert alike.template == "known"
    assert len(found & known) >= len(known) - 1  # the pair that the mutation broke
    assert len(found - known) <= 1
    assert alike.energy == energy_of(mutated, alike.dot_bracket)
    alone = mprna.fold([TRNA, STRANGER], dataclasses.replace(chosen, templates=()))
    assert other == alone[1]
    assert other.template is None


def test_a_network_beside_relatives_is_not_alone(templates):
    longer = TRNA + "".join(np.random.default_rng(0).choice(list("ACGU"), size=90))
    chosen = FoldOptions(engine="model", templates=(templates,))
    by_gamma = [
        mprna.fold(longer, dataclasses.replace(chosen, gamma=gamma)).dot_bracket
        for gamma in (None, PAIR_GAMMA, ALONE_GAMMA)
    ]
    assert by_gamma[0] == by_gamma[1] != by_gamma[2]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_constraint_holds_against_a_relative(engine, templates, pair_model):
    constraint = "x" * 7 + "." * (len(TRNA) - 7)
    record = mprna.fold(TRNA, options(engine, templates, pair_model), constraint=constraint)
    assert record.dot_bracket.startswith("." * 7)
    assert record.template == "known"


@pytest.mark.parametrize("engine", ENGINES)
def test_structures_stay_valid_whatever_the_relative_has(engine, tmp_path, pair_model):
    rng = np.random.default_rng(5)
    path = tmp_path / "odd.jsonl"
    knot = "((([[[" + "." * 64 + ")))]]]"
    path.write_text(json.dumps({"name": "knot", "sequence": TRNA, "dot_bracket": knot}) + "\n")
    for _ in range(10):
        letters = list(TRNA)
        for place in rng.integers(len(TRNA), size=8):
            letters[place] = rng.choice(list("ACGUN"))
        sequence = "".join(letters)
        record = mprna.fold(sequence, options(engine, path, pair_model))
        check_structure(sequence, record.dot_bracket)
        assert 0 <= record.confidence <= 1


def test_results_do_not_depend_on_processes(templates, pair_model):
    records = [Record(name=str(n), sequence=TRNA[n:]) for n in range(6)]
    chosen = options("hybrid", templates, pair_model)
    assert list(fold_records(records, chosen, jobs=2)) == list(fold_records(records, chosen))


@pytest.mark.parametrize("engine", ["hybrid", "model"])
def test_rnas_that_are_read_in_windows_have_relatives_too(engine, templates, pair_model):
    length = PAIR_WINDOW + 10
    sequence = "A" * (length - len(TRNA)) + TRNA
    record = mprna.fold(sequence, options(engine, templates, pair_model))
    assert record.template == "known"
    assert record.dot_bracket.endswith("....")
    assert record.dot_bracket[-len(TRNA) :].startswith("((((((")


def test_longer_rnas_are_folded_without(templates, pair_model, monkeypatch):
    monkeypatch.setattr(folder, "MAX_RELATED_LENGTH", len(TRNA) - 1)
    record = mprna.fold(Record(name="x", sequence=TRNA), options("vienna", templates, pair_model))
    assert record.template is None
    assert record.dot_bracket == mprna.fold(TRNA, FoldOptions(engine="vienna")).dot_bracket


def test_of_longer_rnas_one_is_told(templates, pair_model, monkeypatch):
    monkeypatch.setattr("mprna.predict.fold.MAX_RELATED_LENGTH", len(TRNA) - 1)
    records = [Record(name=name, sequence=TRNA) for name in "xy"]
    with pytest.warns(MprnaWarning, match="nt, which are folded without relatives: 2; the first: x"):
        list(fold_records(records, options("vienna", templates, pair_model)))


def test_a_file_that_changed_is_read_again(templates, pair_model):
    chosen = options("vienna", templates, pair_model)
    assert mprna.fold(TRNA, chosen).template == "known"
    templates.write_text(f">renamed\n{TRNA}\n{OPENED}\n")
    os.utime(templates, ns=(1, 1))
    assert mprna.fold(TRNA, chosen).template == "renamed"


def test_files_that_are_no_templates_are_told(tmp_path, pair_model):
    with pytest.raises(FormatError, match=r"none\.dbn: No such file or directory"):
        mprna.fold(TRNA, options("vienna", tmp_path / "none.dbn", pair_model))
    (tmp_path / "a.fa").write_text(">a\nACGU\n")
    with pytest.raises(MissingDataError, match="no RNA with a structure"):
        mprna.fold(TRNA, options("vienna", tmp_path / "a.fa", pair_model))


def test_an_encoder_is_told_too(templates, nano_model):
    """Models with an encoder give pair probabilities by another way."""
    record = mprna.fold(TRNA, options("model", templates, nano_model))
    assert record.template == "known"
    assert record.dot_bracket.startswith("(((((")
