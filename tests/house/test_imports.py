"""Who may import whom: the table of the house, enforced by reading every import, also those inside functions.

Why: the rooms are the architecture. A room that imports what it must not know has knocked a hole in a wall, and nobody
notices by reading one file. An import under `TYPE_CHECKING` counts: to name a type is to know it.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, module_name, modules, python_files, shown, syntax, within

ANYTHING = ("refimpl", "contracts_dsl", "conformance")
LAYERS = ("refimpl.data", "refimpl.network", "refimpl.consensus", "refimpl.contract", "refimpl.application")

# Room -> the rooms of ours it may import besides itself. The longest room that holds a module decides.
ROOMS: dict[str, tuple[str, ...]] = {
    "contracts_dsl": (),
    "refimpl": (),
    "refimpl.crypto": (),
    "refimpl.data": ("refimpl.crypto",),
    "refimpl.network": ("refimpl.data", "refimpl.crypto"),
    "refimpl.consensus": ("refimpl.data", "refimpl.network.messages"),
    # Names of state entries contain digests of what they are the entry of (ADR 0001).
    "refimpl.contract": ("refimpl.data", "refimpl.crypto", "contracts_dsl"),
    "refimpl.application": ("refimpl.data", "refimpl.contract", "refimpl.crypto"),
    # The node holds the member's key and hands engines a notary (ADR 0001).
    "refimpl.node": (*LAYERS, "refimpl.crypto"),
    # What a store keeps and refuses is said in the words of the data layer (ADR 0001).
    "refimpl.store": ("refimpl.node", "refimpl.data"),
    "refimpl.engines": ("refimpl.node", "refimpl.data"),
    "refimpl.shell": ("refimpl.node",),
    "refimpl.testing": ("refimpl.contract", "refimpl.data"),
    # Made-up data in the shapes that the application reads; nothing of the core may import it.
    "refimpl.synthetic": ("refimpl.application", "refimpl.data", "refimpl.crypto"),
    # Asks the node and the application; its server meets sockets, its pure part nothing.
    "refimpl.service": (*LAYERS, "refimpl.crypto", "refimpl.node", "refimpl.store", "refimpl.shell"),
    "refimpl.scenarios": ANYTHING,
    "refimpl.commands": ANYTHING,
    "refimpl.cli": ANYTHING,
    "refimpl.__main__": ("refimpl.cli",),
    "conformance": ("conformance",),
    "conformance.model": ("conformance", "contracts_dsl"),
    "conformance.adapters": ("conformance", "refimpl"),
    "conformance.zoo": ("conformance", "refimpl", "contracts_dsl"),
}

# The world outside: clocks, entropy, disk, processes, sockets, threads; and the rooms whose work it is to meet it.
OUTSIDE_WORLD = (
    *("asyncio", "concurrent", "fileinput", "glob", "http", "locale", "multiprocessing", "os", "platform", "secrets"),
    *("select", "selectors", "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time"),
    "urllib",
)
EDGE_ROOMS = (
    "refimpl.shell",
    "refimpl.store",
    "refimpl.engines",
    "refimpl.commands",
    "refimpl.cli",
    "refimpl.service.server",
    "contracts_dsl.cli",
    "conformance.door",
    "conformance.cli",
    "conformance.commands",
    "conformance.drivers",
    # One of the bugs that are planted there reads a clock.
    "conformance.zoo.laws",
    "conformance.zoo.wire",
)

# Third-party and standard modules that only the named rooms may import, with the reason the rooms are named.
EDGES: dict[str, tuple[str, ...]] = {
    # One reviewable door to the cryptographic library; the kit has its own, to share no error with the reference.
    "cryptography": ("refimpl.crypto.hazmat", "refimpl.crypto.hazmat_x509", "conformance"),
    # The kit keeps a codec of its own on the standard `json`.
    # Its ledger runs programs of the language, whose values are structs.
    "msgspec": ("refimpl", "contracts_dsl", "conformance.adapters", "conformance.model", "conformance.zoo"),
    "lark": ("contracts_dsl",),
    "click": ("refimpl.cli", "refimpl.commands", "contracts_dsl.cli", "conformance.cli", "conformance.commands"),
    # `conform`, `explore`, `replay` and `shrink` must run on the core install, which has neither of these two.
    "hypothesis": (
        "conformance.adversary.strategies",
        "conformance.drivers.hypothesis_suite",
        "conformance.testing",
        "conformance.plugin",
    ),
    "starlette": ("refimpl.service.server",),
    "uvicorn": ("refimpl.service.server",),
    "pytest": ("conformance.testing", "conformance.plugin", "refimpl.testing"),
    **dict.fromkeys(OUTSIDE_WORLD, EDGE_ROOMS),
    # Seeded generators only (`Random(seed)`): the module's own functions draw from a hidden global state.
    "random": ("conformance", "refimpl.scenarios"),
}

# Calls that reach the disk or the clock without an import that shows it.
REACHING = {"read_text", "read_bytes", "write_text", "write_bytes", "urandom"}
CLOCKS = {"now", "utcnow", "today"}  # of `datetime` and `date`; a world of ours may well be asked for its `now`
# `contracts_dsl.tables`, run by hand, writes the stored parse table beside the grammar.
REACHING_ROOMS = (*EDGE_ROOMS, "conformance.report", "conformance.vectors", "contracts_dsl.tables")
# A package reads the files it carries as data (grammar, word tables, contracts); it writes none.
PACKAGE_DATA = ("contracts_dsl", "conformance", "refimpl.scenarios")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything a file imports; a name imported from a package is the module if there is one."""
    here = module_name(path)
    package = here if path.name == "__init__.py" else here.rpartition(".")[0]
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [base])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield node.lineno, full if full in modules() else base


