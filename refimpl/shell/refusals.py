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
from refimpl.shell.phrases import told

PLACES: Final = (Path(__file__).parents[2] / "spec", Path(__file__).parents[2] / "conformance" / "spec")
"""Where spec/ lies: beside the packages in a working tree, within `conformance` where the wheel was installed."""
BETWEEN: Final[Mapping[Language, str]] = {Language.ZH: "、", Language.EN: ", "}
"""What stands between the members of a list."""
NOTHING: Final[Mapping[Language, str]] = {Language.ZH: "无", Language.EN: "nothing"}
"""How an empty list is told, and what is not there."""
WORDS: Final = frozenset({"expected", "found", "got", "limit", "type", "what"})
"""Values that may be texts of ours; all others are names, numbers and codes."""
NAMES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("block.wrong_channel", "block.wrong_suite", "consensus.unknown_engine", "consensus.wrong_channel",
         "consensus.wrong_kind", "consensus.wrong_suite", "net.unknown_kind", "net.wrong_channel", "net.wrong_suite",
         "service.wrong_method", "tx.wrong_channel", "tx.wrong_suite"),
        frozenset({"expected", "got"}),
    ),
    "block.wrong_proposer": frozenset({"got"}),
    "consensus.wrong_proposer": frozenset({"got"}),
    "contract.bad_package": frozenset({"got"}),
    "store.wrong_version": frozenset({"expected", "got"}),
}  # fmt: skip
"""Code -> those of its values that are names after all: a member called `record` stays that."""


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
    known = next((name for name in _names(code) if name in SENTENCES or name in texts()), code)
    shown = {name: in_words(known, name, value, language) for name, value in values.items()}
    entry = SENTENCES.get(known) or texts().get(known)
    if entry is None:
        return ", ".join(f"{name}={value}" for name, value in shown.items()) or code
    return fill(entry[language], shown)


def in_words(code: str, name: str, value: object, language: Language) -> object:
    """A value of a refusal as it is told: lists without brackets, texts of ours in the reader's language."""
    if isinstance(value, Sayable):
        return value.in_words(language)
    if isinstance(value, list | tuple):
        return BETWEEN[language].join(map(str, value)) or NOTHING[language]
    if value is None:
        return NOTHING[language]
    if isinstance(value, str) and name in WORDS and name not in NAMES.get(code, ()):
        return told(value, language)
    return value


@runtime_checkable
class Sayable(Protocol):
    """A value that is words itself, such as what the kit expects of a plan."""

    def in_words(self, language: str) -> str:
        """It in words."""
        ...


def _names(code: str) -> tuple[str, ...]:
    """The names a code may stand under: the contract language says its own without their area."""
    return (code,) if "." in code else (code, f"contract.{code}", f"access.{code}", f"block.{code}")
