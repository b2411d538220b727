"""The shapes in which NGSI says the same: entities out of any envelope, statements out of any attribute.

NGSIv2 and NGSI-LD, normalized, key-values and concise, notifications, batches,
temporal answers and the MQTT envelope of the Korean City Data Hub.
Sources: ETSI GS CIM 009; DOMAIN.md, 2.5 and 2.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from console.formats import json_text
from console.formats.json_text import Unreadable

MAX_ENTITIES = 10_000
MAX_STATEMENTS = 2_000  # of one attribute, in a temporal answer
_TYPES = {
    "Property", "GeoProperty", "Relationship", "LanguageProperty", "VocabProperty", "JsonProperty",
    "ListProperty",
}  # fmt: skip
_SHAPES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
_META = {
    "unitCode",
    "observedAt",
    "datasetId",
    "metadata",
    "createdAt",
    "modifiedAt",
    "instanceId",
    "previousValue",
}


class Statement(NamedTuple):
    """What an attribute says once: its value, and the unit's code and the time where it names them."""

    value: Any
    unit_code: str = ""
    observed: Any = None
    is_link: bool = False
    dataset: str = ""

    def within(self, outer: Statement) -> Statement:
        """The same, with unit and time of the statement it is a part of where it has none."""
        return self._replace(
            unit_code=self.unit_code or outer.unit_code,
            observed=self.observed or outer.observed,
            dataset=self.dataset or outer.dataset,
        )


def entities(found: Any) -> list[dict[str, Any]]:
    """The entities of a message; raises Unreadable where there are none to be found."""
    for _ in range(4):  # an envelope in an envelope, and no deeper
        if isinstance(found, str):
            found = json_text.read(found.encode("utf-8", "replace"))
        if not isinstance(found, dict):
            break
        if "body" in found and "metadata" in found:
            found = found["body"]
        elif isinstance(found.get("data"), list) and (
            "subscriptionId" in found or found.get("type") == "Notification"
        ):
            found = found["data"]
        elif isinstance(found.get("entities"), list):
            found = found["entities"]
        elif found.get("type") == "FeatureCollection" and isinstance(found.get("features"), list):
            found = [_of_feature(each) for each in found["features"]]
        elif found.get("type") == "Feature":
            found = [_of_feature(found)]
        else:
            found = [found]
    if not isinstance(found, list):
        raise Unreadable("ngsi-entity", "found neither an entity nor a list of them")
    if len(found) > MAX_ENTITIES:
        raise Unreadable("too-many", f"{len(found)} entities; at most {MAX_ENTITIES} are read")
    return found


def _of_feature(feature: Any) -> Any:
    """An entity in the GeoJSON form of NGSI-LD."""
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        return feature
    known = {"id": feature.get("id"), "location": feature.get("geometry")}
    return {**{name: value for name, value in known.items() if value}, **feature["properties"]}


def short(name: str) -> str:
    """The last part of a name that JSON-LD has expanded."""
    return name.rsplit("/", 1)[-1].rsplit("#", 1)[-1]


def statements(attribute: Any) -> Iterator[Statement]:
    """What an attribute says, each time it says something."""
    if isinstance(attribute, list) and attribute and all(_is_statement(each) for each in attribute):
        for each in attribute[:MAX_STATEMENTS]:
            yield from _of_object(each)
    elif _is_statement(attribute):
        yield from _of_object(attribute)
    else:
        yield Statement(plain(attribute))


def _is_statement(found: Any) -> bool:
    """An attribute as an object; a place or an address as such is a value."""
    if not isinstance(found, dict):
        return False
    kind = found.get("type")
    if not isinstance(kind, str):  # any JSON may stand there
        kind = ""
    if kind in _SHAPES:
        return False
    if kind in _TYPES or ("languageMap" in found and not set(found) - _META - {"languageMap"}):
        return True
    return "value" in found and not (set(found) - _META - {"type", "value"} and "type" not in found)


def _of_object(found: dict[str, Any]) -> Iterator[Statement]:
    metadata = found.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    unit = plain(found.get("unitCode")) or plain(_value(metadata.get("unitCode")))
    observed = plain(found.get("observedAt")) or plain(
        _value(metadata.get("timestamp")) or _value(metadata.get("dateObserved"))
    )
    code = unit if isinstance(unit, str) else ""
    dataset = found.get("datasetId")
    dataset = dataset.rsplit(":", 1)[-1][:60] if isinstance(dataset, str) else ""
    if isinstance(found.get("values"), list):  # the temporalValues form: [value, time] each
        for pair in found["values"][:MAX_STATEMENTS]:
            if isinstance(pair, list) and len(pair) >= 2:
                yield Statement(plain(pair[0]), code, pair[1], dataset=dataset)
        return
    for key in ("value", "languageMap", "vocab", "json", "valueList", "object"):
        if key in found:
            value = _in_korean(found[key]) if key == "languageMap" else plain(found[key])
            yield Statement(value, code, observed, key == "object", dataset)
            return


def _in_korean(languages: Any) -> Any:
    """The Korean text of a LanguageProperty, the first one where there is none."""
    if not isinstance(languages, dict) or not languages:
        return languages
    return languages.get("ko") or languages.get("ko-KR") or next(iter(languages.values()))


def _value(found: Any) -> Any:
    return found.get("value") if isinstance(found, dict) else found


def plain(found: Any) -> Any:
    """A value without the wrapping that JSON-LD gives to times and typed literals."""
    if isinstance(found, dict) and "@value" in found:
        return found["@value"]
    return found


def first(entity: dict[str, Any], *names: str) -> Any:
    """The value of the first of these attributes that says something; None if none does."""
    for name in names:
        for said in statements(entity.get(name)):
            if said.value not in (None, ""):
                return said.value
    return None
