"""The vocabulary is the published one; cleaning changes letters, never positions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna import alphabet
from mprna.alphabet import CANONICAL_PAIRS, VOCABULARY, clean_sequence, reverse_complement
from mprna.errors import SequenceError

# Every IUPAC nucleotide code (NC-IUB 1984) with what it stands for; X is a common spelling of N.
IUPAC = {
    **{"A": "A", "C": "C", "G": "G", "T": "T", "U": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT"},
    **{"K": "GT", "M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT", "X": "ACGT"},
}
legal_letters = "".join(IUPAC) + "".join(IUPAC).lower()


def test_ids_are_the_published_ones() -> None:
    published = "<cls> <pad> <eos> <unk> A C G T N U a c g t n u ( ) . * 1 2 3 <mask>"
    assert " ".join(VOCABULARY) == published
    assert len(VOCABULARY) == 24


def test_special_ids_point_at_their_tokens() -> None:
    ids = (alphabet.CLS_ID, alphabet.PAD_ID, alphabet.EOS_ID, alphabet.UNK_ID, alphabet.MASK_ID)
    assert [VOCABULARY[i] for i in ids] == ["<cls>", "<pad>", "<eos>", "<unk>", "<mask>"]
    assert [VOCABULARY[i] for i in alphabet.NUCLEOTIDE_IDS] == list("ACGU")
    assert [VOCABULARY[i] for i in alphabet.STRUCTURE_IDS] == list("().")


def test_canonical_pairs_are_symmetric() -> None:
    assert {pair[::-1] for pair in alphabet.CANONICAL_PAIRS} == alphabet.CANONICAL_PAIRS
    assert len(alphabet.CANONICAL_PAIRS) == 6


@given(st.text("ACGUN"))
def test_the_other_strand_pairs_with_this_one(sequence: str) -> None:
    other = reverse_complement(sequence)
    watson_crick = (CANONICAL_PAIRS - {"GU", "UG"}) | {"NN"}
    assert {a + b for a, b in zip(sequence, reversed(other), strict=True)} <= watson_crick
    assert reverse_complement(other) == sequence
    assert reverse_complement(sequence.replace("U", "T")) == other


@pytest.mark.parametrize("value", [None, float("nan"), b"ACGU", 3])
def test_what_is_no_text_is_told(value: object) -> None:
    with pytest.raises(SequenceError, match=f"the sequence is {value!r}, expected text"):
        clean_sequence(value)


@pytest.mark.parametrize("code", sorted(IUPAC))
def test_each_code_alone(code: str) -> None:
    expected = IUPAC[code].replace("T", "U") if len(IUPAC[code]) == 1 else "N"
    assert clean_sequence(code) == expected
    assert clean_sequence(code.lower()) == expected


@given(st.text(legal_letters, min_size=1))
def test_positions_stay(sequence: str) -> None:
    cleaned = clean_sequence(sequence)
    assert len(cleaned) == len(sequence)
    assert set(cleaned) <= set("ACGUN")
    assert cleaned == "".join(clean_sequence(letter) for letter in sequence)
    assert clean_sequence(cleaned) == cleaned


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("", "empty sequence"),
        ("ACG-U", "gap '-' at position 4: remove the gaps"),
        (".ACG", "gap '.' at position 1"),
        ("MKVLEE", "letter 'L' at position 4 is no nucleotide code (is this a protein?)"),
        ("GG&CC", "symbol '&' at position 3: two strands; give them one at a time"),
        ("AC*", "symbol '*' at position 3 is no nucleotide code"),
        ("A1", "symbol '1' at position 2"),
        ("AC GU", "symbol ' ' at position 3"),
        ("ACGÜ", "symbol 'Ü' at position 4"),
        ("AC\x00", r"symbol '\x00' at position 3"),
        ("(((...)))", "symbol '(' at position 1: constraints below a sequence are read with -C"),
        ("GGAACC..xx..|", "symbol '.' at position 7: constraints below a sequence are read with -C"),
    ],
)
def test_complaint_names_the_first_bad_symbol(sequence: str, message: str) -> None:
    with pytest.raises(SequenceError) as error:
        clean_sequence(sequence)
    assert str(error.value).startswith(message)


@given(st.text(min_size=1).filter(lambda text: not set(text) <= set(legal_letters)))
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SequenceError) as error:
        clean_sequence(text)
    assert len(str(error.value).splitlines()) == 1
