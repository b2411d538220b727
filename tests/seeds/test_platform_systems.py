"""S01 to S05 and S08 to S10: the centre itself, the platform's links, and people who call for help."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from console import register_import
from console.formats.forms import PlatformForm
from console.packs.replay import filled
from console.settings_tables import Feed
from db.asset_records import Asset
from db.records import Camera, CameraState
from tests.console.formats.register_files import CCTV
from tests.seeds.desk import Desk
from tests.seeds.table import served
from widgets.camera_pool import nearest

NOW = "{{%Y%m%d%H%M%S}}"
CODES = {"T112": "request.112", "T119": "request.119", "TNDMS": "request.disaster", "TCHILD": "child.missing",
         "TDEMENTIA": "dementia.leave", "THANDOVER": "handover"}  # fmt: skip
"""A site's own table of event codes, since no list of them is published."""
FEEDS = {
    "agencies": Feed(
        kind="platform", topics=("agencies",), priority=True, platform=PlatformForm(types=CODES)
    ),
    "safety-network": Feed(kind="senml", topics=("ps-lte/+",), silent_s=600),
}
SENDERS = {"s02": "B9900000002", "s03": "B9900000003", "s04": "B9900000004", "s05": "B9900000005",
           "s08": "B4117000000", "s10": "s10"}  # fmt: skip
ASSETS = [
    Asset("d", "district", "시험구"),
    *(Asset(each, "facility", each, parent="d", domain="person") for each in SENDERS),
    *(Asset(f"{each}-in", "device", each, parent=each, source=name) for each, name in SENDERS.items()),
]
CAMERAS = [
    Camera(f"cam{n}", f"시험 카메라 {n}", "rtsp://cameras.invalid/1", lon=126.88 + n / 1000, lat=37.49)
    for n in range(8)
]
WORDING = ("공식 이벤트 코드 목록(공개되지 않음)", "the official list of event codes (not published)")


def tell(desk: Desk, said: Any) -> None:
    """Let another agency send its message to the platform feed of the site."""
    assert desk.deliver("agencies", "agencies", said).stored == 1


def message(code: str, number: str, status: str = "10", sender: str = "B9900000002", **more: Any) -> Any:
    """A message of the platform in the form that KETI published."""
    body = {
        "startTag": "$DA", "evtId": code, "evtNm": "시험 이벤트", "evtGrad": "10", "ocrNbr": number,
        "ocrSts": status, "ocrPlc": "시험동 1-1", "ocrEvtTime": NOW, "ocrEvtStsTime": NOW,
        "ocrLc": {"crdntX": "126.8893", "crdntY": "37.4951", "crdntZ": "0"}, "ocrEvtItemCnt": "0",
        "ocrEvtItem": [], "endTag": "$DB", "finishTag": "$DF", **more,
    }  # fmt: skip
    return {"svcTy": "EVENT", "sendCd": sender, "rcvCd": "B9900000001", "encAt": "N", "reqDate": NOW,
            "sysCd": "IPC", "body": body}  # fmt: skip