def room_of(module: str) -> str:
    """The longest room of the table that holds the module."""
    return max((room for room in ROOMS if within(module, room)), key=len)


def of_ours(name: str) -> bool:
    return name.split(".")[0] in (*PACKAGES, "tests", "bench")


def unlawful(module: str, name: str) -> bool:
    """Whether the table of rooms forbids `module` to import `name`, a name of ours."""
    room = room_of(module)
    target = room_of(name) if name.split(".")[0] in PACKAGES else name
    if target == room:
        return False
    return not any(within(name, allowed) for allowed in ROOMS[room])


def test_every_import_between_rooms_is_in_the_table():
    broken = [
        f"{shown(path)}:{line}: {room_of(module_name(path))} may not know {name}"
        for path in python_files(*PACKAGES)
        for line, name in imports(path)
        if of_ours(name) and unlawful(module_name(path), name)
    ]
    assert not broken, "\n".join(broken)


def test_every_outside_module_is_imported_only_at_its_edges():
    broken = [
        f"{shown(path)}:{line}: `{name}` belongs to {', '.join(EDGES[name.split('.')[0]])}"
        for path in python_files(*PACKAGES)
        for line, name in imports(path)
        if name.split(".")[0] in EDGES
        and not any(within(module_name(path), edge) for edge in EDGES[name.split(".")[0]])
    ]
    assert not broken, "\n".join(broken)


def reaching_calls(path: Path) -> Iterator[tuple[int, str]]:
    """(line, call) of every call in a file that touches the disk, the clock or a hidden generator."""
    for node in ast.walk(syntax(path)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in {"open", "input"}:
            yield node.lineno, node.func.id
        elif isinstance(node.func, ast.Attribute) and node.func.attr in REACHING:
            yield node.lineno, node.func.attr
        elif isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            if ast.unparse(node.func.value).rpartition(".")[2] in {"datetime", "date"}:
                yield node.lineno, ast.unparse(node.func)
        elif (
            isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "random"
            and node.func.attr != "Random"
        ):
            yield node.lineno, f"random.{node.func.attr}"


def test_no_core_code_reaches_the_disk_or_the_clock():
    broken = [
        f"{shown(path)}:{line}: {call}()"
        for path in python_files(*PACKAGES)
        for line, call in reaching_calls(path)
        if not any(within(module_name(path), room) for room in REACHING_ROOMS)
        and not (call in {"read_text", "read_bytes"} and any(within(module_name(path), room) for room in PACKAGE_DATA))
    ]
    assert not broken, "\n".join(broken)


def loaded_by(code: str) -> set[str]:
    """The modules a fresh interpreter has loaded after running the code."""
    program = f"{code}\nimport sys; print(*sys.modules, sep='\\n', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


HEAVY = (
    "lark",
    "hypothesis",
    "z3",
    "cryptography",
    "msgspec",
    "attrs",
    "attr",
    "sqlite3",
    "contracts_dsl",
    "conformance",
)
INVOKE = """
from click.testing import CliRunner
from refimpl.cli import main
result = CliRunner().invoke(main, [{}])
assert result.exit_code == 0, result.output
"""


@pytest.mark.parametrize("arguments", ["'--version'", "'--help'"])
def test_the_bare_command_loads_no_layer_and_no_heavy_library(arguments):
    loaded = loaded_by(INVOKE.format(arguments))
    assert "refimpl.cli" in loaded
    assert sorted(name for name in HEAVY if name in loaded) == []
    assert (
        sorted(
            name
            for name in loaded
            if within(name, "refimpl") and name not in {"refimpl", "refimpl.cli"} and not within(name, "refimpl.shell")
        )
        == []
    )


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("refimpl.crypto.recipes", "refimpl.data.ids"),
        ("refimpl.consensus.tendermint", "refimpl.contract.runtime"),
        ("refimpl.consensus.tendermint", "refimpl.network.envelope"),
        ("refimpl.contract.runtime", "refimpl.consensus.interface"),
        ("refimpl.application.records", "contracts_dsl.host"),
        ("refimpl.data.block", "refimpl.network.messages"),
        ("refimpl.node.machine", "conformance.plan"),
        ("refimpl.node.machine", "refimpl.shell.files"),
        ("contracts_dsl.parse", "refimpl.data.encoding"),
        ("conformance.world", "refimpl.node.machine"),
        ("conformance.world", "contracts_dsl.interpret"),
        ("refimpl.data.block", "tests.unit"),
    ],
)
def test_the_table_refuses(module, name):
    assert unlawful(module, name)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("refimpl.data.block", "refimpl.data.ids"),
        ("refimpl.data.block", "refimpl.crypto.recipes"),
        ("refimpl.consensus.tendermint", "refimpl.network.messages"),
        ("refimpl.node.machine", "refimpl.contract.runtime"),
        ("refimpl.scenarios.referral", "conformance.world"),
        ("conformance.model.ledger", "contracts_dsl.interpret"),
        ("conformance.zoo.tendermint", "refimpl.consensus.tendermint"),
        ("conformance.checkers.agreement", "conformance.history"),
    ],
)
def test_the_table_allows(module, name):
    assert not unlawful(module, name)
