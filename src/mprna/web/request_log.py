"""One JSON line per request, without anything of its body; and the last stop of a bug."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
import traceback
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mprna.web.metrics import Metrics
from mprna.web.problems import problem

FACTS = "mprna.facts"
"""Key of the scope under which a route leaves what the line should say too."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
"""Of HTTP. A client may send any word in their place, and each would be a time series of its own."""

_log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON; of an exception type and place, for its message may quote input."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time_ = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time_, "level": record.levelname.lower()}
        line |= {"message": record.getMessage(), **getattr(record, "facts", {})}
        if record.exc_info and record.exc_info[0]:
            line["type"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["trace"] = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=False)


class RequestLog:
    """Numbers, counts, times and logs requests; answers 500 where one raises."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0
        request_id = secrets.token_hex(8)

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except asyncio.CancelledError:  # the server ends, and the grace for requests is over
            if not status:
                answer = problem(503, "shutting_down", "the service is shutting down; try again in a moment")
                await answer(scope, receive, send_and_note)
            raise
        except Exception:  # the last stop: with its traceback in the log, without the server's own
            _log.exception("bug", extra={"facts": {"request": request_id}})
            if not status:
                answer = problem(500, "internal", f"an internal error, {request_id} in the log")
                await answer(scope, receive, send_and_note)
            status = 500
        finally:
            self._note(scope, request_id, status, time.perf_counter() - start)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        facts = {"request": request_id, "method": method, "route": route, "status": status}
        facts |= scope.get(FACTS, {})
        _log.info("request", extra={"facts": facts | {"ms": round(seconds * 1e3, 1)}})
