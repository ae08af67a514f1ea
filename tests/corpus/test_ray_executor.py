"""A real cluster of two nodes on this machine, one of which is killed; and clusters that are not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mprna.corpus.build import Progress, build_corpus
from mprna.corpus.options import CorpusOptions
from mprna.corpus.ray_executor import run_shards_on_ray
from mprna.errors import CorpusError, MissingExtraError, UsageError

from .conftest import contents

OPTIONS = CorpusOptions(slice_length=150, min_length=12, slices_per_shard=4)


def build_on_ray(inputs: Path, out_dir: Path, address: str | None) -> None:
    build_corpus([inputs], out_dir, OPTIONS, executor=partial(run_shards_on_ray, address=address))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    # Ray's processes start with this environment.
    monkeypatch.setenv("PYTHONPATH", ":".join([str(Path(__file__).parents[2] / "src"), *sys.path]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own: files and processes that it leaves to the collector
def test_same_bytes_from_a_cluster_that_loses_a_node(
    cluster: object, transcripts_dir: Path, tmp_path: Path
) -> None:
    second = cluster.add_node(num_cpus=1)  # type: ignore[attr-defined]
    lost: list[Progress] = []

    def lose_a_node(progress: Progress) -> None:
        if progress.shards == 3:
            cluster.remove_node(second, allow_graceful=False)  # type: ignore[attr-defined]
            lost.append(progress)

    executor = partial(run_shards_on_ray, address=cluster.address)  # type: ignore[attr-defined]
    build_corpus([transcripts_dir], tmp_path / "ray", OPTIONS, executor=executor, report=lose_a_node)
    assert lost
    assert lost[0].num_shards > 8
    build_corpus([transcripts_dir], tmp_path / "serial", OPTIONS)
    build_corpus([transcripts_dir], tmp_path / "pool", OPTIONS, jobs=2)
    assert contents(tmp_path / "ray") == contents(tmp_path / "serial") == contents(tmp_path / "pool")


@pytest.mark.parametrize("address", ["nonsense", ":6379", "host:port", "host:99999"])
def test_address_that_is_none(transcripts_dir: Path, tmp_path: Path, address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match=f"Ray address '{address}': expected host:port"):
        build_on_ray(transcripts_dir, tmp_path / "out", address)


def test_unreachable_cluster(transcripts_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with pytest.raises(CorpusError, match=r"no Ray cluster at 127\.0\.0\.1:1 \(Connection refused\)"):
        build_on_ray(transcripts_dir, tmp_path / "out", "127.0.0.1:1")
    build_corpus([transcripts_dir], tmp_path / "out", OPTIONS)  # another executor goes on


def test_without_ray(transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"mprna\[cluster\]"):
        build_on_ray(transcripts_dir, tmp_path / "out", None)
