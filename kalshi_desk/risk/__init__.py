"""What may be done: sizing, exposure and the gate; pure rules over what they are shown."""
