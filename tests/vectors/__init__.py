"""The vectors of the data layer: each case is put to the reference while it is written, and replayed by a test."""
