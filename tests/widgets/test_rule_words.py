"""A rule in words: every kind has its sentence in both languages, with nothing left as a key."""

from __future__ import annotations

import re

import pytest

from console.packs import load
from db.alarm_records import Rule
from widgets.packs import texts_of
from widgets.rule_words import limit_text, sentence, span
from widgets.words import Words

PACKS = [load.load(path) for path in sorted(load.SHIPPED.glob("*.toml"))]
RULES = [rule for pack in PACKS for rule in pack.rules] + [
    Rule("a", "threshold", above=3.0, below=1.0, off_delay_s=90.0, quiet_s=60.0, escalate_s=600.0),
    Rule("b", "average", window_s=600.0, hold=3, on_delay_s=60.0, below=2.0, clear=3.0, realarm_s=300.0),
    Rule("c", "silent", source="gw-*", silent_s=300.0, off_delay_s=10.0, group=True, outage=True),
    Rule("d", "change", baseline=5.0, above=1.0, if_quantity="battery", if_above=20.0),
    Rule("e", "cross", others=("x", "y"), above=5.0, hours="22-06", latch=True),
    Rule("f", "stuck", window_s=60.0, deadband=0.1, enabled=False),
    Rule("g", "count", of="events", types=("bell",), least=3, window_s=600.0),
    Rule("h", "event", origins=("119",), grades=("1", "2"), source="cam-*"),
    Rule("i", "forecast", above=5.0, priority=4),
    Rule("j", "threshold"),
]
KEY = re.compile(r"\b(says|rules)\.[a-z_]+")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_rule_is_said_whole(qapp: object, language: str) -> None:
    words = Words(language)
    words.learn(texts_of(PACKS))
    for rule in RULES:
        said = sentence(words, rule, "m")
        assert not KEY.search(said + limit_text(words, rule, "m")), rule.id
        assert "  " not in said and ",," not in said and "at at" not in said, said
        assert said.endswith(("다.", ".")) and said[0] != " "
        if language == "ko":
            assert not re.search(r"(미만|이상)로 ", said), said


def test_the_legal_dust_rule_reads_like_the_law(qapp: object) -> None:
    words = Words("ko")
    words.learn(texts_of(PACKS))
    rule = next(rule for rule in RULES if rule.id == "pm10-advisory")
    assert sentence(words, rule, "ug/m3") == (
        "모든 장치의 미세먼지 PM10 1시간 평균이 150 µg/m³ 이상인 상태가 2회 연속(2시간) 이어지면"
        " 3단계 알람을 냅니다."
        " 100 µg/m³ 미만으로 돌아오면 복귀합니다."
    )


def test_a_length_of_time_leaves_nothing_out(qapp: object) -> None:
    assert span(Words("ko"), 90_061.5) == "1일 1시간 1분 1.5초"
    assert span(Words("en"), 90.0) == "1 min 30 s"
    assert span(Words("ko"), 0) == "0초"
