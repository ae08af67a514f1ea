"""Connections that are closed, and those that are not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from mprna.web import connections
from mprna.web.connections import Connection

GET = b"GET / HTTP/1.1\r\nHost: here\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nsome"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_app(app: Any, talk: Talk) -> None:
    """A client that talks to an app."""

    async def main() -> None:
        config = uvicorn.Config(app, lifespan="off", log_config=None)
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(20):
            await talk(reader, writer)
        writer.close()
        server.close()

    asyncio.run(main())


async def quick(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.mark.parametrize(("first", "then"), [(b"", b""), (GET, b""), (GET + b"\r\n", GET), (POST, b"body")])
def test_without_a_whole_request_it_is_closed(
    first: bytes, then: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the second of one connection, and the rest of a body that was not waited for."""
    monkeypatch.setattr(connections, "_REQUEST_SECONDS", 0.3)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        if then:
            await reader.readuntil(b"ok")
            writer.write(then)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)

    with_app(quick, talk)


def test_work_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_REQUEST_SECONDS", 0.3)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.6)
        await quick(scope, receive, send)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")

    with_app(slow, talk)


@pytest.mark.parametrize("reads", [True, False])
def test_who_reads_nothing_is_left(reads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_STALL_SECONDS", 0.5)
    ends: list[bool] = []
    size = 20_000_000

    async def large(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(size), "more_body": True})
        await send({"type": "http.response.body", "body": b"ok"})
        message = await receive()
        ends.append(message["type"] == "http.disconnect")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"\r\n")
        if reads:  # slowly, but some of it every time that is looked
            for _ in range(20):
                await reader.readexactly(size // 20)
                await asyncio.sleep(0.05)
            await reader.readuntil(b"ok")
        else:
            while not ends:
                await asyncio.sleep(0.05)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(2 * size)

    with_app(large, talk)


def test_one_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_MAX_CONNECTIONS", 0)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)

    with_app(quick, talk)
