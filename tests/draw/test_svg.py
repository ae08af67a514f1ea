"""Drawings, read back as XML."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from mprna.draw.colouring import Floats
from mprna.draw.colours import LETTER_FILLS, scale_colour
from mprna.draw.svg import LONGEST_WITH_LETTERS, draw_structure
from mprna.errors import DataError, SequenceError, StructureError
from mprna.io.records import Record

NAMESPACE = "{http://www.w3.org/2000/svg}"
HAIRPIN = Record(name="hairpin", sequence="GGGGAAAACCCC", dot_bracket="((((....))))")
WOBBLE = Record(name="wobble", sequence="GGGAAAAAGUC", dot_bracket="(((.....)))")
BWYV = Record(
    name="BWYV", sequence="GGCGCGGCACCGUCCGCGGAACAAACGG", dot_bracket="..(((((..[[[.))))).......]]]"
)


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parse(svg).iter(f"{NAMESPACE}text")]


def count(svg: str, tag: str) -> int:
    return len(list(parse(svg).iter(NAMESPACE + tag)))


def long_record(length: int) -> Record:
    unit, fold = "GGGGAAAACCCCAAAA", "((((....))))...."
    copies = -(-length // len(unit))
    return Record(
        name="long", sequence=(unit * copies)[:length], dot_bracket=(fold * (length // 16)).ljust(length, ".")
    )


def test_every_nucleotide_pair_and_mark_is_there() -> None:
    svg = draw_structure(HAIRPIN)
    letters = [text for text in texts(svg) if text in set("ACGU")]
    assert letters == [*HAIRPIN.sequence, *"ACGU"]  # the last four are the key
    assert count(svg, "line") == 4
    assert count(svg, "circle") == 12 + 4
    assert {"5\u2032", "3\u2032", "10", "hairpin", "12 nt"} <= set(texts(svg))


def test_all_coordinates_are_inside_of_the_page() -> None:
    for record in (HAIRPIN, WOBBLE, BWYV, long_record(700), Record(name="x", sequence="A", dot_bracket=".")):
        root = parse(draw_structure(record))
        width, height = float(root.get("width", "")), float(root.get("height", ""))
        for element in root.iter():
            for key, limit in (("cx", width), ("cy", height), ("x", width), ("y", height)):
                assert 0 <= float(element.get(key, "0")) <= limit, (record.name, element.attrib)


def test_wobble_and_other_pairs_look_different() -> None:
    svg = draw_structure(WOBBLE)  # G-C, G-U, G-G from outside in
    marks = [c for c in parse(svg).iter(f"{NAMESPACE}circle") if c.get("stroke-width") == "1.2"]
    assert count(svg, "line") == 1
    assert [mark.get("fill") == "#ffffff" for mark in marks] == [False, True]


def test_pseudoknot_is_drawn_as_arcs_and_explained() -> None:
    svg = draw_structure(BWYV)
    arcs = [p for p in parse(svg).iter(f"{NAMESPACE}path") if " Q" in (p.get("d") or "")]
    assert len(arcs) == 3
    assert "pseudoknot" in texts(svg)
    assert "pseudoknot" not in texts(draw_structure(HAIRPIN))


def test_numbers_every_ten() -> None:
    numbers = [int(text) for text in texts(draw_structure(long_record(64))) if text.isdigit()]
    assert numbers == [10, 20, 30, 40, 50, 60]


def test_long_rna_loses_letters_and_most_numbers() -> None:
    short, long = long_record(LONGEST_WITH_LETTERS), long_record(LONGEST_WITH_LETTERS + 1)
    assert sum(text in set("ACGU") for text in texts(draw_structure(short))) == LONGEST_WITH_LETTERS + 4
    svg = draw_structure(long)
    assert sum(text in set("ACGU") for text in texts(svg)) == 4
    assert [int(text) for text in texts(svg) if text.isdigit()] == list(range(50, 501, 50))
    assert count(svg, "circle") == len(long.sequence) + 4


def test_page_of_a_very_long_rna_stays_bounded() -> None:
    svg = draw_structure(long_record(3000))
    root = parse(svg)
    assert max(float(root.get("width", "")), float(root.get("height", ""))) < 1400
    assert len(svg) < 400_000


def test_colours_by_probability() -> None:
    values = np.linspace(0, 1, 12)
    svg = draw_structure(HAIRPIN, colours=values, colour_label="how sure <we> are")
    fills = [c.get("fill") for c in parse(svg).iter(f"{NAMESPACE}circle")]
    assert fills == [scale_colour(value) for value in values.tolist()]
    assert {"0", "0.5", "1", "how sure <we> are"} <= set(texts(svg))
    assert count(svg, "stop") == 9


def test_pair_probabilities_of_the_record_give_the_colours() -> None:
    probs = np.zeros((12, 12), dtype=np.float32)
    for i in range(4):
        probs[i, 11 - i] = probs[11 - i, i] = 0.25
    record = Record(
        name="x", sequence=HAIRPIN.sequence, dot_bracket=HAIRPIN.dot_bracket, base_pair_probs=probs
    )
    fills = [c.get("fill") for c in parse(draw_structure(record)).iter(f"{NAMESPACE}circle")]
    assert fills == [scale_colour(0.25)] * 4 + [scale_colour(1)] * 4 + [scale_colour(0.25)] * 4


def test_reactivities_give_the_colours_where_there_are_no_probabilities() -> None:
    values = np.array([0.0, np.nan, 1.0, 7.0, *[0.5] * 8])
    record = dataclasses.replace(HAIRPIN, reactivities=values)
    svg = draw_structure(record)
    assert draw_structure(record, colour_by="reactivities") == svg
    fills = [c.get("fill") for c in parse(svg).iter(f"{NAMESPACE}circle")][:4]
    assert fills == ["#ffffcc", LETTER_FILLS["N"], "#800026", "#800026"]
    assert "reactivity; 1 or more is darkest, grey is unknown" in texts(svg)
    assert "<title>G2 \u2013 C11, unknown</title>" in svg
    assert draw_structure(record, colour_by="letters") == draw_structure(HAIRPIN)
    likely = dataclasses.replace(record, base_pair_probs=np.zeros((12, 12), dtype=np.float32))
    assert "probability of the drawn state" in texts(draw_structure(likely))
    assert draw_structure(likely, colour_by="reactivities") == svg


@pytest.mark.parametrize(
    ("colour_by", "reactivities", "message"),
    [
        ("reactivities", None, "no reactivities to colour by"),
        ("probabilities", np.ones(12), "no pair probabilities to colour by"),
        (None, np.ones(5), "5 reactivities for 12 nt"),
    ],
)
def test_nothing_to_colour_by(colour_by: str | None, reactivities: Floats | None, message: str) -> None:
    record = dataclasses.replace(HAIRPIN, reactivities=reactivities)
    with pytest.raises(DataError) as raised:
        draw_structure(record, colour_by=colour_by)
    assert str(raised.value) == message


def test_letters_give_the_colours_where_nothing_is_known() -> None:
    fills = [c.get("fill") for c in parse(draw_structure(HAIRPIN)).iter(f"{NAMESPACE}circle")]
    assert fills == [LETTER_FILLS[letter] for letter in HAIRPIN.sequence + "ACGU"]


def test_caption_says_what_is_known() -> None:
    record = Record(
        name="x",
        sequence="GGGGAAAACCCC",
        dot_bracket="((((....))))",
        energy=-5.4,
        confidence=0.912,
        engine="hybrid",
    )
    assert "12 nt \u00b7 \u22125.40 kcal/mol \u00b7 confidence 0.91 \u00b7 hybrid" in texts(
        draw_structure(record)
    )


def test_users_letters_are_kept() -> None:
    svg = draw_structure(Record(name="dna", sequence="ggttTTRcc", dot_bracket="((.....))"))
    assert "".join(texts(svg)[2:11]) == "ggttTTRcc"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert('&')</script>", "<script>alert('&')</script>"),
        ("nul\x00 and bell\x07", "nul\ufffd and bell\ufffd"),
        ("lone \udcff surrogate", "lone \ufffd surrogate"),
        ("x" * 200, "x" * 79 + "\u2026"),
        ("\u03b1-\u540d\U0001f9ec", "\u03b1-\u540d\U0001f9ec"),
    ],
)
def test_any_name_gives_a_document(name: str, shown: str) -> None:
    svg = draw_structure(Record(name=name, sequence="GAAAC", dot_bracket="(...)"))
    assert texts(svg)[0] == shown
    assert parse(svg).findtext(f"{NAMESPACE}title") == shown
    svg.encode()


def test_self_contained_and_without_scripts() -> None:
    svg = draw_structure(BWYV, colours=np.ones(28))
    tags = {element.tag.removeprefix(NAMESPACE) for element in parse(svg).iter()}
    allowed = "svg title desc rect text polyline g line circle path defs linearGradient stop"
    assert tags <= set(allowed.split())
    assert not re.search(r"href|\bon\w+=|<style|@import|javascript", svg)
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"url\(([^)]+)\)", svg) == ["#mprna-scale"]


def test_hover_text_names_the_partner_and_the_probability() -> None:
    svg = draw_structure(HAIRPIN, colours=np.full(12, 0.5))
    hints = [g.findtext(f"{NAMESPACE}title") for g in parse(svg).iter(f"{NAMESPACE}g")]
    assert "G1 \u2013 C12, 0.50" in hints
    assert "A5, 0.50" in hints


def test_title_can_be_given() -> None:
    assert texts(draw_structure(HAIRPIN, title="Figure 1"))[0] == "Figure 1"


def test_same_record_same_bytes() -> None:
    assert draw_structure(BWYV) == draw_structure(BWYV)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"sequence": "ACGU"}, StructureError, "x: no structure to draw (fold it first)"),
        ({"sequence": "PQ", "error": "bad letter"}, StructureError, "x: no structure to draw (bad letter)"),
        ({"sequence": "ACGU", "dot_bracket": "..."}, StructureError, "x: structure of 3 symbols for"),
        ({"sequence": "ACGU", "dot_bracket": "(..."}, StructureError, "'(' at position 1"),
        ({"sequence": "", "dot_bracket": ""}, SequenceError, "empty sequence"),
        ({"sequence": "AC-U", "dot_bracket": "...."}, SequenceError, "gap '-' at position 3"),
    ],
)
def test_nothing_to_draw(fields: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        draw_structure(Record(name="x", **fields))


@pytest.mark.parametrize("colours", [[0.5], [[0.5] * 12], [float("inf")] * 12])
def test_bad_colours(colours: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected \(12,\) finite numbers"):
        draw_structure(HAIRPIN, colours=colours)


def test_page_is_wide_enough_for_key_and_title() -> None:
    tiny = Record(name="W" * 60, sequence="GGCGCGGCACCGUCCGCGGAACAAACGG", dot_bracket=BWYV.dot_bracket)
    for colours in (None, np.ones(28)):
        root = parse(draw_structure(tiny, colours=colours))
        for element in root.iter(f"{NAMESPACE}text"):
            end = float(element.get("x", "")) + 5.5 * len(element.text or "")
            assert end < float(root.get("width", "")), element.text
