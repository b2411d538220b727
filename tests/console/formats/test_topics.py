"""MQTT filters and topic patterns."""

from __future__ import annotations

import pytest

from console.errors import SettingsError
from console.formats.topics import fitting, matcher, pattern


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("a/b", "a/b", True), ("a/b", "a/b/c", False), ("a/+", "a/b", True), ("a/+", "a/", True),
        ("a/+", "a", False), ("a/#", "a", True), ("a/#", "a/b/c", True), ("a/#", "ab", False),
        ("#", "a/b", True), ("#", "$SYS/x", False), ("+/x", "$SYS/x", False), ("$SYS/#", "$SYS/x", True),
        ("a.b", "axb", False), ("+/+/c", "a/b/c", True), ("a/#", "a/b\nc", True),
    ],
)  # fmt: skip
def test_a_filter_fits_as_the_standard_says(topic_filter: str, topic: str, fits: bool) -> None:
    assert matcher(topic_filter)(topic) is fits


@pytest.mark.parametrize("topic_filter", ["a/#/b", "a+/b", "a/b#"])
def test_a_filter_that_no_broker_takes_is_refused(topic_filter: str) -> None:
    with pytest.raises(SettingsError):
        matcher(topic_filter)


@pytest.mark.parametrize(
    ("text", "topic", "parts"),
    [
        ("c/{gu}/{s}", "c/jongno/7", {"gu": "jongno", "s": "7"}),
        ("c/{gu}/{s}", "c/jongno/7/x", None),
        ("c/{gu}/{s}", "c//7", None),
        ("c/+/{s}/#", "c/x/7", {"s": "7"}),
        ("c/+/{s}/#", "c/x/7/y/z", {"s": "7"}),
        ("c/pole-{n}.v{v}", "c/pole-3.v1", {"n": "3", "v": "1"}),
        ("#", "anything/at/all", {}),
    ],
)
def test_a_pattern_names_its_parts(text: str, topic: str, parts: dict[str, str] | None) -> None:
    assert pattern(text)(topic) == parts


def test_a_topic_can_be_made_that_fits_a_pattern() -> None:
    text = "city/{gu}/+/pole-{n}/#"
    assert pattern(text)(fitting(text, "A7")) == {"gu": "A7", "n": "A7"}
