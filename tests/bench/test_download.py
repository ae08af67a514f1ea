"""Downloads from a hub of our own on localhost, read by the real client."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from mprna.bench import download as module
from mprna.bench.data import find_split, load_split, rows_digest
from mprna.bench.download import Arrival, download
from mprna.bench.suite import choose_tasks
from mprna.bench.task import Task
from mprna.cli.main import main
from mprna.errors import DataError, MissingExtraError

pytest.importorskip("huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Repositories as files by name; `breaks` says how often a file ends half way."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.breaks: dict[str, int] = {}
        self.sent: list[str] = []

    def handler(hub) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

            def do_HEAD(self) -> None:
                self.answer(body=False)

            def do_GET(self) -> None:
                self.answer(body=True)

            def answer(self, *, body: bool) -> None:
                path = urlsplit(self.path).path.strip("/")
                for name, files in hub.repositories.items():
                    if path == f"api/{name}/revision/main":
                        return self.json({"id": name.partition("/")[2], "sha": COMMIT, "siblings": []})
                    if path.startswith(f"api/{name}/tree/"):
                        return self.json([entry(file, content) for file, content in files.items()])
                    if path.startswith(f"{name}/resolve/{COMMIT}/"):
                        return self.file(path.removeprefix(f"{name}/resolve/{COMMIT}/"), files, body)
                self.reply(404, b"", {"X-Error-Code": "RepoNotFound"})

            def json(self, content: object) -> None:
                self.reply(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

            def file(self, name: str, files: dict[str, bytes], body: bool) -> None:
                content = files[name]
                headers = {"ETag": f'"{digest(content)}"', "X-Repo-Commit": COMMIT}
                start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
                if not body:
                    return self.reply(200, content, headers, send=b"")
                hub.sent.append(f"{name} from {start}")
                broken = hub.breaks.get(name, 0) > 0
                hub.breaks[name] = hub.breaks.get(name, 0) - 1
                end = len(content) // 2 if broken else None
                self.reply(206 if start else 200, content[start:], headers, send=content[start:end])

            def reply(
                self, status: int, content: bytes, headers: dict[str, str], send: bytes | None = None
            ) -> None:
                always = {"Content-Length": str(len(content)), "Connection": "close"}
                self.send_response(status)
                for key, value in {**headers, **always}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(content if send is None else send)
                self.close_connection = True

        return Handler


def entry(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(content), "oid": digest(content)}


def digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def use_endpoint(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), made.handler())
    Thread(target=server.serve_forever, daemon=True).start()
    use_endpoint(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield made
    server.shutdown()
    server.server_close()


def fetch(suite: str, task: str, data_dir: Path, **options: bool) -> list[Arrival]:
    return list(download(choose_tasks(suite, (task,)), data_dir, **options))


def csv(*rows: tuple[str, int]) -> bytes:
    return "".join(["sequence,label\n", *(f"{sequence},{label}\n" for sequence, label in rows)]).encode()


def test_csv_folders_arrive_and_are_read(hub: Hub, tmp_path: Path) -> None:
    files = {
        f"GUE/virus_covid/{stem}.csv": csv(("ACGT", 1), ("AAAA", 0)) for stem in ("train", "dev", "test")
    }
    hub.repositories["datasets/leannmlindsey/GUE"] = files | {"GUE/mouse_0/train.csv": b"other"}
    arrivals = fetch("gue", "virus.covid", tmp_path)
    assert [(a.split, a.rows, a.as_described, a.is_new) for a in arrivals] == [
        (split, 2, None, True) for split in ("train", "valid", "test")
    ]
    (task,) = choose_tasks("gue", ("virus.covid",))
    assert [e.sequence for e in load_split(task, "valid", tmp_path).examples] == ["ACGU", "AAAA"]
    assert (tmp_path / "GUE/virus_covid/test.csv").read_bytes() == files["GUE/virus_covid/test.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["GUE", "downloaded.json"]
    assert not [line for line in hub.sent if "mouse" in line]
    facts = json.loads((tmp_path / "downloaded.json").read_text())["tasks"]["gue/virus.covid"]
    assert (facts["repository"], facts["revision"]) == ("leannmlindsey/GUE", COMMIT)
    assert facts["splits"]["test"]["sha256"] == hashlib.sha256(files["GUE/virus_covid/test.csv"]).hexdigest()
    hub.sent.clear()
    assert {a.is_new for a in fetch("gue", "virus.covid", tmp_path)} == {False}
    assert not hub.sent


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def mutations(*pairs: tuple[str, str]) -> bytes:
    return b"".join(json.dumps({"seq": seq, "mut": mut}).encode() + b"\n" for seq, mut in pairs)


def described(monkeypatch: pytest.MonkeyPatch, task: Task, split: str, sha256: str) -> Task:
    """A task that describes one split by the digest of its rows."""
    facts = task.splits[split]
    monkeypatch.setitem(task.splits, split, type(facts)(facts.size, facts.sha256, sha256))
    return task


def test_rows_of_the_zip_are_compared_with_the_suite(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RGB was changed while it kept its name."""
    content = zipped(**{"RGB__RNA-SNMD__test.json": mutations(("ACGT", "ACGA")), "..__evil.json": b"x"})
    hub.repositories["spaces/yangheng/OmniGenomeLeaderboard"] = {"benchmarks/RGB.zip": content}
    (arrival,) = fetch("rgb", "snmd", tmp_path)
    assert "has 1 rows with SHA-256" in arrival.reason
    assert "not the 1,000 with" in arrival.reason
    (task,) = choose_tasks("rgb", ("snmd",))
    assert find_split(task, "test", tmp_path) is None
    (arrival,) = fetch("rgb", "snmd", tmp_path, any_rows=True)
    assert (arrival.as_described, arrival.is_new) == (False, True)

    good = rows_digest(load_split(task, "test", tmp_path).examples)
    described(monkeypatch, task, "test", good)
    (arrival,) = list(download([task], tmp_path / "again"))
    assert (arrival.as_described, arrival.path) == (True, Path("RNA-SNMD/test.json"))
    assert not list(tmp_path.rglob("evil*"))


