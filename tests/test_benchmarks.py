"""The scripts that make the tables run, scores are those of a hand count, and faults are survived."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from mprna.cli.main import main
from mprna.io.records import Record

from .conftest import ROOT, module_of

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
    by_length = next(line for line in lines if line.startswith("| 1-80 |"))
    assert by_length.startswith(
        "| 1-80 | 2 | 100.0 (100.0-100.0) | 33.3 (0.0-66.7)* | 100.0 (100.0-100.0) | "
    )
    assert by_length.split(" | ")[5].partition(" ")[0] == cells[1].partition(" ")[0]  # token macro-F1


def test_accuracy_tells_files_of_one_name_apart(tmp_path: Path) -> None:
    truth, other = tmp_path / "hybrid.dbn", tmp_path / "old" / "hybrid.dbn"
    other.parent.mkdir()
    truth.write_text(TRUTH)
    other.write_text(HALF_RIGHT)
    lines = accuracy(truth, truth, other).stdout.splitlines()
    assert [line.split(" |")[0] for line in lines[2:4]] == [f"| {truth}", f"| {other}"]


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
    starts = ("| x | 4 | 75.0 (25.0-100.0) |", "| y | 4 | 0.0 (0.0-0.0) |", "| mean | | 37.5 |")
    assert all(any(line.startswith(start) for line in lines) for start in starts)
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


def test_crossing_gamma_counts_pairs_that_cross(tmp_path: Path) -> None:
    knot = ("GGGGGAACCCCCAACCCCCAAGGGGG", "(((((..[[[[[..)))))..]]]]]")
    rows = [("plain", "GGGGGAAAAAACCCCC", "(((((......)))))"), ("knot", *knot), ("protein", "PQRS", "....")]
    path = tmp_path / "known.dbn"
    path.write_text("".join(f">{name}\n{sequence}\n{known}\n" for name, sequence, known in rows))
    command = [sys.executable, str(ROOT / "benchmarks/crossing_gamma.py"), str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert len(cells) == 2 * 2 * (1 + 5 * 4)
    assert {(row[1], row[2]) for row in cells} == {("none", "1"), ("pseudoknot", "1")}
    without = [row for row in cells if row[3] == "nested"]
    assert [row[7:9] for row in without] == [["0.0", ""]] * 4  # nothing crosses in what is nested
    assert {row[6] for row in cells if row[3:5] == ["2", "0"]} == {"+0.00 (+0.00 to +0.00)"}


def test_crossing_pairs_are_scored_as_by_hand() -> None:
    module = module_of("benchmarks/crossing_gamma.py")
    known, found = np.array([[0, 10], [1, 9], [5, 14]]), np.array([[1, 9], [5, 14], [20, 30]])
    assert module.crossing(known) == {(0, 10), (1, 9), (5, 14)}
    # Found 2 of 3 crossing pairs; both that cross in the prediction are right.
    assert module.score(found, known) == (2 * 2 / 6, True, 3, 2, 2, 2, 2)


def test_peers_that_are_missing_are_named_and_ours_are_written(tmp_path: Path) -> None:
    (tmp_path / "truth.dbn").write_text(TRUTH)
    command = [sys.executable, str(ROOT / "benchmarks/peers.py"), str(tmp_path / "truth.dbn")]
    outcome = subprocess.run(
        [*command, "-o", str(tmp_path / "out")], capture_output=True, text=True, check=True
    )
    peers = module_of("benchmarks/peers.py").PEERS
    written = {path.stem for path in (tmp_path / "out").iterdir()}
    missing = {line.partition(":")[0] for line in outcome.stderr.splitlines() if "not installed" in line}
    assert written | missing == {*peers, "vienna", "model", "hybrid"}
    assert not written & missing
    table = accuracy(tmp_path / "truth.dbn", tmp_path / "out" / "vienna.jsonl").stdout
    assert "| vienna | 100.0 (100.0-100.0) |" in table


@pytest.mark.slow
def test_builds_survive_kills_a_full_disk_and_changed_files() -> None:
    """The short version of the run in docs/corpus.md."""
    command = [sys.executable, str(ROOT / "benchmarks/faults.py"), "--kills", "4"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.count("continued: same bytes") == 3
    assert outcome.stdout.endswith("all builds ended with the same bytes\n")


@pytest.mark.torch
def test_the_loader_table_has_a_line_per_corpus_and_counts_its_bytes() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/loader.py"), "--nucleotides", "20480"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:6]]
    assert [row[0] for row in cells] == [
        f"{length} nt, {kind}" for length in ("160", "1,024") for kind in ("plain", "annotated")
    ]
    # A byte per nucleotide, two more if annotated, 42 per slice.
    assert [row[1] for row in cells] == ["1.26", "3.26", "1.04", "3.04"]
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


def test_eterna100_counts_by_length_and_says_how_close_the_others_came(tmp_path: Path) -> None:
    long = "((((....))))" + "." * 48
    rows = [("hairpin", "((((....))))"), ("pair", "(...)"), ("long", long)]
    table = ["Puzzle Name\tSecondary Structure V2", *("\t".join(row) for row in rows)]
    (tmp_path / "eterna100_puzzles.tsv").write_text("\n".join(table))
    where = ["--data-dir", str(tmp_path)]
    run = ["bench", "run", "eterna100", "--version", "v2", "--model", "design", "--seeds", "1"]
    assert main([*run, *where, "--time-limit", "0.5", "--out", str(tmp_path / "out")]) == 0
    command = [sys.executable, str(ROOT / "benchmarks/eterna100.py"), str(tmp_path / "out"), *where]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0] == "| nt | puzzles | design, seed 1, 0.5 s |"
    assert lines[2:5] == ["| 1-50 | 2 | 1 |", "| 51-100 | 1 | 1 |", "| all | 3 | 2 |"]
    gap = re.fullmatch(r"Not solved by design, seed 1, 0.5 s: pair \((\d\.\d\d)\)", lines[-1])
    assert gap is not None
    assert 3 < float(gap[1]) < 6  # a hairpin loop of three, and one pair that closes it


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
    without = tmp_path / "soft" / "more.fa"
    without.parent.mkdir()
    without.write_text("".join(f">z_{n}\n{''.join(rng.choice(list('ACGU'), 30))}\n" for n in range(12)))
    command = [
        sys.executable,
        str(ROOT / "benchmarks/families.py"),
        str(archive),
        str(work),
        "--families",
        "x",
    ]
    command += ["--train", str(without), "--first-steps", "1", "--steps", "2", "--times", "soft=2"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    learned = {
        source: [json.loads(line)["id"] for line in (folder / "rnas.jsonl").read_text().splitlines()]
        for source in (tmp_path.name, "soft")
        for folder in [work / "x" / "learned" / source]
    }
    folded = [json.loads(line)["id"] for line in (work / "x" / "test.jsonl").read_text().splitlines()]
    assert {name[0] for name in learned[tmp_path.name]} == {"y"}
    assert learned["soft"] == [f"z_{number}" for number in range(12)]
    assert (work / "x" / "first" / "model" / "manifest.json").exists()
    assert folded == [f"x_{number}" for number in range(12)]
    table = [line for line in lines if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in table[2:6]] == ["vienna", "prior", "model", "hybrid"]
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line for line in again if line] == table  # the table, and no training
    other = subprocess.run([*command, "--seed", "1"], capture_output=True, text=True)
    assert other.returncode == 1
    assert "was begun with other options" in other.stderr


def test_families_knows_what_is_like_a_family_by_words_names_and_shape(tmp_path: Path) -> None:
    families = module_of("benchmarks/families.py")

    def rna(name: str, sequence: str, dot_bracket: str | None = None) -> Record:
        return Record(name=name, sequence=sequence, dot_bracket=dot_bracket)

    member = rna("x_1", "GGGGACGAUCGAUUCCCC", "((((..........))))")
    others = [
        rna("copy", member.sequence + "A"),
        rna("y_SPR_1", "ACACACACACACACACACAC"),
        rna("same shape", "CCCCAAAAAAAAAAGGGG", "((((..........))))"),
        rna("two hairpins", "CCAAAGGACCAAAAAGGA", "((...)).((.....))."),
        rna("DNA", "TTTTGTGTGTTTTGTGTG"),
    ]
    args = Namespace(max_like=0.05, left_out_names="_SPR_", lookalikes=["x"])
    kept = families.unlike(others, tmp_path, {"x": [member]}, args)
    assert [record.name for record in kept] == ["two hairpins", "DNA"]


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
    assert all(float(row[1]) > 60 for row in cells[2::3])


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


def test_confidence_of_probabilities_that_come_true_as_often_as_they_say(tmp_path: Path) -> None:
    """Pairs of probability 0.75 that are right in three RNAs of four, and of 0.5 in two of four."""
    folded, other = "((((....))))", "............"
    rows, known = "", ""
    for number in range(80):
        prob = 0.75 if number < 40 else 0.5
        row = {"sequence": "GGGGAAAACCCC", "dot_bracket": folded, "confidence": (8 * prob + 4) / 12}
        row["expected_f1"] = 2 * 4 * prob / (4 + 4 * prob)
        triples = [[k, 11 - k, prob] for k in range(4)]
        rows += json.dumps({"name": str(number), "base_pair_probs": triples} | row) + "\n"
        known += f">{number}\nGGGGAAAACCCC\n{folded if number % 4 < 4 * prob else other}\n"
    (tmp_path / "found.jsonl").write_text(rows)
    (tmp_path / "truth.dbn").write_text(known)
    page, svg = tmp_path / "page.md", tmp_path / "figure.svg"
    page.write_text("before\n<!-- tables -->\nold\n<!-- end of tables -->\nafter\n")
    script = [sys.executable, str(ROOT / "benchmarks/confidence.py"), str(tmp_path / "truth.dbn")]
    options = [str(tmp_path / "found.jsonl"), "--figure", str(svg), "--page", str(page)]
    printed = subprocess.run([*script, *options], capture_output=True, text=True, check=True).stdout
    lines = printed.splitlines()
    assert lines[2].startswith("| found | 80 | 0.750 | 0.750 | 0.")
    # Expected F1: 2 * 3 / (4 + 3) and 2 * 2 / (4 + 2); true is 1 or 0.
    assert lines[6].startswith("| found | 0.000 | 0.000 | 0.762 | 0.625 | ")
    assert "| 0.5-0.6 | none |  | none |  | 0.50 (160) |" in lines
    assert "| 0.6-0.7 | 0.67 (40) | 0.50 | 0.50 (40) | 0.50 | none |" in lines
    assert "| 0.8-0.9 | 0.83 (40) | 0.75 | 0.75 (40) | 0.75 | none |" in lines
    assert page.read_text() == f"before\n<!-- tables -->\n\n{printed}\n<!-- end of tables -->\nafter\n"
    assert svg.read_text().count("<polyline") == 4


def test_embedding_is_judged_on_rnas_that_were_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    embedding = module_of("benchmarks/embedding.py")
    rng = np.random.default_rng(0)
    labels = [rng.random(200) < 0.5 for _ in range(4)]
    informed = [np.column_stack([label, rng.normal(size=(200, 5))]) for label in labels]
    assert embedding.held_out_auc(informed, labels) > 0.99
    assert embedding.held_out_auc([rng.normal(size=(200, 50)) for _ in labels], labels) < 0.6
    assert embedding.window_letters("AC", 1).tolist() == [
        [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0],
        [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ]
    letters = np.array(list("ACGU" * 50))
    assert embedding.variance_by_letter(np.eye(4)[np.arange(200) % 4], letters) == pytest.approx(1)
    assert embedding.variance_by_letter(rng.normal(size=(200, 4)), letters) < 0.1
