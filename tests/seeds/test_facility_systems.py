"""S28 to S32, S46 and S50: structures, crosswalks, shelters, lights and the network."""

from __future__ import annotations

import pytest

from console.alarms.force import is_day
from db.asset_records import Asset, AssetState, Condition
from tests.seeds.desk import Desk
from tests.seeds.table import served

OWN = ("공급사 실제 형식(공개되지 않음)", "the supplier's own form (not published)")
ASSETS = [
    Asset("d", "district", "시험구"),
    Asset("market", "facility", "시험시장", parent="d", domain="facility"),
    Asset("market-wall", "device", "담장", parent="market", source="s50-wall", silent_after_s=900),
    Asset(
        "market-wall/tilt", "channel", "기울기", parent="market-wall", source="s50-wall", quantity="tilt_x"
    ),
    Asset("shop", "facility", "민간 점포", parent="d", domain="network"),
    Asset("shop-link", "device", "점포 회선", parent="shop", source="s50-link", silent_after_s=900),
    Asset("shop-link/rtt", "channel", "지연", parent="shop-link", source="s50-link", quantity="latency"),
]


@served(
    "S28",
    "시설물 안전관리",
    "Structure safety",
    "mapping",
    "structure",
    (
        "기준 대비 변화와 급변의 경보, 안전등급, 카드, 표준용어·코드가 붙은 내보내기, 허브 Alert",
        "alarms on the change since the baseline and on its rate, grade, card, labelled export, Alert",
    ),
    (
        "공식 한계값(공개되지 않음), 공급사 실제 형식",
        "official limits (not published), the supplier's own form",
    ),
)
def test_s28_a_wall_is_judged_by_its_change_and_shown_by_its_grade(desk: Desk) -> None:
    for before_s, tilt in ((36_000, 0.513), (32_000, 0.517), (20_000, 0.515), (1800, 0.52)):
        measured(desk, "s28", before_s, tilt, "B")
    assert desk.alarms(source="s28") == []  # half a degree is what it has always been

    measured(desk, "s28", 0, 0.66, "D")
    caution = desk.alarm("tilt-x-caution", "s28")
    assert (caution.limit, caution.unit) == (0.115, "deg")
    assert caution.value == pytest.approx(0.147)
    assert desk.alarm("tilt-rate", "s28").priority == 2
    assert desk.alarms("tilt-x-action", "s28") == []
    assert (desk.value("s28", "tilt_x").value, desk.value("s28", "safety_grade").value) == (0.66, "D")

    assert desk.card("structure", "ko", "s28") == ["D 미흡 1", "배터리 88 %"]
    assert desk.card("structure", "en", "s28") == ["D poor 1", "Battery 88 %"]
    graded = desk.export("s28", "safety_grade")
    assert [row["값"] for row in graded] == ["B", "B", "B", "B", "D"]
    assert (graded[0]["표준용어"], graded[0]["분류"], graded[0]["개인정보"]) == ("안전등급", "시설", "아니오")
    assert "D=미흡" in graded[0]["코드"]
    assert desk.export("s28", "tilt_x", language="en")[-1]["unit"] == "deg"
    assert desk.alert(caution)["alertSource"]
    assert desk.measurement("s28", "tilt_x")["numValue"] == 0.66


def measured(desk: Desk, source: str, before_s: int, tilt: float, grade: str) -> None:
    """One uplink of a tilt sensor, so many seconds ago."""
    found = {"batt": 88, "grade": grade, "vib": 0.4, "tiltX": tilt, "tiltY": -0.1}
    uplink = {"rxInfo": {"time": f"{{{{iso_z|-{before_s}}}}}"}, "object": found}
    assert desk.deliver("structure", f"replay/structure/{source}", uplink).stored == 1


