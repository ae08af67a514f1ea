"""What one request, one client and the whole service may take."""

from __future__ import annotations

from dataclasses import dataclass

from mprna.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All bounds of the service.

    Raises:
        UsageError: a bound below 1.
    """

    workers: int = 2
    """Processes that fold; one of several is kept free of jobs."""

    max_length: int = 3_000
    """Longest sequence or target, nt."""

    max_records: int = 500
    """Most records of one request."""

    max_nucleotides: int = 200_000
    """Most nucleotides of one request, all records together."""

    max_embedded: int = 20_000
    """Most nucleotides of one request for embeddings; the vector of each is 2 kB of text."""

    max_body: int = 4 << 20
    """Largest request body, bytes."""

    max_held_bodies: int = 64 << 20
    """Most bytes of the bodies of all requests that are not finished, whether or not they have come whole."""

    max_seconds: float = 300.0
    """Longest time that a worker may spend on one record."""

    max_budget: float = 600.0
    """Longest search of one design in a job, seconds."""

    max_waited_budget: float = 30.0
    """Longest search of one design that a client waits for, seconds."""

    max_requests: int = 64
    """Most requests that are worked on or wait at a time."""

    max_requests_per_client: int = 16
    """Most requests of one address at a time."""

    max_jobs: int = 32
    """Most jobs that run or wait at a time."""

    max_jobs_per_client: int = 4
    """Most jobs of one address at a time."""

    max_kept_jobs: int = 100
    """How many finished jobs keep their results; the oldest lose theirs first."""

    max_kept_bytes: int = 256 << 20
    """Most bytes of the results of finished jobs, all together."""

    keep_seconds: float = 3_600.0
    """How long the result of a job is kept."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) >= 1:
                raise UsageError(f"{name} {getattr(self, name)}; expected 1 or more")

    @property
    def job_slots(self) -> int:
        """Jobs that run at once, so that a worker stays free for those who wait at the page."""
        return max(1, self.workers - 1)
