r"""What relatives bring, those of the same family and strangers of all other families.

    python benchmarks/templates.py archiveII_bpseq.jsonl.gz WORK [--engine vienna] [--num-rnas 70]
    python benchmarks/templates.py archiveII_bpseq.jsonl.gz WORK --without-structures

Of every family some RNAs are folded three times: alone; with all other families as templates, which must not
do harm; and with the rest of all RNAs as templates, but for those that share more than `--max-like` of their
14-mers with any RNA that is folded. Or the same without the structures of these (`mprna fold --relatives`).
The table is that of `benchmarks/accuracy.py`, with intervals over families and every way compared with the
first.

A name's family is what stands before its first underscore.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path

from families import FAMILY, ROOT, read_families, sample, write

from mprna.alphabet import as_rna
from mprna.corpus.decontaminate import Unwanted
from mprna.io.records import Record
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions


def fold_with(
    known: list[Record], tested: list[Record], option: str, options: FoldOptions, path: Path
) -> None:
    """Predictions of `tested`, appended to those of other families.

    Args:
        option: of `FoldOptions`, what `known` is given as.
    """
    file = path.with_suffix(".known.jsonl")
    write(known, file)
    folded = list(fold_records(tested, dataclasses.replace(options, **{option: (file,)})))
    used = sum(record.template is not None for record in folded)
    print(f"{path.stem}: {used} of {len(folded)} RNAs have a relative among {len(known)}", file=sys.stderr)
    _append(folded, path)


def _append(folded: list[Record], path: Path) -> None:
    earlier = path.read_text() if path.exists() else ""
    write(folded, path)
    path.write_text(earlier + path.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, help="known structures, named FAMILY_...")
    parser.add_argument("work", type=Path)
    parser.add_argument("--engine", default="vienna", help="[%(default)s]")
    parser.add_argument("--num-rnas", type=int, default=70, help="of a family [%(default)s]")
    parser.add_argument("--longest", type=int, default=700, metavar="NT", help="[%(default)s]")
    parser.add_argument("--max-like", type=float, default=0.5, metavar="SHARE", help="[%(default)s]")
    parser.add_argument("--without-structures", action="store_true", help="of relatives")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    paths = [args.work / f"{name}.jsonl" for name in ("test", "alone", "strangers", "relatives")]
    for path in paths:
        path.unlink(missing_ok=True)
    truth, alone, strangers, relatives = paths
    options = FoldOptions(engine=args.engine)
    option = "relatives" if args.without_structures else "templates"
    families = read_families(args.archive)
    for name, family in families.items():
        tested = sample([record for record in family if len(record.sequence) <= args.longest], args.num_rnas)
        if not tested:
            continue
        _append(tested, truth)
        _append(list(fold_records(tested, options)), alone)
        others = [record for other, records in families.items() if other != name for record in records]
        fold_with(others, tested, option, options, strangers)
        fold_with(_unlike(family, tested, args) + others, tested, option, options, relatives)
    command = [sys.executable, ROOT / "benchmarks/accuracy.py", *paths, "--family", FAMILY]
    subprocess.run([str(word) for word in command], check=True)


def _unlike(family: list[Record], tested: list[Record], args: argparse.Namespace) -> list[Record]:
    """The RNAs of a family that are no near copies of those that are folded."""
    path = args.work / "tested.jsonl"
    write(tested, path)
    shares = Unwanted({path.name: path}).shares([as_rna(record.sequence) for record in family])
    return [record for record, share in zip(family, shares, strict=True) if share <= args.max_like]


if __name__ == "__main__":
    main()
