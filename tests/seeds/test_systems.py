"""S11 to S19, S22, S23 and S25: video, the data hub, electric fire, poles, and what is served by exports."""

from __future__ import annotations

import json

from console.maps.atlas import Atlas
from console.maps.tables import MapFile
from console.places import print_places
from db.asset_records import Asset
from tests.seeds.desk import HUB_ENDPOINT, HUB_TYPES, Desk
from tests.seeds.table import served

POLE = "s22"
ASSETS = [
    Asset("d", "district", "시험구"),
    Asset(POLE, "facility", "시험 스마트폴", parent="d", domain="pole"),
    Asset("s22.power", "device", "전원", parent=POLE, source="s22.power", silent_after_s=3600),
    *(
        Asset(f"s22.{part}", "device", part, parent=POLE, source=f"s22.{part}", silent_after_s=1200,
              power_parent="s22.power")
        for part in ("lamp", "wifi")
    ),
    Asset("s17-market", "facility", "시험시장", parent="d", domain="electric"),
    Asset("s17-panel", "device", "가동 1번 분전반", parent="s17-market", source="s17",
          lon=126.8895, lat=37.4987),
]  # fmt: skip
AGREEMENT = ("제공 협약과 소집단 가림(없음)", "agreement and hiding of small groups (not there yet)")


@served(
    "S11",
    "안양 민·관 데이터 협력",
    "Private-public data cooperation",
    "mapping",
    "people",
    (
        "사람을 알 수 없는 집계의 이름 붙은 내보내기(한·영)",
        "labelled export of counts without persons, ko and en",
    ),
    AGREEMENT,
)
def test_s11_counts_are_handed_over_with_their_standard_names(desk: Desk) -> None:
    desk.deliver("people-gates", "replay/people/gate/s11", {"time": "{{iso}}", "density": 0.4, "count": 57})
    (row,) = desk.export("s11", "people")
    assert (row["항목명"], row["표준용어"], row["분류"]) == ("방문자수", "방문자수", "인구")
    assert (row["값"], row["단위"], row["통계"], row["개인정보"]) == ("57.0", "{person}", "sum", "아니오")
    (english,) = desk.export("s11", "people", language="en")
    assert (english["quantity name"], english["personal data"]) == ("Visitors", "no")
    assert desk.card("people", "ko", "s11") == ["밀집도 0.4 /m² 여유"]


@served(
    "S12",
    "지능형 CCTV",
    "Intelligent CCTV",
    "mapping",
    "cctv",
    (
        "KISA 분류별 우선순위, 재알림 간격, 카드, 상황과 오탐 종료, 허브·센터 송신",
        "priorities by KISA's classes, cool-down, card, incident closed as false, hub and centre",
    ),
)
def test_s12_a_fall_is_an_alarm_and_loitering_a_small_one(desk: Desk) -> None:
    def seen(number: int, kind: str, name: str) -> None:
        desk.deliver("cctv", "replay/cctv/s12/event", {
            "EVNT_ID": f"ABA_{number}", "EVNT_NM": name, "EVNT_TYPE_CD": kind, "CCTV_NM": "시험 카메라",
            "STTS": "발생", "WGS84_LAT": 37.4931, "WGS84_LOT": 126.8871, "score": 87,
            "SHT_DT": "{{%Y-%m-%d %H:%M:%S}}",
        })  # fmt: skip

    seen(1, "fall", "쓰러짐")
    fall = desk.alarm("video-danger", "s12")
    assert (fall.priority, fall.text, fall.place, fall.look) == (1, "쓰러짐", "시험 카메라", "event")
    score = desk.value("s12", "score")
    assert (score.value, score.unit) == (87.0, "%")
    for number in (2, 3, 4):
        seen(number, "loitering", "배회")
    assert desk.alarm("video-loitering", "s12").priority == 4
    assert len(desk.alarms("video-loitering", "s12")) == 1
    desk.deliver("cctv", "replay/cctv/s12/stat", {"time": "{{iso}}", "true_n": 9, "false_n": 21, "fps": 15})
    assert desk.alarm("video-false", "s12").value == 21
    assert desk.card("cctv", "ko", "s12") == ["정탐 9", "오탐 21", "최저 15.0 /s"]
    assert desk.card("cctv", "en", "s12") == ["true 9", "false 21", "slowest 15.0 /s"]
    incident = desk.incident(fall)
    desk.act("incident.close", incident=incident.id, result="오탐", text="그림자")
    assert desk.central("incident.closed", incident.id).payload["result"] == "오탐"
    assert desk.alert(fall)["severity"] == "critical"


