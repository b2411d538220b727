"""What the screen is told of the maps that are installed."""

from __future__ import annotations

from typing import Literal

from db.records import Key, Record


class MapSheet(Record, frozen=True):
    """One installed map, lying `order` above others; `error` says why it cannot be shown.

    `form` is how its tiles are packed (png, jpg, webp, pbf). `bounds` are west,
    south, east, north in degrees, `zooms` the first and last zoom that has tiles,
    `shown_from` and `shown_to` the zooms between which it is wanted. `dated` is
    what the file says of its age, or its day. `corners` of a picture are its top
    left, top right and bottom left; without them it lies with its `middle` there,
    so many `metres_per_pixel`, `turned` degrees clockwise. `facility` is the asset whose plan it is, with
    `floor`. `version` changes with the file.
    `tone` is what becomes of the tiles' colours.
    """

    id: str
    kind: Literal["tiles", "shapes", "picture"]
    file: str
    name: str = ""
    name_en: str = ""
    form: str = ""
    bounds: tuple[float, float, float, float] | None = None
    zooms: tuple[int, int] | None = None
    shown_from: float = 0.0
    shown_to: float = 30.0
    opacity: float = 1.0
    order: int = 0
    style: str = "outline"
    tone: Literal["night", "grey", "colour"] = "colour"
    attribution: str = ""
    dated: str = ""
    corners: tuple[tuple[float, float], ...] = ()
    middle: tuple[float, float] | None = None
    metres_per_pixel: float = 0.0
    turned: float = 0.0
    facility: str = ""
    floor: str = ""
    version: str = ""
    size: int = 0
    error: str = ""

    @property
    def key(self) -> Key:
        return ("map_sheet", self.id)


class MapShapes(Record, frozen=True):
    """A layer of lines and areas, simplified to what can be drawn.

    `at` are longitudes and latitudes in turn, little-endian doubles; part n has
    `lengths[n]` positions and the style `styles[parts[n]]`, closed where `closed[n]`,
    and is a hole of the area before it where `holes[n]`.
    `labels` are text, English text, longitude, latitude. `left` counts features
    that are not drawn: broken ones and those beyond what can be.
    """

    at: bytes
    lengths: list[int]
    closed: list[bool]
    holes: list[bool]
    parts: list[int]
    styles: list[str]
    widths: list[float]
    labels: tuple[tuple[str, str, float, float], ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    features: int = 0
    left: int = 0
    why_left: str = ""
    step_deg: float = 0.0
