"""Scans: known cases, bit-identical whatever else is asked, every variant kept, and tables."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil

import pytest

from mprna.errors import FoldingError, SequenceError, UsageError
from mprna.folding.vienna import fold_ensemble
from mprna.io.records import Record
from mprna.io.variants import ListedVariant
from mprna.predict import scan_work
from mprna.predict.scan import ScanOptions, scan, scan_records
from mprna.predict.scan_maps import effect_maps
from mprna.predict.scan_output import SCAN_COLUMNS, effect_row, write_effects
from mprna.predict.scan_structure import ReferenceFolder
from mprna.predict.variant_effect import VariantEffect
from mprna.runtime.load import load
from mprna.runtime.store import FOLDING_MODEL

HAIRPIN = "GGCACUGCGAAAGCAGUGCC"
LONG = "GGCACUGCGAAAGCAGUGCCAAUCUAGGACCAUUACCGAUCAGGAAUCGGUAAUGGUCCAAACAUCGAUUAAGCGACUUCGGUCGCAAUAUC"
THERMODYNAMICS = ScanOptions(model=None, confidence=False)


@pytest.fixture
def options(nano_model, mprna_home):
    return ScanOptions(model=nano_model, whole=30, window=40, context=32)


def test_a_compensatory_double_mutant_restores_what_both_singles_break():
    first, second, both = scan(HAIRPIN, ["C3G", "G18C", "C3G+G18C"], THERMODYNAMICS)
    for single in (first, second):
        assert single.delta_ensemble_energy > 3
        assert single.delta_mfe > 3
    assert abs(both.delta_ensemble_energy) < 1
    assert abs(both.delta_mfe) < 1
    assert both.pair_distance < 0.1 * min(first.pair_distance, second.pair_distance)
    assert both.helices_lost == both.helices_gained == ()


def test_a_loop_may_change_more_freely_than_a_stem():
    loop, stem = scan(HAIRPIN, ["A10U", "G7C"], THERMODYNAMICS)
    assert loop.unpaired > 0.99
    assert stem.unpaired < 0.01
    assert loop.delta_ensemble_energy < stem.delta_ensemble_energy - 2


def test_a_new_helix_is_gained():
    """The switch of a hairpin with a better partner for its 5' strand, one mismatch away."""
    sequence = "GGGCUCGAAAGAGCCUAAAAGCUGGAGCCC"
    (found,) = scan(sequence, ["G24C"], THERMODYNAMICS)
    mutant = sequence[:23] + "C" + sequence[24:]
    before, after = fold_ensemble(sequence), fold_ensemble(mutant)
    assert found.delta_ensemble_energy == after.energy - before.energy
    assert found.delta_mfe == after.mfe - before.mfe


def test_all_single_substitutions_in_order(options):
    found = scan(HAIRPIN.lower().replace("u", "t"), options=options)
    assert len(found) == 60
    assert [effect.variant for effect in found[:4]] == ["G1A", "G1C", "G1U", "G2A"]
    assert all(effect.error is None for effect in found)
    assert all(effect.window == "1-20" for effect in found)
    assert {effect.partner for effect in found[:3]} <= set(range(21))


def test_likelihood_ratios_are_consistent(options):
    """Of one site they add up: p is a distribution, and a double mutant is the sum of its parts."""
    found = {effect.variant: effect.llr for effect in scan(LONG, options=options)}
    (double,) = scan(LONG, ["G1A+G2C"], options)
    assert double.llr == found["G1A"] + found["G2C"]
    (there,) = scan(LONG, ["A10C"], options)
    (back,) = scan(LONG[:9] + "C" + LONG[10:], ["C10A"], options)
    assert there.llr == -back.llr


def test_numbers_do_not_depend_on_order_company_or_jobs(options):
    """Bit-identical: compared with ==, not with a tolerance."""
    everything = scan(LONG, options=options)
    names = [effect.variant for effect in everything]
    assert scan(LONG, names[::-1], options)[::-1] == [
        _with_given(effect, effect.variant) for effect in everything
    ]
    assert scan(LONG, names[40:43], options) == [
        _with_given(effect, effect.variant) for effect in everything[40:43]
    ]
    records = [Record(name=name, sequence=text) for name, text in (("a", HAIRPIN), ("b", LONG))]
    alone = list(scan_records(records, None, options))
    assert list(scan_records(records, None, options, jobs=2)) == alone
    assert [_renamed(effect) for effect in alone[60:]] == everything


