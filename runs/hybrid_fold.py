"""A pair network trained on known structures, with ViennaRNA's ensembles as its prior.

    python runs/hybrid_fold.py TRAIN... --valid VALID --out WORK [--steps 5000] [--init MODEL]

Files are of any format that `mprna fold` reads. All canonical pairs of a known structure are learned, also
those that cross. An RNA without a structure teaches the network what thermodynamics knows: its ensemble is
to be found, in half of the cases beside a prior, so that the network keeps to it where it knows no better.
Reactivities of chemical mapping (--reactivity) say what is unpaired. The prior is a random mixture of two
energy models, so that neither is trusted alone; half of the known RNAs that are shown without it have
compensatory changes, so that no family is learned by heart.
WORK receives `ensembles.npz`, `checkpoint.pt`, from which the same command goes on where it was, and
`model/`, the running mean of the weights, which `mprna fold --model` takes.

Shape letters: B sequences, L nucleotides (an even number).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from chemical_mapping import Profile, mapping_loss, read_profiles
from pair_data import Pairs, Rna, read_rnas
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mprna.decoding.nested import decode_nested
from mprna.model.pair_checkpoint import load_pair_network
from mprna.model.pair_network import PAD_BASE, PairConfig, PairNetwork
from mprna.rna.canonical import pair_types
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.export import export_pair_network
from mprna.runtime.pair_engine import MIN_PRIOR, pair_input, pair_probs

MAX_CELLS = 80_000
"""Of a batch: its sequences times the square of the longest."""
WARM_UP, CLIP, MEAN_DECAY = 200, 1.0, 0.999
GAMMAS = (1.0, 1.5, 2.0, 3.0)
NUM_VALID = 250
SAVE_EVERY, REPORT_EVERY = 250, 100
MUTATED, MAX_MUTATED = 0.5, 0.4
"""Share of the known RNAs without prior that are changed, and most of their nucleotides that are."""
PRIOR_KEPT = 0.5
"""Share of the RNAs without a structure that are shown with a prior."""
REACTIVITY_WEIGHT = 3.0
"""Of a nucleotide's likelihood, beside the cross-entropy of its pairs."""
PAIRED_LETTERS = ("GC", "CG", "GC", "CG", "AU", "UA", "AU", "UA", "GU", "UG")


class Batch(NamedTuple):
    bases: Tensor  # (B, L)
    prior: Tensor  # (B, L, L)
    has_prior: Tensor  # (B,)
    paired: Tensor  # (B, L, L)
    counted: Tensor  # (B, L, L), pairs that could be, i < j
    log_ratios: Tensor  # (B, L), 0 where nothing was measured


def write_fasta(profiles: list[Profile], path: Path) -> Path:
    path.write_text("".join(f">{n}\n{profile.sequence}\n" for n, profile in enumerate(profiles)))
    return path


class Example(NamedTuple):
    """What is shown of an RNA, and what is to be found."""

    sequence: str
    prior: npt.NDArray[np.float32] | None  # (L, L), above the diagonal
    paired: npt.NDArray[np.float32]  # (L, L), above the diagonal
    log_ratios: npt.NDArray[np.float32] | None = None  # (L,)


def example_of(rna: Rna, rng: np.random.Generator, prior_dropout: float) -> Example:
    """At random: the mixture of the prior, whether there is one, and the letters of an RNA without."""
    share = rng.random()
    if rna.known is None:
        prior = rna.mixture(share) if rng.random() < PRIOR_KEPT else None
        return Example(rna.sequence, prior, rna.mixture(0.5), rna.log_ratios)
    paired = rna.known.dense(len(rna.sequence))
    if rng.random() >= prior_dropout:
        return Example(rna.sequence, rna.mixture(share), paired)
    if rng.random() < MUTATED:
        return Example(mutated(rna.sequence, rna.known, rng), None, paired)
    return Example(rna.sequence, None, paired)


def mutated(sequence: str, known: Pairs, rng: np.random.Generator) -> str:
    """Another sequence for the same structure: canonical pairs become other canonical pairs."""
    rate = MAX_MUTATED * rng.random()
    letters = list(sequence)
    paired = set(known.positions.flatten().tolist())
    for position in np.flatnonzero(rng.random(len(letters)) < rate).tolist():
        if position not in paired:
            letters[position] = "ACGU"[rng.integers(4)]
    for i, j in known.positions[rng.random(len(known.positions)) < rate].tolist():
        if letters[i] + letters[j] in PAIRED_LETTERS:
            letters[i], letters[j] = PAIRED_LETTERS[rng.integers(len(PAIRED_LETTERS))]
    return "".join(letters)


def collate(examples: list[Example]) -> Batch:
    """Padded to the longest, so that what stands beyond an end never counts."""
    inputs = [
        pair_input(given.sequence, None if given.prior is None else given.prior + given.prior.T)
        for given in examples
    ]
    size = max(len(given.bases) for given in inputs)
    floor = float(np.log(MIN_PRIOR / (1 - MIN_PRIOR)))
    bases = torch.full((len(inputs), size), PAD_BASE)
    prior = torch.full((len(inputs), size, size), floor)
    paired = torch.zeros(len(inputs), size, size)
    counted = torch.zeros(len(inputs), size, size, dtype=torch.bool)
    log_ratios = torch.zeros(len(inputs), size)
    for row, (example, given) in enumerate(zip(examples, inputs, strict=True)):
        length, even = len(example.sequence), len(given.bases)
        bases[row, :even] = torch.from_numpy(given.bases)
        prior[row, :even, :even] = torch.from_numpy(given.prior)
        paired[row, :length, :length] = torch.from_numpy(example.paired)
        counted[row, :length, :length] = torch.from_numpy(np.triu(pair_types(example.sequence)))
        if example.log_ratios is not None:
            log_ratios[row, :length] = torch.from_numpy(example.log_ratios)
    has_prior = torch.tensor([given.has_prior for given in inputs])
    return Batch(bases, prior, has_prior, paired, counted, log_ratios)


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
    """Cross-entropy of all pairs that could be, and the likelihood of reactivities, per nucleotide."""
    log_odds = network(batch.bases, batch.prior, batch.has_prior)
    total = functional.binary_cross_entropy_with_logits(
        log_odds[batch.counted], batch.paired[batch.counted], reduction="sum"
    )
    if batch.log_ratios.any():
        total = total + REACTIVITY_WEIGHT * mapping_loss(log_odds, batch.counted, batch.log_ratios)
    return total / (batch.bases != PAD_BASE).sum()


