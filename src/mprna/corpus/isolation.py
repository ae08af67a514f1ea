"""Folds in a process of its own, with limits: a fold that hangs or crashes costs one label, not the build."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from mprna.child import ChildKilledError, ChildProcess
from mprna.errors import FoldingError
from mprna.folding.vienna import vienna_version

T = TypeVar("T")
_Request = tuple[int, tuple[Any, ...]]

_ATTEMPTS: Final = 3
"""A signal may come from outside (the kernel short of memory, an operator), so one death is no proof."""

_IN_FLIGHT: Final = 2
"""Sequences that the child has at once."""

_LAST_WORDS: Final = 2**20
"""Bytes of standard error that are read for the reason of a death."""


class FoldFailure(StrEnum):
    """Why a slice that was chosen for annotation has no labels."""

    NO_FOLD = "no_fold"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"


@dataclass(frozen=True, kw_only=True)
class FoldLimits:
    """What one fold may take.

    Args:
        seconds: wall time of a sequence of up to 1,000 nt; grows with the cube of the length beyond.
        memory: MiB on top of what the idle worker has; on Linux only.
    """

    seconds: float
    memory: int

    def seconds_for(self, length: int) -> float:
        """Time limit for a sequence of `length` nucleotides.

        >>> FoldLimits(seconds=60.0, memory=1024).seconds_for(2000)
        480.0
        """
        return self.seconds * max(1.0, length / 1000) ** 3


class IsolatedFold:
    """Calls fold functions in a child process, which is started at the first call.

    Args:
        folds: the functions, picklable; the child has loaded them before the limits apply.
        limits: of every call.
    """

    def __init__(self, folds: Sequence[Callable[..., Any]], limits: FoldLimits) -> None:
        self._folds, self._limits = folds, limits
        self._child: ChildProcess[_Request, Any] | None = None
        self._stderr: _SharedFile | None = None
        self._sent = deque[tuple[Any, ...]]()  # calls that the child has not answered

    def __call__(self, fold: Callable[..., T], calls: Iterable[tuple[Any, ...]]) -> Iterator[T | FoldFailure]:
        """What `fold` returns at every call, or why it does not, in their order.

        The child always has the next sequence already, so it does not wait for this process to wake up. One
        whose answers nobody took, because what asked for them failed, is replaced.

        Args:
            fold: one of the functions; a FoldingError of it is an answer.
            calls: its arguments, of which the first is the sequence.

        Raises:
            RuntimeError: a bug in `fold`; its traceback is on stderr.
        """
        if self._sent:
            self.close()
        waiting, sent = deque(calls), self._sent
        deaths: Counter[FoldFailure] = Counter()
        while waiting or sent:
            child = self._started()
            while waiting and len(sent) < _IN_FLIGHT:
                sent.append(waiting.popleft())
                child.send((self._folds.index(fold), sent[-1]))
            try:
                found = child.receive()
            except ChildKilledError as death:
                reason = self._reason(death)
                deaths[reason] += 1
                waiting.extendleft(reversed(sent))
                sent.clear()
                if reason is not FoldFailure.TIMEOUT and deaths.total() < _ATTEMPTS:
                    continue
                waiting.popleft()
                found = reason
            else:
                sent.popleft()
            deaths.clear()
            yield found

    def close(self) -> None:
        """End the child."""
        self._sent = deque()
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None

    def _started(self) -> ChildProcess[_Request, Any]:
        if self._child is None:
            self._stderr = _SharedFile()
            self._child = ChildProcess(partial(_Worker, self._folds, self._limits, self._stderr))  # type: ignore[arg-type]
        return self._child

    def _reason(self, death: ChildKilledError) -> FoldFailure:
        """ViennaRNA without memory says so, and then crashes."""
        if death.signal is signal.SIGALRM:
            return FoldFailure.TIMEOUT
        said = self._stderr.content().lower() if self._stderr else b""
        out_of_memory = death.signal is signal.SIGKILL or b"alloc" in said
        return FoldFailure.MEMORY if out_of_memory else FoldFailure.CRASH


class _SharedFile:
    """A file without a name that this process reads and its children write, so that nothing is left of it
    however they end."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as there is a child

    def __reduce__(self) -> tuple[Any, ...]:
        """On its way to a child that is being started: the descriptor of the same file."""
        return _received, (DupFd(self._file.fileno()),)

    def content(self) -> bytes:
        """What a child wrote; its place in the file, which is shared too, is not moved."""
        return os.pread(self._file.fileno(), _LAST_WORDS, 0)

    def close(self) -> None:
        self._file.close()


def _received(descriptor: Any) -> IO[bytes]:
    """The child's end of a `_SharedFile`, empty."""
    file = open(descriptor.detach(), "wb", buffering=0)  # noqa: SIM115 - open until the child ends
    file.seek(0)
    file.truncate()
    return file


class _Worker:
    """The child's side."""

    def __init__(self, folds: Sequence[Callable[..., Any]], limits: FoldLimits, stderr: IO[bytes]) -> None:
        self._folds, self._limits, self._stderr = folds, limits, stderr
        vienna_version()  # loads the library before the limits apply
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process even inside ViennaRNA
        _limit_memory(limits.memory)

    def __call__(self, request: _Request) -> Any:
        index, arguments = request
        with self._stderr_in_file():
            signal.setitimer(signal.ITIMER_REAL, self._limits.seconds_for(len(arguments[0])))
            try:
                return self._folds[index](*arguments)
            except FoldingError:
                return FoldFailure.NO_FOLD
            except MemoryError:
                return FoldFailure.MEMORY
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def _stderr_in_file(self) -> Iterator[None]:
        """Where the parent finds a crash's last words, and the user does not."""
        ours = os.dup(2)
        os.dup2(self._stderr.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(ours, 2)
            os.close(ours)


def _limit_memory(mebibytes: int) -> None:
    """Bound the address space, of which an idle worker has some already (libraries, threads).

    A lower limit of the system, as of `ulimit -v`, stays: nobody but root may raise it.
    """
    statm = Path("/proc/self/statm")
    if statm.exists():
        pages = int(statm.read_text().split()[0])
        limit = pages * resource.getpagesize() + mebibytes * 2**20
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
