"""Ordered work in child processes: bounded memory, and an answer even where a child is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing import current_process
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Generic

from mprna.child import ChildKilledError, ChildProcess, Item, Result
from mprna.errors import UsageError

NO_MEMORY: Final = "not enough memory"
"""The reason of an item for which there was none."""

IN_FLIGHT: Final = 8
"""Items per process that are read ahead of the result that is due."""

MANY_IN_FLIGHT: Final = 128
"""The same where results are small, so that a slow item does not stop the others."""


def map_ordered(
    make_worker: Callable[[], Callable[[Item], Result]],
    items: Iterable[Item],
    *,
    jobs: int,
    on_kill: Callable[[Item, str], Result],
    ahead: int = IN_FLIGHT,
) -> Iterator[Result]:
    """`worker(item)` for every item, in the order of `items`.

    Args:
        make_worker: called at once here, and in every child; must be picklable, as must items and results.
        items: read lazily, at most `ahead * jobs` ahead of the result that is due. While the next
            item is awaited, results wait too. An error of theirs is raised after the results of all
            items before it.
        jobs: most processes, at least 1, started as items come; with 1, everything happens in this one.
        on_kill: the result of an item whose process was killed by a signal or had not enough memory, from the
            item and the reason.
        ahead: how many results may wait in memory for one before them, per process.

    Raises:
        UsageError: fewer than one process, or several in a process that may start none.
        Exception: whatever `make_worker` or reading `items` raises.
        RuntimeError: a child ended by itself; its traceback is on stderr.
    """
    if jobs < 1:
        raise UsageError(f"jobs {jobs}; expected at least 1 process")
    worker = _Careful(make_worker)  # raises here, before anything is read, what would end every child
    if jobs > 1 and current_process().daemon:
        raise UsageError("jobs: a worker of a pool may start no processes; ask for 1 job there")
    if jobs > 1:
        return _in_children(partial(_Careful, make_worker), items, jobs, on_kill, ahead)
    return (_or_reason(worker(item), item, on_kill) for item in items)


class _Careful(Generic[Item, Result]):
    """A worker whose answer to a lack of memory is the error itself, as nothing else reaches the parent."""

    def __init__(self, make_worker: Callable[[], Callable[[Item], Result]]) -> None:
        self._worker = make_worker()

    def __call__(self, item: Item) -> Result | MemoryError:
        try:
            return self._worker(item)
        except MemoryError:
            return MemoryError()


def _or_reason(result: Result | MemoryError, item: Item, on_kill: Callable[[Item, str], Result]) -> Result:
    return on_kill(item, NO_MEMORY) if isinstance(result, MemoryError) else result


def _in_children(
    make_worker: Callable[[], _Careful[Item, Result]],
    items: Iterable[Item],
    jobs: int,
    on_kill: Callable[[Item, str], Result],
    ahead: int,
) -> Iterator[Result]:
    team = _Team(make_worker, jobs)
    try:
        yield from _in_order(team, iter(items), on_kill, ahead)
    finally:
        team.stop()


def _in_order(
    team: _Team[Item, Result], items: Iterator[Item], on_kill: Callable[[Item, str], Result], ahead: int
) -> Iterator[Result]:
    finished: dict[int, Result] = {}
    due = submitted = 0
    exhausted = False
    fault: Exception | None = None
    while True:
        busy = team.busy
        may_read = not exhausted and len(busy) < team.jobs and submitted - due < ahead * team.jobs
        if not busy and not may_read:
            if fault is not None:
                raise fault
            return
        # Reading may take as long as the input likes, so whatever is finished goes out first.
        for connection in wait(list(busy), timeout=0 if may_read else None):
            index, result = busy[connection].collect(on_kill)
            finished[index] = result
        while due in finished:
            yield finished.pop(due)
            due += 1
        if may_read:
            try:
                team.submit(submitted, next(items))
                submitted += 1
            except StopIteration:
                exhausted = True
            except Exception as error:  # raised in its turn
                exhausted, fault = True, error


class _Team(Generic[Item, Result]):
    """Children, of which no more are started than there is work for."""

    def __init__(self, make_worker: Callable[[], _Careful[Item, Result]], jobs: int) -> None:
        self.jobs = jobs
        self._make_worker = make_worker
        self._children = [_Child(make_worker)]

    @property
    def busy(self) -> dict[Any, _Child[Item, Result]]:
        """Children at work, by their connections."""
        return {child.connection: child for child in self._children if child.task is not None}

    def submit(self, index: int, item: Item) -> None:
        """Give the item to a child that is idle, or to a new one."""
        idle = next((child for child in self._children if child.task is None), None)
        if idle is None:
            idle = _Child(self._make_worker)
            self._children.append(idle)
        idle.submit(index, item)

    def stop(self) -> None:
        for child in self._children:
            child.stop()


class _Child(Generic[Item, Result]):
    """A process and the item that it works on."""

    def __init__(self, make_worker: Callable[[], _Careful[Item, Result]]) -> None:
        self._process: ChildProcess[Item, Result | MemoryError] = ChildProcess(make_worker)
        self.task: tuple[int, Item] | None = None

    @property
    def connection(self) -> Connection:
        """Readable when the task is done."""
        return self._process.connection

    def submit(self, index: int, item: Item) -> None:
        self._process.send(item)
        self.task = index, item

    def collect(self, on_kill: Callable[[Item, str], Result]) -> tuple[int, Result]:
        """The finished task's index and result; call when the connection is ready."""
        if self.task is None:
            raise ValueError("no task was submitted")
        index, item = self.task
        self.task = None
        try:
            return index, _or_reason(self._process.receive(), item, on_kill)
        except ChildKilledError as death:
            return index, on_kill(item, str(death))

    def stop(self) -> None:
        self._process.stop()
