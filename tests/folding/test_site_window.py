"""Windows around a site: inside of the RNA, wide enough on both sides, and shared by neighbours."""

from __future__ import annotations

import pytest

from mprna.folding.site_window import Window, window_around


@pytest.mark.parametrize("length", [1, 30, 100])
def test_a_short_rna_is_its_own_window(length):
    assert {window_around(i, i, length, 100) for i in range(length)} == {Window(0, length)}


@pytest.mark.parametrize("width", [20, 33, 80, 120])
def test_a_site_is_near_the_middle(width):
    for site in range(400):
        start, end = window_around(site, site, 400, width)
        assert 0 <= start < end <= 400
        assert end - start == width
        assert start == 0 or site - start >= width // 2 - 1
        assert end == 400 or end - site >= width // 2 - width // 16


def test_neighbours_share_a_window():
    found = {window_around(site, site, 1_000, 160) for site in range(300, 700)}
    assert len(found) == 400 // 10


def test_sites_far_apart_get_a_wider_window():
    start, end = window_around(100, 300, 500, 100)
    assert (start, end) == (50, 351)
    assert window_around(0, 499, 500, 100) == Window(0, 500)
