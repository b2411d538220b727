"""Systems of the seeds: their form goes in, and the operator gets the value, unit and alarm of it."""

from __future__ import annotations

from tests.seeds.desk import Desk
from tests.seeds.table import served

OUT = ("카드, 내보내기", "card, what goes out")
OWN = (
    "공급사 실제 형식(알려지지 않음), 카드, 내보내기",
    "the supplier's own form (not known), card, what goes out",
)
ALARM = ("경보", "alarm")
VALUE = ("값, 단위, 경보", "value, unit, alarm")


@served("S12", "지능형 CCTV", "Intelligent CCTV", "mapping", "cctv", ALARM, OUT)
def test_s12_a_fall_is_an_alarm(desk: Desk) -> None:
    desk.deliver("cctv", "replay/cctv/s12/event", {
        "EVNT_ID": "ABA_S12", "EVNT_NM": "쓰러짐", "EVNT_TYPE_CD": "fall", "CCTV_NM": "시험 카메라",
        "STTS": "발생", "WGS84_LAT": 37.4931, "WGS84_LOT": 126.8871, "SHT_DT": "{{%Y-%m-%d %H:%M:%S}}",
        "score": 87,
    })  # fmt: skip
    assert desk.alarm("video-danger", "s12").text == "쓰러짐"


@served(
    "S15",
    "도시데이터허브",
    "Urban data hub",
    "NGSI-LD (mapping)",
    "datahub",
    ("값, 단위", "value, unit"),
    ("허브로 보내기, 구독, 카드", "upsert and subscription, card"),
)
def test_s15_a_notification_of_the_hub_is_a_value(desk: Desk) -> None:
    desk.deliver("datahub", "replay/datahub/air", {
        "metadata": {"Link": '["http://example.invalid/context.jsonld"]'},
        "body": {"type": "Notification", "data": [{
            "id": "urn:datahub:AirQualityObserved:s15", "type": "AirQualityObserved",
            "airQualityObservation": {"type": "Property", "value": {"pm10": 45},
                                       "observedAt": "{{iso_comma}}"},
        }]},
    })  # fmt: skip
    found = desk.value("urn:datahub:AirQualityObserved:s15", "pm10")
    assert (found.value, found.unit) == (45, "ug/m3")


@served("S17", "전기화재 예방", "Electric fire prevention", "mapping", "electric", VALUE, OWN)
def test_s17_a_hot_arcing_panel_is_an_alarm(desk: Desk) -> None:
    desk.deliver(
        "electric", "replay/electric/s17", {"time": "{{iso}}", "ior_ma": 0.3, "temp_c": 85, "arc": 1}
    )
    assert (desk.alarm("panel-fire", "s17").value, desk.alarm("arc-seen", "s17").priority) == (85, 1)
    assert desk.value("s17", "leakage").unit == "mA"
    assert [each for each in desk.alarms("leakage-caution") if each.source == "s17"] == []


@served(
    "S20",
    "공유주차장",
    "Shared parking",
    "seoul GetParkingInfo",
    "parking",
    ("대수, 미연계는 값 없음", "counts; no free spaces without a link"),
    OUT,
)
def test_s20_trap_23_an_unlinked_lot_has_no_free_spaces(desk: Desk) -> None:
    now = "{{%Y-%m-%d %H:%M:%S}}"
    rows = [
        {"PKLT_CD": "s20a", "PKLT_NM": "시험 1", "PRK_STTS_YN": "1", "PRK_STTS_NM": "현재 주차대수 표현",
         "TPKCT": 120, "NOW_PRK_VHCL_CNT": 60, "NOW_PRK_VHCL_UPDT_TM": now},
        {"PKLT_CD": "s20b", "PKLT_NM": "시험 2", "PRK_STTS_YN": "0", "PRK_STTS_NM": "미연계중",
         "TPKCT": 40, "NOW_PRK_VHCL_CNT": 0, "NOW_PRK_VHCL_UPDT_TM": now},
    ]  # fmt: skip
    reply = {"list_total_count": 2, "RESULT": {"CODE": "INFO-000"}, "row": rows}
    desk.deliver("parking", "replay/parking/lots", {"GetParkingInfo": reply})
    assert (desk.value("s20a", "parked").value, desk.value("s20a", "free").value) == (60, 60)
    free = [each for each in desk.core.newest.all() if getattr(each, "source", "") == "s20b"]
    assert all(each.quantity != "free" or each.quality != "good" for each in free)


@served("S21", "IoT 공유주차", "Per-bay parking", "mapping", "parking", ("상태, 경보", "state, alarm"), OWN)
def test_s21_another_car_in_a_reserved_bay_is_an_alarm(desk: Desk) -> None:
    event = {"id": "s21-1", "type": "bay.unauthorised", "status": "occurred", "text": "예약 면에 다른 차량"}
    message = {"time": "{{iso}}", "state": "unauthorised", "minutes": 0, "event": event}
    desk.deliver("parking-bays", "replay/parking/bay/s21", message)
    assert desk.alarm("bay-unauthorised", "s21").text == "예약 면에 다른 차량"
    assert desk.value("s21", "bay_state").value == "unauthorised"


@served(
    "S24",
    "TOPIS 교통정보",
    "TOPIS traffic",
    "seoul TrafficInfo",
    "traffic",
    ("속도, 단위", "speed, unit"),
    ("돌발 정보(형식 시험에 있음), 카드", "incidents (in the tests of the form), card"),
)
def test_s24_the_speed_of_a_link_has_its_unit(desk: Desk) -> None:
    xml = (
        "<TrafficInfo><list_total_count>1</list_total_count><RESULT><CODE>INFO-000</CODE></RESULT><row>"
        "<link_id>1220003800</link_id><prcs_spd>45.2</prcs_spd><prcs_trv_time>80</prcs_trv_time></row></TrafficInfo>"
    )
    desk.deliver("traffic", "replay/traffic/topis", xml)
    found = desk.value("1220003800", "speed")
    assert (found.value, found.unit) == (45.2, "km/h")
