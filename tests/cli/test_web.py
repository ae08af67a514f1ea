"""`mprna web`: options to bounds; the service itself is in tests/web."""

from __future__ import annotations

import sys
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest

from mprna.cli.main import main
from mprna.web import server
from mprna.web.limits import Limits


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Limits, dict[str, Any]]]:
    calls: list[tuple[Limits, dict[str, Any]]] = []

    def serve(limits: Limits, **options: Any) -> None:
        calls.append((limits, options))
        options["on_start"]("http://127.0.0.1:8765/")

    monkeypatch.setattr(server, "serve", serve)
    return calls


def test_defaults_are_loopback_and_at_least_two_workers(
    served: list[tuple[Limits, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["web"]) == 0
    ((limits, options),) = served
    assert 2 <= limits.workers <= 8
    assert (options["host"], options["port"], options["hosts"]) == ("127.0.0.1", 8765, [])
    assert capsys.readouterr() == ("http://127.0.0.1:8765/\n", "")


def test_options_become_bounds(
    served: list[tuple[Limits, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = ["--workers", "3", "--max-length", "99", "--max-records", "7", "--time-limit", "5"]
    assert main(["web", "--host", "0.0.0.0", "--name", "rna.example.org", "--quiet", *numbers]) == 0
    ((limits, options),) = served
    assert limits == Limits(workers=3, max_length=99, max_records=7, max_seconds=5)
    assert (options["hosts"], options["quiet"]) == (["rna.example.org"], True)
    assert "others can reach this service" in capsys.readouterr().err


def test_the_browser_is_opened_on_request(
    served: list[tuple[Limits, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has its caller wait, as those of the terminal do, does not keep the service from answering."""
    opened: SimpleQueue[tuple[str, bool]] = SimpleQueue()
    answered = Event()
    monkeypatch.setattr("webbrowser.open", lambda url: opened.put((url, answered.wait(10))))
    main(["web"])
    main(["web", "--open"])
    answered.set()
    assert opened.get(timeout=10) == ("http://127.0.0.1:8765/", True)
    assert opened.empty()


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in sys.modules if name.startswith("mprna.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["web"]) == 2
    assert capsys.readouterr().err == (
        "mprna: error: mprna web needs an optional dependency: pip install 'mprna[web]'\n"
    )


@pytest.mark.parametrize("option", ["--workers", "--max-length", "--time-limit"])
def test_bad_numbers(option: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["web", option, "0"])
    assert stopped.value.code == 2
