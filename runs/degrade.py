"""The degradation model: networks per part of the data, which ship together as an ensemble.

    python runs/degrade.py TRAIN.jsonl.gz --work WORK [--folds 0 1 2 3 4] [--seeds 0 1] [--export OUT]

TRAIN is the OpenVaccine file, whose `kfold` is the part of each row; rows of RGB's test set are left out. The
networks of part k, one per seed, are trained on all rows but those of part k. WORK receives `fold_k_seed.pt`
(checkpoint after every epoch; the same command goes on from it) and `held_out_k.npz`, what they say together
of part k.
OUT is a model directory: the ensemble of all, whose predicted errors are scaled so that 90 % of the held-out
values lie within 1.645 standard deviations.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mprna.files import replacing
from mprna.folding.prior import DEGRADATION_PARAMETERS, prior_pair_probs
from mprna.folding.vienna import EnergyModel, pair_probs
from mprna.model.degradation import DegradationConfig, DegradationEnsemble, DegradationNetwork, node_features
from mprna.runtime.degradation_engine import TARGETS
from mprna.runtime.export import export_degradation

ERRORS = ("reactivity_error", "deg_error_Mg_pH10", "deg_error_pH10", "deg_error_Mg_50C", "deg_error_50C")
ENSEMBLES = ("turner2004", "langdon2018")
"""Parameter sets whose pair probabilities are mixed in training."""
KAGGLE = [0, 1, 3]
BATCH, PEAK_RATE, WEIGHT_DECAY, DROPOUT = 16, 3e-3, 0.02, 0.15
MAX_CUT = 12, 24
"""Most nucleotides that are cut at random from the 5' and the 3' end of a training batch."""
ERROR_SCALE = 0.2
Z_90 = 1.645


def read_rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as stream:
        return [json.loads(line) for line in stream]


class Data:
    """Tensors of many RNAs of one length."""

    def __init__(self, rows: list[dict[str, Any]], cache: Path) -> None:
        self.bases = torch.tensor([["ACGU".index(base) for base in row["sequence"]] for row in rows])
        self.values = torch.tensor([[row[name] for name in TARGETS] for row in rows]).transpose(1, 2)
        errors = torch.tensor([[row[name] for name in ERRORS] for row in rows]).transpose(1, 2)
        self.weights = 1 / torch.sqrt(1 + (errors / ERROR_SCALE) ** 2)
        self.parts = np.array([-1 if row.get("kfold") is None else row["kfold"] for row in rows])
        self.good = np.array([row["SN_filter"] == 1 for row in rows])
        *self.probs, self.prior = torch.from_numpy(_pair_probs([row["sequence"] for row in rows], cache))


def _pair_probs(sequences: list[str], cache: Path) -> Any:
    """By each of `ENSEMBLES`, and what `mprna degrade` reads. *Shape:* (3, N, L, L)"""
    if cache.exists():
        return np.load(cache)
    models = [EnergyModel(parameters=name) for name in ENSEMBLES]
    probs = [[pair_probs(s, model) for s in sequences] for model in models]
    found = np.stack([*probs, [prior_pair_probs(s, parameters=DEGRADATION_PARAMETERS) for s in sequences]])
    np.save(cache, found)
    return found


def loss_of(network: DegradationNetwork, data: Data, rows: Tensor, rng: np.random.Generator) -> Tensor:
    """Huber loss of the means, and the likelihood of the errors given the means; on a random crop."""
    num_scored, length = data.values.shape[1], data.bases.shape[1]
    first, last = int(rng.integers(MAX_CUT[0] + 1)), length - int(rng.integers(MAX_CUT[1] + 1))
    share = torch.from_numpy(rng.random((len(rows), 1, 1), dtype=np.float32))
    probs = share * data.probs[0][rows] + (1 - share) * data.probs[1][rows]
    probs = probs[:, first:last, first:last]
    features = node_features(data.bases[rows, first:last], probs)
    mean, sd = (output[:, : num_scored - first] for output in network(features, probs))
    values, weights = data.values[rows, first:], data.weights[rows, first:]
    huber = torch.nn.functional.huber_loss(mean, values, reduction="none", delta=1.0)
    residual = (values - mean.detach()).clamp(-5, 5)
    likelihood = torch.log(sd) + 0.5 * (residual / sd) ** 2
    return (weights * huber).mean() + 0.05 * (weights * likelihood).mean()


@torch.no_grad()
def predict(ensemble: DegradationEnsemble, data: Data, rows: np.ndarray) -> tuple[Any, Any]:
    ensemble.eval()
    outputs = []
    for chunk in np.array_split(rows, max(1, len(rows) // 32)):
        outputs.append(ensemble(data.bases[chunk], data.prior[chunk]))
    means, sds = (torch.cat(parts)[:, : data.values.shape[1]].numpy() for parts in zip(*outputs, strict=True))
    return means, sds


def mcrmse(values: Any, means: Any, columns: list[int] = KAGGLE) -> float:
    return float(np.sqrt(((values - means) ** 2)[..., columns].mean((0, 1))).mean())


def train_network(part: int, seed: int, data: Data, args: argparse.Namespace) -> None:
    torch.manual_seed(1000 * seed + part)
    network = DegradationNetwork(DegradationConfig(), dropout=DROPOUT)
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    train = np.flatnonzero(data.parts != part)
    steps = args.epochs * -(-len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps, pct_start=0.15)
    path, done = checkpoint(args.work, part, seed), 0
    state_of = {"network": network, "optimizer": optimizer, "schedule": schedule}
    if path.exists():
        saved = torch.load(path, weights_only=True)
        done = saved.pop("epoch")
        for name, state in saved.items():
            state_of[name].load_state_dict(state)
    for epoch in range(done, args.epochs):
        started = time.monotonic()
        rng = np.random.default_rng((seed, part, epoch))
        network.train()
        torch.manual_seed(100_000 * seed + 100 * part + epoch)
        for rows in np.split(order := rng.permutation(train), range(BATCH, len(order), BATCH)):
            loss = loss_of(network, data, torch.from_numpy(rows), rng)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        state = {name: owner.state_dict() for name, owner in state_of.items()} | {"epoch": epoch + 1}
        with replacing(path) as partial:
            torch.save(state, partial)
        seconds = time.monotonic() - started
        print(f"part {part} seed {seed} epoch {epoch + 1} {loss.item():.4f} {seconds:.1f} s", flush=True)


def checkpoint(work: Path, part: int, seed: int) -> Path:
    return work / f"fold_{part}_{seed}.pt"


def ensemble_of(places: list[tuple[int, int]], config: DegradationConfig, work: Path) -> DegradationEnsemble:
    """The trained networks of these parts and seeds."""
    ensemble = DegradationEnsemble(dataclasses.replace(config, num_members=len(places)))
    for member, (part, seed) in zip(ensemble.members, places, strict=True):
        member.load_state_dict(torch.load(checkpoint(work, part, seed), weights_only=True)["network"])
    return ensemble.eval()


def judge(part: int, data: Data, args: argparse.Namespace) -> None:
    """Save what the part's networks say of it."""
    held_out = np.flatnonzero(data.parts == part)
    ensemble = ensemble_of([(part, seed) for seed in args.seeds], DegradationConfig(), args.work)
    means, sds = predict(ensemble, data, held_out)
    good = data.good[held_out]
    np.savez(args.work / f"held_out_{part}.npz", rows=held_out, means=means, sds=sds)
    print(f"part {part}: MCRMSE {mcrmse(data.values[held_out].numpy()[good], means[good]):.4f}", flush=True)


