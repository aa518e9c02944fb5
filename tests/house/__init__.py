"""The rules of the house, as tests: who may import whom, clauses and codes traced both ways, docstrings, sizes.

They read the tree as text and as syntax; they import nothing of what they judge, except where importing is the
question.
"""
