"""`yilian selfcheck`: shows on the user's machine that the suite finds what it is for. It must not judge by itself."""

import json
import sys
from typing import cast

import click
from attrs import asdict

from conformance.drivers.selfcheck import selfcheck
from conformance.report.words import Language, word

SCHEMA = "yilian/selfcheck/v1"


@click.command("selfcheck")
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Hunt every planted bug and the controls. / 逐一捕获植入的缺陷并核对对照组。"""
    language = cast(Language, context.meta.get("yilian.language", "en"))
    kills = []
    for kill in selfcheck():
        kills.append(kill)
        if not as_json:
            click.echo(word("killed" if kill.killed else "survived", language, **asdict(kill)))
        elif sys.stderr.isatty():
            click.echo(f"\r{kill.id} ", err=True, nl=False)
    if as_json:
        listed = [{**asdict(kill), "killed": kill.killed} for kill in kills]
        click.echo(json.dumps({"schema": SCHEMA, "zoo": listed}, sort_keys=True))
    if not all(kill.killed for kill in kills):
        context.exit(1)
