"""Rebuilt training data follow their recipe, avoid what is published, and say what they are."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from mprna.bench.data import load_split
from mprna.bench.models.registry import ModelOptions
from mprna.bench.rebuild import rebuild_degradation, rebuild_mutations, substitute
from mprna.bench.runner import run_all
from mprna.bench.suite import choose_tasks
from mprna.bench.table import build_table
from mprna.cli.main import main
from mprna.errors import DataError, FormatError, UsageError

(SNMD,) = choose_tasks("rgb", ("snmd",))
(SNMR,) = choose_tasks("rgb", ("snmr",))
(MRNA,) = choose_tasks("rgb", ("mrna",))
RNG = np.random.default_rng(0)
COLUMNS = ("reactivity", "deg_Mg_pH10", "deg_Mg_50C")


def letters(number: int) -> str:
    return "".join(RNG.choice(list("ACGT"), number))


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    for split in ("valid", "test"):
        windows = [letters(200) for _ in range(4)]
        rows = [
            {"seq": window, "mut": window[:50] + "ACGT"["ACGT".index(window[50]) - 1] + window[51:]}
            for window in windows
        ]
        write(tmp_path / "data" / "RNA-SNMD" / f"{split}.jsonl", rows)
    return tmp_path / "data"


def transcripts(data_dir: Path, *more: str) -> Path:
    path = data_dir.parent / "transcripts.fa"
    sequences = [letters(900), letters(400), letters(150), "ACGT" * 40 + "N" + "ACGT" * 40, *more]
    path.write_text("".join(f">t{number}\n{sequence}\n" for number, sequence in enumerate(sequences)))
    return path


def test_substitutions_are_those_of_the_recipe() -> None:
    """k of U{0..10} places with replacement; a place that is drawn once or more differs in three of four."""
    rng, sequence = np.random.default_rng(1), "ACGU" * 50
    mutated = [substitute(sequence, rng) for _ in range(3_000)]
    counts = [sum(a != b for a, b in zip(sequence, other, strict=True)) for other in mutated]
    expected = np.mean(
        [200 * (1 - (1 - 3 / 4 / 200) ** k) for k in range(11)]
    )  # a place is changed last once
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.std(counts) / np.sqrt(3_000))
    assert (min(counts), max(counts) <= 10) == (0, True)
    targets = Counter(b for other in mutated for a, b in zip(sequence, other, strict=True) if a != b)
    assert max(targets.values()) < 1.15 * min(targets.values())


def test_windows_come_from_the_transcripts_alone(data_dir: Path) -> None:
    source = transcripts(data_dir)
    folder = rebuild_mutations(source, data_dir, num_rows=60, seed=1)
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    text = source.read_text().replace("T", "U")
    assert len(rows) == 60
    assert all(len(row["seq"]) == len(row["mut"]) == 200 and row["seq"] in text for row in rows)
    assert len({row["seq"] for row in rows}) > 30
    detection, repair = (load_split(task, "train", data_dir) for task in (SNMD, SNMR))
    first = next(i for i, row in enumerate(rows) if row["seq"] != row["mut"])
    place = int(np.argmax(detection.examples[first].label))
    assert "ACGU"[repair.examples[first].label[place]] == rows[first]["seq"][place]
    assert "train is rebuilt: 60 windows" in detection.note
    assert "seed 1" in detection.note


def test_same_seed_same_bytes_and_the_manifest_says_so(data_dir: Path) -> None:
    source = transcripts(data_dir)
    made = []
    for seed in (1, 1, 2):
        folder = rebuild_mutations(source, data_dir, num_rows=20, seed=seed)
        made.append((folder / "train.jsonl").read_bytes())
    assert made[0] == made[1] != made[2]
    manifest = json.loads((folder / "rebuilt.json").read_text())
    assert (manifest["seed"], manifest["rows"], manifest["source"]) == (2, {"train": 20}, "transcripts.fa")
    assert manifest["files"]["train.jsonl"] == load_split(SNMD, "train", data_dir).sha256


def test_published_rows_are_avoided(data_dir: Path) -> None:
    """Half of the long transcript is a published sequence: no window may have 31 letters of it."""
    original = json.loads((data_dir / "RNA-SNMD" / "test.jsonl").read_text().splitlines()[0])["seq"]
    source = transcripts(data_dir, letters(400) + original + letters(400))
    folder = rebuild_mutations(source, data_dir, num_rows=80)
    windows = [json.loads(line)["seq"] for line in (folder / "train.jsonl").read_text().splitlines()]
    words = {original.replace("T", "U")[i : i + 31] for i in range(170)}
    assert all(words.isdisjoint(window[i : i + 31] for i in range(170)) for window in windows)
    assert json.loads((folder / "rebuilt.json").read_text())["windows_refused"] > 0
    source.write_text(f">only\n{original}\n")
    with pytest.raises(DataError, match="hardly a window"):
        rebuild_mutations(source, data_dir, num_rows=3)


def test_nothing_published_is_overwritten_and_nothing_changes_unseen(data_dir: Path) -> None:
    source = transcripts(data_dir)
    train = write(data_dir / "RNA-SNMD" / "train.jsonl", [{"seq": "ACGT", "mut": "ACGT"}])
    with pytest.raises(UsageError, match="nothing is written"):
        rebuild_mutations(source, data_dir, num_rows=3)
    train.unlink()
    rebuild_mutations(source, data_dir, num_rows=3)
    train.write_text(train.read_text() * 2)
    with pytest.raises(FormatError, match="rebuild it"):
        load_split(SNMD, "train", data_dir)


def test_a_validation_split_of_others_is_not_overwritten(data_dir: Path) -> None:
    source, _ = openvaccine(data_dir)
    rebuild_degradation(source, data_dir)
    rebuild_degradation(source, data_dir)  # its own may be made again
    for name in ("rebuilt.json", "train.jsonl"):
        (data_dir / "RNA-mRNA" / name).unlink()
    with pytest.raises(UsageError, match=r"valid\.jsonl is there already"):
        rebuild_degradation(source, data_dir)
    assert not (data_dir / "RNA-mRNA" / "train.jsonl").exists()


def openvaccine(data_dir: Path, **changes: object) -> tuple[Path, list[str]]:
    sequences = [letters(20) for _ in range(12)]
    profile = {name: [0.1, 0.2, 0.3] for name in COLUMNS}
    write(data_dir / "RNA-mRNA" / "test.jsonl", [{"sequence": s, **profile} for s in sequences[:3]])
    folds = [*([0, 1, 2, 3] * 3)[:11], None]
    rows = [
        {"sequence": s, "kfold": fold, "id": "x", **profile} | changes
        for s, fold in zip(sequences, folds, strict=True)
    ]
    return write(data_dir.parent / "openvaccine.jsonl", rows), sequences


@pytest.mark.torch
@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("number", range(4))
def test_a_rebuild_that_is_killed_can_be_repeated(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, number: int, earlier: bool
) -> None:
    """Whichever file was last to get its name; nothing trains on some of them, nor on those of two."""
    source, _ = openvaccine(data_dir)
    if earlier:
        rebuild_degradation(source, data_dir)
        source, _ = openvaccine(data_dir)
    replaced: list[Path] = []
    replace = Path.replace

    def strike(path: Path, target: Path) -> None:
        if len(replaced) == number:
            raise KeyboardInterrupt
        replaced.append(target)
        replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", strike)
        with pytest.raises(KeyboardInterrupt) if number < 3 else nullcontext():
            rebuild_degradation(source, data_dir)
    assert [path.name for path in replaced] == ["rebuilt.json", "valid.jsonl", "train.jsonl"][:number]
    if 0 < number < 3:
        with pytest.raises(FormatError, match="rebuild it") if earlier else nullcontext():
            (outcome,) = run_all([MRNA], ["cnn"], [45], data_dir, data_dir.parent / "out", ModelOptions())
            assert "no train data" in outcome.reason
    rebuild_degradation(source, data_dir)
    assert all("rebuilt" in load_split(MRNA, split, data_dir).note for split in ("train", "valid"))


def test_degradation_leaves_out_the_test_rows_and_validates_on_a_cluster(data_dir: Path) -> None:
    source, sequences = openvaccine(data_dir)
    folder = rebuild_degradation(source, data_dir)
    train, valid = (load_split(MRNA, split, data_dir) for split in ("train", "valid"))
    rna = [sequence.replace("T", "U") for sequence in sequences]
    assert [e.sequence for e in valid.examples] == [rna[4], rna[8]]
    assert [e.sequence for e in train.examples] == [rna[i] for i in (3, 5, 6, 7, 9, 10)]
    assert train.examples[0].label.shape == (3, 3)
    manifest = json.loads((folder / "rebuilt.json").read_text())
    assert (manifest["rows_in_test"], manifest["rows_without_cluster"]) == (3, 1)


def test_a_missing_column_is_named_with_its_line(data_dir: Path) -> None:
    source, _ = openvaccine(data_dir)
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    del rows[1]["deg_Mg_50C"]
    write(source, rows)
    with pytest.raises(FormatError, match=r"openvaccine\.jsonl:2: no column deg_Mg_50C"):
        rebuild_degradation(source, data_dir)


def test_from_the_command_to_a_table_that_says_rebuilt(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, _ = openvaccine(data_dir)
    where = ["--data-dir", str(data_dir)]
    assert main(["bench", "rebuild", "mrna", "--source", str(source), *where]) == 0
    assert capsys.readouterr().out.strip() == str(data_dir / "RNA-mRNA")
    assert main(["bench", "rebuild", "snmd", "--source", str(source.parent / "none.fa"), *where]) == 1
    (outcome,) = run_all([MRNA], ["majority"], [45], data_dir, data_dir.parent / "out", ModelOptions())
    assert outcome.record is not None
    (column,) = build_table([outcome.record]).columns
    assert any(note.startswith("train is rebuilt: OpenVaccine") for note in column.notes)
