"""The count of failures, in a line that can be read."""

from __future__ import annotations

from mprna.cli.tally import LONGEST_NAME, Tally


def test_the_first_failure_is_told_by_the_start_of_its_name(capsys):
    tally = Tally("records failed", quiet=False, output=None)
    tally.add("fine", None)
    tally.add("x" * 5000, "too long")
    tally.add("y", "too short")
    assert tally.finish() == 1
    shown = "x" * (LONGEST_NAME - 3) + "..."
    assert capsys.readouterr().err == f"mprna: 2 of 3 records failed; the first: {shown}: too long\n"
