"""The series of the practice exchange: what is listed, its markets' shape, who pays fees."""

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

_WEATHER = ("National Weather Service", "https://www.weather.gov")
_CRYPTO = ("Practice index", "https://example.com")
_STATS = ("Bureau of Labor Statistics", "https://www.bls.gov")

TEMPLATES: tuple[Template, ...] = (
    Template(
        series="KXBTC15M",
        title="BTC 15 minutes",
        category="Crypto",
        question="BTC price up in next 15 mins?",
        rules="If the price of Bitcoin at {time} on {day} is at least {strike}, then the market"
        " resolves to Yes.",
        driver="btc",
        shape="updown",
        calendar="window",
        every_s=900,
        code="clock",
        structure="deci_cent",
        frequency="fifteen_min",
        tags=("BTC",),
        source=_CRYPTO,
        activity=9.0,
        determine_after_s=2,
        settle_after_s=5,
        decimals=2,
        prefix="$",
    ),
    Template(
        series="KXETH5M",
        title="ETH 5 minutes",
        category="Crypto",
        question="ETH price up in next 5 mins?",
        rules="If the price of Ethereum at {time} on {day} is at least {strike}, then the market"
        " resolves to Yes.",
        driver="eth",
        shape="updown",
        calendar="window",
        every_s=300,
        code="clock",
        structure="deci_cent",
        frequency="five_min",
        tags=("ETH",),
        source=_CRYPTO,
        activity=7.0,
        determine_after_s=2,
        settle_after_s=5,
        decimals=2,
        prefix="$",
    ),
    Template(
        series="KXHIGHNY",
        title="Highest temperature in NYC",
        category="Climate and Weather",
        question="Will the high temp in NYC be {label} on {day}?",
        rules="If the highest temperature recorded in Central Park, New York on {day} is {label},"
        " then the market resolves to Yes.",
        driver="temp-ny",
        shape="brackets",
        calendar="daily",
        close_et=(23, 59),
        step=2.0,
        unit="°",
        sigma=2.4,
        sigma_floor=0.3,
        tags=("Daily temperature",),
        source=_WEATHER,
        activity=2.0,
    ),
    Template(
        series="KXHIGHCHI",
        title="Highest temperature in Chicago",
        category="Climate and Weather",
        question="Will the high temp in Chicago be {label} on {day}?",
        rules="If the highest temperature recorded at Chicago Midway on {day} is {label}, then the"
        " market resolves to Yes.",
        driver="temp-chi",
        shape="brackets",
        calendar="daily",
        close_et=(23, 59),
        step=2.0,
        unit="°",
        sigma=2.7,
        sigma_floor=0.3,
        tags=("Daily temperature",),
        source=_WEATHER,
    ),
    Template(
        series="KXHIGHMIA",
        title="Highest temperature in Miami",
        category="Climate and Weather",
        question="Will the high temp in Miami be {label} on {day}?",
        rules="If the highest temperature recorded at Miami International Airport on {day} is"
        " {label}, then the market resolves to Yes.",
        driver="temp-mia",
        shape="brackets",
        calendar="daily",
        close_et=(23, 59),
        step=2.0,
        unit="°",
        sigma=1.6,
        sigma_floor=0.3,
        tags=("Daily temperature",),
        source=_WEATHER,
    ),
    Template(
        series="KXRAINNYC",
        title="Rain in NYC",
        category="Climate and Weather",
        question="Will it rain in NYC on {day}?",
        rules="If more than 0 inches of rain are recorded in Central Park on {day}, then the"
        " market resolves to Yes.",
        driver="rain",
        shape="single",
        calendar="daily",
        close_et=(23, 59),
        outcomes=(("", "Rain"),),
        tags=("Rain",),
        source=_WEATHER,
    ),
    Template(
        series="KXBTCD",
        title="Bitcoin price above",
        category="Crypto",
        question="Bitcoin price at {time} on {day}?",
        rules="If the price of Bitcoin at {time} on {day} is above {strike}, then the market"
        " resolves to Yes.",
        driver="btc",
        shape="ladder",
        calendar="daily",
        close_et=(17, 0),
        count=8,
        step=500.0,
        decimals=2,
        prefix="$",
        structure="tapered_deci_cent",
        code="hour",
        frequency="hourly",
        tags=("BTC",),
        source=_CRYPTO,
        activity=2.5,
        sigma=-1.0,
    ),
    Template(
        series="KXBTC",
        title="Bitcoin price range",
        category="Crypto",
        question="Bitcoin price range at {time} on {day}?",
        rules="If the price of Bitcoin at {time} on {day} is {label}, then the market resolves"
        " to Yes.",
        driver="btc",
        shape="range",
        calendar="daily",
        close_et=(17, 0),
        count=8,
        step=1_000.0,
        decimals=0,
        prefix="$",
        structure="tapered_deci_cent",
        code="hour",
        frequency="hourly",
        tags=("BTC",),
        source=_CRYPTO,
        activity=1.5,
        sigma=-1.0,
    ),
    Template(
        series="KXETHD",
        title="Ethereum price above",
        category="Crypto",
        question="Ethereum price at {time} on {day}?",
        rules="If the price of Ethereum at {time} on {day} is above {strike}, then the market"
        " resolves to Yes.",
        driver="eth",
        shape="ladder",
        calendar="daily",
        close_et=(17, 0),
        count=6,
        step=25.0,
        decimals=2,
        prefix="$",
        structure="deci_cent",
        code="hour",
        frequency="hourly",
        tags=("ETH",),
        source=_CRYPTO,
        activity=1.5,
        sigma=-1.0,
    ),
    Template(
        series="KXINXU",
        title="S&P 500 above",
        category="Financials",
        question="Will the S&P 500 close above {strike} on {day}?",
        rules="If the S&P 500 closes above {strike} on {day}, then the market resolves to Yes.",
        driver="spx",
        shape="ladder",
        calendar="daily",
        close_et=(16, 0),
        count=6,
        step=25.0,
        decimals=2,
        code="hour",
        fee_multiplier=0.5,
        tags=("S&P",),
        source=_CRYPTO,
        activity=1.5,
        sigma=48.0,
        sigma_floor=1.0,
    ),
    Template(
        series="KXFEDDECISION",
        title="Fed decision",
        category="Economics",
        question="Will the Federal Reserve {label} at its next meeting?",
        rules="If the Federal Reserve decides to {label} at the meeting before {day}, then the"
        " market resolves to Yes.",
        driver="fed",
        shape="choice",
        calendar="dated",
        days=17,
        close_et=(13, 55),
        code="month",
        outcomes=(
            ("C26", "Cut >25bps"),
            ("C25", "Cut 25bps"),
            ("H0", "Fed maintains rate"),
            ("H25", "Hike 25bps"),
            ("H26", "Hike >25bps"),
        ),
        fee_type="quadratic_with_maker_fees",
        frequency="custom",
        tags=("Fed",),
        source=("Federal Reserve", "https://www.federalreserve.gov"),
        activity=2.0,
    ),
    Template(
        series="KXFED",
        title="Fed funds rate",
        category="Economics",
        question="Will the upper bound of the federal funds rate be above {strike}?",
        rules="If the upper bound of the federal funds rate is above {strike} after the meeting"
        " before {day}, then the market resolves to Yes.",
        driver="rate",
        shape="ladder",
        calendar="dated",
        days=17,
        close_et=(13, 55),
        count=6,
        step=0.25,
        decimals=2,
        unit="%",
        sigma=0.22,
        sigma_floor=0.02,
        code="month",
        fee_type="quadratic_with_maker_fees",
        frequency="custom",
        tags=("Fed",),
        source=("Federal Reserve", "https://www.federalreserve.gov"),
    ),
    Template(
        series="KXCPIYOY",
        title="CPI year-over-year",
        category="Economics",
        question="Will the rate of CPI inflation be above {strike}?",
        rules="If the year-over-year rise of the Consumer Price Index published before {day} is"
        " above {strike}, then the market resolves to Yes.",
        driver="cpi",
        shape="ladder",
        calendar="dated",
        days=18,
        close_et=(8, 25),
        count=7,
        step=0.1,
        decimals=1,
        unit="%",
        sigma=0.16,
        sigma_floor=0.01,
        code="month",
        fee_type="quadratic_with_maker_fees",
        frequency="monthly",
        tags=("Inflation",),
        source=_STATS,
    ),
    Template(
        series="KXPAYROLLS",
        title="Jobs numbers",
        category="Economics",
        question="Will more than {strike} jobs be added?",
        rules="If the change in nonfarm payrolls published before {day} is above {strike}, then"
        " the market resolves to Yes.",
        driver="jobs",
        shape="ladder",
        calendar="dated",
        days=12,
        close_et=(8, 25),
        count=6,
        step=25.0,
        decimals=0,
        unit="K",
        sigma=52.0,
        sigma_floor=2.0,
        code="month",
        frequency="monthly",
        tags=("Jobs",),
        source=_STATS,
    ),
    Template(
        series="KXGDP",
        title="GDP growth",
        category="Economics",
        question="Will real GDP increase by more than {strike}?",
        rules="If the advance estimate of real GDP growth published before {day} is above"
        " {strike}, then the market resolves to Yes.",
        driver="gdp",
        shape="ladder",
        calendar="dated",
        days=60,
        close_et=(8, 25),
        count=6,
        step=0.5,
        decimals=1,
        unit="%",
        sigma=0.8,
        sigma_floor=0.05,
        code="day",
        frequency="quarterly",
        tags=("GDP",),
        source=("Bureau of Economic Analysis", "https://www.bea.gov"),
    ),
    Template(
        series="KXAAAGASW",
        title="US gas prices",
        category="Economics",
        question="Will average gas prices be above {strike}?",
        rules="If the average price of regular gas in the United States on {day} is above"
        " {strike}, then the market resolves to Yes.",
        driver="gas",
        shape="ladder",
        calendar="dated",
        days=7,
        close_et=(23, 59),
        count=5,
        step=0.02,
        decimals=3,
        prefix="$",
        sigma=0.035,
        sigma_floor=0.004,
        frequency="weekly",
        tags=("Gas",),
        source=("AAA", "https://gasprices.aaa.com"),
    ),
    Template(
        series="KXNFLGAME",
        title="Professional football game",
        category="Sports",
        question="Green Bay at Chicago Winner?",
        rules="If {label} wins the Green Bay at Chicago professional football game scheduled for"
        " {day}, then the market resolves to Yes.",
        driver="nfl",
        shape="choice",
        calendar="dated",
        days=1,
        close_et=(23, 30),
        outcomes=(("GB", "Green Bay"), ("CHI", "Chicago")),
        code="day",
        extra={"suffix": "GBCHI"},
        fee_type="quadratic_with_maker_fees",
        frequency="custom",
        tags=("Football",),
        source=("ESPN", "https://www.espn.com"),
        activity=3.0,
    ),
    Template(
        series="KXNBAGAME",
        title="Professional basketball game",
        category="Sports",
        question="Boston at New York Winner?",
        rules="If {label} wins the Boston at New York professional basketball game scheduled for"
        " {day}, then the market resolves to Yes.",
        driver="nba",
        shape="choice",
        calendar="dated",
        days=1,
        close_et=(23, 0),
        outcomes=(("BOS", "Boston"), ("NYK", "New York")),
        code="day",
        extra={"suffix": "BOSNYK"},
        fee_type="quadratic_with_maker_fees",
        frequency="custom",
        tags=("Basketball",),
        source=("ESPN", "https://www.espn.com"),
        activity=3.0,
    ),
    Template(
        series="KXNBATOTAL",
        title="Pro basketball total points",
        category="Sports",
        question="Boston at New York: Total Points?",
        rules="If Boston and New York collectively score more than {strike} points in the game"
        " scheduled for {day}, then the market resolves to Yes.",
        driver="total",
        shape="ladder",
        calendar="dated",
        days=1,
        close_et=(23, 0),
        count=5,
        step=4.0,
        decimals=1,
        unit=" points",
        sigma=12.0,
        sigma_floor=1.0,
        code="day",
        extra={"suffix": "BOSNYK"},
        fee_multiplier=0.5,
        frequency="custom",
        tags=("Basketball",),
        source=("ESPN", "https://www.espn.com"),
    ),
    Template(
        series="KXOSCARPIC",
        title="Oscar for Best Picture",
        category="Entertainment",
        question="Will {label} win Best Picture?",
        rules="If {label} wins Best Picture at the ceremony before {day}, then the market"
        " resolves to Yes.",
        driver="picture",
        shape="choice",
        calendar="dated",
        days=112,
        close_et=(21, 0),
        code="year",
        outcomes=(
            ("HAR", "The Harbor"),
            ("GLA", "Glass Country"),
            ("MER", "Meridian"),
            ("NIN", "Nine Winters"),
            ("PAP", "Paper Lanterns"),
            ("SAL", "Salt"),
            ("OTH", "Any other film"),
        ),
        frequency="annual",
        tags=("Oscars",),
        source=("AMPAS", "https://www.oscars.org"),
    ),
    Template(
        series="KXGOVSHUT",
        title="Government shutdown",
        category="Politics",
        question="Will the government shut down before {day}?",
        rules="If a lapse in federal appropriations causes a shutdown before {day}, then the"
        " market resolves to Yes.",
        driver="shutdown",
        shape="single",
        calendar="dated",
        days=69,
        close_et=(23, 59),
        outcomes=(("", "Shutdown"),),
        frequency="custom",
        tags=("Congress",),
    ),
    Template(
        series="KXHOUSEVOTE",
        title="Next bill in the House",
        category="Politics",
        question="Will the House pass the spending bill before {day}?",
        rules="If the House of Representatives passes the spending bill before {day}, then the"
        " market resolves to Yes.",
        driver="house",
        shape="single",
        calendar="dated",
        days=24,
        close_et=(23, 59),
        outcomes=(("", "Passes"),),
        frequency="custom",
        tags=("Congress",),
        structure="center_whole_edge_half_cent",
    ),
    Template(
        series="KXRECSSNBER",
        title="Recession",
        category="Economics",
        question="Will there be a recession before {day}?",
        rules="If two consecutive quarters of negative real GDP growth are reported before {day},"
        " then the market resolves to Yes.",
        driver="recession",
        shape="single",
        calendar="dated",
        days=400,
        close_et=(23, 59),
        outcomes=(("", "Recession"),),
        frequency="annual",
        tags=("Growth",),
    ),
    Template(
        series="KXLAUNCH",
        title="Rocket launch",
        category="Science and Technology",
        question="Will the heavy rocket reach orbit before {day}?",
        rules="If the heavy rocket reaches orbit before {day}, then the market resolves to Yes.",
        driver="launch",
        shape="single",
        calendar="dated",
        days=9,
        close_et=(23, 59),
        outcomes=(("", "Reaches orbit"),),
        frequency="custom",
        tags=("Space",),
    ),
)
