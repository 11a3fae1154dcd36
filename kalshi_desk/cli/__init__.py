"""The composition root: parses, wires and starts; any room may enter lazily, no rule may."""
