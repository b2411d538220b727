"""S29, S35 to S38, S41 to S45 and S47 to S49: what is served by exports, reports and the hub."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import uuid_utils

from console import cli_export
from console.clock import SEOUL
from console.packs import check
from console.settings_tables import Feed, Mapped, Mapping
from db.holds import PLACED
from tests.console.test_export import cells
from tests.seeds.desk import Desk
from tests.seeds.table import served

NO_FEED = ("운영 자료 없음(보고로 제공)", "no operational feed (served by reports)")
AGREEMENT = ("제공 협약과 소집단 가림(없음)", "agreement and hiding of small groups (not there yet)")
EDC = Mapping(
    topic="edc/{source}/state", time="ts", time_format="epoch_s",
    values=(Mapped(quantity="robot_battery", value="b", unit="%"),),
)  # fmt: skip
FEEDS = {"edc": Feed(kind="mapping", topics=("edc/#",), mappings=(EDC,))}
LIST = """needs = [{ ko = "없음", en = "nothing", kinds = ["mapping"], quantities = ["score"] }]
quantities = [{ name = "score", ko = "점수", en = "Score", standard = "점수", category = "행정" }]
indicators = [{ id = "LON-1", list = "London", ko = "공개 자료", en = "Data sets released", formula = "%s", evidence = "gwanje export" }]
[pack]
id = "london"
name = "런던 지표"
name_en = "London list"
"""  # noqa: E501


@served(
    "S29",
    "구로 공감e 리빙랩",
    "Guro living lab",
    "–",
    "air",
    (
        "주민이 엑셀로 여는 이름 붙은 자료(XLSX, 영문 포함)",
        "labelled data that residents open in Excel (XLSX, English too)",
    ),
    NO_FEED,
)
def test_s29_residents_get_a_sheet_with_plain_names(desk: Desk) -> None:
    desk.deliver("air", "replay/air/s29", {"측정시간": "{{%Y%m%d%H%M}}", "소음": 61})
    table = sheet(desk, "s29", "en")
    at = {name: n for n, name in enumerate(table[0])}
    assert (table[1][at["quantity name"]], table[1][at["value"]], table[1][at["unit"]]) == (
        "Noise",
        "61",
        "dB",
    )
    assert sheet(desk, "s29", "ko")[1][at["quantity name"]] == "소음"


def sheet(desk: Desk, source: str, language: str) -> list[list[str]]:
    """The labelled export as XLSX."""
    to = desk.core.folder.parent / f"{uuid_utils.uuid7()}.xlsx"
    asked = cli_export.asked_for(source, (), "1d", "2099-01-01", to, language, labelled=True)  # type: ignore[arg-type]
    assert cli_export.export(desk.core.folder, asked, to) == 0
    return [[text for _, text in row] for row in cells(to.read_bytes())]


@served(
    "S35",
    "유동인구 기반 어르신 시설 입지",
    "Siting by floating population",
    "–",
    "people",
    (
        "장소·시간별 집계의 내보내기(사람 없음)",
        "counts by place and hour, without persons",
    ),
    AGREEMENT,
)
def test_s35_planners_get_counts_by_place_and_hour(desk: Desk) -> None:
    hour = desk.clock.now_ms() // 3_600_000 * 3600 - 2 * 3600
    for gate, counts in (("s35-park", (40, 60)), ("s35-alley", (5, 7))):
        for n, count in enumerate(counts):
            when = datetime.fromtimestamp(hour + 900 * (n + 1), SEOUL).isoformat()
            desk.deliver("people-gates", f"replay/people/gate/{gate}", {"time": when, "count": count})
    rows = desk.export("s35-*", "people", hourly=True)
    assert {(row["장치"], row["수"], row["합계"]) for row in rows} == {
        ("s35-park", "2", "100.0"),
        ("s35-alley", "2", "12.0"),
    }
    assert rows[0]["시각"] == f"{datetime.fromtimestamp(hour, SEOUL):%Y-%m-%d %H:%M}"
    assert {row["개인정보"] for row in rows} == {"아니오"}


@served(
    "S36",
    "조도·온열 기반 보행안전·그늘막 입지",
    "Night-walk safety, shade and heated roads",
    "sdot",
    "air",
    (
        "조도와 흑구온도의 장소·시간별 집계로 어두운 곳과 더운 곳을 가림",
        "illuminance and globe temperature by place and hour tell the dark and the hot places",
    ),
    ("입지 순위 화면", "a screen that ranks places"),
)
def test_s36_the_darkest_and_the_hottest_place_stand_in_the_hourly_export(desk: Desk) -> None:
    for serial, light, globe in (("S36A0001", 3, 1290), ("S36B0001", 40, 1431), ("S36C0001", 17, 1350)):
        row = {"시리얼": serial, "측정시간": "{{%Y%m%d%H%M}}", "조도": light, "흑구온도": globe}
        desk.deliver("seeds-sdot", "seeds/sdot/raw", row)
    dark = desk.export("S36*", "illuminance", hourly=True)
    assert min(dark, key=lambda row: float(row["평균"]))["장치"] == "S36A0001"
    hot = desk.export("S36*", "globe_temperature", hourly=True)
    hottest = max(hot, key=lambda row: float(row["최대"]))
    assert (hottest["장치"], hottest["최대"], hottest["단위"]) == ("S36B0001", "43.1", "Cel")


@served(
    "S37",
    "공공 빅데이터 통합저장소",
    "Public big-data store",
    "–",
    "datahub",
    (
        "모든 팩의 모든 항목에 표준용어·단위·분류, 코드와 개인정보 표시, CSV·XLSX 내보내기",
        "standard term, unit and category of every quantity, codes, personal-data flag, CSV and XLSX",
    ),
)
def test_s37_every_column_is_handed_over_with_its_standard_term(desk: Desk) -> None:
    unlabelled = [
        f"{pack.pack.id}.{each.name}"
        for pack in desk.packs.values()
        for each in pack.quantities
        if not each.standard or not each.category
    ]
    assert unlabelled == []
    desk.deliver("vehicle", "replay/vehicle/s37/count", {"time": "{{iso}}", "reads": 42, "unread": 3})
    row = desk.export("s37", "plate_reads")[-1]
    assert row["표준용어"] and (row["단위"], row["품질"]) == ("{count}", "good")
    header, first, *_ = sheet(desk, "s37", "ko")
    assert header[-5:] == ["항목명", "표준용어", "분류", "코드", "개인정보"] and len(first) == len(header)


@served(
    "S38",
    "열린데이터(공공데이터 개방)",
    "Open data",
    "–",
    "datahub",
    (
        "시간 집계의 개인정보 없는 CSV(UTF-8 BOM), 내보낸 기록",
        "hourly CSV without personal data (UTF-8 with BOM), and a record of each release",
    ),
    (
        "제공기관·갱신주기·KOGL 표시, 소집단 가림",
        "provider, cycle and licence of a set, hiding of small groups",
    ),
)
def test_s38_a_release_is_aggregated_and_recorded(desk: Desk) -> None:
    desk.deliver(
        "parking-bays", "replay/parking/bay/s38", {"time": "{{iso}}", "state": "occupied", "minutes": 35}
    )
    (row,) = desk.export("s38", "unauthorised_min", language="en", hourly=True)
    assert (row["mean"], row["count"], row["personal data"]) == ("35.0", "1", "no")
    made = desk.central("export.made", "s38").payload
    assert (made["rows"], made["hourly"], made["quantities"]) == (1, True, ["unauthorised_min"])


@served(
    "S41",
    "스마트서울 협치시스템",
    "Smart Seoul governance",
    "–",
    "indicators",
    ("상황 처리 건수와 중앙값의 지표 보고", "report of incidents handled and the median to close"),
    NO_FEED,
)
def test_s41_the_round_table_gets_what_was_handled_and_how_fast(desk: Desk) -> None:
    opened = desk.act("incident.open", title="제안 과제 점검", type="proposal", level=4)
    desk.go_on(600)
    name = opened["id"] if isinstance(opened, dict) else opened.id
    desk.act("incident.close", incident=name, result="resolved")
    rows = {row["지표"]: row for row in desk.indicators()}
    assert int(rows["SC-05"]["값"]) >= 1 and float(rows["SC-07"]["값"]) > 0
    assert (rows["SC-07"]["단위"], rows["SC-07"]["증빙"]) == ("min", "상황 이력")


@served(
    "S42",
    "부산 u-City·에코델타시티 실증",
    "Busan u-City and Eco-Delta City",
    "mapping",
    "datahub",
    (
        "설정만으로 붙인 실증 장비의 값, 허브 송신, 내보내기",
        "values of a test bed's device connected by settings alone, at the hub and in an export",
    ),
    ("실증 장비의 실제 형식(공개되지 않음)", "the form of the test beds' devices (not published)"),
)
def test_s42_a_test_beds_robot_is_connected_by_settings_alone(desk: Desk) -> None:
    desk.deliver("edc", "edc/s42/state", {"ts": "{{epoch_s}}", "b": 71})
    battery = desk.value("s42", "robot_battery")
    assert (battery.value, battery.unit) == (71, "%")
    assert desk.measurement("s42", "robot_battery")["numValue"] == 71
    row = desk.export("s42")[-1]
    assert (row["값"], row["항목명"]) == ("71.0", "")  # no pack knows it, and the export says so


@served(
    "S43",
    "세종 시범도시·아카데미, 부산 협약",
    "Sejong pilot and academy, Busan's agreement",
    "–",
    "indicators",
    ("연계·자료·품질 지표 보고(영문)", "report of links, data and quality, in English"),
    NO_FEED,
)
def test_s43_a_programme_gets_links_data_and_quality(desk: Desk) -> None:
    desk.deliver("edc", "edc/s43/state", "not json")
    rows = {row["id"]: row for row in desk.indicators("en")}
    assert rows["SC-03"]["name"] == "Different quantities in use"
    assert 0 < float(rows["SC-10"]["value"]) < 100
    assert rows["SC-10"]["figures"].startswith("messages_set_aside=")


@served(
    "S44",
    "런던 LOTI·LoDA",
    "LOTI and LoDA, London",
    "–",
    "datahub",
    (
        "여러 자치구 자료를 합칠 수 있는 변하지 않는 이름·시각·개정, 누가 무엇을 내보냈는지의 기록",
        "stable names, times and revisions that join boroughs' data; who exported what on record",
    ),
    ("공유협약 번호·목적·근거·만료", "the agreement's number, purpose, basis and expiry"),
)
def test_s44_two_boroughs_data_join_by_source_quantity_and_time(desk: Desk) -> None:
    for borough in ("s44-camden", "s44-hackney"):
        for _ in range(2):  # the same message again is the same row
            desk.deliver("air", f"replay/air/{borough}", {"측정시간": "{{%Y%m%d%H00}}", "소음": 58})
    rows = desk.export("s44-*", "noise", language="en")
    keys = [(row["source"], row["quantity"], row["observed (UTC)"], row["revision"]) for row in rows]
    assert len(keys) == len(set(keys)) == 2
    made = desk.central("export.made", "s44-*")
    assert made.actor and made.payload["rows"] == 2


@served(
    "S45",
    "런던 플랜·Smarter London Together",
    "The London Plan, Smarter London Together",
    "–",
    "indicators",
    (
        "도시가 자기 지표 목록을 파일로 두고, 잘못된 산식은 이유와 함께 거절",
        "a city keeps its own list of indicators as a file; a wrong formula is refused with the reason",
    ),
    NO_FEED,
)
def test_s45_a_city_brings_its_own_list_of_indicators(tmp_path: Path) -> None:
    path = tmp_path / "london.toml"
    path.write_text(LIST % "100 * exports / quantities", encoding="utf-8")
    assert [each for each in check.checked(path) if "indicators" in each] == []
    path.write_text(LIST % "happiness", encoding="utf-8")
    (fault,) = [each for each in check.checked(path) if "indicators" in each]
    assert "'happiness'" in fault and "exports" in fault


@served(
    "S47",
    "모스크바 도시 플랫폼",
    "Moscow's city platform",
    "senml",
    "datahub",
    (
        "에너지 등 다른 분야를 표준 형식(SenML)으로 수신, 요청 번호에 따른 보존, 허브, 내보내기",
        "other fields such as energy by an open form (SenML), kept by a request's number, hub, export",
    ),
    ("영상 보관소(ECHD)의 규격(공개되지 않음)", "the video store's interface (not published)"),
)
def test_s47_an_energy_meter_is_read_and_kept_by_a_requests_number(desk: Desk) -> None:
    pack = [{"bn": "s47-school/", "bt": desk.clock.now_ms() / 1000, "n": "energy", "u": "kWh", "v": 812.5}]
    desk.deliver("seeds-senml", "seeds/senml/s47", pack)
    energy = desk.value("s47-school", "energy")
    assert (energy.value, energy.unit) == (812.5, "kW.h")
    now_ms = desk.clock.now_ms()
    kept = desk.act("hold.place", source="s47-school", quantity="*", since_ms=now_ms - 86_400_000,
                    until_ms=now_ms, reason="요청 2026-0047")  # fmt: skip
    name = kept["id"] if isinstance(kept, dict) else kept.id
    assert desk.central(PLACED, name).payload["reason"] == "요청 2026-0047"
    assert desk.measurement("s47-school", "energy")["numValue"] == 812.5
    assert desk.export("s47-school", "energy")[-1]["값"] == "812.5"


@served(
    "S48",
    "모스크바 ISO 37120·37122 인증",
    "ISO 37120 and 37122 certificates",
    "–",
    "indicators",
    ("같은 보고 기능의 다른 목록(ISO)", "the same report with another list (ISO)"),
    ("표준의 지표 문구(유료)", "the standards' own wording (sold by ISO)"),
)
def test_s48_iso_indicators_are_a_list_of_their_own(desk: Desk) -> None:
    desk.deliver("network", "replay/network/s48", {"t": "{{epoch_ms}}", "up": True, "rtt": 9, "event": {
        "id": "s48-1", "type": "link.down", "status": "occurred", "text": "단선"}})  # fmt: skip
    desk.alarm("link-down", "s48")
    rows = [row for row in desk.indicators() if "ISO" in row["목록"]]
    assert [row["지표"] for row in rows] == ["ISO-01", "ISO-02", "ISO-03"]
    assert (rows[0]["산식"], rows[1]["값"]) == ("alarms_per_hour", "0")
    raised = next(row for row in desk.core.settings.rules if row.id == "link-down")
    assert raised.basis  # what raised it has a source


@served(
    "S49",
    "스마트도시 인증 지표",
    "Certification indicators",
    "–",
    "indicators",
    (
        "목록·산식·산식의 값·증빙·기간이 있는 보고, 한 일이 곧 수치로, 한·영",
        "report with list, formula, its figures, evidence and period; what was done is counted; ko and en",
    ),
    ("공식 지표 문구(공개되지 않음)", "official wording (not published)"),
)
def test_s49_what_was_done_stands_in_the_report_with_its_evidence(desk: Desk) -> None:
    before = {row["지표"]: row for row in desk.indicators()}
    desk.deliver("shelter", "replay/shelter/s49/event", {
        "time": "{{iso}}", "type": "bell", "id": "s49-1", "status": "발생", "text": "비상벨", "place": "쉼터",
    })  # fmt: skip
    bell = desk.alarm("shelter-bell", "s49")
    desk.act("alarm.acknowledge", alarms=[bell.id])
    incident = desk.incident(bell)
    desk.act("incident.close", incident=incident.id, result="resolved")
    desk.deliver("air", "replay/air/s49", {"측정시간": "{{%Y%m%d%H%M}}", "소음": 50})
    desk.export("s49", "noise")
    after = {row["지표"]: row for row in desk.indicators()}

    assert list(after) == [each.id for each in desk.packs["indicators"].indicators]
    for name in ("SC-05", "SC-08"):
        assert int(after[name]["값"]) == int(before[name]["값"]) + 1
    assert float(after["SC-06"]["값"]) >= 0 and after["SC-06"]["단위"] == "s"
    linked = after["SC-01"]
    assert (linked["목록"], linked["이름"], linked["산식"]) == (
        "예시: 스마트도시 인증",
        "연계 시스템 수",
        "feeds",
    )
    assert linked["산식의 값"] == f"feeds={linked['값']}" and linked["증빙"] == "gwanje feeds"
    assert (linked["기간(일)"], linked["작성시각"][:4]) == (
        "365",
        str(datetime.fromtimestamp(desk.clock.now_ms() / 1000, SEOUL).year),
    )
    english = {row["id"]: row for row in desk.indicators("en")}
    assert (english["SC-05"]["name"], english["SC-05"]["value"]) == (
        "Incidents handled",
        after["SC-05"]["값"],
    )
