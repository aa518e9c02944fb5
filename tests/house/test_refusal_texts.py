"""What refusals say is told wholly in Chinese to a Chinese reader: every text in the source is in the catalogue of
phrases, and every phrase is a text in the source."""

import ast
import functools
import itertools
import re

from contracts_dsl.typesystem import NAMED, PLAIN, Type
from refimpl.application.fhir.referral_state import STATUS
from refimpl.data.refusal import Code
from refimpl.shell.messages import Language, placeholders
from refimpl.shell.phrases import catalogue, phrase_of, told
from refimpl.shell.refusals import NAMES
from tests.house.refusal_texts import HOLE, Reader
from tests.house.tree import module_name, python_files, shown, syntax

KINDS_OF_VALUES = {
    "type(value).__name__": ("float", "Decimal"),
    "type(old).__name__.lower()": ("schema", "contract", "policy"),
}
"""Holes that a word fills."""
JOINED = re.compile(r"'([^']*)'\.join")
TERMS = """
ASCII CN CNY DER Ed25519 FHIR GDIS HIV IRCP JSON NaN O OU PSY SNOMED CT UTF-8 X v3 false null true
Bundle Claim Consent DocumentReference MedicationDispense Organization Patient ServiceRequest Task
coding dateTime identifier implicitRules modifierExtension reference
access by cell clinical entry fields pay pct purpose read reader scale sensitive solo
A-Z a-z
"""
"""Words of standards and formats, elements of FHIR, codes and names of members, which read alike in both languages."""
ADDRESSES = re.compile(r"(?a)https?:[\w:/.-]+|urn:[\w:-]+|(meta|state|block|tx|receipt|consensus|spec)/[\w/.]*|/v1")
"""Systems of codes, keys of a node's disk, addresses."""
TYPES = [
    str(Type(kind, name="" if kind in PLAIN else "71", low=71, high=72, optional=optional))
    for kind in (*sorted(PLAIN | NAMED), "int") for optional in (False, True)
] + ["party", "set purpose"]  # fmt: skip
"""Types of the language of contracts, as refusals name them."""


def said(text):
    """A text as it may come, a number for each hole; several are joined as the source joins them."""
    parts = HOLE.split(text)
    filled = [
        [part] if number % 2 == 0 else KINDS_OF_VALUES.get(part) or [f"71{found[1]}72" if (found := JOINED.match(part))
                                                                    else "71"]
        for number, part in enumerate(parts)
    ]  # fmt: skip
    return ["".join(one) for one in itertools.product(*filled)]


@functools.cache
def source():
    """The code that refuses."""
    files = python_files("refimpl", "contracts_dsl")
    return Reader({module_name(path): (shown(path), syntax(path)) for path in files})


@functools.cache
def all_said():
    """(place, text) of every text that a refusal of this project may carry."""
    types = [("contracts_dsl/typesystem.py", written) for written in TYPES]
    return [*types, *((text.place, one) for text in source().refused() for one in said(text.text))]


def english(text):
    """What of a text is told to a Chinese reader in letters."""
    letters = re.findall("[A-Za-z][A-Za-z-]*[0-9]*", ADDRESSES.sub("", told(text, Language.ZH)))
    return [word for word in letters if word not in {*TERMS.split(), *STATUS.values()}]


def test_every_text_of_a_refusal_is_told_in_chinese():
    assert len(all_said()) > 500
    assert [(place, text, told(text, Language.ZH)) for place, text in all_said() if english(text)] == []


def hidden(text):
    """Words within what is taken for a value that is known when the program runs."""
    literals = [node.value for part in HOLE.findall(text) for node in ast.walk(ast.parse(part.strip() or "_"))
                if isinstance(node, ast.Constant)]  # fmt: skip
    return [one for one in literals if isinstance(one, str) and re.match("(?!PRAGMA)(?=.* ).*[A-Za-z]{3}", one)]


def test_no_text_is_put_together_where_the_reading_does_not_follow():
    assert [(text.place, text.text) for text in source().refused() if hidden(text.text)] == []
    assert hidden("a ⟦'list of %s' % n⟧")


def spoken(text):
    """The English of the phrases that a text is told with."""
    found = phrase_of(text)
    if found is not None:
        phrase, values = found
        yield phrase.english
        for name in [name for name, kind in phrase.kinds.items() if kind == "told"]:
            yield from spoken(values[name])


def test_every_phrase_is_a_text_of_a_refusal():
    used = {english for _, text in all_said() for english in spoken(text)}
    assert [phrase.english for phrase in catalogue() if phrase.english not in used] == []


def test_every_phrase_keeps_its_values():
    for phrase in catalogue():
        assert placeholders(phrase.chinese) == set(phrase.kinds), phrase.english


def test_what_is_told_as_a_name_is_never_a_text_of_ours():
    assert NAMES.keys() <= {code.value for code in Code}
    named = [
        (code, keyword.arg, text)
        for call, scope in source().calls
        for code in [getattr(one, "attr", "") for one in call.args[:1]] if code in Code.__members__
        for keyword in call.keywords if keyword.arg in NAMES.get(Code[code].value, ())
        for text in source().texts(keyword.value, scope)
    ]  # fmt: skip
    assert named
    assert [one for one in named if re.search("[a-z]{2}", HOLE.sub("", one[2]))] == []


SEEN = """
PLACE = "a place"

def read(value):
    if not value:
        raise Refused(Code.WIRE_BAD_FIELD, expected="words " + told(value), got=f"{len(value)} of many")
    raise _bad("a thing", got="no thing" if value else PLACE)

def told(value) -> str:
    return "in a call"

def _bad(expected, got, more="by default"):
    return _worse(f"even {expected}", got if expected else more)

def _worse(this, that):
    for expected, got in ((this, that), ("literal", f"{that} in a loop")):
        raise node.refused(Code.WIRE_BAD_FIELD, expected=expected, got=got)
"""


def test_a_text_is_seen_however_it_comes_to_a_refusal():
    seen = {one.text for one in Reader({"here": ("here.py", ast.parse(SEEN))}).refused()}
    assert seen >= {
        "words in a call", "⟦len(value)⟧ of many", "even a thing", "no thing", "a place", "literal",
        "no thing in a loop", "a place in a loop", "by default",
    }  # fmt: skip
