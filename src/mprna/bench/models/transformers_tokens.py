"""What a model of the transformers library reads: its tokens, and the nucleotides in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging

from mprna.bench.models.alignment import Indices, Spans, holders, token_spans
from mprna.errors import ModelError, first_line
from mprna.runtime.mirror import is_offline

UNSET: Final = 10**9
"""Tokenizers that know no longest input say a number far above this one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model of the transformers library.

    Remote code is run only where the caller says so, which the command line never does by itself.
    """

    name: str
    """Hugging Face id, or a directory with config, weights and tokenizer."""
    alphabet: str | None = None
    """`dna` or `rna`: what the model reads; None: what its tokenizer knows."""
    word: int = 0
    """Letters per token where the tokenizer expects words between blanks; 0: the bare sequence."""
    step: int = 1
    """Letters from the start of one word to the next: with 1 words overlap, with `word` they do not."""
    remote_code: bool = False
    """Run Python code that comes with the model."""

    def load(self, kind: Any, config: Any = None) -> Any:
        """What one of the library's Auto classes finds here, or makes of a configuration.

        Raises:
            ModelError: not there, or not loadable.
        """
        try:
            with _without_progress_bars():
                if config is not None:
                    return kind.from_config(config, trust_remote_code=self.remote_code)
                return kind.from_pretrained(
                    self.name, trust_remote_code=self.remote_code, local_files_only=is_offline()
                )
        except (ImportError, OSError, ValueError, SafetensorError) as error:
            raise ModelError(f"{self.name}: cannot be loaded ({first_line(error)})") from error


@dataclass(frozen=True, slots=True)
class Reading:
    """One sequence as tokens."""

    ids: list[int]
    """Ids of all tokens, special ones included."""
    places: list[int]
    """Positions in `ids` of the tokens that are not special."""
    spans: Spans
    """Nucleotides of each of those tokens, see `token_spans`."""

    def holders(self, length: int) -> tuple[Indices, Indices]:
        """Places of tokens, each beside a nucleotide in it; `length` nucleotides are to be found."""
        tokens, nucleotides = holders(self.spans, length)
        return np.array(self.places)[tokens], nucleotides


class Reader:
    """Tokenizer and limits of a model.

    Raises:
        ModelError: not there, not loadable, with a decoder that an encoder feeds, or of too few positions.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.config: Any = source.load(AutoConfig)
        if getattr(self.config, "is_encoder_decoder", False):
            raise ModelError(f"{source.name}: an encoder with a decoder; expected one network")
        self._tokenizer: Any = source.load(AutoTokenizer)
        self._max_tokens = _max_tokens(source, self._tokenizer, self.config)
        self._alphabet = source.alphabet or _alphabet(self._tokenizer)

    @property
    def pad_id(self) -> int:
        """What fills a batch up, behind the attention mask."""
        return int(self._tokenizer.pad_token_id or 0)

    def __call__(self, sequence: str) -> Reading:
        """A clean sequence as tokens.

        Raises:
            ModelError: tokens that do not spell the sequence.
        """
        letters = sequence.replace("U", "T") if self._alphabet == "dna" else sequence
        tokenizer = self._tokenizer
        ids = tokenizer(self._text(letters), add_special_tokens=True, verbose=False)["input_ids"]
        special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        places = [place for place, token_id in enumerate(ids) if token_id not in special]
        tokens = tokenizer.convert_ids_to_tokens([ids[place] for place in places])
        return Reading(ids, places, token_spans(tokens, letters, unknown=tokenizer.unk_token))

    def cut(self, sequence: str) -> str:
        """The beginning whose tokens the model reads, special ones included."""
        reading = self(sequence)
        spare = len(reading.ids) - (self._max_tokens or len(reading.ids))
        return sequence if spare <= 0 else sequence[: reading.spans[-spare - 1][1]]

    def _text(self, letters: str) -> str:
        word, step = self.source.word, self.source.step
        if not word:
            return letters
        last = max(1, len(letters) - word + 1) if step < word else len(letters)
        return " ".join(letters[i : i + word] for i in range(0, last, step))


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _max_tokens(source: Source, tokenizer: Any, config: Any) -> int | None:
    """Longest input, special tokens included; None where nothing limits it.

    Raises:
        ModelError: no room for a nucleotide.
    """
    stated, positions = tokenizer.model_max_length, getattr(config, "max_position_embeddings", None)
    limits = [stated] if stated < UNSET else []
    if positions:
        limits.append(positions - _first_position(source, config))
    special = len(tokenizer("", add_special_tokens=True)["input_ids"])
    if limits and min(limits) <= special:
        raise ModelError(f"{source.name}: reads {min(limits)} tokens, and {special} of them are special")
    return min(limits, default=None)


def _first_position(source: Source, config: Any) -> int:
    """0, or in networks such as RoBERTa the one after that of the padding."""
    try:
        with torch.device("meta"):  # without weights
            network = source.load(AutoModel, config)
    except (RuntimeError, ModelError):  # code that comes with a model may look at numbers
        with torch.random.fork_rng(devices=[]):
            network = source.load(AutoModel, config)
    for name, module in network.named_modules():
        padding = getattr(module, "padding_idx", None)
        if "position" in name and isinstance(module, nn.Embedding) and padding is not None:
            return 1 + int(padding)
    return 0


def _alphabet(tokenizer: Any) -> str:
    def knows(letter: str) -> bool:
        ids = tokenizer(letter, add_special_tokens=False)["input_ids"]
        return bool(ids) and tokenizer.unk_token_id not in ids

    return "dna" if knows("T") and not knows("U") else "rna"
