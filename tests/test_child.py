"""One process at the other end of a pipe: answers, deaths and bugs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mprna.child import ChildKilledError, ChildProcess
from mprna.errors import FormatError

Child = ChildProcess[int, int]


def pid_or_death(number: int) -> int:
    """The process's id; 1 to 64 are signals to die from, 99 is a bug, 100 a hang."""
    if number == 99:
        raise ZeroDivisionError
    if number == 100:
        time.sleep(60)
    if number:
        os.kill(os.getpid(), number)
    return os.getpid()


def answer_at_length(size: int) -> bytes:
    return bytes(size)


def make_talker() -> Callable[[int], bytes]:
    return answer_at_length


def make_worker() -> Callable[[int], int]:
    return pid_or_death


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(make_worker)
    yield child
    child.stop()


def ask(child: Child, number: int) -> int:
    child.send(number)
    return child.receive()


def test_one_process_answers_all(child: Child) -> None:
    assert ask(child, 0) == ask(child, 0) != os.getpid()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_death_names_the_signal_and_there_is_a_new_process(child: Child, number: signal.Signals) -> None:
    first = ask(child, 0)
    with pytest.raises(ChildKilledError, match=f"killed by {number.name}") as death:
        ask(child, number)
    assert death.value.signal is number
    assert ask(child, 0) != first


def test_killed_while_idle_costs_nothing(child: Child) -> None:
    first = ask(child, 0)
    [process] = (p for p in multiprocessing.active_children() if p.pid == first)
    os.kill(first, signal.SIGKILL)
    process.join()
    assert ask(child, 0) != first


def test_answers_never_change_places_after_a_death(child: Child) -> None:
    """The second item is sent to a dead process; a new one must not answer it in place of the first."""
    first = ask(child, 0)
    [process] = (p for p in multiprocessing.active_children() if p.pid == first)
    child.send(signal.SIGKILL)
    process.join()
    child.send(0)
    with pytest.raises(ChildKilledError):
        child.receive()
    assert ask(child, 0) != first


def test_bug_is_no_death(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="exit code 1"):
        ask(Child(make_worker), 99)
    assert "ZeroDivisionError" in capfd.readouterr().err


def no_worker() -> Callable[[int], int]:
    raise FormatError("cut off", path="relatives.fa", line=3)


def test_a_worker_that_cannot_be_made_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child(no_worker)
    for _ in range(2):
        with pytest.raises(FormatError, match=r"^relatives\.fa:3: cut off$"):
            ask(child, 0)
    child.stop()
    assert capfd.readouterr().err == ""


def test_killed_by_us_is_a_death_like_any_other(child: Child) -> None:
    first = ask(child, 0)
    [process] = (p for p in multiprocessing.active_children() if p.pid == first)
    child.kill()
    process.join()
    assert ask(child, 0) != first


def test_killed_by_us_at_work(child: Child) -> None:
    first = ask(child, 0)
    child.send(100)
    child.kill()
    with pytest.raises(ChildKilledError) as death:
        child.receive()
    assert death.value.signal is signal.SIGKILL
    assert ask(child, 0) != first


def test_killed_in_the_middle_of_an_answer() -> None:
    child = ChildProcess(make_talker)
    child.send(10_000_000)  # more than a pipe holds
    assert child.connection.poll(60)
    child.kill()
    with pytest.raises(ChildKilledError):
        child.receive()
    child.send(1)
    assert child.receive() == b"\0"
    child.stop()


PARENT = """
import os
import time
from concurrent.futures import ThreadPoolExecutor
from mprna.child import ChildProcess

def sleep(item):
    time.sleep(item)
    return item

def make_worker():
    return sleep

if __name__ == "__main__":
    child = ChildProcess(make_worker)
    child.send(0.5)
    child.receive()
    {send}
    print("sent", flush=True)
    time.sleep(60)
"""
A_PART = 'os.write(child.connection.fileno(), (1_000_000).to_bytes(4, "big") + bytes(1_000))'
"""The length of a message, and what could be sent of it."""


FROM_A_THREAD = "child = ThreadPoolExecutor(1).submit(ChildProcess, make_worker).result(); child.send(90)"
"""Which ends at once, so that the child is not to end with it."""


@pytest.mark.parametrize(
    "send",
    ["", "child.send(0.5)", A_PART, FROM_A_THREAD],
    ids=["idle", "at work", "in a message", "at long work, from a thread"],
)
def test_a_child_whose_parent_is_killed_ends_without_a_word(send: str, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(send=send))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment, **pipes)  # type: ignore[call-overload]
    assert parent.stdout.readline() == b"sent\n"
    parent.kill()
    assert parent.communicate(timeout=60) == (b"", b"")  # which the child holds open as long as it lives


def test_children_of_many_threads_keep_their_exit_codes() -> None:
    """Starting a process reaps all dead ones, and must not take a death from the thread that waits for it."""

    def die_and_go_on(_: int) -> bool:
        child = Child(make_worker)
        try:
            for _ in range(3):
                with pytest.raises(ChildKilledError):
                    ask(child, signal.SIGKILL)
            return True
        finally:
            child.stop()

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(die_and_go_on, range(4)))


def test_ctrl_c_is_the_parent_s(child: Child) -> None:
    process = ask(child, 0)
    os.kill(process, signal.SIGINT)
    assert ask(child, 0) == process


def test_nothing_is_left_after_stop() -> None:
    child = Child(make_worker)
    process = ask(child, 0)
    child.stop()
    assert process not in [p.pid for p in multiprocessing.active_children()]
