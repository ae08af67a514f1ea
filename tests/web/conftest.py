"""One service as a user starts it, in a process of its own, for all tests of this room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

LIMITS = ["--workers", "2", "--max-length", "700", "--max-records", "8", "--time-limit", "60"]


@dataclass(frozen=True)
class Server:
    """A running `mprna web`."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def workers(self) -> list[int]:
        """Process ids of those that fold."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def start(log: Path, *options: str) -> Server:
    """`mprna web` on a free port, when it answers."""
    command = [sys.executable, "-m", "mprna", "web", "--port", "0", *options]
    with log.open("w") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, log.read_text()
    return Server(url, process, log)


def stop(server: Server) -> int:
    """Ask it to end; its exit status."""
    server.process.send_signal(signal.SIGTERM)
    with server.process:
        return server.process.wait(timeout=60)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Shared; a test that stops it or fills it needs its own."""
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2] / "src"))
    server = start(tmp_path_factory.mktemp("web") / "log.jsonl", *LIMITS)
    yield server
    stop(server)


@pytest.fixture(scope="session")
def api(server: Server) -> Iterator[httpx.Client]:
    """A client of the shared server."""
    with httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client:
        yield client
