"""The demo's asset tree: 한빛구, its facilities, their devices and channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from console.demo import places, replays
from console.demo.places import Spot
from db.asset_records import Asset


def assets() -> list[Asset]:
    """The tree of the district."""
    return list(_tree())


DOCUMENT = "documents/market-panels.txt"
"""A paper of the demo's market, which is written beside its settings."""
_FACTS: dict[str, dict[str, Any]] = {
    "market": {
        "grade": "C",
        "installed": "2019-04",
        "inspected": "2026-04-20",
        "inspect_by": "2026-10-20",
        "contact": "시장상인회 관리실 000-0000-0001",
        "documents": (DOCUMENT,),
    },
    "river": {"grade": "B", "inspected": "2026-06-11", "inspect_by": "2027-06-11", "contact": "치수과 당직"},
    "poles": {"grade": "B", "installed": "2024-11-01", "inspected": "2026-09-02", "inspect_by": "2027-03-02"},
    "shelters": {"grade": "A", "installed": "2025-07-15", "inspect_by": "2027-01-15"},
}


def _tree() -> Iterator[Asset]:
    yield Asset(
        "hanbit", "district", places.DISTRICT, name_en=places.DISTRICT_EN, lon=places.LON, lat=places.LAT
    )
    for home in places.FACILITIES:
        yield Asset(
            home.id,
            "facility",
            home.name,
            parent="hanbit",
            name_en=home.name_en,
            domain=home.domain,
            lon=home.lon,
            lat=home.lat,
            **_FACTS.get(home.id, {}),
        )
    yield from _devices(places.AIR, 20, _AIR_CHANNELS)
    yield from _devices(places.PANELS, 6, _PANEL_CHANNELS)
    yield from _devices(places.RIVERS, 10, _RIVER_CHANNELS)
    yield from _devices(places.SHELTERS, 20, _SHELTER_CHANNELS)
    yield from _devices(places.LOTS, 30, (("parked", "주차 대수", "Parked"),))
    yield from _devices(places.NOISES, 8, (("noise_level", "소음", "Noise"),))
    yield from _poles()
    yield from replays.assets("hanbit")


_AIR_CHANNELS = (
    ("pm10", "미세먼지", "PM10"),
    ("pm25", "초미세먼지", "PM2.5"),
    ("temperature", "기온", "Temperature"),
    ("noise", "소음", "Noise"),
)
_PANEL_CHANNELS = (
    ("leakage", "누설전류", "Leakage current"),
    ("temperature", "온도", "Temperature"),
    ("load", "부하전류", "Load current"),
)
_RIVER_CHANNELS = (("water_level", "수위", "Water level"), ("flow", "유량", "Flow"))
_SHELTER_CHANNELS = (("temperature", "실내 온도", "Temperature"), ("people", "이용 인원", "People"))
_POLE_CHANNELS = {
    "lamp": ("power", "소비전력", "Power"),
    "wifi": ("clients", "접속 수", "Clients"),
    "env": ("temperature", "기온", "Temperature"),
}


def _devices(
    spots: Iterable[Spot], silent_s: int, channels: Sequence[tuple[str, str, str]]
) -> Iterator[Asset]:
    for spot in spots:
        device = f"dev-{spot.source}"
        yield _device(spot, device, spot.source, silent_s)
        for quantity, name, name_en in channels:
            yield _channel(device, spot.source, quantity, name, name_en)


def _poles() -> Iterator[Asset]:
    """A pole's parts are devices that take their power from the pole's lamp circuit."""
    for pole in places.POLES:
        for part, name, name_en in places.POLE_PARTS:
            source = f"{pole.source}.{part}"
            spot = pole._replace(name=f"{pole.name} {name}", name_en=f"{pole.name_en} {name_en}")
            power = "" if part == "lamp" else f"dev-{pole.source}.lamp"
            yield _device(spot, f"dev-{source}", source, 8, power)
            yield _channel(f"dev-{source}", source, *_POLE_CHANNELS[part])


def _device(spot: Spot, device: str, source: str, silent_s: int, power_parent: str = "") -> Asset:
    return Asset(
        device,
        "device",
        spot.name,
        parent=spot.facility,
        name_en=spot.name_en,
        source=source,
        silent_after_s=silent_s,
        lon=spot.lon,
        lat=spot.lat,
        power_parent=power_parent,
    )


def _channel(device: str, source: str, quantity: str, name: str, name_en: str) -> Asset:
    return Asset(
        f"{device}/{quantity}",
        "channel",
        name,
        parent=device,
        name_en=name_en,
        source=source,
        quantity=quantity,
    )
