"""Alerts of our own: valid by the standard's rules, and the same when read again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from console.errors import Refused
from console.formats import cap_alert, cap_out, xml_text
from console.formats.cap_alert import Alert, Area, Info, Reference, Resource
from console.formats.cap_shapes import Circle
from db.records import Event
from tests.console.formats.test_cap import NOW, alert, events, info

_TIME = r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d"


def _words(name: str, words: tuple[str, ...]) -> str:
    each = "".join(f'<xs:enumeration value="{word}"/>' for word in words)
    listed = f'<xs:restriction base="xs:string">{each}</xs:restriction>'
    return f'<xs:simpleType name="{name}">{listed}</xs:simpleType>'


def _row(*rows: str) -> str:
    """Elements in their order: "name type least most"."""
    found = []
    for row in rows:
        name, kind, least, most = row.split()
        found.append(f'<xs:element name="{name}" type="{kind}" minOccurs="{least}" maxOccurs="{most}"/>')
    return f"<xs:sequence>{''.join(found)}</xs:sequence>"


# The rules of CAP 1.2, 3.2 and 3.3, in our own words: order, number and type of the elements.
SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{cap_out.NAMESPACE}"
  targetNamespace="{cap_out.NAMESPACE}" elementFormDefault="qualified">
<xs:simpleType name="time"><xs:restriction base="xs:dateTime"><xs:pattern value="{_TIME}"/></xs:restriction>
</xs:simpleType>
{_words("status", cap_alert.STATUS)}{_words("msgType", cap_alert.MSG_TYPE)}{_words("scope", cap_alert.SCOPE)}
{_words("category", cap_alert.CATEGORY)}{_words("response", cap_alert.RESPONSE)}
{_words("urgency", cap_alert.URGENCY)}{_words("severity", cap_alert.SEVERITY)}
{_words("certainty", cap_alert.CERTAINTY)}
<xs:complexType name="pair">{_row("valueName xs:string 1 1", "value xs:string 1 1")}</xs:complexType>
<xs:complexType name="area">{
    _row(
        "areaDesc xs:string 1 1",
        "polygon xs:string 0 unbounded",
        "circle xs:string 0 unbounded",
        "geocode pair 0 unbounded",
        "altitude xs:decimal 0 1",
        "ceiling xs:decimal 0 1",
    )
}</xs:complexType>
<xs:complexType name="resource">{
    _row(
        "resourceDesc xs:string 1 1",
        "mimeType xs:string 1 1",
        "size xs:integer 0 1",
        "uri xs:anyURI 0 1",
        "derefUri xs:string 0 1",
        "digest xs:string 0 1",
    )
}
</xs:complexType>
<xs:complexType name="info">{
    _row(
        "language xs:language 0 1",
        "category category 1 unbounded",
        "event xs:string 1 1",
        "responseType response 0 unbounded",
        "urgency urgency 1 1",
        "severity severity 1 1",
        "certainty certainty 1 1",
        "audience xs:string 0 1",
        "eventCode pair 0 unbounded",
        "effective time 0 1",
        "onset time 0 1",
        "expires time 0 1",
        "senderName xs:string 0 1",
        "headline xs:string 0 1",
        "description xs:string 0 1",
        "instruction xs:string 0 1",
        "web xs:anyURI 0 1",
        "contact xs:string 0 1",
        "parameter pair 0 unbounded",
        "resource resource 0 unbounded",
        "area area 0 unbounded",
    )
}
</xs:complexType>
<xs:element name="alert"><xs:complexType>{
    _row(
        "identifier xs:string 1 1",
        "sender xs:string 1 1",
        "sent time 1 1",
        "status status 1 1",
        "msgType msgType 1 1",
        "source xs:string 0 1",
        "scope scope 1 1",
        "restriction xs:string 0 1",
        "addresses xs:string 0 1",
        "code xs:string 0 unbounded",
        "note xs:string 0 1",
        "references xs:string 0 1",
        "incidents xs:string 0 1",
        "info info 0 unbounded",
    )
}</xs:complexType></xs:element>
</xs:schema>"""
VALID = etree.XMLSchema(etree.fromstring(SCHEMA))

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=20).map(
    str.strip
)
named = texts.filter(bool)
ids = st.from_regex(r"[가-힣A-Za-z0-9.@-]{1,20}", fullmatch=True)
moments = st.integers(0, 4_000_000_000).map(lambda second: second * 1000)
pairs = st.lists(st.tuples(named, texts), max_size=2).map(tuple)
degrees = st.integers(-80_000_000, 80_000_000).map(lambda n: n / 1e6)
corners = st.lists(st.tuples(degrees, degrees), min_size=3, max_size=5, unique=True)
rings = corners.map(lambda points: (*points, points[0]))
areas = st.builds(
    Area,
    description=named,
    polygons=st.lists(rings, max_size=2).map(tuple),
    circles=st.lists(st.builds(Circle, degrees, degrees, st.integers(0, 900).map(float)), max_size=2).map(
        tuple
    ),
    geocodes=pairs,
    altitude=st.sampled_from(["", "100", "0.5"]),
)
resources = st.builds(
    Resource, description=named, mime=st.just("text/plain"), uri=st.sampled_from(["", "http://h/a"])
)
infos = st.builds(
    Info,
    categories=st.lists(st.sampled_from(cap_alert.CATEGORY), min_size=1, max_size=3).map(tuple),
    event=named,
    urgency=st.sampled_from(cap_alert.URGENCY),
    severity=st.sampled_from(cap_alert.SEVERITY),
    certainty=st.sampled_from(cap_alert.CERTAINTY),
    language=st.sampled_from(["ko-KR", "en-US"]),
    responses=st.lists(st.sampled_from(cap_alert.RESPONSE), max_size=2).map(tuple),
    event_codes=pairs,
    effective_ms=st.none() | moments,
    expires_ms=st.none() | moments,
    headline=texts,
    description=texts,
    parameters=pairs,
    resources=st.lists(resources, max_size=2).map(tuple),
    areas=st.lists(areas, max_size=2).map(tuple),
)
alerts = st.builds(
    Alert,
    identifier=ids,
    sender=ids,
    sent_ms=moments,
    status=st.sampled_from(cap_alert.STATUS),
    msg_type=st.sampled_from(cap_alert.MSG_TYPE),
    scope=st.just("Restricted"),
    restriction=named,
    codes=st.lists(named, max_size=2).map(tuple),
    note=texts,
    references=st.lists(st.builds(Reference, ids, ids, moments), min_size=1, max_size=3).map(tuple),
    infos=st.lists(infos, max_size=2).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(alert=alerts)
def test_what_is_written_is_valid_and_reads_as_the_same_alert(alert: Alert) -> None:
    written = cap_out.write(alert)
    root = etree.fromstring(written)
    assert VALID.validate(root), VALID.error_log
    assert cap_alert.read(xml_text.read(written)) == alert


def test_an_alert_read_and_written_is_read_as_the_same_again() -> None:
    first = cap_alert.read(xml_text.read(alert(info(codes=("1100000000",))).encode()))
    assert cap_alert.read(xml_text.read(cap_out.write(first))) == first


OURS = Event(
    "console-1", "I-20261122-1", "HRW", "occurred", NOW + 7, NOW, grade="Severe", place="성동구 살곶이 다리",
    text="하천 범람 우려\n접근을 삼가십시오", lon=127.04, lat=37.55, area_codes=("1120000000",),
)  # fmt: skip


def test_a_warning_of_our_own_is_valid_and_comes_back_as_the_same_event() -> None:
    written = cap_out.write(cap_out.warning(OURS, "gwanje@seongdong.kr", NOW + 7))
    assert VALID.validate(etree.fromstring(written)), VALID.error_log
    (event,) = events(written)
    assert (event.type, event.status, event.grade, event.place, event.area_codes, event.text) == (
        "HRW", "occurred", "Severe", OURS.place, OURS.area_codes, OURS.text,
    )  # fmt: skip
    assert (event.lon, event.lat, event.exercise) == (127.04, 37.55, False)


def test_the_end_of_our_warning_cancels_it_at_the_receiver() -> None:
    first = cap_out.warning(OURS, "gwanje@seongdong.kr", NOW)
    over = replace(OURS, status="ended", extra={"alerts": [tuple(first.identity)]})
    (raised,) = events(cap_out.write(first))
    cancel, referred = events(cap_out.write(cap_out.warning(over, "gwanje@seongdong.kr", NOW + 60_000)))
    assert (referred.origin_key, referred.status) == (raised.origin_key, "cancelled")
    assert cancel.status == "cancelled"


def test_an_exercise_goes_out_as_an_exercise() -> None:
    written = cap_out.write(cap_out.warning(replace(OURS, exercise=True), "a", NOW))
    assert [event.exercise for event in events(written)] == [True]


def test_an_acknowledgement_names_the_alert() -> None:
    first = cap_out.warning(OURS, "gwanje@seongdong.kr", NOW)
    written = cap_out.write(cap_out.acknowledgement(first, "cbs@korea.kr", NOW))
    assert VALID.validate(etree.fromstring(written)), VALID.error_log
    (event,) = events(written)
    assert event.extra["references"] == [events(cap_out.write(first))[0].origin_key]


@pytest.mark.parametrize(
    "change",
    [{"sender": "a b"}, {"status": "Real"}, {"scope": "Private"}, {"msg_type": "Cancel"}, {"identifier": ""}],
)
def test_what_the_standard_forbids_is_not_written(change: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"CAP 1\.2"):
        cap_out.write(replace(cap_out.warning(OURS, "a", NOW), **change))
