"""runs/smoke.sh, step by step: the losses are those of tests/golden/smoke.json, and the result folds.

After a change that is meant to change the losses: `runs/smoke.sh`, look at them, then
`python tests/train/test_smoke.py build/smoke/run/metrics.jsonl`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mprna.corpus.build import build_corpus
from mprna.corpus.options import CorpusOptions
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.rna.canonical import check_structure
from mprna.runtime.export import export_model
from mprna.train.pretrain import pretrain
from mprna.train.recipes import smoke

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/smoke.json"

# Another processor sums in another order; 40 steps of training make that visible, but no larger.
TOLERANCE = 5e-3


def losses_of(metrics_path: Path) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in metrics_path.read_text().splitlines()]
    return [{k: v for k, v in row.items() if k == "step" or k.endswith("loss")} for row in rows]


def test_the_smoke_run_gives_the_golden_losses_and_folds(tmp_path: Path) -> None:
    options = CorpusOptions(slice_length=128, annotate_share=1.0)
    build_corpus([ROOT / "examples/rnas.fa"], tmp_path / "corpus", options)
    corpus = tmp_path / "corpus"
    model_dir = pretrain(smoke(), [corpus], tmp_path / "run", validation_dir=corpus, num_threads=1)
    assert model_dir is not None
    golden = json.loads(GOLDEN.read_text())
    found = losses_of(tmp_path / "run/metrics.jsonl")
    assert [row.keys() for row in found] == [row.keys() for row in golden]
    for mine, expected in zip(found, golden, strict=True):
        assert mine == pytest.approx(expected, rel=TOLERANCE)

    export_model(tmp_path / "run", tmp_path / "nano")
    for engine in ("model", "hybrid"):
        folder = Folder(FoldOptions(engine=engine, model=tmp_path / "nano"))
        folded = folder(Record(name="hairpin", sequence="GGGGAAAACCCC"))
        assert folded.error is None
        assert folded.dot_bracket is not None
        check_structure("GGGGAAAACCCC", folded.dot_bracket)


if __name__ == "__main__":
    rows = losses_of(Path(sys.argv[1]))
    GOLDEN.write_text("[\n" + ",\n".join(f" {json.dumps(row)}" for row in rows) + "\n]\n")
