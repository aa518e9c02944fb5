"""Both languages say the same, and a message can always be said."""

import re

import pytest

from refimpl.shell.messages import SENTENCES, Language, fill, language_of, placeholders, say


@pytest.mark.parametrize("key", SENTENCES)
def test_both_languages_have_every_sentence_with_the_same_values(key):
    assert set(SENTENCES[key]) == set(Language)
    assert placeholders(SENTENCES[key][Language.ZH]) == placeholders(SENTENCES[key][Language.EN])
    assert re.search("[\u4e00-\u9fff]", SENTENCES[key][Language.ZH])
    assert not re.search("[\u4e00-\u9fff]", SENTENCES[key][Language.EN])


def test_a_sentence_without_its_value_is_still_said():
    assert fill("{a} and {b}", {"a": 1}) == "1 and {b}"
    assert "{path}" in say("file.unreadable", Language.EN)


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        ("en", {"LC_ALL": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US"}, "zh"),
        (None, {"LC_ALL": "", "LANG": "zh_TW.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_reader_is_answered_in_the_language_asked_for(asked, environment, language):
    assert language_of(asked, environment) == language
