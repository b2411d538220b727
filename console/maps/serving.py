"""What a running core answers of its maps, and the packages it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlite_utils import Database

from console.exports import Exports
from console.maps import package
from console.maps.atlas import Atlas
from console.maps.package import Measured, Wanted
from console.maps.values import Values
from console.running import Running
from console.tasks import Task
from db import entries
from db.asset_records import Asset
from db.records import Draft
from db.workings import Progress


class Maps:
    """The maps of one core; any thread may call."""

    def __init__(self, core: Running, exports: Exports, assets: Sequence[Asset]) -> None:
        self._core, self._exports = core, exports
        self._atlas = Atlas(core.settings.maps, core.packs_base, assets)
        self._values = Values(core, assets)

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its questions by name."""
        return {
            **self._atlas.questions(),
            **self._values.questions(),
            "map.measure": (Wanted, self.measure),
        }

    def acts(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any, str], Any]]]:
        """Its commands by name."""
        return {"map.package": (Wanted, self.start)}

    def measure(self, wanted: Wanted) -> Measured:
        """What a package would hold."""
        return package.measure(self._atlas, wanted)

    def start(self, wanted: Wanted, actor: str) -> Progress:
        """Begin; the path of the finished task is the name to fetch it by (`export.read`)."""
        zone = ZoneInfo(self._core.settings.site.timezone)
        at = datetime.fromtimestamp(self._core.clock.now_ms() / 1000, zone)
        name = f"gwanje-map-{at:%Y%m%d-%H%M%S}.zip"
        return self._core.tasks.start("package", lambda task: self._run(task, wanted, name, actor))

    def _run(self, task: Task, wanted: Wanted, name: str, actor: str) -> str:
        core = self._core
        self._exports.folder.mkdir(mode=0o700, exist_ok=True)
        manifest = package.make(
            self._atlas,
            wanted,
            self._exports.folder / name,
            district=core.settings.site.district,
            now_ms=core.clock.now_ms(),
            told=self._exports.with_room(task.at),
        )
        payload = {
            "bounds": list(wanted.bounds),
            "zooms": [wanted.min_zoom, wanted.max_zoom],
            "maps": [each.settings.id for each in manifest.maps],
            "tiles": sum(each.tiles for each in manifest.maps),
        }
        draft = Draft("map.packaged", Path(name).stem, core.clock.now_ms(), actor, payload)
        core.engine.submit(lambda db: _note(db, draft)).result(30)
        return name


def _note(db: Database, draft: Draft) -> list[Any]:
    entries.append(db, draft)
    return []
