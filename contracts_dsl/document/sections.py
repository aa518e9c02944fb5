"""The sections of the page: one a module, each a handful of tables whose rows are the clauses and rules of the program.

It must not know how the page is framed or styled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from contracts_dsl import ir
from contracts_dsl.document.diagram import diagram, order
from contracts_dsl.document.prose import (
    LANGUAGES,
    Language,
    both,
    chosen,
    code,
    conditions,
    duration,
    effects,
    elapsed,
    expression,
    limit,
    listed,
    told,
    type_name,
    words,
)

NONE = "–"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a caption; the first cell of a row names it. Nothing if there are no rows."""
    body = [
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell or NONE}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    ]
    if not body:
        return ""
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f"<div class=\"wide\"><table><caption>{caption}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )  # fmt: skip


def anchor(*names: str) -> str:
    """The id of a place on the page."""
    return escape("-".join(names))


def schema(module: ir.Schema) -> str:
    """The words of the directory."""
    kinds = [(one, words("member", "成员")) for one in module.parties]
    kinds += [(one, words("entity", "实体")) for one in module.entities]
    rows = [(code(one.name), what, _attributes(one)) for one, what in kinds]
    enums = [(code(one.name), told(listed, one.members)) for one in module.enums]
    if module.purposes:
        enums.append((words("purposes of access", "访问目的"), told(listed, module.purposes)))
    heads = [words("name", "名称"), words("what", "类别"), words("known of it", "属性")]
    return table(words("Who takes part", "参与者"), heads, rows) + table(
        words("Words", "词汇"), [words("name", "名称"), words("one of", "取值")], enums
    )


def _attributes(kind: ir.NodeKind) -> str:
    return "<br>".join(_typed(one.name, one.type) for one in kind.attributes)


def _typed(name: str, kind: str) -> str:
    return f"{code(name)}: {told(type_name, kind)}"


# ---- contracts


def contract(module: ir.Contract) -> str:
    """A contract: diagram, roles, who may do what, deadlines, data, promises."""
    drawn = "".join(diagram(module, language) for language in LANGUAGES)
    return "".join([
        f'<figure>{drawn}<figcaption>{_legend()}</figcaption></figure>',
        table(words("Roles", "当事方"), [words("role", "角色"), words("who", "何人"), words("provided that", "条件")], (
            (code(one.name), told(type_name, one.type),
             told(conditions, one.where))
            for one in module.parties
        )),
        table(words("Who may do what", "谁可做什么"), [
            words("in state", "所处状态"), words("who", "何人"), words("does", "行为"), words("provided that", "条件"),
            words("with the effect", "效果"), words("then", "转为"),
        ], _powers(module)),
        table(words("Ladder of deadlines", "期限阶梯"), [
            words("in state", "所处状态"), words("who", "何人"), words("must", "应当"), words("in time", "期限"),
            words("else", "否则"), words("then", "转为"),
        ], _ladder(module)),
        table(words("What is recorded", "记录的数据"), [words("name", "名称"), words("kind", "类型")], _data(module)),
        table(words("What is promised", "核验的承诺"), [words("name", "名称"), words("promise", "承诺")], (
            (code(one.name), told(promise, one)) for one in module.checks
        )),
    ])  # fmt: skip


def _legend() -> str:
    return " · ".join([
        f'<b class="act">{words("solid: somebody acts", "实线：有人行动")}</b>',
        f'<b class="time">{words("dotted: time passes", "点线：时间届满")}</b>',
        f'<b class="breach">{words("dashed: a breach", "虚线：违规")}</b>',
        words("↺ the state stays; a grey box is an end", "↺ 状态不变；灰框为终结"),
    ])  # fmt: skip


def _powers(module: ir.Contract) -> Iterator[Sequence[str]]:
    for start in module.start:
        yield _power(words("(start)", "（起始）"), module, start)
    for name, state in _ordered(module):
        for clause in state.clauses:
            if not isinstance(clause, ir.Wait):
                yield _power(code(name), module, clause)


