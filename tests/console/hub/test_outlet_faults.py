"""Whatever goes wrong on the way to another system: each statement arrives, in order, as one message."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from console.errors import Refused, Unavailable
from console.hub.outlet import with_number
from console.hub.telling import Told
from console.settings_outlets import Chosen
from db.hub_messages import Thing
from tests.console.hub.outlets import Desk

WAYS = ("a", "b")
FAULT = st.sampled_from(
    ["none", "none", "request lost", "answer lost", "crash before it is noted", "refused"]
)


class Crash(BaseException):
    """The process dies."""


class Outlet:
    """Takes what it is sent and remembers it, with faults one after another."""

    chosen = Chosen(alarms=("*",), every_s=1.0)
    ways = WAYS
    cancelled = ()

    def __init__(self, faults: list[str]) -> None:
        self._faults = iter(faults)
        self.got: list[tuple[str, bytes]] = []
        self.refused: list[tuple[str, bytes]] = []

    def make(self, told: Told, known: Thing, device: str, now_ms: int) -> tuple[bytes, str]:
        return msgspec.msgpack.encode(with_number(told, known.number, "E", now_ms)), ""

    def send(self, way: str, body: bytes) -> None:
        fault = next(self._faults, "none")
        if fault == "request lost":
            raise Unavailable("lost")
        if fault == "refused":
            self.refused.append((way, body))
            raise Refused("no")
        self.got.append((way, body))
        if fault == "answer lost":
            raise Unavailable("lost")
        if fault == "crash before it is noted":
            raise Crash

    def probe(self) -> bool:
        return False

    def close(self) -> None:
        pass


@settings(max_examples=40, deadline=None)
@given(
    acts=st.lists(st.sampled_from(["open", "close", "step", "restart"]), max_size=25), faults=st.lists(FAULT)
)
def test_each_statement_arrives_once_in_order_by_each_way_or_is_refused(
    acts: list[str], faults: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk, outlet, expected = Desk(Path(folder)), Outlet(faults), list[tuple[str, str]]()
        work = desk.work(outlet)
        try:
            open_ones: list[str] = []
            for act in [*acts, *["step"] * (len(faults) + 6)]:
                desk.clock.advance(1)
                if act == "open":
                    one = desk.opened(f"일 {len(expected)}")
                    open_ones.append(one.id)
                    expected.append((f"incident:{one.id}", "occurred"))
                elif act == "close" and open_ones:
                    expected.append((f"incident:{open_ones[0]}", "ended"))
                    desk.incident("close", incident=open_ones.pop(0), result="끝")
                elif act == "restart":
                    work = desk.work(outlet)
                elif act == "step":
                    try:
                        desk.step(work)
                    except Crash:
                        work = desk.work(outlet)
            assert desk.counts()[0] == 0
            for way in WAYS:
                # A message whose answer did not come is sent again at once, as the same bytes.
                sent = [body for each, body in outlet.got if each == way]
                bodies = [body for body, _ in itertools.groupby(sent)]
                assert len(bodies) == len(set(bodies))
                taken = set(bodies)
                lost = [body for each, body in outlet.refused if each == way and body not in taken]
                events = [msgspec.msgpack.decode(each) for each in bodies]
                told = [(each["origin_key"], each["status"]) for each in events]
                left_out = [msgspec.msgpack.decode(each) for each in lost]
                gone = [(each["origin_key"], each["status"]) for each in left_out]
                assert sorted(told + gone) == sorted(expected)
                assert told == [each for each in expected if each in told]
        finally:
            desk.close()
