"""The working days of China: the announced calendar with 调休, and the office's own file, which wins."""
