"""The life of orders: what was intended, what the exchange said, what is still unknown."""
