"""Suites that ship, and files with tasks of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.bench.data import load_split
from mprna.bench.metrics import METRICS
from mprna.bench.suite import SUITES, choose_tasks, load_suite
from mprna.errors import FormatError, MissingDataError, UsageError


@pytest.mark.parametrize(
    ("suite", "number"), [("rgb", 6), ("pgb", 8), ("gue", 28), ("gb", 9), ("eterna100", 2)]
)
def test_suites_have_all_their_tasks(suite: str, number: int) -> None:
    assert len({task.group for task in load_suite(suite)}) == number


def test_every_task_is_whole() -> None:
    for task in [task for suite in SUITES for task in load_suite(suite)]:
        assert set(task.metrics) <= set(METRICS), task
        assert task.metrics, task
        assert task.source.startswith("https://"), task
        assert task.licence, task
        assert task.version, task


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="suite 'glue'"):
        load_suite("glue")
    with pytest.raises(UsageError, match="no task 'ssp'"):
        choose_tasks("rgb", ("ssp",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"no \[\[tasks\]\]"),
        ("tasks = 1", r"no \[\[tasks\]\]"),
        ("tasks = [1]", r"no \[\[tasks\]\]"),
        ("[[tasks]\n", "own.toml: "),
        ('[[tasks]]\nname = "x"\ntype = "structure"\ntpye = 1', "task 'x': unknown tpye"),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nsuite = "s"', "task 'x': unknown suite"),
        ('[[tasks]]\nname = "x"\ntype = "struct"', "task 'x': type 'struct'; expected one of structure, "),
        ('[[tasks]]\nname = "x"', "task 'x': type ''; expected one of structure, "),
        ('[[tasks]]\ntype = "structure"', "task None: expected names of letters, digits"),
        ('[[tasks]]\nname = "../x"\ntype = "structure"', r"task '\.\./x': expected names of letters"),
        ('[[tasks]]\nname = "x"\ntype = "classification"', "task 'x': classification needs classes"),
        (
            '[[tasks]]\nname = "x"\ntype = "regression"\nclasses = ["a", "b"]',
            "task 'x': 2 classes; regression has one number, multi_regression several",
        ),
        (
            '[[tasks]]\nname = "x"\ntype = "mutation_repair"\nclasses = ["A"]',
            "task 'x': the classes of mutation_repair are A C G U; leave them out",
        ),
        (
            '[[tasks]]\nname = "x"\ntype = "classification"\nclasses = ["A", "A"]',
            "task 'x': two classes of one name",
        ),
        (
            '[[tasks]]\nname = "x"\ntype = "regression"\nmetrics = ["auc"]',
            "task 'x': metrics auc; expected some of r2, pearson, rmse",
        ),
        (
            '[[tasks]]\nname = "x"\ntype = "classification"\nclasses = [0, 1]',
            r"task 'x': classes is \[0, 1\], expected a list of texts",
        ),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nmax_length = "9"', "'9', expected a whole number"),
        (
            '[[tasks]]\nname = "x"\ntype = "structure"\nsubsets = ["a"]\ndirs = ["{task}"]',
            r"dirs are \['{task}'\]; {subset} is all that may",
        ),
        (
            '[[tasks]]\nname = "x"\ntype = "structure"\nsubsets = ["a"]\ndirs = ["{subset.a}"]',
            "dirs are .*that may stand in braces",
        ),
        ('tpye = 1\n[[tasks]]\nname = "x"\ntype = "structure"', "task 'x': unknown tpye"),
        ('[[tasks]]\nname = ".."\ntype = "structure"', r"task '\.\.': expected names of letters"),
        (
            '[[tasks]]\nname = "x"\ntype = "structure"\nsubsets = ["../a"]',
            "task 'x': expected names of letters",
        ),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nmax_length = 0', "task 'x': max_length is from 1"),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nvalid_from_train = 1', "valid_from_train and .* from 2"),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nsplits.tset = {}', "splits tset; expected some of"),
        ('[[tasks]]\nname = 1\ntype = "structure"', "name is 1, expected a text"),
        ('hub = 1\n[[tasks]]\nname = "x"\ntype = "structure"', "1 does not describe what it should"),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nsplits = 1', "splits is 1, expected a table"),
        ('[[tasks]]\nname = "x"\ntype = "structure"\nsplits.test = {size = 1}', "does not describe what"),
        ('[[tasks]]\nname = "x"\ntype = "structure"\n' * 2, "two tasks of one name"),
    ],
)
def test_a_file_that_is_no_suite_is_told(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=rf"own\.toml: .*{problem}" if "own" not in problem else problem):
        load_suite(str(path))


@pytest.mark.parametrize("name", ["rgb.toml", "my suite.toml"])
def test_a_suite_of_ones_own_has_a_name_of_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('[[tasks]]\nname = "x"\ntype = "structure"\n')
    with pytest.raises(UsageError, match="rename it"):
        load_suite(str(tmp_path / name))


def test_a_task_of_ones_own_needs_a_name_and_a_type_alone(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[[tasks]]\nname = "folds"\ntype = "structure"\n'
        '[[tasks]]\nname = "tissues"\ntype = "multi_regression"\nclasses = ["leaf", "root"]\n'
        '[[tasks]]\nname = "halves"\ntype = "structure"\nsubsets = ["left", "right"]\n'
    )
    folds, tissues, left, _ = load_suite(str(tmp_path / "own.toml"))
    assert (left.name, left.group, left.dirs) == ("halves.left", "halves", ("halves/left",))
    assert (folds.full_name, folds.dirs, folds.sequence, folds.label) == (
        "own/folds",
        ("folds",),
        "sequence",
        "label",
    )
    assert folds.metrics == ("token_macro_f1", "pair_f1")
    (tmp_path / "tissues_test.csv").write_text("sequence,root,leaf\nACGU,1,2.5\nGG,3,x\n")
    with pytest.raises(FormatError, match=r"tissues_test\.csv:3: leaf, root is .*, expected numbers"):
        load_split(tissues, "test", tmp_path)
    (tmp_path / "tissues_test.csv").write_text("sequence,root,leaf\nACGU,1,2.5\n")
    assert load_split(tissues, "test", tmp_path).examples[0].label.tolist() == [2.5, 1.0]
    with pytest.raises(MissingDataError, match=r"looked for tissues/train.*, tissues_train\.\.\.\)$"):
        load_split(tissues, "train", tmp_path)
    with pytest.raises(MissingDataError, match=r"no valid data .*; or set valid_from_train$"):
        load_split(tissues, "valid", tmp_path)


def test_a_suite_that_is_too_deep_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("a = " + "[" * 10_000)
    with pytest.raises(UsageError, match=r"own\.toml: too deep"):
        load_suite(str(tmp_path / "own.toml"))


def test_classes_are_matched_as_they_are_written_first(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[[tasks]]\nname = "t"\ntype = "classification"\nclasses = ["v1.0", "1", "true"]\n'
    )
    (tmp_path / "t_test.csv").write_text("sequence, label\nACGU,v1.0\nACGU, 1.0 \nACGU,true\n")
    (tmp_path / "t_train.jsonl").write_text('{"sequence": "ACGU", "label": true}\n')
    (task,) = load_suite(str(tmp_path / "own.toml"))
    assert [example.label for example in load_split(task, "test", tmp_path).examples] == [0, 1, 2]
    assert load_split(task, "train", tmp_path).examples[0].label == 2


def test_lists_may_stand_in_cells(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[[tasks]]\nname = "t"\ntype = "degradation"\nclasses = ["a"]\nvalid_from_train = 9\n'
    )
    (tmp_path / "t_train.tsv").write_text("sequence\ta\nACGU\t[1, 2.5, 0]\n")
    (task,) = load_suite(str(tmp_path / "own.toml"))
    assert load_split(task, "train", tmp_path).examples[0].label.tolist() == [[1.0], [2.5], [0.0]]
    with pytest.raises(MissingDataError, match=r"t_train\.tsv: too few rows to make a valid split"):
        load_split(task, "valid", tmp_path)


def test_keys_at_the_head_hold_for_every_task(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'sequence = "seq"\nmax_length = 50\ntitle = "ours"\n[[tasks]]\nname = "a"\ntype = "structure"\n'
        '[[tasks]]\nname = "b"\ntype = "structure"\nmax_length = 60\n'
    )
    tasks = load_suite(str(tmp_path / "own.toml"))
    assert [(task.sequence, task.max_length) for task in tasks] == [("seq", 50), ("seq", 60)]


@pytest.mark.parametrize(
    ("kind", "rows", "reason"),
    [
        ("regression", [""], "t_test.csv:2: nothing in the column 'label'"),
        ("regression", ["1.5 9"], "t_test.csv:2: 2 numbers; a regression has one"),
        ("regression", ["1e308"], "t_test.csv:2: label is .*, expected numbers from -1e.30 to 1e.30"),
        ("multilabel", ["0 7"], r"t_test.csv:2: labels .*0.0, 7.0.*; expected 0 or 1"),
        ("multilabel", ["0 1", "1"], "t_test.csv:3: 1 numbers, where the first row has 2"),
        ("multi_regression", ["0 1", "1 2 3"], "t_test.csv:3: 3 numbers, where the first row has 2"),
    ],
)
def test_numbers_that_do_not_fit_their_type_are_told(
    tmp_path: Path, kind: str, rows: list[str], reason: str
) -> None:
    (tmp_path / "own.toml").write_text(f'[[tasks]]\nname = "t"\ntype = "{kind}"\n')
    (tmp_path / "t_test.csv").write_text("sequence,label\n" + "".join(f"ACGU,{row}\n" for row in rows))
    (task,) = load_suite(str(tmp_path / "own.toml"))
    with pytest.raises(FormatError, match=reason):
        load_split(task, "test", tmp_path)
