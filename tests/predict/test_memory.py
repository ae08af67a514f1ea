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

texts = ("ACGU", "ACGU" * 2000, "GGGGAAAACCCC")
embeddings = embed_records(mprna.Record(name="a", sequence=text) for text in texts)
fold("ACGU"), fold("ACGU", engine="vienna")
print(next(embeddings).error)  # the model is loaded
limit(60)
fold("ACGU" * 500), fold("ACGU" * 1500, engine="vienna")
print([embedding.error for embedding in embeddings])
"""


def test_no_memory_is_a_reason_and_not_the_end():
    environment = os.environ | {"PYTHONPATH": str(Path(mprna.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    shown = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        *["[None, None]"] * 2,
        "None",
        "['not enough memory for 2000 nt', None]",
        "['not enough memory for 6000 nt', None]",
        "['not enough memory', None]",
    ]
