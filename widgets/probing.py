"""The screen's end of the figures, told apart by the name of the file that they write."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from widgets.alarm_panel import AlarmPanel
from widgets.board_probe import BoardProbe
from widgets.bridge import Bridge
from widgets.domain_cards import DomainCards
from widgets.flood_probe import FloodProbe
from widgets.main_window import MainWindow
from widgets.map_probe import MapProbe
from widgets.probe import Probe
from widgets.trend_probe import TrendProbe
from widgets.words import Words


class Probing(Protocol):
    """Something that measures until it is stopped."""

    def stop(self) -> None:
        """Write down what is left to write."""


class Board(Protocol):
    """What is measured."""

    window: MainWindow
    domains: DomainCards
    alarms: AlarmPanel


def begin_probe(file: Path, screen: Board, bridge: Bridge, words: Words) -> Probing:
    """`*.board`: when the board can be used; `*.trend`: how soon trends are painted;
    `*.map`: frames of the map; `*.flood`: the loop in a flood of alarms; else the counter.
    """
    if file.suffix == ".board":
        return BoardProbe(bridge, screen.window, screen.domains, file)
    if file.suffix == ".trend":
        return TrendProbe(bridge, words, file)
    if file.suffix == ".map":
        return MapProbe(bridge, words, file)
    if file.suffix == ".flood":
        return FloodProbe(screen.alarms, file)
    return Probe(bridge, file)
