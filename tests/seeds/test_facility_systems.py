"""Facilities and surroundings: their form goes in; what the operator gets, and what goes out."""

from __future__ import annotations

import pytest

from tests.seeds.desk import Desk
from tests.seeds.table import served

OWN = (
    "공급사 실제 형식(알려지지 않음), 카드, 내보내기",
    "the supplier's own form (not known), card, what goes out",
)
ALARM = ("경보", "alarm")
VALUE = ("값, 단위, 경보", "value, unit, alarm")


@served(
    "S28",
    "시설물 안전관리",
    "Structure safety",
    "mapping",
    "structure",
    ("값, 단위, 등급", "value, unit, grade"),
    OWN,
)
def test_s28_tilt_itself_is_no_alarm_before_it_changes(desk: Desk) -> None:
    found = {"batt": 88, "grade": "C", "vib": 0.4, "tiltX": 0.5, "tiltY": -0.1}
    desk.deliver("structure", "replay/structure/s28", {"rxInfo": {"time": "{{iso_z}}"}, "object": found})
    tilt = desk.value("s28", "tilt_x")
    assert (tilt.value, tilt.unit) == (0.5, "deg")
    assert desk.value("s28", "safety_grade").value == "C"
    assert [each for each in desk.alarms() if each.source == "s28"] == []


@served("S31", "스마트 쉼터", "Smart shelter", "mapping", "shelter", ALARM, OWN)
def test_s31_the_bell_of_a_shelter_is_an_alarm(desk: Desk) -> None:
    desk.deliver("shelter", "replay/shelter/s31/event", {
        "time": "{{iso}}", "type": "bell", "id": "s31-1", "status": "발생", "text": "비상벨 눌림",
        "place": "시험 쉼터",
    })  # fmt: skip
    assert (desk.alarm("shelter-bell", "s31").priority, desk.alarm("shelter-bell", "s31").place) == (
        1,
        "시험 쉼터",
    )


@served("S32", "스마트 보안등", "Smart security light", "mapping", "pole", VALUE, OWN)
def test_s32_an_sos_of_a_light_is_an_alarm(desk: Desk) -> None:
    event = {"id": "s32-1", "type": "light.sos", "status": "occurred", "text": "안심 보안등 SOS"}
    desk.deliver("pole", "replay/pole/s32/lamp", {"ts": "{{epoch_s}}", "event": event, "dim": 100})
    assert desk.alarm("light-sos", "s32.lamp").text == "안심 보안등 SOS"
    dimming = desk.value("s32.lamp", "dimming")
    assert (dimming.value, dimming.unit) == (100.0, "%")


@served(
    "S33",
    "S-DoT 환경 센서",
    "S-DoT environment sensors",
    "S-DoT raw (mapping)",
    "air",
    ("값, 단위", "value, unit"),
    ("시간 평균 경보(규칙 시험에 있음), 카드", "the hourly rule (in the tests of rules), card"),
)
def test_s33_trap_11_raw_1253_is_25_3_degrees(desk: Desk) -> None:
    desk.deliver(
        "air", "replay/air/V02Q1940612", {"측정시간": "{{%Y%m%d%H%M}}", "기온": 1253, "상대습도": 45}
    )
    found = desk.value("V02Q1940612", "temperature")
    assert found.value == pytest.approx(25.3) and found.unit == "Cel"


@served(
    "S34",
    "생활인구·유동인구",
    "Floating population",
    "seoul citydata_ppltn",
    "people",
    ("현재와 예측 구분", "now and forecast apart"),
    ("카드, 붐빔 지속 경보", "card, alarm after a hold"),
)
def test_s34_trap_24_a_crowd_forecast_is_not_the_actual(desk: Desk) -> None:
    soon = {"FCST_TIME": "{{%Y-%m-%d %H:00|+3600}}", "FCST_CONGEST_LVL": "붐빔",
            "FCST_PPLTN_MIN": "9000", "FCST_PPLTN_MAX": "9500"}  # fmt: skip
    area = {"AREA_NM": "시험 광장", "AREA_CD": "POI934", "AREA_CONGEST_LVL": "여유", "AREA_PPLTN_MIN": "1100",
            "AREA_PPLTN_MAX": "1600", "PPLTN_TIME": "{{%Y-%m-%d %H:%M}}", "FCST_YN": "Y",
            "FCST_PPLTN": [soon]}  # fmt: skip
    reply = {"SeoulRtd.citydata_ppltn": [area], "RESULT": {"RESULT.CODE": "INFO-000"}}
    desk.deliver("people", "replay/people/area", reply)
    assert desk.value("POI934", "congestion_level").value == 1
    assert desk.alarm("crowd-forecast", "POI934").look == "forecast"
    assert [each for each in desk.alarms("crowd-full") if each.source == "POI934"] == []


@served("S46", "통신망", "Connectivity", "mapping", "network", VALUE, OWN)
def test_s46_a_cut_link_is_an_alarm(desk: Desk) -> None:
    event = {"id": "s46-1", "type": "link.down", "status": "occurred", "text": "광선로 단선"}
    desk.deliver(
        "network", "replay/network/s46", {"t": "{{epoch_ms}}", "up": False, "rtt": 411, "event": event}
    )
    assert desk.alarm("link-down", "s46").text == "광선로 단선"
    latency = desk.value("s46", "latency")
    assert (latency.value, latency.unit) == (411.0, "ms")
