"""What words stand for: one name for each thing that headlines and markets call differently.

A line is ``concept: phrase, phrase``; a phrase is found by its stems, so that ``rate cut``
also finds ``rate cuts``.  ``a > b`` says that whoever speaks of a also speaks of b.
The tables hold general knowledge (names of agencies, indices, offices), never a forecast.
"""

from __future__ import annotations

from functools import lru_cache

from kalshi_desk.news.places import PLACES
from kalshi_desk.news.texts import stem, words

_TABLE = """
fed: fed, fomc, federal reserve, federal open market committee, central bank of the united states,
  powell, fed chair, federal reserve chair, warsh, u.s. central bank, us central bank
rates > fed: fed funds rate, federal funds rate, interest rates, interest rate, rate cut,
  rate hike, rate decision, fed decision, cut rates, hike rates, raise rates, lower rates,
  hold rates, bps, basis points, rate expectations, rate increase, emergency rate, fed rate,
  hawkish, dovish, monetary policy
yields: treasury yield, bond yield, treasury 10-year, 10-year, government borrowing costs,
  borrowing costs, gilts, 10y, treasuries, treasury notes, yields
mortgage: mortgage rates, mortgage rate, 30-year mortgage, mortgages
inflation: cpi, inflation, consumer prices, consumer price index, cost of living, pce,
  price growth, deflation, disinflation
core_inflation > inflation: core cpi, cpi core, core inflation, core pce
rents > inflation: rents, rent, shelter
jobs: payrolls, nonfarm payrolls, jobs report, jobs added, jobs numbers, employment report,
  hiring, job growth, jobs
unemployment: unemployment, unemployment rate, jobless rate, u-3
jobless_claims > jobs: jobless claims, unemployment claims, initial claims
layoffs > jobs: layoffs, job cuts, lay off
wages: wages, hourly earnings, pay growth
gdp: gdp, gross domestic product, real gdp, economic growth, economy grew, economy shrank
retail_sales > gdp: retail sales, consumer spending
factory > gdp: factory orders, industrial production, manufacturing, durable goods, pmi, ism
exports > gdp: exports, trade data
recession: recession, economic downturn, economic contraction
housing: housing starts, home sales, house prices, home prices, existing home sales
debt: national debt, federal debt, debt ceiling, debt limit
gas: gas prices, gasoline, gas price, prices at the pump, price of gas
oil: oil, crude, wti, brent, opec, oil prices, barrel
natural_gas: natural gas, henry hub, lng
gold: gold, bullion
silver: silver price, silver prices
bitcoin > crypto: bitcoin, btc
ethereum > crypto: ethereum, eth, ether
solana > crypto: solana
ripple > crypto: xrp, ripple
dogecoin > crypto: dogecoin, doge coin
crypto: crypto, cryptocurrency, cryptocurrencies, stablecoin, digital assets
sp500 > stocks: s&p 500, s&p, spx, inx
nasdaq > stocks: nasdaq, nasdaq 100, nasdaq-100
dow > stocks: dow jones, the dow, djia
stocks: stocks, stock market, wall street, shares, equities, earnings
dollar: u.s. dollar, us dollar, dollar index
euro: eur, eurusd, eur/usd
yen: jpy, usd/jpy, yen
ipo: ipo, go public, public offering, goes public
tariffs: tariff, tariffs, import duties, trade war, reciprocal tariffs
trade_deal: trade deal, trade agreement, free trade agreement, trade pact, trade talks
taxes: tax, taxes, tax cuts, tax bill, salt cap, irs
budget: budget, appropriations, spending bill, continuing resolution, budget talks, funding bill
reconciliation > budget: reconciliation, reconciliation bill, budget reconciliation
shutdown > budget: government shutdown, shutdown, shut down, lapse in appropriations,
  government funding, funding lapse
impeachment: impeach, impeachment, impeached
pardon: pardon, pardons, clemency, commutation
veto: veto, vetoes
filibuster: filibuster
cabinet: cabinet, secretary of state, secretary of defense, attorney general, secretary
resign: resign, resigns, resignation, steps down, step down, quits, ousted, leaves office, out as,
  leave, leaves, leaving, departure, exit
confirm: confirm, confirmation, confirmed, nominee, nomination, nominate
supreme_court: supreme court, scotus, justices
courts: federal judge, court ruling, appeals court, lawsuit, judge, indicted, indictment, trial,
  charged
arrest: arrest, arrested, custody, detained
executive_order: executive order, executive orders
doge: doge, department of government efficiency
approval: approval rating, approval ratings, job approval, polling average
polls: poll, polls, polling, survey
president: president, presidential, presidency, white house
senate: senate, senator, senators
house: house, house race, house seats, house of representatives, congressional district,
  congressman, congresswoman, house speaker, speaker of the house, house leaders,
  house members, house vote
congress: congress, lawmakers, capitol hill, legislation, bill, bills
governor: governor, governorship, gubernatorial, governors
mayor: mayor, mayoral, mayors
primary: primary, primaries, runoff, caucus
election: election, elections, midterms, ballot, vote, voters, race, campaign, candidate
prime_minister: prime minister, premier
parliament: parliament, coalition, snap election, chancellor
democrats: democrats, democrat, democratic, dems, democratic party
republicans: republicans, republican, gop, republican party
trump: trump, donald trump
vance: vance, jd vance
harris: kamala harris, kamala
biden: biden
newsom: newsom, gavin newsom
musk: musk, elon musk
rfk: rfk, kennedy jr, robert f. kennedy, rfk jr
immigration: immigration, immigrants, deportation, deportations, deport, ice raids, border,
  asylum, h1-b, migrants, birthright citizenship, visa, visas
abortion: abortion, roe v. wade, mifepristone, planned parenthood
guns: gun control, firearms, assault weapons
marijuana: marijuana, cannabis, weed rescheduling
health_care: obamacare, affordable care act, medicaid, medicare, aca, health insurance
vaccines: vaccine, vaccines, vaccination, immunization, measles shot, acip
fda: fda, food and drug administration, drug approval
cdc: cdc, centers for disease control
bird_flu: bird flu, h5n1, h5, avian flu, avian influenza
measles: measles
covid: covid, covid-19, coronavirus
pandemic: pandemic, public health emergency, outbreak
education: department of education, education department, student loans, student loan, college
social_security: social security
epstein: epstein, epstein files
war: war, strikes, missile, missiles, invasion, invade, troops, military, airstrikes, attack,
  attacks, bombing
ceasefire: ceasefire, cease-fire, truce, peace deal, peace talks, peace agreement
nuclear: nuclear deal, nuclear weapon, nuclear weapons, uranium, enrichment
nato: nato, north atlantic
eu: eu, european union, brussels, eu accession, eu membership, accession
un: united nations, u.n.
sanctions: sanctions, sanctioned
pope: pope, vatican, conclave, pontiff, papal
nobel: nobel, nobel prize, nobel peace prize
high_temperature > temperature: high temperature, high temp, highest temperature, max temp,
  maximum temperature, daily high, max temperature, maximum daily temperature, heat, hot, hottest,
  heat wave, heatwave, warm, warmest, high temps
low_temperature > temperature: low temperature, lowest temperature, min temp, minimum temperature,
  low temp, cold, coldest, freeze
temperature: temperature, temperatures, temp, temps, degrees
climate > temperature: global warming, climate change, hottest year, hottest month,
  record heat, warmest year, global temperature
warm_air > high_temperature: warm air, warms, sunshine, sunny, heat dome
cool_air > high_temperature: clouds, cloudy, cold front, early front, cooler, cool air
rain: rain, rainfall, precipitation, storm, storms, showers, downpour, thunderstorm, radar
dry_air > rain: dry air, dry spell, drought
snow: snow, snowfall, blizzard, snowstorm, white christmas
hurricane: hurricane, hurricanes, tropical storm, tropical storms, landfall
typhoon: typhoon, cyclone
tornado: tornado, tornadoes, twister
earthquake: earthquake, quake, magnitude, seismic
wildfire: wildfire, wildfires
disaster: natural disaster, fema, state of emergency
arctic_ice: sea ice, arctic ice
space: space, nasa, orbit, astronaut, moon landing, mars, crewed, launch pad
rocket > space: rocket, rockets, falcon, booster, spacex, starship, heavy rocket
launch: launch, launches, lift off, liftoff, fly
ai: ai, artificial intelligence, chatbot, large language model, llm, agi
openai > ai: openai, chatgpt, gpt-5, gpt, altman
google: google, alphabet, gemini, deepmind
anthropic > ai: anthropic, claude
meta: facebook, zuckerberg, instagram, meta platforms
apple: apple, iphone, tim cook
tesla: tesla, cybertruck, robotaxi, model y, tesla deliveries
nvidia: nvidia, jensen huang
amazon: amazon, bezos
microsoft: microsoft
tiktok: tiktok, bytedance
twitter: twitter, x corp, tweets, tweet
ev: electric vehicle, electric vehicles, evs, ev
oscars > film: oscar, oscars, academy award, academy awards, best picture, academy
film: film, movie, box office, rotten tomatoes, guild, critics
emmys: emmy, emmys
grammys > music: grammy, grammys
music: album, song, billboard, spotify, rapper, featured on
eurovision: eurovision
netflix: netflix
football: pro football, nfl, super bowl, football, quarterback, touchdown
basketball: pro basketball, nba, basketball, wnba
baseball: pro baseball, mlb, baseball, world series, home run
hockey: nhl, hockey, stanley cup
soccer: soccer, fifa, premier league, champions league, la liga, mls, goal
world_cup > soccer: world cup, fifa world cup, semifinal, quarterfinal
tennis: tennis, wimbledon, us open, french open, australian open, grand slam
golf: golf, pga, masters tournament, ryder cup
motor_racing: f1, formula 1, formula one, grand prix, nascar
esports: esports, counter-strike, iem, cs2, league of legends, valorant
chess: chess
olympics: olympics, olympic, olympic games
cricket: cricket, t20, test match
game: game, games, winner, coach, starter, line-up, line-ups, lineup, injured, roster, kickoff
mvp: mvp, most valuable player
points: points, total points
"""
_BROAD = """ai approval arrest biden cabinet confirm congress courts crypto democrats education
election film governor harris house launch mayor music musk newsom parliament points polls
president primary prime_minister republicans resign senate soccer space stocks supreme_court
trump vance war"""
BROAD = frozenset(_BROAD.split())
"""Who acts, and where: alone they don't say what a text is about."""

