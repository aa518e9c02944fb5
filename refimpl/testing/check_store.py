"""`check_store`: whether a store keeps the laws of `refimpl.node.ports.Store`.

Shipped for authors of stores; the stores of this project pass the same function. It knows no particular store and
reports a broken law as `AssertionError` with the law in words.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["check_store"]


class _Store(Protocol):
    """The methods of `refimpl.node.ports.Store`, said again because this package stands below the node."""

    def get(self, key: str) -> bytes | None: ...
    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]: ...
    def apply(self, writes: Sequence[tuple[str, bytes | None]], *, sync: bool) -> None: ...
    def close(self) -> None: ...


S = TypeVar("S", bound=_Store)


def check_store(fresh: Callable[[], S], again: Callable[[S], S]) -> None:
    """Return if stores made by `fresh` keep every law, else `AssertionError`.

    `fresh` gives a new empty store each time; `again` takes a closed one and opens what it left behind.
    """
    for law in (_empty, _writes, _order, _atomic, _rejects_keys, _many):
        store = fresh()
        law(store)
        left = list(store.items())
        store.close()
        reopened = again(store)
        assert list(reopened.items()) == left, f"closing and opening changed the content ({law.__name__})"
        reopened.close()


def _empty(store: _Store) -> None:
    assert list(store.items()) == [], "a new store is empty"
    assert store.get("meta/none") is None, "a key that was never written has no value"
    store.apply([("meta/none", None)], sync=False)
    assert store.get("meta/none") is None, "deleting what is not there does nothing"


def _writes(store: _Store) -> None:
    store.apply([("a", b"1"), ("b", b""), ("a", b"2")], sync=True)
    assert store.get("a") == b"2", "of two writes of a key in one call the later holds"
    assert store.get("b") == b"", "the empty value is a value"
    store.apply([("a", None), ("c", bytes(range(256)))], sync=False)
    assert store.get("a") is None, "a deleted key has no value"
    assert store.get("c") == bytes(range(256)), "a value is any bytes"
    store.apply([("d", b"1"), ("d", None)], sync=False)
    assert store.get("d") is None, "writes of one call are carried out in order"


def _order(store: _Store) -> None:
    keys = ["state/ff", "block/10", "state/", "state/00", "state", "state/0", "statf", "~", "!", "block/9", "State/00"]
    store.apply([(key, key.encode()) for key in keys], sync=True)
    assert [key for key, _ in store.items()] == sorted(keys), "keys come in the order of their bytes"
    under = sorted(key for key in keys if key.startswith("state/"))
    assert list(store.items("state/")) == [(key, key.encode()) for key in under], "a prefix selects its keys"
    assert list(store.items("nothing")) == [], "a prefix without keys selects none"


def _atomic(store: _Store) -> None:
    store.apply([("kept", b"1")], sync=True)
    for wrong in ("", "bl ank", "caf\u00e9", "line\n"):
        try:
            store.apply([("kept", b"2"), ("new", b"2"), (wrong, b"2")], sync=True)
        except ValueError:
            pass
        else:
            raise AssertionError(f"a key of {len(wrong)} characters outside printable ASCII was accepted")
        assert store.get("kept") == b"1", "a call that fails changes nothing"
        assert store.get("new") is None, "a call that fails writes nothing"


def _rejects_keys(store: _Store) -> None:
    longest = "k" * 1024
    store.apply([(longest, b"1")], sync=True)
    assert store.get(longest) == b"1", "a key may have 1024 characters"
    try:
        store.apply([(longest + "k", b"1")], sync=True)
    except ValueError:
        return
    raise AssertionError("a key of 1025 characters was accepted")


def _many(store: _Store) -> None:
    store.apply([(f"tx/{number:05d}", b"%d" % number) for number in range(3000)], sync=True)
    found = list(store.items("tx/"))
    assert len(found) == 3000, "no key is lost however many there are"
    assert found[1234] == ("tx/01234", b"1234"), "each key has its own value"
    large = bytes(1_500_000)
    store.apply([("block/large", large)], sync=True)
    assert store.get("block/large") == large, "a value may be larger than a block"
