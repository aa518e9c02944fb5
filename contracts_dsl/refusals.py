"""The closed list of refusals: code, area on the wire, and its text in both languages.

The order is that of the checks (CTR-S7): with two defects, the earlier code is right. `spec/errors.toml` holds the same
list. A text names what was expected and what came; its braces are the values of `host.Refused`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts_dsl.diagnostics import type_in_words
from contracts_dsl.host import Refused
from contracts_dsl.typesystem import parse_type

CODES: Final[Mapping[str, tuple[str, str, str]]] = {
    "unknown_name": ("contract", "nothing deployed is called {name}", "没有名为{name}的合约或实例"),
    "retired": ("contract", "{name} version {n} takes no new instances", "{name}版本{n}已停用"),
    "no_such_clause": (
        "contract",
        "in state {state} nobody can {action}; possible: {actions}",
        "状态{state}下不能{action}；可以：{actions}",
    ),
    "not_callable": ("contract", "{action} is reserved to calls from {contract}", "{action}只能由{contract}调用"),
    "bad_arguments": (
        "contract",
        "{argument}: expected {type}, got {value}",
        "{argument}：应为{type}，得到{value}",
    ),
    "not_authorized": ("contract", "{action} needs the signature of {missing}", "{action}缺少{missing}的签名"),
    "where_false": ("contract", "{party} does not fulfil: {clause}", "{party}不符合：{clause}"),
    "duty_closed": (
        "contract",
        "the time for {action} ended at {deadline}, or it is already done",
        "{action}的期限已于{deadline}届满或已履行",
    ),
    "condition_false": (
        "contract",
        "{action} requires: {clause}; here {values}",
        "{action}要求：{clause}；现为{values}",
    ),
    "duplicate_key": ("contract", "{key} is already taken by instance {id}", "{key}已由实例{id}占用"),
    "out_of_range": (
        "contract",
        "{name} would be {value}, outside {low}..{high}",
        "{name}将为{value}，超出{low}..{high}",
    ),
    "limit_exceeded": ("contract", "{limit} is {max}", "超过上限{limit}={max}"),
    "no_migration": (
        "contract",
        "state {state} of version {n} has no target",
        "版本{n}的状态{state}没有去向",
    ),
    "forbidden": ("access", "{reader} may not read {field}: {rules}", "禁止{reader}读取{field}：{rules}"),
    "not_permitted": (
        "access",
        "no rule lets {reader} read {field} for {purpose}; nearest: {rule}, lacking {clauses}",
        "没有规则允许{reader}为{purpose}读取{field}；最接近{rule}，尚缺{clauses}",
    ),
    "suppressed": (
        "access",
        "the cell is hidden: fewer than {k}, or it would reveal one that is",
        "该格已抑制：不足{k}，或会泄露不足{k}的格",
    ),
    "time_backwards": ("block", "block time {t} is before {now}", "区块时刻{t}早于{now}"),
}
"""Code to (area, English, Chinese)."""
WORDS: Final[Mapping[str, str]] = {
    "field or group": "字段或字段组",
    "no such argument": "没有这个参数",
    "signers": "签名者的个数",
    "some_matches": "“存在”逐一查看的实例数",
}
"""Values that are texts of ours, and their Chinese."""


def wire_code(refused: Refused) -> str:
    """The code with its area, as errors.toml and the wire have it."""
    return f"{CODES[refused.code][0]}.{refused.code}"


def text(refused: Refused, language: str) -> str:
    """The refusal in a sentence. A value that is missing shows as its name in braces."""
    template = CODES[refused.code][2 if language == "zh" else 1]
    told = {name: _in_words(name, value, language) for name, value in refused.values.items()}
    return template.format_map(_Shown(told))


def _in_words(name: str, value: object, language: str) -> str:
    """A value as it is told: in the reader's language what is missing, and what is a type or a text of ours."""
    if value is None or value in ([], ()):
        return "无" if language == "zh" else "nothing"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return _in_chinese(str(value)) if language == "zh" and name in ("limit", "type") else str(value)


def _in_chinese(value: str) -> str:
    count, _, rest = value.partition(" ")
    if rest == "values":
        return f"{count}个值"
    try:
        return WORDS.get(value) or type_in_words(parse_type(value), "zh")
    except ValueError:
        return value


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