def test_files_that_are_there_are_left_alone(hub: Hub, tmp_path: Path) -> None:
    own = tmp_path / "virus.covid" / "test.csv"
    own.parent.mkdir()
    own.write_bytes(csv(("CCCC", 1)))
    names = [f"GUE/virus_covid/{stem}.csv" for stem in ("train", "test")]
    hub.repositories["datasets/leannmlindsey/GUE"] = {name: csv(("ACGT", 1)) for name in names}
    arrivals = fetch("gue", "virus.covid", tmp_path)
    assert [(a.split, a.is_new) for a in arrivals] == [("train", True), ("test", False)]
    (task,) = choose_tasks("gue", ("virus.covid",))
    assert find_split(task, "test", tmp_path) == own


def test_fasta_of_pgb_and_its_spelling(hub: Hub, tmp_path: Path) -> None:
    names = [f"chromatin_access/arabidopis_thaliana_{split}.fa" for split in ("train", "valid", "test")]
    files = {name: b">a|0 1\nACGT\n" for name in names}
    hub.repositories["datasets/InstaDeepAI/plant-genomic-benchmark"] = files
    arrivals = fetch("pgb", "chromatin_access.arabidopis_thaliana", tmp_path)
    assert [arrival.path.as_posix() for arrival in arrivals] == names


