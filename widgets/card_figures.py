"""The figures of a card by its pack's layout. Pure: values in, texts and looks out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from console.packs.tables import Card, Figure, Grade, Pack, Quantity
from db.records import Flag, Latest
from widgets.words import Words

_USABLE = ("good", "uncertain")
_HARMLESS = int(Flag.FORECAST)
Values = Mapping[str, Mapping[str, Latest]]
"""Per quantity the newest value of each source."""


class Line(NamedTuple):
    """One figure of a card; `look` is the priority whose colour and shape it takes, 0 for grey."""

    text: str
    look: int = 0
    forecast: bool = False


def ungraded(pack: Pack | None, text: str, words: Words) -> str:
    """A figure without the word of its grade, for where that does not fit: the value stays whole."""
    grades = pack.grades if pack is not None else ()
    for grade in grades:
        value = text.removesuffix(f" {words.pick(grade.ko, grade.en)}")
        if value != text and any(each.lstrip("-−")[:1].isdigit() for each in value.split()):
            return value
    return text


def wanted(card: Card) -> set[str]:
    """The quantities that a card looks at."""
    return {
        name for figure in (*card.figures, *card.forecast) for name in (figure.quantity, figure.of) if name
    }


def lines(pack: Pack, values: Values, words: Words) -> list[Line]:
    """The card's figures that can be told, in order, what is before what is predicted."""
    found = [_line(pack, each, values, words, forecast=False) for each in pack.card.figures]
    found += [_line(pack, each, values, words, forecast=True) for each in pack.card.forecast]
    return [each for each in found if each is not None]


def grade_of(pack: Pack, latest: Latest) -> Grade | None:
    """The step of its scale on which a value stands."""
    for grade in pack.grades:
        if grade.quantity != latest.quantity:
            continue
        if grade.equals:
            if latest.value == grade.equals:
                return grade
        elif isinstance(latest.value, float | int) and (grade.upto is None or latest.value <= grade.upto):
            return grade
    return None


def value_of(pack: Pack | None, latest: Latest, words: Words) -> str:
    """A good live number as the pack writes it; "" for anything else."""
    quantities = pack.quantities if pack is not None else ()
    known = next((each for each in quantities if each.name == latest.quantity), None)
    is_number = isinstance(latest.value, float | int) and not isinstance(latest.value, bool)
    if (
        known is None
        or not is_number
        or latest.flags
        or latest.quality != "good"
        or latest.unit != known.unit
    ):
        return ""
    return _text(float(latest.value), known, words)


def short_name(pack: Pack | None, quantity: str, words: Words) -> str:
    """The word of a quantity on the pack's card; "" where the card has none."""
    figures = pack.card.figures if pack is not None else ()
    return next((words.pick(each.ko, each.en) for each in figures if each.quantity == quantity), "")


def _line(pack: Pack, figure: Figure, values: Values, words: Words, *, forecast: bool) -> Line | None:
    if figure.show == "range":
        return _range(pack, figure, values, words, forecast=forecast)
    usable = [each for each in values.get(figure.quantity, {}).values() if _is_usable(each, forecast)]
    if not usable:
        return None
    quantity = next(each for each in pack.quantities if each.name == figure.quantity)
    name = words.pick(figure.ko, figure.en) or words.pick(quantity.ko, quantity.en)
    if figure.show == "grades":
        return _grades(pack, usable, words)
    numbers = [float(each.value) for each in usable if isinstance(each.value, float | int)]
    if figure.show == "count":
        return Line(f"{name} {sum(number > 0 for number in numbers)}/{len(usable)}")
    if not numbers:
        return None
    if figure.show == "sum":
        whole = [values.get(figure.of, {}).get(each.source) for each in usable]
        return Line(_sum(figure, name, numbers, quantity, whole, words))
    if figure.show == "mean":
        mean = sum(numbers) / len(numbers)
        return Line(words.text("cards.mean", name=name, value=_text(mean, quantity, words)))
    told = _told(pack, figure, [each for each in usable if isinstance(each.value, float | int)])
    return _value(pack, told, name, quantity, words, forecast=forecast)


def _is_usable(latest: Latest, forecast: bool) -> bool:
    if latest.quality not in _USABLE:
        return False
    return bool(latest.flags & _HARMLESS) if forecast else not latest.flags


