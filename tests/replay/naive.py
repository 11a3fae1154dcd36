"""A second reading of captures: json, dictionaries and Decimal, sharing nothing with the desk."""

import gzip
import json
from decimal import Decimal

ONE = Decimal(1)
SIDES = ("yes_dollars_fp", "no_dollars_fp")


def naive_figures(path):
    """Return what a headless replay must print for a capture in NO-leg prices without gaps."""
    counts = dict.fromkeys(("frames", "snapshots", "deltas", "errors", "crossed_instants"), 0)
    books = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            counts["frames"] += 1
            frame = json.loads(line)["frame"]
            kind = frame["type"]
            if kind == "error":
                counts["errors"] += 1
            elif kind == "orderbook_snapshot":
                counts["snapshots"] += 1
                book = books[frame["msg"]["market_ticker"]] = replaced(frame["msg"])
                counts["crossed_instants"] += is_crossed(book)
            elif kind == "orderbook_delta":
                counts["deltas"] += 1
                book = books[frame["msg"]["market_ticker"]]
                change(book, frame["msg"])
                counts["crossed_instants"] += is_crossed(book)
    return {
        **counts,
        "gaps": 0,
        "unreadable": 0,
        "markets": {ticker: shown(*book) for ticker, book in sorted(books.items())},
    }


def replaced(msg):
    bids, asks = (msg.get(side) or () for side in SIDES)
    return (
        {Decimal(price): Decimal(size) for price, size in bids},
        {ONE - Decimal(price): Decimal(size) for price, size in asks},
    )


def change(book, msg):
    is_bid = msg["side"] == "yes"
    price = Decimal(msg["price_dollars"])
    levels, price = (book[0], price) if is_bid else (book[1], ONE - price)
    size = levels.get(price, Decimal(0)) + Decimal(msg["delta_fp"])
    if size:
        levels[price] = size
    else:
        levels.pop(price, None)


def is_crossed(book):
    return bool(book[0] and book[1] and max(book[0]) >= min(book[1]))


def shown(bids, asks):
    bid = max(bids, default=None)
    ask = min(asks, default=None)
    return {
        "best_bid": None if bid is None else f"{bid:.4f}",
        "best_ask": None if ask is None else f"{ask:.4f}",
        "bid_size": None if bid is None else f"{bids[bid]:.2f}",
        "ask_size": None if ask is None else f"{asks[ask]:.2f}",
        "levels": len(bids) + len(asks),
    }
