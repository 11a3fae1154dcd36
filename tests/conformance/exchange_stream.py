"""Rules 17.8 to 17.12: lives of markets, limits, the stream, pauses and faults."""

from __future__ import annotations

from tests.conformance.rules import Rule, rule

FAULTS = "exchange/test_faults.py::TestFaults::"
LIFE = "exchange/test_rest_lifecycle.py::"
LIFE_RULES = "exchange/test_lifecycle_rules.py::"
LIMITS = "exchange/test_rest_limits.py::"
MATCH = "exchange/test_matching.py::"
PARTS = "exchange/test_parts.py::"
READS = "exchange/test_rest.py::TestPublicReads::"
REST = "exchange/test_rest.py::"
REST_RULES = "exchange/test_rest_rules.py::"
SPOILED = "exchange/test_stream_faults.py::TestSpoiledFrames::"
STREAM = "exchange/test_stream.py::"
STREAM_FAULTS = "exchange/test_stream_faults.py::"
STREAM_RULES = "exchange/test_stream_rules.py::"
VENUE = "exchange/test_venue.py::"

TOLD: tuple[Rule, ...] = (
    rule(
        "17.8 silence",
        "Opening and closing by the clock send no message.",
        f"{LIFE_RULES}test_a_market_opens_in_silence_and_takes_no_order_before",
        f"{LIFE_RULES}test_a_market_closes_in_silence_and_its_orders_are_swept",
    ),
    rule(
        "17.8 reactivation",
        "A market that is active again has lost its orders.",
        f"{LIFE}test_reactivation_cancels_what_rested",
        f"{LIFE_RULES}test_a_closed_market_with_a_later_close_trades_again_without_its_orders",
    ),
    rule(
        "17.8 sweep",
        "After the close nothing works, and what rests is canceled with its reason.",
        f"{MATCH}test_nothing_works_after_the_close_not_even_a_cancel",
        f"{LIFE_RULES}test_a_market_closes_in_silence_and_its_orders_are_swept",
    ),
    rule(
        "17.8 timer",
        "A determined market is paid when its timer has run.",
        f"{LIFE_RULES}test_a_determined_market_pays_when_its_timer_has_run",
        f"{VENUE}test_the_short_market_rolls_over_and_settles",
    ),
    rule(
        "17.8 disputes",
        "A disputed result is not paid; an amended one starts its timer again.",
        f"{LIFE}test_a_disputed_result_waits_and_may_change",
    ),
    rule(
        "17.8 early close",
        "A close that is moved forward is told and sweeps.",
        f"{LIFE}test_an_early_close_sweeps_what_rests",
        f"{STREAM}test_life_cycle_messages",
    ),
    rule(
        "17.8 new markets",
        "A market that was announced is unknown to reads for a moment.",
        f"{LIFE}test_a_new_market_is_unknown_to_reads_for_a_moment",
    ),
    rule(
        "17.9 buckets",
        "Tokens refill up to a capacity; a batch must fit whole.",
        f"{LIMITS}test_a_batch_must_fit_at_once_and_pays_for_each_order",
        f"{PARTS}test_a_bucket_refills_up_to_its_capacity",
        f"{REST_RULES}TestLimits::test_a_batch_must_fit_into_the_bucket_whole",
    ),
    rule(
        "17.9 body",
        "An empty bucket is a 429 whose error is a string, without any header about it.",
        f"{LIMITS}test_an_empty_bucket_answers_a_string_and_no_headers",
    ),
    rule(
        "17.9 balance",
        "The balance has a bucket of its own: once a second and no burst.",
        f"{LIMITS}test_reads_and_writes_and_the_balance_have_buckets_of_their_own",
        f"{LIMITS}test_the_balance_is_answered_once_a_second_by_default",
    ),
    rule(
        "17.9 costs",
        "Most calls cost ten tokens, cancels two, and the exchange says so.",
        f"{LIMITS}test_a_cancel_costs_a_fifth_of_a_create",
        f"{LIMITS}test_limits_are_told",
        f"{REST_RULES}TestLimits::test_a_batch_must_fit_into_the_bucket_whole",
        f"{READS}test_series_and_costs",
    ),
    rule(
        "17.9 shards",
        "A single order write that names another shard than 0 draws on that shard's bucket.",
        f"{LIMITS}test_an_order_that_names_its_shard_pays_there",
    ),
    rule(
        "17.10 acks",
        "Each channel of one command is acknowledged by itself, with its own sid.",
        f"{STREAM_RULES}test_every_channel_is_acknowledged_by_itself_and_only_once_opened",
    ),
    rule(
        "17.10 numbers",
        "A sid has one sequence over all its markets, and ok takes a number of it.",
        f"{STREAM}test_ok_takes_a_sequence_number_and_lists_the_markets",
        f"{STREAM}test_snapshot_and_deltas_make_the_book_that_a_new_snapshot_shows",
    ),
    rule(
        "17.10 empty sides",
        "A snapshot has no key for an empty side.",
        f"{STREAM_RULES}test_the_key_of_an_empty_side_is_absent",
    ),
    rule(
        "17.10 deltas",
        "Deltas are signed changes.",
        f"{STREAM}test_snapshot_and_deltas_make_the_book_that_a_new_snapshot_shows",
    ),
    rule(
        "17.10 YES prices",
        "NO levels come in YES prices when that is asked for.",
        f"{STREAM}test_snapshot_and_deltas_make_the_book_that_a_new_snapshot_shows",
        f"{STREAM}test_own_orders_fills_and_positions_arrive",
    ),
    rule(
        "17.10 clock",
        "A market's clock never falls and is the same on every socket.",
        f"{STREAM_RULES}test_clocks_never_fall_and_are_the_same_on_every_socket",
    ),
    rule(
        "17.10 snapshots on request",
        "get_snapshot answers on the same sid under the command's id.",
        f"{STREAM}test_snapshot_and_deltas_make_the_book_that_a_new_snapshot_shows",
    ),
    rule(
        "17.10 errors",
        "Errors 10 and 25 end a subscription and leave the socket.",
        f"{STREAM_FAULTS}test_error_ten_and_twenty_five_end_the_books_only",
        f"{PARTS}test_a_slow_socket_loses_its_busiest_subscription_and_hears_why",
    ),
    rule(
        "17.10 gaps",
        "Frames can be dropped to leave a gap.",
        f"{STREAM_FAULTS}test_a_dropped_frame_is_a_gap_on_the_wire",
        f"{SPOILED}test_a_dropped_frame_leaves_a_gap",
    ),
    rule(
        "17.10 pings",
        "Sockets are pinged with heartbeat every ten seconds or so.",
        f"{STREAM_RULES}test_sockets_are_pinged_with_heartbeat",
    ),
    rule(
        "17.10 newline",
        "Every frame is one line and ends with a newline.",
        "arbiter/test_asyncapi.py::test_frames_are_written_as_recorded",
        f"{STREAM}test_ok_takes_a_sequence_number_and_lists_the_markets",
    ),
    rule(
        "17.10 sending time",
        "Every frame says when it was sent.",
        f"{STREAM}test_tickers_of_all_markets_with_an_initial_snapshot",
        "arbiter/test_asyncapi.py::test_every_message_is_as_published",
        "arbiter/test_judge.py::test_a_frame_without_its_sending_time_is_found",
    ),
    rule(
        "17.11 trading pause",
        "While trading pauses orders are a 409 and cancels work.",
        f"{REST}test_pauses_through_the_administrator",
        f"{MATCH}test_pauses",
        f"{LIFE}test_one_shard_pauses_alone",
    ),
    rule(
        "17.11 exchange pause",
        "While the exchange pauses nothing works, not even a cancel.",
        f"{LIFE}test_an_exchange_pause_stops_even_cancels",
    ),
    rule(
        "17.11 cancel on pause",
        "An order that asked for it is canceled by a pause; the others stay.",
        f"{LIFE}test_one_shard_pauses_alone",
        f"{VENUE}test_reactivation_and_pauses_cancel_orders",
    ),
    rule(
        "17.12 lost answers",
        "A 503 may come before or after the order was accepted.",
        f"{FAULTS}test_a_503_before_and_after_acceptance",
    ),
    rule(
        "17.12 timeouts",
        "An answer may come too late for an order that was accepted.",
        f"{FAULTS}test_a_late_answer",
    ),
    rule(
        "17.12 fills told twice",
        "A fill may be told twice, and again after a reconnect, under one trade id.",
        f"{STREAM_RULES}test_a_fill_may_be_told_twice_under_one_trade_id",
        "kalshi/test_against_exchange.py::test_a_restarted_desk_reads_its_fills_and_position_again",
    ),
    rule(
        "17.12 order of reports",
        "An order's report and its fill may come in either order.",
        f"{STREAM_RULES}test_an_order_and_its_fill_may_come_in_either_order",
    ),
)
