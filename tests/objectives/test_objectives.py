"""Contract of every objective, and that no label leaks into an input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from mprna.alphabet import MASK_ID, PAD_ID
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.objectives.base_pairing import partner_labels
from mprna.objectives.masked_lm import mask_tokens
from mprna.objectives.mixture import (
    OBJECTIVES,
    Annotation,
    ObjectiveConfig,
    TrainingSlice,
    compute_losses,
    make_example,
)
from mprna.objectives.mutation_repair import substitute_nucleotides
from mprna.objectives.objective import IGNORE, Example, collate, cross_entropy
from mprna.objectives.secondary_structure import structure_labels
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs
from mprna.tokenizer import Tokenizer

TOKENIZER = Tokenizer()
SEQUENCE = "GGGGAAAACCCCAUGCAUGCUUGCAUGCAU"


HAIRPIN = "((((....)))).................."


def annotated(sequence: str = SEQUENCE, dot_bracket: str = HAIRPIN) -> TrainingSlice:
    partners = partners_from_pairs(pairs_from_dot_bracket(dot_bracket), len(sequence))
    return TrainingSlice(sequence, Annotation(dot_bracket, partners, np.ones(len(sequence), np.float32)))


def example(piece: TrainingSlice, seed: int = 0, *, joint: bool = False, **settings: float) -> Example:
    config, rng = ObjectiveConfig(**settings), np.random.default_rng(seed)
    return make_example(piece, config=config, tokenizer=TOKENIZER, rng=rng, joint=joint)


def nano() -> MprnaModel:
    torch.manual_seed(0)
    return MprnaModel(PRESETS["nano"])


def losses(model: MprnaModel, examples: list[Example]) -> dict[str, torch.Tensor]:
    batch = collate(examples)
    hidden = model.encode(batch.input_ids, batch.attention_mask)
    return {k: v.mean for k, v in compute_losses(model, hidden, batch, ObjectiveConfig()).items()}


def test_masking_touches_only_what_the_labels_say() -> None:
    ids = np.random.default_rng(1).integers(4, 8, 5_000)
    corrupted, labels = mask_tokens(ids, rate=0.12, rng=np.random.default_rng(2))
    scored = labels != IGNORE
    assert (corrupted[scored] == MASK_ID).all()
    assert (labels[scored] == ids[scored]).all()
    assert (corrupted[~scored] == ids[~scored]).all()
    assert scored.mean() == pytest.approx(0.12, abs=0.02)


def test_substitution_always_changes_the_base_and_spares_n() -> None:
    ids = TOKENIZER.encode("ACGU" * 1_000 + "N" * 1_000)[1:-1]
    corrupted, labels = substitute_nucleotides(ids, rate=0.3, rng=np.random.default_rng(3))
    scored = labels != IGNORE
    assert scored[:4_000].mean() == pytest.approx(0.3, abs=0.03)
    assert not scored[4_000:].any()
    assert (corrupted[scored] != ids[scored]).all()
    assert (corrupted[~scored] == ids[~scored]).all()
    assert (np.array([4, 5, 6, 9])[labels[scored]] == ids[scored]).all()
    # Each of the three other bases is equally likely.
    replacements = np.bincount(corrupted[scored & (ids == 4)], minlength=10)[[5, 6, 9]]
    assert (np.abs(replacements / replacements.sum() - 1 / 3) < 0.1).all()


def test_structure_and_partner_labels_of_a_hairpin() -> None:
    assert structure_labels("((.))[").tolist() == [0, 0, 2, 1, 1, IGNORE]
    partners = np.array([4, 3, -1, 1, 0])
    assert partner_labels(partners).tolist() == [5, 4, 0, 2, 1]


def test_same_seed_same_example_other_seed_another() -> None:
    plain = TrainingSlice(SEQUENCE * 10)
    first, second, third = (example(plain, seed) for seed in (7, 7, 8))
    assert (first.input_ids == second.input_ids).all()
    assert (first.input_ids != third.input_ids).any()


def test_a_substituted_position_that_is_also_masked_is_not_scored_for_repair() -> None:
    noisy = example(TrainingSlice("ACGU" * 500), mask_rate=0.5, mutation_rate=0.5)
    both = (noisy.token_labels != IGNORE) & (noisy.repair_labels != IGNORE)
    assert not both.any()
    original = TOKENIZER.encode("ACGU" * 500)
    masked = noisy.token_labels != IGNORE
    assert (noisy.token_labels[masked] == original[masked]).all()
    untouched = ~masked & (noisy.repair_labels == IGNORE)
    assert (noisy.input_ids[untouched] == original[untouched]).all()


def test_the_structure_does_not_reach_the_input_unless_the_stream_is_joint() -> None:
    other = annotated(dot_bracket="..((((....))))................")
    for seed in range(20):
        mine, theirs = (example(piece, seed) for piece in (annotated(), other))
        assert (mine.input_ids == theirs.input_ids).all()
        assert (mine.structure_labels != theirs.structure_labels).any()


def test_joint_streams_mask_both_parts_and_switch_the_structure_losses_off() -> None:
    joint = example(annotated(), joint=True, mask_rate=0.5)
    original = TOKENIZER.encode_joint(SEQUENCE, HAIRPIN)
    assert len(joint.input_ids) == 2 * len(SEQUENCE) + 3
    assert (joint.structure_labels == IGNORE).all()
    assert (joint.partner_labels == IGNORE).all()
    masked = joint.token_labels != IGNORE
    assert (joint.token_labels[masked] == original[masked]).all()
    assert masked[1:31].any()
    assert masked[32:-1].any()
    assert not masked[[0, 31, -1]].any()


def test_annotated_slices_stay_clean_in_the_stated_share() -> None:
    piece = annotated(SEQUENCE * 4, "((((....))))" + "." * 108)
    clean = sum(
        bool((example(piece, seed).input_ids == TOKENIZER.encode(piece.sequence)).all())
        for seed in range(300)
    )
    assert 0.4 < clean / 300 < 0.6


def test_collate_pads_right_and_scores_no_padding() -> None:
    batch = collate([example(annotated()), example(TrainingSlice("ACGUA"))])
    assert batch.input_ids.shape == (2, 32)
    assert batch.attention_mask.sum(1).tolist() == [32, 7]
    assert (batch.input_ids[1, 7:] == PAD_ID).all()
    for labels in (batch.token_labels, batch.repair_labels, batch.structure_labels, batch.partner_labels):
        assert (labels[1, 7:] == IGNORE).all()
    assert (batch.label_weights[1] == 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_padding_does_not_change_a_loss(name: str) -> None:
    model = nano()
    short = example(annotated(), clean_share=0.0, mask_rate=0.3, mutation_rate=0.3)
    alone = losses(model, [short])[name]
    unscored = example(TrainingSlice("ACGU" * 30), mask_rate=0.0, mutation_rate=0.0)
    padded = losses(model, [short, unscored])[name]
    assert padded.item() == pytest.approx(alone.item(), abs=1e-5)


def test_cross_entropy_is_zero_at_perfect_logits_and_weighs_its_tokens() -> None:
    labels = torch.tensor([0, 2, 1])
    perfect = 1_000.0 * torch.nn.functional.one_hot(labels, 3)
    assert cross_entropy(perfect, labels).mean.item() == 0
    loss = cross_entropy(torch.zeros(3, 3), labels, torch.tensor([1.0, 0.0, 0.5]))
    assert loss.weight.item() == 1.5
    assert loss.mean.item() == pytest.approx(np.log(3))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_loss_falls_on_one_batch(name: str) -> None:
    model = nano()
    settings = {"clean_share": 0.0, "mask_rate": 0.2, "mutation_rate": 0.2}
    batch = collate([example(annotated(), seed, **settings) for seed in range(4)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    objective = OBJECTIVES[name]
    trace = []
    for _ in range(15):
        loss = objective.loss(model, model.encode(batch.input_ids, batch.attention_mask), batch).mean
        trace.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert trace[-1] < 0.8 * trace[0]


def test_an_objective_of_weight_zero_is_not_computed() -> None:
    config = dataclasses.replace(ObjectiveConfig(), base_pairing=0.0)
    assert list(config.weights) == ["masked_lm", "mutation_repair", "secondary_structure"]
    batch = collate([example(annotated(), clean_share=0.0, mutation_rate=0.5)])
    model = nano()
    found = compute_losses(model, model.encode(batch.input_ids, batch.attention_mask), batch, config)
    assert "base_pairing" not in found
    assert "secondary_structure" in found
