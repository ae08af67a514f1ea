"""The API as a client sees it; its numbers are those of Python."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import mprna
from mprna.draw.layout import layout
from mprna.io.dot_bracket import read_dot_bracket
from mprna.io.fasta import read_fasta
from mprna.io.records import Record
from mprna.predict.degrade import degrade
from mprna.predict.design import DesignOptions, design
from mprna.predict.repair import RepairOptions, repair
from mprna.predict.scan import scan
from mprna.predict.scan_output import effect_row
from mprna.web import answers

ROOT = Path(__file__).parents[2]
NDJSON = {"Accept": "application/x-ndjson"}
EXAMPLES = [record for record in read_fasta(str(ROOT / "examples" / "rnas.fa")) if len(record.sequence) < 130]


def rows(api: httpx.Client, verb: str, **request: Any) -> list[dict[str, Any]]:
    """The answer's rows, which fit their schema."""
    answer = api.post(f"/api/{verb}", json=request)
    assert answer.status_code == 200, answer.text
    getattr(answers, f"{verb.title()}Answer").model_validate_json(answer.content)
    assert answer.json()["version"] == mprna.__version__
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


def records(*sequences: str) -> list[dict[str, str]]:
    return [{"id": f"rna{number}", "sequence": sequence} for number, sequence in enumerate(sequences)]


@pytest.mark.parametrize("engine", ["hybrid", "model", "vienna"])
def test_folds_are_those_of_python(api: httpx.Client, engine: str) -> None:
    sequences = [record.sequence for record in EXAMPLES[:8]]
    found = rows(api, "fold", records=records(*sequences), engine=engine)
    expected = mprna.fold(sequences, mprna.FoldOptions(engine=engine, pair_probs=True))
    for row, record in zip(found, expected, strict=True):
        assert (row["dot_bracket"], row["engine"]) == (record.dot_bracket, engine)
        assert row["energy"] == round(record.energy, 2)
        assert row["confidence"] == round(record.confidence, 4)
        assert row["expected_f1"] == round(record.expected_f1, 4)
        assert row["confidence"] == pytest.approx(np.mean(row["nucleotide_confidence"]), abs=1e-4)
        probs = record.base_pair_probs
        assert {(i, j) for i, j, _ in row["pairs"]} == {
            (i + 1, j + 1) for i, j in np.argwhere(np.triu(probs) >= 0.01).tolist()
        }
        assert all(p == round(float(probs[i - 1, j - 1]), 5) for i, j, p in row["pairs"])
        assert np.allclose(row["layout"], layout(record.dot_bracket).positions, atol=1e-3)
        assert row["model"] == (None if engine == "vienna" else "pair-fold")


def test_letters_names_and_spaces(api: httpx.Client) -> None:
    sent = [{"id": "tRNA Phe ✓", "sequence": " ggggaaaa\ncccc "}, {"sequence": "GGGGTTTTCCCC"}]
    first, second = rows(api, "fold", records=sent)
    assert (first["id"], first["sequence"], first["length"]) == ("tRNA Phe ✓", "ggggaaaacccc", 12)
    assert (second["id"], second["sequence"], second["dot_bracket"]) == (
        "sequence_2",
        "GGGGTTTTCCCC",
        "((((....))))",
    )


def test_options_reach_the_fold(api: httpx.Client) -> None:
    pseudoknot = next(r.sequence for r in EXAMPLES if r.name == "T4_gene32_pseudoknot")
    (with_knot,) = rows(api, "fold", records=records(pseudoknot), pseudoknots=True, layout=False)
    assert with_knot["layout"] is None
    expected = mprna.fold(pseudoknot, mprna.FoldOptions(pseudoknots=True))
    assert with_knot["dot_bracket"] == expected.dot_bracket
    (sure,) = rows(api, "fold", records=records(EXAMPLES[0].sequence), min_confidence=0.9)
    assert (
        sure["dot_bracket"]
        == mprna.fold(EXAMPLES[0].sequence, mprna.FoldOptions(min_confidence=0.9)).dot_bracket
    )


@pytest.mark.parametrize("place", ["request", "record"])
def test_constraint(api: httpx.Client, place: str) -> None:
    record, request = {"sequence": "GGGGAAAACCCC"}, {}
    (record if place == "record" else request)["constraint"] = "xx.........."
    (row,) = rows(api, "fold", records=[record], **request)
    assert row["dot_bracket"][:2] == ".."


def test_a_bad_record_is_a_row_and_the_others_go_on(api: httpx.Client) -> None:
    found = rows(api, "fold", records=records("GGGGAAAACCCC", "GGPP", "", "GG-GG", "GGGGAAAACCCC"))
    assert [row["error"] is None for row in found] == [True, False, False, False, True]
    assert "letter 'P' at position 3" in found[1]["error"]
    assert [row["dot_bracket"] is None for row in found] == [False, True, True, True, False]


