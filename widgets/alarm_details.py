"""What there is to know about the chosen alarm, as text that can be copied."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from db.alarm_records import Alarm
from widgets.alarm_delegate import AlarmTexts
from widgets.figures import plain

_NAMED = 20


class AlarmDetails(QPlainTextEdit):
    """Value, limit, times, rule with its basis, and guidance; plain text always."""

    def __init__(self, texts: AlarmTexts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts = texts
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setMinimumHeight(96)

    def show_alarms(self, alarms: list[Alarm]) -> None:
        """Show one alarm whole, several by their number."""
        words = self._texts.words
        if not alarms:
            text = words.text("alarms.select_one")
        elif len(alarms) > 1:
            text = words.text("alarms.many", n=len(alarms))
        else:
            text = "\n".join(f"{name}: {value}" for name, value in self._fields(alarms[0]) if value)
        if text != self.toPlainText():
            self.setPlainText(text)

    def _fields(self, alarm: Alarm) -> list[tuple[str, str]]:
        words, texts = self._texts.words, self._texts
        rule = texts.rules.get(alarm.rule)
        name = words.pick(rule.name, rule.name_en) if rule else ""
        who = plain(alarm.acknowledged_by, 60)
        if alarm.acknowledged_ms is not None:
            who = f"{who} · {words.when(alarm.acknowledged_ms)}"
        now, under = texts.value_now(alarm), texts.under(alarm.id)
        named = ", ".join(texts.where(each) for each in under[:_NAMED]) + (
            " …" if len(under) > _NAMED else ""
        )
        fields = (
            ("guidance", plain(words.pick(rule.guidance, rule.guidance_en), 600) if rule else ""),
            ("state", texts.state_and_age(alarm)),
            ("what", words.quantity(alarm.quantity) if alarm.quantity and alarm.kind != "silent" else ""),
            ("value", words.value(alarm.value, alarm.unit) if alarm.value is not None else ""),
            ("now", words.value(now.value, now.unit) if now is not None else ""),
            ("text", plain(alarm.text, 600)),
            ("limit", words.value(alarm.limit, alarm.unit) if alarm.limit is not None else ""),
            ("raised", words.when(alarm.raised_ms)),
            ("observed", words.when(alarm.observed_ms) if alarm.observed_ms is not None else ""),
            ("changed", words.when(alarm.changed_ms)),
            ("returned", words.when(alarm.returned_ms) if alarm.returned_ms is not None else ""),
            ("acknowledged", who),
            ("note", plain(alarm.note, 500)),
            ("incident", plain(texts.incidents.get(alarm.incident, alarm.incident), 60)),
            ("place", plain(alarm.place, 120)),
            ("source", plain(alarm.source, 120)),
            ("rule", plain(f"{name} [{alarm.rule}]" if name else alarm.rule, 160)),
            ("basis", plain(rule.basis, 300) if rule else ""),
            ("under", f"{words.text('alarms.under', n=len(under))}: {named}" if under else ""),
            ("activation", str(alarm.activation)),
        )
        return [(words.text(f"alarms.field.{key}"), value) for key, value in fields]
