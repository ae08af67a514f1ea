"""`mprna draw`: structures to pictures."""

from __future__ import annotations

import json
import os

import pytest

CT = b"5 hairpin\n1 G 0 2 5 1\n2 A 1 3 0 2\n3 A 2 4 0 3\n4 A 3 5 0 4\n5 C 4 0 1 5\n"


def test_draw_prints_one_picture(call, tmp_path):
    outcome = call("draw", stdin=CT)
    assert outcome.status == 0
    assert outcome.out.startswith("<svg ")
    path = tmp_path / "x.ct"
    path.write_bytes(CT)
    assert call("draw", path, "-o", tmp_path / "x.svg").status == 0
    assert (tmp_path / "x.svg").read_text() == outcome.out


@pytest.mark.parametrize(("plot", "shape"), [("arcs", "<path d="), ("dots", "<rect x=")])
def test_other_plots_show_what_is_likely_too(call, tmp_path, monkeypatch, plot, shape):
    monkeypatch.delenv("MPRNA_HOME")  # the models of the package
    alone = call("draw", "--plot", plot, stdin=b">x\nGGGGAAAACCCC\n((((....))))\n").out
    records = call("fold", "-p", "--format", "jsonl", "GGGGAAAACCCC").out.encode()
    likely = call("draw", "--plot", plot, stdin=records).out
    assert likely.count(shape) > alone.count(shape) > 3
    options = ["-p"] if plot == "arcs" else []  # a dot plot is of probabilities anyway
    folded = call("fold", *options, "--plot", plot, "--format", "svg", "GGGGAAAACCCC").out
    assert folded.count(shape) == likely.count(shape)
    refused = call("fold", "--plot", plot, "GGGGAAAACCCC", "-o", tmp_path / "x.tsv")
    assert refused == (2, "", "mprna: error: --plot: tsv is no picture; choose --format svg\n")


def test_shape_colours_the_molecule(call, tmp_path):
    (tmp_path / "x.shape").write_text("1 0.1\n2 0.9\n")
    hairpin = b">x\nGAAAC\n(...)\n"
    shown = call("draw", "--shape", tmp_path / "x.shape", stdin=hairpin).out
    assert "reactivity" in shown
    assert call("draw", "--shape", tmp_path, stdin=hairpin).out == shown
    letters = call("draw", "--shape", tmp_path, "--color", "letters", stdin=hairpin).out
    assert letters == call("draw", stdin=hairpin).out != shown
    folded = call("fold", "--engine", "vienna", "--format", "svg", "--shape", tmp_path, stdin=b">x\nGAAAC\n")
    assert "reactivity" in folded.out
    refused = call("draw", "--plot", "dots", "--shape", tmp_path, stdin=hairpin)
    assert refused.err == "mprna: error: --shape: colours the molecule alone; choose --plot structure\n"


@pytest.mark.filterwarnings("default::mprna.errors.MprnaWarning")
def test_bad_reactivities_cost_their_own_picture_only(call, tmp_path):
    (tmp_path / "x.shape").write_text("9 0.1\n")
    (tmp_path / "y.shape").write_text("1 0.1\n")
    content = b">x\nGAAAC\n(...)\n>y\nGAAAC\n(...)\n>z\nGAAAC\n(...)\n"
    outcome = call("draw", "--shape", tmp_path, "-o", tmp_path / "out", stdin=content)
    assert outcome.status == 1
    assert "records without reactivities: 1; the first: z" in outcome.err
    assert "1 of 3 records were not drawn; the first: x: " in outcome.err
    assert "position 9 of a sequence of 5 nt" in outcome.err
    assert sorted(os.listdir(tmp_path / "out")) == ["y.svg", "z.svg"]
    assert "reactivity" in (tmp_path / "out" / "y.svg").read_text()
    assert "reactivity" not in (tmp_path / "out" / "z.svg").read_text()


def test_draw_writes_png(call, tmp_path):
    pytest.importorskip("resvg_py")
    assert call("draw", "-o", tmp_path / "x.png", stdin=CT) == (0, "", "")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_the_format_may_be_chosen(call, tmp_path):
    pytest.importorskip("resvg_py")
    two = b">a\nGAAAC\n(...)\n>b\nGAAAC\n(...)\n"
    assert call("draw", "--format", "png", "-o", tmp_path / "out", stdin=two).status == 0
    folding = ("fold", "--engine", "vienna", "--format", "png", "-o", tmp_path / "folded")
    assert call(*folding, stdin=two[:9]).status == 0
    assert call("draw", "--format", "svg", "-o", tmp_path / "x.png", stdin=two[:15]).status == 0
    starts = {path.name: path.read_bytes()[:4] for path in tmp_path.rglob("*.*")}
    assert starts == {"a.png": b"\x89PNG", "b.png": b"\x89PNG", "x.png": b"<svg"}
    assert sorted(os.listdir(tmp_path / "folded")) == ["a.png"]