def test_stream_gives_the_same_rows_in_order(api: httpx.Client) -> None:
    request = {"records": records("G" * 60 + "A" * 5 + "C" * 60, "GGGGAAAACCCC", "PPP", "GGGGAAAACCCC")}
    with api.stream("POST", "/api/fold", json=request, headers=NDJSON) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        streamed = [json.loads(line) for line in answer.iter_lines()]
    assert streamed == rows(api, "fold", **request)


def test_streams_that_nobody_reads_to_the_end_are_over(api: httpx.Client) -> None:
    request = {"records": records(*["GGGGAAAACCCC"] * 8), "engine": "vienna"}
    for _ in range(20):  # more than one client may have at once
        with api.stream("POST", "/api/fold", json=request, headers=NDJSON) as answer:
            assert answer.status_code == 200
    assert len(rows(api, "fold", **request)) == 8


def test_embeddings_are_those_of_python(api: httpx.Client) -> None:
    vectors = mprna.embed("GGGGAAAACCCC")
    (row,) = rows(api, "embed", records=records("GGGGAAAACCCC"))
    assert np.allclose(row["values"], vectors, rtol=1e-5)
    pooled, bad = rows(api, "embed", records=records("GGGGAAAACCCC", "PP"), pool=True)
    assert np.allclose(pooled["values"], vectors.mean(axis=0), rtol=1e-5)
    assert bad["values"] is None
    assert "letter 'P'" in bad["error"]


def test_degradation_is_that_of_python(api: httpx.Client) -> None:
    sequence = EXAMPLES[0].sequence
    row, bad = rows(api, "degrade", records=records(sequence, "PP"))
    expected = degrade(sequence)
    assert row["score"] == round(expected.score, 4)
    assert row["score_sd"] == round(expected.score_sd, 4)
    assert np.allclose(np.transpose(list(row["values"].values())), expected.mean, atol=1e-4)
    assert np.allclose(np.transpose(list(row["sd"].values())), expected.sd, atol=1e-4)
    assert next(iter(row["values"])) == "reactivity"
    assert "letter 'P'" in bad["error"]


@pytest.mark.parametrize("variants", [None, ["G1A", "G1A+C12U", "A1G", "nonsense"]])
def test_scans_are_those_of_python(api: httpx.Client, variants: list[str] | None) -> None:
    sequence = "GGGGAAAACCCCN" * 3
    found = rows(api, "scan", records=records(sequence), variants=variants)
    expected = [effect_row(effect) | {"name": "rna0"} for effect in scan(sequence, variants)]
    assert [{"name": row.pop("id"), **row} for row in found] == expected


def test_scan_of_a_bad_record_is_a_row(api: httpx.Client) -> None:
    (row,) = rows(api, "scan", records=records("PP"))
    assert "letter 'P'" in row["error"]


def test_repairs_are_those_of_python(api: httpx.Client) -> None:
    sequence = EXAMPLES[0].sequence.replace("CCAGACUG", "CCAGNCUG")
    row, bad = rows(api, "repair", records=records(sequence, "PP"), rate=0.02)
    expected = repair(sequence, RepairOptions(rate=0.02))
    assert expected.repairs
    assert row["repaired"] == expected.repaired != sequence
    assert [change["position"] for change in row["repairs"]] == [c.position for c in expected.repairs]
    found = np.transpose([row["values"][f"p_{base}"] for base in "ACGU"])
    assert np.allclose(found, expected.base_probs, rtol=1e-3)
    assert [p is None for p in row["values"]["p_substitution"]] == [letter == "N" for letter in sequence]
    assert "letter 'P'" in bad["error"]


def test_designs_are_those_of_python(api: httpx.Client) -> None:
    target = "((((....))))"
    (row,) = rows(api, "design", dot_bracket=target, seed=3, budget_s=20, gc=[0.3, 0.6], max_run=3)
    assert row["error"] is None
    assert row["seconds"] < 20
    options = mprna.FoldOptions(engine="vienna")
    assert mprna.fold(row["sequence"], options).dot_bracket == row["dot_bracket"] == target
    assert 0.3 <= row["gc"] <= 0.6
    (plain,) = rows(api, "design", dot_bracket=target, seed=3, budget_s=20)
    assert plain["sequence"] == design(target, DesignOptions(seed=3))[0].sequence


def test_impossible_design_is_a_row(api: httpx.Client) -> None:
    (row,) = rows(api, "design", dot_bracket="((..)]")
    assert row["sequence"] is None
    assert row["error"]


