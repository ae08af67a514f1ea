"""The training loop, step by step: gradients, optimizer, log, evaluation, checkpoint."""

from __future__ import annotations

import dataclasses
import math
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor

from mprna.errors import MprnaWarning, RunError
from mprna.model.checkpoint import save_tensors
from mprna.train.config import LoopConfig
from mprna.train.device import device_of, precision, slow_precision, to_device
from mprna.train.distributed import barrier, of_first, rank, share_of, sum_gradients, sum_values, world_size
from mprna.train.learner import Batch, Learner
from mprna.train.optim import learning_rate_at, make_optimizer
from mprna.train.sharding import clip_grad_norm_, is_sharded
from mprna.train.state import Progress, drop_old, load_state, save_state
from mprna.train.tracker import Tracker, best_step
from mprna.train.utilization import product_flops


def train(
    learner: Learner[Batch],
    batches_from: Callable[[int], Iterator[Batch]],
    *,
    config: LoopConfig,
    run_dir: Path,
    flops_of: Callable[[Batch], float] | None = None,
    tensorboard: bool = False,
) -> bool:
    """Train until `config.num_steps`, continuing from the newest checkpoint of `run_dir` if there is one.

    A run that was interrupted and continued ends with the same weights, bit by bit, as one that was not (on
    the same machine with the same number of threads): data and corruption depend only on the number of the
    batch, and nothing else is random.

    Args:
        batches_from: given how many batches all processes together have used, the next batches of this one.
        flops_of: operations that training with a batch takes (`utilization.py`); with it `mfu` is logged.
        tensorboard: whether to write `RUN/tensorboard` beside `metrics.jsonl`.

    Returns:
        whether the run is complete; False where SIGTERM stopped it, after a checkpoint was written.

    Raises:
        RunError: loss or gradients are not finite, or the loss is far above that of the first steps. The
            batches of that step are saved in `run_dir`.
        UsageError: batches that the processes cannot share equally.
    """
    model = learner.model.train()
    device = device_of(model)
    if complaint := slow_precision(device, bfloat16=config.bfloat16):
        warnings.warn(MprnaWarning(complaint), stacklevel=2)
    optimizer = make_optimizer(model, config)
    step, evaluations = load_state(learner, optimizer, run_dir)
    tracker = Tracker(
        run_dir,
        num_steps=config.num_steps,
        start_step=step,
        evaluations=evaluations,
        peak_flops=product_flops(device, bfloat16=config.bfloat16) * world_size() if flops_of else None,
        active=rank() == 0,
        tensorboard=tensorboard,
    )
    if rank() == 0:  # the process before may have ended while it did this
        drop_old(run_dir, step, best=best_step(tracker.history, learner.best_metric))
    batches = batches_from(step * config.accumulate_batches)
    complete = step >= config.num_steps or learner.is_done(tracker.history)
    stopped = False
    with _sigterm() as signals, closing(tracker):
        while not complete and not stopped:
            step += 1
            share = islice(batches, share_of(config.accumulate_batches))
            used = [to_device(batch, device) for batch in share]
            metrics = _compute_gradients(learner, used, config)
            if flops_of:
                metrics["flops"] = sum_values([sum(map(flops_of, used))])[0]
            if fault := _fault(tracker, metrics):
                saved = _save_for_replay(learner, used, run_dir)
                raise RunError(f"step {step}: {fault}; lower learning_rate (weights and batches: {saved})")
            _update(optimizer, learning_rate_at(step - 1, config))
            tracker.train(step, metrics)
            complete = step == config.num_steps
            if complete or step % config.evaluate_every == 0:
                tracker.evaluation(step, _evaluate(learner, config))
                complete = learner.is_done(tracker.history) or complete
            stopped = sum_values([float(bool(signals))]) != [0.0]  # all processes stop if one is told to
            best = best_step(tracker.history, learner.best_metric)
            if complete or stopped or step == best or step % config.save_every == 0:
                save_state(learner, optimizer, Progress(step, tracker.history), run_dir=run_dir, best=best)
    barrier()
    return complete


def _compute_gradients(learner: Learner[Batch], batches: list[Batch], config: LoopConfig) -> dict[str, float]:
    """Clipped gradients of the weighted mean loss over `accumulate_batches` batches of all processes.

    Returns:
        that `loss`, its parts by name (nats per scored token of all batches; none where nothing is scored),
        the number of `tokens` without padding, the share of `padding`, and `gradient_norm` before clipping.
    """
    names = list(learner.weights)
    scored = {name: f"scored for {name}" for name in names}
    sums = dict.fromkeys([*names, *scored.values(), "loss", "tokens", "places"], 0.0)
    for batch in batches:
        with precision(device_of(learner.model), bfloat16=config.bfloat16):
            losses = learner.losses(batch)
        terms: list[Tensor] = [learner.weights[name] * loss.mean for name, loss in losses.items()]
        loss = torch.stack(terms).sum() / config.accumulate_batches
        loss.backward()  # type: ignore[no-untyped-call]
        sums["loss"] += loss.item()
        for name, part in losses.items():
            sums[name] += part.total.item()
            sums[scored[name]] += part.weight.item()
        sums["tokens"] += int(batch.attention_mask.sum())
        sums["places"] += batch.attention_mask.numel()
    sum_gradients(p for p in learner.model.parameters() if not is_sharded(p))
    norm = clip_grad_norm_(learner.model.parameters(), config.max_gradient_norm).item()
    sums = dict(zip(sums, sum_values(list(sums.values())), strict=True))
    losses_by_name = {f"{name}_loss": sums[name] / sums[scored[name]] for name in names if sums[scored[name]]}
    padding = 1 - sums["tokens"] / sums["places"]
    return {
        "loss": sums["loss"],
        **losses_by_name,
        "tokens": sums["tokens"],
        "padding": padding,
        "gradient_norm": norm,
    }


def _evaluate(learner: Learner[Batch], config: LoopConfig) -> dict[str, float]:
    learner.model.eval()
    with precision(device_of(learner.model), bfloat16=config.bfloat16), torch.no_grad():
        metrics = learner.evaluate()
    learner.model.train()
    return dict(zip(metrics, of_first(list(metrics.values())), strict=True))


def _fault(tracker: Tracker, metrics: dict[str, float]) -> str | None:
    """What says that a step has diverged, if it has."""
    loss, norm = metrics["loss"], metrics["gradient_norm"]
    if tracker.has_diverged(loss):
        return f"loss {loss:g} is not finite, or far above the first ones"
    return None if math.isfinite(norm) else f"the norm of the gradients, {norm:g}, is not finite"


def _save_for_replay(learner: Learner[Batch], batches: list[Batch], run_dir: Path) -> Path:
    """Write `RUN/diverged-RANK`: the batches of the step and, of rank 0, the weights. Returns the folder."""
    learner.save(run_dir / "diverged-0")
    directory = run_dir / f"diverged-{rank()}"
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{number}.{field.name}": getattr(batch, field.name).contiguous()
        for number, batch in enumerate(batches)
        for field in dataclasses.fields(batch)  # type: ignore[arg-type]
    }
    save_tensors(tensors, directory / "batches.safetensors")
    return directory


def _update(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    optimizer.zero_grad()


@contextmanager
def _sigterm() -> Iterator[list[int]]:
    """A list that SIGTERM adds to, instead of ending the process, so that a step is finished and saved."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # elsewhere Python takes no signals
        yield received
        return

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)

    previous = signal.signal(signal.SIGTERM, remember)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, previous)
