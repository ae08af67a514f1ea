"""Dot-bracket files as RNAfold, bpRNA and people write them."""

import dataclasses
import io

import pytest
import RNA

from mprna.errors import FormatError
from mprna.io.dot_bracket import read_constrained, read_dot_bracket, write_dbn, write_vienna
from mprna.io.records import Record

HAIRPIN = Record(name="a", description="b", sequence="GGGGAAAACCCC", dot_bracket="((((....))))", energy=-5.4)
FAILED = Record(name="x", sequence="MKV", error="letter 'E' at position 4 is no nucleotide code")
EMPTY = Record(name="y", sequence="", error="empty sequence")


def read(text):
    return list(read_dot_bracket(io.BytesIO(text.encode())))


def text_of(write, records):
    stream = io.StringIO()
    write(records, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("energy", "shown"), [(-5.4, " ( -5.40)"), (-123.456, " (-123.46)"), (-0.0, " (  0.00)"), (None, "")]
)
def test_vienna_text_is_that_of_rnafold(energy, shown):
    record = Record(name="a", description="b", sequence="GAAAC", dot_bracket="(...)", energy=energy)
    assert text_of(write_vienna, [record]) == f">a b\nGAAAC\n(...){shown}\n"


def test_dbn_text_has_no_energy():
    assert text_of(write_dbn, [HAIRPIN]) == ">a b\nGGGGAAAACCCC\n((((....))))\n"


@pytest.mark.parametrize("write", [write_vienna, write_dbn])
def test_failed_records_keep_three_lines_and_come_back(write):
    text = text_of(write, [FAILED, EMPTY])
    assert text == (
        ">x\nMKV\n# error: letter 'E' at position 4 is no nucleotide code\n>y\n\n# error: empty sequence\n"
    )
    assert read(text) == [FAILED, EMPTY]


@pytest.mark.parametrize("sequence", [">ACGU", "#ACGU"])
def test_a_sequence_that_looks_like_a_header_or_comment_makes_no_new_record(sequence):
    failed = Record(name="odd", sequence=sequence, error="no nucleotide code")
    found = read(text_of(write_vienna, [failed, HAIRPIN]))
    assert [(record.name, record.error) for record in found] == [("odd", failed.error), (HAIRPIN.name, None)]


def test_viennarna_reads_past_failed_records(tmp_path):
    path = tmp_path / "out.vienna"
    path.write_text(text_of(write_vienna, [FAILED, HAIRPIN]))
    with path.open() as stream:
        read_two = [RNA.file_fasta_read(stream, RNA.OPTION_MULTILINE) for _ in range(2)]
    assert [(header, sequence) for _, header, sequence, _ in read_two] == [
        (">x", "MKV"),
        (">a b", "GGGGAAAACCCC"),
    ]
    assert list(read_two[1][3]) == ["((((....)))) ( -5.40)"]


@pytest.mark.parametrize(
    "line",
    [
        "((((....)))) ( -5.40)",
        "((((....)))) (-5.40)",
        "((((....))))  -5.40 kcal/mol",
        "((((....))))\t(-5.4)",
    ],
)
def test_energies_are_read_in_many_shapes(line):
    assert read(f">a b\nGGGGAAAACCCC\n{line}\n") == [HAIRPIN]


@pytest.mark.parametrize("headers", [("", ""), (">a one\n", ">b two\n")])
def test_every_structure_of_rnasubopt_is_a_record(headers, tmp_path):
    compounds = [RNA.fold_compound(sequence) for sequence in ("GGGGAAAACCCC", "GGGGGAAAACCCCC")]
    with open(tmp_path / "x", "w") as stream:
        for header, compound in zip(headers, compounds, strict=True):
            stream.write(header)
            stream.flush()
            compound.subopt(300, 1, stream)
            stream.flush()
    found = read((tmp_path / "x").read_text())
    expected = [(c.sequence, one.structure) for c in compounds for one in c.subopt(300, 1)]
    assert [(one.sequence, one.dot_bracket) for one in found] == expected
    assert [one.energy for one in found[:2]] == [-5.4, -4.2]
    names = ["a", "b"] if headers[0] else ["sequence_1", "sequence_2"]
    assert sorted({one.name for one in found}) == names


def test_dots_for_gaps_below_a_sequence_are_told():
    aligned = ">a\nGGGAAACCCU\n..........\nGGGGAAAACC\nGGGGAAAACC\n>b\nGGGG\n"
    with pytest.raises(FormatError, match=r":4: a sequence without a name .* if dots are gaps, remove them"):
        read(aligned)
    with pytest.raises(FormatError, match=":4: a sequence without a name"):
        read(aligned.replace("GGGGAAAACC\nGGGG", "GGGG"))
    below = read(">a\nAAAA\n....\nGGGGAAAACCCC\n((((....))))\nMKV\n# error: no nucleotide code\n")
    assert [record.name for record in below] == ["a", "sequence_2", "sequence_3"]


def test_of_rnafold_p_the_mfe_structure_is_read():
    text = """>a b
GGGGAAAACCCC
((((....)))) ( -5.40)
{(((....)))} [ -5.60]
((((....)))) { -5.40 d=0.80}
 frequency of mfe structure in ensemble 0.72; ensemble diversity 1.20
>c
GAAAC
..... (  0.00)
"""
    second = Record(name="c", sequence="GAAAC", dot_bracket=".....", energy=0.0)
    assert read(text) == [HAIRPIN, second]
    bare = text.replace(">a b\n", "").replace(">c\n", "")
    assert [(r.name, r.dot_bracket) for r in read(bare)] == [
        ("sequence_1", "((((....))))"),
        ("sequence_2", "....."),
    ]


