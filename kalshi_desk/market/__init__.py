"""The live view of the markets: only state that follows from market events may enter."""
