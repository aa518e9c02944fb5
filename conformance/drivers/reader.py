"""The language of whoever reads, as the commands choose it, for what runs without a command line of ours.

Why again here: the kit imports nothing of the reference implementation. It must not say anything.
"""

import os

from conformance.sentences import Language

__all__ = ["language_of_reader"]


def language_of_reader(asked: str = "") -> Language:
    """What was asked for, else Chinese if the first of LC_ALL, LC_MESSAGES and LANG that is set says so, else
    English."""
    named = [os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)]
    return "zh" if (asked or next(iter(named), "")).lower().startswith("zh") else "en"
