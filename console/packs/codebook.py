"""What the packs say of their quantities, as the columns of a labelled export."""

from __future__ import annotations

from pathlib import Path

from console.export import Label
from console.packs.installed import in_use
from console.packs.tables import Quantity
from console.settings_tables import Settings


def labels(settings: Settings, base: Path | None, language: str) -> dict[str, Label]:
    """The label of each quantity of the packs in use; of two packs with one quantity the first counts."""
    found: dict[str, Label] = {}
    for seen in in_use(settings, base):
        for each in seen.pack.quantities:
            found.setdefault(each.name, _label(each, language))
    return found


def _label(quantity: Quantity, language: str) -> Label:
    korean = language == "ko"
    codes = "; ".join(f"{code}={word.ko if korean else word.en}" for code, word in quantity.codes.items())
    yes, no = ("예", "아니오") if korean else ("yes", "no")
    return (
        quantity.ko if korean else quantity.en,
        quantity.standard,
        quantity.category,
        codes,
        yes if quantity.personal else no,
    )
