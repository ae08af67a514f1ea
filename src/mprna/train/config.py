"""Everything that decides the outcome of a training run, as written to its `config.json`."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mprna.errors import UsageError
from mprna.model.presets import PRESETS
from mprna.objectives.mixture import ObjectiveConfig
from mprna.ranges import check_ranges

_INNER: Final = "objectives."
_COUNT: Final = (1.0, 1e9)
_LOOP_RANGES: Final = {
    "num_steps": _COUNT,
    "learning_rate": (0.0, 1e3),
    "warmup_steps": (0.0, 1e9),
    "weight_decay": (0.0, 1e3),
    "beta2": (0.0, 1 - 1e-9),
    "max_gradient_norm": (1e-9, 1e9),
    "accumulate_batches": _COUNT,
    "evaluate_every": _COUNT,
    "save_every": _COUNT,
}


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """What the loop, the optimizer and its schedule need to know."""

    num_steps: int
    """Optimizer steps."""
    learning_rate: float
    """Peak of the schedule."""
    warmup_steps: int = 100
    """Steps of linear warm-up before the linear decay to zero."""
    weight_decay: float = 0.01
    """AdamW's, on matrices only; biases, norms and the embedding are left alone."""
    beta2: float = 0.999
    """AdamW's second-moment decay; the first is 0.9."""
    max_gradient_norm: float = 1.0
    """Gradients are clipped to this Euclidean norm."""
    accumulate_batches: int = 1
    """Batches whose gradients are averaged in one optimizer step, over all processes together."""
    bfloat16: bool = True
    """Run matrix products in bfloat16 (autocast); weights and optimizer stay in float32."""
    evaluate_every: int = 500
    """Steps between evaluations on the validation data."""
    save_every: int = 250
    """Steps between checkpoints."""

    def __post_init__(self) -> None:
        check_ranges(self, _LOOP_RANGES)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(LoopConfig):
    """A pretraining run; recipes fill it in."""

    preset: str
    """Architecture, by its name in `mprna.model.presets`."""
    batch_tokens: int
    """Most tokens, padding included, in one batch."""
    seed: int = 45
    """Seed of the initial weights, the order of the data and the corruption."""
    recompute_layers: bool = False
    """Compute what a layer's backward pass needs a second time there: less memory, a third more work."""
    compile_layers: bool = False
    """Compile the layers (`torch.compile`): half a minute before the first steps, faster ones after."""
    shard_weights: bool = False
    """Spread every layer, its gradients and optimizer state over all processes: less memory, more traffic."""
    validation_slices: int = 512
    """Slices of the validation corpus that are evaluated."""
    corpus_weights: tuple[float, ...] | None = None
    """Times that each corpus, in the order given, is seen per epoch; once each where None."""
    objectives: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    """Rates of corruption and weights of the losses."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, {"batch_tokens": _COUNT, "seed": (0, 2**32 - 1), "validation_slices": (0, 1e9)})
        if self.preset not in PRESETS:
            raise UsageError(f"preset={self.preset}: known are {', '.join(PRESETS)}")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """The inverse of `to_dict`."""
        weights = values.get("corpus_weights")
        parsed = {
            "corpus_weights": None if weights is None else tuple(weights),
            "objectives": ObjectiveConfig(**values["objectives"]),
        }
        return cls(**values | parsed)


def with_settings(config: TrainConfig, settings: list[str]) -> TrainConfig:
    """Apply `name=value` and `objectives.name=value` overrides from the command line.

    Raises:
        UsageError: an unknown name, or a value of another type than the field's.
    """
    outer: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting}: expected NAME=VALUE")
        if name.startswith(_INNER):
            inner[name.removeprefix(_INNER)] = _parsed(ObjectiveConfig, name, text, prefix=_INNER)
        else:
            outer[name] = _parsed(TrainConfig, name, text)
    return dataclasses.replace(config, objectives=dataclasses.replace(config.objectives, **inner), **outer)


def _parsed(kind: type[TrainConfig | ObjectiveConfig], name: str, text: str, *, prefix: str = "") -> Any:
    """The value of a setting, of the type of its field."""
    types = {prefix + field: hint for field, hint in typing.get_type_hints(kind).items()}
    known = sorted(field for field in types if types[field] in _PARSERS)
    if name not in known:
        others = "" if prefix else f", {_INNER}NAME"
        raise UsageError(f"--set {name}: no such setting; known are {', '.join(known)}{others}")
    try:
        return _PARSERS[types[name]](text)
    except ValueError:
        raise UsageError(f"--set {name}={text}: expected a value of type {types[name].__name__}") from None


def _parse_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_PARSERS: dict[type, Callable[[str], Any]] = {int: int, float: float, str: str, bool: _parse_bool}
