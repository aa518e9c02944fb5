"""The kit's own ledger: what a node's answers are compared with. Written from the text; the meaning of contracts is the
definitional interpreter's."""
