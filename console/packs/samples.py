"""A whole site made of packs: settings and asset tree for whoever tries or replays them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from console.packs.tables import Pack, Sample
from console.settings_tables import Broker, Feed, Settings, Site
from db.asset_records import Asset

DISTRICT = "replay"


def feeds(packs: Iterable[Pack]) -> dict[str, Feed]:
    """The packs' feeds; two packs may name the same feed only when it is the same."""
    return {name: feed for pack in packs for name, feed in pack.feeds.items()}


def settings(packs: Sequence[Pack], broker: Broker | None = None, *, assets_file: str = "") -> Settings:
    """Settings with the packs in use and their feeds."""
    return Settings(
        site=Site(assets=assets_file),
        brokers={"main": broker or Broker()},
        feeds=feeds(packs),
        packs=tuple(pack.pack.id for pack in packs),
    )


def assets(packs: Iterable[Pack]) -> list[Asset]:
    """One facility per pack and domain with the devices of its replay; a district above them."""
    return list(_tree(packs))


def _tree(packs: Iterable[Pack]) -> Iterator[Asset]:
    yield Asset(DISTRICT, "district", "재생 관제구", name_en="Replay district", lon=126.89, lat=37.4965)
    for pack in packs:
        words = {each.name: each for each in pack.quantities}
        for domain in dict.fromkeys(each.domain for each in pack.samples):
            home = f"{DISTRICT}-{pack.pack.id}-{domain}"
            yield Asset(
                home,
                "facility",
                pack.pack.name,
                parent=DISTRICT,
                name_en=pack.pack.name_en,
                domain=domain,
            )
            for each in pack.samples:
                if each.domain == domain:
                    yield _device(home, each)
                    for name in each.quantities:
                        yield Asset(
                            f"{each.source}/{name}",
                            "channel",
                            words[name].ko if name in words else name,
                            parent=each.source,
                            name_en=words[name].en if name in words else name,
                            source=each.source,
                            quantity=name,
                        )


def _device(home: str, sample: Sample) -> Asset:
    return Asset(
        sample.source,
        "device",
        sample.ko,
        parent=home,
        name_en=sample.en,
        source=sample.source,
        silent_after_s=sample.silent_after_s,
        lon=sample.lon,
        lat=sample.lat,
        power_parent=sample.power,
    )


def write(folder: Path, packs: Sequence[Pack], broker: Broker | None = None) -> Path:
    """Put `settings.toml` and `assets.toml` into a folder; returns the settings' path."""
    folder.mkdir(parents=True, exist_ok=True)
    tree = {"asset": [plain(each) for each in assets(packs)]}
    (folder / "assets.toml").write_text(tomlkit.dumps(tree), encoding="utf-8")
    path = folder / "settings.toml"
    found = plain(settings(packs, broker, assets_file="assets.toml"))
    path.write_text(tomlkit.dumps(found), encoding="utf-8")
    return path


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """A table as TOML holds it: what differs from its default."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(value):
        each = getattr(value, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if each != default and each is not None:
            found[field.name] = _inside(each)
    return found


def _inside(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return plain(value)
    if isinstance(value, dict):
        return {key: _inside(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_inside(each) for each in value]
    return value
