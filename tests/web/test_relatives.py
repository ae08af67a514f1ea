"""Records that are folded beside relatives which come with the request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

import mprna

FAMILY = {
    "one": "GGGACGUGGAAACACUUCGGUGAAACGACCC",
    "two": "GGAACGUGGAAACAUUUCGAUGAAACGUUCC",
    "three": "GCGACGUAGAAACACUUCGGUGAAACGUCGC",
}


def fold(api: httpx.Client, **request: Any) -> httpx.Response:
    return api.post("/api/fold", json=request)


def sent(**family: str) -> list[dict[str, str]]:
    return [{"id": name, "sequence": sequence} for name, sequence in family.items()]


@pytest.mark.parametrize("engine", ["hybrid", "vienna"])
def test_records_are_folded_beside_each_other(api: httpx.Client, tmp_path: Path, engine: str) -> None:
    file = tmp_path / "family.fa"
    file.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in FAMILY.items()))
    options = mprna.FoldOptions(engine=engine, relatives=(file,), pair_probs=True)
    found = fold(api, records=sent(**FAMILY), relatives=sent(**FAMILY), engine=engine).json()["records"]
    for row, record in zip(found, mprna.fold(list(FAMILY.values()), options), strict=True):
        assert row["dot_bracket"] == record.dot_bracket
        assert row["confidence"] == round(record.confidence, 4)
        assert row["relative"] == record.template
    assert any(row["relative"] for row in found)
    assert all(row["relative"] != row["id"] for row in found)


def test_the_relative_that_counted_is_in_the_files(api: httpx.Client) -> None:
    found = fold(api, records=sent(**FAMILY), relatives=sent(**FAMILY)).json()["records"]
    row = next(row for row in found if row["relative"])
    table = api.post("/api/convert", json={"record": row, "format": "tsv"}).text
    header, cells = (line.split("\t") for line in table.splitlines())
    assert dict(zip(header, cells, strict=True))["template"] == row["relative"]


def test_without_relatives_there_is_none(api: httpx.Client) -> None:
    (row,) = fold(api, records=sent(one=FAMILY["one"])).json()["records"]
    assert row["relative"] is None


def test_relatives_have_limits_too(api: httpx.Client) -> None:
    answer = fold(api, records=sent(one=FAMILY["one"]), relatives=sent(long="A" * 701))
    assert (answer.status_code, answer.json()["error"]["field"]) == (413, "relatives[0].sequence")
    answer = fold(api, records=sent(one=FAMILY["one"]), relatives=[{"sequence": "ACGU"}] * 9)
    assert (answer.status_code, answer.json()["error"]["field"]) == (413, "relatives")


def test_relatives_that_cannot_be_read_are_a_reason(api: httpx.Client) -> None:
    answer = fold(api, records=sent(one=FAMILY["one"]), relatives=[{"sequence": ""}])
    assert answer.json()["records"][0]["error"] == "relatives: no RNA of 1 to 4096 nt; give relatives"
