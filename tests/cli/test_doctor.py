"""`mprna doctor`: content where all is well, and clear where it is not."""

from __future__ import annotations

from mprna.runtime.store import FOLDING_MODEL


def test_doctor_is_content_here(call):
    outcome = call("doctor")
    assert outcome.status == 0
    assert "\nok      engine vienna          GGGGAAAACCCC ((((....)))) (-5.40)\n" in outcome.out


def test_doctor_finds_a_missing_default_model(call, tmp_path, monkeypatch):
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path))
    monkeypatch.setattr("mprna.runtime.store._PACKAGED", tmp_path)
    outcome = call("doctor")
    assert outcome.status == 1
    assert f"BROKEN  engine hybrid          no model '{FOLDING_MODEL}'; installed: none" in outcome.out
