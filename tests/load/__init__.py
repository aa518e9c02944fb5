"""Makers of input data, run by hand with the `load` dependency group; nothing here runs in the test suite."""
