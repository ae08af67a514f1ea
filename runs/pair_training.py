"""How a pair network is trained: the loss, the loop with the running mean of the weights, and its reports.

Shape letters: B sequences, L nucleotides (an even number).
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from chemical_mapping import mapping_loss
from pair_batches import Batch, batches, draw, like_length, make_batch, no_draws, padded
from pair_set import IntArray, RnaSet
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import get_ema_multi_avg_fn

from mprna.files import replacing
from mprna.model.pair_checkpoint import save_pair_network
from mprna.model.pair_network import PAD_BASE, PairNetwork

CLIP, MEAN_DECAY = 1.0, 0.999
SAVE_SECONDS = 30.0
REACTIVITY_WEIGHT = 3.0
"""Of a nucleotide's likelihood, beside the cross-entropy of its pairs."""


def learning_rate(step: int, progress: float, args: argparse.Namespace) -> float:
    """Linear warm-up, then linear decay to nothing; steps count from 0."""
    rate: float = args.peak_rate * min((step + 1) / args.warm_up, 1 - progress)
    return rate


def loss_of(network: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy of all pairs that could be, and the likelihood of reactivities, per nucleotide."""
    log_odds = network(batch.bases, batch.prior, batch.has_prior)
    total = functional.binary_cross_entropy_with_logits(
        log_odds, batch.paired, weight=batch.counted.float(), reduction="sum"
    )
    if batch.is_mapped:
        total = total + REACTIVITY_WEIGHT * mapping_loss(log_odds, batch.counted, batch.log_ratios)
    return total / (batch.bases != PAD_BASE).sum()


class Validation:
    """The loss on validation RNAs, per nucleotide, with and without prior."""

    def __init__(self, rnas: RnaSet, args: argparse.Namespace) -> None:
        self.rnas, self.args = rnas, args
        everything = np.arange(len(rnas))
        self.groups = like_length(everything, rnas.lengths, args.max_cells, args.multiple)

    @torch.no_grad()
    def losses(self, network: PairNetwork) -> dict[str, float]:
        with_prior, without = (self._loss(network, with_prior=shown) for shown in (True, False))
        return {"valid_with_prior": round(with_prior, 5), "valid_without_prior": round(without, 5)}

    def _loss(self, network: PairNetwork, *, with_prior: bool) -> float:
        total = torch.zeros((), device=self.rnas.device)
        for chosen in self.groups:
            size = padded(int(self.rnas.lengths[chosen].max()), self.args.multiple)
            draws = no_draws(self.rnas, chosen, size, with_prior=with_prior)
            with computing(self.args):
                loss = loss_of(network, make_batch(self.rnas, chosen, size, draws))
            total += loss * int(self.rnas.lengths[chosen].sum())
        return total.item() / int(self.rnas.lengths.sum())


@contextmanager
def computing(args: argparse.Namespace) -> Iterator[None]:
    """In bfloat16 if asked for; there, CPUs are faster by plain products than by their fused attention."""
    on_cpu = args.device == "cpu"
    with (
        torch.autocast(args.device, torch.bfloat16, enabled=args.bfloat16),
        sdpa_kernel(SDPBackend.MATH) if on_cpu else nullcontext(),
    ):
        yield


def prepare(network: PairNetwork, args: argparse.Namespace) -> None:
    """Let the network be trained: with dropout in its trunk, in the layout and with the kernels of a GPU."""

    def drop(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        return functional.dropout(output, args.dropout, module.training)

    def channels_last(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        return output.contiguous(memory_format=torch.channels_last)

    if args.dropout:
        for layer in network.trunk.layers:
            for part in (layer.attention, layer.feed_forward):
                part.register_forward_hook(drop)
    if args.device == "cuda":
        torch.set_float32_matmul_precision("high")
        network.cells.register_forward_hook(channels_last)


def make_optimizer(network: PairNetwork, args: argparse.Namespace) -> torch.optim.Optimizer:
    """AdamW that lets biases and norms be, and changes a pretrained encoder more slowly than the rest."""
    encoder = network.pretrained.encoder if network.pretrained else nn.Module()
    pretrained = set(encoder.parameters())
    rest = [parameter for parameter in network.parameters() if parameter not in pretrained]
    groups = [
        {"params": chosen, "weight_decay": decay, "share": share}
        for parameters, share in ((rest, 1.0), (encoder.parameters(), args.pretrained_rate))
        for chosen, decay in zip(by_decay(parameters), (args.weight_decay, 0.0), strict=True)
        if chosen
    ]
    return torch.optim.AdamW(groups, lr=args.peak_rate, betas=(0.9, 0.98), fused=True)


def by_decay(parameters: Iterable[nn.Parameter]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Matrices, and biases and norms."""
    listed = list(parameters)
    return [p for p in listed if p.ndim > 1], [p for p in listed if p.ndim <= 1]


class Training:
    """A network, the running mean of its weights, and how far it has come."""

    def __init__(
        self, network: PairNetwork, rnas: RnaSet, validation: Validation | None, args: argparse.Namespace
    ) -> None:
        self.network, self.rnas, self.validation, self.args = network, rnas, validation, args
        self.mean = copy.deepcopy(network).requires_grad_(False).eval()
        prepare(network, args)
        self.optimizer = make_optimizer(network, args)
        self.step, self.seconds, self.best = 0, 0.0, float("inf")
        self._load()

    def run(self) -> PairNetwork:
        """The running mean of the weights after `--steps` or `--max-seconds`."""
        args, rng = self.args, np.random.default_rng(self.args.seed)
        started, saved = time.monotonic() - self.seconds, time.monotonic()
        losses, report = torch.zeros((), device=self.rnas.device), Report(self)
        shown = np.repeat(np.arange(len(self.rnas)), times_shown(self.rnas, args.times))
        lengths = self.rnas.lengths[shown]
        for step, (chosen, size) in enumerate(batches(lengths, rng, args.max_cells, args.multiple)):
            if step < self.step:  # so that a resumed run sees what an uninterrupted one sees
                continue
            self.seconds = time.monotonic() - started
            progress = self.seconds / args.max_seconds if args.max_seconds else step / max(args.steps, 1)
            if progress >= 1 or step >= args.steps:
                break
            losses += self._update(shown[chosen], size, learning_rate(step, progress, args))
            self.step += 1
            report.num_rnas += len(chosen)
            if self.step % args.report_every == 0:
                report.write(losses.item() / args.report_every)
                losses.zero_()
            if args.valid_every and self.step % args.valid_every == 0:
                self.validate()
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.validate()
        self.save()
        return self.mean

    def _update(self, chosen: np.ndarray[Any, Any], size: int, rate: float) -> Tensor:
        """The loss before the step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        torch.manual_seed(self.args.seed * 1_000_003 + self.step)
        draws = draw(self.rnas, chosen, size, self.args.prior_dropout, self.args.soft_prior_dropout)
        batch = make_batch(self.rnas, chosen, size, draws)
        with computing(self.args):
            loss = loss_of(self.network, batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        self.optimizer.step()
        decay = min(MEAN_DECAY, (1 + self.step) / (10 + self.step))
        get_ema_multi_avg_fn(decay)(list(self.mean.parameters()), list(self.network.parameters()), None)
        return loss.detach()

    def validate(self) -> None:
        """Print the losses on the validation RNAs; the best mean of the two is kept in `best/`."""
        if self.validation is None or not self.args.valid_every:
            return
        losses = self.validation.losses(self.mean)
        log(self.args.out, step=self.step, seconds=round(self.seconds, 1), **losses)
        mean = sum(losses.values()) / len(losses)
        if mean < self.best:
            self.best = mean
            save_pair_network(self.mean, self.args.out / "best", dtype=torch.float16)

    def save(self) -> None:
        path = self.args.out / "checkpoint.pt"
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        with replacing(path) as partial:
            torch.save(parts | {"progress": (self.step, self.seconds, self.best)}, partial)

    def _load(self) -> None:
        path = self.args.out / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True, map_location=self.args.device)
            self.step, self.seconds, self.best = state.pop("progress")
            for name, part in self._parts().items():
                part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {"network": self.network, "mean": self.mean, "optimizer": self.optimizer}


class Report:
    """Lines on how fast a training goes."""

    def __init__(self, training: Training) -> None:
        self.training, self.since, self.num_rnas = training, time.monotonic(), 0

    def write(self, loss: float) -> None:
        now, of = time.monotonic(), self.training
        speed = {
            "steps_per_second": round(of.args.report_every / (now - self.since), 2),
            "rnas_per_second": round(self.num_rnas / (now - self.since), 1),
        }
        if of.args.device == "cuda":
            speed["gpu_gb"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
        log(of.args.out, step=of.step, seconds=round(of.seconds, 1), loss=round(loss, 4), **speed)
        self.since, self.num_rnas = now, 0


def log(out: Path, **values: float) -> None:
    line = json.dumps(values)
    print(line, flush=True)
    with (out / "log.jsonl").open("a") as stream:
        stream.write(line + "\n")


def times_shown(rnas: RnaSet, times: dict[str, int]) -> IntArray:
    """How often each RNA is shown in an epoch.

    Raises:
        SystemExit: a source that none is of.
    """
    if missing := set(times) - set(rnas.sources.tolist()):
        raise SystemExit(f"--times: no RNA is of {', '.join(sorted(missing))}")
    return np.array([times.get(source, 1) for source in rnas.sources.tolist()])
