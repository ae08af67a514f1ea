"""Log lines, and bugs that reach the last stop."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

import pytest

from mprna.web.metrics import Metrics
from mprna.web.request_log import JsonFormatter, RequestLog

SECRET = "GGGGAUAUCCCC"


def formatted_bug() -> dict[str, Any]:
    try:
        raise KeyError(SECRET)
    except KeyError:
        record = logging.LogRecord("x", logging.ERROR, "file", 1, "bug", None, sys.exc_info())
        record.facts = {"request": "1"}
        line: dict[str, Any] = json.loads(JsonFormatter().format(record))
        return line


def test_of_an_exception_type_and_place_alone() -> None:
    line = formatted_bug()
    assert (line["message"], line["request"], line["type"]) == ("bug", "1", "KeyError")
    assert "test_request_log.py" in line["trace"][-1]
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize("started", [False, True])
def test_a_bug_is_answered_and_logged(started: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError(SECRET)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    metrics = Metrics()
    with caplog.at_level(logging.INFO, logger="mprna.web"):
        scope = {"type": "http", "method": "GET"}
        asyncio.run(RequestLog(app, metrics)(scope, None, send))  # type: ignore[arg-type]
    assert [m["status"] for m in sent if "status" in m] == [200 if started else 500]
    assert [record.getMessage() for record in caplog.records] == ["bug", "request"]
    assert caplog.records[1].facts["status"] == 500  # type: ignore[attr-defined]
    assert b'status="500"} 1.0' in metrics.text()
    if not started:
        assert json.loads(sent[1]["body"])["error"]["code"] == "internal"


@pytest.mark.parametrize(("method", "named"), [("PATCH", "PATCH"), ("get", "OTHER"), ("X1B2", "OTHER")])
def test_a_word_in_place_of_a_method_is_no_label(
    method: str, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 405, "headers": []})

    async def send(message: Any) -> None:
        pass

    metrics = Metrics()
    with caplog.at_level(logging.INFO, logger="mprna.web"):
        asyncio.run(RequestLog(app, metrics)({"type": "http", "method": method}, None, send))  # type: ignore[arg-type]
    assert f'method="{named}"'.encode() in metrics.text()
    assert caplog.records[0].facts["method"] == named  # type: ignore[attr-defined]


def test_whoever_is_cut_off_is_told_why() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def main() -> None:
        scope = {"type": "http", "method": "GET"}
        request = asyncio.create_task(RequestLog(app, Metrics())(scope, None, send))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    asyncio.run(main())
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["error"]["code"] == "shutting_down"
