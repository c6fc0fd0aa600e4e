"""Reads a bulletin as offices write it into one immutable model, and says what looks wrong."""