@served(
    "S30",
    "스마트 횡단보도",
    "Smart crosswalk",
    "mapping",
    "crosswalk",
    (
        "여덟 기능의 상태, 지속된 고장과 위반·무단횡단 급증의 경보, 카드, 내보내기",
        "states of the eight functions, alarms on a lasting fault and on bursts, card, export",
    ),
    (f"{OWN[0]}, 조명·음성 원격 제어", f"{OWN[1]}, remote control of lamps and voice"),
)
def test_s30_a_floor_signal_that_stays_dark_is_one_function_down(desk: Desk) -> None:
    works = dict.fromkeys(("light", "plate", "voice", "camera", "counter", "logo", "edge", "floor"), "ok")
    desk.deliver("crosswalk", "replay/crosswalk/s30/state", {"time": "{{iso}}", **works, "floor": "fault"})
    assert (desk.value("s30", "functions_down").value, desk.value("s30", "fn_floor").value) == (1, "fault")
    assert desk.alarms("crosswalk-down", "s30") == []
    desk.go_on(121)
    desk.deliver("crosswalk", "replay/crosswalk/s30/state", {"time": "{{iso}}", **works, "floor": "fault"})
    assert desk.alarm("crosswalk-down", "s30").priority == 3

    for before_s, crossed in ((1200, 3), (1000, 0), (800, 4), (600, 1), (0, 5)):
        counted = {"time": f"{{{{iso|-{before_s}}}}}", "violations": 31, "jaywalk": crossed, "people": 96}
        desk.deliver("crosswalk", "replay/crosswalk/s30/count", counted)
    assert desk.alarm("crosswalk-jaywalking", "s30").priority == 3
    assert desk.alarm("crosswalk-violations", "s30").value == 31
    assert desk.card("crosswalk", "ko", "s30") == ["고장 1/1", "정지선 위반 31", "무단횡단 5"]
    assert desk.card("crosswalk", "en", "s30") == ["down 1/1", "Stop-line violations 31", "Jaywalking 5"]

    row = desk.export("s30", "fn_floor")[-1]
    assert (row["값"], row["항목명"], row["코드"]) == ("fault", "바닥신호등", "ok=정상; off=꺼짐; fault=고장")
    hourly = desk.export("s30", "stop_line_violations")[-1]
    assert (hourly["값"], hourly["통계"], hourly["평균시간(초)"]) == ("31.0", "sum", "3600")


@served(
    "S31",
    "스마트 쉼터",
    "Smart shelter",
    "mapping",
    "shelter",
    (
        "비상벨·비명·UPS 경보와 행동 안내, 상황 개설, 카드, 허브 Alert, 센터 기록, 내보내기",
        "alarms of bell, scream and UPS with guidance, an incident, card, Alert at the hub, centre, export",
    ),
    (f"{OWN[0]}, 양방향 통화·원격 제어", f"{OWN[1]}, talking back and remote control"),
)
def test_s31_the_bell_of_a_shelter_is_an_alarm_and_an_incident(desk: Desk) -> None:
    state = {"time": "{{iso}}", "temp": 31.2, "co2": 900, "pm25": 12, "ups": 25, "doorOpen": 4, "people": 3,
             "battery": True}  # fmt: skip
    desk.deliver("shelter", "replay/shelter/s31/state", state)
    for kind, said in (("bell", "비상벨 눌림"), ("scream", "비명 감지 92 dB")):
        desk.deliver("shelter", "replay/shelter/s31/event", {
            "time": "{{iso}}", "type": kind, "id": f"s31-{kind}", "status": "발생", "text": said,
            "place": "시험 쉼터",
        })  # fmt: skip
    bell = desk.alarm("shelter-bell", "s31")
    assert (bell.priority, bell.place, bell.text) == (1, "시험 쉼터", "비상벨 눌림")
    assert desk.alarm("shelter-scream", "s31").priority == 1
    assert (desk.alarm("shelter-ups", "s31").value, desk.alarms("shelter-hot", "s31")) == (25, [])
    assert "112" in desk.guidance(bell, "ko") and "police" in desk.guidance(bell, "en")
    assert desk.card("shelter", "ko", "s31") == ["온도 31.2 °C 더움", "정전 1/1", "UPS 잔량 25 %"]
    assert desk.card("shelter", "en", "s31") == ["inside 31.2 °C hot", "on battery 1/1", "UPS charge 25 %"]

    incident = desk.incident(bell)
    assert desk.central("incident.opened", incident.id).payload["place"] == "시험 쉼터"
    assert desk.alert(incident)["description"] and desk.alert(bell)["severity"] == "critical"
    assert desk.export("s31", "on_battery")[-1]["항목명"] == "비상전원 사용"


