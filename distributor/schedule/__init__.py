"""When a finalised bulletin goes out: send rules, their next hours, an hour that is past, and the alarm clock."""
