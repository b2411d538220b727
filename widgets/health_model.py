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
    """One asset in the tree: its record, its newest state and its place."""

    __slots__ = ("all_children", "asset", "at", "children", "latest", "parent", "row", "state")

    def __init__(self, at: int, asset: Asset | None) -> None:
        self.at = at
        self.asset = asset
        self.parent: Node | None = None
        self.all_children: list[Node] = []
        self.children: list[Node] = []  # those that the filter lets through, in the shown order
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
    """Assets by their parents; `now_ms` is the core's time, for ages."""

    def __init__(self, words: Words, now_ms: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._now_ms = now_ms
        self._nodes: list[Node] = [Node(0, None)]
        self._by_id: dict[str, Node] = {}
        self._by_series: dict[tuple[str, str], list[Node]] = {}
        self._filter = ""
        self._worst_first = True

    # --- what it is told -----------------------------------------------------

    def set_assets(self, assets: Iterable[Asset]) -> None:
        """Replace the whole tree; an asset whose parent is missing stands at the top."""
        states = {node.asset.id: node.state for node in self._nodes if node.asset and node.state}
        self.beginResetModel()
        self._nodes = [Node(0, None)]
        self._by_id, self._by_series = {}, {}
        for asset in assets:
            if asset.id in self._by_id:
                continue
            node = Node(len(self._nodes), asset)
            node.state = states.get(asset.id)
            self._nodes.append(node)
            self._by_id[asset.id] = node
            if asset.quantity:
                self._by_series.setdefault((asset.source, asset.quantity), []).append(node)
        self._hang()
        self._arrange_all()
        self.endResetModel()

    def _hang(self) -> None:
        root = self._nodes[0]
        for node in self._nodes[1:]:
            assert node.asset is not None
            above = self._by_id.get(node.asset.parent)
            node.parent = root if above is None or self._is_below(above, node) else above
            node.parent.all_children.append(node)

    @staticmethod
    def _is_below(node: Node, of: Node) -> bool:
        step: Node | None = node
        while step is not None:
            if step is of:
                return True
            step = step.parent
        return False

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer states and readings; only their rows are told to change."""
        changed: set[int] = set()
        for record in records:
            if isinstance(record, AssetState):
                node = self._by_id.get(record.id)
                if node is not None:
                    node.state = record
                    changed.add(node.at)
            elif isinstance(record, Latest) and record.statistic not in SIDE_STATISTICS:
                for node in self._by_series.get((record.source, record.quantity), ()):
                    if node.latest is None or record.observed_ms >= node.latest.observed_ms:
                        node.latest = record
                        changed.add(node.at)
        self._tell(changed)

    def _tell(self, changed: set[int]) -> None:
        top = self._nodes[0].children
        if len(changed) > _MANY and top:
            changed = {top[0].at, top[-1].at}
        rows: dict[Node, list[int]] = {}
        for at in changed:
            node = self._nodes[at]
            if node.parent is not None and self._is_shown(node):
                rows.setdefault(node.parent, []).append(node.row)
        for parent, at_rows in rows.items():
            last = len(COLUMNS) - 1
            for row in at_rows:
                at = parent.children[row].at
                self.dataChanged.emit(self.createIndex(row, 0, at), self.createIndex(row, last, at))

    @staticmethod
    def _is_shown(node: Node) -> bool:
        shown = node.parent.children if node.parent else []
        return node.row < len(shown) and shown[node.row] is node

    # --- order and filter ----------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show the assets whose name, id or source contains `text`, with all above and below them."""
        self._filter = text.strip().casefold()
        self.beginResetModel()
        self._arrange_all()
        self.endResetModel()

    def set_worst_first(self, on: bool) -> None:
        """Order by condition, or as the asset file has it."""
        self._worst_first = on
        self.arrange()

    def arrange(self) -> bool:
        """Put the rows in their order again; False when they were. Selection and open nodes stay."""
        moved = [node for node in self._nodes if self._ordered(node.children) != node.children]
        if not moved:
            return False
        self.layoutAboutToBeChanged.emit()
        before = [(index, self._nodes[index.internalId()]) for index in self.persistentIndexList()]
        for node in moved:
            self._place(node, self._ordered(node.children))
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

    def _arrange_all(self) -> None:
        kept = self._kept()
        for node in self._nodes:
            shown = [child for child in node.all_children if kept is None or child.at in kept]
            self._place(node, self._ordered(shown))

    def _kept(self) -> set[int] | None:
        if not self._filter:
            return None
        kept: set[int] = set()
        for node in self._nodes[1:]:
            assert node.asset is not None
            asset = node.asset
            if self._filter in f"{asset.name}\n{asset.name_en}\n{asset.id}\n{asset.source}".casefold():
                self._keep_around(node, kept)
        return kept

    @staticmethod
    def _keep_around(node: Node, kept: set[int]) -> None:
        above: Node | None = node
        while above is not None and above.at not in kept:
            kept.add(above.at)
            above = above.parent
        below = list(node.all_children)
        while below:
            child = below.pop()
            kept.add(child.at)
            below.extend(child.all_children)

    # --- what it is asked ----------------------------------------------------

    def __len__(self) -> int:
        return len(self._by_id)

    def node(self, index: Index) -> Node | None:
        """The node of a row, None for no row."""
        return self._nodes[index.internalId()] if index.isValid() else None

    def find(self, asset_id: str) -> QModelIndex:
        """The row of an asset; invalid when there is none or the filter hides it."""
        node = self._by_id.get(asset_id)
        if node is None:
            return QModelIndex()
        step: Node | None = node
        while step is not None and step.parent is not None:
            if not self._is_shown(step):
                return QModelIndex()
            step = step.parent
        return self.createIndex(node.row, 0, node.at)

    def name(self, asset: Asset) -> str:
        """The asset's name in the language of the screen."""
        return figures.plain(self._words.pick(asset.name, asset.name_en) or asset.id, 120)

    def worst_channel(self) -> Node | None:
        """The channel that decides how the first district is; one that has a reading when all is well."""
        for top in self._nodes[0].all_children:
            worst = self._by_id.get(top.state.worst) if top.state and top.state.worst else None
            if worst is not None and worst.asset is not None and worst.asset.quantity:
                return worst
        return next((node for node in self._nodes if node.latest is not None), None)

    def path(self, asset_id: str) -> str:
        """`facility › device › channel`, as a heading."""
        names: list[str] = []
        node = self._by_id.get(asset_id)
        while node is not None and node.asset is not None and (node.asset.kind != "district" or not names):
            names.append(self.name(node.asset))
            node = node.parent
        return " › ".join(reversed(names))

    def total(self) -> tuple[int, int]:
        """(well, total) of everything."""
        tops = [node.state for node in self._nodes[0].all_children if node.state]
        return sum(state.well for state in tops), sum(state.total for state in tops)

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        above = self._nodes[parent.internalId()] if parent.isValid() else self._nodes[0]
        if parent.isValid() and parent.column() != 0:
            return QModelIndex()
        if 0 <= row < len(above.children) and 0 <= column < len(COLUMNS):
            return self.createIndex(row, column, above.children[row].at)
        return QModelIndex()

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        node = self.node(index)
        if node is None or node.parent is None or node.parent.at == 0:
            return QModelIndex()
        return self.createIndex(node.parent.row, 0, node.parent.at)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._nodes[0].children)
        return len(self._nodes[parent.internalId()].children) if parent.column() == 0 else 0

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

    @staticmethod
    def _share(node: Node) -> str:
        state = node.state
        if state is None or state.total == 0 or not node.all_children:
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