@served(
    "S01",
    "도시통합운영센터",
    "Operations centre",
    "register CSV",
    "cctv",
    (
        "CCTV 등록부, 카메라 상태, 전화 신고의 상황 등록·전파 기록·종료, 카드, 센터 송신",
        "CCTV register, camera states, a phone report opened, passed on and closed, card, centre",
    ),
    ("일일상황보고(없음)", "daily report (there is none yet)"),
)
def test_s01_a_phone_report_is_opened_passed_on_and_closed(desk: Desk) -> None:
    file = desk.core.folder.parent / "cctv.csv"
    file.write_bytes(CCTV.encode("cp949"))
    read = register_import.read(file, ("utf-8", "cp949"))
    cameras = [each for each in read.assets if each.kind == "device"]
    assert (read.rows, cameras[0].purpose, cameras[0].retention_days) == (5, "생활방범", 30)

    live = [CameraState(each.id, "live", 100, 0) for each in CAMERAS[1:]]
    desk.act("camera.report", states=[*live, CameraState("cam0", "offline", None, 0)], workers=[])
    desk.core._housekeeping.lamps()
    lamp = desk.lamp("all")
    assert (lamp.kind, lamp.state, lamp.number, lamp.total) == ("camera", "warn", 7, 8)
    desk.deliver("cctv", "replay/cctv/s01/stat", {"time": "{{iso}}", "true_n": 3, "false_n": 1, "fps": 12})
    assert desk.card("cctv", "ko", "s01") == ["정탐 3", "오탐 1", "최저 12.0 /s"]
    assert desk.card("cctv", "en", "s01") == ["true 3", "false 1", "slowest 12.0 /s"]

    opened = desk.act("incident.open", title="차량털이 신고", type="theft", level=2, place="시험로 5")
    name = opened["id"]
    desk.act("incident.note", incident=name, text="상황전파: 112, 유선")
    assert desk.central("incident.opened", name).payload["title"] == "차량털이 신고"
    assert desk.central("incident.noted", name).payload["text"] == "상황전파: 112, 유선"
    desk.act("incident.close", incident=name, result="resolved", text="현행범 인계")
    assert desk.central("incident.closed", name).payload["result"] == "resolved"


@served(
    "S02",
    "스마트시티 통합플랫폼",
    "Integrated platform",
    "platform",
    "person",
    (
        "발생·변경·해제와 알람, 발생보다 먼저 온 해제, 중복, 폼 인코딩, 카드, 플랫폼·허브·센터 송신",
        "occurrence, change and end with the alarm, an end before its beginning, repetition, form encoding, "
        "card; out to platform, hub and centre",
    ),
    WORDING,
)
def test_s02_trap_7_a_platform_event_lives_and_may_close_before_it_opens(desk: Desk) -> None:
    first = message("MOJUC110", "99000000000021", ocrEvtCn="접근금지구역 침입", evtNm="전자발찌 위치추적")
    sent = filled(json.dumps(first, ensure_ascii=False), desk.clock.now_ms())
    once, again = (desk.deliver("person", "replay/person/platform", sent) for _ in range(2))
    assert (once.stored, again.stored, again.duplicate) == (1, 0, 1)
    alarm = desk.alarm("person-sos", SENDERS["s02"])
    assert (alarm.priority, alarm.look, alarm.place) == (1, "event", "시험동 1-1")
    assert alarm.text == "전자발찌 위치추적\n접근금지구역 침입"
    assert desk.board("s02", "ko") == ["이상", "알람 1"]
    assert desk.board("s02", "en") == ["Abnormal", "alarms 1"]

    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in first.items()}
    changed = form | {"body": json.dumps(first["body"] | {"ocrSts": "40", "ocrPlc": "시험동 2"})}
    encoded = urlencode(changed).replace("%7B%7B", "{{").replace("%7D%7D", "}}").replace("%25", "%")
    by_form = desk.deliver("person", "replay/person/platform", encoded)
    assert (by_form.stored, by_form.set_aside) == (1, 0)
    change = desk.event("99000000000021")
    assert (change.status, change.place) == ("changed", "시험동 2")

    incident = desk.incident(alarm, title="전자발찌 침입 대응")
    desk.act("incident.close", incident=incident.id, result="조치완료", text="보호관찰소 인계")
    _, over = desk.told("전자발찌 침입 대응", "10", "91")
    assert (over["ocrEvtSts"], over["ocrEvtCn"]) == (
        {"ocrEvtStsCd": "91", "ocrEvtStsDtl": "완료"},
        "조치완료",
    )
    assert desk.alert(alarm)["severity"] == "critical"
    assert desk.central("alarm.raised", alarm.id).payload["rule"] == "person-sos"
    desk.deliver("person", "replay/person/platform", message("MOJUC110", "99000000000021", "50"))
    desk.until(lambda: desk.alarm("person-sos", SENDERS["s02"]).returned_ms, "the end of the event")

    early = message("MOJUC110", "99000000000022", "50")
    late = message("MOJUC110", "99000000000022", "10")
    assert [desk.deliver("person", "replay/person/platform", each).stored for each in (early, late)] == [1, 1]
    assert [each for each in desk.alarms("person-sos") if each.id.endswith("99000000000022")] == []


