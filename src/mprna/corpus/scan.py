"""One pass over the input: clean, slice, filter, and scatter what remains into buckets by content.

Equal slices have equal digests and so meet in one bucket, in the order of the input; whatever follows
(duplicates, sampling, annotation) needs one bucket at a time, and memory stays flat however large the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from mprna.corpus.clean import Cleaner, SpeciesFilter, is_ambiguous
from mprna.corpus.dedup import SmallestKeys, content_digest, sample_keys
from mprna.corpus.drops import DropReason, Drops
from mprna.corpus.inputs import read_input
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shards import Source
from mprna.corpus.slicing import cut
from mprna.errors import CorpusError

NUM_BUCKETS: Final = 256
_FLUSH_CHARACTERS: Final = 32 * 2**20


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
        """Inverse of `to_line`."""
        digest, source, transcript_id, species, start, sequence = line.rstrip("\n").split("\t")
        return cls(bytes.fromhex(digest), int(source), transcript_id, species, int(start), sequence)


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """What one scan found.

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
        sources = [[s.name, s.sha256, s.records, s.nt] for s in self.sources]
        counts = {"candidates": self.candidates, "key_limit": self.key_limit}
        return counts | {"sources": sources, "drops": self.drops.to_json()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(
            sources=tuple(
                Source(name=name, sha256=sha256, records=records, nt=nt)
                for name, sha256, records, nt in document["sources"]
            ),
            candidates=document["candidates"],
            key_limit=document["key_limit"],
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


def read_bucket(directory: Path, bucket: int) -> Iterator[Candidate]:
    """Candidates of one bucket in the order of the input; a bucket that never got one has no file."""
    path = bucket_path(directory, bucket)
    if path.exists():
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from map(Candidate.from_line, file)


@dataclass
class _Scanner:
    options: CorpusOptions
    writer: BucketWriter
    species_filter: SpeciesFilter
    sample: SmallestKeys
    drops: Drops = field(default_factory=Drops)
    candidates: int = 0
    records: int = 0

    def scan_file(self, index: int, path: Path, name: str, sha256: str) -> Source:
        cleaner = Cleaner(name, self.options.species_from, self.species_filter, self.options.min_length)
        records = nt = 0
        for record in read_input(path):
            if self.records == self.options.max_records:
                break
            self.records += 1
            records += 1
            nt += len(record.sequence)
            transcript = cleaner.clean(record)
            if isinstance(transcript, DropReason):
                self.drops.count(transcript, len(record.sequence))
                continue
            for start, sequence in cut(transcript.sequence, slice_length=self.options.slice_length):
                digest = content_digest(sequence)
                reason = self.reason_to_drop(digest, sequence)
                if reason is None:
                    self.candidates += 1
                    self.writer.add(
                        Candidate(digest, index, transcript.id, transcript.species, start, sequence)
                    )
                else:
                    self.drops.count(reason, len(sequence))
        return Source(name=name, sha256=sha256, records=records, nt=nt)

    def reason_to_drop(self, digest: bytes, sequence: str) -> DropReason | None:
        if len(sequence) < self.options.min_length:
            return DropReason.SHORT_TAIL
        if is_ambiguous(sequence, max_rate=self.options.max_ambiguous_rate):
            return DropReason.AMBIGUOUS
        sample_key, _ = sample_keys(digest, seed=self.options.seed)
        return None if self.sample.offer(sample_key) else DropReason.NOT_SAMPLED


def scan(
    inputs: dict[str, Path], digests: dict[str, str], buckets_dir: Path, options: CorpusOptions
) -> ScanResult:
    """Read all inputs and fill the (empty) folder of buckets.

    Args:
        inputs: source name -> file.
        digests: source name -> SHA-256 of the file.

    Raises:
        FormatError: a file that cannot be read as FASTA or FASTQ.
        CorpusError: a species named in the options that no record has.
    """
    species_filter = SpeciesFilter(frozenset(options.only_species), frozenset(options.exclude_species))
    scanner = _Scanner(options, BucketWriter(buckets_dir), species_filter, SmallestKeys(options.max_slices))
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
