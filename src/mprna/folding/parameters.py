"""Energy parameters half way between two sets, as text in ViennaRNA's format (version 2.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

_DEFAULT: Final = -50
"""What `DEF` stands for in these files, in 0.01 kcal/mol."""
_INFINITE: Final = 10_000_000
"""What `INF` stands for in these files."""
_WORDS: Final = {"DEF": str(_DEFAULT), "INF": str(_INFINITE)}
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_LOOPS: Final = ("Hexaloops", "Tetraloops", "Triloops")
"""Sections that list single hairpins by sequence."""
_NUM_MISC_ENERGIES: Final = 4
"""How many numbers at the start of the section Misc are energies."""


def mean_parameters(first: str, second: str) -> str:
    """The energies half way between two parameter files, rounded to 0.01 kcal/mol.

    An energy that is infinite in one file is infinite in the mean. The list of hairpins
    with energies of their own, and numbers that are no energies (the factor of the logarithm for long loops),
    are taken from the first file, or from the second where the first has none.

    Raises:
        ValueError: files with other sections or tables of another size.
    """
    others = dict(parameter_sections(second))
    parts = ["## RNAfold parameter file v2.0\n"]
    for title, body in parameter_sections(first):
        if title not in _LOOPS:
            body = _mean_table(title, body, others[title])
        elif (theirs := _loops(others[title])) and body.strip():
            body = "\n".join(_mean_loop(*item, theirs) for item in _loops(body).items())
        parts.append(f"# {title}\n{body}\n")
    return "\n".join(parts)


def parameter_sections(text: str) -> Iterator[tuple[str, str]]:
    """Titles of a parameter file, END among them, and what stands below them without comments."""
    for part in _COMMENT.sub(" ", text).split("\n# ")[1:]:
        title, _, body = part.partition("\n")
        yield title.strip(), body


def _mean_table(title: str, first: str, second: str) -> str:
    """Line by line as in the first, because ViennaRNA reads every row of a table from a new line."""
    mine, theirs = first.split(), second.split()
    if title == "Misc":
        count = _NUM_MISC_ENERGIES
        return " ".join(_mean_words(mine[:count], theirs[:count]) + (mine[count:] or theirs[count:]))
    if len(mine) != len(theirs):
        raise ValueError(f"{title}: {len(mine)} and {len(theirs)} parameters")
    left = iter(_mean_words(mine, theirs))
    return "\n".join(" ".join(islice(left, len(line.split()))) for line in first.splitlines())


def _mean_words(first: list[str], second: list[str]) -> list[str]:
    mine, theirs = (np.array([float(_WORDS.get(word, word)) for word in words]) for words in (first, second))
    infinite = (mine == _INFINITE) | (theirs == _INFINITE)
    mean = np.rint((mine + theirs) / 2).astype(np.int64)
    return ["INF" if endless else str(value) for endless, value in zip(infinite, mean.tolist(), strict=True)]


def _loops(body: str) -> dict[str, list[int]]:
    """Sequence of a hairpin to energy and enthalpy."""
    rows = (line.split() for line in body.splitlines() if line.strip())
    return {sequence: [int(_WORDS.get(word, word)) for word in values] for sequence, *values in rows}


def _mean_loop(sequence: str, mine: list[int], theirs: dict[str, list[int]]) -> str:
    values = np.rint((np.array(mine) + theirs.get(sequence, mine)) / 2).astype(np.int64)
    return " ".join([sequence, *map(str, values.tolist())])
