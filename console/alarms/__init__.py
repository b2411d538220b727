"""Alarms: a pure reducer of readings and ticks, and the job that runs it exactly once."""
