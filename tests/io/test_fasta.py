"""FASTA, FASTQ and bare sequences; FASTA against dnaio."""

import io

import dnaio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import FormatError
from mprna.io.fasta import LINE_WIDTH, read_fasta, read_fastq, read_plain, write_fasta, write_fastq
from mprna.io.records import Record, split_header


def fasta(text):
    return list(read_fasta(io.BytesIO(text.encode())))


def fastq(text):
    return list(read_fastq(io.BytesIO(text.encode())))


lines = st.text("ACGUNacgt-* ", min_size=1, max_size=10).filter(lambda line: line.strip())
blocks = st.tuples(st.text("ab|. ", max_size=8), st.lists(lines, max_size=4))


@given(st.lists(blocks, max_size=5), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_fasta_equals_dnaio(blocks, newline):
    text = "".join(
        f">{header}{newline}" + "".join(line + newline for line in rows) for header, rows in blocks
    )
    theirs = list(dnaio.FastaReader(io.BytesIO(text.encode())))
    ours = fasta(text)
    assert [record.sequence for record in ours] == ["".join(each.sequence.split()) for each in theirs]
    named = [each.name.strip() or f"sequence_{number}" for number, each in enumerate(theirs, 1)]
    assert [record.header for record in ours] == named


def test_empty_and_unnamed_records_are_kept_in_order():
    text = ">a first\n\n>\nACGU\n>c\nAC GU\nNNRY\n>a\n"
    assert [(r.name, r.description, r.sequence) for r in fasta(text)] == [
        ("a", "first", ""),
        ("sequence_2", "", "ACGU"),
        ("c", "", "ACGUNNRY"),
        ("a", "", ""),
    ]


def test_letters_are_not_judged():
    assert fasta(">protein\nMKV*LE\n>digits\n12 34\n>case\nacgT\n") == [
        Record(name="protein", sequence="MKV*LE"),
        Record(name="digits", sequence="1234"),
        Record(name="case", sequence="acgT"),
    ]


def test_bytes_that_are_no_text_spoil_one_record_only():
    records = list(read_fasta(io.BytesIO(b">caf\xe9\nAC\xffGU\n>b\nACGU\n")))
    assert [(r.name, r.sequence) for r in records] == [("caf\ufffd", "AC\ufffdGU"), ("b", "ACGU")]


def test_comments_are_skipped():
    assert fasta("# made by x\n;1990\n>a\nAC\n;here\nGU\n") == [Record(name="a", sequence="ACGU")]


def test_text_before_the_first_header_is_told():
    with pytest.raises(FormatError) as error:
        fasta("\nACGUACGUACGUACGUACGUACGUACGU\n>a\nACGU\n")
    assert str(error.value) == "<stream>:2: expected '>' and a name, found 'ACGUACGUACGUACGUACGUA...'"


def test_a_nul_byte_is_told():
    with pytest.raises(FormatError) as error:
        list(read_fasta(io.BytesIO(b">a\nAC\0GU\n")))
    assert str(error.value) == "<stream>:2: binary or UTF-16 data, expected UTF-8 text"


def test_fasta_lines_are_80_wide():
    stream = io.StringIO()
    write_fasta(
        [Record(name="a", description="b", sequence="A" * 161), Record(name="c", sequence="")], stream
    )
    assert stream.getvalue() == f">a b\n{'A' * LINE_WIDTH}\n{'A' * LINE_WIDTH}\nA\n>c\n"


def test_fastq_qualities_and_names():
    assert fastq("@r1 lane 1\nACGU\n+\nII#I\n@r2\nNN\n+r2\n!!\n") == [
        Record(name="r1", description="lane 1", sequence="ACGU", qualities="II#I"),
        Record(name="r2", sequence="NN", qualities="!!"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@r\nACGU\n+\nIII\n", "<stream>:4: 3 qualities for a sequence of 4 letters"),
        ("@r\nACGU\n+\nIIII\n@s\nACGU\n", "<stream>:6: the file ends after 2 of the 4 lines of a record"),
        ("@r\nACGU\n+\nIIII\nACGU\n+\nIIII\n\n", "<stream>:5: expected '@' and a name, found 'ACGU'"),
        ("@r\nACGU\n+s\nIIII\n", "<stream>:3: 's' after '+', but 'r' after '@'"),
        (
            "@r\nACGU\nACGU\n+\nIIIIIIII\n",
            "<stream>:3: expected '+' below a sequence of one line, found 'ACGU'",
        ),
        ("@r\nAC\0U\n+\nIIII\n", "<stream>:2: binary or UTF-16 data, expected UTF-8 text"),
    ],
)
def test_broken_fastq_is_told_with_its_line(text, message):
    with pytest.raises(FormatError) as error:
        fastq(text)
    assert str(error.value) == message


@given(
    st.lists(st.tuples(st.text("ab|. +", max_size=8), st.text("ACGUNacgt", max_size=9)), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)
def test_fastq_equals_dnaio(entries, newline):
    blocks = [(f"@{name}", sequence, "+", "I" * len(sequence)) for name, sequence in entries]
    text = "".join(line + newline for block in blocks for line in block)
    theirs = list(dnaio.FastqReader(io.BytesIO(text.encode())))
    named = [split_header(each.name, number) for number, each in enumerate(theirs, 1)]
    read = [((each.name, each.description), each.sequence, each.qualities) for each in fastq(text)]
    found = [(each.sequence, each.qualities) for each in theirs]
    assert read == [(names, *letters) for names, letters in zip(named, found, strict=True)]


def test_letters_beyond_ascii_and_blank_lines_stop_no_fastq():
    text = "\ufeff@\u03b2-globin 5\u2032\nACGU\n+\nIIII\n\n@caf\xe9\nAC\n+caf\xe9\nI#\n\n"
    assert fastq(text) == [
        Record(name="\u03b2-globin", description="5\u2032", sequence="ACGU", qualities="IIII"),
        Record(name="caf\xe9", sequence="AC", qualities="I#"),
    ]


def test_a_fault_does_not_quote_a_whole_genome():
    with pytest.raises(FormatError) as error:
        fastq("@r\n" + "ACGU" * 100_000)
    assert len(str(error.value)) < 300


def test_fastq_needs_qualities():
    with pytest.raises(FormatError) as error:
        write_fastq([Record(name="a", sequence="ACGU")], io.StringIO())
    assert str(error.value) == "record 'a' has no qualities, which FASTQ needs"


def test_bare_sequences_are_one_per_line():
    found = list(read_plain(io.BytesIO(b"GGGG AAAA\r\n\r\nacgt\nX1")))
    assert [(record.name, record.sequence) for record in found] == [
        ("", "GGGGAAAA"),
        ("", "acgt"),
        ("", "X1"),
    ]


def test_comments_are_no_sequences():
    assert [record.sequence for record in read_plain(io.BytesIO(b"# a\nACGU\n;b\nGG\n"))] == ["ACGU", "GG"]
