"""What worker processes do: a task in, JSON rows or a file out.

Rows are made into JSON here, so that the process that talks to clients only passes bytes on.
Positions are 1-based, as everywhere in the API. Nothing here knows the web framework.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache, partial
from itertools import islice
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.draw.document import svg_size
from mprna.draw.layout import layout
from mprna.draw.png import png_bytes
from mprna.draw.svg import draw_structure
from mprna.errors import DataError, MprnaError, StructureError
from mprna.folding.confidence import assigned_state_probs
from mprna.io.formats import FORMATS
from mprna.io.records import Record
from mprna.predict.degrade import DegradationResult, degrade
from mprna.predict.design import Design, DesignOptions, Target, design_targets
from mprna.predict.design_output import row_of
from mprna.predict.embed import embed, mean_vector
from mprna.predict.embed_output import rounded
from mprna.predict.evaluate import evaluate, pairs_of
from mprna.predict.folder import MAX_RELATED_LENGTH, Folder
from mprna.predict.options import FoldOptions
from mprna.predict.relatives import listed_relatives
from mprna.predict.repair import RepairOptions, RepairResult, repair
from mprna.predict.repair_output import rows_of as repair_rows
from mprna.predict.scan import ScanOptions, scan
from mprna.predict.scan_output import SCAN_COLUMNS, effect_row
from mprna.rna.energy import round_energy
from mprna.rna.variants import single_substitutions
from mprna.runtime.degradation_engine import TARGETS
from mprna.runtime.load import load_folding
from mprna.runtime.store import DEFAULT_MODEL

MIN_SENT_PROB: Final = 0.01
"""Weaker pairs are not sent."""

REPAIR_VALUES: Final = ("p_substitution", "p_A", "p_C", "p_G", "p_U")
"""Columns of `mprna repair`."""

PICTURES: Final = ("svg", "png")

_SCALE: Final = 2.0
_MAX_PIXELS: Final = 36_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that cannot be answered: the message of one of our errors."""

    message: str


@dataclass(frozen=True, slots=True)
class Bug:
    """Anything else that was raised: its type and where, without its message, which may hold a sequence."""

    kind: str
    place: str


Relatives = tuple[tuple[str, str], ...]
"""Names and sequences."""

Outcome = list[bytes] | Refusal | Bug
"""JSON rows, or one file."""


class Tools:
    """Models of one process, each loaded when it is first needed."""

    def __init__(self) -> None:
        self._load: Callable[..., Any] = cache(load_folding)

        self.folder = lru_cache(maxsize=2)(self._folder)
        """One folder per options and relatives, which are folded once for all records of a request."""

    def _folder(self, options: FoldOptions, relatives: Relatives = ()) -> Folder:
        library = listed_relatives(relatives, MAX_RELATED_LENGTH)
        return Folder(options, load=self._load, relatives=library)


class Task(Protocol):
    """One piece of work, which travels to a worker."""

    def run(self, tools: Tools) -> list[bytes]:
        """The rows of the answer, or a file.

        Raises:
            MprnaError: it cannot be answered.
        """


class RowTask(Task, Protocol):
    """A task whose failures are rows too."""

    def failed(self, reason: str) -> list[bytes]:
        """The rows where there is no answer, as where `run` raises."""


def make_worker() -> Callable[[Task], Outcome]:
    """A worker, in its own process."""
    return partial(_work, Tools())


