"""The gallery is made by docs/generate_gallery.py from the shipped weights, and says what it shows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

from mprna.io.formats import read_records

from .conftest import module_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """docs/generate_gallery.py."""
    return module_of("docs/generate_gallery.py")


@pytest.fixture(scope="module")
def entries(generator: ModuleType) -> list:
    return generator.entries()


@pytest.fixture(scope="module")
def page(generator: ModuleType) -> str:
    return generator.PAGE.read_text()


def test_the_page_is_what_the_weights_fold(generator: ModuleType, entries: list, page: str) -> None:
    assert page == generator.page(entries), "run `python docs/generate_gallery.py`"


def test_the_pictures_are_what_the_weights_fold(generator: ModuleType, entries: list) -> None:
    there = {path.name: path.read_text() for path in generator.IMAGES.iterdir()}
    assert there == generator.pictures(entries), "run `python docs/generate_gallery.py`"


def pairs(dot_bracket: str) -> set[tuple[int, int]]:
    """One stack per kind of bracket, independently of mprna."""
    found: set[tuple[int, int]] = set()
    opened: dict[str, list[int]] = {closing: [] for closing in ")]}>"}
    for place, symbol in enumerate(dot_bracket):
        if symbol in "([{<":
            opened[")]}>"["([{<".index(symbol)]].append(place)
        elif symbol in opened:
            found.add((opened[symbol].pop(), place))
    return found


def test_scores_on_the_page_are_those_of_its_structures(page: str) -> None:
    sections = page.split("\n## ")[1:11]
    for section in sections:
        structures = re.search(r"```text\n(.*?)```", section, re.DOTALL)
        assert structures is not None
        known, *found = [pairs(line.split(" ")[0]) for line in structures[1].splitlines()[1:]]
        rows = re.findall(r"^\| \D.*? \| (\d+) \| (\d+) \| (\d+) \|", section, re.MULTILINE)
        assert len(rows) == len(found) == 3
        for row, predicted in zip(rows, found, strict=True):
            hits = len(known & predicted)
            expected = [2 * hits / (len(known) + len(predicted)), hits / len(predicted), hits / len(known)]
            assert [int(cell) for cell in row] == pytest.approx([100 * value for value in expected], abs=0.51)


def test_known_structures_are_those_of_the_examples(generator: ModuleType, page: str) -> None:
    known = {record.name: record for record in read_records(ROOT / "examples" / "rnas.dbn")}
    assert len(generator.SHOWN) == 10
    for name in generator.SHOWN:
        assert f"\n{known[name].sequence}\n{known[name].dot_bracket} known\n" in page
    table = page.split("\n## ")[-1]
    assert re.findall(r"^\| `([\w.]+)` \| (\d+)", table, re.MULTILINE) == [
        (name, str(len(known[name].sequence)))
        for name in [*generator.SHOWN, *(n for n in known if n not in generator.SHOWN)]
    ]


def test_worse_and_better_are_counted(page: str) -> None:
    rows = re.findall(r"^\| `[\w.]+` \| \d+ \| (\d+) \| (\d+) \|", page, re.MULTILINE)
    better = sum(int(ours) > int(theirs) + 1 for theirs, ours in rows)
    worse = sum(int(ours) + 1 < int(theirs) for theirs, ours in rows)
    counts = re.search(r"Of the 21, .* in (\d+), as close in \d+, and further from it in (\d+)\.", page)
    assert counts is not None
    assert int(counts[1]) >= better
    assert int(counts[2]) >= worse
    assert sum(map(int, re.findall(r"in (\d+)", counts[0]))) == len(rows) == 21


def test_drawings_mark_what_is_as_known(generator: ModuleType, page: str) -> None:
    """5S rRNA by ViennaRNA: a dark circle for every nucleotide that does what it is known to do."""
    section = page.split("\n## E. coli 5S rRNA\n")[1]
    lines = section.split("```text\n")[1].splitlines()
    known, found = (pairs(line.split(" ")[0]) for line in lines[1:3])
    length = len(lines[0])
    same = [{p for p in known if place in p} == {p for p in found if place in p} for place in range(length)]
    drawing = ET.fromstring((generator.IMAGES / "ecoli_5S_rRNA_ViennaRNA.svg").read_text())
    fills = [node.get("fill") for node in drawing.iter("{http://www.w3.org/2000/svg}circle")]
    assert fills.count("#081d58") == sum(same)
