"""Runs the shards of a build on a Ray cluster, whose machines see the inputs' buckets and the corpus in one
shared folder under one path. The only file that imports Ray.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from mprna.corpus.executor import build_in_worker
from mprna.corpus.shard_build import ShardResult, ShardTask
from mprna.errors import CorpusError, MissingExtraError, UsageError, first_line

_CONNECT_SECONDS: Final = 10.0
_RETRIES: Final = 10  # of a shard whose machine or process died


def run_shards_on_ray(tasks: Sequence[ShardTask], *, address: str | None) -> Iterator[ShardResult]:
    """Results of all tasks, in the order in which they end; a shard occupies one CPU of the cluster.

    Args:
        tasks: paths in them must mean the same on every machine.
        address: `host:port` of a running cluster; None starts one on this machine for this build.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: no address.
        CorpusError: no cluster answers, or a shard's machine died again and again.
    """
    ray = _ray()
    started_here = not ray.is_initialized()
    if started_here:
        _connect(ray, address)
    try:
        build = ray.remote(num_cpus=1, max_retries=_RETRIES)(build_in_worker)
        pending = [build.remote(_absolute(task)) for task in tasks]
        while pending:
            [done], pending = ray.wait(pending, num_returns=1)
            yield _result(ray, done)
    finally:
        if started_here:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    if address is not None:
        _check_address(address)
    try:
        # "local" rather than None: None would join any cluster that happens to run here.
        ray.init(address=address or "local", logging_level="error", log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_cluster(address or "this machine", first_line(error)) from None


def _check_address(address: str) -> None:
    """Ray itself would try for a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal() and int(port) < 2**16):
        raise UsageError(f"Ray address {address!r}: expected host:port")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise _no_cluster(address, error.strerror or str(error)) from None


def _no_cluster(address: str, reason: str) -> CorpusError:
    return CorpusError(
        f"no Ray cluster at {address} ({reason}); give the address that `ray start --head` prints"
    )


def _result(ray: Any, done: Any) -> ShardResult:
    try:
        result: ShardResult = ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except (ray.exceptions.RaySystemError, ray.exceptions.WorkerCrashedError) as error:
        raise CorpusError(
            f"a machine of the Ray cluster died ({first_line(error)}); run the same command again to continue"
        ) from None
    return result


def _absolute(task: ShardTask) -> ShardTask:
    """Ray's processes work in other folders than this one."""
    return replace(
        task,
        buckets_dir=task.buckets_dir.absolute(),
        results_dir=task.results_dir.absolute(),
        out_dir=task.out_dir.absolute(),
        near_duplicates_path=task.near_duplicates_path and task.near_duplicates_path.absolute(),
        cache_dir=task.cache_dir and task.cache_dir.absolute(),
    )


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that is started here reports to nobody
    try:
        import ray
    except ImportError:
        raise MissingExtraError("a build on a Ray cluster", "cluster") from None
    return ray
