"""What the service answers; these classes are the other half of the OpenAPI document.

Positions are 1-based. Shape letters: L nucleotides, H hidden width.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from mprna.web.requests import Pair

Error = Annotated[str | None, Field(description="why there is no result")]

_ANSWER: Final = ConfigDict(extra="forbid")


class Folded(BaseModel):
    """One folded record."""

    model_config = _ANSWER

    id: str
    sequence: Annotated[str, Field(description="the user's letters")]
    length: int
    dot_bracket: str | None
    energy: Annotated[float | None, Field(description="kcal/mol, Turner 2004, of the `()` pairs")]
    confidence: Annotated[float | None, Field(description="mean of `nucleotide_confidence`")]
    expected_f1: Annotated[float | None, Field(description="expected F1 of the pairs of `dot_bracket`")]
    engine: str
    model: str | None
    relative: Annotated[str | None, Field(description="the relative that counted most")]
    pairs: Annotated[list[Pair] | None, Field(description="i, j, probability, where that is 0.01 or more")]
    nucleotide_confidence: Annotated[
        list[float] | None, Field(description="probability that the base is in the printed state")
    ]
    layout: Annotated[list[tuple[float, float]] | None, Field(description="x, y; y grows down")]
    error: Error


class FoldAnswer(BaseModel):
    """One row per record, in their order."""

    model_config = _ANSWER

    version: str
    records: list[Folded]


class StructureAnswer(BaseModel):
    """What a structure is worth."""

    model_config = _ANSWER

    energy: Annotated[float | None, Field(description="kcal/mol, Turner 2004, of the `()` pairs")]
    layout: list[tuple[float, float]] | None
    pairs: list[tuple[int, int]] | None
    error: Error


class Embedded(BaseModel):
    """Vectors of one record."""

    model_config = _ANSWER

    id: str
    length: int
    model: str
    values: Annotated[
        list[list[float]] | list[float] | None, Field(description="(L, H), or (H,) where pooled")
    ]
    error: Error


class EmbedAnswer(BaseModel):
    """One row per record, in their order."""

    model_config = _ANSWER

    version: str
    records: list[Embedded]


class Degraded(BaseModel):
    """Reactivity and degradation of one record."""

    model_config = _ANSWER

    id: str
    sequence: str
    length: int
    score: Annotated[float | None, Field(description="sum of deg_Mg_50C; lower is more stable")]
    score_sd: Annotated[float | None, Field(description="expected error of the score")]
    values: Annotated[dict[str, list[float]] | None, Field(description="by target, one per nucleotide")]
    sd: Annotated[dict[str, list[float]] | None, Field(description="expected errors of the values")]
    error: Error


class DegradeAnswer(BaseModel):
    """One row per record, in their order."""

    model_config = _ANSWER

    version: str
    records: list[Degraded]


class Scanned(BaseModel):
    """What one variant of one record does; energies in kcal/mol."""

    model_config = _ANSWER

    id: str
    variant: str
    position: int | None
    ref: str | None
    alt: str | None
    llr: Annotated[
        float | None, Field(description="log-likelihood ratio; below 0 the model expects the reference")
    ]
    delta_ensemble_energy: Annotated[float | None, Field(description="above 0: less stable")]
    delta_mfe: float | None
    pair_distance: Annotated[float | None, Field(description="changes of all pair probabilities, added up")]
    unpaired_distance: float | None
    helices_lost: str | None
    helices_gained: str | None
    unpaired: Annotated[
        float | None, Field(description="probability that the site is unpaired in the reference")
    ]
    partner: Annotated[int | None, Field(description="of the site by `mprna fold`; 0 is none")]
    confidence: Annotated[float | None, Field(description="probability of that")]
    window: str | None
    energy_of: str | None
    given: str | None
    error: Error


class ScanAnswer(BaseModel):
    """One row per variant, by record."""

    model_config = _ANSWER

    version: str
    records: list[Scanned]


class Repair(BaseModel):
    """One letter that is to be another."""

    model_config = _ANSWER

    position: int
    seen: str
    base: str
    probability: float
    helix: Annotated[str | None, Field(description="that the repair restores, as `5-9:20-24`")]


class Repaired(BaseModel):
    """Substitutions of one record."""

    model_config = _ANSWER

    id: str
    sequence: str
    length: int
    repaired: Annotated[str | None, Field(description="the sequence with all repairs")]
    repairs: list[Repair] | None
    values: Annotated[
        dict[str, list[float | None]] | None, Field(description="probabilities, one per nucleotide")
    ]
    dot_bracket: Annotated[str | None, Field(description="as given, where something was repaired")]
    repaired_dot_bracket: str | None
    error: Error


class RepairAnswer(BaseModel):
    """One row per record, in their order."""

    model_config = _ANSWER

    version: str
    records: list[Repaired]


class Designed(BaseModel):
    """One sequence for a target, with its certificate."""

    model_config = _ANSWER

    id: str
    solution: int
    dot_bracket: str
    sequence: Annotated[str | None, Field(description="where there is an error: the closest one")]
    energy: float | None
    gap: Annotated[float | None, Field(description="energy less the minimum free energy, kcal/mol")]
    mfe_models: Annotated[
        list[str] | None, Field(description="parameter sets under which the target is the minimum")
    ]
    probability: float | None
    ensemble_defect: float | None
    gc: float | None
    longest_repeat: int | None
    longest_inverted_repeat: int | None
    robustness: float | None
    folds: int
    seconds: float
    error: Error


class DesignAnswer(BaseModel):
    """One row per solution."""

    model_config = _ANSWER

    version: str
    records: list[Designed]


class JobAnswer(BaseModel):
    """A job, and its result when it is done."""

    model_config = _ANSWER

    id: str
    verb: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    done: Annotated[int, Field(description="records that are finished")]
    total: int
    result: Annotated[
        FoldAnswer | EmbedAnswer | DegradeAnswer | RepairAnswer | ScanAnswer | DesignAnswer | None,
        Field(description="as the verb answers"),
    ] = None
    error: Error = None


class HealthAnswer(BaseModel):
    """Whether the service works, and how much it has to do."""

    status: Literal["ok"]
    workers: int
    busy: int
    waiting: Annotated[int, Field(description="tasks without a worker")]
    jobs: Annotated[int, Field(description="jobs that run or wait")]


class VersionAnswer(BaseModel):
    """Versions, and what one request may hold."""

    version: str
    vienna: str
    limits: dict[str, int | float]


class ModelAnswer(BaseModel):
    """An installed model."""

    name: str
    kind: str
    bytes: int
    max_length: int
    card: Annotated[str, Field(description="Markdown")]


class Example(BaseModel):
    """A well-known RNA."""

    id: str
    sequence: str
    dot_bracket: Annotated[str | None, Field(description="the known structure, where there is one")]
    description: str


class ProblemDetail(BaseModel):
    """What was wrong."""

    code: Annotated[str, Field(description="one word, for programs")]
    message: Annotated[str, Field(description="one line, for people")]
    field: Annotated[str | None, Field(description="where in the request")]


class Problem(BaseModel):
    """Every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "too_long",
                        "message": "5,000 nt; up to 3,000",
                        "field": "records[0].sequence",
                    }
                }
            ]
        }
    )

    error: ProblemDetail
