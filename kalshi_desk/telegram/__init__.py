"""A guest process that speaks the Bot API on one side and the link on the other."""
