"""When a finalised bulletin goes out: send rules, their next hours, what to do when an hour is past, and the alarm."""
