"""Small checkpoints of real architectures of transformers, each with a real tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
MERGES = (("A", "C"), ("G", "G"), ("T", "T"), ("AC", "GG"), ("GG", "GG"))

MakeModel = Callable[..., Path]


@pytest.fixture(scope="session")
def make_transformers_model(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """`esm`: single letters; `bert`: byte pairs; `words`: 3-mers between blanks; `fnet`: no attention;
    `gpt2`, `roberta`: single letters, and positions that count from 0 or from behind the padding."""

    def make(kind: str, **settings: Any) -> Path:
        import torch
        from transformers import (
            BertConfig,
            BertModel,
            EsmConfig,
            EsmModel,
            FNetConfig,
            FNetModel,
            GPT2Config,
            GPT2Model,
            RobertaConfig,
            RobertaModel,
        )

        folder = tmp_path_factory.mktemp(kind)
        sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 32}
        heads = {"num_attention_heads": 2}
        if kind == "esm":
            sizes |= heads | {"pad_token_id": 1, "position_embedding_type": "rotary"}
            architecture: Any = (EsmConfig, EsmModel)
        elif kind == "fnet":
            architecture = (FNetConfig, FNetModel)
        else:
            sizes |= heads
            architecture = {"gpt2": (GPT2Config, GPT2Model), "roberta": (RobertaConfig, RobertaModel)}.get(
                kind, (BertConfig, BertModel)
            )
        make_config, make_network = architecture
        sizes["vocab_size"] = _save_tokenizer(kind, folder)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            make_network(make_config(**(sizes | settings))).save_pretrained(folder)
        return folder

    return make


def _save_tokenizer(kind: str, folder: Path) -> int:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import EsmTokenizer, PreTrainedTokenizerFast

    if kind == "esm":
        letters = ["<cls>", "<pad>", "<eos>", "<unk>", *"ACGUN", "<mask>"]
        (folder / "vocab.txt").write_text("\n".join(letters))
        EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
        return len(letters)
    if kind == "bert":
        words = [*"ACGT", *("".join(pair) for pair in MERGES)]
        merges = list(MERGES)
    else:
        words = ["".join(letters) for k in (1, 2, 3) for letters in product("ACGT", repeat=k)]
        merges = []
    numbers = {word: number for number, word in enumerate([*SPECIAL, *words])}
    if kind == "bert":
        tokenizer = Tokenizer(models.BPE(numbers, merges, unk_token="[UNK]"))
    else:
        tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = (
            pre_tokenizers.WhitespaceSplit() if kind == "words" else pre_tokenizers.Split("", "isolated")
        )
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, ends)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return len(numbers)
