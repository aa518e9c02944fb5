"""Every limit of the data layer and the node protocol, as constants.

Why constants: the core reads no file. `spec/limits.toml` is the normative text, a test holds the two equal: the
constant of key `k` in section `s` is `S_K` in capitals. A limit belongs to the channel, never to one node: nodes that
differ in it fork.
"""

from typing import Final

# Canonical encoding (DAT-001 .. DAT-009)
ENCODING_INTEGER: Final = 2**53 - 1
"""Greatest absolute value of an integer: the integers every JSON reader keeps exact (RFC 8259, 6)."""
ENCODING_DEPTH: Final = 128
"""Deepest nesting of lists and objects; a bare text has depth 0."""

# Identifiers (DAT-010 .. DAT-013)
IDENTIFIER_MEMBER_CHARS: Final = 64
IDENTIFIER_NAME_CHARS: Final = 128
"""Length of channels, contracts, profiles, kinds and keys of records."""
IDENTIFIER_TEXT_BYTES: Final = 4096
"""Length in UTF-8 of a text that people read: a reason, a comment, a log line."""

# Transactions
TRANSACTION_BYTES: Final = 64 * 1024
TRANSACTION_DEPLOY_BYTES: Final = 512 * 1024
"""Size of a transaction of kind `deploy`: the IR of a package is larger than its source."""
TRANSACTION_SIGNERS: Final = 16
TRANSACTION_DEPTH: Final = 120
"""Nesting within a transaction: less than the encoding's, so that what is lawful alone is lawful inside a block."""

# Blocks
BLOCK_BYTES: Final = 1024 * 1024
BLOCK_TRANSACTIONS: Final = 1000
BLOCK_DRIFT_AHEAD_SECONDS: Final = 10
"""How far a fresh proposal's time may lie after the clock of the node that judges it."""
BLOCK_DRIFT_BEHIND_SECONDS: Final = 60
"""How far it may lie before that clock: a proposer who holds time back would stop every deadline."""

# Membership
MEMBERSHIP_MEMBERS: Final = 128
"""With weights below 2^53, three times the total weight stays below 2^62 and fits a signed 64-bit integer."""

# State map
STATE_KEY_BYTES: Final = 255
STATE_VALUE_BYTES: Final = 2 * 1024 * 1024

# Merkle proofs
PROOF_HASHES: Final = 64
"""Digests in a proof of a transaction tree: enough for 2^63 leaves."""
PROOF_STEPS: Final = 8 * STATE_KEY_BYTES
"""Steps of a proof in the state map: one for each bit of the longest key."""

# Messages between nodes
NET_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""Size of a message: a block in hex and the votes that decided it."""

# Consensus: what one member keeps of what others say
CONSENSUS_MESSAGES_AHEAD: Final = 4096
"""Messages of the next height that wait until it begins."""
CONSENSUS_ROUNDS_AHEAD: Final = 1000
"""How far above the present round a message may be."""
CONSENSUS_VARIANTS: Final = 64
"""Contradicting statements of one member, kind and round that are kept, as evidence and for quorums."""
CONSENSUS_PAST: Final = 256
"""Decided blocks that a member of a chain keeps for those that lack them (CON-128)."""
CONSENSUS_ATTEMPTS: Final = 4096
"""Attempts of one search for a nonce, in one slot (CON-153)."""

# One node
NODE_BLOCKS_KEPT: Final = 1000
"""Decided blocks that a node keeps at hand for members that are behind."""
POOL_TRANSACTIONS: Final = 10_000
"""Transactions that wait at one node."""
DEPLOY_MODULES: Final = 64
"""Modules in one package."""
DIRECTORY_NODES: Final = 256
"""Nodes that one transaction of kind `directory` enrols."""
COMMAND_TEXT_BYTES: Final = 256
"""Length in UTF-8 of a name, or of a text in a list, in a payload of kind `command`."""
COMMAND_LISTED: Final = 256
"""Members of a list in such a payload."""
RECORD_KIND_BYTES: Final = 64
"""Length of the kind, or the purpose, in a payload of kind `record`."""

# Node protocol (spec/node-protocol.md)
PROTOCOL_LINE_BYTES: Final = 8 * 1024 * 1024
PROTOCOL_EFFECTS: Final = 4096
PROTOCOL_INSTANCES: Final = 64
PROTOCOL_TIMERS: Final = 1024
PROTOCOL_DISK_BYTES: Final = 64 * 1024 * 1024
PROTOCOL_WINDOW: Final = 64
PROTOCOL_STATE_ITEMS: Final = 1000
PROTOCOL_HELLO_SECONDS: Final = 30
PROTOCOL_ANSWER_SECONDS: Final = 10
PROTOCOL_MEMORY_BYTES: Final = 1024 * 1024 * 1024

# What an institution reads from its own systems; never on the wire
FHIR_BUNDLE_BYTES: Final = 16 * 1024 * 1024
FHIR_ENTRIES: Final = 10_000
FHIR_PROVISIONS: Final = 8
"""Provisions of one Consent, nested ones included."""
FHIR_ACTORS: Final = 16
"""Actors of all provisions of one Consent together."""

# Certificates of members; never on the wire
CERTIFICATE_BYTES: Final = 4096
CERTIFICATE_DAYS: Final = 825
"""Days of validity: the bound that the CA/Browser Forum set for servers in 2018."""

# A member's service
SERVICE_WINDOW_SECONDS: Final = 60
"""Between the time of a request and the clock of the service, either way."""
SERVICE_REMEMBERED: Final = 4096
"""Requests of one member that are remembered within the window."""
SERVICE_ANSWER_ITEMS: Final = 1000
"""Rows or lines in one answer."""
