"""Requests and answers of the API; with their examples they are the OpenAPI document.

Long because the fields of all verbs are one document, of which no line computes anything.

Positions are 1-based. Shape letters: L nucleotides, H hidden width.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

TRNA: Final = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
HAIRPIN: Final = "GGGGAAAACCCC"
HAIRPIN_PAIRS: Final = "((((....))))"

Id = Annotated[
    str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="comes back with the answer")
]
Sequence = Annotated[
    str,
    Field(max_length=10_000_000, description="RNA or DNA letters in any case; white space is dropped"),
]
DotBracket = Annotated[
    str, Field(max_length=10_000_000, description="a structure, pseudoknots in `[]`, `{}`, `<>`, `Aa`, ...")
]
Probability = Annotated[float, Field(ge=0, le=1)]
Pair = tuple[int, int, Probability]
"""i, j, probability; i < j"""
Error = Annotated[str | None, Field(description="why there is no result")]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": [values]})


_ANSWER: Final = ConfigDict(extra="forbid")


# Requests


class Rna(BaseModel):
    """One RNA."""

    model_config = _example(id="hairpin", sequence=HAIRPIN)

    id: Id = ""
    sequence: Sequence


class RnaToFold(Rna):
    """One RNA, and what is known of its structure."""

    constraint: Annotated[
        str | None,
        Field(max_length=10_000_000, description="one symbol per nucleotide: . x | < > ( ), all enforced"),
    ] = None


class FoldRequest(BaseModel):
    """Records to fold. One that cannot be folded gets a row with its reason."""

    model_config = _example(records=[{"id": "yeast_tRNA_Phe", "sequence": TRNA}], engine="hybrid")

    records: Annotated[list[RnaToFold], Field(min_length=1, fail_fast=True)]
    engine: Annotated[
        Literal["hybrid", "model", "vienna"],
        Field(description="hybrid: a network that reads ViennaRNA's ensemble; or either of them alone"),
    ] = "hybrid"
    pseudoknots: Annotated[bool, Field(description="add pairs that cross; not with vienna")] = False
    min_confidence: Annotated[Probability, Field(description="leave out pairs of a lower probability")] = 0.0
    constraint: Annotated[
        str | None, Field(max_length=10_000_000, description="of the structure, where there is one record")
    ] = None
    layout: Annotated[bool, Field(description="say where to draw each nucleotide")] = True


class StructureRequest(BaseModel):
    """A structure of the user's own."""

    model_config = _example(sequence=HAIRPIN, dot_bracket=HAIRPIN_PAIRS)

    sequence: Sequence
    dot_bracket: DotBracket


