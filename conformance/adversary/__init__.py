"""The adversary: how atoms act, and where plans come from."""