def test_parquet_of_genomic_benchmarks_becomes_classes(hub: Hub, tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    stream = io.BytesIO()
    pq.write_table(pa.table({"seq": ["ACGT", "GGGG"], "label": [1, 0]}), stream)
    name = "datasets/katarinagresova/Genomic_Benchmarks_human_ocr_ensembl"
    hub.repositories[name] = {"data/test-00000-of-00001-ab12.parquet": stream.getvalue()}
    (arrival,) = fetch("gb", "human_ocr_ensembl", tmp_path)
    (task,) = choose_tasks("gb", ("human_ocr_ensembl",))
    examples = load_split(task, "test", tmp_path).examples
    assert [(e.sequence, task.classes[e.label]) for e in examples] == [
        ("ACGU", "positive"),
        ("GGGG", "negative"),
    ]
    pq.write_table(pa.table({"seq": ["ACGT"], "label": [2]}), stream := io.BytesIO())
    hub.repositories[name] = {"data/test-00000-of-00001-ab12.parquet": stream.getvalue()}
    (arrival,) = fetch("gb", "human_ocr_ensembl", tmp_path / "bad")
    assert "expected columns seq and label, 0 to 1" in arrival.reason


def test_parquet_of_a_repository_of_all_tasks_is_nobodys(hub: Hub, tmp_path: Path) -> None:
    hub.repositories["datasets/leannmlindsey/GUE"] = {"mouse_0/test-00000-of-00001.parquet": b"PAR1"}
    (arrival,) = fetch("gue", "virus.covid", tmp_path)
    assert "no files of it" in arrival.reason
    assert not hub.sent


def test_a_missing_client_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"mprna\[hub\]"):
        fetch("gue", "virus.covid", tmp_path)


def test_a_broken_transfer_goes_on_in_the_middle(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1_000)
    name, content = "GUE/virus_covid/test.csv", csv(*[("ACGT" * 500, 1)] * 500)
    hub.repositories["datasets/leannmlindsey/GUE"] = {name: content}
    hub.breaks[name] = 1
    (arrival,) = fetch("gue", "virus.covid", tmp_path)
    assert (arrival.rows, arrival.is_new) == (500, True)
    assert (tmp_path / name).read_bytes() == content
    assert hub.sent == [f"{name} from 0", f"{name} from {len(content) // 2 // 1_000 * 1_000}"]


def test_a_broken_download_leaves_nothing_and_goes_on_after_the_last_file(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    names = [f"GUE/virus_covid/{stem}.csv" for stem in ("train", "test")]
    hub.repositories["datasets/leannmlindsey/GUE"] = {
        name: csv(("ACGT" * (2 + i), 1)) for i, name in enumerate(names)
    }
    hub.breaks[names[1]] = 99
    with pytest.raises(DataError, match="leannmlindsey/GUE"):
        fetch("gue", "virus.covid", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".download"]
    hub.breaks.clear()
    hub.sent.clear()
    assert [arrival.split for arrival in fetch("gue", "virus.covid", tmp_path)] == ["train", "test"]
    assert hub.sent == [f"{names[1]} from 0"]


def test_what_cannot_be_had_is_one_line(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["bench", "download", "gue", "--data-dir", str(tmp_path)]
    assert main(command) == 1
    assert capsys.readouterr().err.startswith("mprna: error: leannmlindsey/GUE ")
    hub.repositories["datasets/leannmlindsey/GUE"] = {"README.md": b"moved"}
    assert main([*command, "--task", "tf.0"]) == 1
    assert f"gue/tf.0: no files of it in leannmlindsey/GUE at {COMMIT}" in capsys.readouterr().err
    monkeypatch.setenv("MPRNA_OFFLINE", "1")
    assert main(command) == 1
    assert "offline" in capsys.readouterr().err
    monkeypatch.delenv("MPRNA_OFFLINE")
    use_endpoint(monkeypatch, "http://127.0.0.1:9")
    assert main(command) == 1
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert "leannmlindsey/GUE cannot be reached" in output.err


@pytest.mark.parametrize("tasks", ["[]", '{"gue/virus.covid": {"splits": {"test": {}}}}'])
def test_a_foreign_manifest_is_not_overwritten(hub: Hub, tmp_path: Path, tasks: str) -> None:
    (tmp_path / module.MANIFEST).write_text(json.dumps(module.SCHEMA)[:-1] + f', "tasks": {tasks}}}')
    with pytest.raises(DataError, match="not written by this mprna"):
        fetch("gue", "virus.covid", tmp_path)
