"""One pass over the input: clean, slice, filter, and scatter what remains into buckets by content.

Equal slices have equal digests and so meet in one bucket, in the order of the input; whatever follows
(duplicates, sampling, annotation) needs one bucket at a time, and memory stays flat however large the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self, TextIO

from mprna.corpus.clean import Cleaner, SpeciesFilter, is_ambiguous
from mprna.corpus.complexity import is_low_complexity
from mprna.corpus.decontaminate import Unwanted
from mprna.corpus.dedup import SmallestKeys, content_digest, sample_keys
from mprna.corpus.drops import DropReason, Drops
from mprna.corpus.inputs import read_input
from mprna.corpus.manifest import Source
from mprna.corpus.options import CorpusOptions
from mprna.corpus.references import References
from mprna.corpus.slicing import cut
from mprna.corpus.species import SpeciesRule, read_species_table, species_rule
from mprna.errors import CorpusError

NUM_BUCKETS: Final = 256
EXCLUDED_NAME: Final = "excluded.tsv"
"""Report of the slices that share words with excluded sequences; one line each, in the order of the input."""

_EXCLUDED_COLUMNS: Final = ("id", "source", "start", "share", "closest_file")
_FLUSH_CHARACTERS: Final = 32 * 2**20
_BATCH_SLICES: Final = 1024


@dataclass(frozen=True, slots=True)
class Candidate:
    """A slice on its way from the scan to its shard."""

    digest: bytes
    source: int
    id: str
    species: str
    start: int
    sequence: str

    def to_line(self) -> str:
        """One line of a bucket; no field can hold a tab or a line break."""
        fields = (self.digest.hex(), self.source, self.id, self.species, self.start, self.sequence)
        return "\t".join(map(str, fields)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Inverse of `to_line`.

        Raises:
            ValueError: damaged.
        """
        digest, source, transcript_id, species, start, sequence = line.rstrip("\n").split("\t")
        if bytes.fromhex(digest) != content_digest(sequence):
            raise ValueError("the digest is of another sequence")
        return cls(bytes.fromhex(digest), int(source), transcript_id, species, int(start), sequence)


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """The result of a scan.

    Args:
        sources: the inputs, with what was read from them.
        candidates: slices in the buckets, duplicates included.
        key_limit: only candidates whose sampling key is at most this one belong to the sample.
        drops: what did not get into a bucket.
    """

    sources: tuple[Source, ...]
    candidates: int
    key_limit: int
    drops: Drops

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and numbers."""
        sources = [asdict(source) for source in self.sources]
        counts = {"candidates": self.candidates, "key_limit": self.key_limit}
        return counts | {"sources": sources, "drops": self.drops.to_json()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(
            sources=tuple(Source(**source) for source in document["sources"]),
            candidates=int(document["candidates"]),
            key_limit=int(document["key_limit"]),
            drops=Drops.from_json(document["drops"]),
        )


class BucketWriter:
    """Appends candidates to `NUM_BUCKETS` text files through one bounded buffer."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lines: list[list[str]] = [[] for _ in range(NUM_BUCKETS)]
        self._buffered = 0

    def add(self, candidate: Candidate) -> None:
        """Put a candidate into its bucket, the first byte of its digest."""
        line = candidate.to_line()
        self._lines[candidate.digest[0]].append(line)
        self._buffered += len(line)
        if self._buffered >= _FLUSH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write the buffer out."""
        for bucket, lines in enumerate(self._lines):
            if lines:
                with bucket_path(self._directory, bucket).open("a", encoding="utf-8", newline="\n") as file:
                    file.writelines(lines)
                lines.clear()
        self._buffered = 0


def bucket_path(directory: Path, bucket: int) -> Path:
    """File of one bucket."""
    return directory / f"{bucket:03d}.tsv"


def bucket_sizes(directory: Path) -> list[int]:
    """Bytes of every bucket, and of the report; 0 where there is no file."""
    paths = [*(bucket_path(directory, bucket) for bucket in range(NUM_BUCKETS)), directory / EXCLUDED_NAME]
    return [path.stat().st_size if path.exists() else 0 for path in paths]


def read_bucket(
    directory: Path, bucket: int, *, start: int = 0, num_lines: int | None = None
) -> Iterator[Candidate]:
    """Candidates of one bucket in the order of its lines; a bucket that never got one has no file.

    Args:
        start: byte at which to begin.
        num_lines: to read; None is all that follow.

    Raises:
        CorpusError: damaged since it was written.
    """
    path = bucket_path(directory, bucket)
    if not path.exists():
        return
    with path.open("rb") as file, damage_told(path):
        file.seek(start)
        for line in islice(file, num_lines):
            yield Candidate.from_line(line.decode())


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """A line of a bucket that cannot be read (ValueError), as CorpusError."""
    try:
        yield
    except ValueError as error:
        message = f"{path}: damaged ({error}); remove {path.parent.parent}, build again"
        raise CorpusError(message) from error


@dataclass
class Excluder:
    """Leaves out slices that share too many words with unwanted sequences, and lists them in a report.

    Args:
        unwanted: the words.
        max_share: slices that share more of their words are left out, 0..1.
        report: a TSV file that has its header already.
    """

    unwanted: Unwanted
    max_share: float
    report: TextIO

    def keep(self, batch: list[Candidate], source: str, drops: Drops) -> list[Candidate]:
        """The slices of a batch that stay; `source` is the file that they come from."""
        kept = []
        shares = self.unwanted.shares([candidate.sequence for candidate in batch])
        for candidate, share in zip(batch, shares.tolist(), strict=True):
            if share <= self.max_share:
                kept.append(candidate)
                continue
            drops.count(DropReason.EXCLUDED_SEQUENCE, len(candidate.sequence))
            closest = self.unwanted.closest_file(candidate.sequence)
            fields = (candidate.id, source, candidate.start, f"{share:.4f}", closest)
            self.report.write("\t".join(map(str, fields)) + "\n")
        return kept


def keep_complex(batch: list[Candidate], drops: Drops) -> list[Candidate]:
    """The slices of a batch that are not of low complexity."""
    low = is_low_complexity([candidate.sequence for candidate in batch])
    for index in low.nonzero()[0]:
        drops.count(DropReason.LOW_COMPLEXITY, len(batch[index].sequence))
    return [candidate for candidate, is_low in zip(batch, low, strict=True) if not is_low]


@dataclass
class _Counts:
    """How much of a file was read so far."""

    records: int = 0
    nt: int = 0


@dataclass
class _Scanner:
    options: CorpusOptions
    writer: BucketWriter
    species_rule: SpeciesRule
    species_filter: SpeciesFilter
    sample: SmallestKeys
    excluder: Excluder | None
    drops: Drops = field(default_factory=Drops)
    candidates: int = 0
    records: int = 0

    def scan_file(self, index: int, path: Path, name: str, sha256: str) -> Source:
        cleaner = Cleaner(name, self.species_rule, self.species_filter, self.options.min_length)
        counts = _Counts()
        slices = self.slices(index, path, cleaner, counts)
        while batch := list(islice(slices, _BATCH_SLICES)):
            self.take(batch, name)
        return Source(
            name=name,
            sha256=sha256,
            records=counts.records,
            nt=counts.nt,
            unknown_species=cleaner.unknown_species,
        )

    def slices(self, index: int, path: Path, cleaner: Cleaner, counts: _Counts) -> Iterator[Candidate]:
        """Slices of one file that are long and certain enough."""
        for record in read_input(path):
            if self.records == self.options.max_records:
                return
            self.records += 1
            counts.records += 1
            counts.nt += len(record.sequence)
            transcript = cleaner.clean(record)
            if isinstance(transcript, DropReason):
                self.drops.count(transcript, len(record.sequence))
                continue
            for start, sequence in cut(transcript.sequence, slice_length=self.options.slice_length):
                if len(sequence) < self.options.min_length:
                    self.drops.count(DropReason.SHORT_TAIL, len(sequence))
                elif is_ambiguous(sequence, max_rate=self.options.max_ambiguous_rate):
                    self.drops.count(DropReason.AMBIGUOUS, len(sequence))
                else:
                    digest = content_digest(sequence)
                    yield Candidate(digest, index, transcript.id, transcript.species, start, sequence)

    def take(self, batch: list[Candidate], source: str) -> None:
        """Put the slices of a batch into buckets that pass the filters and can still be in the sample."""
        if self.excluder is not None:
            batch = self.excluder.keep(batch, source, self.drops)
        if self.options.drop_low_complexity:
            batch = keep_complex(batch, self.drops)
        for candidate in batch:
            sample_key, _ = sample_keys(candidate.digest, seed=self.options.seed)
            if self.sample.offer(sample_key):
                self.candidates += 1
                self.writer.add(candidate)
            else:
                self.drops.count(DropReason.NOT_SAMPLED, len(candidate.sequence))


def scan(
    inputs: dict[str, Path],
    digests: dict[str, str],
    buckets_dir: Path,
    options: CorpusOptions,
    references: References,
) -> ScanResult:
    """Read all inputs and fill the (empty) folder of buckets.

    Args:
        inputs: source name -> file.
        digests: source name -> SHA-256 of the file.

    Raises:
        FormatError: a file that cannot be read as FASTA or FASTQ, or a reference that cannot be read.
        CorpusError: a species named in the options that no record has.
    """
    table = read_species_table(references.species_table) if references.species_table else None
    species_filter = SpeciesFilter(frozenset(options.only_species), frozenset(options.exclude_species))
    with _open_excluder(references, options, buckets_dir) as excluder:
        scanner = _Scanner(
            options=options,
            writer=BucketWriter(buckets_dir),
            species_rule=species_rule(options.species_from, pattern=options.species_pattern, table=table),
            species_filter=species_filter,
            sample=SmallestKeys(options.max_slices),
            excluder=excluder,
        )
        sources = tuple(
            scanner.scan_file(index, path, name, digests[name])
            for index, (name, path) in enumerate(inputs.items())
        )
    scanner.writer.flush()
    if missing := species_filter.missing():
        raise CorpusError(f"no record is of species {', '.join(missing)}: check the spelling in the headers")
    return ScanResult(
        sources=sources,
        candidates=scanner.candidates,
        key_limit=scanner.sample.limit(),
        drops=scanner.drops,
    )


@contextmanager
def _open_excluder(
    references: References, options: CorpusOptions, buckets_dir: Path
) -> Iterator[Excluder | None]:
    files = references.excluded_files()
    if not files:
        yield None
        return
    unwanted = Unwanted(files)
    with (buckets_dir / EXCLUDED_NAME).open("w", encoding="utf-8", newline="\n") as report:
        report.write("\t".join(_EXCLUDED_COLUMNS) + "\n")
        yield Excluder(unwanted, options.exclude_share, report)
