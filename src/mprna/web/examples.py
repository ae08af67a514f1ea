"""The RNAs that the page offers: those of the repository's examples/, with their known structures."""

from __future__ import annotations

from importlib import resources

from mprna.io.dot_bracket import read_dot_bracket
from mprna.web.answers import Example


def read_examples() -> list[Example]:
    """All examples, in the order of the file."""
    with resources.as_file(resources.files("mprna.web") / "examples.dbn") as path:
        return [
            Example(
                id=record.name,
                sequence=record.sequence,
                dot_bracket=record.dot_bracket,
                description=record.description,
            )
            for record in read_dot_bracket(path)
        ]
