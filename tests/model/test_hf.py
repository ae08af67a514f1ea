"""Equality with transformers' EsmForMaskedLM on the same random weights, in both directions."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM, AutoTokenizer, EsmConfig, EsmForMaskedLM, EsmModel

from mprna.alphabet import VOCABULARY
from mprna.errors import ModelError, MprnaWarning
from mprna.model.checkpoint import TIED_WEIGHT, load_checkpoint, save_checkpoint
from mprna.model.config import ModelConfig
from mprna.model.hf import HEADS_FILE, export_hf, import_hf, model_from_hf
from mprna.model.hf_layout import config_to_hf, tensors_to_hf, unused_tensors
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.tokenizer import Tokenizer

pytestmark = pytest.mark.reference

Batch = tuple[Tensor, Tensor]
Shuffle = Callable[[nn.Module], nn.Module]
TOLERANCE = 1e-4


@pytest.fixture(autouse=True)
def _no_progress_bars() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def theirs(nano: ModelConfig, shuffled: Shuffle) -> EsmForMaskedLM:
    network = EsmForMaskedLM(EsmConfig(**config_to_hf(nano)))
    shuffled(network)
    return network


@pytest.fixture
def exported(model: MprnaModel, tmp_path: Path) -> Path:
    save_checkpoint(model, tmp_path / "ours")
    export_hf(tmp_path / "ours", tmp_path / "hf")
    return tmp_path / "hf"


@pytest.fixture
def upstream(theirs: EsmForMaskedLM, tmp_path: Path) -> Path:
    """A directory in the layout of the published OmniGenome files, with trained structure head."""
    tensors = {
        name.replace("esm.", "OmniGenome.", 1): tensor.clone()
        for name, tensor in (theirs.state_dict() | unused_tensors(PRESETS["nano"])).items()
    }
    width = theirs.config.hidden_size
    tensors |= {"dense.weight": torch.randn(width, width), "dense.bias": torch.randn(width)}
    tensors |= {"classifier.weight": torch.randn(3, width), "classifier.bias": torch.randn(3)}
    directory = tmp_path / "upstream"
    directory.mkdir()
    torch.save(tensors, directory / "pytorch_model.bin")
    config = config_to_hf(PRESETS["nano"]) | {"model_type": "omnigenome"}
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "vocab.txt").write_text("\n".join(VOCABULARY))
    return directory


@torch.inference_mode()
def check_equal(ours: MprnaModel, theirs: EsmForMaskedLM, batch: Batch) -> None:
    """Hidden states and logits on the real tokens of a padded batch, and without a mask."""
    input_ids, attention_mask = batch
    expected = theirs(input_ids, attention_mask=attention_mask.long(), output_hidden_states=True)
    given = ours(input_ids, attention_mask)
    pairs = ((given.hidden_states, expected.hidden_states[-1]), (given.lm_logits, expected.logits))
    for mine, reference in pairs:
        assert reference.std() > 0.1
        assert (mine - reference)[attention_mask].abs().max() < TOLERANCE
    unpadded = input_ids[:1]
    assert (ours(unpadded).lm_logits - theirs(unpadded).logits).abs().max() < TOLERANCE


def quiet_import(source: Path, target: Path) -> MprnaModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MprnaWarning)
        import_hf(source, target)
    return load_checkpoint(target)


@pytest.mark.parametrize("token_dropout", [True, False])
def test_their_weights_in_our_network(
    shuffled: Shuffle, nano: ModelConfig, batch: Batch, tmp_path: Path, token_dropout: bool
) -> None:
    config = EsmConfig(**config_to_hf(nano) | {"token_dropout": token_dropout})
    theirs = EsmForMaskedLM(config)
    shuffled(theirs)
    theirs.save_pretrained(tmp_path / "hf")
    with pytest.warns(MprnaWarning, match="has no structure_head, repair_head, pair_head"):
        import_hf(tmp_path / "hf", tmp_path / "ours")
    check_equal(load_checkpoint(tmp_path / "ours"), theirs, batch)


def test_our_weights_in_their_network(exported: Path, model: MprnaModel, batch: Batch) -> None:
    theirs = AutoModelForMaskedLM.from_pretrained(exported)
    assert type(theirs) is EsmForMaskedLM
    check_equal(model, theirs, batch)


def test_the_published_size_in_both_directions(shuffled: Shuffle, batch: Batch) -> None:
    config = PRESETS["mprna-52m"]
    theirs = EsmForMaskedLM(EsmConfig(**config_to_hf(config)))
    shuffled(theirs)
    ours, untrained = model_from_hf(theirs.state_dict(), config, heads={})
    assert untrained == ["structure_head", "repair_head", "pair_head"]
    check_equal(ours, theirs, batch)

    shared = {
        name: tensor
        for name, tensor in ours.state_dict().items()
        if name.startswith(("encoder.", "lm_head.")) and name != TIED_WEIGHT
    }
    back = tensors_to_hf(shared, config)
    assert all(torch.equal(tensor, theirs.state_dict()[name]) for name, tensor in back.items())


def test_1024_nucleotides(model: MprnaModel, exported: Path) -> None:
    theirs = AutoModelForMaskedLM.from_pretrained(exported)
    input_ids = torch.randint(4, 10, (1, 1026))
    check_equal(model, theirs, (input_ids, torch.ones_like(input_ids, dtype=torch.bool)))


def test_transformers_opens_an_export_without_a_word(
    exported: Path, caplog: pytest.LogCaptureFixture
) -> None:
    transformers.utils.logging.enable_propagation()
    with caplog.at_level(logging.INFO, logger="transformers.modeling_utils"):
        _, info = AutoModelForMaskedLM.from_pretrained(exported, output_loading_info=True)
    transformers.utils.logging.disable_propagation()
    assert not any(info.values()), info
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_tokenizer_of_an_export(exported: Path) -> None:
    theirs = AutoTokenizer.from_pretrained(exported)
    for sequence in ("ACGU", "acgtRYN", "GG.AA-CC"):
        assert theirs(sequence)["input_ids"] == Tokenizer().encode(sequence).tolist()
    assert theirs("AC<mask>GU")["input_ids"] == [0, 4, 5, 23, 6, 9, 2]
    padded = theirs(["ACGU", "A"], padding=True, return_tensors="pt")
    assert padded["attention_mask"].tolist() == [[1] * 6, [1] * 3 + [0] * 3]


def test_text_to_logits_in_transformers(exported: Path, model: MprnaModel) -> None:
    tokenizer = AutoTokenizer.from_pretrained(exported)
    theirs = AutoModelForMaskedLM.from_pretrained(exported)
    with torch.inference_mode():
        expected = theirs(**tokenizer("GGGAAA<mask>CCC", return_tensors="pt")).logits
        ids = torch.tensor([[0, 6, 6, 6, 4, 4, 4, 23, 5, 5, 5, 2]])
        assert (model(ids).lm_logits - expected).abs().max() < TOLERANCE


def test_export_and_import_lose_nothing(exported: Path, model: MprnaModel, tmp_path: Path) -> None:
    import_hf(exported, tmp_path / "again")
    again = load_checkpoint(tmp_path / "again")
    assert again.config == model.config
    state = again.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())


def test_upstream_checkpoint(upstream: Path, theirs: EsmForMaskedLM, batch: Batch, tmp_path: Path) -> None:
    with pytest.warns(MprnaWarning, match="has no repair_head, pair_head: initialised at random"):
        import_hf(upstream, tmp_path / "ours")
    ours = load_checkpoint(tmp_path / "ours")
    check_equal(ours, theirs, batch)
    tensors = torch.load(upstream / "pytorch_model.bin", weights_only=True)
    x = torch.randn(4, theirs.config.hidden_size)
    hidden = x @ tensors["dense.weight"].T + tensors["dense.bias"]
    expected = hidden @ tensors["classifier.weight"].T + tensors["classifier.bias"]
    torch.testing.assert_close(ours.structure_head(x), expected, atol=1e-4, rtol=1e-4)


def test_untrained_heads_are_the_same_every_time(upstream: Path, tmp_path: Path) -> None:
    first = quiet_import(upstream, tmp_path / "first").state_dict()
    torch.manual_seed(99)
    state = torch.get_rng_state()
    second = quiet_import(upstream, tmp_path / "second").state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_encoder_alone(nano: ModelConfig, shuffled: Shuffle, batch: Batch, tmp_path: Path) -> None:
    theirs = EsmModel(EsmConfig(**config_to_hf(nano)))
    shuffled(theirs)
    theirs.save_pretrained(tmp_path / "hf")
    with pytest.warns(MprnaWarning, match="has no lm_head, structure_head"):
        import_hf(tmp_path / "hf", tmp_path / "ours")
    input_ids, attention_mask = batch
    with torch.inference_mode():
        expected = theirs(input_ids, attention_mask=attention_mask.long()).last_hidden_state
        given = load_checkpoint(tmp_path / "ours").encode(input_ids, attention_mask)
    assert (given - expected)[attention_mask].abs().max() < TOLERANCE


def change_tensors(directory: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(directory / "model.safetensors")
    change(tensors)
    save_file(tensors, directory / "model.safetensors")


QUERY = "esm.encoder.layer.0.attention.self.query.weight"
ALL = r"lack esm\.encoder\.layer\.1\.attention\.LayerNorm\.weight, esm.* and 13 more$"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.pop(QUERY), f"the weights lack {QUERY}$"),
        (lambda t: [t.pop(name) for name in list(t) if "encoder.layer.1" in name and "inv" not in name], ALL),
        (lambda t: t.pop("lm_head.bias"), "the weights lack lm_head.bias$"),
        (lambda t: t.pop("lm_head.layer_norm.weight"), "the weights lack lm_head.layer_norm.weight$"),
        (lambda t: t.update({QUERY: torch.ones(3, 48)}), "no tensor for encoder.layers.0.attention"),
        (lambda t: t.update({"esm.encoder.emb_layer_norm_after.bias": torch.ones(3)}), "final_norm.bias"),
        (lambda t: t.update({"esm.encoder.layer.2.LayerNorm.bias": torch.ones(48)}), "has no place"),
        (lambda t: t.update({"esm.embeddings.layer_norm.bias": torch.ones(48)}), "has no place"),
        (lambda t: t.update({TIED_WEIGHT: torch.ones(24, 48)}), "differs from the embedding"),
        (lambda t: t.pop("esm.embeddings.word_embeddings.weight"), "is this an ESM model"),
    ],
)
def test_tensors_that_do_not_fit(
    exported: Path, tmp_path: Path, change: Callable[[dict[str, Tensor]], object], complaint: str
) -> None:
    change_tensors(exported, change)
    with pytest.raises(ModelError, match=complaint):
        import_hf(exported, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_half_a_head_of_ours(exported: Path, tmp_path: Path) -> None:
    heads = load_file(exported / HEADS_FILE)
    del heads["repair_head.classifier.bias"]
    save_file(heads, exported / HEADS_FILE)
    with pytest.raises(ModelError, match=rf"{HEADS_FILE} lacks repair_head\.classifier\.bias$"):
        import_hf(exported, tmp_path / "again")


def test_a_classifier_of_another_kind_is_no_structure_head(exported: Path, tmp_path: Path) -> None:
    """As in transformers' `EsmForTokenClassification`."""
    (exported / HEADS_FILE).unlink()
    other = {"classifier.weight": torch.ones(3, 48), "classifier.bias": torch.ones(3)}
    change_tensors(exported, lambda tensors: tensors.update(other))
    with pytest.warns(MprnaWarning, match="has no structure_head, repair_head, pair_head"):
        import_hf(exported, tmp_path / "again")


