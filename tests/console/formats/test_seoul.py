"""Seoul's services: every row becomes what its service means, whichever way it is wrapped."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.clock import SystemClock
from console.formats.forms import SeoulForm
from console.formats.plane import PLANES, degrees_of, metres_of
from console.formats.seoul import SeoulDecoder
from console.settings import Feed
from db.records import Decoded, Event, Flag, Reading, SetAside

NOW = 1_795_344_600_000  # 2026-11-22 19:50 in Seoul

INCIDENT = {
    "acc_id": "1104121",
    "occr_date": "20261122",
    "occr_time": "1905",
    "exp_clr_date": "20261122",
    "exp_clr_time": "235900",
    "acc_type": "A04",
    "acc_dtype": "04B01",
    "link_id": "1220003800",
    "grs80tm_x": "206076.7133",
    "grs80tm_y": "446245.6950",
    "acc_info": "영동대로 시설물보수",
    "acc_road_code": "001",
}
CROWD = {
    "AREA_NM": "명동 관광특구",
    "AREA_CD": "POI003",
    "AREA_CONGEST_LVL": "약간 붐빔",
    "AREA_PPLTN_MIN": "34000",
    "AREA_PPLTN_MAX": "36000",
    "PPLTN_TIME": "2026-11-22 19:45",
    "FCST_YN": "Y",
    "FCST_PPLTN": [
        {
            "FCST_TIME": "2026-11-22 20:00",
            "FCST_CONGEST_LVL": "붐빔",
            "FCST_PPLTN_MIN": "40000",
            "FCST_PPLTN_MAX": "42000",
        },
    ],
}
LOT = {
    "PKLT_CD": "171721",
    "PKLT_NM": "세종로 공영주차장(시)",
    "TPKCT": 1260.0,
    "NOW_PRK_VHCL_CNT": 698.0,
    "NOW_PRK_VHCL_UPDT_TM": "2026-11-22 19:41:53",
    "PRK_STTS_YN": "1",
    "PRK_STTS_NM": "현재~20분이내 연계데이터 존재",
}
OLD_LOT = {
    "PARKING_CODE": "171721",
    "PARKING_NAME": "세종로",
    "CAPACITY": 1260.0,
    "CUR_PARKING": 698.0,
    "CUR_PARKING_TIME": "2026-11-22 19:41:53",
    "QUE_STATUS": "1",
    "QUE_STATUS_NM": "연계",
    "LAT": 37.5734,
    "LNG": 126.9759,
}
MESSAGE = {
    "SN": "215001",
    "CRT_DT": "2026/11/22 19:30:12",
    "MSG_CN": "[한빛구] 하천 수위 상승, 산책로 출입 금지",
    "RCPTN_RGN_NM": "서울특별시 한빛구 ",
    "EMRG_STEP_NM": "안전안내",
    "DST_SE_NM": "홍수",
    "REG_YMD": "2026-11-22",
}


def xml(service: str, rows: list[dict[str, Any]], code: str = "INFO-000", total: int | None = None) -> bytes:
    """An answer as XML, the way the open data platform writes it."""

    def escaped(value: object) -> str:
        return str(value).replace("&", "&amp;").replace("<", "&lt;")

    def element(name: str, value: object) -> str:
        if isinstance(value, list):
            return f"<{name}>" + "".join(element(name, each) for each in value) + f"</{name}>"
        if isinstance(value, dict):
            return f"<{name}>" + "".join(element(*pair) for pair in value.items()) + f"</{name}>"
        return f"<{name}>{escaped(value)}</{name}>"

    text = "".join(element("row", row) for row in rows)
    head = f"<list_total_count>{len(rows) if total is None else total}</list_total_count>"
    result = f"<RESULT><CODE>{code}</CODE><MESSAGE>정상 처리되었습니다</MESSAGE></RESULT>"
    return f'<?xml version="1.0" encoding="UTF-8"?><{service}>{head}{result}{text}</{service}>'.encode()


def as_json(service: str, rows: Any, code: str = "INFO-000") -> bytes:
    result = {"CODE": code, "MESSAGE": "정상 처리되었습니다"}
    count = len(rows) if isinstance(rows, list) else 1
    return json.dumps({service: {"list_total_count": count, "RESULT": result, "row": rows}}).encode()


def read(payload: bytes, **form: Any) -> list[Decoded]:
    return decoder(**form).decode("seoul", payload, NOW, False)


def decoder(**form: Any) -> SeoulDecoder:
    return SeoulDecoder("seoul", Feed(kind="seoul", seoul=SeoulForm(**form)), ("utf-8", "cp949"))


def events(found: list[Decoded]) -> list[Event]:
    return [each for each in found if isinstance(each, Event)]


def values(found: list[Decoded]) -> dict[tuple[str, str], Any]:
    return {(each.quantity, each.statistic): each.value for each in found if isinstance(each, Reading)}


def reasons(found: list[Decoded]) -> list[str]:
    return [each.reason for each in found if isinstance(each, SetAside)]


BOTH = pytest.mark.parametrize("form", ["xml", "json", "one"])


def written(form: str, service: str, row: dict[str, Any]) -> bytes:
    return {"xml": xml(service, [row]), "json": as_json(service, [row]), "one": as_json(service, row)}[form]


@BOTH
def test_trap_1_plane_coordinates_of_topis_are_epsg_5181(form: str) -> None:
    [event] = events(read(written(form, "AccInfo", INCIDENT)))
    assert event.lat == pytest.approx(37.51567, abs=1e-4)
    assert event.lon == pytest.approx(127.06874, abs=1e-4)
    assert (event.origin_key, event.type, event.grade, event.status) == (
        "1104121",
        "A04",
        "04B01",
        "occurred",
    )
    assert event.extra["kind"] == "공사"
    assert event.extra["row"]["ACC_ROAD_CODE"] == "001"


def test_trap_1_the_same_numbers_read_in_another_plane_are_refused_and_the_incident_stays() -> None:
    found = read(xml("AccInfo", [INCIDENT]), plane="5186")
    [event] = events(found)
    assert (event.lon, event.lat) == (None, None)
    assert reasons(found) == ["position"]
    assert "36.61" in next(each.detail for each in found if isinstance(each, SetAside))


@pytest.mark.parametrize("plane", PLANES)
def test_planes_are_unrolled_and_rolled_again(plane: str) -> None:
    for lon, lat in ((126.0, 33.2), (127.5, 37.5), (129.9, 38.9)):
        x, y = metres_of(PLANES[plane], lon, lat)
        found = degrees_of(PLANES[plane], x, y)
        assert found == (pytest.approx(lon, abs=1e-9), pytest.approx(lat, abs=1e-9))


@pytest.mark.parametrize("x", ["0", "", "0.0"])
def test_trap_2_without_coordinates_there_is_no_pin_but_a_count(x: str) -> None:
    found = read(xml("AccInfo", [INCIDENT, {**INCIDENT, "acc_id": "2", "grs80tm_x": x, "grs80tm_y": x}]))
    assert [(each.lon is None, each.place) for each in events(found)] == [(False, ""), (True, "위치 없음")]
    assert values(found) == {("incidents", "inst"): 2.0, ("incidents_without_position", "inst"): 1.0}
    assert reasons(found) == []


def test_trap_3_escaped_markup_is_plain_text_with_its_line_breaks() -> None:
    info = "올림픽대로\r1차로 &lt;img src=x onerror=alert(1)&gt;<br/>통제 &amp;amp; 정체"
    [event] = events(read(as_json("AccInfo", [{**INCIDENT, "acc_info": info}])))
    assert event.text == "올림픽대로\n1차로 <img src=x onerror=alert(1)>\n통제 & 정체"
    payload = xml("AccInfo", [INCIDENT]).replace("영동대로 시설물보수".encode(), "가&#13;나&lt;b".encode())
    assert events(read(payload))[0].text == "가\n나<b"


@pytest.mark.parametrize(("time", "expected"), [("1905", 1_795_341_900_000), ("190530", 1_795_341_930_000)])
def test_trap_4_times_have_four_or_six_digits(time: str, expected: int) -> None:
    [event] = events(read(xml("AccInfo", [{**INCIDENT, "occr_time": time}])))
    assert event.observed_ms == expected


@pytest.mark.parametrize(
    ("date", "time"), [("20260230", "1200"), ("20261122", "2500"), ("20261122", "930"), ("2026112", "1200")]
)
def test_trap_4_a_time_that_cannot_be_is_named_and_the_incident_stays(date: str, time: str) -> None:
    found = read(xml("AccInfo", [{**INCIDENT, "occr_date": date, "occr_time": time}]))
    assert reasons(found) == ["time"]
    [event] = events(found)
    assert (event.observed_ms, event.extra["time_assumed"]) == (NOW, True)


def test_an_incident_that_left_the_list_has_ended() -> None:
    reader = decoder()
    both = [INCIDENT, {**INCIDENT, "acc_id": "2"}]
    reader.decode("seoul", xml("AccInfo", both), NOW, False)
    part = reader.decode("seoul", xml("AccInfo", [INCIDENT], total=2), NOW + 1, False)
    assert [each.status for each in events(part)] == ["occurred"]
    later = reader.decode("seoul", xml("AccInfo", [INCIDENT]), NOW + 2, False)
    assert [(each.origin_key, each.status) for each in events(later)] == [
        ("1104121", "occurred"),
        ("2", "ended"),
    ]
    again = reader.decode("seoul", xml("AccInfo", [INCIDENT]), NOW + 3, False)
    assert [each.status for each in events(again)] == ["occurred"]


@BOTH
def test_link_speeds_have_their_units_and_an_empty_one_is_no_zero(form: str) -> None:
    row = {"link_id": "1220003800", "prcs_spd": "23.5", "prcs_trv_time": "88"}
    found = read(written(form, "TrafficInfo", row))
    assert [(each.source, each.quantity, each.value, each.unit) for each in found] == [  # type: ignore[union-attr]
        ("1220003800", "speed", 23.5, "km/h"),
        ("1220003800", "travel_time", 88.0, "s"),
    ]
    empty = read(written(form, "TrafficInfo", {**row, "prcs_spd": "", "prcs_trv_time": ""}))
    assert reasons(empty) == ["no-reading"]


def crowd_payloads() -> list[bytes]:
    listed = json.dumps({"SeoulRtd.citydata_ppltn": [CROWD], "RESULT": {"RESULT.CODE": "INFO-000"}}).encode()
    single = json.dumps({"SeoulRtd.citydata_ppltn": CROWD, "RESULT": {"RESULT.CODE": "INFO-000"}}).encode()
    inner = {name: value for name, value in CROWD.items() if not name.startswith("AREA_N")}
    nested = json.dumps({"CITYDATA": {"AREA_NM": "명동 관광특구", "LIVE_PPLTN_STTS": [inner]}}).encode()
    one = json.dumps({"x": {**CROWD, "FCST_PPLTN": CROWD["FCST_PPLTN"][0]}}).encode()  # type: ignore[index]
    return [listed, single, nested, one, xml("SeoulRtd.citydata_ppltn", [CROWD])]


@pytest.mark.parametrize("payload", crowd_payloads())
def test_trap_24_a_crowd_is_a_range_and_its_forecast_never_looks_like_an_actual(payload: bytes) -> None:
    found = read(payload)
    assert values(found) == {
        ("population", "min"): 34000.0,
        ("population", "max"): 36000.0,
        ("congestion", "inst"): "약간 붐빔",
        ("congestion_level", "inst"): 3.0,
        ("population_forecast", "min"): 40000.0,
        ("population_forecast", "max"): 42000.0,
        ("congestion_forecast", "inst"): "붐빔",
        ("congestion_forecast_level", "inst"): 4.0,
    }
    for each in found:
        assert isinstance(each, Reading)
        assert each.source == "POI003"
        is_forecast = "forecast" in each.quantity
        assert bool(each.flags & Flag.FORECAST) == is_forecast
        assert (each.observed_ms > NOW) == is_forecast


def test_a_later_forecast_for_the_same_hour_replaces_the_earlier_one() -> None:
    later = {**CROWD, "PPLTN_TIME": "2026-11-22 19:50"}
    old, new = (read(as_json("SeoulRtd.citydata_ppltn", [row])) for row in (CROWD, later))
    revisions = [
        next(each.revision for each in found if isinstance(each, Reading) and "forecast" in each.quantity)
        for found in (old, new)
    ]
    assert revisions[1] == revisions[0] + 5


@BOTH
@pytest.mark.parametrize("row", [LOT, OLD_LOT])
def test_trap_23_car_parks_are_read_by_their_old_and_new_names(form: str, row: dict[str, Any]) -> None:
    found = read(written(form, "GetParkingInfo", row))
    assert values(found) == {("spaces", "inst"): 1260.0, ("parked", "inst"): 698.0, ("free", "inst"): 562.0}
    assert {each.source for each in found if isinstance(each, Reading)} == {"171721"}


def test_trap_23_more_cars_than_bays_are_uncertain_and_leave_nothing_free() -> None:
    found = read(as_json("GetParkingInfo", [{**LOT, "NOW_PRK_VHCL_CNT": 1300.0}]))
    assert values(found)["parked", "inst"] == 1300.0
    assert values(found)["free", "inst"] == 0.0
    assert {each.quality for each in found if isinstance(each, Reading) and each.quantity != "spaces"} == {
        "uncertain"
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"PRK_STTS_YN": "0", "PRK_STTS_NM": "미연계중", "NOW_PRK_VHCL_CNT": 0.0},
        {"PRK_STTS_YN": "0", "NOW_PRK_VHCL_CNT": ""},
        {"NOW_PRK_VHCL_CNT": None},
    ],
)
def test_trap_23_a_lot_that_is_not_linked_has_no_number_of_free_bays(changes: dict[str, Any]) -> None:
    found = read(as_json("GetParkingInfo", [{**LOT, **changes}]))
    free = next(each for each in found if isinstance(each, Reading) and each.quantity == "free")
    assert free.quality == "missing"
    assert isinstance(free.value, str)


def test_a_row_per_bay_of_one_street_is_one_car_park() -> None:
    rows = [{**OLD_LOT, "CAPACITY": 1.0, "CUR_PARKING": 0.0, "LAT": 37.5 + n / 1000} for n in range(3)]
    assert values(read(as_json("GetParkingInfo", rows)))["spaces", "inst"] == 3.0
    assert values(read(as_json("GetParkingInfo", [LOT, LOT])))["spaces", "inst"] == 1260.0


def test_disaster_messages_are_events_and_old_ones_are_of_the_past() -> None:
    old = {**MESSAGE, "SN": "215000", "CRT_DT": "2026/11/22 09:00:00"}
    drill = {**MESSAGE, "SN": "215002", "MSG_CN": "[훈련] 민방위 대피 훈련입니다"}
    head = {"resultMsg": "NORMAL SERVICE", "resultCode": "00", "errorMsg": None}
    payload = json.dumps({"header": head, "totalCount": 3, "body": [MESSAGE, old, drill]}).encode()
    found = events(read(payload))
    assert [(each.origin_key, each.flags, each.exercise) for each in found] == [
        ("215001", 0, False),
        ("215000", int(Flag.HISTORICAL), False),
        ("215002", 0, True),
    ]
    assert (found[0].type, found[0].grade, found[0].place) == ("홍수", "안전안내", "서울특별시 한빛구")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"RESULT": {"CODE": "INFO-200", "MESSAGE": "x"}}', "no-rows"),
        (b"<RESULT><CODE>INFO-200</CODE><MESSAGE>x</MESSAGE></RESULT>", "no-rows"),
        (b'{"RESULT": {"CODE": "INFO-100", "MESSAGE": "x"}}', "key-refused"),
        (b"<RESULT><CODE>ERROR-500</CODE><MESSAGE>x</MESSAGE></RESULT>", "answer-error"),
        (b'{"RESULT": {"RESULT.CODE": "ERROR-336", "RESULT.MESSAGE": "x"}}', "answer-error"),
        (b'{"header": {"resultCode": "30", "resultMsg": "SERVICE KEY IS NOT REGISTERED"}}', "key-refused"),
        (b'{"AccInfo": {"list_total_count": 0, "row": []}}', "no-reading"),
        (b"[]", "no-reading"),
        (b"<html/>", "no-reading"),
        (b"", "empty"),
        (b"nonsense", "not-json"),
    ],
)
def test_what_a_service_says_of_itself_is_the_reason(payload: bytes, reason: str) -> None:
    assert reasons(read(payload)) == [reason]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_comes_a_list_comes_out(payload: bytes) -> None:
    assert read(payload)


_ANY = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([INCIDENT, CROWD, LOT, OLD_LOT, MESSAGE]), st.data())
def test_whatever_stands_in_a_row_a_list_comes_out(row: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(row)))
    assert read(json.dumps({"x": [{**row, name: data.draw(_ANY)}]}).encode())


SEEDS = [
    as_json("AccInfo", [INCIDENT]),
    xml("AccInfo", [INCIDENT]),
    *crowd_payloads(),
    as_json("GetParkingInfo", [LOT, OLD_LOT]),
    as_json("x", [MESSAGE]),
]


def test_damaged_answers_are_read_or_refused_in_time() -> None:
    chance = random.Random(20261122)
    reader, clock, slow = decoder(), SystemClock(), []
    for n in range(3000):
        payload = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(payload))
            match chance.randrange(4):
                case 0:
                    payload[at] = chance.randrange(256)
                case 1:
                    del payload[at : at + chance.randrange(40)]
                case 2:
                    payload[at:at] = payload[at : at + chance.randrange(40)]
                case _:
                    payload[at : at + 1] = chance.choice(
                        [b"0", b"-", b"1e308", b"NaN", b"\x00", b"9" * 70, b'"']
                    )
            payload = payload or bytearray(b" ")
        begun = clock.monotonic_s()
        assert reader.decode("seoul", bytes(payload), NOW + n, False)
        slow.append(clock.monotonic_s() - begun)
    slow.sort()
    assert slow[-30] < 0.05  # a busy machine may stop any one of them
