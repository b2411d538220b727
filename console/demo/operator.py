"""Somebody on duty in the demo, so that alarms get handled while nobody sits there.

It uses the door like any screen: it sees what the core pushes, and acts by
commands. It acknowledges a minor alarm now and then and opens an incident
for what is serious, one for each place and three at most.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.link_client import LinkClient
from console.worker import Worker
from db.alarm_records import Alarm, AlarmState

log = structlog.get_logger(__name__)

_THINKS_S = 4.0
_LEAVES_S = 12.0  # an alarm stands this long before it is acknowledged
_MOST_INCIDENTS = 3
_NAME = "관제요원 02 (시연)"
_NOTE = "주변 카메라 확인, 유관기관에 통보 (시연)"
_TYPES = {
    "temperature": "화재",
    "leakage": "화재",
    "leakage_current": "화재",
    "level": "침수",
    "water_level": "침수",
}


class Operator:
    """The person on duty; `start` and `stop` once each."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._alarms: dict[str, Alarm] = {}
        self._incidents: dict[str, str] = {}
        self._levels: dict[str, int] = {}
        self._noted: set[str] = set()
        self._client = LinkClient(folder, role="cli", seat="duty", actor=_NAME, on_push=self._see)
        self._worker = Worker("demo-operator", self._act)

    def start(self) -> None:
        self._client.start()
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()
        self._client.stop()

    def _see(self, records: Sequence[Any]) -> None:
        with self._lock:
            for record in records:
                if isinstance(record, Alarm):
                    self._alarms[record.id] = record

    def _act(self, wait: Callable[[float], bool]) -> None:
        if wait(_THINKS_S) or not self._client.wait_linked(0.1):
            return
        with self._lock:
            alarms = sorted(self._alarms.values(), key=lambda alarm: (alarm.priority, alarm.raised_ms))
        now_ms = self._clock.now_ms()
        try:
            self._open_incident(alarms)
            self._acknowledge(alarms, now_ms)
        except Unavailable as error:
            log.info("demo.operator", error=str(error))
        except Refused as error:
            log.warning("demo.operator", error=str(error))

    def _open_incident(self, alarms: list[Alarm]) -> None:
        for incident in self._incidents.values():
            if incident not in self._noted:
                self._noted.add(incident)
                self._client.act("incident.note", {"incident": incident, "text": _NOTE})
                return
        serious = [each for each in alarms if each.is_standing and each.priority <= 2]
        graver = next((each for each in serious if each.priority < self._levels.get(_place(each), 0)), None)
        if graver is not None:
            self._raise_level(graver)
            return
        worst = next((each for each in serious if _place(each) not in self._incidents), None)
        if worst is None or len(self._incidents) >= _MOST_INCIDENTS:
            return
        opened = self._client.act(
            "incident.open",
            {
                "title": worst.name or worst.source,
                "type": _TYPES.get(worst.quantity, "장애"),
                "level": worst.priority,
                "place": worst.place,
                "assignee": "관제요원 02",
                "alarms": [each.id for each in alarms if _place(each) == _place(worst)],
            },
        )
        self._incidents[_place(worst)] = opened["id"]
        self._levels[_place(worst)] = worst.priority

    def _raise_level(self, alarm: Alarm) -> None:
        """The place of an open incident got worse: so does the incident."""
        fields = {"level": alarm.priority, "title": alarm.name or alarm.source}
        incident = self._incidents[_place(alarm)]
        self._client.act("incident.change", {"incident": incident, "fields": fields})
        self._levels[_place(alarm)] = alarm.priority

    def _acknowledge(self, alarms: list[Alarm], now_ms: int) -> None:
        waiting = [
            each
            for each in alarms
            if each.state in (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED)
            and each.priority >= 3
            and now_ms - each.changed_ms > _LEAVES_S * 1000
        ]
        if waiting:
            self._client.act("alarm.acknowledge", {"alarms": [waiting[0].id], "note": ""})


def _place(alarm: Alarm) -> str:
    """What belongs together: the parts of one pole, the quantities of one panel."""
    return alarm.source.partition(".")[0]