def _work(tools: Tools, task: Task) -> Outcome:
    try:
        return task.run(tools)
    except MprnaError as error:
        return Refusal(str(error))
    except Exception as bug:  # the border of the process: the service answers 500 and goes on
        frame = traceback.extract_tb(bug.__traceback__)[-1]
        return Bug(type(bug).__name__, f"{frame.filename}:{frame.lineno} in {frame.name}")


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Loads the default model, so that nobody has to wait for it."""

    def run(self, tools: Tools) -> list[bytes]:
        tools.folder(FoldOptions()).fold(Record(name="", sequence="GGGGAAAACCCC"))
        return []


@dataclass(frozen=True, slots=True)
class FoldTask:
    """One record to fold."""

    id: str
    record: Record
    options: FoldOptions
    with_layout: bool
    relatives: Relatives = ()

    def run(self, tools: Tools) -> list[bytes]:
        return self._rows(tools.folder(self.options, self.relatives)(self.record))

    def failed(self, reason: str) -> list[bytes]:
        return self._rows(Record(name="", sequence=self.record.sequence, error=reason))

    def _rows(self, folded: Record) -> list[bytes]:
        row: dict[str, Any] = {
            "id": self.id,
            "sequence": folded.sequence,
            "length": len(folded.sequence),
            "dot_bracket": folded.dot_bracket,
            "energy": None if folded.energy is None else round_energy(folded.energy),
            "confidence": None if folded.confidence is None else round(folded.confidence, 4),
            "expected_f1": None if folded.expected_f1 is None else round(folded.expected_f1, 4),
            "engine": self.options.engine,
            "model": None if self.options.engine == "vienna" else str(self.options.model),
            "relative": folded.template,
            "pairs": None,
            "nucleotide_confidence": None,
            "layout": None,
            "error": folded.error,
        }
        if folded.dot_bracket is not None:
            row |= _likelihoods(folded)
            row["layout"] = _layout(folded.dot_bracket) if self.with_layout else None
        return [_json(row)]


@dataclass(frozen=True, slots=True)
class StructureTask:
    """A user's own structure."""

    sequence: str
    dot_bracket: str

    def run(self, tools: Tools) -> list[bytes]:
        try:
            found = evaluate(self.sequence, self.dot_bracket)
        except DataError as error:
            return self.failed(str(error))
        energy = None if found.energy is None else round_energy(found.energy)
        pairs = (found.pairs + 1).tolist()
        return [self._row(energy, _layout(self.dot_bracket), pairs, found.error)]

    def failed(self, reason: str) -> list[bytes]:
        return [self._row(None, None, None, reason)]

    def _row(self, energy: float | None, points: Any, pairs: Any, error: str | None) -> bytes:
        return _json({"energy": energy, "layout": points, "pairs": pairs, "error": error})


@dataclass(frozen=True, slots=True)
class ConvertTask:
    """A record as a file."""

    record: Record
    format_name: str
    pairs: tuple[tuple[int, int, float], ...] = ()
    """1-based, with probabilities."""
    colours: tuple[float, ...] | None = None
    """For a picture: a value from 0 to 1 per nucleotide, drawn as its colour."""
    colour_label: str = ""

    def run(self, tools: Tools) -> list[bytes]:
        record = self.record
        if record.dot_bracket is not None:
            pairs_of(record.sequence, record.dot_bracket)
        if self.pairs:
            record = replace(record, base_pair_probs=_matrix(self.pairs, len(record.sequence)))
        if self.format_name in PICTURES:
            svg = draw_structure(record, colours=self.colours, colour_label=self.colour_label)
            return [svg.encode() if self.format_name == "svg" else _png(svg)]
        stream = io.StringIO()
        write = FORMATS[self.format_name].write
        assert write is not None
        write([record], stream)
        return [stream.getvalue().encode()]


@dataclass(frozen=True, slots=True)
class EmbedTask:
    """One record to embed."""

    id: str
    sequence: str
    pool: bool

    def run(self, tools: Tools) -> list[bytes]:
        vectors = embed(self.sequence)
        return self._rows(rounded(mean_vector(vectors) if self.pool else vectors), None)

    def failed(self, reason: str) -> list[bytes]:
        return self._rows(None, reason)

    def _rows(self, values: Any, error: str | None) -> list[bytes]:
        row = {"id": self.id, "length": len(self.sequence), "model": DEFAULT_MODEL}
        return [_json(row | {"values": values, "error": error})]


@dataclass(frozen=True, slots=True)
class DegradeTask:
    """One record whose degradation is predicted."""

    id: str
    sequence: str

    def run(self, tools: Tools) -> list[bytes]:
        return self._rows(degrade(self.sequence), None)

    def failed(self, reason: str) -> list[bytes]:
        return self._rows(None, reason)

    def _rows(self, found: DegradationResult | None, error: str | None) -> list[bytes]:
        row: dict[str, Any] = {"id": self.id, "sequence": self.sequence, "length": len(self.sequence)}
        row |= dict.fromkeys(("score", "score_sd", "values", "sd"))
        if found is not None and found.score is not None and found.score_sd is not None:
            row |= {"score": round(found.score, 4), "score_sd": round(found.score_sd, 4)}
            row |= {"values": _columns(found.mean), "sd": _columns(found.sd)}
        return [_json(row | {"error": error})]


