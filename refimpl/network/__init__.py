"""Layer 2, NETWORK: what travels between members, as values and bytes.

Pure: there is no socket here and no clock. A shell, a simulator or another engine carries the bytes.
"""
