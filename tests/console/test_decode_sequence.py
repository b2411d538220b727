"""Several files of one sequence, each with its topic: what an integrator does with recorded messages."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from console.decode import decode_files
from console.errors import SettingsError
from console.start import settings_with_feed
from tests.console.formats import sparkplug_bytes as spark

TOPICS = ["spBv1.0/plant/NBIRTH/gw", "spBv1.0/plant/DBIRTH/gw/dev", "spBv1.0/plant/DDATA/gw/dev"]
MESSAGES = [
    spark.node_birth(bd=1),
    spark.payload(spark.metric("Temp", alias=1, type_=9, float=20.5), seq=1),
    spark.payload(spark.metric(alias=1, float=21.0), seq=2),
]


def test_files_of_a_sequence_are_read_by_one_decoder_oldest_first(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.bin" for number in range(3)]
    for path, message in zip(paths, MESSAGES, strict=True):
        path.write_bytes(message)
    settings = settings_with_feed("sparkplug", tmp_path, None)
    found = list(decode_files("sparkplug", settings, TOPICS, paths))
    last = [each for each in found if each["file"].endswith("2.bin") and each["kind"] == "reading"]
    assert [(each["quantity"], each["value"], each["topic"]) for each in last] == [("Temp", 21.0, TOPICS[2])]


def test_recorded_messages_bring_their_own_topics(tmp_path: Path) -> None:
    path = tmp_path / "record.ndjson"
    lines = [
        {"after_ms": 0, "topic": topic, "payload_b64": base64.b64encode(message).decode()}
        for topic, message in zip(TOPICS, MESSAGES, strict=True)
    ]
    lines.append({"topic": "spBv1.0/STATE/scada", "payload": '{"online":true,"timestamp":1}'})  # type: ignore[dict-item]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    found = list(decode_files("sparkplug", settings_with_feed("sparkplug", tmp_path, None), "", [path]))
    said = [(each["line"], each["quantity"], each["value"]) for each in found if each["kind"] == "reading"]
    assert said == [
        (1, "online", 1.0),
        (2, "online", 1.0),
        (2, "Temp", 20.5),
        (3, "Temp", 21.0),
        (4, "online", 1.0),
    ]
    assert not any("topic_assumed" in each for each in found)


def test_the_number_of_topics_fits_the_number_of_files(tmp_path: Path) -> None:
    settings = settings_with_feed("sparkplug", tmp_path, None)
    with pytest.raises(SettingsError, match="2 topics for 3 files"):
        decode_files("sparkplug", settings, TOPICS[:2], [tmp_path] * 3)