@served(
    "S32",
    "스마트 보안등",
    "Smart security light",
    "mapping",
    "pole",
    (
        "SOS·야간 소등·누설전류의 경보와 주간에는 경보 없음, 카드, 허브 Alert, 코드가 붙은 내보내기",
        "alarms of an SOS, of a lamp dark at night and of leakage, none by day, card, Alert, labelled export",
    ),
    (f"{OWN[0]}, 조광·점멸 제어", f"{OWN[1]}, dimming and blinking"),
)
def test_s32_a_lamp_that_is_dark_is_an_alarm_at_night_only(desk: Desk) -> None:
    sos = {"id": "s32-1", "type": "light.sos", "status": "occurred", "text": "안심 보안등 SOS"}
    lit = {"ts": "{{epoch_s}}", "event": sos, "dim": 100, "power": 42.0, "leak": 0.2, "state": "on"}
    desk.deliver("pole", "replay/pole/s32/lamp", lit)
    alarm = desk.alarm("light-sos", "s32.lamp")
    assert (alarm.priority, alarm.text) == (1, "안심 보안등 SOS")
    assert "112" in desk.guidance(alarm, "ko")
    assert (desk.value("s32.lamp", "dimming").value, desk.value("s32.lamp", "dimming").unit) == (100.0, "%")
    assert desk.card("pole", "ko", "s32.lamp") == ["점등 1", "평균 소비전력 42.0 W"]
    assert desk.card("pole", "en", "s32.lamp") == ["on 1", "mean Lamp power 42.0 W"]

    for pole, by_day in (("s32n", False), ("s32d", True)):
        until(desk, by_day)
        for _ in range(2):
            desk.deliver("pole", f"replay/pole/{pole}/lamp", {"ts": "{{epoch_s}}", "power": 0.4, "leak": 0.1})
            desk.go_on(601)
    assert desk.alarm("lamp-out", "s32n.lamp").name == "야간 소등"
    assert desk.alarms("lamp-out", "s32d.lamp") == []
    desk.deliver("pole", "replay/pole/s32n/lamp", {"ts": "{{epoch_s}}", "state": "fault", "leak": 1.4})
    assert desk.card("pole", "ko", "s32n.lamp", "s32.lamp")[0] == "부점등 1 · 점등 1"
    desk.go_on(61)
    desk.deliver("pole", "replay/pole/s32n/lamp", {"ts": "{{epoch_s}}", "leak": 1.4})
    assert desk.alarm("lamp-leak", "s32n.lamp").limit == 1

    assert desk.alert(alarm)["severity"] == "critical"
    row = desk.export("s32n.lamp", "lamp_state")[-1]
    assert (row["값"], row["코드"]) == ("fault", "on=점등; off=소등; fault=부점등")


def until(desk: Desk, by_day: bool) -> None:
    """Let time pass until it is day, or night, and stays so for an hour."""
    now_ms, hour_ms = desk.clock.now_ms(), 3_600_000
    hours = next(n for n in range(25) if all(is_day(now_ms + m * hour_ms) is by_day for m in (n, n + 1)))
    desk.go_on(hours * 3600)


