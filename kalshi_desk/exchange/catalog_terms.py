"""The words a listing is made of: series templates, and the hidden values behind them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverTerms:
    """The hidden value behind a series: where it starts and how it moves in one second."""

    start: tuple[float, ...]
    wander: float
    pull: float = 0.0
    jump_chance: float = 0.0
    jump_size: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One series: its words, its fees, its calendar and the shape of its events.

    ``calendar`` is ``window`` (closes every ``every_s``), ``daily`` (closes at ``close_et``
    plus ``days``) or ``dated`` (closes ``days`` ahead at ``close_et``).
    ``shape`` is ``brackets``, ``ladder``, ``range``, ``choice``, ``single`` or ``updown``.
    """

    series: str
    title: str
    category: str
    question: str
    rules: str
    driver: str
    shape: str
    calendar: str
    days: int = 0
    close_et: tuple[int, int] = (17, 0)
    every_s: int = 0
    is_weekdays_only: bool = False
    outcomes: tuple[tuple[str, str], ...] = ()
    count: int = 6
    step: float = 1.0
    unit: str = ""
    prefix: str = ""
    decimals: int = 0
    sigma: float = 1.0
    sigma_floor: float = 0.01
    code: str = "day"
    structure: str = "linear_cent"
    fee_type: str = "quadratic"
    fee_multiplier: float = 1
    frequency: str = "daily"
    tags: tuple[str, ...] = ()
    source: tuple[str, str] = ("Practice exchange", "https://example.com")
    activity: float = 1.0
    determine_after_s: int = 60
    settle_after_s: int = 60
    extra: dict[str, str] = field(default_factory=dict)
    variant: str = ""
    """What tells templates of one series apart."""
    terms: DriverTerms | None = None
    """The hidden value where it is not one of ``DRIVERS``."""

    @property
    def key(self) -> str:
        """The name of the template: its series, and its variant where it has one."""
        return f"{self.series}/{self.variant}" if self.variant else self.series

    @property
    def size(self) -> int:
        """How many markets an event has."""
        return len(self.outcomes) or (1 if self.shape == "updown" else self.count)


DRIVERS: dict[str, DriverTerms] = {
    "temp-ny": DriverTerms(start=(52.6,), wander=0.012, jump_chance=0.002, jump_size=0.6),
    "temp-chi": DriverTerms(start=(44.3,), wander=0.012, jump_chance=0.002, jump_size=0.7),
    "temp-mia": DriverTerms(start=(81.2,), wander=0.010, jump_chance=0.002, jump_size=0.4),
    "btc": DriverTerms(start=(91_240.0,), wander=7.4),
    "eth": DriverTerms(start=(3_018.0,), wander=0.33),
    "spx": DriverTerms(start=(6_730.0,), wander=0.24),
    "cpi": DriverTerms(
        start=(2.94,), wander=0.0006, pull=0.0005, jump_chance=0.003, jump_size=0.03
    ),
    "jobs": DriverTerms(start=(82.0,), wander=0.35, pull=0.0005, jump_chance=0.003, jump_size=9.0),
    "gdp": DriverTerms(start=(2.35,), wander=0.003, pull=0.0005, jump_chance=0.003, jump_size=0.1),
    "gas": DriverTerms(
        start=(3.08,), wander=0.0004, pull=0.0003, jump_chance=0.003, jump_size=0.01
    ),
    "fed": DriverTerms(
        start=(-3.2, 0.2, 0.9, -3.6, -4.6),
        wander=0.006,
        pull=0.0005,
        jump_chance=0.002,
        jump_size=0.25,
    ),
    "rate": DriverTerms(
        start=(3.66,), wander=0.0012, pull=0.0005, jump_chance=0.002, jump_size=0.05
    ),
    "picture": DriverTerms(
        start=(1.5, 0.8, 0.4, 0.0, -0.4, -0.9, -1.2),
        wander=0.006,
        pull=0.0003,
        jump_chance=0.002,
        jump_size=0.3,
    ),
    "house": DriverTerms(start=(0.9,), wander=0.006, pull=0.0005, jump_chance=0.002, jump_size=0.2),
    "nfl": DriverTerms(
        start=(0.35, 0.0), wander=0.010, pull=0.0003, jump_chance=0.01, jump_size=0.3
    ),
    "nba": DriverTerms(
        start=(-0.2, 0.0), wander=0.010, pull=0.0003, jump_chance=0.01, jump_size=0.3
    ),
    "total": DriverTerms(
        start=(226.0,), wander=0.06, pull=0.0003, jump_chance=0.005, jump_size=2.0
    ),
    "shutdown": DriverTerms(
        start=(-1.1,), wander=0.006, pull=0.0005, jump_chance=0.002, jump_size=0.3
    ),
    "recession": DriverTerms(
        start=(-0.8,), wander=0.005, pull=0.0005, jump_chance=0.002, jump_size=0.2
    ),
    "launch": DriverTerms(
        start=(1.3,), wander=0.007, pull=0.0005, jump_chance=0.003, jump_size=0.4
    ),
    "rain": DriverTerms(start=(-0.3,), wander=0.008, pull=0.0003, jump_chance=0.003, jump_size=0.3),
}
