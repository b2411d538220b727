"""Exports that a person asked for: a long task that leaves a file, which the screen then fetches in parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from sqlite_utils import Database

from console import export
from console.errors import Refused, Unavailable
from console.packs import codebook
from console.running import Running
from console.tasks import Task
from db import entries, readings
from db.asset_records import Asset
from db.records import Draft
from db.workings import Progress

PART = 512 * 1024
_KEPT_MS = 86_400_000
_MIB = 1 << 20


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to export: since_ms <= observed < until_ms of these quantities of a source; none: of all.

    The source is exact, or begins with what stands before a trailing *.
    """

    source: Annotated[str, Meta(min_length=1, max_length=200)]
    since_ms: int
    until_ms: int
    quantities: tuple[str, ...] = ()
    form: Literal["csv", "xlsx"] = "csv"
    language: Literal["ko", "en"] = "ko"
    labelled: bool = False
    hourly: bool = False


class PartOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of which finished file."""

    name: Annotated[str, Meta(pattern=r"^gwanje-[^/\\]+\.(csv|xlsx|zip)$")]
    offset: Annotated[int, Meta(ge=0)] = 0


class Exports:
    """The exports of one core; any thread may call."""

    def __init__(self, core: Running, assets: list[Asset]) -> None:
        self._core = core
        self._assets = assets

    @property
    def folder(self) -> Path:
        """Where finished files lie until they are fetched, a day at most."""
        return self._core.folder / "exports"

    def start(self, asked: Asked, actor: str) -> Progress:
        """Begin; raises Refused when there is nothing to export or no room for it."""
        core = self._core
        if asked.until_ms <= asked.since_ms:
            raise Refused("The range ends before it begins")
        db = core.open_feed_reader()
        try:
            series = export.chosen(readings.series(db), asked.source, asked.quantities)
        finally:
            db.close()
        if not series:
            raise Refused(f"{asked.source} has never reported what is asked for; there is nothing to export")
        self._clear()
        zone = ZoneInfo(core.settings.site.timezone)
        name = export.file_name(asked.source, asked.since_ms, asked.until_ms, zone, asked.form)
        wanted = export.Wanted(series, asked.since_ms, asked.until_ms)
        return core.tasks.start("export", lambda task: self._run(task, name, asked, wanted, zone, actor))

    def _run(
        self, task: Task, name: str, asked: Asked, wanted: export.Wanted, zone: ZoneInfo, actor: str
    ) -> str:
        core = self._core
        self.folder.mkdir(mode=0o700, exist_ok=True)
        try:
            written = export.write(
                self.folder / name,
                asked.form,
                core.open_feed_reader,
                wanted,
                names=self._names(asked.language),
                language=asked.language,
                zone=zone,
                at=self.with_room(task.at),
                labels=self._labels(asked.language) if asked.labelled else None,
                hourly=asked.hourly,
            )
        except OSError as error:
            raise Unavailable(
                f"The file could not be written ({error.strerror}); nothing was kept"
            ) from error
        draft = Draft(
            "export.made",
            asked.source,
            core.clock.now_ms(),
            actor,
            {
                "quantities": sorted({each.quantity for each in wanted.series}),
                "since_ms": asked.since_ms,
                "until_ms": asked.until_ms,
                "rows": written.rows,
                "form": asked.form,
                "hourly": asked.hourly,
            },
        )
        core.engine.submit(lambda db: _note(db, draft)).result(30)
        return name

    def _labels(self, language: str) -> dict[str, export.Label]:
        """What the packs in use say of their quantities."""
        return codebook.labels(self._core.settings, self._core.packs_base, language)

    def _names(self, language: str) -> dict[str, str]:
        return {
            each.source: (each.name_en or each.name) if language == "en" else each.name
            for each in reversed(self._assets)  # a device stands before its channels and so wins
            if each.source
        }

    def with_room(self, at: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
        """Tell where it is, and end before the disk is so full that incidents would suffer."""

        def told(done: int, total: int, text: str) -> None:
            at(done, total, text)
            free_mib = shutil.disk_usage(self._core.folder).free // _MIB
            if free_mib < self._core.settings.disk.shed_mib:
                raise Unavailable(f"Only {free_mib} MiB are free on the disk; the export was ended")

        return told

    def read(self, part: PartOf) -> dict[str, Any]:
        """{"data": up to 512 KiB from `offset`, "size": of the whole file}; Refused if it is not there."""
        path = self.folder / part.name
        try:
            with path.open("rb") as file:
                file.seek(part.offset)
                return {"data": file.read(PART), "size": path.stat().st_size}
        except FileNotFoundError as error:
            raise Refused("This export is not there any more; make it again") from error

    def drop(self, part: PartOf) -> bool:
        """Remove a file that was fetched; a second time is harmless."""
        (self.folder / part.name).unlink(missing_ok=True)
        return True

    def _clear(self) -> None:
        if not self.folder.is_dir():
            return
        before_s = (self._core.clock.now_ms() - _KEPT_MS) / 1000
        for path in self.folder.iterdir():
            if path.is_file() and path.stat().st_mtime < before_s:
                path.unlink(missing_ok=True)


def _note(db: Database, draft: Draft) -> list[Any]:
    entries.append(db, draft)
    return []
