"""Limits of length: refused where they leave nothing, and told where they are passed."""

from __future__ import annotations

import pytest

from mprna.errors import UsageError
from mprna.predict.limits import check_max_length, too_long


def test_a_limit_leaves_something() -> None:
    check_max_length(1)
    with pytest.raises(UsageError, match="max_length 0; expected at least 1 nt"):
        check_max_length(0)


def test_the_reason_names_both_lengths_and_the_option() -> None:
    assert too_long(12, 9) == "12 nt; up to 9 (--max-length)"
    assert too_long(12, 9, "are scanned") == "12 nt; up to 9 are scanned (--max-length)"
