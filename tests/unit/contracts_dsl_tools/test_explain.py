"""Explanations: of every code, in both languages, with an example that raises exactly that code."""

import pytest
from click.testing import CliRunner

from contracts_dsl.cli.explain import command, refusals
from contracts_dsl.diagnostics import codes
from contracts_dsl.explain import UnknownCode, example, explain, of_the_language
from contracts_dsl.lexer import surface
from refimpl.cli import main

WITHOUT_EXAMPLE = {"E001", "E002", "E003"}
CHINESE_ONLY = {"E103", "E105", "E107"}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", codes())
def test_the_example_of_a_code_raises_that_code_and_no_error_beside_it(code, language):
    shown = example(code, language)
    if shown is None:
        assert code in WITHOUT_EXAMPLE
        return
    found = {finding.code for finding in shown[1]}
    assert code in found
    assert {one for one in found if one.startswith("E")} <= {code}
    assert code in explain(code, language, {})
    assert (surface(shown[0]) or language) == (language if code not in CHINESE_ONLY else "zh")


@pytest.mark.parametrize("code", codes())
def test_the_two_languages_explain_in_different_words(code):
    english, chinese = explain(code, "en", {}), explain(code, "zh", {})
    assert not any("\u4e00" <= character <= "\u9fff" for character in english.split("\n\n")[1])
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese.split("\n\n")[1])


@pytest.mark.parametrize("name", refusals())
def test_every_refusal_is_explained_with_its_sentence_and_what_to_do(name):
    listed = refusals()
    for language, sentence in (("en", listed[name].en), ("zh", listed[name].zh)):
        told = explain(name, language, listed)
        assert sentence in told
        assert ("对策" in told) == (language == "zh")


def test_without_the_specification_the_language_still_explains_its_own_refusals():
    listed = of_the_language()
    assert set(listed) <= set(refusals())
    for name, refusal in listed.items():
        assert (refusal.en, refusal.zh) == (refusals()[name].en, refusals()[name].zh)
        assert refusal.en in explain(name.partition(".")[2], "en", listed)


def test_an_unknown_code_is_answered_with_those_that_look_like_it():
    with pytest.raises(UnknownCode) as caught:
        explain("condition_fals", "en", refusals())
    assert caught.value.near[0] == "contract.condition_false"
    found = CliRunner().invoke(command, ["E10"])
    assert (found.exit_code, found.stdout) == (2, "")
    assert "E101" in found.stderr or "E110" in found.stderr


def test_the_command_speaks_the_language_of_its_reader():
    for language, title in (("en", "duty without a consequence"), ("zh", "义务没有违反后果")):
        found = CliRunner().invoke(main, ["--lang", language, "explain", "e102"])
        assert (found.exit_code, title in found.stdout) == (0, True)
