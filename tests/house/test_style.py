"""Signs that style has slipped, as far as a machine can see them.

Each test names the sign. Where one of them is wanted after all, the reason belongs into CONTRIBUTING.md, and the
place into the set beside the test.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import CODE, PACKAGES, ROOT, files, module_name, python_files, shown, syntax, text, within

# Edges that must survive whatever a plug-in, a peer or a child process throws at them.
CATCH_ALL = (
    "refimpl.shell",
    "refimpl.engines",
    "refimpl.cli",
    "refimpl.commands.node.conversation",
    "conformance.door",
    "conformance.cli",
    "contracts_dsl.cli",
)


def nodes(path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(syntax(path)) if isinstance(node, kinds))


def undoes(handler: ast.ExceptHandler) -> bool:
    """Whether a handler only cleans up and raises the same again."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_only_the_edges_catch_everything():
    caught = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        if not any(within(module_name(path), room) for room in CATCH_ALL)
        for node in nodes(path, ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler)
        and not undoes(node)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert not caught


def test_an_assert_states_one_fact():
    doubled = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        for node in nodes(path, ast.Assert)
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And)
    ]
    assert not doubled


def test_no_builtin_hash_reaches_an_output():
    hashed = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        for node in nodes(path, ast.Call)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash"
    ]
    assert not hashed


def test_every_silenced_check_gives_its_reason():
    """`# type: ignore[code]  # reason` and `# noqa: CODE  # reason`: the code and, after it, why."""
    lawful = re.compile(r"#\s*(type: ignore\[[\w, -]+\]|noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*)\s+#\s*\w+")
    silent = [
        f"{shown(path)}:{token.start[0]}: {token.string}"
        for path in python_files(*CODE)
        for token in tokenize.generate_tokens(io.StringIO(text(path)).readline)
        if token.type == tokenize.COMMENT
        and re.match(r"#\s*(type:\s*ignore|noqa)", token.string)
        and not lawful.match(token.string)
    ]
    assert not silent


def test_the_reference_never_speaks_of_planted_faults():
    """The reference knows nothing of the suite that tries to break it: no switch, no name, no comment."""
    spoken = [
        f"{shown(path)}:{number}"
        for path in python_files("refimpl")
        for number, line in enumerate(text(path).splitlines(), 1)
        if re.search(r"\b(mutant|bug)s?\b", line, re.IGNORECASE)
    ]
    assert not spoken


def test_no_file_carries_the_path_of_somebodys_machine():
    own = re.compile("/" + "(home|root|Users|work)" + r"/[A-Za-z0-9._-]")
    told = []
    for path in files():
        try:
            content = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        told += [f"{shown(path)}:{n}" for n, line in enumerate(content.splitlines(), 1) if own.search(line)]
    assert not told


def test_every_command_of_make_is_described():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE).group(1).split()) - {"clean"}
    assert phony == set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
