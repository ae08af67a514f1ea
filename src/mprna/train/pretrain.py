"""Pretraining from corpora to a run directory.

RUN/  config.json  metrics.jsonl  checkpoints/step-…/  model/   (the model of the last step, float16)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from mprna.corpus.manifest import MANIFEST_NAME
from mprna.digest import file_sha256
from mprna.errors import ModelError, UsageError
from mprna.files import read_json, write_json
from mprna.model.checkpoint import load_checkpoint, write_checkpoint
from mprna.model.layout import CONFIG_FILE, WEIGHTS_FILE
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.objectives.mixture import compute_losses
from mprna.objectives.objective import Batch, LossSum
from mprna.train.config import TrainConfig
from mprna.train.dataset import BatchStream, SliceDataset
from mprna.train.device import find_device, seeded, set_up_cpu, to_device
from mprna.train.distributed import barrier, processes, rank, share_of, world_size
from mprna.train.evaluation import evaluate
from mprna.train.loop import train
from mprna.train.plan import PlannedBatch
from mprna.train.sharding import gathered, shard_layers
from mprna.train.state import LOWEST_LOSS, earlier_config, newest_step, sole_training
from mprna.train.utilization import training_flops

FORMAT = {"format": "mprna-run", "version": 1}

MAY_CHANGE: Final = ("num_steps", "recompute_layers", "compile_layers", "shard_weights")
"""When a run is resumed: its length, and what is for the machine and not for the outcome."""


def pretrain(
    config: TrainConfig,
    corpus_dirs: list[Path],
    run_dir: Path,
    *,
    validation_dir: Path | None = None,
    initial_model: Path | None = None,
    resume: bool = False,
    device: str | None = None,
    num_threads: int | None = None,
    tensorboard: bool = False,
) -> Path | None:
    """Train a model and write it; continue an interrupted run with `resume`.

    A resumed run may be made longer or shorter (`num_steps`): the learning rate then decays to the new end.
    It may also change its device, its number of processes, and whether layers are spread or recomputed.

    Args:
        initial_model: a model directory to start from instead of random weights.
        device: as torch names it; a GPU where there is one if None.
        num_threads: of torch, for the whole process; the losses depend on it in the last bits.
        tensorboard: whether to write `RUN/tensorboard` beside `metrics.jsonl`.

    Returns:
        the directory of the finished model, `RUN/model`; None where SIGTERM came first, and in all processes
        but the first.

    Raises:
        UsageError: the run exists and `resume` is off, it was made with other settings or data, or another
            process trains it; the config has weights for another number of corpora; the processes cannot
            share `accumulate_batches`; or there is no such device.
        CorpusError: a corpus that is missing or unfinished.
    """
    set_up_cpu(num_threads)
    place = find_device(device)
    with processes(place):
        share_of(config.accumulate_batches)  # refused now, before the run is claimed with this config
        stream = make_stream(corpus_dirs, config)
        validation = fixed_batches(validation_dir, config) if validation_dir else []
        model = _initial_model(config, initial_model).to(place)
        if config.shard_weights:
            shard_layers(model.encoder)
        learner = Pretraining(model, config, [to_device(batch, place) for batch in validation])

        def batches_from(start: int) -> Iterator[Batch]:
            return stream.batches_from(start, rank=rank(), world_size=world_size())

        with sole_training(run_dir):
            if rank() == 0:  # after all that a wrong call may be stopped by
                _claim(run_dir, config, _read_from(corpus_dirs, validation_dir, initial_model), resume=resume)
            barrier()
            complete = train(
                learner,
                batches_from,
                config=config,
                run_dir=run_dir,
                flops_of=learner.flops,
                tensorboard=tensorboard,
            )
            if complete:
                learner.save(run_dir / "model", dtype=torch.float16)
        return run_dir / "model" if complete and rank() == 0 else None


@dataclass(frozen=True)
class Pretraining:
    """The objectives, as the loop asks for them."""

    model: MprnaModel
    config: TrainConfig
    validation: list[Batch]

    @property
    def weights(self) -> dict[str, float]:
        return self.config.objectives.weights

    def losses(self, batch: Batch) -> dict[str, LossSum]:
        hidden = self.model.encode(batch.input_ids, batch.attention_mask)
        losses = compute_losses(self.model, hidden, batch, self.config.objectives)
        if losses:
            return losses
        zero = 0.0 * hidden.sum()  # other processes wait for gradients of this one too
        return {name: LossSum(zero, zero.detach(), zero.detach()) for name in self.weights}

    def flops(self, batch: Batch) -> float:
        """Operations that training with a batch takes."""
        return training_flops(self.model.config, batch.attention_mask.sum(1).tolist())

    @property
    def best_metric(self) -> tuple[str, int]:
        return LOWEST_LOSS

    def evaluate(self) -> dict[str, float]:
        """`loss`, weighted as in training, and what `evaluation.py` finds of every objective."""
        metrics = evaluate(self.model, self.validation, self.config.objectives)
        losses = {name: metrics.get(f"{name}_loss", 0.0) for name in self.weights}
        total = sum(self.weights[name] * loss for name, loss in losses.items())
        return {"loss": total} | metrics if metrics else {}

    def is_done(self, history: list[dict[str, float]]) -> bool:
        return False

    def save(self, directory: Path, *, dtype: torch.dtype = torch.float32) -> None:
        weights = gathered(self.model.state_dict())
        if rank() == 0:
            write_checkpoint(self.model.config, weights, directory, dtype=dtype)

    def load(self, directory: Path) -> dict[str, Tensor]:
        return load_checkpoint(directory).state_dict()


def _initial_model(config: TrainConfig, directory: Path | None) -> MprnaModel:
    with seeded(config.seed):
        model = MprnaModel(PRESETS[config.preset])
    model.encoder.recompute_layers = config.recompute_layers
    if config.compile_layers:
        for layer in model.encoder.layers:
            layer.compile(dynamic=True)  # in place: names of weights stay
    if directory is not None:
        initial = load_checkpoint(directory)
        if initial.config != model.config:
            raise UsageError(
                f"{directory} is no {config.preset} model, which this recipe trains; choose one of its size"
            )
        model.load_state_dict(initial.state_dict())
    return model


def make_stream(corpus_dirs: list[Path], config: TrainConfig) -> BatchStream:
    """The batches that a run trains on; errors are those of `SliceDataset` and `BatchStream`."""
    return BatchStream(
        SliceDataset(corpus_dirs),
        objectives=config.objectives,
        batch_tokens=config.batch_tokens,
        seed=config.seed,
        corpus_weights=config.corpus_weights,
    )


def fixed_batches(corpus_dir: Path, config: TrainConfig, *, batch_size: int = 16) -> list[Batch]:
    """The first `validation_slices` slices, corrupted once and for all, shortest first; no joint streams."""
    stream = make_stream([corpus_dir], replace(config, corpus_weights=None))
    shortest_first = np.argsort(stream.dataset.lengths[: config.validation_slices], kind="stable")
    parts = [shortest_first[i : i + batch_size] for i in range(0, len(shortest_first), batch_size)]
    return [
        stream.batch(PlannedBatch(epoch=0, number=number, indices=part, joint=np.zeros(len(part), np.bool_)))
        for number, part in enumerate(parts)
    ]


def read_run_config(run_dir: Path) -> TrainConfig:
    """The config in `RUN/config.json`.

    Raises:
        ModelError: no `config.json` of a pretraining run.
    """
    values = read_json(run_dir / CONFIG_FILE)
    try:
        return TrainConfig.from_dict(values["train"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{run_dir / CONFIG_FILE}: not of a pretraining run ({error})") from None


def _read_from(
    corpus_dirs: list[Path], validation_dir: Path | None, initial_model: Path | None
) -> dict[str, list[str]]:
    """SHA-256 of the manifests of the corpora, and of the weights that a run starts from."""
    return {
        "corpora": [file_sha256(directory / MANIFEST_NAME) for directory in corpus_dirs],
        "validation": [file_sha256(validation_dir / MANIFEST_NAME)] if validation_dir else [],
        "initial_model": [file_sha256(initial_model / WEIGHTS_FILE)] if initial_model else [],
    }


def _claim(run_dir: Path, config: TrainConfig, read: dict[str, list[str]], *, resume: bool) -> None:
    """Write `config.json`; a run to resume must have the same data and settings, but for `MAY_CHANGE`."""
    path = run_dir / CONFIG_FILE
    if (earlier := earlier_config(run_dir, resume=resume)) is not None:
        free = {name: getattr(config, name) for name in MAY_CHANGE}
        if replace(read_run_config(run_dir), **free) != config:
            may_change = ", ".join(MAY_CHANGE)
            raise UsageError(
                f"{path} was written with other settings; only {may_change} may change on resume"
            )
        if (step := newest_step(run_dir)) > config.num_steps:
            raise UsageError(f"{run_dir} is at step {step}, past num_steps={config.num_steps}")
        read_then = earlier.get("read", read)  # runs of earlier releases do not say
        same = read_then if isinstance(read_then, dict) else {}
        if changed := [name for name in read if same.get(name) != read[name]]:
            raise UsageError(
                f"{path} was written with other data ({', '.join(changed)}); "
                "give the same, or choose another --out"
            )
    write_json(FORMAT | {"train": config.to_dict(), "read": read}, path)
