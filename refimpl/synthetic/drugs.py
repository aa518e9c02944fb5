"""Drugs and the trace codes of their boxes.

A trace code (追溯码) is 20 digits, of which the first seven name the drug. The last digit of real codes is encrypted by
the platforms that issue them, and no rule of it is public; here it is the check digit of GS1, so that a mistyped
synthetic code is told from a good one. The drug numbers begin with 89999, so that none is on the market.
"""

from typing import Final

from attrs import frozen

from refimpl.synthetic.stream import Stream

__all__ = ["DRUGS", "Drug", "check_digit", "is_trace_code", "trace_code"]

TRACE_DIGITS: Final = 20


@frozen
class Drug:
    """A drug by the number in its trace codes, its title, and the price of a box."""

    number: str
    title: str
    price: int
    """Fen."""


DRUGS: Final = (
    Drug("8999901", "阿司匹林肠溶片 100mg×30片", 1_580),
    Drug("8999902", "苯磺酸氨氯地平片 5mg×28片", 3_335),
    Drug("8999903", "盐酸二甲双胍缓释片 0.5g×60片", 2_890),
    Drug("8999904", "阿托伐他汀钙片 20mg×7片", 2_217),
    Drug("8999905", "硫酸氢氯吡格雷片 75mg×7片", 1_805),
    Drug("8999906", "头孢呋辛酯片 0.25g×12片", 2_460),
    Drug("8999907", "布地奈德福莫特罗吸入粉雾剂 60吸", 21_199),
    Drug("8999908", "恩替卡韦分散片 0.5mg×28片", 1_001),
    Drug("8999909", "甘精胰岛素注射液 3ml:300单位", 6_974),
    Drug("8999910", "奥美拉唑肠溶胶囊 20mg×14粒", 990),
)


def check_digit(digits: str) -> str:
    """The digit that GS1's rule gives: from the right, weights 3 and 1, up to the next ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def is_trace_code(code: str) -> bool:
    """Whether a text is a trace code of this generator."""
    return len(code) == TRACE_DIGITS and code.isascii() and code.isdigit() and check_digit(code[:-1]) == code[-1]


def trace_code(draws: Stream, drug: Drug) -> str:
    """The code of one box."""
    body = drug.number + draws.digits(TRACE_DIGITS - 1 - len(drug.number))
    return body + check_digit(body)
