"""Jobs: progress, results, cancellation, limits."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from mprna.web import api as api_routes
from mprna.web.admission import Admission
from mprna.web.answers import JobAnswer
from mprna.web.jobs import Job, JobQueue
from mprna.web.limits import Limits
from mprna.web.problems import ApiError, add_handlers

FOLD = {"verb": "fold", "request": {"records": [{"sequence": "GGGGAAAACCCC"}, {"sequence": "PP"}]}}
SLOW = {  # no sequence folds into it, so the search takes all of its time
    "verb": "design",
    "request": {"dot_bracket": "((...))" * 20, "budget_s": 300, "pattern": "GANNNNC" * 20},
}


def wait(api: httpx.Client, job_id: str, *statuses: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job: dict[str, Any] = api.get(f"/api/jobs/{job_id}").json()
        JobAnswer.model_validate(job)
        if job["status"] in statuses:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_a_job_ends_with_the_answer_of_its_verb(api: httpx.Client) -> None:
    answer = api.post("/api/jobs", json=FOLD)
    assert answer.status_code == 202
    job = wait(api, answer.json()["id"], "done")
    assert (job["done"], job["total"]) == (2, 2)
    assert job["result"] == api.post("/api/fold", json=FOLD["request"]).json()


def test_cancelling_frees_the_worker(api: httpx.Client) -> None:
    job_id = api.post("/api/jobs", json=SLOW).json()["id"]
    running = wait(api, job_id, "running")
    assert (running["done"], running["result"]) == (0, None)
    assert api.delete(f"/api/jobs/{job_id}").json()["status"] == "cancelled"
    next_id = api.post("/api/jobs", json=FOLD).json()["id"]  # there is one slot
    wait(api, next_id, "done")
    assert api.get(f"/api/jobs/{job_id}").json()["status"] == "cancelled"


def test_folds_go_on_beside_a_long_job(api: httpx.Client) -> None:
    job_id = api.post("/api/jobs", json=SLOW).json()["id"]
    wait(api, job_id, "running")
    assert api.post("/api/fold", json=FOLD["request"]).status_code == 200
    assert api.get(f"/api/jobs/{job_id}").json()["status"] == "running"
    api.delete(f"/api/jobs/{job_id}")


def test_finished_jobs_cannot_be_cancelled(api: httpx.Client) -> None:
    job_id = api.post("/api/jobs", json=FOLD).json()["id"]
    wait(api, job_id, "done")
    assert api.delete(f"/api/jobs/{job_id}").json()["status"] == "done"


def test_one_client_has_so_many_jobs(api: httpx.Client) -> None:
    answers = [api.post("/api/jobs", json=SLOW) for _ in range(5)]
    try:
        assert [answer.status_code for answer in answers] == [202] * 4 + [429]
        assert answers[-1].headers["retry-after"]
        assert answers[-1].json()["error"]["code"] == "too_many_requests"
    finally:
        for answer in answers[:4]:
            api.delete(f"/api/jobs/{answer.json()['id']}")


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({"verb": "dance", "request": {}}, None),
        ({"verb": "fold", "request": {}}, "fold.request.records"),
        ({"verb": "design", "request": {"dot_bracket": "...", "budget_s": 1e6}}, "budget_s"),
    ],
)
def test_jobs_that_are_refused(api: httpx.Client, job: Any, field: str | None) -> None:
    answer = api.post("/api/jobs", json=job)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    if job["verb"] == "dance":
        assert "'dance'" in answer.json()["error"]["message"]


class Rows:
    """A task that never travels: the pool below answers at once."""

    def __init__(self, rows: list[bytes]) -> None:
        self.rows = rows


class Pool:
    """Answers with the rows of the task."""

    async def run(self, task: Any, *, seconds: float | None = None) -> Any:
        await asyncio.sleep(0)
        if task.rows == [b"bug"]:
            raise ZeroDivisionError
        return task.rows


def run(*tasks: list[bytes], **limits: Any) -> tuple[JobQueue, list[Job]]:
    """One job per task, finished."""

    async def submit() -> tuple[JobQueue, list[Job]]:
        queue = JobQueue(Pool(), Limits(**limits))  # type: ignore[arg-type]
        jobs = []
        for rows in tasks:
            jobs.append(queue.submit("fold", [Rows(rows)], seconds=1, client="x"))  # type: ignore[list-item]
            while queue.num_unfinished:
                await asyncio.sleep(0)
        return queue, jobs

    return asyncio.run(submit())


def is_known(queue: JobQueue, job: Job) -> bool:
    try:
        return queue.get(job.id) is job
    except ApiError:
        return False


def test_only_so_many_results_are_kept() -> None:
    queue, jobs = run(*[[b"x"]] * 4, max_kept_jobs=2)
    assert [is_known(queue, job) for job in jobs] == [False, False, True, True]


def test_only_so_many_bytes_are_kept() -> None:
    queue, jobs = run([b"x" * 60], [b"x" * 60], [b"x" * 30], max_kept_bytes=100)
    assert [is_known(queue, job) for job in jobs] == [False, True, True]


def test_a_result_that_is_too_large_is_the_only_one_that_goes() -> None:
    queue, jobs = run([b"x" * 10], [b"x" * 10], [b"x" * 101], max_kept_bytes=100)
    assert all(is_known(queue, job) for job in jobs)
    assert [job.status for job in jobs] == ["done", "done", "failed"]
    assert (jobs[2].rows, "too large" in (jobs[2].error or "")) == ([], True)


def test_results_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, (job,) = run([b"x"], keep_seconds=10)
    assert is_known(queue, job)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 11)
    assert not is_known(queue, job)


def test_a_bug_fails_its_job_alone(caplog: pytest.LogCaptureFixture) -> None:
    _, (broken, fine) = run([b"bug"], [b"x"])
    assert (broken.status, fine.status) == ("failed", "done")
    assert broken.error == "an internal error; it has been logged"
    assert caplog.records[0].exc_info is not None


def test_a_failed_job_keeps_no_rows(caplog: pytest.LogCaptureFixture) -> None:
    async def submit() -> Job:
        queue = JobQueue(Pool(), Limits())  # type: ignore[arg-type]
        tasks: Any = [Rows([b"x"]), Rows([b"bug"])]
        job = queue.submit("fold", tasks, seconds=1, client="x")
        while queue.num_unfinished:
            await asyncio.sleep(0)
        return job

    job = asyncio.run(submit())
    assert (job.status, job.done) == ("failed", 1)
    assert (job.rows, job.num_bytes) == ([], 0)


def test_results_are_sent_in_pieces_and_count_until_the_last() -> None:
    """Whoever does not read holds one piece, and a place of those that there are for requests."""
    job = Job("embed", 2, status="done", rows=[b"[%s]" % (b"1," * 500_000 + b"1"), b"[]"])
    service = SimpleNamespace(
        jobs=SimpleNamespace(get=lambda job_id: job), admission=Admission(1, 1, "requests")
    )
    app = FastAPI()
    app.include_router(api_routes.looking)
    app.state.service = service
    add_handlers(app)

    async def main() -> None:
        read = asyncio.Event()

        async def get() -> list[Any]:
            sent: list[Any] = []

            async def send(message: Any) -> None:
                sent.append(message)
                if message.get("more_body"):
                    await read.wait()

            scope = {"type": "http", "method": "GET", "path": f"/api/jobs/{job.id}", "headers": []}
            scope |= {"query_string": b"", "client": ("here", 1), "asgi": {"spec_version": "2.4"}}
            await app(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
            return sent

        slow = asyncio.create_task(get())
        while not service.admission.total:
            await asyncio.sleep(0.01)
        assert [message.get("status") for message in await get()] == [429, None]
        read.set()
        pieces = [message["body"] for message in (await slow)[1:]]
        assert max(map(len, pieces)) < 200_000
        assert json.loads(b"".join(pieces))["result"]["records"] == [[1] * 500_001, []]
        assert service.admission.total == 0

    asyncio.run(asyncio.wait_for(main(), 20))
