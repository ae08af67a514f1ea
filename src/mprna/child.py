"""One child process that answers item by item over a pipe, and is started again after it was killed.

ViennaRNA holds the interpreter's lock while it folds, and may hang or crash: threads would help with neither.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.resource_tracker import ensure_running
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

_spawn = get_context("spawn")  # inherits none of the parent's threads and locks
_family = threading.RLock()
"""Starting a process reaps all dead ones; another thread would wait for its own in vain."""


class ChildKilledError(Exception):
    """A signal ended the child before it answered; there is a new one already."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        hint = " (out of memory?)" if self.signal is signal.SIGKILL else ""
        super().__init__(f"the worker process was killed by {self.signal.name}{hint}")


class ChildProcess(Generic[Item, Result]):
    """A process that calls `make_worker()` once and its result for every item.

    Args:
        make_worker: must be picklable, as must items and results.
    """

    def __init__(self, make_worker: Callable[[], Callable[[Item], Result]]) -> None:
        self._make_worker = make_worker
        self._start()

    def send(self, item: Item) -> None:
        """Give it work; it answers in the order of the items. No more than what a pipe holds may wait."""
        try:
            self.connection.send(item)
        except (BrokenPipeError, ConnectionResetError):
            if not self._unanswered:  # killed while it was idle; else `receive` tells of the death
                self._restart()
                self.connection.send(item)
        self._unanswered += 1

    def receive(self) -> Result:
        """The next answer; waits for it.

        Raises:
            ChildKilledError: it was killed; all items without an answer are lost.
            RuntimeError: it ended by itself; its traceback is on stderr.
        """
        try:
            result = cast("Result", _receive(self.connection))
        except EOFError:
            exit_code = self._restart()
            raise ChildKilledError(-exit_code) from None
        self._unanswered -= 1
        return result

    def kill(self) -> None:
        """End what it does, from any thread; `receive` raises ChildKilledError, and there is a new one."""
        self._process.kill()

    def stop(self) -> None:
        """End it, whatever it does."""
        with _family:
            self._process.terminate()
            self._process.join()
        self.connection.close()

    def _start(self) -> None:
        self._unanswered = 0
        self.connection, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_serve, args=(theirs, self._make_worker), daemon=True)
        with _family, _without_interrupts():
            self._process.start()
        theirs.close()  # so that the child's death reads as end of file here

    def _restart(self) -> int:
        """Replace a process that a signal killed; returns its (negative) exit code."""
        self.connection.close()
        with _family:
            self._process.join()
            exit_code = self._process.exitcode
        if exit_code is None or exit_code >= 0:
            raise RuntimeError(f"a worker process ended with exit code {exit_code}; see its traceback above")
        self._start()
        return exit_code


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started in here never sees Ctrl-C, which is the parent's to handle."""
    ensure_running()  # the resource tracker's own start would lift the mask again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(connection: Connection, make_worker: Callable[[], Callable[[Item], Result]]) -> None:
    worker = make_worker()
    with suppress(EOFError, ConnectionError):  # the parent is done, or gone
        while True:
            connection.send(worker(_receive(connection)))


def _receive(connection: Connection) -> Any:
    """What the other end sent.

    Raises:
        EOFError: it is gone, perhaps in the middle of a message.
    """
    try:
        return connection.recv()
    except OSError as error:
        raise EOFError from error