@served(
    "S13",
    "대구 AI 영상분석",
    "Daegu AI image analysis",
    "ngsi-ld",
    "traffic",
    (
        "교차로 교통량·점유율·속도와 단위, 사고 알람, 카드, 허브·센터 송신",
        "flow, occupancy and speed of junctions, an accident as an alarm, card, hub and centre",
    ),
)
def test_s13_a_junction_tells_its_flow_and_its_accident(desk: Desk) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [128.6, 35.87]}}
    flow = {
        "id": "urn:ngsi-ld:TrafficFlowObserved:s13", "type": "TrafficFlowObserved", "location": place,
        "dateObserved": {"type": "Property", "value": {"@type": "DateTime", "@value": "{{iso_z}}"}},
        "intensity": {"type": "Property", "value": 197}, "occupancy": {"type": "Property", "value": 0.76},
        "averageVehicleSpeed": {"type": "Property", "value": 17.5, "unitCode": "KMH"},
    }  # fmt: skip
    desk.deliver("seeds-ngsi-ld", "seeds/ngsi-ld/s13", flow)
    occupancy, speed = desk.value("s13", "occupancy"), desk.value("s13", "speed")
    assert (occupancy.value, occupancy.unit, speed.value, speed.unit) == (76.0, "%", 17.5, "km/h")
    assert desk.value("s13", "vehicles").value == 197
    assert desk.card("traffic", "ko", "s13")[0] == "최저 17.5 km/h 지체"
    assert desk.card("traffic", "en", "s13")[0] == "lowest 17.5 km/h delayed"
    accident = {
        "id": "urn:ngsi-ld:Alert:s13", "type": "Alert", "location": place,
        "category": {"type": "Property", "value": "traffic"},
        "subCategory": {"type": "Property", "value": "carAccident"},
        "severity": {"type": "Property", "value": "high"},
        "dateIssued": {"type": "Property", "value": "{{iso_z}}"},
        "description": {"type": "Property", "value": "신천대로 추돌"},
    }  # fmt: skip
    desk.deliver("seeds-ngsi-ld", "seeds/ngsi-ld/s13", accident)
    alarm = desk.alarm("road-accident", "s13")
    assert (alarm.priority, alarm.text, alarm.lon, alarm.lat) == (2, "신천대로 추돌", 128.6, 35.87)
    assert (desk.alert(alarm)["category"], desk.alert(alarm)["subCategory"]) == ("traffic", "carAccident")
    assert desk.central("alarm.raised", alarm.id).payload["text"] == "신천대로 추돌"


