"""Guidance for an asset, what it belongs to, or its domain: what to do when something alarms there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget

from db.alarm_records import Alarm
from db.asset_records import Asset
from db.rule_records import GuidanceText
from widgets.act_dialog import LONGEST, ActDialog
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.words import Words

_DEEPEST = 32


class GuidanceDialog(ActDialog):
    """The nearest counts: what is given to an asset goes before what its domain or its pack says."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, alarm: Alarm) -> None:
        super().__init__(bridge, words, parent, words.text("guidance.title"), "guidance")
        self._alarm = alarm
        self._given: dict[tuple[str, str], GuidanceText] = {}
        self.of = QComboBox()
        self.ko, self.en = QPlainTextEdit(), QPlainTextEdit()
        self.why = QLineEdit()
        self.why.setMaxLength(LONGEST)
        for field, widget in (("of", self.of), ("ko", self.ko), ("en", self.en), ("why", self.why)):
            self.form.addRow(words.text(f"guidance.{field}"), widget)
        for edit in (self.ko, self.en):
            edit.setTabChangesFocus(True)
            edit.setFixedHeight(96)
        self.consequence.setText(words.text("guidance.consequence"))
        self.of.activated.connect(self._show_given)
        bridge.assets(self._take_assets)
        bridge.query("guidance.texts", {}, self._take_given)
        bridge.query("guidance", {"alarm": alarm.id}, self._take_told)

    def _take_assets(self, value: Any, error: str) -> None:
        if error:
            return
        words = self._words
        for asset in above(self._alarm.asset, value):
            name = plain(words.pick(asset.name, asset.name_en), 80)
            self.of.addItem(f"{words.text(f'guidance.kind_{asset.kind}')} · {name}", ("asset", asset.id))
        domain = next((each.domain for each in above(self._alarm.asset, value) if each.domain), "")
        if domain:
            key = f"domain.{domain}"
            name = words.text(key) if words.has(key) else domain
            self.of.addItem(f"{words.text('guidance.kind_domain')} · {plain(name, 80)}", ("domain", domain))
        self.act.setEnabled(self.of.count() > 0)
        if not self.of.count():
            self.consequence.setText(words.text("guidance.no_asset"))
        self._show_given()

    def _take_given(self, value: Any, error: str) -> None:
        if not error:
            given = msgspec.convert(value, list[GuidanceText])
            self._given = {(each.level, each.of): each for each in given}
            self._show_given()

    def _take_told(self, value: Any, error: str) -> None:
        level = value.get("level", "") if isinstance(value, dict) and not error else ""
        if level:
            name = plain(str(value.get("name", "")), 80)
            now = self._words.text(f"guidance.now_{level}", name=name)
            self.consequence.setText(f"{now} {self._words.text('guidance.consequence')}")

    @Slot()
    def _show_given(self) -> None:
        chosen = self.of.currentData()
        text = self._given.get(tuple(chosen)) if chosen else None
        self.ko.setPlainText(text.ko if text is not None else "")
        self.en.setPlainText(text.en if text is not None else "")

    def request(self) -> tuple[str, dict[str, Any]] | str:
        """The command, or that the reason is missing."""
        chosen, why = self.of.currentData(), self.why.text().strip()
        if not chosen:
            return "guidance.no_asset"
        if not why:
            return "guidance.needs_why"
        ko, en = (edit.toPlainText().strip()[:4000] for edit in (self.ko, self.en))
        return "guidance.put", {"level": chosen[0], "of": chosen[1], "ko": ko, "en": en, "why": why}


def above(asset: str, assets: Sequence[Asset]) -> list[Asset]:
    """The asset and what it belongs to, the nearest first."""
    by_id = {each.id: each for each in assets}
    found: list[Asset] = []
    here = by_id.get(asset)
    while here is not None and len(found) < _DEEPEST:
        found.append(here)
        here = by_id.get(here.parent)
    return found
