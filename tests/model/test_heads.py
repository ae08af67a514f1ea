"""What the heads promise; above all, who may pair with whom."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from mprna.alphabet import MASK_ID, VOCABULARY
from mprna.model.config import ModelConfig
from mprna.model.heads import PairHead
from mprna.model.network import MprnaModel
from mprna.tokenizer import Tokenizer

IMPOSSIBLE = torch.finfo(torch.float32).min
SEQUENCE = "GGGAAAUCCCNAGU"


def encoded(sequence: str) -> Tensor:
    return torch.from_numpy(Tokenizer().encode(sequence))[None]


@torch.inference_mode()
def partner_logits(model: MprnaModel, input_ids: Tensor) -> Tensor:
    return model(input_ids).partner_logits[0]


def test_symmetric_between_nucleotides(model: MprnaModel) -> None:
    inner = partner_logits(model, encoded(SEQUENCE))[1:-1, 1:-1]
    assert torch.equal(inner, inner.T)


def test_possible_partners(model: MprnaModel) -> None:
    """Column 0 (unpaired) always, nucleotides four or more apart, nothing else."""
    logits = partner_logits(model, encoded(SEQUENCE))
    length = len(SEQUENCE)
    for i in range(1, length + 1):
        expected = [j for j in range(1, length + 1) if abs(i - j) >= 4]
        assert (logits[i] > IMPOSSIBLE).nonzero().flatten().tolist() == [0, *expected]


def test_a_row_is_a_distribution_over_partners(model: MprnaModel) -> None:
    probabilities = partner_logits(model, encoded(SEQUENCE)).softmax(-1)
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(len(SEQUENCE) + 2))
    assert (probabilities[1:-1, -1] == 0).all()


def test_short_sequences_have_no_pairs(model: MprnaModel) -> None:
    for sequence in ("", "A", "GAAC"):
        probabilities = partner_logits(model, encoded(sequence)).softmax(-1)[1:-1]
        assert (probabilities[:, 0] == 1).all()


@pytest.mark.parametrize("symbol", [t for t in VOCABULARY if t != "<cls>"])
def test_which_tokens_can_pair(model: MprnaModel, symbol: str) -> None:
    input_ids = encoded("GGGGAAAACCCC")
    input_ids[0, 12] = VOCABULARY.index(symbol)
    possible = partner_logits(model, input_ids)[1, 12] > IMPOSSIBLE
    assert possible == (symbol in set("ACGTNUacgtnu") | {"<mask>"})


def test_structure_tokens_of_a_joint_stream_cannot_pair(model: MprnaModel) -> None:
    input_ids = torch.from_numpy(Tokenizer().encode_joint("GGGAAAUCCC", "(((....)))"))[None]
    logits = partner_logits(model, input_ids)
    assert (logits[:, 11:] == IMPOSSIBLE).all()


def test_masked_nucleotides_can_pair(model: MprnaModel) -> None:
    input_ids = encoded("GGGGAAAACCCC")
    input_ids[0, [1, 12]] = MASK_ID
    assert partner_logits(model, input_ids)[1, 12] > IMPOSSIBLE


def test_unpaired_score_knows_no_stem(nano: ModelConfig) -> None:
    """Column 0 comes from the hidden states only: with those at zero, every nucleotide scores the same."""
    head = PairHead(nano)
    with torch.inference_mode():
        logits = head(torch.zeros(1, len(SEQUENCE) + 2, nano.hidden_width), encoded(SEQUENCE))[0]
    assert (logits[:, 0] == logits[0, 0]).all()
    assert logits[1, 5:-1].std() > 0


def stem_score(head: PairHead, tokens: list[str], i: int, j: int) -> Tensor:
    """The bases within reach of i against those within reach of j, one pair at a time."""
    stem = head.stem
    steps = 2 * stem.reach + 1
    stack = stem.stack.view(-1, steps, stem.num_classes, steps, stem.num_classes)
    total = stem.bias[:, 0, 0].clone()
    for a, b in product(range(steps), repeat=2):
        first, second = i - stem.reach + a, j - stem.reach + b
        if first in range(len(tokens)) and second in range(len(tokens)):
            classes = [("ACGU" + tokens[at]).index(tokens[at]) for at in (first, second)]
            total += stack[:, a, classes[0], b, classes[1]]
    return total.relu() @ stem.score[:, 0, 0]


def test_pair_scores_equal_loops(model: MprnaModel) -> None:
    input_ids = encoded(SEQUENCE)
    head = model.pair_head
    logits = partner_logits(model, input_ids)
    tokens = [VOCABULARY[i] for i in input_ids[0].tolist()]
    with torch.inference_mode():
        hidden = model.encode(input_ids)[0]
        query, key = head.query(hidden), head.key(hidden)
        for i, j in ((1, 10), (2, 14), (5, 9), (14, 1)):
            bilinear = (query[i] @ key[j] + query[j] @ key[i]) / model.config.pair_width**0.5
            expected = bilinear + stem_score(head, tokens, i, j) + stem_score(head, tokens, j, i)
            torch.testing.assert_close(logits[i, j], expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_structure_head_is_one_linear_map(model: MprnaModel) -> None:
    """Two linear layers without activation, as published."""
    head, x = model.structure_head, torch.randn(5, model.config.hidden_width)
    product = head.classifier.weight @ head.dense.weight
    offset = head.classifier.weight @ head.dense.bias + head.classifier.bias
    torch.testing.assert_close(head(x), x @ product.T + offset, atol=1e-5, rtol=1e-5)
