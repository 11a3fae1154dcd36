"""The shared language of the desk: only pure value types, records, rules and ports may enter."""
