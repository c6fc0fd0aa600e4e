"""Who gets the bulletin: reads recipients.yaml, and checks it against the bulletin's own 报/送/发 lines."""
