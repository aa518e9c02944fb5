"""Which clause kills which planted bug: a table out of the kills that are kept, without playing anything.

A planted bug overrides one rule of the reference, whose source cites the clause that it carries out: this clause is
what the bug breaks. Besides, a kill names the law that was seen broken: an invariant in a plan, a clause at the door. A
clause kills a bug if it is one of these, and the bug is killed. It must not hunt.
"""

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from conformance.drivers.matrix import Row
from conformance.standard import clauses
from conformance.zoo import ZOO, load
from conformance.zoo.wire import WIRE

__all__ = ["AREAS", "DOOR", "ClauseKills", "clause_kills", "read_door", "rules_of"]

DOOR: Final = "door.json"
"""What `yilian selfcheck --door --json` printed, beside the kept matrix."""
AREAS: Final = ("INV-", "CON-", "DAT-", "CTR-D")
"""The clauses of consensus and ledger, by how their ids begin."""
_ID: Final = re.compile(
    r"\b((?:NOD|DAT|NET|CON|CTR|APP)-[A-Z]?\d{1,3}|INV-[A-Z]\d{1,2})\b(?! (?:to|\.\.) )(?<!(?:to|\.\.) .......)"
)
"""One clause; of a range, `DAT-085 .. DAT-095` or with `to`, none."""


@frozen
class ClauseKills:
    """One MUST clause, the killed bugs whose rule it is, and those in whose kill it was named."""

    clause: str
    of_its_rule: tuple[str, ...]
    named: tuple[str, ...]

    @property
    def bugs(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.of_its_rule, *self.named)))


def read_door(folder: Path) -> Mapping[str, str]:
    """Bug -> the clause that was named when it was caught at the door; none where nothing is kept."""
    path = folder / DOOR
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"zoo": []}
    return {one["id"]: one["clause"] for one in data["zoo"] if one["right"] and one["expected"]}


def rules_of(name: str) -> tuple[str, ...]:
    """The clauses that the rule cites which a planted bug overrides; none for a bug of a whole part."""
    load()
    made = ZOO[name].make if name in ZOO else None
    if not inspect.isclass(made):
        return ()
    found: list[str] = []
    for overridden in vars(made):
        right = next((vars(base)[overridden] for base in made.__mro__[1:] if overridden in vars(base)), None)
        if inspect.isfunction(right):
            found += _ID.findall(" ".join(inspect.getsource(right).split()))
    return tuple(dict.fromkeys(found))


def clause_kills(rows: Sequence[Row], door: Mapping[str, str]) -> list[ClauseKills]:
    """Every MUST clause of consensus and ledger, by area and id."""
    load()
    named: dict[str, list[str]] = {}
    for row in rows:
        for kill in row.kills:
            named.setdefault(kill.clause.partition(".")[0], []).append(row.id)
    for name, clause in door.items():
        named.setdefault(clause.partition(".")[0], []).append(name)
    killed = {row.id for row in rows if row.kills} | set(door)
    of_rule: dict[str, list[str]] = {}
    for name in (*ZOO, *WIRE):
        for clause in rules_of(name) if name in killed else ():
            of_rule.setdefault(clause, []).append(name)
    return [ClauseKills(one, tuple(of_rule.get(one, ())), tuple(dict.fromkeys(named.get(one, ()))))
            for one in musts()]  # fmt: skip


def musts() -> list[str]:
    """The MUST clauses of consensus and ledger."""
    binding = [name for name, one in clauses().items() if one.binds and name.startswith(AREAS)]
    return sorted(binding, key=lambda name: (next(i for i, area in enumerate(AREAS) if name.startswith(area)), name))


def idle(kills: Iterable[ClauseKills]) -> list[str]:
    """The clauses that kill nobody."""
    return [one.clause for one in kills if not one.bugs]
