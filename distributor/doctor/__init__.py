"""Looks at everything the program depends on and says what to do: one check per file, nothing is sent or changed."""
