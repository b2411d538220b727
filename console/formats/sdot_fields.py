"""What S-DoT fields mean, whatever a publication calls them.

The same sensors are published with the Korean names of the field dictionary,
with two generations of English codes (MAX_TEMP, later MAX_TP) and with the
Korean headers of weekly files. The ranges are those of the dictionary,
unpacked; it prints m/s beside the wind's directions, which are degrees x 10.
Sources: seoul-iotdata/iotdata, data_info/sensor_data_information.csv; DOMAIN.md, 1.2 F and trap 11.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Statistic = Literal["inst", "avg", "min", "max", "sum"]


class Quantity(NamedTuple):
    """A quantity, its unit (UCUM), how the raw form packs it, and what the dictionary lets it be.

    value = packed * scale + offset; `statistic` is that of a name that names none.
    """

    name: str
    unit: str
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    statistic: Statistic = "avg"


class Column(NamedTuple):
    """One measured field of a message: what it is, and what its name says of it.

    `plain` is true where the name carries a unit or a statistic, as only
    published files and replies have it: those are never packed.
    """

    quantity: Quantity
    statistic: Statistic
    plain: bool


_AIR = (0.0, 1500.0)
_HEAT = (0.1, -100.0, -50.0, 80.0)
_TURN = (0.1, 0.0, 0.0, 359.9)
_BLOW = (0.1, 0.0, 0.0, 100.0)
_SHAKE = (0.01, 0.0, 0.0, 16.0)

_NAMES: tuple[tuple[Quantity, str], ...] = (
    (Quantity("pm25", "ug/m3", 1, 0, *_AIR), "미세먼지2.5초미세먼지 초미세먼지 pm25 pm2.5"),
    (Quantity("pm10", "ug/m3", 1, 0, *_AIR), "미세먼지10미세먼지 미세먼지 pm10"),
    (Quantity("temperature", "Cel", *_HEAT), "기온 온도 temperature temp tp"),
    (Quantity("humidity", "%", 1, 0, 0, 100), "상대습도 습도 humidity humi hum"),
    (Quantity("wind_direction", "deg", *_TURN), "풍향 winddirection winddire wd"),
    (Quantity("wind_speed", "m/s", *_BLOW), "풍속 windspeed wspd"),
    (Quantity("gust_direction", "deg", *_TURN, statistic="max"), "돌풍풍향 gustdirection"),
    (Quantity("gust_speed", "m/s", *_BLOW, statistic="max"), "돌풍풍속 gustspeed"),
    (Quantity("illuminance", "lx", 1, 0, 0, 120_000), "조도 illuminance inteillu inillu"),
    (Quantity("uv_index", "1", 0.1, 0, 0, 16), "자외선 uv uvindex ultrarays"),
    (Quantity("noise", "dB", 1, 0, 35, 85), "소음 noise nis"),
    (Quantity("vibration_x", "mm/s", *_SHAKE), "진동x vibrationx vibrx vibrxcrd"),
    (Quantity("vibration_y", "mm/s", *_SHAKE), "진동y vibrationy vibry vibrycrd"),
    (Quantity("vibration_z", "mm/s", *_SHAKE), "진동z vibrationz vibrz vibrzcrd"),
    (Quantity("globe_temperature", "Cel", *_HEAT), "흑구온도 globetemperature effetemp gt"),
    (Quantity("pm25_corrected", "ug/m3", 1, 0, *_AIR), "pm25보정 초미세먼지보정 pm25corrected"),
    (Quantity("pm10_corrected", "ug/m3", 1, 0, *_AIR), "pm10보정 미세먼지보정 pm10corrected"),
    (Quantity("no2", "[ppm]", low=0), "이산화질소 no2 ntdx"),
    (Quantity("co", "[ppm]", low=0), "일산화탄소 co cbmx"),
    (Quantity("so2", "[ppm]", low=0), "이산화황 아황산가스 so2 so"),
    (Quantity("nh3", "[ppm]", low=0), "암모니아 nh3"),
    (Quantity("h2s", "[ppm]", low=0), "황화수소 h2s"),
    (Quantity("o3", "[ppm]", low=0), "오존 o3 ozon"),
)
_BY_NAME = {name: quantity for quantity, names in _NAMES for name in names.split()}

PEOPLE = Quantity("people", "{person}", low=0, statistic="sum")
_PEOPLE = {"방문자수", "유동인구수", "visitorcount", "visitcount"}

_ROLES: dict[str, str] = {
    "source": "시리얼 시리얼번호 serial serialno serialnumber sn",
    "time": "측정시간 측정일시 전송시간 날짜 sensingtime msrmthr measuredat time",
    "lon": "경도 lon lng longitude lot",
    "lat": "위도 lat latitude",
    "data_no": "datano 자료번호 데이터구분번호",
    "registered": "등록일시 등록일자 등록일 regdttm regdt date",
}
_BY_ROLE = {name: role for role, names in _ROLES.items() for name in names.split()}

_STATISTICS: dict[str, Statistic] = {
    "max": "max", "avg": "avg", "min": "min",
    "최대": "max", "최고": "max", "평균": "avg", "최소": "min", "최저": "min",
}  # fmt: skip
_PREFIX = re.compile(r"^(max|avg|min)[_ ]", re.IGNORECASE)
_SUFFIX = re.compile(r"[_ ](max|avg|min)$", re.IGNORECASE)
_WORD = re.compile(r"(최대|최고|평균|최소|최저)")
_UNIT = re.compile(r"\(\s*(℃|°C|%|°|m/s|lux|UVI?|dB|mm/s|ppm|㎍/㎥|µg/m³|ug/m3)\s*\)\s*$", re.IGNORECASE)
_DROPPED = re.compile(r"[\s_()\[\]]+")


def _bare(name: str) -> str:
    return _DROPPED.sub("", name).lower()


@lru_cache(4096)
def role(name: str) -> str:
    """What a field that is not measured says: source, time, lon, lat, data_no, registered; else ""."""
    return _BY_ROLE.get(_bare(name), "") if len(name) <= 60 else ""


@lru_cache(4096)
def column(name: str) -> Column | None:
    """The measured field that a name names, None for any other."""
    if len(name) > 60:
        return None
    text = _UNIT.sub("", name)
    with_unit = text != name
    if _bare(text) in _PEOPLE:
        return Column(PEOPLE, PEOPLE.statistic, True)
    found = _PREFIX.search(text) or _SUFFIX.search(text) or _WORD.search(text)
    if found is None:
        quantity = _BY_NAME.get(_bare(text))
        return Column(quantity, quantity.statistic, with_unit) if quantity else None
    quantity = _BY_NAME.get(_bare(text[: found.start()] + " " + text[found.end() :]))
    if quantity is None:
        return None
    # The dictionary itself says 최대 of vibrations (진동(x) 최대); that is packed all the same.
    of_dictionary = not with_unit and found.re is not _PREFIX and quantity.name.startswith("vibration")
    return Column(quantity, _STATISTICS[found[1].lower()], not of_dictionary)
