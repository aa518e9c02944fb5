"""Every refusal can be said in both languages, whoever raised it."""

import pytest

from refimpl.data.refusal import Code
from refimpl.shell import refusals
from refimpl.shell.messages import Language
from refimpl.shell.refusals import sentence


@pytest.mark.parametrize("language", Language)
def test_every_code_of_the_ledger_has_a_sentence(language):
    for code in Code:
        said = sentence(code.value, language, {})
        assert said not in {"", code.value}


def test_a_sentence_carries_the_values():
    assert sentence("wire.too_large", Language.EN, {"max": 7, "got": 9}) == "at most 7 bytes are allowed here, 9 came"
    assert sentence("wire.too_large", Language.ZH, {"max": 7, "got": 9}) == "此处最多7字节，实为9"


def test_a_code_of_the_language_is_found_under_its_area():
    short, long = (sentence(code, Language.EN, {}) for code in ("not_authorized", "contract.not_authorized"))
    assert short == long != "not_authorized"
    assert sentence("suppressed", Language.EN, {}) == sentence("access.suppressed", Language.EN, {})


def test_a_code_without_text_is_said_by_its_values():
    assert sentence("plugin.tired", Language.EN, {"since": 3}) == "since=3"
    assert sentence("plugin.tired", Language.EN, {}) == "plugin.tired"


def test_an_installation_without_the_specification_still_says_something(monkeypatch, tmp_path):
    monkeypatch.setattr(refusals, "PLACES", (tmp_path,))
    refusals.texts.cache_clear()
    try:
        assert sentence("wire.too_large", Language.EN, {"max": 7}) == "max=7"
    finally:
        refusals.texts.cache_clear()
