"""What the core hands to a screen, as one union that the link can decode."""

from __future__ import annotations

from db.records import (
    Act,
    Alarm,
    AssetState,
    CameraState,
    FeedCount,
    Incident,
    Lamp,
    Latest,
    Proof,
    Quarantined,
)
from db.workings import Backup, CatchUp, Gap, Hold, Progress

Shown = (
    Latest
    | AssetState
    | Alarm
    | Incident
    | Act
    | CameraState
    | Lamp
    | FeedCount
    | Proof
    | Quarantined
    | CatchUp
    | Gap
    | Hold
    | Backup
    | Progress
)