def _power(where: str, module: ir.Contract, clause: ir.Acting) -> Sequence[str]:
    parameters = ", ".join(_typed(one.name, one.type) for one in clause.params)
    duty = "" if isinstance(clause, ir.May) else f" <em>{words('(duty)', '（义务）')}</em>"
    return (
        where,
        _who(clause),
        code(clause.action) + (f"<br><small>{parameters}</small>" if parameters else "") + duty,
        told(conditions, clause.when),
        told(effects, clause.do),
        _leads(module, clause.to),
    )


def _who(clause: ir.Acting) -> str:
    if isinstance(clause, ir.May) and clause.caller is not None:
        return f"{words('contract', '由合约')} {code(clause.caller)}"
    return both(lambda language: chosen(language, (" and ", "与")).join(code(one) for one in clause.actors))


def _leads(module: ir.Contract, to: str | None) -> str:
    if to is None:
        return words("stays", "不变")
    state = next(one for one in module.states if one.name == to)
    end = "" if state.clauses else f' <span class="end">{words("(end)", "（终结）")}</span>'
    return f"{code(to)}{end}"


def _ladder(module: ir.Contract) -> Iterator[Sequence[str]]:
    """Every clock: who, what, within how long, else what, next; `next` leads to the row of that state."""
    timed = {name for name, state in _ordered(module) if any(not isinstance(one, ir.May) for one in state.clauses)}
    for name, state in _ordered(module):
        first = f' id="{anchor(module.name, "ladder", name)}"'
        for clause in state.clauses:
            if isinstance(clause, ir.May):
                continue
            yield (f"<span{first}>{code(name)}</span>", *_rung(module, clause, timed))
            first = ""


def _rung(module: ir.Contract, clause: ir.Must | ir.Wait, timed: set[str]) -> Sequence[str]:
    to = clause.otherwise.to if isinstance(clause, ir.Must) else clause.to
    leads = _leads(module, to)
    if to in timed:
        leads = f'<a href="#{anchor(module.name, "ladder", to)}">{leads}</a>'
    if isinstance(clause, ir.Wait):
        nobody, passing = words("nobody", "无人"), words("(time passes)", "（时间届满）")
        return nobody, passing, told(elapsed, clause.limit), told(effects, clause.do), leads
    what = f'<strong class="breach">{escape(clause.otherwise.name)}</strong>'
    done = told(effects, clause.otherwise.do)
    return _who(clause), code(clause.action), told(limit, clause.limit), f"{what}<br>{done}" if done else what, leads


def _ordered(module: ir.Contract) -> list[tuple[str, ir.State]]:
    states = {state.name: state for state in module.states}
    return [(name, states[name]) for name in order(module)]


def _data(module: ir.Contract) -> Iterator[Sequence[str]]:
    for one in module.data:
        key = f" <em>{words('(key, once for ever)', '（唯一键，永不复用）')}</em>" if one.name in module.key else ""
        yield code(one.name) + key, told(type_name, one.type)


def promise(check: ir.Check, language: Language) -> str:
    """What a check claims, in words."""
    match check:
        case ir.Always() | ir.Never():
            said = ("always", "始终") if isinstance(check, ir.Always) else ("never", "绝不")
            return f"{chosen(language, said)}: {conditions(check.condition, language)}"
        case ir.AlwaysAfter():
            said = (f"{code(check.action)} only after {code(check.earlier)}",
                    f"{code(check.action)}只在{code(check.earlier)}之后")  # fmt: skip
            return chosen(language, said)
        case ir.NeverAfter():
            said = (f"{code(check.action)} never after {code(check.earlier)}",
                    f"{code(check.earlier)}之后绝不{code(check.action)}")  # fmt: skip
            return chosen(language, said)
        case ir.Reaches():
            ends, length = listed(check.states, language), duration(check.within, language)
            return chosen(language, (f"within {length} it is in {ends}", f"{length}内到达{ends}"))
        case ir.AlwaysReads() | ir.NeverReads():
            return _reads(check, language)


