"""Ids are the published ones, and the same in transformers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from mprna.alphabet import CLS_ID, EOS_ID, PAD_ID, UNK_ID, VOCABULARY
from mprna.tokenizer import Tokenizer

# Surrogates cannot be encoded; "<" could spell a special token, which transformers would recognise.
any_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="<"), max_size=60)
symbols = st.text("ACGTNUacgtnuRYSWKMBDHVXryswkmbdhvx().*123[]{}-? \n\r\t\u00e9\u4e16", max_size=80)


def id_of(token: str) -> int:
    return VOCABULARY.index(token)


@given(st.text(st.characters(codec="ascii"), max_size=60), st.booleans())
def test_bytes_have_the_ids_of_their_text(text: str, normalize: bool) -> None:
    tokenizer = Tokenizer(normalize=normalize)
    ids = tokenizer.encode_bytes(np.frombuffer(text.encode(), np.uint8))
    assert ids.tolist() == tokenizer.encode(text)[1:-1].tolist()


@pytest.mark.parametrize(
    ("normalize", "sequence", "ids"),
    [
        (True, "ACGU", [0, 4, 5, 6, 9, 2]),
        (True, "ACGT", [0, 4, 5, 6, 9, 2]),
        (True, "acgtun", [0, 4, 5, 6, 9, 9, 8, 2]),
        (True, "RyX", [0, 8, 8, 8, 2]),
        (True, "().*123", [0, 16, 17, 18, 19, 20, 21, 22, 2]),
        (True, "", [0, 2]),
        (True, "A-\u00e9\u4e16\U0001f9ec", [0, 4, 3, 3, 3, 3, 2]),
        (False, "ACGTNU", [0, 4, 5, 6, 7, 8, 9, 2]),
        (False, "acgtnu", [0, 10, 11, 12, 13, 14, 15, 2]),
        (False, "RyX", [0, 3, 3, 3, 2]),
    ],
)
def test_golden_ids(normalize: bool, sequence: str, ids: list[int]) -> None:
    encoded = Tokenizer(normalize=normalize).encode(sequence)
    assert encoded.tolist() == ids
    assert encoded.dtype == np.int64


def test_every_ascii_symbol_by_a_slow_loop() -> None:
    text = "".join(map(chr, range(128)))
    slow = [id_of(symbol) if symbol in VOCABULARY else UNK_ID for symbol in text]
    assert Tokenizer(normalize=False).encode(text).tolist() == [CLS_ID, *slow, EOS_ID]


@given(st.text("ACGUN().", max_size=50))
def test_decode_inverts_encode(text: str) -> None:
    for normalize in (True, False):
        tokenizer = Tokenizer(normalize=normalize)
        assert tokenizer.decode(tokenizer.encode(text)) == text


@given(symbols)
def test_normalising_is_idempotent(text: str) -> None:
    tokenizer = Tokenizer()
    ids = tokenizer.encode(text)
    assert tokenizer.encode(tokenizer.decode(ids).replace("<unk>", "?")).tolist() == ids.tolist()


def test_decode_shows_unknown_and_mask() -> None:
    assert Tokenizer().decode([CLS_ID, id_of("A"), UNK_ID, id_of("<mask>"), EOS_ID, PAD_ID]) == "A<unk><mask>"


def test_joint_stream() -> None:
    ids = Tokenizer().encode_joint("GAAAC", "(...)")
    assert ids.tolist() == [0, 6, 4, 4, 4, 5, 2, 16, 18, 18, 18, 17, 2]
    assert ids.dtype == np.int64


def test_pad() -> None:
    tokenizer = Tokenizer()
    rows = [tokenizer.encode("ACGU"), tokenizer.encode(""), tokenizer.encode("G")]
    input_ids, attention_mask = tokenizer.pad(rows)
    assert input_ids.shape == attention_mask.shape == (3, 6)
    assert attention_mask.sum(axis=1).tolist() == [6, 2, 3]
    for row, padded, mask in zip(rows, input_ids, attention_mask, strict=True):
        assert padded[mask].tolist() == row.tolist()
        assert (padded[~mask] == PAD_ID).all()


def test_pad_of_nothing() -> None:
    input_ids, attention_mask = Tokenizer().pad([])
    assert input_ids.shape == attention_mask.shape == (0, 0)


@pytest.fixture(scope="module", params=[True, False], ids=["normalize", "published"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tokenizer, PreTrainedTokenizerFast]:
    """Our tokenizer, and transformers' reading of what it saved."""
    directory = tmp_path_factory.mktemp("tokenizer")
    ours = Tokenizer(normalize=request.param)
    ours.save(directory)
    return ours, PreTrainedTokenizerFast.from_pretrained(directory)


@pytest.mark.reference
@given(text=st.one_of(symbols, any_text))
def test_transformers_gives_the_same_ids(both: tuple[Tokenizer, PreTrainedTokenizerFast], text: str) -> None:
    ours, theirs = both
    assert ours.encode(text).tolist() == theirs(text)["input_ids"]


@pytest.mark.reference
@given(
    pair=st.integers(1, 40).flatmap(
        lambda n: st.tuples(*[st.text(a, min_size=n, max_size=n) for a in ("ACGTn", "().")])
    )
)
def test_transformers_gives_the_same_pair(
    both: tuple[Tokenizer, PreTrainedTokenizerFast], pair: tuple[str, str]
) -> None:
    ours, theirs = both
    assert ours.encode_joint(*pair).tolist() == theirs(*pair)["input_ids"]


@pytest.mark.reference
def test_transformers_pads_the_same(both: tuple[Tokenizer, PreTrainedTokenizerFast]) -> None:
    ours, theirs = both
    sequences = ["ACGUACGU", "ACG", ""]
    batch = theirs(sequences, padding=True, return_tensors="np")
    input_ids, attention_mask = ours.pad([ours.encode(sequence) for sequence in sequences])
    np.testing.assert_array_equal(batch["input_ids"], input_ids)
    np.testing.assert_array_equal(batch["attention_mask"], attention_mask)


@pytest.mark.reference
def test_transformers_knows_the_special_tokens(both: tuple[Tokenizer, PreTrainedTokenizerFast]) -> None:
    _, theirs = both
    assert (theirs.cls_token_id, theirs.pad_token_id, theirs.eos_token_id) == (CLS_ID, PAD_ID, EOS_ID)
    assert (theirs.unk_token_id, theirs.mask_token_id) == (UNK_ID, id_of("<mask>"))
    assert len(theirs) == len(VOCABULARY)
    assert theirs("AC<mask>G")["input_ids"] == [0, 4, 5, 23, 6, 2]


def test_saved_vocabulary(tmp_path: Path) -> None:
    Tokenizer().save(tmp_path)
    assert (tmp_path / "vocab.txt").read_text().splitlines() == list(VOCABULARY)
    vocabulary = json.loads((tmp_path / "tokenizer.json").read_text())["model"]["vocab"]
    assert vocabulary == {token: i for i, token in enumerate(VOCABULARY)}
