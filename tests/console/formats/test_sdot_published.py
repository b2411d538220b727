"""S-DoT as it is published, by the traps of the field (DOMAIN.md, 6, trap 11 and 13)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.formats import csv_text
from console.formats.json_text import Unreadable
from console.formats.sdot import SdotDecoder
from console.settings import Feed, load
from db.records import Decoded, Flag, Reading, SetAside
from tests.console.formats import sdot_files as files

ROOT = Path(__file__).resolve().parents[3]
NINE = 1_795_305_600_000  # 2026-11-22 09:00 in Seoul


def decode(payload: bytes | str, received_ms: int = NINE + 3_600_000) -> list[Decoded]:
    raw = payload.encode() if isinstance(payload, str) else payload
    return SdotDecoder("sdot", Feed(kind="sdot"), ("utf-8", "cp949")).decode("t", raw, received_ms, False)


def readings(found: list[Decoded]) -> list[Reading]:
    return [each for each in found if isinstance(each, Reading)]


def values(found: list[Decoded]) -> dict[tuple[str, str], object]:
    return {(each.quantity, each.statistic): each.value for each in readings(found)}


@pytest.mark.parametrize(("packed", "celsius"), [("1253", 25.3), ("500", -50.0), ("1800", 80.0)])
def test_trap_11_raw_rows_of_a_csv_are_unpacked(packed: str, celsius: float) -> None:
    table = (
        "모델명,시리얼,기온,상대습도,풍향,풍속,자외선,진동(x),진동(x) 최대,측정시간\n"
        f"SDOT001,V02Q1940612,{packed},45,2710,12,35,40,90,202611220900\n"
    )
    assert values(decode(table)) == {
        ("temperature", "avg"): celsius,
        ("humidity", "avg"): 45.0,
        ("wind_direction", "avg"): 271.0,
        ("wind_speed", "avg"): 1.2,
        ("uv_index", "avg"): 3.5,
        ("vibration_x", "avg"): 0.4,
        ("vibration_x", "max"): 0.9,
    }
    first = readings(decode(table))[0]
    assert (first.observed_ms, first.period_s, first.source) == (NINE, 120, files.SERIAL)


def test_trap_11_the_wind_turns_in_degrees_although_the_dictionary_prints_metres_per_second() -> None:
    (reading,) = readings(decode(json.dumps({"시리얼": "V02Q1", "측정시간": "202611220900", "풍향": 3599})))
    assert (reading.value, reading.unit) == (359.9, "deg")


@pytest.mark.parametrize("encoding", ["cp949", "utf-8-sig", "utf-8"])
def test_trap_11_a_weekly_file_is_read_in_its_encoding_with_its_nameless_columns(encoding: str) -> None:
    row = {"온도 최대(℃)": "21.9", "온도 평균(℃)": "21.8", "온도 최소(℃)": "21.6", "소음 평균(dB)": "56"}
    assert len(files.HEADER) == 58
    found = decode(files.weekly(row).encode(encoding))
    assert values(found) == {
        ("temperature", "max"): 21.9,
        ("temperature", "avg"): 21.8,
        ("temperature", "min"): 21.6,
        ("noise", "avg"): 56.0,
    }
    assert {(each.period_s, each.observed_ms, each.quality) for each in readings(found)} == {
        (3600, NINE, "good")
    }


def test_every_measured_column_of_a_weekly_file_has_a_quantity() -> None:
    found = readings(decode(files.weekly(dict.fromkeys(files.WORDS, "40"))))
    assert len({(each.quantity, each.statistic) for each in found}) == len(files.WORDS) == 51


def test_trap_11_minus_40_is_a_fault_and_no_temperature() -> None:
    found = readings(
        decode(files.weekly({"온도 평균(℃)": "-40", "습도 평균(%)": "-40", "온도 최소(℃)": "-39"}))
    )
    assert [each.quality for each in found] == ["bad", "good", "bad"]


def test_one_absurd_temperature_does_not_turn_the_others_into_packed_ones() -> None:
    absurd = files.hourly(SN="V02Q1940068", AVG_TP="850", MAX_TP="", MIN_TP="")
    found = readings(decode(files.reply(absurd, files.hourly())))
    assert [each.value for each in found if each.quantity == "wind_direction"] == [271.0, 271.0]
    assert [each.quality for each in found if each.value == 850.0] == ["out_of_range"]
    raw = [
        {"시리얼": f"V02Q{n}", "측정시간": "202611220900", "기온": t} for n, t in enumerate((1253, -1, 1260))
    ]
    assert [each.value for each in readings(decode(json.dumps(raw)))] == [25.3, -100.1, 26.0]


def test_trap_11_an_empty_text_is_missing_and_never_zero() -> None:
    found = decode(files.weekly({"온도 평균(℃)": "", "습도 평균(%)": " ", "조도 평균(lux)": "0"}))
    assert values(found) == {("illuminance", "avg"): 0.0}


def test_trap_11_a_header_two_columns_to_the_right_of_its_rows_is_put_back() -> None:
    found = decode(files.shifted().encode("cp949"))
    assert values(found[:7]) == {
        ("pm25", "avg"): 17.0,
        ("pm10", "avg"): 31.0,
        ("temperature", "avg"): -3.5,
        ("humidity", "avg"): 45.0,
        ("wind_direction", "avg"): 271.0,
        ("wind_speed", "avg"): 1.2,
        ("pm25_corrected", "avg"): 15.0,
    }
    assert {each.source for each in readings(found)} == {files.SERIAL, "V02Q1940068"}
    assert all(Flag(each.flags) == Flag.HISTORICAL for each in readings(found))


@pytest.mark.parametrize("form", sorted(files.PEOPLE))
def test_trap_11_people_are_counted_in_every_form_of_the_header(form: str) -> None:
    (reading,) = readings(decode(files.PEOPLE[form].encode("cp949")))
    assert (reading.source, reading.quantity, reading.value) == ("00000002993", "people", 17.0)
    assert (reading.unit, reading.period_s, reading.statistic) == ("{person}", 600, "sum")


def test_trap_11_the_first_row_of_people_glued_to_the_header_is_not_lost() -> None:
    found = readings(decode(files.GLUED))
    assert [(each.source, each.value) for each in found] == [("00000002993", 17.0), ("00000002994", 3.0)]


@pytest.mark.parametrize("reply", [files.reply, files.reply_xml])
def test_trap_11_an_hourly_reply_is_read_and_its_empty_texts_are_not(reply: object) -> None:
    found = decode(reply(files.hourly()))  # type: ignore[operator]
    assert values(found) == {
        ("temperature", "max"): 21.9,
        ("temperature", "avg"): 21.8,
        ("temperature", "min"): 21.6,
        ("wind_direction", "avg"): 271.0,
        ("noise", "avg"): 56.0,
        ("vibration_x", "max"): 0.4,
        ("globe_temperature", "avg"): 22.5,
        ("o3", "avg"): 0.031,
    }
    assert {each.unit for each in readings(found) if each.quantity == "o3"} == {"[ppm]"}


def test_the_older_codes_of_the_reply_mean_the_same() -> None:
    row = {
        "MODEL_NM": "SDOT001", "SERIAL_NO": files.SERIAL, "SENSING_TIME": "2026-11-22_09:07:00",
        "AVG_TEMP": "21.8", "AVG_HUMI": "44", "AVG_WIND_DIRE": "271", "AVG_WIND_SPEED": "1.2",
        "AVG_INTE_ILLU": "300", "AVG_ULTRA_RAYS": "0.1", "MAX_NOISE": "59", "AVG_VIBR_X": "0.1",
        "AVG_EFFE_TEMP": "22", "AVG_O3": "0.03",
    }  # fmt: skip
    found = readings(decode(files.reply(row, service="sDoTEnv")))
    assert [each.quantity for each in found] == [
        "temperature", "humidity", "wind_direction", "wind_speed", "illuminance", "uv_index", "noise",
        "vibration_x", "globe_temperature", "o3",
    ]  # fmt: skip


def test_trap_11_data_no_2_is_a_later_revision() -> None:
    found = readings(decode(files.reply(files.hourly(), files.hourly(DATA_NO="2", AVG_TP="20.0"))))
    assert {(each.revision, each.value) for each in found if each.statistic == "avg"} >= {
        (1, 21.8),
        (2, 20.0),
    }


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"RESULT":{"CODE":"INFO-100","MESSAGE":"..."}}', "source-refused"),
        (b"<RESULT><CODE>ERROR-500</CODE><MESSAGE>x</MESSAGE></RESULT>", "source-refused"),
        (b'{"RESULT":{"CODE":"INFO-200","MESSAGE":"..."}}', "no-reading"),
        (b"<a><b/></a>", "source-refused"),
        ("시리얼,위도,경도\nV02Q1940612,37.57,126.89\n".encode(), "no-reading"),
        (b"a,b\n1,2\n", "sdot-shape"),
        (b"hello", "not-csv"),
        (b"", "empty"),
        (b"[1,2]", "sdot-shape"),
    ],
)
def test_what_is_no_measurement_says_why(payload: bytes, reason: str) -> None:
    (aside,) = decode(payload)
    assert isinstance(aside, SetAside)
    assert aside.reason == reason


def test_a_row_that_cannot_be_read_does_not_spoil_its_neighbours() -> None:
    bad = files.hourly(MSRMT_HR="2026-02-30_09:00:00")
    found = decode(files.reply(bad, files.hourly(AVG_TP="warm")))
    assert [each.reason for each in found if isinstance(each, SetAside)] == ["time", "value"]
    assert ("noise", "avg") in values(found)


def test_trap_13_a_value_at_the_ends_of_the_range_is_good_and_beyond_it_is_not() -> None:
    """That it stays there is for the rules of stuck sensors."""
    rows = [files.hourly(AVG_NIS=text) for text in ("35", "85", "86", "34.9")]
    found = [each.quality for each in readings(decode(files.reply(*rows))) if each.quantity == "noise"]
    assert found == ["good", "good", "out_of_range", "out_of_range"]


def test_an_old_row_raises_no_alarm_and_a_new_one_may() -> None:
    new, old = decode(files.reply(files.hourly())), decode(files.reply(files.hourly()), NINE + 9 * 3_600_000)
    assert {each.flags for each in readings(new)} == {0}
    assert {each.flags for each in readings(old)} == {int(Flag.HISTORICAL)}


def test_a_large_file_is_cut_into_messages_that_lose_no_row(tmp_path: Path) -> None:
    path = tmp_path / "S-DoT_NATURE_2026.11.16-11.22.csv"
    rows = [{"시리얼": f"V02Q{n:07d}", "온도 평균(℃)": f"{n % 30}.5"} for n in range(3000)]
    path.write_bytes(files.weekly(*rows).encode("cp949"))
    found: list[Reading] = []
    starts = []
    for start, piece in csv_text.pieces(path):
        assert len(piece) < csv_text.PIECE_BYTES + 8192
        found += readings(decode(piece))
        starts.append(start)
    assert [each.source for each in found] == [f"V02Q{n:07d}" for n in range(3000)]
    assert starts[0] == 2
    assert len(starts) > 5


def test_a_glued_first_row_stands_in_the_first_piece_alone(tmp_path: Path) -> None:
    path = tmp_path / "S-DoT_WALK.csv"
    more = f"SDOT002,00000002995,2026-11-22_09:10:00,{files.PLACE},3,2026-11-22 09:12:00\n" * 2000
    path.write_text(files.GLUED + more, encoding="utf-8")
    found = [each.source for _, piece in csv_text.pieces(path) for each in readings(decode(piece))]
    assert (found.count("00000002993"), found.count("00000002994"), len(found)) == (1, 1, 2002)


def test_a_table_of_too_many_cells_is_refused() -> None:
    with pytest.raises(Unreadable):
        csv_text.read(b"a,b\n" + b"1,2\n" * 6000)


def test_the_feeds_that_the_shipped_settings_only_describe_would_load(tmp_path: Path) -> None:
    text = (ROOT / "resources" / "settings" / "sdot.toml").read_text(encoding="utf-8")
    described = "".join(line[4:] for line in text.splitlines(keepends=True) if line.startswith("#   "))
    path = tmp_path / "settings.toml"
    path.write_text(described + text, encoding="utf-8")
    feeds = load(path).feeds
    assert {name: (feed.kind, feed.via) for name, feed in feeds.items()} == {
        "sdot": ("sdot", "mqtt"),
        "sdot-hourly": ("sdot", "poll"),
        "sdot-files": ("sdot", "folder"),
    }
