"""runs/ablations.py from end to end on made-up data: killed anywhere, it writes the same table."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mprna.bench.metrics import METRICS
from mprna.bench.rebuild import MAX_DRAWS
from mprna.bench.suite import choose_tasks

pytestmark = pytest.mark.torch

RUNS = Path(__file__).parents[2] / "runs"
CORPORA = ("corpus", "labelled", "heldout", "unfiltered", "unfiltered_labelled")
TOKENS = 8_192
OTHERS = str.maketrans("ACGT", "CGTA")


@pytest.fixture(scope="module")
def ablations() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(RUNS))  # it imports its neighbour `repair`
        spec = spec_from_file_location("ablations", RUNS / "ablations.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        patch.setitem(sys.modules, "ablations", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RGB's files and transcripts, of random bases."""
    directory, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)

    def bases(length: int) -> str:
        return "".join(rng.choice(list("ACGT"), length))

    for split in ("train", "valid", "test"):
        structure = "((((((....))))))....[.[..].].."
        hairpins = [{"seq": bases(len(structure)), "label": structure} for _ in range(12)]
        write_rows(directory / f"rgb/RNA-SSP-bpRNA/{split}.jsonl.gz", hairpins)
    for split in ("valid", "test"):
        originals = [bases(60) for _ in range(12)]
        rows = [{"seq": text, "mut": text[:9].translate(OTHERS) + text[9:]} for text in originals]
        write_rows(directory / f"rgb/RNA-SNMD/{split}.jsonl.gz", rows)
    (directory / "snm_source").mkdir()
    with gzip.open(directory / "snm_source/transcripts.fa.gz", "wt") as file:
        file.writelines(f">t{number}|Arabidopsis|mrna\n{bases(400)}\n" for number in range(5))
    return directory


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def corpora(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("corpora")
    for name in CORPORA:
        (directory / name).symlink_to(corpus_dir)
    return directory


def command(corpora: Path, work: Path, data_dir: Path, *extra: str) -> list[str]:
    sizes = {"tokens": TOKENS, "train-rows": 40, "valid-rows": 6, "test-rows": 8, "epochs": 1, "seeds": 1}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    paths = [str(corpora), str(work), "--data-dir", str(data_dir)]
    return ["ablations.py", *paths, "--preset", "nano", *options, *extra]


def test_six_starts_three_tasks_one_table(
    ablations: ModuleType, corpora: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", command(corpora, tmp_path / "work", data_dir))
    ablations.main()
    table = (tmp_path / "work/table.md").read_text()
    first, second = table.split("\n\n")
    rows = [line.split("|")[1:-1] for line in first.splitlines()[2:]]
    assert [row[0].split(":")[0].strip() for row in rows] == [ablations.RANDOM, *ablations.ARMS]
    assert all("(" in cell for row in rows for cell in row[2:])
    assert len(second.splitlines()) == 2 + len(ablations.COMPARED)
    seen = [float(row[1].replace(",", "")) for row in rows]
    assert seen[0] == 0
    assert all(0.8 * TOKENS < tokens <= TOKENS for tokens in seen[1:])


def test_killed_and_begun_again_it_is_the_same_table(
    ablations: ModuleType, corpora: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Struck in a fine-tuning, in the pretraining, and between a test and its record."""
    arms = ("--arms", "random", "language")

    def attempt(name: str) -> str:
        monkeypatch.setattr(sys, "argv", command(corpora, tmp_path / name, data_dir, *arms))
        ablations.main()
        return (tmp_path / name / "table.md").read_text()

    whole = attempt("whole")
    strikes = {
        "mprna.train.loop.clip_grad_norm_": 4,
        "mprna.train.loop.save_state": 1,
        "ablations.save_items": 1,
    }
    for place, calls in strikes.items():
        with monkeypatch.context() as patch:
            patch.setattr(place, striking(place, calls))
            with pytest.raises(KeyboardInterrupt):
                attempt("broken")
    assert attempt("broken") == whole


def striking(place: str, calls: int) -> object:
    """A function that works so often, then raises what Ctrl-C does."""
    module, _, name = place.rpartition(".")
    works, left = getattr(sys.modules[module], name), iter(range(calls))

    def strike(*args: object, **kwargs: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return works(*args, **kwargs)

    return strike


def test_the_plan_costs_something_and_trains_nothing(
    ablations: ModuleType, corpora: Path, data_dir: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(
        sys, "argv", command(corpora, tmp_path / "work", data_dir, "--arms", "pairs", "--plan")
    )
    ablations.main()
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split("|")[1].split(",")[0].strip() for line in lines[:-1]] == ["pairs", *ablations.TASKS]
    assert float(lines[0].split("|")[2].split()[0]) >= 0
    assert not (tmp_path / "work").exists()


def test_another_budget_needs_another_folder(
    ablations: ModuleType, corpora: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, refused in (("1", False), ("2", True)):
        monkeypatch.setattr(sys, "argv", command(corpora, tmp_path, data_dir, "--seeds", number))
        if refused:
            with pytest.raises(SystemExit, match="other settings; choose another WORK"):
                ablations.claim(ablations.parse())
        else:
            ablations.claim(ablations.parse())


def test_rebuilt_rows_are_like_rgbs(ablations: ModuleType, data_dir: Path) -> None:
    """3.6 substitutions in 200 nt; detection marks them, repair says what stood there."""
    detect, repair = choose_tasks("rgb", ("snmd", "snmr"))
    found = list(ablations.mutated_examples(detect, data_dir, 400))
    counts = [int(example.label.sum()) for example in found]
    assert np.mean(counts) == pytest.approx(3.6, abs=0.4)
    assert max(counts) <= MAX_DRAWS
    originals = list(ablations.mutated_examples(repair, data_dir, 400))
    for marked, named in zip(found, originals, strict=True):
        assert marked.sequence == named.sequence
        assert (marked.label == (named.label >= 0)).all()
        changed = np.flatnonzero(named.label >= 0)
        assert all("ACGU"[named.label[i]] != named.sequence[i] for i in changed)


def test_labelled_nucleotides_have_one_share_in_every_arm(
    ablations: ModuleType, corpora: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "labelled").symlink_to(corpus_dir)
    manifest = json.loads((corpus_dir / "manifest.json").read_text())
    manifest["files"][0]["nt"] *= 4
    (tmp_path / "unfiltered_labelled").mkdir()
    (tmp_path / "unfiltered_labelled/manifest.json").write_text(json.dumps(manifest))
    weights = [ablations.labelled_weight(ablations.ARMS[name], tmp_path) for name in ("pairs", "unfiltered")]
    assert weights == [ablations.LABELLED_WEIGHT, ablations.LABELLED_WEIGHT / 4]


def test_items_survive_the_disk_and_seeds_are_averaged(ablations: ModuleType, tmp_path: Path) -> None:
    table = sys.modules[ablations.table_lines.__module__]
    area, f1 = METRICS["auc"], METRICS["macro_f1"]
    rng = np.random.default_rng(0)
    for metric in (area, f1):
        items = [metric.item(rng.integers(2, size=n), rng.random((n, 2))) for n in (5, 9, 7)]
        table.save_items(items, tmp_path / "items.npz")
        loaded = table.load_items(tmp_path / "items.npz", metric)
        assert all(np.array_equal(a, b) for a, b in zip(items, loaded, strict=True))
    perfect = [f1.item(np.array([0, 1]), np.eye(2))] * 3
    wrong = [f1.item(np.array([1, 0]), np.eye(2))] * 3
    outcome = table.outcome(f1, [perfect, perfect, wrong])
    assert outcome.mean == pytest.approx(2 / 3)
    # Of three seeds drawn, each is wrong with probability 1/3: none right in 1 of 27, all right in 8 of 27.
    assert np.mean(outcome.resamples) == pytest.approx(2 / 3, abs=0.05)
    assert set(np.round(outcome.resamples, 6)) == {0.0, 0.333333, 0.666667, 1.0}
