"""Targets become designs, folding checks them, and a kill loses none that was finished."""

from __future__ import annotations

from pathlib import Path

import pytest
import RNA

from mprna.bench import runner
from mprna.bench.audit import Leaked
from mprna.bench.data import load_split
from mprna.bench.metrics import METRICS
from mprna.bench.models.design import DesignModel, search
from mprna.bench.models.registry import MODELS, ModelOptions, make_model
from mprna.bench.models.rnainverse import rnainverse
from mprna.bench.record import part_path, record_path
from mprna.bench.suite import choose_tasks
from mprna.bench.table import build_table
from mprna.cli.main import main
from mprna.errors import DataError, FormatError, UsageError

pytestmark = pytest.mark.usefixtures("turner_2004")

(V2,) = choose_tasks("eterna100", ("v2",))
(SSP,) = choose_tasks("rgb", ("ssp-archive2",))

HAIRPIN, FORK = "((((....))))", "((((.((((....))))..((((....)))).))))"
HOPELESS = "(...)"
"""One pair never pays for its hairpin: the minimum free energy structure is the open chain."""
HEAD = "Puzzle Name\tSecondary Structure V1\tSecondary Structure V2\tSample Solution (V2/Vienna2)\n"


def write_puzzles(folder: Path, *rows: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "eterna100_puzzles.tsv"
    path.write_text(HEAD + "".join(row + "\n" for row in rows))
    return path


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    write_puzzles(
        folder,
        f"Hairpin\t{HAIRPIN}\t{HAIRPIN}\tsecret",
        f"1,2\tand fork\t{FORK}\tsecret",
        f"Hopeless\t{HAIRPIN}\t{HOPELESS}\tsecret",
    )
    return folder


def run(
    model: str, data_dir: Path, seeds: tuple[int, ...] = (1,), time_limit: float = 0.3
) -> list[runner.Outcome]:
    options = ModelOptions(time_limit=time_limit)
    return list(runner.run_all([V2], [model], seeds, data_dir, data_dir.parent / "out", options))


def test_targets_are_read_and_solutions_are_not(data_dir: Path) -> None:
    split = load_split(V2, "test", data_dir)
    assert [(e.name, e.sequence, e.label) for e in split.examples] == [
        ("Hairpin", HAIRPIN, HAIRPIN),
        ("1,2", FORK, FORK),
        ("Hopeless", HOPELESS, HOPELESS),
    ]
    assert "secret" not in repr(split)


@pytest.mark.parametrize(
    ("target", "message"),
    [("((..[[..))...]]", "pseudoknot"), ("((..))", "hairpin needs 3"), ("((...)", "never closed")],
)
def test_impossible_targets_are_named(tmp_path: Path, target: str, message: str) -> None:
    write_puzzles(tmp_path, f"a\t{HAIRPIN}\t{HAIRPIN}\t", f"b\t{HAIRPIN}\t{target}\t")
    with pytest.raises(FormatError, match=rf"eterna100_puzzles.tsv:3: .*{message}"):
        load_split(V2, "test", tmp_path)


def test_missing_puzzles_say_what_file_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"looked for eterna100_puzzles.tsv\); published at https"):
        load_split(V2, "test", tmp_path)


def test_designs_are_scored_by_their_fold() -> None:
    solved, defect = METRICS["solved"].item, METRICS["ensemble_defect"].item
    assert solved(HAIRPIN, "GGGGAAAACCCC").tolist() == [1, 1]
    assert solved(HAIRPIN, "AAAAAAAAAAAA").tolist() == [0, 1]
    compound = RNA.fold_compound("GGGGAAAACCCC")
    compound.pf()
    assert defect(HAIRPIN, "GGGGAAAACCCC")[0] == pytest.approx(compound.ensemble_defect(HAIRPIN), abs=1e-6)
    assert [solved(HAIRPIN, "").tolist(), defect(HAIRPIN, "").tolist()] == [[0, 1], [1, 1]]
    with pytest.raises(DataError, match="11 nt for a target of 12"):
        solved(HAIRPIN, "GGGGAAAACCC")


@pytest.mark.parametrize("model", ["design", "rnainverse"])
def test_records_hold_designs_that_fold_into_the_targets(model: str, data_dir: Path) -> None:
    first, second = (outcome.record for outcome in run(model, data_dir, (1, 2)))
    assert first is not None
    assert second is not None
    assert [RNA.fold(sequence)[0] for sequence in first.answers] == [HAIRPIN, FORK, "....."]
    assert first.items["solved"] == [[1, 1], [1, 1], [0, 1]]
    assert first.metrics["solved"] == pytest.approx(2 / 3)
    assert first.names == ["Hairpin", "1,2", "Hopeless"]
    assert (first.num_failed, first.data.keys()) == (0, {"test"})
    assert first.answers[:2] != second.answers[:2]
    assert not list(data_dir.parent.rglob("*.part*"))


