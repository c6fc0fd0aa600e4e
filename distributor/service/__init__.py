"""The background service: the parts put together in one process and one event loop.

`office.py` holds what all parts share, `duties.py` is what the clock strikes for, `sending.py` keeps
the letters moving, `run.py` starts and ends it all.
"""
