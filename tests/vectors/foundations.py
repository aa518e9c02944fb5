"""Vectors of what everything rests on: canonical values, digests, trees, the state map, signatures and keys."""

from hashlib import sha512
from typing import Any

from refimpl.crypto.recipes import Suite, digest, key_for_tests, sign
from refimpl.data import merkle
from refimpl.data.state_map import EMPTY
from tests.vectors.sheet import Sheet

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519."""
PRIME = 2**255 - 19
EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""The y of a point of order 8."""
D = -121665 * pow(121666, -1, PRIME) % PRIME
Point = tuple[int, int]


def values() -> Sheet:
    """Values and their one encoding; bytes that are no value."""
    sheet = Sheet("encoding/values", "`text` and `hex` are the bytes; `parts` are texts, each so often")
    lawful: tuple[tuple[str, str, Any], ...] = (
        ("DAT-001 DAT-002", "keys ascend, no blanks", {"b": [1, -7, True, None], "a": "x", "aa": {}, "B": False}),
        ("DAT-001", "few characters are escaped", {"a": '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028'}),
        ("DAT-001", "all others stand as they are", ["转诊", "é", "😀", "\ue000"]),
        ("DAT-006", "no normalisation", ["e\u0301", "\u00e9"]),
        ("DAT-003", "the greatest and the least integer", [2**53 - 1, 1 - 2**53, 0]),
        ("DAT-002", "keys that look like numbers ascend by their bytes", {"10": 1, "9": 2, "-": 3}),
        ("DAT-002", "a key is the beginning of another", {"ab": 1, "a": 2, "": 3, "a-": 4}),
    )
    for cited, why, value in lawful:
        sheet.valid("json.canonical", cited, why, {"value": value})
    of = sheet.valid("json.decode", "DAT-008", "bytes of a value", {"text": '{"a":[1,"转"],"b":null}'})
    unlawful: tuple[tuple[str, str, str], ...] = (
        ("DAT-001", "a blank", '{"a":[1, "转"],"b":null}'),
        ("DAT-001", "a line end behind it", '{"a":[1,"转"],"b":null}\n'),
        ("DAT-001", "a byte order mark", '\ufeff{"a":[1,"转"],"b":null}'),
        ("DAT-002", "keys out of order", '{"b":null,"a":[1,"转"]}'),
        ("DAT-002", "a key twice", '{"a":[1,"转"],"a":null}'),
        ("DAT-003", "a leading zero", '{"a":[01,"转"],"b":null}'),
        ("DAT-003", "a sign at zero", '{"a":[-0,"转"],"b":null}'),
        ("DAT-003", "a plus sign", '{"a":[+1,"转"],"b":null}'),
        ("DAT-003", "an exponent", '{"a":[1e0,"转"],"b":null}'),
        ("DAT-003", "an integer too great by one", '{"a":[9007199254740992,"转"],"b":null}'),
        ("DAT-003", "an integer too small by one", '{"a":[-9007199254740992,"转"],"b":null}'),
        ("DAT-003", "an integer that some readers round", '{"a":[9007199254740993,"转"],"b":null}'),
        ("DAT-004", "a fraction", '{"a":[1.5,"转"],"b":null}'),
        ("DAT-004", "a fraction of nothing", '{"a":[1.0,"转"],"b":null}'),
        ("DAT-004", "not a number", '{"a":[NaN,"转"],"b":null}'),
        ("DAT-005", "a key beyond ASCII", '{"转":[1,"转"]}'),
        ("DAT-006", "a lone surrogate, escaped", '{"a":[1,"\\ud800"],"b":null}'),
        ("DAT-001", "an escape that is not needed", '{"a":[1,"\\u8f6c"],"b":null}'),
        ("DAT-001", "an escape in capitals", '{"a":[1,"\\u001F"],"b":null}'),
        ("DAT-001", "an escaped slash", '{"a":[1,"\\/"],"b":null}'),
        ("DAT-001", "a comma behind the last", '{"a":[1,"转",],"b":null}'),
        ("DAT-001", "two values", '{"a":[1,"转"],"b":null}{}'),
        ("DAT-001", "nothing", ""),
        ("DAT-001", "no JSON", "rien"),
    )
    for cited, why, text in unlawful:
        sheet.twin(of, "wire.not_canonical", f"DAT-008 {cited}", why, text=text)
    for why, data in (("a byte that is no UTF-8", b'"\xff"'), ("an encoded surrogate", b'"\xed\xa0\x80"'),
                      ("an overlong form", b'"\xc0\xaf"')):  # fmt: skip
        sheet.twin(of, "wire.not_canonical", "DAT-008 DAT-001", why, hex=data.hex())
    deep = sheet.valid("json.decode", "DAT-007", "as deep as may be", {"text": "[" * 128 + "]" * 128})
    sheet.twin(deep, "wire.not_canonical", "DAT-007 DAT-008", "deeper by one", text="[" * 129 + "]" * 129)
    sheet.twin(deep, "wire.not_canonical", "DAT-007 DAT-008", "without an end", parts=[["[", 100_000]])
    longer = [['"', 1], ["x", 2**20 - 1], ['"', 1]]
    sheet.twin(of, "wire.too_large", "DAT-009", "longer than the limit by one", parts=longer)
    return sheet


