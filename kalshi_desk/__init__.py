"""kalshi-desk: a terminal trading desk for the Kalshi prediction-market exchange."""

__version__ = "0.1.0"
