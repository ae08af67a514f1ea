"""Models of the transformers library: vectors per nucleotide, and a backbone that tasks are learned on.

Shape letters: B sequences, T tokens of ours (a nucleotide each, between `<cls>` and `<eos>`), K tokens of
the model, L nucleotides, H hidden width.
"""

from __future__ import annotations

import hashlib
import inspect
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel

from mprna.bench.models.transformers_tokens import Reader, Source
from mprna.errors import ModelError, a_few
from mprna.files import read_json, write_json
from mprna.model.checkpoint import read_tensors, write_tensors
from mprna.model.layout import CONFIG_FILE, WEIGHTS_FILE
from mprna.model.task import LabelNetwork, TaskNetwork
from mprna.model.task_config import TaskConfig
from mprna.tokenizer import Tokenizer
from mprna.train.backbone import Backbone
from mprna.train.device import seeded

SAMPLE: Final = "ACGUACGUACGU"
"""Read once, to see how wide the vectors are, and what they depend on."""

_AND_REPORT: Final = SimpleNamespace(
    from_pretrained=partial(AutoModel.from_pretrained, output_loading_info=True, ignore_mismatched_sizes=True)
)
"""An Auto class that also says which tensors it did not find, or not in their shape."""


class TransformersEncoder(nn.Module):
    """Reads what our own encoder reads, and says as much: one vector per nucleotide.

    Args:
        dropout_seed: dropout, where the network has it, depends on this and on the batch alone, so that a
            training that was interrupted goes on as if it had not been.
    """

    def __init__(self, network: nn.Module, reader: Reader, *, dropout_seed: int = 0) -> None:
        super().__init__()
        self.network, self._reader = network, reader
        self._takes_mask = "attention_mask" in inspect.signature(network.forward).parameters
        self._dropout_seed, self._num_tokens = dropout_seed, _num_tokens(network)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """The mean of the last hidden states of the tokens that hold a nucleotide; zeros elsewhere.

        Args:
            input_ids: of `Tokenizer`. *Shape:* (B, T)
            attention_mask: not looked at, since padding has an id of its own.

        Returns:
            *Shape:* (B, T, H)

        Raises:
            ModelError: a token that the network does not know.
        """
        sequences = [Tokenizer().decode(row) for row in input_ids.tolist()]
        readings = [self._reader(sequence) for sequence in sequences]
        last = max(max(reading.ids, default=0) for reading in readings)
        if last >= self._num_tokens:
            known = f"but the network knows {self._num_tokens} tokens"
            raise ModelError(f"{self._reader.source.name}: the tokenizer gives token {last}, {known}")
        with self._dropout_of(input_ids):
            rows = [torch.tensor(reading.ids, device=input_ids.device) for reading in readings]
            hidden_BKH = self._hidden_states(rows).float()
        (batch, tokens), (_, width, _) = input_ids.shape, hidden_BKH.shape
        sources, targets = [], []
        for row, (reading, sequence) in enumerate(zip(readings, sequences, strict=True)):
            places, nucleotides = reading.holders(len(sequence))
            sources.append(row * width + places)
            targets.append(row * tokens + 1 + nucleotides)
        pairs = np.concatenate(sources), np.concatenate(targets)
        return _means(hidden_BKH.flatten(0, 1), *pairs, batch * tokens).view(batch, tokens, -1)

    def _dropout_of(self, input_ids: Tensor) -> AbstractContextManager[None]:
        """Random numbers that follow from the batch, where dropout asks for any."""
        if not self.training:
            return nullcontext()
        batch = input_ids.cpu().numpy().tobytes()
        return seeded(zlib.crc32(batch, self._dropout_seed), input_ids.device)

    def train(self, mode: bool = True) -> Self:
        """A frozen network stays without dropout."""
        return super().train(mode and any(p.requires_grad for p in self.parameters()))

    def _hidden_states(self, rows: Sequence[Tensor]) -> Tensor:
        """Of rows of token ids; a network that knows no mask never sees padding. *Shape:* (B, K, H)"""
        if not self._takes_mask and len(set(map(len, rows))) > 1:
            return pad_sequence([self._hidden_states([row])[0] for row in rows], batch_first=True)
        input_ids = pad_sequence(list(rows), batch_first=True, padding_value=self._reader.pad_id)
        mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        output = self.network(input_ids, **({"attention_mask": mask} if self._takes_mask else {}))
        hidden: Tensor = output[0]
        return hidden


def _num_tokens(network: Any) -> float:
    """How many tokens a network knows; any where it does not say so."""
    with suppress(AttributeError, NotImplementedError):
        return int(network.get_input_embeddings().num_embeddings)
    return inf


