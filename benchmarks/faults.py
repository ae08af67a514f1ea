"""Builds that are killed, starved and cheated, and must end with the bytes of an undisturbed one.

    python benchmarks/faults.py [--kills 50] [--seed 0]

Kills hit the parent, its workers or their fold processes, at random moments. A killed fold process must not
be noticed; any other kill must be continued by the same command. Exits with 1 at the first difference.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mprna.corpus.verify import verify_corpus

OPTIONS = ["--slice-length", "150", "--min-length", "12", "--slices-per-shard", "4", "-j", "2", "--quiet"]


def write_transcripts(path: Path, rng: random.Random) -> None:
    sequences = ("".join(rng.choices("ACGU", k=rng.randint(100, 600))) for _ in range(60))
    path.write_text("".join(f">t{number}\n{sequence}\n" for number, sequence in enumerate(sequences)))


def start(inputs: Path, out_dir: Path, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mprna", "corpus", "build", str(inputs), "--out", str(out_dir), *OPTIONS]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=before)


def finish(inputs: Path, out_dir: Path, before: Callable[[], None] | None = None) -> tuple[int, str]:
    """Exit status and the one line on stderr."""
    process = start(inputs, out_dir, before)
    _, stderr = process.communicate(timeout=600)
    check(len(stderr.splitlines()) <= 1, f"more than one line on stderr: {stderr}")
    return process.returncode, stderr


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def check(condition: bool, complaint: str) -> None:
    if not condition:
        sys.exit(f"FAULT: {complaint}")


def descendants(parent: int) -> dict[int, int]:
    """Processes below `parent`, with their depth."""
    found, level = {}, {parent: 0}
    while level:
        children = {}
        for pid, depth in level.items():
            tasks = Path(f"/proc/{pid}/task")
            for task in tasks.glob("*/children") if tasks.exists() else ():
                try:
                    children |= dict.fromkeys(map(int, task.read_text().split()), depth + 1)
                except OSError:  # it has just ended
                    continue
        found |= children
        level = children
    return found


def is_ours(pid: int) -> bool:
    """A worker or a fold process, not Python's resource tracker."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill_one(process: subprocess.Popen[str], rng: random.Random) -> str | None:
    """SIGKILL the parent, a worker or a fold process; what it was, or None where all had ended."""
    below = {pid: depth for pid, depth in descendants(process.pid).items() if is_ours(pid)}
    kinds = {0: [process.pid]}
    for pid, depth in sorted(below.items()):
        kinds.setdefault(depth, []).append(pid)
    depth = rng.choice(sorted(kinds))
    if process.poll() is not None:
        return None
    try:
        os.kill(rng.choice(kinds[depth]), signal.SIGKILL)
    except ProcessLookupError:
        return None
    return ("parent", "worker", "fold process")[min(depth, 2)]


def kill_often(
    inputs: Path, folder: Path, expected: dict[str, bytes], kills: int, rng: random.Random
) -> None:
    """One build after the other, every run of which is hit once, until there were enough kills."""
    hits: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    builds = 0
    seconds = measured_seconds(inputs, folder / "timed")
    while hits.total() < kills:
        out_dir = folder / f"killed_{builds}"
        while not (out_dir / "manifest.json").exists():
            process = start(inputs, out_dir)
            time.sleep(rng.uniform(0.1, 0.9) * seconds)
            victim = kill_one(process, rng)
            _, stderr = process.communicate(timeout=600)
            if victim is not None:
                hits[victim] += 1
            code = process.returncode
            died = code == 1 and "a worker process died" in stderr and len(stderr.splitlines()) == 1
            may_end = {"parent": code == -signal.SIGKILL, "worker": died}.get(victim or "", False)
            check(code == 0 or may_end, f"exit status {code} after a kill of {victim}: {stderr}")
            outcomes["went on" if code == 0 else "one line" if died else "killed"] += 1
        check(finish(inputs, out_dir)[0] == 0, "a finished build is not found finished")
        check(contents(out_dir) == expected, f"{out_dir} differs after kills")
        verify_corpus(out_dir)
        builds += 1
    print(f"kill -9: {hits.total()} ({dict(sorted(hits.items()))}) in {builds} builds; runs {dict(outcomes)}")


def measured_seconds(inputs: Path, out_dir: Path) -> float:
    start_time = time.monotonic()
    finish(inputs, out_dir)
    return time.monotonic() - start_time


def interrupted(inputs: Path, out_dir: Path) -> Path:
    """Kill a build after its first shard; returns that shard."""
    process = start(inputs, out_dir)
    while not (shards := sorted(out_dir.glob("*.parquet"))) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    check(bool(shards) and not (out_dir / "manifest.json").exists(), "the build was too fast to interrupt")
    return shards[0]


def no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = folder / "transcripts.fa"
        write_transcripts(inputs, rng)
        check(finish(inputs, folder / "undisturbed")[0] == 0, "the undisturbed build failed")
        expected = contents(folder / "undisturbed")
        other_faults(inputs, folder, expected)
        kill_often(inputs, folder, expected, args.kills, rng)
    print("all builds ended with the same bytes")


def other_faults(inputs: Path, folder: Path, expected: dict[str, bytes]) -> None:
    print("full disk (no file may grow beyond 6 kB):")
    out_dir = folder / "full"
    refuse(inputs, out_dir, "File too large", no_room)
    resume(inputs, out_dir, expected)
    print("output that cannot be written:")
    refuse(inputs, Path("/proc/mprna"), "make it writable")
    print("truncated shard:")
    shard = interrupted(inputs, folder / "truncated")
    shard.write_bytes(shard.read_bytes()[:-100])
    resume(inputs, folder / "truncated", expected)
    print("input changed between two runs:")
    interrupted(inputs, folder / "changed")
    text = inputs.read_text()
    inputs.write_text(text + ">new\nACGUACGUACGUACGUACGU\n")
    refuse(inputs, folder / "changed", "unfinished corpus of other sources")
    inputs.write_text(text)
    resume(inputs, folder / "changed", expected)


def refuse(inputs: Path, out_dir: Path, message: str, before: Callable[[], None] | None = None) -> None:
    code, stderr = finish(inputs, out_dir, before)
    check(code == 1 and message in stderr, f"exit status {code}, expected 1 and {message!r}: {stderr}")
    print(f"  {stderr.strip()}")


def resume(inputs: Path, out_dir: Path, expected: dict[str, bytes]) -> None:
    check(finish(inputs, out_dir)[0] == 0, f"{out_dir} cannot be continued")
    check(contents(out_dir) == expected, f"{out_dir} differs")
    print("  continued: same bytes")


if __name__ == "__main__":
    main()
