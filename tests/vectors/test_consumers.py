"""Thirty lines in any language read the vectors; `make nodes` runs them all, here those that start at once."""

import shutil

import pytest

from tests.vectors.consumers import FOLDER, LANGUAGES, VECTORS, answered


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_reader_holds_with_the_vectors_and_notices_a_wrong_one(language, tmp_path):
    if shutil.which(LANGUAGES[language][0]) is None:
        pytest.skip(f"no {LANGUAGES[language][0]} here")
    right = answered(language)
    assert (right.returncode, right.stdout) == (0, f"{language}: 74 of 74 cases\n"), right.stderr
    shutil.copytree(VECTORS, tmp_path, dirs_exist_ok=True)
    digests = tmp_path / "hash" / "digests.jsonl"
    digests.write_text(digests.read_text().replace('"bytes":"616263"', '"bytes":"616264"', 1))
    wrong = answered(language, tmp_path)
    assert (wrong.returncode, wrong.stdout) == (1, f"{language}: 73 of 74 cases\n")


def test_a_reader_that_finds_no_case_says_so(tmp_path):
    assert answered("python", tmp_path).returncode == 1


def test_every_language_of_the_templates_has_a_reader():
    templates = {one.name for one in (FOLDER.parents[1] / "templates").iterdir() if one.name != "shared"}
    assert {"js" if name == "javascript" else name for name in LANGUAGES} == templates
