from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.corpus import buckets
from mprna.corpus.buckets import NUM_BUCKETS, Candidate, ScanResult, read_bucket, scan
from mprna.corpus.dedup import content_digest
from mprna.corpus.drops import Tally
from mprna.corpus.inputs import find_inputs, input_digests
from mprna.corpus.options import CorpusOptions
from mprna.corpus.references import References
from mprna.errors import CorpusError, FormatError

OPTIONS = CorpusOptions(slice_length=40, min_length=12)
NOTHING = References()


@pytest.fixture
def buckets_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "buckets"
    directory.mkdir()
    return directory


def run_scan(
    transcripts_dir: Path,
    buckets_dir: Path,
    options: CorpusOptions = OPTIONS,
    references: References = NOTHING,
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
    monkeypatch.setattr(buckets, "_FLUSH_CHARACTERS", 1)
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


def test_unknown_species_are_counted(transcripts_dir: Path, buckets_dir: Path, tmp_path: Path) -> None:
    scanned = run_scan(transcripts_dir, buckets_dir)
    assert [source.unknown_species for source in scanned.sources] == [0, 0, 1]
    table = tmp_path / "species.tsv"
    table.write_text("t1|Homo_sapiens|mrna\tPan paniscus\n")
    (tmp_path / "table").mkdir()
    scanned = run_scan(transcripts_dir, tmp_path / "table", references=References(species_table=table))
    known = {candidate.id for candidate in all_candidates(tmp_path / "table") if candidate.species}
    assert known == {"t1|Homo_sapiens|mrna"}
    records = sum(source.records for source in scanned.sources)
    assert sum(source.unknown_species for source in scanned.sources) == records - 1


def test_species_by_pattern(transcripts_dir: Path, buckets_dir: Path) -> None:
    run_scan(transcripts_dir, buckets_dir, replace(OPTIONS, species_pattern=r"\|(?P<species>[A-Z]).*\|"))
    assert {candidate.species for candidate in all_candidates(buckets_dir)} == {"H", "Z", "D", ""}


def test_excluded_sequences_are_dropped_counted_and_reported(
    transcripts_dir: Path, buckets_dir: Path, tmp_path: Path, records: list[tuple[str, str]]
) -> None:
    """Three records occur whole in the file to exclude, on the other strand."""
    twins = {"t3", "t5", "copy5"}
    unwanted = [sequence for header, sequence in records if header.split("|")[0] in twins]
    complement = str.maketrans("ACGTacgt", "TGCAtgca")
    test_set = tmp_path / "test.fa"
    test_set.write_text("".join(f">x\n{sequence.translate(complement)[::-1]}\n" for sequence in unwanted))
    everything = tmp_path / "everything"
    everything.mkdir()
    whole = run_scan(transcripts_dir, everything)
    scanned = run_scan(transcripts_dir, buckets_dir, references=References(exclude=(test_set,)))
    kept = set(all_candidates(buckets_dir))
    gone = {(c.id, c.start): c for c in all_candidates(everything) if c not in kept}
    assert {name for name, _ in gone} == twins
    dropped = scanned.drops["excluded_sequence"]
    assert dropped == Tally(len(gone), sum(len(candidate.sequence) for candidate in gone.values()))
    assert whole.candidates == scanned.candidates + dropped.pieces
    header, *lines = (buckets_dir / "excluded.tsv").read_text().splitlines()
    assert header.split("\t") == ["id", "source", "start", "share", "closest_file"]
    rows = [line.split("\t") for line in lines]
    assert {(row[0], int(row[2])) for row in rows} == set(gone)
    assert {row[1] for row in rows} == {"a.fa", "c.fna"}
    assert {tuple(row[3:]) for row in rows} == {("1.0000", "test.fa")}


def test_low_complexity_is_dropped_on_request(tmp_path: Path, buckets_dir: Path) -> None:
    (tmp_path / "low.fa").write_text(f">low\n{'AC' * 20}ACGUAGCUUGCAUUGGCCAAUCGGAUC\n")
    scanned = run_scan(tmp_path, buckets_dir, replace(OPTIONS, drop_low_complexity=True))
    assert scanned.drops == {"low_complexity": Tally(1, 40)}
    assert [candidate.start for candidate in all_candidates(buckets_dir)] == [40]


LINE = st.text("ACGTNR", max_size=130)


@given(st.lists(st.tuples(LINE, st.integers(0, 3)), max_size=8), st.integers(1, 30), st.integers(0, 40))
def test_every_base_is_in_one_slice_or_in_one_drop(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, int]], min_length: int, longer: int
) -> None:
    directory = tmp_path_factory.mktemp("scan")
    (directory / "buckets").mkdir()
    text = "".join(f">t{i}\n{line}{'-' * (kind == 3)}\n" for i, (line, kind) in enumerate(records))
    (directory / "x.fa").write_text(text)
    options = CorpusOptions(
        slice_length=min_length + longer, min_length=min_length, drop_low_complexity=True, max_slices=5
    )
    scanned = run_scan(directory, directory / "buckets", options)
    covered: Counter[tuple[str, int]] = Counter()
    for candidate in all_candidates(directory / "buckets"):
        covered.update((candidate.id, candidate.start + i) for i in range(len(candidate.sequence)))
    read = sum(len(line) + (kind == 3) for line, kind in records)
    assert set(covered.values()) <= {1}
    assert covered.total() + scanned.drops.nt == read == sum(source.nt for source in scanned.sources)