def test_of_several_structures_the_first_is_read():
    assert read(">a b\nGGGGAAAACCCC\n((((....)))) -5.40\n.(((....))). -2.30\n") == [HAIRPIN]


def test_bprna_files_are_read():
    text = "#Name: bpRNA_RFAM_1\n#Length:  12\n#PageNumber: 0\nGGGGAAAACCCC\n((((....))))\n"
    assert read(text) == [
        Record(name="bpRNA_RFAM_1", sequence="GGGGAAAACCCC", dot_bracket="((((....))))"),
    ]


def test_wrapped_lines_are_joined():
    assert read(">a b\nGGGGAA\nAACCCC\n((((..\n..)))) (-5.40)\n") == [HAIRPIN]


def test_fasta_without_structures_is_read():
    assert read(">a\nACGU\nACGU\n\n>b\n") == [
        Record(name="a", sequence="ACGUACGU"),
        Record(name="b", sequence=""),
    ]


def test_bare_sequences_stay_apart():
    text = "GAAAC\nGGAAACC\n((...))\nAC-GU\n"
    assert [(r.name, r.sequence, r.dot_bracket) for r in read(text)] == [
        ("sequence_1", "GAAAC", None),
        ("sequence_2", "GGAAACC", "((...))"),
        ("sequence_3", "AC-GU", None),
    ]


def test_a_sequence_after_a_complete_record_is_not_lost():
    text = ">a\nGAAAC\n(...)\nGGAAACC\n((...))\n"
    assert [(r.name, r.sequence) for r in read(text)] == [("a", "GAAAC"), ("sequence_2", "GGAAACC")]


@pytest.mark.parametrize("odd", ["GGGG AAAA CCCA", "GG.GAAACCC", "GG(AAACCC"])
def test_a_sequence_of_any_kind_after_a_complete_record_is_not_lost(odd):
    text = f"GGGGAAAACCCC\n((((....)))) ( -5.40)\n{odd}\nGGGAAACCC\n"
    assert [record.sequence for record in read(text)][1:2] == [odd.replace(" ", "")]
    assert len(read(text)) == 3


@pytest.mark.parametrize("header", [">x\n", ""])
@pytest.mark.parametrize(
    "below",
    ["AAA...aaa", "Free Energies:\nAB AA", "specified motif detected in MFE structure: [0,3]", "(((...)))"],
)
def test_lines_below_a_structure_are_no_records(header, below):
    assert len(read(f"{header}GGGAAACCC\n(((...))) ( -1.20)\n{below}\n")) == 1


def test_nameless_records_of_any_kind_are_kept_apart():
    """Whatever begins a failed sequence, its reason stays its own, and the records around it whole."""
    odd = ["GG.GAAACCC", ".GGAAACCC", "(GGAAACCC", "-GGAAACCC", "5GGAAACCC", ";GG", "#GG", ">GG", ""]
    records = [
        HAIRPIN,
        *(Record(name="", sequence=text, error="no nucleotide code") for text in odd),
        HAIRPIN,
    ]
    records = [dataclasses.replace(record, name="", description="") for record in records]
    found = read(text_of(write_vienna, records))
    assert [(record.dot_bracket, record.error) for record in found] == [
        (record.dot_bracket, record.error) for record in records
    ]
    assert [record.sequence for record in found if record.sequence] == [
        HAIRPIN.sequence,
        "GG.GAAACCC",
        HAIRPIN.sequence,
    ]


def test_constraints_do_not_join_bare_sequences():
    found = list(read_constrained(io.BytesIO(b"; of n\nGGGGAAAACCCC\nGGGG AAAA CCCA\n((((....))))\n")))
    assert [(record.sequence, record.constraint) for record in found] == [
        ("GGGGAAAACCCC", None),
        ("GGGGAAAACCCA", "((((....))))"),
    ]


def test_letters_of_pseudoknots_are_structure():
    assert read(">a\nGGAAACCAACCAA\n((AA.))..aa..\n")[0].dot_bracket == "((AA.))..aa.."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">a\nGAAAC\n(...))\n", "<stream>:3: structure of 6 symbols for a sequence of 5 nt"),
        (">a\nGAAAC\n(...\n>b\n", "<stream>:3: structure of 4 symbols for a sequence of 5 nt"),
        (">a\n\nGAAAC\n\n(....\n", "<stream>:5: '(' at position 1 is never closed"),
        (">a\nGAAAC\n....]\n", "<stream>:3: ']' at position 5 closes no bracket"),
    ],
)
def test_bad_structures_are_told_with_their_line(text, message):
    with pytest.raises(FormatError) as error:
        read(text)
    assert str(error.value) == message


def test_a_record_without_a_name_is_written_without_a_header():
    stream = io.StringIO()
    write_vienna([Record(name="", sequence="GGGGAAAACCCC", dot_bracket="((((....))))", energy=-5.4)], stream)
    assert stream.getvalue() == "GGGGAAAACCCC\n((((....)))) ( -5.40)\n"
