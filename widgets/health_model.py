"""The asset tree district > facility > device > channel as Qt rows.

Nodes sit in one list and a row's internal id is its place in that list, so that
tens of thousands of them cost no wrapper objects. New states touch only their
own rows; order and filter are worked out when they are asked for.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor

from db.asset_records import Asset, AssetState, Condition
from db.records import Flag, Latest
from widgets import figures, theme
from widgets.words import Words

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

COLUMNS = ("name", "condition", "share", "value", "seen", "alarms")
WORDS = {
    Condition.WELL: "health.well",
    Condition.UNKNOWN: "health.unknown",
    Condition.CAUTION: "health.caution",
    Condition.SILENT: "health.silent",
    Condition.BAD: "health.bad",
}
SIDE_STATISTICS = ("min", "max", "sum")  # they go with a series and are not its value
_MANY = 400  # when more rows changed only the top rows are told: a view paints all that it shows


def value_text(words: Words, latest: Latest) -> str:
    """The value with its unit, and with its mark when it must not be taken as a good live one."""
    text = words.value(latest.value, latest.unit)
    if latest.quality not in ("good", "uncertain"):
        return words.text("health.quality", value=text)
    if latest.flags:
        key = "health.retained" if latest.flags & Flag.RETAINED else "health.past"
        return words.text(key, value=text)
    return words.text("health.uncertain", value=text) if latest.quality == "uncertain" else text


class Node:
    """One asset that has a row: its record, its newest state and its place."""

    __slots__ = ("asset", "at", "children", "is_grown", "latest", "parent", "row", "state")

    def __init__(self, at: int, asset: Asset | None, parent: Node | None) -> None:
        self.at = at
        self.asset = asset
        self.parent = parent
        self.children: list[Node] = []  # once grown: those that the filter lets through, in the shown order
        self.is_grown = False
        self.row = 0
        self.state: AssetState | None = None
        self.latest: Latest | None = None

    @property
    def badness(self) -> tuple[int, int, int]:
        """Sort key of worst first: condition, then worst priority, then standing alarms."""
        if self.state is None:
            return (0, 0, 0)
        return (-int(self.state.condition), self.state.priority or 5, -self.state.alarms)


class Role(enum.IntEnum):
    """Extra roles of the tree."""

    NODE_ID = Qt.ItemDataRole.UserRole + 1


class AssetTree(QAbstractItemModel):
    """Assets by their parents; `now_ms` is the core's time, for ages.

    A row is made when its parent's rows are asked for, so that a city of 50,000 assets costs no more
    than what is open; states and values are kept for all.
    """

    def __init__(self, words: Words, now_ms: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._now_ms = now_ms
        self._assets: dict[str, Asset] = {}
        self._below: dict[str, list[Asset]] = {}
        self._states: dict[str, AssetState] = {}
        self._latest: dict[tuple[str, str], Latest] = {}
        self._nodes: list[Node] = []
        self._by_id: dict[str, Node] = {}
        self._by_series: dict[tuple[str, str], list[Node]] = {}
        self._kept: set[str] | None = None
        self._filter = ""
        self._worst_first = True
        self._begin()

    # --- what it is told -----------------------------------------------------

    def set_assets(self, assets: Iterable[Asset]) -> None:
        """Replace the whole tree; an asset whose parent is missing stands at the top."""
        self.beginResetModel()
        self._assets = {}
        for asset in assets:
            self._assets.setdefault(asset.id, asset)
        self._below = {}
        for asset in self._assets.values():
            self._below.setdefault(asset.parent if asset.parent in self._assets else "", []).append(asset)
        self._break_circles()
        self._kept = self._matching()
        self._begin()
        self.endResetModel()

    def _break_circles(self) -> None:
        """Parents in a circle are below nobody: the first of each circle stands at the top."""
        ahead, seen = list(self._below.get("", ())), set[str]()
        for _ in range(len(self._assets)):
            for asset in ahead:
                seen.add(asset.id)
                ahead.extend(self._below.get(asset.id, ()))
            if len(seen) == len(self._assets):
                return
            first = next(asset for asset in self._assets.values() if asset.id not in seen)
            self._below[first.parent].remove(first)
            self._below.setdefault("", []).append(first)
            ahead = [first]

    def _begin(self) -> None:
        self._nodes = [Node(0, None, None)]
        self._by_id, self._by_series = {}, {}

    def _grow(self, node: Node) -> list[Node]:
        """The rows below a node, made when they are first asked for."""
        if node.is_grown:
            return node.children
        node.is_grown = True
        made = []
        for asset in self._below.get(node.asset.id if node.asset is not None else "", ()):
            if self._kept is not None and asset.id not in self._kept:
                continue
            child = Node(len(self._nodes), asset, node)
            child.state = self._states.get(asset.id)
            self._nodes.append(child)
            self._by_id[asset.id] = child
            if asset.quantity:
                series = (asset.source, asset.quantity)
                child.latest = self._latest.get(series)
                self._by_series.setdefault(series, []).append(child)
            made.append(child)
        self._place(node, self._ordered(made))
        return node.children

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer states and readings; only their rows are told to change."""
        changed: set[int] = set()
        for record in records:
            if isinstance(record, AssetState):
                self._states[record.id] = record
                node = self._by_id.get(record.id)
                if node is not None:
                    node.state = record
                    changed.add(node.at)
            elif isinstance(record, Latest) and record.statistic not in SIDE_STATISTICS:
                series = (record.source, record.quantity)
                before = self._latest.get(series)
                if before is not None and record.observed_ms < before.observed_ms:
                    continue
                self._latest[series] = record
                for node in self._by_series.get(series, ()):
                    node.latest = record
                    changed.add(node.at)
        self._tell(changed)

    def _tell(self, changed: set[int]) -> None:
        top = self._nodes[0].children
        if len(changed) > _MANY and top:
            changed = {top[0].at, top[-1].at}
        last = len(COLUMNS) - 1
        for at in changed:
            row = self._nodes[at].row
            self.dataChanged.emit(self.createIndex(row, 0, at), self.createIndex(row, last, at))

    # --- order and filter ----------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show the assets whose name, id or source contains `text`, with all above and below them."""
        self._filter = text.strip().casefold()
        self.beginResetModel()
        self._kept = self._matching()
        self._begin()
        self.endResetModel()

    def set_worst_first(self, on: bool) -> None:
        """Order by condition, or as the asset file has it."""
        self._worst_first = on
        self.arrange()

    def arrange(self) -> bool:
        """Put the rows in their order again; False when they were. Selection and open nodes stay."""
        grown = [(node, self._ordered(node.children)) for node in self._nodes if len(node.children) > 1]
        moved = [(node, children) for node, children in grown if children != node.children]
        if not moved:
            return False
        self.layoutAboutToBeChanged.emit()
        before = [(index, self._nodes[index.internalId()]) for index in self.persistentIndexList()]
        for node, children in moved:
            self._place(node, children)
        for index, node in before:
            self.changePersistentIndex(index, self.createIndex(node.row, index.column(), node.at))
        self.layoutChanged.emit()
        return True

    def _ordered(self, children: list[Node]) -> list[Node]:
        if self._worst_first:
            return sorted(children, key=lambda node: (node.badness, node.at))
        return sorted(children, key=lambda node: node.at)

    @staticmethod
    def _place(parent: Node, children: list[Node]) -> None:
        parent.children = children
        for row, child in enumerate(children):
            child.row = row

    def _matching(self) -> set[str] | None:
        """What the filter lets through; None for everything."""
        if not self._filter:
            return None
        kept: set[str] = set()
        for asset in self._assets.values():
            if self._filter in f"{asset.name}\n{asset.name_en}\n{asset.id}\n{asset.source}".casefold():
                kept.update(each.id for each in self._upwards(asset.id))
                below = [asset]
                for each in below:
                    kept.add(each.id)
                    below.extend(self._below.get(each.id, ()))
        return kept

    def _upwards(self, asset_id: str) -> list[Asset]:
        """The asset and those above it, itself first; a circle is walked once."""
        found: list[Asset] = []
        asset = self._assets.get(asset_id)
        while asset is not None and asset not in found:
            found.append(asset)
            asset = self._assets.get(asset.parent)
        return found

    # --- what it is asked ----------------------------------------------------

    def __len__(self) -> int:
        return len(self._assets)

    def node(self, index: Index) -> Node | None:
        """The node of a row, None for no row."""
        return self._nodes[index.internalId()] if index.isValid() else None

    def find(self, asset_id: str) -> QModelIndex:
        """The row of an asset; invalid when there is none or the filter hides it."""
        self._grow(self._nodes[0])
        for asset in reversed(self._upwards(asset_id)):
            node = self._by_id.get(asset.id)
            if node is None:
                continue  # above the top of a circle
            self._grow(node)
        found = self._by_id.get(asset_id)
        return self.createIndex(found.row, 0, found.at) if found is not None else QModelIndex()

    def latest(self, asset: Asset) -> Latest | None:
        """The newest value of a channel."""
        return self._latest.get((asset.source, asset.quantity))

    def name(self, asset: Asset) -> str:
        """The asset's name in the language of the screen."""
        return figures.plain(self._words.pick(asset.name, asset.name_en) or asset.id, 120)

    def worst_channel(self) -> Asset | None:
        """The channel that decides how the first district is; one that has a reading when all is well."""
        for top in self._below.get("", ()):
            state = self._states.get(top.id)
            worst = self._assets.get(state.worst) if state is not None else None
            if worst is not None and worst.quantity:
                return worst
        channels = (each for each in self._assets.values() if each.quantity)
        return next((each for each in channels if self.latest(each) is not None), None)

    def path(self, asset_id: str) -> str:
        """`facility › device › channel`, as a heading."""
        chain = self._upwards(asset_id)
        names = [self.name(asset) for asset in chain if asset.kind != "district" or len(chain) == 1]
        return " › ".join(reversed(names))

    def total(self) -> tuple[int, int]:
        """(well, total) of everything."""
        tops = [self._states[each.id] for each in self._below.get("", ()) if each.id in self._states]
        return sum(state.well for state in tops), sum(state.total for state in tops)

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        above = self._nodes[parent.internalId()] if parent.isValid() else self._nodes[0]
        if parent.isValid() and parent.column() != 0:
            return QModelIndex()
        children = self._grow(above)
        if 0 <= row < len(children) and 0 <= column < len(COLUMNS):
            return self.createIndex(row, column, children[row].at)
        return QModelIndex()

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        node = self.node(index)
        if node is None or node.parent is None or node.parent.at == 0:
            return QModelIndex()
        return self.createIndex(node.parent.row, 0, node.parent.at)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if parent.isValid() and parent.column() != 0:
            return 0
        return len(self._grow(self._nodes[parent.internalId()] if parent.isValid() else self._nodes[0]))

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._words.text(f"health.column_{COLUMNS[section]}")
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self.node(index)
        if node is None or node.asset is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _SHOW[index.column()](self, node)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 1 and node.state:
            return theme.condition_icon(node.state.condition, 16, node.state.priority)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._ink(node, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (2, 3, 4, 5):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return node.asset.id if role == Role.NODE_ID else None

    @staticmethod
    def _ink(node: Node, column: int) -> QBrush | None:
        if column == 1 and node.state and node.state.condition > Condition.UNKNOWN:
            return QBrush(QColor(theme.condition_look(node.state.condition, node.state.priority)[1]))
        return QBrush(QColor(theme.DIM)) if column in (2, 4) else None

    def _condition(self, node: Node) -> str:
        return (
            self._words.text(WORDS[node.state.condition])
            if node.state
            else self._words.text("health.unknown")
        )

    def _share(self, node: Node) -> str:
        state = node.state
        if state is None or state.total == 0 or node.asset is None or node.asset.id not in self._below:
            return ""
        return f"{state.well:,}/{state.total:,} · {state.well * 100 // state.total}%"

    def _value(self, node: Node) -> str:
        return figures.plain(value_text(self._words, node.latest), 90) if node.latest else ""

    def _seen(self, node: Node) -> str:
        at_ms = node.state.last_seen_ms if node.state else None
        if node.latest is not None:
            at_ms = max(at_ms or 0, node.latest.received_ms)
        return self._words.age((self._now_ms() - at_ms) / 1000) if at_ms is not None else "—"

    @staticmethod
    def _alarms(node: Node) -> str:
        return str(node.state.alarms) if node.state and node.state.alarms else ""


_SHOW: tuple[Callable[[AssetTree, Node], str], ...] = (
    lambda tree, node: tree.name(node.asset) if node.asset else "",
    lambda tree, node: tree._condition(node),
    lambda tree, node: tree._share(node),
    lambda tree, node: tree._value(node),
    lambda tree, node: tree._seen(node),
    lambda tree, node: tree._alarms(node),
)
