"""The library's contracts as a deployable package: source read, checked and turned into IR.

It must not know what any contract says.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from contracts_dsl import ir
from contracts_dsl.check import check

__all__ = ["library"]


@cache
def library(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The IR of these modules' files of the library, as the `modules` of a `deploy` payload."""
    folder = files("contracts_dsl").joinpath("library")
    checked = check((f"{name}.yl", folder.joinpath(f"{name}.yl").read_bytes()) for name in names)
    assert not checked.errors, "the library is tested: it has no errors"
    return [ir.to_json(module) for module in checked.modules]