@served(
    "S15",
    "도시데이터허브",
    "Urban data hub",
    "ngsi-ld",
    "datahub",
    (
        "알림의 값·단위·시각, 카드, 구독, 알람과 수신값의 일괄 등록",
        "values, units and times of a notification, card, subscription, upsert of alarms and readings",
    ),
)
def test_s15_trap_15_a_notification_of_the_hub_is_read_and_answered_by_upserts(desk: Desk) -> None:
    air, lot = "urn:datahub:AirQualityObserved:s15", "urn:datahub:OffStreetParking:s15"
    entities = [
        {"id": air, "type": "AirQualityObserved",
         "airQualityObservation": {"type": "Property", "value": {"pm10": 152}, "observedAt": "{{iso_comma}}"},
         "airQualityIndexObservation": {"type": "Property", "value": {"totalCategory": "나쁨"}}},
        {"id": lot, "type": "OffStreetParking",
         "totalSpotNumber": {"type": "Property", "value": 90, "observedAt": "{{iso_comma}}"},
         "availableSpotNumber": {"type": "Property", "value": 31, "observedAt": "{{iso_comma}}"}},
    ]  # fmt: skip
    told = {
        "metadata": {"Content-Type": "application/json", "Link": '["http://example.invalid/context.jsonld"]'},
        "body": {"id": "urn:ngsi-ld:Notification:1", "type": "Notification", "data": entities},
    }
    assert desk.deliver("datahub", "replay/datahub/air", told).stored == 1
    dust = desk.value(air, "pm10")
    assert (dust.value, dust.unit, desk.value(lot, "free").value) == (152, "ug/m3", 31)
    assert abs(dust.observed_ms - desk.clock.now_ms()) < 60_000
    assert desk.card("datahub", "ko", air, lot) == ["PM10 152 µg/m³ 매우나쁨", "빈 면 31/90"]
    assert desk.card("datahub", "en", air, lot) == ["PM10 152 µg/m³ very bad", "free 31/90"]
    assert desk.alarms(source=air) == []

    desk.hub.wait(lambda hub: bool(hub.subscriptions))
    (subscription,) = desk.hub.subscriptions.values()
    assert {each["type"] for each in subscription["entities"]} == set(HUB_TYPES)
    assert subscription["notification"]["endpoint"]["uri"] == HUB_ENDPOINT
    sent = desk.measurement(air, "pm10")
    assert (sent["type"], sent["numValue"]) == ("DeviceMeasurement", 152)


@served(
    "S16",
    "대구 국제 협력·수상",
    "Daegu global partnership",
    "–",
    "indicators",
    ("지표 보고(산식과 증빙, 한·영)", "report of indicators with formula and evidence, ko and en"),
)
def test_s16_a_partner_gets_the_indicators_with_their_evidence(desk: Desk) -> None:
    rows = {each["지표"]: each for each in desk.indicators("ko")}
    assert (rows["SC-01"]["이름"], rows["SC-01"]["산식"]) == ("연계 시스템 수", "feeds")
    assert rows["SC-01"]["값"] == str(len(desk.core.settings.feeds))
    assert rows["SC-02"]["단위"] == "%" and rows["SC-02"]["증빙"] == "gwanje status"
    english = {each["id"]: each for each in desk.indicators("en")}
    assert english["SC-01"]["name"] == "Linked systems"


@served(
    "S17",
    "전기화재 예방",
    "Electric fire prevention",
    "mapping",
    "electric",
    (
        "값·단위, 아크·과열 알람과 누설 알람의 부재, 복귀, 카드, 안내, 상황, 내보내기, 허브·센터 송신",
        "values, arcs and heat as alarms, none for leakage, return, card, guidance, incident, export, hub",
    ),
    ("공급사 실제 형식(알려지지 않음)", "the supplier's own form (not known)"),
)
def test_s17_a_hot_arcing_panel_is_an_alarm(desk: Desk) -> None:
    def panel(heat: float, arcs: int) -> None:
        found = {"time": "{{iso}}", "ior_ma": 0.3, "load_a": 18, "volt_v": 221, "temp_c": heat, "arc": arcs}
        desk.deliver("electric", "replay/electric/s17", found)

    panel(85, 1)
    fire = desk.alarm("panel-fire", "s17")
    assert (fire.value, fire.unit, fire.limit, desk.alarm("arc-seen", "s17").priority) == (85, "Cel", 80, 1)
    assert (desk.value("s17", "leakage").unit, desk.value("s17", "line_voltage").unit) == ("mA", "V")
    assert desk.alarms("leakage-caution", "s17") == desk.alarms("line-overvoltage", "s17") == []
    assert desk.card("electric", "ko", "s17") == ["누설 0.30 mA 정상", "정상 1", "온도 85.0 °C"]
    assert desk.card("electric", "en", "s17") == ["Leakage 0.30 mA normal", "normal 1", "heat 85.0 °C"]
    assert desk.board("s17-market", "ko") == ["이상", "알람 2"]
    assert "119에 신고" in desk.guidance(fire, "ko") and "Call 119" in desk.guidance(fire, "en")
    incident = desk.incident(fire, place="시험시장 가동 1번")
    assert desk.alert(incident)["address"] == "시험시장 가동 1번"
    assert desk.alert(fire)["subCategory"] == "buildingFire"
    (row,) = desk.export("s17", "panel_temperature")
    assert (row["표준용어"], row["값"], row["단위"]) == ("온도", "85.0", "Cel")
    panel(30, 0)
    desk.until(lambda: desk.alarm("panel-fire", "s17").returned_ms, "the return to normal")
    assert desk.central("alarm.returned", fire.id).payload["state"] == "returned"


