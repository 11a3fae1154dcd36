"""Signatures verify with the public key, for both key types, and bad key files say what to do."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from kalshi_desk.core.errors import Stop
from kalshi_desk.kalshi.signing import Signer, load_private_key

PATH = "/trade-api/v2/portfolio/orders"
MESSAGE = b"1793000000123GET/trade-api/v2/portfolio/orders"


def write_pem(path, key, form):
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return path


@pytest.mark.parametrize(
    "form",
    [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL],
    ids=["pkcs8", "pkcs1"],
)
def test_rsa_signature_verifies_with_pss_salt_32_whatever_the_banner(tmp_path, form):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signer = Signer("key-id-1234", load_private_key(write_pem(tmp_path / "key.pem", key, form)))
    headers = signer.headers("get", f"{PATH}?status=resting", 1793000000123)
    assert headers["KALSHI-ACCESS-KEY"] == "key-id-1234"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1793000000123"
    key.public_key().verify(
        base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"], validate=True),
        MESSAGE,
        padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32),
        SHA256(),
    )
    assert signer.is_slow


def test_ed25519_signature_verifies(tmp_path):
    key = Ed25519PrivateKey.generate()
    path = write_pem(tmp_path / "key.pem", key, serialization.PrivateFormat.PKCS8)
    signer = Signer("id", load_private_key(path))
    headers = signer.headers("GET", PATH, 1793000000123)
    key.public_key().verify(base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), MESSAGE)
    assert not signer.is_slow


def test_repr_shows_neither_key_nor_whole_id(tmp_path):
    signer = Signer("abcdefgh-secret-id-9999", Ed25519PrivateKey.generate())
    assert repr(signer) == "Signer(key ending in 9999)"


def test_missing_key_file_says_what_to_do(tmp_path):
    with pytest.raises(Stop) as caught:
        load_private_key(tmp_path / "none.pem")
    assert caught.value.code == "key_missing"
    assert "private_key_path" in caught.value.todo


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_file_without_a_key_is_refused(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(Stop) as caught:
        load_private_key(path)
    assert caught.value.code == "key_invalid"


def test_a_key_of_another_kind_is_refused(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    path = write_pem(tmp_path / "key.pem", key, serialization.PrivateFormat.PKCS8)
    with pytest.raises(Stop, match="RSA and Ed25519 only"):
        load_private_key(path)
