"""The features of a GeoJSON text. Source: RFC 7946."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from console.errors import SettingsError

MOST_BYTES = 256 << 20  # of a layer, which is read as a whole


def features(path: Path) -> list[Any] | str:
    """The features of a file, or what is wrong with it; raises SettingsError where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return f"larger than {MOST_BYTES >> 20} MiB"
        found = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return f"is no JSON ({str(error)[:200]})"
    if not isinstance(found, dict):
        return "is no GeoJSON object"
    if found.get("type") == "FeatureCollection" and isinstance(found.get("features"), list):
        return list(found["features"])
    if found.get("type") == "Feature":
        return [found]
    if "coordinates" in found or "geometries" in found:
        return [{"geometry": found, "properties": {}}]
    return "holds neither features nor a geometry"
