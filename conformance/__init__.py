"""The conformance kit: worlds of virtual time, adversaries as plans, checkers of histories, and their reports.

It shares no code with what it tests: `refimpl` may be imported by `conformance.adapters.reference` and by the zoo of
planted bugs alone. Everything else here speaks to a node through the Reactor of `conformance.reactor`.
"""
