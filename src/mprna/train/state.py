"""Checkpoints of a training run, written whole or not at all; the newest ones are kept, and the best.

RUN/checkpoints/step-00000250/  config.json model.safetensors optimizer.safetensors state.json …
"""

from __future__ import annotations

import fcntl
import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from mprna.digest import file_sha256
from mprna.errors import ModelError, MprnaWarning, UsageError
from mprna.files import read_json
from mprna.model.checkpoint import save_tensors
from mprna.model.layout import CONFIG_FILE
from mprna.train.distributed import rank
from mprna.train.learner import AnyLearner
from mprna.train.sharding import gathered, placed_like
from mprna.train.tracker import METRICS_FILE, best_step, is_row, read_validation

KEEP = 2
"""Newest checkpoints that stay on disk; the older one serves if the newer is damaged."""

_UNREADABLE = (ModelError, SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError)

LOWEST_LOSS = ("loss", -1)
"""What chooses the best checkpoint of a pretraining run."""


@contextmanager
def sole_training(run_dir: Path) -> Iterator[None]:
    """Keep other trainings out of a run; the lock is flock's, and ends with its process.

    Raises:
        UsageError: another one is at work there.
    """
    if rank() > 0:  # the first process of a training keeps them out for all of it
        yield
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another training is at work in {run_dir}; wait, or choose another --out"
            ) from None
        except OSError as error:
            message = (
                f"{run_dir}: the disk has no file locks ({error.strerror}); begin no second training here"
            )
            warnings.warn(MprnaWarning(message), stacklevel=2)
        yield


def earlier_config(run_dir: Path, *, resume: bool) -> dict[str, Any] | None:
    """`config.json` of the run to resume; None where the folder holds nothing of a run.

    Raises:
        UsageError: there is a run, and `resume` is off or the run has lost its `config.json`.
    """
    path = run_dir / CONFIG_FILE
    if path.exists():
        if not resume:
            raise UsageError(f"{run_dir} holds a run already; add --resume, or choose another --out")
        return read_json(path)
    if newest_step(run_dir) or (run_dir / METRICS_FILE).exists():
        raise UsageError(f"{run_dir} holds a run that has lost its {CONFIG_FILE}; choose another --out")
    return None


class Progress(NamedTuple):
    """How far a run is."""

    step: int = 0
    """Optimizer steps done."""
    evaluations: Sequence[dict[str, Any]] = ()
    """Rows of `metrics.jsonl`, which is not flushed to the disk at every step, as checkpoints are."""


def save_state(
    learner: AnyLearner,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    *,
    run_dir: Path,
    best: int | None,
) -> None:
    """Write a checkpoint under a temporary name, rename it, drop what is neither new nor best.

    All processes call it; the first one writes, and what it writes is the same however layers are spread.

    Args:
        best: the step of the best evaluation so far, whose checkpoint stays.

    Raises:
        ModelError, OSError: the disk is full; earlier checkpoints stay, and nothing of this one.
    """
    final = checkpoint_dir(run_dir, progress.step)
    partial = final.with_suffix(".partial")
    with _gone_after_errors(partial):
        learner.save(partial)
        moments = gathered(_moments(learner.model, optimizer))
        if rank() > 0:
            return
        save_tensors(moments, partial / "optimizer.safetensors")
        state = progress._asdict() | {"files": _digests(partial)}
        (partial / "state.json").write_text(json.dumps(state) + "\n")
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
    drop_old(run_dir, progress.step, best=best)


def drop_old(run_dir: Path, step: int, *, best: int | None) -> None:
    """Remove what is neither of the newest checkpoints up to a step nor the best, and what is not whole.

    Later ones are damaged, where no checkpoint could be restored; they stay.
    """
    last = checkpoint_dir(run_dir, step)
    for partial in last.parent.glob("step-????????.partial"):
        shutil.rmtree(partial)
    done = sorted(path for path in last.parent.glob("step-????????") if path <= last)
    for old in done[:-KEEP]:
        if best is None or old != checkpoint_dir(run_dir, best):
            # Under a name that nobody takes for whole, if the process ends meanwhile.
            shutil.rmtree(old.rename(old.with_suffix(".partial")))


@contextmanager
def _gone_after_errors(partial: Path) -> Iterator[None]:
    """Begin without the folder, and remove it where the block fails: it may be what fills the disk."""
    if rank() == 0:
        shutil.rmtree(partial, ignore_errors=True)
    try:
        yield
    except BaseException:
        if rank() == 0:
            shutil.rmtree(partial, ignore_errors=True)
        raise


