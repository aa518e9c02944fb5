"""A plan as sentences, and a run as a table that shows who heard what: the counterexample a person reads.

Everything is generated from atoms and from the history; there is no free text. It must not run anything.
"""

import json
from collections.abc import Iterable

from conformance.history import Decision, Delivery, History, Violation
from conformance.plan import Atom, Byz, Crash, Cut, Inject, Plan, Shift
from conformance.report.cone import focused
from conformance.report.missing import lasso, missing
from conformance.report.words import Language, word
from conformance.sentences import in_words, kind


def sentences(plan: Plan, language: Language) -> list[str]:
    """One sentence an atom in the order of the run, then one for each liar that falls silent and for slow links."""
    ordered = sorted(plan.atoms, key=lambda atom: (getattr(atom, "h", 0), getattr(atom, "r", 0), atom.k))
    told = [sentence(atom, language) for atom in ordered]
    if plan.lottery:
        told.append(word("lottery", language, slots=" ".join(winners(won) for won in plan.lottery)))
    told += [word("silent", language, node=node) for node, mood in sorted(plan.after.items()) if mood == "silent"]
    if plan.delta > 1:
        told.append(word("slow", language, delta=plan.delta))
    return told or [word("nobody", language)]


def winners(won: Iterable[int]) -> str:
    """The nodes that win a slot, as often as they do; a dash for nobody."""
    return "+".join(str(node) for node in won) or "-"


def sentence(atom: Atom, language: Language) -> str:
    """What one atom does."""
    names = ("src", "dst", "n", "to_r", "node", "d", "value", "when", "disk", "posing")
    values: dict[str, object] = {name: getattr(atom, name) for name in names if hasattr(atom, name)}
    values["where"] = word("where", language, h=getattr(atom, "h", 1), r=getattr(atom, "r", 0))
    if hasattr(atom, "ph"):
        values["ph"] = kind_of(atom.ph, language)
    values["to"] = listed(getattr(atom, "to", ()))
    key = atom.k
    match atom:
        case Cut():
            values["side"] = listed(atom.side)
        case Crash():
            back = atom.back
            values["back"] = word("back.gst", language) if back is None else word("back.place", language, **back)
        case Byz():
            key = f"byz.{act_name(atom)}"
            act = atom.act if isinstance(atom.act, dict) else {}
            values["value"] = act.get("value", act.get("payload", ""))
            values["other"] = atom.r + act.get("round", 0)
        case Shift():
            values["from_"] = word("where", language, **atom.from_)
        case Inject(posing=int()):
            key = "pose"
    told, lie = word(key, language, **values), getattr(atom, "act", None)
    on = lie.get("on") if isinstance(lie, dict) else getattr(atom, "on", None)
    return told if on is None else word("beneath", language, text=told, on=on)


def kind_of(phase: str, language: Language) -> str:
    """The name of a kind of message; an engine from elsewhere may have kinds of its own."""
    return in_words(kind(phase), language)


def act_name(atom: Byz) -> str:
    """The kind of lie."""
    if isinstance(atom.act, str):
        return "omit" if atom.act == "omit" else "corrupt"
    return next(name for name in ("value", "payload", "round", "stale") if name in atom.act)


def listed(nodes: Iterable[int]) -> str:
    """Nodes as `1, 2`."""
    return ", ".join(str(node) for node in nodes)


class Values:
    """Short names for values: v<i> by its author where the happy path made it, else a, b, c."""

    def __init__(self, history: History) -> None:
        self.names: dict[str, str] = {"nil": "nil", "": "-"}
        for decision in history.decisions:
            self.name(decision.block.digest)

    def name(self, value: str) -> str:
        """The short name of a value; the same value has the same name throughout a report."""
        if value not in self.names:
            self.names[value] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(len(self.names) - 2) % 26]
        return self.names[value]


def table(history: History, language: Language, nodes: tuple[int, ...] = ()) -> list[str]:
    """For each (height, round) and correct node, or those of `nodes`: the proposal, the votes it heard by value, and
    what became final. Rounds in which nothing was decided and no fault acted are left out."""
    names = Values(history)
    phases = history.contract.phases
    places = sorted({(d.height, d.round) for d in history.deliveries if d.kind in phases} & telling(history))
    shown = [node for node in history.plan.correct if node in nodes] or history.plan.correct
    rows: list[str] = []
    for height, round_ in places:
        heard = [d for d in history.deliveries if (d.height, d.round) == (height, round_)]
        rows.append(word("round", language, h=height, r=round_))
        for node in shown:
            cells = [cell(history, heard, node, phase, names) for phase in phases]
            final = [names.name(d.block.digest) for d in history.decisions if (d.node, d.round) == (node, round_)
                     and (d.height == height or history.contract.rounds == "run")]  # fmt: skip
            end = f"  {word('final', language)} {final[-1]}" if final else ""
            labelled = "  ".join(f"{kind_of(ph, language)} {text}" for ph, text in zip(phases, cells, strict=True))
            rows.append(f"  {word('node', language, i=node)}  {labelled}{end}")
    if rows and history.plan.faulty:
        rows.append(word("star", language))
    return rows


def telling(history: History) -> set[tuple[int, int]]:
    """The places of a run that a reader needs: where an atom acts, where something was decided, and the last one."""
    acted = {(getattr(atom, "h", 1), getattr(atom, "r", 0)) for atom in history.plan.atoms}
    runs_on = history.contract.rounds == "run"
    decided = {(1 if runs_on else one.height, one.round) for one in history.decisions}
    heard = {(one.height, one.round) for one in history.deliveries if one.kind in history.contract.phases}
    return acted | decided | {max(heard, default=(1, 0))}


