"""Runs the shards of a build: in this process, or in a pool of worker processes.

Each of them has a child that folds, and waits while the child works: as many cores are busy as there are
jobs.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing.connection import wait
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path

from mprna.corpus.annotator import Annotator
from mprna.corpus.fidelity import MainFold
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shard_build import ShardResult, ShardTask, build_shard
from mprna.errors import CorpusError

Executor = Callable[[Sequence[ShardTask]], Iterator[ShardResult]]
"""Results of all tasks, in the order in which they end."""


def run_shards(tasks: Sequence[ShardTask], *, jobs: int) -> Iterator[ShardResult]:
    """Results of all tasks, in the order in which they end.

    Raises:
        CorpusError: a worker process died.
    """
    if not tasks:
        return
    if jobs == 1:
        first = tasks[0]
        with Annotator(first.options, cache_dir=first.cache_dir, fold=first.fold) as annotator:
            for task in tasks:
                yield build_shard(task, annotator)
        return
    _start_resource_tracker()
    # Spawned, not forked: pyarrow has threads, and a fork would copy locks that they hold.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=start_worker)
    try:
        futures = [executor.submit(build_in_worker, task) for task in tasks]
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


def _start_resource_tracker() -> None:
    """In silence: where this process is killed, it removes its semaphores, and would complain of them."""
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")  # handed on to the process that is started
    try:
        ensure_running()
    finally:
        sys.warnoptions.pop()


def build_in_worker(task: ShardTask) -> ShardResult:
    """`build_shard` in a process that lives for many shards: its fold process stays for the next one."""
    return build_shard(task, _annotator(task.options, task.cache_dir, task.fold))


@lru_cache(maxsize=1)
def _annotator(options: CorpusOptions, cache_dir: Path | None, fold: MainFold) -> Annotator:
    return Annotator(options, cache_dir=cache_dir, fold=fold)


def start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
