"""Batches made by tensor operations are those of a count by hand; packing and resuming change nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")
RUNS = Path(__file__).parents[1] / "runs"
sys.path.insert(0, str(RUNS))
import hybrid_fold  # noqa: E402
import pair_training  # noqa: E402
from pair_batches import (  # noqa: E402
    PAIRED_LETTERS,
    Draws,
    batches,
    draw,
    like_length,
    make_batch,
    no_draws,
)
from pair_data import Rna  # noqa: E402
from pair_ensembles import Pairs  # noqa: E402
from pair_set import MIN_PACKED, STEP, RnaSet, flatten, only, pack, unpack  # noqa: E402

from mprna.model.checkpoint import load_checkpoint  # noqa: E402
from mprna.model.pair_checkpoint import load_pair_network, save_pair_network  # noqa: E402
from mprna.model.pair_network import PAD_BASE, PairConfig, PairNetwork  # noqa: E402
from mprna.rna.canonical import pair_types  # noqa: E402
from mprna.runtime.pair_engine import MIN_PRIOR, pair_input  # noqa: E402

CPU = torch.device("cpu")
FloatArray = npt.NDArray[np.float32]


def random_pairs(sequence: str, rng: np.random.Generator, share: float) -> Pairs:
    """Some of the pairs that could be, with probabilities of all sizes."""
    could = np.argwhere(np.triu(pair_types(sequence)))
    chosen = could[rng.random(len(could)) < share]
    return Pairs(chosen, (MIN_PRIOR ** rng.random(len(chosen))).astype(np.float32))


def random_rnas(num: int, seed: int = 0) -> list[Rna]:
    """Of odd and even lengths: with a structure, without, and mapped."""
    rng = np.random.default_rng(seed)
    rnas = []
    for n in range(num):
        sequence = "".join(rng.choice(list("ACGUN"), rng.integers(16, 40), p=[0.24] * 4 + [0.04]))
        ensembles = random_pairs(sequence, rng, 0.4), random_pairs(sequence, rng, 0.4)
        known = ratios = None
        if n % 3 == 0:  # a known structure: a position pairs once
            half = rng.permutation(len(sequence) // 2)[:5]
            positions = np.stack([np.sort(half), np.sort(half)[::-1] + len(sequence) // 2], axis=1)
            known = Pairs(positions, np.ones(5, np.float32))
        elif n % 3 == 1:
            ratios = rng.choice(np.array([-1.5, 0.0, 0.5], np.float32), len(sequence))
        rnas.append(Rna(sequence, known, ensembles, ratios, ("known", "mapped", "soft")[n % 3]))
    return rnas


def mutated(sequence: str, known: Pairs, draws: Draws, row: int, first: int) -> str:
    """By hand, letter for letter; `first` counts the known pairs of the batch that come before."""
    letters, rate = list(sequence), draws.rate[row]
    paired = set(known.positions.flatten().tolist())
    for position in range(len(letters)):
        if position not in paired and draws.chance[row, position] < rate:
            letters[position] = "ACGU"[draws.letters[row, position]]
    for n, (i, j) in enumerate(known.positions.tolist(), first):
        if draws.pair_chance[n] < rate and letters[i] + letters[j] in PAIRED_LETTERS:
            letters[i], letters[j] = PAIRED_LETTERS[draws.pair_letters[n]]
    return "".join(letters)


def targets(rna: Rna) -> FloatArray:
    return rna.mixture(0.5) if rna.known is None else rna.known.dense(len(rna.sequence))


def test_a_batch_is_that_of_a_count_by_hand() -> None:
    rnas, size = random_rnas(60), 48
    chosen = np.random.default_rng(1).permutation(len(rnas))[:50]
    rna_set = RnaSet(flatten(rnas), CPU)
    torch.manual_seed(3)
    draws = draw(rna_set, chosen, size, 0.7, 0.5)
    batch = make_batch(rna_set, chosen, size, draws)
    num_pairs, num_changed = 0, 0
    for row, rna in enumerate(rnas[n] for n in chosen):
        length, sequence = len(rna.sequence), rna.sequence
        if rna.known is not None:
            sequence = mutated(sequence, rna.known, draws, row, num_pairs)
            num_pairs += len(rna.known.positions)
            num_changed += sequence != rna.sequence
        mixture = rna.mixture(draws.share[row].item())
        given = pair_input(sequence, mixture + mixture.T)
        even = len(given.bases)
        assert batch.bases[row, :even].tolist() == given.bases.tolist()
        assert (batch.bases[row, even:] == PAD_BASE).all()
        np.testing.assert_allclose(batch.prior[row, :even, :even], given.prior, atol=1e-4)
        np.testing.assert_allclose(batch.paired[row, :length, :length], targets(rna), atol=1e-6)
        assert batch.paired[row].sum() == pytest.approx(targets(rna).sum(), rel=1e-5)
        counted = np.zeros((size, size), dtype=bool)
        counted[:length, :length] = np.triu(pair_types(sequence))
        assert (batch.counted[row].numpy() == counted).all()
        ratios = np.zeros(size, np.float32)
        if rna.log_ratios is not None:
            ratios[:length] = rna.log_ratios
        assert batch.log_ratios[row].tolist() == ratios.tolist()
    assert batch.has_prior.tolist() == draws.shown.tolist()
    assert num_changed >= 4
    assert batch.is_mapped


def test_only_known_rnas_without_a_prior_are_changed() -> None:
    rna_set = RnaSet(flatten(random_rnas(600)), CPU)
    torch.manual_seed(0)
    draws = draw(rna_set, np.arange(600), 40, 0.25, 0.6)
    known = torch.from_numpy(rna_set.has_known)
    assert not draws.rate[~known | draws.shown].any()
    assert draws.shown[known].float().mean() == pytest.approx(0.75, abs=0.1)
    assert draws.shown[~known].float().mean() == pytest.approx(0.4, abs=0.1)
    assert (draws.rate[known & ~draws.shown] > 0).float().mean() == pytest.approx(0.5, abs=0.2)
    assert draws.rate.max() < 0.4


def test_a_batch_without_draws_is_the_even_mixture() -> None:
    rnas = random_rnas(3)
    rna_set = RnaSet(flatten(rnas), CPU)
    chosen = np.arange(3)
    shown, hidden = (
        make_batch(rna_set, chosen, 40, no_draws(rna_set, chosen, 40, with_prior=prior))
        for prior in (True, False)
    )
    assert (shown.has_prior.tolist(), hidden.has_prior.tolist()) == ([1, 1, 1], [0, 0, 0])
    even = rnas[0].mixture(0.5)
    given = pair_input(rnas[0].sequence, even + even.T)
    assert shown.bases[0, : len(given.bases)].tolist() == given.bases.tolist()
    size = len(given.bases)
    np.testing.assert_allclose(shown.prior[0, :size, :size], given.prior, atol=1e-4)


def test_groups_hold_every_rna_once_and_few_cells() -> None:
    lengths = np.random.default_rng(0).integers(16, 400, 300)
    groups = like_length(np.arange(300), lengths, 200_000, 16)
    assert sorted(np.concatenate(groups).tolist()) == list(range(300))
    for group in groups:
        longest = -(-lengths[group].max() // 16) * 16
        assert len(group) == 1 or len(group) * longest**2 <= 200_000
    stream = batches(lengths, np.random.default_rng(0), 200_000, 16)
    chosen, size = next(stream)
    assert size % 16 == 0
    assert size - 16 < lengths[chosen].max() <= size


def test_a_packed_set_is_the_set_but_for_rounding(tmp_path: Path) -> None:
    arrays = flatten(random_rnas(30))
    pack({"train": arrays, "valid": flatten(random_rnas(4, seed=1))}, tmp_path / "pair.npz")
    again = unpack(tmp_path / "pair.npz")
    assert len(again["valid"].ends) == 4
    packed = again["train"]
    for name in ("bases", "log_ratios", "ends", "known", "known_ends", "has_known", "sources"):
        assert getattr(packed, name).tolist() == getattr(arrays, name).tolist(), name
    likely = (arrays.probs >= MIN_PACKED).any(1)
    assert 0 < likely.sum() < len(likely)
    assert packed.pairs.tolist() == arrays.pairs[likely].tolist()
    assert packed.pair_ends.tolist() == [likely[:end].sum() for end in arrays.pair_ends]
    odds = [
        np.log(p / (1 - p))
        for p in (a.clip(MIN_PRIOR, 1 - MIN_PRIOR) for a in (packed.probs, arrays.probs[likely]))
    ]
    assert abs(odds[0] - odds[1]).max() < STEP / 2 + 1e-3


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", sequences=np.array(["GGAA"]))
    with pytest.raises(SystemExit, match="--pack"):
        unpack(tmp_path / "other.npz")


def test_sources_are_chosen_by_name() -> None:
    rnas = random_rnas(9)
    chosen = only(flatten(rnas), ["known", "soft"])
    expected = flatten([rna for rna in rnas if rna.source != "mapped"])
    for name, values in chosen._asdict().items():
        assert values.tolist() == getattr(expected, name).tolist(), name
    with pytest.raises(SystemExit, match="no such source; there are known, mapped, soft"):
        only(flatten(rnas), ["tr0"])


def small_args(out: Path, *options: str) -> list[str]:
    sizes = ["--num-layers", "1", "--hidden-width", "16", "--num-heads", "2", "--feed-forward-width", "16"]
    return [*sizes, "--cell-width", "8", "--max-cells", "8000", "--out", str(out), *options]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "pair.npz"
    pack({"train": flatten(random_rnas(60)), "valid": flatten(random_rnas(9, seed=1))}, path)
    return path


def trained(packed: Path, out: Path, *options: str) -> dict[str, torch.Tensor]:
    args = hybrid_fold.parse(small_args(out, "--packed", str(packed), *options))
    out.mkdir(exist_ok=True)
    torch.manual_seed(args.seed)
    rnas = RnaSet(unpack(packed)["train"], CPU)
    network = pair_training.Training(hybrid_fold.make_network(args), rnas, None, args).run()
    return network.state_dict()


def test_a_run_that_was_killed_goes_on_where_it_was(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--steps", "12", "--dropout", "0.1", "--warm-up", "3")
    expected = trained(packed, tmp_path / "whole", *options)
    monkeypatch.setattr(pair_training, "SAVE_SECONDS", 0.0)
    update, calls = pair_training.Training._update, []

    def killed(self: pair_training.Training, *given: object) -> torch.Tensor:
        calls.append(given)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return update(self, *given)

    monkeypatch.setattr(pair_training.Training, "_update", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(packed, tmp_path / "killed", *options)
    again = trained(packed, tmp_path / "killed", *options)
    assert len(calls) == 6 + 12 - 5
    assert all(torch.equal(again[name], values) for name, values in expected.items())


def test_the_rate_falls_with_time_or_with_steps(tmp_path: Path) -> None:
    args = hybrid_fold.parse(
        [
            "--packed",
            "x",
            "--out",
            str(tmp_path),
            "--peak-rate",
            "0.5",
            "--warm-up",
            "10",
            "--max-seconds",
            "9",
        ]
    )
    assert args.steps > 10**6
    assert pair_training.learning_rate(4, 0.1, args) == pytest.approx(0.25)
    assert pair_training.learning_rate(1000, 0.75, args) == pytest.approx(0.125)


def test_dropout_and_layout_leave_inference_alone(packed: Path, tmp_path: Path) -> None:
    args = hybrid_fold.parse(small_args(tmp_path, "--packed", str(packed), "--dropout", "0.5"))
    network = hybrid_fold.make_network(args)
    rnas, chosen = RnaSet(unpack(packed)["train"], CPU), np.arange(5)
    batch = make_batch(rnas, chosen, 40, no_draws(rnas, chosen, 40, with_prior=True))
    given = batch.bases, batch.prior, batch.has_prior
    before = network.eval()(*given)
    pair_training.prepare(network, args)
    assert torch.equal(network(*given), before)
    network.train()
    assert not torch.equal(network(*given), before)


def test_a_packed_set_trains_without_viennarna(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "RNA.py").write_text("raise ImportError('no ViennaRNA here')\n")
    (tmp_path / "blocked" / "onnx.py").write_text("raise ImportError('no ONNX here')\n")
    out = tmp_path / "work"
    options = ("--max-seconds", "2", "--valid-every", "2", "--weights-only", "--only", "known", "soft")
    command = [
        sys.executable,
        str(RUNS / "hybrid_fold.py"),
        "--packed",
        str(packed),
        *small_args(out, *options),
    ]
    path = os.pathsep.join([str(tmp_path / "blocked"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "40 RNAs to learn from, 9 to validate with" in done.stdout
    assert '"valid_with_prior"' in (out / "log.jsonl").read_text()
    for name in ("best", "last"):
        assert load_pair_network(out / name).config.hidden_width == 16


def test_sizes_are_not_given_beside_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_pair_network(PairNetwork(PairConfig(num_layers=1)), tmp_path)
    with pytest.raises(SystemExit):
        hybrid_fold.parse(small_args(tmp_path, "--packed", "x", "--init", str(tmp_path)))
    assert "--init brings its own sizes" in capsys.readouterr().err


def test_sources_are_shown_as_often_as_asked() -> None:
    rnas = RnaSet(flatten(random_rnas(9)), CPU)
    assert pair_training.times_shown(rnas, {"known": 4, "soft": 2}).tolist() == [4, 1, 2] * 3
    with pytest.raises(SystemExit, match="no RNA is of nothing"):
        pair_training.times_shown(rnas, {"nothing": 2})


def test_a_network_begins_as_the_mean_of_several(tmp_path: Path) -> None:
    networks = [PairNetwork(PairConfig(num_layers=1, hidden_width=16, cell_width=4)) for _ in range(2)]
    for number, network in enumerate(networks):
        save_pair_network(network, tmp_path / str(number), dtype=torch.float32)
    starts = str(tmp_path / "0"), str(tmp_path / "1")
    args = hybrid_fold.parse(["--packed", "x", "--out", str(tmp_path), "--init", *starts])
    mean = hybrid_fold.make_network(args).state_dict()
    first, second = (network.state_dict() for network in networks)
    for name, values in mean.items():
        torch.testing.assert_close(values, (first[name] + second[name]) / 2)


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_temperature_divides_all_log_odds(pretrained: bool, nano_model: Path, tmp_path: Path) -> None:
    options = ["--pretrained", str(nano_model)] * pretrained
    network = hybrid_fold.make_network(
        hybrid_fold.parse(small_args(tmp_path, "--packed", "x", *options))
    ).eval()
    torch.nn.init.normal_(network.output.weight)
    if network.pretrained:
        torch.nn.init.ones_(network.pretrained.weight)
    given = torch.randint(4, (1, 20)), torch.randn(1, 20, 20), torch.ones(1)
    before = network(*given)
    hybrid_fold.temper(network, 2.0)
    torch.testing.assert_close(network(*given), before / 2)


def test_a_pretrained_encoder_is_taken_over_and_learns_more_slowly(
    packed: Path, nano_model: Path, tmp_path: Path
) -> None:
    options = ("--packed", str(packed), "--pretrained", str(nano_model))
    args = hybrid_fold.parse(small_args(tmp_path, *options, "--pretrained-rate", "0.25"))
    network, model = hybrid_fold.make_network(args), load_checkpoint(nano_model)
    for part, source in (
        (network.pretrained.encoder, model.encoder),
        (network.pretrained.query, model.pair_head.query),
        (network.pretrained.key, model.pair_head.key),
    ):
        assert all(torch.equal(part.state_dict()[name], v) for name, v in source.state_dict().items())
    rates = {
        parameter: group["share"]
        for group in pair_training.make_optimizer(network, args).param_groups
        for parameter in group["params"]
    }
    assert set(rates) == set(network.parameters())
    encoder = set(network.pretrained.encoder.parameters())
    assert all(share == (0.25 if parameter in encoder else 1.0) for parameter, share in rates.items())


@pytest.mark.parametrize("text", ["known", "known=0", "=2", "known=x"])
def test_wrong_times_are_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        hybrid_fold.parse(["--packed", "x", "--out", "y", "--times", text])
    assert "expected SOURCE=N" in capsys.readouterr().err
