"""Contract of every objective, and that no label leaks into an input."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mprna.alphabet import CLS_ID, EOS_ID, MASK_ID, PAD_ID
from mprna.errors import UsageError
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.objectives.base_pairing import ensemble_labels, partner_labels
from mprna.objectives.masked_lm import mask_tokens
from mprna.objectives.mixture import (
    OBJECTIVES,
    ObjectiveConfig,
    compute_losses,
    corrupt,
)
from mprna.objectives.mutation_repair import substitute_nucleotides
from mprna.objectives.objective import IGNORE, Batch, cross_entropy
from mprna.objectives.padding import Annotation, TrainingSlice, pad_slices
from mprna.objectives.secondary_structure import structure_labels
from mprna.rna.sparse_pairs import pack_pairs, unpack_pairs
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs
from mprna.tokenizer import Tokenizer

TOKENIZER = Tokenizer()
SEQUENCE = "GGGGAAAACCCCAUGCAUGCUUGCAUGCAU"


HAIRPIN = "((((....)))).................."


def ascii_of(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def plain(sequence: str) -> TrainingSlice:
    return TrainingSlice(TOKENIZER.encode_bytes(ascii_of(sequence)))


def annotated(sequence: str = SEQUENCE, dot_bracket: str = HAIRPIN, confidence: int = 255) -> TrainingSlice:
    confidences = np.full(len(sequence), confidence, np.uint8)
    return plain(sequence)._replace(annotation=Annotation(ascii_of(dot_bracket), confidences))


def batch_of(*pieces: TrainingSlice, seed: int = 0, joint: bool = False, **settings: float) -> Batch:
    clean = pad_slices(pieces, np.full(len(pieces), joint), TOKENIZER)
    return corrupt(clean, config=ObjectiveConfig(**settings), rng=np.random.default_rng(seed))


def nano() -> MprnaModel:
    torch.manual_seed(0)
    return MprnaModel(PRESETS["nano"])


def losses(model: MprnaModel, batch: Batch) -> dict[str, torch.Tensor]:
    hidden = model.encode(batch.input_ids, batch.attention_mask)
    return {k: v.mean for k, v in compute_losses(model, hidden, batch, ObjectiveConfig()).items()}


def test_masking_touches_only_what_it_says() -> None:
    ids = np.random.default_rng(1).integers(4, 8, (50, 100), dtype=np.int8)
    rates = np.full(ids.shape, 0.12, np.float32)
    rates[:10] = 0
    corrupted, masked = mask_tokens(ids, rates=rates, rng=np.random.default_rng(2))
    assert (corrupted[masked] == MASK_ID).all()
    assert (corrupted[~masked] == ids[~masked]).all()
    assert not masked[:10].any()
    assert masked[10:].mean() == pytest.approx(0.12, abs=0.02)


def test_substitution_always_changes_the_base_and_spares_n() -> None:
    ids = TOKENIZER.encode_bytes(ascii_of("ACGU" * 1_000 + "N" * 1_000)).reshape(5, 1_000)
    rates = np.full((5, 1), 0.3, np.float32)
    corrupted, labels = substitute_nucleotides(ids, rates=rates, rng=np.random.default_rng(3))
    scored = labels != IGNORE
    assert scored[:4].mean() == pytest.approx(0.3, abs=0.03)
    assert not scored[4].any()
    assert (corrupted[scored] != ids[scored]).all()
    assert (corrupted[~scored] == ids[~scored]).all()
    assert (np.array([4, 5, 6, 9])[labels[scored]] == ids[scored]).all()
    # Each of the three other bases is equally likely.
    replacements = np.bincount(corrupted[scored & (ids == 4)], minlength=10)[[5, 6, 9]]
    assert (np.abs(replacements / replacements.sum() - 1 / 3) < 0.1).all()


def test_structure_and_partner_labels_of_a_hairpin() -> None:
    assert structure_labels(ascii_of("((.))[")).tolist() == [0, 0, 2, 1, 1, IGNORE]
    rows = np.stack([ascii_of("\0((.))\0\0"), ascii_of("\0(.[)]..")])
    expected = [[IGNORE, 5, 4, 0, 2, 1, IGNORE, IGNORE], [IGNORE, 4, 0, 5, 1, 3, 0, 0]]
    assert partner_labels(rows).tolist() == expected


def test_labels_stand_at_the_tokens_of_their_nucleotides() -> None:
    """Beside the one-string functions of `rna.structure`."""
    structures = [HAIRPIN, "." * 30, "((((((..)))..(((...).)).)))..."]
    batch = batch_of(*(annotated(dot_bracket=structure, confidence=51) for structure in structures))
    for row, structure in enumerate(structures):
        partners = partners_from_pairs(pairs_from_dot_bracket(structure), len(SEQUENCE))
        assert batch.partner_labels[row, 1:-1].tolist() == (partners + 1).tolist()
        assert batch.structure_labels[row, 1:-1].tolist() == ["().".index(symbol) for symbol in structure]
    assert batch.label_weights[:, 1:-1].numpy() == pytest.approx(0.2)
    assert not batch.label_weights[:, [0, -1]].any()


def test_same_seed_same_batch_other_seed_another() -> None:
    first, second, third = (batch_of(plain(SEQUENCE * 10), seed=seed) for seed in (7, 7, 8))
    assert (first.input_ids == second.input_ids).all()
    assert (first.input_ids != third.input_ids).any()


def test_a_substituted_position_that_is_also_masked_is_not_scored_for_repair() -> None:
    noisy = batch_of(plain("ACGU" * 500), mask_rate=0.5, mutation_rate=0.5)
    both = (noisy.token_labels != IGNORE) & (noisy.repair_labels != IGNORE)
    assert not both.any()
    original = torch.from_numpy(TOKENIZER.encode("ACGU" * 500))[None]
    masked = noisy.token_labels != IGNORE
    assert (noisy.token_labels[masked] == original[masked]).all()
    substituted = noisy.repair_labels != IGNORE
    bases = torch.tensor([4, 5, 6, 9])
    assert (bases[noisy.repair_labels[substituted]] == original[substituted]).all()
    assert (noisy.input_ids[substituted] != original[substituted]).all()
    untouched = ~masked & ~substituted
    assert (noisy.input_ids[untouched] == original[untouched]).all()
    assert masked.float().mean() == pytest.approx(0.5, abs=0.05)
    assert substituted.float().mean() == pytest.approx(0.25, abs=0.05)
    assert untouched[0, [0, -1]].all()


def test_the_structure_does_not_reach_the_input_unless_the_stream_is_joint() -> None:
    other = annotated(dot_bracket="..((((....))))................")
    for seed in range(20):
        mine, theirs = (batch_of(piece, seed=seed) for piece in (annotated(), other))
        assert (mine.input_ids == theirs.input_ids).all()
        assert (mine.structure_labels != theirs.structure_labels).any()


def test_joint_streams_mask_both_parts_and_switch_the_structure_losses_off() -> None:
    joint = batch_of(annotated(), joint=True, mask_rate=0.5, mutation_rate=0.5)
    original = torch.from_numpy(TOKENIZER.encode_joint(SEQUENCE, HAIRPIN))
    assert joint.input_ids.shape == (1, 2 * len(SEQUENCE) + 3)
    for labels in (joint.structure_labels, joint.partner_labels, joint.repair_labels):
        assert (labels == IGNORE).all()
    assert not joint.label_weights.any()
    masked = joint.token_labels[0] != IGNORE
    assert (joint.token_labels[0, masked] == original[masked]).all()
    assert (joint.input_ids[0, ~masked] == original[~masked]).all()
    first_symbol = len(SEQUENCE) + 2
    assert masked[1 : first_symbol - 1].any()
    assert masked[first_symbol:-1].any()
    assert not masked[[0, first_symbol - 1, -1]].any()


def test_a_slice_without_structure_is_never_a_joint_stream() -> None:
    assert batch_of(plain(SEQUENCE), joint=True).input_ids.shape == (1, len(SEQUENCE) + 2)


def test_annotated_slices_stay_clean_in_the_stated_share() -> None:
    piece = annotated(SEQUENCE * 4, "((((....))))" + "." * (4 * len(SEQUENCE) - 12))
    batch = batch_of(*[piece] * 300, plain(SEQUENCE * 4))
    clean = (batch.input_ids == torch.from_numpy(TOKENIZER.encode(SEQUENCE * 4))).all(1)
    assert clean[:300].float().mean() == pytest.approx(0.5, abs=0.1)
    assert not clean[300]


def test_labels_below_the_confidence_asked_for_are_not_scored() -> None:
    confidence = np.array([0, 127, 128, 254, 255] + [255] * (len(SEQUENCE) - 5), np.uint8)
    piece = plain(SEQUENCE)._replace(annotation=Annotation(ascii_of(HAIRPIN), confidence))
    for least, skipped in ((0.0, 0), (0.5, 2), (128 / 255, 2), (1.0, 4)):
        batch = batch_of(piece, min_confidence=least)
        for labels in (batch.structure_labels, batch.partner_labels):
            assert (labels[0, 1:-1] != IGNORE).tolist() == [i >= skipped for i in range(len(SEQUENCE))]
    with pytest.raises(UsageError, match="min_confidence=50"):
        ObjectiveConfig(min_confidence=50)


def test_labels_weigh_as_much_as_their_confidence_unless_told_otherwise() -> None:
    confidence = np.arange(len(SEQUENCE), dtype=np.uint8)
    piece = plain(SEQUENCE)._replace(annotation=Annotation(ascii_of(HAIRPIN), confidence))
    weighed, equal = (
        batch_of(piece, weigh_by_confidence=flag).label_weights[0, 1:-1] for flag in (True, False)
    )
    assert weighed.tolist() == pytest.approx([c / 255 for c in confidence])
    assert set(equal.tolist()) == {1.0}


def with_ensemble(*pairs: tuple[int, int, float], sequence: str = SEQUENCE) -> TrainingSlice:
    """The hairpin, and pairs of an ensemble with their probabilities."""
    probs = np.zeros((len(sequence), len(sequence)))
    for first, second, prob in pairs:
        probs[first, second] = probs[second, first] = prob
    piece = annotated(sequence, confidence=51)
    assert piece.annotation is not None
    return piece._replace(annotation=piece.annotation._replace(pair_probs=unpack_pairs(pack_pairs(probs))))


def test_labels_of_an_ensemble_are_its_probabilities_and_of_a_structure_its_partners() -> None:
    ensemble = with_ensemble((0, 11, 0.6), (0, 10, 0.2), (1, 9, 1.0))
    labels = ensemble_labels(batch_of(ensemble, annotated()))
    assert labels.sum(-1).numpy() == pytest.approx(1.0)
    assert labels[0, 1, [0, 12, 11]].tolist() == pytest.approx([0.2, 0.6, 0.2])
    assert labels[0, 12, [0, 1]].tolist() == pytest.approx([0.4, 0.6])
    assert labels[0, 2, 10] == labels[0, 10, 2] == labels[0, 5, 0] == 1
    partners = batch_of(annotated()).partner_labels[0, 1:-1]
    assert (labels[1, 1:-1].argmax(-1) == partners).all()


def test_a_certain_ensemble_costs_what_its_structure_costs() -> None:
    """Every label of weight 1 in both; a slice beside it that has a structure alone changes neither."""
    pairs = [(int(i), int(j), 1.0) for i, j in pairs_from_dot_bracket(HAIRPIN)]
    model = nano()
    for beside in ([], [annotated(SEQUENCE[::-1], "." * len(SEQUENCE))]):
        costs = [
            losses(model, batch_of(piece, *beside, clean_share=1.0))["base_pairing"].item()
            for piece in (with_ensemble(*pairs), annotated())
        ]
        assert costs[0] == pytest.approx(costs[1], rel=1e-6)


def test_ensembles_are_learned_unless_told_otherwise_and_have_no_doubtful_labels() -> None:
    piece = with_ensemble((0, 11, 0.6))
    soft = batch_of(piece, min_confidence=0.5)
    assert soft.is_ensemble.tolist() == [True]
    assert (soft.partner_labels[0, 1:-1] != IGNORE).all()
    assert (soft.structure_labels == IGNORE).all()
    hard = batch_of(piece, ensembles=False, min_confidence=0.5)
    assert hard.is_ensemble.tolist() == [False]
    assert len(hard.pair_probs) == 0
    assert (hard.partner_labels == IGNORE).all()
    assert not batch_of(piece, joint=True).is_ensemble.any()


def test_the_loss_of_an_ensemble_is_least_at_its_own_probabilities() -> None:
    labels = torch.tensor([[0.7, 0.2, 0.1]])
    entropy = -(labels * labels.log()).sum()
    assert cross_entropy(labels.log(), labels).mean.item() == pytest.approx(entropy.item())
    assert cross_entropy(labels.log() * 2, labels).mean > entropy
    assert cross_entropy(labels.log(), labels).correct == 1


def test_padding_is_on_the_right_and_not_scored() -> None:
    batch = batch_of(annotated(), plain("ACGUA"), mask_rate=1.0, mutation_rate=1.0)
    assert batch.input_ids.shape == (2, len(SEQUENCE) + 2)
    assert batch.attention_mask.sum(1).tolist() == [len(SEQUENCE) + 2, 7]
    assert (batch.input_ids[1, 7:] == PAD_ID).all()
    assert batch.input_ids[1, [0, 6]].tolist() == [CLS_ID, EOS_ID]
    for labels in (batch.token_labels, batch.repair_labels, batch.structure_labels, batch.partner_labels):
        assert (labels[1, 7:] == IGNORE).all()
    assert (batch.label_weights[1] == 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_padding_does_not_change_a_loss(name: str) -> None:
    model = nano()
    alone = batch_of(annotated(), clean_share=0.0, mask_rate=0.3, mutation_rate=0.3)
    unscored = batch_of(plain("ACGU" * 30), mask_rate=0.0, mutation_rate=0.0)
    both = {}
    for field in dataclasses.fields(Batch):
        short, long = getattr(alone, field.name), getattr(unscored, field.name)
        if short.shape != alone.input_ids.shape:
            both[field.name] = torch.cat([short, long])
            continue
        fill = {"input_ids": PAD_ID, "label_weights": 0, "attention_mask": 0}.get(field.name, IGNORE)
        padded = torch.nn.functional.pad(short, (0, long.shape[1] - short.shape[1]), value=fill)
        both[field.name] = torch.cat([padded, long])
    padded_loss = losses(model, Batch(**both))[name]
    assert padded_loss.item() == pytest.approx(losses(model, alone)[name].item(), abs=1e-5)


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
    batch = batch_of(*[annotated()] * 4, **settings)
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
    batch = batch_of(annotated(), clean_share=0.0, mutation_rate=0.5)
    model = nano()
    found = compute_losses(model, model.encode(batch.input_ids, batch.attention_mask), batch, config)
    assert "base_pairing" not in found
    assert "secondary_structure" in found
