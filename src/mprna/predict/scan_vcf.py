"""The variants of a VCF, on the transcripts that they hit."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import TracebackType
from typing import Final

from mprna import __version__
from mprna.alphabet import clean_sequence, reverse_complement
from mprna.errors import FormatError, SequenceError, UsageError
from mprna.io.output import open_output
from mprna.io.transcripts import Transcript, read_transcripts
from mprna.io.vcf import IndexedFasta, VcfFile, VcfRecord, info_text
from mprna.predict.limits import too_long
from mprna.predict.scan_output import SCAN_COLUMNS, effect_row
from mprna.predict.scan_work import Query, VariantRequest, scan_queries
from mprna.predict.variant_effect import (
    IN_NO_EXON,
    NO_ALTERNATIVE,
    NO_SUBSTITUTION,
    ScanOptions,
    VariantEffect,
)
from mprna.rna.variants import Substitution, Variant

INFO_FIELD: Final = "MPRNA"
_NO_ALLELES: Final = (".", "<NON_REF>", "<*>")
_BIN: Final = 1 << 16
_LEFT_OUT: Final = ("given", "position", "ref", "alt")
_INFO_COLUMNS: Final = [name for name in SCAN_COLUMNS if name not in _LEFT_OUT]
INFO_PARTS: Final = ("allele", *_INFO_COLUMNS)
"""Of every text of the INFO field, joined by `|` as VEP does, so that `bcftools +split-vep` reads it."""

Effects = list[VariantEffect]


class Transcriptome:
    """RNAs on the contigs of a FASTA file.

    Args:
        reference_path: FASTA, plain or bgzipped.
        transcripts_path: GTF or BED; without it every contig is an RNA, on its plus strand.

    Raises:
        FormatError: a file that cannot be read, or transcripts that lie outside of the reference.
        MissingExtraError: pysam is not installed.
    """

    def __init__(self, reference_path: str, transcripts_path: str | None = None) -> None:
        self._fasta = IndexedFasta(reference_path)
        self._bins: defaultdict[tuple[str, int], list[Transcript]] | None = None
        if transcripts_path is not None:
            self._bins = defaultdict(list)
            transcripts = read_transcripts(transcripts_path)
            self._check(transcripts, transcripts_path)
            for transcript in transcripts:
                for number in range(transcript.start // _BIN, (transcript.end - 1) // _BIN + 1):
                    self._bins[transcript.contig, number].append(transcript)
        self.sequence_of = lru_cache(maxsize=16)(self._sequence_of)

    def __enter__(self) -> Transcriptome:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fasta.close()

    def __contains__(self, contig: object) -> bool:
        return contig in self._fasta

    def genomic(self, contig: str, start: int, end: int) -> str:
        """Letters of the reference, upper case."""
        return self._fasta.fetch(contig, start, end)

    def around(self, contig: str, start: int, end: int) -> list[Transcript]:
        """Transcripts with an exon that overlaps a range, in the order of their file."""
        if self._bins is None:
            length = self._fasta.length(contig)
            return [Transcript(contig, contig, "+", ((0, length),))] if start < length else []
        numbers = range(start // _BIN, (end - 1) // _BIN + 1)
        near = dict.fromkeys(t for number in numbers for t in self._bins[contig, number])
        return [t for t in near if any(first < end and start < last for first, last in t.exons)]

    def _sequence_of(self, transcript: Transcript) -> str:
        """In clean letters.

        Raises:
            SequenceError: letters that are no nucleotides.
        """
        spliced = "".join(self._fasta.fetch(transcript.contig, *exon) for exon in transcript.exons)
        return clean_sequence(spliced if transcript.strand == "+" else reverse_complement(spliced))

    def _check(self, transcripts: Iterable[Transcript], path: str) -> None:
        """Of contigs that are missing nothing is said: annotations have more of them than most references."""
        transcripts = [t for t in transcripts if t.contig in self._fasta]
        if not transcripts:
            raise FormatError(
                "no transcript lies on a sequence of the reference; do names differ?", path=path
            )
        for transcript in transcripts:
            length = self._fasta.length(transcript.contig)
            if transcript.start < 0 or transcript.end > length:
                message = f"{transcript.name!r} ends at {transcript.end}, {transcript.contig} at {length}"
                raise FormatError(f"{message}; is it of the same assembly?", path=path)


def scan_vcf(
    vcf: VcfFile, transcriptome: Transcriptome, options: ScanOptions | None = None, *, jobs: int = 1
) -> Iterator[tuple[VcfRecord, Effects]]:
    """Records in order, each with one effect per alternative allele and transcript.

    What is no substitution, or lies in no transcript, has its reason in `error`.

    Raises:
        FormatError: a record that cannot be read.
        ModelError: no such model, or damaged files.
    """
    options = options or ScanOptions()
    waiting: deque[tuple[VcfRecord, int]] = deque()

    def queries() -> Iterator[Query]:
        for record in vcf:
            found = list(_queries(record, transcriptome, options.max_length))
            waiting.append((record, sum(len(query.requests) for query in found)))
            yield from found

    effects: Effects = []
    for effect in scan_queries(queries(), options, jobs=jobs):
        effects.append(effect)
        if len(effects) == waiting[0][1]:
            yield waiting.popleft()[0], effects
            effects = []


def write_vcf(vcf: VcfFile, annotated: Iterable[tuple[VcfRecord, Effects]], output: str | None) -> None:
    """The VCF with INFO/MPRNA; `annotated` must not have been started.

    Raises:
        FormatError: not writable, or the field is there already.
        UsageError: a compressed file is asked for.
    """
    if output is not None and output.endswith(".gz"):
        raise UsageError("compressed VCF: write plain VCF and `bgzip` it, so that it can be indexed")
    description = f"Effects on RNA by mprna scan. Format: {'|'.join(INFO_PARTS)}"
    vcf.add_info(INFO_FIELD, description, meta={"mprnaVersion": __version__})
    with open_output(output) as stream:
        stream.write(vcf.header)
        for record, effects in annotated:
            stream.write(record.line({INFO_FIELD: [_info(effect) for effect in effects]}))


def _info(effect: VariantEffect) -> str:
    row = effect_row(effect)
    allele = (effect.given or "").partition(">")[2]  # which may be `<DEL>`
    return "|".join(info_text(value) for value in (allele, *(row[name] for name in _INFO_COLUMNS)))


def _queries(record: VcfRecord, transcriptome: Transcriptome, max_length: int) -> Iterator[Query]:
    """At least one row per record."""
    contig, start, ref = record.contig, record.position, _as_dna(record.ref)
    for alt in record.alts or (".",):
        given = f"{contig}:{start + 1}:{record.ref}>{alt}"
        reason = _complaint(contig, start, ref, transcriptome) or _unjudged(ref, alt)
        near = [] if reason else transcriptome.around(contig, start, start + len(ref))
        if not near:
            reason = reason or IN_NO_EXON
            yield Query(contig, "", [VariantRequest("", error=reason, given=given)])
        for transcript in near:
            yield _query(transcript, start, ref, _as_dna(alt), given, transcriptome, max_length)


def _complaint(contig: str, start: int, ref: str, transcriptome: Transcriptome) -> str | None:
    """Why a record does not fit the reference."""
    if contig not in transcriptome:
        return f"{contig} is no sequence of the reference"
    found = _as_dna(transcriptome.genomic(contig, start, start + len(ref)))
    return None if found == ref else f"the VCF has {ref} where the reference has {found or 'nothing'}"


def _unjudged(ref: str, alt: str) -> str | None:
    """Why an allele is not judged."""
    if alt in _NO_ALLELES:
        return NO_ALTERNATIVE
    if len(alt) != len(ref) or not set(ref + _as_dna(alt)) <= set("ACGTN"):
        return NO_SUBSTITUTION
    if "N" in ref + alt.upper():
        return f"{ref}>{alt}: N is no nucleotide"
    return None


def _as_dna(letters: str) -> str:
    """A reference of RNAs may have U."""
    return letters.upper().replace("U", "T")


def _query(
    transcript: Transcript,
    start: int,
    ref: str,
    alt: str,
    given: str,
    transcriptome: Transcriptome,
    max_length: int,
) -> Query:
    changed = [(genomic, r, a) for genomic, (r, a) in enumerate(zip(ref, alt, strict=True), start) if r != a]
    positions = [transcript.position_of(genomic) for genomic, _, _ in changed]
    reason = None
    if not changed:
        reason = "changes nothing"
    elif None in positions:
        reason = "partly outside of the exons"
    elif transcript.length > max_length:
        reason = too_long(transcript.length, max_length, "are scanned")
    if reason is not None:
        return Query(transcript.name, "", [VariantRequest("", error=reason, given=given)])
    try:
        sequence = transcriptome.sequence_of(transcript)
    except SequenceError as error:
        return Query(transcript.name, "", [VariantRequest("", error=str(error), given=given)])
    found = sorted(
        Substitution(position, _on_strand(before, transcript.strand), _on_strand(after, transcript.strand))
        for position, (_, before, after) in zip(positions, changed, strict=True)
        if position is not None
    )
    variant = Variant(tuple(found))
    return Query(transcript.name, sequence, [VariantRequest(str(variant), variant, None, given)])


def _on_strand(letter: str, strand: str) -> str:
    """The letter of the RNA for a letter of the genome."""
    return clean_sequence(letter) if strand == "+" else reverse_complement(letter)
