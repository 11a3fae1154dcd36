"""Settings of every test: hypothesis judges results, never the speed of a shared machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.load_profile("desk")
