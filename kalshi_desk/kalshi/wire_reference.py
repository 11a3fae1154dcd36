"""Bodies about the exchange's calendar, fees, milestones, live data and incentives."""

from __future__ import annotations

from typing import Any

import msgspec


class HoursBody(msgspec.Struct):
    """One opening and closing time, Eastern time, ``HH:MM``."""

    open_time: str
    close_time: str


class WeekBody(msgspec.Struct):
    """The opening hours of each day."""

    monday: list[HoursBody] | None = None
    tuesday: list[HoursBody] | None = None
    wednesday: list[HoursBody] | None = None
    thursday: list[HoursBody] | None = None
    friday: list[HoursBody] | None = None
    saturday: list[HoursBody] | None = None
    sunday: list[HoursBody] | None = None
    start_time: str | None = None
    end_time: str | None = None


class WindowBody(msgspec.Struct):
    """A maintenance window."""

    start_datetime: str
    end_datetime: str


class ScheduleBody(msgspec.Struct):
    """When the exchange trades."""

    standard_hours: list[WeekBody] | None = None
    maintenance_windows: list[WindowBody] | None = None


class ScheduleAnswer(msgspec.Struct):
    """Answer of ``GET /exchange/schedule``."""

    schedule: ScheduleBody


class SeriesFeeChange(msgspec.Struct):
    """A scheduled change of a series' fees."""

    series_ticker: str
    fee_type: str
    scheduled_ts: str
    fee_multiplier: float | None = None


class SeriesFeeChanges(msgspec.Struct):
    """Answer of ``GET /series/fee_changes``."""

    series_fee_change_arr: list[SeriesFeeChange] | None = None


class EventFeeChange(msgspec.Struct):
    """A scheduled change of one event's fees."""

    event_ticker: str
    scheduled_ts: str
    series_ticker: str = ""
    fee_type_override: str | None = None
    fee_multiplier_override: float | None = None


class EventFeeChanges(msgspec.Struct):
    """Answer of ``GET /events/fee_changes``."""

    event_fee_changes: list[EventFeeChange] | None = None
    cursor: str | None = None


class TagsAnswer(msgspec.Struct):
    """Answer of ``GET /search/tags_by_categories``; a category may have null."""

    tags_by_categories: dict[str, list[str] | None] | None = None


class SportsAnswer(msgspec.Struct):
    """Answer of ``GET /search/filters_by_sport``."""

    filters_by_sports: dict[str, Any] | None = None
    sport_ordering: list[str] | None = None


class MilestoneBody(msgspec.Struct):
    """Something that happens at a time and decides events."""

    id: str
    type: str = ""
    category: str = ""
    title: str = ""
    start_date: str | None = None
    end_date: str | None = None
    related_event_tickers: list[str] | None = None
    primary_event_tickers: list[str] | None = None
    details: dict[str, Any] | None = None


class MilestonesPage(msgspec.Struct):
    """Answer of ``GET /milestones``."""

    milestones: list[MilestoneBody] | None = None
    cursor: str | None = None


class MilestoneAnswer(msgspec.Struct):
    """Answer of ``GET /milestones/{milestone_id}``."""

    milestone: MilestoneBody


class TargetBody(msgspec.Struct):
    """What a structured strike stands for."""

    id: str = ""
    name: str = ""
    type: str = ""
    details: dict[str, Any] | None = None


class TargetsPage(msgspec.Struct):
    """Answer of ``GET /structured_targets``."""

    structured_targets: list[TargetBody] | None = None
    cursor: str | None = None


class LiveBody(msgspec.Struct):
    """Live data of a milestone or an event; ``details`` depend on ``type``."""

    type: str = ""
    milestone_id: str = ""
    details: dict[str, Any] | None = None


class LiveAnswer(msgspec.Struct):
    """Answer of live data of one milestone or event."""

    live_data: LiveBody


class LiveList(msgspec.Struct):
    """Answer of ``GET /live_data/batch``."""

    live_datas: list[LiveBody] | None = None


class IncentiveBody(msgspec.Struct):
    """A programme that pays for liquidity or volume; the reward is in hundredths of a cent."""

    id: str
    market_ticker: str
    incentive_type: str
    period_reward: int
    start_date: str
    end_date: str
    paid_out: bool = False
    target_size_fp: str | None = None


class IncentivesPage(msgspec.Struct, rename={"cursor": "next_cursor"}):
    """Answer of ``GET /incentive_programs``, whose cursor has a name of its own."""

    incentive_programs: list[IncentiveBody] | None = None
    cursor: str | None = None
