"""The tables of the settings file about where our own alarms and incidents go, besides data hubs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Filled = Annotated[str, Meta(min_length=1)]
Level = Literal[1, 2, 3, 4]


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which of our alarms and incidents go out.

    `incidents` are patterns of an incident's type, `alarms` of a rule's id, exact or trailing-*;
    `level` is the least urgent level that goes. Alarms that say what another system told us go
    only with `passed_on`, those that another alarm explains only with `suppressed`.
    """

    incidents: tuple[Filled, ...] = ("*",)
    alarms: tuple[Filled, ...] = ()
    level: Level = 4
    passed_on: bool = False
    suppressed: bool = False
    every_s: Annotated[float, Meta(ge=0.05)] = 5.0


Url = Annotated[str, Meta(pattern=r"^https?://[^/?#]+[^#]*$")]
_Moved = Annotated[str, Meta(pattern=r"^(|https?://[^/?#]+[^#]*)$")]


class Platform(Chosen, frozen=True):
    """An integrated platform that our events are sent to, in the form that KETI published.

    `codes` gives the evtId of an incident's type or a rule's id, `code` that of all others; `grades`
    the evtGrad of our levels, which go as they are (1 to 4) without.
    A session key is asked for at `auth_url`, or read from `key_file`; `token_file` is for a door
    that wants a token besides. An incident closed with one of `cancelled` was none (90).
    """

    url: Url
    send_cd: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,20}$")]
    rcv_cd: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,20}$")]
    system: Filled = "IPC"
    form: Literal["json", "form"] = "json"
    auth_url: _Moved = ""
    key_file: str = ""
    token_file: str = ""
    header: str = "Authorization"
    codes: dict[Filled, Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$")]] = {}
    grades: dict[Literal["1", "2", "3", "4"], Annotated[str, Meta(max_length=20)]] = {}
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "ETC"
    cancelled: tuple[Filled, ...] = ("오신고", "오경보", "false alarm")
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 20.0

    def __post_init__(self) -> None:
        if self.auth_url and self.key_file:
            raise ValueError("a session key comes from auth_url or from key_file, not from both")


class CapOut(Chosen, frozen=True):
    """Warnings of our own as CAP 1.2, into `folder`, to `url` by POST, or both.

    `identifier` may hold {device}, {number} (17 digits, one for each occurrence), {n} (which of
    its messages) and {date}; it must hold {number} and {n}. `areas` are administrative codes.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    sender: Annotated[str, Meta(pattern=r"^[^\s,<&]{1,200}$")]
    folder: str = ""
    url: _Moved = ""
    token_file: str = ""
    header: str = "Authorization"
    identifier: Annotated[str, Meta(pattern=r"^[^\s,<&/\\]{1,120}$")] = "{device}-{number}-{n}"
    status: Literal["Actual", "Exercise", "Test"] = "Actual"
    category: Literal[
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
        "CBRNE", "Other",
    ] = "Safety"  # fmt: skip
    areas: tuple[Annotated[str, Meta(pattern=r"^[0-9]{2,10}$")], ...] = ()
    expires_hours: Annotated[float, Meta(gt=0, le=24 * 31)] = 24.0
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 20.0

    def __post_init__(self) -> None:
        if not self.folder and not self.url:
            raise ValueError("a folder or a url to write warnings to is missing")
        if "{number}" not in self.identifier or "{n}" not in self.identifier:
            raise ValueError("the identifier must hold {number} and {n}, or two messages would have one")
