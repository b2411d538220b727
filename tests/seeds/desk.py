"""A core in this process with every shipped pack: what its operator gets of a message, and what goes out."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import msgspec
import tomlkit
import uuid_utils
from lxml import etree

from console import cli_export
from console.cli_task import TaskClient
from console.clock import SystemClock
from console.core import Core
from console.formats import platform_out
from console.packs import load, samples
from console.packs.cli_report import print_forecasts, print_indicators
from console.packs.replay import filled
from console.settings_outlets import CapOut, Platform
from console.settings_tables import Central, Feed, Hub, Site
from db import alarms, entries, events
from db.alarm_records import Alarm
from db.asset_records import Asset, AssetState
from db.records import Camera, Draft, Event, Incident, Lamp, Latest
from db.sync import Row
from tests.console.formats.test_cap_out import VALID
from tests.servers.hub import Hub as HubServer
from tests.servers.web import HttpServer
from widgets.card_figures import lines, wanted
from widgets.domain_model import Domains
from widgets.packs import texts_of
from widgets.words import Words

_T = TypeVar("_T")
Language = Literal["ko", "en"]
PATIENCE_S = 20.0
_KINDS = ("cap", "platform", "ngsi-ld", "sdot", "sparkplug", "seoul", "register", "senml", "frigate",
          "onem2m", "sensorthings", "onvif")  # fmt: skip
FORMS = {f"seeds-{kind}": Feed(kind=kind, topics=(f"seeds/{kind}/#",)) for kind in _KINDS}  # type: ignore[arg-type]
"""One feed of each form besides those of the packs, `seeds-ngsi-ld` say."""

HUB_TYPES = ("AirQualityObserved", "OffStreetParking")
HUB_ENDPOINT = "mqtt://broker.invalid:1883/replay/datahub/air"


class PassingClock(SystemClock):
    """The machine's clocks, which can be let go on faster: both together, as time does."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now_ms(self) -> int:
        return super().now_ms() + round(self.passed_s * 1000)

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.passed_s


