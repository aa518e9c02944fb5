"""Sources -> a typed package, or every diagnostic there is.

The phases in order, each run only if the one before is clean: reading; names and elaboration; the rules of statics.py;
the tests, which are no part of the IR. This module must not know how any of them is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from attrs import frozen

from contracts_dsl import ir
from contracts_dsl.diagnostics import Diagnostic, ordered
from contracts_dsl.elaborate import Elaboration, contract, schema
from contracts_dsl.elaborate_policy import policy
from contracts_dsl.names import PackageNames, collect
from contracts_dsl.parse import Parsed, parse
from contracts_dsl.program import Program, link
from contracts_dsl.scenario import Scenario, scenarios
from contracts_dsl.statics import Finding, contract_findings, package_findings
from contracts_dsl.statics_policy import policy_findings


@frozen
class Checked:
    """A checked package. With any error, `program` holds nothing."""

    files: tuple[Parsed, ...]
    modules: tuple[ir.Module, ...]
    program: Program
    scenarios: tuple[Scenario, ...]
    diagnostics: tuple[Diagnostic, ...]
    source_digests: Mapping[str, str]
    """Name of a module to the SHA-256 of the file it stands in; travels beside the IR, never in it."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that refuse the program."""
        return tuple(finding for finding in self.diagnostics if finding.is_error)


def check(files: Iterable[tuple[str, bytes]], read: Callable[[str, bytes], Parsed] = parse) -> Checked:
    """Check files as one package, read by `read`: who checks a package again and again may keep what did not change.
    Never raises for anything a file may contain."""
    listed = list(files)
    parsed = tuple(read(name, data) for name, data in listed)
    findings = list(chain.from_iterable(one.diagnostics for one in parsed))
    if findings:
        return _refused(parsed, findings)
    names = collect((one.source, module) for one in parsed for module in one.modules)
    works = [Elaboration(names, one.source, module) for one in parsed for module in one.modules if names.knows(module)]
    modules = [_elaborate(work) for work in works]
    findings = [*names.diagnostics, *chain.from_iterable(work.diagnostics for work in works)]
    if findings:
        return _refused(parsed, findings)
    program = link(modules)
    findings = list(_static(program, works, modules))
    if findings:
        return _refused(parsed, findings)
    steps, findings = _scenarios(names, parsed)
    if findings:
        return _refused(parsed, findings)
    return Checked(parsed, tuple(modules), program, steps, (), _digests(listed, parsed))


def _refused(parsed: tuple[Parsed, ...], findings: Iterable[Diagnostic]) -> Checked:
    return Checked(parsed, (), Program(), (), tuple(ordered(findings)), {})


def _elaborate(work: Elaboration) -> ir.Module:
    if work.module.kind == "schema":
        return schema(work)
    return contract(work) if work.module.kind == "contract" else policy(work)


def _static(program: Program, works: list[Elaboration], modules: list[ir.Module]) -> Iterator[Diagnostic]:
    """The findings of statics.py with their places. A circle of calls comes alone: other rules would run round it."""
    circles = list(package_findings(program))
    for work, module in zip(works, modules, strict=True):
        found: Iterable[Finding] = ()
        if circles:
            found = [finding for finding in circles if id(finding.node) in work.places]
        elif isinstance(module, ir.Contract):
            found = contract_findings(program, program.versions[module.name, module.version])
        elif isinstance(module, ir.Policy):
            found = policy_findings(program, module)
        for finding in found:
            place = work.places.get(id(finding.node), work.module.name.span)
            yield Diagnostic(finding.code, work.source, place, finding.values)


def _scenarios(
    names: PackageNames, parsed: tuple[Parsed, ...]
) -> tuple[tuple[Scenario, ...], list[Diagnostic]]:  # fmt: skip
    modules = [(one.source, module) for one in parsed for module in one.modules]
    return scenarios(names, modules)


def _digests(listed: list[tuple[str, bytes]], parsed: tuple[Parsed, ...]) -> dict[str, str]:
    import hashlib

    return {
        module.name.text: hashlib.sha256(data).hexdigest()
        for (_, data), one in zip(listed, parsed, strict=True) for module in one.modules
    }  # fmt: skip
