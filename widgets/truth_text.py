"""What each field of the truth bar says. Pure: records and a time in, words out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from db.records import Lamp, Proof
from widgets.figures import plain
from widgets.words import Words

KINDS = ("broker", "feed", "camera", "central", "backlog", "proof", "clock", "disk")
_WORST = ("bad", "warn", "unknown", "off", "ok")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its state, and its words in full and short."""

    kind: str
    state: str
    full: str
    short: str


def worst(lamps: Sequence[Lamp]) -> Lamp:
    """The lamp that decides how the field looks; the one proved longest ago among equals."""
    return min(lamps, key=lambda lamp: (_WORST.index(lamp.state), lamp.proved_ms or 0))


def field(kind: str, lamps: Sequence[Lamp], proof: Proof | None, now_ms: int, words: Words) -> Field:
    """The field of this kind from all its lamps (and the proof)."""
    if kind == "proof" and proof is not None:
        return _proof(proof, words)
    if not lamps:
        return Field(kind, "unknown", words.text("truth.not_arrived"), words.text("truth.not_arrived_short"))
    lamp = worst(lamps)
    if lamp.state == "off":
        text = words.text("truth.off")
        return Field(kind, "off", text, text)
    full, short = _WRITERS[kind](lamps, lamp, now_ms, words)
    return Field(kind, lamp.state, full, short)


def _age(since_ms: int | None, now_ms: int, words: Words) -> str:
    return "" if since_ms is None else words.age((now_ms - since_ms) / 1000)


def _brief(since_ms: int | None, now_ms: int, words: Words) -> str:
    return "" if since_ms is None else words.brief_age((now_ms - since_ms) / 1000)


def _broker(_lamps: Sequence[Lamp], lamp: Lamp, now_ms: int, words: Words) -> tuple[str, str]:
    age = _age(lamp.proved_ms, now_ms, words)
    if lamp.state == "bad":
        since = lamp.since_ms or lamp.proved_ms
        full = words.text("truth.down_for", age=_age(since, now_ms, words)).strip()
        return full, words.text("truth.down_for", age=_brief(since, now_ms, words)).strip()
    if not age:
        return words.text("truth.lamp.unknown"), words.text("truth.not_arrived_short")
    return words.text("truth.ago", age=age), age


def _feed(lamps: Sequence[Lamp], lamp: Lamp, now_ms: int, words: Words) -> tuple[str, str]:
    well = sum(each.state == "ok" for each in lamps)
    share = words.text("truth.well_of", well=well, total=len(lamps))
    if well == len(lamps):
        return share, share
    name, age = plain(lamp.name, 14), _age(lamp.since_ms or lamp.proved_ms, now_ms, words)
    if not age:
        return f"{share} · {name}", f"{share} {name}"
    brief = _brief(lamp.since_ms or lamp.proved_ms, now_ms, words)
    full = words.text("truth.named_silent", name=name, age=age)
    short = words.text("truth.named_silent_short", name=plain(lamp.name, 8), age=brief)
    return f"{share} · {full}", f"{share} {short}"


def _camera(lamps: Sequence[Lamp], lamp: Lamp, _now_ms: int, words: Words) -> tuple[str, str]:
    if lamp.number is None or lamp.total is None:
        well = sum(each.state == "ok" for each in lamps)
        text = words.text("truth.well_of", well=well, total=len(lamps))
    else:
        among = int(lamp.total if lamp.among is None else lamp.among)
        text = words.text("truth.well_of", well=int(lamp.number), total=among)
        if among < lamp.total:
            return words.text("truth.well_of_watched", share=text, total=int(lamp.total)), text
    return text, text


def detail(lamp: Lamp, words: Words) -> str:
    """What the page behind the field says of a lamp, in the operator's language where there are words."""
    if lamp.kind == "camera" and None not in (lamp.number, lamp.among, lamp.total):
        live, among, total = int(lamp.number or 0), int(lamp.among or 0), int(lamp.total or 0)
        return words.text("truth.camera_detail", live=live, among=among, total=total, idle=total - among)
    return plain(lamp.detail, 300)


def _central(_lamps: Sequence[Lamp], lamp: Lamp, now_ms: int, words: Words) -> tuple[str, str]:
    if lamp.state == "ok":
        age = _age(lamp.proved_ms, now_ms, words)
        return words.text("truth.connected", age=words.text("truth.ago", age=age) if age else ""), words.text(
            "truth.connected_short"
        )
    if lamp.state == "unknown":
        return words.text("truth.lamp.unknown"), words.text("truth.not_arrived_short")
    since = lamp.since_ms or lamp.proved_ms
    full = words.text("truth.offline", age=_age(since, now_ms, words)).strip()
    return full, words.text("truth.down_for", age=_brief(since, now_ms, words)).strip()


def _backlog(_lamps: Sequence[Lamp], lamp: Lamp, _now_ms: int, words: Words) -> tuple[str, str]:
    if lamp.number is None:
        return words.text("truth.lamp.unknown"), words.text("truth.not_arrived_short")
    if lamp.number == 0:
        text = words.text("truth.backlog_none")
        return text, text
    count = f"{int(lamp.number):,}"
    short = words.text("truth.backlog_count", n=count)
    if lamp.since_ms is None:
        return short, short
    return words.text("truth.backlog_oldest", n=count, time=words.time(lamp.since_ms)[:5]), short


def _proof(proof: Proof, words: Words) -> Field:
    at = words.time(proof.at_ms)[:5]
    if proof.equal:
        full = words.text("truth.proof_equal", time=at, n=f"{proof.ours.count:,}")
        return Field("proof", "ok", full, words.text("truth.proof_equal_short", time=at))
    full = words.text("truth.proof_other", time=at)
    return Field("proof", "warn", full, words.text("truth.proof_other_short", time=at))


def _proof_lamp(_lamps: Sequence[Lamp], lamp: Lamp, _now_ms: int, words: Words) -> tuple[str, str]:
    text = words.text(f"truth.lamp.{lamp.state}")
    return text, text


def _clock(_lamps: Sequence[Lamp], lamp: Lamp, _now_ms: int, words: Words) -> tuple[str, str]:
    if lamp.number is None:
        return words.text("truth.lamp.unknown"), words.text("truth.not_arrived_short")
    text = words.text("truth.clock_offset", offset=f"{lamp.number / 1000:+.1f}")
    return text, text


def _disk(_lamps: Sequence[Lamp], lamp: Lamp, _now_ms: int, words: Words) -> tuple[str, str]:
    if lamp.number is None:
        return words.text("truth.lamp.unknown"), words.text("truth.not_arrived_short")
    text = words.text("truth.percent", n=f"{lamp.number:.0f}")
    return text, text


_WRITERS: dict[str, Callable[[Sequence[Lamp], Lamp, int, Words], tuple[str, str]]] = {
    "broker": _broker, "feed": _feed, "camera": _camera, "central": _central,
    "backlog": _backlog, "proof": _proof_lamp, "clock": _clock, "disk": _disk,
}  # fmt: skip
