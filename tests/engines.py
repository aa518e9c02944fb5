"""The contracts of the installed engines, for tests that draw plans."""

from conformance.targets import contract

TENDERMINT = contract("tendermint")
