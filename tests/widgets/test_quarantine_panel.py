"""Set-aside messages: pages, reasons, payloads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from db.records import FeedCount, Quarantined
from db.workings import Progress
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.payload_view import HEX_MOST, as_hex, as_text
from widgets.quarantine_panel import QuarantinePanel
from widgets.words import Words


def message(number: int, reason: str = "not-json", payload: bytes = b"{", feed: str = "sdot") -> Quarantined:
    return Quarantined(
        id=number, feed=feed, topic=f"guro/{number}", received_ms=NOW_MS - number, reason=reason,
        detail="line 1", payload=payload, size=len(payload),
    )  # fmt: skip


def page(args: dict[str, Any]) -> list[Quarantined]:
    fits = [message(n, feed="noise" if n % 2 else "sdot") for n in range(450, 0, -1)]
    fits = [m for m in fits if m.id < args.get("before_id", 9999) and args.get("feed", m.feed) == m.feed]
    return fits[: args["limit"]]


def shown(qtbot: QtBot, bridge: FakeBridge, language: str = "ko") -> QuarantinePanel:
    panel = QuarantinePanel(bridge, Words(language))
    qtbot.addWidget(panel)
    panel.show()
    return panel


def ids(panel: QuarantinePanel) -> list[int]:
    return [record.id for record in panel.model.records()]


def test_the_newest_page_comes_first_and_older_ones_follow(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=page))
    first = ids(panel)
    panel.read_older()
    assert (first[0], first[-1], ids(panel)[0]) == (450, 251, 250)


def test_the_last_page_has_no_older_one(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=page))
    panel.read_older()
    panel.read_older()
    assert (ids(panel)[-1], panel.older.isEnabled()) == (1, False)


def test_a_feed_can_be_chosen(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=page))
    panel.apply([FeedCount(feed="noise", received=9, stored=1, quarantined=8, duplicate=0)])
    panel.feed.setCurrentIndex(1)
    assert set(ids(panel)) == set(range(449, 50, -2))


def test_counts_are_those_of_the_chosen_feed(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=page))
    panel.apply(
        [
            FeedCount(feed="noise", received=9, stored=1, quarantined=8, duplicate=0),
            FeedCount(feed="sdot", received=1000, stored=999, quarantined=1, duplicate=2),
        ]
    )
    assert panel.counts.text() == "수신 1,009 · 저장 1,000 · 격리 9 · 중복 2"


def test_a_known_reason_has_words_and_an_unknown_one_shows_its_code(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=[]), "en")
    assert [panel.reason(code) for code in ("not-json", "brand-new")] == ["not JSON", "brand-new"]


def test_newly_set_aside_messages_are_announced_without_moving_the_page(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=page))
    before = ids(panel)
    panel.apply([message(451), message(452)])
    assert ids(panel) == before
    assert panel.notice.text() == "새로 격리됨 2건 — F5로 봅니다"


def test_an_empty_list_says_what_it_is_for(qtbot: QtBot) -> None:
    assert shown(qtbot, FakeBridge(quarantine=[])).empty.text().startswith("격리된 메시지 없음")


def test_an_unreadable_list_keeps_the_last_one(qtbot: QtBot) -> None:
    bridge = FakeBridge(quarantine=page)
    panel = shown(qtbot, bridge)
    bridge.answers["quarantine"] = ConnectionError("the core is away")
    panel.read_newest()
    assert len(ids(panel)) == 200
    assert "the core is away" in panel.notice.text()


def test_a_payload_is_shown_as_it_came_and_never_as_markup(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(quarantine=[message(1, payload=b"<b>x</b>\x00\xff")]))
    assert panel.payload.text.toPlainText() == "<b>x</b>\\x00\\xff"


@pytest.mark.parametrize(
    ("payload", "line"), [(b"AB\n", "000000  41 42 0a                                         AB.")]
)
def test_hex_has_offset_bytes_and_letters(payload: bytes, line: str) -> None:
    assert as_hex(payload) == line


@given(st.binary(max_size=20_000))
def test_any_payload_has_a_bounded_text_and_hex(payload: bytes) -> None:
    assert all(c in "\n\t" or c.isprintable() for c in as_text(payload))
    assert len(as_hex(payload).splitlines()) <= HEX_MOST // 16


def test_the_language_switches_at_once(qtbot: QtBot) -> None:
    words = Words("ko")
    panel = QuarantinePanel(FakeBridge(quarantine=page), words)
    qtbot.addWidget(panel)
    panel.show()
    words.set_language("en")
    assert panel.model.index(0, 2).data() == "not JSON"


def retrying(qtbot: QtBot, **answers: Any) -> tuple[QuarantinePanel, FakeBridge]:
    bridge = FakeBridge(quarantine=page)
    bridge.answers |= {"feeds.reload": {}, "quarantine.retry": _progress()} | answers
    panel = shown(qtbot, bridge)
    panel.retry.click()
    return panel, bridge


def _progress(state: Any = "running", **more: Any) -> Progress:
    return Progress("r1", "retry", state, NOW_MS, NOW_MS, **more)


def test_reading_again_first_takes_the_mended_mappings(qtbot: QtBot) -> None:
    panel, bridge = retrying(qtbot)
    assert bridge.names()[-2:] == ["feeds.reload", "quarantine.retry"]
    panel.apply([_progress(done=3, total=9)])
    assert "9건 중 3건" in panel.notice.text()
    lists = bridge.names().count("quarantine")
    panel.apply([_progress("done", text="7 2 1")])
    assert "저장 7 · 여전히 못 읽음 2" in panel.notice.text()
    assert bridge.names().count("quarantine") == lists + 1


def test_settings_with_a_fault_read_nothing_again(qtbot: QtBot) -> None:
    answers = {"feeds.reload": ValueError("settings.toml: key feeds.air: found 3")}
    panel, bridge = retrying(qtbot, **answers)
    assert "quarantine.retry" not in bridge.names()
    assert "아무것도 바꾸지 않았습니다: settings.toml" in panel.notice.text()


def test_reading_again_can_be_stopped(qtbot: QtBot) -> None:
    panel, bridge = retrying(qtbot, **{"task.cancel": True})
    panel.retry.click()
    assert bridge.last("task.cancel") == {"id": "r1"}
