"""Validation metrics of a network that says what the test wants, against what was counted by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS, VOCABULARY
from mprna.model.config import ModelConfig
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.objectives.mixture import ObjectiveConfig, corrupt
from mprna.objectives.objective import Batch
from mprna.objectives.padding import Annotation, TrainingSlice, pad_slices
from mprna.tokenizer import Tokenizer
from mprna.train.evaluation import evaluate, mutation_scores, structure_confusion, whole_slice_f1s
from mprna.train.utilization import product_flops, training_flops

SEQUENCES = ("GGGGAAAACCCC", "GGCGAAAGCC", "ACGUACGUACGUACGU")
DOT_BRACKETS = ("((((....))))", "(((....)))", None)


class Said(nn.Module):
    """A head that gives the rows of a table for whatever it is asked, in the order of the tokens asked."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, *asked: Tensor) -> Tensor:
        return self.logits


def batch_of(config: ObjectiveConfig) -> Batch:
    tokenizer = Tokenizer()
    slices = []
    for sequence, dot_bracket in zip(SEQUENCES, DOT_BRACKETS, strict=True):
        ids = np.asarray(tokenizer.encode_bytes(np.frombuffer(sequence.encode(), np.uint8)))
        symbols = None if dot_bracket is None else np.frombuffer(dot_bracket.encode(), np.uint8)
        sure = np.full(len(ids), 255, np.uint8)
        slices.append(TrainingSlice(ids, None if symbols is None else Annotation(symbols, sure)))
    clean = pad_slices(slices, np.zeros(len(slices), np.bool_), tokenizer)
    return corrupt(clean, config=config, rng=np.random.default_rng(5))


@pytest.fixture
def model() -> MprnaModel:
    torch.manual_seed(0)
    return MprnaModel(PRESETS["nano"]).eval()


RATES = ObjectiveConfig(mask_rate=0.3, mutation_rate=0.3, clean_share=0.0, joint_share=0.0)


def test_a_substituted_base_is_hidden_and_judged_beside_the_masked_ones(
    model: MprnaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batch_of(RATES)
    seen: list[Tensor] = []
    encode = MprnaModel.encode

    def look(self: MprnaModel, ids: Tensor, mask: Tensor) -> Tensor:
        seen.append(ids)
        return encode(self, ids, mask)

    monkeypatch.setattr(MprnaModel, "encode", look)
    substituted_BT, masked_BT = batch.repair_labels >= 0, batch.token_labels >= 0
    num_scored = int((substituted_BT | masked_BT).sum())
    # A language model that finds A certain: every other base is a surprise.
    logits = torch.full((num_scored, len(VOCABULARY)), -20.0)
    logits[:, NUCLEOTIDE_IDS[0]] = 20.0
    monkeypatch.setattr(model, "lm_head", Said(logits))
    scores, substituted = mutation_scores(model, batch)
    assert bool((seen[0][substituted_BT | masked_BT] == MASK_ID).all())
    assert bool((seen[0][~(substituted_BT | masked_BT)] != MASK_ID).all())
    shown = torch.where(substituted_BT, batch.input_ids, batch.token_labels)[substituted_BT | masked_BT]
    assert substituted.tolist() == substituted_BT[substituted_BT | masked_BT].tolist()
    assert scores == pytest.approx([0.0 if base == NUCLEOTIDE_IDS[0] else 40.0 for base in shown.tolist()])


def test_structure_labels_are_counted_by_class(model: MprnaModel, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(RATES)
    monkeypatch.setattr(model, "structure_head", Said(torch.tensor([[0.0, 0.0, 1.0]]).repeat(22, 1)))
    counts = structure_confusion(model, torch.zeros(*batch.input_ids.shape, 1), batch)
    assert counts.tolist() == [[0, 0, 7], [0, 0, 7], [0, 0, 8]]


def test_pairs_are_those_that_folding_gives(model: MprnaModel, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(ObjectiveConfig(clean_share=1.0, joint_share=0.0))
    sure = nn.functional.one_hot(batch.partner_labels[:2].clamp_min(0), batch.input_ids.shape[1]) * 40
    sure[0, [1, 12]] = 0  # of the four pairs of the first RNA the outermost is not said
    sure[0, [1, 12], 0] = 40
    monkeypatch.setattr(model, "pair_head", Said(sure))
    found = whole_slice_f1s(model, torch.zeros(*batch.input_ids.shape, 1), batch)
    assert found == pytest.approx([2 * 3 / (3 + 4), 1.0])
    assert whole_slice_f1s(model, torch.zeros(*batch.input_ids.shape, 1), batch_of(RATES)) == []


def test_metrics_are_of_the_objectives_that_are_on(model: MprnaModel) -> None:
    clean = dataclasses.replace(RATES, clean_share=1.0)
    found = evaluate(model, [batch_of(clean)], clean)
    assert found["perplexity"] == pytest.approx(math.exp(found["masked_lm_loss"]))
    assert 0.0 <= found["mutation_auc"] <= 1.0
    assert {"structure_macro_f1", "pair_f1"} < found.keys()
    language = dataclasses.replace(
        RATES, mutation_repair=0.0, secondary_structure=0.0, base_pairing=0.0, mutation_rate=0.0
    )
    found = evaluate(model, [batch_of(language)], language)
    assert sorted(found) == ["masked_lm_accuracy", "masked_lm_loss", "perplexity"]


def test_operations_are_those_of_the_products() -> None:
    """As torch counts them where attention is plain products."""
    config = ModelConfig(num_layers=3, hidden_width=64, num_heads=4, feed_forward_width=128)
    encoder = MprnaModel(config).encoder
    ids = torch.randint(4, 8, (2, 50))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        encoder(ids).sum().backward()
    assert training_flops(config, [50, 50]) == pytest.approx(counter.get_total_flops(), rel=1e-9)


def test_a_processor_has_a_speed() -> None:
    assert product_flops(torch.device("cpu"), bfloat16=False) > 1e8
