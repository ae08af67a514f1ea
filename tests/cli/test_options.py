"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import gzip
import io
import os
import sys
from pkgutil import resolve_name

import pytest

from mprna.cli import design, fold, repair, scan, tally
from mprna.cli.main import build_parser, main
from mprna.cli.options import chosen_format, example, num_jobs, positive_int, read_inputs, seed
from mprna.errors import FormatError, UsageError
from mprna.io.formats import FORMATS
from mprna.predict.design import DesignOptions
from mprna.predict.options import FoldOptions
from mprna.predict.repair import RepairOptions
from mprna.predict.scan import ScanOptions


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "\u00b2"])
def test_what_is_no_count_is_told(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is no number of 1 or more"):
        positive_int(text)


@pytest.mark.parametrize("text", ["9" * 5000, "0" * 101])
@pytest.mark.parametrize("read", [positive_int, seed])
def test_a_number_of_endless_digits_is_told_in_few_words(read, text):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        read(text)
    assert str(error.value) == f"a number of {len(text)} digits; expected at most 100"


@pytest.mark.parametrize(
    ("command", "expected"),
    [(fold, FoldOptions()), (repair, RepairOptions()), (scan, ScanOptions()), (design, DesignOptions())],
)
def test_what_is_not_said_is_as_in_python(command, expected):
    name = command.__name__.rpartition(".")[2]
    assert command._options(build_parser().parse_args([name, "x"])) == expected


def test_a_count_is_read():
    assert positive_int("12") == 12


@pytest.mark.parametrize(
    "arguments",
    [
        ("design", "((((....))))", "--seed"),
        ("finetune", "--task", "token_regression", "--data", "a.csv", "b.csv", "--out", "run", "--seed"),
        ("bench", "run", "rgb", "--model", "majority", "--data-dir", ".", "--seeds", "1"),
        ("bench", "rebuild", "snmd", "--source", "a.fa", "--data-dir", ".", "--seed"),
        ("corpus", "calibrate", "--truth", "a.dbn", "--out", "c.json", "--seed"),
    ],
)
@pytest.mark.parametrize("text", ["4294967296", "1.5", "x"])
def test_a_seed_that_generators_do_not_take_is_told(call, arguments, text):
    outcome = call(*arguments, text)
    assert outcome.status == 2
    assert f"{text!r} is no number of 0 to 4294967295" in outcome.err


def test_jobs_without_a_number_are_all_cores():
    assert num_jobs(argparse.Namespace(jobs=3)) == 3
    assert num_jobs(argparse.Namespace(jobs=0)) >= 1


def test_a_file_comes_before_a_sequence_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ACGU").write_text(">in the file\nGG\n")
    assert [record.sequence for record in read_inputs(["ACGU", "acgtun"])] == ["GG", "acgtun"]


@pytest.mark.parametrize("text", ["", "data", "ACGU.fa", "ACG U", "ACGURY", "MKLV", "\udcff"])
def test_neither_file_nor_sequence_is_told(text):
    with pytest.raises(FormatError, match="no such file, and no sequence of ACGTUN"):
        list(read_inputs([text]))


def test_an_epilog_has_one_example_or_more():
    assert example("mprna fold") == "example:\n  mprna fold"
    assert example("a", "b") == "examples:\n  a\n  b"


def test_more_processes_than_any_machine_has_are_a_slip(call):
    outcome = call("fold", "ACGU", "-j", "99999")
    assert outcome.status == 2
    assert "argument -j/--jobs: 99999 processes or threads; expected at most 1024" in outcome.err


@pytest.mark.parametrize(
    ("output", "given", "expected"),
    [
        (None, None, "tsv"),
        ("-", None, "tsv"),
        ("x", None, "tsv"),
        ("x.txt", None, "tsv"),
        ("x.v2", None, "tsv"),
        ("x.ndjson", None, "jsonl"),
        ("x.csv", "tsv", "tsv"),
        ("a.b/x.jsonl", None, "jsonl"),
        ("x.JSONL.GZ", None, "jsonl"),
        ("x.fa.zst", None, "fasta"),
        ("x.jsonl", "tsv", "tsv"),
    ],
)
def test_the_format_is_the_one_asked_for_or_that_of_the_suffix(output, given, expected):
    args = argparse.Namespace(output=output, format=given)
    assert chosen_format(args, ("tsv", "jsonl", "fasta")) == expected


@pytest.mark.parametrize("output", ["x.csv", "x.parquet.gz", "x.PDF", "x.fq", "x.npy"])
def test_no_format_hides_under_the_suffix_of_another(output):
    args = argparse.Namespace(output=output, format=None)
    with pytest.raises(UsageError, match=r"is not among the formats written here \(tsv, jsonl\); give"):
        chosen_format(args, ("tsv", "jsonl"))


@pytest.mark.parametrize("verb", ["fold", "embed", "scan", "repair", "degrade"])
def test_no_verb_writes_csv_without_saying_so(call, tmp_path, monkeypatch, verb):
    monkeypatch.delenv("MPRNA_HOME")
    outcome = call(verb, "GGGGAAAACCCC", "-o", tmp_path / "x.csv")
    assert outcome.status == 2
    assert outcome.err.startswith(f"mprna: error: -o {tmp_path / 'x.csv'}: .csv is not among")
    assert not list(tmp_path.iterdir())


class _Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


@pytest.mark.parametrize("verb", ["fold", "draw", "design"])
def test_who_waits_for_the_keyboard_says_so(capsys, monkeypatch, verb):
    monkeypatch.setattr(sys, "stdin", _Terminal(io.BytesIO()))
    assert main([verb]) == 1
    assert capsys.readouterr().err.startswith("mprna: reading from the terminal until Ctrl-D\n")


@pytest.mark.parametrize(
    ("output", "is_shown"),
    [("results.tsv", True), ("new/", True), (None, False), ("-", False), (os.devnull, False)],
)
def test_progress_is_shown_where_it_disturbs_no_results(monkeypatch, output, is_shown):
    screen = _Terminal(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(tally, "PROGRESS_SECONDS", 0)
    tally.Tally("failed", quiet=False, output=output).add("a", None)
    screen.flush()
    assert (b"1 records" in screen.buffer.getvalue()) is is_shown


@pytest.mark.parametrize("verb", ["degrade", "scan", "repair"])
def test_a_compressed_table_has_the_format_of_its_name(call, tmp_path, monkeypatch, verb):
    monkeypatch.delenv("MPRNA_HOME")  # the models of the package
    path = tmp_path / "x.jsonl.gz"
    assert call(verb, "GGGGAAAACCCC", "-o", path) == (0, "", "")
    assert gzip.decompress(path.read_bytes()).startswith(b'{"name": "sequence_1"')


@pytest.mark.parametrize(
    ("command", "library"),
    [
        ("embed.FORMATS", "predict.embed_output.VECTOR_FORMATS"),
        ("degrade.FORMATS", "predict.tables.TABLE_FORMATS"),
        ("bench_run.MODES", "bench.models.registry.MODES"),
        ("bench_report.FORMATS", "bench.report.RENDERERS"),
        ("compare.FORMATS", "predict.tables.TABLE_FORMATS"),
        ("design.FORMATS", "predict.design_output.WRITERS"),
        ("repair.FORMATS", "predict.repair_output.REPAIR_FORMATS"),
        ("options.SUITES", "bench.suite.SUITES"),
        ("finetune.TASKS", "model.task_config.TASKS"),
        ("draw.PLOTS", "draw.plots.PLOTS"),
        ("draw.COLOURINGS", "draw.colouring.COLOURINGS"),
    ],
)
def test_choices_that_help_knows_without_imports_are_those_of_the_library(command, library):
    """Commands repeat them, because importing the library would slow `--help` down."""
    assert tuple(resolve_name(f"mprna.cli.{command}")) == tuple(resolve_name(f"mprna.{library}"))


def test_every_format_of_fold_can_be_written():
    written = {name for name, known in FORMATS.items() if known.write is not None}
    assert set(fold.FORMATS) - written == {"svg", "png"}  # which are drawn
