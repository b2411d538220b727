"""What the page of the rules says of one: its name, where it comes from, what it fits; and its questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from console.packs.tables import Pack
from db.alarm_records import Rule
from db.asset_records import Asset
from db.rule_records import RuleSeen
from widgets import theme
from widgets.figures import plain
from widgets.words import Words


def name_of(words: Words, seen: RuleSeen | None) -> str:
    """Priority, name and id; of none that it is new."""
    if seen is None:
        return words.text("rules.state_new")
    rule = seen.rule
    name = plain(words.pick(rule.name, rule.name_en) or rule.id, 120)
    return f"{theme.SIGNS[rule.priority]} {name}  [{plain(rule.id, 80)}]"


def origin_of(words: Words, seen: RuleSeen | None, packs: Iterable[Pack]) -> str:
    """Where a rule comes from, who changed it last and why, and the basis of its limit."""
    if seen is None:
        return ""
    newest = seen.versions[0]
    if seen.origin == "edited" and newest.at_ms is not None:
        by, at = plain(newest.by, 60), words.when(newest.at_ms)[:16]
        parts = [words.text("rules.origin_edited", version=seen.rule.version, by=by, at=at)]
        parts.append(plain(newest.why, 120))
    elif seen.origin == "pack":
        pack = next((each.pack for each in packs if each.pack.id == seen.pack), None)
        shown = words.pick(pack.name, pack.name_en) if pack is not None else seen.pack
        parts = [words.text("rules.origin_pack", pack=shown)]
    else:
        parts = [words.text("rules.origin_settings")]
    if seen.is_removed:
        parts.insert(0, words.text("rules.state_removed"))
    basis = plain(seen.rule.basis, 160)
    parts.append(words.text("rules.basis_example") if basis.startswith("예시") else basis)
    return " · ".join(part for part in parts if part)


def fitting(words: Words, rule: Rule, assets: Sequence[Asset]) -> str:
    """How many points of the register the rule looks at; nothing of a rule for events."""
    if rule.kind == "event" or not assets:
        return ""
    found = sum(_fits(rule, each) for each in assets)
    return f" ({words.text('rules.sources', n=f'{found:,}')})"


def ask(parent: QWidget, words: Words, text: str, yes: str) -> bool:
    """Ask before something is lost; staying is what Enter does."""
    box = QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowTitle(words.text("rules.title"))
    box.setText(text)
    agreed = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(words.text("rules.stay"), QMessageBox.ButtonRole.RejectRole))
    box.exec()
    return box.clickedButton() is agreed


def _fits(rule: Rule, asset: Asset) -> bool:
    if not asset.source or not _matches(rule.source, asset.source):
        return False
    if rule.kind == "silent" and rule.quantity == "*":
        return asset.kind == "device" or not asset.quantity
    return bool(asset.quantity) and _matches(rule.quantity, asset.quantity)


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
