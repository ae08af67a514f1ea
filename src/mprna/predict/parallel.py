"""Ordered work in child processes: bounded memory, and an answer even where a child is killed.

ViennaRNA holds the interpreter's lock while it folds, so threads would gain nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.resource_tracker import ensure_running
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

IN_FLIGHT = 8
"""Items per process that are read ahead of the result that is due."""

_spawn = get_context("spawn")  # inherits none of the parent's threads and locks


def map_ordered(
    make_worker: Callable[[], Callable[[Item], Result]],
    items: Iterable[Item],
    *,
    jobs: int,
    on_kill: Callable[[Item, str], Result],
) -> Iterator[Result]:
    """`worker(item)` for every item, in the order of `items`.

    Args:
        make_worker: called once per process; must be picklable, as must items and results.
        items: read lazily, at most `IN_FLIGHT * jobs` ahead of the result that is due. While the next
            item is awaited, results wait too.
        jobs: processes; with 1, everything happens in this one.
        on_kill: the result of an item whose process was killed by a signal, from the item and the reason.

    Raises:
        Exception: whatever `make_worker` raises.
        RuntimeError: a child ended by itself; its traceback is on stderr.
    """
    if jobs == 1:
        yield from map(make_worker(), items)
        return
    team = [_Child(make_worker) for _ in range(jobs)]
    try:
        make_worker()  # raises here, once, what would end every child
        yield from _in_order(team, iter(items), on_kill)
    finally:
        for child in team:
            child.stop()


def _in_order(
    team: list[_Child[Item, Result]], items: Iterator[Item], on_kill: Callable[[Item, str], Result]
) -> Iterator[Result]:
    finished: dict[int, Result] = {}
    due = submitted = 0
    exhausted = False
    while True:
        idle = next((child for child in team if child.task is None), None)
        may_read = idle is not None and not exhausted and submitted - due < IN_FLIGHT * len(team)
        busy: dict[Any, _Child[Item, Result]] = {c.connection: c for c in team if c.task is not None}
        if not busy and not may_read:
            return
        # Reading may take as long as the input likes, so whatever is finished goes out first.
        for connection in wait(list(busy), timeout=0 if may_read else None):
            index, result = busy[connection].collect(on_kill)
            finished[index] = result
        while due in finished:
            yield finished.pop(due)
            due += 1
        if idle is not None and may_read:
            try:
                idle.submit(submitted, next(items))
                submitted += 1
            except StopIteration:
                exhausted = True


class _Child(Generic[Item, Result]):
    """One process and the pipe to it; started again after it was killed."""

    def __init__(self, make_worker: Callable[[], Callable[[Item], Result]]) -> None:
        self._make_worker = make_worker
        self.task: tuple[int, Item] | None = None
        self._start()

    def submit(self, index: int, item: Item) -> None:
        try:
            self.connection.send(item)
        except BrokenPipeError:  # killed while it was idle
            self._restart()
            self.connection.send(item)
        self.task = index, item

    def collect(self, on_kill: Callable[[Item, str], Result]) -> tuple[int, Result]:
        """The finished task's index and result; call when the connection is ready."""
        if self.task is None:
            raise ValueError("no task was submitted")
        index, item = self.task
        self.task = None
        try:
            return index, cast("Result", self.connection.recv())
        except (EOFError, ConnectionResetError):
            return index, on_kill(item, self._restart())

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()
        self.connection.close()

    def _start(self) -> None:
        self.connection, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_serve, args=(theirs, self._make_worker), daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()  # so that the child's death reads as end of file here

    def _restart(self) -> str:
        """Replace a dead process; returns why it died."""
        self.connection.close()
        self._process.join()
        reason = _reason(self._process.exitcode)
        self._start()
        return reason


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started in here never sees Ctrl-C, which is the parent's to handle."""
    ensure_running()  # the resource tracker's own start would lift the mask again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _reason(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        raise RuntimeError(f"a worker process ended with exit code {exit_code}; see its traceback above")
    hint = " (out of memory?)" if exit_code == -signal.SIGKILL else ""
    return f"the worker process was killed by {signal.Signals(-exit_code).name}{hint}"


def _serve(connection: Connection, make_worker: Callable[[], Callable[[Item], Result]]) -> None:
    worker = make_worker()
    try:
        while True:
            connection.send(worker(connection.recv()))
    except (EOFError, ConnectionError):  # the parent is done, or gone
        return
