"""A pair network trained on known structures, with ViennaRNA's ensemble as its prior.

    python runs/hybrid_fold.py TRAIN... --valid VALID --out WORK [--steps 5000]
    python runs/hybrid_fold.py --export CHECKPOINT OUT

Files are of any format that `mprna fold` reads and hold a structure with every sequence; all canonical pairs
are learned, also those that cross. WORK receives `checkpoint.pt`, from which the same command goes on where
it was, and `model/`, which `mprna fold --model` takes. Partition functions are computed anew at every start.

Shape letters: B sequences, L nucleotides (an even number).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from mprna.alphabet import clean_sequence
from mprna.decoding.nested import decode_nested
from mprna.errors import SequenceError, StructureError
from mprna.folding.vienna import fold_ensemble
from mprna.io.formats import read_records
from mprna.model.pair_network import PAD_BASE, PairConfig, PairNetwork
from mprna.rna.canonical import pair_types
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.export import export_pair_network
from mprna.runtime.pair_engine import MIN_PRIOR, pair_input, pair_probs

MIN_LENGTH = 16
MAX_CELLS = 80_000
"""Of a batch: its sequences times the square of the longest."""
PEAK_RATE, WARM_UP, CLIP = 1e-3, 200, 1.0
GAMMAS = (1.0, 1.5, 2.0, 3.0)
NUM_VALID = 250
SAVE_EVERY, REPORT_EVERY = 250, 100


class Known(NamedTuple):
    sequence: str
    pairs: npt.NDArray[np.int64]  # (P, 2)
    prior: npt.NDArray[np.int64]  # (K, 2) positions of the pairs that the ensemble knows
    prior_probs: npt.NDArray[np.float32]  # (K,)

    def dense_prior(self) -> npt.NDArray[np.float32]:
        """(L, L); kept sparse because thousands of them are held."""
        probs = np.zeros((len(self.sequence), len(self.sequence)), dtype=np.float32)
        probs[self.prior[:, 0], self.prior[:, 1]] = self.prior_probs
        return probs + probs.T


class Batch(NamedTuple):
    bases: Tensor  # (B, L)
    prior: Tensor  # (B, L, L)
    has_prior: Tensor  # (B,)
    paired: Tensor  # (B, L, L)
    counted: Tensor  # (B, L, L), pairs that could be, i < j


def read_known(paths: Iterable[Path], max_length: int) -> list[Known]:
    """Distinct RNAs of 16 to `max_length` nt with their ensembles; what is left out is counted."""
    known: dict[str, Known] = {}
    left_out = 0
    for path in paths:
        for record in read_records(path):
            try:
                sequence = clean_sequence(record.sequence)
                pairs = pairs_from_dot_bracket(record.dot_bracket or "")
            except (SequenceError, StructureError):
                left_out += 1
                continue
            fits = record.dot_bracket is not None and MIN_LENGTH <= len(sequence) <= max_length
            if not fits or sequence in known:
                left_out += 1
                continue
            probs = np.triu(fold_ensemble(sequence).base_pair_probs)
            likely = np.argwhere(probs >= MIN_PRIOR).astype(np.int64)
            known[sequence] = Known(sequence, pairs, likely, probs[likely[:, 0], likely[:, 1]])
    print(f"{len(known)} RNAs; {left_out} left out: length, letters, no structure, or seen before")
    return list(known.values())


def collate(rnas: list[Known], with_prior: list[bool]) -> Batch:
    """Padded to the longest, so that what stands beyond an end never counts."""
    inputs = [pair_input(rna.sequence, rna.dense_prior()) for rna in rnas]
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
        paired[row, rna.pairs[:, 0], rna.pairs[:, 1]] = 1.0
        counted[row, :length, :length] = torch.from_numpy(np.triu(pair_types(rna.sequence)))
    return Batch(bases, prior, torch.tensor(with_prior, dtype=torch.float32), paired, counted)


def batches(rnas: list[Known], rng: np.random.Generator) -> Iterator[list[Known]]:
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


def learning_rate(step: int, num_steps: int) -> float:
    """Linear warm-up, then linear decay to nothing; steps count from 0."""
    decay = (num_steps - step) / max(num_steps - WARM_UP, 1) if step > WARM_UP else 1.0
    return PEAK_RATE * min((step + 1) / WARM_UP, decay)


def loss_of(network: PairNetwork, batch: Batch) -> Tensor:
    """Binary cross-entropy over all pairs that could be, per nucleotide: outputs are calibrated by it."""
    log_odds = network(batch.bases, batch.prior, batch.has_prior)[batch.counted]
    total = functional.binary_cross_entropy_with_logits(
        log_odds, batch.paired[batch.counted], reduction="sum"
    )
    return total / (batch.bases != PAD_BASE).sum()


def train(network: PairNetwork, rnas: list[Known], args: argparse.Namespace) -> None:
    """Up to `--steps`, from `checkpoint.pt` where there is one."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=PEAK_RATE, weight_decay=0.01, betas=(0.9, 0.98), fused=True
    )
    path = args.out / "checkpoint.pt"
    done = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["net"])
        optimizer.load_state_dict(state["opt"])
        done = state["step"]
    rng = np.random.default_rng(args.seed)
    for step, chosen in enumerate(batches(rnas, rng)):
        with_prior = [bool(rng.random() >= args.prior_dropout) for _ in chosen]
        if step < done:  # so that a resumed run sees what an uninterrupted one sees
            continue
        if step >= args.steps:
            return
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps)
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
def evaluate(network: PairNetwork, rnas: list[Known], *, with_prior: bool) -> dict[float, float]:
    """Mean pair F1 x 100 by gamma."""
    network.eval()
    scores: dict[float, list[float]] = {gamma: [] for gamma in GAMMAS}
    for rna in rnas:
        batch = collate([rna], [with_prior])
        log_odds = network(batch.bases, batch.prior, batch.has_prior)[0].numpy()
        probs = pair_probs(rna.sequence, log_odds)
        for gamma in GAMMAS:
            found = pairs_from_dot_bracket(decode_nested(rna.sequence, probs, gamma=gamma))
            scores[gamma].append(pair_scores(rna.pairs, found).f1)
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
    train(network, read_known(args.train, args.max_length), args)
    valid = read_known([args.valid], args.max_length)
    some = np.random.default_rng(1).permutation(len(valid))[:NUM_VALID]
    for with_prior in (True, False):
        f1 = evaluate(network, [valid[n] for n in some], with_prior=with_prior)
        print(f"pair F1 by gamma, {'with' if with_prior else 'without'} prior: {f1}")
    export(args.out / "checkpoint.pt", args.out / "model")


if __name__ == "__main__":
    main()
