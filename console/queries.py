"""What a screen or the command line may ask the core, one function per question.

Each opens its own short read-only connection and runs beside the writers.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlite_utils import Database

from console.alarms import history
from console.alarms.reports import AlarmReports
from console.board import Board
from console.doctor.examinations import Examinations, SupportAsked
from console.errors import Refused
from console.exports import Exports, PartOf
from console.importing import Importing
from console.maps.serving import Maps
from console.packs import figures, forecasts
from console.packs import installed as packs
from console.rereading import OneRaw, Rereading
from console.rules.questions import Rules
from console.running import Running
from console.status import status
from db import alarms, blobs, crises, entries, gaps, holds, incidents, maintenance, quarantine, raw, readings
from db.asset_records import Asset
from db.records import Entry, Trend

Limit = Annotated[int, Meta(ge=1, le=1000)]


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class NoArgs(_Args, frozen=True):
    pass


class AssetsOf(_Args, frozen=True):
    packed: bool = False  # as one msgpack value in bytes, which a screen unpacks as it likes


class TrendOf(_Args, frozen=True):
    source: str
    quantity: str
    since_ms: int
    until_ms: int
    points: Annotated[int, Meta(ge=1, le=5000)] = 600
    statistic: str | None = None


class Page(_Args, frozen=True):
    before_id: int | None = None
    feed: str | None = None
    limit: Limit = 200


class GapPage(_Args, frozen=True):
    state: Literal["standing", "open", "asking", "filled", "lost"] | None = None
    source: str | None = None
    before_id: int | None = None
    limit: Limit = 200


class RawPage(_Args, frozen=True):
    source: str | None = None
    topic: str | None = None
    feed: str | None = None
    state: str | None = None
    before_id: int | None = None
    limit: Limit = 200


class IncidentPage(_Args, frozen=True):
    search: str = ""
    state: Literal["open", "closed"] | None = None
    limit: Limit = 200


class One(_Args, frozen=True):
    id: str


class OfAlarm(_Args, frozen=True):
    alarm: str


class HistoryOf(_Args, frozen=True):
    alarm: str
    limit: Limit = 200


class Blob(_Args, frozen=True):
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Last(_Args, frozen=True):
    limit: Limit = 200


class Days(_Args, frozen=True):
    days: Annotated[float, Meta(gt=0, le=3660)] = 365.0


class PacksAsked(_Args, frozen=True):
    every: bool = False  # also those that are installed but not in use


class Questions:
    """Answers queries about one core; any thread may ask."""

    def __init__(
        self,
        core: Running,
        assets: Sequence[Asset],
        exports: Exports,
        examinations: Examinations,
        rereading: Rereading,
        importing: Importing,
        rules: Rules,
        maps: Maps,
        board: Board,
    ) -> None:
        self._core = core
        self._assets = list(assets)
        self._known: dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]] = {
            "state": (NoArgs, lambda args: core.newest.all()),
            "alarms": (NoArgs, self._alarms),
            "alarm.history": (HistoryOf, self._alarm_history),
            "alarm.last_similar": (OfAlarm, self._last_similar),
            "maintenance": (NoArgs, self._maintenance),
            "assets": (AssetsOf, self._tree),
            "cameras": (NoArgs, lambda args: list(core.settings.cameras)),
            "site": (NoArgs, self._site),
            "crises": (NoArgs, self._crises),
            "series": (NoArgs, self._series),
            "trend": (TrendOf, self._trend),
            "quarantine": (Page, self._quarantine),
            "incidents": (IncidentPage, self._incidents),
            "incident": (One, self._incident),
            "blob": (Blob, self._blob),
            "entries": (Last, self._entries),
            "status": (NoArgs, self._status),
            "holds": (NoArgs, self._holds),
            "export.read": (PartOf, exports.read),
            "raw": (RawPage, self._raw),
            "decode_again": (OneRaw, rereading.decode_again),
            **importing.questions(),
            **maps.questions(),
            **rules.questions(),
            **AlarmReports(core, assets, rules.in_force).questions(),
            **board.questions(),
            "gaps": (GapPage, self._gaps),
            "found": (NoArgs, lambda args: core.found),
            "findings": (NoArgs, lambda args: examinations.last()),
            "support": (SupportAsked, examinations.support),
            "backups": (NoArgs, lambda args: core.backup_work.every()),
            "packs": (PacksAsked, self._packs),
            "indicators": (Days, lambda args: figures.report(core, self._assets, args.days)),
            "forecasts": (Days, lambda args: forecasts.report(core, args.days)),
        }

    def answer(self, name: str, args: dict[str, Any]) -> Any:
        """The answer's value; raises Refused for a question that is not understood."""
        known = self._known.get(name)
        if known is None:
            raise Refused(f"This console knows no question {name!r}")
        kind, ask = known
        try:
            checked = msgspec.convert(args, kind)
        except msgspec.ValidationError as error:
            raise Refused(f"{name}: {error}") from error
        return ask(checked)

    @contextlib.contextmanager
    def _ops(self) -> Iterator[Database]:
        db = self._core.open_ops_reader()
        try:
            yield db
        finally:
            db.close()

    @contextlib.contextmanager
    def _feed(self) -> Iterator[Database]:
        db = self._core.open_feed_reader()
        try:
            yield db
        finally:
            db.close()

    def _tree(self, args: AssetsOf) -> list[Asset] | bytes:
        return msgspec.msgpack.encode(self._assets) if args.packed else self._assets

    def _alarms(self, args: NoArgs) -> Any:
        with self._ops() as db:
            return alarms.standing(db)

    def _alarm_history(self, args: HistoryOf) -> Any:
        with self._ops() as db:
            return history.history(db, args.alarm, args.limit)

    def _last_similar(self, args: OfAlarm) -> Any:
        with self._ops() as db:
            return history.last_similar(db, args.alarm)

    def _maintenance(self, args: NoArgs) -> Any:
        with self._ops() as db:
            return maintenance.every(db)

    def _site(self, args: NoArgs) -> dict[str, Any]:
        site = self._core.settings.site
        return {
            "district": site.district,
            "district_en": site.district_en,
            "device": site.device,
            "language": site.language,
            "timezone": site.timezone,
            "clock_ms": self._core.clock.now_ms(),
            "documents": str((self._core.packs_base / site.assets).parent.absolute()),
            "shifts": list(self._core.settings.shifts),
            "central": bool(self._core.settings.central.url),
            "feeds": list(self._core.settings.feeds),
            "pid": os.getpid(),
        }

    def _crises(self, args: NoArgs) -> Any:
        with self._ops() as db:
            return crises.in_force(db, self._core.clock.now_ms())

    def _series(self, args: NoArgs) -> Any:
        with self._feed() as db:
            return readings.series(db)

    def _trend(self, args: TrendOf) -> Trend:
        with self._feed() as db:
            return readings.trend(
                db, args.source, args.quantity, args.since_ms, args.until_ms, args.points, args.statistic
            )

    def _raw(self, args: RawPage) -> Any:
        with self._feed() as db:
            return raw.page(db, **msgspec.structs.asdict(args))

    def _quarantine(self, args: Page) -> Any:
        with self._feed() as db:
            return quarantine.page(db, before_id=args.before_id, feed=args.feed, limit=args.limit)

    def _incidents(self, args: IncidentPage) -> Any:
        with self._ops() as db:
            return incidents.page(db, search=args.search, state=args.state, limit=args.limit)

    def _incident(self, args: One) -> Any:
        with self._ops() as db:
            incident = incidents.get(db, args.id)
            if incident is None:
                raise Refused(f"There is no incident {args.id}")
            return {"incident": incident, "acts": incidents.timeline(db, args.id)}

    def _blob(self, args: Blob) -> bytes:
        path: Path = blobs.path(self._core.blobs, args.sha256)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise Refused("This attachment has not arrived yet") from error

    def _entries(self, args: Last) -> list[Entry]:
        with self._ops() as db:
            return entries.newest(db, args.limit)

    def _holds(self, args: NoArgs) -> Any:
        with self._ops() as db:
            return holds.every(db)

    def _gaps(self, args: GapPage) -> Any:
        states = gaps.STANDING if args.state == "standing" else (args.state,) if args.state else ()
        with self._feed() as db:
            return gaps.page(
                db, states=states, source=args.source, before_id=args.before_id, limit=args.limit
            )

    def _packs(self, args: PacksAsked) -> Any:
        asked = packs.every if args.every else packs.in_use
        return asked(self._core.settings, self._core.packs_base)

    def _status(self, args: NoArgs) -> dict[str, Any]:
        return status(self._core)
