"""Runs many tasks, a few at a time, and returns their rows in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable

from mprna.web.problems import ApiError
from mprna.web.tasks import Bug, Outcome, Refusal, RowTask, Task
from mprna.web.workers import TaskTimeoutError, WorkerLostError, WorkerPool

_log = logging.getLogger(__name__)


async def rows_in_order(
    pool: WorkerPool, tasks: Iterable[RowTask], *, width: int, seconds: float
) -> AsyncIterator[list[bytes]]:
    """The rows of every task.

    Args:
        width: tasks that are under way at once, so that others get their turn between them.
        seconds: see `WorkerPool.run`.

    Raises:
        ApiError: 500, a bug.
    """
    waiting: deque[asyncio.Task[list[bytes]]] = deque()
    try:
        for task in tasks:
            if len(waiting) == width:
                yield await waiting.popleft()
            waiting.append(asyncio.create_task(rows_of(pool, task, seconds=seconds)))
        while waiting:
            yield await waiting.popleft()
    finally:
        for unfinished in waiting:
            unfinished.cancel()


async def rows_of(pool: WorkerPool, task: RowTask, *, seconds: float) -> list[bytes]:
    """The rows of one task; rows with the reason if it fails, takes too long or kills its workers."""
    try:
        outcome = await pool.run(task, seconds=seconds)
    except (TaskTimeoutError, WorkerLostError) as error:
        return task.failed(str(error))
    return task.failed(outcome.message) if isinstance(outcome, Refusal) else _checked(outcome)


async def file_of(pool: WorkerPool, task: Task, *, seconds: float) -> bytes:
    """The one answer of a task.

    Raises:
        ApiError: 422, it cannot be answered; 503, it took too long or killed its workers; 500, a bug.
    """
    try:
        outcome = await pool.run(task, seconds=seconds)
    except TaskTimeoutError as error:
        raise ApiError(503, "timeout", str(error)) from None
    except WorkerLostError as error:
        raise ApiError(503, "worker_lost", str(error)) from None
    if isinstance(outcome, Refusal):
        raise ApiError(422, "invalid", outcome.message)
    return _checked(outcome)[0]


def _checked(outcome: Outcome) -> list[bytes]:
    if isinstance(outcome, Bug):
        _log.error("bug", extra={"facts": {"type": outcome.kind, "place": outcome.place}})
        raise ApiError(500, "internal", "an internal error; it has been logged")
    assert not isinstance(outcome, Refusal)
    return outcome
