"""Data-security architecture: rows C1 to C9."""

import base64
import json

import pytest

from conformance.adapters.node import NodeCluster
from conformance.plan import Byz, Plan, Twin
from refimpl.application.fhir import read_referral
from refimpl.application.index import accesses
from refimpl.crypto.sealing import ReaderKey
from refimpl.data.refusal import Code, Refused
from refimpl.scenarios import referral
from refimpl.scenarios.performance import perform
from refimpl.scenarios.stage import Stage
from tests.unit.commands.endings import BAD_BUNDLES

TELLING = ("display", "text", "birthDate", "family", "title", "data", "valueString")


def canaries(resource, name=""):
    """Every text of a resource that says who the patient is or what ails them, as it would look if it leaked."""
    if isinstance(resource, dict):
        kind = resource.get("resourceType", "")
        for key, value in resource.items():
            whole = kind == "Patient" and key in ("id", "identifier", "name", "birthDate")
            yield from canaries(value, "display" if whole or name == "display" else key)
    elif isinstance(resource, list):
        for one in resource:
            yield from canaries(one, name)
    elif isinstance(resource, str) and (name in TELLING or (name == "code" and any(map(str.isdigit, resource)))):
        yield resource
        if name == "data":
            yield from (line for line in base64.b64decode(resource).decode().splitlines() if len(line) > 7)
    elif isinstance(resource, float) and name == "value" and len(repr(resource)) > 3:
        yield repr(resource)


@pytest.fixture(scope="module")
def secrets():
    """The texts of the story's bundle that must not be seen outside a seal."""
    data = json.loads(referral.bundle())
    found = {text for entry in data["entry"] for text in canaries(entry["resource"]) if len(text) > 3}
    found -= {"emergency"}  # a word of the contracts too
    assert {"Parisian", "1852431", "1961-06-11", "401314000"} <= found
    assert len(found) > 100
    return sorted(found)


def disguises(text):
    """The bytes of a text as they stand, in hex, and within Base64 at each of its three alignments."""
    raw = text.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        inner = whole[(0, 2, 3)[shift] :].rstrip(b"=")[:-1]
        if len(inner) > 5:
            yield inner
            yield inner.replace(b"+", b"-").replace(b"/", b"_")


def leaked(secrets, place):
    """The secrets that can be read in these bytes."""
    return [text for text in secrets if any(seen in place for seen in disguises(text))]


def test_the_search_would_see_a_leak(secrets):
    name = "Parisian"
    for hidden in (
        name.encode(),
        name.encode().hex().encode(),
        *(base64.b64encode(b"x" * n + name.encode() + b"yz") for n in range(3)),
    ):
        assert leaked(secrets, b"..." + hidden + b"...") == [name]


def test_the_records_themselves_do_carry_the_secrets(secrets):
    order = read_referral(referral.bundle())
    contents = b"".join(record.content for record in (*order.offered, *order.returned))
    assert len(leaked(secrets, contents)) > 50


@pytest.mark.clause("INV-S9")
@pytest.mark.system("C1")
def test_C1_none_is_in_a_message_between_members(secrets, monkeypatch):
    wires, read = set(), NodeCluster.read
    monkeypatch.setattr(NodeCluster, "read", lambda self, wire: (wires.add(wire), read(self, wire))[1])
    perform("referral", None, None, 0)
    assert len(wires) > 100
    assert leaked(secrets, b"\n".join(sorted(wires))) == []


@pytest.mark.clause("INV-S9")
@pytest.mark.system("C1")
def test_C1_no_clinical_text_and_no_patient_is_in_any_stored_value(secrets, played):
    for node in range(4):
        disk = played.stage.disk(node)
        assert leaked(secrets, b"\n".join([*(key.encode() for key in disk), *disk.values()])) == []


@pytest.mark.system("C1")
def test_C1_none_is_in_a_file_or_a_line_that_a_run_leaves(secrets, results, yilian, tmp_path):
    for path in results.rglob("*"):
        assert not path.is_file() or leaked(secrets, path.read_bytes()) == [], path
    for language in ("zh", "en"):
        done = yilian("--lang", language, "run", "--out", tmp_path)
        assert leaked(secrets, done.stdout_bytes + done.stderr_bytes) == []


@pytest.mark.system("C1")
@pytest.mark.parametrize("kind", BAD_BUNDLES)
def test_C1_a_refused_bundle_is_not_quoted(secrets, yilian, tmp_path, kind):
    (tmp_path / "bundle.json").write_bytes(BAD_BUNDLES[kind][0])
    done = yilian("run", "--bundle", tmp_path / "bundle.json", "--out", tmp_path)
    assert leaked(secrets, done.stdout_bytes + done.stderr_bytes) == []