def _told(pack: Pack, figure: Figure, usable: Iterable[Latest]) -> Latest:
    def size(latest: Latest) -> float:
        return float(latest.value)

    def worst(latest: Latest) -> tuple[int, float]:
        grade = grade_of(pack, latest)
        falling = grade is not None and _falls(pack, figure.quantity)
        look = grade.look if grade is not None else 0
        return (5 - look if look else 0), (-size(latest) if falling else size(latest))

    if figure.show == "lowest":
        return min(usable, key=size)
    return max(usable, key=worst if figure.show == "worst" else size)


def _falls(pack: Pack, quantity: str) -> bool:
    """Whether the lowest step of the scale is its worst, as with a speed."""
    looks = [each.look for each in pack.grades if each.quantity == quantity]
    return bool(looks) and bool(looks[0]) and not looks[-1]


def _value(
    pack: Pack, latest: Latest, name: str, quantity: Quantity, words: Words, *, forecast: bool
) -> Line:
    grade = grade_of(pack, latest)
    step = words.pick(grade.ko, grade.en) if grade is not None else ""
    is_step = bool(step) and quantity.minimum == 1 and quantity.decimals == 0  # a number that is a step
    text = (
        step
        if is_step or (forecast and step)
        else f"{_text(float(latest.value), quantity, words)} {step}".rstrip()
    )
    if forecast:
        text = words.text("cards.forecast", value=text, time=words.time(latest.observed_ms)[:5])
    elif not is_step:
        text = f"{name} {text}"
    return Line(text, grade.look if grade is not None else 0, forecast)


def _sum(
    figure: Figure,
    name: str,
    numbers: list[float],
    quantity: Quantity,
    whole: Iterable[Latest | None],
    words: Words,
) -> str:
    """The sum, out of what the same sources have in all: a car park that is not linked counts in neither."""
    text = f"{sum(numbers):,.0f}"
    if figure.of:
        all_of = [
            float(each.value)
            for each in whole
            if each is not None and isinstance(each.value, float | int) and _is_usable(each, False)
        ]
        return f"{name} {text}/{sum(all_of):,.0f}" if all_of else f"{name} {text}"
    return f"{name} {words.value(sum(numbers), quantity.unit)}"


def _range(pack: Pack, figure: Figure, values: Values, words: Words, *, forecast: bool) -> Line | None:
    """`People now 1,100–1,600`: both ends of what the fullest source gives, never a number between."""
    ends = [values.get(f"{figure.quantity}/{each}", {}) for each in ("min", "max")]
    usable = [
        each
        for each in ends[1].values()
        if _is_usable(each, forecast) and isinstance(each.value, float | int) and each.source in ends[0]
    ]
    if not usable:
        return None
    most = max(usable, key=lambda each: float(each.value))
    least = ends[0][most.source]
    quantity = next(each for each in pack.quantities if each.name == figure.quantity)
    text = f"{float(least.value):,.{quantity.decimals}f}–{_text(float(most.value), quantity, words)}"
    if forecast:
        return Line(words.text("cards.forecast", value=text, time=words.time(most.observed_ms)[:5]), 0, True)
    return Line(f"{words.pick(figure.ko, figure.en) or words.pick(quantity.ko, quantity.en)} {text}")


def _grades(pack: Pack, usable: list[Latest], words: Words) -> Line | None:
    """`B 131 · C 8`: how many stand on which step, the worst first."""
    counts: dict[int, int] = {}
    for latest in usable:
        grade = grade_of(pack, latest)
        if grade is not None:
            at = pack.grades.index(grade)
            counts[at] = counts.get(at, 0) + 1
    if not counts:
        return None
    order = sorted(counts, key=lambda at: (-_worse(pack.grades[at].look), at))
    text = " · ".join(f"{words.pick(pack.grades[at].ko, pack.grades[at].en)} {counts[at]:,}" for at in order)
    return Line(text, pack.grades[order[0]].look)


def _worse(look: int) -> int:
    return 5 - look if look else 0


def _text(number: float, quantity: Quantity, words: Words) -> str:
    sign = words.unit(quantity.unit)
    figure = f"{number:,.{quantity.decimals}f}"
    return f"{figure} {sign}" if sign else figure
