"""Parts are branches of at most half the length, and do not overlap."""

from __future__ import annotations

from mprna.design.parts import MIN_PART, parts
from mprna.rna.structure import pairs_from_dot_bracket

ARM = "((((((((..((((....))))..))))))))"


def test_every_arm_is_a_part():
    target = f"(((({ARM}..{ARM}..{ARM}))))"
    found = parts(target)
    assert [target[part] for part in found] == [ARM] * 3
    assert [part.start for part in found] == [4, 38, 72]


def test_of_one_long_helix_the_inner_half_is_a_part():
    target = "(" * 40 + "...." + ")" * 40
    (part,) = parts(target)
    assert part.stop - part.start == len(target) // 2
    pairs_from_dot_bracket(target[part])


def test_lone_pairs_do_not_close_a_part():
    target = "(.(" * 14 + "...." + ").)" * 14
    (part,) = parts(target)
    assert target[part].startswith("((")


def test_what_is_short_stays_whole():
    assert parts("." * 200) == []
    assert parts("(" * 20 + "...." + ")" * 20) == []
    assert MIN_PART > 20
