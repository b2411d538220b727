"""Data hubs of NGSI-LD: the subscription that they notify us by, and our alarms and readings for them."""
