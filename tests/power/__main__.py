"""``python -m tests.power --seeds 20``: play seasons, one process each, and report.

Results go into ``--out`` as they come, one JSON line each; what stands there is not played
again, so that a long measurement can be stopped and taken up.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import msgspec

from tests.power.season import Season, SeasonFound, play_alone
from tests.power.summary import told

USUAL = Season()
TELLING = "The practice exchange's news"
NULL = "The null: a coin says which way a story moves values"


def main() -> int:
    """Play what is asked for and print the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="seasons of each kind")
    parser.add_argument("--days", type=int, default=USUAL.days)
    parser.add_argument("--hours", type=float, default=USUAL.hours, help="hours a day")
    parser.add_argument("--rate", type=float, default=USUAL.rate, help="the exchange's --rate")
    parser.add_argument("--step-ms", type=int, default=USUAL.step_ms, help="its rule step_ms")
    parser.add_argument("--markets", type=int, default=USUAL.markets, help="its --markets")
    parser.add_argument("--interval", type=int, default=USUAL.interval_s, help="seconds of looks")
    parser.add_argument("--no-null", action="store_true", help="leave out the ignorant press")
    parser.add_argument("--report", action="store_true", help="only tell what stands in --out")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, help="file of results, one JSON line each")
    options = parser.parse_args()
    wanted = [
        Season(
            seed=seed,
            days=options.days,
            hours=options.hours,
            step_ms=options.step_ms,
            rate=options.rate,
            markets=options.markets,
            interval_s=options.interval,
            ignorant=ignorant,
        )
        for seed in range(1, options.seeds + 1)
        for ignorant in ((False,) if options.no_null else (False, True))
    ]
    found = {one.season: one for one in _read(options.out)}
    missing = [season for season in wanted if season not in found]
    missing.sort(key=_turn)
    if not options.report:
        with ProcessPoolExecutor(options.workers, max_tasks_per_child=1) as pool:
            for future in as_completed([pool.submit(play_alone, season) for season in missing]):
                one = future.result()
                found[one.season] = one
                _note(options.out, one)
    played = [found[season] for season in wanted if season in found]
    for name, ignorant in ((TELLING, False), (NULL, True)):
        some = [one for one in played if one.season.ignorant is ignorant]
        if some:
            print(*told(name, some), "", sep="\n")
    return 0


def _turn(season: Season) -> int:
    """Return when a season's turn comes: three of the exchange's own news for one of the null."""
    return season.seed * (3 if season.ignorant else 1)


def _read(path: Path | None) -> list[SeasonFound]:
    if path is None or not path.exists():
        return []
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=SeasonFound) for line in lines]


def _note(path: Path | None, found: SeasonFound) -> None:
    if path is not None:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(found) + b"\n")


if __name__ == "__main__":
    raise SystemExit(main())