def _reads(check: ir.AlwaysReads | ir.NeverReads, language: Language) -> str:
    always = isinstance(check, ir.AlwaysReads)
    said = chosen(language, ("may always read", "始终可读取") if always else ("may never read", "绝不可读取"))
    purposes = _purposes(check.purposes, language)
    when = conditions(check.when, language)
    return f"{code(check.reader)} {said} {listed(check.groups, language)} {purposes} {when}"


def _purposes(purposes: Sequence[str] | None, language: Language) -> str:
    if purposes is None:
        return ""
    return chosen(language, (f"for {listed(purposes, language)}", f"用于{listed(purposes, language)}"))


# ---- policies


def policy(module: ir.Policy) -> str:
    """A policy: the matrix of fields and roles, its rules, its views, its promises."""
    return "".join([
        _matrix(module),
        table(words("Rules", "规则"), [
            words("rule", "规则"), words("who", "何人"), words("fields", "字段"), words("for", "用途"),
            words("provided that", "条件"), words("despite", "优先于"), words("obliges to", "所生义务"),
        ], (_rule(one) for one in module.rules)),
        table(words("Totals", "统计视图"), [
            words("view", "视图"), words("shows", "显示"), words("of those with", "范围"), words("for each", "分组"),
            words("to", "给"), words("hidden below", "少于即隐藏"),
        ], (_view(one) for one in module.views)),
        table(words("What is promised", "核验的承诺"), [words("name", "名称"), words("promise", "承诺")], (
            (code(one.name), told(promise, one)) for one in module.checks
        )),
    ])  # fmt: skip


def _matrix(module: ir.Policy) -> str:
    readers = list(dict.fromkeys(rule.reader for rule in module.rules))
    heads = [words("fields", "字段"), *(code(reader) for reader in readers)]
    rows = [
        (f"{code(group.name)}<br><small>{escape(', '.join(group.fields))}</small>",
         *(_cell(module, group.name, reader) for reader in readers))
        for group in module.groups
    ]  # fmt: skip
    caption = words("Who may read which fields (what is not listed is refused)", "谁可读取哪些字段（未列出者一律拒绝）")
    return table(caption, heads, rows)


def _cell(module: ir.Policy, group: str, reader: str) -> str:
    """The rules about one group and one kind of reader; a word beside each sign."""
    found = [rule for rule in module.rules if rule.reader == reader and group in rule.groups]
    if not found:
        return words("no", "不可")
    return "<br>".join(_mark(rule) for rule in found)


def _mark(rule: ir.Rule) -> str:
    sign = words("✓ may:", "✓ 可：") if rule.kind == "permit" else words("✗ never:", "✗ 禁：")
    bound = " *" if rule.when is not None else ""
    purposes = told(_purposes, rule.purposes)
    return f'<span class="{rule.kind}">{sign} {code(rule.name)}{bound}</span> <small>{purposes}</small>'


def _rule(rule: ir.Rule) -> Sequence[str]:
    kind = words("may", "可") if rule.kind == "permit" else words("never", "禁止")
    return (
        f'<span class="{rule.kind}">{code(rule.name)}</span>',
        code(rule.reader),
        f"{kind}: {told(listed, rule.groups)}",
        told(listed, rule.purposes) if rule.purposes is not None else words("any", "任何目的"),
        told(conditions, rule.when),
        told(listed, rule.overrides),
        told(effects, rule.do),
    )


def _view(view: ir.View) -> Sequence[str]:
    def shown(language: Language) -> str:
        parts = [
            chosen(language, ("count", "计数")) if one.path is None
            else f"{chosen(language, ('sum of', '合计'))} {expression(one.path, language)}"
            for one in view.show
        ]  # fmt: skip
        return "<br>".join(parts)

    def grouped(language: Language) -> str:
        parts = [expression(one, language) for one in view.group]
        if view.rollup is not None:
            up = chosen(language, ("added up along", "逐级汇总："))
            parts.append(f"{up} {expression(view.rollup, language)}")
        return "<br>".join(parts)

    def to(language: Language) -> str:
        return f"{code(view.to)} {conditions(view.when, language)}"

    return code(view.name), both(shown), told(conditions, view.where), both(grouped), both(to), str(view.k)
