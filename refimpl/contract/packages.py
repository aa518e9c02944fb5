"""The life cycle of contracts: deploy a package, and the program in force.

Programs stand in the state as IR, one entry a module and version, so that their presence can be proved and every node
executes the same bytes. The linked program is derived from them and kept by their content: linking costs more than
running.

It must not know what a program means, nor who may deploy.
"""

from functools import lru_cache

from contracts_dsl import ir
from contracts_dsl.program import Program, link
from refimpl.contract.draft import Draft
from refimpl.data import shape
from refimpl.data.limits import DEPLOY_MODULES
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import StateMap

__all__ = ["deploy", "program_in"]

_PREFIX = b"module/"


def _module_key(name: str, version: int) -> bytes:
    return b"%s%s/%06d" % (_PREFIX, name.encode(), version)


def program_in(draft: Draft) -> Program:
    """The program that is deployed here."""
    return _program(draft) if draft.written(_PREFIX) else _program_of(draft.base)


@lru_cache(maxsize=4)
def _program_of(state: StateMap) -> Program:
    return _program(Draft(state))


def _program(draft: Draft) -> Program:
    return _linked(tuple(found for key in draft.keys(_PREFIX) if (found := draft.get(key)) is not None))


@lru_cache(maxsize=16)
def _linked(modules: tuple[bytes, ...]) -> Program:
    return link([ir.decode(module) for module in modules])


def deploy(draft: Draft, payload: object) -> None:
    """Put a package `{modules: [IR]}` on the ledger, all of it or nothing (CTR-D03).

    Raises `contract.bad_package` for anything that is not IR, a version that is not above those deployed, or a package
    that names what is neither in it nor deployed.
    """
    fields = shape.record(payload, "/payload", ("modules",))
    for number, data in enumerate(shape.items(fields["modules"], "/payload/modules", DEPLOY_MODULES, least=1)):
        at = f"/payload/modules/{number}"
        try:
            module = ir.from_json(data)
        except ir.IrError as error:
            raise Refused(Code.CONTRACT_BAD_PACKAGE, at, expected=error.expected[:120], got=error.path) from None
        newest = [int(key[-6:]) for key in draft.keys(b"%s%s/" % (_PREFIX, module.name.encode()))]
        if newest and newest[-1] >= module.version:
            raise Refused(Code.CONTRACT_BAD_PACKAGE, at, expected=f"a version above {newest[-1]}", got=module.version)
        draft.put(_module_key(module.name, module.version), ir.encode(module))
    program = program_in(draft)
    contracts = (built.module for built in program.contracts.values())
    modules: list[ir.Module] = [*program.schemas.values(), *contracts, *program.policies.values()]
    known = {one.name for one in modules}
    for one in modules:
        for name in one.uses:
            if name not in known:
                expected = f"{name}, which {one.name} names"
                raise Refused(Code.CONTRACT_BAD_PACKAGE, "/payload/modules", expected=expected, got="nothing")
