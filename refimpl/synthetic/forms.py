"""The two forms of a two-way referral: 转出单, with which a patient is sent, and 回转单, with which the loop is closed.

Fields and their order are those of the national form (双向转诊单). A form is a mapping of Chinese field names to texts,
as a clerk fills it in; it travels inside a record and never on a chain.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from refimpl.synthetic.diseases import Disease
from refimpl.synthetic.institutions import Institution
from refimpl.synthetic.people import Person
from refimpl.synthetic.stream import Stream

__all__ = ["Form", "form_back", "form_out"]

Form = Mapping[str, str]

_ONSET = ("数小时", "1天", "3天", "1周", "2周", "1月", "半年")
_HISTORY = ("既往体健", "高血压病史10年", "2型糖尿病史6年", "慢性支气管炎病史", "有青霉素过敏史", "否认手术外伤史")
_TREATED = ("予对症处理", "予抗感染治疗3天", "予口服药物治疗，效果欠佳", "予补液、监测生命体征", "予抗血小板治疗")
_CAUTION = ("途中注意监测生命体征", "请携带既往检查资料", "注意防跌倒", "空腹前往", "吸氧下转运")
_NEXT = (
    "每周复诊一次，监测血压",
    "一月后复查",
    "继续口服药物，不适随诊",
    "社区康复训练，每周三次",
    "两周后拆线，逐步负重",
)


def form_out(draws: Stream, who: Person, why: Disease, origin: Institution, receiver: Institution, day: date) -> Form:
    """转出单: what the receiving doctor must know."""
    return {
        "表单": "双向转诊（转出）单",
        "患者姓名": who.family + who.given,
        "性别": "男" if who.gender == "male" else "女",
        "年龄": f"{_age(who.born, day)}岁",
        "申请机构": origin.title,
        "转诊日期": day.isoformat(),
        "转入机构": receiver.title,
        "转入科室": why.department,
        "初步印象": f"{why.title}（{why.code}）",
        "主要现病史（转出原因）": f"{draws.pick(_ONSET)}前起病，{why.measure.title}异常，需上级医院进一步诊治",
        "主要既往史": draws.pick(_HISTORY),
        "治疗经过": draws.pick(_TREATED),
        "注意事项": draws.pick(_CAUTION),
    }


def form_back(
    draws: Stream, who: Person, why: Disease, origin: Institution, receiver: Institution, day: date, found: str
) -> Form:
    """回转单: what was found and done, and how it goes on."""
    done = why.operation or "规范药物治疗"
    return {
        "表单": "双向转诊（回转）单",
        "患者姓名": who.family + who.given,
        "回转机构": receiver.title,
        "接收机构": origin.title,
        "回转日期": (day + timedelta(days=draws.between(5, 20))).isoformat(),
        "诊断结果": f"{why.title}（{why.code}）",
        "主要检查结果": found,
        "治疗经过": f"行{done}，病情平稳",
        "下一步治疗方案及康复建议": draws.pick(_NEXT),
    }


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