def test_what_was_designed_before_a_kill_is_not_designed_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def designer(target: str, *, seed: int, time_limit: float) -> str:
        if target == HOPELESS and HOPELESS not in asked:
            asked.append(target)
            raise KeyboardInterrupt
        asked.append(target)
        return "A" * len(target)

    path = record_path(data_dir.parent / "out", "eterna100", "v2", "own", 1)
    monkeypatch.setitem(
        MODELS,
        "own",
        lambda task, options: DesignModel(
            designer, time_limit=options.time_limit, record_of=lambda seed: path.with_stem(f"own.seed{seed}")
        ),
    )
    with pytest.raises(KeyboardInterrupt):
        run("own", data_dir)
    with part_path(path).open("a") as stream:
        stream.write('5\n{}\n[1]\n{"target": "(...)", "sequence": 5, "time_limit": 1}\n')  # damaged
        stream.write('{"target": "(((')  # as a full disk or a kill leaves it
    (outcome,) = run("own", data_dir)
    assert asked == [HAIRPIN, FORK, HOPELESS, HOPELESS]
    assert outcome.record is not None
    assert outcome.record.answers == ["A" * len(target) for target in (HAIRPIN, FORK, HOPELESS)]
    assert not part_path(path).exists()
    assert not run("own", data_dir)[0].is_new


def test_designs_of_another_time_limit_are_not_taken(data_dir: Path, tmp_path: Path) -> None:
    def model(time_limit: float, answer: str) -> DesignModel:
        def designer(target: str, *, seed: int, time_limit: float) -> str:
            return answer

        return DesignModel(designer, time_limit=time_limit, record_of=lambda seed: tmp_path / f"{seed}.json")

    first, second, third = (letter * len(HAIRPIN) for letter in "ACG")
    assert model(1.0, first).predict(V2, [HAIRPIN, HAIRPIN]) == [first] * 2
    assert model(2.0, second).predict(V2, [HAIRPIN]) == [second]
    assert model(1.0, third).predict(V2, [HAIRPIN]) == [first]
    run("design", data_dir)
    with pytest.raises(UsageError, match="budget"):
        run("design", data_dir, time_limit=0.4)


def test_processes_design_the_same(tmp_path: Path) -> None:
    answers = []
    for jobs in (1, 2):
        record = tmp_path / f"{jobs}.json"
        model = DesignModel(search, time_limit=60, record_of=lambda seed, record=record: record, jobs=jobs)
        answers.append(model.predict(V2, [HAIRPIN, FORK]))
    assert answers[0] == answers[1]


def test_rnainverse_ends_with_its_limit() -> None:
    """A walk of 400 nt takes longer than the limit, and there is no answer."""
    assert rnainverse("(" * 190 + "." * 20 + ")" * 190, seed=0, time_limit=0.01) == ""
    assert len(rnainverse(HOPELESS, seed=0, time_limit=0.2)) == len(HOPELESS)


def test_models_and_tasks_that_do_not_fit_are_reasons(data_dir: Path) -> None:
    assert "majority does structure" in run("majority", data_dir)[0].reason
    assert "vienna does structure, but eterna100/v2 is design" in run("vienna", data_dir)[0].reason
    with pytest.raises(UsageError, match="design does design"):
        make_model("design", SSP, ModelOptions())


def test_tables_name_what_no_seed_solved(data_dir: Path) -> None:
    records = [outcome.record for outcome in run("design", data_dir, (1, 2)) if outcome.record]
    records[0].items["solved"][1] = [0.0, 1.0]
    solved, defect = build_table(records).columns
    assert solved.notes[-1] == "design: 2 of 3 solved with one of 2 seeds or more (missed: Hopeless)"
    assert not any("missed" in note for note in defect.notes)
    (cell,) = solved.cells
    assert (cell.mean, cell.low, cell.num_seeds) == (pytest.approx(0.5), pytest.approx(0.0), 2)
    without, _ = build_table(records, {"eterna100/v2": Leaked(3, "", {2})}).columns
    assert without.notes[-1] == "design: 2 of 2 solved with one of 2 seeds or more"


def test_commands_from_puzzles_to_table(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, where = str(data_dir.parent / "out"), ["--data-dir", str(data_dir)]
    assert main(["bench", "list", "eterna100", *where]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"eterna100/{version}\tdesign\tsolved,ensemble_defect\t400 nt\t-/-/100\ttest"
        for version in ("v1", "v2")
    ]
    command = ["bench", "run", "eterna100", "--version", "v2", "--model", "design", *where, "--out", out]
    assert main([*command, "--seeds", "1", "--time-limit", "0.3"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("eterna100/v2\tdesign\tseed 1\tsolved=0.6667 ensemble_defect=0.")
    assert "\tn=3/3\t" in line
    assert main(["bench", "report", out]) == 0
    table = capsys.readouterr().out
    assert "| design | **0.667** | 0.000 to 1.000 | 3/3 |" in table
    assert "Note: design: 2 of 3 solved (missed: Hopeless)." in table
    assert main(["bench", "report", out, "--format", "html"]) == 0
    assert "missed: Hopeless" in capsys.readouterr().out
    assert main(["bench", "download", "eterna100", "--data-dir", out]) == 2
    assert "published at https://github.com/eternagame" in capsys.readouterr().err
