"""The reference ledger: five layers (data, network, consensus, contract, application) over crypto, joined in node.

See ARCHITECTURE.md. This package itself imports nothing, so that naming it costs nothing.
"""

__version__ = "0.1.0"
