"""Load on `mprna web`: folds per second and 95th percentile by length, and how long health takes meanwhile.

    python benchmarks/serve.py [--workers N] [--clients N] [--engine ENGINE] [--lengths NT ...]

Starts a service, warms it up and lets clients fold random RNAs of one length, each sending the next when it
has its answer. Meanwhile another client asks for /api/health and, in turn, a bare asyncio server that does
nothing else: what both take is the machine's doing. Clients and servers share the machine.
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
ROW = "{:>6} | {:>7} | {:>6} | {:>7} | {:>7} | {:>15} | {:>15}"
HEAD = ("nt", "clients", "folds", "folds/s", "p95 s", "health ms", "bare ms")
"""The last two as median / 95th percentile."""

BARE = """
import asyncio
async def answer(reader, writer):
    while await reader.readuntil(b"\\r\\n\\r\\n"):
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print("http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"""


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """The first line that a Python process prints, while it runs."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
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


async def watch(client: httpx.AsyncClient, times: dict[str, list[float]]) -> None:
    """Ask every URL in turn, for ever."""
    while True:
        for url, found in times.items():
            start = time.perf_counter()
            (await client.get(url)).raise_for_status()
            found.append(1e3 * (time.perf_counter() - start))
            await asyncio.sleep(0.05)


def percentile_95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]


async def measure(url: str, bare: str, length: int, clients: int, engine: str) -> None:
    """Print one row."""
    limits = httpx.Limits(max_connections=clients + 2)
    async with httpx.AsyncClient(base_url=url, timeout=3_600, limits=limits, trust_env=False) as client:
        watched: dict[str, list[float]] = {f"{url}api/health": [], bare: []}
        watching = asyncio.create_task(watch(client, watched))
        start = time.perf_counter()
        loops = (fold_until(client, length, engine, start + SECONDS, SEED + k) for k in range(clients))
        times = [seconds for found in await asyncio.gather(*loops) for seconds in found]
        elapsed = time.perf_counter() - start
        watching.cancel()
    folds = (len(times), f"{len(times) / elapsed:.2f}", f"{percentile_95(times):.2f}")
    waits = [f"{statistics.median(found):.1f} / {percentile_95(found):.1f}" for found in watched.values()]
    print(ROW.format(length, clients, *folds, *waits), flush=True)


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
    print(ROW.format(*HEAD), flush=True)
    options = ["--workers", str(args.workers), "--max-length", str(max(args.lengths))]
    service = running("-m", "mprna", "web", "--port", "0", "--quiet", "--time-limit", "3600", *options)
    with service as url, running("-c", BARE) as bare:
        for length in args.lengths:
            asyncio.run(measure(url, bare, length, args.clients, args.engine))


if __name__ == "__main__":
    main()
