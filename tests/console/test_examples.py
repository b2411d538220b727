"""What README and the shipped settings show must work as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click import Group

from console.__main__ import gwanje
from console.formats.decoders import decoder
from console.maps.tables import MapFile
from console.settings import Settings, load, parse
from console.settings_outlets import CapOut, Platform
from console.settings_tables import CrisisBy, Hub, Shift
from console.start import checked

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SHIPPED = sorted((ROOT / "resources" / "settings").glob("*.toml"))


def test_every_table_of_the_readme_is_a_setting() -> None:
    assert len(BLOCKS) >= 3
    for block in [*BLOCKS, "\n".join(BLOCKS)]:
        settings = parse(block, "README.md")
        assert settings != Settings()
        for name, feed in settings.feeds.items():
            decoder(name, feed)


def test_every_command_and_option_of_the_readme_is_there() -> None:
    lines = [
        *re.findall(r"`gwanje ([^`]+)`", README),
        *re.findall(r"^.*?\bgwanje ([^`\n#]+)", README, re.MULTILINE),
    ]
    commands = [line.split() for line in lines if re.match(r"(-|central |core|decode|doctor|status)", line)]
    assert len(commands) >= 6
    for words in commands:
        command: Any = gwanje
        known = {name for each in command.params for name in each.opts} | {"--help"}
        for word in words:
            if word.startswith("-"):
                assert word in known, " ".join(words)
            elif isinstance(command, Group) and word in command.commands:
                command = command.commands[word]
                known |= {name for each in command.params for name in each.opts}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_settings_work(path: Path) -> None:
    assert checked(path).feeds


def test_the_example_shows_every_key_of_the_settings() -> None:
    text = (ROOT / "resources" / "settings" / "example.toml").read_text(encoding="utf-8")
    settings = load(ROOT / "resources" / "settings" / "example.toml")
    feed = settings.feeds["air"]
    mapping = feed.mappings[0]
    tables: list[Any] = [
        settings.site,
        settings.brokers["main"],
        feed,
        mapping,
        mapping.values[0],
        mapping.events[0],
    ]
    tables += [settings.rules[0], settings.cameras[0], settings.central, settings.disk]
    tables += [
        feed.backfill,
        settings.listen,
        settings.keep[0],
        settings.backups,
        Hub(url="http://h.invalid"),
    ]
    keys = {key for table in tables for key in table.__struct_fields__} - {"mappings", "values", "events"}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", text)) == []


@pytest.mark.parametrize(
    ("table", "kind"),
    [("[hubs.city]", Hub), ("[platforms.city]", Platform), ("[[cap_out]]", CapOut), ("[[maps]]", MapFile),
     ("[[crisis]]", CrisisBy), ("[[shifts]]", Shift)],
)  # fmt: skip
def test_a_table_in_the_examples_comments_can_be_used_as_it_is(
    table: str, kind: type[msgspec.Struct], tmp_path: Path
) -> None:
    text = (ROOT / "resources" / "settings" / "example.toml").read_text(encoding="utf-8")
    lines = text[text.index(f"# {table}") :].split("\n\n")[0].splitlines()
    path = tmp_path / "settings.toml"
    path.write_text(
        "\n".join(
            each.removeprefix("# ") for each in lines if each.startswith(("# [", "#  ")) or "=" in each
        ),
        encoding="utf-8",
    )
    found = getattr(load(path), table.strip("[]").partition(".")[0])
    assert isinstance(next(iter(found.values())) if isinstance(found, dict) else found[0], kind)
    unnamed = [key for key in kind.__struct_fields__ if not re.search(rf"\b{key}\b", text)]
    assert unnamed == []
