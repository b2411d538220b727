"""A seat's size of the screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from widgets import scale
from widgets.preferences import Preferences


@pytest.mark.parametrize(
    ("kept", "given", "expected"),
    [("150", None, "1.5"), ("150", "2", "2"), ("", None, None), ("99999", None, None)],
)
def test_what_the_seat_prefers_is_taken_over_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str, given: str | None, expected: str | None
) -> None:
    preferences = Preferences(tmp_path / "seat.json")
    preferences.set("scale", kept)
    monkeypatch.delenv("QT_SCALE_FACTOR", raising=False)
    if given is not None:
        monkeypatch.setenv("QT_SCALE_FACTOR", given)
    else:
        monkeypatch.setenv("QT_SCALE_FACTOR", "x")
        monkeypatch.delenv("QT_SCALE_FACTOR")
    scale.take_over(Preferences(tmp_path / "seat.json"))
    assert os.environ.get("QT_SCALE_FACTOR") == expected
