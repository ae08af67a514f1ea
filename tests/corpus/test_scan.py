from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mprna.corpus import scan as scan_module
from mprna.corpus.dedup import content_digest
from mprna.corpus.drops import Tally
from mprna.corpus.inputs import find_inputs, input_digests
from mprna.corpus.options import CorpusOptions
from mprna.corpus.references import References
from mprna.corpus.scan import NUM_BUCKETS, Candidate, ScanResult, read_bucket, scan
from mprna.errors import CorpusError, FormatError

OPTIONS = CorpusOptions(slice_length=40, min_length=12)


@pytest.fixture
def buckets_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "buckets"
    directory.mkdir()
    return directory


def run_scan(
    transcripts_dir: Path,
    buckets_dir: Path,
    options: CorpusOptions = OPTIONS,
    references: References = References(),  # noqa: B008
) -> ScanResult:
    inputs = find_inputs([transcripts_dir])
    return scan(inputs, input_digests(inputs), buckets_dir, options, references)


def all_candidates(buckets_dir: Path) -> list[Candidate]:
    return [candidate for bucket in range(NUM_BUCKETS) for candidate in read_bucket(buckets_dir, bucket)]


def naive_slices(records: list[tuple[str, str]]) -> tuple[Counter[str], Counter[str]]:
    """Slices and drop reasons of the test transcriptome, written down a second time."""
    slices: Counter[str] = Counter()
    drops: Counter[str] = Counter()
    for header, sequence in records:
        rna = sequence.upper().replace("T", "U")
        if not rna:
            drops["empty_record"] += 1
        elif header.startswith(("gap", "protein")):
            drops["illegal_symbol"] += 1
        elif len(rna) < 12:
            drops["short_record"] += 1
        else:
            pieces = [rna.replace("R", "N")[i : i + 40] for i in range(0, len(rna), 40)]
            drops["ambiguous"] += sum(piece == "N" * 40 for piece in pieces)
            drops["short_tail"] += sum(len(piece) < 12 for piece in pieces)
            slices.update(piece for piece in pieces if len(piece) >= 12 and piece != "N" * 40)
    return slices, drops


def test_scan_equals_a_second_implementation(
    transcripts_dir: Path, buckets_dir: Path, records: list[tuple[str, str]]
) -> None:
    scanned = run_scan(transcripts_dir, buckets_dir)
    candidates = all_candidates(buckets_dir)
    slices, drops = naive_slices(records)
    assert Counter(candidate.sequence for candidate in candidates) == slices
    assert {reason: tally.pieces for reason, tally in scanned.drops.items()} == drops
    assert scanned.candidates == slices.total()
    read = sum(len(sequence) for _, sequence in records)
    assert sum(source.nt for source in scanned.sources) == read
    assert read == scanned.drops.nt + sum(len(candidate.sequence) for candidate in candidates)
    assert [source.records for source in scanned.sources] == [25, 25, len(records) - 50]


def test_candidates_know_where_they_come_from(
    transcripts_dir: Path, buckets_dir: Path, records: list[tuple[str, str]]
) -> None:
    run_scan(transcripts_dir, buckets_dir)
    originals = {header.split("|")[0]: sequence for header, sequence in records}
    for candidate in all_candidates(buckets_dir):
        original = originals[candidate.id].upper().replace("T", "U").replace("R", "N")
        assert original[candidate.start :].startswith(candidate.sequence)
        assert candidate.digest == content_digest(candidate.sequence)
    species = {candidate.id: candidate.species for candidate in all_candidates(buckets_dir)}
    assert (species["t1"], species["a1"], species["no_species"]) == ("Homo_sapiens", "Zea_mays", "")


def test_small_buffer_keeps_the_order_of_the_input(
    transcripts_dir: Path, buckets_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_scan(transcripts_dir, buckets_dir)
    monkeypatch.setattr(scan_module, "_FLUSH_CHARACTERS", 1)
    (tmp_path / "unbuffered").mkdir()
    run_scan(transcripts_dir, tmp_path / "unbuffered")
    assert all_candidates(buckets_dir) == all_candidates(tmp_path / "unbuffered")


def test_line_round_trip() -> None:
    candidate = Candidate(content_digest("ACGU"), 3, "t|1", "", 40, "ACGU")
    assert Candidate.from_line(candidate.to_line()) == candidate


def test_result_round_trip(transcripts_dir: Path, buckets_dir: Path) -> None:
    scanned = run_scan(transcripts_dir, buckets_dir)
    assert ScanResult.from_json(scanned.to_json()) == scanned


def test_max_records_reads_no_further(transcripts_dir: Path, buckets_dir: Path) -> None:
    options = CorpusOptions(slice_length=40, min_length=12, max_records=30)
    scanned = run_scan(transcripts_dir, buckets_dir, options)
    assert [source.records for source in scanned.sources] == [25, 5, 0]


def test_species_are_left_out_and_counted(
    transcripts_dir: Path, buckets_dir: Path, records: list[tuple[str, str]]
) -> None:
    options = CorpusOptions(slice_length=40, min_length=12, exclude_species=("Homo_sapiens",))
    scanned = run_scan(transcripts_dir, buckets_dir, options)
    human = [sequence for header, sequence in records if "Homo_sapiens" in header]
    assert scanned.drops["excluded_species"] == Tally(len(human), sum(map(len, human)))
    assert "Homo_sapiens" not in {candidate.species for candidate in all_candidates(buckets_dir)}


def test_misspelt_species_is_an_error(transcripts_dir: Path, buckets_dir: Path) -> None:
    options = CorpusOptions(slice_length=40, min_length=12, exclude_species=("Homo_sapien",))
    with pytest.raises(CorpusError, match="no record is of species Homo_sapien: check the spelling"):
        run_scan(transcripts_dir, buckets_dir, options)


def test_format_errors_name_file_and_line(transcripts_dir: Path, buckets_dir: Path) -> None:
    (transcripts_dir / "a.fa").write_text("\nno header\n")
    with pytest.raises(FormatError, match=r"a\.fa:2: "):
        run_scan(transcripts_dir, buckets_dir)
