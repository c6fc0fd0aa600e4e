"""Carries messages: one file or folder per channel, all behind the protocol in `base.py`."""
