"""The dust grade and the weather in one line, of what has really been received. Pure.

The grades are those of the domain's pack; temperature and wind are the middle one of its
stations, since a single one may stand in the sun. Nothing is told that did not come.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from console.packs.tables import Pack
from db.records import Latest
from widgets.card_figures import lines
from widgets.domain_model import Domain
from widgets.words import Words

WEATHER = ("temperature", "rainfall", "wind_speed", "humidity")
"""Quantities that a weather station or a dust sensor sends besides."""
OLD_S = 600
_DUST = 2  # figures of the card
_USABLE = ("good", "uncertain")


class Told(NamedTuple):
    """The line, the priority whose look it takes (0 for grey), its age if it is old, the stations."""

    text: str
    look: int = 0
    age_s: float | None = None
    stations: int = 0


def weather_of(pack: Pack) -> set[str]:
    """The weather quantities that a pack knows."""
    return {each.name for each in pack.quantities if each.name in WEATHER}


def air_line(pack: Pack, domain: Domain, words: Words, now_ms: int) -> Told | None:
    """What the stations of a domain say now; None while nothing has come."""
    figures = [each for each in lines(pack, domain.figures, words) if not each.forecast][:_DUST]
    texts = [each.text for each in figures]
    values = [each for of in domain.figures.values() for each in of.values() if _is_live(each)]
    for name in WEATHER:
        own = [each for each in domain.figures.get(name, {}).values() if _is_live(each)]
        if own and not any(words.quantity(name) in text for text in texts):
            middle = median(float(each.value) for each in own)
            texts.append(
                words.text(
                    "summary.median",
                    name=words.quantity(name),
                    value=words.value(round(middle, 1), own[0].unit),
                )
            )
    if not texts or not values:
        return None
    newest_ms = max(each.received_ms for each in values)
    age_s = (now_ms - newest_ms) / 1000
    worst = min((each.look for each in figures if each.look), default=0)
    stations = len({each.source for each in values})
    return Told(" · ".join(texts[:4]), worst, age_s if age_s >= OLD_S else None, stations)


def _is_live(latest: Latest) -> bool:
    is_number = isinstance(latest.value, float | int) and not isinstance(latest.value, bool)
    return is_number and not latest.flags and latest.quality in _USABLE