@served(
    "S03",
    "112·119 긴급영상·출동 지원",
    "Video for police (112) and fire (119)",
    "platform",
    "person",
    (
        "112 요청이 최우선 알람, 주변 카메라 5대, 상황 등록, 카드, 해제 회신, 허브·센터 송신",
        "a request of 112 comes first, the five cameras around it, incident, card, "
        "the end told back, hub and centre",
    ),
    WORDING,
)
def test_s03_a_request_of_112_comes_first_with_the_cameras_around_it(desk: Desk) -> None:
    police = SENDERS["s03"]
    tell(desk, message("T112", "20261122120000001", sender=police,
                                                 evtNm="112 영상 지원", ocrEvtCn="폭행 신고"))  # fmt: skip
    alarm = desk.alarm("agency-request", police)
    assert (alarm.priority, alarm.text, alarm.place) == (1, "112 영상 지원\n폭행 신고", "시험동 1-1")
    assert desk.guidance(alarm, "ko").startswith("1. 요청 기관과 접수번호를 확인")
    assert desk.guidance(alarm, "en").startswith("1. Check agency and reception number")
    assert alarm.lon is not None and alarm.lat is not None
    near = nearest(desk.core.settings.cameras, alarm.lon, alarm.lat, 5)
    assert [each.id for each in near] == ["cam7", "cam6", "cam5", "cam4", "cam3"]
    assert desk.board("s03", "ko") == ["이상", "알람 1"]

    incident = desk.incident(alarm, title="112 폭행 영상 지원", cameras=[each.id for each in near])
    assert (incident.level, incident.cameras) == (1, ("cam3", "cam4", "cam5", "cam6", "cam7"))
    assert desk.central("incident.opened", incident.id).payload["alarms"] == [alarm.id]
    assert desk.alert(incident)["address"] == "시험동 1-1"
    desk.act("incident.close", incident=incident.id, result="조치완료", text="출동 종료")
    begun, _ = desk.told("112 폭행 영상 지원", "10", "91")
    assert (begun["ocrPlc"], begun["evtNm"]) == ("시험동 1-1", "112 폭행 영상 지원")


@served(
    "S04",
    "사회적 약자 지원(아동·치매환자)",
    "Vulnerable people",
    "platform",
    "person",
    (
        "실종아동·치매환자 알람과 취소, 카드, 안내, 플랫폼·센터 송신",
        "missing child and patient as alarms, a cancellation, card, guidance, platform and centre",
    ),
    WORDING,
)
def test_s04_a_missing_child_and_a_patient_who_left_are_alarms(desk: Desk) -> None:
    telco = SENDERS["s04"]
    tell(desk, message("TCHILD", "20261122120000041", sender=telco, evtNm="실종아동"))
    tell(desk, message("TDEMENTIA", "20261122120000042", sender=telco, evtNm="치매환자"))
    desk.until(lambda: len(desk.alarms("person-sos", telco)) == 2 or None, "both alarms")
    assert {each.text for each in desk.alarms("person-sos", telco)} == {"실종아동", "치매환자"}
    assert desk.board("s04", "ko") == ["이상", "알람 2"]
    assert "보호자·112에 통보" in desk.guidance(desk.alarm("person-sos", telco), "ko")

    tell(desk, message("TCHILD", "20261122120000041", "90", sender=telco))
    child = next(each for each in desk.alarms("person-sos", telco) if each.text == "실종아동")
    desk.until(lambda: desk.event("20261122120000041").status == "cancelled" or None, "the cancellation")
    desk.told("치매환자", "10")
    desk.told("실종아동", "10", "50")
    assert desk.central("alarm.returned", child.id).payload["priority"] == 1


