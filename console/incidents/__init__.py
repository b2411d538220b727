"""Incidents: what people do about a situation, and what follows from it."""
