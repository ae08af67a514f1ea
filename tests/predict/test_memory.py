"""Where the system gives no more memory, an RNA has that as its reason, and the next is folded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mprna

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")

SCRIPT = """
import re
import resource
from pathlib import Path

import mprna
from mprna.predict.embed import embed_records

def limit(mebibytes):
    used = int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + (mebibytes << 20), resource.RLIM_INFINITY))

def fold(long, **options):
    print([record.error for record in mprna.fold([long, "GGGGAAAACCCC"], mprna.FoldOptions(**options))])

def embed(long):
    records = [mprna.Record(name="a", sequence=text) for text in (long, "GGGGAAAACCCC")]
    print([embedding.error for embedding in embed_records(records)])

fold("ACGU"), fold("ACGU", engine="vienna"), embed("ACGU")
limit(60)
fold("ACGU" * 500), fold("ACGU" * 1500, engine="vienna"), embed("ACGU" * 2000)
"""


def test_no_memory_is_a_reason_and_not_the_end():
    environment = os.environ | {"PYTHONPATH": str(Path(mprna.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    shown = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        *["[None, None]"] * 3,
        "['not enough memory for 2000 nt', None]",
        "['not enough memory for 6000 nt', None]",
        "['not enough memory', None]",
    ]
