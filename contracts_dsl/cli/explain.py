"""`yilian explain CODE`: what a diagnostic or a refusal means, with an example and what to do.

The refusals of other parts are read from spec/errors.toml as data. It must not know what any code means.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from contracts_dsl.explain import Refusal, UnknownCode, explain, of_the_language

PLACES = tuple(Path(__file__).parents[2] / place for place in ("spec", "conformance/spec"))
"""Where spec/ lies: beside the packages in a working tree, inside one of them where a wheel was installed."""


@click.command("explain")
@click.argument("code")
def command(code: str) -> None:
    """解释诊断编码或拒绝编码 · Explain the code of a diagnostic (E102) or a refusal (condition_false)."""
    context = click.get_current_context()
    language = str(context.meta.get("yilian.language", "zh"))
    try:
        click.echo(explain(code, language, refusals()))
    except UnknownCode as unknown:
        near = " ".join(unknown.near) or "-"
        told = f"没有编码{code}；相近者：{near}" if language == "zh" else f"no code {code}; similar: {near}"
        click.echo(told, err=True)
        context.exit(2)


def refusals() -> dict[str, Refusal]:
    """Every refusal code: those of spec/errors.toml where it is installed, else those of the language."""
    file = next((place / "errors.toml" for place in PLACES if (place / "errors.toml").is_file()), None)
    if file is None:
        return of_the_language()
    areas: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        f"{area}.{name}": Refusal(one["en"], one["zh"], one.get("definite", True))
        for area, listed in areas.items() if isinstance(listed, dict)
        for name, one in listed.items() if isinstance(one, dict)
    }  # fmt: skip