def test_windows_are_taken_of_long_rnas_only(options):
    first, last = scan(LONG, ["G1A", f"C{len(LONG)}A"], options)
    assert (first.window, last.window) == ("1-40", f"{len(LONG) - 39}-{len(LONG)}")
    (whole,) = scan(LONG, ["G1A"], THERMODYNAMICS)
    assert whole.window == whole.energy_of == f"1-{len(LONG)}"
    reference, mutant = fold_ensemble(LONG), fold_ensemble("A" + LONG[1:])
    assert whole.delta_ensemble_energy == mutant.energy - reference.energy


def test_the_ensemble_energy_of_a_long_rna_is_that_of_the_whole(monkeypatch):
    """Of windows where that is asked for, for several substitutions at once, and where it is too long."""
    short = ScanOptions(model=None, confidence=False, whole=30, window=40)
    local = ScanOptions(model=None, confidence=False, whole=30, window=40, expand=False)
    (expected,) = scan(LONG, ["C5A"], THERMODYNAMICS)
    (expanded,), (cut,), (double,) = (
        scan(LONG, [v], o) for v, o in (("C5A", short), ("C5A", local), ("C5A+U6A", short))
    )
    assert expanded.delta_ensemble_energy == pytest.approx(expected.delta_ensemble_energy, abs=0.02)
    assert expanded.energy_of == f"1-{len(LONG)}"
    assert cut.energy_of == cut.window == double.energy_of == "1-40"
    assert expanded.delta_mfe == cut.delta_mfe
    for longest, energy_of in ((len(LONG), f"1-{len(LONG)}"), (len(LONG) - 1, "1-40")):
        monkeypatch.setattr("mprna.predict.scan_work.MAX_EXPANDED", longest)
        assert [effect.energy_of for effect in scan(LONG, ["C5A"], short)] == [energy_of]
    piece = LONG[:40]
    mutant = piece[:4] + "A" + piece[5:]
    assert cut.delta_ensemble_energy == fold_ensemble(mutant).energy - fold_ensemble(piece).energy


def test_every_variant_is_kept_with_its_reason():
    asked = ["A999G", "C1A", "nonsense", "5_6insA", "G2A", "N4A", ""]
    found = scan("GGANCUUCGGUCC", asked, THERMODYNAMICS)
    assert [effect.given for effect in found] == asked
    assert [effect.error is None for effect in found] == [False] * 4 + [True] + [False] * 2
    assert "outside of 1 to 13" in found[0].error
    assert "nucleotide 1 of the RNA is G" in found[1].error
    assert "insertions and deletions" in found[3].error
    assert "is N" in found[5].error


def test_saturation_keeps_the_rows_of_an_n():
    found = scan("GANC", options=THERMODYNAMICS)
    assert [effect.variant for effect in found if effect.error] == ["N3A", "N3C", "N3G", "N3U"]
    assert len(found) == 13


def test_one_nucleotide():
    assert [e.delta_ensemble_energy for e in scan("A", options=THERMODYNAMICS)] == [0.0] * 3


def test_substitutions_too_far_apart_are_told():
    (found,) = scan("A" * 4_000, ["A1C+A4000C"], THERMODYNAMICS)
    assert found.error == "substitutions 3999 nt apart; up to 3000 nt are folded at once"


def test_bad_records_and_names_are_kept():
    records = [
        Record(name="good", sequence="GGGAAACCC"),
        Record(name="empty", sequence=""),
        Record(name="protein", sequence="MKLV"),
        Record(name="long", sequence="A" * 60),
    ]
    listed = [ListedVariant("G1A"), ListedVariant("G2A", "good"), ListedVariant("G1A", "nobody")]
    options = ScanOptions(model=None, confidence=False, max_length=50)
    found = list(scan_records(records, listed, options))
    assert [(effect.name, effect.variant) for effect in found] == [
        ("good", "G1A"), ("good", "G2A"), ("empty", ""), ("protein", ""), ("long", ""), ("nobody", "G1A"),
    ]  # fmt: skip
    assert [effect.error is None for effect in found] == [True, True, False, False, False, False]
    assert found[4].error == "60 nt; up to 50 are scanned (--max-length)"
    assert found[5].error == "there is no RNA of this name"


def test_no_records_and_no_variants():
    assert list(scan_records([], None, THERMODYNAMICS)) == []
    assert scan("GGGAAACCC", [], THERMODYNAMICS) == []


def test_wrong_calls_are_told():
    with pytest.raises(SequenceError, match="empty"):
        scan("", options=THERMODYNAMICS)
    with pytest.raises(UsageError, match="window 19; expected at least 20"):
        ScanOptions(window=19)
    with pytest.raises(UsageError, match="context 1"):
        ScanOptions(context=1)
    with pytest.raises(UsageError, match="whole -1"):
        ScanOptions(whole=-1)


