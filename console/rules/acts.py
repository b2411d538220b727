"""The acts on rules that are one transaction of ops.db; `console/commands.py` registers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlite_utils import Database

from console.rules import guidance, jobs

Line = Annotated[str, Meta(max_length=200)]
Why = Annotated[str, Meta(min_length=1, max_length=2000)]


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class PutRule(_Args, frozen=True):
    rule: dict[str, Any]
    why: Why
    based_on: int = 0


class RemoveRule(_Args, frozen=True):
    rule: Line
    why: Why


class RestoreRule(_Args, frozen=True):
    rule: Line
    version: int
    why: Why


class PutGuidance(_Args, frozen=True):
    level: Literal["asset", "domain"]
    of: Line
    why: Why
    ko: Annotated[str, Meta(max_length=4000)] = ""
    en: Annotated[str, Meta(max_length=4000)] = ""


_Act = Callable[[Database, Any, Any], tuple[Any, Iterable[Any]]]

ACTS: dict[str, tuple[type[msgspec.Struct], _Act]] = {
    "rule.put": (
        PutRule,
        lambda db, context, args: (jobs.put(db, context, args.rule, args.why, args.based_on), ()),
    ),
    "guidance.put": (
        PutGuidance,
        lambda db, context, args: (
            guidance.put(db, context, args.level, args.of, args.ko, args.en, args.why),
            (),
        ),
    ),
    "rule.remove": (
        RemoveRule,
        lambda db, context, args: (jobs.remove(db, context, args.rule, args.why), ()),
    ),
    "rule.restore": (
        RestoreRule,
        lambda db, context, args: (jobs.restore(db, context, args.rule, args.version, args.why), ()),
    ),
}
