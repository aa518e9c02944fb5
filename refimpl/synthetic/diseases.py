"""Reasons for a referral: ICD-10 codes with their Chinese titles, the department, what is measured, and the operation.

Codes and titles are those of the international classification and its Chinese edition; ranges of values are plausible
for a lesson and no medical advice.
"""

from typing import Final

from attrs import frozen

__all__ = ["DISEASES", "Disease", "Measure"]


@frozen
class Measure:
    """A laboratory value: LOINC code, title, unit (UCUM), and the range drawn from, in hundredths."""

    code: str
    title: str
    unit: str
    least: int
    most: int


@frozen
class Disease:
    """A reason for a referral."""

    code: str
    """ICD-10."""
    title: str
    department: str
    measure: Measure
    operation: str | None = None
    """Title of the operation at the receiver, where it comes to one."""


_GLUCOSE = Measure("2345-7", "血糖", "mmol/L", 390, 1850)
_CREATININE = Measure("2160-0", "血肌酐", "umol/L", 5200, 45000)
_TROPONIN = Measure("10839-9", "肌钙蛋白I", "ng/mL", 1, 1250)
_WHITE = Measure("6690-2", "白细胞计数", "10*9/L", 320, 2480)
_HAEMOGLOBIN = Measure("718-7", "血红蛋白", "g/L", 6200, 16800)
_CRP = Measure("1988-5", "C反应蛋白", "mg/L", 20, 18600)
_ALT = Measure("1742-6", "丙氨酸氨基转移酶", "U/L", 900, 52000)
_CALCIUM = Measure("17861-6", "血钙", "mmol/L", 180, 290)

DISEASES: Final = (
    Disease("A09.9", "胃肠炎和结肠炎", "消化内科", _WHITE),
    Disease("A16.2", "肺结核", "感染科", _WHITE),
    Disease("B18.1", "慢性乙型病毒性肝炎", "感染科", _ALT),
    Disease("C16.9", "胃恶性肿瘤", "胃肠外科", _HAEMOGLOBIN, "胃部分切除术"),
    Disease("C34.9", "支气管或肺恶性肿瘤", "胸外科", _WHITE, "肺叶切除术"),
    Disease("D50.9", "缺铁性贫血", "血液内科", _HAEMOGLOBIN),
    Disease("E04.1", "非毒性单个甲状腺结节", "甲状腺外科", _CALCIUM, "甲状腺部分切除术"),
    Disease("E11.9", "2型糖尿病", "内分泌科", _GLUCOSE),
    Disease("E78.5", "高脂血症", "心血管内科", _GLUCOSE),
    Disease("G40.9", "癫痫", "神经内科", _CALCIUM),
    Disease("H25.9", "老年性白内障", "眼科", _GLUCOSE, "白内障超声乳化术"),
    Disease("I10", "特发性(原发性)高血压", "心血管内科", _CREATININE),
    Disease("I20.0", "不稳定性心绞痛", "心血管内科", _TROPONIN, "冠状动脉支架植入术"),
    Disease("I21.9", "急性心肌梗死", "心血管内科", _TROPONIN, "冠状动脉支架植入术"),
    Disease("I48.9", "心房颤动", "心血管内科", _TROPONIN),
    Disease("I50.9", "心力衰竭", "心血管内科", _CREATININE),
    Disease("I63.9", "脑梗死", "神经内科", _GLUCOSE),
    Disease("J18.9", "肺炎", "呼吸内科", _CRP),
    Disease("J44.1", "慢性阻塞性肺病伴有急性加重", "呼吸内科", _CRP),
    Disease("J45.9", "哮喘", "呼吸内科", _WHITE),
    Disease("K25.9", "胃溃疡", "消化内科", _HAEMOGLOBIN),
    Disease("K35.8", "急性阑尾炎", "普通外科", _WHITE, "腹腔镜阑尾切除术"),
    Disease("K40.9", "腹股沟疝", "普通外科", _WHITE, "腹股沟疝修补术"),
    Disease("K74.6", "肝硬化", "消化内科", _ALT),
    Disease("K80.2", "胆囊结石", "肝胆外科", _ALT, "腹腔镜胆囊切除术"),
    Disease("M16.9", "髋关节病", "骨科", _CRP, "髋关节置换术"),
    Disease("M51.2", "椎间盘移位", "骨科", _CRP, "椎间盘切除术"),
    Disease("N18.9", "慢性肾脏病", "肾内科", _CREATININE),
    Disease("N20.0", "肾结石", "泌尿外科", _CREATININE, "经皮肾镜碎石术"),
    Disease("N40", "前列腺增生", "泌尿外科", _CREATININE, "经尿道前列腺电切术"),
    Disease("O24.4", "妊娠期发生的糖尿病", "产科", _GLUCOSE),
    Disease("S52.5", "桡骨下端骨折", "骨科", _HAEMOGLOBIN, "骨折切开复位内固定术"),
    Disease("S72.0", "股骨颈骨折", "骨科", _HAEMOGLOBIN, "髋关节置换术"),
)
