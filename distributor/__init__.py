"""Carries a finalised bulletin to every named person on its lists and proves what happened to each copy."""

__version__ = "0.1.0"
