"""S06, S07, S14, S19 to S21 and S24: plates, traffic, its forecast, and parking."""

from __future__ import annotations

from typing import Any

from db.asset_records import Asset
from tests.seeds.desk import Desk
from tests.seeds.table import served

LOT_TIME = "{{%Y-%m-%d %H:%M:%S}}"
ASSETS = [
    Asset("d", "district", "시험구"),
    Asset("s24-road", "facility", "시험대로", parent="d", domain="traffic"),
    Asset("s24-link", "device", "시험대로 상행", parent="s24-road", source="1220003824"),
]


@served(
    "S06",
    "수배차량 검색(WASS)",
    "Wanted vehicles",
    "mapping",
    "vehicle",
    (
        "일치·유사 알람과 가린 번호, 값, 카드, 112 통보 전문, 허브 송신, 개인정보 표시된 내보내기",
        "exact and near hit with a masked plate, value, card, message to 112, hub, export marked personal",
    ),
    ("경찰 WASS 규격(공개되지 않음)", "the interface of the police (not published)"),
)
def test_s06_a_hit_is_an_alarm_with_a_masked_plate(desk: Desk) -> None:
    def hit(kind: str, confidence: int) -> None:
        desk.deliver("vehicle", "replay/vehicle/s06/hit", {
            "time": "{{iso}}", "type": kind, "id": f"s06-{kind}", "status": "발생",
            "text": "000가**** · 시내 방향", "place": "시험교", "confidence": confidence, "lon": 126.8881,
            "lat": 37.4921,
        })  # fmt: skip

    hit("plate.hit", 97)
    found = desk.alarm("vehicle-hit", "s06")
    assert (found.priority, found.look, found.place) == (1, "event", "시험교")
    value = desk.value("s06", "hit_confidence")
    assert (value.value, value.unit) == (97.0, "%")
    assert (desk.event("s06-plate.hit").text, desk.event("s06-plate.hit").lon) == (found.text, 126.8881)
    assert desk.alert(found)["subCategory"] == "suspiciousAction"
    (told,) = desk.told("000가**** · 시내 방향", "10")
    assert (told["ocrPlc"], told["evtGrad"], told["ocrLc"]["crdntX"]) == ("시험교", "1", "126.888100")
    hit("plate.near", 71)
    assert desk.alarm("vehicle-near", "s06").priority == 3
    assert "육안관제" in desk.guidance(desk.alarm("vehicle-near", "s06"), "ko")
    desk.deliver("vehicle", "replay/vehicle/s06/count", {"time": "{{iso}}", "reads": 180, "unread": 4})
    assert desk.card("vehicle", "ko", "s06") == ["인식 대수 180", "미인식 4.0 % 정상"]
    rows = desk.export("s06", "hit_confidence")
    assert {(each["개인정보"], each["표준용어"], each["단위"]) for each in rows} == {
        ("예", "인식신뢰도", "%")
    }


@served(
    "S07",
    "무인단속·차량번호인식",
    "Unmanned enforcement",
    "mapping",
    "vehicle",
    (
        "대수와 미인식률, 지속된 미인식의 알람, 번호 없음, 카드, 내보내기, 허브 송신",
        "counts and share not read, alarm once it lasts, no plates, card, export, hub",
    ),
    ("단속 장비 공급사 형식(알려지지 않음)", "the form of the enforcement equipment (not known)"),
)
def test_s07_a_reader_that_misses_many_plates_is_an_alarm_once_it_lasts(desk: Desk) -> None:
    count = {"time": "{{iso}}", "reads": 42, "unread": 38}
    desk.deliver("vehicle", "replay/vehicle/s07/count", count)
    reads, share = desk.value("s07", "plate_reads"), desk.value("s07", "unread_share")
    assert (reads.value, reads.unit, reads.statistic) == (42.0, "{count}", "sum")
    assert (share.value, share.unit) == (38.0, "%")
    assert desk.alarms("reader-blind", "s07") == []
    assert desk.card("vehicle", "ko", "s07") == ["인식 대수 42", "미인식 38.0 % 이상"]
    assert desk.card("vehicle", "en", "s07") == ["Plates read 42", "unread 38.0 % abnormal"]
    desk.go_on(1801)
    desk.deliver("vehicle", "replay/vehicle/s07/count", count)
    assert desk.alarm("reader-blind", "s07").priority == 4
    assert {each["개인정보"] for each in desk.export("s07")} == {"아니오"}
    assert desk.measurement("s07", "plate_reads")["numValue"] == 42.0


