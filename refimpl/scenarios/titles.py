"""What people call the members, contracts, actions, states and records of the stories, in both languages.

The words stand in `titles.toml`, so that whoever tells a story edits no program. It must not know any story.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

__all__ = ["titles_of"]

_LANGUAGES: Final = ("zh", "en")


@cache
def titles_of(story: str) -> Mapping[str, Mapping[str, str]]:
    """Language -> name on the ledger -> title, for one story: its own words, then the common ones."""
    words: dict[str, Any] = tomllib.loads(files(__package__).joinpath("titles.toml").read_bytes().decode())
    listed = {**words["common"], **words.get(story, {})}
    return {language: {name: title[at] for name, title in listed.items()} for at, language in enumerate(_LANGUAGES)}
