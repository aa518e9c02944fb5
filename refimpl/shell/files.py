"""Files appear whole or not at all, and what cannot be read is said by a code.

Why: an interrupted run must leave nothing that looks like a result. A file is written beside its place under a name
of its own, brought to the disk, and renamed into place; every other way out removes it. Must not know what the bytes
mean.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from refimpl.shell.faults import Fault

READ_MAX = 1 << 30
"""Bytes of the largest file a command reads into memory."""


def read_file(path: Path) -> bytes:
    """The whole file; raises `Fault` `file.unreadable` or `file.too_large`."""
    try:
        with path.open("rb") as stream:
            content = stream.read(READ_MAX + 1)
    except OSError as error:
        raise Fault("file.unreadable", path=str(path), reason=reason(error)) from None
    if len(content) > READ_MAX:
        raise Fault("file.too_large", path=str(path), most=READ_MAX)
    return content


def write_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`, replacing what was there; raises `Fault` `file.unwritable` and then changes nothing."""
    with replaced_file(path) as stream:
        stream.write(content)


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` when the block ends well; any exception, Ctrl-C too, leaves no
    trace."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Fault("file.unwritable", path=str(path), reason=reason(error)) from None
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Fault("file.unwritable", path=str(path), reason=reason(error)) from None
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def delivered(folder: Path) -> Iterator[Path]:
    """A scratch folder whose files move into `folder` when the block ends well; any exception, Ctrl-C too, leaves
    neither them nor a folder made on the way. Raises `Fault` `file.unwritable`, at once if `folder` cannot be made."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder, prefix=".unfinished-"))
    except OSError as error:
        _unmake(made)
        raise Fault("file.unwritable", path=str(folder), reason=reason(error)) from None
    try:
        yield scratch
        for file in sorted(scratch.iterdir()):
            file.replace(folder / file.name)
    except OSError as error:
        raise Fault("file.unwritable", path=str(folder), reason=reason(error)) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _unmake(made)


def _unmake(folders: list[Path]) -> None:
    """Remove those of the folders that are empty, the innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason(error: OSError) -> str:
    """The system's own word for what went wrong, without the path that stands in the message already."""
    return error.strerror or type(error).__name__
