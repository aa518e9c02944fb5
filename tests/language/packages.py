"""The packages that the tests of the language read: folders of programs, one surface at a time."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from contracts_dsl.check import Checked, check

HERE = Path(__file__).parent
LIBRARY = Path(str(files("contracts_dsl").joinpath("library")))
GOOD, BAD, NATIVE = HERE / "good", HERE / "bad", HERE / "native"


def sources(folder: Path, surface: str) -> list[Path]:
    """The files of a folder in one surface."""
    return [path for path in sorted(folder.glob("*.yl")) if path.name.endswith(".zh.yl") == (surface == "zh")]


def read(*paths: Path) -> list[tuple[str, bytes]]:
    """Names and bytes, as the checker takes them."""
    return [(path.name, path.read_bytes()) for path in paths]


@cache
def library(surface: str) -> Checked:
    """The library, and the program about escapes, checked as one package."""
    return check(read(*sources(LIBRARY, surface), *sources(GOOD, surface)))


@cache
def native() -> Checked:
    """The library as somebody who thinks in Chinese would write it."""
    return check(read(*sources(NATIVE, "zh")))
