"""S26, S27, S33, S34, S39 and S40: health, air, crowds, citizens' reports and public Wi-Fi."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from console.clock import SEOUL
from console.settings_tables import Feed, MappedEvent, Mapping
from db.records import Camera
from tests.console.formats.sdot_files import reply, weekly
from tests.seeds.desk import Desk
from tests.seeds.table import served
from widgets.camera_pool import nearest

HOUR_MS = 3_600_000
REPORT = MappedEvent(
    type="join('.', ['report', category])", key="id", status="status", text="text", place="place"
)
FEEDS = {
    "calls": Feed(
        kind="mapping",
        topics=("calls/+",),
        priority=True,
        mappings=(Mapping(topic="calls/{source}", time="at", lon="x", lat="y", events=(REPORT,)),),
    ),
}
CAMERAS = [
    Camera(f"cam{n}", f"시험 카메라 {n}", "rtsp://cameras.invalid/1", lon=126.88 + n / 1000, lat=37.49)
    for n in range(3)
]


@served(
    "S26",
    "강남 QR 원스톱 검사",
    "Gangnam QR one-stop testing",
    "mapping",
    "infection",
    (
        "대기·예약 집계, 지속된 대기 초과와 예약 마감의 경보, 카드, 개인정보 없는 내보내기, 허브 송신",
        "alarms on a lasting queue and on no slots left, card, export without persons, hub",
    ),
    ("예약 시스템의 실제 형식(공개되지 않음)", "the booking system's own form (not published)"),
)
def test_s26_a_queue_is_an_alarm_once_it_lasts_and_tells_of_no_person(desk: Desk) -> None:
    said = {
        "at": "{{iso}}",
        "waiting": 131,
        "slotsLeft": 0,
        "tested": 96,
        "token": "qr-8f2c",
        "name": "홍길동",
    }
    desk.deliver("infection", "replay/infection/s26", said)
    assert desk.alarm("slots-full", "s26").priority == 4
    assert desk.alarms("queue-long", "s26") == []
    desk.go_on(601)
    desk.deliver("infection", "replay/infection/s26", said)
    assert desk.alarm("queue-long", "s26").value == 131
    assert desk.card("infection", "ko", "s26") == ["대기인원 131 혼잡", "남은 예약 0"]
    assert desk.card("infection", "en", "s26") == ["People waiting 131 crowded", "Slots left 0"]

    rows = desk.export("s26")
    assert {(row["항목"], row["개인정보"]) for row in rows} == {
        ("waiting", "아니오"), ("slots_left", "아니오"), ("tested", "아니오"),
    }  # fmt: skip
    assert "홍길동" not in str(rows) and "qr-8f2c" not in str(rows)
    assert desk.measurement("s26", "waiting")["numValue"] == 131


@served(
    "S27",
    "강남 감염병 종합상황실",
    "Gangnam infectious disease control centre",
    "mapping",
    "infection",
    (
        "검사소 합산 카드, 보관 온도 이탈 경보와 행동 안내, 상황과 센터 기록, 일일 집계 내보내기",
        "card over all sites, alarm of the cold chain, incident at the centre, daily counts exported",
    ),
    ("일일상황보고 서식(공개되지 않음)", "the form of the daily report (not published)"),
)
def test_s27_a_warm_fridge_is_an_incident_and_the_day_is_handed_on_in_counts(desk: Desk) -> None:
    sites = {"s27a": (20, 40, 4.5), "s27b": (62, 15, 9.4)}
    for _ in range(2):
        for site, (waiting, left, fridge) in sites.items():
            told = {"at": "{{iso}}", "waiting": waiting, "slotsLeft": left, "positives": 3, "fridge": fridge}
            desk.deliver("infection", f"replay/infection/{site}", told)
        desk.go_on(301)
    desk.deliver("infection", "replay/infection/s27b", {"at": "{{iso}}", "waiting": 62, "fridge": 9.6})
    warm = desk.alarm("cold-chain", "s27b")
    assert (warm.priority, warm.limit, desk.alarms("cold-chain", "s27a")) == (2, 8, [])
    assert "보건소" in desk.guidance(warm, "ko")
    card = desk.card("infection", "ko", *sites)
    assert card == ["대기인원 62 보통", "남은 예약 55", "보관 온도 9.6 °C"]
    assert desk.card("infection", "en", *sites)[0] == "People waiting 62 moderate"

    incident = desk.incident(warm, title="백신 보관 온도 이탈")
    assert desk.central("incident.opened", incident.id).payload["title"] == "백신 보관 온도 이탈"
    day = desk.export("s27a", "positives")[-1]
    assert (day["값"], day["평균시간(초)"], day["표준용어"]) == ("3.0", "86400", "확진자수집계")


@served(
    "S33",
    "S-DoT 환경 센서",
    "S-DoT environment sensors",
    "sdot",
    "air",
    (
        "원시 2분 정수, 법정 시간 평균 기준의 경보와 해제, 시간·주간 자료와 정정, 카드, 내보내기, 허브",
        "raw integers, the legal hourly rule, hourly and weekly forms, a correction, card, export, hub",
    ),
)
def test_s33_trap_12_the_dust_rule_holds_on_raw_two_minute_integers(desk: Desk) -> None:
    raw(desk, "S33A00001", 151, 149, 152)
    assert desk.alarms("pm10-advisory", "S33A00001") == []
    raw(desk, "S33B00001", 151, 151)
    alarm = desk.alarm("pm10-advisory", "S33B00001")
    assert (alarm.value, alarm.limit, alarm.name) == (151, 150, "미세먼지 주의보 수준 (자체 기준)")
    raw(desk, "S33C00001", 151, 151, 120)
    assert desk.alarm("pm10-advisory", "S33C00001").state == "unacknowledged"
    raw(desk, "S33D00001", 151, 151, 120, 99)
    assert desk.alarm("pm10-advisory", "S33D00001").state == "returned"
    assert "공식 측정소" in desk.guidance(alarm, "ko")

    found = desk.value("S33D00001", "temperature")  # trap 11
    assert (found.value, found.unit) == (25.3, "Cel")
    assert desk.card("air", "ko", "S33B00001") == [
        "PM10 151 µg/m³ 매우나쁨",
        "PM2.5 17 µg/m³ 보통",
        "소음 52 dB",
    ]
    assert desk.card("air", "en", "S33D00001")[0] == "PM10 99 µg/m³ bad"
    assert desk.packs["air"].card.note == "간이측정(참고용)"
    row = desk.export("S33B00001", "pm10")[-1]
    assert (row["값"], row["단위"], row["통계"], row["표준용어"]) == ("151.0", "ug/m3", "avg", "미세먼지농도")
    assert desk.measurement("S33B00001", "pm10")["numValue"] == 151


def test_s33_published_forms_correct_themselves_and_old_ones_raise_nothing(desk: Desk) -> None:
    serial = "S33E00001"
    row = {"MDL_NO": "SDOT001", "SN": serial, "MSRMT_HR": "{{%Y-%m-%d_%H:00:00}}", "CGG": "Guro-gu",
           "MAX_TP": "21.9", "AVG_TP": "21.8", "MIN_TP": "21.6", "AVG_HUM": "", "AVG_NIS": "56"}  # fmt: skip
    desk.deliver("seeds-sdot", "seeds/sdot/hour", reply({**row, "DATA_NO": "1"}).decode())
    assert desk.value(serial, "temperature", "avg").value == 21.8
    desk.deliver("seeds-sdot", "seeds/sdot/hour", reply({**row, "AVG_TP": "21.5", "DATA_NO": "2"}).decode())
    desk.until(lambda: desk.value(serial, "temperature", "avg").value == 21.5 or None, "the corrected value")
    rows = desk.export(serial)
    assert {each["항목"] for each in rows} == {"temperature", "noise"}  # an empty text is no humidity of 0
    kept = [each for each in rows if (each["항목"], each["통계"]) == ("temperature", "avg")]
    assert [(each["값"], each["개정"]) for each in kept] == [("21.5", "2")]

    file = weekly(
        {"시리얼": "S33F00001", "온도 평균(℃)": "38.5", "온도 최대(℃)": "-40"}, time="2026-11-02_09:00:00"
    )
    assert desk.deliver("seeds-sdot", "seeds/sdot/week", file.encode("cp949")).stored == 1
    assert desk.value("S33F00001", "temperature", "avg").value == 38.5
    assert desk.value("S33F00001", "temperature", "max").quality == "bad"
    assert desk.alarms(source="S33F00001") == [] and desk.card("air", "ko", "S33F00001") == []


def raw(desk: Desk, serial: str, *means: int) -> None:
    """Whole hours of two-minute rows with these means, the last one just over."""
    now_ms = desk.clock.now_ms() // HOUR_MS * HOUR_MS
    rows: list[dict[str, Any]] = []
    for at, mean in enumerate((*means, means[-1])):
        begun_ms = now_ms + (at - len(means)) * HOUR_MS
        for minute in (2,) if at == len(means) else range(2, 62, 2):
            when = datetime.fromtimestamp(begun_ms / 1000 + minute * 60, UTC).astimezone(SEOUL)
            rows.append({"시리얼": serial, "측정시간": when.strftime("%Y%m%d%H%M"), "기온": 1253, "소음": 52,
                         "미세먼지2.5(초미세먼지)": 17, "미세먼지10(미세먼지)": mean})  # fmt: skip
    assert desk.deliver("seeds-sdot", "seeds/sdot/raw", json.dumps(rows, ensure_ascii=False)).set_aside == 0


@served(
    "S34",
    "생활인구·유동인구",
    "Floating population",
    "seoul citydata_ppltn, sdot",
    "people",
    (
        "인구는 범위로, 예측은 따로, 지속된 붐빔의 경보, 방문자 계수, 카드, 내보내기, 예측 오차 보고",
        "people as a range, the forecast apart, alarm once it stays crowded, counts, card, export, error",
    ),
)
def test_s34_trap_24_a_crowd_is_a_range_and_its_forecast_is_not_the_actual(desk: Desk) -> None:
    area(desk, "POI934", "여유", "1100", "1600")
    assert desk.value("POI934", "congestion_level").value == 1
    assert desk.alarm("crowd-forecast", "POI934").look == "forecast"
    assert desk.alarms("crowd-full", "POI934") == []
    ahead = datetime.fromtimestamp(
        desk.value("POI934", "congestion_forecast_level").observed_ms / 1000, SEOUL
    )
    hour = f"{ahead:%H:%M}"
    assert desk.card("people", "ko", "POI934") == [
        "여유", "인구 1,100–1,600", "여유 1", f"예측 {hour} 붐빔", f"예측 {hour} 9,000–9,500",
    ]  # fmt: skip
    assert desk.card("people", "en", "POI934")[1] == "people 1,100–1,600"

    area(desk, "POI935", "붐빔", "42000", "44000")
    assert desk.alarms("crowd-full", "POI935") == []
    desk.go_on(601)
    area(desk, "POI935", "붐빔", "42000", "44000")
    crowded = desk.alarm("crowd-full", "POI935")
    assert (crowded.priority, crowded.look) == (2, "actual")
    assert desk.alert(crowded)["severity"] == "high"
    flags = {row["표시"] for row in desk.export("POI934") if "forecast" in row["항목"]}
    assert flags == {"forecast"}

    counted = "MODEL_NM,SERIAL_NO,SENSING_TIME,VISITOR_COUNT\nSDOT002,S34000001,{{%Y-%m-%d_%H:%M:00}},17\n"
    desk.deliver("seeds-sdot", "seeds/sdot/people", counted)
    people = desk.value("S34000001", "people")
    assert (people.value, people.unit, people.statistic) == (17, "{person}", "sum")
    assert desk.export("S34000001", "people")[-1]["표준용어"] == "방문자수"

    desk.go_on(ahead.timestamp() + 60 - desk.clock.now_ms() / 1000)
    area(desk, "POI934", "보통", "4000", "4500")
    desk.until(lambda: desk.value("POI934", "congestion_level").value == 2 or None, "the next hour")
    rows = [row for row in desk.forecasts() if row["장치"] == "POI934"]
    (told,) = [row for row in rows if row["예측 항목"] == "congestion_forecast_level"]
    assert (told["비교 건수"], told["평균 오차"]) == ("1", "2.0")


def area(desk: Desk, code: str, level: str, least: str, most: str) -> None:
    """A reply of the real-time population of one area, with a forecast of the next two hours."""
    soon = {"FCST_TIME": "{{%Y-%m-%d %H:00|+3600}}", "FCST_CONGEST_LVL": "붐빔",
            "FCST_PPLTN_MIN": "9000", "FCST_PPLTN_MAX": "9500"}  # fmt: skip
    later = {**soon, "FCST_TIME": "{{%Y-%m-%d %H:00|+7200}}", "FCST_CONGEST_LVL": "보통"}
    found = {"AREA_NM": "시험 광장", "AREA_CD": code, "AREA_CONGEST_LVL": level, "AREA_PPLTN_MIN": least,
             "AREA_PPLTN_MAX": most, "PPLTN_TIME": "{{%Y-%m-%d %H:%M}}", "FCST_YN": "Y",
             "FCST_PPLTN": [soon, later]}  # fmt: skip
    answer = {"SeoulRtd.citydata_ppltn": [found], "RESULT": {"RESULT.CODE": "INFO-000"}}
    desk.deliver("people", "replay/people/area", answer)


@served(
    "S39",
    "120다산콜 챗봇",
    "120 call and chatbot",
    "mapping",
    "disaster",
    (
        "시민 신고의 접수·위치·주변 카메라, 다른 알람과 한 상황으로 묶기, 처리 결과를 허브와 센터로",
        "a report and the cameras around it, one incident with another alarm, its end to hub, centre",
    ),
    ("120의 실제 형식(공개되지 않음)", "the form of 120 (not published)"),
)
def test_s39_a_citizens_report_joins_what_a_gauge_says_and_is_answered(desk: Desk) -> None:
    desk.deliver("calls", "calls/s39", {
        "at": "{{iso}}", "id": "120-1", "category": "flood", "status": "발생", "text": "지하차도 물이 차요",
        "place": "시험 지하차도", "x": 126.8801, "y": 37.4901,
    })  # fmt: skip
    report = desk.alarm("citizen-report", "s39")
    assert (report.priority, report.text, report.place) == (4, "지하차도 물이 차요", "시험 지하차도")
    assert "회신" in desk.guidance(report, "ko")
    said = desk.event("120-1")
    assert said.lon is not None and said.lat is not None
    assert [each.id for each in nearest(CAMERAS, said.lon, said.lat, 2)] == ["cam0", "cam1"]

    desk.deliver(
        "disaster-gauges", "replay/disaster/gauge/s39", {"ts": "{{epoch_ms}}", "level": 1.2, "rain": 41}
    )
    rain = desk.alarm("rain-heavy", "s39")
    incident = desk.incident(report, alarms=[report.id, rain.id])
    assert set(incident.alarms) == {report.id, rain.id}
    desk.act("incident.close", incident=incident.id, result="resolved", text="배수 완료, 신고자 회신")
    desk.until(lambda: desk.alert(incident)["status"] == "closed" or None, "the hub knows the end")
    assert desk.central("incident.closed", incident.id).payload["text"] == "배수 완료, 신고자 회신"
    assert desk.card("disaster", "ko", "s39") == ["수위 1.20 m 관심", "강우 41.0 mm"]


@served(
    "S40",
    "공공 와이파이·올빼미버스·엠보팅",
    "Public Wi-Fi, night bus, mVoting",
    "mapping, ngsi-ld",
    "network",
    (
        "와이파이 접속 수와 손실의 경보, 카드, 허브 Vehicle의 위치와 속도, 내보내기",
        "Wi-Fi clients and an alarm on loss, card, position and speed of a Vehicle of the hub, export",
    ),
    ("엠보팅(운영 자료 없음)", "mVoting (no operational feed)"),
)
def test_s40_wifi_clients_are_summed_and_a_night_bus_is_a_vehicle(desk: Desk) -> None:
    for ap, clients, loss in (("s40a", 70, 0.1), ("s40b", 56, 6.0)):
        told = {"t": "{{epoch_ms}}", "up": True, "rtt": 10, "loss": loss, "clients": clients}
        desk.deliver("network", f"replay/network/{ap}", told)
    assert desk.alarms("link-loss", "s40b") == []
    desk.go_on(121)
    desk.deliver("network", "replay/network/s40b", {"t": "{{epoch_ms}}", "up": True, "rtt": 9, "loss": 6.2})
    assert desk.alarm("link-loss", "s40b").priority == 3
    card = desk.card("network", "ko", "s40a", "s40b")
    assert (card[0], card[2]) == ("손실률 6.2 % 불량", "접속 126")
    assert desk.export("s40a", "ap_clients")[-1]["항목명"] == "공공와이파이 접속 수"

    point = {"type": "Point", "coordinates": [126.88, 37.49]}
    moving = {"type": "Property", "value": 31.0, "unitCode": "KMH", "observedAt": "{{iso_z}}"}
    bus = {"id": "urn:ngsi-ld:Vehicle:N61", "type": "Vehicle", "speed": moving,
           "location": {"type": "GeoProperty", "value": point}}  # fmt: skip
    desk.deliver("seeds-ngsi-ld", "seeds/ngsi-ld/bus", [bus])
    speed = desk.value("N61", "vehicle_speed")
    assert (speed.value, speed.unit) == (31.0, "km/h")
    assert desk.alarms(source="N61") == []
    assert desk.export("N61", "vehicle_speed")[-1]["단위"] == "km/h"