def load_state(learner: AnyLearner, optimizer: torch.optim.Optimizer, run_dir: Path) -> Progress:
    """Restore the newest readable checkpoint in place, and remove the damaged ones after it.

    Raises:
        ModelError: there are checkpoints, but none can be read.
    """
    for directory in _newest_first(run_dir):
        try:
            done = _restore(learner, optimizer, directory)
        except _UNREADABLE as error:
            warnings.warn(
                MprnaWarning(f"{directory}: unreadable checkpoint, trying an older one ({error})"),
                stacklevel=2,
            )
            continue
        _remove_after(directory)
        return done
    if newest_step(run_dir):
        raise ModelError(f"{run_dir / 'checkpoints'}: none can be read; to start anew, choose another --out")
    return Progress()


def _remove_after(directory: Path) -> None:
    """What is of a later step would count as the newest until the run is past it."""
    later = [path for path in directory.parent.glob("step-????????") if path > directory]
    for path in later if rank() == 0 else []:
        shutil.rmtree(path)


def checkpoint_dir(run_dir: Path, step: int) -> Path:
    """Where the checkpoint of a step is, if there is one."""
    return run_dir / "checkpoints" / f"step-{step:08d}"


def find_checkpoint(run_dir: Path, which: str) -> Path:
    """A checkpoint of a pretraining run, finished or not.

    Args:
        which: `last`, or `best`: that of the lowest validation loss.

    Raises:
        ModelError: no checkpoint, or no validation loss to choose by.
    """
    if which == "last":
        return latest_checkpoint(run_dir)
    best = best_step(read_validation(run_dir), LOWEST_LOSS)
    if best is None:
        raise ModelError(f"{run_dir}: no validation loss; train with --validation, or take --checkpoint last")
    if not checkpoint_dir(run_dir, best).is_dir():
        raise ModelError(
            f"{run_dir}: the checkpoint of the best step, {best}, is gone; take --checkpoint last"
        )
    return checkpoint_dir(run_dir, best)


def latest_checkpoint(run_dir: Path) -> Path:
    """The newest checkpoint of a run.

    Raises:
        ModelError: there is none.
    """
    for directory in _newest_first(run_dir):
        return directory
    raise ModelError(f"{run_dir}: no checkpoint; is this a run directory?")


def newest_step(run_dir: Path) -> int:
    """The step of the newest checkpoint of a run, whole or not; 0 without any."""
    return max(map(_step_of, _newest_first(run_dir)), default=0)


def _step_of(directory: Path) -> int:
    return int(directory.name.removeprefix("step-"))


def _newest_first(run_dir: Path) -> Iterator[Path]:
    return iter(sorted((run_dir / "checkpoints").glob("step-????????"), reverse=True))


def _restore(learner: AnyLearner, optimizer: torch.optim.Optimizer, directory: Path) -> Progress:
    state = json.loads((directory / "state.json").read_text())
    done = Progress(_step_of(directory), state.get("evaluations", ()))  # older ones have none
    if state["step"] != done.step:
        raise ValueError(f"state.json: step {state['step']}")
    if not all(map(is_row, done.evaluations)):
        raise ValueError("state.json: evaluations that are none")
    if state.get("files", _digests(directory)) != _digests(directory):  # older checkpoints have none
        raise ValueError("a file has changed since it was written")
    moments = load_file(directory / "optimizer.safetensors")
    weights = learner.load(directory)
    for name, parameter in learner.model.named_parameters():
        if f"{name}.step" in moments:  # frozen parameters and heads that are switched off have none
            optimizer.state[parameter] = {
                "step": moments[f"{name}.step"].to(parameter.device),
                "exp_avg": placed_like(moments[f"{name}.exp_avg"], parameter),
                "exp_avg_sq": placed_like(moments[f"{name}.exp_avg_sq"], parameter),
            }
    places = learner.model.state_dict()
    learner.model.load_state_dict({name: placed_like(weights[name], places[name]) for name in places})
    return done


def _digests(directory: Path) -> dict[str, str]:
    """SHA-256 of the weights and the optimizer's moments."""
    return {path.name: file_sha256(path) for path in sorted(directory.glob("*.safetensors"))}


def _moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }
