"""What a backtest's report reads like on the Lab screen."""

from __future__ import annotations

from kalshi_desk.tui.report_facts import report_facts

REPORT = {
    "total_return": 0.0123,
    "markouts": {
        "maker, 1 min": {"fills": 40, "dollars_a_contract": 0.00314},
        "maker, 30 min": {"fills": 0, "dollars_a_contract": None},
    },
    "shortfall": {"es95_day": "12.5", "days_counted": 31, "es95_bet": None, "bets_counted": 7},
    "turnover": {"traded": "1234.5", "times_equity": 1.25, "times_equity_a_day": 0.04},
    "fee_stress": {
        "times_fees": 1.5,
        "stressed_fees": "-45.46",
        "stressed_net": "-3.2",
        "stressed_return": -0.0003,
    },
    "fill_model": "queue-averse",
}


def test_markouts_tail_turnover_and_dearer_fees_are_sections_of_the_report() -> None:
    lines = ["".join(cell.text for cell in fact) for fact in report_facts(REPORT, 60)]
    text = "\n".join(" ".join(line.split()) for line in lines)
    assert "Markouts after fees, by minutes" in text
    assert "fills 40 · mean $ a contract 0.0031" in text
    assert "fills 0 · mean $ a contract —" in text
    assert "days, average loss" in text
    assert "$12.50" in text
    assert "$1,234.50" in text
    assert "times equity a day" in text
    assert "With fees half as high again" in text
    assert "−0.03%" in text
    assert lines.index("Assumptions") > lines.index("Turnover")
