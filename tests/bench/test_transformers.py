"""Models of transformers learn tasks by the loop of ours: every tokenizer, every mode, killed or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mprna.bench import runner
from mprna.bench.examples import Example
from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.models.finetuned import FinetunedModel
from mprna.bench.models.model import Budget
from mprna.bench.models.registry import FINETUNED, ModelOptions, make_model, split_mode, with_mode
from mprna.bench.models.transformers_model import TransformersBackbone, TransformersFeatures
from mprna.bench.models.transformers_tokens import Reader, Source
from mprna.bench.record import read_record, record_path
from mprna.bench.suite import choose_tasks
from mprna.cli.main import main
from mprna.errors import ModelError, UsageError
from mprna.model.checkpoint import save_checkpoint
from mprna.model.hf import export_hf
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.model.task import TaskNetwork
from mprna.model.task_config import TaskConfig
from mprna.tokenizer import Tokenizer
from mprna.train.backbone import Checkpoint

MakeModel = Callable[..., Path]
(TF,) = choose_tasks("gue", ("tf.0",))
(SNMD,) = choose_tasks("rgb", ("snmd",))
KINDS = {"esm": {}, "bert": {}, "words": {"alphabet": "dna", "word": 3}}
QUICK = Budget(epochs=5, batch_size=8, patience=6, learning_rates=(1e-2,))
SEQUENCES = ("ACGGUUACGUAGG", "GGGGACG", "UUUACGGAACGUUGGGGCA")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
PER_TOKEN = TaskConfig(task="token_classification", labels=("0", "1"))


def examples(number: int, seed: int, *, per_letter: bool = False) -> list[Example]:
    """Poor or rich in G, or which letters are G."""
    rng, made = np.random.default_rng(seed), []
    for row in range(number):
        share = 0.8 if row % 2 else 0.1
        sequence = "".join(rng.choice(list("GACU"), rng.integers(8, 24), p=[share, *[(1 - share) / 3] * 3]))
        is_g = np.array([base == "G" for base in sequence])
        made.append(Example(sequence, is_g.astype(np.int64) if per_letter else int(is_g.mean() > 0.5)))
    return made


def backbone(make: MakeModel, kind: str, **settings: Any) -> TransformersBackbone:
    return TransformersBackbone(Reader(Source(str(make(kind, **settings)), **KINDS.get(kind, {}))))


def network(source: TransformersBackbone, *, lora_rank: int = 0, seed: int = 1) -> TaskNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return source.task_network(PER_TOKEN, lora_rank=lora_rank)


def batch(sequences: tuple[str, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    ids, mask = Tokenizer.pad([Tokenizer().encode(sequence) for sequence in sequences])
    return torch.from_numpy(ids), torch.from_numpy(mask)


@pytest.mark.parametrize("kind", [*KINDS, "fnet"])
def test_padding_does_not_change_the_numbers(kind: str, make_transformers_model: MakeModel) -> None:
    encoder = network(backbone(make_transformers_model, kind)).encoder
    with torch.no_grad():
        together = encoder(*batch(SEQUENCES))
        for row, sequence in enumerate(SEQUENCES):
            alone = encoder(*batch((sequence,)))[0]
            assert torch.allclose(together[row, : len(alone)], alone, atol=1e-5)
            assert alone[1:-1].abs().sum(-1).all()
            assert not together[row, len(alone) :].any()


@needs_gpu
@pytest.mark.parametrize("kind", [*KINDS, "fnet"])
def test_a_gpu_says_what_a_cpu_says(kind: str, make_transformers_model: MakeModel) -> None:
    encoder = network(backbone(make_transformers_model, kind)).encoder
    with torch.no_grad():
        expected = encoder(*batch(SEQUENCES))
        found = encoder.to("cuda")(*(tensor.to("cuda") for tensor in batch(SEQUENCES)))
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-4)


@needs_gpu
def test_dropout_on_a_gpu_depends_on_the_batch_alone(make_transformers_model: MakeModel) -> None:
    encoder = network(backbone(make_transformers_model, "bert", hidden_dropout_prob=0.5)).encoder
    encoder.to("cuda").train()
    given, before = [tensor.to("cuda") for tensor in batch(SEQUENCES)], torch.cuda.get_rng_state()
    first, second = encoder(*given), encoder(*given)
    assert torch.equal(first > 0, second > 0)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_our_exported_checkpoint_says_and_learns_the_same(tmp_path: Path) -> None:
    torch.manual_seed(3)
    save_checkpoint(MprnaModel(PRESETS["nano"]), tmp_path / "ours")
    export_hf(tmp_path / "ours", tmp_path / "theirs")
    ours = Checkpoint(tmp_path / "ours").task_network(PER_TOKEN, lora_rank=0)
    source = Source(str(tmp_path / "theirs"))
    theirs = TransformersBackbone(Reader(source)).task_network(PER_TOKEN, lora_rank=0)
    with torch.no_grad():
        vectors = ours.encoder(*batch(SEQUENCES[:1]))[0, 1:-1].numpy()
    assert TransformersFeatures(source)(SEQUENCES[0]) == pytest.approx(vectors, abs=1e-4)
    for layer in ("dense", "output"):
        getattr(theirs, layer).load_state_dict(getattr(ours, layer).state_dict())
    ids, mask = batch(SEQUENCES)
    is_letter = (ids > 2) & mask
    gradients = []
    for model in (ours, theirs):
        model(ids, mask)[is_letter].square().sum().backward()
        encoder: Any = model.encoder
        table = encoder.embedding if model is ours else encoder.network.embeddings.word_embeddings
        gradients.append(table.weight.grad[4:])
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("mode", [mode for mode in FINETUNED if "pairs" not in mode])
@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_learns_with_every_tokenizer(
    mode: str, kind: str, make_transformers_model: MakeModel, tmp_path: Path
) -> None:
    per_letter = mode in ("full", "lora")
    task, metric = (SNMD, METRICS["auc"]) if per_letter else (TF, METRICS["macro_f1"])
    source = backbone(make_transformers_model, kind)
    model = FinetunedModel(source, mode, QUICK, longest=100, run_dir=tmp_path / "m")
    train, valid, test = (examples(n, seed, per_letter=per_letter) for n, seed in ((48, 1), (16, 2), (24, 3)))
    model.fit(task, train, valid, 45)
    answers = model.predict(task, [example.sequence for example in test])
    items = [metric.item(e.label, answer) for e, answer in zip(test, answers, strict=True)]
    assert evaluate(metric, items) > 0.75  # majority: 0.5 and 0.33
    assert model.num_truncated == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "m.seed45.run"]  # until there is a record


@pytest.mark.parametrize("kind", KINDS)
def test_low_rank_updates_leave_the_rest_as_it_was(kind: str, make_transformers_model: MakeModel) -> None:
    source = backbone(make_transformers_model, kind)
    model = network(source, lora_rank=2).train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):  # the first step moves `up` alone
        model(*batch(SEQUENCES)).square().sum().backward()
        optimizer.step()
    changed = {name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])}
    updates = {name for name in before if name.endswith((".up", ".down"))}
    assert len(updates) == 8  # query, key, value and output
    assert changed == updates | {
        f"{layer}.{part}" for layer in ("dense", "output") for part in ("weight", "bias")
    }
    model.eval()
    with torch.no_grad():
        assert torch.allclose(model.merged()(*batch(SEQUENCES)), model(*batch(SEQUENCES)), atol=1e-5)


def test_a_network_without_attention_has_no_low_rank_updates(
    make_transformers_model: MakeModel, tmp_path: Path
) -> None:
    source = backbone(make_transformers_model, "fnet")
    model = FinetunedModel(source, "lora", QUICK, longest=100, run_dir=tmp_path / "m")
    with pytest.raises(ModelError, match="take the mode full or head"):
        model.fit(TF, examples(16, 1), examples(8, 2), 45)


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    from transformers import T5Config

    T5Config().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="expected one network"):
        make_model(f"hf:{tmp_path}:full", TF, ModelOptions())


def test_scratch_forgets_the_weights_and_follows_its_seed(
    make_transformers_model: MakeModel, tmp_path: Path
) -> None:
    source = backbone(make_transformers_model, "bert")
    brief = Budget(epochs=1, batch_size=8)
    answers: dict[tuple[str, int, int], float] = {}
    for mode, seed, repeat in ((m, s, r) for m in ("scratch", "full") for s in (45, 46) for r in (0, 1)):
        model = FinetunedModel(source, mode, brief, longest=100, run_dir=tmp_path / f"{mode}.{repeat}")
        model.fit(TF, examples(16, 1), examples(8, 2), seed)
        answers[mode, seed, repeat] = model.predict(TF, ["GGAUCG"])[0][0]
    first = {key[:2]: value for key, value in answers.items() if key[2] == 0}
    assert first == {key[:2]: value for key, value in answers.items() if key[2] == 1}
    assert len(set(first.values())) == 4
    random, other, pretrained = source.with_random_weights(45), source.with_random_weights(46), source
    assert len({one.identity for one in (random, other, pretrained)}) == 3
    assert random.identity == source.with_random_weights(45).identity


def test_a_frozen_network_has_no_dropout(make_transformers_model: MakeModel) -> None:
    model = network(backbone(make_transformers_model, "bert"))
    model.train()
    ids, mask = batch(SEQUENCES)
    assert torch.equal(model.encoder(ids, mask), model.encoder(ids, mask))  # draws depend on the batch alone
    dropped = model.encoder(ids, mask)
    model.encoder.requires_grad_(False)
    frozen = model.train().encoder(ids, mask)
    assert not torch.allclose(frozen, dropped)
    assert torch.equal(frozen, model.eval().encoder(ids, mask))


def test_what_does_not_fit_is_cut_and_counted(make_transformers_model: MakeModel, tmp_path: Path) -> None:
    """Ten tokens, two of them special: eight words of three letters that overlap, or eight byte pairs."""
    long = "ACGGUUACGUAGGACGGGGGGUU"
    for kind, num_read in (("words", 10), ("bert", 17)):
        source = backbone(make_transformers_model, kind, max_position_embeddings=10)
        assert len(source.cut(long)) == num_read
        assert len(source.reader(source.cut(long)).ids) == 10
        assert source.cut(source.cut(long)) == source.cut(long)
        model = FinetunedModel(source, "head", QUICK, longest=100, run_dir=tmp_path / kind)
        short = [Example(e.sequence[:8], e.label[:8]) for e in examples(16, 1, per_letter=True)]
        model.fit(SNMD, [*short, Example(long, np.zeros(len(long), np.int64))], short, 45)
        answers = model.predict(SNMD, [long, "ACGUA"])
        assert [len(answer) for answer in answers] == [len(long), 5]
        assert not answers[0][num_read:].any()
        assert model.num_truncated == 1
        probe = (
            make_model(f"hf:{source.reader.source.name}", SNMD, ModelOptions()) if kind == "bert" else None
        )
        if probe:
            probe.fit(SNMD, short, short, 45)
            probe.predict(SNMD, [long, "ACGUA"])
            assert probe.num_truncated == 1


def change_weights(folder: Path, change: Callable[[str, torch.Tensor], torch.Tensor | None]) -> Path:
    tensors = load_file(folder / "model.safetensors")
    changed = {name: change(name, tensor) for name, tensor in tensors.items()}
    kept = {name: tensor for name, tensor in changed.items() if tensor is not None}
    assert len(kept) < len(tensors) or any(t.shape != tensors[n].shape for n, t in kept.items())
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("kind", "lost", "complaint"),
    [
        ("esm", "query.weight", "lack encoder.layer.0.attention.self.query.weight, or have another shape"),
        ("bert", "position_embeddings", "lack embeddings.position_embeddings.weight, or"),
        ("bert", "encoder.layer", "and 13 more, or"),
        ("fnet", "word_embeddings", "lack embeddings.word_embeddings.weight, or"),
    ],
)
def test_weights_that_are_not_there_are_not_drawn_at_random(
    kind: str, lost: str, complaint: str, make_transformers_model: MakeModel
) -> None:
    folder = change_weights(make_transformers_model(kind), lambda name, t: None if lost in name else t)
    with pytest.raises(ModelError, match=complaint):
        TransformersFeatures(Source(str(folder)))
    with pytest.raises(ModelError, match=complaint):
        network(TransformersBackbone(Reader(Source(str(folder)))))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_files_that_are_cut_off_are_told(name: str, make_transformers_model: MakeModel) -> None:
    folder = make_transformers_model("bert")
    content = (folder / name).read_bytes()
    for length in (0, len(content) // 2):
        (folder / name).write_bytes(content[:length])
        with pytest.raises(ModelError, match=f"{folder}: cannot be loaded \\(.+\\)"):
            TransformersFeatures(Source(str(folder)))


def test_an_error_that_says_nothing_is_named() -> None:
    class Silent:
        def from_pretrained(self, *_: object, **settings: object) -> None:
            raise OSError

    with pytest.raises(ModelError, match=r"x: cannot be loaded \(OSError\)"):
        Source("x").load(Silent())


def test_weights_of_another_shape_are_refused(make_transformers_model: MakeModel) -> None:
    folder = change_weights(
        make_transformers_model("bert"), lambda name, t: t[:8].clone() if name.endswith("query.weight") else t
    )
    with pytest.raises(ModelError, match=r"query\.weight, or have another shape than config\.json says"):
        TransformersFeatures(Source(str(folder)))


@pytest.mark.parametrize("kind", ["esm", "bert"])
def test_nobody_misses_what_no_hidden_state_depends_on(kind: str, make_transformers_model: MakeModel) -> None:
    folder = make_transformers_model(kind)
    expected = TransformersFeatures(Source(str(folder)))(SEQUENCES[0])
    change_weights(folder, lambda name, t: None if "pooler" in name or "contact_head" in name else t)
    assert np.array_equal(TransformersFeatures(Source(str(folder)))(SEQUENCES[0]), expected)


@pytest.mark.parametrize(("kind", "letters"), [("esm", "ACGU"), ("bert", "ACGT")])
def test_the_alphabet_is_what_the_tokenizer_knows(
    kind: str, letters: str, make_transformers_model: MakeModel
) -> None:
    reader = Reader(Source(str(make_transformers_model(kind))))
    tokens = reader._tokenizer.convert_ids_to_tokens(reader("ACGU").ids)
    assert "".join(tokens[1:-1]) == letters


def test_modes_of_names() -> None:
    names = ("mini", "mini:lora", "kmer", "dnabert-2", "hf:x", "hf:full", "hf:x:head", "command:a probe")
    assert [with_mode(name, "full") for name in names] == [
        "mini:full",
        "mini:lora",
        "kmer",
        "dnabert-2:full",
        "hf:x:full",
        "hf:full:full",
        "hf:x:head",
        "command:a probe",
    ]
    assert split_mode("command:probe") == ("command:probe", "")
    with pytest.raises(UsageError, match="--trust-remote-code"):
        make_model("dnabert-2:full", TF, ModelOptions())


def test_a_baseline_by_name_takes_the_same_modes(make_transformers_model: MakeModel) -> None:
    folder = make_transformers_model("words")
    model = make_model("cdsbert:full", TF, ModelOptions(weights={"cdsbert": str(folder)}))
    assert isinstance(model, FinetunedModel)
    assert isinstance(model._backbone, TransformersBackbone)
    assert model._backbone.reader("ACGUAC").spans == [(0, 3), (3, 6)]  # codons, of DNA


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "tf.0"
    folder.mkdir(parents=True)
    for seed, (split, number) in enumerate((("train", 40), ("dev", 12), ("test", 12)), 1):
        rows = [{"sequence": e.sequence.replace("U", "T"), "label": e.label} for e in examples(number, seed)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder.parent


@pytest.mark.parametrize("mode", ["full", "scratch", "lora"])
def test_a_killed_run_ends_as_if_nothing_had_happened(
    mode: str, data_dir: Path, make_transformers_model: MakeModel, tmp_path: Path, monkeypatch
) -> None:
    """BERT has dropout, which has to be drawn again in the same way."""
    name = f"hf:{make_transformers_model('bert')}:{mode}"

    def run(out: str) -> list[runner.Outcome]:
        options = ModelOptions(budget=QUICK)
        return list(runner.run_all([TF], [name], (45,), data_dir, tmp_path / out, options))

    (whole,) = run("whole")
    calls: list[int] = []

    def strike(*args: object, **kwargs: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 13:  # in the third epoch of five steps
            raise KeyboardInterrupt
        return torch.nn.utils.clip_grad_norm_(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("mprna.train.loop.clip_grad_norm_", strike)
        with pytest.raises(KeyboardInterrupt):
            run("killed")
    (resumed,) = run("killed")
    assert whole.record is not None
    assert resumed.record is not None
    assert resumed.record.choices == whole.record.choices | {"resumed": True}
    assert resumed.record.items == whole.record.items


def test_command(data_dir: Path, make_transformers_model: MakeModel, tmp_path: Path, capsys) -> None:
    name = f"hf:{make_transformers_model('esm')}"
    where = ["--data-dir", str(data_dir), "--task", "tf.0", "--out", str(tmp_path / "out"), "--seeds", "45"]
    rates = ["--learning-rate", "1e-3", "1e-2"]
    assert (
        main(["bench", "run", "gue", "--model", name, "--mode", "full", *where, *rates, "--epochs", "2"]) == 0
    )
    assert capsys.readouterr().out.split("\t")[1] == f"{name}:full"
    choices = read_record(record_path(tmp_path / "out", "gue", "tf.0", f"{name}:full", 45)).choices
    assert choices["budget"]["learning_rate"] == [1e-3, 1e-2]
    assert choices["mode"] == "full"
