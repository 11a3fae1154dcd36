"""What client authors got wrong (section 18 of the notes), and the tests that hold it here."""

from __future__ import annotations

from tests.conformance.rules import Rule, rule

CORE = "engine/test_core.py::"
DECODE = "kalshi/test_decode.py::"
ERRORS = "kalshi/test_errors.py::"
LIVE = "kalshi/test_against_exchange.py::"
MATCH = "exchange/test_matching.py::"
PLACES = "kalshi/test_environment.py::"
REST = "kalshi/test_rest.py::"
REST_RULES = "exchange/test_rest_rules.py::"
SIGNING = "kalshi/test_signing.py::"
STREAM = "kalshi/test_stream.py::"

CLIENT: tuple[Rule, ...] = (
    rule(
        "18.1",
        "Milliseconds, method and path without query are signed, with PSS and salt 32.",
        f"{SIGNING}test_rsa_signature_verifies_with_pss_salt_32_whatever_the_banner",
        f"{SIGNING}test_ed25519_signature_verifies",
        f"{REST_RULES}TestSigning::test_only_the_bare_path_from_the_root_is_signed",
    ),
    rule(
        "18.2",
        "Orders go to the V2 routes, and an answer without an order id is no order.",
        f"{ERRORS}test_a_write_is_classified_by_what_the_caller_should_do",
        f"{REST}test_a_write_is_never_repeated_and_always_answered",
        "exchange/test_rest.py::TestOrders::test_old_writes_are_gone",
    ),
    rule(
        "18.3",
        "All four intents are mapped to YES prices.",
        f"{CORE}test_the_mappings_to_the_one_book",
        f"{CORE}test_selling_no_that_is_held_bids_at_the_complement",
    ),
    rule(
        "18.4",
        "The direction of an order is its book side alone, also where duplicates are looked for.",
        f"{REST}test_the_direction_of_an_order_is_its_book_side",
        "risk/test_gate.py::test_a_duplicate_is_one_within_half_a_second",
    ),
    rule(
        "18.5",
        "A killed fill-or-kill order is a refusal, not an unknown outcome.",
        f"{ERRORS}test_a_write_is_classified_by_what_the_caller_should_do",
        f"{LIVE}test_refusals_name_their_reason_and_place_nothing",
        f"{CORE}test_every_attempt_has_a_client_order_id_of_its_own",
    ),
    rule(
        "18.6",
        "Every attempt has a client order id of its own.",
        f"{CORE}test_every_attempt_has_a_client_order_id_of_its_own",
        f"{MATCH}test_fill_or_kill_is_an_error_that_uses_up_its_client_id",
    ),
    rule(
        "18.7",
        "A 404 to a cancel is looked up, since the order may have traded.",
        f"{CORE}test_a_cancel_that_finds_nothing_is_looked_up_not_believed",
        f"{REST}test_a_cancel_names_its_market_and_404_means_gone",
    ),
    rule(
        "18.8",
        "A read that lags does not bring a canceled order back.",
        "execution/test_orders.py::test_an_order_that_is_over_stays_over",
        f"{REST}test_a_look_up_trusts_silence_only_when_reads_are_complete",
    ),
    rule(
        "18.9",
        "A pause is a refusal, and no order is ever sent again by itself.",
        f"{REST}test_a_write_is_never_repeated_and_always_answered",
        f"{ERRORS}test_a_write_is_classified_by_what_the_caller_should_do",
    ),
    rule(
        "18.10",
        "An order whose answer was lost is looked up before its market is traded again.",
        f"{CORE}test_an_unknown_outcome_locks_the_market_until_it_is_looked_up",
        f"{REST}test_a_look_up_finds_the_order_by_client_id",
        "seams/test_faults.py::test_the_desk_agrees_with_the_exchange_after_faults",
    ),
    rule(
        "18.11",
        "Combos stay out of lists, and 0 and 1 dollar are no prices.",
        "kalshi/test_lists.py::test_combos_stay_out_unless_they_are_asked_for",
        "kalshi/test_combos.py::test_combos_stay_out_even_where_the_exchange_sends_them",
        "kalshi/test_combos.py::"
        "test_a_combo_says_what_it_is_made_of_and_shows_no_price_that_is_none",
        f"{MATCH}test_prices_off_the_grid",
        f"{STREAM}test_account_and_market_messages_become_events",
    ),
    rule(
        "18.12",
        "The best level comes last on the wire and first in the desk.",
        f"{REST}test_books_come_best_first_in_yes_prices",
        "exchange/test_rest.py::TestPublicReads::test_books_are_bids_only_with_the_best_last",
    ),
    rule(
        "18.13",
        "A delta is a signed change, not a size.",
        f"{DECODE}test_a_delta_is_a_signed_change_and_zero_removes_the_level",
    ),
    rule(
        "18.14",
        "Numbers are followed by subscription, ok included; a gap loses all its books.",
        f"{DECODE}test_ok_frames_take_a_number_of_their_subscription",
        f"{DECODE}test_a_gap_makes_every_book_of_the_subscription_stale_until_its_snapshot",
        f"{DECODE}test_a_gap_on_another_subscription_leaves_the_books_alone",
    ),
    rule(
        "18.15",
        "Frames are told apart by their type; one of an unknown type is counted by name.",
        f"{STREAM}test_account_and_market_messages_become_events",
        f"{DECODE}test_unknown_types_are_counted_by_name_and_their_numbers_kept",
    ),
    rule(
        "18.16",
        "The sequence does not move on past a frame that could not be read.",
        f"{DECODE}test_the_sequence_does_not_move_on_past_a_payload_that_makes_no_sense",
    ),
    rule(
        "18.17",
        "A subscription that another one replaced is ended.",
        "kalshi/test_subscriptions.py::"
        "test_a_subscription_that_was_replaced_is_ended_and_books_begin_anew",
        f"{STREAM}test_a_server_without_get_snapshot_is_asked_for_a_new_subscription",
    ),
    rule(
        "18.18",
        "Code and text of a stream error are read from inside its msg.",
        f"{STREAM}test_a_subscription_that_overflowed_is_opened_again",
        f"{DECODE}test_error_frames_are_counted",
    ),
    rule(
        "18.19",
        "Addresses and key of an environment are of one and the same, or nothing is sent.",
        f"{PLACES}test_addresses_of_different_environments_are_no_environment",
        f"{PLACES}test_a_key_of_another_environment_signs_nothing",
        f"{PLACES}test_the_stream_of_a_feed_has_the_environment_and_the_key_of_its_rest",
        f"{REST}test_a_practice_desk_can_not_be_pointed_at_the_real_exchange",
    ),
    rule(
        "18.20",
        "Limits need not be whole numbers, and lists may be null.",
        f"{REST}test_limits_that_are_no_whole_numbers_and_lists_that_are_null_are_read",
        f"{REST}test_all_pages_are_read_and_null_lists_are_empty",
    ),
    rule(
        "18.21",
        "Cash on another shard does not count, and is named.",
        "risk/test_gate.py::test_cash_on_other_shards_is_named_but_does_not_help",
        "portfolio/test_valuation.py::test_cash_counts_on_the_shard_it_lies_on",
    ),
    rule(
        "18.22",
        "A cancel always names its market.",
        f"{REST}test_a_cancel_names_its_market_and_404_means_gone",
        "exchange/test_rest_money.py::TestShards::"
        "test_an_order_on_another_shard_is_found_by_its_ticker_only",
    ),
    rule(
        "18.23",
        "The balance is asked for no oftener than once a second.",
        "kalshi/test_budget.py::test_the_balance_is_asked_once_a_second",
    ),
    rule(
        "18.24",
        "What reduces is decided by the net position.",
        f"{CORE}test_selling_no_while_yes_is_held_is_not_a_reduction",
        f"{REST_RULES}TestOrderRules::test_reduce_only_looks_at_the_net_position",
    ),
    rule(
        "18.25",
        "The end of trading and the expected time of the outcome are two times.",
        f"{REST}test_the_end_of_trading_is_not_the_time_of_the_outcome",
    ),
    rule(
        "18.26",
        "A path with a trailing slash is redirected, which stops the desk.",
        f"{REST_RULES}TestSigning::"
        "test_a_trailing_slash_is_redirected_to_a_path_that_was_not_signed",
        f"{ERRORS}test_a_write_is_classified_by_what_the_caller_should_do",
    ),
    rule(
        "18.27",
        "Fees are those of a direct member, not rounded up to a cent an order.",
        "core/test_fees.py::test_fees_recorded_on_the_wire",
        "core/test_fees.py::test_the_accumulator_of_the_page",
        f"{LIVE}test_a_marketable_order_fills_with_the_fee_that_the_desk_expects",
    ),
    rule(
        "18.28",
        "No header tells how long to wait, and only RSA and Ed25519 keys sign.",
        "exchange/test_rest_limits.py::test_an_empty_bucket_answers_a_string_and_no_headers",
        f"{SIGNING}test_a_key_of_another_kind_is_refused",
        "kalshi/test_budget.py::test_after_429_nothing_is_left",
    ),
    rule(
        "18.29",
        "Books come from the book channel, never from tickers.",
        "market/test_live.py::test_a_ticker_is_no_book",
    ),
    rule(
        "18.30",
        "The age of messages is measured, and data that stays late is told.",
        f"{STREAM}test_the_age_of_messages_is_measured_and_taken_once",
        "engine/test_late_data.py::test_data_that_stays_late_is_told_once_and_its_end_too",
    ),
)