@served(
    "S18",
    "대전 데이터·AI 사회문제 해결, 민간서비스 연계",
    "Data and AI for social problems, private services",
    "–",
    "datahub",
    (
        "허브에 등록되는 표준 자료와 이름 붙은 내보내기",
        "entities at the hub and labelled exports for other firms",
    ),
    AGREEMENT,
)
def test_s18_another_firm_gets_our_readings_from_the_hub_and_as_a_file(desk: Desk) -> None:
    desk.deliver("air", "replay/air/s18", {"측정시간": "{{%Y%m%d%H%M}}", "소음": 58})
    sent = desk.measurement("s18", "noise")
    assert (sent["refDevice"], sent["controlledProperty"], sent["numValue"]) == ("s18", "noise", 58)
    (row,) = desk.export("s18", "noise")
    assert (row["항목명"], row["값"], row["품질"]) == ("소음", "58.0", "good")


@served(
    "S22",
    "스마트폴",
    "Smart pole",
    "mapping, ngsi-ld",
    "pole",
    (
        "폴 정전은 알람 하나, 하위 장치는 억제, 복귀, 카드, 허브·센터 송신",
        "an outage is one alarm, what hangs on it is suppressed, return, card, hub and centre",
    ),
    ("공급사 실제 형식(알려지지 않음)", "the supplier's own form (not known)"),
)
def test_s22_trap_21_the_outage_of_a_pole_is_one_alarm(desk: Desk) -> None:
    def part(name: str, **found: object) -> None:
        desk.deliver("pole", f"replay/pole/{POLE}/{name}", {"ts": "{{epoch_s}}", **found})

    def all_parts() -> None:
        part("power", voltage=221)
        part("lamp", power=38, state="on")
        part("wifi", clients=14)

    all_parts()
    assert desk.card("pole", "ko", "s22.lamp", "s22.wifi") == ["점등 1", "평균 소비전력 38.0 W", "접속 14"]
    assert desk.card("pole", "en", "s22.lamp", "s22.wifi") == ["on 1", "mean Lamp power 38.0 W", "clients 14"]
    hub_lamp = {
        "id": "urn:ngsi-ld:Streetlight:s22-hub", "type": "Streetlight",
        "powerState": {"type": "Property", "value": "off", "observedAt": "{{iso_z}}"},
    }  # fmt: skip
    desk.deliver("seeds-ngsi-ld", "seeds/ngsi-ld/s22", hub_lamp)
    assert desk.value("s22-hub", "lamp_state").value == "off"
    assert desk.card("pole", "ko", "s22.lamp", "s22-hub")[0] == "점등 1 · 소등 1"

    desk.go_on(60)
    part("power", voltage=0)
    outage = desk.alarm("pole-outage", "s22.power")
    desk.go_on(1300)
    part("power", voltage=0)
    silent = [desk.alarm("lamp-silent", "s22.lamp"), desk.alarm("pole-wifi-silent", "s22.wifi")]
    assert [(each.shown, each.suppressed_by) for each in silent] == [("suppressed", outage.id)] * 2
    announced = [each.rule for each in desk.alarms() if each.source.startswith("s22") and each.is_announced]
    assert announced == ["pole-outage"]
    desk.go_on(60)
    all_parts()
    desk.until(lambda: desk.alarm("pole-outage", "s22.power").returned_ms, "power again")
    desk.until(lambda: not desk.alarms("lamp-silent", "s22.lamp") or None, "nobody is asked about the lamp")
    assert desk.central("alarm.raised", outage.id).payload["source"] == "s22.power"
    assert desk.alert(outage)["severity"] == "high"