def test_export_without_its_heads_file(exported: Path, tmp_path: Path) -> None:
    (exported / HEADS_FILE).unlink()
    with pytest.warns(MprnaWarning, match="has no structure_head, repair_head, pair_head"):
        import_hf(exported, tmp_path / "again")


@pytest.mark.parametrize("content", ["\n".join(VOCABULARY[::-1]).encode(), b"", b"\xff\xfe<cls>"])
def test_another_vocabulary(upstream: Path, tmp_path: Path, content: bytes) -> None:
    (upstream / "vocab.txt").write_bytes(content)
    with pytest.raises(ModelError, match=r"vocab\.txt: not the published vocabulary"):
        import_hf(upstream, tmp_path / "ours")


def test_a_directory_onto_itself(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="another directory"):
        import_hf(exported, exported)
    with pytest.raises(ModelError, match="another directory"):
        export_hf(tmp_path / "ours", tmp_path / "hf" / ".." / "ours")


def test_missing_directories(tmp_path: Path) -> None:
    for function in (import_hf, export_hf):
        with pytest.raises(ModelError, match=r"config\.json: no such file"):
            function(tmp_path / "nowhere", tmp_path / "target")


def test_our_own_checkpoint_is_no_hugging_face_model(model: MprnaModel, tmp_path: Path) -> None:
    save_checkpoint(model, tmp_path / "ours")
    with pytest.raises(ModelError, match="vocab_size is None"):
        import_hf(tmp_path / "ours", tmp_path / "again")