class RecordToConvert(BaseModel):
    """A row of an answer of `/api/fold`, or as much of it as there is; other names are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: Id = ""
    sequence: Sequence
    dot_bracket: DotBracket | None = None
    energy: float | None = None
    confidence: Probability | None = None
    expected_f1: Probability | None = None
    pairs: Annotated[list[Pair], Field(fail_fast=True)] | None = None
    nucleotide_confidence: Annotated[list[Probability], Field(fail_fast=True)] | None = None
    engine: Annotated[str | None, Field(max_length=50)] = None
    error: Annotated[str | None, Field(max_length=1_000)] = None


class ConvertRequest(BaseModel):
    """A record, and what file to make of it."""

    model_config = _example(
        record={"id": "hairpin", "sequence": HAIRPIN, "dot_bracket": HAIRPIN_PAIRS, "energy": -5.4},
        format="ct",
    )

    record: RecordToConvert
    format: Literal["vienna", "dbn", "ct", "bpseq", "tsv", "jsonl", "svg", "png"]


class EmbedRequest(BaseModel):
    """Records to embed."""

    model_config = _example(records=[{"id": "hairpin", "sequence": HAIRPIN}], pool=True)

    records: Annotated[list[Rna], Field(min_length=1, fail_fast=True)]
    pool: Annotated[bool, Field(description="the mean over nucleotides")] = False


class DegradeRequest(BaseModel):
    """Records whose degradation is predicted."""

    model_config = _example(records=[{"id": "hairpin", "sequence": HAIRPIN}])

    records: Annotated[list[Rna], Field(min_length=1, fail_fast=True)]


class ScanRequest(BaseModel):
    """Variants of records."""

    model_config = _example(records=[{"id": "hairpin", "sequence": HAIRPIN}], variants=["G1A", "G1A+C12U"])

    records: Annotated[list[Rna], Field(min_length=1, fail_fast=True)]
    variants: Annotated[
        list[Annotated[str, Field(max_length=200)]] | None,
        Field(
            min_length=1,
            max_length=10_000,
            description="of every record; by default all single substitutions",
        ),
    ] = None


class RepairRequest(BaseModel):
    """Records whose substitutions are looked for, and whose `N` are filled."""

    model_config = _example(
        records=[{"id": "yeast_tRNA_Phe", "sequence": TRNA.replace("CCAGACUG", "CCAGNCUG")}]
    )

    records: Annotated[list[Rna], Field(min_length=1, fail_fast=True)]
    rate: Annotated[
        float | None, Field(gt=0, lt=0.75, description="share of nucleotides that are substituted [0.01]")
    ] = None
    threshold: Annotated[float, Field(gt=0, le=1, description="least probability of another base")] = 0.5
    fill: Annotated[bool, Field(description="give N and other ambiguity codes a base")] = True


class DesignRequest(BaseModel):
    """A structure for which sequences are searched."""

    model_config = _example(id="hairpin", dot_bracket=HAIRPIN_PAIRS, seed=1, budget_s=5, gc=[0.3, 0.7])

    id: Id = "target_1"
    dot_bracket: DotBracket
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    budget_s: Annotated[float, Field(gt=0, description="seconds of search, for all solutions")] = 10.0
    solutions: Annotated[int, Field(ge=1, le=20)] = 1
    gc: Annotated[
        tuple[Probability, Probability] | None, Field(description="least and largest share of G and C")
    ] = None
    pattern: Annotated[
        str | None, Field(max_length=10_000, description="IUPAC codes, one per position; N is any")
    ] = None
    forbid: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(max_length=50, description="motifs, in IUPAC codes"),
    ] = []
    max_run: Annotated[int | None, Field(ge=1, description="longest run of one nucleotide")] = None
    max_repeat: Annotated[int | None, Field(ge=1, description="longest stretch that occurs twice")] = None
    max_inverted_repeat: Annotated[
        int | None,
        Field(ge=1, description="longest stretch whose reverse complement occurs too, apart from the target"),
    ] = None


class FoldJob(BaseModel):
    """Folding as a job."""

    model_config = _example(verb="fold", request={"records": [{"id": "hairpin", "sequence": HAIRPIN}]})
    verb: Literal["fold"]
    request: FoldRequest


class EmbedJob(BaseModel):
    """Embedding as a job."""

    model_config = _example(verb="embed", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["embed"]
    request: EmbedRequest


class DegradeJob(BaseModel):
    """Degradation as a job."""

    model_config = _example(verb="degrade", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["degrade"]
    request: DegradeRequest


class ScanJob(BaseModel):
    """A scan as a job."""

    model_config = _example(verb="scan", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["scan"]
    request: ScanRequest


class RepairJob(BaseModel):
    """Repair as a job."""

    model_config = _example(verb="repair", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["repair"]
    request: RepairRequest


class DesignJob(BaseModel):
    """Design as a job."""

    model_config = _example(verb="design", request={"dot_bracket": HAIRPIN_PAIRS, "budget_s": 60})
    verb: Literal["design"]
    request: DesignRequest


JobRequest = Annotated[
    FoldJob | EmbedJob | DegradeJob | RepairJob | ScanJob | DesignJob, Field(discriminator="verb")
]


# Answers


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
