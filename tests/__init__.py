"""Tests of yilian. `house/` holds the rules of the code itself; every other folder mirrors what it tests."""