@dataclass(frozen=True, slots=True)
class ScanTask:
    """Some variants of one record."""

    id: str
    sequence: str
    variants: tuple[str, ...] | range
    """Those of the user, who finds them in the column `given` too, or which of all single substitutions,
    counted from 0; none where the sequence is not RNA."""
    options: ScanOptions

    def run(self, tools: Tools) -> list[bytes]:
        unsaid = {"given": None} if isinstance(self.variants, range) else {}
        effects = scan(self.sequence, self._texts(), self.options)
        return [self._row(effect_row(effect) | unsaid) for effect in effects]

    def failed(self, reason: str) -> list[bytes]:
        empty = dict.fromkeys(SCAN_COLUMNS)
        texts = self._texts() if self.variants else [""]
        return [self._row(empty | {"variant": text, "error": reason}) for text in texts]

    def _texts(self) -> Sequence[str]:
        if not isinstance(self.variants, range):
            return self.variants
        every = single_substitutions(clean_sequence(self.sequence))
        return [str(variant) for variant in islice(every, self.variants.start, self.variants.stop)]

    def _row(self, row: dict[str, Any]) -> bytes:
        return _json({"id": self.id} | {name: value for name, value in row.items() if name != "name"})


@dataclass(frozen=True, slots=True)
class RepairTask:
    """One record whose substitutions are looked for."""

    id: str
    sequence: str
    options: RepairOptions

    def run(self, tools: Tools) -> list[bytes]:
        return self._rows(repair(self.sequence, self.options), None)

    def failed(self, reason: str) -> list[bytes]:
        return self._rows(None, reason)

    def _rows(self, found: RepairResult | None, error: str | None) -> list[bytes]:
        row: dict[str, Any] = {"id": self.id, "sequence": self.sequence, "length": len(self.sequence)}
        row |= dict.fromkeys(("repaired", "repairs", "values", "dot_bracket", "repaired_dot_bracket"))
        if found is not None:
            rows = list(repair_rows(found))
            row |= {
                name: getattr(found, name) for name in ("repaired", "dot_bracket", "repaired_dot_bracket")
            }
            row["repairs"] = [asdict(change) for change in found.repairs]
            row["values"] = {name: [one[name] for one in rows] for name in REPAIR_VALUES}
        return [_json(row | {"error": error})]


@dataclass(frozen=True, slots=True)
class DesignTask:
    """Sequences for one target."""

    id: str
    dot_bracket: str
    options: DesignOptions

    def run(self, tools: Tools) -> list[bytes]:
        target = Target(self.id, self.dot_bracket)
        return [self._row(design) for design in design_targets([target], self.options)]

    def failed(self, reason: str) -> list[bytes]:
        return [self._row(Design(name=self.id, solution=1, target=self.dot_bracket, error=reason))]

    def _row(self, design: Design) -> bytes:
        row = row_of(design)
        return _json({"id": row.pop("name"), "dot_bracket": row.pop("target"), **row})


def _json(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _likelihoods(folded: Record) -> dict[str, Any]:
    """Pairs worth showing, and how probable the printed state of every nucleotide is."""
    probs = folded.base_pair_probs
    assert probs is not None
    assert folded.dot_bracket is not None
    i, j = np.nonzero(np.triu(probs, k=1) >= MIN_SENT_PROB)
    values = probs[i, j].astype(np.float64).round(5)
    triples = zip((i + 1).tolist(), (j + 1).tolist(), values.tolist(), strict=True)
    states = assigned_state_probs(folded.dot_bracket, probs).astype(np.float64)
    return {"pairs": list(triples), "nucleotide_confidence": states.round(4).tolist()}


def _layout(dot_bracket: str) -> list[list[float]]:
    """*Shape:* (L, 2), in steps of the backbone; y grows down"""
    points: list[list[float]] = layout(dot_bracket).positions.round(3).tolist()
    return points


def _matrix(pairs: tuple[tuple[int, int, float], ...], length: int) -> npt.NDArray[np.float32]:
    """*Shape:* (L, L), symmetric"""
    matrix = np.zeros((length, length), dtype=np.float32)
    for i, j, prob in pairs:
        if not 1 <= i < j <= length:
            raise StructureError(f"pair {i}, {j}; expected 1 <= i < j <= {length}")
        matrix[i - 1, j - 1] = matrix[j - 1, i - 1] = prob
    return matrix


def _columns(values: npt.NDArray[np.float32] | None) -> dict[str, list[float]]:
    """*Shape:* (L, T) to one list of L per target"""
    assert values is not None
    return {name: values[:, k].astype(np.float64).round(4).tolist() for k, name in enumerate(TARGETS)}


def _png(svg: str) -> bytes:
    """Sharp, but never of more than `_MAX_PIXELS`."""
    width, height = svg_size(svg)
    return png_bytes(svg, scale=min(_SCALE, (_MAX_PIXELS / (width * height)) ** 0.5))
