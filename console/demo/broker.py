"""The demo's MQTT broker: amqtt in a process of its own, MQTT 3.1.1, one password for all.

It keeps a session's messages only for clients that gave a password, and loses
them when it is killed: for the demo and quick tests, never for a site.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from console import lifeline


class OnePassword(BaseAuthPlugin):  # type: ignore[misc]
    """Lets in who knows the broker's password."""

    @dataclass
    class Config:
        password: str = ""

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the client may come in; the name does not matter."""
        given = str(session.password or "").encode()
        return bool(self.config.password) and hmac.compare_digest(given, self.config.password.encode())


def settings(port: int, password: str) -> dict[str, object]:
    """amqtt's configuration: one listener on loopback, no system topics."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 64}},
        "timeout_disconnect_delay": 2,
        "plugins": {f"{__name__}.OnePassword": {"password": password}},
    }


async def serve(port: int, password: str, ended: asyncio.Event) -> None:
    """Serve until `ended`; prints `ready` once clients may come."""
    broker = Broker(settings(port, password))
    await broker.start()
    print("ready", flush=True)  # noqa: T201 - whoever started us waits for it
    try:
        await ended.wait()
    finally:
        await broker.shutdown()


def main(args: Sequence[str] = ()) -> int:
    """The process: serves until its lifeline closes."""
    parser = argparse.ArgumentParser(prog="gwanje demo-broker", description="The demo's MQTT broker.")
    parser.add_argument("--port", type=int, required=True, help="loopback port")
    parser.add_argument("--password-file", type=Path, required=True, help="file with the clients' password")
    chosen = parser.parse_args(args)
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    password = chosen.password_file.read_text(encoding="utf-8").strip()
    asyncio.run(_run(chosen.port, password))
    return 0


async def _run(port: int, password: str) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)

    lifeline.watch(end)
    await serve(port, password, ended)