def cell(history: History, heard: list[Delivery], node: int, phase: str, names: Values) -> str:
    """`A: 0* 1 2  nil: 3`: who said what, as this node heard it."""
    said: dict[str, list[str]] = {}
    own = [(s.node, s.value) for s in history.statements if s.kind == phase and s.node == node
           and heard and (s.height, s.round) == (heard[0].height, heard[0].round)]  # fmt: skip
    for signer, value in [*own, *((d.src, d.value) for d in heard if d.dst == node and d.kind == phase)]:
        mark = f"{signer}*" if signer in history.plan.faulty else str(signer)
        voters = said.setdefault(names.name(value), [])
        if mark not in voters:
            voters.append(mark)
    return " ".join(f"{value}: {' '.join(sorted(voters))}" for value, voters in sorted(said.items())) or "-"


def report(
    plan: Plan, history: History, violations: tuple[Violation, ...], language: Language, replay: str, before: str = ""
) -> list[str]:
    """A failure as a person reads it: the law, expected and actual, the plan, the table, and how to replay it."""
    rows = []
    for violation in violations:
        liars = f"{word('liar', language)}: {listed(plan.faulty) or '-'}"
        rows.append(f"{violation.clause}  {plan.engine}  n={plan.n}  {liars}")
        rows.append(f"  {word('expected', language)}  {in_words(violation.expected, language)}")
        rows.append(f"  {word('actual', language)}  {in_words(violation.actual, language)}")
    rows += [f"  {row}" for row in certificates(history, violations, language)]
    rows.append(f"  {word('plan', language)}  {before}".rstrip())
    rows += [f"    {number}. {text}" for number, text in enumerate(sentences(plan, language), 1)]
    near = focused(history, violations)
    if violations:
        counts = {"kept": len(near.deliveries), "all": len(history.deliveries)}
        rows.append(f"  {word('matter', language, **counts)}")
    rows += [f"  {row}" for row in table(near, language, about(violations))]
    rows += [f"  {row}" for row in quorums(history, language)]
    broken = dict.fromkeys(violation.clause for violation in violations)
    rows += [f"  {word('test', language)}  {paste(plan, clause, language)}" for clause in broken]
    rows.append(f"  {word('replay', language)}  {replay}")
    return rows


def about(violations: tuple[Violation, ...]) -> tuple[int, ...]:
    """The nodes that a failure is about; none where it is about all."""
    return tuple(sorted({node for violation in violations for node in violation.nodes}))


def certificates(history: History, violations: tuple[Violation, ...], language: Language) -> list[str]:
    """Where agreement or a certificate is broken: what the nodes in question show for what they decided."""
    concerned = {"INV-S1", "INV-S6"} & {violation.clause for violation in violations}
    fork = next((one for one in violations if one.clause in concerned), None)
    if fork is None:
        return []
    names, rows = Values(history), []
    at = next(one.height for one in history.decisions if one.tick == fork.tick and one.node == fork.nodes[-1])
    first = {one.node: one for one in reversed(history.decisions) if one.height == at and one.node in fork.nodes}
    for node, one in sorted(first.items()) if any(one.votes for one in first.values()) else ():
        voters = " ".join(f"{voter}*" if voter in history.plan.faulty else str(voter) for voter, _ in one.votes)
        value = names.name(one.block.digest)
        rows.append(word("shown", language, node=node, h=at, value=value, voters=voters or "-"))
    return rows


def quorums(history: History, language: Language) -> list[str]:
    """For each undecided node: the votes that it heard, those that it needs, and why each is absent."""
    names, rows = Values(history), []
    for row in missing(history):
        heard = " ".join(f"{names.name(value)}: {listed(who)}" for value, who in row.heard) or "-"
        absent = ", ".join(f"{one.node} {word(one.why, language, where=one.where)}" for one in row.absent) or "-"
        place = word("where", language, h=row.height, r=row.round)
        rows.append(word("quorum", language, node=row.node, where=place, kind=kind_of(row.kind, language), heard=heard,
                         needed=row.needed, absent=absent))  # fmt: skip
    turning = lasso(history) if history.stuck else None
    if turning is not None:
        rows.append(word("lasso", language, start=turning[0], length=turning[1]))
    return rows


def paste(plan: Plan, clause: str, language: Language) -> str:
    """One line of Python that holds an engine to a law under this plan, and tells a failure in this language."""
    told = "" if language == "en" else f', language="{language}"'
    return f'assert_holds("{clause}", {json.dumps(plan.to_data(), sort_keys=True)}{told})'


def events_of(history: History) -> list[Delivery | Decision]:
    """What reached whom and what became final, in order of time."""
    said: list[tuple[int, int, Delivery | Decision]] = [
        (one.tick, 0, one) for one in history.deliveries if one.kind in history.contract.phases
    ]
    final = [(one.tick, 1, one) for one in history.decisions]
    return [event for _, _, event in sorted([*said, *final], key=lambda event: event[:2])]


def mermaid(history: History, language: Language) -> str:
    """The run as a sequence diagram in Mermaid's text form; a crossed arrow is a message no honest copy would send."""
    names = Values(history)
    lines = ["sequenceDiagram"]
    lines += [f"  participant N{node}" for node in range(history.plan.n)]
    lines += [f"  Note over N{node}: {word('liar', language)}" for node in history.plan.faulty]
    for event in events_of(history):
        if isinstance(event, Delivery):
            arrow = "-x" if event.forged else "->>"
            text = f"{event.kind} {names.name(event.value)}, h{event.height} r{event.round}"
            lines.append(f"  N{event.src}{arrow}N{event.dst}: {text}")
        else:
            final = word("made.final", language, value=names.name(event.block.digest), height=event.height)
            lines.append(f"  Note over N{event.node}: {final}")
    return "\n".join(lines) + "\n"
