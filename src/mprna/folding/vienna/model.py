"""How energies are counted: parameter set, temperature, longest pair, dangling ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mprna.errors import UsageError

PARAMETER_SETS: Final = {
    "turner2004": "Turner 2004",
    "turner1999": "Turner 1999",
    "andronescu2007": "Andronescu 2007",
    "langdon2018": "Langdon 2018",
}
"""Our names for the energy parameters, and ViennaRNA's."""

CONTRAFOLD: Final = "contrafold2"
"""CONTRAfold 2 in ViennaRNA's terms (runs/contrafold_parameters.py), for `pair_probs` alone: scores
that were fitted to known structures, not energies that were measured, and the same at any temperature."""

_GAS_CONSTANT: Final = 1.98717e-3  # kcal/(mol K), as in ViennaRNA


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyModel:
    """How ViennaRNA counts energies.

    Raises:
        UsageError: a value that ViennaRNA would replace by another without a word.
    """

    temperature: float = 37.0
    """In degrees Celsius."""

    parameters: str = "turner2004"
    """One of `PARAMETER_SETS`."""

    max_span: int | None = None
    """Longest pair allowed: nucleotides from one end to the other, both included."""

    dangles: int = 2
    """0 or 2, as in RNAfold; 1 and 3 do not exist for ensembles."""

    def __post_init__(self) -> None:
        if self.parameters not in PARAMETER_SETS:
            known = ", ".join(PARAMETER_SETS)
            raise UsageError(f"unknown energy parameters {self.parameters!r}; choose one of {known}")
        if not 0 <= self.temperature <= 100:
            raise UsageError(f"temperature {self.temperature} °C; expected 0 to 100")
        if self.max_span is not None and self.max_span < 1:
            raise UsageError(f"max_span {self.max_span}; expected at least 1 nt")
        if self.dangles not in (0, 2):
            raise UsageError(f"dangles {self.dangles}; expected 0 or 2")

    @property
    def thermal_energy(self) -> float:
        """RT in kcal/mol.

        >>> round(EnergyModel().thermal_energy, 4)
        0.6163
        """
        return _GAS_CONSTANT * (self.temperature + 273.15)


DEFAULT_MODEL: Final = EnergyModel()
"""RNAfold's own defaults."""
