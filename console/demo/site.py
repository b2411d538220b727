"""The demo's settings and asset tree, written as a site would write its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tomlkit

from console.demo import ground, places, replays
from console.demo.assets import DOCUMENT, assets
from console.demo.places import USERNAME
from console.maps.tables import MapFile
from console.packs import samples
from console.settings import Broker, Central, Feed, Mapped, MappedEvent, Mapping, Settings, Site
from db.alarm_records import Rule
from db.records import Camera

CAMERAS = places.VIEWS
"""The cameras of the demo, in the order in which `camera_urls` is given."""

PACKS = ("air", "parking", "disaster", *replays.PACKS)
"""The domain packs of the demo; the limits of the others do not fit what its district sends."""

_HEADER = "한빛구: a district that does not exist. Every limit here is an example (예시), none is official."
_EXAMPLE = "예시 / example"


def write_site(
    folder: Path, *, broker_port: int, camera_urls: Sequence[str], central_path: Path, password: str
) -> Path:
    """Write `settings.toml`, `assets.toml` and the broker's password; returns the settings' path."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "broker.password"
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(password)
    (folder / "ground.geojson").write_bytes(msgspec.json.encode(ground.features()))
    _write(folder / "assets.toml", {"asset": [samples.plain(asset) for asset in assets()]})
    document = folder / DOCUMENT
    document.parent.mkdir(exist_ok=True)
    document.write_text("한빛중앙시장 분전반 24면 · 점검표 (시연용 문서)\n", encoding="utf-8")
    path = folder / "settings.toml"
    _write(path, samples.plain(settings(broker_port, camera_urls, central_path)))
    return path


def settings(broker_port: int, camera_urls: Sequence[str], central_path: Path) -> Settings:
    """The demo's settings as checked values; relative files are beside the settings."""
    return Settings(
        site=Site(
            district=places.DISTRICT,
            district_en=places.DISTRICT_EN,
            device="hanbit-demo",
            assets="assets.toml",
        ),
        brokers={
            "main": Broker(
                port=broker_port,
                version="3.1.1",
                client_id="gwanje-demo",
                username=USERNAME,
                password_file="broker.password",  # a file's name
                heartbeat_s=1.0,
            )
        },
        feeds=feeds(),
        cameras=tuple(
            Camera(
                view.id,
                view.name,
                url,
                lon=view.lon,
                lat=view.lat,
                asset=view.asset,
                name_en=view.name_en,
                bearing=view.bearing,
                field_of_view=60.0,
                reach_m=180.0,
            )
            for view, url in zip(CAMERAS, camera_urls, strict=False)
        ),
        rules=rules(),
        packs=PACKS,
        maps=(
            MapFile(id="ground", file="ground.geojson", kind="geojson", name="한빛구", name_en="Hanbit-gu"),
        ),
        central=Central(url=f"file:{central_path}", every_s=1.0),
    )


# --- feeds -------------------------------------------------------------------


def _two_minutes(quantity: str, name: str, unit: str, scale: float = 1.0, **more: float) -> Mapped:
    return Mapped(
        quantity=quantity, value=f'"{name}"', unit=unit, scale=scale, period_s=120, statistic="avg", **more
    )


def _sdot() -> Feed:
    celsius = {"scale": 0.1, "offset": -100.0, "minimum": -40.0, "maximum": 60.0}
    vibrations = [
        _two_minutes(f"vibration_{axis}", f"진동({axis})", "mm/s", 0.01) for axis in ("x", "y", "z")
    ]
    return _feed(
        "hanbit/sdot/+",
        Mapping(
            topic="hanbit/sdot/{source}",
            source_path='"시리얼"',
            time='"측정시간"',
            time_format="%Y%m%d%H%M%S",
            values=(
                _two_minutes("pm25", "미세먼지2.5(초미세먼지)", "ug/m3", minimum=0, maximum=1500),
                _two_minutes("pm10", "미세먼지10(미세먼지)", "ug/m3", minimum=0, maximum=1500),
                _two_minutes("temperature", "기온", "Cel", **celsius),
                _two_minutes("humidity", "상대습도", "%", minimum=0, maximum=100),
                _two_minutes("wind_direction", "풍향", "deg", 0.1),
                _two_minutes("wind_speed", "풍속", "m/s", 0.1),
                _two_minutes("illuminance", "조도", "lx"),
                _two_minutes("uv", "자외선", "1", 0.1),
                _two_minutes("noise", "소음", "dB", minimum=35, maximum=85),
                *vibrations,
                _two_minutes("globe_temperature", "흑구 온도", "Cel", **celsius),
            ),
        ),
    )


def _feed(topic: str, *mappings: Mapping) -> Feed:
    return Feed(topics=(topic,), silent_s=20.0, mappings=mappings)


def _map(topic: str, *values: Mapped, time: str = "time", form: str = "iso") -> Mapping:
    return Mapping(topic=topic, time=time, time_format=form, values=values)


def _value(quantity: str, unit: str = "1", key: str = "") -> Mapped:
    return Mapped(quantity=quantity, value=key or quantity, unit=unit)


