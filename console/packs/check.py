"""What is wrong with a pack: one sentence per fault, all of them at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from console.alarms import rulebook
from console.errors import SettingsError
from console.formats import topics
from console.formats.decoders import decoder
from console.packs import indicators, load, replay
from console.packs.tables import Figure, Pack, Quantity
from console.packs.units import is_unit
from console.settings_tables import Feed
from db.alarm_records import Rule
from db.records import Reading, SetAside

_VALUE_KINDS = ("threshold", "average", "forecast", "count")
_NOON = 1_795_309_200_000  # 2026-11-22 10:00 in Seoul; any moment would do


def faults(path: Path, pack: Pack) -> list[str]:
    """All faults, in the order of the file; empty for a good pack."""
    return [f"{path}: {fault}" for fault in _faults(path, pack)]


def checked(path: Path) -> list[str]:
    """The faults of a file, also when it cannot be read at all."""
    try:
        return faults(path, load.load(path))
    except SettingsError as error:
        return [str(error)]


def _faults(path: Path, pack: Pack) -> Iterator[str]:
    yield from _head(path, pack)
    yield from _quantities(pack)
    yield from _grades(pack)
    yield from _card(pack)
    yield from _rules(pack)
    yield from _words(pack)
    yield from _indicators(pack)
    yield from _feeds(pack)
    yield from _samples(pack)
    yield from _replay(path, pack)


def _head(path: Path, pack: Pack) -> Iterator[str]:
    head = pack.pack
    if head.id != path.stem:
        yield f"key pack.id: found {head.id!r}; the file's name {path.stem!r}"
    for at, each in enumerate(head.serves):
        if not re.fullmatch(r"S(0[1-9]|[1-4][0-9]|50)", each):
            yield f"key pack.serves[{at}]: found {each!r}; S01 to S50"
    if not pack.needs:
        yield "key needs: found none; at least one table that says what must arrive"
    known = {each.name for each in pack.quantities}
    for at, need in enumerate(pack.needs):
        for kind in need.kinds:
            if kind not in _kinds():
                yield f"key needs[{at}].kinds: found {kind!r}; allowed: {', '.join(_kinds())}"
        yield from _unknown(f"needs[{at}].quantities", need.quantities, known)


def _kinds() -> tuple[str, ...]:
    from console.feeds_list import kinds

    return kinds()


def _unknown(key: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name and name not in known:
            allowed = ", ".join(sorted(known)) or "none is defined"
            yield f"key {key}: found {name!r}, which is no quantity of the pack; allowed: {allowed}"


def _twice(key: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"key {key}: found {name!r} twice; a name is one thing's only"


def _quantities(pack: Pack) -> Iterator[str]:
    known = {each.name for each in pack.quantities}
    yield from _twice("quantities", (each.name for each in pack.quantities))
    for at, each in enumerate(pack.quantities):
        if not is_unit(each.unit):
            yield f"key quantities[{at}].unit: found {each.unit!r}, which is no UCUM unit; 1 for none"
        if each.predicts and not each.forecast:
            yield f"key quantities[{at}].predicts: found {each.predicts!r}; a forecast's only"
        yield from _unknown(f"quantities[{at}].predicts", (each.predicts,), known)
        low, high = each.minimum, each.maximum
        if low is not None and high is not None and low >= high:
            yield f"key quantities[{at}].minimum: found {low:g}; less than the maximum {high:g}"
        if each.values == "number" and (low is None or high is None):
            yield f"key quantities[{at}]: found no minimum or no maximum for {each.name}; both"


def _grades(pack: Pack) -> Iterator[str]:
    known = {each.name: each for each in pack.quantities}
    yield from _unknown("grades", (each.quantity for each in pack.grades), known)
    for name in dict.fromkeys(each.quantity for each in pack.grades):
        steps = [each for each in pack.grades if each.quantity == name]
        limits = [each.upto for each in steps if not each.equals]
        if not limits:
            continue
        if limits[-1] is not None:
            yield f"key grades: found {limits[-1]:g} as the last upto of {name}; the last one has none"
        numbers = [each for each in limits[:-1] if each is not None]
        if len(numbers) != len(limits) - 1 or numbers != sorted(set(numbers)):
            yield f"key grades: found steps of {name} that do not rise; each upto above the one before"


def _card(pack: Pack) -> Iterator[str]:
    known = {each.name: each for each in pack.quantities}
    graded = {each.quantity for each in pack.grades}
    for key, figures in (("card.figures", pack.card.figures), ("card.forecast", pack.card.forecast)):
        yield from _unknown(key, (each.quantity for each in figures), known)
        yield from _unknown(key, (each.of for each in figures if each.of), known)
        for at, each in enumerate(figures):
            yield from _figure(f"{key}[{at}]", each, known, graded)
    if bool(pack.card.note) != bool(pack.card.note_en):
        yield "key card.note: found one language only; both"


def _figure(key: str, figure: Figure, known: dict[str, Quantity], graded: set[str]) -> Iterator[str]:
    if figure.show == "grades" and figure.quantity not in graded:
        yield f"key {key}.show: found 'grades', but {figure.quantity} has no grades"
    quantity = known.get(figure.quantity)
    if quantity is not None and quantity.forecast != key.startswith("card.forecast"):
        yield f"key {key}: found {figure.quantity!r}; a forecast stands in card.forecast and nowhere else"
    if bool(figure.ko) != bool(figure.en):
        yield f"key {key}: found words in one language only; both"


def _rules(pack: Pack) -> Iterator[str]:
    known = {each.name: each for each in pack.quantities}
    yield from _twice("rules", (rule.id for rule in pack.rules))
    for at, rule in enumerate(pack.rules):
        key = f"rules[{at}]"
        try:
            rulebook.check(rule)
        except SettingsError as error:
            yield f"key {key}: {str(error).removeprefix('rules: ')}"
        if not rule.name or not rule.name_en:
            yield f"key {key}.name: found no words for rule {rule.id!r} in both languages"
        if not rule.basis:
            yield f"key {key}.basis: found nothing; the source of the limit, or 예시 / example"
        names = [name for name in (rule.quantity, rule.if_quantity) if not name.endswith("*")]
        yield from _unknown(key, names, known)
        yield from _limits(key, rule, known.get(rule.quantity))
        yield from _types(key, rule, pack)


def _limits(key: str, rule: Rule, quantity: Quantity | None) -> Iterator[str]:
    if quantity is None:
        return
    if quantity.forecast != (rule.kind == "forecast"):
        yield f"key {key}.kind: found {rule.kind!r} for {quantity.name}; kind forecast for a forecast only"
    if rule.kind not in _VALUE_KINDS:
        return
    for name in ("above", "below", "clear"):
        limit = getattr(rule, name)
        if limit is None:
            continue
        too_low = quantity.minimum is not None and limit < quantity.minimum
        if too_low or (quantity.maximum is not None and limit > quantity.maximum):
            span = f"{quantity.minimum} to {quantity.maximum}"
            yield f"key {key}.{name}: found {limit:g}; {quantity.name} can only be {span} {quantity.unit}"


def _types(key: str, rule: Rule, pack: Pack) -> Iterator[str]:
    known = [each.type for each in pack.event_types]
    for each in rule.types:
        if each not in known:
            allowed = ", ".join(known) or "none is defined"
            yield f"key {key}.types: found {each!r}, which has no words in event_types; allowed: {allowed}"


def _words(pack: Pack) -> Iterator[str]:
    yield from _twice("event_types", (each.type for each in pack.event_types))
    known = {rule.id for rule in pack.rules} | {each.type for each in pack.event_types}
    for at, each in enumerate(pack.guidance):
        if each.on not in known:
            yield f"key guidance[{at}].on: found {each.on!r}; the id of a rule or a type of event of the pack"
        if len(each.steps) != len(each.steps_en):
            wanted = f"{len(each.steps)} as in Korean"
            yield f"key guidance[{at}].steps_en: found {len(each.steps_en)} steps; {wanted}"
    if bool(pack.pack.about) != bool(pack.pack.about_en):
        yield "key pack.about: found one language only; both"


def _indicators(pack: Pack) -> Iterator[str]:
    yield from _twice("indicators", (each.id for each in pack.indicators))
    for at, each in enumerate(pack.indicators):
        fault = indicators.fault(each.formula)
        if fault:
            yield f"key indicators[{at}].formula: {fault}"
        if not is_unit(each.unit):
            yield f"key indicators[{at}].unit: found {each.unit!r}, which is no UCUM unit"


def _feeds(pack: Pack) -> Iterator[str]:
    known = {each.name: each for each in pack.quantities}
    for name, feed in pack.feeds.items():
        try:
            decoder(name, feed)
            for at, each in enumerate(feed.topics):
                topics.matcher(each, f"feeds.{name}.topics[{at}]")
        except SettingsError as error:
            yield f"key {error}"
        for mapping in feed.mappings:
            for row in mapping.values:
                yield from _unknown(f"feeds.{name}.mappings", (row.quantity,), known)
                found = known.get(row.quantity)
                if found is not None and found.unit != row.unit:
                    yield f"key feeds.{name}.mappings: found {row.unit!r} for {row.quantity}; {found.unit!r}"


def _samples(pack: Pack) -> Iterator[str]:
    known = {each.name for each in pack.quantities}
    sources = {each.source for each in pack.samples}
    yield from _twice("samples", (each.source for each in pack.samples))
    for at, each in enumerate(pack.samples):
        yield from _unknown(f"samples[{at}].quantities", each.quantities, known)
        if each.domain not in pack.pack.domains:
            allowed = ", ".join(pack.pack.domains) or "none is named"
            yield f"key samples[{at}].domain: found {each.domain!r}; allowed: {allowed}"
        if each.power and each.power not in sources:
            yield f"key samples[{at}].power: found {each.power!r}; the source of another sample"


def _replay(path: Path, pack: Pack) -> Iterator[str]:
    file = load.replay_path(path, pack)
    if file is None:
        yield "key replay: found nothing; a table with the file that shows the pack at work"
        return
    try:
        lines = list(replay.lines(file))
        size = file.stat().st_size
    except (SettingsError, OSError) as error:
        yield f"key replay.file: {error}"
        return
    if size > replay.LARGEST:
        yield f"key replay.file: found {size} bytes in {file.name}; at most {replay.LARGEST}"
    yield from _played(pack, lines, file.name)


def _played(pack: Pack, lines: list[replay.Line], name: str) -> Iterator[str]:
    """What the pack's own feeds make of its replay."""
    if not lines:
        yield f"key replay.file: found no message in {name}"
    try:
        made = [(_filters(feed), decoder(each, feed)) for each, feed in pack.feeds.items()]
    except SettingsError:
        return  # said already
    known, told = {each.name for each in pack.quantities}, set[str]()
    for number, line in enumerate(lines, 1):
        reading = [each for fits, each in made if any(fit(line.topic) for fit in fits)]
        records = [
            record
            for each in reading
            for record in each.decode(line.topic, line.bytes_at(_NOON + line.after_ms), _NOON, False)
        ]
        if not records:
            yield f"key replay.file: line {number} of {name}: no feed of the pack takes {line.topic!r}"
            return
        strange = {each.quantity for each in records if isinstance(each, Reading)} - known - told
        told |= strange
        yield from _unknown(f"replay.file: line {number} of {name}", sorted(strange), known)
        aside = next((each for each in records if isinstance(each, SetAside)), None)
        if aside is not None and "quarantine" not in line.topic:
            yield f"key replay.file: line {number} of {name}: {aside.reason}: {aside.detail}"
            return


def _filters(feed: Feed) -> list[Callable[[str], bool]]:
    return [topics.matcher(each, "topics") for each in feed.topics]
