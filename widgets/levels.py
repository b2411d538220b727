"""The four levels of the board: district, facility or domain, device, raw messages; and the way back."""

from __future__ import annotations

from typing import Literal, NamedTuple

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from db.asset_records import Asset
from widgets.breadcrumbs import Breadcrumbs
from widgets.domain_model import Domains
from widgets.facility_page import FacilityPage
from widgets.facility_texts import domain_word
from widgets.raw_panel import RawPanel
from widgets.words import Words

_MOST_PAST = 50


class Step(NamedTuple):
    """Where one is: `key` is a domain ("" for all), an asset, or a source."""

    kind: Literal["board", "domain", "asset", "raw"]
    key: str = ""


BOARD = Step("board")


class Levels(QObject):
    """Walks between the levels, and remembers the way; Alt+Left and Esc go back.

    Signals:
        panel_wanted: the key of the panel that now comes to the front.
        asset_shown: the facility or device that is now looked at, for map and cameras.
    """

    panel_wanted = Signal(str)
    asset_shown = Signal(str)

    def __init__(
        self,
        window: QWidget,
        crumbs: Breadcrumbs,
        page: FacilityPage,
        raw: RawPanel,
        domains: Domains,
        words: Words,
    ) -> None:
        super().__init__(window)
        self._crumbs, self._page, self._raw, self._domains, self._words = crumbs, page, raw, domains, words
        self.at = BOARD
        self._past: list[Step] = []
        self._via: dict[str, str] = {}  # the asset from which a source's messages were asked for
        crumbs.back_wanted.connect(self.back)
        crumbs.chosen.connect(self._choose)
        page.asset_wanted.connect(self.show_asset)
        page.detail.raw_wanted.connect(self.show_raw)
        words.changed.connect(self.write)
        back = QShortcut(QKeySequence("Alt+Left"), window)
        back.activated.connect(self.back)
        for panel in (page, raw):
            leave = QShortcut(
                QKeySequence("Esc"), panel, context=Qt.ShortcutContext.WidgetWithChildrenShortcut
            )
            leave.activated.connect(self.back)
        self.write()

    # --- where to

    @Slot()
    def show_board(self) -> None:
        """Level 1."""
        self._go(BOARD)

    @Slot(str)
    def show_domain(self, domain: str) -> None:
        """Level 2: the facilities of a domain, "" for all."""
        self._go(Step("domain", domain))

    @Slot()
    def show_facilities(self) -> None:
        """Level 2: every facility of the district."""
        self.show_domain("")

    @Slot(str)
    def show_asset(self, asset_id: str) -> None:
        """Level 2 for a facility, 3 for a device; a channel is shown with its device."""
        asset = self._asset(asset_id)
        if asset is not None and asset.kind == "channel":
            asset = self._asset(asset.parent)
        if asset is not None:
            self._go(Step("asset", asset.id) if asset.kind != "district" else Step("domain"))

    @Slot(str)
    def show_raw(self, source: str) -> None:
        """Level 4: the messages of a source."""
        if self.at.kind == "asset":
            self._via[source] = self.at.key
        self._go(Step("raw", source))

    @Slot()
    def back(self) -> None:
        """Where one was before."""
        if self._past:
            self.at = self._past.pop()
            self._show()

    @Slot(str)
    def note_panel(self, key: str) -> None:
        """Another panel was brought to the front by hand: the crumbs follow it."""
        if key == "map" and self.at != BOARD:
            self._remember()
            self.at = BOARD
            self.write()

    def _go(self, step: Step) -> None:
        if step != self.at:
            self._remember()
            self.at = step
        self._show()

    def _remember(self) -> None:
        self._past = [*self._past, self.at][-_MOST_PAST:]

    def _show(self) -> None:
        step = self.at
        if step.kind == "domain":
            self._page.show_domain(step.key)
        elif step.kind == "asset":
            self._page.show_asset(step.key)
            self.asset_shown.emit(step.key)
        elif step.kind == "raw":
            self._raw.show_source(step.key)
        self.panel_wanted.emit({"board": "map", "raw": "raw"}.get(step.kind, "facility"))
        self.write()

    # --- the crumbs

    @property
    def path(self) -> list[Step]:
        """The steps from the board down to where one is."""
        step, found = self.at, list[Step]()
        if step.kind == "raw":
            found = [step]
            home = self._via.get(step.key, "")
            step = Step("asset", home) if home else BOARD
        if step.kind == "asset":
            assets = []
            asset = self._asset(step.key)
            domain = ""
            while asset is not None and asset.kind != "district":
                assets.append(Step("asset", asset.id))
                domain = asset.domain or domain
                asset = self._asset(asset.parent)
            found = [Step("domain", domain), *reversed(assets), *found]
        elif step.kind == "domain":
            found = [step, *found]
        return [BOARD, *found]

    @Slot()
    def write(self) -> None:
        """Write the crumbs anew."""
        self._crumbs.show_path([self._name(step) for step in self.path], has_past=bool(self._past))

    @Slot(int)
    def _choose(self, number: int) -> None:
        path = self.path
        if 0 <= number < len(path):
            self._go(path[number])

    def _name(self, step: Step) -> str:
        if step.kind == "board":
            return self._words.text("levels.board")
        if step.kind == "domain":
            return domain_word(self._words, step.key) if step.key else self._words.text("facility.all")
        if step.kind == "asset":
            return self._page.name(step.key)
        return self._words.text("levels.raw", source=step.key) if step.key else self._words.text("panel.raw")

    def _asset(self, asset_id: str) -> Asset | None:
        return (self._domains.assets or {}).get(asset_id)
