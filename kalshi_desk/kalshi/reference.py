"""What the exchange tells about itself and the world: calendar, fees, milestones, incentives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from kalshi_desk.core.text import clean
from kalshi_desk.core.types import Money, parse_count
from kalshi_desk.kalshi import convert
from kalshi_desk.kalshi import wire_reference as wire
from kalshi_desk.kalshi.answers import Answers, converted, present
from kalshi_desk.kalshi.models import (
    FeeChange,
    Incentive,
    LiveData,
    Milestone,
    Schedule,
    StructuredTarget,
    Window,
)

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MICRO_PER_CENTI_CENT = 100
_PAGE = 200
_MOST_MILESTONES = 100
_MOST_IDS = 100
_SECOND_NS = 1_000_000_000
_TEXT = 400


class Reference:
    """Reads that need no account.  Every method raises ``DeskError``."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def schedule(self) -> Schedule:
        """Return the weekly hours and the announced maintenance."""
        body = (await self._answers.get("/exchange/schedule", wire.ScheduleAnswer)).schedule
        week = (body.standard_hours or [wire.WeekBody()])[-1]
        return Schedule(
            hours={
                day: tuple((part.open_time, part.close_time) for part in getattr(week, day) or ())
                for day in DAYS
            },
            maintenance=tuple(
                Window(
                    start_ns=convert.time_ns(window.start_datetime),
                    end_ns=convert.time_ns(window.end_datetime),
                )
                for window in body.maintenance_windows or ()
            ),
        )

    async def series_fee_changes(
        self, series_ticker: str | None = None, *, with_past: bool = False
    ) -> list[FeeChange]:
        """Return the fee changes of series that are still to come, or those of the past too."""
        past = "true" if with_past else None
        params = present(series_ticker=series_ticker, show_historical=past)
        answer = await self._answers.get("/series/fee_changes", wire.SeriesFeeChanges, params)
        return converted(
            lambda row: FeeChange(
                series_ticker=row.series_ticker,
                event_ticker="",
                fee_type=row.fee_type,
                multiplier=_text(row.fee_multiplier),
                at_ns=convert.time_ns(row.scheduled_ts),
            ),
            answer.series_fee_change_arr,
        )

    async def event_fee_changes(self, event_ticker: str | None = None) -> list[FeeChange]:
        """Return the fee changes of single events."""
        params = present(event_ticker=event_ticker, limit=_PAGE)
        pages = await self._answers.pages("/events/fee_changes", wire.EventFeeChanges, params)
        return converted(
            lambda row: FeeChange(
                series_ticker=row.series_ticker,
                event_ticker=row.event_ticker,
                fee_type=row.fee_type_override or "",
                multiplier=_text(row.fee_multiplier_override),
                at_ns=convert.time_ns(row.scheduled_ts),
            ),
            [row for page in pages for row in page.event_fee_changes or ()],
        )

    async def tags(self) -> dict[str, tuple[str, ...]]:
        """Return the search tags of every category."""
        answer = await self._answers.get("/search/tags_by_categories", wire.TagsAnswer)
        found = answer.tags_by_categories or {}
        return {
            clean(name, _TEXT): tuple(clean(tag, _TEXT) for tag in tags or ())
            for name, tags in found.items()
        }

    async def sports(self) -> tuple[str, ...]:
        """Return the sports that can be filtered by, in the exchange's order."""
        answer = await self._answers.get("/search/filters_by_sport", wire.SportsAnswer)
        names = answer.sport_ordering or list(answer.filters_by_sports or ())
        return tuple(clean(name, _TEXT) for name in names)

    async def milestones(
        self,
        *,
        event_ticker: str | None = None,
        category: str | None = None,
        competition: str | None = None,
        kind: str | None = None,
        source_id: str | None = None,
        min_start_ns: int | None = None,
        min_updated_ts: int | None = None,
    ) -> list[Milestone]:
        """Return the milestones that fit all filters.

        ``min_start_ns`` is in nanoseconds like the milestone's own, ``min_updated_ts`` in
        Unix seconds.
        """
        params = present(
            related_event_ticker=event_ticker,
            category=category,
            competition=competition,
            type=kind,
            source_id=source_id,
            minimum_start_date=None if min_start_ns is None else _rfc3339(min_start_ns),
            min_updated_ts=min_updated_ts,
            limit=_MOST_MILESTONES,
        )
        pages = await self._answers.pages("/milestones", wire.MilestonesPage, params)
        return converted(_milestone, [row for page in pages for row in page.milestones or ()])

    async def milestone(self, milestone_id: str) -> Milestone:
        """Return one milestone."""
        path = f"/milestones/{quote(milestone_id, safe='')}"
        answer = await self._answers.get(path, wire.MilestoneAnswer)
        return converted(_milestone, [answer.milestone])[0]

    async def targets(
        self, ids: Sequence[str] = (), *, kind: str | None = None, competition: str | None = None
    ) -> list[StructuredTarget]:
        """Return what these structured strikes stand for, or all of a kind or competition."""
        named = present(type=kind, competition=competition, page_size=_PAGE)
        pages = []
        for first in range(0, max(len(ids), 1), _MOST_IDS):
            params = [*named.items(), *(("ids", one) for one in ids[first : first + _MOST_IDS])]
            pages += await self._answers.pages("/structured_targets", wire.TargetsPage, params)
        return converted(
            lambda row: StructuredTarget(
                target_id=clean(row.id, _TEXT),
                name=clean(row.name, _TEXT),
                kind=clean(row.type, _TEXT),
                details=row.details or {},
            ),
            [row for page in pages for row in page.structured_targets or ()],
        )

    async def live_data(self, milestone_ids: Sequence[str]) -> list[LiveData]:
        """Return what is going on in these milestones, asked for by the hundred."""
        found: list[LiveData] = []
        for first in range(0, len(milestone_ids), _MOST_IDS):
            names = milestone_ids[first : first + _MOST_IDS]
            params = [("milestone_ids", name) for name in names]
            answer = await self._answers.get("/live_data/batch", wire.LiveList, params)
            found += converted(lambda row: _live(row, row.milestone_id), answer.live_datas)
        return found

    async def event_live_data(self, event_ticker: str) -> LiveData:
        """Return what is going on in an event: a price chart, a temperature."""
        path = f"/live_data/events/{quote(event_ticker, safe='')}"
        answer = await self._answers.get(path, wire.LiveAnswer)
        return converted(lambda row: _live(row, event_ticker), [answer.live_data])[0]

    async def incentives(
        self, *, status: str = "active", kind: str | None = None, description: str | None = None
    ) -> list[Incentive]:
        """Return the programmes that pay for liquidity or volume."""
        params = present(status=status, type=kind, incentive_description=description, limit=_PAGE)
        pages = await self._answers.pages("/incentive_programs", wire.IncentivesPage, params)
        return converted(
            lambda row: Incentive(
                incentive_id=row.id,
                ticker=clean(row.market_ticker, _TEXT),
                kind=clean(row.incentive_type, _TEXT),
                reward=Money(row.period_reward * _MICRO_PER_CENTI_CENT),
                start_ns=convert.time_ns(row.start_date),
                end_ns=convert.time_ns(row.end_date),
                is_paid=row.paid_out,
                target=parse_count(row.target_size_fp) if row.target_size_fp else None,
            ),
            [row for page in pages for row in page.incentive_programs or ()],
        )


def _rfc3339(ns: int) -> str:
    moment = datetime.fromtimestamp(ns // _SECOND_NS, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _text(multiplier: float | None) -> str:
    return "" if multiplier is None else f"{multiplier:g}"


def _live(row: wire.LiveBody, subject: str) -> LiveData:
    return LiveData(kind=clean(row.type, _TEXT), subject=subject, details=row.details or {})


def _milestone(row: wire.MilestoneBody) -> Milestone:
    return Milestone(
        milestone_id=clean(row.id, _TEXT),
        kind=clean(row.type, _TEXT),
        category=clean(row.category, _TEXT),
        title=clean(row.title, _TEXT),
        start_ns=convert.time_ns(row.start_date),
        end_ns=convert.time_ns(row.end_date),
        events=tuple(row.related_event_tickers or ()),
        primary_events=tuple(row.primary_event_tickers or ()),
        details=row.details or {},
    )
