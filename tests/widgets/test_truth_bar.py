"""The truth bar."""

from __future__ import annotations

from typing import Any

import pytest

from console.clock import ManualClock
from db.records import Head, Lamp, Proof
from widgets import theme
from widgets.bridge import Bridge
from widgets.truth_bar import TruthBar, TruthPage
from widgets.truth_text import detail, field
from widgets.words import Words

NOW = 1_795_309_292_000


class Door:
    """Answers nothing."""

    def query(self, name: str, args: dict[str, Any], done: Any) -> None:
        done(None, "nothing")

    def command(self, name: str, args: dict[str, Any], done: Any, command_id: str) -> None:
        done(None, "nothing")


@pytest.fixture
def words(qapp: object) -> Words:
    return Words("ko")


def lamp(kind: str, state: str = "ok", name: str = "a", **more: Any) -> Lamp:
    return Lamp(kind=kind, name=name, state=state, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lamps", "full"),
    [
        ([lamp("broker", proved_ms=NOW - 400)], "0.4초 전"),
        ([lamp("broker", "bad", proved_ms=NOW - 9000, since_ms=NOW - 8000)], "끊김 8초"),
        ([lamp("feed", name=str(n)) for n in range(3)], "3/3"),
        ([lamp("feed"), lamp("feed", "bad", "소음-3", since_ms=NOW - 185_000)], "1/2 · 소음-3 무응답 3분"),
        ([lamp("camera", number=62, total=64)], "62/64"),
        ([lamp("camera", number=9, among=9, total=12)], "9/9 · 전체 12"),
        ([lamp("camera", number=11, among=12, total=12)], "11/12"),
        ([lamp("central", "bad", since_ms=NOW - 7_980_000)], "오프라인 2시간 13분"),
        ([lamp("central", "off")], "쓰지 않음"),
        ([lamp("backlog", number=0)], "없음"),
        ([lamp("backlog", "warn", number=1204, since_ms=NOW - 7_980_000)], "1,204건 · 최초 07:48"),
        ([lamp("clock", number=200)], "+0.2초"),
        ([lamp("disk", number=61)], "61%"),
        ([], "아직 도착하지 않음"),
    ],
)
def test_each_field_says_its_state_in_words(words: Words, lamps: list[Lamp], full: str) -> None:
    kind = lamps[0].kind if lamps else "broker"
    assert field(kind, lamps, None, NOW, words).full == full


@pytest.mark.parametrize("equal", [True, False])
def test_the_proof_says_when_and_how_many(words: Words, equal: bool) -> None:
    head = Head(device="c", epoch=1, count=18_311, hash="ab")
    proof = Proof(ours=head, theirs=head, at_ms=NOW, equal=equal)
    text = field("proof", [], proof, NOW, words).full
    assert text == ("10:01 일치 18,311건" if equal else "10:01 불일치")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", [1366, 1920])
def test_the_bar_fits_its_width_at_its_busiest(words: Words, qtbot: Any, language: str, width: int) -> None:
    theme.load_fonts()
    words.set_language(language)
    bridge = Bridge(Door(), ManualClock(NOW))
    bar = TruthBar(bridge, words)
    qtbot.addWidget(bar)
    bar.resize(width, 34)
    bar.show()
    bridge.post_state(True, "")
    qtbot.waitUntil(lambda: bridge.is_linked)
    head = Head(device="c", epoch=1, count=118_311, hash="ab")
    bar.apply(
        (
            lamp("broker", "bad", since_ms=NOW - 7_980_000),
            *(lamp("feed", name=str(n)) for n in range(14)),
            lamp("feed", "bad", "환경센서-북부-이름이-아주-긴-것", since_ms=NOW - 7_980_000),
            lamp("camera", "warn", number=62, total=64),
            lamp("central", "bad", since_ms=NOW - 7_980_000),
            lamp("backlog", "warn", number=11_204, since_ms=NOW - 7_980_000),
            Proof(ours=head, theirs=head, at_ms=NOW, equal=False),
            lamp("clock", "warn", number=-12_200),
            lamp("disk", "warn", number=91),
        )
    )
    bar.layout().activate()
    buttons = list(bar._buttons.values())
    assert all(button.width() >= button.sizeHint().width() for button in buttons)
    assert bar.clock.geometry().right() <= width
    assert buttons[-1].geometry().right() < bar.clock.geometry().left()


def test_a_press_opens_the_page_with_the_worst_first(words: Words, qtbot: Any) -> None:
    bridge = Bridge(Door(), ManualClock(NOW))
    bar = TruthBar(bridge, words)
    qtbot.addWidget(bar)
    bar.apply((lamp("feed", name="a"), lamp("feed", "bad", "b", detail="silent <b>for</b> 9 s")))
    with qtbot.waitSignal(bar.opened) as signal:
        bar._buttons["feed"].click()
    page = TruthPage(bar, signal.args[0], bridge, words)
    qtbot.addWidget(page)
    assert [each.name for each in page.model.records()] == ["b", "a"]
    assert page.model.data(page.model.index(0, 5)) == "silent <b>for</b> 9 s"


def test_ages_grow_without_news(words: Words, qtbot: Any) -> None:
    clock = ManualClock(NOW)
    bar = TruthBar(Bridge(Door(), clock), words)
    qtbot.addWidget(bar)
    bar.resize(1920, 34)
    bar.apply((lamp("broker", proved_ms=NOW),))
    clock.advance(90)
    bar.refresh()
    assert "1분 전" in bar.text("broker")


def test_the_camera_page_says_how_many_nobody_watches(words: Words) -> None:
    text = detail(lamp("camera", number=8, among=9, total=12, detail="english"), words)
    assert "9대 중 실시간 8대" in text and "미시청 3대" in text
