"""Signatures of requests: RSA-PSS or Ed25519, chosen by the parsed key and not by its banner."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kalshi_desk.core.errors import Stop

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

KEY_HEADER = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER = "KALSHI-ACCESS-SIGNATURE"

_SALT_BYTES = 32
_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=_SALT_BYTES)


def load_private_key(path: Path | str) -> PrivateKey:
    """Read an unencrypted PEM private key; raises ``Stop`` with what to do when it can't."""
    try:
        pem = Path(path).read_bytes()
    except FileNotFoundError:
        raise Stop(
            f"There is no private key file at {path}.",
            code="key_missing",
            todo="Set private_key_path to the file that you saved when the key was made.",
        ) from None
    except OSError as error:
        raise Stop(
            f"The private key file {path} can't be read: {error.strerror}.",
            code="key_unreadable",
            todo="Make the file readable for your user (mode 0600).",
        ) from None
    return parse_private_key(pem, str(path))


def parse_private_key(pem: bytes, where: str = "the key") -> PrivateKey:
    """Return the key object in PEM bytes; raises ``Stop`` for anything that can't sign."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Stop(
            f"{where} does not hold a private key in unencrypted PEM form.",
            code="key_invalid",
            todo="Use the file from the exchange as it is, from its BEGIN to its END line.",
        ) from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise Stop(
            f"{where} holds a {type(key).__name__}; the exchange takes RSA and Ed25519 only.",
            code="key_invalid",
            todo="Make a new API key on the exchange.",
        )
    return key


class Signer:
    """Makes the three access headers for one API key.

    The private key never leaves this object and does not show in ``repr``.  ``venue`` is the
    environment that the key was stored for, empty where it came with an address.
    """

    __slots__ = ("_private_key", "key_id", "venue")

    def __init__(self, key_id: str, private_key: PrivateKey, *, venue: str = "") -> None:
        self.key_id = key_id
        self.venue = venue
        self._private_key = private_key

    def __repr__(self) -> str:
        return f"Signer(key ending in {self.key_id[-4:]})"

    @property
    def is_slow(self) -> bool:
        """Whether one signature takes long enough (RSA) to be kept off an event loop."""
        return isinstance(self._private_key, RSAPrivateKey)

    def headers(self, method: str, path: str, timestamp_ms: int) -> dict[str, str]:
        """Sign one request.

        ``path`` counts from the root of the host and carries no query; the signature
        covers time, method and path, so the body may change afterwards.
        """
        bare_path = path.partition("?")[0]
        message = f"{timestamp_ms}{method.upper()}{bare_path}".encode()
        return {
            KEY_HEADER: self.key_id,
            TIMESTAMP_HEADER: str(timestamp_ms),
            SIGNATURE_HEADER: base64.b64encode(self._sign(message)).decode(),
        }

    def _sign(self, message: bytes) -> bytes:
        key = self._private_key
        if isinstance(key, RSAPrivateKey):
            return key.sign(message, _PSS, SHA256())
        return key.sign(message)
