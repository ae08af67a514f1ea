"""Suites are complete, files become the right labels, and what is wrong is named with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mprna.bench.data import clusters_of, is_as_described, load_split, rows_digest
from mprna.bench.examples import example_of
from mprna.bench.suite import choose_tasks
from mprna.bench.task import SplitFacts, Task
from mprna.errors import FormatError, MissingDataError


def task_of(suite: str, name: str) -> Task:
    (task,) = choose_tasks(suite, (name,))
    return task


def write(path: Path, *rows: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_gzipped_structures_are_read(tmp_path: Path) -> None:
    path = tmp_path / "RNA-SSP-Archive2" / "test.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b'{"seq": "GGGAAATCC", "label": "(((...)))"}\n'))
    split = load_split(task_of("rgb", "ssp-archive2"), "test", tmp_path)
    assert [(e.sequence, e.label) for e in split.examples] == [("GGGAAAUCC", "(((...)))")]
    assert split.num_original == 1


@pytest.mark.parametrize("suffix", [".jsonl", ".json.gz", ".csv", ".csv.gz", ".tsv.gz", ".parquet", ".fa.gz"])
def test_tables_of_every_suffix_have_the_same_rows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "GUE" / "prom_core_tata" / f"test{suffix}"
    path.parent.mkdir(parents=True)
    texts = {
        ".json": '{"sequence": "ACGT", "label": 1}\n{"sequence": "GG", "label": 0}\n',
        ".csv": "label,sequence\n1,acgu\n0,GG\n",
        ".tsv": "label\tsequence\n1\tacgu\n0\tGG\n",
        ".fa": ">a|1\nACGU\n>b|0\nGG\n",
    }
    text = next((text for start, text in texts.items() if suffix.startswith(start)), texts[".json"])
    if suffix == ".parquet":
        pq.write_table(pa.table({"sequence": ["ACGT", "GG"], "label": [1, 0]}), path)
    else:
        path.write_bytes(gzip.compress(text.encode()) if suffix.endswith(".gz") else text.encode())
    split = load_split(task_of("gue", "prom_core_tata"), "test", tmp_path)
    assert [(example.sequence, example.label) for example in split.examples] == [("ACGU", 1), ("GG", 0)]


def test_rows_are_described_whatever_their_packing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of("gue", "tf.0")
    write(
        tmp_path / "a" / "tf.0" / "test.jsonl",
        {"sequence": "ACGT", "label": 0},
        {"sequence": "G", "label": 1},
    )
    path = tmp_path / "b" / "tf" / "0" / "test.csv"
    path.parent.mkdir(parents=True)
    path.write_text("label,sequence\n0,acgu\n1,G\n")
    splits = [load_split(task, "test", tmp_path / folder) for folder in ("a", "b")]
    assert splits[0].sha256 != splits[1].sha256
    digest, other = (rows_digest(split.examples) for split in splits)
    assert digest == other != rows_digest(splits[0].examples[::-1])
    assert [is_as_described(task, "test", split) for split in splits] == [False, False]
    monkeypatch.setitem(task.splits, "test", SplitFacts(2, "0", digest))
    assert [is_as_described(task, "test", split) for split in splits] == [True, True]
    monkeypatch.delitem(task.splits, "test")
    assert is_as_described(task, "test", splits[0]) is None


def test_csv_and_nested_folders_of_gue_are_read(tmp_path: Path) -> None:
    path = tmp_path / "gue" / "tf" / "0" / "dev.csv"
    path.parent.mkdir(parents=True)
    path.write_text("sequence,label\nACGT,1\nAAAA,0\n")
    split = load_split(task_of("gue", "tf.0"), "valid", tmp_path)
    assert [(e.sequence, e.label) for e in split.examples] == [("ACGU", 1), ("AAAA", 0)]


def test_fasta_of_pgb_is_read_and_validation_taken_from_train(tmp_path: Path) -> None:
    path = tmp_path / "poly_a" / "arabidopsis_thaliana_train.fa"
    path.parent.mkdir()
    path.write_text("".join(f">s{i}|{i % 2}\n{'ACGT' * (i + 1)}\n" for i in range(20)))
    task = task_of("pgb", "poly_a.arabidopsis_thaliana")
    train, valid = (load_split(task, name, tmp_path) for name in ("train", "valid"))
    assert [len(e.sequence) // 4 for e in valid.examples] == [10, 20]
    assert [e.label for e in train.examples][:3] == [0, 1, 0]
    assert len(train.examples) == 18
    assert "every 10th" in valid.note


def test_without_training_split_validation_gives_both(tmp_path: Path) -> None:
    folder = tmp_path / "RNA-SSP-rnastralign"
    for split in ("valid", "test"):
        write(folder / f"{split}.jsonl", *({"seq": "A" * n, "label": "." * n} for n in range(1, 21)))
    task = task_of("rgb", "ssp-rnastralign")
    lengths = {
        name: [len(e.sequence) for e in load_split(task, name, tmp_path).examples]
        for name in ("train", "valid", "test")
    }
    assert lengths["valid"] == [10, 20]
    assert lengths["train"] == [n for n in lengths["test"] if n % 10]
    assert len(lengths["test"]) == 20
    assert "no training split" in load_split(task, "train", tmp_path).note
    write(folder / "train.jsonl", {"seq": "A", "label": "."})
    assert len(load_split(task, "valid", tmp_path).examples) == 20


def test_class_folders_of_genomic_benchmarks_are_read(tmp_path: Path) -> None:
    for label, sequence in (("negative", "AAAA"), ("positive", "CCCC")):
        folder = tmp_path / "human_ocr_ensembl" / "test" / label
        folder.mkdir(parents=True)
        (folder / "1.txt").write_text(sequence)
    split = load_split(task_of("gb", "human_ocr_ensembl"), "test", tmp_path)
    assert [(e.sequence, e.label) for e in split.examples] == [("AAAA", 0), ("CCCC", 1)]


def test_a_lone_test_half_is_split_anew_by_gene(tmp_path: Path) -> None:
    rows = [{"id": f"g{i // 2}", "sequence": "ACGT", "label": i} for i in range(200)]
    write(tmp_path / "promoter_strength_leaf.test.jsonl", *rows)
    task = task_of("pgb", "promoter_strength.leaf")
    splits = {name: load_split(task, name, tmp_path) for name in ("train", "valid", "test")}
    genes = [{e.group for e in split.examples} for split in splits.values()]
    assert sum(len(split.examples) for split in splits.values()) == 200
    assert not genes[0] & genes[1] | genes[0] & genes[2] | genes[1] & genes[2]
    assert "re-split" in splits["test"].note


def test_mutations_are_where_the_sequences_differ(tmp_path: Path) -> None:
    write(tmp_path / "RNA-SNMD" / "test.jsonl", {"seq": "ACGT", "mut": "ACGA"})
    detection = load_split(task_of("rgb", "snmd"), "test", tmp_path).examples[0]
    repair = load_split(task_of("rgb", "snmr"), "test", tmp_path).examples[0]
    assert detection.sequence == repair.sequence == "ACGA"
    assert detection.label.tolist() == [0, 0, 0, 1]
    assert repair.label.tolist() == [-1, -1, -1, 3]


def test_degradation_labels_stand_at_their_nucleotides(tmp_path: Path) -> None:
    row = {"sequence": "ACGU", "reactivity": [1, 2], "deg_Mg_pH10": [3, 4], "deg_Mg_50C": [5, 6]}
    write(tmp_path / "RNA-mRNA" / "test.jsonl", row)
    example = load_split(task_of("rgb", "mrna"), "test", tmp_path).examples[0]
    assert np.array_equal(example.label, [[1, 3, 5], [2, 4, 6]])


def test_a_task_without_validation_is_refused_and_test_is_not_taken_for_it(tmp_path: Path) -> None:
    """The published evaluation chose checkpoints of mRNA on its test set."""
    row = {"sequence": "ACGU", "reactivity": [1], "deg_Mg_pH10": [3], "deg_Mg_50C": [5]}
    write(tmp_path / "RNA-mRNA" / "test.jsonl", row)
    with pytest.raises(MissingDataError, match=r"no valid data in .*published at https"):
        load_split(task_of("rgb", "mrna"), "valid", tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sequence": "ACGT"}, "no column 'label', only sequence"),
        ({"sequence": "ACGT", "label": 7}, "label '7'; expected one of 0, 1"),
        ({"sequence": "ACG-", "label": 1}, "gap '-'"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, row: dict[str, object], message: str) -> None:
    write(tmp_path / "tf.0" / "test.jsonl", {"sequence": "ACGT", "label": 0}, row)
    with pytest.raises(FormatError, match=rf"test.jsonl:2: {message}"):
        load_split(task_of("gue", "tf.0"), "test", tmp_path)


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        ("ssp-archive2", {"seq": "GAAAC", "label": "(...("}, "never closed"),
        ("mrna", {"sequence": "A", "reactivity": "1,0 x"}, "reactivity is .*x.*, expected numbers"),
        ("mrna", {"sequence": "A", "reactivity": 1.0}, "reactivity is '1.0', expected numbers"),
        (
            "mrna",
            {"sequence": "A", "reactivity": [[1], [2, 3]]},
            r"reactivity is '\[\[1\], \[2, 3\]\]', expected",
        ),
        ("mrna", {"sequence": "A", "reactivity": [float("nan")]}, "expected numbers"),
        ("mrna", {"sequence": "A", "reactivity": [10**400]}, "expected numbers"),
    ],
)
def test_labels_that_cannot_be_scored_are_named(
    tmp_path: Path, task: str, row: dict[str, object], message: str
) -> None:
    chosen = task_of("rgb", task)
    write(tmp_path / chosen.dirs[0] / "test.jsonl", row)
    with pytest.raises(FormatError, match=rf"test.jsonl:1: .*{message}"):
        load_split(chosen, "test", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("test.jsonl", '{"sequence": "A", "label": ' + "[" * 100_000, r"test.jsonl:1: no JSON"),
        ("test.csv", 'sequence,label\nA,0\n"' + "A" * 200_000, r"test.csv:\d: field larger than"),
        ("rebuilt.json", "[]", "rebuilt.json: not written by `mprna bench rebuild`"),
        ("rebuilt.json", '{"files": [], "recipe": ""}', "rebuilt.json: not written by `mprna bench rebuild`"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path / "tf.0" / "test.jsonl", {"sequence": "ACGT", "label": 0})
    if name.startswith("test"):
        (tmp_path / "tf.0" / "test.jsonl").unlink()
    (tmp_path / "tf.0" / name).write_text(text)
    with pytest.raises(FormatError, match=message):
        load_split(task_of("gue", "tf.0"), "test", tmp_path)


@pytest.mark.parametrize(
    ("rows", "clusters"),
    [
        (({"id": "5s_Bacillus-1"}, {"id": "tRNA_x"}, {"id": "5S_y_z"}), ["5s", "trna", "5s"]),
        (({"family": "RF1"}, {"family": "RF2"}, {"family": "RF1", "id": "tRNA_x"}), ["RF1", "RF2", "RF1"]),
        (({"id": "5s_a"}, {"id": "5s_b"}), []),  # one family
        (({"id": "5s_a"}, {"id": "bpRNA_CRW_1"}, {"id": "5s_b"}), []),  # not all are known
        (({}, {}), []),
    ],
)
def test_families_are_known_from_ids_or_a_column(
    rows: tuple[dict[str, str], ...], clusters: list[str], tmp_path: Path
) -> None:
    write(tmp_path / "RNA-SSP-Archive2" / "test.jsonl", *({"seq": "GA", "label": ".."} | row for row in rows))
    split = load_split(task_of("rgb", "ssp-archive2"), "test", tmp_path)
    assert clusters_of(split.examples) == clusters


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('sequence,label,note\nACGU,1,"abc\nACGU,0,x\n', 3, "unexpected end of data"),
        ("sequence,label\n\n\nACGU,1,9\n", 4, "3 cells for 2 columns"),
        ("sequence,label,label\nACGU,1,0\n", 1, "two columns of one name"),
        ('sequence,note,label\nACGU,"a\nb",1\nACGU,c,9\n', 4, "label '9'"),
    ],
)
def test_a_broken_table_is_told_with_its_line(tmp_path: Path, text: str, place: int, reason: str) -> None:
    """Not read as fewer rows."""
    folder = tmp_path / "GUE" / "prom_core_tata"
    folder.mkdir(parents=True)
    (folder / "test.csv").write_text(text)
    with pytest.raises(FormatError, match=rf"test\.csv:{place}: .*{reason}"):
        load_split(task_of("gue", "prom_core_tata"), "test", tmp_path)


@pytest.mark.parametrize(
    ("row", "cluster"),
    [({"family": 0}, "0"), ({"family": "", "id": "5s_x"}, "5s"), ({"family": None}, ""), ({"": "7"}, "")],
)
def test_the_family_of_a_row(row: dict[str, object], cluster: str) -> None:
    """A family may be a number; a column without a name, as tables of pandas have, is none."""
    labelled = {"seq": "GGAACC", "label": "((..))"}
    assert example_of(task_of("rgb", "ssp-archive2"), labelled | row, Path("x.csv"), 1).cluster == cluster
