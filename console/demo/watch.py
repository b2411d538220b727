"""Looks at the demo from outside, through the same door as any screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.clock import Clock
from console.errors import ConsoleError
from console.link_client import LinkClient


class Watch:
    """Asks the core for its status and remembers what was seen at its best."""

    def __init__(self, client: LinkClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._looked_s: float | None = None
        self._last: dict[str, Any] = {}
        self._roles = {"core": False, "ui": False, "cam": False}
        self._live = 0

    def look(self, *, every_s: float, tell: Callable[[str], object]) -> None:
        """Ask if the last time was `every_s` ago or more, and tell it in one line."""
        now_s = self._clock.monotonic_s()
        if self._looked_s is not None and now_s - self._looked_s < every_s:
            return
        self._looked_s = now_s
        if not self._client.wait_linked(0.1):
            tell("the core is starting")
            return
        try:
            self._last = self._client.ask("status", timeout=5)
        except ConsoleError as error:
            tell(f"no status: {error}")
            return
        roles = self._last["roles"]
        self._roles = {name: seen or bool(roles[name]) for name, seen in self._roles.items()}
        self._live = max(self._live, self._last["cameras"]["live"])
        tell(_line(self._last))

    @property
    def is_synced(self) -> bool:
        """Whether at the last look the centre had every entry of ours, and there was one."""
        found = self.summary()
        return bool(0 < found["entries"] == found["entries_synced"])

    def summary(self) -> dict[str, Any]:
        """What was seen: roles that were up at some time, and the last counts."""
        proof = self._last.get("central", {}).get("proof") or {}
        theirs = proof.get("theirs") or {}
        feeds = self._last.get("feeds", [])
        return {
            "roles": self._roles,
            "cameras_live": self._live,
            "cameras_total": self._last.get("cameras", {}).get("total", 0),
            "entries": proof.get("ours", {}).get("count", 0),
            "entries_synced": theirs.get("count", 0),
            "alarms_standing": self._last.get("alarms", {}).get("standing", 0),
            "incidents_open": self._last.get("incidents_open", 0),
            "received": sum(feed["received"] for feed in feeds),
            "stored": sum(feed["stored"] for feed in feeds),
            "quarantined": sum(feed["quarantined"] for feed in feeds),
        }


def _line(found: dict[str, Any]) -> str:
    feeds, cameras = found["feeds"], found["cameras"]
    proof = found["central"]["proof"] or {}
    theirs = (proof.get("theirs") or {}).get("count", 0)
    ok = sum(feed["state"] == "ok" for feed in feeds)
    return (
        f"feeds {ok}/{len(feeds)} ok, received {sum(f['received'] for f in feeds)}, "
        f"set aside {sum(f['quarantined'] for f in feeds)}; "
        f"alarms {found['alarms']['standing']}, incidents {found['incidents_open']}; "
        f"cameras {cameras['live']}/{cameras['total']} live; "
        f"entries {proof.get('ours', {}).get('count', 0)}, at the centre {theirs}"
    )
