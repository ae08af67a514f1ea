"""Files that survive: whole, resumed after any cut, never doubled."""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext

import pytest

from mprna.errors import FormatError, UsageError
from mprna.io.records import Record
from mprna.predict import fold_output
from mprna.predict.fold import fold_records
from mprna.predict.fold_output import RESUMABLE, write_results
from mprna.predict.options import EnergyModel, FoldOptions

NAMES = ["a", "b", "b", "c", "d"]
SEQUENCES = ["GGGGAAAACCCC", "ACGU", "ACG!", "", "GGGAAAUCCC"]
TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
VIENNA = FoldOptions(engine="vienna")
AGAIN = 2
"""A resumed run computes structures again, here a and the first b, the only ones before the last record."""


def records() -> list[Record]:
    pairs = zip(NAMES, SEQUENCES, strict=True)
    return [Record(name=name, sequence=text, description="of x") for name, text in pairs]


class Counting:
    """Folds, and remembers how many records it was asked for; may fail at one of them."""

    def __init__(self, fail_at: int | None = None, options: FoldOptions = VIENNA) -> None:
        self.asked = 0
        self.fail_at = fail_at
        self.options = options

    def __call__(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if self.asked == self.fail_at:
                raise KeyboardInterrupt
            self.asked += 1
            yield from fold_records([record], self.options)


def write(path, format_name, *, resume=False, fail_at=None, of=None, options=VIENNA) -> int:
    compute = Counting(fail_at, options)
    write_results(compute, of or records(), str(path), format_name=format_name, resume=resume)
    return compute.asked


@pytest.fixture(params=RESUMABLE)
def format_name(request):
    return request.param


@pytest.fixture
def whole(format_name, tmp_path) -> bytes:
    write(tmp_path / "whole", format_name)
    return (tmp_path / "whole").read_bytes()


def test_a_finished_file_leaves_nothing_beside_it(format_name, tmp_path):
    assert write(tmp_path / "out", format_name) == 5
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("fail_at", range(5))
def test_an_interrupted_run_goes_on_where_it_stopped(format_name, whole, tmp_path, fail_at):
    path = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write(path, format_name, fail_at=fail_at)
    assert not path.exists()
    assert (tmp_path / "out.part").exists() == (fail_at > 0)
    assert write(path, format_name, resume=True) == 5 - fail_at + min(fail_at, AGAIN)
    assert path.read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["out", "whole"]


def test_every_cut_of_the_file_is_mended(format_name, whole, tmp_path):
    """As kill -9 or a full disk may leave it, at every byte."""
    path = tmp_path / "out"
    for size in range(0, len(whole), 3):
        path.write_bytes(whole[:size])
        write(path, format_name, resume=True)
        assert path.read_bytes() == whole, size


def test_a_second_interruption_loses_nothing(format_name, whole, tmp_path):
    path = tmp_path / "out"
    for resume, fail_at in ((False, 3), (True, 0), (True, AGAIN + 1)):
        with pytest.raises(KeyboardInterrupt):
            write(path, format_name, resume=resume, fail_at=fail_at)
    assert write(path, format_name, resume=True) == AGAIN + 1
    assert path.read_bytes() == whole


ANOTHER = r"another mprna writes .*out\.part; wait, or choose another -o"


@pytest.mark.parametrize("number", range(6))
def test_a_second_run_on_a_file_is_refused_and_the_first_is_whole(
    format_name, whole, tmp_path, monkeypatch, number
):
    """Whenever it begins; before the first one's first result, both may write the whole file."""
    path = tmp_path / "out"
    (tmp_path / "out.part").write_bytes(whole[:30])

    def with_another() -> Iterator[Record]:
        for index in range(6):
            if index == number:
                monkeypatch.setattr(fold_output, "writer", lambda: ".other.mprna")
                with pytest.raises(UsageError, match=ANOTHER) if number else nullcontext():
                    write(path, format_name)
            yield from records()[index : index + 1]

    write(path, format_name, of=with_another())
    assert path.read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["out", "whole"]


def test_of_two_runs_that_begin_together_the_faster_one_writes(format_name, tmp_path):
    part = tmp_path / "out.part"

    def overtaken() -> Iterator[Record]:
        fcntl.flock(faster, fcntl.LOCK_EX)
        yield from records()

    faster = os.open(part, os.O_CREAT | os.O_RDWR)
    with pytest.raises(UsageError, match=ANOTHER):
        write(tmp_path / "out", format_name, of=overtaken())
    assert os.listdir(tmp_path) == ["out.part"]
    os.close(faster)


def test_a_part_that_leads_nowhere_is_no_endless_wait(format_name, tmp_path):
    (tmp_path / "out.part").symlink_to(tmp_path / "nowhere" / "x")
    with pytest.raises(UsageError, match=ANOTHER):
        write(tmp_path / "out", format_name)


def test_without_locks_no_file_is_cut_off_either(format_name, whole, tmp_path, monkeypatch):
    """As on network disks that have none: the slower one is refused at its end."""
    monkeypatch.setattr(fcntl, "flock", without_locks)
    path = tmp_path / "out"

    def with_another() -> Iterator[Record]:
        for index in range(6):
            if index == 2:
                monkeypatch.setattr(fold_output, "writer", lambda: ".other.mprna")
                write(path, format_name)
            yield from records()[index : index + 1]

    with pytest.raises(UsageError, match=ANOTHER):
        write(path, format_name, of=with_another())
    assert path.read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["out", "whole"]


def without_locks(*_: object) -> None:
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def test_resume_of_nothing_is_a_fresh_start(format_name, whole, tmp_path):
    assert write(tmp_path / "out", format_name, resume=True) == 5
    assert (tmp_path / "out").read_bytes() == whole


def test_without_resume_an_old_file_is_replaced(format_name, whole, tmp_path):
    (tmp_path / "out").write_bytes(whole)
    (tmp_path / "out.part").write_bytes(whole)
    assert write(tmp_path / "out", format_name) == 5


def test_results_of_another_input_are_not_continued(format_name, whole, tmp_path):
    path = tmp_path / "out"
    path.write_bytes(whole)
    other = [Record(name="z", sequence="ACGU"), *records()]
    with pytest.raises(UsageError, match="result 1, 'a', is of another input; remove the file"):
        write(path, format_name, resume=True, of=other)
    assert path.read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["out", "whole"]


@pytest.mark.parametrize(
    "options",
    [
        FoldOptions(engine="model"),
        FoldOptions(engine="vienna", min_confidence=0.95),
        FoldOptions(engine="vienna", energy_model=EnergyModel(temperature=60.0)),
    ],
)
def test_results_of_other_options_are_not_continued(format_name, tmp_path, options):
    path = tmp_path / "out"
    trna = Record(name="trna", sequence=TRNA)
    write(path, format_name, of=[*records(), trna])
    whole = path.read_bytes()
    with pytest.raises(UsageError, match="comes out otherwise now; give the options"):
        write(path, format_name, of=[*records(), trna], resume=True, options=options)
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["out"]


def test_pair_probabilities_are_not_added_to_half_of_a_file(tmp_path):
    path = tmp_path / "out"
    write(path, "jsonl")
    with pytest.raises(UsageError, match="comes out otherwise now"):
        write(path, "jsonl", resume=True, options=FoldOptions(engine="vienna", pair_probs=True))


def test_a_last_digit_of_a_probability_does_not_hinder_a_resume(tmp_path):
    """Another processor may round otherwise."""
    path = tmp_path / "out"
    with_probs = FoldOptions(engine="vienna", pair_probs=True)
    write(path, "jsonl", options=with_probs)
    text = path.read_text()
    first = re.search(r"0\.\d{4}", text)
    path.write_text(text[: first.end() - 1] + "9" + text[first.end() :])
    assert write(path, "jsonl", resume=True, options=with_probs) == AGAIN + 1  # and the last


def test_every_result_is_told_once(format_name, whole, tmp_path):
    path = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write(path, format_name, fail_at=3)
    told: list[Record] = []
    write_results(
        Counting(), records(), str(path), format_name=format_name, resume=True, on_result=told.append
    )
    assert [result.name for result in told] == NAMES
    assert path.read_bytes() == whole


def test_sequences_without_names_are_resumed_without_names(tmp_path):
    nameless = [Record(name="", sequence=text) for text in ("ACGU", "GGGGAAAACCCC", "ACGU")]
    path = tmp_path / "out"
    write(path, "vienna", of=nameless)
    expected = path.read_text()
    assert ">" not in expected
    path.write_text(expected[:-20])
    write(path, "vienna", resume=True, of=nameless)
    assert path.read_text() == expected


def test_nameless_records_that_look_like_structures_are_resumed(tmp_path):
    texts = ["GGGGAAAACCCC", "GGGCAAAGCCCA", "GG.GAAACCC", ".GGAAACCC", "GG AACC", "GGGGAAAACCCA"]
    nameless = [Record(name="", sequence=text) for text in texts]
    path = tmp_path / "out"
    write(path, "vienna", of=nameless)
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    for kept in range(len(lines)):
        path.unlink()
        (tmp_path / "out.part").write_text("".join(lines[:kept]))
        write(path, "vienna", of=nameless, resume=True)
        assert path.read_text() == whole


def test_what_fails_at_once_leaves_an_older_part_alone(format_name, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", format_name, fail_at=3)
    part = (tmp_path / "out.part").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", format_name, fail_at=0)
    assert (tmp_path / "out.part").read_bytes() == part


def test_a_link_stays_a_link(format_name, whole, tmp_path):
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", format_name)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == whole


def test_the_name_of_a_folder_is_no_file(tmp_path):
    with pytest.raises(FormatError, match="that names a folder; name a file"):
        write(f"{tmp_path}/new/", "tsv")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("name", "format_name"), [("out.tsv.gz", "tsv"), ("out.ct", "ct"), ("-", "tsv")])
def test_what_cannot_be_resumed_is_told(tmp_path, name, format_name):
    path = name if name == "-" else tmp_path / name
    with pytest.raises(UsageError, match="--resume works with uncompressed files of vienna, dbn, tsv, jsonl"):
        write(path, format_name, resume=True)


def test_compressed_files_are_whole_or_absent(tmp_path):
    path = tmp_path / "out.tsv.gz"
    with pytest.raises(KeyboardInterrupt):
        write(path, "tsv", fail_at=2)
    assert os.listdir(tmp_path) == []
    write(path, "tsv")
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 6


@pytest.mark.parametrize("place", ["missing/out.tsv", "folder"])
def test_a_place_that_cannot_be_written_is_told(tmp_path, place):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormatError, match="cannot write: "):
        write(tmp_path / place, "tsv")


