"""The integrated platform's messages (DOMAIN.md, 2.12, traps 5 to 8)."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from console.formats.event_life import is_over, settle
from console.formats.forms import PlatformForm
from console.formats.platform import PlatformDecoder, history
from console.settings import Feed
from db.records import Decoded, Event, SetAside

SAMPLE = Path(__file__).resolve().parents[4] / "shared/samples/platform/event-electronic-anklet.json"
NOW = 1_800_000_000_000
BODY: dict[str, Any] = {
    "evtId": "MOJUC110", "evtNm": "전자발찌", "ocrNbr": "20261122100000123", "ocrSts": "10",
    "ocrLc": {"crdntX": "127.03", "crdntY": "37.55", "crdntZ": "0"}, "ocrEvtTime": "20261122100000",
    "ocrEvtCn": "접근금지구역 침입", "ocrEvtUsr": {"ocrEvtUsrId": "u1"}, "newField": 7,
}  # fmt: skip
HEAD: dict[str, Any] = {
    "svcTy": "EVENT", "sendCd": "B4113000000", "encAt": "N", "rrKey": "s3cret", "reqDate": "20261122100001",
    "tranSysHis": ["A", "B"],
}  # fmt: skip


def read(payload: bytes | dict[str, Any]) -> list[Decoded]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    decoder = PlatformDecoder("platform", Feed(kind="platform", platform=PlatformForm()), ("utf-8", "cp949"))
    return decoder.decode("platform/x", raw, NOW, False)


def event(payload: bytes | dict[str, Any]) -> Event:
    (found,) = read(payload)
    assert isinstance(found, Event), found
    return found


def message(**body: Any) -> dict[str, Any]:
    return HEAD | {"body": BODY | body}


def form(encoding: str = "utf-8") -> bytes:
    fields = {
        name: text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        for name, text in (HEAD | {"Body": BODY}).items()
    }
    return urlencode(fields, encoding=encoding).encode()


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the shared samples are not beside the checkout")
def test_the_sample_is_one_occurrence() -> None:
    found = event(SAMPLE.read_bytes())
    assert (found.origin_key, found.status) == ("Siheung|MOJUC110|20210701111112", "occurred")
    assert (found.lon, found.lat, found.media) == (126.16687, 35.9563, ("asdasd",))
    assert found.observed_ms == 1_625_105_471_000 and found.extra["history"] == ["1234", "5678", "9101112"]


def same(found: Event) -> tuple[object, ...]:
    extra = {name: found.extra[name] for name in ("history", "ocrNbr", "onset_ms")}
    return found.origin_key, found.status, found.observed_ms, found.lon, found.lat, found.text, extra


def variants() -> list[bytes | dict[str, Any]]:
    text = json.dumps(message(), ensure_ascii=False)
    renamed = {("ocrEvtStsUsr" if name == "ocrEvtUsr" else name): each for name, each in BODY.items()}
    return [
        HEAD | {"Body": BODY},
        HEAD | {"BODY": renamed},
        HEAD | {"body": json.dumps(BODY)},
        HEAD | {"body": [BODY]},
        HEAD | {"body": BODY, "tranSysHis": {"tranSysHisN": "B", "tranSysHis1": "A"}},
        HEAD | {"body": BODY, "tranSysHis": '["A","B"]'},
        HEAD | BODY,
        message(ocrNbr=20261122100000123, ocrSts=10, ocrLc='{"crdntX":127.03,"crdntY":37.55}'),
        text.encode("cp949"),
        json.dumps(text).encode(),
        form(),
        form("cp949"),
        ("message=" + quote(text)).encode(),
    ]


@pytest.mark.parametrize("number", range(13))
def test_trap_5_every_spelling_and_shape_is_the_same_event(number: int) -> None:
    assert same(event(variants()[number])) == same(event(message()))


def test_trap_5_unknown_keys_are_kept_and_the_session_key_is_not() -> None:
    for payload in variants():
        found = event(payload)
        assert found.extra["body"]["newField"] == 7 or found.extra["body"]["newField"] == "7"
        assert "s3cret" not in str(found)


def test_a_number_of_14_digits_is_an_identity_too() -> None:
    assert event(message(ocrNbr="20261122100000")).origin_key.endswith("|20261122100000")


@pytest.mark.parametrize(
    ("code", "status"),
    [("10", "occurred"), ("40", "changed"), ("50", "cleared"), ("90", "cancelled"), ("91", "ended")],
)
def test_the_codes_of_the_life_cycle(code: str, status: str) -> None:
    assert event(message(ocrSts=code)).status == status
    assert event(message(ocrSts="", ocrEvtSts={"ocrEvtStsCd": code})).status == status


@pytest.mark.parametrize(
    ("said", "shown"), [("자동종료", "자동종료"), ("완료", "완료"), ("", "종료"), ("?", "종료")]
)
def test_trap_6_only_the_senders_word_tells_what_91_means(said: str, shown: str) -> None:
    assert event(message(ocrSts="91", ocrEvtSts={"ocrEvtStsDtl": said})).extra["status_word"] == shown


def test_trap_7_an_end_that_comes_before_the_beginning_is_final() -> None:
    end = event(message(ocrSts="50", ocrEvtStsTime="20261122100500"))
    begin = event(message())
    change = event(message(ocrSts="40", ocrEvtStsTime="20261122100900"))
    for order in itertools.permutations([end, begin, change]):
        assert settle(order) == end and is_over(order)
    assert settle([change, begin]) == change and not is_over([change, begin])


def test_trap_8_the_same_number_from_two_cities_is_two_events() -> None:
    there = message() | {"sendCd": "B1120000000"}
    assert event(there).origin_key != event(message()).origin_key


@pytest.mark.parametrize("place", [{"crdntX": "", "crdntY": ""}, {"crdntX": "0", "crdntY": 0}, {}, None, "?"])
def test_no_position_is_no_position(place: object) -> None:
    found = event(message(ocrLc=place))
    assert (found.lon, found.lat) == (None, None)


def test_an_exchanged_position_is_refused_and_the_event_stays() -> None:
    found, refused = read(message(ocrLc={"crdntX": "37.55", "crdntY": "127.03"}))
    assert isinstance(found, Event) and found.lon is None
    assert isinstance(refused, SetAside) and refused.reason in ("outside-korea", "position")


def test_a_wrong_time_is_noted_and_another_one_counts() -> None:
    found = event(message(ocrEvtTime="20260230100000"))
    assert "ocrEvtTime" in found.extra["faults"][0]
    assert found.observed_ms == event(message(ocrEvtTime="")).observed_ms


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (HEAD | {"encAt": "Y", "body": "9f3a"}, "encrypted"),
        (message(ocrSts="77"), "event-status"),
        (message(ocrNbr=""), "event-key"),
        (message(evtId=None), "event-type"),
        ({"svcTy": "AUTH", "sendCd": "A"}, "no-event"),
        ({"startTag": "$DA", "result": "0", "type": "2000", "message": "key"}, "no-event"),
        (b"", "empty"),
        (b"hello", "platform-shape"),
        (b"[1,2]", "platform-shape"),
        (b"{", "not-json"),
    ],
)
def test_what_is_refused_says_why(payload: bytes | dict[str, Any], reason: str) -> None:
    assert [getattr(record, "reason", "") for record in read(payload)] == [reason]


def test_text_that_looks_like_json_or_markup_stays_text() -> None:
    assert event(message(ocrEvtCn="[1]")).text.endswith("\n[1]")
    assert event(message(ocrEvtCn="<b>x</b>&#13;")).text.endswith("<b>x</b>&#13;")


def test_the_history_of_a_message_is_in_its_order() -> None:
    assert history({"tranSysHisN": "c", "tranSysHis10": "b", "tranSysHis2": "a"}) == ["a", "b", "c"]
