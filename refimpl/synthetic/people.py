"""Invented persons: a name, a sex, a date of birth. No identity number, no address, no telephone is made.

A name is a common surname with given characters drawn one by one; that somebody bears it is chance and no more.
"""

from datetime import date, timedelta
from typing import Final

from attrs import field, frozen

from refimpl.synthetic.stream import Stream

__all__ = ["Person", "person"]

_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹"
_GIVEN: Final = "安博晨德恩芳国海嘉静凯兰明宁平清荣诗涛文晓雅子云志卓"
_BORN_FIRST: Final = date(1936, 1, 1)
_BORN_DAYS: Final = 365 * 72


@frozen
class Person:
    """A patient of the story."""

    pseudonym: str
    family: str = field(repr=False)
    given: str = field(repr=False)
    gender: str
    """`male` or `female`."""
    born: date = field(repr=False)


def person(draws: Stream) -> Person:
    """Somebody who does not exist."""
    given = "".join(draws.pick(_GIVEN) for _ in range(draws.between(1, 2)))
    return Person(
        pseudonym=f"p-{draws.bits() >> 128:032x}",
        family=draws.pick(_SURNAMES),
        given=given,
        gender=draws.pick(("male", "female")),
        born=_BORN_FIRST + timedelta(days=draws.below(_BORN_DAYS)),
    )
