"""Who is asking: keys and what they may do, and the check of signed requests."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from kalshi_desk.exchange.commands import AddKey, RemoveKey
from kalshi_desk.exchange.listing import stable_uuid
from kalshi_desk.exchange.records import ApiKey
from kalshi_desk.exchange.refusals import Refusal, not_found, refused
from kalshi_desk.exchange.rules import Rules

PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
_KEY_FILE = "practice-key.pem"
FULL_ACCESS = frozenset({"read", "write"})
SCOPES = FULL_ACCESS | {
    "read::block_trade_accept",
    "read::portfolio_balance",
    "write::trade",
    "write::transfer",
    "write::fcm_risk",
    "write::block_trade_accept",
}
"""Every scope that a key may be given."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A generated key: its id, where the private half lies, and the public half."""

    key_id: str
    path: Path
    public: PublicKey


@dataclass(frozen=True, slots=True)
class Grant:
    """What one key may do: whose it is, its scopes, and the one subaccount it is locked to."""

    key_id: str
    owner: int
    public: PublicKey
    scopes: frozenset[str] = FULL_ACCESS
    subaccount: int | None = None
    name: str = "practice"

    def allows(self, scope: str) -> bool:
        """Return whether the key has a scope, or the wider one that includes it."""
        return scope in self.scopes or scope.partition("::")[0] in self.scopes


def make_pair(key_type: str) -> tuple[str, str]:
    """Return a new private key and its public half, both PEM, as the exchange hands them out."""
    private = _generate(key_type)
    form = serialization.PrivateFormat
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        form.TraditionalOpenSSL if key_type == "rsa" else form.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode(), public.decode()


def load_or_create_key(folder: Path, key_type: str = "ed25519") -> KeyPair:
    """Return the key pair kept in a folder, made there (0600) when there is none.

    ``key_type`` is ``ed25519`` or ``rsa``; a key that is already there keeps its type.

    Raises ``OSError`` when the folder cannot be used and ``ValueError`` for an unreadable key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _KEY_FILE
    if not path.exists():
        _write_private(path, _generate(key_type))
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError(f"{path} holds a key of a type that the exchange does not take")
    public = private.public_key()
    raw = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return KeyPair(stable_uuid("key", raw.hex()), path, public)


def _generate(key_type: str) -> ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey:
    if key_type == "rsa":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return ed25519.Ed25519PrivateKey.generate()


def _write_private(path: Path, key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


class KeyRing:
    """The API keys that are known, and whose they are."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._keys: dict[str, Grant] = {}

    def add(self, key_id: str, public: PublicKey, owner: int) -> None:
        """Let a key act for an account with full access."""
        self._keys[key_id] = Grant(key_id, owner, public)

    def add_made(self, key: ApiKey) -> None:
        """Let a key that was made through the API act; raises ``ValueError`` for a bad one."""
        public = read_public(key.public_pem)
        scopes = frozenset(key.scopes) or FULL_ACCESS
        self._keys[key.key_id] = Grant(
            key.key_id, key.owner, public, scopes, key.subaccount, key.name
        )

    def remove(self, key_id: str) -> None:
        """Forget a key."""
        self._keys.pop(key_id, None)

    def of(self, owner: int) -> list[Grant]:
        """Return the keys of a member."""
        return [grant for grant in self._keys.values() if grant.owner == owner]

    def grant_of(self, headers: Mapping[str, str], method: str, path: str, now_ns: int) -> Grant:
        """Return what the key that signed a request may do; raises the 401 refusals."""
        key_id = headers.get("kalshi-access-key", "")
        stamp = headers.get("kalshi-access-timestamp", "")
        signature = headers.get("kalshi-access-signature", "")
        if not signature:
            raise _missing("signature")
        if not key_id:
            raise _missing("access_key", "access key")
        if not stamp:
            raise _missing("timestamp")
        known = self._keys.get(key_id)
        if known is None:
            raise _unknown("NOT_FOUND")
        self._check_age(stamp, now_ns)
        if not _is_signed(known.public, signature, f"{stamp}{method}{path}".encode()):
            raise _unknown("INCORRECT_API_KEY_SIGNATURE")
        return known

    def _check_age(self, stamp: str, now_ns: int) -> None:
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 19):
            raise refused(401, "header_timestamp_invalid")
        ahead_s = (int(stamp) * 1_000_000 - now_ns) / 1_000_000_000
        if not -self._rules.skew_past_s <= ahead_s <= self._rules.skew_future_s:
            raise refused(401, "header_timestamp_expired")


def read_public(pem: str) -> PublicKey:
    """Return a public key; raises ``ValueError`` for another type or broken text."""
    found = serialization.load_pem_public_key(pem.encode())
    if not isinstance(found, rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        raise ValueError("the key is neither RSA nor Ed25519")
    return found


def _missing(what: str, words: str = "") -> Refusal:
    return refused(
        401, f"{what}_is_missing_from_headers", message=f"{words or what} is missing from headers"
    )


def _unknown(details: str) -> Refusal:
    return refused(401, "authentication_error", message="authentication_error", details=details)


def _is_signed(public: PublicKey, signature: str, message: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(raw, message, _PSS, hashes.SHA256())
        else:
            public.verify(raw, message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def change_key(keys: list[ApiKey], command: AddKey | RemoveKey) -> ApiKey:
    """Add a key to those made through the API, or take one away; raises the 404 for an unknown."""
    if isinstance(command, AddKey):
        made = ApiKey(
            key_id=command.key_id,
            owner=command.owner,
            name=command.name,
            public_pem=command.public_pem,
            scopes=command.scopes,
            subaccount=command.subaccount,
        )
        keys.append(made)
        return made
    for key in keys:
        if key.key_id == command.key_id and key.owner == command.owner:
            keys.remove(key)
            return key
    raise not_found()
