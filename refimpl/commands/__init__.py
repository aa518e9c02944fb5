"""The commands that `refimpl/cli.py` lists: what a person asks for, in one file each.

A command reads what it is given, has the work done elsewhere, and tells the result: data on stdout, talk on stderr. It
must not decide anything about a ledger.
"""
