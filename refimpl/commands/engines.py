"""`yilian engines`: the installed consensus engines and what each promises. It must not judge whether they keep it."""

import json

import click

from refimpl.consensus.registry import engine_names, find_engine

SCHEMA = "yilian/engines/v1"


@click.command("engines")
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
def command(as_json: bool) -> None:
    """List the consensus engines and their promises. / 列出共识引擎及其承诺。"""
    promises = [find_engine(name).promise.to_data() for name in engine_names()]
    if as_json:
        click.echo(json.dumps({"engines": promises, "schema": SCHEMA}, sort_keys=True))
        return
    for promise in promises:
        num, den = promise["threshold"]
        finality = promise["finality"]
        kind = finality["kind"] + (f" {finality['k']}" if "k" in finality else "")
        nets = f"safe: {promise['safety_net']}  live: {promise['live_net']}  links: {promise['links']}"
        click.echo(f"{promise['engine']:12} {promise['faults']} < {num}/{den}  finality {kind}  {nets}")
