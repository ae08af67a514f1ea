"""One shard, the unit of work: buckets -> sample -> distinct slices -> annotation -> Parquet file.

A shard is a range of digests. What is in it depends on the scan and the options only, so it can be built
anywhere, in any order and twice; its result file is renamed into place after the Parquet file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from mprna.corpus.annotate import Annotation
from mprna.corpus.buckets import NUM_BUCKETS, Candidate, read_bucket
from mprna.corpus.complexity import is_low_complexity
from mprna.corpus.dedup import in_share, sample_keys
from mprna.corpus.drops import DropReason, Drops
from mprna.corpus.fidelity import MainFold, fold_main
from mprna.corpus.grouping import lines_of_shard
from mprna.corpus.isolation import FoldFailure
from mprna.corpus.manifest import ShardFile
from mprna.corpus.near_duplicates import read_near_duplicates
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shards import Slice, write_shard
from mprna.digest import file_sha256
from mprna.errors import CorpusError
from mprna.files import replacing, write_json

LabelSlices = Callable[[Sequence[str]], Iterable[Annotation | FoldFailure]]
"""What `Annotator` does."""

_BATCH_SLICES: Final = 1024


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """Everything that one shard needs to know; small, and picklable.

    Args:
        index: 0-based number of the shard.
        num_shards: a power of two.
        buckets_dir: written by the scan.
        results_dir: where the result file goes.
        out_dir: where the Parquet file goes.
        source_names: by source index.
        key_limit: candidates with a larger sampling key are left out.
        near_duplicates_path: digests of slices that are left out, see `near_duplicates`; None leaves in all.
        options: of the build.
        cache_dir: of annotations, on the machine that builds the shard.
        fold: under the main energy model; picklable.
    """

    index: int
    num_shards: int
    buckets_dir: Path
    results_dir: Path
    out_dir: Path
    source_names: tuple[str, ...]
    key_limit: int
    near_duplicates_path: Path | None = None
    options: CorpusOptions
    cache_dir: Path | None = None
    fold: MainFold = fold_main

    @property
    def file_name(self) -> str:
        """Name of the Parquet file."""
        return f"slices-{self.index:05d}-of-{self.num_shards:05d}.parquet"

    @property
    def result_path(self) -> Path:
        """The file that says that this shard is whole."""
        return self.results_dir / f"{self.index:05d}.json"


@dataclass(frozen=True, kw_only=True)
class ShardResult:
    """The file of a shard, and what was dropped while it was made."""

    file: ShardFile
    drops: Drops
    found: bool = field(default=False, compare=False)
    """Whether an earlier run had built it; not written."""

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries."""
        return {"file": asdict(self.file), "drops": self.drops.to_json()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(file=ShardFile(**document["file"]), drops=Drops.from_json(document["drops"]))


def num_shards_for(num_slices: int, *, slices_per_shard: int) -> int:
    """Smallest power of two with no more than `slices_per_shard` slices in an average shard.

    >>> num_shards_for(3000, slices_per_shard=1000)
    4
    """
    num_full = max(1, -(-num_slices // slices_per_shard))
    return 1 << (num_full - 1).bit_length()


def finished_result(task: ShardTask) -> ShardResult | None:
    """The result of an earlier run, if it is there and the Parquet file is still the one it describes."""
    path = task.out_dir / task.file_name
    if not (task.result_path.exists() and path.exists()):
        return None
    # A damaged result is as good as none.
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        result = ShardResult.from_json(json.loads(task.result_path.read_text(encoding="utf-8")))
        return replace(result, found=True) if file_sha256(path) == result.file.sha256 else None
    return None


def build_shard(task: ShardTask, label: LabelSlices) -> ShardResult:
    """Build a shard, or find it done.

    Args:
        task: which shard, of what.
        label: folds the slices that were chosen for annotation.
    """
    done = finished_result(task)
    if done is not None:
        return done
    drops = Drops()
    candidates = list(_without_near_duplicates(_distinct(_sampled(task, drops), drops), task, drops))
    chosen = [candidate.sequence for candidate in candidates if _is_chosen(candidate, task)]
    found = dict(zip(chosen, label(chosen), strict=True))
    failures = Counter(labels.value for labels in found.values() if isinstance(labels, FoldFailure))
    folded = {text: labels for text, labels in found.items() if isinstance(labels, Annotation)}
    kept = {text: labels for text, labels in folded.items() if _is_faithful(labels, task.options)}
    if task.options.labelled_only:
        candidates = list(_labelled(candidates, kept, drops))
    rows = [
        row_of(
            candidate,
            kept.get(candidate.sequence),
            source=task.source_names[candidate.source],
            low_complexity=low_complexity,
        )
        for candidate, low_complexity in zip(candidates, _low_complexity(candidates), strict=True)
    ]
    file = _write(task, rows, failures, low_fidelity=len(folded) - len(kept))
    result = ShardResult(file=file, drops=drops)
    write_json(result.to_json(), task.result_path)
    return result


def shard_index(digest: bytes, num_shards: int) -> int:
    """Which of `num_shards` (a power of two) ranges of digests a slice belongs to."""
    return int.from_bytes(digest[:8], "big") * num_shards >> 64


def row_of(
    candidate: Candidate,
    annotation: Annotation | None = None,
    *,
    source: str = "",
    low_complexity: bool | None = None,
) -> Slice:
    """The row of a candidate, without labels where there is no annotation."""
    row = Slice(
        id=candidate.id,
        source=source,
        species=candidate.species,
        start=candidate.start,
        sequence=candidate.sequence,
        low_complexity=low_complexity,
    )
    return row if annotation is None else replace(row, **asdict(annotation))


def _candidates(task: ShardTask) -> Iterator[Candidate]:
    """Candidates of the shard's range, which covers several whole buckets or a part of one."""
    first = task.index * NUM_BUCKETS // task.num_shards
    stop = max(first + 1, (task.index + 1) * NUM_BUCKETS // task.num_shards)
    part = task.index % max(1, task.num_shards // NUM_BUCKETS)
    for bucket in range(first, stop):
        start, num_lines = lines_of_shard(task.buckets_dir, bucket, part)
        for candidate in read_bucket(task.buckets_dir, bucket, start=start, num_lines=num_lines):
            if shard_index(candidate.digest, task.num_shards) == task.index:
                yield candidate
            elif num_lines is not None:
                scaffold = task.buckets_dir.parent
                raise CorpusError(
                    f"{scaffold}: bucket {bucket} is not as its index says; remove it, build again"
                )


def _sampled(task: ShardTask, drops: Drops) -> Iterator[Candidate]:
    for candidate in _candidates(task):
        sample_key, _ = sample_keys(candidate.digest, seed=task.options.seed)
        if sample_key <= task.key_limit:
            yield candidate
        else:
            drops.count(DropReason.NOT_SAMPLED, len(candidate.sequence))


def _distinct(candidates: Iterator[Candidate], drops: Drops) -> Iterator[Candidate]:
    """The first candidate of every digest."""
    met: set[bytes] = set()
    for candidate in candidates:
        if candidate.digest in met:
            drops.count(DropReason.DUPLICATE, len(candidate.sequence))
        else:
            met.add(candidate.digest)
            yield candidate


def _without_near_duplicates(
    candidates: Iterator[Candidate], task: ShardTask, drops: Drops
) -> Iterator[Candidate]:
    path = task.near_duplicates_path
    near = read_near_duplicates(path) if path is not None else frozenset[bytes]()
    for candidate in candidates:
        if candidate.digest in near:
            drops.count(DropReason.NEAR_DUPLICATE, len(candidate.sequence))
        else:
            yield candidate


def _low_complexity(candidates: list[Candidate]) -> Iterator[bool]:
    for start in range(0, len(candidates), _BATCH_SLICES):
        yield from map(
            bool, is_low_complexity([c.sequence for c in candidates[start : start + _BATCH_SLICES]])
        )


def _is_chosen(candidate: Candidate, task: ShardTask) -> bool:
    """Whether a candidate is to be annotated."""
    _, annotation_key = sample_keys(candidate.digest, seed=task.options.seed)
    return in_share(annotation_key, task.options.annotate_share)


def _is_faithful(annotation: Annotation, options: CorpusOptions) -> bool:
    """Whether a structure is good enough to be a label."""
    if options.min_fidelity is None:
        return True
    return annotation.expected_f1 is not None and annotation.expected_f1 >= options.min_fidelity


def _labelled(
    candidates: list[Candidate], labels: Mapping[str, Annotation], drops: Drops
) -> Iterator[Candidate]:
    for candidate in candidates:
        if candidate.sequence in labels:
            yield candidate
        else:
            drops.count(DropReason.NO_STRUCTURE, len(candidate.sequence))


def _write(task: ShardTask, rows: list[Slice], failures: Counter[str], *, low_fidelity: int) -> ShardFile:
    path = task.out_dir / task.file_name
    with replacing(path, inside=task.results_dir) as partial:
        write_shard(rows, partial)
    return ShardFile(
        name=task.file_name,
        rows=len(rows),
        nt=sum(len(row.sequence) for row in rows),
        annotated=sum(row.structure is not None for row in rows),
        fold_failed=failures.total(),
        fold_failures=dict(sorted(failures.items())),
        sha256=file_sha256(path),
        low_fidelity=low_fidelity,
    )