@served(
    "S05",
    "재난구호·방범 CCTV 공동 활용",
    "Disaster and crime prevention share CCTV",
    "platform, CAP",
    "disaster",
    (
        "재난상황실 요청과 CAP 경보의 알람, 훈련은 알람 없음, 카드, CAP·플랫폼·허브 송신",
        "the room's request and a CAP alert as alarms, none for an exercise, card; CAP, platform, hub",
    ),
)
def test_s05_the_disaster_room_asks_and_a_cap_alert_comes(desk: Desk) -> None:
    room = SENDERS["s05"]
    tell(desk, message("TNDMS", "20261122120000051", sender=room, evtNm="하천 범람"))
    assert desk.alarm("agency-request", room).priority == 1
    assert desk.board("s05", "en") == ["Abnormal", "alarms 1"]
    for identifier, status in (("S05", "Actual"), ("S05X", "Exercise")):
        desk.deliver("disaster", "replay/disaster/cap", cap(identifier, status))
    alarm = desk.until(
        lambda: next((each for each in desk.alarms("alert-rain-warning") if "|S05|" in each.id), None), "HRW"
    )
    assert (alarm.priority, alarm.place) == (2, "시험구")
    assert [each for each in desk.alarms() if "|S05X|" in each.id] == []
    gauge = {"ts": "{{epoch_ms}}", "level": 1.9, "rain": 12}
    desk.deliver("disaster-gauges", "replay/disaster/gauge/s05", gauge)
    assert desk.card("disaster", "ko", "s05") == ["수위 1.90 m 주의", "강우 12.0 mm"]
    assert desk.card("disaster", "en", "s05") == ["Water level 1.90 m caution", "rain 12.0 mm"]

    incident = desk.incident(desk.alarm("agency-request", room), title="하천 범람 대피")
    said = desk.warned("하천 범람 대피")
    assert (said["status"], said["areaDesc"], said["language"]) == ("Actual", "시험동 1-1", "ko-KR")
    desk.act("incident.close", incident=incident.id, result="조치완료", text="수위 내려감")
    assert desk.warned("하천 범람 대피", "Cancel")["references"].startswith("gwanje@example.kr,")
    desk.told("하천 범람 대피", "10", "91")
    assert desk.alert(alarm)["severity"] == "high"


def cap(identifier: str, status: str) -> str:
    """A heavy-rain warning of the Korean profile."""
    return (
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>{identifier}</identifier><sender>kma@korea.kr</sender><sent>{{{{iso_s}}}}</sent>"
        f"<status>{status}</status><msgType>Alert</msgType><scope>Public</scope><code>대한민국정부1.0</code>"
        "<info><language>ko-KR</language><category>Met</category><event>호우경보</event>"
        "<urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>"
        "<eventCode><valueName>TTAS.KO-07.0046/R5 재난 종류 코드</valueName><value>HRW</value></eventCode>"
        "<headline>호우경보</headline><area><areaDesc>시험구</areaDesc><geocode><valueName>행정구역코드</valueName>"
        "<value>1153000000</value></geocode></area></info></alert>"
    )


@served(
    "S08",
    "안양 광역 안전망(16개 센터)",
    "Wide-area safety net of 16 centres",
    "platform",
    "person",
    (
        "인근 센터의 인계, 같은 번호의 두 도시, 카드, 다음 센터로 인계 전문, 센터 송신",
        "handed over by a neighbour, one number of two cities, card, handed on to the next, centre",
    ),
    WORDING,
)
def test_s08_trap_8_what_a_neighbour_hands_over_is_handed_on(desk: Desk) -> None:
    anyang, gunpo = SENDERS["s08"], "B4141000000"
    for city in (anyang, gunpo):
        tell(desk, message("THANDOVER", "20261122120000", sender=city, evtNm="이동 추적 인계"))
    alarm, other = desk.alarm("person-handover", anyang), desk.alarm("person-handover", gunpo)
    assert (alarm.priority, alarm.text) == (2, "이동 추적 인계") and alarm.id != other.id
    assert desk.board("s08", "ko") == ["이상", "알람 1"]
    assert "관할을 벗어나면 다음 센터로 인계" in desk.guidance(alarm, "ko")
    desk.incident(alarm, title="추적 대상 인계")
    (on,) = desk.told("추적 대상 인계", "10")
    assert (on["ocrPlc"], on["evtGrad"]) == ("시험동 1-1", "2")
    alone = desk.told("이동 추적 인계", "10")[0]
    assert alone["ocrLc"]["crdntX"] == "126.889300"
    assert desk.central("alarm.raised", alarm.id).payload["source"] == anyang


