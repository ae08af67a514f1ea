"""The first-run test sees every command of README, and notices what differs. It runs as `make first-run`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

README = """\
# Title

```sh
make demo    # folds
pip install '.[train]'
```

```console
$ echo a
a
$ echo b && echo c
b
c
$ true
```

```python
print(1)
```

```text
not a command
```
"""


@pytest.fixture(scope="module")
def first_run(load):
    """packaging/first_run.py."""
    return load(ROOT / "packaging" / "first_run.py")


def test_steps_come_in_order_with_line_and_output(first_run):
    assert [tuple(step) for step in first_run.steps(README)] == [
        ("sh", "make demo", "", 4),
        ("sh", "pip install '.[train]'", "", 5),
        ("sh", "echo a", "a\n", 9),
        ("sh", "echo b && echo c", "b\nc\n", 11),
        ("sh", "true", "", 14),
        ("python", "print(1)\n", "", 18),
    ]


def test_no_block_of_readme_is_overlooked(first_run):
    text = (ROOT / "README.md").read_text()
    languages = re.findall(r"^```(\w+)$", text, re.MULTILINE)
    assert set(languages) == {"sh", "console", "python", "text"}
    assert languages.count("text") == 1  # the file tree
    commands = [step.text for step in first_run.steps(text)]
    assert {"make demo", "make test", "pip install .", "mprna fold GGGGAAAACCCC"} <= set(commands)


@pytest.mark.parametrize(
    ("text", "expected", "message"),
    [
        ("echo a; exit 3", "", "README.md:7: exit status 3\na\n"),
        ("echo a", "b\n", "expected\nb\nbut got\na\n"),
    ],
)
def test_a_difference_ends_the_run(first_run, tmp_path, text, expected, message):
    step = first_run.Step("sh", text, expected, 7)
    with pytest.raises(SystemExit, match=re.escape(message)):
        first_run.run(step, tmp_path, {"PATH": "/usr/bin:/bin"})


def test_what_is_shown_is_what_is_printed(first_run, tmp_path):
    first_run.run(first_run.Step("sh", "echo a", "a\n", 7), tmp_path, {"PATH": "/usr/bin:/bin"})
