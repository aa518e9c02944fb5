"""Speed, as ratios of things measured in one run on one machine: `python -m bench`.

Why ratios: seconds change with the machine and the hour, the ratio of two loads that take turns hardly does. Each file
is one family of items; `measure` is the method they share. It must not assert anything about seconds.
"""
