"""Another shell around the trading core: recordings and simulated books in, reports out."""
