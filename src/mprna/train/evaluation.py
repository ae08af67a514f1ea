"""What a model in pretraining knows of fixed validation slices.

Shape letters: B sequences, T tokens, H hidden width, N scored nucleotides.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mprna.agreement import auc, macro_f1
from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS, STRUCTURE_SYMBOLS
from mprna.decoding.nested import decode_nested
from mprna.decoding.settings import NESTED_GAMMA
from mprna.model.network import MprnaModel
from mprna.objectives.base_pairing import BASE_PAIRING
from mprna.objectives.masked_lm import MASKED_LM
from mprna.objectives.mixture import ObjectiveConfig, compute_losses
from mprna.objectives.objective import IGNORE, Batch
from mprna.objectives.secondary_structure import SECONDARY_STRUCTURE
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.engine import PairBand, pair_band
from mprna.tokenizer import Tokenizer

Floats = npt.NDArray[np.float64]

_NUM_LABELS: Final = len(STRUCTURE_SYMBOLS)


@torch.no_grad()
def evaluate(model: MprnaModel, batches: Iterable[Batch], config: ObjectiveConfig) -> dict[str, float]:
    """Losses over all batches, and what they are worth.

    Returns:
        `<objective>_loss` (nats per scored token) and `<objective>_accuracy` of what has something to score;
        `perplexity` of the masked tokens; `mutation_auc`, how well the improbability of a hidden base tells
        substituted ones; `structure_macro_f1` of the labels `( ) .`; `pair_f1`, a mean over slices.
    """
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    surprises: list[tuple[Floats, npt.NDArray[np.bool_]]] = []
    confusion = np.zeros((_NUM_LABELS, _NUM_LABELS))
    f1s: list[float] = []
    for batch in batches:
        hidden = model.encode(batch.input_ids, batch.attention_mask)
        losses = compute_losses(model, hidden, batch, config)
        for name, loss in losses.items():
            parts = (loss.total, loss.weight, loss.correct)
            sums[name] = [a + float(b) for a, b in zip(sums[name], parts, strict=True)]
        if MASKED_LM.name in losses:
            surprises.append(mutation_scores(model, batch))
        if SECONDARY_STRUCTURE.name in losses:
            confusion += structure_confusion(model, hidden, batch)
        if BASE_PAIRING.name in losses:
            f1s += whole_slice_f1s(model, hidden, batch)
    metrics = {f"{name}_loss": total / weight for name, (total, weight, _) in sums.items()}
    metrics |= {f"{name}_accuracy": correct / weight for name, (_, weight, correct) in sums.items()}
    return metrics | _worth(metrics, surprises, confusion, f1s)


def mutation_scores(model: MprnaModel, batch: Batch) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """How improbable the language model finds each hidden base, in nats, and whether it was substituted.

    Substituted nucleotides are hidden beside those that are masked already; the bases are those that the
    slice would have shown. *Shape:* (N,) each
    """
    substituted_BT = batch.repair_labels != IGNORE
    shown_BT = torch.where(substituted_BT, batch.input_ids, batch.token_labels)
    bases = torch.tensor(NUCLEOTIDE_IDS, device=shown_BT.device)
    scored_BT = torch.isin(shown_BT, bases)
    ids_BT = batch.input_ids.masked_fill(substituted_BT, MASK_ID)
    hidden_BTH = model.encode(ids_BT, batch.attention_mask)
    logits_N4 = model.lm_head(hidden_BTH[scored_BT])[:, bases].float()
    scores_N = -logits_N4.log_softmax(-1)[shown_BT[scored_BT][:, None] == bases]
    return scores_N.double().cpu().numpy(), substituted_BT[scored_BT].cpu().numpy()


def structure_confusion(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> Floats:
    """Counts of (label, most probable label) over the labelled nucleotides. *Shape:* (3, 3)"""
    scored_BT = batch.structure_labels != IGNORE
    predicted_N = model.structure_head(hidden_BTH[scored_BT]).argmax(-1)
    cells_N = batch.structure_labels[scored_BT] * _NUM_LABELS + predicted_N
    counts = torch.bincount(cells_N, minlength=_NUM_LABELS**2).reshape(_NUM_LABELS, _NUM_LABELS)
    return counts.double().cpu().numpy()


def whole_slice_f1s(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> list[float]:
    """`pair_f1s` of the labelled slices that were not corrupted."""
    corrupted_BT = (batch.token_labels != IGNORE) | (batch.repair_labels != IGNORE)
    whole_B = (batch.partner_labels != IGNORE).any(1) & ~corrupted_BT.any(1)
    if not whole_B.any():
        return []
    ids_AT, partners_AT = batch.input_ids[whole_B], batch.partner_labels[whole_B]
    logits_ATT = model.pair_head(hidden_BTH[whole_B], ids_AT)
    return pair_f1s(ids_AT, batch.attention_mask[whole_B], partners_AT, logits_ATT)


def pair_f1s(ids_BT: Tensor, mask_BT: Tensor, partners_BT: Tensor, logits_BTT: Tensor) -> list[float]:
    """Strict pair F1 of every sequence, decoded as by `mprna fold --engine model`.

    Args:
        partners_BT: tokens of the true partners; below a nucleotide's own they say nothing more.
        logits_BTT: of the pair head.
    """
    arrays = (partners_BT.cpu().numpy(), logits_BTT.float().cpu().numpy(), mask_BT.sum(1).tolist())
    return [
        _pair_f1(ids[:length], partners[:length], logits[:length, :length])
        for ids, partners, logits, length in zip(ids_BT.tolist(), *arrays, strict=True)
    ]


def structure_of_pairs(sequence: str, logits: npt.NDArray[np.floating]) -> str:
    """As `mprna fold --engine model` decodes it. *Shape:* (L, 1 + L), column 0 = unpaired"""
    probs = PairBand(pair_band=pair_band(logits)).base_pair_probs
    return decode_nested(sequence, probs, gamma=NESTED_GAMMA)


def _pair_f1(ids: list[int], partners_T: npt.NDArray[np.int64], logits_TT: npt.NDArray[np.float32]) -> float:
    """Of one sequence between `<cls>` and `<eos>`."""
    dot_bracket = structure_of_pairs(Tokenizer().decode(ids), logits_TT[1:-1, :-1])
    first = np.nonzero(partners_T > np.arange(len(partners_T)))[0]
    true = np.stack([first, partners_T[first]], axis=1) - 1  # without `<cls>`
    return pair_scores(true, pairs_from_dot_bracket(dot_bracket)).f1


def _worth(
    metrics: dict[str, float],
    surprises: list[tuple[Floats, npt.NDArray[np.bool_]]],
    confusion: Floats,
    f1s: list[float],
) -> dict[str, float]:
    """What `evaluate` adds to losses and accuracies; nothing of what has no data."""
    found: dict[str, float] = {}
    if surprises:
        found["perplexity"] = float(np.exp(metrics[f"{MASKED_LM.name}_loss"]))
        scores, substituted = map(np.concatenate, zip(*surprises, strict=True))
        found["mutation_auc"] = auc(scores, substituted)
    if confusion.any():
        found["structure_macro_f1"] = macro_f1(confusion)
    if f1s:
        found["pair_f1"] = float(np.mean(f1s))
    return {name: value for name, value in found.items() if not math.isnan(value)}
