"""Output files: whole or not at all, and every way in which writing fails."""

import errno
import gzip
import io
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import mprna
from mprna.errors import FormatError
from mprna.io.output import open_output


def test_a_file_gets_its_name_when_all_is_written(tmp_path):
    path = tmp_path / "out.txt"
    with open_output(path) as stream:
        stream.write("é\n")
        assert not path.exists()
        assert len(os.listdir(tmp_path)) == 1
    assert path.read_bytes() == "é\n".encode()
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt(), BrokenPipeError()])
def test_after_an_error_the_older_file_stays_and_nothing_else(tmp_path, error):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(type(error)):
        _write_and_raise(path, error)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    code = "import os, sys, mprna.io.output as m\nwith m.open_output(sys.argv[1]): os.kill(os.getpid(), 9)"
    source = str(Path(mprna.__file__).parents[1])
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], env={"PYTHONPATH": source})
    (left,) = os.listdir(tmp_path)
    at_work = left.replace(left.split(".")[-2], str(os.getppid()))
    for name in (at_work, ".a.tmp", left.replace(".mprna", ".mprna.txt")):
        (tmp_path / name).touch()
    with open_output(tmp_path / "b"):
        assert left not in os.listdir(tmp_path)
    assert killed.returncode == -9
    assert set(os.listdir(tmp_path)) == {at_work, ".a.tmp", left.replace(".mprna", ".mprna.txt"), "b"}


def test_binary_output(tmp_path):
    with open_output(tmp_path / "out.bin", binary=True) as stream:
        stream.write(b"\x00\r\n")
    assert (tmp_path / "out.bin").read_bytes() == b"\x00\r\n"


def test_the_suffix_compresses(tmp_path):
    with open_output(tmp_path / "out.txt.gz") as stream:
        stream.write("text\n")
    assert gzip.decompress((tmp_path / "out.txt.gz").read_bytes()) == b"text\n"


def test_the_suffix_of_a_compression_may_be_in_capitals(tmp_path):
    with open_output(tmp_path / "out.txt.GZ") as stream:
        stream.write("text\n")
    assert gzip.decompress((tmp_path / "out.txt.GZ").read_bytes()) == b"text\n"


def test_a_name_may_be_long_whatever_the_machine_is_called(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "x" * 64)
    with open_output(tmp_path / ("n" * 220)) as stream:
        stream.write("text")
    assert os.listdir(tmp_path) == ["n" * 220]


def test_a_pipe_of_the_shell_is_written_directly():
    """As `-o >(command)`: a name below /dev/fd whose link leads nowhere."""
    reading, writing = os.pipe()
    with open_output(f"/dev/fd/{writing}") as stream:
        stream.write("text")
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "text"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.txt").symlink_to("real.txt")
    with open_output(tmp_path / "link.txt") as stream:
        stream.write("text")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "text"


@pytest.mark.parametrize("path", [None, "-", "/dev/stdout", "/dev/fd/1"])
def test_standard_output(capsys, path):
    with open_output(path) as stream:
        stream.write("text\n")
    assert capsys.readouterr().out == "text\n"
    assert not sys.stdout.closed


def test_binary_standard_output(capsysbinary):
    with open_output(None, binary=True) as stream:
        stream.write(b"\x00\xff")
    assert capsysbinary.readouterr().out == b"\x00\xff"


def test_devices_are_written_directly():
    with open_output(os.devnull) as stream:
        stream.write("text")
    assert Path(os.devnull).is_char_device()


def test_a_folder_that_is_missing_is_told(tmp_path):
    path = tmp_path / "no" / "out.txt"
    with pytest.raises(FormatError) as error:
        _write(path)
    assert str(error.value) == f"{path}: cannot write: No such file or directory"


def test_a_folder_is_told(tmp_path):
    with pytest.raises(FormatError) as error:
        _write(tmp_path)
    assert str(error.value) == f"{tmp_path}: cannot write: Is a directory"


def test_the_name_of_a_folder_is_no_file(tmp_path):
    with pytest.raises(FormatError, match="that names a folder; name a file"), open_output(f"{tmp_path}/x/"):
        pass
    assert not any(tmp_path.iterdir())


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "out.txt"
    with pytest.raises(FormatError) as error:
        _write(path)
    assert str(error.value) == f"{path}: cannot write: Not a directory"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_a_full_disk_is_told():
    with pytest.raises(FormatError) as error:
        _write("/dev/full")
    assert str(error.value) == "/dev/full: cannot write: No space left on device"


def test_a_full_disk_under_standard_output_is_told(monkeypatch):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(FormatError) as error:
        _write(None)
    assert str(error.value) == "<stdout>: cannot write: No space left on device"


def _write(path):
    with open_output(path) as stream:
        stream.write("text" * 100_000)


def _write_and_raise(path, error):
    with open_output(path) as stream:
        stream.write("new")
        raise error
