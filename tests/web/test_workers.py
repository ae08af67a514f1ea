"""Worker processes: killed, hung, abandoned, broken; never lost."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mprna.errors import ModelError
from mprna.web import workers
from mprna.web.tasks import Bug, Refusal, Tools
from mprna.web.workers import TaskTimeoutError, WorkerLostError, WorkerPool


@dataclass(frozen=True)
class Pid:
    """Answers with the id of its process."""

    def run(self, tools: Tools) -> list[bytes]:
        return [str(os.getpid()).encode()]


@dataclass(frozen=True)
class Sleep:
    seconds: float

    def run(self, tools: Tools) -> list[bytes]:
        time.sleep(self.seconds)
        return [b"slept"]


@dataclass(frozen=True)
class Die:
    """Kills its process, as long as the file has fewer lines than `times`."""

    file: Path
    times: int

    def run(self, tools: Tools) -> list[bytes]:
        with self.file.open("a+") as stream:
            stream.seek(0)
            deaths = len(stream.readlines())
            if deaths < self.times:
                stream.write("died\n")
                stream.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        return [b"alive"]


@dataclass(frozen=True)
class Raise:
    error: Exception

    def run(self, tools: Tools) -> list[bytes]:
        raise self.error


@dataclass(frozen=True)
class Exit:
    def run(self, tools: Tools) -> list[bytes]:
        raise SystemExit(3)


def with_pool(use: Callable[[WorkerPool], Awaitable[None]], *, num_workers: int = 1) -> list[None]:
    """Use a pool; what comes back has an item for every replaced process."""
    restarts: list[None] = []

    async def main() -> None:
        pool = WorkerPool(num_workers, on_restart=lambda: restarts.append(None))
        await pool.start()
        try:
            await use(pool)
            while pool.num_busy:
                await asyncio.sleep(0.01)
            assert await pool.run(Pid()) != []  # still there
        finally:
            await pool.close()

    asyncio.run(main())
    return restarts


def test_a_death_is_tried_again(tmp_path: Path) -> None:
    async def use(pool: WorkerPool) -> None:
        assert await pool.run(Die(tmp_path / "deaths", times=1)) == [b"alive"]

    assert len(with_pool(use)) == 1


def test_two_deaths_are_enough(tmp_path: Path) -> None:
    async def use(pool: WorkerPool) -> None:
        with pytest.raises(WorkerLostError, match=r"killed by SIGKILL .* twice"):
            await pool.run(Die(tmp_path / "deaths", times=9))

    assert len(with_pool(use)) == 2


def test_a_hang_is_killed_and_the_next_is_served() -> None:
    async def use(pool: WorkerPool) -> None:
        start = time.monotonic()
        with pytest.raises(TaskTimeoutError, match=r"stopped after 0\.3 s"):
            await pool.run(Sleep(60), seconds=0.3)
        assert time.monotonic() - start < 2
        assert await pool.run(Sleep(0), seconds=30) == [b"slept"]

    assert len(with_pool(use)) == 1


def test_who_stops_waiting_stops_the_work() -> None:
    async def use(pool: WorkerPool) -> None:
        asked = asyncio.create_task(pool.run(Sleep(60)))
        await asyncio.sleep(0.2)
        asked.cancel()
        start = time.monotonic()
        assert await pool.run(Sleep(0)) == [b"slept"]
        assert time.monotonic() - start < 20

    assert len(with_pool(use)) == 1


def test_short_work_that_nobody_waits_for_costs_no_process() -> None:
    async def use(pool: WorkerPool) -> None:
        before = await pool.run(Pid())
        asked = asyncio.create_task(pool.run(Sleep(0.5)))
        await asyncio.sleep(0.1)
        asked.cancel()
        assert await pool.run(Pid()) == before

    assert with_pool(use) == []


def test_who_stops_waiting_for_a_worker_takes_none() -> None:
    async def use(pool: WorkerPool) -> None:
        first = asyncio.create_task(pool.run(Sleep(0.4)))
        await asyncio.sleep(0)
        second = asyncio.create_task(pool.run(Pid()))
        await asyncio.sleep(0.1)
        assert (pool.num_busy, pool.num_waiting) == (1, 1)
        second.cancel()
        await asyncio.sleep(0)
        assert pool.num_waiting == 0
        assert await first == [b"slept"]

    assert with_pool(use) == []


def test_work_is_shared() -> None:
    async def use(pool: WorkerPool) -> None:
        sleeping = asyncio.create_task(pool.run(Sleep(2)))
        await asyncio.sleep(0)
        assert await pool.run(Sleep(0)) == [b"slept"]
        assert not sleeping.done()
        await sleeping

    with_pool(use, num_workers=2)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ZeroDivisionError("GGGGAAAA"), Bug), (MemoryError(), Bug)],
)
def test_a_bug_is_an_answer_without_its_message(error: Exception, outcome: type) -> None:
    async def use(pool: WorkerPool) -> None:
        found: Any = await pool.run(Raise(error))
        assert isinstance(found, outcome)
        assert found.kind == type(error).__name__
        assert "test_workers.py" in found.place
        assert "GGGG" not in repr(found)

    assert with_pool(use) == []


def test_one_of_our_errors_is_a_refusal() -> None:
    from mprna.errors import StructureError

    async def use(pool: WorkerPool) -> None:
        assert await pool.run(Raise(StructureError("no"))) == Refusal("no")

    assert with_pool(use) == []


def test_a_process_that_ends_by_itself_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    async def use(pool: WorkerPool) -> None:
        with pytest.raises(WorkerLostError, match="ended, twice"):
            await pool.run(Exit())

    assert len(with_pool(use)) == 2


def test_killed_while_idle() -> None:
    async def use(pool: WorkerPool) -> None:
        (pid,) = await pool.run(Pid())  # type: ignore[misc]
        os.kill(int(pid), signal.SIGKILL)  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        assert await pool.run(Sleep(0)) == [b"slept"]

    with_pool(use)


def test_workers_that_cannot_fold_do_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WarmUp", lambda: Raise(ZeroDivisionError("GGGG")))

    async def main() -> None:
        pool = WorkerPool(1)
        try:
            with pytest.raises(ModelError, match=r"cannot fold: ZeroDivisionError in .*test_workers\.py"):
                await pool.start()
        finally:
            await pool.close()

    asyncio.run(main())


def test_close_at_work_ends_all() -> None:
    """Who still waits is told, and nothing is tried again or replaced meanwhile."""
    restarts: list[None] = []

    async def main() -> None:
        pool = WorkerPool(2, on_restart=lambda: restarts.append(None))
        await pool.start()
        asked = [asyncio.create_task(pool.run(Sleep(60))) for _ in range(2)]
        await asyncio.sleep(0.2)
        asked[1].cancel()  # and nobody waits for the end of it
        await asyncio.sleep(0)
        await pool.close()
        failures = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(failure) for failure in failures] == [WorkerLostError, asyncio.CancelledError]

    asyncio.run(main())
    assert len(restarts) == 2
    assert not multiprocessing.active_children()
