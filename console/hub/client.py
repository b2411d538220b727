"""Speaking with a hub over HTTP: bounded in time and size, to the named host only.

Source: ETSI GS CIM 009 V1.8.1, 6.10, 6.11, 6.15 (subscriptions, batch operations).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.hub.speaking import PERHAPS_LATER, Speaking, secret
from console.settings_tables import Hub

CORE_CONTEXT = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"

Entity = dict[str, Any]


class Outcome(NamedTuple):
    """What became of a batch: ids that were taken, and the others with the reason."""

    taken: list[str]
    refused: list[tuple[str, str]]


class HubClient:
    """One hub, one thread."""

    def __init__(self, name: str, hub: Hub, clock: Clock, base: Path) -> None:
        self._name, self._hub, self._base = name, hub, base
        self._url = hub.url.rstrip("/")
        self._speaking = Speaking(f"the hub {name}", hub.timeout_s, clock)

    def close(self) -> None:
        """Let the connections go."""
        self._speaking.close()

    def subscription(self, identity: str) -> dict[str, Any] | None:
        """The subscription of that id, None if the hub has none. Raises Unavailable."""
        status, body = self._ask("GET", f"/subscriptions/{quote(identity, safe='')}")
        if status == 404:
            return None
        self._wants(status, (200,))
        return body if type(body) is dict else {}

    def subscribe(self, subscription: dict[str, Any]) -> None:
        """Make a subscription; one that is there already stays. Raises Unavailable, Refused."""
        status, _ = self._ask("POST", "/subscriptions", subscription)
        self._wants(status, (200, 201, 204, 409))

    def change(self, identity: str, changes: dict[str, Any]) -> bool:
        """Change a subscription; False where the hub cannot or has it no more. Raises Unavailable."""
        status, _ = self._ask("PATCH", f"/subscriptions/{quote(identity, safe='')}", changes)
        if status in (400, 404, 405, 422, 501):
            return False
        self._wants(status, (200, 204))
        return True

    def unsubscribe(self, identity: str) -> None:
        """Remove a subscription; none there is as good. Raises Unavailable."""
        status, _ = self._ask("DELETE", f"/subscriptions/{quote(identity, safe='')}")
        self._wants(status, (200, 204, 404))

    def upsert(self, entities: Sequence[Entity]) -> Outcome:
        """Send entities, in halves where the hub refuses a batch as a whole, until each is settled.

        Raises Unavailable if it is not known of all whether the hub has them: all may be sent again.
        """
        taken: list[str] = []
        refused: list[tuple[str, str]] = []
        parts = [list(entities)] if entities else []
        while parts:
            part = parts.pop()
            status, body = self._ask("POST", self._hub.upsert, self._batch(part))
            ids = [each["id"] for each in part]
            if status == 207:
                faults = _faults(body, ids)
                refused += faults.items()
                taken += [each for each in ids if each not in faults]
            elif 200 <= status < 300:
                taken += ids
            elif not 400 <= status < 500 or status in PERHAPS_LATER:
                raise Unavailable(f"the hub {self._name} answers {status}")
            elif len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
            else:
                refused.append((ids[0], f"{status} {_said(body)}".strip()))
        return Outcome(taken, refused)

    def _batch(self, entities: list[Entity]) -> Any:
        if self._hub.dataset:
            return {"datasetId": self._hub.dataset, "entities": entities}
        return entities

    def _wants(self, status: int, wanted: tuple[int, ...]) -> None:
        if status in wanted:
            return
        if 400 <= status < 500 and status not in PERHAPS_LATER:
            raise Refused(f"the hub {self._name} refuses the subscription with {status}")
        raise Unavailable(f"the hub {self._name} answers {status}")

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        headers = self._headers(content is not None)
        status, said = self._speaking.ask(method, self._url + path, content, headers)
        return status, _json(said)

    def _headers(self, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if has_body:
            headers["Content-Type"] = "application/ld+json"
        if self._hub.tenant:
            headers["NGSILD-Tenant"] = self._hub.tenant
        if self._hub.token_file:
            headers[self._hub.header] = secret(self._base / self._hub.token_file, "token_file")
        return headers


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body.strip() else None
    except (ValueError, RecursionError):
        return None


def _faults(body: Any, ids: list[str]) -> dict[str, str]:
    """Who was refused by a partial answer; raises Unavailable where the fault is the hub's own."""
    errors = body.get("errors") if type(body) is dict else None
    done = body.get("success") if type(body) is dict else None
    faults: dict[str, str] = {}
    for each in errors if type(errors) is list else []:
        identity = each.get("entityId") if type(each) is dict else None
        if identity in ids:
            error = each.get("error")
            status = error.get("status") if type(error) is dict else None
            if type(status) is int and status >= 500:
                raise Unavailable(f"the hub could not store {identity[:80]} ({status})")
            faults[identity] = _said(error) or "refused without a reason"
    if not faults and (type(done) is not list or not set(ids) <= set(map(str, done))):
        raise Unavailable("the hub took a part and does not say which")
    return faults


def _said(error: Any) -> str:
    """The reason of a problem report, as one line."""
    if type(error) is dict:
        parts = [str(error[key]) for key in ("title", "detail") if error.get(key)]
        error = ": ".join(parts)
    return " ".join(str(error).split())[:300] if error else ""
