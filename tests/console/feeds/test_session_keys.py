"""The door of a platform feed gives a session key to who may have one, and takes messages with it only."""

from __future__ import annotations

import pytest

from console.clock import ManualClock
from console.feeds import session_keys
from console.feeds.posting import Asked, Reply
from console.feeds.session_keys import SessionKeys
from console.formats import platform_out
from console.formats.platform_out import Link, read_answer
from console.settings_tables import Endpoint

DOOR = Endpoint(path="/p/", session_keys=True, senders=("B1111", "B2222"), session_hours=1.0)
HERE = Link(sender="B1111", receiver="B4113")


def ask(
    keys: SessionKeys, link: Link, body: bytes, kind: str = "EVENT", *, bare: bool = False
) -> Reply | None:
    """A post; `bare` without the headers of the published form."""
    said = {} if bare else platform_out.headers(link, "AUTH" if kind == "AUTH" else "EVENT")
    return keys.reply("city", DOOR, Asked("/p/x", lambda name: said.get(name, "")), body)


def key_of(keys: SessionKeys, link: Link, *, bare: bool = False) -> str:
    reply = ask(keys, link, platform_out.key_request(link, 0), "AUTH", bare=bare)
    assert reply is not None
    answer = read_answer(reply.body)
    assert (reply.status, answer.is_taken, answer.code) == (200, True, "2000")
    return answer.message


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_795_344_600_000)


@pytest.fixture
def keys(clock: ManualClock) -> SessionKeys:
    return SessionKeys(clock)


def with_key(key: str, sender: str = "B1111") -> Link:
    return Link(sender=sender, receiver="B4113", session_key=key)


def message(link: Link) -> bytes:
    return platform_out._message(link, {"evtId": "E"}, 0, "json")


@pytest.mark.parametrize("bare", [False, True])
def test_a_message_with_the_key_that_was_given_is_taken(bare: bool, keys: SessionKeys) -> None:
    link = with_key(key_of(keys, HERE, bare=bare))
    assert ask(keys, link, message(link), bare=bare) is None


@pytest.mark.parametrize("link", [with_key(""), with_key("0" * 32), with_key("한")])
def test_a_message_without_it_is_told_to_ask(link: Link, keys: SessionKeys) -> None:
    key_of(keys, HERE)
    reply = ask(keys, link, message(link))
    assert reply is not None
    assert (reply.status, read_answer(reply.body).code) == (401, "4101")


def test_the_key_of_one_sender_is_not_that_of_another(keys: SessionKeys) -> None:
    key = key_of(keys, HERE)
    other = with_key(key, "B2222")
    assert ask(keys, other, message(other)) is not None


def test_a_sender_that_is_not_named_gets_none(keys: SessionKeys) -> None:
    link = Link(sender="B9999", receiver="B4113")
    reply = ask(keys, link, platform_out.key_request(link, 0), "AUTH")
    assert reply is not None
    assert (reply.status, read_answer(reply.body).is_taken) == (401, False)


def test_a_key_ends_with_its_time_and_with_two_newer_ones(keys: SessionKeys, clock: ManualClock) -> None:
    first, second = key_of(keys, HERE), key_of(keys, HERE)
    assert [ask(keys, with_key(key), message(with_key(key))) for key in (first, second)] == [None, None]
    third = key_of(keys, HERE)
    assert ask(keys, with_key(first), message(with_key(first))) is not None
    clock.advance(3601)
    assert ask(keys, with_key(third), message(with_key(third))) is not None


def test_many_senders_take_no_room_without_end(keys: SessionKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_keys, "_MOST_SENDERS", 3)
    anyone = Endpoint(path="/p/")
    for number in range(50):
        link = Link(sender=f"B{number}", receiver="B4113")
        said = platform_out.headers(link, "AUTH")
        keys.reply("city", anyone, Asked("/p/x", lambda name, said=said: said.get(name, "")), b"")  # type: ignore[misc]
    assert len(keys._given) == 3


def test_a_door_that_wants_no_keys_takes_what_comes(keys: SessionKeys) -> None:
    open_door = Endpoint(path="/p/")
    said = platform_out.headers(HERE)
    asked = Asked("/p/x", lambda name: said.get(name, ""))
    assert keys.reply("city", open_door, asked, message(HERE)) is None
