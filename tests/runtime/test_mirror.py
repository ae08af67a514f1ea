"""Models from a web server or a folder: whole, intact, or not at all."""

from __future__ import annotations

import errno
import functools
import json
import re
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import Mock

import pytest

from mprna.digest import file_sha256
from mprna.errors import ModelError, UsageError
from mprna.runtime.mirror import get_model, is_offline, mirrors_from_environment
from mprna.runtime.store import find_model, write_manifest


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder with one model of three small files, and an empty home."""
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MPRNA_OFFLINE", raising=False)
    model = tmp_path / "mirror" / "tiny"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"model": {"max_length": 7}}')
    (model / "model.onnx").write_bytes(bytes(range(256)) * 1000)
    (model / "README.md").write_text("# Tiny\n")
    write_manifest(model)
    return model.parent


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(mirror):
    """The same folder over HTTP, on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=mirror)) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def left_behind(home):
    return [path.name for path in (home / "models").iterdir()]


def test_a_model_comes_from_a_folder(mirror, tmp_path):
    target = get_model("tiny", [str(mirror)])
    assert target == tmp_path / "home" / "models" / "tiny" == find_model("tiny")
    assert contents(target) == contents(mirror / "tiny")


def test_a_model_comes_over_http(mirror, server):
    assert contents(get_model("tiny", [server + "/"])) == contents(mirror / "tiny")


def test_a_model_comes_by_file_url(mirror):
    assert contents(get_model("tiny", [mirror.as_uri()])) == contents(mirror / "tiny")


def test_the_next_mirror_is_asked_when_one_fails(mirror, server, tmp_path):
    broken = shutil.copytree(mirror, tmp_path / "broken")
    (broken / "tiny" / "model.onnx").write_bytes(b"truncated")
    target = get_model("tiny", [str(tmp_path / "nowhere"), str(broken), server])
    assert contents(target) == contents(mirror / "tiny")


def test_a_damaged_file_is_refused_and_nothing_is_left(mirror, tmp_path):
    (mirror / "tiny" / "model.onnx").write_bytes(b"truncated")
    with pytest.raises(ModelError, match=rf"{mirror}/tiny/model\.onnx: SHA-256 differs"):
        get_model("tiny", [str(mirror)])
    assert left_behind(tmp_path / "home") == []


def test_a_missing_file_is_refused(mirror, server, tmp_path):
    (mirror / "tiny" / "README.md").unlink()
    with pytest.raises(ModelError, match=r"tiny/README\.md: File not found"):
        get_model("tiny", [server])
    assert left_behind(tmp_path / "home") == []


def test_every_mirror_gets_its_reason(mirror, server):
    with pytest.raises(ModelError, match=r"/none/manifest\.json: .*No such file.*; http.*File not found"):
        get_model("none", [str(mirror), server])


def test_a_dead_server_is_one_error(mirror):
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:9/tiny/manifest\.json: .*refused"):
        get_model("tiny", ["http://127.0.0.1:9"])


def test_what_is_no_address_is_one_error():
    with pytest.raises(ModelError, match=r"http://\[::1/tiny/manifest\.json: Invalid IPv6 URL"):
        get_model("tiny", ["http://[::1"])


def test_an_older_model_of_that_name_is_replaced_only_by_a_whole_one(mirror, tmp_path):
    before = contents(get_model("tiny", [str(mirror)]))
    (mirror / "tiny" / "README.md").write_text("# Tiny, second edition\n")
    with pytest.raises(ModelError):  # the manifest is still the old one, but the home is not even asked
        get_model("tiny", [str(damaged(mirror, tmp_path))])
    assert contents(find_model("tiny")) == before
    write_manifest(mirror / "tiny")
    assert contents(get_model("tiny", [str(mirror)]))["README.md"] == b"# Tiny, second edition\n"
    assert left_behind(tmp_path / "home") == ["tiny"]


