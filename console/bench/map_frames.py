"""B6: frames of the map with 50,000 live sensors while it is panned.

A real core and a real screen; the map of 1600x900 lies on raster tiles and a
layer of a thousand lines, all sensors report every 120 s and a part of them is
abnormal. A frame runs from the step of the pan to the picture on the screen; the
processor's share of it is told too, which others on the machine do not change.
"""

from __future__ import annotations

import random
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from console.bench import sensors
from console.bench.load import Load
from console.bench.processes import Console, percentile
from console.cameras.decode import jpeg
from console.maps import grid
from db import tiles

REACH = 16.0
_DISTRICT = (126.8, 37.4, 127.0, 37.6)
_LIMITS = """
[[rules]]
id = "far"
kind = "threshold"
quantity = "pm25"
above = 38
priority = 2

[[maps]]
id = "base"
file = "base.mbtiles"
kind = "mbtiles"
opacity = 0.4

[[maps]]
id = "lines"
file = "lines.geojson"
kind = "geojson"
style = "road"
order = 1
"""


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge: 50,000 sensors, or 5,000 when `quick`."""
    return measure(5_000 if quick else 50_000)


def measure(count: int) -> dict[str, Any]:
    """The figure for so many sensors."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        sensors.write_assets(folder / "assets.csv", count)
        write_tiles(folder / "base.mbtiles")
        write_lines(folder / "lines.geojson")
        wanted = folder / "wanted.map"
        wanted.write_text(f"{count},3", encoding="ascii")
        console = Console(folder, stack, sensors.settings(1) + _LIMITS, size="1920x1080")
        console.start_core()
        chatter = sensors.Chatter(count, 1)
        painted = wanted.with_suffix(".painted")
        with Load(
            console.port, rate=round(count / sensors.EVERY_S), clock=console.clock, chatter=chatter
        ) as load:
            load.burst(range(count))
            console.start_ui(wanted)
            until_s = console.clock.monotonic_s() + 180
            while not painted.exists() and console.clock.monotonic_s() < until_s:
                load.run_for(1.0)
        rows = console.wait_for(painted, 1)
    frames: dict[str, list[float]] = {}
    for scale, spent, _ in rows:
        frames.setdefault(scale, []).append(float(spent))
    every = [spent for each in frames.values() for spent in each]
    parts: dict[str, Any] = {"sensors": count, "frames": len(every)}
    for percent in (50, 95, 99):
        parts[f"p{percent}_ms"] = percentile(every, percent)
    parts |= {f"p95_ms_at_{scale}_m_px": percentile(each, 95) for scale, each in frames.items()}
    parts["most_ms"] = max(every)
    parts["processor_p95_ms"] = percentile([float(row[2]) for row in rows], 95)
    value = parts["p95_ms"]
    return {"name": "B6", "value": value, "reach": REACH, "holds": value <= REACH, "parts": parts}


def write_tiles(path: Path, zooms: range = range(11, 16)) -> None:
    """Raster tiles of the district: noise, as dear to draw as any picture."""
    noise = np.random.default_rng(1)
    writer = tiles.Writer(path, {"name": "bench", "format": "jpg"})
    for zoom in zooms:
        box = grid.box(_DISTRICT, zoom)
        content = jpeg(noise.integers(200, 255, (256, 256, 3)).astype(np.uint8))
        every = [(x, y) for x in range(box.west, box.east + 1) for y in range(box.north, box.south + 1)]
        writer.put(zoom, [(x, y, content) for x, y in every])
    writer.close()


def write_lines(path: Path, count: int = 1000) -> None:
    """A layer of crooked lines."""
    chance = random.Random("lines")
    features = []
    for _ in range(count):
        lon, lat = 126.8 + 0.2 * chance.random(), 37.4 + 0.2 * chance.random()
        line = []
        for _ in range(20):
            lon, lat = lon + chance.gauss(0, 0.001), lat + chance.gauss(0, 0.001)
            line.append((round(lon, 6), round(lat, 6)))
        geometry = {"type": "LineString", "coordinates": line}
        features.append({"type": "Feature", "properties": {}, "geometry": geometry})
    path.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": features}))
