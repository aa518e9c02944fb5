"""What the commands say, in Chinese and in English, as equals: one key, two sentences with the same values.

Why a table: a translator works here and nowhere else, and a test holds the keys and the values of both languages
equal. Texts of ledger refusals stand in spec/errors.toml and are handed in by the caller; this module must not know
the ledger.
"""

import string
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """A language a person can be answered in."""

    ZH = "zh"
    EN = "en"


SENTENCES: Final[Mapping[str, Mapping[Language, str]]] = {
    "file.unreadable": {
        Language.ZH: "无法读取 {path}：{reason}",
        Language.EN: "cannot read {path}: {reason}",
    },
    "file.unwritable": {
        Language.ZH: "无法写入 {path}：{reason}；未留下任何残缺文件",
        Language.EN: "cannot write {path}: {reason}; nothing half-written was left",
    },
    "file.occupied": {
        Language.ZH: "{path} 已存在，未作任何改动",
        Language.EN: "{path} is already there; nothing was changed",
    },
    "file.too_large": {
        Language.ZH: "{path} 超过 {most} 字节",
        Language.EN: "{path} is larger than {most} bytes",
    },
    "key.exposed": {
        Language.ZH: "密钥文件 {path} 可被他人读取（权限 {mode}），须为 0600",
        Language.EN: "the key file {path} can be read by others (mode {mode}); it must be 0600",
    },
    "key.malformed": {
        Language.ZH: "密钥文件 {path} 应为 64 位小写十六进制，实为 {size} 字节",
        Language.EN: "the key file {path} must hold 64 lowercase hexadecimal digits; it holds {size} bytes",
    },
    "address.unusable": {
        Language.ZH: "无法在 {address} 监听：{reason}",
        Language.EN: "cannot listen at {address}: {reason}",
    },
    "extra.missing": {
        Language.ZH: "此命令需要附加组件 [{extra}]：pip install 'yilian[{extra}]'",
        Language.EN: "this command needs the extra [{extra}]: pip install 'yilian[{extra}]'",
    },
    "serve.exposed": {
        Language.ZH: "{host} 可能被其他机器访问；确需如此，请加 --expose",
        Language.EN: "{host} may be reached from other machines; if that is wanted, add --expose",
    },
    "serve.together": {
        Language.ZH: "--key 与 --as 须同时给出",
        Language.EN: "--key and --as belong together",
    },
    "serve.not_alone": {
        Language.ZH: "{member} 不能独自为此账本排序（引擎 {engine}，验证节点：{validators}）；不带 --key 可只供查阅",
        Language.EN: (
            "{member} cannot order this ledger alone (engine {engine}, validators: {validators}); "
            "without --key it is served to be read"
        ),
    },
    "serve.other_key": {
        Language.ZH: "密钥不是成员 {member} 在此账本中的密钥",
        Language.EN: "the key is not that of member {member} in this ledger",
    },
    "serve.suite": {
        Language.ZH: "服务以 Ed25519 证书识别成员；此账本的密码套件为 {suite}",
        Language.EN: "the service knows members by Ed25519 certificates; this ledger's suite is {suite}",
    },
    "serve.listening": {
        Language.ZH: "频道 {channel} 的服务：http://{host}:{port}/ （{mode}；Ctrl-C 停止）",
        Language.EN: "channel {channel} is served at http://{host}:{port}/ ({mode}; Ctrl-C ends it)",
    },
    "serve.stopped": {
        Language.ZH: "已停止；账本文件完整",
        Language.EN: "stopped; the ledger's file is whole",
    },
    "rehearse.done": {
        Language.ZH: "{members} 名成员的演练材料：{folder}（密钥人人皆知，只供试用）",
        Language.EN: "what a rehearsal with {members} members needs: {folder} (keys that everybody knows; to try only)",
    },
    "command.unknown": {
        Language.ZH: "没有名为“{name}”的命令；可用：{known}",
        Language.EN: 'no command is called "{name}"; there are: {known}',
    },
    "interrupted": {
        Language.ZH: "已中断；未写完的文件已清除",
        Language.EN: "interrupted; files not finished were removed",
    },
    "ours": {
        Language.ZH: "程序内部错误（{error}）。请附上这一行报告：{replay}",
        Language.EN: "an error of this program ({error}). Please report it with this line: {replay}",
    },
    "scenario.unknown": {
        Language.ZH: "没有名为“{name}”的场景；可用：{known}",
        Language.EN: 'no scenario is called "{name}"; there are: {known}',
    },
    "scenario.other_plan": {
        Language.ZH: "该场景需要 n={n}、引擎为 {engine} 的计划",
        Language.EN: "this scenario takes a plan with n={n} for the engine {engine}",
    },
    "plan.not_json": {
        Language.ZH: "计划应为 {expected}，实为 {found}",
        Language.EN: "a plan is {expected}; found {found}",
    },
    "plan.malformed": {
        Language.ZH: "计划有误：应为 {expected}，实为 {found}",
        Language.EN: "the plan is not well formed: expected {expected}, found {found}",
    },
    "plan.out_of_model": {
        Language.ZH: "计划超出模型：应为 {expected}，实为 {found}",
        Language.EN: "the plan is outside the model: expected {expected}, found {found}",
    },
    "plan.unknown_zoo": {
        Language.ZH: "没有编号为 {found} 的植入缺陷；应为 {expected}",
        Language.EN: "nothing planted is called {found}; expected {expected}",
    },
    "declaration.absent": {
        Language.ZH: "自有共识方案须在 {file} 中声明 {expected}；现有：{found}",
        Language.EN: "a profile of one's own is declared in {file} as {expected}; found: {found}",
    },
    "declaration.malformed": {
        Language.ZH: "{file} 中的声明有误：应为 {expected}，实为 {found}",
        Language.EN: "the declaration in {file} is not well formed: expected {expected}, found {found}",
    },
    "replay.other_bundle": {
        Language.ZH: "该次运行读取的数据包为 {expected}，给出的是 {found}（own：场景自带）；请用 --bundle 给出同一个",
        Language.EN: "the run read bundle {expected}, not {found} (own: the scenario's); give the same with --bundle",
    },
    "replay.nothing_differs": {
        Language.ZH: "{path}：向量所比较的（受理与否、代码、裁定、查询结果），正确节点的回答并无不同；请保留重放文件",
        Language.EN: (
            "{path}: a correct node answers alike in all that a vector compares (carried out or refused, codes, "
            "decisions, answers); keep the replay file"
        ),
    },
    "clause.unknown": {
        Language.ZH: "标准中没有条款 {clause}",
        Language.EN: "the standard has no clause {clause}",
    },
    "git.absent": {
        Language.ZH: "--changed-since 需要 git 与标准所在的工作树：{reason}",
        Language.EN: "--changed-since needs git, and the standard in a working tree of it: {reason}",
    },
    "git.unknown": {
        Language.ZH: "没有名为 {revision} 的提交，或其中没有标准：{reason}",
        Language.EN: "there is no commit {revision}, or no standard in it: {reason}",
    },
    "synthesize.done": {
        Language.ZH: "已生成 {patients} 名虚构患者，{files} 个文件，{bytes} 字节，种子 {seed}：{folder}",
        Language.EN: "{patients} patients made up, {files} files, {bytes} bytes, seed {seed}: {folder}",
    },
    "verify.holds": {
        Language.ZH: "账本成立：{height} 个区块、{count} 笔交易，状态 {root}",
        Language.EN: "the ledger holds: {height} blocks, {count} transactions, state {root}",
    },
    "verify.broken": {
        Language.ZH: "账本不成立：区块 {height}，{key}，违反 {clause}（{code}）：应为 {expected}，实为 {got}",
        Language.EN: (
            "the ledger does not hold: block {height}, {key}, breaks {clause} ({code}): "
            "expected {expected}, found {got}"
        ),
    },
    "code": {
        Language.ZH: "错误代码 {code}",
        Language.EN: "code {code}",
    },
}
"""Key -> language -> sentence with `{values}`."""


def say(key: str, language: Language, /, **values: object) -> str:
    """The sentence of a key with its values filled in; a missing value shows as its own name rather than failing."""
    return fill(SENTENCES[key][language], values)


def fill(sentence: str, values: Mapping[str, object]) -> str:
    """`{name}` replaced by the value; a name without value stays visible, since a message must never fail to be
    said."""
    return string.Formatter().vformat(sentence, (), _Shown(values))


class _Shown(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def placeholders(sentence: str) -> set[str]:
    """The names of the values a sentence needs."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def language_of(asked: str | None, environment: Mapping[str, str]) -> Language:
    """What was asked for, else the first of LC_ALL, LC_MESSAGES and LANG that is set; Chinese if it says so, else
    English."""
    if asked is not None:
        return Language(asked)
    named = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return Language.ZH if named.lower().startswith("zh") else Language.EN
