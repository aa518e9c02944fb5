"""Chooses steps by itself: a walk through what a package allows, the same for the same seed.

Steps are drafted as text in the syntax of tests, so that a walk can be written down and played again. A draft that is
refused costs nothing and is forgotten; many are, because rules are strict. The numbers come from SHA-256 over seed and
counter: the same on every machine and version.

This module must not know how a step is executed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from attrs import define, field

from contracts_dsl import ir
from contracts_dsl.decide import Request, decide
from contracts_dsl.lexer import ESCAPE_MARKS, words
from contracts_dsl.play import Session, Turn
from contracts_dsl.program import ContractProgram
from contracts_dsl.typesystem import Type, parse_type

T = TypeVar("T")
AIMS_MAX = 12
"""Clauses that are aimed at for one step before time moves instead."""
ACTIONS_MAX = 12
"""Drafts of an action before another is aimed at."""
BEGINNINGS_MAX = 300
"""Drafts of a start, which has more arguments and stricter conditions."""
READINGS_MAX = 6
"""Requests that are thought of before one that will be refused is made."""
_AMOUNTS = (1, 100, 900, 5_000, 20_000, 60_000)
_DAYS = (1, 3, 30, 365)


@define
class Draw:
    """Numbers from a seed."""

    seed: int
    count: int = 0

    def below(self, limit: int) -> int:
        """A number from 0 up to, not including, `limit`."""
        self.count += 1
        digest = hashlib.sha256(f"yilian/play/{self.seed}/{self.count}".encode()).digest()
        return int.from_bytes(digest[:8]) % limit

    def one(self, choices: Sequence[T]) -> T:
        """One of some."""
        return choices[self.below(len(choices))]


@define
class Wanderer:
    """Drafts steps for a session."""

    session: Session
    draw: Draw
    contracts: frozenset[str]
    """The contracts whose instances it begins."""
    codes: int = field(default=0)

    def steps(self, count: int) -> Iterator[Turn]:
        """So many steps that were done; fewer if nothing is possible any more."""
        for _ in range(count):
            turn = self._step()
            if turn is None:
                return
            yield turn

    def _step(self) -> Turn | None:
        if self.draw.below(5) == 0 and (turn := self._time()) is not None:
            return turn
        for _ in range(AIMS_MAX):
            draft, tries = self._aim()
            for _ in range(tries):
                written = draft()
                turn = next(self.session.run(written), None) if written is not None else None
                if turn is not None and not turn.failed:
                    return turn
        return self._time()

    def _time(self) -> Turn | None:
        """Let time pass until just after the next clock has run out."""
        world = self.session.stage.world
        if not world.queue:
            return None
        minutes = (world.queue[0].deadline - world.now()) // 60 + 1
        unit, length = next(one for one in (("DAYS", 1440), ("HOURS", 60), ("MINUTES", 1)) if minutes % one[1] == 0)
        word = words(self.session.language).word
        return next(self.session.run(f"{word['WAIT']} {max(1, minutes // length)} {word[unit]};"), None)

    def _aim(self) -> tuple[Callable[[], str | None], int]:
        """What to try next, and how often. Beginnings are strict, so they are drafted often; the rarest first."""
        stored = self.session.stage.world.stored
        program = self.session.checked.program
        what = self.draw.below(8)
        if what == 0:
            return self._reading, 1
        open_clauses = list(self._open())
        if open_clauses and what < 6:
            return partial(self._action, *self.draw.one(open_clauses)), ACTIONS_MAX
        begun = Counter(instance.contract for instance in stored)
        starts = {name: program.contracts[name].module.start for name in sorted(self.contracts)}
        able = [name for name, clauses in starts.items() if any(clause.actors for clause in clauses)]
        if not able:
            return self._reading, 1
        name = min((self.draw.one(able) for _ in range(3)), key=lambda one: begun[one])
        return partial(self._start, program.contracts[name]), BEGINNINGS_MAX

    def _start(self, contract: ContractProgram) -> str | None:
        clause = self.draw.one([clause for clause in contract.module.start if clause.actors])
        given: dict[str, str] = {}
        for name, kind in contract.types.items():
            needed = not kind.optional and name not in contract.initial
            if (needed or self.draw.below(4) == 0) and (value := self._value(kind)) is not None:
                given[name] = value
        signers = [given[actor] for actor in clause.actors if actor in given]
        if len(signers) < len(clause.actors):
            return None
        given |= self._parameters(clause)
        return self._said(signers, self._name(contract.module.name), clause.action, given)

    def _open(self) -> Iterator[tuple[ContractProgram, ir.Acting, int]]:
        """Every clause that a party might act by now, with its instance."""
        for instance in self.session.stage.world.stored:
            contract = self.session.checked.program.contract(instance.contract, instance.version)
            assert contract is not None, "an instance of a contract that is not deployed"
            for clause in contract.states[instance.state].clauses:
                if not isinstance(clause, ir.Wait) and clause.actors:
                    yield contract, clause, instance.id

    def _action(self, contract: ContractProgram, clause: ir.Acting, ordinal: int) -> str | None:
        values = self.session.stage.world.stored[ordinal].values
        signers = [values[contract.position[actor]] for actor in clause.actors]
        target = next(name for name, bound in self.session.stage.bound.items() if bound == ordinal)
        if not all(isinstance(signer, str) for signer in signers):
            return None
        return self._said([str(one) for one in signers], target, clause.action, self._parameters(clause))

    def _reading(self) -> str | None:
        """A request to read; None if there is nothing to read, or nobody."""
        program, world = self.session.checked.program, self.session.stage.world
        kept = {name: [one for one in world.stored if one.contract == name] for name in sorted(program.policy_of)}
        readable = [name for name, records in kept.items() if records and program.policy_of[name].groups]
        readers = [name for name, node in world.directory.items() if node.kind in program.party_types]
        if not readable or not readers:
            return None
        written = ""
        for _ in range(READINGS_MAX):  # most are refused; one that is allowed says more
            contract = self.draw.one(readable)
            record, group = self.draw.one(kept[contract]), self.draw.one(program.policy_of[contract].groups).name
            reader, purpose = self.draw.one(readers), self.draw.one(program.purposes) if program.purposes else None
            request = Request(contract, record.id, (group,), purpose, (reader,))
            allowed = all(one.outcome == "allow" for one in decide(program, world, request))
            written = self._asked(request, allowed=allowed)
            if allowed:
                break
        return written

    def _asked(self, request: Request, *, allowed: bool) -> str:
        """A request as a step, with what the rules will say to it."""
        word = words(self.session.language).word
        record = next(name for name, bound in self.session.stage.bound.items() if bound == request.record)
        stated = f" {word['FOR']} {self._name(request.purpose)}" if request.purpose is not None else ""
        fields = f"{self._name(record)}.{self._name(request.fields[0])}"
        answer = "" if allowed else f" {word['REFUSED']}"
        return f"{self._name(request.signers[0])} {word['READS']} {fields}{stated}{answer};"

    def _said(self, signers: Sequence[str], target: str, action: str, given: Mapping[str, str]) -> str:
        both = f" {words(self.session.language).word['AND']} "
        arguments = ", ".join(f"{self._name(name)} = {value}" for name, value in given.items())
        signed = both.join(dict.fromkeys(self._name(signer) for signer in signers))
        return f"{signed}: {self._name(target)}.{self._name(action)}({arguments});"

    def _parameters(self, clause: ir.Acting) -> dict[str, str]:
        found = {one.name: self._value(parse_type(one.type)) for one in clause.params}
        return {name: value for name, value in found.items() if value is not None}

    def _name(self, name: str) -> str:
        """A name as it is written: escaped if it is a word of the surface."""
        language = self.session.language
        opening, closing = ESCAPE_MARKS[language]
        return f"{opening}{name}{closing}" if name in words(language).terminal else name

    # ---- values

    def _value(self, kind: Type) -> str | None:
        """A value of a type, as it is written; None if there is none yet."""
        word = words(self.session.language).word
        match kind.kind:
            case "bool":
                return self.draw.one((word["TRUE"], word["FALSE"]))
            case "int":
                low, high = kind.bounds
                return str(max(0, self.draw.one((low, high, low + 1, low + self.draw.below(high - low + 1)))))
            case "money":
                return f"{self.draw.one(_AMOUNTS)} {word['YUAN']}"
            case "time":
                return f"{word['NOW']} + {self.draw.one(_DAYS)} {word['DAYS']}"
            case "code":
                self.codes += 1
                return f'"C-{self.codes}"'
            case "hash":
                return f'"h{self.draw.below(3)}"'
        choices = self._choices(kind)
        if kind.kind == "set":
            return "{" + ", ".join(dict.fromkeys(self.draw.one(choices) for _ in range(2))) + "}" if choices else "{}"
        return self.draw.one(choices) if choices else None

    def _choices(self, kind: Type) -> list[str]:
        """The names that a value of a named type can be."""
        program, stage = self.session.checked.program, self.session.stage
        if kind.kind == "purpose" or (kind.kind, kind.name) == ("set", "purpose"):
            names = list(program.purposes)
        elif kind.kind in ("enum", "set"):
            names = list(program.enums.get(kind.name, ()))
        elif kind.kind == "contract":
            names = [name for name, at in stage.bound.items() if stage.world.stored[at].contract == kind.name]
        else:
            kinds = program.party_types if kind.kind == "party" and not kind.name else {kind.name}
            names = [name for name, node in stage.world.directory.items() if node.kind in kinds]
        return [self._name(name) for name in names]
