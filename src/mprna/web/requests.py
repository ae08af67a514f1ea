"""What clients ask for; with their examples these classes are half of the OpenAPI document.

Positions are 1-based.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

TRNA: Final = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
HAIRPIN: Final = "GGGGAAAACCCC"
HAIRPIN_PAIRS: Final = "((((....))))"

_MAX_TEXT: Final = 10_000_000
"""Characters; what a service really takes is in `limits`, and depends on how it was started."""

Id = Annotated[
    str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="comes back with the answer")
]
Sequence = Annotated[
    str,
    Field(max_length=_MAX_TEXT, description="RNA or DNA letters in any case; white space is dropped"),
]
DotBracket = Annotated[
    str, Field(max_length=_MAX_TEXT, description="a structure, pseudoknots in `[]`, `{}`, `<>`, `Aa`, ...")
]
Energy = Annotated[float, Field(gt=-1e9, lt=1e9, description="kcal/mol")]
Probability = Annotated[float, Field(ge=0, le=1)]
Pair = tuple[int, int, Probability]
"""i, j, probability; i < j"""


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": [values]})


class _Strict(BaseModel):
    """Tells the first unknown field alone: that pydantic lists all of thousands takes seconds."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_other_fields(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        for name in given:
            if name not in cls.model_fields:
                shown = str(name).encode(errors="backslashreplace").decode()
                raise ValidationError.from_exception_data(
                    cls.__name__, [{"type": "extra_forbidden", "loc": (shown,), "input": None}]
                )
        return given


class Rna(_Strict):
    """One RNA."""

    model_config = _example(id="hairpin", sequence=HAIRPIN)

    id: Id = ""
    sequence: Sequence


class RnaToFold(Rna):
    """One RNA, and what is known of its structure."""

    constraint: Annotated[
        str | None,
        Field(max_length=_MAX_TEXT, description="one symbol per nucleotide: . x | < > ( ), all enforced"),
    ] = None


class FoldRequest(_Strict):
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
        str | None, Field(max_length=_MAX_TEXT, description="of the structure, where there is one record")
    ] = None
    relatives: Annotated[
        list[Rna],
        Field(
            fail_fast=True,
            description="likely relatives of the records, of unknown structure; see `mprna fold`",
        ),
    ] = []
    layout: Annotated[bool, Field(description="say where to draw each nucleotide")] = True


class StructureRequest(_Strict):
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
    energy: Energy | None = None
    confidence: Probability | None = None
    expected_f1: Probability | None = None
    pairs: Annotated[list[Pair], Field(fail_fast=True)] | None = None
    nucleotide_confidence: Annotated[list[Probability], Field(fail_fast=True)] | None = None
    engine: Annotated[Id, Field(max_length=50)] | None = None
    relative: Id | None = None
    error: Annotated[str | None, Field(max_length=1_000, pattern=r"^[^\x00]*$")] = None


class ConvertRequest(_Strict):
    """A record, and what file to make of it."""

    model_config = _example(
        record={"id": "hairpin", "sequence": HAIRPIN, "dot_bracket": HAIRPIN_PAIRS, "energy": -5.4},
        format="ct",
    )

    record: RecordToConvert
    colour_label: Annotated[
        str,
        Field(max_length=80, description="what nucleotide_confidence is, beside the colour scale"),
    ] = "probability of the drawn state"
    format: Literal["vienna", "dbn", "ct", "bpseq", "tsv", "jsonl", "svg", "png"]


class EmbedRequest(_Strict):
    """Records to embed."""

    model_config = _example(records=[{"id": "hairpin", "sequence": HAIRPIN}], pool=True)

    records: Annotated[list[Rna], Field(min_length=1, fail_fast=True)]
    pool: Annotated[bool, Field(description="the mean over nucleotides")] = False


class DegradeRequest(_Strict):
    """Records whose degradation is predicted."""

    model_config = _example(records=[{"id": "hairpin", "sequence": HAIRPIN}])

    records: Annotated[list[Rna], Field(min_length=1, fail_fast=True)]


class ScanRequest(_Strict):
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


class RepairRequest(_Strict):
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


class DesignRequest(_Strict):
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


class FoldJob(_Strict):
    """Folding as a job."""

    model_config = _example(verb="fold", request={"records": [{"id": "hairpin", "sequence": HAIRPIN}]})
    verb: Literal["fold"]
    request: FoldRequest


class EmbedJob(_Strict):
    """Embedding as a job."""

    model_config = _example(verb="embed", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["embed"]
    request: EmbedRequest


class DegradeJob(_Strict):
    """Degradation as a job."""

    model_config = _example(verb="degrade", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["degrade"]
    request: DegradeRequest


class ScanJob(_Strict):
    """A scan as a job."""

    model_config = _example(verb="scan", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["scan"]
    request: ScanRequest


class RepairJob(_Strict):
    """Repair as a job."""

    model_config = _example(verb="repair", request={"records": [{"sequence": HAIRPIN}]})
    verb: Literal["repair"]
    request: RepairRequest


class DesignJob(_Strict):
    """Design as a job."""

    model_config = _example(verb="design", request={"dot_bracket": HAIRPIN_PAIRS, "budget_s": 60})
    verb: Literal["design"]
    request: DesignRequest


JobRequest = Annotated[
    FoldJob | EmbedJob | DegradeJob | RepairJob | ScanJob | DesignJob, Field(discriminator="verb")
]
