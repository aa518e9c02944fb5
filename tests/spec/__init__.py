"""The formal side of the specification: proofs that are run, and exact figures."""
