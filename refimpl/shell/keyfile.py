"""A member's signing key in a file of its own: 64 hexadecimal digits, readable by its owner alone.

Secrets come by file, never on a command line or in the environment, where others see them. A file that others may read
is refused before it is read. The module must not know what is signed, and never says what it read.
"""

import re
import stat
from pathlib import Path
from typing import Final

from refimpl.shell.faults import Fault
from refimpl.shell.files import read_file, reason

__all__ = ["read_secret"]

_SECRET: Final = re.compile(rb"[0-9a-f]{64}\n?")


def read_secret(path: Path) -> bytes:
    """The 32 bytes of a key; `Fault` `file.unreadable`, `key.exposed`, `key.malformed`."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise Fault("file.unreadable", path=str(path), reason=reason(error)) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Fault("key.exposed", path=str(path), mode=f"{stat.S_IMODE(mode):04o}")
    content = read_file(path)
    if not _SECRET.fullmatch(content):
        raise Fault("key.malformed", path=str(path), size=len(content))
    return bytes.fromhex(content.decode().strip())