@pytest.mark.parametrize("record", list(read_dot_bracket(str(ROOT / "examples" / "rnas.dbn")))[::6])
def test_a_structure_of_the_users(api: httpx.Client, record: Record) -> None:
    answer = api.post("/api/structure", json={"sequence": record.sequence, "dot_bracket": record.dot_bracket})
    found = answers.StructureAnswer.model_validate_json(answer.content)
    assert found.layout is not None
    assert found.pairs is not None
    assert len(found.layout) == len(record.sequence)
    assert 2 * len(found.pairs) == sum(symbol != "." for symbol in record.dot_bracket or "")
    assert (found.energy is None) == (found.error is not None)


@pytest.mark.parametrize(
    ("sequence", "dot_bracket", "complaint"),
    [
        ("GGGG", "((..", "never closed"),
        ("GGGGAAAACCCC", "((((...))))", "11 symbols for a sequence of 12 nt"),
        ("", "", "empty"),
        ("GGPPCC", "......", "letter 'P'"),
        ("GGAACC", "((%%))", "'%'"),
    ],
)
def test_a_structure_that_is_none(api: httpx.Client, sequence: str, dot_bracket: str, complaint: str) -> None:
    answer = api.post("/api/structure", json={"sequence": sequence, "dot_bracket": dot_bracket})
    assert answer.status_code == 200
    assert answer.json()["energy"] is None
    assert complaint in answer.json()["error"]


@pytest.mark.parametrize(
    ("format_name", "media_type", "start"),
    [
        ("vienna", "text/plain", b">yeast_tRNA_Phe\nGCGGAUUU"),
        ("dbn", "text/plain", b">yeast_tRNA_Phe\nGCGGAUUU"),
        ("ct", "text/plain", b"76 ENERGY = "),
        ("bpseq", "text/plain", b"# "),
        ("tsv", "text/tab-separated-values", b"name\t"),
        ("jsonl", "application/x-ndjson", b'{"name": "yeast_tRNA_Phe"'),
        ("svg", "image/svg+xml", b"<svg "),
        ("png", "image/png", b"\x89PNG"),
    ],
)
def test_convert(api: httpx.Client, tmp_path: Path, format_name: str, media_type: str, start: bytes) -> None:
    """A row of /api/fold, as it is, to every format; what can be read back holds the same structure."""
    (row,) = rows(api, "fold", records=[{"id": "yeast_tRNA_Phe", "sequence": EXAMPLES[0].sequence}])
    answer = api.post("/api/convert", json={"record": row, "format": format_name})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="yeast_tRNA_Phe.{format_name}"'
    assert answer.content.startswith(start)
    if format_name not in ("svg", "png"):
        from mprna.io.formats import read_records

        path = tmp_path / f"file.{format_name}"
        path.write_bytes(answer.content)
        (read,) = read_records(path, format_name=format_name)
        assert (read.sequence, read.dot_bracket) == (row["sequence"], row["dot_bracket"])
        if format_name in ("tsv", "jsonl"):
            assert (read.confidence, read.expected_f1) == (row["confidence"], row["expected_f1"])


@pytest.mark.parametrize("name", ["../../etc/passwd", 'a"b', "a;b", "é" * 50, "CON\u202egnp", ""])
def test_file_names_are_safe(api: httpx.Client, name: str) -> None:
    record = {"id": name, "sequence": "GGGGAAAACCCC", "dot_bracket": "((((....))))"}
    answer = api.post("/api/convert", json={"record": record, "format": "dbn"})
    stem = answer.headers["content-disposition"].removeprefix('attachment; filename="').removesuffix('.dbn"')
    assert stem
    assert set(stem) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-")


