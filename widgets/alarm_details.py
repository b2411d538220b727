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
            ("guidance", self._guidance(alarm)),
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
            *self._put_aside(alarm),
            ("assignee", plain(alarm.assignee, 60)),
            ("comment", plain(alarm.comment, 600)),
            ("escalated", words.when(alarm.escalated_ms) if alarm.escalated_ms is not None else ""),
            ("incident", plain(texts.incidents.get(alarm.incident, alarm.incident), 60)),
            ("place", plain(alarm.place, 120)),
            ("source", plain(alarm.source, 120)),
            ("rule", plain(f"{name} [{alarm.rule}]" if name else alarm.rule, 160)),
            ("basis", plain(rule.basis, 300) if rule else ""),
            ("under", f"{words.text('alarms.under', n=len(under))}: {named}" if under else ""),
            ("activation", str(alarm.activation)),
        )
        return [(words.text(f"alarms.field.{key}"), value) for key, value in fields]

    def _guidance(self, alarm: Alarm) -> str:
        told = self._texts.guidance.get(alarm.id, "")
        rule = self._texts.rules.get(alarm.rule)
        if told or rule is None:
            return plain(told, 600)
        return plain(self._texts.words.pick(rule.guidance, rule.guidance_en), 600)

    def _put_aside(self, alarm: Alarm) -> list[tuple[str, str]]:
        """Who keeps it from being announced, until when and why."""
        words, shelf, work = self._texts.words, alarm.shelf, alarm.out_of_service
        fields = []
        if shelf is not None:
            until = words.when(shelf.until_ms)
            fields.append(("shelf", f"{until} · {plain(shelf.by, 60)} · {plain(shelf.reason, 200)}"))
        if work is not None:
            parts = [plain(work.order, 80), plain(work.by, 60), plain(work.reason, 200)]
            if work.until_ms is not None:
                parts.insert(1, words.when(work.until_ms))
            fields.append(("service", " · ".join(part for part in parts if part)))
        if alarm.suppressed_by:
            cause = self._texts.standing(alarm.suppressed_by)
            said = self._texts.line(cause) if cause is not None else plain(alarm.suppressed_by, 160)
            fields.append(("cause", said))
        return fields