def train(network: PairNetwork, rnas: list[Rna], args: argparse.Namespace) -> PairNetwork:
    """The running mean of the weights after `--steps`, from `checkpoint.pt` where there is one."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=args.peak_rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True
    )
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(MEAN_DECAY))
    parts = {"network": network, "mean": mean, "optimizer": optimizer}
    path = args.out / "checkpoint.pt"
    done = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        done = state.pop("step")
        for name, part in state.items():
            parts[name].load_state_dict(part)
    for step, chosen in enumerate(batches(rnas, np.random.default_rng(args.seed))):
        if step < done:  # so that a resumed run sees what an uninterrupted one sees
            continue
        if step >= args.steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps, args.peak_rate)
        rng = np.random.default_rng((args.seed, step))
        batch = collate([example_of(rna, rng, args.prior_dropout) for rna in chosen])
        # Attention in bfloat16 is faster by plain products than by the fused kernel of CPUs.
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16), sdpa_kernel(SDPBackend.MATH):
            loss = loss_of(network, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        mean.update_parameters(network)
        if (step + 1) % REPORT_EVERY == 0:
            print(f"step {step + 1}  loss {loss.item():.4f}", flush=True)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == args.steps:
            save(path, {name: part.state_dict() for name, part in parts.items()} | {"step": step + 1})
    averaged = mean.module
    assert isinstance(averaged, PairNetwork)
    return averaged


def save(path: Path, state: dict[str, Any]) -> None:
    partial = path.with_name(path.name + ".part")
    torch.save(state, partial)
    os.replace(partial, path)


@torch.inference_mode()
def evaluate(network: PairNetwork, rnas: list[Rna], *, with_prior: bool) -> dict[float, float]:
    """Mean pair F1 x 100 by gamma."""
    network.eval()
    scores: dict[float, list[float]] = {gamma: [] for gamma in GAMMAS}
    for rna in rnas:
        if rna.known is None:
            continue
        prior = rna.mixture(0.5) if with_prior else None
        batch = collate([Example(rna.sequence, prior, rna.known.dense(len(rna.sequence)))])
        log_odds = network(batch.bases, batch.prior, batch.has_prior)[0].numpy()
        probs = pair_probs(rna.sequence, log_odds)
        for gamma in GAMMAS:
            found = pairs_from_dot_bracket(decode_nested(rna.sequence, probs, gamma=gamma))
            scores[gamma].append(pair_scores(rna.known.positions, found).f1)
    return {gamma: round(100 * float(np.mean(f1)), 2) for gamma, f1 in scores.items()}


@torch.no_grad()
def temper(network: PairNetwork, temperature: float) -> None:
    """Divide all log-odds by a temperature: they are linear in these parameters."""
    for parameter in (network.output.weight, network.output.bias, network.prior_weight, network.bias):
        parameter /= temperature


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, nargs="+", metavar="TRAIN")
    parser.add_argument("--valid", type=Path, metavar="VALID", required=True)
    parser.add_argument("--out", type=Path, metavar="WORK", required=True)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], metavar="FILE", help="test sets")
    parser.add_argument(
        "--reactivity",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="JSON Lines with sequence and reactivity, gzipped; similarity fold 0 is held out",
    )
    parser.add_argument("--init", type=Path, metavar="MODEL", help="directory of weights to start from")
    parser.add_argument("--peak-rate", type=float, default=1e-3, help="learning rate [%(default)s]")
    parser.add_argument("--prior-dropout", type=float, default=0.25, help="share without prior [%(default)s]")
    parser.add_argument("--max-length", type=int, default=300, metavar="NT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="what log-odds are divided by in the end [%(default)s]"
    )
    parser.add_argument("--bfloat16", action="store_true", help="where the CPU has it: 1.5 times faster")
    return parser.parse_args()


def main() -> None:
    args = parse()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    network = load_pair_network(args.init).train() if args.init else PairNetwork(PairConfig())
    profiles, held_out = read_profiles(args.reactivity)
    unwanted = [*args.exclude, write_fasta(held_out, args.out / "held_out.fa")] if held_out else args.exclude
    rnas = read_rnas(args.train, args.max_length, args.out / "ensembles.npz", unwanted, profiles)
    network = train(network, rnas, args)
    temper(network, args.temperature)
    valid = read_rnas([args.valid], args.max_length, args.out / "ensembles_valid.npz")
    some = np.random.default_rng(1).permutation(len(valid))[:NUM_VALID]
    for with_prior in (True, False):
        f1 = evaluate(network, [valid[n] for n in some], with_prior=with_prior)
        print(f"pair F1 by gamma, {'with' if with_prior else 'without'} prior: {f1}")
    export_pair_network(network.eval(), args.out / "model")


if __name__ == "__main__":
    main()
