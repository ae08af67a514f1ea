"""The same rows out of every format; faults with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mprna.errors import FormatError
from mprna.io.labelled import read_labelled

ROWS = [{"sequence": "ACGT", "label": [0.5, None, 1.0, 2.0]}, {"sequence": "gg", "label": [1.0, 2.0]}]


def write(path: Path) -> None:
    cells = [(row["sequence"], json.dumps(row["label"])) for row in ROWS]
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif path.suffix == ".tsv":
        path.write_text("sequence\tlabel\r\n" + "".join(f"{a}\t{b}\r\n" for a, b in cells))
    else:
        text = "sequence,label\n" + "".join(f'{a},"{b}"\n' for a, b in cells)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv", "t.jsonl", "t.parquet"])
def test_every_format_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    found = [(row.sequence, row.labels[0]) for row in read_labelled(tmp_path / name)]
    assert found == [("ACGU", ROWS[0]["label"]), ("GG", ROWS[1]["label"])]


def test_blanks_around_a_label_are_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sequence, label\nACGU, yes \nACGU,yes\nACGU, [1]\nACGU, \n")
    found = [row.labels[0] for row in read_labelled(tmp_path / "t.csv")]
    assert found == ["yes", "yes", [1], None]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "sequence,y\nACGU,1\n", r"t\.csv:2: no column 'label' among sequence, y; name it with"),
        ("t.csv", "sequence,label\nACGU,1\nAC-U,1\n", r"t\.csv:3: .*'-'.*; correct or remove this row"),
        ("t.csv", "sequence,label\nACGU,1\n,1\n", r"t\.csv:3: empty sequence; correct or remove this row"),
        ("t.csv", "sequence,label\nACGU\n", r"t\.csv:2: 1 cells, the first line has 2"),
        ("t.csv", "sequence,label\n", r"t\.csv: no rows"),
        ("t.csv", "sequence,label,label\nACGU,1,2\n", r"t\.csv:2: two columns 'label'"),
        ("t.csv", "sequence;label\nACGU;1,5\n", r"t\.csv:1: separated by semicolons; save with commas or"),
        ("t.tsv", "sequence;label\nACGU;1,5\n", r"t\.tsv:1: separated by semicolons; save with commas or"),
        ("t.tsv", 'sequence\tlabel\nAA\t"cap\nGG\tb"\nCC\td\n', r"t\.tsv:3: a quote without its end in this"),
        ("t.jsonl", '{"sequence": "A", "label": 1}\n{oops\n', r"t\.jsonl:2: no JSON"),
        ("t.jsonl", '{"sequence": 7, "label": 1}\n', r"t\.jsonl:1: the sequence is 7, expected text"),
        ("t.xlsx", "", r"t\.xlsx: suffix '\.xlsx'; expected one of \.csv"),
    ],
)
def test_faults_have_file_and_line(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=message):
        read_labelled(tmp_path / name)
