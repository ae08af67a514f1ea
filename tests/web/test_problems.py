"""Errors as JSON."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from mprna.web.problems import add_handlers, field_of, problem


@pytest.mark.parametrize(
    ("location", "field"),
    [
        (("body",), None),
        (("body", "records"), "records"),
        (("body", "records", 3, "sequence"), "records[3].sequence"),
        (("body", "record", "pairs", 0, 2), "record.pairs[0][2]"),
    ],
)
def test_field(location: tuple[int | str, ...], field: str | None) -> None:
    assert field_of(location) == field


@pytest.mark.parametrize(
    ("kind", "is_no_object"), [("missing", True), ("model_attributes_type", True), ("string_unicode", False)]
)
def test_only_what_is_no_object_is_called_so(kind: str, is_no_object: bool) -> None:
    """Not what is wrong inside of one, for which pydantic may have no better place."""
    app = FastAPI()
    add_handlers(app)
    handle = app.exception_handlers[RequestValidationError]
    error = RequestValidationError([{"type": kind, "loc": ("body",), "msg": "no text"}])
    answer = asyncio.run(handle(None, error))  # type: ignore[arg-type]
    message = json.loads(answer.body)["error"]["message"]
    assert message.startswith("expected a JSON object") == is_no_object
    assert (message == "no text") != is_no_object


@pytest.mark.parametrize(("status", "waits"), [(413, False), (429, True), (503, True)])
def test_who_has_to_wait_is_told_how_long(status: int, waits: bool) -> None:
    answer = problem(status, "code", "message", "field")
    assert ("retry-after" in answer.headers) == waits
    assert json.loads(answer.body) == {"error": {"code": "code", "message": "message", "field": "field"}}
