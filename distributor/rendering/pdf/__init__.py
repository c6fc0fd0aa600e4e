"""The bulletin on paper: `paper` arranges it, `document` has Typst set it, `faults` says what went wrong."""
