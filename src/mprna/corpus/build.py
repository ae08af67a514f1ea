"""The build of a corpus, step by step:

    find the inputs -> agree with what an earlier run left here -> scan into buckets, grouped by shard
    -> find near-duplicates -> build every shard (sample, drop duplicates, annotate, write)
    -> write the report and the manifest -> remove the scaffold

Each step leaves a file that is renamed into place when it is whole, so a build that was killed continues
where it stood and ends with the same bytes, for any number of processes, machines or jobs of an array.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from mprna.corpus.buckets import EXCLUDED_NAME, ScanResult, bucket_sizes, scan
from mprna.corpus.cache import AnnotationCache
from mprna.corpus.drops import Drops
from mprna.corpus.executor import Executor, run_shards
from mprna.corpus.grouping import group_by_shard
from mprna.corpus.inputs import STDIN, find_inputs, input_digests, store_stdin
from mprna.corpus.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    Manifest,
    check_digest,
    read_manifest,
    write_manifest,
)
from mprna.corpus.near_duplicates import RULE_VERSION, datasketch_version, write_near_duplicates
from mprna.corpus.options import CorpusOptions, require
from mprna.corpus.references import NO_REFERENCES, References
from mprna.corpus.scaffold import (
    agree_with_earlier_run,
    hold_scaffold,
    remove_scaffold,
    require_same,
    scaffold_path,
    turn_to_scan,
    write_errors,
)
from mprna.corpus.shard_build import ShardResult, ShardTask, num_shards_for
from mprna.corpus.shards import pyarrow_version
from mprna.digest import file_sha256
from mprna.errors import CorpusError, UsageError
from mprna.files import replacing, write_json
from mprna.folding.vienna import vienna_version
from mprna.io.source import STDIN_NAME

_PART: Final = re.compile("([0-9]{1,9})/([0-9]{1,9})")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a build is: shards and slices done, and of how many."""

    shards: int
    num_shards: int
    slices: int
    annotated: int
    found: int = 0
    """Shards that an earlier run had built."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One job of an array: it builds the shards whose number modulo `num_parts` is `index`."""

    index: int
    num_parts: int

    def __post_init__(self) -> None:
        require(
            0 <= self.index < self.num_parts,
            f"shard {self.index}/{self.num_parts}: expected i/N with i from 0 to N - 1",
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `i/N`.

        >>> Part.parse("2/8")
        Part(index=2, num_parts=8)

        Raises:
            UsageError: anything else.
        """
        found = _PART.fullmatch(text)
        if found is None:
            raise UsageError(f"shard {text[:40]!r}: expected i/N, as in 0/8")
        return cls(index=int(found[1]), num_parts=int(found[2]))

    def __contains__(self, task: ShardTask) -> bool:
        return task.index % self.num_parts == self.index


def build_corpus(
    inputs: Sequence[Path],
    out_dir: Path,
    options: CorpusOptions,
    *,
    references: References = NO_REFERENCES,
    jobs: int = 1,
    executor: Executor | None = None,
    cache_dir: Path | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Build a corpus, continue an unfinished one, or return the manifest of a finished one.

    Folds always run in child processes, so a script that calls this must be importable: keep the call under
    `if __name__ == "__main__":`.

    Args:
        inputs: FASTA or FASTQ files, plain or compressed, folders and patterns of them, and `-` for standard
            input, a copy of which is kept until the build is done.
        out_dir: created if needed; otherwise it must be empty, or come from the same build.
        options: what to build.
        references: sequences to exclude, and the species table.
        jobs: worker processes. The result depends neither on them nor on the next two.
        executor: runs the shards, in place of `jobs` processes of this machine.
        cache_dir: folder of annotations from earlier builds, which are not folded again; None folds all.
        report: called after every shard.

    Raises:
        UsageError: contradictory arguments.
        FormatError: an input that is no FASTA or FASTQ.
        CorpusError: the folder holds something else, nothing remains of the input, a worker died, or the
            disk cannot be written to.
    """
    require(jobs >= 1, f"{jobs} jobs: expected at least 1")
    paths, plan = _find(inputs, out_dir, options, references, cache_dir)
    if (out_dir / MANIFEST_NAME).exists():
        with write_errors(out_dir):
            _add_stdin(paths, plan, keep=False)
            return _finished_manifest(out_dir, plan)
    with hold_scaffold(out_dir, shared=False) as scaffold:
        _add_stdin(paths, plan, keep=True)
        scanned = _scan_once(scaffold, paths, plan, options, references)
        tasks = _tasks(scaffold, out_dir, scanned, options, cache_dir)
        shards = _run(tasks, executor or partial(run_shards, jobs=jobs), report)
        manifest = _manifest(shards, scanned, plan, reports=_write_reports(scaffold, out_dir))
        _check_slices(manifest.rows, manifest.drops)
        write_manifest(manifest, out_dir)
    remove_scaffold(out_dir)
    return manifest


def build_part(
    inputs: Sequence[Path],
    out_dir: Path,
    options: CorpusOptions,
    part: Part,
    *,
    references: References = NO_REFERENCES,
    jobs: int = 1,
    cache_dir: Path | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Progress:
    """Do one job of an array in a folder that all jobs share; `build_corpus` then finishes the corpus.

    The job that comes first scans the inputs, and the others wait for it. Jobs may run in any order, at the
    same time, twice or not at all: `build_corpus` builds the shards that are missing. Arguments and errors
    are those of `build_corpus`; but many jobs cannot read one standard input.
    """
    require(jobs >= 1, f"{jobs} jobs: expected at least 1")
    require(Path(STDIN) not in inputs, "standard input in a job of an array: write it to a file first")
    paths, plan = _find(inputs, out_dir, options, references, cache_dir)
    if (out_dir / MANIFEST_NAME).exists():
        _finished_manifest(out_dir, plan)
        return Progress(shards=0, num_shards=0, slices=0, annotated=0)
    with hold_scaffold(out_dir, shared=True) as scaffold:
        scanned = _scan_once(scaffold, paths, plan, options, references)
        tasks = [task for task in _tasks(scaffold, out_dir, scanned, options, cache_dir) if task in part]
        return _progress(_run(tasks, partial(run_shards, jobs=jobs), report), len(tasks))


def _find(
    inputs: Sequence[Path],
    out_dir: Path,
    options: CorpusOptions,
    references: References,
    cache_dir: Path | None,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """The input files by name, and the plan: all that the bytes of the corpus depend on.

    The digest of standard input is not known yet; `_add_stdin` adds it.
    """
    paths = find_inputs(inputs, spool=scaffold_path(out_dir) / "stdin")
    if cache_dir is not None:  # a cache that does not fit is an error now, not after hours of scanning
        AnnotationCache(cache_dir, options.energy_model, options.calibration.second_parameters).close()
    versions = {
        "schema": str(SCHEMA_VERSION),
        "ViennaRNA": vienna_version(),
        "pyarrow": pyarrow_version(),
    }
    if options.near_duplicate_share is not None:
        versions |= {"datasketch": datasketch_version(), "near-duplicates": RULE_VERSION}
    return paths, {
        "options": options.to_json(),
        "versions": versions,
        "sources": input_digests({name: path for name, path in paths.items() if name != STDIN_NAME}),
        "references": input_digests(references.files()),
    }


def _add_stdin(paths: dict[str, Path], plan: dict[str, Any], *, keep: bool) -> None:
    """Read standard input, if it is an input, and keep it where the scan expects it."""
    if STDIN_NAME in paths:
        plan["sources"][STDIN_NAME] = store_stdin(paths[STDIN_NAME] if keep else None)


def _finished_manifest(out_dir: Path, plan: dict[str, Any]) -> Manifest:
    """The manifest of a finished corpus, if it is what the plan would build and its files are as written."""
    manifest = read_manifest(out_dir)
    sources = {source.name: source.sha256 for source in manifest.sources}
    earlier = {
        "options": manifest.options,
        "versions": manifest.versions,
        "sources": sources,
        "references": manifest.references,
    }
    require_same(earlier, plan, f"{out_dir} holds a finished corpus")
    digests = {file.name: file.sha256 for file in manifest.files} | manifest.reports
    for name, sha256 in digests.items():
        check_digest(out_dir / name, sha256)
    remove_scaffold(out_dir)  # a build that was killed between the manifest and its last step left it behind
    return manifest


def _scan_once(
    scaffold: Path,
    paths: dict[str, Path],
    plan: dict[str, Any],
    options: CorpusOptions,
    references: References,
) -> ScanResult:
    """The scan of an earlier run or of another job, else a new one; then groups and near-duplicates."""
    with turn_to_scan(scaffold):
        agree_with_earlier_run(scaffold, plan)
        buckets = scaffold / "buckets"
        scanned = _earlier_scan(scaffold / "scan.json", buckets)
        if scanned is None:
            scanned = _scan(paths, plan["sources"], buckets, options, references)
            write_json(scanned.to_json() | {"bucket_sizes": bucket_sizes(buckets)}, scaffold / "scan.json")
        group_by_shard(buckets, _num_shards(scanned, options))
        _find_near_duplicates_once(scaffold, scanned, options)
        return scanned


def _earlier_scan(path: Path, buckets_dir: Path) -> ScanResult | None:
    """None where there is none, or where what it left was lost: buckets are not flushed to the disk."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["bucket_sizes"] == bucket_sizes(buckets_dir):
            return ScanResult.from_json(document)
    return None


def _scan(
    paths: dict[str, Path],
    digests: dict[str, str],
    buckets_dir: Path,
    options: CorpusOptions,
    references: References,
) -> ScanResult:
    if buckets_dir.exists():
        shutil.rmtree(buckets_dir)
    buckets_dir.mkdir()
    scanned = scan(paths, digests, buckets_dir, options, references)
    now = input_digests(paths)
    if changed := [name for name in paths if now[name] != digests[name]]:
        raise CorpusError(f"{paths[changed[0]]}: changed while it was read; build again when it is complete")
    _check_slices(scanned.candidates, scanned.drops)
    return scanned


def _check_slices(number: int, drops: Drops) -> None:
    if number == 0:
        raise CorpusError(f"no slice remains of the input (dropped: {drops.summary()})")


def _near_duplicates_path(scaffold: Path, options: CorpusOptions) -> Path | None:
    return None if options.near_duplicate_share is None else scaffold / "near_duplicates"


def _find_near_duplicates_once(scaffold: Path, scanned: ScanResult, options: CorpusOptions) -> None:
    path = _near_duplicates_path(scaffold, options)
    if path is not None and options.near_duplicate_share is not None and not path.exists():
        write_near_duplicates(
            path,
            scaffold / "buckets",
            key_limit=scanned.key_limit,
            seed=options.seed,
            share=options.near_duplicate_share,
        )


def _num_shards(scanned: ScanResult, options: CorpusOptions) -> int:
    num_slices = min(scanned.candidates, options.max_slices or scanned.candidates)
    return num_shards_for(num_slices, slices_per_shard=options.slices_per_shard)


def _tasks(
    scaffold: Path, out_dir: Path, scanned: ScanResult, options: CorpusOptions, cache_dir: Path | None
) -> list[ShardTask]:
    """All shards, in order of their numbers."""
    results_dir = scaffold / "shards"
    results_dir.mkdir(exist_ok=True)
    num_shards = _num_shards(scanned, options)
    return [
        ShardTask(
            index=index,
            num_shards=num_shards,
            buckets_dir=scaffold / "buckets",
            results_dir=results_dir,
            out_dir=out_dir,
            source_names=tuple(source.name for source in scanned.sources),
            key_limit=scanned.key_limit,
            near_duplicates_path=_near_duplicates_path(scaffold, options),
            options=options,
            cache_dir=cache_dir,
        )
        for index in range(num_shards)
    ]


def _run(
    tasks: Sequence[ShardTask], executor: Executor, report: Callable[[Progress], None] | None
) -> list[ShardResult]:
    """Results in order of the shards."""
    results: list[ShardResult] = []
    for result in executor(tasks):
        results.append(result)
        if report is not None:
            report(_progress(results, len(tasks)))
    return sorted(results, key=lambda result: result.file.name)


def _progress(results: Sequence[ShardResult], num_shards: int) -> Progress:
    return Progress(
        shards=len(results),
        num_shards=num_shards,
        slices=sum(result.file.rows for result in results),
        annotated=sum(result.file.annotated for result in results),
        found=sum(result.found for result in results),
    )


def _write_reports(scaffold: Path, out_dir: Path) -> dict[str, str]:
    """Copy what the scan reports beside the shards; SHA-256 by name."""
    report = scaffold / "buckets" / EXCLUDED_NAME
    if not report.exists():
        return {}
    with replacing(out_dir / EXCLUDED_NAME, inside=scaffold) as copy:
        shutil.copyfile(report, copy)
    return {EXCLUDED_NAME: file_sha256(out_dir / EXCLUDED_NAME)}


def _manifest(
    shards: Sequence[ShardResult], scanned: ScanResult, plan: dict[str, Any], *, reports: dict[str, str]
) -> Manifest:
    drops = Drops(scanned.drops)
    for shard in shards:
        drops.merge(shard.drops)
    return Manifest(
        files=tuple(shard.file for shard in shards),
        sources=scanned.sources,
        drops=drops,
        options=plan["options"],
        versions=plan["versions"],
        references=plan["references"],
        reports=reports,
    )
