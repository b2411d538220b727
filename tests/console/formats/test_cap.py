"""CAP alerts, the Korean profile among them (DOMAIN.md, 2.8, traps 9 and 10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.formats import korea
from console.formats.cap import CapDecoder
from console.formats.forms import CapForm
from console.settings import Feed
from db.records import Decoded, Event, SetAside

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "cap"
NOW = 1_800_000_000_000
KIND = "TTAS.KO-07.0046/R5 재난 종류 코드"
V12 = "urn:oasis:names:tc:emergency:cap:1.2"


def decoder(**form: object) -> CapDecoder:
    return CapDecoder("cap", Feed(kind="cap", cap=CapForm(**form)), ("utf-8", "cp949"))  # type: ignore[arg-type]


def read(payload: str | bytes, by: CapDecoder | None = None) -> list[Decoded]:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    return (by or decoder()).decode("cap/x", raw, NOW, False)


def events(payload: str | bytes, by: CapDecoder | None = None) -> list[Event]:
    return [record for record in read(payload, by) if isinstance(record, Event)]


def reasons(payload: str | bytes) -> list[str]:
    return [record.reason for record in read(payload) if isinstance(record, SetAside)]


def info(code: str = "HRW", language: str = "ko-KR", more: str = "", codes: tuple[str, ...] = ()) -> str:
    geocodes = "".join(
        f"<geocode><valueName>행정구역코드</valueName><value>{each}</value></geocode>" for each in codes
    )
    return (
        f"<info><language>{language}</language><category>Met</category><event>호우경보</event>"
        "<urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>"
        f"<eventCode><valueName>{KIND}</valueName><value>{code}</value></eventCode>"
        f"<headline>경보 {language}</headline>{more}"
        f"<area><areaDesc>서울</areaDesc>{geocodes}</area></info>"
    )


def alert(
    infos: str = "",
    identifier: str = "K1",
    sent: str = "2026-11-22T10:00:00+09:00",
    space: str = V12,
    **head: str,
) -> str:
    said = {"status": "Actual", "msgType": "Alert", "scope": "Public"} | head
    first = "".join(f"<{name}>{said[name]}</{name}>" for name in ("status", "msgType", "scope"))
    rest = "".join(
        f"<{name}>{text}</{name}>"
        for name, text in said.items()
        if name not in ("status", "msgType", "scope")
    )
    return (
        f'<alert xmlns="{space}"><identifier>{identifier}</identifier><sender>a@korea.kr</sender>'
        f"<sent>{sent}</sent>{first}{rest}{infos or info()}</alert>"
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "types", "why"),
    [
        ("australia.cap", [("fire", "occurred")], {"outside-korea"}),
        (
            "canada.cap",
            [("thunderstorm", "cleared"), ("thunderstorm", "ended"), ("thunderstorm", "ended")],
            {"outside-korea"},
        ),
        ("earthquake.cap", [("EQW", "occurred")], {"outside-korea"}),
        ("invalid.cap", [], {"cap-missing"}),
        ("weather.atom", [("FFA", "occurred")], set()),
        ("weather.cap", [("FFA", "occurred")], set()),
        ("xee.cap", [], {"xml-dtd"}),
    ],
)
def test_the_samples_read_as_their_standard_says(name: str, types: list[object], why: set[str]) -> None:
    payload = (SAMPLES / name).read_bytes()
    assert [(event.type, event.status) for event in events(payload)] == types
    assert set(reasons(payload)) == why


def test_a_korean_alert_has_its_code_its_areas_and_an_assumed_end() -> None:
    more = "<parameter><valueName>CBSText</valueName><value>대피</value></parameter>"
    (event,) = events(alert(info(more=more, codes=("1120000000", "[GeoCode]"))))
    assert (event.type, event.status, event.grade, event.area_codes) == (
        "HRW",
        "occurred",
        "Severe",
        ("1120000000",),
    )
    assert event.origin_key == "a@korea.kr|K1|2026-11-22T01:00:00Z"
    assert event.extra["parameters"] == [["CBSText", "대피"]] and event.extra["expires_assumed"]
    assert event.end_ms == event.observed_ms + 86_400_000


@pytest.mark.parametrize("status", ["Exercise", "Test", "System", "Draft"])
def test_only_actual_is_real(status: str) -> None:
    assert [event.exercise for event in events(alert(status=status))] == [True]
    assert [event.exercise for event in events(alert())] == [False]


def test_the_korean_words_come_first_and_the_others_are_kept() -> None:
    (event,) = events(alert(info(language="en-US") + info(language="ko-KR")))
    assert event.text.startswith("경보 ko-KR")
    assert [each["language"] for each in event.extra["infos"]] == ["en-US"]


def test_trap_9_a_clear_alert_ends_the_air_raid_alerts_of_its_area() -> None:
    by = decoder()
    for n, (code, area) in enumerate([("AL1", "1120000000"), ("AL2", "1120000000"), ("AL1", "4311000000")]):
        events(alert(info(code, codes=(area,)), identifier=f"K{n}"), by)
    exercise = alert(info("CLR", codes=("1100000000",)), status="Exercise", identifier="X")
    assert [event.status for event in events(exercise, by)] == ["cleared"]
    done = events(
        alert(info("CLR", codes=("1100000000",)), identifier="C", sent="2026-11-22T11:00:00+09:00"), by
    )
    assert [(event.type, event.status) for event in done] == [(c, "cleared") for c in ("CLR", "AL1", "AL2")]
    assert [event.origin_key.split("|")[1] for event in done] == ["C", "K0", "K1"]


def test_trap_9_the_same_identity_with_other_words_is_kept_and_flagged() -> None:
    by = decoder()
    first, second = alert(info("AL1")), alert(info("CDA"))
    (a,), (b,), (again,) = events(first, by), events(second, by), events(second, by)
    assert a.origin_key != b.origin_key and b == again
    assert b.extra["collision"] == "동일 식별자 상이 내용" and "collision" not in a.extra


def test_an_acknowledgement_is_no_alert_and_keeps_its_references() -> None:
    ack = (
        f'<alert xmlns="{V12}"><identifier>A1</identifier><sender>cbs@korea.kr</sender>'
        "<sent>2026-11-22T10:00:05+09:00</sent><status>System</status><msgType>Ack</msgType>"
        "<scope>Private</scope><addresses>a@korea.kr</addresses><note>800,경보 서비스 확인</note>"
        "<references>a@korea.kr,K1,2026-11-22T10:00:00+09:00</references></alert>"
    )
    (event,) = events(ack)
    assert (event.type, event.status, event.exercise) == ("cap:ack", "ended", True)
    assert event.extra["references"] == ["a@korea.kr|K1|2026-11-22T01:00:00Z"]
    assert event.text == "800,경보 서비스 확인"


@pytest.mark.parametrize(("kind", "status"), [("Update", "ended"), ("Cancel", "cancelled")])
def test_an_update_or_cancel_ends_what_it_refers_to_whatever_the_offset(kind: str, status: str) -> None:
    (first,) = events(alert())
    later = alert(identifier="K2", msgType=kind, references="a@korea.kr,K1,2026-11-22T01:00:00Z")
    _, referred = events(later)
    assert (referred.origin_key, referred.status) == (first.origin_key, status)


def test_a_shape_outside_korea_is_refused_unless_the_feed_says_otherwise() -> None:
    shape = "<area><areaDesc>먼 곳</areaDesc><circle>-35.4,147.1 25.0</circle></area>"
    text = alert(info().replace("</info>", shape + "</info>"))
    assert reasons(text) == ["outside-korea"] and events(text)[0].lon is None
    (event,) = read(text, decoder(outside_korea=True))
    assert isinstance(event, Event) and (event.lon, event.lat) == (147.1, -35.4)


def test_a_polygon_gives_the_event_its_place() -> None:
    shape = (
        "<area><areaDesc>성동</areaDesc><polygon>37.5,127.0 37.6,127.0 37.6,127.1 37.5,127.0</polygon></area>"
    )
    (event,) = events(alert(info().replace("</info>", shape + "</info>")))
    assert (event.lon, event.lat) == (127.05, 37.55)


def test_version_1_0_writes_its_pairs_in_one_text() -> None:
    text = alert(info(), space="http://www.incident.com/cap/1.0").replace("Observed", "Very Likely")
    text = text.replace("</area>", "<geocode>FIPS6=006109</geocode></area>").replace(
        "<scope>Public</scope>", ""
    )
    (event,) = events(text)
    assert (event.extra["cap"], event.extra["certainty"]) == ("1.0", "Likely")
    assert ["FIPS6", "006109"] in event.extra["areas"][0]["geocodes"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "euc-kr", "utf-8-sig"])
def test_the_declared_encodings_are_read(encoding: str) -> None:
    text = alert()
    if encoding == "iso-8859-1":
        text = text.encode("ascii", "xmlcharrefreplace").decode().replace("a@korea.kr", "é@korea.kr")
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    (event,) = events(f'<?xml version="1.0" encoding="{declared}"?>{text}'.encode(encoding))
    assert event.text.startswith("경보") and ("é" in event.source) == (encoding == "iso-8859-1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>', "xml-dtd"),
        ('<!-- x --><?p x?><!DOCTYPE a SYSTEM "http://localhost/x.dtd"><a/>', "xml-dtd"),
        ("<a>&xxe;</a>", "not-xml"),
        ("<a>" * 65 + "</a>" * 65, "too-deep"),
        ("<a>" * 5000 + "</a>" * 5000, "too-deep"),
        ("<a>" + "<b/>" * 30_000 + "</a>", "too-many"),
        ("", "empty"),
        ("{}", "not-xml"),
        ("<a/>", "no-alert"),
        ("<alert/>", "not-cap"),
        (alert().replace("Severe", "Bad"), "cap-value"),
        (alert().replace("<scope>Public</scope>", ""), "cap-missing"),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="http://h/1"/></entry></feed>',
            "cap-link",
        ),
    ],
)
def test_what_is_refused_says_why(text: str, reason: str) -> None:
    assert reasons(text) == [reason]


def test_instructions_to_a_processor_are_harmless_and_markup_stays_plain_text() -> None:
    more = "<description>&lt;img src=x onerror=1&gt;&amp;</description>"
    (event,) = events('<?xml-stylesheet href="http://localhost/x.xsl"?>' + alert(info(more=more)))
    assert "<img src=x onerror=1>&" in event.text


def test_a_signed_alert_is_shown_as_signed_and_not_verified() -> None:
    mark = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature></alert>'
    (event,) = events(alert().replace("</alert>", mark))
    assert event.extra["signature"] == "signed, not verified"


def test_unknown_items_are_kept() -> None:
    (event,) = events(alert(info(more="<new>값</new>")).replace("</alert>", "<other>x</other></alert>"))
    assert event.extra["unknown"] == [["other", "x"]] and event.extra["info_unknown"] == [["new", "값"]]


@pytest.mark.parametrize(
    ("outer", "inner", "holds"),
    [
        ("1100000000", "1120000000", True),
        ("1100000000", "4311000000", False),
        ("1120000000", "1120010100", True),
        ("1120000000", "1123000000", False),  # stripping zeros alone would make 112 of it
        ("4111000000", "4111300000", True),
        ("1120000000", "1100000000", False),
    ],
)
def test_trap_10_an_area_holds_what_lies_in_it(outer: str, inner: str, holds: bool) -> None:
    assert korea.covers(outer, inner) is holds


@pytest.mark.parametrize(
    "form", ["{}", "<![CDATA[{}]]>", "<![CDATA[<?xml version='1.0' encoding='euc-kr'?>{}]]>"]
)
def test_a_wrapper_may_carry_several_alerts_as_elements_or_as_text(form: str) -> None:
    inner = "".join(f"<part>{form.format(alert(identifier=each))}</part>" for each in ("K1", "K2"))
    found = events(
        f'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>{inner}</Body></Envelope>'
    )
    assert [event.origin_key.split("|")[1] for event in found] == ["K1", "K2"]
