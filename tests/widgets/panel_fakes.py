"""A core that answers from a table, and a small district, for the tests of panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from db.asset_records import Asset, AssetState, Condition
from db.records import Act, Incident, Latest
from widgets.bridge import Bridge

NOW_MS = 1_795_312_892_000  # 2026-11-22 11:01:32 in Seoul


class FakeBridge(Bridge):
    """Answers at once from `answers`; what was asked and commanded is kept in order.

    An answer is a value, a function of the arguments, or an Exception whose text is the error.
    Values go through msgpack, as they do on the real link.
    """

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {name.replace("__", "."): value for name, value in answers.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.now = NOW_MS
        self.is_linked = True

    def now_ms(self) -> int:
        return self.now

    def query(self, name: str, args: dict[str, Any] | None, done: Callable[[Any, str], None]) -> None:
        self._answer(name, args or {}, done)

    def assets(self, done: Callable[[Any, str], None]) -> None:
        self._answer("assets", {}, done)

    def command(
        self,
        name: str,
        args: dict[str, Any],
        done: Callable[[Any, str], None] | None = None,
        command_id: str = "",
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
        name, name_en = f"남문시장 {f}호", f"Nammun market {f}"
        assets.append(
            Asset(id=f"f{f}", kind="facility", name=name, name_en=name_en, parent="guro", lon=lon, lat=lat)
        )
        for d in range(devices):
            assets += device(f"f{f}", d, lon + d * 0.0004, lat + d * 0.0003)
    return assets


def device(parent: str, number: int, lon: float, lat: float) -> list[Asset]:
    """A device with a temperature and a leakage current."""
    id_ = f"{parent}d{number}"
    names = {"name": f"분전반 {number}", "name_en": f"Panel {number}"}
    own = {"parent": id_, "source": id_}
    return [
        Asset(id=id_, kind="device", parent=parent, source=id_, lon=lon, lat=lat, **names),
        Asset(id=f"{id_}:t", kind="channel", name="온도", name_en="Heat", quantity="temperature", **own),
        Asset(id=f"{id_}:i", kind="channel", name="누설", name_en="Leak", quantity="leakage_current", **own),
    ]


def state(asset: str, condition: Condition = Condition.WELL, **fields: Any) -> AssetState:
    """How an asset is."""
    filled: dict[str, Any] = {"well": 1, "total": 1} | fields
    return AssetState(id=asset, condition=condition, **filled)


def latest(source: str, quantity: str = "temperature", value: Any = 21.5, **fields: Any) -> Latest:
    """The newest reading of a series, just received."""
    at = {"observed_ms": NOW_MS - 1000, "received_ms": NOW_MS - 900}
    filled: dict[str, Any] = {"unit": "Cel", "statistic": "inst", **at} | fields
    return Latest(source=source, quantity=quantity, value=value, **filled)


def incident(number: int = 7, **fields: Any) -> Incident:
    """An open incident, opened `number` minutes ago."""
    filled: dict[str, Any] = {
        "type": "화재",
        "level": 2,
        "title": f"남문시장 {number}호 전기화재 의심",
        "opened_ms": NOW_MS - number * 60_000,
        "opened_by": "관제요원 02",
        "changed_ms": NOW_MS,
    } | fields
    return Incident(id=f"i{number}", number=f"GURO-20261122-{number:03d}-a7", **filled)


def act(number: int = 1, kind: str = "noted", incident_id: str = "i7", **fields: Any) -> Act:
    """The `number`th act of an incident."""
    filled: dict[str, Any] = {"payload": {"text": f"메모 {number}"}, "actor": "관제요원 02"} | fields
    return Act(
        entry_id=f"e{number:04d}",
        incident=incident_id,
        type=f"incident.{kind}",
        at_ms=NOW_MS + number * 1000,
        device="console-1",
        **filled,
    )
