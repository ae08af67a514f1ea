"""The contract of every file format: round trip, and the same answer to every kind of damage."""

import bz2
import gzip
import io
import lzma
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mprna.errors import FormatError, UsageError
from mprna.io.formats import FORMATS, format_of_suffix, read_records
from mprna.io.output import open_output
from mprna.io.records import Record
from mprna.rna.structure import dot_bracket_from_pairs

HAIRPIN = Record(
    name="hp1",
    description="a hairpin",
    sequence="GGGGAAAACCCC",
    qualities="IIIIIIIIIIII",
    dot_bracket="((((....))))",
    energy=-5.4,
    confidence=0.9375,
    expected_f1=0.875,
    engine="vienna",
)
PSEUDOKNOT = Record(
    name="pk2",
    sequence="GGGAAUCCCAAGAUU",
    qualities="IIIIIIIIIIIIIII",
    dot_bracket="(((.[[)))...]].",
    energy=0.0,
)

ROWS = {
    "name",
    "description",
    "sequence",
    "dot_bracket",
    "energy",
    "confidence",
    "expected_f1",
    "engine",
    "template",
    "error",
}
KEPT = {
    "fasta": {"name", "description", "sequence"},
    "fastq": {"name", "description", "sequence", "qualities"},
    "vienna": {"name", "description", "sequence", "dot_bracket", "energy", "error"},
    "dbn": {"name", "description", "sequence", "dot_bracket", "error"},
    "ct": {"name", "description", "sequence", "dot_bracket", "energy"},
    "bpseq": {"name", "description", "sequence", "dot_bracket", "energy"},
    "jsonl": ROWS | {"qualities"},
    "tsv": ROWS,
    "parquet": ROWS | {"qualities"},
}
"""What each format can hold."""

CUT_OFF = "compressed data without an end: the file is cut off, or not compressed at all"

WRITABLE = [name for name, format in FORMATS.items() if format.write]
TEXT = [name for name in WRITABLE if not FORMATS[name].binary]


def as_kept(record, format_name):
    lost = ROWS - {"name", "sequence"} | {"qualities"}
    defaults = {name: "" if name == "description" else None for name in lost - KEPT[format_name]}
    return replace(record, **defaults)


def written(records, format_name):
    """The bytes of a file of this format."""
    if FORMATS[format_name].binary:
        stream = io.BytesIO()
        FORMATS[format_name].write(records, stream)
        return stream.getvalue()
    text = io.StringIO()
    FORMATS[format_name].write(records, text)
    return text.getvalue().encode()


def read(data, format_name=None):
    return list(read_records(io.BytesIO(data), format_name=format_name))


# A header may hold any letters of any script.
words = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=8)


