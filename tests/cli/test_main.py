"""The front door: version, help, errors in one line, exit statuses."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import mprna
from mprna.cli.main import COMMANDS, build_parser
from mprna.errors import MprnaWarning

SRC = Path(mprna.__file__).parents[1]
PROGRAM = [sys.executable, "-m", "mprna"]


def test_the_first_line_of_version_is_name_and_number(call):
    assert call("--version") == (0, f"mprna {mprna.__version__}\n", "")


def test_help_names_every_command(call):
    outcome = call("--help")
    names = [module.__name__.rpartition(".")[2] for module in COMMANDS]
    assert outcome.status == 0
    assert [name for name in names if f"\n    {name} " not in outcome.out] == []


@pytest.mark.parametrize(
    ("arguments", "prog"),
    [
        (("dance",), "mprna"),
        (("fold", "--engine", "mfold"), "mprna fold"),
        (("fold", "-j", "0"), "mprna fold"),
        (("models",), "mprna models"),
        (("--noLP", "fold"), "mprna"),
        (("fold", "--a\nb"), "mprna fold"),
        (("fold", "--noLP"), "mprna fold"),
        (("models", "list", "--noLP"), "mprna models list"),
    ],
)
def test_a_wrong_call_is_status_2_and_one_line_that_says_where_to_look(call, arguments, prog):
    outcome = call(*arguments)
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert outcome.err.startswith(f"{prog}: error: ")
    assert outcome.err.endswith(f"; see {prog} --help\n")


@pytest.mark.parametrize("option", ["--format", "--output", "--gamma", "--max-length"])
def test_two_hyphens_are_no_value(call, option):
    outcome = call("fold", "ACGU", f"{option}=--")
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert outcome.err.endswith("expected one argument; see mprna fold --help\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("fold", "ACGU", "-o", ""),
        ("scan", "ACGU", "--figure", ""),
        ("models", "export", "mini", "--out", ""),
        ("models", "import", "", "--name", "x"),
        ("pretrain", "smoke", "--corpus", "c", "--out", ""),
        ("bench", "report", "bench", "--output="),
        ("corpus", "build", "", "--out", "c"),
        ("predict", "", "ACGU"),
    ],
)
def test_no_path_is_empty(call, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    outcome = call(*arguments)
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "expected a path, which is empty here; see mprna" in outcome.err


def test_no_name_is_empty(call, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    outcome = call("fold", "ACGU", "--model", "")
    assert outcome == (1, "", "mprna: error: no model: its name is empty\n")


def test_nothing_asked_shows_the_commands(call):
    outcome = call()
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == call("--help").out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("fold", "missing.fa"), 1, "missing.fa: no such file, and no sequence of ACGTUN"),
        (("fold", "a\nb\x1b[31m"), 1, r"a\nb\x1b[31m: no such file, and no sequence of ACGTUN"),
        (("fold", "ACGU", "-T", "200"), 2, "temperature 200.0 °C; expected 0 to 100"),
        (
            ("draw", "missing.ct"),
            1,
            "missing.ct: no such file; structures are read from files or standard input",
        ),
    ],
)
def test_an_error_is_one_line(call, arguments, status, message):
    outcome = call(*arguments)
    assert outcome == (status, "", f"mprna: error: {message}\n")


@pytest.mark.parametrize("verb", ["fold", "degrade", "repair", "scan", "embed"])
def test_an_unknown_model_is_one_line_with_the_known_ones(call, verb):
    known = ", ".join(line.split("\t")[0] for line in call("models", "list").out.splitlines())
    outcome = call(verb, "ACGU", "--model", "maxi")
    message = f"no model 'maxi'; installed: {known}; or give a model directory"
    assert outcome == (1, "", f"mprna: error: {message}\n")


def test_a_warning_of_ours_is_one_line(call, monkeypatch):
    def warn(*_):
        warnings.warn(MprnaWarning("the heads are untrained"), stacklevel=1)
        return []

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr("mprna.runtime.store.list_models", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert call("models", "list") == (0, "", "mprna: warning: the heads are untrained\n")


def test_a_bug_keeps_its_traceback(call, monkeypatch):
    def bug(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("mprna.predict.fold.fold_records", bug)
    with pytest.raises(ZeroDivisionError):
        call("fold", "ACGU")


def test_a_closed_pipe_is_quiet(start):
    process = start(["fold", "--engine", "vienna"])
    process.stdout.close()
    _, error = process.communicate(b">a\nACGU\n" * 2000, timeout=60)
    assert (process.returncode, error) == (141, b"")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_is_quiet(start, jobs):
    process = start(["fold", "--engine", "vienna", "-j", jobs])
    process.stdin.write(b">a\nACGU\n" * 1_000)  # and then nothing, so that it waits for more
    process.stdin.flush()
    assert process.stdout.readline() == b">a\n"
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"")


def test_names_are_printed_as_utf_8_whatever_the_locale(start, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    process = start(["fold", "--engine", "vienna"])
    out, error = process.communicate(">Hélice\nACGU\n".encode(), timeout=60)
    assert (process.returncode, error) == (0, b"")
    assert out.decode() == ">Hélice\nACGU\n.... (  0.00)\n"


def test_python_dash_m_is_the_program():
    program = [sys.executable, "-m", "mprna", "--version"]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    shown = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout == f"mprna {mprna.__version__}\n"


def test_every_command_has_an_example():
    (commands,) = [a for a in build_parser()._actions if a.dest == "command"]
    for name, parser in commands.choices.items():
        assert parser.epilog is None or "mprna" in parser.epilog, name


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams_are_no_files(tmp_path, mprna_home, closed):
    """What would be the next number of a file is left alone: nothing but results is in the file."""
    command = shlex.join([*PROGRAM, "fold", "--engine", "vienna", "ACGU", "AC!", "-o", str(tmp_path / "out")])
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    shown = subprocess.run(["sh", "-c", f"{command} {closed}"], env=environment, capture_output=True)
    assert shown.returncode == 1
    assert b"Traceback" not in shown.stderr
    assert shown.stdout == b""


def test_a_closed_standard_output_is_an_error(mprna_home):
    command = shlex.join([*PROGRAM, "fold", "--engine", "vienna", "ACGU"])
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    shown = subprocess.run(["sh", "-c", f"{command} >&-"], env=environment, capture_output=True)
    assert (shown.returncode, shown.stderr) == (1, b"mprna: error: <stdout>: standard output is closed\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["models", "list"], ["--cite"]])
def test_a_full_disk_behind_standard_output_is_an_error(mprna_home, arguments):
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    with open("/dev/full", "wb") as full:
        shown = subprocess.run(
            [*PROGRAM, *arguments], env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (shown.returncode, shown.stderr) == (1, b"mprna: error: cannot write: No space left on device\n")


def test_what_the_file_system_refuses_is_one_line(call, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path / "file"))
    outcome = call("models", "get", "tiny", "--from", tmp_path)
    assert outcome == (1, "", f"mprna: error: {tmp_path / 'file' / 'models'}: Not a directory\n")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_too_many_open_files_are_one_line(mprna_home):
    command = shlex.join([*PROGRAM, "fold", "--engine", "vienna", "ACGU", "GGGGAAAACCCC", "-j", "4"])
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    shown = subprocess.run(["sh", "-c", f"ulimit -n 12; {command}"], env=environment, capture_output=True)
    message = "Too many open files: a limit of the system; ask for fewer processes (-j)"
    assert (shown.returncode, shown.stderr.decode()) == (1, f"mprna: error: {message}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder in use cannot be removed")
@pytest.mark.parametrize("options", [["-o", "x.tsv"], ["-j", "2"]])
def test_a_folder_that_is_gone_is_one_line(mprna_home, tmp_path, options):
    (tmp_path / "gone").mkdir()
    command = shlex.join([*PROGRAM, "fold", "--engine", "vienna", "ACGU", *options])
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    shown = subprocess.run(
        ["sh", "-c", f"rmdir ../gone; {command}"], cwd=tmp_path / "gone", env=environment, capture_output=True
    )
    message = "the current folder does not exist any more; change to another"
    assert (shown.returncode, shown.stderr.decode()) == (1, f"mprna: error: {message}\n")


def test_ctrl_c_while_a_library_is_loaded_is_silent(call, monkeypatch):
    def import_it(*_, **__):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise ImportError("initialization failed") from interrupt

    monkeypatch.setattr("mprna.predict.fold.fold_records", import_it)
    assert call("fold", "ACGU") == (130, "", "")


def test_no_memory_is_one_line(call, monkeypatch):
    def exhaust(*_, **__):
        raise MemoryError

    monkeypatch.setattr("mprna.predict.fold.fold_records", exhaust)
    assert call("fold", "ACGU") == (1, "", "mprna: error: not enough memory\n")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit has another unit")
@pytest.mark.parametrize("verb", ["fold", "degrade"])
def test_no_file_is_needed_to_fold(verb):
    """As in a container that can write nowhere; half a parameter file would be another energy model."""
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [*PROGRAM, verb, "GGGGAAAACCCC"]
    free, bound = (
        subprocess.run(["sh", "-c", f"{limit} {shlex.join(command)}"], env=environment, capture_output=True)
        for limit in ("", "ulimit -f 0;")
    )
    assert (bound.returncode, bound.stderr) == (0, b"")
    assert bound.stdout == free.stdout != b""


def test_a_missing_temporary_folder_is_told_as_it_is(call, monkeypatch):
    def fail(*_, **__):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("mprna.predict.fold.fold_records", fail)
    message = "No usable temporary directory found in ['/tmp']"
    assert call("fold", "ACGU") == (1, "", f"mprna: error: {message}\n")
