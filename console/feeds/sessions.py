"""Which sessions the brokers of a settings file need: one each, and one more where feeds have priority."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from console.clock import Clock
from console.errors import Refused
from console.feeds.session import Session
from console.settings import Broker, Feed

FIRST = "-first"
"""What the client id of a broker's second session ends with."""


def sessions_of(
    brokers: Mapping[str, Broker],
    feeds: Mapping[str, Feed],
    device: str,
    clock: Clock,
    process: str,
    base: Path | None,
) -> list[Session]:
    """The sessions, those of priority feeds before the others; files are named from the folder `base`."""
    made = []
    for name, broker in brokers.items():
        here = placed(broker, base)
        first, others = topics_of(feeds, name, first=True), topics_of(feeds, name, first=False)
        if first:
            own = replace(here, client_id=here.client_id + FIRST)
            made.append(Session(name, own, first, device, clock, f"{process}{FIRST}", first=True))
        gone = [topic for topic in first if topic not in others]
        made.append(Session(name, here, others, device, clock, process, gone=gone))
    return sorted(made, key=lambda session: not session.first)


def topics_of(feeds: Mapping[str, Feed], broker: str, *, first: bool) -> list[str]:
    """The topics that feeds with or without priority read at a broker, each once."""
    found = [
        topic
        for feed in feeds.values()
        if feed.via == "mqtt" and feed.broker == broker and feed.priority == first
        for topic in feed.topics
    ]
    return list(dict.fromkeys(found))


def _way(feed: Feed) -> tuple[object, ...]:
    own = None if feed.via == "mqtt" else getattr(feed, feed.via)
    return feed.via, feed.broker, feed.priority, own


def refuse_other_ways(now: Mapping[str, Feed], then: Mapping[str, Feed]) -> None:
    """Raise Refused unless both have the same feeds, each on the same way in."""
    changed = sorted(set(now) ^ set(then))
    changed += [name for name in sorted(set(now) & set(then)) if _way(now[name]) != _way(then[name])]
    if changed:
        names = ", ".join(changed)
        raise Refused(f"{names}: came, went or changed its way in; start the console again for that")


def placed(broker: Broker, base: Path | None) -> Broker:
    """The broker with its files named from the folder of the settings."""
    if base is None:
        return broker
    named = {
        key: str(base / Path(getattr(broker, key)).expanduser())
        for key in ("password_file", "ca_file", "cert_file", "key_file")
        if getattr(broker, key)
    }
    return replace(broker, **named) if named else broker
