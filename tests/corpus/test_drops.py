from __future__ import annotations

from mprna.corpus.drops import DropReason, Drops, Tally


def test_count_and_merge_add_up() -> None:
    first, second = Drops(), Drops()
    first.count(DropReason.DUPLICATE, 40)
    second.count(DropReason.DUPLICATE, 2)
    second.count(DropReason.SHORT_TAIL, 5)
    first.merge(second)
    assert first == {"duplicate": Tally(2, 42), "short_tail": Tally(1, 5)}
    assert first.nt == 47
    assert second == {"duplicate": Tally(1, 2), "short_tail": Tally(1, 5)}


def test_json_round_trip() -> None:
    drops = Drops({"short_tail": Tally(1, 5), "duplicate": Tally(2, 42)})
    assert list(drops.to_json()) == ["duplicate", "short_tail"]
    assert Drops.from_json(drops.to_json()) == drops
