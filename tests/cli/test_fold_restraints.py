"""`mprna fold` with constraints and reactivities, which say what is known beforehand."""

from __future__ import annotations

import pytest

VIENNA = ("--engine", "vienna")
HAIRPINS = "GGGGAAAACCCCAAAAGGGG"
LONG = "GGGGAAAACCCC" * 25


def test_constraints_come_from_the_input_a_file_or_the_command_line(call, tmp_path):
    free = "." * 16
    (tmp_path / "named").write_text(f">b\n{free}xxxx\n>a\nxxxx{free}\n")
    (tmp_path / "in order").write_text(f"xxxx{free}\n{free}xxxx\n")
    two = f">a\n{HAIRPINS}\n>b\n{HAIRPINS}\n".encode()
    lines = f">a\n{HAIRPINS}\nxxxx{free}\n>b\n{HAIRPINS}\n{free}xxxx\n".encode()
    outcome = call("fold", *VIENNA, "-C", stdin=lines)
    assert outcome.status == 0
    structures = [line[:20] for line in outcome.out.splitlines()[2::3]]
    assert structures == ["........((((....))))", "((((....))))........"]
    for name in ("named", "in order"):
        assert call("fold", *VIENNA, "--constraint", tmp_path / name, stdin=two) == outcome
    alone = call("fold", *VIENNA, HAIRPINS, "--constraint", f"xxxx{free}")
    assert alone.out.splitlines()[1][:20] == structures[0]
    assert call("fold", *VIENNA, "-C", "--constraint", "....", "ACGU").status == 2


def test_neither_constraint_nor_file_is_told(call):
    outcome = call("fold", *VIENNA, "GGGGAAAACCCC", "--constraint", "((((.y..))))")
    message = "((((.y..)))): no such file, and no constraint in the symbols . x | < > ( )"
    assert outcome == (1, "", f"mprna: error: {message}\n")


def test_a_bad_constraint_is_a_row_with_a_reason(call):
    outcome = call("fold", *VIENNA, "-C", "--quiet", stdin=b">a\nACGU\n..\n>b\nACGU\n....\n")
    assert outcome.status == 1
    assert outcome.out == (
        ">a\nACGU\n# error: constraint of 2 symbols for a sequence of 4 nt\n>b\nACGU\n.... (  0.00)\n"
    )


def test_reactivities_come_from_a_file_or_a_directory(call, tmp_path):
    for name, flexible in (("a", range(1, 5)), ("b", range(17, 21))):
        rows = [f"{i} {HAIRPINS[i - 1]} {3.0 * (i in flexible)}" for i in range(1, 21)]
        (tmp_path / f"{name}.shape").write_text("\n".join(rows))
    two = f">a\n{HAIRPINS}\n>b\n{HAIRPINS}\n".encode()
    found = call("fold", *VIENNA, "--shape", tmp_path, stdin=two).out.splitlines()[2::3]
    assert [line[:20] for line in found] == ["........((((....))))", "((((....))))........"]
    outcome = call("fold", *VIENNA, "--shape", tmp_path / "a.shape", HAIRPINS)
    assert outcome.out.splitlines()[1] == found[0]
    none = call("fold", *VIENNA, "--shape", tmp_path, "--shape-slope", 0, "--shape-intercept", 0, stdin=two)
    assert none == call("fold", *VIENNA, stdin=two)


def test_a_long_constraint_is_no_file_name(call):
    outcome = call("fold", "--engine", "vienna", LONG, "--constraint", "x" * len(LONG))
    assert outcome == (0, f"{LONG}\n{'.' * len(LONG)} (  0.00)\n", "")


@pytest.mark.filterwarnings("default::mprna.errors.MprnaWarning")
def test_a_long_name_is_of_no_file_of_reactivities(call, tmp_path):
    (tmp_path / "b.shape").write_text("1 0.5\n")
    outcome = call("fold", "--engine", "vienna", "--shape", tmp_path, stdin=f">{'n' * 300}\nACGU\n".encode())
    assert outcome.status == 0
    assert "records without reactivities: 1; the first: nnn" in outcome.err
