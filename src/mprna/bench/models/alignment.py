"""Which nucleotides a token stands for, exactly.

Shape letter: P pairs of a token and a nucleotide in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import ModelError

MARKS: Final = "Ġ▁"
"""What tokenizers put where a word begins."""

Spans = list[tuple[int, int]]
Indices = npt.NDArray[np.int64]


def token_spans(tokens: Sequence[str], sequence: str, *, unknown: str | None = None) -> Spans:
    """Half-open spans of the tokens in the sequence.

    Tokens either follow one another without gap (single nucleotides, BPE, k-mers side by side), or are
    words of one length k that start at every nucleotide.

    Args:
        tokens: without special tokens.
        sequence: as it was given to the tokenizer, without spaces.
        unknown: the token for what is not in the vocabulary; it may stand for any letters, where their
            number is certain.

    Raises:
        ModelError: the tokens are not those of the sequence.
    """
    words = [token if token == unknown else _plain(token) for token in tokens]
    for spans in (_side_by_side(words, sequence, unknown), _overlapping(words, sequence, unknown)):
        if spans is not None:
            return spans
    raise ModelError(
        f"{len(tokens)} tokens ({' '.join(tokens[:4])} ...) cannot be aligned with {len(sequence)} nt: the "
        "tokenizer drops or changes letters, or is of another kind than stated"
    )


def holders(spans: Spans, length: int) -> tuple[Indices, Indices]:
    """Every token beside every nucleotide that it holds. *Shape:* (P,) each

    Raises:
        ModelError: a nucleotide that no token holds.
    """
    tokens = np.repeat(np.arange(len(spans)), [stop - start for start, stop in spans])
    nucleotides = np.concatenate([np.arange(start, stop) for start, stop in spans])
    counts = np.bincount(nucleotides, minlength=length)
    if not counts.all():
        raise ModelError(f"nucleotide {int(np.argmin(counts)) + 1} is in no token")
    return tokens, nucleotides


def _plain(token: str) -> str:
    return token.lstrip(MARKS).removeprefix("##").upper()


def _side_by_side(words: Sequence[str], sequence: str, unknown: str | None) -> Spans | None:
    lengths = [0 if word == unknown else len(word) for word in words]
    missing, num_unknown = len(sequence) - sum(lengths), sum(word == unknown for word in words)
    if num_unknown:
        if missing < num_unknown or missing % num_unknown or (num_unknown > 1 and missing != num_unknown):
            return None
        lengths = [length or missing // num_unknown for length in lengths]
    stops = list(accumulate(lengths))
    spans = list(zip([0, *stops], stops, strict=False))
    return spans if stops and stops[-1] == len(sequence) and _fit(words, spans, sequence, unknown) else None


def _overlapping(words: Sequence[str], sequence: str, unknown: str | None) -> Spans | None:
    k = len(sequence) - len(words) + 1
    if k < 1 or not words:
        return None
    spans = [(start, start + k) for start in range(len(words))]
    return spans if _fit(words, spans, sequence, unknown) else None


def _fit(words: Sequence[str], spans: Spans, sequence: str, unknown: str | None) -> bool:
    pairs = zip(words, spans, strict=True)
    return all(word == unknown or word == sequence[start:stop] for word, (start, stop) in pairs)
