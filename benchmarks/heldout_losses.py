"""Losses of a model on a held-out corpus, beside what guesses without context reach on the same tokens.

    python benchmarks/heldout_losses.py MODEL HELDOUT_CORPUS

Intervals are 95 % bootstrap over slices. The guesses know the label frequencies of this very corpus, so no
predictor that looks at no context does better:

- uniform: all classes alike (for repair: the three bases that are not shown);
- frequencies: the share of each label (for repair: among the bases that are not shown);
- majority: accuracy of always naming the most frequent label.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from mprna.alphabet import NUCLEOTIDE_IDS, NUCLEOTIDES, STRUCTURE_SYMBOLS
from mprna.bench import statistics
from mprna.model.checkpoint import load_checkpoint
from mprna.model.network import MprnaModel
from mprna.objectives.mixture import OBJECTIVES
from mprna.objectives.objective import IGNORE, Batch
from mprna.runtime.store import find_model
from mprna.train.pretrain import fixed_batches
from mprna.train.recipes import mini_cpu

NUM_SLICES = 512

Counts = Counter[int]


def batches_of(corpus_dir: Path) -> list[Batch]:
    """One slice each, corrupted as in pretraining but never left clean: each scores every objective."""
    config = replace(mini_cpu(), validation_slices=NUM_SLICES)
    config = replace(config, objectives=replace(config.objectives, clean_share=0.0))
    return fixed_batches(corpus_dir, config, batch_size=1)


@torch.inference_mode()
def losses(model: MprnaModel, batches: list[Batch]) -> dict[str, npt.NDArray[np.float64]]:
    """Per objective: total loss, weight and correct weight of every slice. *Shape:* (slices, 3)"""
    sums: dict[str, list[list[float]]] = {name: [] for name in OBJECTIVES}
    for batch in batches:
        hidden = model.encode(batch.input_ids)
        for name, objective in OBJECTIVES.items():
            loss = objective.loss(model, hidden, batch)
            sums[name].append([loss.total.item(), loss.weight.item(), loss.correct.item()])
    return {name: np.array(rows) for name, rows in sums.items()}


def interval(sums: npt.NDArray[np.float64], column: int) -> str:
    """Ratio of sums over slices, with its bootstrap interval."""
    resampled = statistics.draw_items(len(sums)) @ sums
    low, high = statistics.interval(resampled[:, column] / resampled[:, 1])
    return f"{sums[:, column].sum() / sums[:, 1].sum():.3f} ({low:.3f}-{high:.3f})"


def frequencies(batches: list[Batch], field: str) -> Counts:
    counts: Counts = Counter()
    for batch in batches:
        labels = getattr(batch, field)[0]
        weights = batch.label_weights[0] if field == "structure_labels" else torch.ones(len(labels))
        for label, weight in zip(labels.tolist(), weights.tolist(), strict=True):
            if label != IGNORE:
                counts[label] += weight
    return counts


def entropy(counts: Counts) -> float:
    total = sum(counts.values())
    return -sum(n / total * math.log(n / total) for n in counts.values())


def majority(counts: Counts) -> float:
    return max(counts.values()) / sum(counts.values())


def repair_guesses(batches: list[Batch]) -> tuple[float, float]:
    """Loss and accuracy of guessing by base frequency among the three bases that are not shown."""
    shares = frequencies(batches, "repair_labels")
    loss, correct, total = 0.0, 0, 0
    for batch in batches:
        for shown, label in zip(batch.input_ids[0].tolist(), batch.repair_labels[0].tolist(), strict=True):
            if label == IGNORE:
                continue
            others = {base: n for base, n in shares.items() if NUCLEOTIDE_IDS[base] != shown}
            loss -= math.log(others[label] / sum(others.values()))
            correct += label == max(others, key=lambda base: others[base])
            total += 1
    return loss / total, correct / total


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("corpus", type=Path)
    args = parser.parse_args()
    batches = batches_of(args.corpus)
    found = losses(load_checkpoint(find_model(args.model)), batches)
    tokens, structure = (frequencies(batches, f) for f in ("token_labels", "structure_labels"))
    repair_loss, repair_accuracy = repair_guesses(batches)
    guesses = {
        "masked_lm": (math.log(len(NUCLEOTIDES)), entropy(tokens), majority(tokens)),
        "mutation_repair": (math.log(3), repair_loss, repair_accuracy),
        "secondary_structure": (math.log(len(STRUCTURE_SYMBOLS)), entropy(structure), majority(structure)),
    }
    print(
        "| objective | loss, nats | uniform | frequencies | accuracy | majority |\n|---|---|---|---|---|---|"
    )
    for name, sums in found.items():
        uniform, by_frequency, best = guesses.get(name, (math.nan,) * 3)
        loss, accuracy = interval(sums, 0), interval(sums, 2)
        print(f"| {name} | {loss} | {uniform:.3f} | {by_frequency:.3f} | {accuracy} | {best:.3f} |")


if __name__ == "__main__":
    main()
