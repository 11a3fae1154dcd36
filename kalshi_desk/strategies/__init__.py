"""The strategy contract and the strategies: pure decisions over a view as of one moment."""
