"""The life cycle of contracts: deploy a package, retire a contract, and the program in force.

Programs stand in the state as IR, one entry a module and version, so that their presence can be proved and every node
executes the same bytes. The linked and compiled program is derived from them and kept by their content: making
it costs more than running it.

It must not know what a program means, nor who may deploy.
"""

from functools import lru_cache

from contracts_dsl import host, ir, migrate
from contracts_dsl.compile import Compiled
from contracts_dsl.program import Program, link
from refimpl.contract import directory
from refimpl.contract.draft import Draft, behind
from refimpl.contract.world import LedgerWorld
from refimpl.data import shape
from refimpl.data.limits import DEPLOY_MODULES, IDENTIFIER_NAME_CHARS
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import StateMap

__all__ = ["NOTHING", "compiled_in", "deploy", "program_in"]

NOTHING = link([])
"""The program of a ledger on which nothing is deployed."""

_PREFIX = b"module/"
_RETIRED = b"retired/"
_TOLD = 120
"""Characters of a complaint about foreign IR that a refusal repeats."""


def _module_key(name: str, version: int) -> bytes:
    return b"%s%s/%06d" % (_PREFIX, name.encode(), version)


def _retired_key(name: str) -> bytes:
    return b"%s%s" % (_RETIRED, name.encode())


def program_in(draft: Draft) -> Program:
    """The program that is deployed here."""
    return compiled_in(draft).program


def compiled_in(draft: Draft) -> Compiled:
    """The compiled form of the program that is deployed here."""
    changed = draft.written(_PREFIX, behind(_PREFIX)) or draft.written(_RETIRED, behind(_RETIRED))
    return _program(draft) if changed else _program_of(draft.base)


@lru_cache(maxsize=4)
def _program_of(state: StateMap) -> Compiled:
    return _program(Draft(state))


def _program(draft: Draft) -> Compiled:
    return _linked(_modules_in(draft), _retired_in(draft))


def _modules_in(draft: Draft) -> tuple[bytes, ...]:
    return tuple(found for key in draft.keys(_PREFIX) if (found := draft.get(key)) is not None)


def _retired_in(draft: Draft) -> tuple[str, ...]:
    return tuple(key[len(_RETIRED) :].decode() for key in draft.keys(_RETIRED))


@lru_cache(maxsize=16)
def _linked(modules: tuple[bytes, ...], retired: tuple[str, ...]) -> Compiled:
    return Compiled(link([ir.decode(module) for module in modules], retired))


def deploy(draft: Draft, payload: object) -> tuple[host.Event, ...]:
    """Put a package `{modules: [IR], retired?: [name]}` on the ledger, all of it or nothing; the events of what moved
    (CTR-D03).

    Live instances of versions that are replaced move to their new states; a contract that is retired takes no new ones.
    Raises `wire.bad_field`, `contract.bad_package` for anything that is not IR or cannot stand beside what is deployed
    or enrolled, `contract.no_migration` for a state without a target, `contract.unknown_name` for a contract to retire
    that there is not.
    """
    fields = shape.record(payload, "/payload", ("modules",), ("retired",))
    arriving: list[ir.Module] = []
    retiring = _names(fields.get("retired", []))
    least = 0 if retiring else 1
    for number, data in enumerate(shape.items(fields["modules"], "/payload/modules", DEPLOY_MODULES, least=least)):
        at = f"/payload/modules/{number}"
        try:
            module = ir.from_json(data)
        except ir.IrError as error:
            raise Refused(Code.CONTRACT_BAD_PACKAGE, at, expected=error.expected[:_TOLD], got=error.path) from None
        arriving.append(module)
    world = LedgerWorld(draft)
    try:
        program, moves = migrate.deploy([ir.decode(data) for data in _modules_in(draft)], arriving, world)
    except ir.IrError as error:
        expected = error.expected[:_TOLD]
        raise Refused(Code.CONTRACT_BAD_PACKAGE, "/payload/modules", expected=expected, got=error.path) from None
    except host.Refused as refused:
        raise Refused(Code(f"contract.{refused.code}"), "/payload/modules", **refused.values) from None
    if any(isinstance(module, ir.Schema) for module in arriving):
        _must_fit_the_directory(draft, program, world)
    for number, name in enumerate(retiring):
        if name not in program.contracts:
            raise Refused(Code.CONTRACT_UNKNOWN_NAME, f"/payload/retired/{number}", name=name)
    for module in arriving:
        draft.put(_module_key(module.name, module.version), ir.encode(module))
        if draft.get(_retired_key(module.name)) is not None:  # a new version takes instances again
            draft.put(_retired_key(module.name), None)
    for name in retiring:
        draft.write(_retired_key(name), True)
    world.apply(moves)
    return moves.events


def _names(value: object) -> list[str]:
    """Names of contracts, ascending, nobody twice."""
    listed = shape.items(value, "/payload/retired", DEPLOY_MODULES)
    names = [shape.text(one, f"/payload/retired/{number}", IDENTIFIER_NAME_CHARS) for number, one in enumerate(listed)]
    if names != sorted(set(names)):
        raise Refused(Code.WIRE_BAD_FIELD, "/payload/retired", expected="names, ascending, each once", got="others")
    return names


def _must_fit_the_directory(draft: Draft, program: Program, world: LedgerWorld) -> None:
    """What is enrolled has the types that the schemas declare from now on (CTR-D07)."""
    for name in directory.enrolled(draft):
        found = directory.ill_typed(program, world, name)
        if found is not None:
            expected = f"what is enrolled to fit, not {': '.join(found)}"[:_TOLD]
            raise Refused(Code.CONTRACT_BAD_PACKAGE, "/payload/modules", expected=expected, got=name)
