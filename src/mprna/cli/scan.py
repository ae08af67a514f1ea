"""`mprna scan`: what variants do to an RNA."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mprna.cli.options import (
    add_inputs,
    add_jobs,
    add_output,
    add_quiet,
    chosen_format,
    example,
    keep,
    num_jobs,
    positive_int,
    read_inputs,
)
from mprna.cli.pictures import check_picture, write_picture
from mprna.cli.tally import Tally
from mprna.errors import UsageError
from mprna.predict.limits import DEFAULT_MAX_LENGTH
from mprna.runtime.store import DEFAULT_MODEL

if TYPE_CHECKING:
    from mprna.io.variants import ListedVariant
    from mprna.predict.scan import ScanOptions, VariantEffect

FORMATS: Final = ("tsv", "jsonl", "parquet", "vcf")
NO_MODEL: Final = "none"

DESCRIPTION: Final = """\
What variants do to RNAs: all single substitutions, or those that are given. One row per variant: the
log-likelihood ratio by the masked language model, the change of the free energy of the ensemble and of the
minimum free energy (kcal/mol), how far pair probabilities move, and which helices of the reference are lost
or gained. A variant that does not fit gets its row with the reason; the exit status is then 1."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "scan",
        help="what variants do to RNAs",
        description=DESCRIPTION,
        epilog=example(
            "mprna scan utr.fa -j > effects.tsv",
            "mprna scan utr.fa --variant A40G --variant G32C+C50G",
            "mprna scan utr.fa --variants list.tsv --figure effects.svg -o effects.parquet",
            "mprna scan --vcf in.vcf --reference genome.fa --transcripts genes.gtf -o out.vcf",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_inputs(parser)
    _add_variants(parser)
    add_output(parser, FORMATS)
    parser.add_argument("--figure", metavar="FILE", help="also draw heat maps, as .svg or .png")
    _add_work(parser)
    add_jobs(parser)
    add_quiet(parser)


def _add_variants(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--variant",
        action="append",
        metavar="VARIANT",
        help="as A24G, 1-based; a double mutant as A24G+C30U, or with a comma; may be repeated",
    )
    parser.add_argument(
        "--variants", metavar="FILE", help="one variant a line, alone or after the name of its RNA and a tab"
    )
    parser.add_argument(
        "--vcf", metavar="FILE", help="variants of a genome or of RNAs, instead of INPUT; needs --reference"
    )
    parser.add_argument("--reference", metavar="FASTA", help="what the VCF counts on; plain or bgzipped")
    parser.add_argument(
        "--transcripts",
        metavar="FILE",
        help="GTF or BED of the RNAs on the reference; without it every sequence of the reference is an RNA",
    )


def _add_work(parser: argparse.ArgumentParser) -> None:
    """What is computed of each variant, and on how much of its RNA."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME",
        help="masked language model: installed name, or a directory; none does without [%(default)s]",
    )
    parser.add_argument(
        "--whole",
        type=positive_int,
        metavar="NT",
        help="RNAs up to this length are folded as a whole for every variant; at most 3000 [300]",
    )
    parser.add_argument(
        "--window",
        type=positive_int,
        metavar="NT",
        help="of longer ones, so much around the variant; at most 3000 [120]",
    )
    parser.add_argument(
        "--no-expand",
        action="store_true",
        help="take the ensemble energy of longer RNAs from the window too, not from the whole RNA",
    )
    parser.add_argument(
        "--context",
        type=positive_int,
        metavar="NT",
        help="the language model reads so many nucleotides around the variant [256]",
    )
    parser.add_argument(
        "--no-confidence",
        action="store_true",
        help="do not fold the RNA by the folding model for the columns partner and confidence",
    )
    parser.add_argument(
        "--max-length",
        type=positive_int,
        default=DEFAULT_MAX_LENGTH,
        metavar="NT",
        help="leave out longer sequences [%(default)s]",
    )


def run(args: argparse.Namespace) -> int:
    _check(args)
    tally = Tally("variants could not be evaluated", quiet=args.quiet, output=args.output, noun="variants")
    if args.vcf is not None:
        _scan_vcf(args, tally)
    else:
        _scan(args, tally)
    return tally.finish()


def _scan(args: argparse.Namespace, tally: Tally) -> None:
    from mprna.io.records import numbered
    from mprna.predict.scan import scan_records

    records = numbered(read_inputs(args.inputs))
    found = scan_records(records, _variants(args), _options(args), jobs=num_jobs(args))
    _write(args, (_seen(effect, tally) for effect in found))


def _scan_vcf(args: argparse.Namespace, tally: Tally) -> None:
    from mprna.io.vcf import VcfFile
    from mprna.predict.scan_vcf import Transcriptome, scan_vcf, write_vcf

    with VcfFile(args.vcf) as vcf, Transcriptome(args.reference, args.transcripts) as transcriptome:
        found = scan_vcf(vcf, transcriptome, _options(args), jobs=num_jobs(args))
        if chosen_format(args, FORMATS) == "vcf":
            write_vcf(
                vcf, ((record, [_seen(e, tally) for e in effects]) for record, effects in found), args.output
            )
        else:
            _write(args, (_seen(effect, tally) for _, effects in found for effect in effects))


def _write(args: argparse.Namespace, effects: Iterable[VariantEffect]) -> None:
    from mprna.predict.scan_output import write_effects

    drawn: list[VariantEffect] = []
    if args.figure is not None:
        effects = keep(effects, drawn)
    write_effects(effects, args.output, format_name=chosen_format(args, FORMATS))
    if args.figure is not None:
        _draw(drawn, args.figure)


def _seen(effect: VariantEffect, tally: Tally) -> VariantEffect:
    from mprna.predict.variant_effect import NO_FAILURES

    error = None if effect.error in NO_FAILURES else effect.error
    return tally.seen(effect, f"{effect.name} {effect.given or effect.variant}".strip(), error)


def _check(args: argparse.Namespace) -> None:
    if args.vcf is None and (args.reference is not None or args.transcripts is not None):
        raise UsageError("--reference and --transcripts belong to --vcf")
    if args.vcf is not None and args.reference is None:
        raise UsageError("--vcf needs --reference, the FASTA file that its positions count on")
    if args.vcf is not None and (args.inputs or args.variant or args.variants):
        raise UsageError("--vcf brings its own RNAs and variants; leave out INPUT, --variant and --variants")
    if args.vcf is None and chosen_format(args, FORMATS) == "vcf":
        raise UsageError("VCF is written for --vcf only; choose tsv, jsonl or parquet")
    if args.vcf is not None and args.figure is not None:
        raise UsageError("--figure draws RNAs that are given as INPUT, not --vcf")
    if args.figure is not None:
        check_picture("--figure", args.figure)


def _draw(effects: list[VariantEffect], path: str) -> None:
    from mprna.draw.heatmap import HeatMap, HeatMapPanel, heatmaps_svg
    from mprna.predict.scan_maps import effect_maps

    panels = []
    for found in effect_maps(effects):
        energy, llr = found.values["delta_ensemble_energy"], found.values["llr"]
        maps = [
            HeatMap(title="ΔG ensemble, kcal/mol", values=energy, low_is="more stable", high_is="less"),
            HeatMap(title="LLR, nats", values=llr, low_is="less likely", high_is="more"),
        ]
        panels.append(HeatMapPanel(title=found.name, sequence=found.sequence, maps=maps))
    write_picture(heatmaps_svg(panels), path)


def _variants(args: argparse.Namespace) -> list[ListedVariant] | None:
    from mprna.io.variants import ListedVariant, read_variants

    if args.variant is None and args.variants is None:
        return None
    listed = [ListedVariant(text) for text in args.variant or ()]
    return listed + (read_variants(args.variants) if args.variants is not None else [])


def _options(args: argparse.Namespace) -> ScanOptions:
    from mprna.predict.variant_effect import DEFAULT_WHOLE, DEFAULT_WINDOW, ScanOptions
    from mprna.runtime.masked import MASKED_CONTEXT

    return ScanOptions(
        model=None if args.model == NO_MODEL else args.model,
        whole=args.whole or DEFAULT_WHOLE,
        window=args.window or DEFAULT_WINDOW,
        expand=not args.no_expand,
        context=args.context or MASKED_CONTEXT,
        confidence=not args.no_confidence,
        max_length=args.max_length,
    )
