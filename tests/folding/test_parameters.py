"""Half way between two parameter files, by hand."""

from __future__ import annotations

import pytest

from mprna.folding.parameters import mean_parameters

FIRST = """\
## RNAfold parameter file v2.0

# stack
/*  CG  GC  */
  -240   DEF   INF    /* CG */
    10   -91     0

# Misc
/* DuplexInit TerminalAU LXC */
  410 360 50 370 107.856000 0

# Tetraloops
\tCAACGG    550    690
\tCCAAGG    330  -1030

# END
"""
SECOND = FIRST.replace("-240", "-140").replace(" 50 370", " 80 370").replace("CAACGG    550", "CAACGG    500")


def sections(text: str) -> dict[str, list[str]]:
    parts = text.split("\n# ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].split() for part in parts}


def test_the_mean_is_that_of_every_number():
    found = sections(mean_parameters(FIRST, SECOND))
    assert found["stack"] == ["-190", "-50", "INF", "10", "-91", "0"]
    assert found["Misc"] == ["410", "360", "65", "370", "107.856000", "0"]
    assert found["Tetraloops"] == ["CAACGG", "525", "690", "CCAAGG", "330", "-1030"]
    assert list(found) == ["stack", "Misc", "Tetraloops", "END"]


def test_every_row_stays_on_its_line():
    lines = mean_parameters(FIRST, SECOND).splitlines()
    assert "-190 -50 INF" in lines
    assert "10 -91 0" in lines


def test_infinite_in_one_is_infinite_in_the_mean():
    found = sections(mean_parameters(FIRST, FIRST.replace("-91", "INF")))
    assert found["stack"] == ["-240", "-50", "INF", "10", "INF", "0"]


def test_hairpins_of_the_second_alone_are_left_out():
    without = FIRST.replace("\tCCAAGG    330  -1030\n", "")
    assert sections(mean_parameters(without, FIRST))["Tetraloops"] == ["CAACGG", "550", "690"]
    assert sections(mean_parameters(FIRST, without)) == sections(mean_parameters(FIRST, FIRST))


def test_tables_of_another_size_are_told():
    with pytest.raises(ValueError, match="stack: 6 and 5 parameters"):
        mean_parameters(FIRST, FIRST.replace("-91", ""))