def test_tables_say_the_same(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = scan(HAIRPIN, ["C3G", "C3G+G18C", "A1G"], THERMODYNAMICS)
    for name in ("tsv", "jsonl", "parquet"):
        write_effects(found, str(tmp_path / name), format_name=name)
    rows = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert rows == [effect_row(effect) for effect in found]
    assert parquet.read_table(tmp_path / "parquet").to_pylist() == rows
    lines = [line.split("\t") for line in (tmp_path / "tsv").read_text().splitlines()]
    assert lines[0] == list(SCAN_COLUMNS)
    assert [len(line) for line in lines] == [len(SCAN_COLUMNS)] * 4
    assert rows[0]["delta_mfe"] == round(found[0].delta_mfe, 4)
    assert rows[1]["helices_lost"] == "-"
    assert rows[0]["llr"] is None
    with pytest.raises(UsageError, match="format 'csv'"):
        write_effects(found, None, format_name="csv")


def test_maps_hold_every_single_substitution():
    found = scan(HAIRPIN, options=THERMODYNAMICS) + scan(HAIRPIN, ["C3G+G18C", "bad"], THERMODYNAMICS)
    (found_map,) = effect_maps(found)
    assert found_map.sequence == HAIRPIN
    table = found_map.values["delta_ensemble_energy"]
    assert table.shape == (4, 20)
    assert (table != table).sum() == 20  # NaN at the reference
    assert table[0, 0] == found[0].delta_ensemble_energy
    assert effect_maps([]) == []


def test_one_variant_may_be_given_alone():
    (alone,) = scan(HAIRPIN, "C3G", THERMODYNAMICS)
    assert [alone] == scan(HAIRPIN, ["C3G"], THERMODYNAMICS)


def test_neighbours_of_one_name_have_maps_of_their_own():
    sequences = [HAIRPIN, HAIRPIN[:10], HAIRPIN[:8]]
    found = [effect for sequence in sequences for effect in scan(sequence, options=THERMODYNAMICS)]
    assert [found_map.sequence for found_map in effect_maps(found)] == sequences


def test_a_variant_that_is_written_in_two_ways_is_one_rna():
    (found_map,) = effect_maps(scan(HAIRPIN, ["G1C", "g1c", "C3G"], THERMODYNAMICS))
    assert found_map.sequence == "G C"


def test_structures_are_folded_where_variants_are_judged(options, monkeypatch):
    """So that they are folded by all processes, and an RNA that cannot be folded costs its own rows only."""

    def fail(self, sequence):
        raise FoldingError("nothing to be done")

    monkeypatch.setattr(ReferenceFolder, "__call__", fail)
    records = [Record(name="a", sequence=HAIRPIN)]
    effects = list(scan_records(records, [ListedVariant("G1C"), ListedVariant("bad")], options))
    assert effects[0].error == "nothing to be done"
    assert effects[1].error != effects[0].error


def test_a_language_model_is_loaded_once_and_again_when_it_changed(nano_model, tmp_path, monkeypatch):
    model, loaded = shutil.copytree(nano_model, tmp_path / "model"), []
    monkeypatch.setattr(scan_work, "load", lambda name: loaded.append(name) or load(name))
    options = ScanOptions(model=model, confidence=False)
    assert scan(HAIRPIN, "C3G", options) == scan(HAIRPIN, "C3G", options)
    assert loaded == [model]
    os.utime(model / "config.json", ns=(1, 1))
    scan(HAIRPIN, "C3G", options)
    assert loaded == [model] * 2


def test_the_folding_model_is_loaded_once_and_again_when_it_changed(nano_model, tmp_path, monkeypatch):
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path))
    folding, made = shutil.copytree(nano_model, tmp_path / "models" / FOLDING_MODEL), []
    monkeypatch.setattr(scan_work, "ReferenceFolder", lambda: made.append(1) or ReferenceFolder())
    options = ScanOptions(model=None)
    assert scan(HAIRPIN, "C3G", options) == scan(HAIRPIN, "C3G", options)
    assert len(made) == 1
    os.utime(folding / "config.json", ns=(1, 1))
    scan(HAIRPIN, "C3G", options)
    assert len(made) == 2


@pytest.mark.parametrize("wide", [{"whole": 3_001}, {"window": 3_001}])
def test_more_than_is_folded_at_once_is_refused(wide):
    with pytest.raises(UsageError, match="expected at most 3000"):
        ScanOptions(**wide)


def _with_given(effect: VariantEffect, given: str) -> VariantEffect:
    return _replaced(effect, given=given)


def _renamed(effect: VariantEffect) -> VariantEffect:
    return _replaced(effect, name="")


def _replaced(effect: VariantEffect, **values: str) -> VariantEffect:
    return dataclasses.replace(effect, **values)