_QUANTITY_NAMES = """inflation core_inflation rates fed jobs unemployment jobless_claims wages
gdp gas oil natural_gas gold silver bitcoin ethereum solana ripple dogecoin crypto sp500 nasdaq
dow stocks high_temperature low_temperature temperature yields mortgage housing debt points
retail_sales rents approval climate dollar euro yen"""
QUANTITIES = frozenset(_QUANTITY_NAMES.split())
"""Concepts that are numbers: they go up and down."""
_EVENT_NAMES = """recession shutdown budget reconciliation rain snow hurricane tornado war ceasefire
impeachment pardon veto tariffs trade_deal nuclear ipo launch rocket pandemic"""
EVENTS = frozenset(_EVENT_NAMES.split())
"""Concepts that happen or don't; an agency or a firm does neither, whatever is said of it."""


def _rows(table: str) -> list[tuple[str, tuple[str, ...], list[str]]]:
    joined = table.strip().replace(",\n  ", ", ")
    made = []
    for line in joined.splitlines():
        head, _, tail = line.partition(":")
        name, *parents = (part.strip() for part in head.split(">"))
        made.append((name, tuple(parents), [part.strip() for part in tail.split(",")]))
    return made


@lru_cache(maxsize=1)
def phrases() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Return what phrases stand for, by their first stem, the longest first.

    A place is a concept whose name begins with ``in:``.
    """
    found: dict[str, dict[tuple[str, ...], str]] = {}
    named = [(name, texts) for name, _, texts in _rows(_TABLE)]
    named += [
        (f"in:{name}", [text for text in texts if not text.startswith("=")])
        for name, _, texts in _rows(PLACES)
    ]
    for name, texts in named:
        for text in texts:
            key = tuple(stem(word) for word in words(text))
            if not key:
                continue
            found.setdefault(key[0], {}).setdefault(key, name)
    return {
        first: sorted(options.items(), key=lambda one: (-len(one[0]), one[0]))
        for first, options in found.items()
    }


@lru_cache(maxsize=1)
def parents() -> dict[str, tuple[str, ...]]:
    """Return for a concept all that it is a kind of, near ones first."""
    direct = {name: above for name, above, _ in _rows(_TABLE)}
    direct |= {
        f"in:{name}": tuple(f"in:{one}" for one in above) for name, above, _ in _rows(PLACES)
    }
    full: dict[str, tuple[str, ...]] = {}
    for name, above in direct.items():
        chain = list(above)
        for one in chain:
            chain.extend(more for more in direct.get(one, ()) if more not in chain)
        full[name] = tuple(chain)
    return full


@lru_cache(maxsize=1)
def home_places() -> frozenset[str]:
    """Return the concepts of the country at home, its states and the places in them."""
    inside = {"in:usa", "in:washington_dc", *states().values()}
    return frozenset(inside | {one for one, above in parents().items() if inside & set(above)})


@lru_cache(maxsize=1)
def states() -> dict[str, str]:
    """Return the concepts of American states by their postal code, in capitals."""
    made = {}
    for name, _, texts in _rows(PLACES):
        code = texts[-1]
        if code.startswith("="):
            made[code[1:].upper()] = f"in:{name}"
    return made
