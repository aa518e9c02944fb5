"""The alliance of the worked examples with its contracts deployed and one visit open: where row tests begin."""

from attrs import define, field

from conformance.plan import Plan
from refimpl.data.transaction import DEPLOY
from refimpl.scenarios.cast import ALLIANCE
from refimpl.scenarios.package import library
from refimpl.scenarios.referral import CITY, DAY, DISTRICT, MODULES, ORIGIN, PATIENT, RECEIVER
from refimpl.scenarios.stage import Receipt, Stage

HONEST = Plan(engine="tendermint", n=4, heights=60)
EVIDENCE = "ab" * 32


@define
class Alliance:
    """Four validators that say what happened to each transaction."""

    stage: Stage = field(factory=lambda: Stage(ALLIANCE, HONEST))
    visit: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        deployed = self.stage.submit(("city3-a", "city3-b", "city3-c"), DEPLOY, {"modules": library(MODULES)})
        assert deployed.status == "applied"
        self.visit = self.open_visit(ORIGIN, "V-1").instance

    def open_visit(self, holder: str, number: str) -> Receipt:
        """A visit of the patient with a hospital."""
        return self.stage.act((holder, PATIENT), "Visit", "open", holder=holder, patient=PATIENT, number=number)

    def ask(self, **changes: object) -> Receipt:
        """A referral from the county to the city hospital."""
        asked = {"origin": ORIGIN, "receiver": RECEIVER, "patient": PATIENT, "regulator": DISTRICT, "upper": CITY,
                 "visit": self.visit, "evidence": EVIDENCE, "fee": 90_000}  # fmt: skip
        return self.stage.act((ORIGIN, PATIENT), "Referral", "request", **{**asked, **changes})

    def slot(self) -> int:
        """An appointment at the city hospital in five days."""
        starts = self.stage.now + 5 * DAY
        return self.stage.act(
            (RECEIVER,), "Slot", "offer", hospital=RECEIVER, number="cardiology-1", starts=starts
        ).instance

    def row(self, instance: int) -> dict[str, object]:
        """An instance as it stands in the state."""
        found = self.stage.state().read(b"instance/%010d" % instance)
        assert isinstance(found, dict)
        return found
