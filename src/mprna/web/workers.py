"""Processes that fold, each with a thread that waits for its answers; a task that takes too long is killed.

The event loop itself never waits for ViennaRNA, so the service answers even while all processes work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from mprna.child import ChildKilledError, ChildProcess
from mprna.errors import ModelError
from mprna.web.tasks import Bug, Outcome, Refusal, Task, WarmUp, make_worker

_GRACE: Final = 2.0
"""A task that nobody waits for any more may go on for so many seconds before its process is killed: replacing
a process takes about as long."""

_ATTEMPTS: Final = 2


class TaskTimeoutError(Exception):
    """A task took too long, and its process was killed."""


class WorkerLostError(Exception):
    """The process of a task died, and so did the one that replaced it."""


class WorkerPool:
    """Gives tasks to worker processes, first come, first served.

    Args:
        num_workers: processes.
        on_restart: called for every process that had to be replaced.
    """

    def __init__(self, num_workers: int, on_restart: Callable[[], None] = lambda: None) -> None:
        self.num_workers, self._on_restart = num_workers, on_restart
        self.num_waiting = 0
        self._workers: list[_Worker] = []
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._recoveries: set[asyncio.Task[None]] = set()
        self._is_closing = False

    @property
    def num_busy(self) -> int:
        """Workers that have a task or are being replaced."""
        return len(self._workers) - self._idle.qsize()

    async def start(self) -> None:
        """Start all processes, and wait until their models are loaded.

        Raises:
            ModelError: the default model cannot be loaded.
            WorkerLostError: a process cannot start; its traceback is on stderr.
        """
        self._workers = [_Worker(self._on_restart) for _ in range(self.num_workers)]
        for outcome in await asyncio.gather(*(worker.ask(WarmUp(), None) for worker in self._workers)):
            if isinstance(outcome, Refusal):
                raise ModelError(outcome.message)
            if isinstance(outcome, Bug):
                raise ModelError(f"a worker cannot fold: {outcome.kind} in {outcome.place}")
        for worker in self._workers:
            self._idle.put_nowait(worker)

    async def run(self, task: Task, *, seconds: float | None = None) -> Outcome:
        """The outcome of a task. If the caller is cancelled, so is the work.

        Args:
            seconds: how long the task may take, counted from when a worker is free.

        Raises:
            TaskTimeoutError: it took longer.
            WorkerLostError: the process died, and so did a second one.
        """
        self.num_waiting += 1
        try:
            worker = await self._idle.get()
        finally:
            self.num_waiting -= 1
        try:
            return await worker.ask(task, seconds)
        finally:
            self._release(worker)

    async def close(self) -> None:
        """End all processes, each whatever happens to the others."""
        self._is_closing = True
        for recovery in self._recoveries:
            recovery.cancel()
        closed = await asyncio.gather(*(worker.close() for worker in self._workers), return_exceptions=True)
        for failure in filter(None, closed):
            raise failure

    def _release(self, worker: _Worker) -> None:
        if self._is_closing:
            return
        if not worker.is_busy:
            self._idle.put_nowait(worker)
            return
        recovery = asyncio.create_task(self._recover(worker))
        self._recoveries.add(recovery)
        recovery.add_done_callback(self._recoveries.discard)

    async def _recover(self, worker: _Worker) -> None:
        await worker.finish(_GRACE)
        with suppress(WorkerLostError):  # the next task will raise it again, and reach the client
            await worker.ask(WarmUp(), None)
        self._idle.put_nowait(worker)


class _Worker:
    """One process at a time, and the thread that waits for its answers."""

    def __init__(self, on_restart: Callable[[], None]) -> None:
        self._on_restart = on_restart
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._child: ChildProcess[Task, Outcome] = ChildProcess(make_worker)
        self._answer: asyncio.Future[Outcome] | None = None
        self._is_closing = False

    @property
    def is_busy(self) -> bool:
        return self._answer is not None and not self._answer.done()

    async def ask(self, task: Task, seconds: float | None) -> Outcome:
        death: WorkerLostError | None = None
        for _ in range(_ATTEMPTS):
            answer = asyncio.get_running_loop().run_in_executor(self._thread, self._exchange, task)
            self._answer = answer
            done, _ = await asyncio.wait({answer}, timeout=seconds)
            if not done:
                self._child.kill()
                raise TaskTimeoutError(
                    f"stopped after {seconds:g} s; try a shorter sequence or another engine"
                )
            try:
                return answer.result()
            except WorkerLostError as error:
                death = error
            if self._is_closing:
                break
        assert death is not None
        raise death

    async def finish(self, grace: float) -> None:
        """Wait for a task that nobody else waits for any more; kill it if that takes longer than `grace`."""
        answer = self._answer
        assert answer is not None
        done, _ = await asyncio.wait({answer}, timeout=grace)
        if not done:
            self._child.kill()
            await asyncio.wait({answer})
        answer.exception()  # looked at, so that asyncio does not report it as never retrieved

    async def close(self) -> None:
        self._is_closing = True
        if self.is_busy:
            await self.finish(0)
        self._child.stop()
        self._thread.shutdown()

    def _exchange(self, task: Task) -> Outcome:
        """Send a task to the process and wait for the answer; runs in the worker's thread."""
        try:
            self._child.send(task)
            return self._child.receive()
        except ChildKilledError as death:
            self._on_restart()
            raise WorkerLostError(f"{death}, twice") from None
        except RuntimeError:  # it ended by itself, and its traceback is on stderr
            self._on_restart()
            self._child = ChildProcess(make_worker)
            raise WorkerLostError("the worker process ended, twice") from None
