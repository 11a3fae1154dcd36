"""The places, prices and teams that a larger exchange lists its events for."""

from __future__ import annotations

_CITIES = (
    "ATL Atlanta,AUS Austin,BAL Baltimore,BOI Boise,BOS Boston,BUF Buffalo,CLT Charlotte,"
    "CIN Cincinnati,CLE Cleveland,CMH Columbus,DAL Dallas,DEN Denver,DTW Detroit,ELP El Paso,"
    "FAT Fresno,HNL Honolulu,HOU Houston,IND Indianapolis,JAX Jacksonville,MCI Kansas City,"
    "LAS Las Vegas,LIT Little Rock,LAX Los Angeles,SDF Louisville,MEM Memphis,MKE Milwaukee,"
    "MSP Minneapolis,BNA Nashville,MSY New Orleans,OKC Oklahoma City,OMA Omaha,MCO Orlando,"
    "PHL Philadelphia,PHX Phoenix,PIT Pittsburgh,PDX Portland,RDU Raleigh,RNO Reno,RIC Richmond,"
    "SMF Sacramento,SLC Salt Lake City,SAT San Antonio,SAN San Diego,SFO San Francisco,"
    "SEA Seattle,STL St. Louis,TPA Tampa,TUS Tucson,TUL Tulsa,DCA Washington"
)
_COINS = (
    "SOL Solana 141.2,XRP XRP 2.214,DOGE Dogecoin 0.1514,ADA Cardano 0.4217,LTC Litecoin 84.31,"
    "BCH Bitcoin Cash 538.4,LINK Chainlink 13.12,AVAX Avalanche 14.36,DOT Polkadot 2.318,"
    "UNI Uniswap 6.224,XLM Stellar 0.2513,HBAR Hedera 0.1427,NEAR Near 1.873,ATOM Cosmos 2.521,"
    "ALGO Algorand 0.1412,FIL Filecoin 1.612,ETC Ethereum Classic 13.61,AAVE Aave 181.5,"
    "ZEC Zcash 412.7,TRX Tron 0.2751"
)
_STOCKS = (
    "NDX the Nasdaq-100 25120,DJI the Dow 47350,RUT the Russell 2000 2482,VIX the VIX 17.4,"
    "GOLD gold 4160,SLVR silver 52.3,COPR copper 5.11,WTI WTI oil 58.4,BRNT Brent oil 62.6,"
    "NGAS natural gas 4.56,CORN corn 436,WHT wheat 538,SOY soybeans 1132,COFF coffee 381,"
    "SUGR sugar 14.9,EURUSD EUR/USD 1.159,GBPUSD GBP/USD 1.323,USDJPY USD/JPY 156.2,"
    "AUDUSD AUD/USD 0.653,USDCAD USD/CAD 1.404,USDMXN USD/MXN 18.36,USDCHF USD/CHF 0.805,"
    "DAX the DAX 23840,FTSE the FTSE 100 9720,NKY the Nikkei 225 50250,HSI the Hang Seng 25940"
)
_COUNTRIES = (
    "AR Argentina,AU Australia,BR Brazil,CA Canada,CL Chile,CN China,CO Colombia,CZ Czechia,"
    "DK Denmark,FR France,DE Germany,HU Hungary,IN India,ID Indonesia,IL Israel,IT Italy,JP Japan,"
    "MX Mexico,NZ New Zealand,NO Norway,PE Peru,PL Poland,ZA South Africa,KR South Korea,ES Spain,"
    "SE Sweden,CH Switzerland,TR Turkey,GB United Kingdom"
)
_STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,"
    "DE Delaware,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,"
    "KS Kansas,KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,"
    "MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,"
    "NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,"
    "OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,"
    "TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,"
    "WI Wisconsin,WY Wyoming"
)
_TEAMS = (
    "ATL Atlanta,BKN Brooklyn,CHA Charlotte,CHI Chicago,CLE Cleveland,DAL Dallas,DEN Denver,"
    "DET Detroit,GSW Golden State,HOU Houston,IND Indiana,LAL Los Angeles L,LAC Los Angeles C,"
    "MEM Memphis,MIA Miami,MIL Milwaukee,MIN Minnesota,NOP New Orleans,OKC Oklahoma City,"
    "ORL Orlando,PHI Philadelphia,PHX Phoenix,POR Portland,SAC Sacramento,SAS San Antonio,"
    "TOR Toronto,UTA Utah,WAS Washington"
)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Return code and name of each entry."""
    rows = [entry.split(" ", 1) for entry in text.split(",")]
    return tuple((code, name) for code, name in rows)


def _prices(text: str) -> tuple[tuple[str, str, float], ...]:
    """Return code, name and dollars of each entry."""
    rows = [(code, *rest.rsplit(" ", 1)) for code, rest in _pairs(text)]
    return tuple((code, name, float(price)) for code, name, price in rows)


CITIES = _pairs(_CITIES)
COINS = _prices(_COINS)
STOCKS = _prices(_STOCKS)
COUNTRIES = _pairs(_COUNTRIES)
STATES = _pairs(_STATES)
TEAMS = _pairs(_TEAMS)
"""An even number, so that all play in every round."""
