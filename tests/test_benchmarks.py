"""The scripts that make the tables run, scores are those of a hand count, and faults are survived."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def accuracy(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks/accuracy.py"), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_accuracy_of_a_perfect_and_of_a_half_right_prediction(tmp_path: Path) -> None:
    truth, half = tmp_path / "truth.dbn", tmp_path / "half.dbn"
    truth.write_text(TRUTH)
    half.write_text(HALF_RIGHT)
    lines = accuracy(truth, truth, half).stdout.splitlines()
    names = "token macro-F1 | pair F1 | within 1 | PPV | sensitivity | MCC | difference of pair F1"
    assert lines[0] == f"| 2 RNAs | {names} |"
    assert lines[2] == f"| truth |{' 100.0 (100.0-100.0) |' * 6}  |"
    # a: PPV 1, sensitivity 1/2, F1 2/3; b: nothing found, all 0; means over both.
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert cells[0] == "half"
    assert cells[2:6] == ["33.3 (0.0-66.7)"] * 2 + ["50.0 (0.0-100.0)", "25.0 (0.0-50.0)"]
    assert cells[7].startswith("-66.7 (p = 0.0")
    assert "| 1-80 | 2 | 100.0 (100.0-100.0) | 33.3 (0.0-66.7) |" in lines


def test_accuracy_draws_families_whole_and_gives_a_row_to_each(tmp_path: Path) -> None:
    right, none = "((((....))))", "............"
    for name, found in (("truth", [right] * 8), ("found", [right, right, right, none] + [none] * 4)):
        rows = [f">{'xy'[n // 4]}_{n}\nGGGGAAAACCCC\n{found[n]}\n" for n in range(8)]
        (tmp_path / f"{name}.dbn").write_text("".join(rows))
    files = tmp_path / "truth.dbn", tmp_path / "found.dbn"
    alone = accuracy(*files).stdout.splitlines()
    lines = accuracy(*files, "--family", "^([a-z])_").stdout.splitlines()
    assert lines[0].startswith("| 8 RNAs of 2 families |")
    # Two families to draw from: both x, both y, or one of each.
    assert "| 37.5 (0.0-75.0) |" in lines[2]
    assert "| 37.5 (0.0-75.0) |" not in alone[2]
    assert "| x | 4 | 75.0 (25.0-100.0) |" in lines
    assert "| y | 4 | 0.0 (0.0-0.0) |" in lines
    assert "| mean | | 37.5 |" in lines
    outcome = accuracy(*files, "--family", "^(z)_")
    assert outcome.returncode == 1
    assert "no match in x_0, x_1" in outcome.stderr


def test_accuracy_compares_tools_on_the_same_rnas(tmp_path: Path) -> None:
    """RNAs differ more among themselves than the tools do, so intervals overlap, and yet one is worse."""
    whole, part, none = "((((....))))", "(((......)))", "............"
    for name, easy, hard in (("truth", whole, whole), ("first", whole, none), ("second", part, none)):
        rows = [f">{n}\nGGGGAAAACCCC\n{hard if n % 2 else easy}\n" for n in range(20)]
        (tmp_path / f"{name}.dbn").write_text("".join(rows))
    lines = accuracy(*(tmp_path / f"{name}.dbn" for name in ("truth", "first", "second"))).stdout.splitlines()
    f1 = [line.split("|")[3].strip() for line in lines[2:4]]
    assert [cell.partition(" ")[0] for cell in f1] == ["50.0", "42.9"]
    low, high = (float(value) for value in f1[1].partition("(")[2].strip(")").split("-"))
    assert low < 42.9 < 50.0 < high
    assert lines[3].endswith("| -7.1 (p = 0.002) |")


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


@pytest.mark.slow
def test_families_trains_without_the_family_and_folds_it(tmp_path: Path) -> None:
    """Two steps of training: what is learned from and what is folded, not how well."""
    rng = np.random.default_rng(0)
    rows = []
    for family in ("x", "y"):
        for number in range(12):
            stem = "".join(rng.choice(list("ACGU"), 6))
            other = stem[::-1].translate(str.maketrans("ACGU", "UGCA"))
            rows.append(
                {
                    "id": f"{family}_{number}",
                    "sequence": f"{stem}GAAA{other}",
                    "structure": "((((((....))))))",
                }
            )
    archive, work = tmp_path / "archive.jsonl", tmp_path / "work"
    archive.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [
        sys.executable,
        str(ROOT / "benchmarks/families.py"),
        str(archive),
        str(work),
        "--families",
        "x",
    ]
    command += ["--steps", "2"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    learned = [json.loads(line)["id"] for line in (work / "x" / "train.jsonl").open()]
    folded = [json.loads(line)["id"] for line in (work / "x" / "test.jsonl").open()]
    assert {name[0] for name in learned} == {"y"}
    assert folded == [f"x_{number}" for number in range(12)]
    table = [line for line in lines if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in table[2:6]] == ["vienna", "prior", "model", "hybrid"]
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line for line in again if line] == table  # the table, and no training


def test_long_folds_in_windows_and_in_one_piece(tmp_path: Path) -> None:
    hairpin, loop = "GGGCUUCGGCCC", "(((......)))"
    rows = [
        {"id": str(n), "sequence": (hairpin + "AAA") * n, "structure": (loop + "...") * n} for n in (1, 4)
    ]
    path = tmp_path / "known.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, str(ROOT / "benchmarks/long.py"), str(path), "--min-length", "50"]
    command += ["--widths", "0", "60", "20"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0].startswith("| 1 RNAs, 60 nt on average |")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    ways = ("one piece", "windows of 20", "windows of 60")
    names = [f"`{engine}`, {how}" for engine in ("model", "hybrid") for how in ways]
    assert [row[0] for row in cells] == ["`vienna`, one piece", *names]
    # A window as wide as the RNA is one piece; narrower ones see every hairpin.
    assert [row[2] for row in cells[1::3]] == ["100.0"] * 2
    assert [row[1:3] for row in cells[1::3]] == [row[1:3] for row in cells[3::3]]
    assert all(float(row[2]) > 60 for row in cells[2::3])


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
