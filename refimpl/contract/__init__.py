"""Layer 4, CONTRACT: what a transaction does to the state.

The programs and their meaning are `contracts_dsl`'s; here they meet the ledger's state map. Execution never asks how
the order of transactions came about.
"""
