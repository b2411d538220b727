"""The `[[maps]]` tables of the settings file; `console/settings.py` takes them up."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Position = tuple[
    Annotated[float, Meta(ge=-180, le=180)],
    Annotated[float, Meta(ge=-85, le=85)],
]
Zoom = Annotated[float, Meta(ge=0, le=30)]


class MapFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A map file beside the settings; one with a higher `order` lies above.

    `min_zoom` and `max_zoom` say when it is shown. An image (png, jpg, webp) lies
    by its `corners` (top left, top right, bottom left as longitude, latitude), or by
    its middle on the asset `facility` with `metres_per_pixel` and `turned` degrees
    clockwise; with `facility` it is that facility's plan of `floor`, shown when it is opened.
    Tiles are toned down, so that they do not compete with what is abnormal: `night` makes a light map
    dark, `grey` takes the colours out, `colour` leaves them; `auto` is grey for photographs (jpg) and
    night for all else. `style` and `label` (a property's name) are for geojson; a feature's own property
    `class` (road, water, green, building, boundary, outline) goes before `style`.
    """

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    file: Annotated[str, Meta(min_length=1)]
    kind: Literal["mbtiles", "pmtiles", "geojson", "image"]
    name: str = ""
    name_en: str = ""
    opacity: Annotated[float, Meta(ge=0, le=1)] = 1.0
    tone: Literal["auto", "night", "grey", "colour"] = "auto"
    min_zoom: Zoom = 0.0
    max_zoom: Zoom = 30.0
    order: int = 0
    style: Literal["outline", "boundary", "road", "water", "green", "building"] = "outline"
    label: str = "name"
    label_en: str = "name_en"
    attribution: str = ""
    dated: str = ""
    corners: tuple[Position, ...] = ()
    facility: str = ""
    floor: str = ""
    metres_per_pixel: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    turned: Annotated[float, Meta(ge=-360, le=360)] = 0.0

    def __post_init__(self) -> None:
        if self.min_zoom > self.max_zoom:
            raise ValueError("min_zoom is above max_zoom")
        if self.corners and len(self.corners) != 3:
            raise ValueError("corners are three: top left, top right, bottom left")
        if self.kind == "image" and not self.corners and not (self.facility and self.metres_per_pixel):
            raise ValueError("an image needs corners, or a facility and metres_per_pixel")
