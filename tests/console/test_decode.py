"""`gwanje decode` on what an integrator may hand it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from console.decode import decode_files
from console.start import settings_with_feed
from tests.console.test_start import gwanje


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_shown_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.json")
    path.write_bytes(b"{}")
    settings = settings_with_feed("sdot", tmp_path, None)
    found = list(decode_files("sdot", settings, os.fsdecode(b"sdot/\xff"), [path]))
    shown = json.loads(json.dumps(found, ensure_ascii=False).encode())
    assert [(each["file"][-9:], each["topic"]) for each in shown] == [("bad�.json", "sdot/�")]


def test_a_pattern_without_settings_reads_the_shipped_form(tmp_path: Path) -> None:
    body: dict[str, object] = {"시리얼": "V02Q1940612", "측정시간": "202611221200", "풍속": ""}
    rows = [body | {"기온": raw} for raw in (1253, "500", 1800, "")]
    (tmp_path / "rows.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="cp949")
    done = gwanje("decode", "--feed", "sdot", "--data", "none", "rows.json", cwd=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(line["quantity"], line["value"]) for line in lines] == [
        ("temperature", 25.3),
        ("temperature", -50.0),
        ("temperature", 80.0),
    ]
    assert not (tmp_path / "none").exists()