def digests() -> Sheet:
    """Digests under tags."""
    sheet = Sheet("hash/digests")
    for tag in ("yilian/tx/v1", "yilian/block/v1", "yilian/genesis/v1", "yilian/tendermint/precommit/v1"):
        for data in (b"", b"abc", bytes(range(256))):
            sheet.valid("digest", "DAT-020", f"{len(data)} bytes under {tag}", {"tag": tag, "bytes": data.hex()})
    return sheet


def trees() -> Sheet:
    """Roots, and proofs of inclusion and of consistency."""
    sheet = Sheet("merkle/trees")
    leaves = [bytes([number]) * number for number in range(9)]
    for size in range(10):
        given = {"leaves": [leaf.hex() for leaf in leaves[:size]]}
        sheet.valid("merkle.root", "DAT-030 DAT-031", f"{size} leaves", given)
    sheet.valid("merkle.root", "DAT-030", "one leaf that looks like a node", {"leaves": ["01" + "00" * 64]})
    for size, index in ((1, 0), (2, 1), (3, 2), (7, 4), (8, 3), (9, 8)):
        _inclusion(sheet, leaves[:size], index)
    for first, second in ((1, 2), (3, 7), (4, 8), (6, 9), (8, 8)):
        _consistency(sheet, leaves, first, second)
    return sheet


def _flipped(text: str) -> str:
    """Hex with the last bit of its first byte changed."""
    return f"{int(text[:2], 16) ^ 1:02x}{text[2:]}"


def _inclusion(sheet: Sheet, leaves: list[bytes], index: int) -> None:
    tree = merkle.Tree(leaves)
    proof = [one.hex() for one in tree.inclusion(index)]
    given = {"leaf": leaves[index].hex(), "index": index, "size": len(leaves), "proof": proof, "root": tree.root.hex()}
    of = sheet.valid("merkle.inclusion", "DAT-032", f"leaf {index} of {len(leaves)}", given)
    bad = ("wire.bad_proof", "DAT-032")
    sheet.twin(of, *bad, "another leaf", leaf="ff")
    sheet.twin(of, *bad, "another root", root=_flipped(given["root"]))
    sheet.twin(of, *bad, "an index beyond the list", index=len(leaves))
    sheet.twin(of, *bad, "a hash too many", proof=[*proof, "00" * 32])
    sheet.twin(of, "wire.bad_proof", "DAT-034", "more hashes than any proof has", proof=["00" * 32] * 65)
    if proof:
        sheet.twin(of, *bad, "a hash too few", proof=proof[:-1])
        sheet.twin(of, *bad, "another hash", proof=[_flipped(proof[0]), *proof[1:]])
        sheet.twin(of, *bad, "the place of another leaf", index=index ^ 1 if index ^ 1 < len(leaves) else index - 1)


def _consistency(sheet: Sheet, leaves: list[bytes], first: int, second: int) -> None:
    older, newer = merkle.Tree(leaves[:first]), merkle.Tree(leaves[:second])
    proof = [one.hex() for one in newer.consistency(first)]
    given = {"sizes": [first, second], "roots": [older.root.hex(), newer.root.hex()], "proof": proof}
    of = sheet.valid("merkle.consistency", "DAT-033", f"{first} leaves begin {second}", given)
    bad = ("wire.bad_proof", "DAT-033")
    sheet.twin(of, *bad, "another older root", roots=[_flipped(given["roots"][0]), given["roots"][1]])
    sheet.twin(of, *bad, "another newer root", roots=[given["roots"][0], _flipped(given["roots"][1])])
    sheet.twin(of, *bad, "a hash too many", proof=[*proof, "00" * 32])
    sheet.twin(of, *bad, "the older is empty", sizes=[0, second])
    sheet.twin(of, *bad, "the older is the longer", sizes=[second + 1, second])
    sheet.twin(of, "wire.bad_proof", "DAT-034", "more hashes than any proof has", proof=["00" * 32] * 65)
    if proof:
        sheet.twin(of, *bad, "a hash too few", proof=proof[:-1])
    if len(proof) > 1:
        sheet.twin(of, *bad, "no hash", proof=[])


