"""Recognises what comes back. For now: the tokens that let it be recognised."""
