"""Whole runs: consortia under faults, judged by the checkers."""
