"""The form of one rule: only the fields of its kind, in groups, with units and plain words."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Rule
from widgets import theme
from widgets.rule_fields import (
    ChoiceField,
    Field,
    ListField,
    LongField,
    NameField,
    NumberField,
    SpanField,
    TextField,
    TruthField,
    Unreadable,
)
from widgets.words import Words

KINDS = (
    "threshold", "average", "rate", "change", "stuck", "silent", "count", "cross", "forecast", "event",
)  # fmt: skip
_LIMITS = ("above", "below", "at_limit", "deadband", "clear")
_DELAYS = ("on_delay_s", "off_delay_s")
CONDITIONS: dict[str, tuple[str, ...]] = {
    "threshold": (*_LIMITS, *_DELAYS),
    "average": ("hourly", "window_s", "hold", *_LIMITS, *_DELAYS),
    "rate": ("per_s", "window_s", *_LIMITS, *_DELAYS),
    "change": ("baseline", "baseline_hours", *_LIMITS, *_DELAYS),
    "stuck": ("window_s", "deadband", "ends", *_DELAYS),
    "silent": ("silent_s", "group", *_DELAYS),
    "count": ("of", "least", "window_s", "above", "below", "at_limit", "types", "origins", "grades"),
    "cross": ("others", "window_s", *_LIMITS, *_DELAYS),
    "forecast": ("horizon_s", *_LIMITS),
    "event": ("types", "origins", "grades", "by", "hold_s"),
}
"""The fields that say when a kind alarms; `console/alarms/checks.py` has the same, a test compares them."""
_TIMES = ("when", "hours")
_ENABLING = (*_TIMES, "if_quantity", "if_above", "if_below")
_HANDLING = ("quiet_s", "latch", "outage", "fault", "escalate_s", "realarm_s", "enabled")
_WORDS = ("name", "name_en", "basis", "guidance", "guidance_en")
_SPANS = (
    "on_delay_s", "off_delay_s", "silent_s", "window_s", "per_s", "horizon_s", "hold_s", "quiet_s",
    "escalate_s", "realarm_s",
)  # fmt: skip
_MEASURED = ("above", "below", "clear", "deadband", "baseline", "if_above", "if_below")
_TRUTHS = ("at_limit", "hourly", "group", "latch", "outage", "fault", "enabled")
_LISTS = ("others", "types", "origins", "grades", "ends")


def groups_of(kind: str) -> dict[str, tuple[str, ...]]:
    """The fields of a kind by their group, in the order of the form."""
    what = ("priority", "source") if kind == "event" else ("priority", "source", "quantity")
    force = {"silent": (), "event": _TIMES}.get(kind, _ENABLING)
    groups = {
        "what": what,
        "condition": CONDITIONS[kind],
        "force": force,
        "handling": _HANDLING,
        "words": _WORDS,
    }
    return {name: keys for name, keys in groups.items() if keys}


class RuleForm(QScrollArea):
    """Holds one rule; `quantities` are (name, words, unit).

    Signals:
        changed: a person changed something.
    """

    changed = Signal()

    def __init__(
        self, words: Words, quantities: list[tuple[str, str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._words = words
        self._quantities = quantities
        self._units = {name: unit for name, _, unit in quantities}
        self._rule = Rule("", "threshold")
        self._is_new = True
        self.fields: dict[str, Field] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.show_rule(self._rule, is_new=True)

    def use(self, quantities: list[tuple[str, str, str]]) -> None:
        """Know these quantities from now on."""
        self._quantities = quantities
        self._units = {name: unit for name, _, unit in quantities}

    def show_rule(self, rule: Rule, *, is_new: bool) -> None:
        """Hold this rule; the id of a new one can be written."""
        self._rule, self._is_new = rule, is_new
        self._build()

    def rule(self) -> dict[str, Any]:
        """The rule as it stands in the form; raises Unreadable with the key of the field."""
        found: dict[str, Any] = {
            "id": self._rule.id,
            "kind": self._rule.kind,
            "version": self._rule.version,
        }
        for key, field in self.fields.items():
            try:
                found[key] = field.value()
            except Unreadable as error:
                field.mark(is_wrong=True)
                raise Unreadable(key) from error
        return found

    def draft(self) -> Rule:
        """The same as a record, unchecked but for its types; raises Unreadable."""
        try:
            return msgspec.convert(self.rule(), Rule)
        except msgspec.ValidationError as error:
            raise Unreadable(str(error)) from error

    def unit(self) -> str:
        """The unit of the quantity that is chosen."""
        field = self.fields.get("quantity")
        return self._units.get(field.value() if field is not None else "", "1")

    def blame(self, key: str) -> None:
        """Show that this field is what the core did not take, if there is one."""
        for name, field in self.fields.items():
            field.mark(is_wrong=name == key)
            if name == key:
                self.ensureWidgetVisible(field.widget)

    # --- making ------------------------------------------------------------------

    def _build(self) -> None:
        self.fields = {}
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(6)
        for name, keys in groups_of(self._rule.kind).items():
            box = QGroupBox(self._words.text(f"rules.group.{name}"))
            form = QFormLayout(box)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
            form.setContentsMargins(8, 4, 8, 6)
            form.setVerticalSpacing(4)
            if name == "what":
                self._head(form)
            for key in keys:
                if key != "priority":  # it stands beside the kind
                    self._add(form, key)
            layout.addWidget(box)
        layout.addStretch(1)
        former = self.takeWidget()
        if former is not None:
            former.deleteLater()  # it may be one of its own fields that asked
        self.setWidget(whole)
        self._write_units()

    def _head(self, form: QFormLayout) -> None:
        if self._is_new:
            field = TextField("id", "pm10-high")
            self._take(field, self._rule.id)
            form.addRow(self._words.text("rules.field.id"), field.widget)
        kinds = [(kind, self._words.text(f"rules.kind.{kind}")) for kind in KINDS]
        chosen = ChoiceField("kind", kinds)
        self._take(chosen, self._rule.kind)
        chosen.changed.connect(self._change_kind)
        urgency = self._make("priority")
        self._take(urgency, self._rule.priority)
        row = QHBoxLayout()
        row.addWidget(chosen.widget)
        row.addSpacing(24)
        row.addWidget(QLabel(self._words.text("rules.field.priority")))
        row.addWidget(urgency.widget)
        row.addStretch(1)
        form.addRow(self._words.text("rules.field.kind"), row)

    def _add(self, form: QFormLayout, key: str) -> None:
        field = self._make(key)
        self._take(field, getattr(self._rule, key))
        if key in _TRUTHS:
            form.addRow("", field.widget)
            return
        name = "deadband_stuck" if (key, self._rule.kind) == ("deadband", "stuck") else key
        label = QLabel(self._words.text(f"rules.field.{name}"))
        label.setWordWrap(True)
        label.setMinimumWidth(190)
        label.setMaximumWidth(290)
        form.addRow(label, field.widget)

    def _take(self, field: Field, value: Any) -> None:
        field.show_value(value)
        field.changed.connect(self._on_changed)
        self.fields[field.key] = field

    def _make(self, key: str) -> Field:
        words = self._words
        if key in _SPANS:
            return SpanField(key, words)
        if key == "baseline_hours":
            return SpanField(key, words, in_hours=True)
        if key in _MEASURED:
            return NumberField(key, nothing=0.0 if key == "deadband" else None)
        if key in ("hold", "least"):
            return NumberField(key, nothing=0, is_whole=True)
        if key in _TRUTHS:
            return TruthField(key, words.text(f"rules.field.{key}"))
        if key in _LISTS:
            return ListField(key, of_numbers=key == "ends")
        if key in ("quantity", "if_quantity"):
            first = [("*", words.text("says.any_quantity"))] if key == "quantity" else [("", "")]
            return NameField(key, first + [(name, f"{text} ({name})") for name, text, _ in self._quantities])
        if key == "priority":
            return ChoiceField(
                key, [(n, f"{theme.SIGNS[n]} {words.text('says.priority', n=n)}") for n in (1, 2, 3, 4)]
            )
        choices = {
            "when": ("always", "day", "night"),
            "of": ("readings", "events"),
            "by": ("event", "source"),
        }
        if key in choices:
            return ChoiceField(key, [(each, words.text(f"rules.choice.{each}")) for each in choices[key]])
        return LongField(key) if key.startswith("guidance") else TextField(key)

    # --- changing ------------------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        self._write_units()
        for field in self.fields.values():
            field.mark(is_wrong=False)
        self.changed.emit()

    @Slot()
    def _change_kind(self) -> None:
        """Another kind: what both have stays, the rest begins anew."""
        kept = {key: getattr(self._rule, key) for key in ("id", "version")}
        kind = self.fields["kind"].value()
        for keys in groups_of(kind).values():
            for key in keys:
                field = self.fields.get(key)
                if field is None:
                    continue
                try:
                    kept[key] = field.value()
                except Unreadable:
                    continue
        if self._is_new:
            kept["id"] = self.fields["id"].value()
        kept |= {"kind": kind} | ({"priority": 4} if kind == "forecast" else {})
        self._rule = msgspec.convert(kept, Rule)
        self._build()
        self.changed.emit()

    def _write_units(self) -> None:
        unit = self._words.unit(self.unit())
        for key in _MEASURED:
            field = self.fields.get(key)
            if isinstance(field, NumberField) and not key.startswith("if_"):
                field.unit.setText(unit)
