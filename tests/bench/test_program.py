"""Programs of others as models, with tiny ones that pretend."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from mprna.bench.models import program
from mprna.bench.models.program import FASTA, PROGRAMS, ProgramModel
from mprna.bench.models.registry import MODELS, ModelOptions, make_model, with_mode
from mprna.bench.suite import choose_tasks
from mprna.errors import RunError, UsageError

(TASK,) = choose_tasks("rgb", ("ssp-archive2",))
HAIRPIN = """
import sys
for line in open(sys.argv[1].removeprefix("--in=")) if sys.argv[1:] else sys.stdin:
    if line.startswith(">"):
        print(">", line[1:].strip())
    else:
        stem = min(3, len(line.strip()) // 3)
        print(line.strip())
        print("(" * stem + "." * (len(line.strip()) - 2 * stem) + ")" * stem, "(-1.0)")
"""


def python(code: str, *arguments: str) -> str:
    return f"command:{shlex.join([sys.executable, '-c', code, *arguments])}"


@pytest.mark.parametrize(
    "arguments", [(FASTA,), (f"--in={FASTA}",), ()], ids=["file", "option", "standard input"]
)
def test_structures_are_read_in_their_order(arguments: tuple[str, ...]) -> None:
    model = make_model(python(HAIRPIN, *arguments), TASK, ModelOptions())
    assert model.predict(TASK, ["GGGGAAAACCCC", "GAAC", "N" * 9]) == ["(((......)))", "(..)", "(((...)))"]
    assert (model.num_failed, model.trains) == (0, False)


def test_answers_that_are_no_structures_of_their_rna_count_as_unpaired() -> None:
    code = "print('((..)', flush=True); open(1, 'wb').write(b'(...)\\n\\xff\\n(..)\\n')"  # \xff is no UTF-8
    model = make_model(python(code), TASK, ModelOptions())
    assert model.predict(TASK, ["GAAAC", "GAAAC", "GAAAC"]) == [".....", "(...)", "....."]
    assert model.num_failed == 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('(...)')", "wrote 1 structures for 2 RNAs"),
        ("import sys; sys.exit('no licence')", "ended with status 1: no licence"),
        ("import sys; sys.exit(3)", "ended with status 3: no message"),
    ],
)
def test_a_program_that_fails_is_named(code: str, message: str) -> None:
    model = make_model(python(code), TASK, ModelOptions())
    with pytest.raises(RunError, match=message):
        model.predict(TASK, ["GAAAC", "GAAAC"])


def test_a_program_that_cannot_be_run_is_skipped_as_one_that_fails(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    model = make_model(f"command:{script} {{}}", TASK, ModelOptions())
    with pytest.raises(RunError, match=r"script cannot be run \(.*No such file"):
        model.predict(TASK, ["GAAAC"])


@pytest.mark.parametrize("name", ["command:", "command:no-such-program {}", "command:'"])
def test_what_is_no_program_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"^command:"):
        make_model(name, TASK, ModelOptions())


def test_it_does_structures_only() -> None:
    (other,) = choose_tasks("gue", ("tf.0",))
    with pytest.raises(UsageError, match=r"does structure, but gue/tf\.0"):
        make_model(python(HAIRPIN), other, ModelOptions())


def test_mxfold2_is_called_as_its_manual_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"mxfold2 is not installed .*github.*command:"):
        make_model("mxfold2", TASK, ModelOptions())
    fake = tmp_path / "mxfold2"
    code = HAIRPIN.replace("sys.argv[1:]", "True").replace("sys.argv[1].", "sys.argv[2].")
    fake.write_text(f"#!{sys.executable}\n{code}\nassert sys.argv[1] == 'predict'\n")
    fake.chmod(0o755)
    assert make_model("mxfold2", TASK, ModelOptions()).predict(TASK, ["GGGGAAAACCCC"]) == ["(((......)))"]


def test_eternafold_asks_linearpartition_for_its_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "linearpartition.py").write_text(
        "def partition(sequence, mode):\n"
        "    assert mode == 'eterna' and 'N' not in sequence\n"
        "    return {'structure': '.' * len(sequence)}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = PROGRAMS["eternafold"].command
    assert ProgramModel(command).predict(TASK, ["GGNAC", "GA"]) == [".....", ".."]
    monkeypatch.setattr(program, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"eternafold is not installed \(pip install linearpartition"):
        make_model("eternafold", TASK, ModelOptions())


def test_names() -> None:
    assert set(PROGRAMS) <= set(MODELS)
    assert with_mode("command:x {}", "lora") == "command:x {}"