@served(
    "S09",
    "재난안전통신망 IoT 연계",
    "IoT over the disaster-safety network",
    "senml",
    "air",
    (
        "SenML 값과 단위, 별도 연계 상태, 카드, 내보내기, 허브 송신",
        "values and units of SenML, a lamp of its own, card, export, hub",
    ),
)
def test_s09_compound_sensors_come_over_the_safety_network(desk: Desk) -> None:
    pack = [
        {"bn": "s09/", "bt": 0, "n": "pm10", "u": "ug/m3", "v": 92},
        {"n": "temperature", "u": "Cel", "v": 3.5},
        {"n": "noise", "u": "dB", "v": 61},
    ]
    assert desk.deliver("safety-network", "ps-lte/1", pack).stored == 1
    dust, cold = desk.value("s09", "pm10"), desk.value("s09", "temperature")
    assert (dust.value, dust.unit, cold.value, cold.unit) == (92.0, "ug/m3", 3.5, "Cel")
    assert desk.lamp("safety-network").kind == "feed"
    assert desk.card("air", "ko", "s09")[0] == "PM10 92 µg/m³ 나쁨"
    assert desk.card("air", "en", "s09")[0] == "PM10 92 µg/m³ bad"
    assert desk.alarms("pm10-advisory", "s09") == []
    assert [(each["항목"], each["표준용어"]) for each in desk.export("s09", "pm10")] == [
        ("pm10", "미세먼지농도")
    ]
    assert desk.measurement("s09", "pm10")["numValue"] == 92.0


@served(
    "S10",
    "안전귀가",
    "Safe home",
    "mapping",
    "person",
    (
        "SOS·위치 미수신 알람과 해제, 주변 카메라, 카드, 상황, 센터 송신, 위치의 개인정보 표시",
        "SOS and lost position as alarms, the end, cameras around, card, incident, centre, marked personal",
    ),
    ("종료 후 위치 삭제(없음)", "positions deleted on closing (not there yet)"),
)
def test_s10_a_shaken_phone_is_an_alarm_until_it_is_safe(desk: Desk) -> None:
    def sos(status: str) -> None:
        desk.deliver("person-app", "replay/person/app/s10/event", {
            "time": "{{iso}}", "type": "sos", "id": "s10-1", "status": status, "text": "흔들기 호출",
            "place": "시험골목", "lon": 126.892, "lat": 37.492,
        })  # fmt: skip

    sos("발생")
    alarm = desk.alarm("person-sos", "s10")
    assert (alarm.priority, alarm.text, alarm.place) == (1, "흔들기 호출", "시험골목")
    near = nearest(desk.core.settings.cameras, alarm.lon or 0, alarm.lat or 0)
    assert [each.id for each in near][:2] == ["cam7", "cam6"]
    desk.deliver("person-app", "replay/person/app/s10/position",
                 {"time": "{{iso}}", "age": 190, "lon": 126.892, "lat": 37.492})  # fmt: skip
    lost = desk.alarm("person-lost", "s10")
    assert (lost.value, lost.unit, lost.priority) == (190.0, "s", 2)
    desk.deliver("person-app", "replay/person/app/s10/summary", {"time": "{{iso}}", "walkers": 12, "open": 1})
    assert desk.card("person", "ko", "s10") == ["요청 1", "귀가 중 이용자 12"]
    assert desk.card("person", "en", "s10") == ["requests 1", "People on their way 12"]
    assert desk.board("s10", "ko") == ["이상", "알람 2"]

    incident = desk.incident(alarm, title="안전귀가 호출")
    sos("종료")
    desk.until(lambda: desk.alarm("person-sos", "s10").returned_ms, "the end of the call")
    desk.act("incident.close", incident=incident.id, result="resolved", text="귀가 확인")
    desk.told("안전귀가 호출", "10", "91")
    assert desk.central("incident.closed", incident.id).payload["text"] == "귀가 확인"
    assert [each["개인정보"] for each in desk.export("s10", "position_age")] == ["예"]
