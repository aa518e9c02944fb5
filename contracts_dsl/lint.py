"""Advice on programs that are well formed: what a careful reader would ask about. It never makes a check fail.

Each lint is a question with a code, W601 to W608; what can be answered by a change that alters no rule carries that
change as edits, and a comment in the text can answer it for good. Rules about names are in lint_names.py, answers in
lint_answers.py, promises of an end in lint_ends.py. This module must not know how a finding is shown, nor ask what
only a prover can answer: every rule here looks at one module's text and the names of its package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import field, frozen

from contracts_dsl import syntax as s
from contracts_dsl.diagnostics import Diagnostic, ordered
from contracts_dsl.lint_answers import unanswered
from contracts_dsl.lint_ends import days_to_end, exits
from contracts_dsl.lint_names import Advice, Edit, confusable, unused
from contracts_dsl.names import clauses_of
from contracts_dsl.parse import Parsed
from contracts_dsl.source import Source

__all__ = ["Advice", "Edit", "edited", "lint"]


@frozen
class _Graph:
    """The states of one contract as written."""

    source: Source
    module: s.Module
    states: dict[str, s.State] = field(factory=dict)

    def leaves(self, state: s.State, outcome: s.Outcome) -> bool:
        """Whether an outcome leads out of a state."""
        return outcome.becomes is not None and outcome.becomes.text != state.name.text

    def left_by_party(self, state: s.State) -> bool:
        """Whether some action leads out of a state."""
        return any(
            self.leaves(state, clause.outcome) for clause in state.clauses if isinstance(clause, s.May | s.Must)
        )  # fmt: skip


def lint(files: Iterable[Parsed]) -> tuple[Advice, ...]:
    """All advice on the files of a well-formed package, by file and place."""
    listed = list(files)
    advice = [*unused(listed), *confusable(listed)]
    for parsed in listed:
        for module in parsed.modules:
            advice += (Advice(finding) for finding in _of_module(parsed.source, module))
    advice = unanswered(listed, advice)
    by_finding = {id(one.finding): one for one in advice}
    return tuple(by_finding[id(finding)] for finding in ordered(one.finding for one in advice))


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits made; of two that overlap the first is made."""
    pieces, done = [], 0
    for edit in sorted(edits, key=lambda one: one.span):
        start, end = edit.span
        if start >= done:
            pieces += [text[done:start], edit.text]
            done = end
    return "".join([*pieces, text[done:]])


def _of_module(source: Source, module: s.Module) -> Iterator[Diagnostic]:
    for item in module.items:
        if isinstance(item, s.Test) and not any(_expects(step) for step in item.steps):
            yield Diagnostic("W607", source, _head(item.span, source), {"title": item.title})
    if module.kind != "contract":
        return
    graph = _Graph(source, module, {item.name.text: item for item in module.items if isinstance(item, s.State)})
    yield from _resting(graph)
    yield from _duties(graph)
    yield from _endless(graph)


def _head(span: tuple[int, int], source: Source) -> tuple[int, int]:
    """The first line of a place."""
    end = source.text.find("\n", span[0], span[1])
    return span[0], (span[1] if end < 0 else end)


def _expects(step: s.TestStep) -> bool:
    """Whether a step can fail otherwise than by being refused."""
    if isinstance(step, s.Expect | s.Breached | s.Received | s.Viewing | s.Reading):
        return True
    return isinstance(step, s.Act) and step.refused is not None


def _resting(graph: _Graph) -> Iterator[Diagnostic]:
    """W602: if nobody acts, an instance stays in this state for ever."""
    for state in graph.states.values():
        if graph.left_by_party(state) and not any(exits(state)):
            yield Diagnostic("W602", graph.source, state.name.span, {"state": state.name.text})


def _duties(graph: _Graph) -> Iterator[Diagnostic]:
    """W603: the breach of a joint duty blames all; W604: after the breach the duty can no longer be done."""
    for home, clause in clauses_of(graph.module):
        if not isinstance(clause, s.Must):
            continue
        if len(clause.actors) > 1:
            span = (clause.actors[0].span[0], clause.actors[-1].span[1])
            names = tuple(actor.text for actor in clause.actors)
            yield Diagnostic("W603", graph.source, span, {"actors": names, "action": clause.action.text})
        target = clause.otherwise.becomes.text if clause.otherwise.becomes is not None else home
        if _too_late(graph, clause, target):
            values = {"action": clause.action.text, "actor": clause.actors[0].text, "state": target}
            yield Diagnostic("W604", graph.source, clause.violation.span, values)


def _too_late(graph: _Graph, duty: s.Must, target: str) -> bool:
    """Whether the state after a breach is still alive, yet has no clause for the action that was owed.

    Where a breach ends the instance, it is written that lateness is final; nobody needs to be told. Where performance
    does nothing but lead to that same state, there is nothing left to perform.
    """
    if not duty.outcome.effects and duty.outcome.becomes is not None and duty.outcome.becomes.text == target:
        return False
    clauses = graph.states[target].clauses
    others = [one for one in clauses if isinstance(one, s.May | s.Must) and one is not duty]
    entered_again = duty.otherwise.becomes is not None and duty in clauses
    return bool(clauses) and not entered_again and all(one.action.text != duty.action.text for one in others)


def _endless(graph: _Graph) -> Iterator[Diagnostic]:
    """W606: time ends every instance within so many days, which could be promised and proved; no check promises it."""
    if any(isinstance(item, s.Reaches) for item in graph.module.items):
        return
    days = days_to_end(graph.module)
    if days is not None:
        ends = ", ".join(state.name.text for state in graph.states.values() if not state.clauses)
        values = {"contract": graph.module.name.text, "ends": ends, "days": days}
        yield Diagnostic("W606", graph.source, graph.module.name.span, values)
