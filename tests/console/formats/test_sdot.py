"""The shipped S-DoT table against the official dictionary and the sensors' positions."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from console.decode import decode_files
from console.formats.decoders import decoder
from console.settings import load
from db.records import Decoded, Reading, SetAside

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT.parent / "shared" / "samples" / "sdot"
SETTINGS = load(ROOT / "resources" / "settings" / "sdot.toml")


def decode(message: object, encoding: str = "utf-8") -> list[Decoded]:
    payload = json.dumps(message, ensure_ascii=False).encode(encoding)
    return decoder("sdot", SETTINGS.feeds["sdot"]).decode("sdot/raw", payload, 0, False)


def values(records: list[Decoded]) -> dict[str, object]:
    return {each.quantity: each.value for each in records if isinstance(each, Reading)}


@pytest.mark.parametrize(("raw", "celsius"), [(1253, 25.3), (500, -50.0), (1800, 80.0), ("1000", 0.0)])
def test_temperature_is_unpacked(raw: object, celsius: float) -> None:
    records = decode({"시리얼": "V02Q1940612", "측정시간": "202611221001", "기온": raw})
    assert values(records) == {"temperature": celsius}
    assert isinstance(records[0], Reading)
    assert (records[0].quality, records[0].unit) == ("good", "Cel")
    assert records[0].observed_ms == 1_795_309_260_000


def test_an_empty_text_is_no_reading_and_zero_is_one() -> None:
    records = decode({"시리얼": "S", "측정시간": "202611221001", "상대습도": "", "조도": 0})
    assert values(records) == {"illuminance": 0.0}


def test_a_fault_value_is_out_of_range() -> None:
    records = decode({"serial": "S", "time": "202611221001", "temperature": 499})
    assert [each.quality for each in records if isinstance(each, Reading)] == ["out_of_range"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_list_in_any_encoding_of_the_site_is_read(encoding: str) -> None:
    message = [{"시리얼": name, "측정시간": "202611221001", "소음": 47} for name in ("A", "B")]
    assert [each.source for each in decode(message, encoding) if isinstance(each, Reading)] == ["A", "B"]


def test_a_sensor_without_a_serial_number_is_set_aside() -> None:
    assert [type(each) for each in decode({"측정시간": "202611221001", "소음": 47})] == [SetAside]


needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the sample folder is not beside the checkout"
)


@needs_samples
def test_every_field_of_the_official_dictionary_is_read() -> None:
    with (SAMPLES / "sensor_data_information.csv").open(encoding="utf-8-sig", newline="") as file:
        names = [row[0] for row in csv.reader(file)][1:]
    measured = [name for name in names if name not in ("모델명", "시리얼", "측정시간")]
    message = dict.fromkeys(measured, 600) | {"시리얼": "S", "측정시간": "202611221001"}
    records = decode(message)
    assert len(records) == len(measured) == 20
    assert all(isinstance(each, Reading) for each in records)


@needs_samples
def test_every_known_sensor_is_read_with_its_position() -> None:
    with (SAMPLES / "sensor_longitude_latitude.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 3 and row[1].replace(".", "").isdigit()]
    assert len(rows) >= 850
    for serial, lat, lon in rows:
        message = {"시리얼": serial, "측정시간": "202611221001", "위도": lat, "경도": lon, "소음": 50}
        (record,) = decode(message)
        assert isinstance(record, Reading)
        assert (record.source, record.lat, record.lon) == (serial.strip(), float(lat), float(lon))


def test_files_are_decoded_one_message_each_and_line_by_line(tmp_path: Path) -> None:
    one, many = tmp_path / "one.json", tmp_path / "many.ndjson"
    one.write_text('{"serial": "A",\n "time": "202611221001", "noise": 47}', encoding="utf-8")
    many.write_text('{"serial":"B","time":"202611221001","noise":48}\n\n{"serial":"C"}\n[', encoding="utf-8")
    found = list(decode_files("sdot", SETTINGS, "", [one, many]))
    assert [each["kind"] for each in found] == ["reading", "reading", "set_aside", "set_aside"]
    assert [each.get("line") for each in found] == [None, 1, 3, 4]
    assert found[0]["topic"] == "sdot/one"
    assert found[0]["topic_assumed"] is True
    json.dumps(found)
