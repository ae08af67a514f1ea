"""The modules that reckon, against Python."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from mprna.draw.colours import scale_colour, text_colour
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket


def call(page: Any, module: str, function: str, *values: Any) -> Any:
    return page.evaluate(
        "async ([module, name, values]) => (await import(`/static/js/${module}.js`))[name](...values)",
        [module, function, list(values)],
    )


def random_structures(count: int) -> list[str]:
    """Also with pairs that cross."""
    rng = random.Random(5)
    made = []
    for _ in range(count):
        places = rng.sample(range(30), 2 * rng.randrange(1, 9))
        pairs = sorted(tuple(sorted(places[k : k + 2])) for k in range(0, len(places), 2))
        made.append(dot_bracket_from_pairs(pairs, 30))
    return made


def test_pairs_are_those_of_python(visitor: Any) -> None:
    page = visitor.open()
    for dot_bracket in random_structures(40):
        assert call(page, "structure", "pairsOf", dot_bracket) == pairs_from_dot_bracket(dot_bracket).tolist()


def test_helices_cover_all_pairs_once(visitor: Any) -> None:
    page = visitor.open()
    for dot_bracket in random_structures(20):
        helices = call(page, "structure", "helicesOf", dot_bracket)
        pairs = sorted(pair for helix in helices for pair in helix["pairs"])
        assert pairs == pairs_from_dot_bracket(dot_bracket).tolist()
        for helix in helices:
            i, j = helix["pairs"][0]
            assert helix["pairs"] == [[i + k, j - k] for k in range(len(helix["pairs"]))]


def test_input_is_read_as_people_write_it(visitor: Any) -> None:
    page = visitor.open()

    def read(text: str) -> list[tuple[str, str, str | None]]:
        found = call(page, "sequence", "parseInput", text)
        return [(r["id"], r["sequence"], r["dot_bracket"]) for r in found]

    assert read("  \n") == []
    assert read("GGGG\r\nCC cc\r\n") == [("sequence_1", "GGGG", None), ("sequence_2", "CCcc", None)]
    assert read("\ufeff>a b c\nGG\n\nCC\n>\nAA") == [("a", "GGCC", None), ("sequence_2", "AA", None)]
    assert read(">a\nGGGAAACCC\n(((...))) (-1.20)\n") == [("a", "GGGAAACCC", "(((...)))")]
    assert read("GGGAAACCC\n(((...)))") == [("sequence_1", "GGGAAACCC", "(((...)))")]
    two = "GGGAAACCC\n(((...)))\nGGGGAAAACCCC\n((((....))))\n"
    assert [record[1:] for record in read(two)] == [
        ("GGGAAACCC", "(((...)))"),
        ("GGGGAAAACCCC", "((((....))))"),
    ]
    assert read(">a\nGGGGAAAA\nGG..CCCC\n") == [("a", "GGGGAAAAGG..CCCC", None)]
    assert read("GGGAAACCC\n(((...))") == [("sequence_1", "GGGAAACCC", "(((...))")]
    assert read("; a note\n>a\nacgt\n") == [("a", "acgt", None)]
    assert read("  1 ggggaaaacc cc\n 13 aaaa\n  1 gggg\n") == [
        ("sequence_1", "ggggaaaaccccaaaa", None),
        ("sequence_2", "gggg", None),
    ]
    more = "((((....)))) (-5.40)\n{,||....)))) [ -5.60]\n frequency of mfe structure in ensemble 0.8\n"
    assert read(f">x\nGGGGAAAACCCC\n{more}") == [("x", "GGGGAAAACCCC", "((((....))))")]
    assert read(f"GGGGAAAACCCC\n{more}GGGG")[1:] == [("sequence_2", "GGGG", None)]


@pytest.mark.parametrize("ids", [("sequence_1", "sequence_2"), ("x", "sequence_2"), ("sequence_2",)])
def test_records_as_text_are_read_back(visitor: Any, ids: tuple[str, ...]) -> None:
    page = visitor.open()
    records = [{"id": name, "sequence": "GGGGAAAACCCC", "dot_bracket": "((((....))))"} for name in ids]
    text = call(page, "sequence", "textOf", records)
    assert call(page, "sequence", "parseInput", text) == records
    assert (">" in text) == (ids != ("sequence_1", "sequence_2"))


def test_letters_are_as_dark_as_in_the_pictures_of_python(visitor: Any) -> None:
    page = visitor.open()
    for value in np.linspace(0, 1, 101).tolist():
        assert call(page, "colours", "inkOn", value) == text_colour(scale_colour(value)), value


def test_white_space_in_a_link_is_left_out(visitor: Any) -> None:
    page = visitor.open()
    record = call(page, "permalink", "fromFragment", "#seq=GGGG+AAAA%0ACCCC&own=((((+....%0A))))")["record"]
    assert (record["sequence"], record["dot_bracket"]) == ("GGGGAAAACCCC", "((((....))))")


def test_fragment_round_trip(visitor: Any) -> None:
    page = visitor.open()
    state = {
        "records": [{"id": "a&b #1", "sequence": "GGGGAAAACCCC"}],
        "current": 0,
        "options": {
            "engine": "model",
            "pseudoknots": True,
            "min_confidence": 0.25,
            "constraint": "x|<>.().....",
            "relatives": True,
        },
        "changes": [{"position": 3, "from": "G", "to": "U"}],
        "own": {"name": "Known structure", "dot_bracket": "((((....))))"},
        "view": "dotplot",
        "colouring": "pair",
    }
    back = call(page, "permalink", "fromFragment", call(page, "permalink", "toFragment", state))
    assert back["record"] == {
        "id": "a&b #1",
        "sequence": "GGGGAAAACCCC",
        "dot_bracket": "((((....))))",
        "structure_name": "Known structure",
    }
    for name in ("options", "changes", "view", "colouring"):
        assert back[name] == state[name]
