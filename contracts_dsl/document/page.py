"""The page: title, choice of language, contents, one section a module. One file that needs no other and no network.

The language is chosen by two radio buttons and a rule of the style sheet, so that it works from the keyboard, on paper
and without scripts. It must not know what a section says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from contracts_dsl import ir
from contracts_dsl.check import Checked
from contracts_dsl.document import sections
from contracts_dsl.document.prose import Language, both, chosen, code, words
from contracts_dsl.source import Source

_STYLE = """
:root{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--tint:#f6f8fa;--act:#0b5394;--time:#5b5b5b;--breach:#a61b1b;
--may:#1a6334}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem 1.5rem 4rem;color:var(--ink);background:var(--paper);
font:16px/1.55 system-ui,"Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif}
body:has(#zh:checked) [lang=en],body:has(#en:checked) [lang=zh]{display:none}
.language{position:sticky;top:0;background:var(--paper);padding:.5rem 0;border-bottom:1px solid var(--line);
display:flex;gap:1.25rem;z-index:1}
.language label{cursor:pointer;padding:.2rem .6rem;border-radius:.4rem}
.language input:focus-visible+span,a:focus-visible{outline:3px solid var(--act);outline-offset:2px}
h1{font-size:1.7rem;margin:1rem 0 .3rem}
h2{font-size:1.35rem;margin:3rem 0 .5rem;padding-top:.6rem;border-top:3px solid var(--ink)}
h2 small{font-weight:400;color:var(--soft);font-size:.9rem}
nav ul{columns:16rem;padding-left:1.2rem}a{color:var(--act)}
.end{white-space:nowrap}
p.note{color:var(--soft);margin:.2rem 0 1rem}
code{font:600 .92em ui-monospace,Menlo,Consolas,"Noto Sans CJK SC",monospace;overflow-wrap:break-word}
.wide{overflow-x:auto;margin:1.2rem 0}
table{border-collapse:collapse;width:100%;font-size:.93rem}
caption{text-align:left;font-weight:700;font-size:1.05rem;padding:.3rem 0}
th,td{border:1px solid var(--line);padding:.4rem .6rem;text-align:left;vertical-align:top}
thead th{background:var(--tint)}tbody th{font-weight:400}th,td:last-child{min-width:6rem}
td ul{margin:0;padding-left:1.1rem}small{color:var(--soft)}
figure{margin:1rem 0}figcaption{font-size:.9rem;color:var(--soft)}figcaption b{font-weight:600}
svg{display:block;width:100%;height:auto;font:14px system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}
.box{fill:var(--paper);stroke:var(--ink);stroke-width:1.3}.box.final{fill:#e6e9ed}
.state{font-weight:700;fill:var(--ink)}
text.act{fill:var(--act)}text.time{fill:var(--time)}text.breach{fill:var(--breach)}
b.act{color:var(--act)}b.time{color:var(--time)}b.breach,strong.breach,.forbid{color:var(--breach)}.permit{color:var(--may)}
.line{fill:none;stroke-width:1.5}
.line.act{stroke:var(--act)}.line.time{stroke:var(--time);stroke-dasharray:2 3}
.line.breach{stroke:var(--breach);stroke-dasharray:7 4}
.head.act{fill:var(--act)}.head.time{fill:var(--time)}.head.breach{fill:var(--breach)}
@media print{.language,nav{display:none}body{max-width:none;padding:0;font-size:10pt}h2{break-before:page}
tr,figure{break-inside:avoid}.wide{overflow:visible}}
"""
_KINDS = {
    "Schema": ("directory", "名录"), "Contract": ("contract", "合约"), "Policy": ("access policy", "访问规则集"),
}  # fmt: skip


def page(checked: Checked, files: Iterable[str] | None, language: Language) -> str:
    """The page about the modules of some files, or of the whole package; `language` is the one shown first."""
    wanted = set(files) if files is not None else None
    chosen_modules = [
        (parsed.source, module)
        for parsed in checked.files
        if wanted is None or parsed.source.name in wanted
        for written in parsed.modules
        for module in checked.modules
        if module.name == written.name.text
    ]
    notes = {module.name: _note(source, module.name, checked) for source, module in chosen_modules}
    modules = [module for _, module in chosen_modules]
    title = ", ".join(module.name for module in modules[:4]) + (" …" if len(modules) > 4 else "")
    body = "".join(_section(module, notes[module.name]) for module in modules)
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{_choice(language)}<main>"
        f"<h1>{words('Rules of the alliance', '医联体规则')}</h1>{_lead()}{_contents(modules)}{body}"
        "</main></body></html>\n"
    )


def _choice(language: Language) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="language" id="{one}"{" checked" if one == language else ""}>'
        f" <span>{name}</span></label>"
        for one, name in (("zh", "中文"), ("en", "English"))
    )
    return f'<div class="language" role="radiogroup" aria-label="语言 · language">{buttons}</div>'


def _lead() -> str:
    said = words(
        "Drawn from the program itself, which is what every node executes. Names are those of the program.",
        "由程序本身生成，即每个节点所执行者。名称与程序一致。",
    )
    return f"<p>{said}</p>"


def _contents(modules: Sequence[ir.Module]) -> str:
    rows = "".join(
        f'<li><a href="#{sections.anchor(one.name)}">{code(one.name)}</a> {_kind(one)}</li>' for one in modules
    )
    return f"<nav><ul>{rows}</ul></nav>"


def _kind(module: ir.Module) -> str:
    pair = _KINDS[type(module).__name__]
    return both(lambda language: chosen(language, pair))


def _section(module: ir.Module, note: str) -> str:
    match module:
        case ir.Schema():
            body = sections.schema(module)
        case ir.Contract():
            body = sections.contract(module)
        case ir.Policy():
            body = sections.policy(module)
    of = f" {words('for', '适用于')} {code(module.of)}" if isinstance(module, ir.Policy) else ""
    version = words(f"version {module.version}", f"第{module.version}版")
    what = f"<small>{_kind(module)}{of}, {version}</small>"
    said = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section><h2 id="{sections.anchor(module.name)}">{code(module.name)} {what}</h2>{said}{body}</section>'


def _note(source: Source, name: str, checked: Checked) -> str:
    """What the author wrote above a module, or behind its first line."""
    module = next(
        one for parsed in checked.files if parsed.source is source for one in parsed.modules if one.name.text == name
    )
    number, _ = source.position(module.name.span[0])
    above: list[str] = []
    while number - len(above) > 1 and source.line(number - len(above) - 1).startswith("#"):
        above.append(source.line(number - len(above) - 1).lstrip("# "))
    _, _, behind = source.line(number).partition("#")
    return " ".join([*reversed(above), behind.strip()]).strip()
