"""What a screen may ask the core to do that is not one transaction of ops.db, one function per act.

An act of the log (`console/commands.py`) is remembered by its id; these are
harmless when repeated, or start a long task, of which one of a kind runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.doctor.examinations import Examinations
from console.errors import Refused
from console.exports import Asked, Exports, PartOf
from console.gaps import confirming
from console.importing import Importing
from console.maps.serving import Maps
from console.rereading import Rereading
from console.rules.questions import Rules
from console.running import Running
from db import blobs
from db.records import CameraState


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class BlobPart(_Args, frozen=True):
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    offset: Annotated[int, Meta(ge=0)]
    chunk: bytes
    last: bool
    size: Annotated[int, Meta(ge=0)]


class CameraReport(_Args, frozen=True):
    states: list[CameraState] = []
    workers: list[int] = []


class GapNote(_Args, frozen=True):
    gap: int
    note: Annotated[str, Meta(max_length=2000)] = ""


class OneGap(_Args, frozen=True):
    gap: int


class BackupInto(_Args, frozen=True):
    folder: str = ""


class OneTask(_Args, frozen=True):
    id: str


class Acts:
    """Does them for one core; any thread may ask. `actor` is the name of who asks."""

    def __init__(
        self,
        core: Running,
        exports: Exports,
        examinations: Examinations,
        rereading: Rereading,
        importing: Importing,
        rules: Rules,
        maps: Maps,
    ) -> None:
        self._core = core
        self._known: dict[str, tuple[type[msgspec.Struct], Callable[[Any, str], Any]]] = {
            "blob.put": (BlobPart, self._put_blob),
            "camera.report": (CameraReport, self._report_cameras),
            "task.cancel": (OneTask, self._cancel_task),
            "backup.start": (BackupInto, lambda args, actor: core.backup_work.start(args.folder)),
            "gap.confirm": (
                GapNote,
                lambda args, actor: confirming.confirm(core, args.gap, args.note, actor),
            ),
            "gap.ask": (OneGap, lambda args, actor: confirming.ask_again(core, args.gap)),
            "doctor.start": (_Args, lambda args, actor: examinations.start()),
            "export.start": (Asked, exports.start),
            "export.drop": (PartOf, lambda args, actor: exports.drop(args)),
            **rereading.acts(),
            **importing.acts(),
            **rules.acts(),
            **maps.acts(),
        }

    def knows(self, name: str) -> bool:
        """Whether it is one of these."""
        return name in self._known

    def do(self, name: str, args: dict[str, Any], actor: str) -> Any:
        """Do it; raises Refused for arguments that are not understood."""
        kind, act = self._known[name]
        try:
            checked = msgspec.convert(args, kind)
        except msgspec.ValidationError as error:
            raise Refused(f"{name}: {error}") from error
        return act(checked, actor)

    def _put_blob(self, args: BlobPart, actor: str) -> Any:
        fields = {name: getattr(args, name) for name in args.__struct_fields__}
        return blobs.put_chunk(self._core.blobs, **fields)

    def _report_cameras(self, args: CameraReport, actor: str) -> int:
        core = self._core
        core.newest.publish(args.states)
        core.camera_reports.take(args.workers, core.clock.now_ms())
        return len(args.states)

    def _cancel_task(self, args: OneTask, actor: str) -> bool:
        return self._core.tasks.cancel(args.id)
