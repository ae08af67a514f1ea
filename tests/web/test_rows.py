"""Tasks to rows: their order, how many at once, and what fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mprna.web.problems import ApiError
from mprna.web.rows import file_of, rows_in_order
from mprna.web.tasks import Bug, Refusal
from mprna.web.workers import TaskTimeoutError, WorkerLostError

FAILURES = [TaskTimeoutError("late"), WorkerLostError("dead"), Refusal("no"), Bug("KeyError", "file:1")]


class Task:
    def __init__(self, outcome: Any, delay: float = 0.0) -> None:
        self.outcome, self.delay = outcome, delay

    def failed(self, reason: str) -> list[bytes]:
        return [reason.encode()]


class Pool:
    """Answers after the task's own delay; counts how many it was asked at once."""

    def __init__(self) -> None:
        self.now = self.most = self.ended = 0

    async def run(self, task: Task, *, seconds: float) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(task.delay)
            if isinstance(task.outcome, Exception):
                raise task.outcome
            return task.outcome
        finally:
            self.now -= 1
            self.ended += 1


def collect(tasks: list[Task], *, width: int = 2, first: int | None = None) -> tuple[Pool, list[list[bytes]]]:
    async def main() -> tuple[Pool, list[list[bytes]]]:
        pool, found = Pool(), []
        rows = rows_in_order(pool, tasks, width=width, seconds=1)  # type: ignore[arg-type]
        async for row in rows:
            found.append(row)
            if len(found) == first:
                await rows.aclose()  # type: ignore[attr-defined]
                break
        await asyncio.sleep(0.01)
        return pool, found

    return asyncio.run(main())


def test_order_is_that_of_the_tasks() -> None:
    tasks = [Task([str(k).encode()], delay=0.03 if k % 3 == 0 else 0.0) for k in range(10)]
    pool, found = collect(tasks, width=3)
    assert found == [[str(k).encode()] for k in range(10)]
    assert pool.most == 3


def test_who_stops_reading_stops_the_rest() -> None:
    pool, found = collect([Task([b"first"]), *[Task([b"x"], delay=60) for _ in range(5)]], first=1)
    assert found == [[b"first"]]
    assert pool.now == 0
    assert pool.ended <= 2


@pytest.mark.parametrize(("failure", "row"), list(zip(FAILURES[:3], [b"late", b"dead", b"no"], strict=True)))
def test_failures_are_rows(failure: Any, row: bytes) -> None:
    assert collect([Task([b"a"]), Task(failure), Task([b"c"])])[1] == [[b"a"], [row], [b"c"]]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    list(zip(FAILURES, [503, 503, 422, 500], ["timeout", "worker_lost", "invalid", "internal"], strict=True)),
)
def test_failures_of_what_has_no_rows(failure: Any, status: int, code: str) -> None:
    with pytest.raises(ApiError) as found:
        asyncio.run(file_of(Pool(), Task(failure), seconds=1))  # type: ignore[arg-type]
    assert (found.value.status_code, found.value.code) == (status, code)


def test_a_bug_in_one_of_many_is_no_row() -> None:
    with pytest.raises(ApiError, match="an internal error"):
        collect([Task([b"a"]), Task(FAILURES[3])])
