"""Rules 17.1 to 17.7: signing, requests, matching, orders, reads, fees and money."""

from __future__ import annotations

from tests.conformance.rules import Rule, rule

FEES = "exchange/test_exchange_fees.py::"
KEYS = "exchange/test_rest_keys.py::"
LAG = "exchange/test_rest_lag.py::"
LEDGER = "exchange/test_ledger.py::"
LIFE = "exchange/test_rest_lifecycle.py::"
MATCH = "exchange/test_matching.py::"
ORDERS = "exchange/test_rest.py::TestOrders::"
PARTS = "exchange/test_parts.py::"
READS = "exchange/test_rest.py::TestPublicReads::"
REST_RULES = "exchange/test_rest_rules.py::"
SHARDS = "exchange/test_rest_money.py::TestShards::"
SIGN_IN = "exchange/test_rest.py::TestAuthentication::"
STREAM = "exchange/test_stream.py::"
SUBACCOUNTS = "exchange/test_rest_money.py::TestSubaccounts::"
VENUE = "exchange/test_venue.py::"

ASKED: tuple[Rule, ...] = (
    rule(
        "17.1 RSA-PSS",
        "An RSA key signs with PSS, SHA-256 and a salt of 32 bytes, nothing else.",
        f"{REST_RULES}TestSigning::test_rsa_needs_pss_with_a_salt_as_long_as_the_digest",
        "exchange/test_process.py::test_rsa_keys_and_another_start_time",
    ),
    rule(
        "17.1 Ed25519",
        "An Ed25519 key signs the same message plainly.",
        f"{SIGN_IN}test_a_signed_call_is_answered",
        f"{KEYS}test_a_generated_key_acts_until_it_is_deleted",
    ),
    rule(
        "17.1 message",
        "Milliseconds, method and the bare path from the root are signed; no query.",
        f"{REST_RULES}TestSigning::test_only_the_bare_path_from_the_root_is_signed",
        f"{REST_RULES}TestSigning::test_seconds_are_a_time_long_past",
    ),
    rule(
        "17.1 skew",
        "A time stamp may be some seconds off, not half a minute.",
        f"{SIGN_IN}test_a_clock_that_is_off",
        f"{SIGN_IN}test_a_clock_that_is_nearly_right",
    ),
    rule(
        "17.1 bodies",
        "Every way of not being let in has its recorded body.",
        f"{SIGN_IN}test_bad_signature",
        f"{SIGN_IN}test_unknown_key",
        f"{SIGN_IN}test_missing_headers",
        f"{KEYS}test_a_scope_opens_only_its_own_doors",
        f"{KEYS}test_a_key_locked_to_a_subaccount_stays_there",
    ),
    rule(
        "17.1 upgrade",
        "A socket without a good signature gets a 401 in place of the upgrade.",
        f"{STREAM}test_the_upgrade_needs_a_signature",
    ),
    rule(
        "17.2 strings",
        "Money, prices and counts are strings with their own number of decimals.",
        f"{REST_RULES}test_money_prices_and_counts_are_strings_and_nothing_is_a_float",
    ),
    rule(
        "17.2 numbers refused",
        "A JSON number where a string belongs is a flat bad_request in a Go decoder's words.",
        f"{ORDERS}test_numbers_where_strings_belong",
    ),
    rule(
        "17.2 off the grid",
        "A price off the market's grid is a nested invalid_price.",
        f"{ORDERS}test_the_recorded_error_bodies",
        f"{MATCH}test_prices_off_the_grid",
    ),
    rule(
        "17.2 limit",
        "A page size above the maximum is a 400 with msg, not a smaller page.",
        f"{READS}test_errors_of_reads",
        "exchange/test_rest_limits.py::test_a_limit_above_the_maximum_is_refused",
    ),
    rule(
        "17.3 one book",
        "YES and NO meet in one book of YES prices; pairs are minted and burnt.",
        f"{LEDGER}test_nothing_is_made_or_lost",
        f"{LEDGER}test_yes_and_no_pairs_close_and_return_a_dollar",
    ),
    rule(
        "17.3 priority",
        "Better prices trade first, then earlier orders.",
        f"{MATCH}test_better_price_first_then_earlier_time",
    ),
    rule(
        "17.3 resting price",
        "A trade happens at the price of the order that rested.",
        f"{MATCH}test_trades_happen_at_the_resting_price",
    ),
    rule(
        "17.3 hundredths",
        "A hundredth of a contract can be traded.",
        f"{MATCH}test_a_hundredth_of_a_contract_trades",
    ),
    rule(
        "17.3 grids",
        "Every market has a grid of its own, on which all whole cents are.",
        f"{MATCH}test_sub_cent_grids",
        f"{PARTS}test_whole_cents_are_on_every_grid",
        f"{LIFE}test_a_finer_grid_takes_finer_prices",
    ),
    rule(
        "17.4 time in force",
        "An immediate order leaves nothing behind, whatever it filled.",
        f"{MATCH}test_immediate_or_cancel_leaves_nothing",
    ),
    rule(
        "17.4 fill or kill",
        "What cannot be filled whole is a 409, except where it met its owner.",
        f"{ORDERS}test_the_recorded_error_bodies",
        f"{MATCH}test_fill_or_kill_is_an_error_that_uses_up_its_client_id",
        f"{MATCH}test_fill_or_kill_that_meets_its_owner_is_treated_as_immediate",
    ),
    rule(
        "17.4 empty immediate",
        "An immediate order without a counterpart is a 201 with two zeros.",
        f"{REST_RULES}TestOrderRules::"
        "test_an_immediate_order_without_a_counterpart_is_a_201_with_zeros",
    ),
    rule(
        "17.4 post only",
        "A post-only order that would trade is a 400 with its recorded body.",
        f"{MATCH}test_post_only_that_would_trade_is_refused",
        f"{ORDERS}test_the_recorded_error_bodies",
    ),
    rule(
        "17.4 self trade",
        "Meeting one's own order cancels the taker there, or the resting order.",
        f"{MATCH}test_self_trade_cancels_the_taker_at_the_crossing",
        f"{MATCH}test_self_trade_may_cancel_the_maker_instead",
    ),
    rule(
        "17.4 reduce only",
        "Reduce-only is capped by the net position and takes immediate orders only.",
        f"{MATCH}test_reduce_only_is_capped_by_the_position",
        f"{REST_RULES}TestOrderRules::test_reduce_only_looks_at_the_net_position",
    ),
    rule(
        "17.4 expiry",
        "An order ends at its expiry, which only a resting one may have, in the future.",
        f"{VENUE}test_orders_expire",
        f"{REST_RULES}TestOrderRules::test_only_a_resting_order_expires",
        f"{ORDERS}test_the_recorded_error_bodies",
    ),
    rule(
        "17.4 duplicates",
        "A client order id is refused for ever once it was used.",
        f"{MATCH}test_a_client_id_is_used_for_ever",
        f"{ORDERS}test_the_recorded_error_bodies",
    ),
    rule(
        "17.4 dead orders",
        "Cancelling a canceled, executed, foreign or unknown order is the same 404.",
        f"{MATCH}test_every_dead_order_gives_the_same_404",
        f"{ORDERS}test_a_resting_order_from_birth_to_death",
    ),
    rule(
        "17.4 amend",
        "An amend's count is filled plus remaining, and it may trade.",
        f"{MATCH}test_an_amends_count_is_filled_plus_remaining_and_it_may_trade",
        f"{MATCH}test_a_refused_amend_changes_nothing",
    ),
    rule(
        "17.4 queue",
        "Only a smaller size or another expiry keeps the place in the queue.",
        f"{MATCH}test_an_amend_keeps_the_queue_only_when_it_shrinks",
        f"{REST_RULES}TestOrderRules::test_an_amend_of_the_expiry_alone_keeps_the_queue",
        f"{MATCH}test_decrease_keeps_the_queue_and_to_zero_cancels",
    ),
    rule(
        "17.4 cancel all",
        "Cancel-all is an empty 204 and takes only one's own orders.",
        f"{MATCH}test_cancel_all_takes_only_ones_own",
        f"{SUBACCOUNTS}test_cancel_all_takes_one_subaccount_or_all",
        f"{REST_RULES}TestOrderRules::test_an_amend_of_the_expiry_alone_keeps_the_queue",
    ),
    rule(
        "17.4 batches",
        "Each item of a batch has its own outcome under one good status.",
        f"{ORDERS}test_batches_answer_item_by_item",
    ),
    rule(
        "17.5 lag",
        "Reads of the account are behind its writes, by default at least 0.4 s.",
        f"{LAG}test_an_order_and_its_end_are_read_late",
        f"{LAG}test_fills_positions_and_cash_are_read_late_and_together",
        f"{REST_RULES}test_reads_lag_by_default_as_much_as_was_measured",
    ),
    rule(
        "17.5 as of",
        "The exchange says up to when reads are complete.",
        f"{LAG}test_an_order_and_its_end_are_read_late",
        f"{READS}test_status_and_schedule",
    ),
    rule(
        "17.6 curve",
        "Fees follow the published curve of the series, for takers and for makers.",
        f"{FEES}test_the_general_fee_table",
        f"{FEES}test_fees_of_whole_cent_orders_of_a_direct_member",
        f"{FEES}test_series_decide_the_makers_fee",
    ),
    rule(
        "17.6 accumulator",
        "Rounding adds up over the fills of an order and is paid back a cent at a time.",
        f"{FEES}test_the_published_walk_throughs",
        f"{FEES}test_rounding_only_lands_on_the_members_precision",
    ),
    rule(
        "17.6 overrides",
        "An event may override its series, and a market's fees may be waived for a time.",
        f"{LIFE}test_a_waiver_and_an_event_override_change_the_fee",
    ),
    rule(
        "17.7 netting",
        "The other side closes what is held first and returns a dollar a pair.",
        f"{LEDGER}test_yes_and_no_pairs_close_and_return_a_dollar",
        f"{LEDGER}test_selling_beyond_the_position_opens_the_other_side",
    ),
    rule(
        "17.7 collateral",
        "Orders need cash on their market's shard, what rests included.",
        f"{SHARDS}test_an_order_needs_cash_on_its_markets_shard",
        f"{MATCH}TestCash::test_resting_orders_reserve_but_do_not_reduce_the_balance",
    ),
    rule(
        "17.7 balance errors",
        "Too little cash is a 400; a shard that never had any is a 404.",
        f"{SHARDS}test_an_order_needs_cash_on_its_markets_shard",
    ),
    rule(
        "17.7 transfers",
        "Money moves between shards later and once, and never away from resting orders.",
        f"{SHARDS}test_money_moves_with_a_status_and_only_once",
        f"{SHARDS}test_what_rests_cannot_be_moved_away",
        f"{SUBACCOUNTS}test_a_subaccount_trades_with_its_own_money",
    ),
    rule(
        "17.7 settlement",
        "The winner gets a dollar; a scalar value is split between both sides.",
        f"{LEDGER}test_settlement_pays_the_winner_and_records_what_it_cost",
        f"{REST_RULES}test_a_settlement_pays_both_sides_their_part_in_whole_cents",
    ),
    rule(
        "17.7 revenue",
        "A payout is in whole cents.",
        f"{LIFE}test_a_scalar_result_pays_its_value",
        f"{REST_RULES}test_a_settlement_pays_both_sides_their_part_in_whole_cents",
    ),
)