def story():
    """The story as it begins."""
    return referral.Story(Stage(referral.cast(), Plan(engine="tendermint", n=4, heights=60)), order(), 0)


def order():
    return read_referral(referral.bundle())


@pytest.mark.clause("INV-S9")
@pytest.mark.system("C5")
def test_C5_every_read_is_on_the_chain_before_it_happens_and_tells_who_saw_what(played):
    seen = [(row["reader"], row["record"].split("/")[0]) for row in accesses(played.stage.state())]
    reports = [("city3-a", "diagnosticreport")] * 3
    assert seen == [
        *reports,
        ("city3-a", "documentreference"),
        ("county2", "documentreference"),
        ("centre1", "careplan"),
    ]
    times = [row["at"] for row in accesses(played.stage.state())]
    assert times == sorted(times)


@pytest.mark.system("C5")
def test_C5_a_reader_without_a_key_leaves_its_trace_and_reads_nothing():
    begun = story()
    begun.open()
    with pytest.raises(Refused) as refused:
        begun.read(begun.entries[0], referral.RECEIVER)
    assert refused.value.code is Code.VAULT_NO_KEY
    assert [row["reader"] for row in accesses(begun.stage.state())] == [referral.RECEIVER]


@pytest.mark.system("C6")
def test_C6_an_altered_record_is_found_before_a_byte_of_it_is_used():
    begun = story()
    begun.open()
    entry = begun.entries[0]
    vault = begun.vaults[referral.ORIGIN]
    stored = bytearray(vault._shelf.get(f"sealed|{entry.record}"))  # what a thief with the custodian's disk would reach
    stored[60] ^= 1
    vault._shelf.apply([(f"sealed|{entry.record}", bytes(stored))], sync=True)
    with pytest.raises(Refused) as refused:
        begun.read(entry, referral.ORIGIN)
    assert refused.value.code is Code.ACCESS_BROKEN_RECORD


@pytest.mark.system("C7")
def test_C7_the_receiver_gets_keys_only_after_the_approval(monkeypatch):
    begun = story()
    begun.open()
    held = []

    def acting(stage, signers, contract, action, *others, **arguments):
        rows = begun.vaults[referral.ORIGIN]._shelf.items("key|")
        names = {entry.record for entry in begun.entries}
        readers = {row.split("|")[2] for row, _ in rows if row.split("|")[1] in names}
        held.append((action, sorted(readers)))
        return act(stage, signers, contract, action, *others, **arguments)

    act = Stage.act
    monkeypatch.setattr(Stage, "act", acting)
    begun.refer_up()
    readers = dict(reversed(held))
    assert [readers[action] for action in ("offer", "request", "approve")] == [[referral.ORIGIN]] * 3
    assert readers["book"] == sorted([referral.ORIGIN, referral.RECEIVER])


def test_a_key_of_somebody_else_opens_nothing(monkeypatch):
    begun = story()
    begun.open()
    monkeypatch.setattr(referral, "reader_key", lambda member: ReaderKey(b"k" * 32))
    with pytest.raises(Refused) as refused:
        begun.read(begun.entries[0], referral.ORIGIN)
    assert refused.value.code is Code.ACCESS_BROKEN_RECORD


def lying(liar):
    """One validator equivocates, withholds and replays throughout."""
    to = next(node for node in range(4) if node != liar)
    atoms = [Twin(r=0, src=liar, to=(to,))]
    for height in range(1, 61):
        for phase in ("prevote", "precommit"):
            others = [node for node in range(4) if node not in (liar, to)]
            atoms.append(Byz(h=height, r=0, ph=phase, src=liar, dst=others[0], act="omit"))
            atoms.append(Byz(h=height, r=0, ph=phase, src=liar, dst=others[1], act={"stale": 2}))
    return Plan(engine="tendermint", n=4, faulty=(liar,), after={liar: "byzantine"}, heights=60, atoms=tuple(atoms))


@pytest.mark.system("C8")
@pytest.mark.parametrize("liar", range(4))
def test_C8_whoever_lies_the_honest_come_to_the_same(played, liar):
    outcome = perform("referral", lying(liar), None, 0)
    assert outcome.violations == ()
    assert min(outcome.history.triggered.values()) > 0
    assert outcome.final == played.final
    disks = {node: outcome.stage.disk(node) for node in outcome.stage.honest}
    agreed = [
        {key: value for key, value in disk.items() if not key.startswith(("cert/", "consensus/"))}
        for disk in disks.values()
    ]
    assert agreed[0] == agreed[1] == agreed[2]
