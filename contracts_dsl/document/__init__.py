"""What a lawyer reads of a package: one page in two languages, drawn from the typed program.

    prose.py     conditions, effects, limits and types in words
    diagram.py   the states of a contract and what leads from one to another, as SVG
    sections.py  who may do what, the ladder of deadlines, who may read which fields
    page.py      the page around them

The same program gives the same bytes. Nothing here reads a clock, a disk or a network, and the page needs none of them.
"""
