"""[5 APPLICATION] What institutions do with the ledger: records sealed off the chain, referrals read from their
systems.

The layer stands on data, contract and crypto. It must not know how an order of transactions is agreed, nor any disk
or socket.
"""
