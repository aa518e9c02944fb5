"""The levels: tests that a node passes, fails, or was not asked. `smoke`, then L0 to L3, each a file."""
