"""Frames in the wire's form, for tests."""

import json


def encode(kind, sid=None, seq=None, msg=None, **extra):
    frame = {"type": kind, **extra}
    if sid is not None:
        frame["sid"] = sid
    if seq is not None:
        frame["seq"] = seq
    if msg is not None:
        frame["msg"] = msg
    return json.dumps(frame, separators=(",", ":")).encode() + b"\n"


def subscribed(channel="orderbook_delta", sid=1, command=1):
    return encode("subscribed", msg={"channel": channel, "sid": sid}, id=command)


def snapshot(seq, ticker="A", yes=(), no=(), sid=1):
    msg = {"market_ticker": ticker, "market_id": "m"}
    if yes:
        msg["yes_dollars_fp"] = [list(level) for level in yes]
    if no:
        msg["no_dollars_fp"] = [list(level) for level in no]
    return encode("orderbook_snapshot", sid, seq, msg)


def delta(seq, price, change, side="yes", ticker="A", sid=1, **extra):
    msg = {
        "market_ticker": ticker,
        "market_id": "m",
        "price_dollars": price,
        "delta_fp": change,
        "side": side,
        "ts_ms": 1_790_000_000_000 + seq,
        **extra,
    }
    return encode("orderbook_delta", sid, seq, msg)
