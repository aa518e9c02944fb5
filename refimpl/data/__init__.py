"""The data layer: identifiers, canonical bytes, Merkle trees, the state map, transactions, blocks, certificates.

It knows neither who orders blocks nor what a contract does with them.
"""
