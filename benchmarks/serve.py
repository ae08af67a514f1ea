"""Load on `mprna web`: folds per second and 95th percentile by length, and how long health takes meanwhile.

    python benchmarks/serve.py [--workers N] [--clients N] [--engine ENGINE] [--lengths NT ...]

Starts a service, warms it up and lets clients fold random RNAs of one length, each sending the next when it
has its answer; another client asks for /api/health every 50 ms. Client and service share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

SECONDS = 30.0
"""Of load per length; each client finishes at least one fold."""
SEED = 0
ROW = "{:>6} | {:>7} | {:>6} | {:>7} | {:>7} | {:>10} | {:>10}"
HEAD = ("nt", "clients", "folds", "folds/s", "p95 s", "health p95", "health max")


@contextmanager
def service(workers: int, max_length: int) -> Iterator[str]:
    """The URL of a service with default limits but these."""
    options = ["--port", "0", "--quiet", "--workers", str(workers), "--max-length", str(max_length)]
    command = [sys.executable, "-m", "mprna", "web", *options, "--time-limit", "3600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def fold_until(
    client: httpx.AsyncClient, length: int, engine: str, end: float, seed: int
) -> list[float]:
    """Seconds of every fold of one client."""
    rng, times = random.Random(seed), []
    while not times or time.perf_counter() < end:
        record = {"sequence": "".join(rng.choices("ACGU", k=length))}
        start = time.perf_counter()
        answer = await client.post("/api/fold", json={"records": [record], "engine": engine})
        answer.raise_for_status()
        assert answer.json()["records"][0]["error"] is None
        times.append(time.perf_counter() - start)
    return times


async def watch_health(client: httpx.AsyncClient, times: list[float]) -> None:
    while True:
        start = time.perf_counter()
        (await client.get("/api/health")).raise_for_status()
        times.append(time.perf_counter() - start)
        await asyncio.sleep(0.05)


def percentile_95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]


async def measure(url: str, length: int, clients: int, engine: str) -> None:
    limits = httpx.Limits(max_connections=clients + 1)
    async with httpx.AsyncClient(base_url=url, timeout=3_600, limits=limits, trust_env=False) as client:
        health: list[float] = []
        watching = asyncio.create_task(watch_health(client, health))
        start = time.perf_counter()
        loops = (fold_until(client, length, engine, start + SECONDS, SEED + k) for k in range(clients))
        times = [seconds for found in await asyncio.gather(*loops) for seconds in found]
        elapsed = time.perf_counter() - start
        watching.cancel()
    rate, health_ms = (
        len(times) / elapsed,
        [f"{percentile_95(health) * 1e3:.0f} ms", f"{max(health) * 1e3:.0f} ms"],
    )
    print(
        ROW.format(length, clients, len(times), f"{rate:.2f}", f"{percentile_95(times):.2f}", *health_ms),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--engine", default="hybrid", choices=("hybrid", "model", "vienna"))
    parser.add_argument("--lengths", type=int, nargs="+", default=[75, 400, 2_000])
    args = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load before {load:.1f}; {args.workers} workers, engine {args.engine}")
    print(ROW.format(*HEAD))
    with service(args.workers, max(args.lengths)) as url:
        for length in args.lengths:
            asyncio.run(measure(url, length, args.clients, args.engine))


if __name__ == "__main__":
    main()
