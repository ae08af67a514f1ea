"""What a build would cost, before it starts: a part of the input is counted, a few slices are folded."""

from __future__ import annotations

import math
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import chain
from pathlib import Path
from typing import Final

from mprna.corpus.annotate import Annotation
from mprna.corpus.annotator import Annotator
from mprna.corpus.buckets import NUM_BUCKETS, Candidate, bucket_path, read_bucket, scan
from mprna.corpus.dedup import sample_keys
from mprna.corpus.inputs import find_inputs
from mprna.corpus.options import CorpusOptions, require
from mprna.corpus.references import NO_REFERENCES, References
from mprna.corpus.scaffold import write_errors
from mprna.corpus.shard_build import row_of
from mprna.corpus.shards import Slice, write_shard
from mprna.errors import CorpusError

COUNTED_BYTES: Final = 16_000_000
"""Larger inputs are counted by a sample of whole files with at least so many bytes."""

MIN_FOLDS: Final = 12
MAX_FOLDS: Final = 200
FOLD_SECONDS: Final = 20.0
"""Folding stops after `MAX_FOLDS`, or after so many seconds and `MIN_FOLDS`."""

_BATCH_SLICES: Final = 10
"""Folded and timed together: to change ViennaRNA's parameters for every slice would be part of its time."""


