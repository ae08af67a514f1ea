"""`mprna web`: one process that talks, several that fold."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

import uvicorn

from mprna.errors import ModelError, UsageError
from mprna.web.app import ANY_HOST, make_app
from mprna.web.connections import Connection
from mprna.web.limits import Limits
from mprna.web.request_log import JsonFormatter

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

_GRACE_SECONDS: Final = 20
"""How long requests may go on after SIGTERM."""


def serve(
    limits: Limits,
    *,
    host: str = LOOPBACK[0],
    port: int = 8765,
    hosts: Collection[str] = (),
    quiet: bool = False,
    on_start: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        host: address to listen at; any but loopback lets others in.
        port: 0 takes a free one.
        hosts: names under which the service answers, beside those of loopback; by default these alone where
            it listens there, else any.
        quiet: no log lines but errors.
        on_start: called with the URL when the service answers.

    Raises:
        UsageError: the address cannot be listened at.
        ModelError: the workers did not start.
    """
    listener = _listen(host, port)
    url = f"http://{_url_host(host)}:{listener.getsockname()[1]}/"
    allowed = (*hosts, *LOOPBACK) if hosts or host in LOOPBACK else ANY_HOST
    _set_up_logs(logging.WARNING if quiet else logging.INFO)
    app = make_app(limits, allowed_hosts=allowed)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        http=Connection,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, lambda: on_start(url))
    with suppress(SystemExit):  # what uvicorn does where the app does not start
        server.run(sockets=[listener])
    if not server.started:
        raise getattr(app.state, "failure", None) or ModelError("the service did not start: see above")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host, None)
        return socket.create_server((host, port), family=family, backlog=1024)
    except socket.gaierror as error:
        raise UsageError(f"cannot listen at {host}: {error.strerror}; choose another --host") from error
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen at {host}, port {port}: {error}; choose another --port") from error


def _url_host(host: str) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{shown}]" if ":" in shown else shown


def _set_up_logs(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    for name in ("mprna", "uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
