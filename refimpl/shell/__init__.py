"""Where the command meets a person and a disk: messages in two languages, the terminal, files written whole.

Nothing here knows what a ledger is. The layers never import it; only commands do.
"""