def test_names_in_pictures_are_text(api: httpx.Client) -> None:
    record = {"id": "<script>alert(1)</script>&", "sequence": "GGGGAAAACCCC", "dot_bracket": "((((....))))"}
    svg = api.post("/api/convert", json={"record": record, "format": "svg"}).text
    assert "<script" not in svg
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in svg


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"dot_bracket": "((((....)))"}, "11 symbols"),
        ({"dot_bracket": None, "format": "svg"}, "no structure"),
        ({"pairs": [[1, 13, 0.5]]}, "pair 1, 13; expected 1 <= i < j <= 12"),
        ({"nucleotide_confidence": [0.5]}, "1 numbers for a sequence of 12 nt"),
        ({"engine": "a\0b"}, "should match pattern"),
        ({"error": "a\0b"}, "should match pattern"),
        ({"energy": 1e308}, "should be less than 1000000000"),
    ],
)
def test_what_cannot_be_converted(api: httpx.Client, change: dict[str, Any], complaint: str) -> None:
    record = {"id": "x", "sequence": "GGGGAAAACCCC", "dot_bracket": "((((....))))"} | change
    answer = api.post("/api/convert", json={"record": record, "format": change.get("format", "ct")})
    assert answer.status_code == 422
    assert complaint in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("request_", "status", "code", "field"),
    [
        ({"records": records("A" * 701)}, 413, "too_long", "records[0].sequence"),
        ({"records": records("A", "A" * 701)}, 413, "too_long", "records[1].sequence"),
        ({"records": records(*["A"] * 9)}, 413, "too_many_records", "records"),
        ({"records": []}, 422, "invalid", "records"),
        ({}, 422, "invalid", "records"),
        ({"records": [{"id": "x"}]}, 422, "invalid", "records[0].sequence"),
        ({"records": [{"sequence": 7}]}, 422, "invalid", "records[0].sequence"),
        ({"records": records("A"), "engine": "magic"}, 422, "invalid", "engine"),
        ({"records": records("A"), "min_confidence": 2}, 422, "invalid", "min_confidence"),
        ({"records": records("A"), "engin": "model"}, 422, "invalid", "engin"),
        ({"records": records("A", "A"), "constraint": "."}, 422, "invalid", "constraint"),
        ({"records": records("A"), "engine": "vienna", "pseudoknots": True}, 422, "invalid", None),
        ({"records": [{"id": "a\nb", "sequence": "A"}]}, 422, "invalid", "records[0].id"),
        ([], 422, "invalid", None),
    ],
)
def test_requests_that_are_refused(
    api: httpx.Client, request_: Any, status: int, code: str, field: str | None
) -> None:
    answer = api.post("/api/fold", json=request_)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (status, code, field)
    assert "\n" not in error["message"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_json"),
        (b"\xff\xfe", "application/json", 400, "bad_json"),
        (b"[" * 100_000, "application/json", 400, "bad_json"),
        (b"9" * 5_000, "application/json", 400, "bad_json"),
        (b'{"records":[{"sequence":"A"}]}', "text/plain", 422, "invalid"),
        (b"", "application/json", 422, "invalid"),
        (b'{"records":[{"sequence":"A"}],"min_confidence":NaN}', "application/json", 422, "invalid"),
        (b'{"records":[{"sequence":"\\ud800"}]}', "application/json", 422, "invalid"),
        (b'{"\\ud800":1}', "application/json", 422, "invalid"),
    ],
)
def test_bodies_that_are_no_requests(
    api: httpx.Client, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = api.post("/api/fold", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/jobs/nothing", "/docs", "/redoc"])
def test_what_is_not_there(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_other_methods(api: httpx.Client) -> None:
    answer = api.get("/api/fold")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_service_routes(api: httpx.Client) -> None:
    version = answers.VersionAnswer.model_validate(api.get("/api/version").json())
    assert version.version == mprna.__version__
    assert version.limits["max_length"] == 700
    models = [answers.ModelAnswer.model_validate(model) for model in api.get("/api/models").json()]
    assert {"mini", "pair-fold", "degradation"} <= {model.name for model in models}
    assert answers.HealthAnswer.model_validate(api.get("/api/health").json()).workers == 2


def test_health_does_not_wait_for_folds(api: httpx.Client) -> None:
    """Both workers are busy. Only the ratio is judged, because others use the cores too."""
    long = {"records": records("GCAUUGCC" * 87), "engine": "vienna"}
    with ThreadPoolExecutor(2) as clients:
        folds = [clients.submit(api.post, "/api/fold", json=long) for _ in range(4)]
        times = []
        while not all(fold.done() for fold in folds):
            start = time.monotonic()
            assert api.get("/api/health").status_code == 200
            times.append(time.monotonic() - start)
            time.sleep(0.02)
    found = [fold.result() for fold in folds]
    assert {answer.status_code for answer in found} == {200}
    assert np.median(times) < 0.2 * min(answer.elapsed.total_seconds() for answer in found)


def test_openapi_has_examples_that_work(api: httpx.Client) -> None:
    document = api.get("/api/openapi.json").json()
    for path, operations in document["paths"].items():
        if "post" not in operations or path in ("/api/jobs", "/api/design"):
            continue
        schema = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
        model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert api.post(path, json=model["examples"][0]).status_code == 200, path


def test_openapi_lists_what_a_route_can_answer(api: httpx.Client) -> None:
    paths = api.get("/api/openapi.json").json()["paths"]
    codes = {
        (path, method): set(operation["responses"])
        for path, of in paths.items()
        for method, operation in of.items()
    }
    job = "/api/jobs/{job_id}"
    for (path, method), found in codes.items():
        if path == job:
            assert found == {"200", "400", "404", "429", "503"}
        elif method == "get":
            assert found == {"200", "400"}
        else:
            assert found == {"202" if path == "/api/jobs" else "200", "400", "413", "422", "429", "503"}
