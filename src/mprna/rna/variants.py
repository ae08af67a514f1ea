"""Substitutions of an RNA: how they are written, and what they make of a sequence.

A variant is one substitution (`A24G`) or several at once (`A24G+C30U`). Positions are 1-based where they are
written and 0-based in `Substitution`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mprna.alphabet import NUCLEOTIDES, as_rna
from mprna.errors import VariantError, shorten

_LETTER: Final = "ACGTUN"
_SUBSTITUTION: Final = re.compile(
    rf"(?:[nr]\.)?(?:(?P<ref>[{_LETTER}])(?P<position>\d{{1,9}})(?P<alt>[{_LETTER}])"
    rf"|(?P<hgvs_position>\d{{1,9}})(?P<hgvs_ref>[{_LETTER}])>(?P<hgvs_alt>[{_LETTER}]))",
    re.IGNORECASE | re.ASCII,
)
_JOINED: Final = re.compile(r"\s*[+,]\s*")
_HGVS: Final = re.compile(r"(?:[^:]+:)?[cg]\.", re.IGNORECASE)
"""Positions of a coding sequence or a genome, perhaps after an accession."""
_MAX_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, order=True)
class Substitution:
    """One nucleotide in the place of another."""

    position: int
    """0-based."""
    ref: str
    alt: str

    def __str__(self) -> str:
        return f"{self.ref}{self.position + 1}{self.alt}"


@dataclass(frozen=True, slots=True)
class Variant:
    """One or more substitutions, by position."""

    substitutions: tuple[Substitution, ...]

    def __str__(self) -> str:
        return "+".join(map(str, self.substitutions))

    @property
    def first(self) -> int:
        """0-based position of the first substitution."""
        return self.substitutions[0].position

    @property
    def last(self) -> int:
        """0-based position of the last substitution."""
        return self.substitutions[-1].position


def parse_variant(text: str) -> Variant:
    """`A24G`, `24A>G`, `n.24A>G` or several, joined by `+` or `,`; T is U.

    >>> str(parse_variant("c30u, A24G"))
    'A24G+C30U'

    Raises:
        VariantError: anything else, an insertion or deletion, or two substitutions of one nucleotide.
    """
    found = sorted(_parse_substitution(part, text) for part in _JOINED.split(text.strip()))
    for one, other in pairwise(found):
        if one.position == other.position:
            raise VariantError(f"{shorten(text, _MAX_SHOWN)} changes nucleotide {one.position + 1} twice")
    return Variant(tuple(found))


def single_substitutions(sequence: str) -> Iterator[Variant]:
    """All of them, by position and then in the order A C G U; three per nucleotide, four for an N.

    >>> [str(variant) for variant in single_substitutions("AN")]
    ['A1C', 'A1G', 'A1U', 'N2A', 'N2C', 'N2G', 'N2U']
    """
    for position, ref in enumerate(sequence):
        for alt in NUCLEOTIDES:
            if alt != ref:
                yield Variant((Substitution(position, ref, alt),))


def check_variant(variant: Variant, sequence: str) -> None:
    """Make sure that a variant is one of this sequence.

    Args:
        sequence: clean letters, ACGUN.

    Raises:
        VariantError: outside of the sequence, another nucleotide there, an N, or nothing that changes.
    """
    for substitution in variant.substitutions:
        position, ref, alt = substitution.position, substitution.ref, substitution.alt
        if not 0 <= position < len(sequence):
            raise VariantError(f"{substitution}: position {position + 1} is outside of 1 to {len(sequence)}")
        if sequence[position] == "N":
            raise VariantError(f"{substitution}: nucleotide {position + 1} of the RNA is N, not known")
        if sequence[position] != ref:
            raise VariantError(
                f"{substitution}: nucleotide {position + 1} of the RNA is {sequence[position]}"
            )
        if alt not in NUCLEOTIDES:
            raise VariantError(f"{substitution}: {alt} is no nucleotide to change to")
        if alt == ref:
            raise VariantError(f"{substitution} changes nothing")


def mutate(sequence: str, variant: Variant, offset: int = 0) -> str:
    """The sequence with the substitutions; they are not checked.

    Args:
        offset: position of the sequence's first nucleotide, where it is a part of the RNA.

    >>> mutate("GGAAACC", parse_variant("G1C+C7G"))
    'CGAAACG'
    """
    letters = list(sequence)
    for substitution in variant.substitutions:
        letters[substitution.position - offset] = substitution.alt
    return "".join(letters)


def _parse_substitution(text: str, whole: str) -> Substitution:
    match = _SUBSTITUTION.fullmatch(text)
    if match is None:
        raise VariantError(_complaint(text, whole))
    groups = match.groupdict()
    prefix = "" if groups["position"] else "hgvs_"
    ref, alt = (as_rna(groups[prefix + name]) for name in ("ref", "alt"))
    return Substitution(int(groups[prefix + "position"]) - 1, ref, alt)


def _complaint(text: str, whole: str) -> str:
    if not text:
        return "empty variant; expected one as A24G"
    shown = shorten(text, _MAX_SHOWN)
    if re.search(r"ins|del|dup|inv", text, re.IGNORECASE):
        return f"{shown} is no substitution; insertions and deletions are not supported"
    if _HGVS.match(text):
        return f"{shown}: count positions from the first nucleotide of the RNA, as A24G or n.24A>G"
    in_lists = "; in a list a tab follows the name of an RNA, no comma" if "," in whole else ""
    return f"{shown} is no variant; expected one as A24G, or several joined by +{in_lists}"
