"""The Textual face: draws frames, turns keys into commands, decides nothing about orders."""
