"""Structures side by side: agreement, scores, sizes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from mprna.draw.comparison import agreement, comparison_svgs, side_by_side
from mprna.errors import StructureError
from mprna.io.records import Record

KNOWN = Record(name="r", sequence="GGGAAAACCCAGGAAACC", dot_bracket="(((....))).((...))")
HALF = replace(KNOWN, dot_bracket="(((....)))........")


def test_a_nucleotide_agrees_where_it_has_its_partner_or_none() -> None:
    assert agreement(KNOWN, HALF).tolist() == [1.0] * 11 + [0, 0, 1, 1, 1, 0, 0]
    assert agreement(KNOWN, KNOWN).tolist() == [1.0] * 18


def test_drawings_have_scores() -> None:
    drawn = comparison_svgs(KNOWN, {"all": KNOWN, "some": HALF})
    titles = [ET.fromstring(svg).findtext("{*}title") for svg in drawn]
    assert titles == ["r, known", "all: pair F1 100", "some: pair F1 75"]


def test_nothing_overlaps_in_rows() -> None:
    drawn = comparison_svgs(KNOWN, {"all": KNOWN})
    whole = ET.fromstring(side_by_side([drawn, drawn[:1]]))
    inner = whole.findall("{*}svg")
    boxes = [[float(svg.get(key, "")) for key in ("x", "y", "width", "height")] for svg in inner]
    assert boxes[1][0] > boxes[0][0] + boxes[0][2]
    assert boxes[1][1] == boxes[0][1]
    assert boxes[2][0] == boxes[0][0]
    assert boxes[2][1] > boxes[0][1] + boxes[0][3]
    assert float(whole.get("width", "")) > boxes[1][0] + boxes[1][2]
    assert float(whole.get("height", "")) > boxes[2][1] + boxes[2][3]


def test_a_record_without_a_structure_is_named() -> None:
    with pytest.raises(StructureError, match=r"^r: no structure"):
        comparison_svgs(replace(KNOWN, dot_bracket=None), {"all": KNOWN})
