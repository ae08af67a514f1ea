"""Speed and memory of everything in a corpus build but folding: whole processes, one after the other.

    python benchmarks/corpus.py TRANSCRIPTS [--exclude FILE ...] [--near-duplicates SHARE]

The input is doubled by a reversed copy of every sequence, so that nothing in it is a duplicate. Peak memory
is that of the largest process; CPU seconds are those of all processes, and tell what a busy machine hides.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mprna.corpus.inputs import find_inputs, read_input

BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024


def measure(arguments: list[str], output: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MB of one command."""
    start = time.perf_counter()
    with output.open("w") as file:
        process = subprocess.Popen([sys.executable, "-m", "mprna", *arguments], stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit status {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * BYTES_PER_MAXRSS / 1e6


def write_reversed(inputs: Path, directory: Path) -> None:
    for name, path in find_inputs([inputs]).items():
        with (directory / f"{name.split('.fa')[0]}.reversed.fa").open("w") as file:
            for record in read_input(path):
                file.write(f">{record.header}\n{record.sequence[::-1]}\n")


def print_row(what: str, arguments: list[str], scratch: Path) -> None:
    out_dir = scratch / what.replace(" ", "_").replace(",", "")
    seconds, cpu_seconds, megabytes = measure(
        ["corpus", "build", *arguments, "--out", str(out_dir), "--annotate", "0", "--quiet"], scratch / "out"
    )
    manifest = json.loads((out_dir / "manifest.json").read_text())
    num_nt = sum(source["nt"] for source in manifest["sources"])
    kept = manifest["totals"]["rows"]
    size = sum(path.stat().st_size for path in out_dir.glob("*.parquet"))
    print(
        f"| {what} | {num_nt / 1e6:.1f} | {kept:,} | {seconds:.1f} | {cpu_seconds:.1f} "
        f"| {num_nt / seconds / 1e6:.1f} | {megabytes:.0f} | {size / 1e6:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--exclude", nargs="+", default=[])
    parser.add_argument("--exclude-share", default="0.2")
    parser.add_argument("--near-duplicates")
    args = parser.parse_args()
    print("| build | Mnt read | slices kept | s | CPU s | Mnt/s | peak MB | Parquet MB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        print_row("one process", [str(args.inputs)], scratch)
        print_row("two processes", [str(args.inputs), "-j", "2"], scratch)
        if args.exclude:
            exclude = ["--exclude", *args.exclude, "--exclude-share", args.exclude_share]
            print_row("one process, with exclusion", [str(args.inputs), *exclude], scratch)
        if args.near_duplicates:
            near = ["--near-duplicates", args.near_duplicates]
            print_row("one process, near-duplicates", [str(args.inputs), *near], scratch)
        doubled = scratch / "reversed"
        doubled.mkdir()
        write_reversed(args.inputs, doubled)
        print_row("one process, doubled input", [str(args.inputs), str(doubled)], scratch)


if __name__ == "__main__":
    main()