def _means(
    vectors: Tensor, sources: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], number: int
) -> Tensor:
    """Row i is the mean of the vectors whose target is i, or zero. *Shape:* (N, H) to (number, H)"""
    where, taken = (torch.from_numpy(rows).to(vectors.device) for rows in (targets, sources))
    sums = vectors.new_zeros(number, vectors.shape[1])
    sums = sums.index_add(0, where, vectors.index_select(0, taken))
    return sums / torch.bincount(where, minlength=number).clamp(min=1)[:, None]


class TransformersFeatures:
    """A frozen model as features per nucleotide.

    Raises:
        ModelError: not there, or not loadable.
    """

    def __init__(self, source: Source) -> None:
        self._reader = Reader(source)
        self._encoder = TransformersEncoder(_network(self._reader), self._reader).eval()

    def __call__(self, sequence: str) -> npt.NDArray[np.float32]:
        """One vector per nucleotide that is read. *Shape:* (L, H)"""
        ids = Tokenizer().encode(self._reader.cut(sequence))
        with torch.inference_mode():
            vectors: npt.NDArray[np.float32] = self._encoder(torch.from_numpy(ids)[None])[0, 1:-1].numpy()
        return vectors


@dataclass(frozen=True)
class TransformersBackbone:
    """A model that learns tasks by the loop of ours; see `Backbone`."""

    reader: Reader
    scratch_seed: int | None = None
    """Seed of random weights that replace the pretrained ones; None keeps these."""

    @property
    def max_length(self) -> int:
        """Any sequence: tokens, not nucleotides, are counted."""
        return 10**9

    @cached_property
    def identity(self) -> str:
        digest = hashlib.sha256()
        for name, tensor in _network(self.reader, self.scratch_seed).state_dict().items():
            digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def cut(self, sequence: str) -> str:
        return self.reader.cut(sequence)

    def with_random_weights(self, seed: int) -> Backbone:
        return replace(self, scratch_seed=seed)

    def task_network(self, task: TaskConfig, *, lora_rank: int) -> TaskNetwork:
        network, seed = _network(self.reader, self.scratch_seed), int(torch.randint(2**31, ()))
        encoder = TransformersEncoder(network, self.reader, dropout_seed=seed).eval()
        with torch.no_grad():
            width = encoder(torch.from_numpy(Tokenizer().encode(self.cut(SAMPLE)))[None]).shape[-1]
        return LabelNetwork(encoder, width, replace(task, lora_rank=lora_rank))

    def save(self, network: TaskNetwork, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        # Copied, for safetensors refuses tensors that share their memory, as tied weights do.
        tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        write_tensors(tensors, directory / WEIGHTS_FILE)
        write_json(network.task.to_dict(), directory / CONFIG_FILE)

    def publish(self, network: TaskNetwork, directory: Path) -> None:
        self.save(network, directory)

    def load(self, directory: Path) -> TaskNetwork:
        task = TaskConfig.from_dict(read_json(directory / CONFIG_FILE))
        with torch.random.fork_rng(devices=[]):  # built from its configuration: all weights are in the file
            network = replace(self, scratch_seed=0).task_network(task, lora_rank=task.lora_rank)
        network.load_state_dict(read_tensors(directory / WEIGHTS_FILE))
        return network.eval()


def _network(reader: Reader, scratch_seed: int | None = None) -> nn.Module:
    """In float32 and ready for inference. Global random state is left alone.

    What a file lacks, the library draws at random: here always in the same way.

    Raises:
        ModelError: a file without weights that hidden states depend on, as they do not on a pooling layer.
    """
    source, missing = reader.source, set[str]()
    network: nn.Module
    with seeded(scratch_seed or 0):
        if scratch_seed is None:
            network, report = source.load(_AND_REPORT)
            missing = report["missing_keys"] | {name for name, *_ in report["mismatched_keys"]}
        else:
            network = source.load(AutoModel, reader.config)
    network.float().eval()
    if used := _used(missing, TransformersEncoder(network, reader), reader):
        lost = f"lack {a_few(used)}, or have another shape than config.json says"
        raise ModelError(f"{source.name}: the weights {lost}")
    return network


def _used(names: set[str], encoder: TransformersEncoder, reader: Reader) -> list[str]:
    """The parameters of the network that hidden states depend on."""
    parameters = {name: p for name, p in encoder.network.named_parameters() if name in names}
    if not parameters:
        return []
    hidden = encoder(torch.from_numpy(Tokenizer().encode(reader.cut(SAMPLE)))[None])
    gradients = torch.autograd.grad(hidden.sum(), list(parameters.values()), allow_unused=True)
    return [name for name, gradient in zip(parameters, gradients, strict=True) if gradient is not None]
