"""X.509 certificates as the library reads and writes them, under our names.

Apart from `hazmat` because it is dear to import and few need it: no command loads it to answer `--version`. Nothing
here decides whether a certificate is good; that is for `application.certificates`. One kind of key is known, Ed25519,
because it is the only one that the ledger's suite `intl` has; the library's own path validation refuses it, so the walk
of this chain of two is ours.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from refimpl.crypto.hazmat import Broken, ed25519_verify

__all__ = ["Authority", "Named", "Parsed", "issue", "parse", "verify_issued"]

_ATTRIBUTES: Final = {
    NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATION_NAME: "O", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
}  # fmt: skip
_USAGES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign",
)  # fmt: skip

E = TypeVar("E", bound=x509.ExtensionType)

Named = tuple[tuple[str, str], ...]
"""A distinguished name: (`CN`, `O`, `OU` or a dotted OID, value), in its order."""


@frozen
class Parsed:
    """What a certificate says. Nothing of it is verified yet."""

    der: bytes = field(repr=False)
    subject: Named
    issuer: Named
    serial: int
    not_before: int
    """First second of its validity, since 1970."""
    not_after: int
    """Last second of its validity."""
    public: bytes
    """The subject's Ed25519 key, 32 bytes."""
    authority: bool | None
    """Whether it may issue others; None without basic constraints."""
    path_length: int | None
    usages: tuple[str, ...]
    """Key usages, by the library's names; empty without the extension."""
    critical: tuple[str, ...]
    """Dotted OIDs of the extensions marked critical, ascending."""
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)


def parse(der: bytes) -> Parsed:
    """The certificate in `der`; `Broken` for other bytes, versions but 3, and keys or signatures but Ed25519."""
    try:
        found = x509.load_der_x509_certificate(der)
        public = found.public_key()
        constraints = _extension(found, x509.BasicConstraints)
        usage = _extension(found, x509.KeyUsage)
        critical = sorted(one.oid.dotted_string for one in found.extensions if one.critical)
        if found.version is not x509.Version.v3 or not isinstance(public, Ed25519PublicKey):
            raise Broken("certificate")
        if found.signature_algorithm_oid != SignatureAlgorithmOID.ED25519:
            raise Broken("certificate")
        return Parsed(
            der, _name(found.subject), _name(found.issuer), found.serial_number,
            int(found.not_valid_before_utc.timestamp()), int(found.not_valid_after_utc.timestamp()),
            public.public_bytes_raw(), None if constraints is None else constraints.ca,
            None if constraints is None else constraints.path_length,
            tuple(name for name in _USAGES if usage is not None and getattr(usage, name)), tuple(critical),
            found.tbs_certificate_bytes, found.signature,
        )  # fmt: skip
    except (ValueError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
            x509.UnsupportedGeneralNameType, x509.ExtensionNotFound, x509.AttributeNotFound):  # fmt: skip
        raise Broken("certificate") from None


def verify_issued(found: Parsed, issuer: bytes) -> None:
    """Return if the owner of the Ed25519 key `issuer` signed it, else raise `Broken`."""
    ed25519_verify(issuer, found._signed, found._signature)


@frozen
class Authority:
    """Who issues: a name, and the Ed25519 signature of its key over bytes."""

    name: Named
    public: bytes
    secret: Callable[[], bytes] = field(repr=False)
    """The 32 bytes of the key, asked for when something is signed."""


def issue(
    by: Authority, subject: Named, public: bytes, serial: int, valid: tuple[int, int], *, authority: bool
) -> bytes:
    """A certificate in DER for the owner of `public`, valid from and to these seconds; of an authority, or of somebody
    who only signs."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject)).issuer_name(_named(by.name)).serial_number(serial)
        .public_key(Ed25519PublicKey.from_public_bytes(public))
        .not_valid_before(datetime.fromtimestamp(valid[0], UTC)).not_valid_after(datetime.fromtimestamp(valid[1], UTC))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_usage(authority=authority), critical=True)
    )  # fmt: skip
    return builder.sign(Ed25519PrivateKey.from_private_bytes(by.secret()), None).public_bytes(Encoding.DER)


def _usage(*, authority: bool) -> x509.KeyUsage:
    wanted = ("key_cert_sign", "crl_sign") if authority else ("digital_signature",)
    return x509.KeyUsage(**{name: name in wanted for name in _USAGES}, encipher_only=False, decipher_only=False)


def _extension(found: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return found.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(name: x509.Name) -> Named:
    return tuple((_ATTRIBUTES.get(one.oid, one.oid.dotted_string), str(one.value)) for one in name)


def _named(name: Named) -> x509.Name:
    oids = {short: oid for oid, short in _ATTRIBUTES.items()}
    return x509.Name([x509.NameAttribute(oids[short], value) for short, value in name])
