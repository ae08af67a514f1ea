"""Runs the shards of a build: in this process, or in a pool of worker processes.

ViennaRNA holds the interpreter lock while it folds, so threads would not help. Other executors (a cluster, a
job array) only need to call `build_shard` for every task.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from mprna.corpus.shard_build import ShardResult, ShardTask, build_shard
from mprna.errors import CorpusError


def run_shards(tasks: Sequence[ShardTask], *, jobs: int) -> Iterator[ShardResult]:
    """Results of all tasks, in the order in which they end.

    Raises:
        CorpusError: a worker process died.
    """
    if jobs == 1:
        yield from map(build_shard, tasks)
        return
    # Spawned, not forked: pyarrow has threads, and a fork would copy locks that they hold.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=_start_worker)
    try:
        futures = [executor.submit(build_shard, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool:
        raise CorpusError(
            "a worker process died (out of memory?); run the same command again to continue, with fewer jobs"
        ) from None
    except BaseException:
        # Do not wait for folds that nobody needs any more; what is renamed into place is whole.
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
