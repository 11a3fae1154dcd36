"""The language of the faces: command, query, frame and event types and the link's client."""
