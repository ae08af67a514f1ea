"""MP-RNA: fold and embed RNA with a structure-aware foundation model, and pretrain your own.

The names below are loaded when they are first used, so that `import mprna` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mprna.errors import MprnaError
    from mprna.io.records import Record
    from mprna.predict.embed import embed
    from mprna.predict.fold import fold
    from mprna.predict.options import FoldOptions
    from mprna.runtime.engine import Engine, Prediction
    from mprna.runtime.load import load
    from mprna.tokenizer import Tokenizer

__version__ = "0.1.0"

__all__ = [
    "Engine",
    "FoldOptions",
    "MprnaError",
    "Prediction",
    "Record",
    "Tokenizer",
    "__version__",
    "embed",
    "fold",
    "load",
]

_HOMES = {
    "Engine": "mprna.runtime.engine",
    "FoldOptions": "mprna.predict.options",
    "MprnaError": "mprna.errors",
    "Prediction": "mprna.runtime.engine",
    "Record": "mprna.io.records",
    "Tokenizer": "mprna.tokenizer",
    "embed": "mprna.predict.embed",
    "fold": "mprna.predict.fold",
    "load": "mprna.runtime.load",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mprna' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
