"""Publishes raw S-DoT payloads of every position of a list, as a process of its own.

Called as `python sdot_publisher.py PORT USER PASSWORD POSITIONS_CSV ROUNDS`.
Values are packed integers of the official dictionary; sensor n reports 25.3
degrees (1253), PM10 of n % 150 and a humidity that is missing for every tenth.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def payload(serial: str, lat: str, lon: str, place: int, turn: int) -> str:
    """One message of one sensor; round n is measured at 10:00 plus 2n minutes, Korean time."""
    return json.dumps(
        {
            "모델명": "SDOT001",
            "시리얼": serial,
            "측정시간": f"20261122{10 + turn * 2 // 60:02d}{turn * 2 % 60:02d}",
            "위도": float(lat),
            "경도": float(lon),
            "미세먼지10(미세먼지)": place % 150,
            "미세먼지2.5(초미세먼지)": place % 70,
            "기온": 1253,
            "상대습도": "" if place % 10 == 0 else 41,
            "소음": 52,
        },
        ensure_ascii=False,
    )


def main(port: str, user: str, password: str, positions: str, rounds: str) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="sdot-city")
    client.username_pw_set(user, password)
    client.max_inflight_messages_set(500)
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    with Path(positions).open(encoding="utf-8-sig", newline="") as file:
        sensors = [(row["시리얼"], row["위도"], row["경도"]) for row in csv.DictReader(file)]
    sent = [
        client.publish(f"sdot/{serial}", payload(serial, lat, lon, place, turn), qos=1)
        for turn in range(int(rounds))
        for place, (serial, lat, lon) in enumerate(sensors)
    ]
    for each in sent:
        each.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
