"""Calling `mprna` in this process, and as a program."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from mprna.cli.main import main

SRC = Path(__file__).parents[2] / "src"
PROGRAM = [sys.executable, "-c", "from mprna.cli.main import main; raise SystemExit(main())"]


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


Call = Callable[..., Outcome]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mprna_home: Path) -> Call:
    """`mprna ARGUMENTS` in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def start(mprna_home: Path) -> Callable[[Sequence[str]], subprocess.Popen[bytes]]:
    """`mprna ARGUMENTS` as a program with pipes, in a session of its own."""

    def run(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environment = os.environ | {"PYTHONPATH": str(SRC)}
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            env=environment,
            start_new_session=True,
            preexec_fn=_default_interrupts,
            **pipes,
        )

    return run


def _default_interrupts() -> None:
    """A shell lets its background jobs ignore Ctrl-C, and the tests with them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
