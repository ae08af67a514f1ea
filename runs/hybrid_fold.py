"""A pair network trained on known structures, with ViennaRNA's ensembles as its prior.

    python runs/hybrid_fold.py TRAIN... --valid VALID --out WORK [--steps 5000] [--init CHECKPOINT]
    python runs/hybrid_fold.py --export CHECKPOINT OUT

Files are of any format that `mprna fold` reads. All canonical pairs of a known structure are learned, also
those that cross. An RNA without a structure teaches the network to do without a prior: its ensemble is what
is to be found. WORK receives `checkpoint.pt`, from which the same command goes on where it was, and `model/`,
which `mprna fold --model` takes. Partition functions are computed anew at every start.

Shape letters: B sequences, L nucleotides (an even number).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from mprna.alphabet import clean_sequence
from mprna.corpus.decontaminate import Unwanted
from mprna.decoding.nested import decode_nested
from mprna.errors import SequenceError, StructureError
from mprna.folding.prior import prior_pair_probs
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.model.pair_network import PAD_BASE, PairConfig, PairNetwork
from mprna.rna.canonical import pair_types
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.export import export_pair_network
from mprna.runtime.pair_engine import MIN_PRIOR, pair_input, pair_probs

MIN_LENGTH = 16
MAX_CELLS = 80_000
"""Of a batch: its sequences times the square of the longest."""
WARM_UP, CLIP = 200, 1.0
GAMMAS = (1.0, 1.5, 2.0, 3.0)
NUM_VALID = 250
MAX_UNWANTED = 0.5
"""Share of 14-mers, on either strand."""
SAVE_EVERY, REPORT_EVERY = 250, 100


class Pairs(NamedTuple):
    """Sparse, because thousands of them are held."""

    positions: npt.NDArray[np.int64]  # (P, 2)
    probs: npt.NDArray[np.float32]  # (P,)

    def dense(self, length: int) -> npt.NDArray[np.float32]:
        """(L, L), above the diagonal."""
        probs = np.zeros((length, length), dtype=np.float32)
        probs[self.positions[:, 0], self.positions[:, 1]] = self.probs
        return probs


class Rna(NamedTuple):
    sequence: str
    known: Pairs | None
    ensemble: Pairs


class Batch(NamedTuple):
    bases: Tensor  # (B, L)
    prior: Tensor  # (B, L, L)
    has_prior: Tensor  # (B,)
    paired: Tensor  # (B, L, L)
    counted: Tensor  # (B, L, L), pairs that could be, i < j


def read_rnas(paths: Iterable[Path], max_length: int, unwanted: list[Path] | None = None) -> list[Rna]:
    """Distinct RNAs of 16 to `max_length` nt with their ensembles; what is left out is counted.

    So are those that share more than half of their 14-mers with the `unwanted`.
    """
    found: dict[str, Pairs | None] = {}
    left_out = 0
    for path in paths:
        for record in read_records(path):
            try:
                sequence = clean_sequence(record.sequence)
                known = known_pairs(record)
            except (SequenceError, StructureError):
                left_out += 1
                continue
            if sequence in found or not MIN_LENGTH <= len(sequence) <= max_length:
                left_out += 1
                continue
            found[sequence] = known
    found, num_unwanted = without(found, unwanted or [])
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        ensembles = pool.map(ensemble_pairs, found, chunksize=16)
        rnas = [Rna(*item, ensemble) for item, ensemble in zip(found.items(), ensembles, strict=True)]
    num_known = sum(rna.known is not None for rna in rnas)
    print(f"{len(rnas)} RNAs, {num_known} with a structure")
    print(f"{left_out} left out: length, letters, seen before; {num_unwanted} unwanted", flush=True)
    return rnas


def without(found: dict[str, Pairs | None], unwanted: list[Path]) -> tuple[dict[str, Pairs | None], int]:
    """What is not like the unwanted, and how many are."""
    if not unwanted:
        return found, 0
    words = Unwanted({path.as_posix(): path for path in unwanted})
    shares = words.shares(list(found))
    kept = {
        sequence: known
        for (sequence, known), share in zip(found.items(), shares, strict=True)
        if share <= MAX_UNWANTED
    }
    return kept, len(found) - len(kept)


def known_pairs(record: Record) -> Pairs | None:
    if record.dot_bracket is None:
        return None
    positions = pairs_from_dot_bracket(record.dot_bracket)
    return Pairs(positions, np.ones(len(positions), dtype=np.float32))


def ensemble_pairs(sequence: str) -> Pairs:
    probs = np.triu(prior_pair_probs(sequence))
    likely = np.argwhere(probs >= MIN_PRIOR).astype(np.int64)
    return Pairs(likely, probs[likely[:, 0], likely[:, 1]])


def collate(rnas: list[Rna], with_prior: list[bool]) -> Batch:
    """Padded to the longest, so that what stands beyond an end never counts."""
    priors = [rna.ensemble.dense(len(rna.sequence)) for rna in rnas]
    inputs = [pair_input(rna.sequence, prior + prior.T) for rna, prior in zip(rnas, priors, strict=True)]
    size = max(len(given.bases) for given in inputs)
    floor = float(np.log(MIN_PRIOR / (1 - MIN_PRIOR)))
    bases = torch.full((len(rnas), size), PAD_BASE)
    prior = torch.full((len(rnas), size, size), floor)
    paired = torch.zeros(len(rnas), size, size)
    counted = torch.zeros(len(rnas), size, size, dtype=torch.bool)
    for row, (rna, given) in enumerate(zip(rnas, inputs, strict=True)):
        length, even = len(rna.sequence), len(given.bases)
        bases[row, :even] = torch.from_numpy(given.bases)
        prior[row, :even, :even] = torch.from_numpy(given.prior)
        wanted = rna.known or rna.ensemble
        paired[row, :length, :length] = torch.from_numpy(wanted.dense(length))
        counted[row, :length, :length] = torch.from_numpy(np.triu(pair_types(rna.sequence)))
    return Batch(bases, prior, torch.tensor(with_prior, dtype=torch.float32), paired, counted)


def batches(rnas: list[Rna], rng: np.random.Generator) -> Iterator[list[Rna]]:
    """Endless; RNAs of like length together, out of windows of 512 in random order."""
    while True:
        order = rng.permutation(len(rnas))
        groups: list[list[int]] = []
        for first in range(0, len(order), 512):
            window = sorted(order[first : first + 512], key=lambda n: len(rnas[n].sequence))
            groups.append([])
            for n in window:
                if groups[-1] and (len(groups[-1]) + 1) * len(rnas[n].sequence) ** 2 > MAX_CELLS:
                    groups.append([])
                groups[-1].append(n)
        for number in rng.permutation(len(groups)):
            yield [rnas[n] for n in groups[number]]


def learning_rate(step: int, num_steps: int, peak: float) -> float:
    """Linear warm-up, then linear decay to nothing; steps count from 0."""
    decay = (num_steps - step) / max(num_steps - WARM_UP, 1) if step > WARM_UP else 1.0
    return peak * min((step + 1) / WARM_UP, decay)


def loss_of(network: PairNetwork, batch: Batch) -> Tensor:
    """Binary cross-entropy over all pairs that could be, per nucleotide: outputs are calibrated by it."""
    log_odds = network(batch.bases, batch.prior, batch.has_prior)[batch.counted]
    total = functional.binary_cross_entropy_with_logits(
        log_odds, batch.paired[batch.counted], reduction="sum"
    )
    return total / (batch.bases != PAD_BASE).sum()


def train(network: PairNetwork, rnas: list[Rna], args: argparse.Namespace) -> None:
    """Up to `--steps`, from `checkpoint.pt` where there is one."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=args.peak_rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True
    )
    path = args.out / "checkpoint.pt"
    done = 0
    if args.init and not path.exists():
        network.load_state_dict(torch.load(args.init, weights_only=True)["net"])
    if path.exists():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["net"])
        optimizer.load_state_dict(state["opt"])
        done = state["step"]
    rng = np.random.default_rng(args.seed)
    for step, chosen in enumerate(batches(rnas, rng)):
        dropped = rng.random(len(chosen)) < args.prior_dropout
        with_prior = [rna.known is not None and not drop for rna, drop in zip(chosen, dropped, strict=True)]
        if step < done:  # so that a resumed run sees what an uninterrupted one sees
            continue
        if step >= args.steps:
            return
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps, args.peak_rate)
        loss = loss_of(network, collate(chosen, with_prior))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        if (step + 1) % REPORT_EVERY == 0:
            print(f"step {step + 1}  loss {loss.item():.4f}", flush=True)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == args.steps:
            save(path, network, optimizer, step + 1)


