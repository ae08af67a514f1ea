"""Jobs: work that takes too long to wait for; submitted now, fetched later, held in memory."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from mprna.web.admission import Admission
from mprna.web.limits import Limits
from mprna.web.problems import ApiError
from mprna.web.rows import rows_in_order
from mprna.web.tasks import RowTask
from mprna.web.workers import WorkerPool

_log = logging.getLogger(__name__)

Status = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(slots=True, eq=False)
class Job:
    """One job; anyone who knows its id may see and cancel it."""

    verb: str
    total: int
    """Number of its tasks."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: Status = "queued"
    done: int = 0
    rows: list[bytes] = field(default_factory=list)
    num_bytes: int = 0
    """Size of the rows."""
    error: str | None = None
    finished: float = 0.0
    """When it ended, by the monotonic clock; 0 before."""


class JobQueue:
    """Runs jobs first come, first served: `Limits.job_slots` at once, each with one task at a time."""

    def __init__(self, pool: WorkerPool, limits: Limits) -> None:
        self._pool, self._limits = pool, limits
        self._admission = Admission(limits.max_jobs, limits.max_jobs_per_client, "jobs")
        self._slots = asyncio.Semaphore(limits.job_slots)
        self._jobs: dict[str, Job] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def num_unfinished(self) -> int:
        """Jobs that run or wait."""
        return self._admission.total

    def count_by_status(self) -> Counter[str]:
        """How many jobs there are of each status, finished ones included as long as they are kept."""
        return Counter(job.status for job in self._jobs.values())

    def submit(self, verb: str, tasks: Sequence[RowTask], *, seconds: float, client: str) -> Job:
        """Queue a job.

        Args:
            seconds: how long one of its tasks may take.

        Raises:
            ApiError: 429 or 503, too many jobs.
        """
        self._admission.enter(client)
        self._forget()
        job = Job(verb, len(tasks))
        self._jobs[job.id] = job
        running = asyncio.create_task(self._run(job, tasks, seconds))
        running.add_done_callback(partial(self._finish, job, client))
        self._running[job.id] = running
        return job

    def get(self, job_id: str) -> Job:
        """A job by its id.

        Raises:
            ApiError: 404, there is none, or its result was not kept.
        """
        self._forget()
        if job_id not in self._jobs:
            raise ApiError(404, "not_found", "no such job; results are kept for a while only")
        return self._jobs[job_id]

    def cancel(self, job_id: str) -> Job:
        """Stop a job; a finished one stays as it is.

        Raises:
            ApiError: 404, as `get`.
        """
        job = self.get(job_id)
        if job.status in ("queued", "running"):
            job.status = "cancelled"
            self._running[job_id].cancel()
        return job

    async def close(self) -> None:
        """Stop all jobs."""
        for job_id in list(self._running):
            self.cancel(job_id)
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, job: Job, tasks: Sequence[RowTask], seconds: float) -> None:
        async with self._slots:
            job.status = "running"
            try:
                async for rows in rows_in_order(self._pool, tasks, width=1, seconds=seconds):
                    job.rows += rows
                    job.num_bytes += sum(map(len, rows))
                    job.done += 1
                    if job.num_bytes > self._limits.max_kept_bytes:
                        raise ApiError(
                            413, "result_too_large", "the result is too large to be kept: send less"
                        )
            except ApiError as error:
                job.status, job.error = "failed", error.detail
            else:
                job.status = "done"

    def _finish(self, job: Job, client: str, running: asyncio.Task[None]) -> None:
        if running.cancelled():
            job.status = "cancelled"
        elif bug := running.exception():
            _log.error("bug", exc_info=bug)
            job.status, job.error = "failed", "an internal error; it has been logged"
        if job.status != "done":
            job.rows.clear()
            job.num_bytes = 0
        job.finished = time.monotonic()
        del self._running[job.id]
        self._admission.leave(client)
        self._forget()

    def _forget(self) -> None:
        """Drop results that are old or too many, the oldest first."""
        finished = [job for job in self._jobs.values() if job.finished]
        finished.sort(key=lambda job: job.finished, reverse=True)
        num_jobs, num_bytes, oldest = 0, 0, time.monotonic() - self._limits.keep_seconds
        for job in finished:
            is_full = num_jobs == self._limits.max_kept_jobs
            if is_full or num_bytes + job.num_bytes > self._limits.max_kept_bytes or job.finished < oldest:
                del self._jobs[job.id]
            else:
                num_jobs += 1
                num_bytes += job.num_bytes
