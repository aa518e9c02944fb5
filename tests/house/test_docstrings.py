"""Every module says what it is; every public name says what it means; every exported name exists.

Why: the code is read by people who port it to another language. They need the meaning, the unit and the errors of a
name, not its mechanics.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import CODE, PACKAGES, Function, modules, python_files, shown, syntax

SHORTEST = 20  # characters; less than this repeats the name


def public(name: str) -> bool:
    return not name.startswith("_")


def undocumented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of every public function, class and method without a docstring.

    A method of a class with bases fulfils what the base promises and needs no words of its own.
    """
    for node in tree.body:
        if isinstance(node, (Function, ast.ClassDef)) and public(node.name) and not ast.get_docstring(node):
            yield node.lineno, node.name
        if isinstance(node, ast.ClassDef) and public(node.name) and not inherits(node):
            yield from (
                (method.lineno, f"{node.name}.{method.name}")
                for method in node.body
                if isinstance(method, Function) and public(method.name) and not ast.get_docstring(method)
            )


def inherits(node: ast.ClassDef) -> bool:
    own = {"Protocol", "Enum", "StrEnum", "IntEnum", "NamedTuple", "Generic", "Exception", "object"}
    return any(ast.unparse(base).split("[")[0].split(".")[-1] not in own for base in node.bases)


def test_every_module_opens_with_what_it_is():
    silent = [
        shown(path)
        for path in python_files(*CODE)
        if syntax(path).body and len(ast.get_docstring(syntax(path)) or "") < SHORTEST
    ]
    assert not silent


def test_every_public_name_is_documented():
    silent = [
        f"{shown(path)}:{line}: {name}" for path in python_files(*PACKAGES) for line, name in undocumented(syntax(path))
    ]
    assert not silent, "\n".join(silent)


def exported(path: Path) -> list[str] | None:
    """The names in `__all__`, or None where there is none."""
    for node in syntax(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


def defined(path: Path) -> set[str]:
    """The names a module binds at its top level, submodules of a package included."""
    names: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, (Function, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    if path.name == "__init__.py":
        names.update(name.rpartition(".")[2] for name, file in modules().items() if path.parent in file.parents)
    return names


def test_every_exported_name_exists_once():
    broken = []
    for path in python_files(*PACKAGES):
        names = exported(path) or []
        broken += [f"{shown(path)}: {name} is not defined" for name in names if name not in defined(path)]
        broken += [f"{shown(path)}: {name} is listed twice" for name in set(names) if names.count(name) > 1]
        broken += [
            f"{shown(path)}: {name} is private" for name in names if name.startswith("_") and not name.startswith("__")
        ]
    assert not broken, "\n".join(sorted(broken))


def only_imports(path: Path) -> bool:
    """Whether a module consists of imports, so that its purpose is to hand names on."""
    body = [node for node in syntax(path).body if not isinstance(node, ast.Expr)]
    return bool(body) and all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body)


def test_a_package_that_only_hands_names_on_says_which():
    silent = [shown(path) for path in python_files(*PACKAGES) if path.name == "__init__.py" and only_imports(path)]
    assert not silent


ROOMS_THAT_FORGET = ("utils", "helpers", "common", "manager", "misc", "util", "helper")


def test_no_file_is_named_after_nothing():
    vague = [
        shown(path)
        for path in python_files(*CODE)
        if set(re.split(r"[_.]", path.stem)) & set(ROOMS_THAT_FORGET) or set(path.parent.parts) & set(ROOMS_THAT_FORGET)
    ]
    assert not vague


SILENT = """
def open(): pass
class Shut:
  'Documented.'
  def go(self): pass
  def _hidden(self): pass
class Kin(Shut):
  'Kin.'
  def go(self): pass
"""


def test_the_rule_sees_a_silent_name():
    assert list(undocumented(ast.parse(SILENT))) == [(2, "open"), (5, "Shut.go")]
