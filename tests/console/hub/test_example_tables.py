"""The tables that the shipped settings only show work, with every key that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from console.settings import parse
from console.settings_outlets import CapOut, Platform
from console.settings_tables import Hub

SETTINGS = Path(__file__).resolve().parents[3] / "resources" / "settings"


@pytest.mark.parametrize(
    ("name", "head", "shape"),
    [
        ("platform.toml", "[platforms.city]", Platform),
        ("cap.toml", "[[cap_out]]", CapOut),
        ("ngsi-ld.toml", "[hubs.city]", Hub),
    ],
)
def test_a_table_that_is_shown_as_a_comment_is_a_setting(name: str, head: str, shape: Any) -> None:
    text = (SETTINGS / name).read_text(encoding="utf-8")
    lines = text[text.index(f"# {head}") :].splitlines()
    table = "\n".join(re.match(r"# ?(.*)", line)[1] for line in lines if line.startswith("# "))  # type: ignore[index]
    settings = parse(table, name)
    assert settings.platforms or settings.cap_out or settings.hubs
    assert [key for key in shape.__struct_fields__ if not re.search(rf"\b{key}\b", text)] == []


def test_the_door_with_session_keys_is_a_setting() -> None:
    text = (SETTINGS / "platform.toml").read_text(encoding="utf-8")
    lines = text[text.index("# [listen]") : text.index("# And out")].splitlines()
    settings = parse("\n".join(line.removeprefix("#").strip() for line in lines), "platform.toml")
    door = settings.feeds["platform-http"].listen
    assert door is not None
    assert (door.session_keys, door.senders) == (True, ("B1111000000",))
