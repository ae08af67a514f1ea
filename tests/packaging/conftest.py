"""Scripts outside of the package, as modules."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location

import pytest


@pytest.fixture(scope="session")
def load():
    """A Python file as a module."""

    def run(path):
        spec = spec_from_file_location(path.stem, path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return run
