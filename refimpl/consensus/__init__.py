"""Layer 3, CONSENSUS: engines that put opaque payloads into one order.

An engine never sees a transaction, a contract or a patient: it orders digests, and asks by an effect whether a
payload is acceptable. One engine is one file; `interface` is what they share, `registry` how they are found.
"""
