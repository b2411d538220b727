"""The settings file: what is wrong is named with file, key, what was found and what is allowed."""

from pathlib import Path

import pytest

from console.errors import SettingsError
from console.settings import Settings, load, parse


def fault(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text, "gwanje.toml")
    return str(caught.value)


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse("", "gwanje.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "key", "found", "allowed"),
    [
        ('[brokers.main]\nversion = "4"', "brokers.main.version", "'4'", "5, 3.1.1"),
        ('[brokers.main]\nport = "x"', "brokers.main.port", "'x'", "int"),
        ("[brokers.main]\nprot = 1", "brokers.main", "prot", "host, port"),
        ('[feeds.x]\nbroker = "q"\ntopics = ["a"]', "feeds.x.broker", "'q'", "none is defined"),
        ('[[rules]]\nid = "a"\nkind = "threshold"\npriority = 9', "rules[0].priority", "9", "1, 2, 3, 4"),
        ('[[cameras]]\nid = "a"\nname = "b"', "cameras[0]", "a table with id, name", "required field `url`"),
        ("nonsense = 1", "nonsense", "1", "site, brokers"),
        ("feeds = 3", "feeds", "3", "tables [feeds.NAME]"),
        ('[brokers.main]\n[feeds.x]\ntopics = ["a/#/b"]', "feeds.x.topics[0]", "'a/#/b'", "last level"),
        ('[brokers.main]\nheartbeat_topic = "a/#"', "brokers.main.heartbeat_topic", "'a/#'", "regex"),
        ("[brokers.main]\nheartbeat_s = inf", "brokers.main.heartbeat_s", "'inf'", "float"),
        ('[brokers.main]\nhost = ""', "brokers.main.host", "''", "length >= 1"),
        ('[site]\ntimezone = "Mars/X"', "site.timezone", "'Mars/X'", "Asia/Seoul"),
        ('[[rules]]\nid = "a"\nkind = "silent"\nsource = "a*b"', "rules[0].source", "'a*b'", "at the end"),
        ('[[cameras]]\nid = ""\nname = "b"\nurl = "u"', "cameras[0].id", "''", "a name"),
        ('[[cameras]]\nid = "a"\nname = "b"\nurl = ""', "cameras[0].url", "''", "rtsp://"),
        ('[[cameras]]\nid = "a"\nname = "b"\nurl = "ftp://x"', "cameras[0].url", "'ftp'", "rtsp://"),
    ],
)
def test_a_fault_names_file_key_found_and_allowed(text: str, key: str, found: str, allowed: str) -> None:
    said = fault(text)
    assert said.startswith("gwanje.toml: key " + key + ":")
    assert found in said
    assert allowed in said


def test_a_fault_never_repeats_a_password() -> None:
    assert "hidden" not in fault('[brokers.main]\npassword = "hidden"\nprot = 1')


@pytest.mark.parametrize(
    "text",
    [
        "[brokers.main]\npassword = 12345",
        '[brokers.main]\npassword = ["12345"]',
        'cameras = ["rtsp://u:12345@host/x"]',
        '[central]\nurl = ["postgresql://u:12345@host/x"]',
    ],
)
def test_a_secret_of_the_wrong_type_is_not_shown_either(text: str) -> None:
    assert "12345" not in fault(text)


def test_a_file_nested_without_end_is_a_fault() -> None:
    assert "nested" in fault("a = " + "[" * 5000 + "]" * 5000)


def test_text_that_is_not_toml_is_named_with_its_place() -> None:
    assert "line 1" in fault("= nothing")


def test_the_same_camera_twice_is_a_fault() -> None:
    assert "'a' twice" in fault(
        '[[cameras]]\nid="a"\nname="x"\nurl="u"\n[[cameras]]\nid="a"\nname="y"\nurl="v"'
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("site", "feed", "expected"),
    [("", "", False), ("outside_korea = true", "", True), ("", "outside_korea = true", True)],
)
def test_positions_outside_korea_are_taken_where_the_site_or_the_feed_says_so(
    site: str, feed: str, expected: bool
) -> None:
    text = f"""
[site]
{site}
[brokers.main]
[feeds.cap]
kind = "cap"
topics = ["cap"]
{feed}
[feeds.other]
kind = "seoul"
topics = ["seoul"]
"""
    found = parse(text, "test").feeds
    assert found["cap"].cap.outside_korea is expected
    assert found["cap"].outside_korea is expected
    assert found["other"].seoul.outside_korea is bool(site)
