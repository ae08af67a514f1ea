"""Drawings as files, by their suffix."""

from __future__ import annotations

import pytest

from mprna.cli.pictures import check_picture, write_picture
from mprna.errors import FormatError, MissingExtraError, UsageError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"></svg>\n'


@pytest.mark.parametrize(("name", "start"), [("x.svg", b"<svg "), ("x.png", b"\x89PNG")])
def test_the_suffix_decides(tmp_path, name, start):
    write_picture(SVG, str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_without_a_name_it_is_printed(capsys):
    write_picture(SVG, None)
    assert capsys.readouterr().out == SVG


@pytest.mark.parametrize("name", ["x.pdf", "x", ".svg.gz"])
def test_other_suffixes_are_told_at_once(name):
    with pytest.raises(UsageError, match=r"--figure .*: expected a name that ends in \.svg or \.png"):
        check_picture("--figure", name)


def test_a_missing_folder_is_told_at_once(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere/x\.svg: cannot write: there is no such folder"):
        check_picture("--figure", str(tmp_path / "nowhere" / "x.svg"))


def test_a_missing_extra_is_told_at_once(monkeypatch):
    monkeypatch.setattr("mprna.cli.pictures.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="PNG output"):
        check_picture("--figure", "x.png")


def test_degradation_is_drawn_as_png_too(call, tmp_path, monkeypatch):
    monkeypatch.delenv("MPRNA_HOME")
    path = tmp_path / "x.png"
    assert call("degrade", "GGGGAAAACCCC", "--rank", "--figure", path).status == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert call("degrade", "GGGGAAAACCCC", "--figure", "x.pdf").status == 2
