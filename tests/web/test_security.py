"""Headers, hosts, bodies, files."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from mprna.web import security
from mprna.web.app import make_app
from mprna.web.security import HEADERS, BodyLimit, HostCheck

STATIC = Path(__file__).parents[2] / "src" / "mprna" / "web" / "static"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/nothing"), ("POST", "/api/fold"), ("GET", "/api/health")]
)
def test_headers_are_everywhere(api: httpx.Client, method: str, path: str) -> None:
    answer = api.request(method, path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8765", 200),
        ("[::1]:8765", 200),
        ("evil.example.org", 400),
        ("localhost.example.org", 400),
        ("", 400),
    ],
)
def test_only_our_names(api: httpx.Client, host: str, status: int) -> None:
    answer = api.get("/api/health", headers={"Host": host})
    assert answer.status_code == status
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("name", "host", "status"),
    [
        ("RNA.example.org", "rna.example.ORG:80", 200),
        ("rna.example.org:80", "rna.example.org", 200),
        ("::1", "[::1]:8765", 200),
        ("[fe80::1]", "[FE80::1]", 200),
        ("rna.example.org", "[rna.example.org]x", 400),
        ("rna.example.org", "org", 400),
    ],
)
def test_names_are_compared_without_case_and_port(name: str, host: str, status: int) -> None:
    answered: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {"type": "http", "headers": [(b"host", host.encode())]}
    asyncio.run(HostCheck(app, [name])(scope, None, send))  # type: ignore[arg-type]
    assert answered[0]["status"] == status


def chunks(num_bytes: int) -> Iterator[bytes]:
    for _ in range(num_bytes // 65_536):
        yield b" " * 65_536


def test_large_bodies_are_refused_with_and_without_a_length(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    announced = api.post("/api/fold", content=b" " * (5 << 20), headers=headers)
    assert (announced.status_code, announced.json()["error"]["code"]) == (413, "body_too_large")
    streamed = api.post("/api/fold", content=chunks(5 << 20), headers=headers)
    assert (streamed.status_code, streamed.json()["error"]["code"]) == (413, "body_too_large")


def test_compressed_bodies_are_no_way_around_the_limit(api: httpx.Client) -> None:
    body = gzip.compress(b" " * (50 << 20))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert api.post("/api/fold", content=body, headers=headers).status_code in (400, 422)


@pytest.mark.parametrize(
    ("bound", "wait"), [("_PIECE_SECONDS", 60), ("_BODY_SECONDS", 60), ("_BODY_SECONDS", 0.01)]
)
def test_slow_bodies_are_given_up(bound: str, wait: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of which there is always a little more, so that no single piece is late."""
    monkeypatch.setattr(security, bound, 0.05)
    failures: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            while True:
                await receive()
        except security.ApiError as error:
            failures.append(error)

    async def dribble() -> Any:
        await asyncio.sleep(wait)
        return {"type": "http.request", "body": b" ", "more_body": True}

    scope = {"type": "http", "headers": []}
    limit = BodyLimit(app, max_bytes=1_000, max_held=1_000)
    asyncio.run(asyncio.wait_for(limit(scope, dribble, dribble), 5))  # type: ignore[arg-type]
    assert [(error.status_code, error.code) for error in failures] == [(400, "slow_body")]


def test_what_all_requests_hold_is_bounded() -> None:
    """Each is small enough, and unfinished: it lets go of its bytes in the end, answered or not."""
    answered: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive())["more_body"]:
                pass
            answered.append("ok")
        except security.ApiError as error:
            answered.append(f"{error.status_code} {error.code}")
        await scope["end"].wait()
        raise KeyError

    async def main() -> None:
        limit, ends = BodyLimit(app, max_bytes=6, max_held=10), [asyncio.Event() for _ in range(4)]

        async def begin(end: asyncio.Event) -> asyncio.Task[None]:
            pieces = iter([(b"ABC", True), (b"DEF", False)])

            async def receive() -> Any:
                body, more = next(pieces)
                return {"type": "http.request", "body": body, "more_body": more}

            scope = {"type": "http", "headers": [], "end": end}
            task = asyncio.ensure_future(limit(scope, receive, receive))  # type: ignore[arg-type]
            await asyncio.sleep(0.01)
            return task

        async def finish(task: asyncio.Task[None], end: asyncio.Event) -> None:
            end.set()
            with pytest.raises(KeyError):
                await task

        first, second = await begin(ends[0]), await begin(ends[1])
        await finish(second, ends[1])
        await finish(first, ends[0])
        for end in ends[2:]:
            await finish(await begin(end), end)

    asyncio.run(main())
    assert answered == ["ok", "503 busy", "ok", "ok"]


@pytest.mark.parametrize("cut_off", [False, True])
def test_the_last_stop_answers_with_the_headers_too(cut_off: bool) -> None:
    app = make_app()

    async def route() -> None:
        if cut_off:
            raise asyncio.CancelledError
        raise KeyError

    app.add_api_route("/bug", route)
    answered: list[Any] = []

    async def send(message: Any) -> None:
        answered.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/bug", "headers": [], "query_string": b""}
    with suppress(asyncio.CancelledError):
        asyncio.run(app(scope, receive, send))
    assert answered[0]["status"] == (503 if cut_off else 500)
    found = {name.decode().lower(): value.decode() for name, value in answered[0]["headers"]}
    assert {name.lower(): value for name, value in HEADERS.items()}.items() <= found.items()
    assert "x-request-id" in found


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/",
        "/static/index.html/",
    ],
)
def test_no_path_is_ever_opened(api: httpx.Client, path: str) -> None:
    request = api.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = api.send(request)
    assert answer.status_code == 404
    assert "import" not in answer.text


def test_the_page_and_its_files(api: httpx.Client) -> None:
    page = api.get("/")
    assert page.content == (STATIC / "index.html").read_bytes()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for file in (path for path in STATIC.rglob("*") if path.is_file()):
        answer = api.get(f"/static/{file.relative_to(STATIC).as_posix()}")
        assert answer.content == file.read_bytes()
        again = api.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert api.head("/").status_code == 200


def test_answers_are_not_stored(api: httpx.Client) -> None:
    assert api.get("/api/health").headers["cache-control"] == "no-store"
    assert api.get("/").headers["cache-control"] == "no-cache"


def test_no_other_origin_may_read(api: httpx.Client) -> None:
    headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    answers = [api.options("/api/fold", headers=headers), api.get("/api/health", headers=headers)]
    assert not any("access-control-allow-origin" in answer.headers for answer in answers)


def test_app_without_names_answers_to_any() -> None:
    assert any(middleware.kwargs.get("allowed") == ("*",) for middleware in make_app().user_middleware)
