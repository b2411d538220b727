"""One rule on the page of the rules: form and words, forecast, versions, and the acts on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QTabWidget, QVBoxLayout, QWidget

from console.packs.tables import Pack
from db.alarm_records import Rule
from db.asset_records import Asset
from db.rule_records import RuleSeen
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.labels import plain_label
from widgets.rule_fields import Unreadable
from widgets.rule_forecast import ForecastPanel
from widgets.rule_form import RuleForm
from widgets.rule_texts import ask, fitting, name_of, origin_of
from widgets.rule_versions import RuleVersions
from widgets.rule_words import sentence
from widgets.words import Words

_SAY_MS = 150
_FAULT = re.compile(r"\bkey ([a-z_]+): (.+)", re.DOTALL)
_MISTYPED = re.compile(r"`\$\.([a-z_]+)")
_HEADING_PX = 17


class RuleSheet(QWidget):
    """Every act is a command to the core, with the reason; what is shown afterwards is the core's answer.

    Signals:
        acted: the core has changed a rule; it is handed on.
        copy_wanted: a person wants a new rule that begins as this one.
    """

    acted = Signal(object)
    copy_wanted = Signal(object)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self.seen: RuleSeen | None = None
        self.is_dirty = False
        self._is_new = True
        self._tried: dict[str, Any] | None = None
        self.assets: list[Asset] = []
        self.packs: tuple[Pack, ...] = ()
        self.standing: Counter[str] = Counter()
        self.heading, self.origin, self.says = plain_label(), plain_label(), plain_label()
        self.form = RuleForm(words, [])
        self.forecast = ForecastPanel(bridge, words)
        self.versions = RuleVersions(words)
        self.tabs = QTabWidget()
        self.why = QLineEdit()
        self.message = plain_label()
        self._say_timer = QTimer(self, singleShot=True, interval=_SAY_MS)
        self.buttons = {
            key: QPushButton(words.text(f"rules.{key}"))
            for key in ("copy", "switch_off", "remove", "revert", "save")
        }
        self._build()
        self._connect()

    # --- making -----------------------------------------------------------------

    def _build(self) -> None:
        self.heading.setFont(theme.font(_HEADING_PX, bold=True))
        self.says.setStyleSheet(f"color: {theme.BRIGHT}")
        self.origin.setObjectName("dim")
        self.why.setMaxLength(500)
        self.why.setPlaceholderText(self._words.text("rules.why_hint"))
        page = QWidget()
        parts = QVBoxLayout(page)
        parts.setContentsMargins(4, 4, 4, 4)
        parts.addWidget(self.form, 1)
        parts.addWidget(self.forecast)
        self.tabs.addTab(page, self._words.text("rules.tab_form"))
        self.tabs.addTab(self.versions, "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.addLayout(self._row(self.heading, "copy", "switch_off", "remove"))
        for widget in (self.origin, self.says):
            layout.addWidget(widget)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.message)
        last = self._row(self.why, "revert", "save")
        last.insertWidget(0, plain_label(self._words.text("rules.why")))
        layout.addLayout(last)
        for button in self.buttons.values():
            button.setAutoDefault(False)

    def _row(self, first: QWidget, *keys: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(first, 1)
        for key in keys:
            row.addWidget(self.buttons[key])
        return row

    def _connect(self) -> None:
        acts: dict[str, Callable[[], None]] = {
            "copy": self._copy,
            "switch_off": self._switch,
            "remove": self._remove,
            "revert": self._revert,
            "save": self._save,
        }
        for key, act in acts.items():
            self.buttons[key].clicked.connect(act)
        self.form.changed.connect(self._on_changed)
        self.forecast.wanted.connect(self._try)
        self.forecast.seen.connect(self._label_save)
        self.forecast.refused.connect(self._refuse)
        self.versions.restore_wanted.connect(self._restore)
        self.versions.look_wanted.connect(self._look_at)
        self._say_timer.timeout.connect(self.say)

    # --- showing ------------------------------------------------------------------

    def show_rule(self, seen: RuleSeen | None, rule: Rule | None = None) -> None:
        """Show a rule; with `rule` in place of what is in force."""
        self.seen = seen
        self._is_new = seen is None
        self.is_dirty = rule is not None
        self._tried = None
        self.forecast.clear()
        self.form.show_rule(
            rule or (seen.rule if seen is not None else Rule("", "threshold")), is_new=seen is None
        )
        self.versions.show_rule(seen)
        self.tabs.setTabText(1, self._words.text("rules.tab_versions", n=len(seen.versions) if seen else 0))
        self.tabs.setTabEnabled(1, seen is not None)
        if seen is None:
            self.tabs.setCurrentIndex(0)
        self.why.clear()
        self.tell("")
        self._label()
        self.say()

    def _label(self) -> None:
        words, seen = self._words, self.seen
        is_there = seen is not None and not seen.is_removed
        self.heading.setText(name_of(words, seen))
        self.origin.setText(origin_of(words, seen, self.packs))
        is_on = seen is None or seen.rule.enabled
        self.buttons["switch_off"].setText(words.text("rules.switch_off" if is_on else "rules.switch_on"))
        self.buttons["switch_off"].setEnabled(is_there)
        self.buttons["remove"].setEnabled(is_there)
        self.buttons["copy"].setEnabled(seen is not None)
        self._label_save()

    @Slot()
    def _label_save(self) -> None:
        is_seen = self._tried is not None and self._tried == self._rule()
        is_shown = is_seen and self.forecast.tried is not None and not self.forecast.is_running
        self.buttons["save"].setText(self._words.text("rules.save_tried" if is_shown else "rules.save"))
        self.buttons["save"].setEnabled(self.is_dirty or self._is_new)
        self.buttons["revert"].setEnabled(self.is_dirty)

    @Slot()
    def _on_changed(self) -> None:
        self.is_dirty = True
        self._say_timer.start()
        if self._tried is not None:
            self.forecast.say_stale()
        self._label_save()

    @Slot()
    def say(self) -> None:
        """Write what the rule in the form does, and how many points it fits."""
        try:
            rule = self.form.draft()
        except Unreadable as error:
            self.says.setText(self._bad(str(error)))
            return
        text = sentence(self._words, rule, self.form.unit())
        self.says.setText(text + fitting(self._words, rule, self.assets))

    def _bad(self, key: str) -> str:
        label = self._words.text(f"rules.field.{key}")
        return self._words.text("rules.bad_field", field=label)

    def tell(self, text: str, colour: str = theme.TEXT) -> None:
        self.message.setStyleSheet(f"color: {colour}")
        self.message.setText(text)
        self.message.setVisible(bool(text))

    # --- acts -----------------------------------------------------------------------

    def _rule(self) -> dict[str, Any] | None:
        try:
            return self.form.rule()
        except Unreadable:
            return None

    def _read(self) -> dict[str, Any] | None:
        """The rule in the form; None, and said so, if it cannot be read."""
        try:
            rule = self.form.rule()
        except Unreadable as error:
            self.tell(self._bad(str(error)), theme.PRIORITY[3])
            return None
        if not rule["id"]:
            self.tell(self._words.text("rules.needs_id"), theme.PRIORITY[3])
            self.form.blame("id")
            return None
        return rule

    @Slot()
    def _try(self) -> None:
        rule = self._read()
        if rule is not None:
            self._tried = rule
            self.tell("")
            self.forecast.start(rule, self.form.unit())
            self._label_save()

    @Slot()
    def _save(self) -> None:
        """Save; a rule that was not tried as it stands is tried first."""
        rule = self._read()
        if rule is None or not self._has_why():
            return
        if self._tried != rule:
            self._try()
            if self.forecast.is_running:
                self.tell(self._words.text("rules.tried_first"))
                self.buttons["save"].setText(self._words.text("rules.save_untried"))
            return
        based_on = self.seen.rule.version if self.seen is not None else 0
        self._act("rule.put", {"rule": rule, "why": self.why.text().strip(), "based_on": based_on}, "saved")

    @Slot()
    def _switch(self) -> None:
        if self.seen is None or not self._has_why():
            return
        rule = self.seen.rule
        if rule.enabled and not self._agrees("off_ask"):
            return
        put = msgspec.to_builtins(replace(rule, enabled=not rule.enabled))
        args = {"rule": put, "why": self.why.text().strip(), "based_on": rule.version}
        self._act("rule.put", args, "saved")

    @Slot()
    def _remove(self) -> None:
        if self.seen is not None and self._has_why() and self._agrees("remove_ask"):
            args = {"rule": self.seen.rule.id, "why": self.why.text().strip()}
            self._act("rule.remove", args, "removed")

    @Slot(int)
    def _restore(self, version: int) -> None:
        if self.seen is not None and self._has_why():
            args = {"rule": self.seen.rule.id, "version": version, "why": self.why.text().strip()}
            self._act("rule.restore", args, "saved")

    def _act(self, name: str, args: dict[str, Any], said: str) -> None:
        self.buttons["save"].setEnabled(False)
        self._bridge.command(name, args, lambda value, error: self._acted(value, error, said))

    def _acted(self, value: Any, error: str, said: str) -> None:
        if error:
            self._refuse(error)
            return
        seen = msgspec.convert(value, RuleSeen)
        self.is_dirty = False
        self.show_rule(seen)
        self.acted.emit(seen)
        self.tell(self._words.text(f"rules.{said}", version=seen.rule.version), theme.LIVE)

    @Slot(str)
    def _refuse(self, error: str) -> None:
        """Say why, in the words of the form, and show the field."""
        fault, mistyped = _FAULT.search(error), _MISTYPED.search(error)
        key = fault[1] if fault is not None else mistyped[1] if mistyped is not None else ""
        said = plain(error, 400)
        if fault is not None and self._words.has(f"rules.field.{key}"):
            field = self._words.text(f"rules.field.{key}")
            said = self._words.text(
                "rules.fault", field=field, fault=plain(self._words.sentence(fault[2]), 300)
            )
        if key:
            self.form.blame(key)
        self._tried = None
        self._label_save()
        self.tell(self._words.text("rules.refused", error=said), theme.PRIORITY[2])

    @Slot()
    def _copy(self) -> None:
        if self.seen is not None:
            rule = self.seen.rule
            self.copy_wanted.emit(replace(rule, id=f"{rule.id}-2", version=1, enabled=True))

    @Slot()
    def _revert(self) -> None:
        self.is_dirty = False
        self.show_rule(self.seen)

    @Slot(object)
    def _look_at(self, rule: Rule) -> None:
        """An older version in the form, to be tried, changed or saved."""
        if self.seen is not None:
            self.show_rule(self.seen, replace(rule, version=self.seen.rule.version))
            self.tabs.setCurrentIndex(0)

    # --- asking -----------------------------------------------------------------------

    def _has_why(self) -> bool:
        if self.why.text().strip():
            return True
        self.tell(self._words.text("rules.needs_why"), theme.PRIORITY[3])
        self.why.setFocus()
        return False

    def _agrees(self, key: str) -> bool:
        rule = self.seen.rule.id if self.seen is not None else ""
        name = name_of(self._words, self.seen)
        text = self._words.text(f"rules.{key}", rule=name, n=self.standing[rule])
        act = "remove" if key == "remove_ask" else "switch_off"
        return ask(self, self._words, text, self._words.text(f"rules.{act}").rstrip("…"))

    def may_drop(self) -> bool:
        """Whether nothing would be lost, or a person agrees that it is."""
        if not self.is_dirty:
            return True
        text = self._words.text("rules.unsaved_ask", rule=name_of(self._words, self.seen))
        return ask(self, self._words, text, self._words.text("rules.drop"))
