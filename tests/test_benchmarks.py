"""The scripts that make the tables run, scores are those of a hand count, and faults are survived."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TRUTH = """\
>a
GGGGAAAACCCC
((((....))))
>b
GGGAAACCCAAAAAAAAAAA
(((...)))...........
"""
HALF_RIGHT = TRUTH.replace("((((....))))", "((........))").replace("(((...)))", ".........")


def accuracy(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks/accuracy.py"), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_accuracy_of_a_perfect_and_of_a_half_right_prediction(tmp_path: Path) -> None:
    truth, half = tmp_path / "truth.dbn", tmp_path / "half.dbn"
    truth.write_text(TRUTH)
    half.write_text(HALF_RIGHT)
    lines = accuracy(truth, truth, half).stdout.splitlines()
    assert lines[2].startswith("| truth | 100.0 | 100.0 (100.0-100.0) |")
    # a: precision 1, recall 1/2, F1 2/3; b: nothing found, F1 0; mean 1/3, difference -2/3.
    assert lines[3].startswith("| half | ")
    assert "| 33.3 (0.0-66.7) |" in lines[3]
    assert "| -66.7 (" in lines[3]
    assert "| 1-80 | 2 | 100.0 | 33.3 |" in lines


def test_accuracy_refuses_predictions_of_other_rnas(tmp_path: Path) -> None:
    truth, other = tmp_path / "truth.dbn", tmp_path / "other.dbn"
    truth.write_text(TRUTH)
    other.write_text(TRUTH.replace("GGGGAAAACCCC", "GGGGAAAACCCU"))
    outcome = accuracy(truth, other)
    assert outcome.returncode == 1
    assert "record 1 is of another sequence" in outcome.stderr


@pytest.mark.slow
def test_builds_survive_kills_a_full_disk_and_changed_files() -> None:
    """The short version of the run in docs/corpus.md."""
    command = [sys.executable, str(ROOT / "benchmarks/faults.py"), "--kills", "4"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.count("continued: same bytes") == 3
    assert outcome.stdout.endswith("all builds ended with the same bytes\n")


def test_the_loader_table_has_a_line_per_corpus_and_counts_its_bytes() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/loader.py"), "--nucleotides", "20480"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:6]]
    assert [row[0] for row in cells] == [
        f"{length} nt, {kind}" for length in ("160", "1,024") for kind in ("plain", "annotated")
    ]
    # A byte per nucleotide, two more if annotated, 25 per slice.
    assert [row[1] for row in cells] == ["1.16", "3.16", "1.02", "3.02"]
    assert all(float(rate) > 0 for row in cells for rate in row[2:])


def test_corpus_measures_every_build(tmp_path: Path) -> None:
    (tmp_path / "x.fa").write_text(f">t|s|cds\n{'ACGUAGCUUGCAUUGGCCAAUCGGAUC' * 3}\n")
    command = [sys.executable, str(ROOT / "benchmarks/corpus.py"), str(tmp_path)]
    options = ["--exclude", str(tmp_path / "x.fa"), "--exclude-share", "1", "--near-duplicates", "0.8"]
    outcome = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    rows = [line.split(" | ") for line in outcome.stdout.splitlines()[2:]]
    assert [row[0].removeprefix("| one process") for row in rows] == [
        "",
        "| two processes",
        ", with exclusion",
        ", near-duplicates",
        ", doubled input",
    ]
    assert [int(row[2]) for row in rows] == [1, 1, 1, 1, 2]
    assert all(float(row[3]) > 0 and float(row[6]) > 10 for row in rows)


def test_eterna100_reads_targets_alone_and_counts_what_is_solved(tmp_path: Path) -> None:
    puzzle = (
        '{"n": 1, "name": "hairpin", "structure_v1": "....", "structure_v2": "((((....))))", "solution": "?"}'
    )
    (tmp_path / "eterna100.jsonl").write_text(puzzle + "\n")
    command = [sys.executable, str(ROOT / "benchmarks/eterna100.py"), "--data-dir", str(tmp_path)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = outcome.stdout.splitlines()
    assert lines[2].startswith("| 1 | hairpin | 12 | 0.")
    assert lines[3].startswith("| | solved | | 1 of 1, ")
    assert lines[3].count("1 of 1") == 2


def test_scan_agrees_with_itself_where_nothing_is_cut_short(tmp_path: Path) -> None:
    (tmp_path / "rna.fa").write_text(">rna\nGGGGAAAACCCC\n")
    (tmp_path / "list.tsv").write_text("G2A\n")
    known = ("--known", str(tmp_path / "rna.fa"), str(tmp_path / "list.tsv"))
    sizes = ("--length", "0", "--agreement-length", "20", "--variants", "5")
    command = [sys.executable, str(ROOT / "benchmarks/scan.py"), *sizes, *known]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    agreement = [line.split("\t") for line in lines if line.startswith(("whole", "windows"))]
    assert len(agreement) == 12
    assert {tuple(cells[2:]) for cells in agreement} == {("1.00000", "0.0000", "0.000")}
    assert "1 known of 36 variants: mean share of all that change less" in lines
