"""Letters of loops are legal, and drawn the more often the less the loop costs."""

from __future__ import annotations

from collections import Counter
from random import Random

from mprna.design.catalog import catalog
from mprna.design.constraints import Constraints, Rules
from mprna.folding.vienna import DEFAULT_MODEL, energy_of

TETRALOOP = "(....)"
SYMMETRIC = "((..((...))..))"


def test_what_is_listed_and_which_positions_matter():
    target = "((.((......))..))"
    found = catalog(target, Rules(target, Constraints()), DEFAULT_MODEL)
    assert [loop.closing for loop in found] == [(1, 15), (4, 11)]
    assert found[0].positions == (2, 3, 12, 13, 14)
    assert found[1].positions == (5, 10)
    assert not catalog("((...))", Rules("((...))", Constraints()), DEFAULT_MODEL)


def test_the_special_tetraloop_is_found():
    (loop,) = catalog(TETRALOOP, Rules(TETRALOOP, Constraints()), DEFAULT_MODEL)
    letters = [*"CAAAAG"]
    drawn: Counter[str] = Counter()
    for seed in range(300):
        loop.draw(letters, Random(seed))
        drawn["".join(letters)] += 1
    assert all(text[0] + text[-1] == "CG" for text in drawn)
    mean = sum(energy_of(text, TETRALOOP) * count for text, count in drawn.items()) / 300
    assert mean < energy_of("CAAAAG", TETRALOOP) - 0.5
    assert energy_of(drawn.most_common(1)[0][0], TETRALOOP) == energy_of("CCUCGG", TETRALOOP)


def test_letters_obey_the_pattern():
    rules = Rules(SYMMETRIC, Constraints(pattern="NNCNNNNNNNNNUNN"))
    (loop,) = catalog(SYMMETRIC, rules, DEFAULT_MODEL)
    for seed in range(50):
        letters = [*"GGAAGGAAACCAACC"]
        loop.draw(letters, Random(seed))
        assert (letters[2], letters[12]) == ("C", "U")


def test_nothing_changes_where_no_letters_are_legal():
    rules = Rules(TETRALOOP, Constraints(pattern="GNNNNC"))
    (loop,) = catalog(TETRALOOP, rules, DEFAULT_MODEL)
    letters = [*"GAAAAN"]
    loop.draw(letters, Random(0))
    assert "".join(letters) == "GAAAAN"