@dataclass(frozen=True, kw_only=True)
class FoldRate:
    """Seconds of one fold on one core: mean and its standard error, from the means of batches."""

    num_folds: int
    mean: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An estimate of a build.

    Where the input was counted in full, slices are the build's own number, but for near-duplicates and what
    `labelled_only` leaves out: a share of the slices is folded at random, so that folds are an expectation.

    Args:
        num_files: of the input.
        num_counted: files that were read.
        counted_share: their share of the bytes, 0..1; the rest is taken to be like them.
        nt: of the input.
        slices: distinct ones that are kept; copies in different files of a sampled input are not seen.
        folds: slices that get a structure.
        fold_seconds: measured on this machine.
        scan_seconds: of everything before the folds, on one core.
        shard_bytes: of the corpus.
        scaffold_bytes: that are needed beside it while it is built.
        cores: of the build.
        price: of a core for an hour.
        seed: of the choice what was counted and folded.
    """

    num_files: int
    num_counted: int
    counted_share: float
    nt: int
    slices: int
    folds: int
    fold_seconds: FoldRate
    scan_seconds: float
    shard_bytes: int
    scaffold_bytes: int
    cores: int
    price: float | None
    seed: int

    @property
    def core_hours(self) -> float:
        """Core time of all folds."""
        return self.folds * self.fold_seconds.mean / 3600

    @property
    def scan_hours(self) -> float:
        """Time of the scan, which runs on one core before the folds."""
        return self.scan_seconds / 3600

    @property
    def wall_hours(self) -> float:
        """Time from the start to the end of the build."""
        return self.scan_hours + self.core_hours / self.cores

    @property
    def money(self) -> float | None:
        """For all cores, from the start to the end."""
        return None if self.price is None else self.wall_hours * self.cores * self.price


def plan_corpus(
    inputs: Sequence[Path],
    options: CorpusOptions,
    *,
    references: References = NO_REFERENCES,
    cores: int = 1,
    price: float | None = None,
) -> Plan:
    """Estimate a build on `cores` cores like those of this machine.

    Args:
        inputs: as of the build.
        options: as of the build.
        references: as of the build.
        cores: that will fold at once.
        price: of a core for an hour, in any currency.

    Raises:
        UsageError: contradictory arguments.
        FormatError: an input that is no FASTA or FASTQ.
        CorpusError: nothing remains of the input, or it cannot be read.
    """
    require(cores >= 1, f"{cores} cores: expected at least 1")
    require(price is None or 0 <= price < math.inf, f"price {price}: expected a number of 0 or more")
    paths = find_inputs(inputs)
    sample = _measure(paths, options, references)
    slices = round(sample.slices / sample.share)
    slices = min(slices, options.max_slices or slices)
    folds = round(slices * options.annotate_share)
    slices = folds if options.labelled_only else slices
    return Plan(
        num_files=len(paths),
        num_counted=sample.num_files,
        counted_share=sample.share,
        nt=round(sample.nt / sample.share),
        slices=slices,
        folds=folds,
        fold_seconds=sample.fold_seconds,
        scan_seconds=sample.scan_seconds / sample.share,
        shard_bytes=round(slices * sample.plain_bytes + folds * sample.label_bytes),
        scaffold_bytes=round(sample.bucket_bytes / sample.share),
        cores=cores,
        price=price,
        seed=options.seed,
    )


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """What was found in some of the files.

    Args:
        num_files: that were read.
        share: of the input's bytes that they are, 0..1.
        nt: in them.
        slices: distinct ones.
        scan_seconds: of everything before the folds.
        bucket_bytes: of the slices on disk before they are shards.
        fold_seconds: of a few slices.
        plain_bytes: of a slice in a shard, without labels.
        label_bytes: that its labels add.
    """

    num_files: int
    share: float
    nt: int
    slices: int
    scan_seconds: float
    bucket_bytes: int
    fold_seconds: FoldRate
    plain_bytes: float
    label_bytes: float


def _measure(paths: dict[str, Path], options: CorpusOptions, references: References) -> _Sample:
    counted = _files_to_count(paths, options)
    with tempfile.TemporaryDirectory(prefix="mprna-plan-") as name, write_errors(Path(name)):
        buckets_dir = Path(name)
        start = time.perf_counter()
        everything = replace(options, max_slices=None)
        scanned = scan(counted, dict.fromkeys(counted, ""), buckets_dir, everything, references)
        scan_seconds = time.perf_counter() - start
        slices = _num_slices(buckets_dir)
        bucket_paths = (bucket_path(buckets_dir, bucket) for bucket in range(NUM_BUCKETS))
        plain, labelled, fold_seconds = _fold_some(buckets_dir, options)
        plain_bytes = _bytes_per_slice(plain, buckets_dir)
        return _Sample(
            num_files=len(counted),
            # Of a pipe the size is not known.
            share=1.0 if len(counted) == len(paths) else _num_bytes(counted) / _num_bytes(paths),
            nt=sum(source.nt for source in scanned.sources),
            slices=slices,
            scan_seconds=scan_seconds,
            bucket_bytes=sum(path.stat().st_size for path in bucket_paths if path.exists()),
            fold_seconds=fold_seconds,
            plain_bytes=plain_bytes,
            label_bytes=_bytes_per_slice(labelled, buckets_dir) - plain_bytes,
        )


def _files_to_count(paths: dict[str, Path], options: CorpusOptions) -> dict[str, Path]:
    """All files, or enough of them in a random order; a choice of records or species needs all."""
    if options.max_records or options.only_species or options.exclude_species:
        return paths
    names = list(paths)
    random.Random(options.seed).shuffle(names)
    counted: dict[str, Path] = {}
    num_bytes = 0
    for name in names:
        if num_bytes >= COUNTED_BYTES:
            break
        counted[name] = paths[name]
        num_bytes += paths[name].stat().st_size
    return counted


def _num_bytes(paths: dict[str, Path]) -> int:
    return sum(path.stat().st_size for path in paths.values())


def _num_slices(buckets_dir: Path) -> int:
    """Distinct ones, of which there is at least one."""
    distinct = sum(len({c.digest for c in read_bucket(buckets_dir, bucket)}) for bucket in range(NUM_BUCKETS))
    if distinct == 0:
        raise CorpusError("no slice remains of the input: check it and the options")
    return distinct


def _fold_some(buckets_dir: Path, options: CorpusOptions) -> tuple[list[Slice], list[Slice], FoldRate]:
    """Slices in a random order, as many as the limits allow, without and with labels, and the times."""
    plain: list[Slice] = []
    labelled: list[Slice] = []
    means: list[float] = []
    seconds = 0.0
    with Annotator(options) as annotator:
        list(annotator(["GGGGAAAACCCC"]))  # starts the process
        slices = _random_slices(buckets_dir, options.seed)
        for start in range(0, len(slices), _BATCH_SLICES):
            batch = slices[start : start + _BATCH_SLICES]
            before = time.perf_counter()
            labels = list(annotator([candidate.sequence for candidate in batch]))
            means.append((time.perf_counter() - before) / len(batch))
            seconds += means[-1] * len(batch)
            plain += map(row_of, batch)
            labelled += map(
                row_of, batch, (each if isinstance(each, Annotation) else None for each in labels)
            )
            if len(plain) >= MIN_FOLDS and seconds > FOLD_SECONDS:
                break
    error = statistics.stdev(means) / len(means) ** 0.5 if len(means) > 1 else math.nan
    return plain, labelled, FoldRate(num_folds=len(plain), mean=seconds / len(plain), error=error)


def _random_slices(buckets_dir: Path, seed: int) -> list[Candidate]:
    """A uniform sample of the distinct slices, in a random order."""
    candidates: Iterator[Candidate] = chain.from_iterable(
        {c.digest: c for c in read_bucket(buckets_dir, bucket)}.values() for bucket in range(NUM_BUCKETS)
    )
    return nsmallest(MAX_FOLDS, candidates, key=lambda c: sample_keys(c.digest, seed=seed))


def _bytes_per_slice(rows: list[Slice], directory: Path) -> float:
    """In a Parquet file: what the second half of the rows adds, since the first row brings the most."""
    half = len(rows) // 2
    sizes = []
    for part in (rows[:half], rows):
        path = directory / "sample.parquet"
        write_shard(part, path)
        sizes.append(path.stat().st_size)
    return (sizes[1] - sizes[0]) / (len(rows) - half)
