"""한빛구, a district that does not exist: what stands where. Both the simulation and the settings read it."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

DISTRICT, DISTRICT_EN = "한빛구", "Hanbit-gu"
LON, LAT = 126.9, 37.5
USERNAME = "gwanje"  # of every client of the demo's broker


class Spot(NamedTuple):
    """One device: its source id, what people call it, where it is, and the facility it belongs to."""

    source: str
    name: str
    name_en: str
    lon: float
    lat: float
    facility: str


class Facility(NamedTuple):
    """One facility of the district; `domain` groups them on the board."""

    id: str
    name: str
    name_en: str
    domain: str
    lon: float
    lat: float


FACILITIES = (
    Facility("air-saebit", "새빛동 환경센서", "Saebit-dong air sensors", "air", 126.885, 37.512),
    Facility("air-eunha", "은하동 환경센서", "Eunha-dong air sensors", "air", 126.915, 37.511),
    Facility("air-solnae", "솔내동 환경센서", "Solnae-dong air sensors", "air", 126.887, 37.489),
    Facility("air-dalmaji", "달맞이동 환경센서", "Dalmaji-dong air sensors", "air", 126.914, 37.488),
    Facility("market", "한빛중앙시장", "Hanbit central market", "fire", 126.9032, 37.5021),
    Facility("river", "은하천", "Eunha stream", "river", 126.908, 37.496),
    Facility("poles", "한빛대로 스마트폴", "Hanbit-daero smart poles", "street", 126.898, 37.505),
    Facility("shelters", "스마트쉼터", "Smart shelters", "street", 126.895, 37.498),
    Facility("parking", "공영주차장", "Public car parks", "parking", 126.901, 37.499),
    Facility("noise", "소음 측정망", "Noise monitors", "air", 126.9, 37.5),
)

_ZONES = ("air-saebit", "air-eunha", "air-solnae", "air-dalmaji")
AIR_COUNT = 60


def _around(facility: str, key: str, spread: float = 0.008) -> tuple[float, float]:
    home = next(each for each in FACILITIES if each.id == facility)
    chance = random.Random(f"{facility}/{key}")
    turn, far = chance.uniform(0, 2 * math.pi), spread * math.sqrt(chance.random())
    return round(home.lon + far * math.cos(turn) * 1.25, 6), round(home.lat + far * math.sin(turn), 6)


def _spot(source: str, name: str, name_en: str, facility: str, spread: float = 0.008) -> Spot:
    return Spot(source, name, name_en, *_around(facility, source, spread), facility)


AIR = tuple(
    _spot(f"HBV02Q{2601001 + n}", f"환경센서 {n + 1:02d}", f"Air sensor {n + 1:02d}", _ZONES[n % 4])
    for n in range(AIR_COUNT)
)
PANELS = tuple(
    _spot(f"hb-market-p{n:02d}", f"{lane}동 {n}번 분전반", f"Panel {n}, row {row}", "market", 0.0012)
    for n, (lane, row) in enumerate(zip("가가가나나나다다", "AAABBBCC", strict=True), 1)
)
RIVERS = (
    _spot("hb-river-1", "은하천 상류 수위계", "Upper Eunha gauge", "river"),
    _spot("hb-river-2", "은하교 수위계", "Eunha bridge gauge", "river"),
    _spot("hb-river-3", "둔치주차장 수위계", "Riverside car park gauge", "river"),
    _spot("hb-river-4", "솔내 합류부 수위계", "Solnae confluence gauge", "river"),
)
POLES = tuple(
    _spot(f"hb-pole-{n:02d}", f"한빛대로 {n * 12}번 폴", f"Pole {n * 12}, Hanbit-daero", "poles")
    for n in range(1, 11)
)
POLE_PARTS = (("lamp", "조명", "Lamp"), ("wifi", "와이파이", "Wi-Fi"), ("env", "환경", "Environment"))
SHELTERS = tuple(
    _spot(f"hb-shelter-{n}", f"{name} 쉼터", f"Shelter {n}", "shelters")
    for n, name in enumerate(("새빛초교", "은하역", "중앙시장", "솔내공원", "달맞이고개", "구청앞"), 1)
)
LOTS = tuple(
    _spot(f"hb-lot-{n}", f"{name} 공영주차장", f"Car park {n}", "parking")
    for n, name in enumerate(("중앙시장", "은하역", "구청", "솔내공원", "둔치"), 1)
)
LOT_SPACES = (120, 240, 90, 64, 180)
NOISES = tuple(
    _spot(f"hb-noise-{n}", f"소음 {n}지점", f"Noise point {n}", "noise", 0.015) for n in range(1, 5)
)

FIRE_PANEL = PANELS[3].source
DARK_POLE = POLES[6].source
LOUD_POINT = NOISES[1].source
GARBAGE_SENSOR = AIR[11].source
STUCK_SENSOR = AIR[23].source
FAULTY_SENSOR = AIR[41].source
RISING_RIVER = RIVERS[1].source


class View(NamedTuple):
    """One camera: its id, what people call it, where it looks, and the facility it belongs to."""

    id: str
    name: str
    name_en: str
    lon: float
    lat: float
    asset: str
    bearing: float  # degrees clockwise from north


VIEWS = tuple(
    View(f"cam-{n:02d}", name, name_en, *_around(asset, f"cam-{n}", 0.003), asset, n * 47.0 % 360)
    for n, (name, name_en, asset) in enumerate(
        (
            ("중앙시장 정문", "Market gate", "market"),
            ("중앙시장 나동", "Market row B", "market"),
            ("은하교 하부", "Under Eunha bridge", "river"),
            ("솔내공원", "Solnae park", "shelters"),
            ("한빛대로 84", "Hanbit-daero 84", "poles"),
            ("은하역 교차로", "Eunha crossing", "poles"),
            ("둔치주차장", "Riverside lot", "parking"),
            ("구청앞 쉼터", "Town hall shelter", "shelters"),
            ("한빛대로 12", "Hanbit-daero 12", "poles"),
            ("달맞이고개", "Dalmaji pass", "air-dalmaji"),
            ("은하천 상류", "Upper Eunha", "river"),
            ("중앙시장 주차장", "Market parking", "parking"),
        ),
        1,
    )
)
