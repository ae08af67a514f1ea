"""Errors as JSON: {"error": {"code", "message", "field"}}, one line each."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from mprna.errors import MprnaError

_CODES: Final = {400: "bad_json", 404: "not_found", 405: "method_not_allowed"}

_TOO_MUCH_JSON: Final = "the body is nested too deeply, holds a number of thousands of digits or is no text"
"""What else than its syntax the parser refuses; FastAPI does not say which."""

_NO_OBJECT: Final = ("missing", "dict_type", "model_type", "model_attributes_type")
"""What pydantic calls it where there is no body, or another one."""

RETRY_SECONDS: Final = 2


class ApiError(HTTPException):
    """What a client did wrong, or has to wait for.

    Args:
        status: of HTTP.
        code: one word for programs.
        message: one line for people: what was given, what was expected, what to do.
        field: where in the request, e.g. `records[3].sequence`.
    """

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        headers = {"Retry-After": str(RETRY_SECONDS)} if status in (429, 503) else None
        super().__init__(status, message, headers)
        self.code, self.field = code, field


def problem(status: int, code: str, message: str, field: str | None = None) -> JSONResponse:
    """The answer of an `ApiError` with these arguments."""
    return answer_to(ApiError(status, code, message, field))


def answer_to(error: ApiError) -> JSONResponse:
    """The error as a response."""
    content = {"error": {"code": error.code, "message": error.detail, "field": error.field}}
    return JSONResponse(content, error.status_code, error.headers)


def add_handlers(app: FastAPI) -> None:
    """Let every error of the app end as such a response."""
    app.add_exception_handler(StarletteHTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(MprnaError, _of_ours)


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    if isinstance(error, ApiError):
        return answer_to(error)
    code = _CODES.get(error.status_code, "bad_request")
    message = _TOO_MUCH_JSON if code == "bad_json" else str(error.detail)
    response = problem(error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


async def _of_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(400, "bad_json", f"the body is no JSON: {first['ctx']['error']}")
    if first["loc"] == ("body",) and first["type"] in _NO_OBJECT:
        message = "expected a JSON object, sent with Content-Type: application/json"
        return problem(422, "invalid", message)
    return problem(422, "invalid", " ".join(first["msg"].split()), field_of(first["loc"]))


async def _of_ours(request: Request, error: Exception) -> JSONResponse:
    return problem(422, "invalid", str(error))


def field_of(location: tuple[int | str, ...]) -> str | None:
    """Where pydantic found an error, without the `body` in front.

    >>> field_of(("body", "records", 3, "sequence"))
    'records[3].sequence'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location[1:])
    return "".join(parts).lstrip(".")[:200] or None
