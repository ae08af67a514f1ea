"""What every response carries, and which requests are not let in."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mprna.web.problems import ApiError, answer_to, problem

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_PIECE_SECONDS: Final = 30.0
"""Longest wait for the next piece of a body."""

_BODY_SECONDS: Final = 120.0
"""Longest wait for the whole of it: 4 MiB at 35 kB a second."""


class SecurityHeaders:
    """Adds `HEADERS` to every response; what is not a file of the page is not stored either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class HostCheck:
    """Refuses other host names than ours: a page elsewhere whose name points to this machine.

    Args:
        allowed: host names; `*` is any.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app, self._allowed = app, frozenset(map(_host_name, allowed))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).get("host", "")):
            app = problem(400, "bad_host", "this service does not answer to that host name")
        await app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        return "*" in self._allowed or _host_name(host) in self._allowed


def _host_name(text: str) -> str:
    """A host without its port, in lower case; an address of IPv6 without brackets."""
    address, bracket, port = text.lower().removeprefix("[").partition("]")
    if bracket:
        return address if not port or port.startswith(":") else text
    return address if address.count(":") > 1 else address.partition(":")[0]


class BodyLimit:
    """Refuses bodies that are too large, before they are read to the end, or that come too slowly.

    Args:
        max_bytes: of one body.
        max_held: bytes of the bodies of all requests that are not finished.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_held: int) -> None:
        self._app, self._max_bytes, self._max_held = app, max_bytes, max_held
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._max_bytes:
            await answer_to(self._too_large())(scope, receive, send)
            return
        read, is_complete = 0, False
        deadline = asyncio.get_running_loop().time() + _BODY_SECONDS

        async def limited() -> Message:
            nonlocal read, is_complete
            if is_complete:
                return await receive()
            message = await _next_piece(receive, deadline)
            size = len(message.get("body", b""))
            read, self._held = read + size, self._held + size
            is_complete = not message.get("more_body", False)
            if read > self._max_bytes:
                raise self._too_large()
            if self._held > self._max_held:
                raise ApiError(503, "busy", "the requests of others are large; try again soon")
            return message

        try:
            await self._app(scope, limited, send)
        finally:
            self._held -= read

    def _too_large(self) -> ApiError:
        message = f"the body is larger than {self._max_bytes:,} bytes: send several requests"
        return ApiError(413, "body_too_large", message)


async def _next_piece(receive: Receive, deadline: float) -> Message:
    """The next piece of a body, if it comes before the deadline (of the loop's clock) and not too late."""
    left = deadline - asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(min(_PIECE_SECONDS, left)):
            return await receive()
    except TimeoutError:
        message = f"no data for {_PIECE_SECONDS:g} s, or no end of the body within {_BODY_SECONDS:g} s"
        raise ApiError(400, "slow_body", message) from None
