"""Which packs are installed and in use, and whether what they need is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from console.errors import SettingsError
from console.packs import check, load
from console.packs.tables import Head, Need, Pack, PackSeen
from console.settings_tables import Feed, Settings


def every(settings: Settings, base: Path | None, *, examined: bool = False) -> list[PackSeen]:
    """All installed packs, those in use first and in their order; one that cannot be read by its fault.

    With `examined` each is checked whole, its replay included, which takes longer.
    """
    files = load.files(base)
    order = [name for name in settings.packs if name in files]
    order += [name for name in files if name not in order]
    return [_seen(files[name], settings, name in settings.packs, examined) for name in order]


def in_use(settings: Settings, base: Path | None) -> list[PackSeen]:
    """The packs that the settings name, in their order."""
    return [
        PackSeen(pack=pack, origin=str(path), in_use=True, need_met=_met(pack, settings))
        for path, pack in load.chosen(settings.packs, base)
    ]


def _seen(path: Path, settings: Settings, used: bool, examined: bool) -> PackSeen:
    try:
        pack = load.load(path)
    except SettingsError as error:
        head = Head(id=path.stem, name=path.stem, name_en=path.stem)
        return PackSeen(pack=Pack(pack=head), origin=str(path), in_use=used, faults=(str(error),))
    faults = tuple(check.faults(path, pack)) if examined else ()
    return PackSeen(pack=pack, origin=str(path), in_use=used, need_met=_met(pack, settings), faults=faults)


def _met(pack: Pack, settings: Settings) -> tuple[bool, ...]:
    return tuple(is_met(need, settings.feeds.values()) for need in pack.needs)


def is_met(need: Need, feeds: Iterable[Feed]) -> bool:
    """Whether a feed that could bring it is set up."""
    return any(_brings(feed, need) for feed in feeds)


def _brings(feed: Feed, need: Need) -> bool:
    if feed.kind not in need.kinds:
        return False
    if feed.kind != "mapping":
        return True
    values = {row.quantity for mapping in feed.mappings for row in mapping.values}
    has_events = any(mapping.events for mapping in feed.mappings)
    return bool(values & set(need.quantities)) or (bool(need.events) and has_events)


def lines(seen: Sequence[PackSeen], language: str) -> list[str]:
    """The list for a person: per pack its state and what it needs, + for there and - for not."""
    said: list[str] = []
    wide = max((len(each.pack.pack.id) for each in seen), default=0)
    for each in seen:
        head, korean = each.pack.pack, language == "ko"
        state = ("사용" if korean else "in use") if each.in_use else ("설치됨" if korean else "installed")
        name = head.name if korean else head.name_en
        counts = f"{len(each.pack.quantities)} / {len(each.pack.rules)}"
        said.append(
            f"{head.id:{wide}}  {state}  v{head.version}  {name}  [{' '.join(head.serves)}]  {counts}"
        )
        for need, met in zip(each.pack.needs, each.need_met, strict=False):
            said.append(f"{'':{wide}}  {'+' if met else '-'} {need.ko if korean else need.en}")
        said += [f"{'':{wide}}  ! {fault}" for fault in each.faults]
    return said
