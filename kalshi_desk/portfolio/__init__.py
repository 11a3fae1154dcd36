"""What is owned and what it is worth: positions, cash, P&L and settlement; no orders."""
