"""The build of a corpus, step by step:

    find the inputs -> agree with what an earlier run left here -> scan into buckets -> find near-duplicates
    -> build every shard (sample, drop duplicates, annotate, write) -> write the report and the manifest
    -> remove the scaffold

Each step leaves a file that is renamed into place when it is whole, so a build that was killed continues
where it stood and ends with the same bytes, for any number of processes. The scaffold is the folder `.build`.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mprna.corpus.drops import Drops
from mprna.corpus.executor import run_shards
from mprna.corpus.inputs import find_inputs, input_digests, store_stdin
from mprna.corpus.near_duplicates import datasketch_version, write_near_duplicates
from mprna.corpus.options import CorpusOptions, require
from mprna.corpus.references import References
from mprna.corpus.scan import EXCLUDED_NAME, ScanResult, scan
from mprna.corpus.shard_build import ShardResult, ShardTask, num_shards_for
from mprna.corpus.shards import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    Manifest,
    file_sha256,
    flush_to_disk,
    pyarrow_version,
    read_manifest,
    write_json,
    write_manifest,
)
from mprna.errors import CorpusError
from mprna.folding.vienna import vienna_version
from mprna.io.source import STDIN_NAME

_SCAFFOLD: Final = ".build"
_NO_REFERENCES: Final = References()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a build is: shards and slices done, and of how many."""

    shards: int
    num_shards: int
    slices: int
    annotated: int


