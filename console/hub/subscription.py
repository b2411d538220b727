"""The subscription of this console at a hub: made, found again, renewed before it ends, removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from console.clock import Clock
from console.hub.client import CORE_CONTEXT, HubClient
from console.settings_tables import Hub


def identity(device: str, hub: str) -> str:
    """The id of our subscription: the same after every start, so that there is never a second."""
    return f"urn:ngsi-ld:Subscription:gwanje:{quote(device, safe='')}:{hub}"


class Subscription:
    """Keeps one subscription as the settings want it."""

    def __init__(self, name: str, hub: Hub, device: str, client: HubClient, clock: Clock) -> None:
        self._hub, self._client, self._clock = hub, client, clock
        self._id = identity(device, name)

    def ensure(self) -> str:
        """See to it that the hub has it; returns what was done: found, made, renewed.

        Raises Unavailable, or Refused where the hub will not have it.
        """
        there = self._client.subscription(self._id)
        if there is None:
            self._client.subscribe(self._wanted())
            return "made"
        if self._is_good(there):
            return "found"
        wanted = self._wanted()
        del wanted["id"]
        if not self._client.change(self._id, wanted):
            self._client.unsubscribe(self._id)
            self._client.subscribe(self._wanted())
        return "renewed"

    def remove(self) -> None:
        """Take it away from the hub. Raises Unavailable."""
        self._client.unsubscribe(self._id)

    def _is_good(self, there: dict[str, Any]) -> bool:
        """Whether it is ours as we want it, lasts for more than half its time, and is not off."""
        if there.get("status", "active") != "active" or there.get("isActive") is False:
            return False
        notification = there.get("notification")
        endpoint = notification.get("endpoint") if type(notification) is dict else None
        if type(endpoint) is not dict or endpoint.get("uri") != self._hub.endpoint:
            return False
        found = there.get("entities")
        types = {each.get("type") for each in found if type(each) is dict} if type(found) is list else set()
        if types != set(self._hub.types):
            return False
        try:
            ends = datetime.fromisoformat(str(there["expiresAt"]).replace(",", "."))
        except (KeyError, ValueError):
            return False
        ends = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
        return ends.timestamp() * 1000 - self._clock.now_ms() > self._hub.expires_hours * 3_600_000 / 2

    def _wanted(self) -> dict[str, Any]:
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        ends = now + timedelta(hours=self._hub.expires_hours)
        return {
            "id": self._id,
            "type": "Subscription",
            "entities": [{"type": each} for each in self._hub.types],
            "notification": {
                "format": "normalized",
                "endpoint": {"uri": self._hub.endpoint, "accept": "application/json"},
            },
            "expiresAt": ends.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "@context": [self._hub.context or CORE_CONTEXT],
        }
