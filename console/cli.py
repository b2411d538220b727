"""What the tasks of the command line print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from console.errors import Unavailable
from console.link import read_address
from console.link_client import LinkClient


def print_json(value: Any) -> None:
    """One JSON text on standard output."""
    click.echo(msgspec.json.encode(value).decode())


def print_status(folder: Path, as_json: bool) -> int:
    """Ask the folder's core; 1 when none runs."""
    client = LinkClient(folder, role="cli", seat="status")
    try:
        read_address(folder)
        client.start()
        found = ask_when_linked(client, "status")
    except Unavailable as error:
        if as_json:
            print_json({"running": False, "folder": str(folder), "reason": str(error)})
        else:
            click.echo(f"{error}. Start one with `gwanje` or `gwanje core`.")
        return 1
    finally:
        client.stop()
    if as_json:
        print_json({"running": True, **found})
    else:
        for line in status_lines(found):
            click.echo(line)
    return 0


def ask_when_linked(client: LinkClient, name: str, tries: int = 20) -> Any:
    """Ask as soon as the link is up; raises Unavailable after two seconds without one."""
    if not client.wait_linked(0.1 * tries):
        raise Unavailable("No core answers on this data folder")
    return client.ask(name)


def status_lines(found: dict[str, Any]) -> list[str]:
    """The status as lines for a person."""
    roles, alarms, cameras, central = found["roles"], found["alarms"], found["cameras"], found["central"]
    lines = [
        f"core     pid {roles['core']['pid']}, device {found['device']}, {found['folder']}",
        f"screens  {len(roles['ui'])}, camera processes {len(roles['cam'])}",
    ]
    for broker in found["brokers"]:
        lines.append(
            f"broker   {broker['name']}: {broker['state']}, heartbeat {_age(broker['age_s'])}"
            + (f"; {broker['detail']}" if broker["detail"] else "")
        )
    for feed in found["feeds"]:
        lines.append(
            f"feed     {feed['name']}: {feed['state']}, last message {_age(feed['last_message_age_s'])}; "
            f"received {feed['received']}, stored {feed['stored']}, "
            f"quarantined {feed['quarantined']}, duplicate {feed['duplicate']}"
        )
    lines.append(f"alarms   {alarms['standing']} standing {_pairs(alarms['by_state'])}")
    lines.append(f"cameras  {cameras['live']}/{cameras['total']} live")
    lines.append(f"incidents open {found['incidents_open']}")
    link, backlog, proof = central["link"], central["backlog"], central["proof"]
    lines.append(f"central  {link['state'] if link else 'not set up'}, unsent {_number(backlog)}")
    if proof:
        theirs = proof["theirs"]["count"] if proof.get("theirs") else "nothing"
        verdict = "equal" if proof["equal"] else "NOT equal"
        lines.append(f"proof    ours {proof['ours']['count']}, theirs {theirs}: {verdict}")
    disk = found["disk"]
    lines.append(f"disk     {disk['free_mib']} of {disk['total_mib']} MiB free")
    lines.extend(f"found    {each['text']}" for each in found["found"])
    return lines


def _age(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s ago"


def _number(lamp: dict[str, Any] | None) -> str:
    return "unknown" if lamp is None or lamp["number"] is None else f"{lamp['number']:.0f}"


def _pairs(counts: dict[str, int]) -> str:
    return "(" + ", ".join(f"{name} {count}" for name, count in counts.items()) + ")" if counts else ""


def print_decoded(
    feed: str, topic: Sequence[str], files: Sequence[Path], settings: Path | None, folder: Path
) -> int:
    """One JSON object per record; 0 even when something was set aside, since that is an answer."""
    from console.decode import decode_files
    from console.start import settings_with_feed

    for record in decode_files(feed, settings_with_feed(feed, folder, settings), topic, files):
        print_json(record)
    return 0


def print_bench(name: str, quick: bool, as_json: bool) -> int:
    """1 when the figure misses its reach."""
    from console.bench.figures import run

    figure = run(name, quick=quick)
    if as_json:
        print_json(figure)
    else:
        verdict = "holds" if figure["holds"] else "MISSES"
        click.echo(f"{figure['name']}: {figure['value']} (reach {figure['reach']}): {verdict}")
        for part, value in figure["parts"].items():
            click.echo(f"  {part}: {value}")
    return 0 if figure["holds"] else 1


def print_central_init(
    url: str, password_file: str, login: str, login_password_file: str, as_json: bool
) -> int:
    """Prepare the central platform at `url`, and say what was done."""
    from console.sync.install import central_init
    from console.sync.opening import public_url, read_password

    done = central_init(
        url,
        read_password(password_file),
        login=login,
        login_password=read_password(login_password_file),
        base=Path.cwd(),
    )
    if as_json:
        print_json({"ok": True, "url": public_url(url), "done": done})
    else:
        for line in done:
            click.echo(line)
    return 0


def print_central_check(url: str, password_file: str, as_json: bool) -> int:
    """Examine the central platform at `url`; 1 when a console could not work with it."""
    from console.sync.install import central_check
    from console.sync.opening import read_password

    found = central_check(url, read_password(password_file), base=Path.cwd())
    if as_json:
        print_json({"ok": found.well, "url": found.url, "found": found.lines})
    else:
        for line in found.lines:
            click.echo(line)
    return 0 if found.well else 1
