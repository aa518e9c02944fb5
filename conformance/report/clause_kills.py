"""Clauses and the planted bugs that they kill, as a page of the documentation.

It must not play or judge anything.
"""

from collections.abc import Sequence

from conformance.drivers.clause_kills import ClauseKills, idle

__all__ = ["page"]


def page(kills: Sequence[ClauseKills]) -> str:
    """The table as Markdown: who kills, then who kills nobody."""
    nobody = idle(kills)
    lines = [
        "# Which clause kills which planted bug", "",
        "Every MUST of consensus and ledger. A planted bug overrides one rule of the reference; *its rule* are killed",
        "bugs whose rule cites the clause, *named* are those in whose kill the clause was seen broken: by a plan",
        "(`conformance/zoo/kills`), or at the door (`yilian selfcheck --door`). Nothing is played for this page:",
        "`yilian matrix --clauses`. `make kills` asks the door again and writes the page.", "",
        "| clause | kills | its rule | named |", "| --- | --- | --- | --- |",
        *(f"| {one.clause} | {len(one.bugs)} | {' '.join(one.of_its_rule) or '-'} | {' '.join(one.named) or '-'} |"
          for one in kills if one.bugs),
        "",
        f"{len(kills) - len(nobody)} of {len(kills)} clauses kill somebody. The others kill nobody: no bug is planted",
        "on them yet. What holds them are tests and vectors (`docs/reference/trace-matrix.md`), whose strength this",
        "page says nothing of.", "",
        *(" ".join(nobody[at : at + 14]) for at in range(0, len(nobody), 14)),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