def build_corpus(
    inputs: Sequence[Path],
    out_dir: Path,
    options: CorpusOptions,
    *,
    references: References = _NO_REFERENCES,
    jobs: int = 1,
    report: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Build a corpus, continue an unfinished one, or return the manifest of a finished one.

    Args:
        inputs: FASTA or FASTQ files, plain or compressed, folders and patterns of them, and `-` for standard
            input, which is kept in the scaffold until the build is done.
        out_dir: made if needed; empty, or left by the same build.
        options: what to build.
        references: files beside the inputs that decide on the corpus.
        jobs: worker processes; the result does not depend on it.
        report: called after every shard.

    Raises:
        UsageError: contradictory arguments.
        FormatError: an input that is no FASTA or FASTQ.
        CorpusError: the folder holds something else, nothing remains of the input, a worker died, or the
            disk cannot be written to.
    """
    require(jobs >= 1, f"{jobs} jobs: expected at least 1")
    spool = out_dir / _SCAFFOLD / "stdin"
    paths = find_inputs(inputs, spool=spool)
    digests = input_digests({name: path for name, path in paths.items() if path != spool})
    reference_digests = input_digests(references.files())
    finished = (out_dir / MANIFEST_NAME).exists()
    with _write_errors(out_dir), nullcontext() if finished else _scaffold(out_dir) as scaffold:
        if STDIN_NAME in paths:
            digests[STDIN_NAME] = store_stdin(None if finished else spool)
        plan = _plan(options, digests, reference_digests)
        if scaffold is None:
            return _finished_manifest(out_dir, plan)
        _agree_with_earlier_run(scaffold, plan)
        scanned = _scan_once(scaffold, paths, digests, options, references)
        _find_near_duplicates_once(scaffold, scanned, options)
        shards = _build_shards(scaffold, out_dir, scanned, options, jobs, report)
        manifest = Manifest(
            files=tuple(shard.file for shard in shards),
            sources=scanned.sources,
            drops=_sum_drops(scanned, shards),
            options=plan["options"],
            versions=plan["versions"],
            references=plan["references"],
            reports=_write_reports(scaffold, out_dir),
        )
        write_manifest(manifest, out_dir)
        return manifest


def _plan(options: CorpusOptions, digests: dict[str, str], references: dict[str, str]) -> dict[str, Any]:
    """What the bytes of a corpus depend on."""
    versions = {
        "schema": str(SCHEMA_VERSION),
        "ViennaRNA": vienna_version(),
        "pyarrow": pyarrow_version(),
    }
    if options.near_duplicate_share is not None:
        versions["datasketch"] = datasketch_version()
    return {
        "options": options.to_json(),
        "versions": versions,
        "sources": digests,
        "references": references,
    }


def _finished_manifest(out_dir: Path, plan: dict[str, Any]) -> Manifest:
    """The manifest of a finished corpus, if that is what the plan would build."""
    manifest = read_manifest(out_dir)
    sources = {source.name: source.sha256 for source in manifest.sources}
    earlier = {
        "options": manifest.options,
        "versions": manifest.versions,
        "sources": sources,
        "references": manifest.references,
    }
    _require_same(earlier, plan, f"{out_dir} holds a finished corpus")
    # A build that was killed between the manifest and its last step left this behind.
    shutil.rmtree(out_dir / _SCAFFOLD, ignore_errors=True)
    return manifest


def _agree_with_earlier_run(scaffold: Path, plan: dict[str, Any]) -> None:
    """Continue only what was begun with the same plan."""
    path = scaffold / "plan.json"
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        _require_same(earlier, plan, f"{scaffold.parent} holds an unfinished corpus")
    else:
        write_json(plan, path)


def _require_same(earlier: dict[str, Any], plan: dict[str, Any], what: str) -> None:
    changed = [
        f"{part} {key}"
        for part in plan
        for key in sorted(earlier[part].keys() | plan[part].keys())
        if earlier[part].get(key) != plan[part].get(key)
    ]
    if changed:
        raise CorpusError(
            f"{what} of other {', '.join(changed[:4])}{' ...' if len(changed) > 4 else ''}: "
            "give the same as before, choose another folder, or remove this one"
        )


def _scan_once(
    scaffold: Path,
    paths: dict[str, Path],
    digests: dict[str, str],
    options: CorpusOptions,
    references: References,
) -> ScanResult:
    """The scan of an earlier run, or a new one from the start."""
    path, buckets_dir = scaffold / "scan.json", scaffold / "buckets"
    if path.exists():
        return ScanResult.from_json(json.loads(path.read_text(encoding="utf-8")))
    if buckets_dir.exists():
        shutil.rmtree(buckets_dir)
    buckets_dir.mkdir()
    scanned = scan(paths, digests, buckets_dir, options, references)
    if scanned.candidates == 0:
        counts = ", ".join(f"{reason} {tally.pieces}" for reason, tally in sorted(scanned.drops.items()))
        raise CorpusError(
            f"no slice remains of the input (dropped: {counts or 'nothing, there were no records'})"
        )
    write_json(scanned.to_json(), path)
    return scanned


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


def _build_shards(
    scaffold: Path,
    out_dir: Path,
    scanned: ScanResult,
    options: CorpusOptions,
    jobs: int,
    report: Callable[[Progress], None] | None,
) -> list[ShardResult]:
    """All shards, in order of their numbers."""
    results_dir = scaffold / "shards"
    results_dir.mkdir(exist_ok=True)
    num_slices = min(scanned.candidates, options.max_slices or scanned.candidates)
    num_shards = num_shards_for(num_slices, slices_per_shard=options.slices_per_shard)
    tasks = [
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
        )
        for index in range(num_shards)
    ]
    results: list[ShardResult] = []
    for result in run_shards(tasks, jobs=jobs):
        results.append(result)
        if report is not None:
            report(_progress(results, num_shards))
    return sorted(results, key=lambda result: result.file.name)


def _progress(results: list[ShardResult], num_shards: int) -> Progress:
    return Progress(
        shards=len(results),
        num_shards=num_shards,
        slices=sum(result.file.rows for result in results),
        annotated=sum(result.file.annotated for result in results),
    )


def _write_reports(scaffold: Path, out_dir: Path) -> dict[str, str]:
    """Copy what the scan reports beside the shards; SHA-256 by name."""
    report = scaffold / "buckets" / EXCLUDED_NAME
    if not report.exists():
        return {}
    temporary = Path(shutil.copyfile(report, scaffold / EXCLUDED_NAME))
    flush_to_disk(temporary)
    temporary.replace(out_dir / EXCLUDED_NAME)
    return {EXCLUDED_NAME: file_sha256(out_dir / EXCLUDED_NAME)}


def _sum_drops(scanned: ScanResult, shards: list[ShardResult]) -> Drops:
    total = Drops(scanned.drops)
    for shard in shards:
        total.merge(shard.drops)
    return total


@contextmanager
def _scaffold(out_dir: Path) -> Iterator[Path]:
    """The locked working folder of a build; removed when the build is done, else kept for the next run."""
    scaffold = out_dir / _SCAFFOLD
    if not scaffold.exists() and out_dir.exists() and any(out_dir.iterdir()):
        raise CorpusError(f"{out_dir} is not empty and holds no corpus: choose another folder")
    scaffold.mkdir(parents=True, exist_ok=True)
    with (scaffold / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CorpusError(
                f"another build is at work in {out_dir}: wait for it, or choose another folder"
            ) from None
        yield scaffold
    shutil.rmtree(scaffold)


@contextmanager
def _write_errors(out_dir: Path) -> Iterator[None]:
    """What the operating system refuses (a full disk, a read-only folder), as one line."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or out_dir}: {error.strerror or error}"
        raise CorpusError(
            f"{what}; make it writable or free space, then run the same command again"
        ) from error
