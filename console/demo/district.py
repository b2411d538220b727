"""How 한빛구 behaves: a pure simulation. The same seed and start give the same messages,
however often one asks.

Every device reports on its own period. A value depends on the seed, the device
and the number of its report alone, so stepping in other steps changes nothing.
The story, in seconds after the start: a panel heats at 2 and burns at about 35,
noise at 3, a pole goes dark at 8, the stream rises from 30 on; after `STORY_S`
it begins again. That is the busy day; on a calm one nothing of it happens, in a
flood every panel, gauge and noise monitor takes part.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from console.clock import SEOUL
from console.demo import places
from console.demo.places import Spot

Story = Literal["calm", "busy", "flood"]
STORY_S = 900.0
NOISE_S, NOISE_FOR_S = 3.0, 25.0
DARK_S, DARK_FOR_S = 8.0, 150.0
FIRE_S, FIRE_FOR_S = 2.0, 300.0
FLOOD_S, FLOOD_FOR_S = 30.0, 240.0
BELL_S = 40.0


class Message(NamedTuple):
    """What a device publishes."""

    topic: str
    payload: bytes
    retain: bool = False


class Moment(NamedTuple):
    """When and where in the story a report is made."""

    at_ms: int
    story_s: float
    chance: random.Random
    story: Story = "busy"

    @property
    def calm(self) -> bool:
        """A day without a story."""
        return self.story == "calm"

    def hits(self, spot: Spot, hero: str) -> bool:
        """Whether an episode is about this device: about its hero, in a flood about all."""
        return spot.source == hero or self.story == "flood"

    @property
    def hour(self) -> float:
        """Local hours since midnight, with fractions."""
        local = self.local
        return local.hour + local.minute / 60 + local.second / 3600

    @property
    def local(self) -> datetime:
        return datetime.fromtimestamp(self.at_ms / 1000, SEOUL)

    def course(self, begin_s: float, for_s: float) -> float:
        """How far an episode of the story is: 0 before and after, rising to 1 and falling at its end."""
        if self.calm or not begin_s <= self.story_s < begin_s + for_s:
            return 0.0
        into, left = self.story_s - begin_s, begin_s + for_s - self.story_s
        return max(0.0, min(1.0, into / min(60.0, for_s / 3), left / min(60.0, for_s / 3)))


Report = Callable[[Spot, Moment], Message | None]


class _Device(NamedTuple):
    spot: Spot
    period_ms: int
    phase_ms: int
    report: Report


class District:
    """The district since its first step. `messages` is to be asked with times that only rise."""

    def __init__(self, seed: int = 1, story: Story = "busy") -> None:
        self._seed, self._story = seed, story
        self._start_ms: int | None = None
        self._until_ms = 0
        self._devices = [
            _Device(spot, period, random.Random(f"{seed}/{spot.source}").randrange(period), report)
            for spots, period, report in _FLEETS
            for spot in spots
        ]

    def messages(self, at_ms: int) -> list[Message]:
        """What was published after the last step and up to `at_ms`, in the order of time."""
        if self._start_ms is None:
            self._start_ms = self._until_ms = at_ms
        found = [
            (when, device.spot.source, message)
            for device in self._devices
            for when, message in self._reports(device, self._until_ms, at_ms)
        ]
        self._until_ms = max(self._until_ms, at_ms)
        return [message for _, _, message in sorted(found, key=lambda each: each[:2])]

    def history(self, until_ms: int, hours: float = 3.0, step_s: int = 120) -> Iterator[Message]:
        """The calm hours before the story for some devices, oldest first."""
        told = (*places.AIR[:12], *places.RIVERS, *places.PANELS, *places.NOISES)
        devices = [device for device in self._devices if device.spot in told]
        for back in range(int(hours * 3600 / step_s), 0, -1):
            at_ms = until_ms - back * step_s * 1000
            for device in devices:
                chance = random.Random(f"{self._seed}/{device.spot.source}/past/{at_ms}")
                message = device.report(device.spot, Moment(at_ms, 0.0, chance, "calm"))
                if message is not None:
                    yield message._replace(retain=False)

    def _reports(self, device: _Device, after_ms: int, until_ms: int) -> Iterator[tuple[int, Message]]:
        start_ms = self._start_ms or 0
        first = (after_ms - start_ms - device.phase_ms) // device.period_ms + 1
        for number in range(max(0, first), (until_ms - start_ms - device.phase_ms) // device.period_ms + 1):
            since_ms = device.phase_ms + number * device.period_ms
            chance = random.Random(f"{self._seed}/{device.spot.source}/{number}")
            moment = Moment(start_ms + since_ms, since_ms / 1000 % STORY_S, chance, self._story)
            message = device.report(device.spot, moment)
            if message is not None:
                yield moment.at_ms, message


# --- the weather -------------------------------------------------------------


def _daily(hour: float, mean: float, swing: float, peak: float) -> float:
    return mean + swing * math.cos((hour - peak) / 24 * 2 * math.pi)


def _slow(key: str, at_ms: int, minutes: float) -> float:
    """A wandering between -1 and 1 that takes about `minutes` for a turn, its own for every key."""
    phase = random.Random(key).uniform(0, 2 * math.pi)
    turn = at_ms / 60_000 / minutes * 2 * math.pi
    return 0.6 * math.sin(turn + phase) + 0.4 * math.sin(turn * 2.3 + phase * 1.7)


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


# --- what reports ---------------------------------------------------------------


def _air(spot: Spot, now: Moment) -> Message:
    """The raw form of S-DoT, with the names and the scales of its official dictionary."""
    topic = f"hanbit/sdot/{spot.source}"
    if spot.source == places.GARBAGE_SENSOR and not now.calm and now.chance.random() < 0.3:
        return Message(topic, _garbage(now.chance))
    near = _slow(spot.facility, now.at_ms, 90)
    pm10 = max(4, 42 + 14 * near + 6 * _slow(spot.source, now.at_ms, 25) + now.chance.gauss(0, 2))
    temperature = _daily(now.hour, 13, 6, 15) + 0.6 * near + now.chance.gauss(0, 0.1)
    if spot.source == places.STUCK_SENSOR:
        pm10 = 37
    raw_temperature = 500 if spot.source == places.FAULTY_SENSOR else round((temperature + 100) * 10)
    wind = abs(2.2 + 1.3 * near + now.chance.gauss(0, 0.3))
    daylight = max(0.0, math.sin((now.hour - 6) / 12 * math.pi))
    traffic = 8 * math.exp(-((now.hour - 8.5) ** 2) / 4) + 8 * math.exp(-((now.hour - 18.5) ** 2) / 5)
    content = {
        "모델명": "SDOT001",
        "시리얼": spot.source,
        "미세먼지2.5(초미세먼지)": round(pm10 * 0.52),
        "미세먼지10(미세먼지)": round(pm10),
        "기온": raw_temperature,
        "상대습도": round(min(99, max(15, _daily(now.hour, 58, 16, 5) - 4 * near))),
        "풍향": round((215 + 60 * near) % 360 * 10) or 1,
        "풍속": max(1, round(wind * 10)),
        "돌풍 풍향": round((215 + 70 * near) % 360 * 10),
        "돌풍 풍속": round(wind * 17),
        "조도": round(52_000 * daylight + 12),
        "자외선": round(70 * daylight),
        "소음": round(min(85, max(35, 49 + traffic + now.chance.gauss(0, 2)))),
        "진동(x)": now.chance.randrange(2, 9),
        "진동(y)": now.chance.randrange(2, 9),
        "진동(z)": now.chance.randrange(3, 12),
        "진동(x) 최대": now.chance.randrange(9, 30),
        "진동(y) 최대": now.chance.randrange(9, 30),
        "진동(z) 최대": now.chance.randrange(12, 40),
        "흑구 온도": round((temperature + 3 * daylight + 100) * 10),
        "측정시간": now.local.strftime("%Y%m%d%H%M%S"),
    }
    return Message(topic, _json(content))


def _garbage(chance: random.Random) -> bytes:
    """What a sensor with a bad line sends: cut off, not a number, or no text at all."""
    kinds = (
        b'{"\xeb\xaa\xa8\xeb\x8d\xb8\xeb\xaa\x85":"SDOT001","\xec\x8b\x9c\xeb\xa6',
        b'{"value":NaN}',
        bytes(chance.randrange(128, 256) for _ in range(24)),
        b"",
    )
    return chance.choice(kinds)


def _panel(spot: Spot, now: Moment) -> Message:
    fire = now.course(FIRE_S, FIRE_FOR_S) if now.hits(spot, places.FIRE_PANEL) else 0.0
    load = 14 + 6 * math.exp(-((now.hour - 15) ** 2) / 18) + now.chance.gauss(0, 0.4)
    return Message(
        f"hanbit/market/{spot.source}",
        _json(
            {
                "leak_ma": round(
                    3.1 + _slow(spot.source, now.at_ms, 40) + 74 * fire + now.chance.gauss(0, 0.15), 2
                ),
                "temperature_c": round(27 + 0.3 * load + 81 * fire**1.4 + now.chance.gauss(0, 0.3), 1),
                "load_a": round(load * (1 + 0.9 * fire), 1),
                "arcs": int(fire > 0.5) * now.chance.randrange(1, 9),
                "time": now.local.isoformat(timespec="milliseconds"),
            }
        ),
    )


def _river(spot: Spot, now: Moment) -> Message:
    flood = now.course(FLOOD_S, FLOOD_FOR_S) if now.hits(spot, places.RISING_RIVER) else 0.0
    level = 0.82 + 0.1 * _slow("river", now.at_ms, 150) + 1.9 * flood + now.chance.gauss(0, 0.01)
    return Message(
        f"hanbit/river/{spot.source}",
        _json({"level_m": round(level, 3), "flow_m3s": round(9 * level**1.6, 2), "ts": now.at_ms}),
    )


def _pole(spot: Spot, now: Moment) -> Message | None:
    pole = spot.source.rpartition(".")[0]
    is_dark = not now.calm and DARK_S <= now.story_s < DARK_S + DARK_FOR_S
    if pole == places.DARK_POLE and is_dark:
        return None
    lit = not 7.0 < now.hour < 17.8
    content: dict[str, Any] = {"ts": now.at_ms / 1000, "voltage": round(221 + now.chance.gauss(0, 1.2), 1)}
    if spot.source.endswith(".lamp"):
        content |= {"power_w": round((96 if lit else 4) + now.chance.gauss(0, 0.6), 1), "lit": lit}
    elif spot.source.endswith(".wifi"):
        content |= {"clients": max(0, round(_daily(now.hour, 14, 11, 18) + now.chance.gauss(0, 2)))}
    else:
        content |= {"temperature_c": round(_daily(now.hour, 13, 6, 15) + now.chance.gauss(0, 0.2), 1)}
    return Message(f"hanbit/pole/{pole}/{spot.source.rpartition('.')[2]}", _json(content))


def _shelter(spot: Spot, now: Moment) -> Message:
    content = {
        "temperature_c": round(21.5 + _slow(spot.source, now.at_ms, 30) + now.chance.gauss(0, 0.1), 1),
        "people": max(0, round(_daily(now.hour, 4, 3, 18) + now.chance.gauss(0, 1))),
        "door": now.chance.choice(("open", "closed", "closed")),
        "time": now.local.isoformat(timespec="milliseconds"),
    }
    return Message(f"hanbit/shelter/{spot.source}/state", _json(content))


def _bell(spot: Spot, now: Moment) -> Message | None:
    """The emergency bell of one shelter, pressed once per story."""
    if (
        now.calm
        or spot is not places.SHELTERS[2]
        or not BELL_S <= now.story_s < BELL_S + _BELL_PERIOD_MS / 1000
    ):
        return None
    content = {
        "eventId": f"{spot.source}-{now.local:%Y%m%d%H%M%S}",
        "status": "발생",
        "level": "긴급",
        "place": spot.name,
        "text": f"{spot.name} 비상벨이 눌렸습니다",
        "time": now.local.isoformat(timespec="milliseconds"),
    }
    return Message(f"hanbit/shelter/{spot.source}/bell", _json(content))


def _lot(spot: Spot, now: Moment) -> Message:
    """Names of the city's parking service as they have been since 2024."""
    spaces = places.LOT_SPACES[places.LOTS.index(spot)]
    share = min(1.0, max(0.05, _daily(now.hour, 0.62, 0.3, 14) + 0.1 * _slow(spot.source, now.at_ms, 45)))
    content = {
        "PKLT_CD": spot.source,
        "PKLT_NM": spot.name,
        "TPKCT": spaces,
        "NOW_PRK_VHCL_CNT": round(spaces * share),
        "NOW_PRK_VHCL_UPDT_TM": now.local.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return Message(f"hanbit/parking/{spot.source}", _json(content), retain=True)


def _noise(spot: Spot, now: Moment) -> Message:
    loud = now.course(NOISE_S, NOISE_FOR_S) if now.hits(spot, places.LOUD_POINT) else 0.0
    level = _daily(now.hour, 54, 6, 15) + 2 * _slow(spot.source, now.at_ms, 9) + now.chance.gauss(0, 1)
    return Message(
        f"hanbit/noise/{spot.source}", _json({"leq_db": round(level + 30 * loud, 1), "ts": now.at_ms})
    )


def _parts(pole: Spot) -> Iterator[Spot]:
    for part, _, _ in places.POLE_PARTS:
        yield pole._replace(source=f"{pole.source}.{part}")


_BELL_PERIOD_MS = 20_000
_FLEETS: tuple[tuple[tuple[Spot, ...], int, Report], ...] = (
    (places.AIR, 5_000, _air),
    (places.PANELS, 1_000, _panel),
    (places.RIVERS, 2_000, _river),
    (tuple(part for pole in places.POLES for part in _parts(pole)), 2_000, _pole),
    (places.SHELTERS, 4_000, _shelter),
    (places.SHELTERS, _BELL_PERIOD_MS, _bell),
    (places.LOTS, 5_000, _lot),
    (places.NOISES, 1_000, _noise),
)
