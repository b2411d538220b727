"""What we send to the integrated platform is what we would read ourselves."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace

from console.errors import Refused
from console.formats import platform_out
from console.formats.json_text import Unreadable
from console.formats.platform_out import Form, Link
from db.records import Event
from tests.console.formats.test_platform import event as read

NOW = 1_795_395_600_123  # 2026-11-23 10:00:00.123 in Seoul
LINK = Link(sender="B1120000000", receiver="B1100000000", session_key="s3cret")
OURS = Event(
    "console-1", "k", "FIRE01", "occurred", NOW, NOW, grade="10", place="살곶이 다리", lon=127.04, lat=37.55,
    text="화재\n연기 & 불꽃=100%", extra={"ocrNbr": platform_out.number(NOW), "items": [["IMAGE_URL", "http://h/1"]]},
)  # fmt: skip
FORMS: tuple[Form, ...] = ("json", "form")


def test_a_number_is_the_moment_in_17_digits() -> None:
    assert platform_out.number(NOW) == "20261123100000123"


@pytest.mark.parametrize("form", FORMS)
def test_an_event_reads_as_it_was_sent(form: Form) -> None:
    found = read(platform_out.event(LINK, OURS, NOW + 1000, form))
    assert found.origin_key == "B1120000000|FIRE01|20261123100000123"
    assert (found.status, found.grade, found.place, found.lon, found.lat) == (
        "occurred", "10", OURS.place, 127.04, 37.55,
    )  # fmt: skip
    assert (found.text, found.media, found.observed_ms) == (OURS.text, ("http://h/1",), NOW // 1000 * 1000)
    assert "s3cret" not in str(found)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", ["changed", "cleared", "cancelled", "ended"])
def test_a_change_of_status_is_of_the_same_event(form: Form, status: str) -> None:
    later = replace(OURS, status=status, observed_ms=NOW + 60_000)
    found = read(platform_out.status(LINK, later, NOW + 60_000, ("u1", "김관제"), form))
    assert (found.origin_key, found.status) == (read(platform_out.event(LINK, OURS, NOW)).origin_key, status)
    assert found.observed_ms == (NOW + 60_000) // 1000 * 1000
    assert found.extra["user"] == {"ocrEvtUsrId": "u1", "ocrEvtUsrNm": "김관제"}


def test_91_keeps_the_word_that_tells_what_it_means() -> None:
    done = replace(OURS, status="ended", extra=OURS.extra | {"status_word": "자동종료"})
    assert read(platform_out.status(LINK, done, NOW)).extra["status_word"] == "자동종료"


def test_the_length_is_that_of_the_body() -> None:
    fields = parse_qs(platform_out.event(LINK, OURS, NOW, "form").decode())
    assert int(fields["bodyLen"][0]) == len(fields["Body"][0].encode())


def test_an_event_without_a_number_is_not_sent() -> None:
    with pytest.raises(Refused, match="occurrence number"):
        platform_out.event(LINK, replace(OURS, extra={}), NOW)


def test_answers_are_read_and_given() -> None:
    assert platform_out.read_answer(platform_out.answer()).is_taken
    refused = platform_out.read_answer(platform_out.answer("4000"))
    assert (refused.is_taken, refused.code) == (False, "4000")
    key = b'{"startTag":"$DA","result":"0","type":"2000","message":"KEY","finishTag":"$DF"}'
    assert platform_out.read_answer(key).message == "KEY"
    with pytest.raises(Unreadable):
        platform_out.read_answer(b"<html/>")


def test_the_session_key_is_in_the_request_and_in_a_header() -> None:
    assert json.loads(platform_out.key_request(LINK, NOW))["svcTy"] == "AUTH"
    assert platform_out.headers(LINK)["X-Scsns-Secret"] == "s3cret"
