"""Subcommands for the tests of the command line: each ends in one of the ways a command can end."""

import click

from refimpl.shell.faults import Fault


class Denied(Exception):
    """A refusal as the ledger makes it: code, pointer, values."""

    def __init__(self, code: str, at: str = "", **values: object) -> None:
        self.code, self.at, self.values = code, at, values


@click.command()
@click.argument("way")
def probe(way: str) -> None:
    """End in the named way."""
    click.echo(f"language {click.get_current_context().meta['yilian.language']}")
    if way == "findings":
        raise Denied("contract.not_authorized", action="approve", missing="hill_hc")
    if way == "pointer":
        raise Denied("wire.bad_field", "/entry/3", expected="text", got="null")
    if way == "unreadable":
        raise Fault("file.unreadable", path="x", reason="gone")
    if way == "usage":
        raise click.UsageError("no")
    if way == "ours":
        raise ZeroDivisionError("a sentence of somebody's record")
    if way == "interrupted":
        raise KeyboardInterrupt


@click.command()
@click.option("--lang", type=click.Choice(["zh", "en"]))
def speaker(lang: str | None) -> None:
    """A command with a `--lang` of its own, refused."""
    click.echo(f"own {lang}")
    raise Fault("file.unreadable", path="x", reason="gone")
