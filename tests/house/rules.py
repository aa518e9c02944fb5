"""`spec/rules.toml`: one entry for each clause with its keyword and the digest of its text, so that an edited
sentence is noticed, with its layer and level, and with the tests, models and proofs that name it.

Run as `python -m tests.house.rules --write` after adding or removing clauses, and `--confirm ID ...` after editing
one and reading its tests again. `--write` never touches the digest of an edited clause, nor a `not_tested_reason`
while it holds: those are a person's. What names a clause is read off the files each time.
An id that goes is kept in `retired` and never given again. The page of the trace matrix is written with it.
"""

import argparse
import tomllib
from collections.abc import Callable

import attrs

from tests.house.clauses import Citation, clauses, model_citations, proof_citations, test_citations
from tests.house.matrix import PAGE, page
from tests.house.tree import ROOT

RULES = ROOT / "spec" / "rules.toml"
HEAD = """# Every clause of spec/*.md: its layer and level (00-reading.md), its keyword, the SHA-256 of its text with
# white space collapsed, and what names it: tests, and the models and proofs that show or use it.
# A clause that no test holds has a `not_tested_reason`. Written by `python -m tests.house.rules --write`; after an
# edit, read the tests of the clause, then `--confirm ID`.
"""
Entry = dict[str, str | list[str]]
"""`layer`, `level`, `keyword`, `text_sha256`, a person's `not_tested_reason` where there is no test, and, where there
are any, `tested_by`, `modelled_by` and `proved_by`: files."""


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
    lines = [f"\n[{name}]", *(f'{key} = "{entry[key]}"' for key in (*STANDING, *CONFIRMED, REASON) if key in entry)]
    for source in SOURCES:
        if source in entry:
            lines.append(f"{source} = [" + ", ".join(f'"{path}"' for path in entry[source]) + "]")
    return "\n".join(lines) + "\n"


STANDING = ("layer", "level")
CONFIRMED = ("keyword", "text_sha256")
"""What a person has read; it changes only when confirmed."""
REASON = "not_tested_reason"
SOURCES: dict[str, Callable[[], list[Citation]]] = {
    "tested_by": test_citations,
    "modelled_by": model_citations,
    "proved_by": proof_citations,
}
"""Member of an entry -> what is read for it."""


def naming(source: str) -> dict[str, list[str]]:
    """Clause -> the files that name it, in order."""
    found: dict[str, set[str]] = {}
    for citation in SOURCES[source]():
        found.setdefault(citation.clause, set()).add(citation.place.partition(":")[0])
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
    named = {source: naming(source) for source in SOURCES}
    for clause in clauses():
        known = old.entries.get(clause.id, {})
        fresh: Entry = {"keyword": clause.keyword, "text_sha256": clause.digest}
        kept = fresh if not known or clause.id in confirmed else known
        entries[clause.id] = {"layer": clause.layer, "level": clause.level} | {key: kept[key] for key in CONFIRMED}
        if REASON in known and clause.id not in named["tested_by"]:
            entries[clause.id][REASON] = known[REASON]
        entries[clause.id] |= {source: list(by[clause.id]) for source, by in named.items() if clause.id in by}
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
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
