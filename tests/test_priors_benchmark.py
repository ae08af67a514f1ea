"""The benchmark of priors, on one hairpin."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

from mprna.folding.vienna import CONTRAFOLD, PARAMETER_SETS

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import priors


def test_every_pair_of_sets_has_its_row(tmp_path, monkeypatch, capsys):
    known = tmp_path / "known.dbn"
    known.write_text(
        ">right\nGGGGGCAAAAGCCCCC\n((((((....))))))\n>wrong\nGGGGGCAAAAGCCCCC\n(..............)\n"
    )
    monkeypatch.setattr(sys, "argv", ["priors.py", str(known)])
    priors.main()
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head == f"| sets | {tmp_path.name}/known.dbn (2) |"
    pairs = [" + ".join(sets) for sets in combinations([*PARAMETER_SETS, CONTRAFOLD], 2)]
    assert [row.split(" | ")[0] for row in rows] == [f"| {pair}" for pair in pairs]
    # Of six pairs the one of the second structure is right: F1 100 and 2 / 7.
    assert all(row.endswith("| 64.3 (28.6-100.0) |") for row in rows)


def test_long_rnas_and_those_between_the_steps_are_left_out(tmp_path):
    known = tmp_path / "known.dbn"
    known.write_text("".join(f">{n}\n{'GAAAC' * n}\n{'(...)' * n}\n" for n in (1, 9, 2, 3)))
    found = priors.read_known(known, max_length=20, step=2)
    assert [len(sequence) for sequence, _ in found] == [5, 15]