def test_png_without_its_extra_is_told_before_anything_is_folded(call, monkeypatch):
    monkeypatch.setattr("mprna.cli.pictures.find_spec", lambda name: None)
    refused = call("fold", "--engine", "vienna", "--format", "png", "-o", "pictures/", stdin=b"not read")
    assert refused.status == 2
    assert "PNG output" in refused.err


def test_quiet_drawing_says_nothing(call, tmp_path):
    assert call("draw", "--quiet", "-o", tmp_path / "out", stdin=b">b\nACGU\n") == (1, "", "")


def test_draw_skips_what_has_no_structure(call, tmp_path):
    content = b">a\nGAAAC\n(...)\n>b\nACGU\n"
    outcome = call("draw", "-o", tmp_path / "out", stdin=content)
    assert outcome == (1, "", "mprna: 1 of 2 records were not drawn; the first: b: no structure\n")
    assert os.listdir(tmp_path / "out") == ["a.svg"]


def test_draw_names_what_cannot_be_drawn_and_draws_the_rest(call, tmp_path):
    content = "".join(
        json.dumps({"name": name, "sequence": sequence, "dot_bracket": "((((....))))"}) + "\n"
        for name, sequence in (("a", "GGGGAAAACCCC"), ("b", "GGGGEAAACCCC"), ("c", "GGGGAAAACCCC"))
    )
    outcome = call("draw", "-o", tmp_path / "out", stdin=content.encode())
    assert outcome.status == 1
    assert outcome.err.startswith(
        "mprna: 1 of 3 records were not drawn; the first: b: letter 'E' at position 5"
    )
    assert sorted(os.listdir(tmp_path / "out")) == ["a.svg", "c.svg"]
    alone = call("draw", "-o", tmp_path / "b.svg", stdin=content.splitlines()[1].encode())
    assert alone.err.startswith(
        "mprna: 1 of 1 records were not drawn; the first: b: letter 'E' at position 5"
    )
    assert not (tmp_path / "b.svg").exists()


def test_draw_needs_a_place(call, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = call("draw", "-o", tmp_path / "file", stdin=CT)
    assert outcome == (1, "", f"mprna: error: {tmp_path / 'file'}: cannot write: File exists\n")


def test_draw_makes_no_folder_named_as_a_picture(call, tmp_path):
    outcome = call("draw", "-o", tmp_path / "x.pdf", stdin=CT)
    assert outcome.status == 2
    assert outcome.err.startswith(f"mprna: error: {tmp_path / 'x.pdf'}: pictures are .svg or .png files")
    assert call("draw", "-o", tmp_path / "x.SVG", stdin=CT).status == 0
    assert (tmp_path / "x.SVG").is_file()


def test_standard_output_has_names(call):
    assert call("draw", "-o", "/dev/stdout", stdin=CT) == call("draw", stdin=CT)


def test_draw_makes_no_folder_named_as_a_compressed_picture(call, tmp_path):
    outcome = call("draw", "-o", tmp_path / "x.svg.gz", stdin=CT)
    assert outcome.status == 2
    assert "pictures are .svg or .png files" in outcome.err
    assert not any(tmp_path.iterdir())


def test_draw_reads_files_only(call):
    outcome = call("draw", "(...)")
    expected = "mprna: error: (...): no such file; structures are read from files or standard input\n"
    assert outcome == (1, "", expected)


def test_long_names_give_file_names_that_fit(call, tmp_path):
    long = "é" * 300
    content = f">{long}\nGAAAC\n(...)\n" * 2
    assert call("draw", "-o", tmp_path, stdin=content.encode()) == (0, "", "")
    assert sorted(os.listdir(tmp_path)) == [f"{'é' * 100}-2.svg", f"{'é' * 100}.svg"]


def test_a_structure_that_is_too_long_costs_its_own_picture_only(call, tmp_path):
    long = "GGGAAACCC" * 4_000, "(((...)))" * 4_000
    records = [("a", "GAAAC", "(...)"), ("long", *long), ("b", "GAAAC", "(...)")]
    content = "".join(f">{name}\n{sequence}\n{structure}\n" for name, sequence, structure in records)
    outcome = call("draw", "-o", tmp_path, stdin=content.encode())
    assert (outcome.status, sorted(os.listdir(tmp_path))) == (1, ["a.svg", "b.svg"])
    assert "36000 nt; structures of up to 32767 nt can be drawn" in outcome.err
