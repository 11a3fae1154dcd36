"""Every rule of a faithful Kalshi and every known mistake of clients, with the tests that hold it.

The numbers are those of the API notes that the project was built from: 17.n are what a
simulator must do, 18.n what authors of clients got wrong.  A test is named by folder,
file and name: ``exchange/matching::test_x`` is ``test_x`` in
``tests/exchange/test_matching.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

LAST_RULE, LAST_GOTCHA = 12, 30


@dataclass(frozen=True, slots=True)
class Row:
    """One rule in our words, and the tests of which each would fail without it."""

    number: str
    rule: str
    tests: tuple[str, ...]


def row(number: str, rule: str, *tests: str) -> Row:
    """Return one line of the table."""
    return Row(number, rule, tests)


_MATCHING, _REST, _MONEY = "exchange/matching", "exchange/rest", "exchange/rest_money"
_STREAM, _FAULTS, _LIFE = "exchange/stream", "exchange/stream_faults", "exchange/rest_lifecycle"
_CLIENT, _DECODE, _BUDGET = "kalshi/rest", "kalshi/decode", "kalshi/budget"
_CORE = "engine/core"

SIMULATOR: tuple[Row, ...] = (
    row(
        "17.1",
        "RSA-PSS and Ed25519 over time, method and path",
        f"{_REST}::TestAuthentication.test_bad_signature",
        "kalshi/against_exchange::test_rsa_keys_are_taken_too",
        "kalshi/signing::test_rsa_signature_verifies_with_pss_salt_32_whatever_the_banner",
        "kalshi/signing::test_ed25519_signature_verifies",
    ),
    row(
        "17.1",
        "a time stamp outside the window is refused, one inside is not",
        f"{_REST}::TestAuthentication.test_a_clock_that_is_off",
        f"{_REST}::TestAuthentication.test_a_clock_that_is_nearly_right",
    ),
    row(
        "17.1",
        "the recorded bodies for an unknown key and missing headers",
        f"{_REST}::TestAuthentication.test_unknown_key",
        f"{_REST}::TestAuthentication.test_missing_headers",
    ),
    row("17.1", "401 on the socket's upgrade", f"{_STREAM}::test_the_upgrade_needs_a_signature"),
    row(
        "17.2",
        "numbers where strings belong are refused",
        f"{_REST}::TestOrders.test_numbers_where_strings_belong",
    ),
    row(
        "17.2",
        "off-grid prices and limits above the most have their own bodies",
        f"{_REST}::TestOrders.test_the_recorded_error_bodies",
        f"{_REST}::TestPublicReads.test_errors_of_reads",
    ),
    row(
        "17.3",
        "one book in YES space, price then time, trades at the resting price",
        f"{_MATCHING}::test_better_price_first_then_earlier_time",
        f"{_MATCHING}::test_trades_happen_at_the_resting_price",
    ),
    row("17.3", "hundredths of contracts", f"{_MATCHING}::test_a_hundredth_of_a_contract_trades"),
    row(
        "17.3",
        "a grid per market",
        f"{_MATCHING}::test_prices_off_the_grid",
        f"{_MATCHING}::test_sub_cent_grids",
        f"{_LIFE}::test_a_finer_grid_takes_finer_prices",
    ),
    row(
        "17.4",
        "fill-or-kill that cannot fill is a 409 and uses up its client id",
        f"{_MATCHING}::test_fill_or_kill_is_an_error_that_uses_up_its_client_id",
        f"{_MATCHING}::test_fill_or_kill_that_meets_its_owner_is_treated_as_immediate",
    ),
    row(
        "17.4",
        "immediate-or-cancel leaves nothing and is a 201 also when nothing filled",
        f"{_MATCHING}::test_immediate_or_cancel_leaves_nothing",
    ),
    row(
        "17.4",
        "post-only that would trade is refused",
        f"{_MATCHING}::test_post_only_that_would_trade_is_refused",
    ),
    row(
        "17.4",
        "both ways of preventing self trades",
        f"{_MATCHING}::test_self_trade_cancels_the_taker_at_the_crossing",
        f"{_MATCHING}::test_self_trade_may_cancel_the_maker_instead",
    ),
    row(
        "17.4",
        "reduce-only is capped by the position and immediate only",
        f"{_MATCHING}::test_reduce_only_is_capped_by_the_position",
    ),
    row("17.4", "orders expire", "exchange/venue::test_orders_expire"),
    row(
        "17.4",
        "a client id is used for ever",
        f"{_MATCHING}::test_a_client_id_is_used_for_ever",
    ),
    row(
        "17.4",
        "every dead or foreign order gives the same 404",
        f"{_MATCHING}::test_every_dead_order_gives_the_same_404",
    ),
    row(
        "17.4",
        "an amend takes the total count and keeps the queue only when it shrinks",
        f"{_MATCHING}::test_an_amend_keeps_the_queue_only_when_it_shrinks",
        f"{_MATCHING}::test_an_amends_count_is_filled_plus_remaining_and_it_may_trade",
        f"{_MATCHING}::test_a_refused_amend_changes_nothing",
    ),
    row(
        "17.4",
        "a decrease keeps the queue",
        f"{_MATCHING}::test_decrease_keeps_the_queue_and_to_zero_cancels",
    ),
    row(
        "17.4",
        "cancel-all takes all of one's own and nobody else's",
        f"{_MATCHING}::test_cancel_all_takes_only_ones_own",
        f"{_MONEY}::TestSubaccounts.test_cancel_all_takes_one_subaccount_or_all",
    ),
    row(
        "17.4",
        "batches answer item by item",
        f"{_REST}::TestOrders.test_batches_answer_item_by_item",
    ),
    row(
        "17.5",
        "reads lag writes, and say up to when they are complete",
        "exchange/rest_lag::test_an_order_and_its_end_are_read_late",
        "exchange/rest_lag::test_fills_positions_and_cash_are_read_late_and_together",
    ),
    row(
        "17.6",
        "fees with rounding and the accumulator of an order",
        "exchange/exchange_fees::test_the_published_walk_throughs",
        "exchange/exchange_fees::test_the_general_fee_table",
        "exchange/exchange_fees::test_series_decide_the_makers_fee",
    ),
    row(
        "17.6",
        "event overrides and waivers",
        f"{_LIFE}::test_a_waiver_and_an_event_override_change_the_fee",
    ),
    row(
        "17.7",
        "the other side closes first and returns a dollar a pair",
        "exchange/ledger::test_yes_and_no_pairs_close_and_return_a_dollar",
        "exchange/ledger::test_selling_beyond_the_position_opens_the_other_side",
    ),
    row(
        "17.7",
        "collateral per shard, with both kinds of refusal",
        f"{_MONEY}::TestShards.test_an_order_needs_cash_on_its_markets_shard",
        f"{_MATCHING}::TestCash.test_an_order_needs_its_cost_and_taker_fee",
        f"{_MATCHING}::TestCash.test_resting_orders_reserve_but_do_not_reduce_the_balance",
    ),
    row(
        "17.7",
        "transfers take time and happen once",
        f"{_MONEY}::TestShards.test_money_moves_with_a_status_and_only_once",
        f"{_MONEY}::TestShards.test_what_rests_cannot_be_moved_away",
    ),
    row(
        "17.7",
        "settlement to yes, no and a scalar, revenue in whole cents",
        "exchange/ledger::test_settlement_pays_the_winner_and_records_what_it_cost",
        f"{_LIFE}::test_a_scalar_result_pays_its_value",
    ),
    row(
        "17.8",
        "opening and natural close are silent",
        f"{_STREAM}::test_life_cycle_messages",
        "exchange/venue::test_the_short_market_rolls_over_and_settles",
    ),
    row(
        "17.8",
        "reactivation cancels what rested",
        f"{_LIFE}::test_reactivation_cancels_what_rested",
    ),
    row(
        "17.8",
        "nothing works after the close, and what rests is swept",
        f"{_MATCHING}::test_nothing_works_after_the_close_not_even_a_cancel",
        f"{_LIFE}::test_an_early_close_sweeps_what_rests",
    ),
    row(
        "17.8",
        "a disputed result waits and may change",
        f"{_LIFE}::test_a_disputed_result_waits_and_may_change",
    ),
    row(
        "17.9",
        "token buckets with a string 429 and a bucket of its own for the balance",
        f"{_REST}::test_empty_buckets_answer_429",
        "exchange/parts::test_a_bucket_refills_up_to_its_capacity",
        f"{_REST}::TestPublicReads.test_series_and_costs",
    ),
    row(
        "17.10",
        "one acknowledgement a channel, numbers per subscription that replies take too",
        f"{_STREAM}::test_ok_takes_a_sequence_number_and_lists_the_markets",
        "arbiter/asyncapi::test_every_number_of_every_subscription_was_seen_once",
        f"{_FAULTS}::test_control_replies_may_keep_out_of_the_sequence",
    ),
    row(
        "17.10",
        "snapshots, signed deltas and get_snapshot make the same book",
        f"{_STREAM}::test_snapshot_and_deltas_make_the_book_that_a_new_snapshot_shows",
    ),
    row(
        "17.10",
        "frames have the recorded shape: absent empty sides, newline, clock, sending time",
        "arbiter/asyncapi::test_frames_are_written_as_recorded",
        "arbiter/asyncapi::test_every_message_is_as_published",
        "arbiter/judge::test_a_frame_without_its_sending_time_is_found",
    ),
    row(
        "17.10",
        "errors 10 and 25 end a subscription, not the socket",
        f"{_FAULTS}::test_error_ten_and_twenty_five_end_the_books_only",
        "exchange/parts::test_a_slow_socket_loses_its_busiest_subscription_and_hears_why",
    ),
    row(
        "17.10",
        "dropped frames leave gaps",
        f"{_FAULTS}::test_a_dropped_frame_is_a_gap_on_the_wire",
    ),
    row("17.10", "pings say heartbeat", f"{_STREAM}::test_sockets_are_pinged_with_a_heartbeat"),
    row(
        "17.11",
        "trading pauses leave cancels, exchange pauses nothing; one shard may pause alone",
        f"{_MATCHING}::test_pauses",
        f"{_LIFE}::test_an_exchange_pause_stops_even_cancels",
        f"{_LIFE}::test_one_shard_pauses_alone",
    ),
    row(
        "17.11",
        "cancel_order_on_pause",
        "exchange/venue::test_reactivation_and_pauses_cancel_orders",
    ),
    row(
        "17.12",
        "503 after acceptance, and late answers",
        "exchange/faults::TestFaults.test_a_503_before_and_after_acceptance",
        "exchange/faults::TestFaults.test_a_late_answer",
    ),
    row(
        "17.12",
        "frames twice and out of order",
        f"{_FAULTS}::TestSpoiledFrames.test_a_frame_twice",
        f"{_FAULTS}::TestSpoiledFrames.test_a_frame_after_its_successor",
        "seams/faults::test_the_desk_agrees_with_the_exchange_after_faults",
    ),
)

GOTCHAS: tuple[Row, ...] = (
    row(
        "18.1",
        "what is signed and how",
        "kalshi/signing::test_rsa_signature_verifies_with_pss_salt_32_whatever_the_banner",
        "kalshi/against_exchange::test_a_restarted_desk_reads_its_fills_and_position_again",
        "kalshi/stream::test_the_upgrade_is_signed",
    ),
    row(
        "18.2",
        "old order writes are gone",
        f"{_REST}::TestOrders.test_old_writes_are_gone",
        f"{_CLIENT}::test_a_create_is_sent_once_with_strings_and_a_yes_price",
    ),
    row(
        "18.3",
        "NO prices become YES prices in all four cases",
        f"{_CORE}::test_the_mappings_to_the_one_book",
        f"{_CORE}::test_selling_no_that_is_held_bids_at_the_complement",
    ),
    row(
        "18.4",
        "the direction is book_side",
        f"{_CLIENT}::test_the_direction_of_an_order_is_its_book_side",
        "risk/gate::test_a_duplicate_is_one_within_half_a_second",
    ),
    row(
        "18.5",
        "a killed fill-or-kill is a refusal, not a lost answer",
        "kalshi/errors::test_a_write_is_classified_by_what_the_caller_should_do",
    ),
    row(
        "18.6",
        "a new decision has a new client id, the same one never two orders",
        "engine/shell::test_one_command_id_is_one_order_also_after_a_restart",
        f"{_MATCHING}::test_a_client_id_is_used_for_ever",
    ),
    row(
        "18.7",
        "a cancel's 404 proves nothing",
        f"{_CORE}::test_a_cancel_that_finds_nothing_is_looked_up_not_believed",
        "execution/orders::test_a_cancel_that_came_too_late_counts_what_filled",
    ),
    row(
        "18.8",
        "a read that still says resting changes nothing that is over",
        "execution/orders::test_an_order_that_is_over_stays_over",
        f"{_CLIENT}::test_a_look_up_trusts_silence_only_when_reads_are_complete",
        "seams/open_rules::test_the_desk_keeps_the_contract_under",
    ),
    row(
        "18.9",
        "no order goes to a paused market, and none is repeated by itself",
        "risk/gate::test_each_check_refuses_alone",
        f"{_CLIENT}::test_a_write_is_never_repeated_and_always_answered",
    ),
    row(
        "18.10",
        "an unknown outcome is looked up before anything else",
        f"{_CORE}::test_an_unknown_outcome_locks_the_market_until_it_is_looked_up",
        f"{_CLIENT}::test_a_write_is_never_repeated_and_always_answered",
        "engine/shell::test_a_broker_that_fails_leaves_the_order_unresolved",
    ),
    row(
        "18.11",
        "combos stay out, and sentinels are no quotes",
        f"{_CLIENT}::test_all_pages_are_read_and_null_lists_are_empty",
        "kalshi/every_recorded_body::test_every_file_of_rest_is_read",
    ),
    row(
        "18.12",
        "the best bid is last",
        f"{_REST}::TestPublicReads.test_books_are_bids_only_with_the_best_last",
        f"{_CLIENT}::test_books_come_best_first_in_yes_prices",
    ),
    row(
        "18.13",
        "deltas are signed changes",
        f"{_DECODE}::test_a_delta_is_a_signed_change_and_zero_removes_the_level",
    ),
    row(
        "18.14",
        "numbers count per subscription, with its replies",
        f"{_DECODE}::test_ok_frames_take_a_number_of_their_subscription",
        f"{_DECODE}::test_a_gap_makes_every_book_of_the_subscription_stale_until_its_snapshot",
        f"{_DECODE}::test_a_gap_on_another_subscription_leaves_the_books_alone",
    ),
    row(
        "18.15",
        "messages go by their type, not their channel",
        "kalshi/stream::test_account_and_market_messages_become_events",
    ),
    row(
        "18.16",
        "the number does not move on past a frame that makes no sense",
        f"{_DECODE}::test_the_sequence_does_not_move_on_past_a_payload_that_makes_no_sense",
    ),
    row(
        "18.17",
        "recovery leaves no subscription behind",
        "kalshi/stream::test_a_server_without_get_snapshot_is_asked_for_a_new_subscription",
        "kalshi/stream::test_a_gap_is_repaired_by_snapshots_without_a_new_subscription",
    ),
    row("18.18", "errors of the stream are nested", f"{_DECODE}::test_error_frames_are_counted"),
    row(
        "18.19",
        "environments do not mix",
        f"{_CLIENT}::test_a_practice_desk_can_not_be_pointed_at_the_real_exchange",
    ),
    row(
        "18.20",
        "null lists and new words are read",
        f"{_CLIENT}::test_all_pages_are_read_and_null_lists_are_empty",
        f"{_CLIENT}::test_unknown_words_are_kept_apart",
    ),
    row(
        "18.21",
        "cash counts on the market's shard",
        "risk/gate::test_cash_on_other_shards_is_named_but_does_not_help",
        "portfolio/valuation::test_cash_counts_on_the_shard_it_lies_on",
    ),
    row(
        "18.22",
        "a cancel names its market",
        f"{_CLIENT}::test_a_cancel_names_its_market_and_404_means_gone",
        f"{_MONEY}::TestShards.test_an_order_on_another_shard_is_found_by_its_ticker_only",
    ),
    row(
        "18.23",
        "the balance at most once a second",
        f"{_BUDGET}::test_the_balance_is_asked_once_a_second",
    ),
    row(
        "18.24",
        "closing goes by the net position",
        f"{_CORE}::test_flatten_cancels_first_and_then_sells_what_is_held_within_the_collar",
        f"{_CORE}::test_selling_no_that_is_held_bids_at_the_complement",
    ),
    row(
        "18.25",
        "the close is not the end of the game",
        f"{_CORE}::test_a_position_settles_when_the_outcome_is_expected_not_when_the_market_closes",
    ),
    row(
        "18.26",
        "no trailing slashes",
        f"{_REST}::test_a_trailing_slash_is_redirected_to_the_bare_path",
    ),
    row(
        "18.27",
        "fees are not rounded up to a cent an order",
        "core/fees::test_fees_recorded_on_the_wire",
        "core/fees::test_the_accumulator_of_the_page",
    ),
    row(
        "18.28",
        "no headers say when to come again",
        f"{_CLIENT}::test_reads_survive_429_and_5xx",
        f"{_BUDGET}::test_after_429_nothing_is_left",
    ),
    row("18.29", "a ticker is no book", "market/live::test_a_ticker_is_no_book"),
    row(
        "18.30",
        "old messages are noticed and told",
        "kalshi/stream::test_the_age_of_messages_is_measured_and_taken_once",
        "engine/late_data::test_data_that_stays_late_is_told_once_and_its_end_too",
    ),
)
