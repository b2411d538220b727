"""The stories that the packs' replay files tell, and the generator that writes the files.

`python -m tests.console.packs.stories` writes them all anew. Nothing in them is a real person's,
vehicle's or place's; the same story gives the same bytes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from console.packs.load import SHIPPED

MINUTE = 60_000
HOUR = 3_600_000


class Message(NamedTuple):
    after_ms: int
    topic: str
    payload: str


Story = Callable[[random.Random], Iterator[Message]]


def course(at: float, begin: float, end: float, slope: float = 0.2) -> float:
    """0 before `begin` and after `end`, 1 between, with slopes of that share of the span."""
    if not begin < at < end:
        return 0.0
    edge = (end - begin) * slope
    return min(1.0, (at - begin) / edge, (end - at) / edge)


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def air(chance: random.Random) -> Iterator[Message]:
    """Eight hours: PM10 above 150 for more than two clock hours, then below 100."""
    for minute in range(0, 8 * 60, 6):
        for number in (1, 2):
            high = course(minute, 60, 390, 0.12) if number == 1 else 0.0
            dust = 38 + 150 * high + chance.uniform(-6, 6)
            degrees = 17 + 4 * math.sin(minute / 150) + chance.uniform(-0.3, 0.3)
            yield Message(
                minute * MINUTE + number * 1000,
                f"replay/air/RPV02Q000000{number}",
                text(
                    {
                        "시리얼": f"RPV02Q000000{number}",
                        "측정시간": "{{%Y%m%d%H%M}}",
                        "미세먼지10(미세먼지)": round(dust),
                        "미세먼지2.5(초미세먼지)": round(dust * 0.45),
                        "기온": round((degrees + 100) * 10),
                        "상대습도": round(52 - degrees / 2 + chance.uniform(-2, 2)),
                        "풍속": round(18 + chance.uniform(-6, 6)),
                        "소음": round(54 + chance.uniform(-4, 4)),
                    }
                ),
            )


def electric(chance: random.Random) -> Iterator[Message]:
    """Two hours of four panels, each 60 s: one leaks, heats and arcs, then is switched off and is well."""
    for minute in range(120):
        for number in range(1, 5):
            bad = course(minute, 30, 90) if number == 3 else 0.0
            yield Message(
                minute * MINUTE + number * 500,
                f"replay/electric/rp-panel-{number}",
                text(
                    {
                        "time": "{{iso}}",
                        "ior_ma": round(0.22 + 1.6 * bad + chance.uniform(-0.05, 0.05), 2),
                        "load_a": round(21 + 6 * math.sin(minute / 20) + chance.uniform(-1, 1), 1),
                        "volt_v": round(221 + chance.uniform(-2, 2), 1),
                        "temp_c": round(31 + 42 * bad + chance.uniform(-0.5, 0.5), 1),
                        "arc": 1 if bad >= 1.0 and minute % 5 == 0 else 0,
                    }
                ),
            )


STORIES: dict[str, Story] = {"air": air, "electric": electric}


def told(name: str) -> str:
    """The replay file of a story, in the order of its times."""
    messages = sorted(STORIES[name](random.Random(f"replay/{name}")))
    return "".join(f"{text(each._asdict())}\n" for each in messages)


def main() -> None:
    folder: Path = SHIPPED / "replays"
    folder.mkdir(parents=True, exist_ok=True)
    for name in STORIES:
        (folder / f"{name}.ndjson").write_text(told(name), encoding="utf-8")


if __name__ == "__main__":
    main()