def test_what_the_system_has_no_more_of_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    def no_more(*args, **kwargs):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(fold_output, "_matched", no_more)
    with pytest.raises(OSError, match="Too many open files") as error:
        write(tmp_path / "out.tsv", "tsv")
    assert error.value.filename is None


def test_a_full_disk_is_told():
    with pytest.raises(FormatError, match="/dev/full: cannot write: No space left on device"):
        write("/dev/full", "tsv")


def test_a_format_that_is_only_read_is_told(tmp_path):
    with pytest.raises(UsageError, match="format 'plain' cannot be written"):
        write(tmp_path / "out", "plain")


def test_blanks_in_names_do_not_hinder_a_resume(format_name, tmp_path):
    odd = [Record(name=name, sequence="GGGGAAAACCCC") for name in ("a b c", "x")]
    path = tmp_path / "out"
    write(path, format_name, of=odd)
    whole = path.read_bytes()
    assert write(path, format_name, of=odd, resume=True) == AGAIN
    assert path.read_bytes() == whole


def test_sequences_without_results_are_no_results(tmp_path):
    """As where the output is a file of sequences, the input among others."""
    path = tmp_path / "out"
    text = ">a\nGGGGAAAACCCC\n>b\nGGGGAAAACCCC\n"
    path.write_text(text)
    sequences = [Record(name=name, sequence="GGGGAAAACCCC") for name in ("a", "b")]
    with pytest.raises(UsageError, match="result 1, 'a', is of another input"):
        write(path, "vienna", of=sequences, resume=True)
    assert path.read_text() == text


def test_a_nameless_sequence_after_a_failed_record_is_its_own(tmp_path):
    mixed = [Record(name="a", sequence="AC!"), Record(name="", sequence="GGGGAAAACCCC")]
    path = tmp_path / "out"
    write(path, "vienna", of=mixed)
    whole = path.read_bytes()
    assert write(path, "vienna", of=mixed, resume=True) == 1  # again
    assert path.read_bytes() == whole


def test_a_long_name_of_other_letters_is_written_in_parts_too(tmp_path):
    """Of 234 bytes, 119 letters."""
    path = tmp_path / ("ä" * 115 + ".txt")
    write(path, "vienna")
    assert path.read_text().startswith(">a of x\nGGGGAAAACCCC\n")
    assert os.listdir(tmp_path) == [path.name]
