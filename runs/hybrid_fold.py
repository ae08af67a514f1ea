"""A pair network trained on known structures, with ViennaRNA's ensembles as its prior.

    python runs/hybrid_fold.py TRAIN... --valid VALID --out WORK [--steps 5000] [--init MODEL]
    python runs/hybrid_fold.py TRAIN... --valid VALID --out WORK --pack FILE
    python runs/hybrid_fold.py --packed FILE --out WORK --device cuda --max-seconds 300 --weights-only

Files are of any format that `mprna fold` reads. The network learns from three kinds of RNAs:

- With a known structure: all of its canonical pairs, pseudoknots included.
- Without a structure: the pair probabilities of ViennaRNA's ensemble. In half of the cases
  (--soft-prior-dropout) the network is also given a prior, so that it learns to keep to thermodynamics where
  it knows no better.
- With reactivities of chemical mapping (--reactivity): which nucleotides are unpaired.

The prior is a random mixture of two energy models, so that the network trusts neither of them alone. Half of
the known RNAs that are shown without a prior have compensatory changes (both letters of a pair are replaced
by those of another pair), so that the network does not learn families by heart.

WORK receives `ensembles.sqlite`, `checkpoint.pt` (the same command continues from it), `log.jsonl` and
`model/`, the running mean of the weights, which `mprna fold --model` takes.

--times shows the RNAs of a source more often, where few known structures stand beside many RNAs without one.
--pack writes everything that is learned from, ensembles included, into one file of about 17 MB, and --packed
learns from that file on a machine without ViennaRNA, such as one with a GPU. With --max-seconds the learning
rate falls with time instead of steps. --weights-only leaves scores and ONNX to another machine: WORK receives
`last/`, the running mean at the end, and with --valid-every `best/`, the running mean with the lowest loss on
the validation RNAs. Then the same script with `--packed FILE --init WORK/best --steps 0` scores and exports.
What is drawn at random in a step depends on its number and the seed alone; a CPU and a GPU draw differently.

Shape letters: B sequences, L nucleotides (an even number).
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
from chemical_mapping import Profile, read_profiles
from mean_model import mean_model
from pair_batches import make_batch, no_draws, padded
from pair_data import read_rnas
from pair_set import Arrays, RnaSet, flatten, only, pack, unpack
from pair_training import Training, Validation

from mprna.decoding.nested import decode_nested
from mprna.model.checkpoint import load_checkpoint
from mprna.model.network import MprnaModel
from mprna.model.pair_checkpoint import load_pair_network, save_pair_network
from mprna.model.pair_network import PairConfig, PairNetwork
from mprna.rna.bases import LETTERS
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.pair_engine import pair_probs

GAMMAS = (1.0, 1.5, 2.0, 3.0)
NUM_VALID = 250
GPU_MULTIPLE = 16
"""What lengths are padded to on a GPU, whose kernels like round sizes; elsewhere to 2."""


def write_fasta(profiles: list[Profile], path: Path) -> Path:
    path.write_text("".join(f">{n}\n{profile.sequence}\n" for n, profile in enumerate(profiles)))
    return path


@torch.inference_mode()
def evaluate(
    network: PairNetwork, rnas: RnaSet, numbers: list[int], *, with_prior: bool
) -> dict[float, float]:
    """Mean pair F1 x 100 by gamma, of those with a known structure, on the CPU."""
    network.eval()
    scores: dict[float, list[float]] = {gamma: [] for gamma in GAMMAS}
    for n in numbers:
        if not rnas.has_known[n]:
            continue
        chosen, length, first = np.array([n]), int(rnas.lengths[n]), rnas.known_starts[n]
        size = padded(length, 2)
        batch = make_batch(rnas, chosen, size, no_draws(rnas, chosen, size, with_prior=with_prior))
        log_odds = network(batch.bases, batch.prior, batch.has_prior)[0].numpy()
        sequence = "".join(LETTERS[base] for base in batch.bases[0, :length].tolist())
        known = rnas.known[first : first + rnas.num_known[n]].numpy()
        probs = pair_probs(sequence, log_odds)
        for gamma in GAMMAS:
            found = pairs_from_dot_bracket(decode_nested(sequence, probs, gamma=gamma))
            scores[gamma].append(pair_scores(known, found).f1)
    return {gamma: round(100 * float(np.mean(f1)), 2) for gamma, f1 in scores.items()}


@torch.no_grad()
def temper(network: PairNetwork, temperature: float) -> None:
    """Divide all log-odds by a temperature: they are linear in these parameters."""
    linear = [network.output.weight, network.output.bias, network.prior_weight, network.bias]
    if network.pretrained:
        linear.append(network.pretrained.weight)
    for parameter in linear:
        parameter /= temperature


def read_sets(args: argparse.Namespace) -> dict[str, Arrays]:
    """`train` and `valid`, from the packed file or from text and ensembles."""
    if args.packed:
        return unpack(args.packed)
    profiles, held_out = read_profiles(args.reactivity)
    unwanted = [*args.exclude, write_fasta(held_out, args.out / "held_out.fa")] if held_out else args.exclude
    store = args.ensembles or args.out / "ensembles.sqlite"
    rnas = read_rnas(args.train, args.max_length, store, unwanted, profiles)
    valid = read_rnas([args.valid], args.max_length, store)
    return {"train": flatten(rnas), "valid": flatten(valid)}


def make_network(args: argparse.Namespace) -> PairNetwork:
    """That of --init, or one of random weights."""
    given = {name: getattr(args, name) for name in SIZES if getattr(args, name) is not None}
    starts = [load_pair_network(directory) for directory in args.init or ()]  # one trained from another
    network = mean_model(starts) if starts else PairNetwork(PairConfig(**given))
    if args.pretrained:
        network = with_pretrained(network, load_checkpoint(args.pretrained))
    return network.train().to(args.device)


def with_pretrained(network: PairNetwork, model: MprnaModel) -> PairNetwork:
    """The same network with the encoder of a pretrained model, which it ignores so far."""
    wider = PairNetwork(dataclasses.replace(network.config, pretrained=model.encoder.config))
    assert wider.pretrained is not None
    wider.load_state_dict(network.state_dict(), strict=False)
    wider.pretrained.encoder.load_state_dict(model.encoder.state_dict())
    wider.pretrained.query.load_state_dict(model.pair_head.query.state_dict())
    wider.pretrained.key.load_state_dict(model.pair_head.key.state_dict())
    return wider


def source_times(text: str) -> tuple[str, int]:
    """`SOURCE=N`"""
    source, _, times = text.rpartition("=")
    if not source or not times.isdecimal() or int(times) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected SOURCE=N, N from 1")
    return source, int(times)


def finish(network: PairNetwork, valid: RnaSet, args: argparse.Namespace) -> None:
    """Scores on some of the validation RNAs, and `model/`."""
    from mprna.runtime.export import export_pair_network  # what trains only needs no ONNX

    temper(network, args.temperature)
    if args.alone_scale is not None:
        network.config = dataclasses.replace(network.config, alone_scale=args.alone_scale)
    some = np.random.default_rng(1).permutation(len(valid))[:NUM_VALID].tolist()
    for with_prior in (True, False):
        f1 = evaluate(network, valid, some, with_prior=with_prior)
        print(f"pair F1 by gamma, {'with' if with_prior else 'without'} prior: {f1}")
    export_pair_network(network.eval(), args.out / "model")


SIZES = ("num_layers", "hidden_width", "num_heads", "feed_forward_width", "cell_width")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data(parser)
    add_network(parser)
    add_training(parser)
    args = parser.parse_args(argv)
    if not args.packed and not (args.train and args.valid):
        parser.error("give TRAIN and --valid, or --packed")
    if args.init and any(getattr(args, name) is not None for name in SIZES):
        parser.error("--init brings its own sizes")
    args.times = dict(args.times)
    if args.steps is None:
        args.steps = 10**9 if args.max_seconds else 5000
    args.multiple = GPU_MULTIPLE if args.device == "cuda" else 2
    return args


def add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("train", type=Path, nargs="*", metavar="TRAIN")
    parser.add_argument("--valid", type=Path, metavar="VALID")
    parser.add_argument("--out", type=Path, metavar="WORK", required=True)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], metavar="FILE", help="test sets")
    parser.add_argument(
        "--reactivity",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="JSON Lines with sequence and reactivity, gzipped; similarity fold 0 is held out",
    )
    parser.add_argument("--max-length", type=int, default=300, metavar="NT")
    parser.add_argument(
        "--ensembles", type=Path, metavar="FILE", help="shared by several runs [WORK/ensembles.sqlite]"
    )
    parser.add_argument("--pack", type=Path, metavar="FILE", help="write what is learned from, and stop")
    parser.add_argument("--packed", type=Path, metavar="FILE", help="what --pack wrote, in place of TRAIN")
    parser.add_argument(
        "--only", nargs="+", metavar="SOURCE", help="RNAs of files in folders of these names; 'mapped'"
    )
    parser.add_argument(
        "--times",
        type=source_times,
        nargs="+",
        default=[],
        metavar="SOURCE=N",
        help="how often RNAs of files in folders of this name are shown in an epoch [1]",
    )


def add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--init",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="directory of weights to start from; the mean of several",
    )
    parser.add_argument(
        "--pretrained", type=Path, metavar="MODEL", help="whose encoder is put beside that of the network"
    )
    for name in SIZES:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help="of a new network")


def add_training(parser: argparse.ArgumentParser) -> None:
    """How the network is trained, and what is done with it."""
    parser.add_argument("--steps", type=int, help="[5000, without end if --max-seconds is given]")
    parser.add_argument("--max-seconds", type=float, metavar="S", help="of training, then it is annealed")
    parser.add_argument("--peak-rate", type=float, default=1e-3, help="learning rate [%(default)s]")
    parser.add_argument(
        "--pretrained-rate",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="of --peak-rate, for that encoder [%(default)s]",
    )
    parser.add_argument("--warm-up", type=int, default=200, metavar="STEPS", help="[%(default)s]")
    parser.add_argument("--max-cells", type=int, default=80_000, help="L x L of a batch [%(default)s]")
    parser.add_argument("--weight-decay", type=float, default=0.01, help="[%(default)s]")
    parser.add_argument("--dropout", type=float, default=0.0, help="in the trunk [%(default)s]")
    parser.add_argument("--prior-dropout", type=float, default=0.25, help="share without prior [%(default)s]")
    parser.add_argument(
        "--soft-prior-dropout", type=float, default=0.5, help="of RNAs without a structure [%(default)s]"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--bfloat16", action="store_true", help="where the CPU has it: 1.5 times faster")
    parser.add_argument("--valid-every", type=int, default=0, metavar="STEPS", help="0: never [%(default)s]")
    parser.add_argument("--report-every", type=int, default=100, metavar="STEPS", help="[%(default)s]")
    parser.add_argument("--weights-only", action="store_true", help="neither scores nor ONNX")
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="what log-odds are divided by in the end [%(default)s]"
    )
    parser.add_argument(
        "--alone-scale", type=float, metavar="X", help="what those without a prior are multiplied by then"
    )


def main() -> None:
    args = parse()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    sets = read_sets(args)
    if args.pack:
        return pack(sets, args.pack)
    device = torch.device(args.device)
    arrays = only(sets["train"], args.only) if args.only else sets["train"]
    rnas, valid = RnaSet(arrays, device), RnaSet(sets["valid"], device)
    print(f"{len(rnas)} RNAs to learn from, {len(valid)} to validate with", flush=True)
    network = Training(make_network(args), rnas, Validation(valid, args), args).run()
    if args.weights_only:
        return save_pair_network(network, args.out / "last", dtype=torch.float16)
    finish(network.cpu(), RnaSet(sets["valid"], torch.device("cpu")), args)


if __name__ == "__main__":
    main()
