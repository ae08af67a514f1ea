"""Single-nucleotide tokenizer: one byte in, one token id out, through a 256-entry table.

Shape letters: L nucleotides, T = L + 2 tokens, B sequences.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mprna.alphabet import (
    AMBIGUITY_CODES,
    CLS_ID,
    EOS_ID,
    MASK_ID,
    PAD_ID,
    UNK_ID,
    VOCABULARY,
)
from mprna.files import write_text

TokenIds = npt.NDArray[np.int64]

_SPECIAL_NAMES = {
    "cls_token": CLS_ID,
    "pad_token": PAD_ID,
    "eos_token": EOS_ID,
    "unk_token": UNK_ID,
    "mask_token": MASK_ID,
}
_SPECIAL_IDS = tuple(_SPECIAL_NAMES.values())
_MAX_TOKENS = 1026  # 1,024 nucleotides, <cls> and <eos>


class Tokenizer:
    """Encodes nucleotides and dot-brackets with the published 24 ids.

    Args:
        normalize: read lower case as upper case, T as U and ambiguity codes as N (what our models are
            trained on). Without it every symbol keeps its published id, so T (7) and U (9) differ, and
            ambiguity codes other than N are unknown, as in the published tokenizer.
    """

    def __init__(self, *, normalize: bool = True) -> None:
        self.normalize = normalize
        self._table = _byte_table(normalize=normalize)

    def encode(self, sequence: str) -> TokenIds:
        """`<cls> sequence <eos>` as ids; symbols outside the vocabulary become `<unk>`.

        *Shape:* (L + 2,)

        >>> Tokenizer().encode("ACGT").tolist()
        [0, 4, 5, 6, 9, 2]
        """
        ids = np.empty(len(sequence) + 2, dtype=np.int64)
        ids[0], ids[-1] = CLS_ID, EOS_ID
        ids[1:-1] = self._symbols(sequence)
        return ids

    def encode_joint(self, sequence: str, dot_bracket: str) -> TokenIds:
        """`<cls> sequence <eos> dot-bracket <eos>`, the joint sequence-structure stream.

        The vocabulary knows the brackets `()` only: draw pseudoknots as `.` first.

        *Shape:* (2 L + 3,)
        """
        return np.concatenate([self.encode(sequence), self._symbols(dot_bracket), [EOS_ID]])

    def encode_bytes(self, symbols: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
        """Ids of ASCII bytes as they stand in a buffer, without `<cls>` and `<eos>`.

        *Shape:* (L,) in and out
        """
        return np.frombuffer(self._table, np.int8)[symbols]

    def decode(self, ids: npt.ArrayLike) -> str:
        """Token ids back to text; special tokens other than `<unk>` and `<mask>` are left out.

        >>> Tokenizer().decode([0, 4, 5, 6, 9, 23, 2, 1])
        'ACGU<mask>'
        """
        silent = (CLS_ID, PAD_ID, EOS_ID)
        return "".join(VOCABULARY[i] for i in np.asarray(ids).tolist() if i not in silent)

    @staticmethod
    def pad(rows: Sequence[TokenIds]) -> tuple[TokenIds, npt.NDArray[np.bool_]]:
        """Rows of unequal length as one right-padded batch.

        Returns:
            `input_ids` and `attention_mask` (True on real tokens).
            *Shape:* (B, longest T) each
        """
        lengths = np.array([len(row) for row in rows])
        attention_mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
        input_ids = np.full(attention_mask.shape, PAD_ID, dtype=np.int64)
        input_ids[attention_mask] = np.concatenate(rows) if len(rows) else []
        return input_ids, attention_mask

    def save(self, directory: Path) -> None:
        """Write `vocab.txt`, `tokenizer.json` and `tokenizer_config.json` for Hugging Face transformers.

        The ids are the same there, but for text that spells a special token (`<mask>`): one token there,
        six unknown symbols here.
        """
        directory.mkdir(parents=True, exist_ok=True)
        write_text("\n".join(VOCABULARY) + "\n", directory / "vocab.txt")
        write_text(json.dumps(self._hugging_face(), indent=1) + "\n", directory / "tokenizer.json")
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": _MAX_TOKENS}
        config |= {name: VOCABULARY[i] for name, i in _SPECIAL_NAMES.items()}
        write_text(json.dumps(config, indent=1) + "\n", directory / "tokenizer_config.json")

    def _symbols(self, text: str) -> npt.NDArray[np.uint8]:
        # "replace" turns every non-ASCII character into one "?", which the table maps to <unk>.
        return np.frombuffer(text.encode("ascii", "replace").translate(self._table), dtype=np.uint8)

    def _hugging_face(self) -> dict[str, Any]:
        """The same mapping as a Hugging Face `tokenizers` pipeline: rewrite letters, split, look up."""
        rewrites = _NORMAL_FORMS if self.normalize else {}
        single = [_special_piece(CLS_ID), _sequence_piece("A"), _special_piece(EOS_ID)]
        return {
            "version": "1.0",
            "added_tokens": [_added_token(i) for i in _SPECIAL_IDS],
            "normalizer": {
                "type": "Sequence",
                "normalizers": [
                    {"type": "Replace", "pattern": {"String": symbol}, "content": normal}
                    for symbol, normal in rewrites.items()
                ],
            },
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": r"[\s\S]"},  # "." would leave line ends together
                "behavior": "Isolated",
                "invert": False,
            },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": single,
                "pair": [*single, _sequence_piece("B"), _special_piece(EOS_ID)],
                "special_tokens": {
                    VOCABULARY[i]: {"id": VOCABULARY[i], "ids": [i], "tokens": [VOCABULARY[i]]}
                    for i in (CLS_ID, EOS_ID)
                },
            },
            "decoder": None,
            "model": {
                "type": "WordLevel",
                "vocab": {token: i for i, token in enumerate(VOCABULARY)},
                "unk_token": VOCABULARY[UNK_ID],
            },
        }


_NORMAL_FORMS = {
    **{letter.lower(): letter for letter in "ACGUN"},
    **dict.fromkeys("Tt", "U"),
    **{code: "N" for code in AMBIGUITY_CODES + AMBIGUITY_CODES.lower() if code not in "Nn"},
}


def _byte_table(*, normalize: bool) -> bytes:
    """Token id by byte value, for `bytes.translate`."""
    ids = {token: i for i, token in enumerate(VOCABULARY) if len(token) == 1}
    if normalize:
        ids |= {symbol: ids[normal] for symbol, normal in _NORMAL_FORMS.items()}
    return bytes(ids.get(chr(byte), UNK_ID) for byte in range(256))


def _added_token(token_id: int) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": token_id, "content": VOCABULARY[token_id], "special": True} | flags


def _special_piece(token_id: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": VOCABULARY[token_id], "type_id": 0}}


def _sequence_piece(name: str) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": 0}}
