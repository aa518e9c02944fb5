"""Events of the ledger as sentences a patient or a clerk can read, in Chinese or English, in the order they happened.

Why here: the events are data and name things by their code; people read titles, dates and amounts. The module is told
the titles of members and records by the caller and knows none itself. It must not know how the events came about, nor
any terminal.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from attrs import frozen

__all__ = ["LANGUAGES", "Language", "Line", "Titles", "amount_of", "line_of", "moment_of", "timeline"]

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")

Titles = Mapping[str, str]
"""What people call a member, contract, action, state, breach or record; what is not listed is called by its own
name."""


@frozen
class Line:
    """One thing that happened."""

    at: int
    """Seconds since 1970, as the block or the deadline has it."""
    kind: str
    """Kind of the event: `started acted elapsed violation impossible paid recorded accessed ...`."""
    subject: str
    """The instance or the record it happened to, by title."""
    text: str

    @property
    def moment(self) -> str:
        """The time as `YYYY-MM-DD HH:MM`, UTC."""
        return moment_of(self.at)


# Kind of event -> sentence over its values. `{to}`, `{purpose}` and `{code}` are empty where there is none.
SENTENCES: Final[Mapping[str, Mapping[Language, str]]] = {
    "started": {"zh": "{by}：{action}（发起）{to}", "en": "{by}: {action} (begins){to}"},
    "acted": {"zh": "{by}：{action}{to}", "en": "{by}: {action}{to}"},
    "elapsed": {"zh": "时限已到，无人失责{to}", "en": "time has run, by nobody's fault{to}"},
    "violation": {
        "zh": "{debtors}违规：{name}（应于{deadline}前办理），合约自行推进{to}",
        "en": "{debtors} in breach: {name} (due by {deadline}); the contract moves on by itself{to}",
    },
    "impossible": {
        "zh": "未能履行：{name}，条件不具备，无人失责{to}",
        "en": "not performed: {name}; it could not be, nobody is to blame{to}",
    },
    "paid": {"zh": "{payer}结算{amount}：{shares}", "en": "{payer} settles {amount}: {shares}"},
    "recorded": {"zh": "{custodian}登记病历摘要", "en": "{custodian} enters the commitment to a record"},
    "accessed": {"zh": "{reader}查阅{purpose}", "en": "{reader} reads it{purpose}"},
    "read": {"zh": "{signers}：查阅{fields}{purpose}{code}", "en": "{signers}: read {fields}{purpose}{code}"},
    "membership": {
        "zh": "成员变更：{changed}；移出：{removed}",
        "en": "members change: {changed}; out: {removed}",
    },
    "migrated": {"zh": "改用新版合约", "en": "goes on under the new version"},
}
_BECOMES: Final[Mapping[Language, str]] = {"zh": "，转为“{state}”", "en": ", now {state}"}
_AIM: Final[Mapping[Language, str]] = {"zh": "，目的：{purpose}", "en": " for {purpose}"}
_REFUSED: Final[Mapping[Language, str]] = {"zh": "，被拒：{code}", "en": ", refused: {code}"}
_AND: Final[Mapping[Language, str]] = {"zh": "、", "en": " and "}
_BY_ITSELF: Final[Mapping[Language, str]] = {"zh": "合约自行", "en": "the contract itself"}
_NOBODY: Final[Mapping[Language, str]] = {"zh": "无", "en": "nobody"}
_SHARE: Final[Mapping[Language, str]] = {"zh": "{payee}得{amount}", "en": "{amount} to {payee}"}
_UNKNOWN: Final[Mapping[Language, str]] = {"zh": "事件“{kind}”", "en": "event {kind}"}


def timeline(events: Iterable[tuple[int, Mapping[str, Any]]], language: Language, titles: Titles) -> list[Line]:
    """A line for each (block time, event), by the time it happened; equal times stay in the order of the chain.

    A deadline that passed between two blocks comes at its own time, not at that of the block that noticed it.
    """
    listed = list(events)
    led_to = _states_found([event for _, event in listed])
    lines = [
        line_of(event, block_time, language, titles, then)
        for (block_time, event), then in zip(listed, led_to, strict=True)
    ]
    return sorted(lines, key=lambda line: line.at)


def _states_found(events: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """For each event, the state in which the next event of its instance found that instance; None if none followed."""
    found: list[str | None] = []
    later: dict[tuple[Any, Any], str] = {}
    for event in reversed(events):
        instance = (event.get("contract"), event.get("instance"))
        found.append(later.get(instance))
        state = event.get("body", {}).get("state")
        if isinstance(state, str):
            later[instance] = state
    return found[::-1]


def line_of(
    event: Mapping[str, Any], block_time: int, language: Language, titles: Titles, then: str | None = None
) -> Line:
    """The sentence of one event as it stands in a receipt; an event that is unknown here is named, never dropped.

    `then` is the state an instance was in afterwards, for events that do not carry it, as far as it is known.
    """
    kind = str(event["kind"])
    values: Mapping[str, Any] = {"to": then, **event.get("body", event)}
    at = event.get("at", block_time)
    sentence = SENTENCES.get(kind, _UNKNOWN)[language]
    said = _Said(values, language, titles)
    return Line(at if isinstance(at, int) else block_time, kind, said.subject(event), sentence.format_map(said))


def moment_of(at: int) -> str:
    """A time in seconds since 1970 as `YYYY-MM-DD HH:MM`, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def amount_of(fen: int, language: Language) -> str:
    """An amount of money in yuan with two decimals."""
    yuan, rest = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}{yuan}.{rest:02}元" if language == "zh" else f"{sign}{yuan}.{rest:02} yuan"


class _Said(dict[str, str]):
    """The values of an event as a sentence wants them, looked up when the sentence asks."""

    def __init__(self, values: Mapping[str, Any], language: Language, titles: Titles) -> None:
        super().__init__()
        self._values = values
        self._language = language
        self._titles = titles

    def __missing__(self, name: str) -> str:
        value = self._values.get(name)
        if name == "to":
            return "" if value is None else _BECOMES[self._language].format(state=self._title(value))
        if name == "code":
            return "" if value is None else _REFUSED[self._language].format(code=value)
        if name == "purpose":
            return "" if value is None else _AIM[self._language].format(purpose=self._title(value))
        if name == "fields" and isinstance(value, Sequence):
            return _AND[self._language].join(self._title(field) for field, _ in value)
        if name == "amount" and isinstance(value, int):
            return amount_of(value, self._language)
        if name == "deadline" and isinstance(value, int):
            return moment_of(value)
        if name == "shares" and isinstance(value, Sequence):
            return _AND[self._language].join(self._share(*share) for share in value)
        if isinstance(value, (list, tuple)):
            if not value:
                return _NOBODY[self._language] if name in ("changed", "removed") else _BY_ITSELF[self._language]
            return _AND[self._language].join(self._title(part) for part in value)
        return self._title(value)

    def _share(self, payee: str, fen: int) -> str:
        return _SHARE[self._language].format(payee=self._title(payee), amount=amount_of(fen, self._language))

    def _title(self, value: object) -> str:
        return self._titles.get(str(value), str(value))

    def subject(self, event: Mapping[str, Any]) -> str:
        """The record, or the contract with the number of its instance."""
        if "record" in event:
            return self._title(event["record"])
        return f"{self._title(event.get('contract', ''))} {event.get('instance', '')}".strip()
