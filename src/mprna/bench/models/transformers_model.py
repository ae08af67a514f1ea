"""Frozen models of the transformers library as features per nucleotide.

Remote code is run only where the caller says so, which the command line never does by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mprna.bench.models.alignment import spread, token_spans
from mprna.errors import MissingExtraError, ModelError
from mprna.runtime.mirror import is_offline


class TransformersFeatures:
    """Last hidden states of a model by id or directory.

    Args:
        source: Hugging Face id, or a directory with config, weights and tokenizer.
        alphabet: `dna` or `rna`: what the model reads.
        word: letters per token where the tokenizer expects words between blanks; 0: the bare sequence.
        step: from one word to the next: 1 overlaps, `word` puts them side by side.
        remote_code: run Python code that comes with the model.

    Raises:
        ModelError: not there, or not loadable.
        MissingExtraError: transformers or torch is not installed.
    """

    def __init__(
        self, source: str, *, alphabet: str = "dna", word: int = 0, step: int = 1, remote_code: bool = False
    ) -> None:
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError("a transformers model", "bench") from error
        try:
            how = {"trust_remote_code": remote_code, "local_files_only": is_offline()}
            self._tokenizer: Any = AutoTokenizer.from_pretrained(source, **how)
            self._model: Any = AutoModel.from_pretrained(source, **how).eval()
        except (OSError, ValueError) as error:
            raise ModelError(f"{source}: cannot be loaded ({str(error).splitlines()[0]})") from error
        self._torch, self._source = torch, source
        self._alphabet, self._word, self._step = alphabet, word, step

    def __call__(self, sequence: str) -> npt.NDArray[np.float32]:
        """One vector per nucleotide. *Shape:* (L, H)"""
        letters = sequence.replace("U", "T") if self._alphabet == "dna" else sequence
        ids = self._tokenizer(self._text(letters), add_special_tokens=True)["input_ids"]
        unknown = self._tokenizer.unk_token
        special = set(self._tokenizer.all_special_ids) - {self._tokenizer.unk_token_id}
        kept = [i for i, token_id in enumerate(ids) if token_id not in special]
        tokens = self._tokenizer.convert_ids_to_tokens([ids[i] for i in kept])
        spans = token_spans(tokens, letters, unknown=unknown)
        with self._torch.inference_mode():
            output = self._model(input_ids=self._torch.tensor([ids]))
        vectors = output.last_hidden_state[0, kept].float().numpy()
        return spread(vectors, spans, len(letters))

    def _text(self, letters: str) -> str:
        if not self._word:
            return letters
        last = max(1, len(letters) - self._word + 1) if self._step < self._word else len(letters)
        return " ".join(letters[i : i + self._word] for i in range(0, last, self._step))