@served(
    "S46",
    "통신망",
    "Connectivity",
    "mapping",
    "network",
    (
        "회선 장애·예비회선·손실의 경보와 해제, 행동 안내, 카드, 허브 Alert, 내보내기",
        "alarms of a cut, of the backup line and of loss, and their end, guidance, card, Alert, export",
    ),
    OWN,
)
def test_s46_a_cut_link_is_an_alarm_until_it_is_mended(desk: Desk) -> None:
    link(desk, up=False, rtt=411, loss=7.5, mbps=0.0, backup=True,
         event={"id": "s46-1", "type": "link.down", "status": "occurred", "text": "광선로 단선"})  # fmt: skip
    link(desk, up=False, rtt=410, loss=7.2, mbps=20.0, backup=True,
         event={"id": "s46-2", "type": "link.backup", "status": "occurred", "text": "예비회선"})  # fmt: skip
    cut = desk.alarm("link-down", "s46")
    assert (cut.text, cut.priority, desk.alarm("link-backup", "s46").priority) == ("광선로 단선", 2, 3)
    assert "예비회선" in desk.guidance(cut, "ko")
    assert (desk.value("s46", "latency").value, desk.value("s46", "latency").unit) == (410.0, "ms")
    assert desk.value("s46", "link_up").value is False
    assert desk.card("network", "ko", "s46") == ["손실률 7.2 % 불량", "지연시간 410 ms", "접속 70"]
    assert desk.card("network", "en", "s46") == ["Loss 7.2 % bad", "Latency 410 ms", "clients 70"]
    assert desk.alert(cut)["status"] == "unacknowledged"
    assert desk.export("s46", "throughput")[-1]["단위"] == "Mbit/s"

    link(desk, up=True, rtt=11, loss=0.1, mbps=430.0, backup=False,
         event={"id": "s46-1", "type": "link.down", "status": "ended", "text": "복구"})  # fmt: skip
    desk.until(lambda: desk.alarm("link-down", "s46").state == "returned" or None, "the link is mended")
    assert desk.until(lambda: desk.alert(cut)["status"] == "returned" or None, "the hub knows it")
    assert desk.card("network", "ko", "s46")[0] == "손실률 0.1 % 양호"


def link(desk: Desk, **said: object) -> None:
    """What the monitor of a link says of it now."""
    desk.deliver("network", "replay/network/s46", {"t": "{{epoch_ms}}", "clients": 70, **said})


@served(
    "S50",
    "지능화 시설과 통신망",
    "Intelligent facilities and networks",
    "mapping",
    "structure, network",
    (
        "공공·민간 시설을 한 나무에서 상태로 보고, 미수신을 알리며, 정상률을 지표로 보고",
        "public and private facilities on one tree; a silent one is told; their share reported",
    ),
)
def test_s50_public_and_private_facilities_stand_on_one_tree(desk: Desk) -> None:
    measured(desk, "s50-wall", 0, 0.5, "B")
    desk.deliver("network", "replay/network/s50-link", {"t": "{{epoch_ms}}", "up": True, "rtt": 9, "loss": 0})
    assert (state(desk, "market"), state(desk, "shop")) == (Condition.WELL, Condition.WELL)
    assert share(desk) == "100.0"
    desk.go_on(901)
    measured(desk, "s50-wall", 0, 0.5, "B")
    assert state(desk, "shop", Condition.SILENT) is Condition.SILENT
    assert state(desk, "market") is Condition.WELL
    assert share(desk) == "50.0"


def state(desk: Desk, asset: str, wanted: Condition = Condition.WELL) -> Condition:
    """How the asset is, once it is so."""

    def find() -> Condition | None:
        found = {each.id: each.condition for each in desk.core.newest.of(AssetState)}
        return wanted if found.get(asset) is wanted else None

    return desk.until(find, f"{asset} {wanted}")


def share(desk: Desk) -> str:
    """The indicator of facilities that are well, in percent."""
    return next(row["값"] for row in desk.indicators() if row["지표"] == "SC-09")
