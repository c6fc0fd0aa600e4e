"""Recognises what comes back: the tokens of our letters, and reports, replies and bounces in a mailbox."""
