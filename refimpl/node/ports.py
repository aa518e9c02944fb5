"""What a node asks of its surroundings, as Protocols: today, a place to keep bytes.

Why here: `store`, `shell` and `engines` know the node, and the node must not know them. A plug-in implements a
Protocol of this file and passes the conformance function that `refimpl.testing` ships for it.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

__all__ = ["Store", "Write"]

Write = tuple[str, bytes | None]
"""A key and the value it gets; None deletes the key, also one that is not there."""


class Store(Protocol):
    """An ordered map from keys to bytes that survives the process. One writer at a time.

    Keys are non-empty printable ASCII without blanks, ordered by their bytes; the node uses `meta/...`,
    `block/<height>`, `tx/<height>/<index>`, `cert/<height>`, `proof/<height>`, `receipt/...`, `state/<hex key>` and
    `consensus/...`, heights with ten digits, indexes with four. Every method may raise `Refused` with a `store.*` code.
    """

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None."""
        ...

    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys that begin with `prefix`, in ascending order, with their values. Undefined if written meanwhile."""
        ...

    def apply(self, writes: Sequence[Write], *, sync: bool) -> None:
        """Carry out all of `writes` in order, or none. With `sync`, these and all earlier ones are durable on return;
        without, a crash may lose them, but never without losing all that came after them."""
        ...

    def close(self) -> None:
        """Make everything durable and let go of it; the store is not used again."""
        ...
