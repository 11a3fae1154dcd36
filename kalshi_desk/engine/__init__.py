"""The trading core wired from the pure rooms, and the live shell around it."""
