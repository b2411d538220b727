"""The demo on the command line, and its parts, each a process of its own."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Literal

import click

_PARTS = {
    "demo-broker": "console.demo.broker",
    "demo-publisher": "console.demo.publisher",
    "demo-cameras": "console.demo.cameras",
}


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="End by itself after so long.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Where screenshots and the summary go.",
)
@click.option("--language", type=click.Choice(["ko", "en"]), help="Instead of the system's.")
@click.option("--size", default="1920x1080", show_default=True, help="Of the virtual screen.")
@click.option(
    "--story",
    type=click.Choice(["calm", "busy", "flood"]),
    default="busy",
    show_default=True,
    help="What happens that day.",
)
def demo(
    seconds: float | None,
    output: Path,
    language: str | None,
    size: str,
    story: Literal["calm", "busy", "flood"],
) -> None:
    """Start everything on a demo district: broker, sensors, cameras, core and screen."""
    from console.demo.run import run_demo

    sys.exit(run_demo(output.resolve(), seconds=seconds, language=language, size=size, story=story))


def add_to(group: click.Group) -> None:
    """Add the demo, and hidden its parts, which it starts itself."""
    group.add_command(demo)
    for name, module in _PARTS.items():
        group.add_command(_part(name, module))


def _part(name: str, module: str) -> click.Command:
    @click.command(name, context_settings={"ignore_unknown_options": True}, hidden=True)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def part(arguments: tuple[str, ...]) -> None:
        sys.exit(importlib.import_module(module).main(list(arguments)))

    return part
