from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from mprna.corpus import plan as plan_module
from mprna.corpus.build import build_corpus
from mprna.corpus.options import CorpusOptions
from mprna.corpus.plan import FoldRate, Plan, plan_corpus
from mprna.errors import CorpusError, UsageError

OPTIONS = CorpusOptions(slice_length=40, min_length=12, annotate_share=0.5)
PLAN = Plan(
    num_files=2,
    num_counted=1,
    counted_share=0.5,
    nt=10**9,
    slices=10**6,
    folds=720_000,
    fold_seconds=FoldRate(num_folds=40, mean=0.5, error=0.01),
    scan_seconds=1800.0,
    shard_bytes=10**9,
    scaffold_bytes=10**9,
    cores=20,
    price=0.04,
    seed=0,
)


def test_hours_and_money() -> None:
    """720,000 folds of half a second are 100 core-hours, 5 hours on 20 cores, after half an hour of scan."""
    assert PLAN.core_hours == pytest.approx(100.0)
    assert PLAN.wall_hours == pytest.approx(5.5)
    assert PLAN.money == pytest.approx(5.5 * 20 * 0.04)
    assert replace(PLAN, price=None).money is None


def test_full_count_is_the_build_s(transcripts_dir: Path, tmp_path: Path) -> None:
    plan = plan_corpus([transcripts_dir], OPTIONS, cores=3)
    manifest = build_corpus([transcripts_dir], tmp_path / "out", OPTIONS)
    assert (plan.num_files, plan.num_counted, plan.counted_share) == (3, 3, 1.0)
    assert plan.slices == manifest.rows
    assert plan.nt == sum(source.nt for source in manifest.sources)
    assert plan.folds == round(manifest.rows / 2)
    assert plan.fold_seconds.num_folds == min(manifest.rows, plan_module.MAX_FOLDS)
    assert 0 < plan.fold_seconds.mean < 1
    size = sum(path.stat().st_size for path in (tmp_path / "out").glob("*.parquet"))
    assert 0.4 * size < plan.shard_bytes < size  # an empty file's bytes are left out


def test_what_has_no_structure_is_not_kept_by_labelled_only(transcripts_dir: Path) -> None:
    plan = plan_corpus([transcripts_dir], OPTIONS)
    kept = plan_corpus([transcripts_dir], replace(OPTIONS, labelled_only=True))
    assert kept.slices == kept.folds == plan.folds < plan.slices
    assert kept.shard_bytes < plan.shard_bytes


def test_sample_of_files_is_scaled_by_their_bytes(
    tmp_path: Path, transcripts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (transcripts_dir / "a.fa").read_text()
    for copy in range(8):
        (tmp_path / f"{copy}.fa").write_text(text.replace(">t", f">{copy}"))
    full = plan_corpus([tmp_path / "0.fa"], OPTIONS)
    monkeypatch.setattr(plan_module, "COUNTED_BYTES", 2 * (tmp_path / "0.fa").stat().st_size)
    monkeypatch.setattr(plan_module, "MAX_FOLDS", 12)
    paths = [tmp_path / f"{copy}.fa" for copy in range(8)]
    plan = plan_corpus(paths, OPTIONS)
    assert (plan.num_files, plan.num_counted, plan.counted_share) == (8, 2, pytest.approx(0.25))
    assert plan.nt == 8 * full.nt
    assert plan.slices == 4 * full.slices  # the two files that were read are alike
    assert plan.fold_seconds.num_folds == 12


def test_a_choice_of_species_or_records_counts_everything(
    transcripts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "COUNTED_BYTES", 1)
    monkeypatch.setattr(plan_module, "MAX_FOLDS", 12)
    assert plan_corpus([transcripts_dir], OPTIONS).num_counted == 1
    for options in (replace(OPTIONS, only_species=("Zea_mays",)), replace(OPTIONS, max_records=40)):
        assert plan_corpus([transcripts_dir], options).num_counted == 3


def test_sample_of_slices_bounds_the_plan(transcripts_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MAX_FOLDS", 12)
    plan = plan_corpus([transcripts_dir], replace(OPTIONS, max_slices=20))
    assert (plan.slices, plan.folds) == (20, 10)


def test_writes_nothing_beside_the_input(transcripts_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MAX_FOLDS", 12)
    before = sorted(transcripts_dir.iterdir())
    plan_corpus([transcripts_dir], OPTIONS)
    assert sorted(transcripts_dir.iterdir()) == before


@pytest.mark.parametrize(
    ("cores", "price", "message"), [(0, None, "0 cores"), (1, -1.0, "price -1.0"), (1, math.nan, "price nan")]
)
def test_impossible_arguments(transcripts_dir: Path, cores: int, price: float | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_corpus([transcripts_dir], OPTIONS, cores=cores, price=price)


def test_nothing_remains(tmp_path: Path) -> None:
    for text in ("", ">t\nACGU\n"):
        (tmp_path / "short.fa").write_text(text)
        with pytest.raises(CorpusError, match="no slice remains of the input"):
            plan_corpus([tmp_path], OPTIONS)
    with pytest.raises(CorpusError, match="no such file"):
        plan_corpus([tmp_path / "missing.fa"], OPTIONS)
