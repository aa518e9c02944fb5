"""Every text that a refusal may carry, read out of the source: what `Refused`, and whatever ends in one, is given.

Why by reading: a text that no test happens to provoke would reach a Chinese reader in English. A function that hands a
parameter on to a refusal is followed to whoever calls it, a name to what it is set to. What is put in when the program
runs (a number, a digest, a name) stays a hole. It must not know a phrase.
"""

import ast
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import field, frozen

from tests.house.tree import Function

REFUSALS: Final = frozenset({"Refused", "refused", "_Refusal"})
"""Calls whose keywords are the values of a refusal."""
CARRIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Finding": ("", "", "", "", "expected", "got"),
    "IrError": ("", "expected"),
    "Parameter": ("", "", "meaning"),
    "Unequal": ("expected", "got"),
    "Unsound": ("expected",),
    "WeakKey": ("found",),
}
"""Classes that carry a text to where it becomes a value: their arguments, "" for those that nobody reads there."""
PRINTERS: Final = frozenset({"shown"})
"""Functions that print a part of a contract, which is not translated."""
LOOKUPS: Final = frozenset({"get", "find"})
"""Functions that are given the name of what they look up, be it a key or an element of a FHIR resource."""
STEPS: Final = 8
"""How far a name is followed to a text."""
HOLE: Final = re.compile("⟦([^⟦⟧]*)⟧")
"""What stands for a value that is known when the program runs: the expression it comes from."""


@frozen
class Text:
    """A text with its holes, and where it is made."""

    text: str
    place: str


@frozen(eq=False)
class Module:
    """A file and what its names are."""

    place: str
    tree: ast.Module = field(repr=False)
    constants: Mapping[str, ast.expr] = field(repr=False)
    imports: Mapping[str, str] = field(repr=False)


@frozen(eq=False)
class Scope:
    """Where an expression stands: the function and what is around it."""

    module: Module
    function: Function | None = None
    outer: "Scope | None" = None
    sets: Mapping[str, tuple[ast.expr, ...]] = field(factory=dict, repr=False)
    """Name -> what it is set to in the function."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Positional and keyword parameters, in their order."""
        if self.function is None:
            return ()
        spec = self.function.args
        return tuple(one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs))

    @property
    def defaults(self) -> dict[str, ast.expr]:
        """Parameter -> what it is where nobody gives it."""
        if self.function is None:
            return {}
        spec = self.function.args
        positional = [one.arg for one in (*spec.posonlyargs, *spec.args)]
        named_only = {one.arg: value for one, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if value}
        return dict(zip(reversed(positional), reversed(spec.defaults), strict=False)) | named_only


def bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """(name, expression) of what an assignment sets; a loop over a literal sets each of its members."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, part in zip(target.elts, value.elts, strict=True):
            yield from bound(one, part)


def looped(target: ast.expr, over: ast.expr, function: Function) -> Iterator[tuple[str, ast.expr]]:
    """The same of a loop; over `*facts` it is the callers' arguments, `facts[i]` by their parts."""
    if isinstance(over, ast.Tuple | ast.List):
        for member in over.elts:
            yield from bound(target, member)
    rest = function.args.vararg
    if isinstance(over, ast.Name) and rest is not None and over.id == rest.arg and isinstance(target, ast.Tuple):
        for number, part in enumerate(target.elts):
            if isinstance(part, ast.Name):
                yield part.id, ast.Name(f"*{number}")


