"""Institutions of three tiers in an invented city, with codes that keep the national check rule.

The city and its districts exist on no map: their administrative code begins with 99, which no province has. A unified
social credit code is 18 characters of GB 32100-2015: registering body, category, administrative division, nine
characters of the organisation, check character.
"""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from refimpl.synthetic.stream import Stream

__all__ = ["CITY", "DISTRICTS", "TIERS", "Institution", "checked_credit_code", "institutions"]

CITY: Final = ("清和市", "990100")
"""Name and administrative code."""
DISTRICTS: Final = (
    ("北岭区", "990102"), ("碧湖区", "990103"), ("松川县", "990121"), ("云屏县", "990122"),
)  # fmt: skip
TIERS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("{district}{place}社区卫生服务中心", "{district}{place}镇卫生院"),
    2: ("{district}人民医院", "{district}中医医院"),
    3: ("清和市第一人民医院", "清和医学院附属医院"),
}
"""Tier -> names, with the district and a place in it."""
_PLACES: Final = ("柳河", "石桥", "双塔", "枫林", "青云", "望江", "金沙", "白鹿")
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))


@frozen
class Institution:
    """A hospital or community centre."""

    member: str
    """Its name on the ledger."""
    title: str
    tier: int
    """1 community, 2 county or district, 3 city."""
    district: str
    code: str
    """Unified social credit code."""


def checked_credit_code(body: str) -> str:
    """The 17 characters and the check character that GB 32100-2015 (ISO 7064 MOD 31-3) gives them."""
    total = sum(_CREDIT.index(character) * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CREDIT[-total % 31]


def institutions(draws: Stream) -> tuple[Institution, ...]:
    """All institutions of the city: two of the third tier, in each district one of the second and two of the first."""
    made = [_institution(draws, f"city3-{'ab'[at]}", title, 3, CITY[0], CITY[1]) for at, title in enumerate(TIERS[3])]
    places = iter(_PLACES)
    for at, (district, code) in enumerate(DISTRICTS, 1):
        county = TIERS[2][draws.below(len(TIERS[2]))].format(district=district)
        made.append(_institution(draws, f"county2-{at}", county, 2, district, code))
        for nth, pattern in enumerate(TIERS[1], 1):
            title = pattern.format(district=district, place=next(places))
            made.append(_institution(draws, f"centre1-{at}{nth}", title, 1, district, code))
    return tuple(made)


def _institution(draws: Stream, member: str, title: str, tier: int, district: str, division: str) -> Institution:
    organisation = "".join(draws.pick(_CREDIT) for _ in range(9))
    return Institution(member, title, tier, district, checked_credit_code(f"12{division}{organisation}"))
