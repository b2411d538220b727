"""`gwanje feeds`, and `gwanje decode` with a shipped form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.feeds_list import kinds, listed
from tests.console.formats.test_cap import alert
from tests.console.test_start import gwanje


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_form_has_its_line_in_both_languages(tmp_path: Path, language: str) -> None:
    """A kind of feed without a text in resources/words/forms.toml shows its bare name."""
    forms = [row for row in listed(tmp_path, None, language) if not row["feed"]]
    assert [row["kind"] for row in forms] == list(kinds())
    assert [row["kind"] for row in forms if row["text"] == row["kind"]] == []


def test_the_command_lists_the_forms_and_the_shipped_feeds(tmp_path: Path) -> None:
    done = gwanje("feeds", "--json", "--data", "none", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"cap", "platform", "sdot"} <= {row["feed"] for row in rows}
    assert not (tmp_path / "none").exists()


def test_alerts_are_decoded_by_the_shipped_form_in_the_order_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_text(alert(), encoding="utf-8")
    (tmp_path / "2.xml").write_text(
        alert(identifier="K2", msgType="Cancel", references="a@korea.kr,K1,2026-11-22T10:00:00+09:00"),
        encoding="utf-8",
    )
    done = gwanje("decode", "--feed", "cap", "--data", "none", "1.xml", "2.xml", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(row["file"], row["status"]) for row in rows] == [
        ("1.xml", "occurred"),
        ("2.xml", "cancelled"),
        ("2.xml", "cancelled"),
    ]
    assert rows[0]["origin_key"] == rows[2]["origin_key"]
