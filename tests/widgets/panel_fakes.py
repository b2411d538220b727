"""A core that answers from a table, and a small district, for the tests of panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from db.records import Asset, AssetState, Condition, Latest

NOW_MS = 1_795_312_892_000  # 2026-11-22 11:01:32 in Seoul


class FakeBridge(QObject):
    """Answers at once from `answers`; what was asked and commanded is kept in order.

    An answer is a value, a function of the arguments, or an Exception whose text is the error.
    Values go through msgpack, as they do on the real link.
    """

    changed = Signal(object)
    linked = Signal(bool, str)

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {name.replace("__", "."): value for name, value in answers.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.now = NOW_MS

    def now_ms(self) -> int:
        return self.now

    def age_s(self, at_ms: int) -> float:
        return max(0.0, (self.now - at_ms) / 1000)

    def query(self, name: str, args: dict[str, Any] | None, done: Callable[[Any, str], None]) -> None:
        self._answer(name, args or {}, done)

    def command(
        self, name: str, args: dict[str, Any], done: Callable[[Any, str], None] | None = None, command_id: str = ""
    ) -> None:
        self._answer(name, args, done or (lambda value, error: None))

    def _answer(self, name: str, args: dict[str, Any], done: Callable[[Any, str], None]) -> None:
        self.asked.append((name, args))
        answer = self.answers.get(name)
        if callable(answer):
            answer = answer(args)
        if isinstance(answer, Exception):
            done(None, str(answer))
        else:
            done(msgspec.msgpack.decode(msgspec.msgpack.encode(answer)), "")

    def names(self) -> list[str]:
        """The names of all queries and commands so far."""
        return [name for name, _ in self.asked]

    def last(self, name: str) -> dict[str, Any]:
        """The arguments of the newest query or command of this name."""
        return next(args for asked, args in reversed(self.asked) if asked == name)


def district(facilities: int = 3, devices: int = 2) -> list[Asset]:
    """A district, its facilities, their devices, and two channels of each device."""
    assets = [Asset(id="guro", kind="district", name="구로구", name_en="Guro")]
    for f in range(facilities):
        lon, lat = 126.85 + (f % 40) * 0.0017, 37.47 + (f // 40) * 0.0021
        facility = Asset(
            id=f"f{f}", kind="facility", name=f"남문시장 {f}호", name_en=f"Nammun market {f}", parent="guro", lon=lon, lat=lat
        )
        assets.append(facility)
        for d in range(devices):
            device = f"f{f}d{d}"
            assets.append(
                Asset(
                    id=device, kind="device", name=f"분전반 {d}", name_en=f"Panel {d}", parent=f"f{f}", source=device,
                    lon=lon + d * 0.0004, lat=lat + d * 0.0003,
                )
            )  # fmt: skip
            assets += [
                Asset(id=f"{device}:t", kind="channel", name="온도", name_en="Temperature", parent=device, source=device, quantity="temperature"),
                Asset(id=f"{device}:i", kind="channel", name="누설전류", name_en="Leakage", parent=device, source=device, quantity="leakage_current"),
            ]  # fmt: skip
    return assets


def state(asset: str, condition: Condition = Condition.WELL, **fields: Any) -> AssetState:
    """How an asset is."""
    return AssetState(id=asset, condition=condition, **({"well": 1, "total": 1} | fields))


def latest(source: str, quantity: str = "temperature", value: Any = 21.5, **fields: Any) -> Latest:
    """The newest reading of a series, just received."""
    at = {"observed_ms": NOW_MS - 1000, "received_ms": NOW_MS - 900}
    return Latest(source=source, quantity=quantity, statistic="inst", value=value, **({"unit": "Cel"} | at | fields))
