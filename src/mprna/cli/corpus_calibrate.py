"""`mprna corpus calibrate`: known structures in, a calibration and its table of thresholds out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mprna.cli.corpus_options import add_energy_model
from mprna.cli.options import example, seed
from mprna.cli.pictures import check_picture, write_picture


def add_calibrate(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "calibrate",
        help="how far structures are to be trusted, learned from known ones",
        description="Fold RNAs of known structure, fit what predicts the pair F1 of a fold and the "
        "probability that a nucleotide's state is right, and print thresholds for build --min-fidelity. "
        "Never give it a test set.",
        epilog=example("mprna corpus calibrate --truth known.jsonl.gz --out calibration.json"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--truth",
        required=True,
        nargs="+",
        type=Path,
        metavar="FILE",
        help="RNAs with known structures, in any format with structures that fold reads",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the calibration, JSON")
    parser.add_argument("--figure", metavar="FILE", help="the reliability curves, as .svg or .png")
    add_energy_model(parser)
    parser.add_argument(
        "--second",
        default="langdon2018",
        metavar="NAME",
        help="energies whose MFE structure is compared with [%(default)s]",
    )
    parser.add_argument("--min-length", type=int, default=20, metavar="NT", help="[%(default)s]")
    parser.add_argument("--max-length", type=int, default=400, metavar="NT", help="[%(default)s]")
    parser.add_argument(
        "--max-rnas", type=int, default=4000, metavar="N", help="size of a uniform sample [%(default)s]"
    )
    parser.add_argument(
        "--shuffled",
        type=int,
        default=1000,
        metavar="N",
        help="RNAs that are also shuffled, as a control [%(default)s]",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of sample, shuffles, bootstrap [%(default)s]")
    parser.set_defaults(run=_calibrate)


def _calibrate(args: argparse.Namespace) -> int:
    from mprna.corpus.calibrate import CalibrationOptions, calibrate, cross_validate
    from mprna.corpus.calibration_report import report
    from mprna.folding.vienna import EnergyModel
    from mprna.io.output import open_output

    if args.figure is not None:
        check_picture("--figure", args.figure)
    options = CalibrationOptions(
        energy_model=EnergyModel(temperature=args.temperature, parameters=args.parameters),
        second_parameters=args.second,
        min_length=args.min_length,
        max_length=args.max_length,
        max_rnas=args.max_rnas,
        num_shuffled=args.shuffled,
        seed=args.seed,
    )
    calibration, observations, shuffled = calibrate(args.truth, options)
    validation = cross_validate(observations, options)
    results = report(observations, validation, calibration, shuffled, seed=args.seed)
    with open_output(args.out) as file:
        file.write(json.dumps({**calibration.to_json(), "report": results}, indent=1) + "\n")
    if args.figure is not None:
        write_picture(_figure(results), args.figure)
    print(threshold_table(results))
    return 0


def _figure(results: dict[str, Any]) -> str:
    from mprna.corpus.calibration_report import points_of
    from mprna.draw.reliability import Curve, draw_reliability

    states = {name: Curve(*points_of(entry["curve"])) for name, entry in results["states"].items()}
    return draw_reliability(
        Curve(*points_of(results["f1_reliability"])),
        (states["paired_raw"], states["paired_calibrated"]),
        (states["unpaired_raw"], states["unpaired_calibrated"]),
    )


def threshold_table(results: dict[str, Any]) -> str:
    """What `--min-fidelity` keeps, tab-separated, with the ends of 95 % intervals."""
    lines = ["min_fidelity\tkept\texpected_f1\tobserved_f1\tshuffled_kept"]
    for row in results["thresholds"]:
        values = [f"{row['min_fidelity']:g}", _interval(row["kept"]), row["expected_f1"]]
        values += [_interval(row["observed_f1"]), row["shuffled_kept"]]
        lines.append("\t".join("-" if value is None else str(value) for value in values))
    return "\n".join(lines)


def _interval(ends: list[float] | None) -> str | None:
    return None if ends is None else f"{ends[0]:.3f} ({ends[1]:.3f}-{ends[2]:.3f})"
