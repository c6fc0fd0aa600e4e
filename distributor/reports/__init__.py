"""Tells people where things stand, from the rows alone."""
