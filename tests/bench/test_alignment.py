"""Tokens and nucleotides fit exactly, on real tokenizers and small networks made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from mprna.bench.models.alignment import holders, token_spans
from mprna.bench.models.transformers_model import TransformersFeatures
from mprna.bench.models.transformers_tokens import Source
from mprna.errors import ModelError

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
SEQUENCE = "ACGUUGCAAC"
DNA = SEQUENCE.replace("U", "T")


def test_spans_of_three_kinds_of_tokens() -> None:
    assert token_spans(list("ACG"), "ACG") == [(0, 1), (1, 2), (2, 3)]
    assert token_spans(["ACGT", "AC", "G"], "ACGTACG") == [(0, 4), (4, 6), (6, 7)]
    assert token_spans(["ACG", "CGT", "GTA"], "ACGTA") == [(0, 3), (1, 4), (2, 5)]
    assert token_spans(["▁AC", "##g"], "ACG") == [(0, 2), (2, 3)]


def test_unknown_tokens_only_where_their_length_is_certain() -> None:
    assert token_spans(["A", "<unk>", "G"], "ANG", unknown="<unk>") == [(0, 1), (1, 2), (2, 3)]
    assert token_spans(["ACG", "<unk>", "A"], "ACGTNNA", unknown="<unk>") == [(0, 3), (3, 6), (6, 7)]
    with pytest.raises(ModelError, match="cannot be aligned"):
        token_spans(["<unk>", "A", "<unk>"], "NNNNA", unknown="<unk>")


@pytest.mark.parametrize("tokens", [["A", "C"], ["A", "G", "C"], ["ACGA"], []])
def test_tokens_of_another_sequence_are_refused(tokens: list[str]) -> None:
    with pytest.raises(ModelError, match="cannot be aligned"):
        token_spans(tokens, "ACG")


def test_holders_are_all_pairs_of_token_and_nucleotide() -> None:
    tokens, nucleotides = holders([(0, 2), (1, 3)], 3)
    assert list(zip(tokens.tolist(), nucleotides.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1), (1, 2)]
    with pytest.raises(ModelError, match="nucleotide 3 is in no token"):
        holders([(0, 1), (1, 2)], 3)


def save(folder: Path, tokenizer: Tokenizer) -> str:
    """A Hugging Face directory with this tokenizer and a small BERT."""
    ends = [("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, ends)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
        )
        BertModel(config).save_pretrained(folder)
    return str(folder)


def vocabulary(words: list[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(SPECIAL + words)}


def word_tokenizer(words: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(vocabulary(words), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def hidden(folder: str, ids: list[int]) -> np.ndarray:  # type: ignore[type-arg]
    with torch.inference_mode():
        output = BertModel.from_pretrained(folder).eval()(input_ids=torch.tensor([ids]))
    return output.last_hidden_state[0, 1:-1].numpy()


def ids_of(words: list[str], tokens: list[str]) -> list[int]:
    numbers = vocabulary(words)
    return [numbers["[CLS]"], *(numbers[token] for token in tokens), numbers["[SEP]"]]


def test_single_nucleotides(tmp_path: Path) -> None:
    words = list("ACGT")
    tokenizer = Tokenizer(models.WordLevel(vocabulary(words), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    folder = save(tmp_path, tokenizer)
    vectors = TransformersFeatures(Source(folder))(SEQUENCE)
    assert vectors == pytest.approx(hidden(folder, ids_of(words, list(DNA))), abs=1e-6)


def test_overlapping_words(tmp_path: Path) -> None:
    tokens = [DNA[i : i + 3] for i in range(len(DNA) - 2)]
    words = sorted(set(tokens))
    folder = save(tmp_path, word_tokenizer(words))
    vectors = TransformersFeatures(Source(folder, alphabet="dna", word=3))(SEQUENCE)
    expected = hidden(folder, ids_of(words, tokens))
    assert vectors[0] == pytest.approx(expected[0], abs=1e-6)
    assert vectors[2] == pytest.approx(expected[:3].mean(axis=0), abs=1e-6)
    assert vectors[-1] == pytest.approx(expected[-1], abs=1e-6)


def test_words_side_by_side_with_a_rest(tmp_path: Path) -> None:
    tokens = [SEQUENCE[i : i + 3] for i in range(0, len(SEQUENCE), 3)]
    words = sorted(set(tokens))
    folder = save(tmp_path, word_tokenizer(words))
    vectors = TransformersFeatures(Source(folder, alphabet="rna", word=3, step=3))(SEQUENCE)
    expected = hidden(folder, ids_of(words, tokens))
    assert vectors == pytest.approx(np.repeat(expected, [3, 3, 3, 1], axis=0), abs=1e-6)


def test_byte_pairs(tmp_path: Path) -> None:
    words = [*"ACGT", "AC", "TG", "ACG"]
    merges = [("A", "C"), ("T", "G"), ("AC", "G")]
    tokenizer = Tokenizer(models.BPE(vocabulary(words), merges, unk_token="[UNK]"))
    folder = save(tmp_path, tokenizer)
    vectors = TransformersFeatures(Source(folder))(SEQUENCE)
    expected = hidden(folder, ids_of(words, ["ACG", "T", "TG", "C", "A", "AC"]))
    assert vectors == pytest.approx(np.repeat(expected, [3, 1, 2, 1, 1, 2], axis=0), abs=1e-6)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        TransformersFeatures(Source(str(tmp_path / "nothing")))