@st.composite
def records(draw, format_name):
    """A record that the format can hold: folded, failed, or just read."""
    table = format_name in ("ct", "bpseq")
    sequence = draw(st.text("ACGUNTacgun", min_size=1 if table else 0, max_size=14))
    order = draw(st.permutations(range(len(sequence))))
    pairs = [order[2 * k : 2 * k + 2] for k in range(draw(st.integers(0, len(sequence) // 2)))]
    folded = table or (len(sequence) > 0 and draw(st.booleans()))
    return Record(
        name=draw(words),
        description=" ".join(draw(st.lists(words, max_size=2))),
        sequence=sequence,
        qualities=draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), **_exactly(sequence))),
        dot_bracket=dot_bracket_from_pairs(pairs, len(sequence)) if folded else None,
        energy=draw(st.integers(-99999, 9999)) / 100 if folded else None,
        confidence=draw(st.integers(0, 10000)) / 10000 if folded else None,
        expected_f1=draw(st.integers(0, 10000)) / 10000 if folded else None,
        engine=draw(st.sampled_from(["model", "vienna"])),
        template=draw(st.sampled_from([None, "x"])),
        error=None if folded else draw(st.sampled_from([None, "letter 'E' is no nucleotide code"])),
    )


def _exactly(sequence):
    return {"min_size": len(sequence), "max_size": len(sequence)}


def test_the_contract_covers_every_format():
    assert set(KEPT) == set(WRITABLE)
    assert set(FORMATS) - set(KEPT) == {"plain", "csv", "stockholm", "clustal"}
    assert all(format.name == name and format.read for name, format in FORMATS.items())


@pytest.mark.parametrize("format_name", WRITABLE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_back(format_name, data):
    batch = data.draw(st.lists(records(format_name), min_size=1, max_size=3))
    assert read(written(batch, format_name), format_name) == [as_kept(r, format_name) for r in batch]


@pytest.mark.parametrize("format_name", WRITABLE)
def test_the_content_tells_the_format(format_name):
    expected = [as_kept(record, format_name) for record in (HAIRPIN, PSEUDOKNOT)]
    assert read(written([HAIRPIN, PSEUDOKNOT], format_name)) == expected


def test_dots_for_gaps_make_no_structure():
    found = read(b">a\nACGUACGU\nAC.GUACG\n>b\nACGU\n")
    assert [record.sequence for record in found] == ["ACGUACGUAC.GUACG", "ACGU"]


@pytest.mark.parametrize("name", ["p1", ""])
@pytest.mark.parametrize("format_name", ["vienna", "dbn", "ct", "bpseq"])
@pytest.mark.parametrize("sequence", ["MKVLAAGIVGL", "GG!", ""])
def test_the_content_tells_the_format_where_the_first_records_failed(format_name, name, sequence):
    failed = Record(name=name, sequence=sequence, error="letter 'E' at position 4 is no nucleotide code")
    data = written([failed, failed, replace(HAIRPIN, name=name, description="")], format_name)
    found = read(data)
    assert found == read(data, format_name)
    assert found[-1].dot_bracket == HAIRPIN.dot_bracket


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("format_name", WRITABLE)
def test_compressed_or_not_the_records_are_the_same(tmp_path, format_name, suffix):
    path = tmp_path / f"rnas{FORMATS[format_name].suffixes[0]}{suffix}"
    with open_output(path, binary=FORMATS[format_name].binary) as stream:
        FORMATS[format_name].write([HAIRPIN, PSEUDOKNOT], stream)
    magic = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ", ".zst": b"\x28\xb5\x2f\xfd"}
    assert path.read_bytes().startswith(magic.get(suffix, b""))
    expected = [as_kept(record, format_name) for record in (HAIRPIN, PSEUDOKNOT)]
    assert list(read_records(path)) == expected
    assert list(read_records(str(path))) == expected


@pytest.mark.parametrize("format_name", TEXT)
def test_line_ends_do_not_matter(format_name):
    text = written([HAIRPIN, PSEUDOKNOT], format_name)
    expected = [as_kept(record, format_name) for record in (HAIRPIN, PSEUDOKNOT)]
    assert read(text.replace(b"\n", b"\r\n"), format_name) == expected
    assert read(text.removesuffix(b"\n"), format_name) == expected
    assert read(text.replace(b"\n", b"\r"), format_name) == expected
    assert read(b"\xef\xbb\xbf" + text, format_name) == expected


@pytest.mark.parametrize("format_name", WRITABLE)
def test_standard_input_is_read(monkeypatch, format_name):
    data = written([HAIRPIN, PSEUDOKNOT], format_name)
    for compressed in (data, gzip.compress(data), lzma.compress(data), bz2.compress(data)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(compressed)))
        expected = [as_kept(record, format_name) for record in (HAIRPIN, PSEUDOKNOT)]
        assert list(read_records("-")) == expected
        assert not sys.stdin.buffer.closed


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_pipe_that_cannot_seek_is_read(compress):
    code = "from mprna.io.formats import read_records; print([r.name for r in read_records('-')])"
    for format_name in ("fasta", "vienna", "parquet"):
        data = compress(written([HAIRPIN, PSEUDOKNOT], format_name))
        command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
        assert (done.stdout, done.stderr) == (b"['hp1', 'pk2']\n", b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_parquet_is_read_without_threads():
    """One that still runs when the interpreter ends could end the process with SIGABRT."""
    code = (
        "import os; from mprna.io.formats import read_records; import pyarrow.parquet; "
        "count = lambda: len(os.listdir('/proc/self/task')); before = count(); "
        "print(len(list(read_records('-'))), count() - before)"
    )
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
    done = subprocess.run(command, input=written([HAIRPIN, PSEUDOKNOT], "parquet"), capture_output=True)
    assert done.stdout == b"2 0\n"


@pytest.mark.parametrize(
    "pieces",
    [
        ["# a\n# b\n# c\n", "GGGGAAAACCCC\n"],
        ["# c\n>a\nGGGGAAAACCCC\n", "((((....))))\n>b\nGGGAAACCC\n(((...)))\n"],
        [">a\nGGGGAAAACCCC\n", "((((....", "))))\n>b\nGGGAAACCC\n(((...)))\n"],
    ],
)
def test_a_format_is_the_same_however_a_pipe_delivers_it(pieces):
    """Three lines of content decide, and not what happens to be there."""

    class Slow(io.RawIOBase):
        def __init__(self):
            self.left = [piece.encode() for piece in pieces]

        def readable(self):
            return True

        def readinto(self, buffer):
            piece = self.left.pop(0) if self.left else b""
            buffer[: len(piece)] = piece
            return len(piece)

    found = list(read_records(io.BufferedReader(Slow())))
    assert found == list(read_records(io.BytesIO("".join(pieces).encode())))
    assert [record.sequence for record in found] == ["GGGGAAAACCCC", "GGGAAACCC"][: len(found)]


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_empty_file_has_no_records(tmp_path, format_name):
    path = tmp_path / "empty"
    path.write_bytes(b"")
    with pytest.raises(FormatError) as error:
        list(read_records(path, format_name=format_name))
    if format_name == "parquet":
        assert str(error.value).startswith(f"{path}: damaged data (Parquet file size is 0 bytes")
    else:
        assert str(error.value) == f"{path}: no records in this file"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment\n"])
def test_a_file_without_content_or_suffix_has_no_records(data):
    with pytest.raises(FormatError) as error:
        read(data)
    assert str(error.value) == "<stream>: no records in this file"


@pytest.mark.parametrize("format_name", TEXT)
def test_cut_off_gzip_is_told_with_file_and_line(tmp_path, format_name):
    rng = np.random.default_rng(0)
    many = [replace(HAIRPIN, sequence="".join(rng.choice(list("ACGU"), 12))) for _ in range(8_000)]
    path = tmp_path / f"rnas{FORMATS[format_name].suffixes[0]}.gz"
    data = gzip.compress(written(many, format_name))
    path.write_bytes(data[: len(data) // 2])
    found = []
    with pytest.raises(FormatError) as error:
        found.extend(read_records(path))
    assert error.value.line >= len(found) > 0
    assert str(error.value) == f"{path}:{error.value.line}: {CUT_OFF}"


def test_cut_off_parquet_is_told_with_the_file(tmp_path):
    path = tmp_path / "rnas.parquet"
    path.write_bytes(written([HAIRPIN], "parquet")[:-20])
    with pytest.raises(FormatError) as error:
        list(read_records(path))
    assert str(error.value).startswith(f"{path}: damaged data (Parquet magic bytes not found in footer.")


@pytest.mark.parametrize("format_name", FORMATS)
def test_binary_garbage_is_told_with_file_and_line(tmp_path, format_name):
    path = tmp_path / "garbage"
    path.write_bytes(b"\x7fELF\x02\x01\x00\x00" + bytes(range(256)) * 8)
    with pytest.raises(FormatError) as error:
        list(read_records(path, format_name=format_name))
    messages = {
        "parquet": ": damaged data (Parquet magic bytes not found in footer. Either",
    }
    expected = messages.get(format_name, ":1: binary or UTF-16 data, expected UTF-8 text")
    assert str(error.value).startswith(f"{path}{expected}")


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_compression_that_is_none_is_told(tmp_path, suffix):
    path = tmp_path / f"rnas.fa{suffix}"
    path.write_bytes(b">a\nACGU\n")
    with pytest.raises(FormatError) as error:
        list(read_records(path))
    told = (f"{path}: damaged data (", f"{path}: {CUT_OFF}")
    assert str(error.value).startswith(told)


@pytest.mark.parametrize("format_name", FORMATS)
def test_missing_files_and_folders_are_told(tmp_path, format_name):
    for path, reason in [(tmp_path / "no.fa", "No such file or directory"), (tmp_path, "Is a directory")]:
        with pytest.raises(FormatError) as error:
            list(read_records(path, format_name=format_name))
        assert str(error.value) == f"{path}: {reason}"


def test_a_closed_standard_input_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FormatError) as error:
        list(read_records("-"))
    assert str(error.value) == "<stdin>: standard input is closed"


@pytest.mark.parametrize(
    ("path", "format_name"),
    [
        ("a.fa", "fasta"),
        ("A.FASTA.GZ", "fasta"),
        ("x/y.fq.zst", "fastq"),
        ("a.dbn", "dbn"),
        ("a.ct.xz", "ct"),
        ("a.parquet", "parquet"),
    ],
)
def test_suffixes(path, format_name):
    assert format_of_suffix(path).name == format_name


@pytest.mark.parametrize("path", ["a.txt", "a", "<stdin>", "a.fa.zip", ".gz", "ct"])
def test_unknown_suffixes(path):
    assert format_of_suffix(path) is None


def test_no_suffix_belongs_to_two_formats():
    suffixes = [suffix for format in FORMATS.values() for suffix in format.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_an_unknown_format_name_is_a_usage_error():
    with pytest.raises(UsageError) as error:
        read(b">a\nACGU\n", "gff")
    assert str(error.value) == f"unknown format 'gff'; there are {', '.join(FORMATS)}"


def test_a_given_format_wins_over_the_suffix(tmp_path):
    path = tmp_path / "rnas.fa"
    path.write_bytes(written([HAIRPIN], "vienna"))
    assert list(read_records(path, format_name="vienna")) == [as_kept(HAIRPIN, "vienna")]


def test_records_come_before_the_file_has_ended():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            line = b">a\nACGU\n"
            buffer[: len(line)] = line
            return len(line)

    found = read_records(io.BufferedReader(Endless()))
    assert [next(found).sequence for _ in range(3)] == ["ACGU"] * 3


def test_writers_take_records_one_by_one():
    def source(stream, tell):
        yield HAIRPIN
        tell.append(stream.tell())
        yield PSEUDOKNOT

    for format_name in TEXT:
        stream, tell = io.StringIO(), []
        FORMATS[format_name].write(source(stream, tell), stream)
        assert tell[0] >= len(HAIRPIN.sequence)


def test_streams_of_the_caller_stay_open():
    stream = io.BytesIO(gzip.compress(b">a\nACGU\n"))
    assert len(list(read_records(stream))) == 1
    assert not stream.closed
