"""Sensors by the thousand: their asset file, their settings and their messages.

Each has ten quantities like those of the city's sensors (DOMAIN.md, measured
scale: 2,000 sensors in a district, 50,000 in the city, each every 120 s).
"""

from __future__ import annotations

import random
from pathlib import Path

QUANTITIES = (
    ("pm25", "ug/m3"), ("pm10", "ug/m3"), ("temperature", "degC"), ("humidity", "%"), ("noise", "dB"),
    ("illuminance", "lx"), ("wind_speed", "m/s"), ("wind_direction", "deg"), ("uv", "mW/cm2"),
    ("vibration", "g"),
)  # fmt: skip
EVERY_S = 120
_FACILITIES = 25

_SETTINGS = """
[site]
device = "bench"
district = "한빛구"
assets = "assets.csv"

[brokers.main]
port = {port}
username = "bench"
password = "bench"

[feeds.bench]
topics = ["bench/#"]

[[feeds.bench.mappings]]
topic = "bench/counter"
source = "counter"
time = "at"
time_format = "epoch_ms"
values = [{ quantity = "level", value = "v", unit = "m" }]

[[feeds.bench.mappings]]
topic = "bench/{source}"
time = "at"
time_format = "epoch_ms"
values = [VALUES]

[[rules]]
id = "dust"
kind = "threshold"
quantity = "pm25"
above = 75
deadband = 5
on_delay_s = 60

[[rules]]
id = "silent"
kind = "silent"
silent_s = 600
"""


def source(number: int) -> str:
    """The name of a sensor."""
    return f"OC{number:06d}"


def settings(width: int) -> str:
    """A settings file for sensors of `width` quantities; `{port}` is the broker's."""
    values = ", ".join(
        f'{{ quantity = "{name}", value = "{name}", unit = "{unit}" }}' for name, unit in QUANTITIES[:width]
    )
    return _SETTINGS.replace("VALUES", values)


def write_assets(file: Path, count: int) -> None:
    """One district of 25 facilities with `count` devices on a map of 20 km."""
    chance = random.Random(f"assets/{count}")
    rows = ["id,kind,name,parent,domain,source,silent_after_s,lon,lat", "d,district,한빛구,,,,,,"]
    rows += [f"f{at},facility,시설 {at},d,air,,,," for at in range(_FACILITIES)]
    for number in range(count):
        lon, lat = 126.8 + 0.2 * chance.random(), 37.4 + 0.2 * chance.random()
        name = source(number)
        rows.append(f"{name},device,센서 {number},f{number % _FACILITIES},,{name},600,{lon:.6f},{lat:.6f}")
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


class Chatter:
    """What sensors say now: each a slow walk in the decimals of a real device."""

    def __init__(self, count: int, width: int) -> None:
        self.count = count
        self._width = width
        self._chance = random.Random(f"chatter/{count}")

    def message(self, number: int, at_ms: int) -> tuple[str, str]:
        """Topic and payload of one report of sensor `number`."""
        name = source(number)
        shift = self._chance.gauss(0.0, 1.0)
        values = (
            f'"{quantity}":{20.0 + (number * 7 + place * 13) % 17 + shift:.1f}'
            for place, (quantity, _) in enumerate(QUANTITIES[: self._width])
        )
        return f"bench/{name}", f'{{"at":{at_ms},{",".join(values)}}}'