def state() -> Sheet:
    """The state map: its root, proofs of presence and of absence."""
    sheet = Sheet("merkle/state", "`value` null asks for a proof of absence")
    content = {b"a": b"1", b"ab": b"2", b"b": b"", b"clinic/7": "转诊".encode(), b"\xff" * 255: b"long"}
    roots = [{}, {b"a": b"1"}, {b"a": b"1", b"ab": b"2"}, content]
    for some in roots:
        entries = [[key.hex(), value.hex()] for key, value in some.items()]
        of = sheet.valid("statemap.root", "DAT-041 DAT-042 DAT-043 DAT-044", f"{len(some)} keys", {"entries": entries})
    sheet.valid("statemap.root", "DAT-044", "in another order, the same root",
                {"entries": [[key.hex(), value.hex()] for key, value in reversed(content.items())]})  # fmt: skip
    for why, key in (
        ("an empty key", b""), ("a zero byte in a key", b"a\0b"), ("a key too long", b"k" * 256),
    ):  # fmt: skip
        sheet.twin(of, "contract.limit_exceeded", "DAT-040", why, entries=[[key.hex(), ""]])
    made = EMPTY.updated(content)
    for key in (b"a", b"ab", b"b", b"\xff" * 255):
        _presence(sheet, made, key)
    for key in (b"ac", b"c", b"a\x01", b"\x01"):
        _absence(sheet, made, key)
    nothing = {"key": b"a".hex(), "value": None, "proof": {"steps": []}, "root": EMPTY.root.hex()}
    of = sheet.valid("statemap.proof", "DAT-041 DAT-048", "nothing is in the empty map", nothing)
    sheet.twin(of, "wire.bad_proof", "DAT-048", "the map is not empty", root=made.root.hex())
    sheet.twin(of, "wire.bad_proof", "DAT-048", "steps that lead nowhere", proof={"steps": [[0, "00" * 32]]})
    sheet.twin(of, "wire.bad_proof", "DAT-047", "no value is there either", value="31")
    return sheet


def _presence(sheet: Sheet, made: Any, key: bytes) -> None:
    proof, value = made.prove(key).to_value(), made.get(key)
    given = {"key": key.hex(), "value": value.hex(), "proof": proof, "root": made.root.hex()}
    of = sheet.valid("statemap.proof", "DAT-046 DAT-047", f"{key[:8]!r} is there", given)
    bad = ("wire.bad_proof", "DAT-047")
    sheet.twin(of, *bad, "another value", value="ff")
    sheet.twin(of, *bad, "another key", key=(key[:-1] + b"\x7e").hex())
    sheet.twin(of, *bad, "another root", root=_flipped(given["root"]))
    first, *rest = proof["steps"]
    sheet.twin(of, *bad, "another sibling", proof=proof | {"steps": [[first[0], _flipped(first[1])], *rest]})
    sheet.twin(of, *bad, "a step less", proof=proof | {"steps": rest})
    sheet.twin(of, "wire.bad_proof", "DAT-048", "it is not absent", value=None)
    sheet.twin(of, "wire.bad_field", "DAT-046", "a bit beyond the longest key",
               proof=proof | {"steps": [[2040, first[1]], *rest]})  # fmt: skip
    sheet.twin(of, "wire.bad_field", "DAT-046", "a field too many", proof=proof | {"more": 1})


def _absence(sheet: Sheet, made: Any, key: bytes) -> None:
    proof = made.prove(key).to_value()
    given = {"key": key.hex(), "value": None, "proof": proof, "root": made.root.hex()}
    of = sheet.valid("statemap.proof", "DAT-046 DAT-048", f"{key!r} is not there", given)
    sheet.twin(of, "wire.bad_proof", "DAT-047", "so it has no value", value="31")
    sheet.twin(of, "wire.bad_proof", "DAT-048", "the way of a key that is there", key=proof["leaf"]["key"])
    sheet.twin(of, "wire.bad_proof", "DAT-048", "another root", root=_flipped(given["root"]))


