"""The work: takes a bulletin in, freezes it, and sees every delivery through."""
