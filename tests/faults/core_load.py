"""Publishes numbered readings steadily until its stdin closes, as a process of its own.

Called as `python core_load.py PORT USER PASSWORD RATE`; prints how many the broker took.
"""

from __future__ import annotations

import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

FIRST_MS = 1_795_000_000_000


def main(port: str, user: str, password: str, rate: str) -> None:
    end = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), end.set()), daemon=True).start()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="core-load")
    client.username_pw_set(user, password)
    client.max_inflight_messages_set(500)
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    sent = []
    while not end.wait(0.02):
        for _ in range(int(rate) // 50):
            number = len(sent)
            payload = f'{{"at": {FIRST_MS + number}, "v": {number}}}'
            sent.append(client.publish("level/numbers", payload, qos=1))
    for each in sent:
        each.wait_for_publish(60)
    print(len(sent), flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
