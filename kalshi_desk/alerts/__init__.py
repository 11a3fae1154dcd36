"""Rules over what happens that raise alerts, with hysteresis; no sound, screen or wire."""
