"""`mprna corpus` as the parser and the functions behind it see it."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mprna.cli import corpus
from mprna.corpus.build import Progress
from mprna.corpus.fidelity import shipped_calibration
from mprna.corpus.manifest import read_manifest
from mprna.errors import CorpusError, UsageError


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser(prog="mprna")
    corpus.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["corpus", *map(str, arguments)])
    code: int = args.run(args)
    return code


def test_build_and_verify_print_the_same_totals(
    transcripts_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--slice-length", "40", "--min-length", "12", "--slices-per-shard", "50"]
    assert run("build", transcripts_dir, "--out", tmp_path / "out", *small, "--annotate", "0") == 0
    built = capsys.readouterr()
    manifest = read_manifest(tmp_path / "out")
    lines = [line.split("\t") for line in built.out.splitlines()]
    assert lines[:3] == [
        ["what", "pieces", "nt"],
        ["kept", str(manifest.rows), str(manifest.nt)],
        ["annotated", "0", "-"],
    ]
    assert lines[3] == ["of unknown species", "1", "-"]
    assert {line[0]: int(line[2]) for line in lines[4:]} == {
        f"dropped {reason}": tally.nt for reason, tally in manifest.drops.items()
    }
    assert re.fullmatch(r"shard 4/4  \d+ slices .* 0 s to go\n", built.err), "in a file, the last line alone"
    assert run("verify", tmp_path / "out") == 0
    assert capsys.readouterr().out == built.out


def test_a_terminal_sees_every_shard(
    transcripts_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    small = ["--slice-length", "40", "--min-length", "12", "--slices-per-shard", "50", "--annotate", "0"]
    assert run("build", transcripts_dir, "--out", tmp_path / "out", *small) == 0
    assert re.findall(r"\r\x1b\[Kshard (\d)/4", capsys.readouterr().err) == ["1", "2", "3", "4"]


def test_time_to_go_is_that_of_shards_that_are_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two were found, and the third of five took 20 s."""
    clock = iter([0.0, 10.0, 20.0])
    monkeypatch.setattr(corpus, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    report = corpus._progress_line()
    for shards in (2, 3):
        report(Progress(shards=shards, num_shards=5, slices=shards, annotated=0, found=2))
    assert capsys.readouterr().err.split("\r\x1b[K")[1:] == [
        "shard 2/5  2 slices  0 annotated  10 s",
        "shard 3/5  3 slices  0 annotated  20 s, 40 s to go",
    ]


def test_every_option_reaches_the_build(transcripts_dir: Path, tmp_path: Path) -> None:
    values = {
        "--slice-length": "60",
        "--min-length": "20",
        "--max-n": "0.2",
        "--max-slices": "7",
        "--max-records": "40",
        "--species-from": "source",
        "--only-species": "a",
        "--annotate": "0.25",
        "--exclude-share": "0.3",
        "--near-duplicates": "0.9",
        "--slices-per-shard": "9",
        "--temperature": "30",
        "--parameters": "turner1999",
        "--max-span": "50",
        "--min-fidelity": "0.4",
        "--fold-timeout": "30",
        "--fold-memory": "512",
        "--seed": "5",
    }
    calibration = replace(shipped_calibration(), parameters="turner1999", temperature=30.0)
    values["--calibration"] = str(tmp_path / "calibration.json")
    Path(values["--calibration"]).write_text(json.dumps(calibration.to_json()))
    options = [text for pair in values.items() for text in pair] + ["--pair-probs"]
    run("build", transcripts_dir, "--out", tmp_path / "out", *options, "--exclude-species", "b", "--quiet")
    found = read_manifest(tmp_path / "out").options
    assert found.pop("calibration") == asdict(calibration)
    assert found == {
        "slice_length": 60,
        "min_length": 20,
        "max_ambiguous_rate": 0.2,
        "max_slices": 7,
        "max_records": 40,
        "species_from": "source",
        "only_species": ["a"],
        "exclude_species": ["b"],
        "annotate_share": 0.25,
        "species_pattern": None,
        "exclude_share": 0.3,
        "drop_low_complexity": False,
        "near_duplicate_share": 0.9,
        "slices_per_shard": 9,
        "energy_model": {"temperature": 30.0, "parameters": "turner1999", "max_span": 50, "dangles": 2},
        "min_fidelity": 0.4,
        "pair_probs": True,
        "labelled_only": False,
        "fold_timeout": 30.0,
        "fold_memory": 512,
        "seed": 5,
    }


def test_quiet_is_quiet(transcripts_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("build", transcripts_dir, "--out", tmp_path / "out", "--annotate", "0", "--quiet")
    assert capsys.readouterr().err == ""


def test_verify_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no manifest\.json"):
        run("verify", tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["build"],
        ["build", "x.fa"],
        ["verify"],
        ["plan"],
        ["build", "x.fa", "--out", "y", "--executor", "slurm"],
    ],
)
def test_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)


