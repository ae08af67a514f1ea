"""Every command that prints results: whoever reads them stops, the disk is full, the input is a pipe, or the
output may not be written."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from mprna.bench.record import RunRecord, record_path, write_record
from mprna.cli.main import COMMANDS, main
from mprna.corpus.build import build_corpus
from mprna.corpus.options import CorpusOptions

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")

RNAS = "".join(f">rna{i}\n{''.join(Random(i).choices('ACGU', k=30))}\n" for i in range(3))
HAIRPIN = ">hairpin\nGGGGAAAACCCC\n((((....))))\n"
VCF = """##fileformat=VCFv4.2
##contig=<ID=one>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
one\t1\t.\tG\tA\t.\t.\t.
"""
GENOME = ">one\nGATTACAGATTACA\n"
RECORD = RunRecord(
    suite="rgb",
    task="ssp-bprna",
    group="ssp-bprna",
    model="vienna",
    seed=45,
    metrics={"pair_f1": 0.5},
    items={"pair_f1": [[0.5, 1.0], [0.5, 1.0]]},
    num_original=2,
    num_scored=2,
    num_truncated=0,
    num_failed=0,
    data={"test": {"path": "x", "sha256": "0", "rows": 2, "as_expected": None, "note": ""}},
)

TABLES = ("tsv", "jsonl", "parquet")
SCAN = "scan --model none --no-confidence"
WITH_OUTPUT = {  # calls that take -o, and the input that ends them
    **{f"fold --format {name}": "rnas.fa" for name in ("vienna", "dbn", "ct", "bpseq", *TABLES)},
    "fold --engine vienna --format vienna -j 2": "rnas.fa",
    "fold --engine vienna --format svg": "hairpin.dbn",
    **{f"embed --pool --format {name}": "rnas.fa" for name in ("npz", "jsonl", "tsv")},
    **{f"{SCAN} --format {name}": "hairpin.dbn" for name in TABLES},
    **{f"{SCAN} --reference genome.fa --format {name} --vcf": "one.vcf" for name in (*TABLES, "vcf")},
    **{f"repair --format {name}": "rnas.fa" for name in ("fasta", "fastq", *TABLES)},
    **{f"degrade --format {name}": "rnas.fa" for name in TABLES},
    "degrade --rank": "rnas.fa",
    **{f"design --format {name}": "hairpin.dbn" for name in ("fasta", "tsv", "jsonl")},
    "draw": "hairpin.dbn",
    **{f"compare hairpin.dbn --format {name}": "hairpin.dbn" for name in TABLES},
    "bench figure structure --model vienna": "hairpin.dbn",
    "predict task_model": "rnas.fa",
}
OTHERS = (
    "models list",
    "models show mini",
    "corpus plan rnas.fa --slice-length 20 --min-length 10",
    "corpus build rnas.fa --slice-length 20 --min-length 10 --quiet --out new_corpus",
    "corpus stats corpus",
    "corpus verify corpus",
    "runs show run",
    "bench list",
    "bench list --models",
    "bench run gue --task tf.0 --model majority --data-dir data",
    "bench audit gue --task tf.0 --data-dir data",
    "bench report records",
    "doctor",
)
TELL_TIMES = {"design --format tsv", "design --format jsonl"}
PRINT_NO_RESULTS = {"pretrain", "finetune", "web"}
NEED_TORCH = ("predict", "runs")


def cases(commands: Iterable[str]) -> list[object]:
    torch = pytest.mark.torch
    return [pytest.param(c, marks=[torch] if c.split()[0] in NEED_TORCH else []) for c in commands]


def suffix_for(command: str) -> str:
    """One that the command takes, though others may have been asked for by --format."""
    return ".svg" if command.startswith(("draw", "bench figure", "fold")) else ".tsv"


EVERY = cases([*(f"{command} {given}" for command, given in WITH_OUTPUT.items()), *OTHERS])


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "rnas.fa").write_text(RNAS)
    (folder / "hairpin.dbn").write_text(HAIRPIN)
    (folder / "genome.fa").write_text(GENOME)
    (folder / "one.vcf").write_text(VCF)
    (folder / "run").mkdir()
    (folder / "run" / "metrics.jsonl").write_text(
        json.dumps({"kind": "train", "step": 1, "loss": 1.0}) + "\n"
    )
    (folder / "data" / "tf.0").mkdir(parents=True)
    for split in ("train", "dev", "test"):
        rows = [{"sequence": letter * 20, "label": label} for label, letter in enumerate("GA")]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "data" / "tf.0" / f"{split}.jsonl").write_text(text)
    write_record(
        RECORD, record_path(folder / "records", RECORD.suite, RECORD.task, RECORD.model, RECORD.seed)
    )
    options = CorpusOptions(slice_length=20, min_length=10, annotate_share=0)
    build_corpus([folder / "rnas.fa"], folder / "corpus", options)
    if find_spec("torch"):
        save_untrained_model(folder / "task_model")
    return folder


def save_untrained_model(directory: Path) -> None:
    from mprna.model.presets import PRESETS
    from mprna.model.task import TaskModel
    from mprna.model.task_checkpoint import save_task_model
    from mprna.model.task_config import TaskConfig

    save_task_model(
        TaskModel(PRESETS["nano"], TaskConfig(task="sequence_classification", labels=("a", "b"))), directory
    )


@pytest.fixture
def folder(made_once: Path, mprna_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The working folder, with everything that commands read; models are those of the package."""
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path / "home"))
    for path in made_once.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_into(file: int, command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status of a call whose standard output is `file`."""
    stdout = open(file, "w", encoding="utf-8")  # noqa: SIM115
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        status = main(command.split())
    with suppress(OSError):  # of a full disk; nor does Python complain when it ends
        stdout.close()
    return status


def test_every_command_is_here() -> None:
    names = {module.__name__.rpartition(".")[2] for module in COMMANDS}
    assert {command.split()[0] for command in (*WITH_OUTPUT, *OTHERS)} == names - PRINT_NO_RESULTS


@pytest.mark.parametrize("command", EVERY)
def test_nobody_reads(command, folder, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    assert run_into(writer, command, monkeypatch) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", EVERY)
def test_the_disk_is_full(command, folder, monkeypatch, capsys):
    assert run_into(os.open("/dev/full", os.O_WRONLY), command, monkeypatch) == 1
    error = capsys.readouterr().err
    assert error.startswith("mprna: error: ")
    assert error.endswith("cannot write: No space left on device\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", ["--help", "--version", "--cite", "fold --help", "models list --help"])
def test_help_is_a_result_too(command, folder, monkeypatch, capsys):
    assert run_into(os.open("/dev/full", os.O_WRONLY), command, monkeypatch) == 1
    assert capsys.readouterr().err == "mprna: error: cannot write: No space left on device\n"
    reader, writer = os.pipe()
    os.close(reader)
    assert run_into(writer, command, monkeypatch) == 141


@pytest.mark.parametrize("command", cases(command for command in WITH_OUTPUT if command not in TELL_TIMES))
def test_the_input_is_a_pipe(command, folder, call):
    """As of `<(zcat rnas.fa.gz)`: results are those of the file."""
    given = folder / WITH_OUTPUT[command]
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(given.read_bytes(),), daemon=True)
    writer.start()
    outputs = [folder / f"{name}{suffix_for(command)}" for name in ("of_file", "of_pipe")]
    assert call(*command.split(), given, "-o", outputs[0]) == call(*command.split(), "pipe", "-o", outputs[1])
    writer.join(10)
    assert outputs[0].read_bytes() == outputs[1].read_bytes() != b""


@pytest.mark.parametrize("command", cases(WITH_OUTPUT))
def test_the_output_may_not_be_written(command, folder, call, locked):
    output = locked / f"results{suffix_for(command)}"
    outcome = call(*command.split(), WITH_OUTPUT[command], "-o", output)
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith(f"mprna: error: {output}: cannot write: ")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody may make files, root neither."""
    if os.geteuid() == 0:
        yield Path("/sys")
        return
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    yield folder
    folder.chmod(0o700)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("corpus build pipe --out new", "a pipe or a device can be read only once"),
        ("corpus build rnas.fa --exclude pipe --out new", "a pipe or a device can be read only once"),
        ("corpus build rnas.fa --species-table pipe --out new", "a pipe or a device can be read only once"),
        (f"{SCAN} --vcf one.vcf --reference pipe", "expected a file, which can be indexed"),
    ],
)
def test_a_pipe_that_would_be_read_twice_is_refused(command, message, folder, call):
    os.mkfifo(folder / "pipe")
    outcome = call(*command.split())
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert f"pipe: {message}" in outcome.err


@pytest.mark.parametrize(
    "command",
    [
        "corpus build rnas.fa --slice-length 20 --min-length 10 --quiet --out {}",
        pytest.param("models export mini --out {}", marks=pytest.mark.torch),
        "bench run gue --task tf.0 --model majority --data-dir data --out {}",
        "fold --engine vienna --format svg rnas.fa -o {}/",
        "draw hairpin.dbn -o {}/",
    ],
)
def test_a_folder_that_may_not_be_made(command, folder, call, locked):
    outcome = call(*command.format(locked / "new").split())
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith(f"mprna: error: {locked / 'new'}")