def calibrated(data: Data, parts: list[int], work: Path) -> DegradationConfig:
    """Scales of the errors of nucleotides, and of their sum over a molecule, from the held-out rows."""
    saved = [np.load(work / f"held_out_{part}.npz") for part in parts]
    rows, means, sds = (np.concatenate([part[key] for part in saved]) for key in ("rows", "means", "sds"))
    good = data.good[rows]
    residuals, sds = (data.values[rows].numpy() - means)[good], sds[good]
    scale = np.quantile(np.abs(residuals / sds), 0.9, axis=(0, 1)) / Z_90
    column = TARGETS.index("deg_Mg_50C")
    total, alone = residuals[..., column].sum(1), np.sqrt(((scale * sds)[..., column] ** 2).sum(1))
    return DegradationConfig(
        sd_scale=tuple(float(value) for value in scale),
        score_scale=float(np.sqrt(((total / alone) ** 2).mean())),
    )


def export(data: Data, args: argparse.Namespace) -> None:
    places = [(part, seed) for part in args.folds for seed in args.seeds]
    ensemble = ensemble_of(places, calibrated(data, args.folds, args.work), args.work)
    export_degradation(ensemble, args.export)
    print(f"{args.export}: {ensemble.config}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="held out in turn")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="of the networks of each part")
    parser.add_argument("--export", type=Path, metavar="OUT")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read_rows(args.train) if not row["in_rgb_mrna_test"]]
    data = Data(rows, args.work / "pair_probs.npy")
    for part in args.folds:
        for seed in args.seeds:
            train_network(part, seed, data, args)
        judge(part, data, args)
    if args.export:
        export(data, args)


if __name__ == "__main__":
    main()
