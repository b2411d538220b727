"""What the core hands to a screen, as one union that the link can decode."""

from __future__ import annotations

from db.alarm_records import Alarm, Flood, Maintenance, Summary
from db.asset_records import AssetState, Crisis, OnDuty
from db.records import Act, CameraState, FeedCount, Incident, Lamp, Latest, Proof, Quarantined
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
    | Flood
    | Summary
    | Maintenance
    | Crisis
    | OnDuty
)
