"""What people call the members, contracts, actions, states and records of the referral story, in both languages.

It must not know the story.
"""

from collections.abc import Mapping
from typing import Final

TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "county2": "县医院", "centre1": "社区卫生服务中心", "patient-7f3a": "患者", "hill-hc": "区卫健委",
        "city-hc": "市卫健委", "city3-a": "市三甲甲院", "city3-b": "市三甲乙院", "city3-c": "市三甲丙院",
        "city3-d": "市三甲丁院",
        "Visit": "就诊", "Slot": "号源", "Referral": "上转", "StepDown": "下转",
        "open": "建立就诊", "offer": "提出", "request": "申请转诊", "approve": "批准", "book": "预约", "admit": "收治",
        "move": "移交病人", "report": "反馈结果", "settle": "结算", "accept": "接收", "discharge": "结束就诊",
        "current": "在院", "ended": "已结束", "free": "可约", "booked": "已约", "used": "已用", "requested": "待审批",
        "escalated": "已上报上级", "approved": "已批准", "treating": "诊治中", "reported": "已反馈",
        "settled": "已结清", "offered": "待接收", "caring": "照护中", "closed": "已完成",
        "late_approval": "逾期未审批", "referral": "转诊",
        "diagnosticreport": "检查报告", "documentreference": "文书", "careplan": "康复计划", "observation": "随访记录",
    },
    "en": {
        "county2": "county hospital", "centre1": "community centre", "patient-7f3a": "patient",
        "hill-hc": "district commission", "city-hc": "city commission", "city3-a": "city hospital A",
        "city3-b": "city hospital B", "city3-c": "city hospital C", "city3-d": "city hospital D",
        "Visit": "visit", "Slot": "slot", "Referral": "referral up", "StepDown": "referral down",
        "open": "open the visit", "offer": "offer", "request": "ask for referral", "approve": "approve",
        "book": "book the slot", "admit": "admit", "move": "take the patient over", "report": "report back",
        "settle": "settle the account", "accept": "accept", "discharge": "discharge",
        "current": "under way", "ended": "ended", "free": "free", "booked": "booked", "used": "used",
        "requested": "awaiting approval", "escalated": "escalated", "approved": "approved",
        "treating": "in treatment", "reported": "reported back", "settled": "settled",
        "offered": "awaiting an answer", "caring": "in community care", "closed": "closed",
        "late_approval": "approval overdue", "referral": "the referral",
        "diagnosticreport": "diagnostic report", "documentreference": "document", "careplan": "care plan",
        "observation": "follow-up",
    },
}  # fmt: skip
"""Language -> name on the ledger -> title."""