def feeds() -> dict[str, Feed]:
    """One feed per system of the district."""
    temperature = _value("temperature", "Cel", "temperature_c")
    heat = Mapped(quantity="temperature", value="temperature_c", unit="Cel", minimum=-40.0, maximum=300.0)
    panel = (_value("leakage", "mA", "leak_ma"), heat, _value("load", "A", "load_a"), _value("arcs"))
    water = (_value("water_level", "m", "level_m"), _value("flow", "m3/s", "flow_m3s"))
    shelter = (temperature, _value("people"), _value("door"))
    lot = (_value("spaces", key="TPKCT"), _value("parked", key="NOW_PRK_VHCL_CNT"))
    loud = _value("noise_level", "dB", "leq_db")
    return {
        "sdot": _sdot(),
        "market": _feed("hanbit/market/+", _map("hanbit/market/{source}", *panel)),
        "river": _feed("hanbit/river/+", _map("hanbit/river/{source}", *water, time="ts", form="epoch_ms")),
        "pole": _feed("hanbit/pole/#", _pole(temperature)),
        "shelter": _feed("hanbit/shelter/#", _map("hanbit/shelter/{source}/state", *shelter), _bell()),
        "parking": _feed(
            "hanbit/parking/+",
            _map("hanbit/parking/{source}", *lot, time="NOW_PRK_VHCL_UPDT_TM", form="%Y-%m-%d %H:%M:%S"),
        ),
        "noise": _feed("hanbit/noise/+", _map("hanbit/noise/{source}", loud, time="ts", form="epoch_ms")),
        **replays.feeds(),
    }


def _pole(temperature: Mapped) -> Mapping:
    return Mapping(
        topic="hanbit/pole/{pole}/{part}",
        source="{pole}.{part}",
        time="ts",
        time_format="epoch_s",
        values=(_value("voltage", "V"), _value("power", "W", "power_w"), _value("clients"), temperature),
    )


def _bell() -> Mapping:
    bell = MappedEvent(
        type="'emergency_bell'", key="eventId", status="status", grade="level", text="text", place="place"
    )
    return Mapping(topic="hanbit/shelter/{source}/bell", time="time", events=(bell,))


# --- rules ---------------------------------------------------------------------


def rules() -> tuple[Rule, ...]:
    """Example rules; the delays are short, so that a short demo shows them."""
    panels, poles = "hb-market-*", "hb-pole-*"
    return (
        _limit("panel-leak", 2, panels, "leakage", 15.0, 2.0, "분전반 누설전류 주의", "Panel leakage", 2, 5),
        _limit("panel-hot", 2, panels, "temperature", 55.0, 3.0, "분전반 과열", "Panel hot", 2, 5),
        _limit(
            "panel-fire", 1, panels, "temperature", 75.0, 5.0, "분전반 화재 위험", "Panel fire danger", 1, 10
        ),
        _limit("river-high", 3, "hb-river-*", "water_level", 1.6, 0.1, "수위 주의", "Water level high", 2, 5),
        _limit(
            "river-severe", 1, "hb-river-*", "water_level", 2.4, 0.1, "수위 심각", "Water level severe", 2, 5
        ),
        _limit("noise-loud", 4, "hb-noise-*", "noise_level", 75.0, 5.0, "소음 초과", "Noise too loud", 2, 5),
        _limit("pm10-high", 3, "HBV02Q*", "pm10", 150.0, 50.0, "미세먼지(PM10) 높음", "PM10 high", 10, 10),
        Rule(
            "pole-dark",
            "silent",
            source=poles,
            priority=2,
            silent_s=10.0,
            name="스마트폴 무응답",
            name_en="Smart pole silent",
            basis=_EXAMPLE,
            guidance="전원과 통신을 확인하고 현장 점검을 요청하십시오.",
            guidance_en="Check power and network; ask for an inspection on site.",
        ),
        Rule(
            "sensor-silent",
            "silent",
            source="HBV02Q*",
            priority=4,
            silent_s=45.0,
            name="환경센서 무응답",
            name_en="Air sensor silent",
            basis=_EXAMPLE,
        ),
    )


def _limit(
    rule: str,
    priority: int,
    source: str,
    quantity: str,
    above: float,
    deadband: float,
    name: str,
    name_en: str,
    on_s: float,
    off_s: float,
) -> Rule:
    return Rule(
        rule,
        "threshold",
        source=source,
        quantity=quantity,
        priority=priority,  # type: ignore[arg-type]  # 1 to 4, by the callers above
        above=above,
        deadband=deadband,
        on_delay_s=on_s,
        off_delay_s=off_s,
        name=name,
        name_en=name_en,
        basis=_EXAMPLE,
        guidance="현장 영상을 확인하고 필요하면 119에 알리십시오." if priority <= 2 else "",
        guidance_en="Look at the cameras; call 119 if needed." if priority <= 2 else "",
    )


# --- writing -----------------------------------------------------------------------


def _write(path: Path, tables: dict[str, object]) -> None:
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    document.update(tables)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
