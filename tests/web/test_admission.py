"""Who gets in."""

from __future__ import annotations

import pytest

from mprna.web.admission import Admission
from mprna.web.problems import ApiError


def refusal(admission: Admission, client: str) -> ApiError:
    with pytest.raises(ApiError) as refused, admission.admitted(client):
        pass
    return refused.value


def test_of_one_client_and_of_all() -> None:
    admission = Admission(3, 2, "requests")
    with admission.admitted("a"), admission.admitted("a"):
        mine = refusal(admission, "a")
        assert (mine.status_code, mine.code, mine.headers) == (429, "too_many_requests", {"Retry-After": "2"})
        with admission.admitted("b"):
            all_ = refusal(admission, "b")
            assert (all_.status_code, all_.code, all_.headers) == (503, "busy", {"Retry-After": "2"})
        assert admission.total == 2
    assert admission.total == 0


def test_whoever_fails_leaves_too() -> None:
    admission = Admission(1, 1, "requests")
    with pytest.raises(ZeroDivisionError), admission.admitted("a"):
        raise ZeroDivisionError
    with admission.admitted("a"):
        assert admission.total == 1
