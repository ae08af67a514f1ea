from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from mprna.corpus import cache as cache_module
from mprna.corpus.cache import CACHE_NAME, AnnotationCache
from mprna.corpus.fidelity import Folded, fold_main
from mprna.errors import CorpusError
from mprna.folding.vienna import EnergyModel

HAIRPIN = "GGGGAAAACCCC"
DEFAULT = EnergyModel()
SECOND = "langdon2018"

OpenCache = Callable[..., AnnotationCache]


def fold(sequence: str = HAIRPIN) -> Folded:
    return fold_main(sequence, DEFAULT, "." * len(sequence))


def content(folded: Folded | None) -> dict[str, object] | None:
    """All fields, comparable."""
    return None if folded is None else asdict(folded) | {"state_probs": folded.state_probs.tolist()}


@pytest.fixture
def open_cache() -> Iterator[OpenCache]:
    """Caches that are closed in the end: from Python 3.13 on, leaving that to the collector is a warning."""
    with ExitStack() as stack:

        def run(
            directory: Path, energy_model: EnergyModel = DEFAULT, second: str = SECOND
        ) -> AnnotationCache:
            cache = AnnotationCache(directory, energy_model, second)
            stack.callback(cache.close)
            return cache

        yield run


def test_what_was_put_comes_back_exactly_and_to_another_process(
    tmp_path: Path, open_cache: OpenCache
) -> None:
    cache = open_cache(tmp_path / "new" / "folder")
    assert cache.get(HAIRPIN) is None
    cache.put(HAIRPIN, fold())
    assert content(open_cache(tmp_path / "new" / "folder").get(HAIRPIN)) == content(fold())
    assert cache.get(HAIRPIN + "A") is None


def test_everything_that_decides_on_labels_is_in_the_key(
    tmp_path: Path, open_cache: OpenCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cache(tmp_path).put(HAIRPIN, fold())
    for other in (
        EnergyModel(temperature=36.0),
        EnergyModel(parameters="turner1999"),
        EnergyModel(max_span=8),
        EnergyModel(dangles=0),
    ):
        assert open_cache(tmp_path, energy_model=other).get(HAIRPIN) is None
    assert open_cache(tmp_path, second="andronescu2007").get(HAIRPIN) is None
    for name, value in (("vienna_version", lambda: "9.9"), ("ANNOTATION_VERSION", 99)):
        with monkeypatch.context() as patch:
            patch.setattr(cache_module, name, value)
            assert open_cache(tmp_path).get(HAIRPIN) is None
    assert content(open_cache(tmp_path).get(HAIRPIN)) == content(fold())


def test_second_structures_are_found_by_the_second_parameters(tmp_path: Path, open_cache: OpenCache) -> None:
    """The first parameters do not matter, as they do for the fold."""
    cache = open_cache(tmp_path)
    assert cache.get_second(HAIRPIN) is None
    cache.put_second(HAIRPIN, "((((....))))")
    assert cache.get(HAIRPIN) is None
    assert open_cache(tmp_path, EnergyModel(parameters="turner1999")).get_second(HAIRPIN) == "((((....))))"
    assert open_cache(tmp_path, second="andronescu2007").get_second(HAIRPIN) is None
    assert open_cache(tmp_path, EnergyModel(temperature=36.0)).get_second(HAIRPIN) is None


def test_pair_probs_are_kept_beside_folds_and_found_by_their_own_conditions(
    tmp_path: Path, open_cache: OpenCache
) -> None:
    """They are of the prior's parameters, so the main and the second set do not matter."""
    cache = open_cache(tmp_path)
    assert cache.get_pair_probs(HAIRPIN) is None
    cache.put_pair_probs(HAIRPIN, b"12345")
    assert cache.get(HAIRPIN) is None
    other = open_cache(tmp_path, energy_model=EnergyModel(parameters="turner1999"), second="andronescu2007")
    assert other.get_pair_probs(HAIRPIN) == b"12345"
    for conditions in (EnergyModel(temperature=36.0), EnergyModel(max_span=8)):
        assert open_cache(tmp_path, energy_model=conditions).get_pair_probs(HAIRPIN) is None


@pytest.mark.parametrize("change", ["labels = replace(labels, '(', '.')", "digest = x'00'", "labels = 'x'"])
def test_corrupt_entry_is_not_trusted_and_can_be_replaced(
    tmp_path: Path, open_cache: OpenCache, change: str
) -> None:
    cache = open_cache(tmp_path)
    cache.put(HAIRPIN, fold())
    database = sqlite3.connect(tmp_path / CACHE_NAME, isolation_level=None)
    database.execute(f"UPDATE annotations SET {change}")
    database.close()
    assert cache.get(HAIRPIN) is None
    cache.put(HAIRPIN, fold())
    assert content(cache.get(HAIRPIN)) == content(fold())


def test_entry_under_another_key_is_not_trusted(tmp_path: Path, open_cache: OpenCache) -> None:
    cache = open_cache(tmp_path)
    cache.put(HAIRPIN, fold())
    cache.put("AAAA", fold("AAAA"))
    database = sqlite3.connect(tmp_path / CACHE_NAME, isolation_level=None)
    [(first,), (second,)] = database.execute("SELECT key FROM annotations").fetchall()
    command = (
        "UPDATE annotations SET (labels, digest) = (SELECT labels, digest FROM annotations WHERE key = ?)"
    )
    database.execute(command + " WHERE key = ?", (first, second))
    database.close()
    assert [cache.get(HAIRPIN), cache.get("AAAA")].count(None) == 1


def test_file_that_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / CACHE_NAME).write_bytes(b"no database" * 100)
    with pytest.raises(CorpusError, match=r"not a database; .* remove it if it is damaged"):
        AnnotationCache(tmp_path, DEFAULT, SECOND)


def test_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match=r"file.*choose another --cache folder"):
        AnnotationCache(tmp_path / "file", DEFAULT, SECOND)
    with pytest.raises(CorpusError, match=r"/proc/.*choose another --cache folder"):
        AnnotationCache(Path("/proc/mprna"), DEFAULT, SECOND)