def sets_of(function: Function) -> dict[str, tuple[ast.expr, ...]]:
    """Name -> every expression it is set to in a function."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(function):
        pairs: Iterable[tuple[str, ast.expr]] = ()
        match node:
            case ast.Assign(targets=[target], value=value) | ast.NamedExpr(target=target, value=value):
                pairs = bound(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pairs = bound(target, value)
            case ast.For(target=target, iter=over) | ast.comprehension(target=target, iter=over):
                pairs = looped(target, over, function)
        for name, value in pairs:
            found[name].append(value)
    return {name: tuple(values) for name, values in found.items()}


class Reader:
    """Modules by name, each its place and tree, with the question what their refusals may say."""

    def __init__(self, modules: Mapping[str, tuple[str, ast.Module]]) -> None:
        self.modules = {name: self._module(*one) for name, one in modules.items()}
        self._of_module: dict[tuple[Module, str], Scope] = {}
        self.methods: dict[str, list[Scope]] = defaultdict(list)
        self.calls: list[tuple[ast.Call, Scope]] = []
        for module in self.modules.values():
            self._enter(module.tree, Scope(module), method=False)
        self.handed_on: dict[Scope, set[str]] = defaultdict(set)
        """Function -> texts with its own parameters as holes, which its calls put into a refusal."""

    @staticmethod
    def _module(place: str, tree: ast.Module) -> Module:
        constants: dict[str, ast.expr] = {}
        imports: dict[str, str] = {}
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    constants[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    constants[name] = value
                case ast.ImportFrom(module=str(origin), names=names):
                    imports |= {one.asname or one.name: f"{origin}.{one.name}" for one in names}
        return Module(place, tree, constants, imports)

    def _enter(self, node: ast.AST, scope: Scope, *, method: bool) -> None:
        """Remember the functions and calls below a node."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                inner = Scope(scope.module, child, scope, sets_of(child))
                if method:
                    self.methods[child.name].append(inner)
                else:
                    self._of_module[scope.module, child.name] = inner
                self._enter(child, inner, method=False)
                continue
            if isinstance(child, ast.Call):
                self.calls.append((child, scope))
            self._enter(child, scope, method=isinstance(child, ast.ClassDef))

    # --- what is called ---

    def called(self, function: ast.expr, scope: Scope) -> list[Scope]:
        """The functions that a call may mean."""
        match function:
            case ast.Name(id=name) if (scope.module, name) in self._of_module:
                return [self._of_module[scope.module, name]]
            case ast.Name(id=name) if name in scope.module.imports:
                return self._imported(scope.module.imports[name])
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in scope.module.imports:
                found = self._imported(f"{scope.module.imports[owner]}.{name}")
                return found or self.methods.get(name, [])
            case ast.Attribute(attr=name):
                return self.methods.get(name, [])
        return []

    def _imported(self, full: str) -> list[Scope]:
        module, _, name = full.rpartition(".")
        found = self.modules.get(module)
        return [self._of_module[found, name]] if found is not None and (found, name) in self._of_module else []

    # --- what an expression may be ---

    def texts(self, e: ast.expr, scope: Scope, steps: int = STEPS) -> frozenset[str]:
        """The texts that an expression may be."""
        if steps == 0:
            return hole(e)
        match e:
            case ast.Constant(value=value):
                return frozenset({str(value)}) if value is not None else frozenset()
            case ast.JoinedStr(values=parts):
                return joined(self.texts(part, scope, steps) for part in parts)
            case (
                ast.FormattedValue(value=value, format_spec=None, conversion=-1)
                | ast.Subscript(value=value, slice=ast.Slice())
            ):
                return self.texts(value, scope, steps)
            case ast.FormattedValue(value=value):
                return hole(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return joined(self.texts(part, scope, steps) for part in (left, right))
            case ast.IfExp(body=one, orelse=other):
                return self.texts(one, scope, steps) | self.texts(other, scope, steps)
            case ast.BoolOp(op=ast.Or(), values=parts) | ast.List(elts=parts):
                return frozenset(itertools.chain(*(self.texts(part, scope, steps) for part in parts)))
            case ast.Name(id=name):
                return self._named(name, scope, steps - 1) or hole(e)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in scope.module.imports:
                found = self.modules.get(scope.module.imports[owner])
                known = found.constants.get(name) if found is not None else None
                return self.texts(known, Scope(found), steps - 1) if found and known else hole(e)
            case ast.Call(func=ast.Name(id="str"), args=[value]):
                return self.texts(value, scope, steps)
            case ast.Call(func=ast.Attribute(attr="get"), args=[key, default]):
                return self.texts(default, scope, steps) | hole(key)
            case ast.Subscript(value=ast.Name(id=name)) if isinstance(
                table := scope.module.constants.get(name), ast.Dict
            ):
                return frozenset(itertools.chain(*(self.texts(one, scope, steps - 1) for one in table.values)))
            case ast.Call(func=function):
                told = [self.returned(one, steps - 1) for one in self.called(function, scope)]
                return frozenset(itertools.chain(*told)) or hole(e)
        return hole(e)

    def _named(self, name: str, scope: Scope, steps: int) -> frozenset[str]:
        if name in scope.sets:
            return frozenset(itertools.chain(*(self.texts(one, scope, steps) for one in scope.sets[name])))
        if name in scope.parameters or name.startswith("*"):
            return frozenset({f"⟦@{name}⟧"})
        if scope.outer is not None:
            return self._named(name, scope.outer, steps)
        if name in scope.module.constants:
            return self.texts(scope.module.constants[name], Scope(scope.module), steps)
        origin, _, original = scope.module.imports.get(name, "").rpartition(".")
        found = self.modules.get(origin)
        if found is not None and original in found.constants:
            return self.texts(found.constants[original], Scope(found), steps)
        return frozenset()

    def returned(self, scope: Scope, steps: int = STEPS) -> frozenset[str]:
        """What a function that returns a text may return; its parameters are holes like others."""
        function = scope.function
        assert function is not None, "what is called is a function"
        if ast.unparse(function.returns or ast.Constant(None)) != "str" or function.name in PRINTERS:
            return frozenset()
        values = [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value is not None]
        told = itertools.chain(*(self.texts(value, scope, steps) for value in values))
        return frozenset(text.replace("⟦@", "⟦") for text in told)

    # --- what reaches a refusal ---

    def refused(self) -> list[Text]:
        """Every text that a refusal may carry, with what the callers give and with a hole where they give something."""
        found: set[Text] = set()
        before = -1
        while before != (before := len(found)):
            for call, scope in self.calls:
                texts = set(self._carried(call, scope))
                self.handed_on[scope] |= {text for text in texts if "⟦@" in text}
                place = f"{scope.module.place}:{call.lineno}"
                found |= {Text(text.replace("⟦@", "⟦"), place) for text in texts}
        return sorted(found, key=lambda one: (one.place, one.text))

    def _carried(self, call: ast.Call, scope: Scope) -> Iterator[str]:
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if name in REFUSALS:
            for keyword in call.keywords:
                if keyword.arg is not None:
                    yield from self.texts(keyword.value, scope)
        elif name in CARRIERS:
            for argument, read in zip(call.args, CARRIERS[name], strict=False):
                yield from self.texts(argument, scope) if read else ()
            for keyword in call.keywords:
                yield from self.texts(keyword.value, scope) if keyword.arg in CARRIERS[name] else ()
        else:
            for callee in self.called(call.func, scope) if name not in LOOKUPS else ():
                for text in tuple(self.handed_on.get(callee, ())):
                    yield from self._given(text, callee, call, scope)

    def _given(self, text: str, callee: Scope, call: ast.Call, scope: Scope) -> frozenset[str]:
        """A text of a function with what this call gives for its parameters."""
        *parts, last = re.split("⟦@(.*?)⟧", text)
        given = [self._argument(name, callee, call, scope) for name in parts[1::2]]
        if re.search("[A-Za-z]", HOLE.sub("", text)):  # within words, what is one word is the name of something
            given = [frozenset(map(named, told)) for told in given]
        plain = [frozenset({part}) for part in parts[::2]]
        return joined([*itertools.chain(*zip(plain, given, strict=True)), frozenset({last})])

    def _argument(self, name: str, callee: Scope, call: ast.Call, scope: Scope) -> frozenset[str]:
        if name.startswith("*"):
            members = [one.elts[int(name[1:])] for one in call.args if isinstance(one, ast.Tuple)]
            return frozenset(itertools.chain(*(self.texts(member, scope) for member in members)))
        given = callee.defaults | {one.arg: one.value for one in call.keywords if one.arg is not None}
        names = callee.parameters[1:] if callee.parameters[:1] in (("self",), ("cls",)) else callee.parameters
        given |= dict(zip(names, call.args, strict=False))
        return self.texts(given[name], scope) if name in given else frozenset({f"⟦{name}⟧"})


def named(text: str) -> str:
    """One word, given to a text with words of its own, as the name that it is; more words, or whatever a caller will
    give, as they are."""
    return text if " " in text or "⟦@" in text else f"⟦{HOLE.sub('_', text)!r}⟧"


def hole(e: ast.expr) -> frozenset[str]:
    """A value that is known when the program runs."""
    return frozenset({f"⟦{ast.unparse(e)}⟧"})


def joined(parts: Iterable[frozenset[str]]) -> frozenset[str]:
    """Every way to put one of each together."""
    return frozenset("".join(chosen) for chosen in itertools.product(*parts))
