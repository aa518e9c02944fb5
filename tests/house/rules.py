"""`spec/rules.toml`: one entry for each clause with its keyword and the digest of its text, so that an edited
sentence is noticed, and with the proofs of spec/proofs that name it.

Run as `python -m tests.house.rules --write` after adding or removing clauses, and `--confirm ID ...` after editing
one and reading its tests again. `--write` never touches the digest of an edited clause: that is a person's decision.
Which proofs name a clause is read off the proofs each time.
An id that goes is kept in `retired` and never given again.
"""

import argparse
import tomllib

import attrs

from tests.house.clauses import clauses, proof_citations
from tests.house.tree import ROOT

RULES = ROOT / "spec" / "rules.toml"
HEAD = """# Every clause of spec/*.md: its keyword, the SHA-256 of its text with white space collapsed, and the proofs
# that name it, as what they show or as a rule that they take for an action. Written by
# `python -m tests.house.rules --write`; after an edit, read the tests of the clause, then `--confirm ID`.
"""
Entry = dict[str, str | list[str]]
"""`keyword`, `text_sha256` and, where there are any, `proved_by`: files."""


@attrs.frozen
class Rules:
    """The file as data: id -> entry, and the ids that may never come back."""

    entries: dict[str, Entry]
    retired: tuple[str, ...] = ()

    def text(self) -> str:
        """The file as it stands on disk: sorted by id, one value a line."""
        retired = "retired = [" + ", ".join(f'"{name}"' for name in sorted(self.retired)) + "]\n"
        return HEAD + retired + "".join(_block(name, entry) for name, entry in sorted(self.entries.items()))


def _block(name: str, entry: Entry) -> str:
    lines = [f"\n[{name}]", f'keyword = "{entry["keyword"]}"', f'text_sha256 = "{entry["text_sha256"]}"']
    if "proved_by" in entry:
        lines.append("proved_by = [" + ", ".join(f'"{path}"' for path in entry["proved_by"]) + "]")
    return "\n".join(lines) + "\n"


def proofs() -> dict[str, list[str]]:
    """Clause -> the files of spec/proofs that name it, in order."""
    found: dict[str, set[str]] = {}
    for citation in proof_citations():
        found.setdefault(citation.clause, set()).add(citation.place.rpartition(":")[0])
    return {clause: sorted(paths) for clause, paths in found.items()}


def read() -> Rules:
    """The rules as recorded; none where the file does not exist yet."""
    if not RULES.exists():
        return Rules({})
    content = tomllib.loads(RULES.read_text(encoding="utf-8"))
    return Rules({name: entry for name, entry in content.items() if name != "retired"}, tuple(content["retired"]))


def written(old: Rules, confirmed: set[str]) -> Rules:
    """The rules after the clauses of today: new ids enter, lost ids retire, edited ones change only if confirmed."""
    entries: dict[str, Entry] = {}
    proved = proofs()
    for clause in clauses():
        known = old.entries.get(clause.id)
        fresh: Entry = {"keyword": clause.keyword, "text_sha256": clause.digest}
        kept = fresh if known is None or clause.id in confirmed else known
        entries[clause.id] = {key: kept[key] for key in fresh}
        if clause.id in proved:
            entries[clause.id]["proved_by"] = list(proved[clause.id])
    return Rules(entries, tuple({*old.retired, *(old.entries.keys() - entries.keys())}))


def main() -> None:
    """Write the file; what is said on the command line is all that changes."""
    parser = argparse.ArgumentParser(description="Keep spec/rules.toml in step with the clauses of spec/*.md.")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="enter new clauses, retire lost ones")
    action.add_argument(
        "--confirm", nargs="+", metavar="ID", default=[], help="the tests of these edited clauses were read again"
    )
    RULES.write_text(written(read(), set(parser.parse_args().confirm)).text(), encoding="utf-8")


if __name__ == "__main__":
    main()
