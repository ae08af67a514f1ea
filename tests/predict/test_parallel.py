"""Order, laziness and dead children of `map_ordered`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from mprna.errors import FormatError, ModelError, UsageError
from mprna.predict import parallel
from mprna.predict.parallel import IN_FLIGHT, map_ordered


def square_slowly_at_first(number: int) -> str:
    if number < 3:
        time.sleep(0.05)
    return str(number**2)


def make_square() -> Callable[[int], str]:
    return square_slowly_at_first


def kill_at_three(number: int) -> str:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return str(number)


def make_killer() -> Callable[[int], str]:
    return kill_at_three


def fail(number: int) -> str:
    raise ZeroDivisionError(number)


def make_failure() -> Callable[[int], str]:
    return fail


def make_missing(message: str) -> Callable[[int], str]:
    raise ModelError(message)


def wait_for_the_others(folder: Path, num: int, number: int) -> str:
    deadline = time.monotonic() + 60
    if number:
        (folder / str(number)).touch()
    while not number and len(list(folder.iterdir())) < num - 1:
        if time.monotonic() > deadline:
            return "they do not come"
        time.sleep(0.01)
    return str(number)


def make_waiter(folder: Path, num: int) -> Callable[[int], str]:
    return partial(wait_for_the_others, folder, num)


def no_kill(item: int, reason: str) -> str:
    raise AssertionError((item, reason))


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_process_is_told_and_not_an_empty_answer(jobs: int) -> None:
    with pytest.raises(UsageError, match=f"jobs {jobs}; expected at least 1 process"):
        map_ordered(make_square, range(5), jobs=jobs, on_kill=no_kill)


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    results = map_ordered(make_square, range(50), jobs=jobs, on_kill=no_kill)
    assert list(results) == [str(n**2) for n in range(50)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_in_gives_nothing_out(jobs: int) -> None:
    assert list(map_ordered(make_square, [], jobs=jobs, on_kill=no_kill)) == []


def test_items_are_read_only_a_little_ahead() -> None:
    read = 0

    def count() -> Iterator[int]:
        nonlocal read
        while True:
            read += 1
            yield read

    results = map_ordered(make_square, count(), jobs=2, on_kill=no_kill)
    assert next(results) == "1"
    assert read <= 2 * IN_FLIGHT
    results.close()  # type: ignore[attr-defined]


def test_a_slow_item_does_not_stop_the_others(tmp_path: Path) -> None:
    """The first item waits until all others are done, more than are read ahead by default."""
    num = 4 * IN_FLIGHT
    make_worker = partial(make_waiter, tmp_path, num)
    found = list(map_ordered(make_worker, range(num), jobs=2, on_kill=no_kill, ahead=num))
    assert found == [str(n) for n in range(num)]


def test_a_killed_child_costs_one_item_and_says_so() -> None:
    results = list(map_ordered(make_killer, range(8), jobs=2, on_kill=lambda item, why: f"{item}: {why}"))
    assert results.pop(3) == "3: the worker process was killed by SIGKILL (out of memory?)"
    assert results == [str(n) for n in range(8) if n != 3]


def test_a_bug_in_a_worker_is_not_a_result(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="exit code 1"):
        list(map_ordered(make_failure, range(8), jobs=2, on_kill=no_kill))
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_stops_every_worker_is_raised_before_anything_is_asked_for(jobs: int) -> None:
    with pytest.raises(ModelError, match="no weights"):
        map_ordered(partial(make_missing, "no weights"), range(8), jobs=jobs, on_kill=no_kill)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("error", [FormatError("line 6 is damaged"), MemoryError(), OSError("no disk")])
def test_an_error_of_the_items_comes_after_the_results_before_it(jobs: int, error: Exception) -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise error

    results = map_ordered(make_square, items(), jobs=jobs, on_kill=no_kill)
    assert [next(results) for _ in range(5)] == ["0", "1", "4", "9", "16"]
    with pytest.raises(type(error)):
        next(results)


def ask_for_two(_: object) -> str:
    try:
        return "".join(map_ordered(make_square, range(2), jobs=2, on_kill=no_kill))
    except UsageError as error:
        return str(error)


def test_a_worker_of_a_pool_is_told_that_it_may_start_no_processes() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(ask_for_two, [0])[0].startswith("jobs: a worker of a pool may start no processes")


def test_no_more_children_are_started_than_there_are_items(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = parallel.ChildProcess._start

    def count(child: parallel.ChildProcess[int, str]) -> None:
        started.append(child)
        start(child)

    monkeypatch.setattr(parallel.ChildProcess, "_start", count)
    assert list(map_ordered(make_square, range(2), jobs=1_000, on_kill=no_kill)) == ["0", "1"]
    assert len(started) <= 2
