"""The steps from each version of the tables to the next. They ship with the program and run when it starts."""
