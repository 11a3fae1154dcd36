"""Mathematics only: numbers and arrays in, results out; no clock, no disk, no order enters."""
