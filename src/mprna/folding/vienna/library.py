"""The ViennaRNA library: imported on first use, with one lock around its process-wide energy parameters."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mprna.folding.parameters import mean_parameters
from mprna.folding.vienna.model import CONTRAFOLD, PARAMETER_SETS, EnergyModel

MAX_LENGTH: Final = 32_767
"""ViennaRNA makes no fold compound of a longer sequence."""

PAIR_TYPES: Final = ("CG", "GC", "GU", "UG", "AU", "UA")
"""ViennaRNA numbers the canonical pairs in this order, from 1."""

_CONTRAFOLD_FILE: Final = Path(__file__).with_name("contrafold2.par")

BASE_CODES: Final = "NACGU"
"""ViennaRNA's code of a letter is its place in this string."""

LOCK: Final = threading.RLock()
"""Held from the moment a parameter set is loaded until everything that needs it has been computed."""

if hasattr(os, "register_at_fork"):  # a child must not begin with a lock that no thread of it will release
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)

_ANY_SPAN: Final = -1

_DETAILS: Final = {
    "betaScale": 1.0,
    "circ": 0,
    "energy_set": 0,
    "gquad": 0,
    "logML": 0,
    "min_loop_size": 3,
    "noGU": 0,
    "noGUclosure": 0,
    "noLP": 0,
    "pf_smooth": 1,
    "salt": 1.021,
    "special_hp": 1,
}
"""ViennaRNA's settings that no model of ours changes, but a user of the library in the same process may."""


def viennarna() -> Any:
    """The module `RNA`, imported at the first call: it takes longer to load than our whole package."""
    import RNA

    return RNA


def vienna_version() -> str:
    """Version of the installed ViennaRNA."""
    return str(viennarna().__version__)


def load_parameters(library: Any, parameters: str) -> None:
    """Make a parameter set the one of the process, unless it already is. The caller holds `LOCK`."""
    current = library.last_parameter_file()  # "" is a set without a name, of whoever uses the library too
    if current is None:
        current = "RNA - Turner 2004"  # built in
    if parameters == CONTRAFOLD:
        if current != CONTRAFOLD:
            library.params_load_from_string(parameter_text(CONTRAFOLD), CONTRAFOLD)
        return
    title = PARAMETER_SETS[parameters]
    if current != f"RNA - {title}":
        getattr(library, f"params_load_RNA_{title.replace(' ', '')}")()


def model_details(library: Any, model: EnergyModel) -> Any:
    """ViennaRNA's model details for an energy model."""
    max_span = min(model.max_span or _ANY_SPAN, MAX_LENGTH)
    return library.md(  # what it is not given comes from process-wide variables
        temperature=model.temperature, dangles=model.dangles, max_bp_span=max_span, **_DETAILS
    )


@lru_cache(maxsize=8)
def loop_parameters(model: EnergyModel) -> Any:
    """Loop energies under a model, cached."""
    library = viennarna()
    with LOCK:
        load_parameters(library, model.parameters)
        return library.param(model_details(library, model))


@lru_cache(maxsize=8)
def boltzmann_factors(model: EnergyModel, *parameters: str) -> Any:
    """Cached, because loading a parameter set into the process takes longer than folding a short RNA.

    Other sets than the model's are not left behind: who uses the library beside us could not tell.

    Args:
        parameters: instead of the model's: one set, or two for the energies half way between them.
    """
    library = viennarna()
    with LOCK:
        if len(parameters) == 2:
            texts = [parameter_text(name) for name in parameters]
            library.params_load_from_string(mean_parameters(*texts), " + ".join(parameters))
        else:
            load_parameters(library, *(parameters or (model.parameters,)))
        factors = library.exp_param(model_details(library, model))
        load_parameters(library, model.parameters)
        return factors


def parameter_text(parameters: str) -> str:
    """A parameter set in ViennaRNA's format; of those that are built in, the text in the library."""
    if parameters == CONTRAFOLD:
        return _CONTRAFOLD_FILE.read_text()
    name = PARAMETER_SETS[parameters].lower().replace(" ", "")
    return str(getattr(viennarna(), f"parameter_set_rna_{name}")).replace("\n#END", "\n# END\n")