@served(
    "S23",
    "디지털 트윈(S-Map·Virtual Seoul)",
    "Digital twin (S-Map, Virtual Seoul)",
    "GeoJSON",
    "datahub",
    (
        "건물 윤곽 레이어가 지도에, 장치·알람·상황이 GeoJSON으로",
        "outlines of buildings on the map; devices, alarms and incidents out as GeoJSON",
    ),
    ("3차원 표현(트윈의 일)", "three dimensions (the twin's)"),
)
def test_s23_a_twin_gives_outlines_and_gets_devices_alarms_and_incidents(desk: Desk) -> None:
    ring = [[126.889, 37.498], [126.890, 37.498], [126.890, 37.499], [126.889, 37.498]]
    building = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {"name": "시험시장", "class": "building"}}  # fmt: skip
    folder = desk.core.folder.parent
    layer = json.dumps({"type": "FeatureCollection", "features": [building]}, ensure_ascii=False)
    (folder / "smap.geojson").write_text(layer, encoding="utf-8")
    atlas = Atlas([MapFile(id="smap", file="smap.geojson", kind="geojson")], folder, [])
    shapes = atlas.layer("smap")
    assert (shapes.features, shapes.left, shapes.labels[0][0]) == (1, 0, "시험시장")

    desk.deliver("electric", "replay/electric/s17", {"time": "{{iso}}", "ior_ma": 0.2, "temp_c": 88})
    incident = desk.incident(desk.alarm("panel-fire", "s17"), title="분전반 과열")
    assert print_places(desk.core.folder, folder / "places.geojson") == 0
    found = json.loads((folder / "places.geojson").read_text(encoding="utf-8"))
    by_id = {each["id"]: each for each in found["features"]}
    device = by_id["s17-panel"]
    assert device["geometry"] == {"type": "Point", "coordinates": [126.8895, 37.4987]}
    heat = next(each for each in device["properties"]["values"] if each["quantity"] == "panel_temperature")
    assert (heat["value"], heat["unit"], heat["forecast"]) == (88.0, "Cel", False)
    alarm = by_id["panel-fire|s17|panel_temperature"]
    assert (alarm["properties"]["priority"], alarm["geometry"]) == (1, device["geometry"])
    assert by_id[incident.id]["properties"]["name"] == "분전반 과열"


@served(
    "S25",
    "더강남 앱",
    "The Gangnam App",
    "–",
    "parking",
    (
        "수신 없음; 앱이 쓰는 자료의 내보내기(엑셀이 여는 UTF-8)",
        "no feed; the export an app uses, UTF-8 that Excel opens",
    ),
    AGREEMENT,
)
def test_s25_an_app_gets_a_file_that_excel_opens(desk: Desk) -> None:
    desk.deliver("parking-bays", "replay/parking/bay/s25", {"time": "{{iso}}", "state": "free", "minutes": 0})
    (row,) = desk.export("s25", "bay_state")
    assert row["값"] == "free" and "unauthorised=부정주차" in row["코드"]
    (english,) = desk.export("s25", "bay_state", language="en")
    assert "unauthorised=unauthorised" in english["codes"]
