"""A guest process that serves REST and WebSocket on loopback from what the link tells."""
