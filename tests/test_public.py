"""The public face: sorted, complete, lazy."""

from __future__ import annotations

import re

import pytest

import mprna


def test_public_names_are_sorted_and_few():
    assert mprna.__all__ == sorted(mprna.__all__)
    assert len(mprna.__all__) <= 15
    assert dir(mprna) == mprna.__all__


@pytest.mark.parametrize("name", mprna.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(mprna, name)
    assert name == "__version__" or value.__doc__


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="module 'mprna' has no attribute 'unfold'"):
        mprna.unfold  # noqa: B018


def test_the_version_is_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+", mprna.__version__)
