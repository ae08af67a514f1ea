from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from mprna.corpus.buckets import BucketWriter, Candidate
from mprna.corpus.build import build_corpus
from mprna.corpus.dedup import content_digest
from mprna.corpus.near_duplicates import _bands, read_near_duplicates, write_near_duplicates
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shards import read_shard
from mprna.corpus.verify import verify_corpus
from mprna.errors import CorpusError, MissingExtraError
from mprna.rna.kmers import WORD

SHARE = 0.7


def family(seed: int, size: int, num_mutations: int) -> list[str]:
    """Relatives that differ from a common ancestor of 500 nt in a few places."""
    rng = random.Random(seed)
    ancestor = rng.choices("ACGU", k=500)
    members = []
    for _ in range(size):
        letters = ancestor.copy()
        for place in rng.sample(range(500), num_mutations):
            letters[place] = rng.choice("ACGU".replace(letters[place], ""))
        members.append("".join(letters))
    return members


def jaccard(first: str, second: str) -> float:
    sets = [{s[i : i + WORD] for i in range(len(s) - WORD + 1)} for s in (first, second)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def near_duplicates(
    tmp_path: Path, sequences: list[str], key_limit: int = 2**64 - 1, share: float = SHARE
) -> set[str]:
    buckets_dir = tmp_path / "buckets"
    buckets_dir.mkdir()
    writer = BucketWriter(buckets_dir)
    for i, sequence in enumerate(sequences):
        writer.add(Candidate(content_digest(sequence), 0, f"t{i}", "", 0, sequence))
    writer.flush()
    path = tmp_path / "near"
    write_near_duplicates(path, buckets_dir, key_limit=key_limit, seed=0, share=share)
    digests = read_near_duplicates(path)
    return {sequence for sequence in sequences if content_digest(sequence) in digests}


@pytest.mark.parametrize(("share", "num_gone"), [(0.985, 1), (1.0, 0)])
def test_shares_up_to_one_are_taken(tmp_path: Path, share: float, num_gone: int) -> None:
    sequence = family(1, 1, 0)[0]
    repeated = sequence + sequence[:100]
    near = [repeated, repeated + sequence[100:150]]  # the same 14-mers
    assert len(near_duplicates(tmp_path, near, share=share)) == num_gone


def test_one_of_close_relatives_stays_and_distant_ones_all(tmp_path: Path) -> None:
    close = [family(seed, 4, 1) for seed in range(5)]
    distant = family(9, 6, 20)
    assert min(jaccard(members[0], other) for members in close for other in members[1:]) > 0.85
    assert max(jaccard(first, second) for first in distant for second in distant if first != second) < 0.5
    sequences = [sequence for members in close for sequence in members] + distant + ["ACGU" * 3, "ACGA" * 3]
    gone = near_duplicates(tmp_path, sequences)
    assert [len(set(members) - gone) for members in close] == [1] * 5
    assert not gone & set(distant)
    assert not gone & {"ACGU" * 3, "ACGA" * 3}


def test_pairs_above_the_share_are_found(tmp_path: Path) -> None:
    """200 pairs of Jaccard index 0.89; in a few of them the estimate is 0.8 or less."""
    pairs = [family(seed, 2, 1) for seed in range(200)]
    gone = near_duplicates(tmp_path, [sequence for pair in pairs for sequence in pair], share=0.8)
    assert len(gone) >= 190


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0])
def test_bands_find_nearly_all_with_the_hashes_there_are(share: float) -> None:
    bands, rows = _bands(share)
    assert 2 <= bands <= bands * rows <= 64
    found = 1 - (1 - share**rows) ** bands
    assert found >= 0.98 or rows == 1


def test_who_stays_is_the_first_by_digest_whatever_the_order(tmp_path: Path) -> None:
    members = family(3, 6, 1)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    gone = near_duplicates(tmp_path / "a", members)
    assert gone == near_duplicates(tmp_path / "b", [*members[::-1], members[2]])
    assert set(members) - gone == {min(members, key=content_digest)}


def test_build_counts_what_it_leaves_out_for_any_number_of_jobs(tmp_path: Path) -> None:
    members = [*family(1, 5, 1), *family(2, 3, 1)]
    for name, order in (("x", members), ("y", members[::-1])):
        text = "".join(f">t{members.index(sequence)}\n{sequence}\n" for sequence in order)
        (tmp_path / f"{name}.fa").write_text(text)
    options = CorpusOptions(annotate_share=0.0, near_duplicate_share=SHARE, slices_per_shard=2)
    for out, name, jobs in (("one", "x", 1), ("two", "x", 2), ("turned", "y", 1)):
        manifest = build_corpus([tmp_path / f"{name}.fa"], tmp_path / out, options, jobs=jobs)
        assert verify_corpus(tmp_path / out) == manifest
        assert (manifest.rows, manifest.drops["near_duplicate"].pieces) == (2, 6)
        assert "datasketch" in manifest.versions
    kept = [
        [read_shard(path).select(["id", "sequence"]) for path in sorted((tmp_path / out).glob("*.parquet"))]
        for out in ("one", "two", "turned")
    ]
    assert sum(len(table) for table in kept[0]) == 2
    assert kept[0] == kept[1] == kept[2]


def test_missing_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    (tmp_path / "x.fa").write_text(">t\n" + "ACGU" * 20 + "\n")
    options = CorpusOptions(annotate_share=0.0, near_duplicate_share=SHARE)
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[dedup\]'"):
        build_corpus([tmp_path / "x.fa"], tmp_path / "out", options)


def test_a_corpus_made_by_another_rule_is_not_taken_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.fa").write_text(">t\n" + "ACGU" * 20 + "\n")
    options = CorpusOptions(annotate_share=0.0, near_duplicate_share=SHARE)
    build_corpus([tmp_path / "x.fa"], tmp_path / "out", options)
    monkeypatch.setattr("mprna.corpus.build.RULE_VERSION", "1")
    with pytest.raises(CorpusError, match="of other versions near-duplicates"):
        build_corpus([tmp_path / "x.fa"], tmp_path / "out", options)