@served(
    "S14",
    "대구 교통혼잡 예측",
    "Daegu congestion forecast",
    "mapping",
    "traffic",
    (
        "예측 알람은 낮은 등급과 다른 모양, 실제 알람 없음, 카드와 내보내기의 예측 표시, 예측 오차 보고",
        "the forecast alarm is low and looks different, card and export say forecast, error against actual",
    ),
)
def test_s14_trap_24_a_predicted_jam_is_no_jam(desk: Desk) -> None:
    desk.deliver("traffic-forecast", "replay/traffic/forecast/s14", {"for": "{{iso|+3600}}", "speed": 7})
    alarm = desk.alarm("jam-forecast", "s14")
    assert (alarm.look, alarm.priority, alarm.value) == ("forecast", 4, 7)
    assert desk.value("s14", "speed_forecast").unit == "km/h"
    assert [each.rule for each in desk.alarms(source="s14")] == ["jam-forecast"]
    for language, word, step in (("ko", "예측", "정체"), ("en", "forecast", "jam")):
        (line,) = desk.card("traffic", language, "s14")  # type: ignore[arg-type]
        assert line.startswith(word) and line.endswith(step)
    (row,) = desk.export("s14", "speed_forecast")
    assert (row["표준용어"], row["표시"]) == ("예측통행속도", "forecast")
    assert desk.alert(alarm)["subCategory"] == "trafficJam"

    desk.go_on(3_600)
    speed = (
        "<TrafficInfo><RESULT><CODE>INFO-000</CODE></RESULT>"
        "<row><link_id>s14</link_id><prcs_spd>19</prcs_spd></row></TrafficInfo>"
    )
    desk.deliver("traffic", "replay/traffic/topis", speed)
    desk.value("s14", "speed")
    (told,) = [each for each in desk.forecasts() if each["장치"] == "s14"]
    assert (told["예측 항목"], told["실측 항목"], told["단위"]) == ("speed_forecast", "speed", "km/h")
    assert (told["비교 건수"], told["평균 오차"], told["평균 절대 오차"]) == ("1", "-12.0", "12.0")


@served(
    "S19",
    "부천 SPC·시티패스",
    "Bucheon SPC and City Pass",
    "ngsi-ld",
    "parking",
    (
        "차량과 주차장의 값·위치, 서 있는 차는 정체가 아님, 카드, 허브 송신",
        "values of vehicles and car parks, a standing car is no jam, card, hub",
    ),
    ("예약·결제(앱의 일)", "reservation and payment (the app's)"),
)
def test_s19_vehicles_and_car_parks_come_as_entities(desk: Desk) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [126.78, 37.5]}}
    at = {"type": "Property", "value": {"@type": "DateTime", "@value": "{{iso_z}}"}}
    vehicle = {
        "id": "urn:ngsi-ld:Vehicle:s19-car", "type": "Vehicle", "location": place, "dateObserved": at,
        "speed": {"type": "Property", "value": 0, "unitCode": "KMH"},
        "serviceStatus": {"type": "Property", "value": "onRoute"},
    }  # fmt: skip
    lot = {
        "id": "urn:ngsi-ld:OffStreetParking:s19-lot", "type": "OffStreetParking", "dateObserved": at,
        "totalSpotNumber": {"type": "Property", "value": 80},
        "occupiedSpotNumber": {"type": "Property", "value": 62},
        "availableSpotNumber": {"type": "Property", "value": 18},
    }  # fmt: skip
    for each in (vehicle, lot):
        assert desk.deliver("seeds-ngsi-ld", "seeds/ngsi-ld/s19", each).set_aside == 0
    speed = desk.value("s19-car", "vehicle_speed")
    assert (speed.value, speed.unit, desk.value("s19-car", "serviceStatus").value) == (0, "km/h", "onRoute")
    desk.go_on(700)
    assert desk.alarms(source="s19-car") == []
    assert desk.card("parking", "ko", "s19-lot") == ["주차 62/80", "최소 빈 면 18"]
    assert desk.card("parking", "en", "s19-lot") == ["parked 62/80", "fewest free 18"]
    assert desk.measurement("s19-lot", "free")["numValue"] == 18