@pytest.mark.parametrize("option", ["-j0", "-j5000", "-j=-1", "--seed=-1", "--seed=4294967296"])
def test_numbers_that_other_verbs_refuse(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("build", "x.fa", "--out", "y", option)
    assert f"argument {'-j/--jobs' if option.startswith('-j') else '--seed'}" in capsys.readouterr().err


def test_j_without_a_number_is_all_cores(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr("mprna.cli.corpus.num_jobs", lambda args: seen.append(args.jobs) or 1)
    run("build", transcripts_dir, "--out", tmp_path / "out", "--annotate", "0", *SMALL, "-j")
    assert seen == [0]


SMALL = ("--slice-length", "40", "--min-length", "12", "--slices-per-shard", "50", "--quiet")


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_job_array_and_last_step(
    transcripts_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ("build", transcripts_dir, *SMALL)
    assert run(*build, "--out", tmp_path / "whole") == 0
    whole = capsys.readouterr().out
    counts = []
    for index in range(3):
        assert run(*build, "--out", tmp_path / "array", "--shard", f"{index}/3") == 0
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [line[0] for line in lines] == ["what", "shards", "kept", "annotated"]
        counts.append(int(lines[1][1]))
    assert counts == [2, 1, 1]
    assert not (tmp_path / "array" / "manifest.json").exists()
    assert run(*build, "--out", tmp_path / "array") == 0
    assert capsys.readouterr().out == whole
    assert contents(tmp_path / "array") == contents(tmp_path / "whole")


@pytest.mark.parametrize("shard", ["3/2", "2/2", "x", "1", "-1/2", "1/0", "1/2/3", "", "/", "1.5/2"])
def test_shard_that_is_none(transcripts_dir: Path, tmp_path: Path, shard: str) -> None:
    with pytest.raises(UsageError, match="expected i/N"):
        run("build", transcripts_dir, "--out", tmp_path / "out", f"--shard={shard}")
    assert not (tmp_path / "out").exists()


def test_executors_that_do_not_fit(transcripts_dir: Path, tmp_path: Path) -> None:
    build = ("build", transcripts_dir, "--out", tmp_path / "out")
    with pytest.raises(UsageError, match="--address is for --executor ray"):
        run(*build, "--address", "host:6379")
    with pytest.raises(UsageError, match="--shard is for job arrays"):
        run(*build, "--executor", "ray", "--shard", "0/2")


def test_cache_is_used_and_changes_no_byte(transcripts_dir: Path, tmp_path: Path) -> None:
    build = ("build", transcripts_dir, *SMALL)
    run(*build, "--out", tmp_path / "without")
    for name in ("first", "second"):
        run(*build, "--out", tmp_path / name, "--cache", tmp_path / "cache")
        assert contents(tmp_path / name) == contents(tmp_path / "without")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".sqlite"]


def test_cache_that_cannot_be_written_to(transcripts_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="choose another --cache folder"):
        run("build", transcripts_dir, "--out", tmp_path / "out", "--cache", "/proc/mprna")
    assert not (tmp_path / "out").exists()


def test_plan_prints_a_table(transcripts_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--slice-length", "40", "--min-length", "12", "--annotate", "0.5")
    assert run("plan", transcripts_dir, *options, "--cores", "4", "--price", "0.1") == 0
    table = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert table["input files counted"] == "3, 100 % of the bytes"
    assert table["hours in all"].endswith("on 4 cores")
    assert float(table["money"]) < 0.01
    assert run("plan", transcripts_dir, *options) == 0
    assert "money" not in capsys.readouterr().out
