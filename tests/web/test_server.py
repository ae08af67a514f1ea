"""The running service: start, faults under load, logs, shutdown."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mprna.web.request_log import JsonFormatter
from mprna.web.server import _set_up_logs, _url_host

from .conftest import LIMITS, Server, start, stop

FOLD = {"records": [{"sequence": "GGGGAAAACCCC"}]}
SLOWER = {"records": [{"sequence": "GCAUUGCC" * 35 + "A" * k} for k in range(3)], "engine": "vienna"}
HANGS = {"dot_bracket": "((...))" * 20, "budget_s": 29, "pattern": "GANNNNC" * 20}
"""No sequence folds into it, so the search takes all of its time."""


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service with one worker and little patience."""
    server = start(tmp_path_factory.mktemp("tight") / "log", "--workers", "1", "--time-limit", "3")
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client
    stop(server)


@pytest.mark.parametrize("victim", [0, 1])
def test_kill_9_under_load(api: httpx.Client, server: Server, victim: int) -> None:
    """Every request is answered, and every record folded."""
    with ThreadPoolExecutor(4) as clients:
        folds = [clients.submit(api.post, "/api/fold", json=SLOWER) for _ in range(4)]
        time.sleep(0.2)
        os.kill(server.workers()[victim], signal.SIGKILL)
        answers = [fold.result() for fold in folds]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert {row["error"] for answer in answers for row in answer.json()["records"]} == {None}
    assert "mprna_worker_restarts_total 0.0" not in api.get("/metrics").text
    assert len(server.workers()) == 2


def test_log_lines_are_json_and_hold_no_sequences(api: httpx.Client, server: Server) -> None:
    secret = "GGGGAUAUAUCCCC"
    api.post("/api/fold", json={"records": [{"id": "secret-name", "sequence": secret}]})
    api.post("/api/fold", json={"records": [{"id": "secret-name", "sequence": secret + "PPP"}]})
    api.post("/api/structure", json={"sequence": secret, "dot_bracket": "(" * 14})
    api.post("/api/fold", content=f'{{"records": ["{secret}"', headers={"Content-Type": "application/json"})
    answer = api.get(f"/{secret}")
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert secret not in text
    assert "secret-name" not in text
    (line,) = [line for line in lines if line.get("request") == answer.headers["x-request-id"]]
    assert (line["status"], line["route"], line["method"]) == (404, "unknown", "GET")
    assert {"verb": "fold", "records": 1, "status": 200}.items() <= {
        key: value for line in lines if line.get("route") == "/api/fold" for key, value in line.items()
    }.items() | {("status", 200)}


def test_metrics(api: httpx.Client) -> None:
    api.post("/api/fold", json=FOLD)
    text = api.get("/metrics").text
    assert 'mprna_requests_total{method="POST",route="/api/fold",status="200"}' in text
    assert "mprna_workers 2.0" in text
    assert 'mprna_request_seconds_bucket{le="0.01",route="/api/fold"}' in text


def test_shutdown_lets_requests_finish(tmp_path: Path) -> None:
    server = start(tmp_path / "log", *LIMITS)
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(httpx.post, f"{server.url}api/fold", json=SLOWER, timeout=60, trust_env=False)
        time.sleep(0.3)
        workers = server.workers()
        assert stop(server) in (0, -signal.SIGTERM)
        assert [row["error"] for row in answer.result().json()["records"]] == [None] * 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    server = start(tmp_path / "log", *LIMITS)
    workers = server.workers()
    server.process.kill()
    with server.process:
        server.process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_fold_that_takes_too_long_is_a_row_with_the_reason(tight: httpx.Client) -> None:
    long = {"records": [{"sequence": "GCAUUGCC" * 300}, {"sequence": "GGGGAAAACCCC"}]}
    slow, quick = tight.post("/api/fold", json=long).json()["records"]
    assert "stopped after 3 s" in slow["error"]
    assert quick["error"] is None


def test_a_client_that_hangs_up_frees_its_worker(tight: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        tight.post("/api/design", json=HANGS, timeout=0.5)
    begin = time.monotonic()
    assert tight.post("/api/fold", json=FOLD).status_code == 200
    assert time.monotonic() - begin < 20


def test_one_client_has_so_many_requests(tight: httpx.Client) -> None:
    def ask(_: int) -> httpx.Response | None:
        try:
            return tight.post("/api/design", json=HANGS, timeout=5)
        except httpx.ReadTimeout:
            return None

    with ThreadPoolExecutor(20) as clients:
        refused = [answer for answer in clients.map(ask, range(20)) if answer is not None]
    assert [answer.status_code for answer in refused] == [429] * 4
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}
    assert {answer.json()["error"]["code"] for answer in refused} == {"too_many_requests"}


def run_web(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mprna", "web", *options]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_port_in_use(server: Server) -> None:
    result = run_web("--port", server.url.rstrip("/").rpartition(":")[2])
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "choose another --port" in result.stderr


def test_a_host_that_is_none() -> None:
    result = run_web("--host", "no.such.host.invalid", "--port", "0")
    assert result.returncode == 2
    assert "choose another --host" in result.stderr.splitlines()[-1]


def test_a_broken_model_is_one_line(tmp_path: Path) -> None:
    home = tmp_path / "models" / "pair-fold"
    home.mkdir(parents=True)
    (home / "config.json").write_text("{}")
    result = run_web("--port", "0", "--quiet", MPRNA_HOME=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("mprna: error: ")


def test_asyncio_logs_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no more files can be opened."""
    for name in ("mprna", "uvicorn", "asyncio"):
        for attribute in ("handlers", "propagate", "level"):
            monkeypatch.setattr(
                logging.getLogger(name), attribute, getattr(logging.getLogger(name), attribute)
            )
    _set_up_logs(logging.WARNING)
    (handler,) = logging.getLogger("asyncio").handlers
    assert isinstance(handler.formatter, JsonFormatter)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]")],
)
def test_url(host: str, shown: str) -> None:
    assert _url_host(host) == shown