def lots(*rows: dict[str, Any]) -> Any:
    """An answer of GetParkingInfo."""
    found = [{"PRK_STTS_NM": "현재 주차대수 표현", "NOW_PRK_VHCL_UPDT_TM": LOT_TIME, **each} for each in rows]
    listed = {"list_total_count": len(found), "RESULT": {"CODE": "INFO-000"}, "row": found}
    return {"GetParkingInfo": listed}


@served(
    "S20",
    "공유주차장",
    "Shared parking",
    "seoul GetParkingInfo",
    "parking",
    (
        "대수, 미연계는 값 없음, 지속된 만차의 알람과 복귀, 카드, 내보내기, 허브 송신",
        "counts, no free spaces without a link, full once it lasts, return, card, export, hub",
    ),
    ("예약·결제(앱의 일)", "reservation and payment (the app's)"),
)
def test_s20_trap_23_an_unlinked_lot_has_no_free_spaces(desk: Desk) -> None:
    linked = {"PKLT_CD": "s20a", "PKLT_NM": "시험 1", "PRK_STTS_YN": "1", "TPKCT": 120}
    unlinked = {"PKLT_CD": "s20b", "PKLT_NM": "시험 2", "PRK_STTS_YN": "0", "PRK_STTS_NM": "미연계중",
                "TPKCT": 40, "NOW_PRK_VHCL_CNT": 0}  # fmt: skip

    def answer(parked: int) -> None:
        reply = lots(linked | {"NOW_PRK_VHCL_CNT": parked}, unlinked)
        desk.deliver("parking", "replay/parking/lots", reply)

    answer(60)
    assert (desk.value("s20a", "parked").value, desk.value("s20a", "free").value) == (60, 60)
    assert desk.value("s20b", "free").quality == "missing"
    assert desk.card("parking", "ko", "s20a", "s20b") == ["주차 60/120", "최소 빈 면 60"]
    assert desk.card("parking", "en", "s20a", "s20b") == ["parked 60/120", "fewest free 60"]
    desk.go_on(60)
    answer(120)
    assert desk.alarms("lot-full") == []
    desk.go_on(700)
    answer(120)
    full = desk.alarm("lot-full", "s20a")
    assert (full.priority, full.value, full.name_en) == (4, 0, "Car park full")
    assert desk.alarms("lot-full", "s20b") == []
    assert [each["표준용어"] for each in desk.export("s20a", "free")] == ["주차가능면수"] * 3
    assert desk.measurement("s20a", "parked")["numValue"] == 120
    desk.go_on(60)
    answer(90)
    desk.until(lambda: desk.alarm("lot-full", "s20a").returned_ms, "free bays again")


@served(
    "S21",
    "IoT 공유주차",
    "Per-bay parking",
    "mapping",
    "parking",
    (
        "면 상태, 예약 충돌·부정주차 알람과 해제, 카드, 안내, 상황, 코드가 붙은 내보내기",
        "state of bays, clash and unauthorised use as alarms, the end, card, guidance, incident, codes",
    ),
    ("공급사 실제 형식(알려지지 않음)", "the supplier's own form (not known)"),
)
def test_s21_another_car_in_a_reserved_bay_is_an_alarm(desk: Desk) -> None:
    def bay(source: str, state: str, event: str = "", status: str = "occurred", text: str = "") -> None:
        said: dict[str, Any] = {"time": "{{iso}}", "state": state, "minutes": 0}
        if event:
            said["event"] = {"id": f"{source}-1", "type": event, "status": status, "text": text}
        desk.deliver("parking-bays", f"replay/parking/bay/{source}", said)

    bay("s21a", "unauthorised", "bay.unauthorised", text="예약 면에 다른 차량")
    bay("s21b", "clash", "bay.clash", text="예약 겹침")
    bay("s21c", "free")
    alarm = desk.alarm("bay-unauthorised", "s21a")
    assert (alarm.text, alarm.priority, desk.alarm("bay-clash", "s21b").text) == (
        "예약 면에 다른 차량",
        4,
        "예약 겹침",
    )
    assert desk.value("s21a", "bay_state").value == "unauthorised"
    assert desk.card("parking", "ko", "s21a", "s21b", "s21c") == ["부정주차 1 · 예약 충돌 1 · 빈 면 1"]
    assert desk.card("parking", "en", "s21a", "s21b", "s21c") == [
        "unauthorised 1 · reservation clash 1 · free 1"
    ]
    assert "단속 또는 견인을 요청" in desk.guidance(alarm, "ko")
    incident = desk.incident(alarm, place="시험로 21")
    assert desk.central("incident.opened", incident.id).payload["place"] == "시험로 21"
    assert "clash=예약 충돌" in desk.export("s21b", "bay_state")[0]["코드"]
    desk.go_on(60)
    bay("s21a", "occupied", "bay.unauthorised", "ended", "이동")
    desk.until(lambda: desk.alarm("bay-unauthorised", "s21a").returned_ms, "the car has gone")