def test_an_older_model_stays_where_the_new_one_cannot_take_its_place(mirror, tmp_path, monkeypatch):
    before = contents(get_model("tiny", [str(mirror)]))
    (mirror / "tiny" / "README.md").write_text("# Tiny, second edition\n")
    write_manifest(mirror / "tiny")
    replace, target = Path.replace, tmp_path / "home" / "models" / "tiny"

    def fail(path, to):
        if path.name == "tiny" and Path(to) == target:
            assert not target.exists()
            raise PermissionError(13, "Permission denied")
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PermissionError):
        get_model("tiny", [str(mirror)])
    assert contents(target) == before
    assert left_behind(tmp_path / "home") == ["tiny"]


def damaged(mirror, tmp_path):
    """A mirror with another manifest, and a file that does not match it."""
    copy = shutil.copytree(mirror, tmp_path / "copy")
    write_manifest(copy / "tiny")
    (copy / "tiny" / "model.onnx").write_bytes(b"")
    return copy


def test_what_a_killed_process_left_is_removed(mirror, tmp_path):
    code = (
        "import os, sys, mprna.runtime.mirror as m; "
        "m.verify = lambda *_: os.kill(os.getpid(), 9); m.get_model('tiny', sys.argv[1:])"
    )
    assert subprocess.run([sys.executable, "-c", code, str(mirror)]).returncode == -9
    assert left_behind(tmp_path / "home") not in ([], ["tiny"])
    get_model("tiny", [str(mirror)])
    assert left_behind(tmp_path / "home") == ["tiny"]


def test_what_is_installed_is_not_fetched_again(mirror):
    target = get_model("tiny", [str(mirror)])
    (mirror / "tiny" / "model.onnx").unlink()
    assert get_model("tiny", [str(mirror)]) == target
    (target / "model.onnx").write_bytes(b"damaged since")
    with pytest.raises(ModelError, match=r"model\.onnx: .*No such file"):
        get_model("tiny", [str(mirror)])


def test_a_known_digest_is_demanded(mirror):
    digest = file_sha256(mirror / "tiny" / "manifest.json")
    with pytest.raises(ModelError, match=f"SHA-256 is {digest}, not 0000"):
        get_model("tiny", [str(mirror)], sha256="0000")
    get_model("tiny", [str(mirror)], sha256=digest.upper())


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", ".evil"])
def test_a_manifest_cannot_write_elsewhere(mirror, name):
    manifest = mirror / "tiny" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["files"][name] = "0" * 64
    manifest.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="names a file outside of its folder"):
        get_model("tiny", [str(mirror)])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "[" * 100_000])
def test_a_manifest_of_another_kind_is_told(mirror, text):
    path = mirror / "tiny" / "manifest.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: (not|expected)"):
        get_model("tiny", [str(mirror)])


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden"])
def test_a_name_is_plain(mirror, name):
    with pytest.raises(UsageError, match="expected a plain name"):
        get_model(name, [str(mirror)])


def test_without_a_mirror_the_call_is_wrong(mirror):
    with pytest.raises(UsageError, match="no mirror: give --from"):
        get_model("tiny", [])


def test_offline_refuses_servers_and_reads_folders(mirror, server, monkeypatch):
    monkeypatch.setenv("MPRNA_OFFLINE", "1")
    with pytest.raises(ModelError, match="offline"):
        get_model("tiny", [server])
    assert get_model("tiny", [server, str(mirror)]).is_dir()


@pytest.mark.parametrize(("value", "offline"), [("", False), ("0", False), ("1", True), ("yes", True)])
def test_offline_is_a_variable(monkeypatch, value, offline):
    monkeypatch.setenv("MPRNA_OFFLINE", value)
    assert is_offline() is offline


def test_mirrors_are_a_variable(monkeypatch):
    monkeypatch.setenv("MPRNA_MIRRORS", " https://a.org/m  /shared/models ")
    assert mirrors_from_environment() == ["https://a.org/m", "/shared/models"]


def test_a_full_disk_is_not_the_fault_of_the_mirror(mirror, tmp_path, monkeypatch):
    """No other one is asked."""
    monkeypatch.setattr("shutil.copyfileobj", Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as caught:
        get_model("tiny", [str(mirror), str(tmp_path / "nowhere")])
    assert caught.value.filename == str(tmp_path / "home" / "models")
    assert list((tmp_path / "home" / "models").iterdir()) == []
