"""The words: complete in both languages, and used ones exist."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from widgets.resource import resource
from widgets.words import LANGUAGES, Words, load

TEXTS = load(resource("words"))
WIDGETS = Path(__file__).parents[2] / "widgets"


def fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def test_every_key_has_both_languages_and_the_same_fields() -> None:
    for key, texts in TEXTS.items():
        assert set(texts) == set(LANGUAGES), key
        assert fields(texts["ko"]) == fields(texts["en"]), key


def test_every_key_that_is_written_out_in_the_code_has_a_text() -> None:
    called = re.compile(r'\.text\(\s*"([a-z_0-9]+(?:\.[a-z_0-9]+)+)"')
    for path in WIDGETS.glob("*.py"):
        for key in called.findall(path.read_text(encoding="utf-8")):
            assert key in TEXTS, f"{path.name}: {key}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0.0초"), (0.42, "0.4초"), (25.9, "25초"), (185, "3분"), (7980, "2시간 13분"), (345_600, "4일")],
)
def test_ages_read_like_speech(qapp: object, seconds: float, text: str) -> None:
    assert Words("ko").age(seconds) == text


def test_times_are_local_and_an_impossible_time_does_no_harm(qapp: object) -> None:
    words = Words("ko")
    assert words.when(1_795_309_292_000) == "2026-11-22 10:01:32"
    assert words.time(1_795_309_292_000) == "10:01:32"
    assert words.when(10**20) == f"{10**20} ms"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(156.0, "ug/m3", "156 µg/m³"), (1.8, "mA", "1.80 mA"), (None, "1", "—"), (True, "1", "예")],
)
def test_values_carry_their_unit(qapp: object, value: object, unit: str, text: str) -> None:
    assert Words("ko").value(value, unit) == text  # type: ignore[arg-type]


def test_the_language_switches_live(qapp: object, qtbot: object) -> None:
    words = Words("ko")
    with qtbot.waitSignal(words.changed):  # type: ignore[attr-defined]
        words.set_language("en")
    assert words.age(25) == "25 s"
    assert words.pick("누설전류", "Leakage") == "Leakage"
