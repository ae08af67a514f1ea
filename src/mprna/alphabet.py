"""Nucleotides, ambiguity codes and the 24 token ids of the published vocabulary.

A sequence comes in as the user wrote it and is kept that way in every output. What is folded or fed to
a model is `clean_sequence(sequence)`: upper case, U for T, N for every other IUPAC code.
"""

from __future__ import annotations

from typing import Final

from mprna.errors import SequenceError

VOCABULARY: Final = (
    "<cls>", "<pad>", "<eos>", "<unk>",
    "A", "C", "G", "T", "N", "U", "a", "c", "g", "t", "n", "u",
    "(", ")", ".", "*", "1", "2", "3", "<mask>",
)  # fmt: skip
"""The published vocabulary (yangheng/OmniGenome, yangheng/MP-RNA); a token's id is its position."""

CLS_ID: Final = 0
PAD_ID: Final = 1
EOS_ID: Final = 2
UNK_ID: Final = 3
MASK_ID: Final = 23

NUCLEOTIDES: Final = "ACGU"
"""Order of the four-way outputs (mutation repair)."""

STRUCTURE_SYMBOLS: Final = "()."
"""Order of the three-way outputs (secondary structure)."""

NUCLEOTIDE_IDS: Final = tuple(VOCABULARY.index(letter) for letter in NUCLEOTIDES)
STRUCTURE_IDS: Final = tuple(VOCABULARY.index(symbol) for symbol in STRUCTURE_SYMBOLS)

LETTERS_OF: Final = {
    **{letter: letter for letter in NUCLEOTIDES},
    **{"T": "U", "R": "AG", "Y": "CU", "S": "CG", "W": "AU", "K": "GU", "M": "AC"},
    **{"B": "CGU", "D": "AGU", "H": "ACU", "V": "ACG", "N": NUCLEOTIDES, "X": NUCLEOTIDES},
}
"""IUPAC codes (and X), and the nucleotides that each stands for."""

AMBIGUITY_CODES: Final = "".join(code for code, letters in LETTERS_OF.items() if len(letters) > 1)
"""Those that stand for more than one nucleotide; models see N, ViennaRNA an unpaired base."""

CANONICAL_PAIRS: Final = frozenset({"AU", "UA", "GC", "CG", "GU", "UG"})

_COMPLEMENT: Final = str.maketrans("ACGUT", "UGCAA")
_GAPS: Final = "-.~"
_CLEAN: Final = str.maketrans(
    {letter: letter for letter in NUCLEOTIDES}
    | {letter.lower(): letter for letter in NUCLEOTIDES}
    | {"T": "U", "t": "U"}
    | {code: "N" for code in AMBIGUITY_CODES + AMBIGUITY_CODES.lower()}
)
_LEGAL: Final = frozenset(map(chr, _CLEAN))


def clean_sequence(sequence: str) -> str:
    """The letters `ACGUN` that models and ViennaRNA read, position by position as in `sequence`.

    Case is dropped, T becomes U, ambiguity codes become N. Nothing is inserted or removed.

    >>> clean_sequence("acgtRY")
    'ACGUNN'

    Raises:
        SequenceError: no text, empty, or with a gap, digit, protein letter or other symbol; the message
            names the first one and its 1-based position.
    """
    if not isinstance(sequence, str):  # as None and NaN of a table with gaps
        raise SequenceError(f"the sequence is {sequence!r:.40}, expected text")
    if not sequence:
        raise SequenceError("empty sequence")
    if not _LEGAL.issuperset(sequence):
        raise SequenceError(_complaint(sequence))
    return sequence.translate(_CLEAN)


def check_known(sequence: str) -> None:
    """Make sure that clean letters say anything.

    Raises:
        SequenceError: all are N.
    """
    if not sequence.strip("N"):
        raise SequenceError("no known base, only ambiguity codes")


def as_rna(sequence: str) -> str:
    """The same letters in upper case, T as U; any text is taken, and ambiguity codes stay.

    >>> as_rna("gattacaN")
    'GAUUACAN'
    """
    return sequence.upper().replace("T", "U")


def reverse_complement(sequence: str) -> str:
    """The other strand, Watson-Crick, as RNA; T counts as U, and all else, such as N, stays.

    >>> reverse_complement("GATTACAN")
    'NUGUAAUC'
    """
    return sequence.translate(_COMPLEMENT)[::-1]


def _complaint(sequence: str) -> str:
    position, symbol = next((i, s) for i, s in enumerate(sequence, 1) if s not in _LEGAL)
    if symbol in _GAPS:
        if set("()|<>") & set(sequence):
            return f"symbol {symbol!r} at position {position}: constraints below a sequence are read with -C"
        return f"gap {symbol!r} at position {position}: remove the gaps, or give Stockholm or Clustal"
    if symbol in "()|<>":
        return f"symbol {symbol!r} at position {position}: constraints below a sequence are read with -C"
    if symbol == "&":
        return f"symbol '&' at position {position}: two strands; give them one at a time"
    if symbol.isalpha() and symbol.isascii():
        return f"letter {symbol!r} at position {position} is no nucleotide code (is this a protein?)"
    return f"symbol {symbol!r} at position {position} is no nucleotide code"
