"""The one way in which the ledger says no: a code from a closed, ordered list, with values.

Why closed and ordered: two implementations must refuse the same input for the same reason. Where an input has two
defects, the code that stands earlier in `Code` is the right one (areas `query` and `store` stand apart). The texts of
the codes, in English and Chinese, are in `spec/errors.toml`; this module speaks no natural language, and its values
carry no clinical text: where a field is wrong, they say what kind of thing came, never its content.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = ["Code", "Refused", "kind_of"]


class Code(StrEnum):
    """Every refusal there is, in the order of `spec/errors.toml`; meaning and values of each stand there."""

    # The bytes themselves.
    WIRE_TOO_LARGE = "wire.too_large"
    WIRE_NOT_CANONICAL = "wire.not_canonical"
    WIRE_BAD_FIELD = "wire.bad_field"
    WIRE_BAD_PROOF = "wire.bad_proof"
    # A message between nodes.
    NET_UNKNOWN_KIND = "net.unknown_kind"
    NET_WRONG_CHANNEL = "net.wrong_channel"
    NET_WRONG_SUITE = "net.wrong_suite"
    NET_UNKNOWN_SENDER = "net.unknown_sender"
    NET_BAD_SIGNATURE = "net.bad_signature"
    NET_TOO_FAR_AHEAD = "net.too_far_ahead"
    # A transaction, before its payload is looked at.
    TX_WRONG_CHANNEL = "tx.wrong_channel"
    TX_WRONG_SUITE = "tx.wrong_suite"
    TX_UNKNOWN_KIND = "tx.unknown_kind"
    TX_UNKNOWN_SIGNER = "tx.unknown_signer"
    TX_BAD_SIGNATURE = "tx.bad_signature"
    TX_NONCE_USED = "tx.nonce_used"
    TX_NONCE_GAP = "tx.nonce_gap"
    TX_KNOWN = "tx.known"
    TX_POOL_FULL = "tx.pool_full"
    # Who is who.
    MEMBER_WEAK_KEY = "member.weak_key"
    MEMBER_DUPLICATE = "member.duplicate"
    MEMBER_DUPLICATE_KEY = "member.duplicate_key"
    MEMBER_BAD_WEIGHT = "member.bad_weight"
    MEMBER_NO_VALIDATOR = "member.no_validator"
    MEMBER_NOT_AUTHORIZED = "member.not_authorized"
    MEMBER_TOO_FEW_APPROVALS = "member.too_few_approvals"
    MEMBER_BAD_ATTRIBUTE = "member.bad_attribute"
    MEMBER_BAD_CERTIFICATE = "member.bad_certificate"
    MEMBER_CERTIFICATE_EXPIRED = "member.certificate_expired"
    MEMBER_CERTIFICATE_REVOKED = "member.certificate_revoked"
    # What a contract answers (order of the language's rule CTR-S7).
    CONTRACT_BAD_PACKAGE = "contract.bad_package"
    CONTRACT_UNKNOWN_NAME = "contract.unknown_name"
    CONTRACT_RETIRED = "contract.retired"
    CONTRACT_NO_SUCH_CLAUSE = "contract.no_such_clause"
    CONTRACT_NOT_CALLABLE = "contract.not_callable"
    CONTRACT_BAD_ARGUMENTS = "contract.bad_arguments"
    CONTRACT_NOT_AUTHORIZED = "contract.not_authorized"
    CONTRACT_WHERE_FALSE = "contract.where_false"
    CONTRACT_DUTY_CLOSED = "contract.duty_closed"
    CONTRACT_CONDITION_FALSE = "contract.condition_false"
    CONTRACT_DUPLICATE_KEY = "contract.duplicate_key"
    CONTRACT_OUT_OF_RANGE = "contract.out_of_range"
    CONTRACT_LIMIT_EXCEEDED = "contract.limit_exceeded"
    CONTRACT_NO_MIGRATION = "contract.no_migration"
    # What a policy answers.
    ACCESS_FORBIDDEN = "access.forbidden"
    ACCESS_NOT_PERMITTED = "access.not_permitted"
    ACCESS_SUPPRESSED = "access.suppressed"
    ACCESS_BROKEN_RECORD = "access.broken_record"
    # A block.
    BLOCK_BAD_GENESIS = "block.bad_genesis"
    BLOCK_WRONG_CHANNEL = "block.wrong_channel"
    BLOCK_WRONG_SUITE = "block.wrong_suite"
    BLOCK_WRONG_HEIGHT = "block.wrong_height"
    BLOCK_WRONG_PREVIOUS = "block.wrong_previous"
    BLOCK_TIME_BACKWARDS = "block.time_backwards"
    BLOCK_WRONG_MEMBERSHIP = "block.wrong_membership"
    BLOCK_WRONG_PROPOSER = "block.wrong_proposer"
    BLOCK_WRONG_STATE_ROOT = "block.wrong_state_root"
    BLOCK_WRONG_RECEIPTS_ROOT = "block.wrong_receipts_root"
    BLOCK_WRONG_TRANSACTIONS_ROOT = "block.wrong_transactions_root"
    BLOCK_DUPLICATE_TRANSACTION = "block.duplicate_transaction"
    BLOCK_BAD_TRANSACTION = "block.bad_transaction"
    BLOCK_TIME_DRIFT = "block.time_drift"
    # An agreement, or what claims to be one.
    CONSENSUS_WRONG_CHANNEL = "consensus.wrong_channel"
    CONSENSUS_WRONG_SUITE = "consensus.wrong_suite"
    CONSENSUS_WRONG_HEIGHT = "consensus.wrong_height"
    CONSENSUS_WRONG_PROPOSER = "consensus.wrong_proposer"
    CONSENSUS_WRONG_BLOCK = "consensus.wrong_block"
    CONSENSUS_MISSING_CERTIFICATE = "consensus.missing_certificate"
    CONSENSUS_MISSING_PROOF = "consensus.missing_proof"
    CONSENSUS_WRONG_KIND = "consensus.wrong_kind"
    CONSENSUS_UNKNOWN_SIGNER = "consensus.unknown_signer"
    CONSENSUS_BAD_SIGNATURE = "consensus.bad_signature"
    CONSENSUS_NO_QUORUM = "consensus.no_quorum"
    CONSENSUS_BAD_VALID_ROUND = "consensus.bad_valid_round"
    CONSENSUS_BAD_VIEW_CHANGE = "consensus.bad_view_change"
    CONSENSUS_WRONG_SLOT = "consensus.wrong_slot"
    CONSENSUS_NO_WORK = "consensus.no_work"
    CONSENSUS_WRONG_TARGET = "consensus.wrong_target"
    CONSENSUS_NOT_ALONE = "consensus.not_alone"
    CONSENSUS_UNKNOWN_ENGINE = "consensus.unknown_engine"
    # A question to one's own node.
    QUERY_UNKNOWN = "query.unknown"
    QUERY_NOT_FOUND = "query.not_found"
    # A node's disk.
    STORE_MISSING = "store.missing"
    STORE_EXISTS = "store.exists"
    STORE_FOREIGN = "store.foreign"
    STORE_WRONG_VERSION = "store.wrong_version"
    STORE_BUSY = "store.busy"
    STORE_CORRUPT = "store.corrupt"
    STORE_FAILED = "store.failed"
    # A FHIR bundle given to an institution's own command; never on the wire.
    FHIR_TOO_LARGE = "fhir.too_large"
    FHIR_NOT_JSON = "fhir.not_json"
    FHIR_MISSING = "fhir.missing"
    FHIR_WRONG_KIND = "fhir.wrong_kind"
    FHIR_WRONG_VALUE = "fhir.wrong_value"
    FHIR_NOT_ONE = "fhir.not_one"
    FHIR_DANGLING = "fhir.dangling"
    FHIR_OTHER_PATIENT = "fhir.other_patient"
    FHIR_AMBIGUOUS = "fhir.ambiguous"
    FHIR_NOT_EXPRESSIBLE = "fhir.not_expressible"
    # The custodian's vault of sealed records.
    VAULT_UNKNOWN = "vault.unknown"
    VAULT_ERASED = "vault.erased"
    VAULT_EXISTS = "vault.exists"
    VAULT_NO_KEY = "vault.no_key"
    VAULT_NOT_ALLOWED = "vault.not_allowed"
    VAULT_TOO_LATE = "vault.too_late"
    # A request to a member's service.
    SERVICE_UNSIGNED = "service.unsigned"
    SERVICE_OUT_OF_TIME = "service.out_of_time"
    SERVICE_BAD_SIGNATURE = "service.bad_signature"
    SERVICE_REPLAYED = "service.replayed"
    SERVICE_TOO_MANY = "service.too_many"
    SERVICE_FORBIDDEN = "service.forbidden"
    SERVICE_WRONG_METHOD = "service.wrong_method"
    SERVICE_READ_ONLY = "service.read_only"

    @property
    def area(self) -> str:
        """The part before the dot: `wire`, `net`, `tx`, ..."""
        return self.value.partition(".")[0]


class Refused(Exception):
    """An input the ledger does not accept; whatever refuses has changed nothing.

    `code` is from the closed list. `at` is a JSON pointer (RFC 6901) into the input, "" for the whole of it. `values`
    fill the placeholders of the code's texts and are strings, integers, or short lists of them.
    """

    def __init__(self, code: Code, at: str = "", **values: object) -> None:
        super().__init__(code, at, values)
        self.code = code
        self.at = at
        self.values: Mapping[str, object] = MappingProxyType(values)

    def __str__(self) -> str:
        place = f" at {self.at}" if self.at else ""
        told = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.code}{place}" + (f": {told}" if told else "")

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _remade, (self.code, self.at, dict(self.values))

    def under(self, pointer: str) -> "Refused":
        """The same refusal, seen from the object that holds the refused part at `pointer`."""
        return Refused(self.code, pointer + self.at, **self.values)


def _remade(code: Code, at: str, values: dict[str, object]) -> Refused:
    return Refused(code, at, **values)


def kind_of(value: object) -> str:
    """What kind of thing `value` is, for a refusal: type and size, never content, for it may be clinical text."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return f"integer {value}" if abs(value) < 2**53 else "integer beyond 2^53"
        case str() | bytes():
            return f"{'text' if isinstance(value, str) else 'bytes'} of length {len(value)}"
        case list() | tuple():
            return f"list of {len(value)}"
        case dict():
            return f"object of {len(value)}"
        case _:
            return type(value).__name__
