"""Buckets in the order of their shards, so that a shard reads its own lines and not its whole bucket.

Where there are more shards than buckets, the lines of every bucket are grouped by shard once, after the scan;
an index beside it says where every shard begins. Lines of one shard stay in the order of the input, and so
does what a shard is made of. A bucket is replaced whole and its index is written after it, so that a process
may be killed at any moment: what has no index is grouped again, to the same bytes.
"""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Final

from mprna.corpus.buckets import NUM_BUCKETS, bucket_path, damage_told
from mprna.files import replacing, write_json

_READ_BYTES: Final = 32 * 2**20


def group_by_shard(buckets_dir: Path, num_shards: int) -> None:
    """Group the buckets that an earlier run left ungrouped; needs space for one bucket more.

    Args:
        buckets_dir: written by the scan; the caller is the only one who changes it.
        num_shards: a power of two.

    Raises:
        CorpusError: a bucket is damaged.
    """
    if num_shards <= NUM_BUCKETS:  # a shard is one or several whole buckets
        return
    for bucket in range(NUM_BUCKETS):
        path = bucket_path(buckets_dir, bucket)
        if path.exists() and not _index_path(path).exists():
            with damage_told(path):
                _group(path, num_shards // NUM_BUCKETS)


def lines_of_shard(buckets_dir: Path, bucket: int, shard: int) -> tuple[int, int | None]:
    """First byte and number of lines of a shard, counted from 0 within its bucket; all where not grouped."""
    # A damaged index is as good as none.
    with suppress(OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        index = json.loads(_index_path(bucket_path(buckets_dir, bucket)).read_bytes())
        return int(index["starts"][shard]), int(index["lines"][shard])
    return 0, None


def _index_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _group(path: Path, num_shards: int) -> None:
    """Order a bucket by the `num_shards` shards in it; twice through the file, in bounded memory."""
    sizes, counts = [0] * num_shards, [0] * num_shards
    with path.open("rb") as file:
        for line in file:
            shard = _shard_of(line, num_shards)
            sizes[shard] += len(line)
            counts[shard] += 1
    starts = [0, *accumulate(sizes)][:-1]
    places = starts.copy()
    with replacing(path) as partial, path.open("rb") as file, partial.open("wb") as grouped:
        while lines := file.readlines(_READ_BYTES):
            groups: dict[int, list[bytes]] = {}
            for line in lines:
                groups.setdefault(_shard_of(line, num_shards), []).append(line)
            for shard, group in groups.items():
                grouped.seek(places[shard])
                places[shard] += grouped.write(b"".join(group))
    write_json({"starts": starts, "lines": counts}, _index_path(path))


def _shard_of(line: bytes, num_shards: int) -> int:
    """Which part of the bucket's range a digest is in; the bucket is its first byte, two hex digits."""
    return int(line[2:16], 16) * num_shards >> 56
