"""Conditions, effects, limits and types in words, English or Chinese. Names stay as they are written in the program.

Everything returned is HTML: text is escaped, names stand in `code`. It must not know where on a page it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Literal, TypeVar

from contracts_dsl import ir
from contracts_dsl.play import moment, yuan

T = TypeVar("T")
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")

_ROOTS: Mapping[str, tuple[str, str]] = {
    "reader": ("the reader", "查阅人"), "record": ("the record", "该记录"), "purpose": ("the purpose", "目的"),
    "now": ("now", "此刻"), "state": ("state", "状态"),
}  # fmt: skip
_COMPARED: Mapping[str, tuple[str, str]] = {
    "eq": ("is", "即为"), "ne": ("is not", "不是"), "lt": ("is less than", "小于"), "le": ("is at most", "不超过"),
    "gt": ("is more than", "大于"), "ge": ("is at least", "不少于"), "in": ("is within", "属于"), "add": ("+", "+"),
    "sub": ("−", "−"),
}  # fmt: skip
_TIMED: Mapping[str, tuple[str, str]] = {
    "lt": ("is before", "早于"), "le": ("is not later than", "不晚于"), "gt": ("is after", "晚于"),
    "ge": ("is not before", "不早于"),
}  # fmt: skip
_NOT: Mapping[str, str] = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_TYPES: Mapping[str, tuple[str, str]] = {
    "int": ("number", "整数"), "bool": ("yes or no", "是或否"), "code": ("code", "编码"),
    "hash": ("digest of a document", "文件摘要"), "money": ("amount", "金额"), "time": ("time", "时刻"),
    "purpose": ("purpose", "目的"), "party": ("member", "成员"),
}  # fmt: skip


def chosen(language: Language, pair: tuple[str, str]) -> str:
    """Of an English and a Chinese text, the one of a language."""
    return pair[language == "zh"]


def both(written: Callable[[Language], str]) -> str:
    """A text in both languages, of which the page shows one; a single text where they are the same."""
    texts = {language: written(language) for language in LANGUAGES}
    if texts["zh"] == texts["en"]:
        return texts["en"]
    tag = "div" if "<ul>" in texts["en"] else "span"
    return "".join(f'<{tag} lang="{language}">{texts[language]}</{tag}>' for language in LANGUAGES)


def told(written: Callable[[T, Language], str], of: T) -> str:
    """Something told in both languages."""
    return both(lambda language: written(of, language))


def words(en: str, zh: str) -> str:
    """A fixed text in both languages."""
    return both(lambda language: escape(chosen(language, (en, zh))))


def code(name: str) -> str:
    """A name of the program."""
    return f"<code>{escape(name)}</code>"


def listed(names: Sequence[str], language: Language) -> str:
    """Names one after another."""
    return chosen(language, (", ", "、")).join(code(name) for name in names)


def duration(seconds: int, language: Language) -> str:
    """A length of time in its largest whole unit; up to three days in hours, as such deadlines are spoken of."""
    units = ((86_400, "day", "日"), (3_600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒"))
    fitting = units[1:] if seconds <= 3 * 86_400 else units
    length, en, zh = next(unit for unit in fitting if seconds % unit[0] == 0 or unit[0] == 1)
    count = seconds // length
    return f"{count}{zh}" if language == "zh" else f"{count} {en}{'' if count == 1 else 's'}"


def limit(written: ir.Limit, language: Language) -> str:
    """A deadline."""
    if written.until is not None:
        return chosen(language, (f"until {code(written.until)}", f"至{code(written.until)}"))
    length = duration(written.within or 0, language)
    return chosen(language, (f"within {length}", f"{length}内"))


def elapsed(written: ir.Limit, language: Language) -> str:
    """A moment that comes by itself."""
    if written.until is not None:
        return chosen(language, (f"at {code(written.until)}", f"到{code(written.until)}"))
    length = duration(written.within or 0, language)
    return chosen(language, (f"after {length}", f"满{length}"))


def type_name(text: str, language: Language) -> str:
    """A type."""
    optional = text.endswith("?")
    kind, _, name = text.rstrip("?").partition(" ")
    if kind == "int":
        shown = f"{chosen(language, _TYPES['int'])} {escape(name.replace('..', ' – '))}"
    elif kind == "set":
        members = chosen(language, ("purposes", "目的")) if name == "purpose" else code(name)
        shown = chosen(language, (f"set of {members}", f"{members}的集合"))
    elif name:
        shown = code(name)
    else:
        shown = chosen(language, _TYPES[kind])
    return shown + (chosen(language, (", if any", "（可无）")) if optional else "")


def conditions(condition: ir.Expr | None, language: Language) -> str:
    """A condition as a list of all that must hold; empty if there is none."""
    parts = [expression(one, language) for one in ir.conjuncts(condition)]
    if len(parts) < 2:
        return "".join(parts)
    return "<ul>" + "".join(f"<li>{part}</li>" for part in parts) + "</ul>"


def expression(e: ir.Expr, language: Language) -> str:
    """An expression in words."""
    match e.op:
        case "lit":
            return _literal(e, language)
        case "path":
            return _path(e, language)
        case "and" | "or":
            word = chosen(language, ("and", "且") if e.op == "and" else ("or", "或"))
            return "(" + f" {word} ".join(expression(one, language) for one in e.args) + ")"
        case "not":
            return _negated(e.args[0], language)
        case "some":
            return _some(e, language, ("there is a", "存在"))
        case "has":
            return _sentence(e.args[0], language, ("is given", "已有"))
        case "signed":
            return _sentence(e.args[0], language, ("has signed", "已签名"))
        case "scale":
            return f"{e.by} × {expression(e.args[0], language)}"
        case "pct":
            return _percent(e.by, expression(e.args[0], language), language)
    return _binary(e.op, e, language)


def _binary(op: str, e: ir.Expr, language: Language) -> str:
    left, right = (expression(one, language) for one in e.args)
    timed = e.args[0].type.startswith("time") and op in _TIMED
    if e.args[1].op == "lit" and e.args[1].type == "bool" and op in ("eq", "ne"):
        holds = (e.args[1].value is True) == (op == "eq")
        return f"{left} {chosen(language, ('holds', '成立') if holds else ('does not hold', '不成立'))}"
    return f"{left} {chosen(language, _TIMED[op] if timed else _COMPARED[op])} {right}"


def _negated(e: ir.Expr, language: Language) -> str:
    if e.op in _NOT:
        return _binary(_NOT[e.op], e, language)
    if e.op == "some":
        return _some(e, language, ("there is no", "不存在"))
    return f"{chosen(language, ('not', '并非'))} {expression(e, language)}"


def _sentence(e: ir.Expr, language: Language, said: tuple[str, str]) -> str:
    return f"{expression(e, language)} {chosen(language, said)}"


def _some(e: ir.Expr, language: Language, said: tuple[str, str]) -> str:
    with_ = chosen(language, ("with", "，满足"))
    return f"{chosen(language, said)} {code(e.of)} {code(e.name)} {with_} {conditions(e.args[0], language)}"


def _literal(e: ir.Expr, language: Language) -> str:
    match e.value:
        case None:
            return chosen(language, ("nothing", "无"))
        case bool():
            return chosen(language, ("yes", "是") if e.value else ("no", "否"))
        case int() if e.type == "money":
            amount = yuan(e.value).removesuffix(".00")
            return chosen(language, (f"{amount} yuan", f"{amount}元"))
        case int() if e.type == "duration":
            return duration(e.value, language)
        case int() if e.type == "time":
            return moment(e.value)
        case tuple():
            return "{" + listed(e.value, language) + "}"
    return code(str(e.value))


def _path(e: ir.Expr, language: Language) -> str:
    shown = [chosen(language, _ROOTS[kind]) if not name else code(name) for kind, name in e.path]
    return shown[0] if len(shown) == 1 else chosen(language, ("’s ", "的")).join(shown)


def _percent(basis_points: int, of: str, language: Language) -> str:
    share = percent(basis_points)
    return chosen(language, (f"{share} of {of}", f"{of}的{share}"))


def percent(basis_points: int) -> str:
    """Basis points as a percentage."""
    return f"{basis_points / 100:g}%"


def effects(done: Sequence[ir.Effect], language: Language) -> str:
    """What follows from an outcome, one line each."""
    return "<br>".join(_effect(one, language) for one in done)


def _effect(effect: ir.Effect, language: Language) -> str:
    match effect:
        case ir.Set():
            value = expression(effect.value, language)
            return chosen(language, (f"{code(effect.name)} becomes {value}", f"{code(effect.name)}改为{value}"))
        case ir.Pay():
            return _payment(effect, language)
        case ir.Create():
            said = f"{code(effect.contract)}.{code(effect.action)}"
            return chosen(language, (f"begins {said}", f"创建{said}"))
        case ir.Call():
            said = f"{expression(effect.on, language)}: {code(effect.action)}"
            return chosen(language, (f"calls {said}", f"调用{said}"))


def _payment(pay: ir.Pay, language: Language) -> str:
    shares = []
    for share in pay.shares:
        part = chosen(language, ("the rest", "其余")) if share.bp is None else percent(share.bp)
        shares.append(f"{part} {chosen(language, ('to', '给'))} {expression(share.to, language)}")
    payer, amount = expression(pay.payer, language), expression(pay.amount, language)
    what = chosen(language, (f"{payer} pays {amount}: ", f"{payer}支付{amount}："))
    return what + chosen(language, (", ", "，")).join(shares)
