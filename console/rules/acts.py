"""The acts on rules that are one transaction of ops.db; `console/commands.py` registers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlite_utils import Database

from console.rules import jobs

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


_Act = Callable[[Database, Any, Any], tuple[Any, Iterable[Any]]]

ACTS: dict[str, tuple[type[msgspec.Struct], _Act]] = {
    "rule.put": (
        PutRule,
        lambda db, context, args: (jobs.put(db, context, args.rule, args.why, args.based_on), ()),
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
