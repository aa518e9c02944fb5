"""The sentence of a refusal code, from the shell's own table or from spec/errors.toml, in the reader's language.

The texts of the ledger's codes are normative and stand in spec/; here they are read as data, once, when a refusal is
to be said. Must not decide anything by a code.
"""

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from refimpl.shell.messages import SENTENCES, Language, fill

PLACES: Final = (Path(__file__).parents[2] / "spec", Path(__file__).parents[2] / "conformance" / "spec")
"""Where spec/ lies: beside the packages in a working tree, within `conformance` where the wheel was installed."""


@functools.cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Code -> language -> sentence, of every code in spec/errors.toml; empty if the file is not installed."""
    file = next((place / "errors.toml" for place in PLACES if (place / "errors.toml").is_file()), None)
    if file is None:
        return {}
    found: dict[str, Mapping[str, str]] = {}
    for area, codes in tomllib.loads(file.read_text(encoding="utf-8")).items():
        if isinstance(codes, dict):
            found |= {f"{area}.{name}": entry for name, entry in codes.items() if isinstance(entry, dict)}
    return found


def sentence(code: str, language: Language, values: Mapping[str, object]) -> str:
    """The sentence of a code with its values; a code without text is said by its values alone."""
    entry = SENTENCES.get(code) or texts().get(code) or texts().get(f"contract.{code}")
    if entry is None:
        return ", ".join(f"{name}={value}" for name, value in values.items()) or code
    return fill(entry[language], values)
