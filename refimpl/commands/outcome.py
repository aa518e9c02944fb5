"""What a scenario came to, as one JSON object and as a page to read: the timeline, where everything stands, and what
the honest nodes say of each other.

All of it is read from the disk of honest nodes. It must not know what a story is about, nor keep anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from conformance.sentences import in_words
from refimpl.application.timeline import Language, amount_of, moment_of, timeline
from refimpl.commands.words import tell
from refimpl.scenarios.performance import SCENARIOS, Outcome

__all__ = ["SCHEMA", "as_data", "page"]

SCHEMA: Final = "yilian/run/v1"


def as_data(outcome: Outcome, ledger: Path) -> dict[str, Any]:
    """The one object that `yilian run --json` prints."""
    tip = outcome.stage.ledger.tip
    names = outcome.stage.cluster.names
    return {
        "schema": SCHEMA, "scenario": outcome.scenario, "seed": outcome.seed, "height": tip.height,
        "app_hash": tip.state_root.hex(), "final_state": outcome.final, "nodes": list(names),
        "byzantine": [names[node] for node in outcome.stage.plan.faulty],
        "lies": dict(sorted(outcome.history.triggered.items())), "trace": outcome.trace,
        "violations": [violation.to_data() for violation in outcome.violations], "ledger": str(ledger),
    }  # fmt: skip


def page(outcome: Outcome, language: Language) -> Iterator[str]:
    """The lines of the page."""
    titles = _with_records(outcome, SCENARIOS[outcome.scenario].TITLES[language])
    yield from _actors(outcome, language, titles)
    yield ""
    yield from _story(outcome, language, titles)
    yield ""
    yield from _standing(outcome, language, titles)
    yield ""
    yield from _agreement(outcome, language, titles)


def _with_records(outcome: Outcome, titles: Mapping[str, str]) -> Mapping[str, str]:
    """Titles for records too: their kind, and the beginning of their name."""
    named = {}
    for _, _, receipt in outcome.stage.receipts():
        for record in (event["record"] for event in receipt.get("events", []) if "record" in event):
            kind, _, name = record.partition("/")
            named[record] = f"{titles.get(kind, kind)} {name[:13]}"
    return {**titles, **named}


def _actors(outcome: Outcome, language: Language, titles: Mapping[str, str]) -> Iterator[str]:
    names = outcome.stage.cluster.names
    yield tell("validators", language, who=_listed((titles.get(name, name) for name in names), language))
    for node in outcome.stage.plan.faulty:
        yield tell("liar", language, who=titles.get(names[node], names[node]), member=names[node])
    if not outcome.stage.plan.faulty:
        yield tell("nobody", language)


def _story(outcome: Outcome, language: Language, titles: Mapping[str, str]) -> Iterator[str]:
    """What happened and what was refused, in the order of time."""
    receipts = outcome.stage.receipts()
    happened = [(time, event) for _, time, receipt in receipts for event in receipt.get("events", [])]
    told = [(line.at, f"{line.text}  [{line.subject}]") for line in timeline(happened, language, titles)]
    for _, time, receipt in receipts:
        if receipt.get("status") == "refused" and "events" not in receipt:  # a denied read has told of itself
            told.append((time, tell("refused", language, code=receipt["code"], tx=receipt["tx"][:8])))
    for at, text in sorted(told, key=lambda entry: entry[0]):
        yield f"{moment_of(at)}  {text}"


def _standing(outcome: Outcome, language: Language, titles: Mapping[str, str]) -> Iterator[str]:
    for instance, state in outcome.final.get("instances", {}).items():
        contract, _, number = instance.partition("/")
        what = f"{titles.get(contract, contract)} {number}"
        yield tell("stands", language, what=what, state=titles.get(state, state))
    for member, fen in outcome.final.get("positions", {}).items():
        yield tell("position", language, who=titles.get(member, member), amount=amount_of(fen, language))


def _agreement(outcome: Outcome, language: Language, titles: Mapping[str, str]) -> Iterator[str]:
    triggered = sorted(outcome.history.triggered.items())
    kinds = [tell("times", language, what=tell(f"fault.{kind}", language), n=count) for kind, count in triggered]
    yield tell("faults", language, kinds=_listed(kinds, language) or "-")
    names = outcome.stage.cluster.names
    honest = _listed((titles.get(names[node], names[node]) for node in outcome.stage.honest), language)
    tip = outcome.stage.ledger.tip
    key = "broken" if outcome.violations else "agreed"
    yield tell(key, language, who=honest, height=tip.height, root=tip.state_root.hex())
    for violation in outcome.violations:
        texts = {"expected": in_words(violation.expected, language), "actual": in_words(violation.actual, language)}
        yield tell("violation", language, clause=violation.clause, **texts)


def _listed(parts: Iterable[str], language: Language) -> str:
    return tell("and", language).join(parts)
