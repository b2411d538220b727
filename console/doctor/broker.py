"""A site's broker against what a console needs of it: limits, parking, restart, TLS, rights."""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

from console.clock import Clock
from console.doctor import parking
from console.doctor.finding import Finding, State, tell
from console.doctor.parking import Parked, Told
from console.doctor.visit import PATIENCE_S, Visit
from console.errors import ConsoleError, Refused, Unavailable
from console.feeds.session import tls_context
from console.settings import Settings

SIZES = (64 << 10, 256 << 10, 1 << 20)  # the last is what the console itself reads at most
NEEDED_SIZE = 256 << 10
NEEDED_WINDOW = 500  # the burst that a console commits at once
SOON_DAYS = 30
_DAY_S = 86_400
_BIG_S = 20.0


class BrokerExamination:
    """One broker of the settings. `findings` yields as it goes; nothing of ours stays at the broker."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._broker = settings.brokers[name]
        self._filters = tuple(
            topic for feed in settings.feeds.values() if feed.broker == name for topic in feed.topics
        )
        self._where = f"{self._broker.host}:{self._broker.port}"
        self._token = secrets.token_hex(4)
        prefix = self._broker.heartbeat_topic.replace("{device}", "doctor").rsplit("/", 1)[0]
        self._topic = f"{prefix}/{self._token}-probe"

    def findings(self, messages: int, told: Told) -> Iterator[Finding]:
        """Everything but the restart; ends early where the broker lets nobody in."""
        way = self.way()
        yield way
        yield from self.transport()
        if way.state == "bad":
            return
        yield self.versions()
        for look in (self._limits, self._sizes, self._retained, self._rights, self._strangers):
            try:
                yield from look()
            except (Unavailable, Refused) as error:
                yield self._tell("unknown", "broker-unseen", part=look.__name__.strip("_"), error=str(error))
        yield from self._parking(messages, told)

    def _tell(self, state: State, code: str, area: str = "broker", **facts: Any) -> Finding:
        return tell(f"{area} {self.name}", state, code, **facts)

    def _visit(self, role: str, **options: Any) -> Visit:
        client_id = f"{self._broker.client_id}-doctor-{self._token}-{role}"
        return Visit(self._broker, self._clock, client_id, **options)

    # --- the way there and back ------------------------------------------------------

    def way(self) -> Finding:
        """Publish to the broker and wait for our own message."""
        try:
            with self._visit("way") as visit:
                if any(reason.is_failure for reason in visit.subscribe([self._topic])):
                    raise Refused(f"the broker does not let us read {self._topic}")
                begun_s = self._clock.monotonic_s()
                visit.publish(self._topic, self._token.encode())
                if not visit.wait(lambda: bool(visit.arrived)):
                    raise Unavailable(f"our own message did not come back within {PATIENCE_S:.0f} s")
                took_ms = (self._clock.monotonic_s() - begun_s) * 1000
        except Unavailable as error:
            return self._tell("bad", "broker-away", where=self._where, error=str(error))
        except ConsoleError as error:
            return self._tell(
                "bad", "broker-refuses", where=self._where, error=str(error), table=f"brokers.{self.name}"
            )
        return self._tell("ok", "broker", where=self._where, took=round(took_ms))

    def versions(self) -> Finding:
        """Which versions of MQTT it speaks; the console needs only the one of the settings."""
        spoken = [version for version in ("5", "3.1.1") if self._speaks(version)]
        return self._tell("ok", "mqtt", "mqtt", spoken=", ".join(spoken) or "none", used=self._broker.version)

    def _speaks(self, version: str) -> bool:
        try:
            with self._visit(f"v{version[0]}", version=version):
                return True
        except (Unavailable, Refused):
            return False

    # --- transport ---------------------------------------------------------------------

    def transport(self) -> Iterator[Finding]:
        """TLS: its version, the certificate's name and end."""
        broker = self._broker
        if not broker.tls:
            if is_loopback(broker.host):
                yield self._tell("ok", "tls-not-needed", "tls")
            else:
                yield self._tell("warn", "tls-none", "tls", host=broker.host, table=f"brokers.{self.name}")
            return
        try:
            version, certificate = self._handshake()
        except (OSError, ConsoleError) as error:
            yield self._tell("bad", "tls-fails", "tls", host=broker.host, error=str(error))
            return
        end_s = ssl.cert_time_to_seconds(str(certificate.get("notAfter", "Jan  1 00:00:00 1970 GMT")))
        days = int((end_s - self._clock.now_ms() / 1000) // _DAY_S)
        facts = {"version": version, "host": broker.host, "days": days}
        yield (
            self._tell("warn", "tls-ends", "tls", **facts)
            if days < SOON_DAYS
            else self._tell("ok", "tls", "tls", **facts)
        )

    def _handshake(self) -> tuple[str, dict[str, Any]]:
        broker = self._broker
        with (
            socket.create_connection((broker.host, broker.port), PATIENCE_S) as raw,
            tls_context(broker).wrap_socket(raw, server_hostname=broker.host) as wrapped,
        ):
            return wrapped.version() or "?", dict(wrapped.getpeercert() or {})

    # --- what it says and shows of its limits ---------------------------------------------

    def _limits(self) -> Iterator[Finding]:
        if self._broker.version != "5":
            yield self._tell(
                "unknown", "limits-unsaid", "limits", wanted=_days(self._broker.session_expiry_s)
            )
            return
        client = self._visit("limits", keep_s=self._broker.session_expiry_s)
        with client as visit:
            said = visit.limits
        with self._visit("limits"):
            pass  # takes the place of the kept session, which ends so
        granted = getattr(said, "SessionExpiryInterval", self._broker.session_expiry_s)
        facts: dict[str, Any] = {
            "window": getattr(said, "ReceiveMaximum", 65535),
            "packet": getattr(said, "MaximumPacketSize", 0) or "-",
            "qos": getattr(said, "MaximumQoS", 2),
            "wildcards": bool(getattr(said, "WildcardSubscriptionAvailable", 1)),
            "granted": _days(granted),
            "wanted": _days(self._broker.session_expiry_s),
        }
        if facts["qos"] < 1 or not facts["wildcards"]:
            yield self._tell("bad", "limits-missing", "limits", **facts)
        elif granted < self._broker.session_expiry_s:
            yield self._tell("warn", "limits-expiry", "limits", **facts)
        else:
            yield self._tell("ok", "limits", "limits", **facts)

    def _sizes(self) -> Iterator[Finding]:
        passed = 0
        for size in SIZES:
            try:
                if not self._passes(size):
                    break
            except (Unavailable, Refused):
                break  # a broker that closes on a message too large has answered, too
            passed = size
        facts = {"passed": passed >> 10, "tried": SIZES[-1] >> 10, "needed": NEEDED_SIZE >> 10}
        if passed < NEEDED_SIZE:
            yield self._tell("warn", "size-small", "message size", **facts)
        else:
            yield self._tell("ok", "size", "message size", **facts)

    def _passes(self, size: int) -> bool:
        with self._visit("size") as visit:
            visit.subscribe([self._topic])
            visit.publish(self._topic, bytes(size - len(self._topic) - 16))
            return visit.wait(lambda: bool(visit.arrived), _BIG_S / 4)

    def _retained(self) -> Iterator[Finding]:
        topic = f"{self._topic}-retained"
        with self._visit("retain") as visit:
            visit.publish(topic, b"1", retain=True)
            visit.subscribe([topic])
            there = visit.wait(lambda: bool(visit.arrived), 2.0)
            visit.publish(topic, b"", retain=True)
        yield (
            self._tell("ok", "retained", "retained")
            if there
            else self._tell("warn", "retained-none", "retained")
        )

    # --- rights ------------------------------------------------------------------------------

    def _rights(self) -> Iterator[Finding]:
        with self._visit("rights") as visit:
            refused = [
                topic
                for topic in self._filters
                if any(reason.is_failure for reason in visit.subscribe([topic]))
            ]
        if refused:
            yield self._tell("bad", "acl-refused", "rights", topics=", ".join(refused))
        else:
            yield self._tell("ok", "acl", "rights", count=len(self._filters))
        if self._broker.version != "5":
            yield self._tell("unknown", "acl-write-unsaid", "write rights")
            return
        outside = f"not-ours-{self._token}/doctor"
        with self._visit("write") as visit:
            answer = visit.publish(outside, b"")
        if answer is None or answer.is_failure:
            yield self._tell("ok", "acl-write", "write rights")
        else:
            yield self._tell("warn", "acl-write-free", "write rights", topic=outside)

    def _strangers(self) -> Iterator[Finding]:
        try:
            with self._visit("stranger", known=False):
                pass
        except (Refused, Unavailable):
            yield self._tell("ok", "anonymous-refused", "log-in")
        else:
            yield self._tell("warn", "anonymous", "log-in", where=self._where)

    # --- parking ---------------------------------------------------------------------------------

    def _parking(self, messages: int, told: Told) -> Iterator[Finding]:
        try:
            parked = parking.park_and_return(self._broker, self._clock, messages, told)
        except (Unavailable, Refused) as error:
            yield self._tell("bad", "queue-failed", "queue", error=str(error))
            return
        yield self._judged_queue(parked)
        yield self._judged_window(parked)

    def _judged_queue(self, parked: Parked) -> Finding:
        facts = _counts(parked)
        if not parked.session_kept:
            return self._tell("bad", "queue-session", "queue", **facts)
        if not parked.is_whole:
            return self._tell("bad", "queue-loses", "queue", **facts)
        if parked.doubled or not parked.in_order:
            return self._tell("warn", "queue-order", "queue", **facts)
        return self._tell("ok", "queue", "queue", **facts)

    def _judged_window(self, parked: Parked) -> Finding:
        if parked.window < min(NEEDED_WINDOW, parked.delivered):
            return self._tell("warn", "window-small", "in flight", window=parked.window, burst=NEEDED_WINDOW)
        return self._tell("ok", "window", "in flight", window=parked.window)

    def restart(self, restart: Callable[[], None], wait: Callable[[float], object]) -> Finding:
        """What is left over a restart that somebody else does."""
        try:
            parked = parking.over_a_restart(self._broker, self._clock, restart, wait)
        except (Unavailable, Refused) as error:
            return self._tell("bad", "restart-failed", "restart", error=str(error))
        facts = _counts(parked)
        if not parked.session_kept:
            return self._tell("bad", "restart-session", "restart", **facts)
        if not parked.is_whole:
            return self._tell("bad", "restart-loses", "restart", **facts)
        return self._tell("ok", "restart", "restart", **facts)


def _counts(parked: Parked) -> dict[str, Any]:
    return {
        "published": parked.confirmed,
        "delivered": parked.delivered,
        "lost": max(0, parked.confirmed - parked.delivered),
        "doubled": parked.doubled,
        "in_order": parked.in_order,
    }


def _days(seconds: int) -> str:
    return f"{seconds / _DAY_S:g} d" if seconds >= _DAY_S else f"{seconds} s"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
