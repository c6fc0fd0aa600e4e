"""The law of a delivery: its states, its outcomes, its retries. Pure functions, no I/O."""