def accident(number: str, x: str, y: str, info: str) -> str:
    """An answer of AccInfo with one accident that goes on."""
    return (
        "<AccInfo><list_total_count>1</list_total_count><RESULT><CODE>INFO-000</CODE></RESULT><row>"
        f"<acc_id>{number}</acc_id><occr_date>{{{{%Y%m%d}}}}</occr_date><occr_time>{{{{%H%M}}}}</occr_time>"
        "<exp_clr_date>{{%Y%m%d|+3600}}</exp_clr_date><exp_clr_time>{{%H%M|+3600}}</exp_clr_time>"
        "<acc_type>A01</acc_type><acc_dtype>01B01</acc_dtype><link_id>1220003824</link_id>"
        f"<grs80tm_x>{x}</grs80tm_x><grs80tm_y>{y}</grs80tm_y><acc_info>{info}</acc_info></row></AccInfo>"
    )


@served(
    "S24",
    "TOPIS 교통정보",
    "TOPIS traffic",
    "seoul TrafficInfo, AccInfo",
    "traffic",
    (
        "속도와 단위, 돌발 알람의 좌표·평문, 위치 없음, 지속된 정체의 알람, 카드, 상황, 허브·센터 송신",
        "speeds, an accident with its place in plain text, no place, jam once it lasts, card, hub, centre",
    ),
)
def test_s24_a_link_has_its_speed_and_an_accident_its_place(desk: Desk) -> None:
    def speeds(number: float) -> None:
        desk.deliver("traffic", "replay/traffic/topis", (
            "<TrafficInfo><list_total_count>1</list_total_count><RESULT><CODE>INFO-000</CODE></RESULT><row>"
            f"<link_id>1220003824</link_id><prcs_spd>{number}</prcs_spd><prcs_trv_time>80</prcs_trv_time>"
            "</row></TrafficInfo>"
        ))  # fmt: skip

    speeds(9.5)
    found = desk.value("1220003824", "speed")
    assert (found.value, found.unit) == (9.5, "km/h")
    assert desk.value("1220003824", "travel_time").unit == "s"
    assert desk.card("traffic", "ko", "1220003824") == ["최저 9.5 km/h 정체", "평균 속도 9.5 km/h", "정체 1"]
    assert desk.card("traffic", "en", "1220003824") == ["lowest 9.5 km/h jam", "mean speed 9.5 km/h", "jam 1"]
    assert desk.alarms("link-jam", "1220003824") == []

    info = "추돌 &amp;lt;b&amp;gt;2차로&amp;lt;/b&amp;gt;"
    desk.deliver("traffic", "replay/traffic/topis", accident("s24-1", "206076.7133", "446245.6950", info))
    alarm = desk.until(lambda: next(iter(desk.alarms("road-accident")), None), "the accident")
    assert (alarm.priority, alarm.text, alarm.look) == (2, "추돌 <b>2차로</b>", "event")
    assert (round(alarm.lat or 0, 4), round(alarm.lon or 0, 4)) == (37.5157, 127.0687)
    assert desk.board("s24-road", "ko")[1] == "알람 1"
    assert desk.alert(alarm)["subCategory"] == "carAccident"
    incident = desk.incident(alarm)
    assert desk.central("incident.opened", incident.id).payload["level"] == 2
    desk.deliver("traffic", "replay/traffic/topis", accident("s24-2", "0", "0", "고장차"))
    second = desk.until(
        lambda: next((e for e in desk.alarms() if e.id.endswith("|s24-2")), None), "the second"
    )
    assert (second.lon, second.place) == (None, "위치 없음")
    desk.go_on(700)
    speeds(9.0)
    assert desk.alarm("link-jam", "1220003824").value == 9.5
