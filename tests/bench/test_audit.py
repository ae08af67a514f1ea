"""Planted duplicates are found, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mprna.bench.audit import Leaked, audit_corpus, audit_task, find_shared, leaked_rows, write_audit
from mprna.bench.suite import choose_tasks
from mprna.digest import file_sha256
from mprna.errors import DataError

(TASK,) = choose_tasks("rgb", ("ssp-archive2",))


def random_rnas(number: int, seed: int, length: int = 100) -> list[str]:
    letters = np.random.default_rng(seed).choice(list("ACGU"), (number, length))
    return ["".join(row) for row in letters]


def write_split(folder: Path, split: str, sequences: list[str]) -> None:
    rows = [json.dumps({"seq": sequence, "label": "." * len(sequence)}) for sequence in sequences]
    path = folder / "RNA-SSP-Archive2" / f"{split}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(rows) + "\n")


def test_exact_and_near_are_told_apart_from_strangers() -> None:
    train = random_rnas(50, seed=1)
    mutated = train[3][:50] + ("A" if train[3][50] != "A" else "C") + train[3][51:]
    half_of_two = train[4][:40] + train[5][:40]
    test = [*random_rnas(20, seed=2), train[7], mutated, half_of_two]
    assert find_shared(test, train) == ((20,), (21,))


def test_short_sequences_are_compared_exactly_only() -> None:
    assert find_shared(["ACGU", "ACGA"], ["ACGU"]) == ((0,), ())


def test_audit_of_a_task_names_every_pair_of_splits_and_repeats(tmp_path: Path) -> None:
    train, test = random_rnas(10, seed=3), random_rnas(5, seed=4)
    write_split(tmp_path, "train", train)
    write_split(tmp_path, "test", [*test, train[0], train[0].replace("U", "T")])
    leaks = {(leak.split, leak.within): leak for leak in audit_task(TASK, tmp_path)}
    assert set(leaks) == {("train", "train"), ("test", "test"), ("test", "train")}
    assert leaks["test", "train"].exact == (5, 6)
    assert leaks["test", "test"].exact == (6,)
    assert leaks["test", "train"].num_sequences == 7


@pytest.mark.parametrize(("there", "cut"), [("valid", "train_from_valid"), ("train", "valid_from_train")])
def test_an_audit_counts_files_not_parts_of_them(tmp_path: Path, there: str, cut: str) -> None:
    """Of a split that both trains and validates, by parts, test is compared with all rows."""
    task = replace(TASK, **{cut: 10})  # type: ignore[arg-type]
    sequences = random_rnas(20, seed=5)
    for split in (there, "test"):
        write_split(tmp_path, split, sequences)
    leaks = {(leak.split, leak.within): leak for leak in audit_task(task, tmp_path)}
    assert leaks["test", there].exact == tuple(range(20))
    assert set(leaks) == {(there, there), ("test", "test"), ("test", there)}


def test_corpus_holds_a_test_sequence_inside_a_longer_record(tmp_path: Path) -> None:
    test = [*random_rnas(4, seed=5), *random_rnas(2, seed=9, length=12)]
    write_split(tmp_path, "test", test)
    corpus = tmp_path / "corpus.fa"
    flank = random_rnas(3, seed=6)
    corpus.write_text(
        f">a\n{flank[0]}{test[1]}{test[4]}{flank[1]}\n>b\n{test[2][:80]}\n>protein\nMKLE\n>c\n{flank[2]}\n"
    )
    (leak,) = audit_corpus([TASK], tmp_path, [corpus])
    assert (leak.exact, leak.near) == ((1, 4), (2,))


def test_a_tail_that_the_corpus_has_is_no_leak(tmp_path: Path) -> None:
    """A poly(A) tail is one word, however often it stands there."""
    (start,) = random_rnas(1, seed=10)
    write_split(tmp_path, "test", [start + "A" * 200])
    (tmp_path / "corpus.fa").write_text(f">a\n{random_rnas(1, seed=11)[0]}{'A' * 200}\n")
    (leak,) = audit_corpus([TASK], tmp_path, [tmp_path / "corpus.fa"])
    assert (leak.exact, leak.near) == ((), ())


def test_leaked_rows_come_back_from_the_file(tmp_path: Path) -> None:
    train = random_rnas(3, seed=7)
    write_split(tmp_path, "train", train)
    write_split(tmp_path, "test", [*random_rnas(2, seed=8), train[1]])
    write_audit(audit_task(TASK, tmp_path), tmp_path / "audit.json")
    digest = file_sha256(tmp_path / "RNA-SSP-Archive2" / "test.json")
    assert leaked_rows(tmp_path / "audit.json") == {"rgb/ssp-archive2": Leaked(3, digest, {2})}
    corpus = tmp_path / "corpus.fa"
    corpus.write_text(f">a\n{train[1]}\n")
    write_audit(audit_corpus([TASK], tmp_path, [corpus]), tmp_path / "audit.json")
    assert leaked_rows(tmp_path / "audit.json") == {"rgb/ssp-archive2": Leaked(3, digest, {2})}


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no test data"):
        audit_task(TASK, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{}", '{"schema": 1}', '{"schema": 2, "leaks": []}', "[" * 100_000),
        *('{"schema": 1, "leaks": [3]}', '{"schema": 1, "leaks": [{"split": "test"}]}'),
    ],
)
def test_a_file_that_is_no_audit_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match="no audit"):
        leaked_rows(tmp_path / "x.json")


@pytest.mark.parametrize("change", [{"exact": ["a"]}, {"near": 3}, {"task": []}])
def test_an_audit_with_another_row_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    write_split(tmp_path, "test", random_rnas(2, seed=8))
    write_audit(audit_task(TASK, tmp_path), tmp_path / "x.json")
    content = json.loads((tmp_path / "x.json").read_text())
    content["leaks"] = [content["leaks"][0] | {"within": "train"} | change]
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="no audit"):
        leaked_rows(tmp_path / "x.json")