def signatures() -> Sheet:
    """Signatures of both suites, and what is none."""
    sheet = Sheet("signature/signatures", "the area of `bad_signature` is that of what is signed")
    message = digest("yilian/tx/v1", b"abc")
    for suite in (Suite.INTL, Suite.STUB):
        key = key_for_tests(suite, "m0")
        given = {"suite": suite.value, "pub": key.public.hex(), "digest": message.hex(),
                 "signature": sign(key, message).hex()}  # fmt: skip
        cited = "DAT-022" if suite is Suite.INTL else "DAT-023"
        of = sheet.valid("sig.verify", f"DAT-021 {cited} DAT-026", f"suite {suite.value}, the key of member m0", given)
        bad = ("bad_signature", cited)
        sheet.twin(of, *bad, "another digest", digest=_flipped(given["digest"]))
        sheet.twin(of, *bad, "another key", pub=key_for_tests(suite, "m1").public.hex())
        sheet.twin(of, *bad, "another signature", signature=_flipped(given["signature"]))
        sheet.twin(of, *bad, "shorter by a byte", signature=given["signature"][:-2])
        sheet.twin(of, *bad, "longer by a byte", signature=given["signature"] + "00")
        if suite is Suite.INTL:
            half = int.from_bytes(bytes.fromhex(given["signature"])[32:], "little")
            above = (half + ORDER).to_bytes(32, "little").hex()
            sheet.twin(of, *bad, "S above the order of the group", signature=given["signature"][:64] + above)
            sheet.twin(of, *bad, "the other suite's signature", signature="00" * 32)
            sheet.twin(of, *bad, "it fits by the equation with cofactor only", **of_cofactor(message))
    return sheet


def _point(y: int) -> Point:
    """A point with this y."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    return (x if x * x % PRIME == square else x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME), y


def _sum(one: Point, other: Point) -> Point:
    (a, b), (c, d) = one, other
    both = D * a * b * c * d % PRIME
    x = (a * d + b * c) * pow(1 + both, -1, PRIME) % PRIME
    return x, (b * d + a * c) * pow(1 - both, -1, PRIME) % PRIME


def _times(number: int, point: Point) -> Point:
    found = (0, 1)
    while number:
        found = _sum(found, point) if number & 1 else found
        number, point = number >> 1, _sum(point, point)
    return found


def _written(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def of_cofactor(message: bytes) -> dict[str, str]:
    """A signature that fits by the equation with cofactor only: to its R a point of order 8 has been added."""
    base = _point(4 * pow(5, -1, PRIME) % PRIME)
    base = base if base[0] % 2 == 0 else (PRIME - base[0], base[1])
    secret, nonce = 7, 11
    public, first = _written(_times(secret, base)), _written(_sum(_times(nonce, base), _point(EIGHT)))
    challenge = int.from_bytes(sha512(first + public + message).digest(), "little")
    last = ((nonce + challenge * secret) % ORDER).to_bytes(32, "little")
    return {"pub": public.hex(), "signature": (first + last).hex()}


def keys() -> Sheet:
    """Which keys may be enrolled."""
    sheet = Sheet("signature/keys")
    good = {"suite": "intl", "pub": key_for_tests(Suite.INTL, "m0").public.hex()}
    of = sheet.valid("key.enrol", "DAT-025", "a key", good)
    weak = (
        ("the identity", 1), ("order 2", PRIME - 1), ("order 4", 0), ("order 8", EIGHT), ("order 8 too", PRIME - EIGHT),
        ("not below the prime: the identity again", PRIME + 1), ("not below the prime", PRIME),
        ("no point of the curve", 2),
    )  # fmt: skip
    for why, y in weak:
        for sign_of_x in (0, 1):
            number = y | sign_of_x << 255
            sheet.twin(of, "member.weak_key", "DAT-025", f"{why}, x {'odd' if sign_of_x else 'even'}",
                       pub=number.to_bytes(32, "little").hex())  # fmt: skip
    sheet.twin(of, "member.weak_key", "DAT-025", "31 bytes", pub="11" * 31)
    sheet.twin(of, "member.weak_key", "DAT-025", "33 bytes", pub="11" * 33)
    of = sheet.valid("key.enrol", "DAT-025", "any 32 bytes in suite stub", {"suite": "stub", "pub": "00" * 32})
    sheet.twin(of, "member.weak_key", "DAT-025", "but 32", pub="00" * 31)
    return sheet