def save(path: Path, network: PairNetwork, optimizer: torch.optim.Optimizer, step: int) -> None:
    partial = path.with_name(path.name + ".part")
    torch.save({"net": network.state_dict(), "opt": optimizer.state_dict(), "step": step}, partial)
    os.replace(partial, path)


@torch.inference_mode()
def evaluate(network: PairNetwork, rnas: list[Rna], *, with_prior: bool) -> dict[float, float]:
    """Mean pair F1 x 100 by gamma."""
    network.eval()
    scores: dict[float, list[float]] = {gamma: [] for gamma in GAMMAS}
    for rna in rnas:
        if rna.known is None:
            continue
        batch = collate([rna], [with_prior])
        log_odds = network(batch.bases, batch.prior, batch.has_prior)[0].numpy()
        probs = pair_probs(rna.sequence, log_odds)
        for gamma in GAMMAS:
            found = pairs_from_dot_bracket(decode_nested(rna.sequence, probs, gamma=gamma))
            scores[gamma].append(pair_scores(rna.known.positions, found).f1)
    return {gamma: round(100 * float(np.mean(f1)), 2) for gamma, f1 in scores.items()}


def export(checkpoint: Path, out: Path) -> None:
    """Write what `mprna fold --model` takes."""
    network = PairNetwork(PairConfig())
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["net"])
    export_pair_network(network.eval(), out)
    print(out)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, nargs="*", metavar="TRAIN")
    parser.add_argument("--valid", type=Path, metavar="VALID")
    parser.add_argument("--out", type=Path, metavar="WORK")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], metavar="FILE", help="test sets")
    parser.add_argument("--init", type=Path, metavar="CHECKPOINT", help="weights to start from")
    parser.add_argument("--peak-rate", type=float, default=1e-3, help="learning rate [%(default)s]")
    parser.add_argument("--prior-dropout", type=float, default=0.25, help="share without prior [%(default)s]")
    parser.add_argument("--max-length", type=int, default=300, metavar="NT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--export", type=Path, nargs=2, metavar=("CHECKPOINT", "OUT"), help="only export")
    args = parser.parse_args()
    if not args.export and not (args.train and args.valid and args.out):
        parser.error("give TRAIN..., --valid and --out, or --export")
    return args


def main() -> None:
    args = parse()
    if args.export:
        export(*args.export)
        return
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    network = PairNetwork(PairConfig())
    train(network, read_rnas(args.train, args.max_length, args.exclude), args)
    valid = read_rnas([args.valid], args.max_length)
    some = np.random.default_rng(1).permutation(len(valid))[:NUM_VALID]
    for with_prior in (True, False):
        f1 = evaluate(network, [valid[n] for n in some], with_prior=with_prior)
        print(f"pair F1 by gamma, {'with' if with_prior else 'without'} prior: {f1}")
    export(args.out / "checkpoint.pt", args.out / "model")


if __name__ == "__main__":
    main()
