"""What the practice exchange's press writes about: subjects, figures and how much they move."""

from __future__ import annotations

from dataclasses import dataclass

PRESSES = ("Harbor Wire", "The Meridian Post", "Northgate Business Daily", "Capital Ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What is written about one hidden value, in whose units ``size`` is.

    ``chance`` is that of an unscheduled story in one second, ``size`` the standard
    deviation of what a story moves.  A release comes every ``every_s`` seconds, 0 for
    never, and moves ``release_size``.  ``{name}`` in the words is the outcome concerned.
    """

    category: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    flat: tuple[str, ...]
    chance: float
    size: float
    release: str = ""
    every_s: int = 0
    release_size: float = 0.0
    digits: int = 2
    unit: str = ""
    names: tuple[str, ...] = ()


def _weather(city: str, station: str, size: float) -> Beat:
    return Beat(
        category="Climate and Weather",
        up=(
            f"Forecasters raise the expected high temp in {city} as warm air arrives",
            f"Sunshine breaks through and {city} warms faster than forecast",
        ),
        down=(
            f"Clouds and an early front keep {city} cooler than forecast",
            f"Forecasters lower the expected high temp in {city}",
        ),
        flat=(f"Weather service leaves its {city} forecast unchanged",),
        chance=1 / 900,
        size=size,
        release=f"{station} observation for {city}",
        every_s=3_600,
        release_size=size * 0.6,
        digits=1,
        unit="°F",
    )


def _game(home: str, away: str, sport: str) -> Beat:
    return Beat(
        category="Sports",
        up=(
            "{name} gets its injured starter back for the game",
            f"Bettors and scouts favour {{name}} ahead of {home} against {away}",
        ),
        down=(
            "{name} rules out a key starter with an injury",
            "Coach of {name} admits that the team struggles before the game",
        ),
        flat=(f"{home} and {away} name unchanged {sport} line-ups",),
        chance=1 / 700,
        size=0.3,
        names=(home, away),
    )


_FED = ("Cut >25bps", "Cut 25bps", "Fed maintains rate", "Hike 25bps", "Hike >25bps")
_FILMS = ("The Harbor", "Glass Country", "Meridian", "Nine Winters", "Paper Lanterns", "Salt")

BEATS: dict[str, Beat] = {
    "temp-ny": _weather("NYC", "Central Park", 0.7),
    "temp-chi": _weather("Chicago", "Midway", 0.8),
    "temp-mia": _weather("Miami", "Miami International", 0.5),
    "rain": Beat(
        category="Climate and Weather",
        up=("Radar shows heavy rain heading for NYC", "Storm track shifts toward NYC"),
        down=("Dry air pushes the rain away from NYC", "Forecasters cancel the NYC storm watch"),
        flat=("Weather service keeps its NYC rain outlook",),
        chance=1 / 900,
        size=0.35,
    ),
    "btc": Beat(
        category="Crypto",
        up=("Bitcoin rallies as funds buy", "Large Bitcoin purchase lifts the crypto market"),
        down=("Bitcoin falls as holders sell", "Exchange outage worries weigh on Bitcoin"),
        flat=("Bitcoin trading is calm as volumes stay thin",),
        chance=1 / 1_200,
        size=160.0,
    ),
    "eth": Beat(
        category="Crypto",
        up=("Ethereum gains after a successful upgrade", "Demand for Ethereum improves"),
        down=("Ethereum drops after a bug is found", "Ethereum slides as traders sell"),
        flat=("Ethereum developers meet without a decision",),
        chance=1 / 1_200,
        size=7.0,
    ),
    "spx": Beat(
        category="Financials",
        up=("Strong earnings lift the S&P 500", "S&P 500 climbs on hopes of good growth"),
        down=("Weak earnings drag the S&P 500 lower", "S&P 500 falls on growth worries"),
        flat=("S&P 500 little changed as investors wait",),
        chance=1 / 1_200,
        size=6.0,
    ),
    "cpi": Beat(
        category="Economics",
        up=(
            "Rents rise faster and push CPI inflation up",
            "Economists raise CPI inflation forecasts",
        ),
        down=("Cheaper energy pulls CPI inflation down", "Economists cut CPI inflation forecasts"),
        flat=("CPI inflation estimates unchanged before the report",),
        chance=1 / 1_500,
        size=0.03,
        release="CPI inflation nowcast",
        every_s=7_200,
        release_size=0.025,
        unit="%",
    ),
    "jobs": Beat(
        category="Economics",
        up=("Hiring improves and jobs added beat estimates", "Jobless claims fall to a good level"),
        down=("Layoffs spread and jobs added miss estimates", "Jobless claims rise in a weak week"),
        flat=("Jobs estimates unchanged before payrolls",),
        chance=1 / 1_500,
        size=9.0,
        release="Payrolls estimate of jobs added",
        every_s=7_200,
        release_size=7.0,
        digits=0,
        unit=",000",
    ),
    "gdp": Beat(
        category="Economics",
        up=("Strong retail sales raise real GDP estimates", "Exports improve and lift real GDP"),
        down=("Weak factory orders cut real GDP estimates", "Poor trade data drag real GDP down"),
        flat=("Real GDP trackers agree with consensus",),
        chance=1 / 1_500,
        size=0.1,
        release="Real GDP nowcast",
        every_s=10_800,
        release_size=0.08,
        unit="%",
    ),
    "gas": Beat(
        category="Economics",
        up=("Refinery fire pushes average gas prices up", "Gas prices rise with crude"),
        down=("Refineries restart and average gas prices fall", "Gas prices ease as supply grows"),
        flat=("Average gas prices steady across regions",),
        chance=1 / 1_500,
        size=0.012,
        release="Daily average gas prices",
        every_s=14_400,
        release_size=0.008,
        digits=3,
        unit=" dollars",
    ),
    "fed": Beat(
        category="Economics",
        up=(
            "Federal Reserve officials speak in favour of: {name}",
            "Analysts now expect from the Federal Reserve: {name}",
        ),
        down=(
            "Federal Reserve officials speak against: {name}",
            "Analysts doubt that the Federal Reserve decides: {name}",
        ),
        flat=("Federal Reserve minutes offer no new hints",),
        chance=1 / 1_200,
        size=0.3,
        names=_FED,
    ),
    "rate": Beat(
        category="Economics",
        up=("Traders expect a higher federal funds rate", "Hawkish speech lifts rate expectations"),
        down=("Traders expect a lower federal funds rate", "Dovish speech cuts rate expectations"),
        flat=("Federal funds rate expectations unchanged",),
        chance=1 / 1_500,
        size=0.05,
    ),
    "recession": Beat(
        category="Economics",
        up=("Weak orders raise fears of a recession", "Survey warns that a recession is near"),
        down=("Good data calm fears of a recession", "Economists call a recession unlikely"),
        flat=("Economists split over the risk of a recession",),
        chance=1 / 1_500,
        size=0.25,
    ),
    "shutdown": Beat(
        category="Politics",
        up=(
            "Budget talks collapse and a government shutdown looms",
            "Leaders walk out of budget talks",
        ),
        down=(
            "Leaders agree on funding to avoid a government shutdown",
            "Budget talks make progress",
        ),
        flat=("Congress returns for more talks on government funding",),
        chance=1 / 1_200,
        size=0.35,
    ),
    "house": Beat(
        category="Politics",
        up=(
            "House leaders say they have the votes for the spending bill",
            "Holdouts back the bill",
        ),
        down=("House members defect from the spending bill", "House vote on the bill in doubt"),
        flat=("House debates the spending bill",),
        chance=1 / 1_200,
        size=0.25,
    ),
    "picture": Beat(
        category="Entertainment",
        up=("Critics praise {name} as Best Picture favourite", "Guild award goes to {name}"),
        down=(
            "Best Picture hopes of {name} fade after poor reviews",
            "{name} snubbed by the guild",
        ),
        flat=("Academy members begin to vote for Best Picture",),
        chance=1 / 1_200,
        size=0.4,
        names=_FILMS,
    ),
    "nfl": _game("Green Bay", "Chicago", "football"),
    "nba": _game("Boston", "New York", "basketball"),
    "total": Beat(
        category="Sports",
        up=("Boston and New York promise a fast game with many points",),
        down=("Injured scorers point to few points in Boston at New York",),
        flat=("Referees named for Boston at New York",),
        chance=1 / 1_500,
        size=2.5,
    ),
    "launch": Beat(
        category="Science and Technology",
        up=("Heavy rocket passes its final test", "Regulator clears the heavy rocket to fly"),
        down=("Fuel leak delays the heavy rocket", "Heavy rocket fails a test on the pad"),
        flat=("Heavy rocket rolled out for photographs",),
        chance=1 / 1_200,
        size=0.45,
    ),
}
