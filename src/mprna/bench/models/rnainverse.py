"""RNAinverse (Hofacker et al. 1994), as it comes with ViennaRNA, in a process that its time limit ends.

`python -m mprna.bench.models.rnainverse TARGET SEED SECONDS` is that process.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys

from mprna.folding.vienna import fold_mfe, inverse_folds, vienna_version


def rnainverse(target: str, *, seed: int, time_limit: float) -> str:
    """The closest of the walks that ended within the limit; empty where none did.

    Args:
        time_limit: seconds of processor time, without those in which Python starts.

    Raises:
        RuntimeError: the process failed.
    """
    command = [sys.executable, "-m", __name__, target, str(seed), str(time_limit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in (0, -signal.SIGPROF):
        raise RuntimeError(f"rnainverse ended with status {result.returncode}: {result.stderr}")
    return (result.stdout.split() or [""])[-1]


def _walk(target: str, seed: int, time_limit: float) -> None:
    """Print whatever is closer than what came before, until it is solved or the signal ends the process."""
    vienna_version()  # loads the library before the clock starts
    signal.setitimer(signal.ITIMER_PROF, time_limit)
    closest = math.inf
    for sequence, distance in inverse_folds(target, seed=seed):
        if distance < closest:
            closest = distance
            print(sequence, flush=True)
        if distance == 0 and fold_mfe(sequence)[0] == target:
            return


if __name__ == "__main__":
    _walk(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