class Desk:
    """One core on an empty folder with a hub and a centre; nothing of it is left after the `with`.

    `assets` are its tree, `cameras` those of its settings.
    """

    def __init__(
        self,
        folder: Path,
        feeds: Mapping[str, Feed] | None = None,
        assets: Sequence[Asset] = (),
        cameras: Sequence[Camera] = (),
    ) -> None:
        self.clock = PassingClock()
        self.hub = HubServer()
        names = sorted(load.files(None))
        self.packs = {pack.pack.id: pack for _, pack in load.chosen(names, None)}
        # A broker nobody answers for: messages come in by `deliver` only.
        settings = samples.settings(list(self.packs.values()))
        self.centre, self.warnings = folder / "centre", folder / "warnings"
        self.warnings.mkdir()
        self.platform = HttpServer(lambda _: platform_out.answer())
        hub = Hub(
            url=self.hub.url,
            alerts=True,
            readings=("*",),
            types=HUB_TYPES,
            endpoint=HUB_ENDPOINT,
            every_s=0.1,
        )
        settings = msgspec.structs.replace(
            settings,
            feeds={**settings.feeds, **FORMS, **(feeds or {})},
            hubs={"city": hub},
            platforms={"city": _platform(self.platform.url)},
            cap_out=(
                CapOut(name="city", sender="gwanje@example.kr", folder=str(self.warnings), every_s=0.1),
            ),
            central=Central(url=f"file:{self.centre}", every_s=0.2),
            cameras=tuple(cameras),
            site=Site(assets="assets.toml"),
        )
        tree = {"asset": [samples.plain(each) for each in assets]}
        (folder / "assets.toml").write_text(tomlkit.dumps(tree), encoding="utf-8")
        self.core = Core(folder / "data", settings, self.clock, origin=folder / "settings.toml")

    def __enter__(self) -> Self:
        self.hub.__enter__()
        self.platform.__enter__()
        self.core.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.core.stop()
        self.platform.__exit__()
        self.hub.__exit__()

    # --- what comes in ------------------------------------------------------

    def deliver(self, feed: str, topic: str, message: Any) -> Any:
        """Bring in one message with its marks of time filled in; what was stored, after the commit."""
        if not isinstance(message, bytes):
            text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
            message = filled(text, self.clock.now_ms()).encode()
        return self.core.ingest.deliver(feed, [(topic, message)]).result(PATIENCE_S)

    def go_on(self, seconds: float) -> None:
        """Let time pass; what came before is judged before it."""
        self.alarms()
        self.clock.passed_s += seconds

    # --- what the operator gets -----------------------------------------------

    def value(self, source: str, quantity: str, statistic: str = "") -> Latest:
        """The newest value as the screens have it."""

        def find() -> Latest | None:
            for each in self.core.newest.of(Latest):
                if (each.source, each.quantity) == (source, quantity) and statistic in ("", each.statistic):
                    return each
            return None

        return self.until(find, f"{source} {quantity}")

    def event(self, source_or_key: str) -> Event:
        """The newest event of this source, or whose key ends so, as it was stored."""
        db = self.core.open_feed_reader()
        try:
            found = [each.event for each in events.after(db, 0, 10_000)]
        finally:
            db.close()
        fit = [
            each for each in found if each.source == source_or_key or each.origin_key.endswith(source_or_key)
        ]
        assert fit, f"no event {source_or_key} in {[each.origin_key for each in found]}"
        return fit[-1]

    def alarm(self, rule: str, source: str = "") -> Alarm:
        """The standing alarm of this rule."""

        def find() -> Alarm | None:
            return next((each for each in self.alarms(rule) if source in ("", each.source)), None)

        return self.until(find, f"alarm of {rule} in {[each.rule for each in self.alarms()]}")

    def alarms(self, rule: str = "", source: str = "") -> list[Alarm]:
        """The alarms on the screens now, after everything that came was judged."""
        self.until(lambda: True if self._is_judged() else None, "everything judged")
        return [
            each
            for each in self.core.newest.of(Alarm)
            if rule in ("", each.rule) and source in ("", each.source)
        ]

    def _is_judged(self) -> bool:
        ops_db, feed_db = self.core.open_ops_reader(), self.core.open_feed_reader()
        try:
            return self.core.evaluation.unjudged == 0 and not events.after(
                feed_db, alarms.cursor(ops_db).event, 1
            )
        finally:
            ops_db.close()
            feed_db.close()

    def card(self, pack_id: str, language: Language, *sources: str) -> list[str]:
        """The lines of the pack's card on the board, of a district with these devices and no others."""
        pack = self.packs[pack_id]
        words = Words(language)
        words.learn(texts_of([pack]))
        domain = pack.pack.domains[0]
        home = Asset(domain, "facility", pack.pack.name, parent="d", domain=domain)
        model = Domains()
        tree = [Asset("d", "district", "D"), home]
        tree += [Asset(each, "device", each, parent=domain, source=each) for each in sources]
        statistics = {each.name: each.statistic for each in pack.quantities}
        model.set_assets(tree, self.clock.now_ms())
        model.look_at({domain: {name: statistics[name] for name in wanted(pack.card)}})
        model.apply(self.core.newest.of(Latest), self.clock.now_ms())
        return [each.text for each in lines(pack, model.all[0].figures, words)]

    def board(self, facility: str, language: Language) -> list[str]:
        """How the facility's card on the board stands: the state in a word and its alarms, where any."""
        words = Words(language)
        self.alarms()
        state = next(each for each in self.core.newest.of(AssetState) if each.id == facility)
        said = words.text(f"condition.{state.condition.name.lower()}")
        return [said, words.text("cards.alarms", n=state.alarms)] if state.alarms else [said]

    def guidance(self, alarm: Alarm, language: Language) -> str:
        """What the operator is told to do about it."""
        rule = next(each for each in self.core.settings.rules if each.id == alarm.rule)
        return rule.guidance if language == "ko" else rule.guidance_en

    def act(self, name: str, **args: Any) -> Any:
        """What a screen asks for by its link; the answer after the commit."""
        with TaskClient(self.core.folder, "seeds") as tasks:
            return tasks.client.act(name, args)

    def lamp(self, name: str) -> Lamp:
        """The lamp of a feed, of the centre or of another link."""

        def find() -> Lamp | None:
            return next((each for each in self.core.newest.of(Lamp) if each.name == name), None)

        return self.until(find, f"lamp {name}")

    def incident(self, alarm: Alarm, **fields: Any) -> Incident:
        """The incident that an operator opens of the alarm, as the screens have it."""
        given = {"title": alarm.text or alarm.name, "type": alarm.rule, "level": alarm.priority,
                 "place": alarm.place, "alarms": [alarm.id], **fields}  # fmt: skip
        opened = self.act("incident.open", **given)
        number = opened["id"] if isinstance(opened, dict) else opened.id
        return self.until(
            lambda: next((each for each in self.core.newest.of(Incident) if each.id == number), None),
            f"incident {number}",
        )

    # --- what goes out --------------------------------------------------------

    def export(
        self, source: str, *quantities: str, language: Language = "ko", hourly: bool = False
    ) -> list[dict[str, str]]:
        """The rows of the labelled export of the last day, as `gwanje export --labelled` writes them."""
        to = self.core.folder.parent / f"{uuid_utils.uuid7()}.csv"
        asked = cli_export.asked_for(source, quantities, "1d", "2099-01-01", to, language, True, hourly)
        assert cli_export.export(self.core.folder, asked, to) == 0
        with to.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def alert(self, alarm: Alarm | Incident) -> dict[str, Any]:
        """The `Alert` that the hub has of it, each attribute by its value."""
        name = f":incident:{alarm.id}" if isinstance(alarm, Incident) else None

        def find() -> dict[str, Any] | None:
            with self.hub.changed:
                for key, each in self.hub.entities.items():
                    if key.startswith("urn:ngsi-ld:Alert:") and (
                        key.endswith(name) if name else _is_of(each, key, alarm)
                    ):
                        return {attribute: _plain(found) for attribute, found in each.items()}
            return None

        return self.until(find, f"alert of {alarm.id}")

    def measurement(self, source: str, quantity: str) -> dict[str, Any]:
        """The `DeviceMeasurement` that the hub has of our newest value, each attribute by its value."""
        newest = self.value(source, quantity).value

        def find() -> dict[str, Any] | None:
            with self.hub.changed:
                for each in self.hub.entities.values():
                    if (_plain(each.get("refDevice")), _plain(each.get("controlledProperty"))) == (
                        source,
                        quantity,
                    ):
                        told = {name: _plain(found) for name, found in each.items()}
                        if newest in (told.get("numValue"), told.get("textValue")):
                            return told
            return None

        return self.until(find, f"measurement of {source} {quantity}")

    def told(self, words: str, *statuses: str) -> list[dict[str, Any]]:
        """What the platform was told of the event with these words, once it was told these statuses."""

        def find() -> list[dict[str, Any]] | None:
            with self.platform.changed:
                bodies = [json.loads(each.body)["body"] for each in self.platform.asked]
            number = next(
                (each["ocrNbr"] for each in bodies if words in (each.get("evtNm"), each["ocrEvtCn"])), ""
            )
            own = [each for each in bodies if each["ocrNbr"] == number]
            return own if [each["ocrSts"] for each in own] == list(statuses) else None

        return self.until(find, f"{statuses} of {words!r} at the platform")

    def warned(self, headline: str, kind: str = "Alert") -> dict[str, str]:
        """The elements of our CAP 1.2 document of this headline and type, valid by the standard's schema."""

        def find() -> dict[str, str] | None:
            for path in sorted(self.warnings.glob("*.xml")):
                root = etree.parse(path).getroot()
                VALID.assertValid(root)
                said = {etree.QName(each).localname: each.text or "" for each in root.iter()}
                if (said.get("headline"), said["msgType"]) == (headline, kind):
                    return said
            return None

        return self.until(find, f"{kind} {headline!r} in CAP")

    def central(self, type_: str, subject: str) -> Draft:
        """The newest entry of this type and subject that the centre holds."""

        def find() -> Draft | None:
            path = self.centre / "entries.ndjson"
            rows = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
            for each in reversed(rows):
                row = Row(*json.loads(each))
                if row.body and f'"{type_}"' in row.body:
                    found = entries.draft_of(entries.read(row.body, row.prev, row.hash))
                    if (found.type, found.subject) == (type_, subject):
                        return found
            return None

        return self.until(find, f"{type_} of {subject} at the centre")

    def indicators(self, language: Language = "ko") -> list[dict[str, str]]:
        """The rows of `gwanje report indicators`."""
        to = self.core.folder.parent / f"{uuid_utils.uuid7()}.csv"
        assert print_indicators(self.core.folder, to, 365.0, language) == 0
        with to.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def forecasts(self, language: Language = "ko") -> list[dict[str, str]]:
        """The rows of `gwanje report forecasts`."""
        to = self.core.folder.parent / f"{uuid_utils.uuid7()}.csv"
        assert print_forecasts(self.core.folder, to, 1.0, language) == 0
        with to.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def until(self, find: Callable[[], _T | None], what: str) -> _T:
        """What `find` gives once it gives something; fails when it never does."""
        pause, real = threading.Event(), SystemClock()
        end = real.monotonic_s() + PATIENCE_S
        while (found := find()) is None:
            assert real.monotonic_s() < end, f"never: {what}"
            pause.wait(0.02)
        return found


def _platform(url: str) -> Platform:
    """A platform that is told of incidents and of what asks for police or fire."""
    rules = ("vehicle-*", "person-*", "agency-*")
    return Platform(url=f"{url}/events", send_cd="B1153000000", rcv_cd="B1100000000", alarms=rules,
                    passed_on=True, every_s=0.1)  # fmt: skip


def _is_of(entity: Mapping[str, Any], key: str, alarm: Alarm) -> bool:
    return key.endswith(f":{quote(alarm.id, safe='-._~')[:400]}:{alarm.activation}") and "category" in entity


def _plain(attribute: Any) -> Any:
    """The value of a Property, without its wrapping."""
    value = attribute.get("value") if isinstance(attribute, dict) else attribute
    return value["@value"] if isinstance(value, dict) and "@value" in value else value
