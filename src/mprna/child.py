"""A child process that answers item by item over a pipe, and is replaced if it is killed.

Why not threads: ViennaRNA holds the interpreter's lock while it folds, and it may hang or crash.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.resource_tracker import ensure_running
from typing import Any, Final, Generic, TypeVar, cast

from mprna.errors import MprnaError

Item = TypeVar("Item")
Result = TypeVar("Result")

_spawn = get_context("spawn")  # inherits none of the parent's threads and locks
_family = threading.RLock()
"""Held while a process is started or waited for: starting one also collects the exit codes of all that have
ended, and a thread that waits for one of those would never see its exit code."""

_PR_SET_PDEATHSIG: Final = 1
"""Of Linux's prctl."""


class ChildKilledError(Exception):
    """A signal ended the child before it answered; it has been replaced already."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        hint = " (out of memory?)" if self.signal is signal.SIGKILL else ""
        super().__init__(f"the worker process was killed by {self.signal.name}{hint}")


class _NoWorker:
    """Stands in for a worker that could not be made, and answers with itself."""

    def __init__(self, error: MprnaError) -> None:
        self.error = error

    def __call__(self, item: object) -> _NoWorker:
        return self


class ChildProcess(Generic[Item, Result]):
    """A process that calls `worker = make_worker()` once, and then `worker(item)` for every item.

    Args:
        make_worker: like items and results, it must be picklable. An error of a user's that it raises is
            raised by `receive` here.
    """

    def __init__(self, make_worker: Callable[[], Callable[[Item], Result]]) -> None:
        self._make_worker = make_worker
        self._start()

    def send(self, item: Item) -> None:
        """Give it an item; answers come in the same order. No more items may wait than fit into a pipe."""
        try:
            self.connection.send(item)
        except (BrokenPipeError, ConnectionResetError):
            if not self._unanswered:  # it was killed while idle; otherwise `receive` raises the error
                self._restart()
                self.connection.send(item)
        self._unanswered += 1

    def receive(self) -> Result:
        """Wait for the next answer.

        Raises:
            ChildKilledError: the process was killed; all items without an answer are lost.
            MprnaError: the process could not make its worker.
            RuntimeError: the process ended by itself; its traceback is on stderr.
        """
        try:
            result = _receive(self.connection)
        except EOFError:
            exit_code = self._restart()
            raise ChildKilledError(-exit_code) from None
        self._unanswered -= 1
        if isinstance(result, _NoWorker):
            raise result.error
        return cast("Result", result)

    def kill(self) -> None:
        """Kill the process, from any thread; `receive` then replaces it and raises ChildKilledError."""
        self._process.kill()

    def stop(self) -> None:
        """End the process for good, whatever it is doing."""
        with _family:
            self._process.terminate()
            self._process.join()
        self.connection.close()

    def _start(self) -> None:
        self._unanswered = 0
        self.connection, theirs = _spawn.Pipe()
        may_bind = threading.current_thread() is threading.main_thread()  # which lives as long as the process
        arguments = theirs, self._make_worker, may_bind
        process = _spawn.Process(target=_serve, args=arguments, daemon=True)
        with _family, _without_interrupts():
            process.start()
        self._process = process  # once it runs, so that `kill` of another thread finds one that it can kill
        theirs.close()  # so that the child's death reads as end of file here

    def _restart(self) -> int:
        """Replace a process that a signal killed; returns its (negative) exit code."""
        self.connection.close()
        with _family:
            self._process.join()
            exit_code = self._process.exitcode
        if exit_code is None or exit_code >= 0:
            raise RuntimeError(
                f"a worker process ended with exit code {exit_code}; see its traceback above (a script that "
                'uses several processes must do so below `if __name__ == "__main__":`)'
            )
        self._start()
        return exit_code


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started in this block ignores Ctrl-C, which the parent handles."""
    ensure_running()  # the resource tracker's own start would lift the mask again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(
    connection: Connection, make_worker: Callable[[], Callable[[Item], Result]], may_bind: bool
) -> None:
    if may_bind:
        _end_with_parent()
    else:
        threading.Thread(target=_end_after_parent, daemon=True).start()
    worker: Callable[[Item], Result | _NoWorker]
    try:
        worker = make_worker()
    except MprnaError as error:
        worker = _NoWorker(error)
    with suppress(EOFError, ConnectionError):  # the parent is done, or gone
        while True:
            connection.send(worker(_receive(connection)))


def _end_with_parent() -> None:
    """Let Linux kill this process when the thread that started it ends; elsewhere it ends after its item."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


def _end_after_parent() -> None:
    """End this process, within a second or so, when its parent has ended; a fold is not interrupted."""
    parent = parent_process()
    assert parent is not None
    while os.getppid() == parent.pid:
        time.sleep(1)
    os._exit(1)


def _receive(connection: Connection) -> Any:
    """What the other end sent.

    Raises:
        EOFError: it is gone, perhaps in the middle of a message.
    """
    try:
        return connection.recv()
    except OSError as error:
        raise EOFError from error
