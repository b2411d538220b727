"""851 real S-DoT positions, their raw payloads from a publisher of its own, through a real mosquitto."""

import csv
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.end_to_end.test_roles import settings_for
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto

ROOT = Path(__file__).resolve().parents[2]
POSITIONS = ROOT.parent / "shared" / "samples" / "sdot" / "sensor_longitude_latitude.csv"
PUBLISHER = ROOT / "tests" / "servers" / "sdot_publisher.py"
ROUNDS = 3


@pytest.mark.skipif(not POSITIONS.exists(), reason=f"the sample positions are missing: {POSITIONS}")
def test_every_position_of_the_city_is_stored_in_its_units(mosquitto: Mosquitto, tmp_path: Path) -> None:
    shipped = tomllib.loads((ROOT / "resources" / "settings" / "sdot.toml").read_text(encoding="utf-8"))
    settings = settings_for(mosquitto) | {"feeds": shipped["feeds"]}
    with POSITIONS.open(encoding="utf-8-sig", newline="") as file:
        serials = {row["시리얼"] for row in csv.DictReader(file)}
    assert len(serials) >= 850
    with WholeConsole(tmp_path / "data", settings, screen=False) as console:
        until(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))
        subprocess.run(
            [sys.executable, PUBLISHER, str(mosquitto.port), USER, PASSWORD, POSITIONS, str(ROUNDS)],
            check=True,
            timeout=60,
        )
        expected = {"received": 851 * ROUNDS, "quarantined": 0, "duplicate": 0}
        until(lambda: expected.items() <= (console.ask() or {"feeds": [{}]})["feeds"][0].items())
        state = console.ask("state")
        latest = {(each["source"], each["quantity"]): each for each in state if each["record"] == "Latest"}
        assert {source for source, _ in latest} == serials
        some = sorted(serials)[5]
        assert latest[some, "temperature"]["value"] == pytest.approx(25.3)
        assert latest[some, "temperature"]["unit"] == "Cel"
        trend = console.ask(
            "trend",
            source=some,
            quantity="temperature",
            since_ms=1_795_309_200_000,
            until_ms=1_795_312_800_000,
        )
        assert trend["count"] == ROUNDS
