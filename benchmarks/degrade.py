"""Accuracy of degradation models: on held-out parts of similar RNAs, then on RGB's mRNA test rows.

    python benchmarks/degrade.py TRAIN.jsonl.gz RGB_TEST.jsonl.gz --work WORK

WORK holds `held_out_k.npz` of `runs/degrade.py`. Every number is MCRMSE over reactivity, deg_Mg_pH10 and
deg_Mg_50C, with a 95 % interval by 1,000 bootstraps over RNAs. Baselines are fitted on the same parts: linear
in the unpaired probability; nearest neighbours, a ridge over the bases and unpaired probabilities of 12
nucleotides on either side, in the manner of DegScore; and a convolution over one-hot bases alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from degrade import KAGGLE, TARGETS, Data, read_rows

from mprna.bench import statistics
from mprna.runtime.load import load_degradation_engine

REACH = 12
RIDGE = 10.0
CNN_EPOCHS = 8

Fit = Callable[[Data, np.ndarray], Callable[[Data, np.ndarray], np.ndarray]]


def unpaired(data: Data) -> np.ndarray:
    """*Shape:* (N, L)"""
    return 1 - data.prior.sum(-1).numpy()


def linear_features(data: Data, rows: np.ndarray) -> np.ndarray:
    """*Shape:* (R, S, 2)"""
    u = unpaired(data)[rows][:, : data.values.shape[1]]
    return np.stack([u, np.ones_like(u)], axis=-1)


def neighbour_features(data: Data, rows: np.ndarray) -> np.ndarray:
    """Base, and base times unpaired, of the nucleotide and its neighbours. *Shape:* (R, S, F)"""
    num_scored = data.values.shape[1]
    bases = np.eye(4, dtype=np.float32)[data.bases[rows].numpy()]
    per_base = np.concatenate([bases, bases * unpaired(data)[rows][..., None]], axis=-1)
    padded = np.pad(per_base, ((0, 0), (REACH, REACH), (0, 0)))
    shifted = [padded[:, s : s + num_scored] for s in range(2 * REACH + 1)]
    return np.concatenate([*shifted, np.ones((len(rows), num_scored, 1), dtype=np.float32)], axis=-1)


def ridge(features: Callable[[Data, np.ndarray], np.ndarray]) -> Fit:
    def fit(data: Data, rows: np.ndarray) -> Callable[[Data, np.ndarray], np.ndarray]:
        x = features(data, rows)
        x = x.reshape(-1, x.shape[-1])
        y = data.values[rows].numpy().reshape(len(x), -1)
        weights = data.weights[rows].numpy().reshape(len(x), -1)
        solved = []
        for column in range(len(TARGETS)):
            weighted = x * weights[:, column : column + 1]
            gram = weighted.T @ x + RIDGE * np.eye(x.shape[1])
            solved.append(np.linalg.solve(gram, weighted.T @ y[:, column]))
        coefficients = np.stack(solved, axis=1)
        return lambda other, chosen: features(other, chosen) @ coefficients

    return fit


def one_hot_cnn(data: Data, rows: np.ndarray) -> Callable[[Data, np.ndarray], np.ndarray]:
    torch.manual_seed(0)
    layers = [nn.Conv1d(4, 48, 9, padding=4), nn.ReLU(), nn.Conv1d(48, 48, 9, padding=4), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Conv1d(48, len(TARGETS), 9, padding=4))
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    rng = np.random.default_rng(0)

    def run(other: Data, chosen: np.ndarray) -> torch.Tensor:
        one_hot = nn.functional.one_hot(other.bases[chosen], 4).float().transpose(1, 2)
        return network(one_hot).transpose(1, 2)[:, : other.values.shape[1]]

    for _ in range(CNN_EPOCHS):
        for batch in np.array_split(rng.permutation(rows), len(rows) // 16):
            error = nn.functional.huber_loss(run(data, batch), data.values[batch], reduction="none")
            loss = (data.weights[batch] * error).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def predict(other: Data, chosen: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return run(other, chosen).numpy()

    return predict


BASELINES: dict[str, Fit] = {
    "ViennaRNA unpaired, linear": ridge(linear_features),
    "nearest neighbours, ridge": ridge(neighbour_features),
    "one-hot CNN": one_hot_cnn,
}


def interval(values: np.ndarray, means: np.ndarray) -> str:
    """MCRMSE and its 95 % interval over RNAs."""
    squared = ((values - means) ** 2)[..., KAGGLE].mean(1)
    resampled = statistics.draw_items(len(squared)) @ squared / len(squared)
    low, high = statistics.interval(np.sqrt(resampled).mean(-1))
    return f"{np.sqrt(squared.mean(0)).mean():.4f} [{low:.4f}, {high:.4f}]"


def cross_validated(fit: Fit, data: Data, parts: list[int]) -> np.ndarray:
    means = np.full(tuple(data.values.shape), np.nan)
    for part in parts:
        chosen = np.flatnonzero(data.parts == part)
        means[chosen] = fit(data, np.flatnonzero(data.parts != part))(data, chosen)
    return means


def held_out(work: Path, data: Data, parts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means and uncalibrated standard deviations of the networks that did not see each RNA."""
    means, sds = (np.full(tuple(data.values.shape), np.nan) for _ in range(2))
    for part in parts:
        saved = np.load(work / f"held_out_{part}.npz")
        means[saved["rows"]], sds[saved["rows"]] = saved["means"], saved["sds"]
    return means, sds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default="degradation")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    args = parser.parse_args()
    rows = [row for row in read_rows(args.train) if not row["in_rgb_mrna_test"]]
    data = Data(rows, args.work / "pair_probs.npy")
    test = Data(read_rows(args.test), args.work / "test_pair_probs.npy")
    counted = data.good & np.isin(data.parts, args.folds)
    values, test_values, everyone = data.values.numpy(), test.values.numpy(), np.arange(len(test.bases))
    print(f"held out: {counted.sum()} RNAs; RGB: {len(everyone)}, {test.good.sum()} with SN_filter 1")
    print("| model | held out, SN_filter 1 | RGB test, all | RGB test, SN_filter 1 |\n|---|---|---|---|")

    def line(name: str, held: Any, tested: Any) -> None:
        cells = [
            interval(values[counted], held[counted]),
            interval(test_values, tested),
            interval(test_values[test.good], tested[test.good]),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)

    for name, fit in BASELINES.items():
        line(name, cross_validated(fit, data, args.folds), fit(data, np.arange(len(rows)))(test, everyone))
    engine = load_degradation_engine(args.model)
    found = [
        engine.predict_degradation(row["sequence"], test.prior[index].numpy())
        for index, row in enumerate(read_rows(args.test))
    ]
    tested, sds = (np.stack(parts)[:, : test_values.shape[1]] for parts in zip(*found, strict=True))
    line("mprna degrade", held_out(args.work, data, args.folds)[0], tested)
    inside = (np.abs(test_values - tested) < 1.645 * sds)[test.good].mean((0, 1))
    print("within the 90 % interval, RGB test, SN_filter 1:")
    print(", ".join(f"{name} {share:.3f}" for name, share in zip(TARGETS, inside, strict=True)))


if __name__ == "__main__":
    main()
