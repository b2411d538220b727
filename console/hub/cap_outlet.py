"""Our warnings as CAP 1.2, each change one document, into a folder and to an address."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from console.clock import SEOUL, Clock
from console.errors import Refused, Unavailable
from console.formats import cap_out, korea
from console.hub.outlet import with_number
from console.hub.speaking import PERHAPS_LATER, Speaking, secret
from console.hub.telling import Told
from console.settings_outlets import CapOut, Chosen
from db.blobs import sync_folder
from db.hub_messages import Thing

SEVERITY = {"1": "Extreme", "2": "Severe", "3": "Moderate", "4": "Minor"}
_MOST_REFERENCES = 50
_MEDIA = "application/cap+xml"


class _Memory(msgspec.Struct, omit_defaults=True):
    """What an occurrence's messages have said: their identities, and what the next ones repeat."""

    number: str = ""
    sent: list[tuple[str, str, int]] = []
    event: str = ""
    severity: str = "Unknown"
    headline: str = ""
    place: str = ""
    lon: float | None = None
    lat: float | None = None


class CapOutlet:
    """One table of warnings. What waits is the document itself."""

    def __init__(self, settings: CapOut, clock: Clock, base: Path) -> None:
        self.chosen: Chosen = settings
        self._settings, self._base = settings, base
        self._folder = base / Path(settings.folder).expanduser()
        self.cancelled: tuple[str, ...] = ()  # a Cancel ends a warning, whatever it was
        self.ways = (*(("folder",) if settings.folder else ()), *(("http",) if settings.url else ()))
        self._speaking = Speaking(f"the receiver of {settings.name}", settings.timeout_s, clock)

    def close(self) -> None:
        """Let the connections go."""
        self._speaking.close()

    def probe(self) -> bool:
        """A folder can be looked at, an address only be sent something."""
        if self._settings.folder and not self._folder.is_dir():
            raise Unavailable(f"the folder {self._folder.name} is not there")
        return not self._settings.url

    def make(self, told: Told, known: Thing, device: str, now_ms: int) -> tuple[bytes, str]:
        """The document: an Alert first, then Updates and at last a Cancel that refer to all before."""
        memory = msgspec.json.decode(known.memory, type=_Memory) if known.memory else _Memory()
        if memory.number != known.number:
            memory = _Memory(number=known.number)
        _take(memory, told)
        expires_ms = None if told.is_over else now_ms + round(self._settings.expires_hours * 3_600_000)
        event = with_number(told, known.number, memory.event, now_ms)
        said = (
            f"{memory.headline}\n{told.event.text.partition(chr(10))[2] if told.whole else told.event.text}"
        )
        event = replace(
            event,
            type=memory.event,
            grade=memory.severity,
            place=memory.place,
            lon=memory.lon,
            lat=memory.lat,
            text=said,
            end_ms=expires_ms,
            area_codes=self._settings.areas,
            exercise=self._settings.status == "Exercise",
            extra=event.extra | {"alerts": memory.sent[-_MOST_REFERENCES:]},
        )
        alert = cap_out.warning(
            event,
            self._settings.sender,
            now_ms,
            category=self._settings.category,
            number=self._identifier(device, known.number, len(memory.sent) + 1, now_ms),
        )
        if self._settings.status == "Test":
            alert = replace(alert, status="Test", note="시험")
        memory.sent.append((alert.sender, alert.identifier, alert.sent_ms))
        return cap_out.write(alert), msgspec.json.encode(memory).decode()

    def send(self, way: str, body: bytes) -> None:
        """Write it into the folder, or post it."""
        if way == "folder":
            self._write(body)
        else:
            self._post(body)

    def _identifier(self, device: str, number: str, n: int, now_ms: int) -> str:
        date = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(SEOUL).strftime("%Y%m%d")
        text = self._settings.identifier
        for name, part in (("device", device), ("number", number), ("n", str(n)), ("date", date)):
            text = text.replace("{" + name + "}", part)
        return text

    def _write(self, body: bytes) -> None:
        """Complete or not at all, under the document's own name; the same again changes nothing."""
        folder = self._folder
        target = folder / f"{_file_name(cap_out.identifier_of(body))}.xml"
        part = folder / f".{target.name}.part"
        try:
            if target.exists():
                return
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            sync_folder(folder)
        except OSError as error:
            raise Unavailable(f"the folder {folder.name} cannot be written ({error.strerror})") from error

    def _post(self, body: bytes) -> None:
        headers = {"Content-Type": f"{_MEDIA}; charset=utf-8"}
        if self._settings.token_file:
            headers[self._settings.header] = secret(self._base / self._settings.token_file, "token_file")
        status, said = self._speaking.ask("POST", self._settings.url, body, headers)
        if 200 <= status < 300:
            return
        if not 400 <= status < 500 or status in PERHAPS_LATER:
            raise Unavailable(f"the receiver of {self._settings.name} answers {status}")
        text = " ".join(said[:300].decode("utf-8", "replace").split())
        raise Refused(f"{status} {text}".strip())


def _take(memory: _Memory, told: Told) -> None:
    """What a whole statement says is repeated by the ones that only say how it stands."""
    if not told.whole:
        return
    event = told.event
    memory.event = event.type or memory.event or "Event"
    memory.severity = SEVERITY.get(event.grade, "Unknown")
    memory.headline = event.text.partition("\n")[0] or memory.event
    memory.place = event.place
    if event.lon is not None and event.lat is not None and korea.inside(event.lon, event.lat):
        memory.lon, memory.lat = event.lon, event.lat


def _file_name(identifier: str) -> str:
    """The identifier as a file's name, on any system."""
    return "".join(each if each.isalnum() or each in "-._" else "_" for each in identifier)[:200]
