"""Masked marginals: against the network itself, in both engines, and whatever was asked before."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS
from mprna.model.checkpoint import load_checkpoint
from mprna.runtime.masked import masked_log_probs
from mprna.runtime.onnx import OnnxEngine
from mprna.runtime.torch import TorchEngine
from mprna.tokenizer import Tokenizer


def text(length: int) -> str:
    return "".join(np.random.default_rng(0).choice(list("ACGU"), size=length))


@pytest.mark.parametrize("position", [0, 1, 17, 29])
def test_is_what_the_network_says_at_a_mask(nano_model, position):
    sequence = text(30)
    ids = Tokenizer().encode(sequence)
    ids[position + 1] = MASK_ID
    with torch.inference_mode():
        logits = load_checkpoint(nano_model)(torch.from_numpy(ids)[None]).lm_logits[0, position + 1]
    expected = torch.log_softmax(logits[list(NUCLEOTIDE_IDS)], dim=0).numpy()
    for engine in (OnnxEngine(nano_model), TorchEngine(nano_model)):
        np.testing.assert_allclose(masked_log_probs(engine, sequence, position, 256), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("position", "start", "end"), [(0, 0, 20), (9, 0, 20), (50, 40, 60), (99, 80, 100), (95, 80, 100)]
)
def test_reads_its_context_only(nano_model, position, start, end):
    engine, sequence = OnnxEngine(nano_model), text(100)
    piece = masked_log_probs(engine, sequence[start:end], position - start, 20)
    np.testing.assert_array_equal(masked_log_probs(engine, sequence, position, 20), piece)


def test_does_not_see_the_letter_itself(nano_model):
    engine, sequence = OnnxEngine(nano_model), text(40)
    answers = [masked_log_probs(engine, sequence[:9] + letter + sequence[10:], 9, 40) for letter in "ACGU"]
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


def test_does_not_depend_on_what_was_asked_before(nano_model):
    engine, sequence = OnnxEngine(nano_model), text(60)
    first = [masked_log_probs(engine, sequence, k, 30) for k in range(60)]
    engine.predict(text(200))
    again = [masked_log_probs(engine, sequence, k, 30) for k in reversed(range(60))][::-1]
    np.testing.assert_array_equal(again, first)
