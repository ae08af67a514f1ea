"""Folds that hang, crash, eat memory or are killed from outside."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import mprna
from mprna.corpus.annotate import Annotation, annotate
from mprna.corpus.fidelity import shipped_calibration
from mprna.corpus.isolation import FoldFailure, FoldLimits, IsolatedFold
from mprna.errors import FoldingError
from mprna.folding.vienna import EnergyModel

LIMITS = FoldLimits(seconds=30.0, memory=512)
HAIRPIN = "GGGGAAAACCCC"
DEFAULT = EnergyModel()
SHIPPED = shipped_calibration()
Fold = Callable[[str, EnergyModel], Annotation]
DEAD_ENDS = {
    "hang": "GGGAAAAACCC",
    "segfault": "GGAAAACC",
    "abort": "GAAAAAC",
    "hog": "GGAAAAACC",
    "bug": "GAAAC",
}


def fold_or_not(sequence: str, energy_model: EnergyModel) -> Annotation:
    """A fold function with five sequences that it does not survive."""
    match {text: name for name, text in DEAD_ENDS.items()}.get(sequence):
        case "hang":
            time.sleep(600)
        case "segfault":
            ctypes.string_at(0)
        case "abort":
            os.abort()
        case "hog":
            bytearray(2**40)
        case "bug":
            raise ZeroDivisionError
    return annotate(sequence, energy_model, SHIPPED)


def fold_and_count(sequence: str, energy_model: EnergyModel) -> Annotation:
    """Kills itself at the first two of three attempts, which a file counts."""
    counter = Path(os.environ["MPRNA_TEST_COUNTER"])
    attempts = len(counter.read_text()) if counter.exists() else 0
    counter.write_text("x" * (attempts + 1))
    if attempts % 3 < 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return annotate(sequence, energy_model, SHIPPED)


def fail(sequence: str, energy_model: EnergyModel) -> Annotation:
    raise FoldingError("no fold")


FOLDS = [fold_or_not, fold_and_count, fail]


def one(
    isolated: IsolatedFold, sequence: str, model: EnergyModel = DEFAULT, fold: Fold = fold_or_not
) -> Annotation | FoldFailure:
    [found] = isolated(fold, [(sequence, model)])
    return found


@pytest.fixture
def isolated() -> Iterator[IsolatedFold]:
    fold = IsolatedFold(FOLDS, LIMITS)
    yield fold
    fold.close()


def test_labels_are_those_of_the_fold_itself(isolated: IsolatedFold) -> None:
    assert one(isolated, HAIRPIN) == annotate(HAIRPIN, EnergyModel(), SHIPPED)
    hot = EnergyModel(temperature=80.0)
    assert one(isolated, HAIRPIN, hot) == annotate(HAIRPIN, hot, SHIPPED)


def test_answers_that_nobody_took_are_not_given_to_the_next(isolated: IsolatedFold) -> None:
    given_up = isolated(fold_or_not, [(HAIRPIN * copies, DEFAULT) for copies in (2, 3, 4)])
    next(given_up)
    assert one(isolated, HAIRPIN) == annotate(HAIRPIN, DEFAULT, SHIPPED)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("segfault", FoldFailure.CRASH), ("abort", FoldFailure.CRASH), ("hog", FoldFailure.MEMORY)],
)
def test_death_is_a_reason_and_the_next_fold_is_well(
    isolated: IsolatedFold, name: str, reason: FoldFailure
) -> None:
    assert one(isolated, DEAD_ENDS[name]) is reason
    assert one(isolated, HAIRPIN) == annotate(HAIRPIN, EnergyModel(), SHIPPED)


def test_nothing_lies_about_while_it_folds(
    isolated: IsolatedFold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever kills this process leaves no file behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert one(isolated, DEAD_ENDS["segfault"]) is FoldFailure.CRASH
    assert isinstance(one(isolated, HAIRPIN), Annotation)
    assert list(tmp_path.iterdir()) == []


def test_a_death_costs_one_of_many(isolated: IsolatedFold) -> None:
    bad = [DEAD_ENDS["segfault"], DEAD_ENDS["hog"]]
    sequences = [HAIRPIN, bad[0], HAIRPIN + "A", HAIRPIN + "C", bad[1], bad[0], HAIRPIN + "G"]
    failures = {bad[0]: FoldFailure.CRASH, bad[1]: FoldFailure.MEMORY}
    expected = [failures.get(text) or annotate(text, DEFAULT, SHIPPED) for text in sequences]
    assert list(isolated(fold_or_not, [(text, DEFAULT) for text in sequences])) == expected
    assert list(isolated(fold_or_not, [])) == []


def test_hanging_fold_is_ended_at_its_limit() -> None:
    isolated = IsolatedFold(FOLDS, replace(LIMITS, seconds=0.5))
    start = time.monotonic()
    try:
        assert one(isolated, DEAD_ENDS["hang"]) is FoldFailure.TIMEOUT
        assert time.monotonic() - start < 20
        assert isinstance(one(isolated, HAIRPIN), Annotation)
    finally:
        isolated.close()


def test_vienna_without_memory_or_time(capfd: pytest.CaptureFixture[str]) -> None:
    """The real thing: ViennaRNA crashes where it gets no memory, and cannot be interrupted from Python."""
    sequence = HAIRPIN * 200
    for limits, reason in [
        (replace(LIMITS, memory=8), FoldFailure.MEMORY),
        (replace(LIMITS, seconds=0.001), FoldFailure.TIMEOUT),
    ]:
        isolated = IsolatedFold(FOLDS, limits)
        try:
            assert one(isolated, sequence) is reason
        finally:
            isolated.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_limit_of_the_system_stays() -> None:
    """As of `ulimit -v`; root could lift it, all others get an error for trying."""
    script = (
        "import resource; from mprna.corpus.isolation import _limit_memory\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33)); _limit_memory(2**20)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)); _limit_memory(1)\n"
        "print(max(resource.getrlimit(resource.RLIMIT_AS)) < 2**33)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(mprna.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{(2**33, 2**33)}\nTrue\n", "")


def test_kill_from_outside_is_not_the_sequence_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPRNA_TEST_COUNTER", str(tmp_path / "attempts"))
    isolated = IsolatedFold(FOLDS, LIMITS)
    try:
        found = list(isolated(fold_and_count, [(HAIRPIN, DEFAULT), (HAIRPIN, DEFAULT)]))
    finally:
        isolated.close()
    assert found == [annotate(HAIRPIN, DEFAULT, SHIPPED)] * 2
    assert (tmp_path / "attempts").read_text() == "xxx" * 2


def test_no_fold_is_a_reason() -> None:
    isolated = IsolatedFold(FOLDS, LIMITS)
    try:
        assert one(isolated, HAIRPIN, fold=fail) is FoldFailure.NO_FOLD
    finally:
        isolated.close()


def test_bug_is_no_reason_and_keeps_its_traceback(
    isolated: IsolatedFold, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match="exit code 1"):
        one(isolated, DEAD_ENDS["bug"])
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_closed_twice_and_before_use() -> None:
    isolated = IsolatedFold(FOLDS, LIMITS)
    isolated.close()
    isolated.close()


@pytest.mark.parametrize(("length", "seconds"), [(1, 30.0), (1000, 30.0), (3000, 810.0)])
def test_time_limit_grows_with_the_cube_of_the_length(length: int, seconds: float) -> None:
    assert LIMITS.seconds_for(length) == pytest.approx(seconds)
