"""What is told of requests that are none."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mprna.web.requests import FoldJob, FoldRequest

UNKNOWN = dict.fromkeys([f"k{number}" for number in range(1_000)], 1)
BODY: dict[str, Any] = {"records": [{"sequence": "A"}]}


@pytest.mark.parametrize(
    ("request_type", "body", "place"),
    [
        (FoldRequest, BODY | UNKNOWN, ("k0",)),
        (FoldRequest, {"records": [{"sequence": "A"} | UNKNOWN]}, ("records", 0, "k0")),
        (FoldJob, {"verb": "fold", "request": BODY | UNKNOWN}, ("request", "k0")),
        (FoldJob, {"verb": "fold", "request": BODY} | UNKNOWN, ("k0",)),
    ],
)
def test_of_many_unknown_fields_the_first_is_told(
    request_type: type[BaseModel], body: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    """To list hundreds of thousands takes seconds, in which nobody else is answered."""
    with pytest.raises(ValidationError) as told:
        request_type.model_validate(body)
    (error,) = told.value.errors()
    assert (error["loc"], error["msg"]) == (place, "Extra inputs are not permitted")


def test_of_many_faulty_records_the_first_is_told() -> None:
    with pytest.raises(ValidationError) as told:
        FoldRequest.model_validate({"records": [1] * 1_000})
    (error,) = told.value.errors()
    assert error["loc"] == ("records", 0)
