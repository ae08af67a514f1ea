"""Records are complete, finished ones are not repeated, and test is never seen in training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mprna.bench import runner
from mprna.bench.models.majority import Majority
from mprna.bench.models.model import Model
from mprna.bench.models.registry import MODELS, ModelOptions, baselines, make_model
from mprna.bench.record import file_name, peak_memory_mb, read_record, read_records_of, record_path
from mprna.bench.suite import choose_tasks
from mprna.bench.task import Task
from mprna.cli.main import main
from mprna.errors import DataError, UsageError
from mprna.folding.vienna import fold_mfe

HAIRPIN = "GGGGAAAACCCC"
(TF,) = choose_tasks("gue", ("tf.0",))
(SSP,) = choose_tasks("rgb", ("ssp-archive2",))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for split, sizes in (("train", (6, 2)), ("dev", (1, 1)), ("test", (3, 1))):
        path = folder / "tf.0" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"sequence": "ACGT" * 5, "label": label} for label in (0, 1) for _ in range(sizes[label])]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "RNA-SSP-Archive2" / "test.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"seq": HAIRPIN, "label": "((((....))))"}) + "\n")
    return folder


def run(task: Task, model: str, data_dir: Path, seeds: tuple[int, ...] = (45, 46)) -> list[runner.Outcome]:
    out_dir = data_dir.parent / "out"
    return list(runner.run_all([task], [model], seeds, data_dir, out_dir, ModelOptions()))


def with_choices(model: Model, **choices: object) -> Model:
    model.choices |= choices
    return model


def test_a_record_holds_result_data_and_surroundings(data_dir: Path) -> None:
    outcome = run(TF, "majority", data_dir)[0]
    path = record_path(data_dir.parent / "out", "gue", "tf.0", "majority", 45)
    record = read_record(path)
    assert record == outcome.record
    assert record.metrics == {"mcc": 0.0, "macro_f1": pytest.approx(3 / 7), "auc": 0.5}
    assert (record.num_original, record.num_scored, record.data["train"]["rows"]) == (4, 4, 8)
    assert record.data["test"]["as_expected"] is False
    assert {"mprna", "numpy", "python"} <= set(record.versions)
    assert record.hardware["cores"] >= 1


def test_vienna_is_scored_on_its_own_structure_and_has_one_record(data_dir: Path) -> None:
    (outcome,) = run(SSP, "vienna", data_dir)
    assert outcome.record is not None
    assert fold_mfe(HAIRPIN)[0] == "((((....))))"
    assert outcome.record.metrics == {"token_macro_f1": 1.0, "pair_f1": 1.0}
    assert outcome.record.seed == 45


def test_finished_records_are_not_repeated(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [outcome.is_new for outcome in run(TF, "majority", data_dir)] == [True, True]
    record_path(data_dir.parent / "out", "gue", "tf.0", "majority", 46).unlink()
    made: list[int] = []
    run_one = runner.run_one
    monkeypatch.setattr(runner, "run_one", lambda *args: made.append(args[2]) or run_one(*args))
    assert [outcome.is_new for outcome in run(TF, "majority", data_dir)] == [False, True]
    assert made == [46]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_record_of_other_data_is_refused(data_dir: Path, split: str) -> None:
    run(TF, "majority", data_dir)
    path = data_dir / "tf.0" / f"{split}.jsonl"
    path.write_text(path.read_text() * 2)
    with pytest.raises(UsageError, match=f"made from another {split} file"):
        run(TF, "majority", data_dir)


def test_a_record_of_another_model_is_refused(data_dir: Path) -> None:
    run(TF, "majority", data_dir, (45,))
    path = record_path(data_dir.parent / "out", "gue", "tf.0", "majority", 45)
    path.write_text(path.read_text().replace('"model": "majority"', '"model": "kmer"'))
    with pytest.raises(UsageError, match="is of the model kmer"):
        run(TF, "majority", data_dir, (45,))


def test_a_record_of_another_precision_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(TF, "majority", data_dir, (45,))
    path = record_path(data_dir.parent / "out", "gue", "tf.0", "majority", 45)
    monkeypatch.setitem(MODELS, "majority", lambda task, options: with_choices(Majority(), bfloat16=True))
    assert not run(TF, "majority", data_dir, (45,))[0].is_new  # of a release that did not say
    path.unlink()
    run(TF, "majority", data_dir, (45,))
    monkeypatch.setitem(MODELS, "majority", lambda task, options: with_choices(Majority(), bfloat16=False))
    with pytest.raises(UsageError, match="made with another setting of bfloat16; remove it"):
        run(TF, "majority", data_dir, (45,))


def test_names_of_records_are_short_and_differ() -> None:
    models = ["mini:full", "mini", "command:a/fold {}", "x" * 300, "x" * 301, "名" * 90, "a" + "名" * 90]
    names = [file_name(model) for model in models]
    assert len(set(names)) == len(names)
    assert max(len(name.encode()) for name in names) < 120


def test_the_model_is_fitted_before_test_is_read(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    load_split = runner.load_split

    def spy(task: Task, name: str, folder: Path) -> object:
        order.append(name)
        return load_split(task, name, folder)

    class Spy(type(MODELS["majority"](TF, ModelOptions()))):  # type: ignore[misc]
        def fit(self, task: object, train: object, valid: object, seed: object) -> None:
            order.append("fit")
            super().fit(task, train, valid, seed)

    monkeypatch.setattr(runner, "load_split", spy)
    monkeypatch.setitem(MODELS, "spy", lambda task, options: Spy())
    run(TF, "spy", data_dir, (45,))
    assert order == ["train", "valid", "fit", "test"]


def test_missing_data_and_unsuited_models_are_reasons(data_dir: Path) -> None:
    (outcome,) = run(SSP, "majority", data_dir, (45,))
    assert "no train data" in outcome.reason
    (outcome,) = run(TF, "vienna", data_dir, (45,))
    assert "vienna does structure" in outcome.reason
    with pytest.raises(UsageError, match="does structure"):
        make_model("vienna", TF, ModelOptions())


def test_a_program_that_fails_is_a_reason(data_dir: Path) -> None:
    (outcome,) = run(SSP, "command:false {}", data_dir, (45,))
    assert "false ended with status 1" in outcome.reason


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gue.tf.0" / "m.seed1.json"
    path.parent.mkdir()
    path.write_text("{}")
    with pytest.raises(DataError, match="no benchmark record"):
        read_records_of(tmp_path)
    with pytest.raises(DataError, match="no records"):
        read_records_of(tmp_path / "gue.tf.0")


@pytest.mark.parametrize(
    "change",
    [
        *({"seed": "45"}, {"metrics": {"mcc": "high"}}, {"items": [1]}, {"clusters": [2]}),
        {"metrics": {"f2": 0.5}, "items": {"f2": [[1.0, 1.0]]}},
        *({"data": {}}, {"clusters": ["a", "b"]}, {"names": ["a", "b"]}),
        {"items": {"token_macro_f1": [], "pair_f1": [[1.0, 1.0]]}},
    ],
)
def test_a_record_of_wrong_fields_is_named(change: dict[str, object], data_dir: Path) -> None:
    run(SSP, "vienna", data_dir)
    path = record_path(data_dir.parent / "out", "rgb", "ssp-archive2", "vienna", 45)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=rf"damaged \({next(iter(change))}\); remove it"):
        read_record(path)


def test_commands_from_data_to_table(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, audit = str(data_dir.parent / "out"), str(data_dir.parent / "audit.json")
    where = ["--data-dir", str(data_dir), "--task", "tf.0"]
    assert main(["bench", "run", "gue", *where, "--model", "majority", "--out", out, "--seeds", "1"]) == 0
    assert capsys.readouterr().out.startswith(
        "gue/tf.0\tmajority\tseed 1\tmcc=0.0000 macro_f1=0.4286 auc=0.5000"
    )
    assert main(["bench", "audit", "gue", *where, "-o", audit]) == 0
    assert "gue/tf.0\ttest\ttrain\t4\t4\t0" in capsys.readouterr().out
    (data_dir / "tf.1").mkdir()
    (data_dir / "tf.1" / "train.jsonl").write_text((data_dir / "tf.0" / "train.jsonl").read_text())
    (data_dir / "corpus.fa").write_text(">c\n" + "ACGU" * 5 + "\n")
    against = ["--task", "tf.1", "--against", str(data_dir / "corpus.fa")]
    assert main(["bench", "audit", "gue", *where, *against]) == 0
    assert "gue/tf.0\ttest\tcorpus.fa\t4\t4\t0" in capsys.readouterr().out, "tf.1 has no test split"
    assert main(["bench", "report", out]) == 0
    assert "| majority | **0.429** | " in capsys.readouterr().out
    assert main(["bench", "report", out, "--without-leaked", audit]) == 1
    assert "no test row is left" in capsys.readouterr().err


def test_list_says_what_is_there(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "list", "rgb", "--data-dir", str(data_dir)]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "rgb/ssp-archive2\tstructure\ttoken_macro_f1,pair_f1\t512 nt\t2278/285/285\ttest"
    assert all(line.endswith("\tmissing") for line in rest)
    assert main(["bench", "list", "--models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(MODELS)] == list(MODELS)
    assert [line.split("\t")[0] for line in lines[len(MODELS) :]] == list(baselines())


def test_memory_is_measured_where_the_system_keeps_no_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda path: "Name:\tpython\nVmRSS:\t1 kB\n")
    assert peak_memory_mb() > 50
