"""The page of the visual client: its words in both languages, its encoder held to the vectors, and the whole of it
driven in a browser as members use it. Where there is no node or no Chromium, the tests that need them say so."""

import json
import re
import shutil
import subprocess

import pytest

from tests.browser import CHROMIUM, Browser
from tests.house.tree import ROOT
from tests.serving import Serving

PAGE = ROOT / "refimpl" / "service" / "page"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no node here: the page's encoder was not run")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page was not driven")


def node(script, given=""):
    """What node prints of a module script."""
    done = subprocess.run([NODE, "--input-type=module", "-e", script], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_node
def test_the_encoder_of_the_page_writes_and_knows_the_bytes_of_every_vector():
    """A text is canonical if and only if it is what the page writes of the value in it."""
    lines = (ROOT / "conformance/vectors/v1/encoding/values.jsonl").read_text(encoding="utf-8").splitlines()
    vectors = [one for line in lines if (one := json.loads(line)).get("input", {}).keys() & {"value", "text"}]
    script = f"""import {{ canonical }} from "{(PAGE / "canonical.mjs").as_uri()}";
        import {{ readFileSync }} from "node:fs";
        const value = (input) => "text" in input ? JSON.parse(input.text) : input.value;
        const tell = ({{ input }}) => {{ try {{ return canonical(value(input)); }} catch {{ return null; }} }};
        console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(tell)));"""
    for one, written in zip(vectors, json.loads(node(script, json.dumps(vectors))), strict=True):
        if "value" in one["input"]:
            assert written == one["expect"]["ok"]["text"], one["id"]
        else:
            assert (written == one["input"]["text"]) == ("ok" in one["expect"]), one["id"]
    assert len(vectors) > 30


@needs_node
def test_the_page_refuses_to_believe_a_proof_that_was_touched():
    script = f"""import {{ checkInclusion, hex, sha256 }} from "{(PAGE / "ledger.mjs").as_uri()}";
        const leaf = (n) => sha256(Uint8Array.from([0, n])), node = (a, b) => sha256(Uint8Array.from([1, ...a, ...b]));
        const [a, b, c] = [await leaf(1), await leaf(2), await leaf(3)];
        const ab = await node(a, b), root = hex(await node(ab, c));
        const told = [];
        const path = {{ 0: [hex(b), hex(c)], 1: [hex(a), hex(c)], 2: [hex(ab)] }};
        for (const [size, at, byte, way, trusted] of [[3, 0, 1, path[0], root], [3, 1, 2, path[1], root],
            [3, 2, 3, path[2], root], [3, 0, 2, path[0], root], [3, 1, 1, path[0], root], [3, 3, 3, path[2], root],
            [3, 2, 3, path[0], root], [3, 0, 1, [], root], [3, 0, 1, path[0], hex(ab)]])
          told.push(await checkInclusion(trusted, size, at, Uint8Array.from([byte]), way).then(() => 1, () => 0));
        console.log(told.join(""));"""
    assert node(script).strip() == "111000000"


def words():
    """Key -> its two texts, of everything that the page can say."""
    told = (PAGE / "words.mjs").read_text(encoding="utf-8")
    return re.findall(r'(\w+): \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\]', told)


def test_every_word_of_the_page_is_there_in_both_languages_over_the_same_values():
    found = words()
    assert len(found) > 150
    for key, chinese, english in found:
        assert any("\u4e00" <= one <= "\u9fff" for one in chinese) or key == "is", key
        assert english.isascii(), key
        assert re.findall(r"\{\d\}", chinese) == re.findall(r"\{\d\}", english), key
    page = (PAGE / "client.mjs").read_text(encoding="utf-8") + (PAGE / "index.html").read_text(encoding="utf-8")
    said = set(re.findall(r'\bt\("(\w+)"', page)) | set(re.findall(r'data-say="(\w+)"', page))
    assert said <= {key for key, _, _ in found}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_page_can_be_read_by_those_who_see_badly():
    """Contrast of at least 4.5:1 (WCAG 2.2, 1.4.3) of every pair of colours that stand on each other; text of 16 px."""
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    colour = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    pairs = ["ink paper", "ink soft", "deep soft", "deep paper", "warn paper", "good paper"]
    listed = [(colour[one], colour[other]) for one, other in map(str.split, pairs)]
    listed += [("#ffffff", colour["deep"]), ("#46525a", "#ffffff"), ("#46525a", "#d9e0e4")]
    for one, other in listed:
        light, dark = sorted((luminance(one), luminance(other)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (one, other)
    assert all(float(size) >= 16 for size in re.findall(r"([\d.]+)px(?:/[\d.]+)? [\"u]|font-size: ([\d.]+)px", style)
               for size in size if size)  # fmt: skip
    assert all(float(size) >= 1 for size in re.findall(r"font-size: ([\d.]+)rem", style))


def test_the_page_loads_nothing_from_anywhere_else():
    for path in PAGE.iterdir():
        assert not re.search(r"https?://|//cdn|@import|eval\(|innerHTML", path.read_text(encoding="utf-8")), path.name


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("serve")) as made:
        yield made


@pytest.fixture
def browser(tmp_path):
    made = Browser(tmp_path / "profile")
    yield made
    made.close()


class Person:
    """A member at the page."""

    def __init__(self, browser, serving, member):
        self.browser, self.serving = browser, serving
        browser.open("about:blank")
        browser.open(serving.url)
        browser.until("document.querySelector('#enter')")
        browser.choose("#certificate", serving.papers / f"{member}.der")
        browser.choose("#key", serving.papers / f"{member}.key")
        browser.click("#enter")
        browser.until("document.querySelector('#who button') && document.querySelector('nav [aria-current=page]')")

    def go(self, view, until):
        self.browser.run(f"location.hash = '#{view}'")
        self.browser.until(until)

    def act(self, instance, action, said, **filled):
        """Do what the work list offers for an instance, and wait for what the page says of it."""
        form = f"[data-instance='{instance}'] form[data-action='{action}']"
        self.go("work", f"document.querySelector(\"{form}\")")
        for kind, value in filled.items():
            if kind == "file":
                self.browser.choose(f"{form} input", value)
            else:
                self.browser.fill(f"{form} input", value)
        self.browser.click(f"{form} button")
        self.browser.until(said)


APPLIED = "document.querySelector('#notice').textContent.startsWith('已上链')"


@needs_chromium
@pytest.mark.system("B13")
def test_B13_a_referral_from_approval_to_settlement_in_the_page(browser, serving, tmp_path):
    result = tmp_path / "result.pdf"
    result.write_bytes(b"the document that goes back")
    Person(browser, serving, "hill-hc").act(6, "approve", APPLIED)
    Person(browser, serving, "patient1").act(6, "book", APPLIED, choice=2)
    city = Person(browser, serving, "city3")
    city.act(6, "admit", APPLIED)
    city.act(6, "report", APPLIED, file=result)
    Person(browser, serving, "county2").act(6, "settle", "document.querySelector('#handed')")
    draft = browser.run("document.querySelector('#handed').value")
    cosign(Person(browser, serving, "city3"), draft)
    assert "已结清" in browser.text
    assert browser.said == []


def cosign(person, draft):
    """Read a draft, sign it, hand it in."""
    browser = person.browser
    person.go("work", "document.querySelector('#pasted')")
    browser.fill("#pasted", draft)
    browser.run("document.querySelector('#pasted').form.requestSubmit()")
    browser.until("document.querySelector('#cosign')")
    browser.click("#cosign")
    browser.until(APPLIED)


@needs_chromium
@pytest.mark.system("B13")
def test_B13_a_hospital_asks_for_a_referral_and_the_patient_signs_with_it(browser, serving, tmp_path):
    papers = tmp_path / "papers.pdf"
    papers.write_bytes(b"what the other hospital must know")
    person = Person(browser, serving, "centre1")
    person.go("work", "document.querySelector('#request')")
    for name, value in (("receiver", "city3"), ("patient", "patient2"), ("regulator", "hill-hc"), ("upper", "city-hc")):
        browser.fill(f"#request [name={name}]", value)
    browser.choose("#request [name=evidence]", papers)
    browser.click("#request button")
    browser.until("document.querySelector('#handed')")
    draft = browser.run("document.querySelector('#handed').value")
    assert "what the other hospital" not in draft
    cosign(Person(browser, serving, "patient2"), draft)
    assert "待审批" in browser.text
    assert browser.said == []


@needs_chromium
@pytest.mark.system("B13")
def test_B13_history_audit_and_blocks_are_seen_in_both_languages_by_whom_they_are_given(browser, serving):
    patient = Person(browser, serving, "patient1")
    browser.until("document.querySelectorAll('tbody tr').length >= 3")
    assert "city-doctor" in browser.text
    assert "access.not_permitted" in browser.text
    browser.click("#language")
    browser.until("document.body.innerText.includes('Who recorded and who saw')")
    patient.go("audit", "document.body.innerText.includes('Only an auditor')")
    patient.go("blocks", "document.querySelector('tbody a')")
    patient.go("blocks/8", "document.querySelector('.prove')")
    browser.click(".prove")
    browser.until("document.querySelector('.fine')")
    Person(browser, serving, "hill-hc")
    browser.until("document.querySelectorAll('tbody tr').length >= 7")
    stranger = Person(browser, serving, "gp")
    stranger.go("work", "document.body.innerText.includes('没有可供您查阅的内容')")
    assert browser.said == []
