"""The sentence of a refusal code, from the shell's own table or from spec/errors.toml, in the reader's language.

The texts of the ledger's codes are normative and stand in spec/; here they are read as data, once, when a refusal is
to be said. Must not decide anything by a code.
"""

import functools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from refimpl.shell.messages import SENTENCES, Language, fill

PLACES: Final = (Path(__file__).parents[2] / "spec", Path(__file__).parents[2] / "conformance" / "spec")
"""Where spec/ lies: beside the packages in a working tree, within `conformance` where the wheel was installed."""


@functools.cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Code -> language -> sentence, of every code in spec/errors.toml; empty if the file is not installed."""
    file = next((place / "errors.toml" for place in PLACES if (place / "errors.toml").is_file()), None)
    return {} if file is None else dict(_entries(tomllib.loads(file.read_text(encoding="utf-8")), ""))


def _entries(branch: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for key, value in branch.items():
        if isinstance(value, dict) and "en" in value:
            yield prefix + key, value
        elif isinstance(value, dict):
            yield from _entries(value, f"{prefix}{key}.")


def sentence(code: str, language: Language, values: Mapping[str, object]) -> str:
    """The sentence of a code with its values; a code without text is said by its values alone."""
    entry = next((entry for name in _names(code) if (entry := SENTENCES.get(name) or texts().get(name))), None)
    if entry is None:
        return ", ".join(f"{name}={value}" for name, value in values.items()) or code
    return fill(entry[language], {name: _in_words(value, language) for name, value in values.items()})


@runtime_checkable
class Sayable(Protocol):
    """A value that is words itself, such as what the kit expects of a plan."""

    def in_words(self, language: str) -> str:
        """It in words."""
        ...


def _in_words(value: object, language: Language) -> object:
    return value.in_words(language) if isinstance(value, Sayable) else value


def _names(code: str) -> tuple[str, ...]:
    """The names a code may stand under: the contract language says its own without their area."""
    return (code,) if "." in code else (code, f"contract.{code}", f"access.{code}", f"block.{code}")
