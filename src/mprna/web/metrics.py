"""What the service has done and has to do, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mprna.web.jobs import JobQueue
from mprna.web.workers import WorkerPool

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Counters of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "mprna_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "mprna_request_seconds",
            "Time to the end of the answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.tasks = Counter(
            "mprna_tasks", "Records that were asked for, by verb.", ["verb"], registry=self._registry
        )
        self.restarts = Counter(
            "mprna_worker_restarts", "Worker processes that were replaced.", registry=self._registry
        )
        self._workers = Gauge("mprna_workers", "Worker processes.", registry=self._registry)
        ProcessCollector(registry=self._registry)

    def watch(self, pool: WorkerPool, jobs: JobQueue) -> None:
        """Report on these from now on."""
        self._workers.set(pool.num_workers)
        self._registry.register(_Load(pool, jobs))

    def text(self) -> bytes:
        """All metrics in Prometheus' format."""
        return generate_latest(self._registry)


class _Load(Collector):
    """Read off when it is asked for."""

    def __init__(self, pool: WorkerPool, jobs: JobQueue) -> None:
        self._pool, self._jobs = pool, jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("mprna_workers_busy", "Workers with a task.", value=self._pool.num_busy)
        yield GaugeMetricFamily(
            "mprna_tasks_waiting", "Tasks without a worker.", value=self._pool.num_waiting
        )
        jobs = GaugeMetricFamily("mprna_jobs", "Jobs by status.", labels=["status"])
        for status, count in self._jobs.count_by_status().items():
            jobs.add_metric([status], count)
        yield jobs
