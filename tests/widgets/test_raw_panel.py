"""Level 4: messages as they came, and what the present mappings make of them."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from db.workings import RawMessage
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.raw_panel import RawPanel
from widgets.words import Words


def message(number: int, **more: Any) -> RawMessage:
    fields: dict[str, Any] = {
        "feed": "air",
        "topic": f"city/s{number % 3}",
        "received_ms": NOW_MS - number,
        "payload": b'{"v":1}',
        "size": 7,
        "state": "not-json" if number % 10 == 0 else "read",
        "source": f"s{number % 3}",
    }
    return RawMessage(number, **(fields | more))


def page(args: dict[str, Any]) -> list[RawMessage]:
    fits = [message(n) for n in range(450, 0, -1)]
    fits = [
        m for m in fits if m.id < args.get("before_id", 9999) and args.get("source", m.source) == m.source
    ]
    return fits[: args["limit"]]


def shown(qtbot: QtBot, bridge: FakeBridge, language: str = "ko") -> RawPanel:
    panel = RawPanel(bridge, Words(language))
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    return panel


def bridge_of(**answers: Any) -> FakeBridge:
    return FakeBridge(
        raw=page, decode_again=[{"kind": "reading", "quantity": "pm25", "value": 12.5}], **answers
    )


def test_a_source_is_asked_for_and_paged(qtbot: QtBot) -> None:
    bridge = bridge_of()
    panel = shown(qtbot, bridge)
    panel.show_source("s1")
    assert {record.source for record in panel.model.records()} == {"s1"}
    panel.show_source("")
    panel.read_older()
    assert (panel.model.records()[0].id, panel.newer.isEnabled()) == (250, True)


def test_the_chosen_message_is_shown_with_what_the_mappings_make_of_it(qtbot: QtBot) -> None:
    bridge = bridge_of()
    panel = shown(qtbot, bridge)
    assert panel.payload.text.toPlainText() == '{"v":1}'
    assert '"quantity": "pm25"' in panel.made.toPlainText()
    assert "기록 1건" in panel.made_title.text()
    panel.table.selectRow(3)
    assert bridge.last("decode_again") == {"raw": 447}


def test_what_was_set_aside_says_why(qtbot: QtBot) -> None:
    panel = shown(qtbot, bridge_of(), "en")
    assert [panel.state_word(state) for state in ("read", "not-json", "brand-new")] == [
        "read",
        "not JSON",
        "brand-new",
    ]


def test_an_empty_list_says_where_to_look(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(raw=[]))
    assert panel.empty.text().startswith("보관된 메시지 없음")
    panel.show_source("s9")
    assert "누락 구간" in panel.empty.text()


def test_an_unreadable_list_keeps_the_last_one(qtbot: QtBot) -> None:
    bridge = bridge_of()
    panel = shown(qtbot, bridge)
    bridge.answers["raw"] = ConnectionError("the core is away")
    panel.read_newest()
    assert len(panel.model.records()) == 200
    assert "the core is away" in panel.notice.text()


def test_a_hidden_panel_asks_nothing(qtbot: QtBot) -> None:
    bridge = bridge_of()
    panel = RawPanel(bridge, Words("ko"))
    qtbot.addWidget(panel)
    panel.show_source("s1")
    assert bridge.names() == []
