"""The keyring: what is encrypted at rest, under keys that rotate."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class WrongSecretKey(RuntimeError):
    """A stored secret cannot be opened with APPTRAIL_SECRET_KEY; put the key it was written with back."""


class Keyring:
    """Seals with the first key, opens with any: put a new key in front to rotate."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the texts of APPTRAIL_SECRET_KEY, newest first."""
        self._fernet = MultiFernet([Fernet(_key_from(key)) for key in keys])

    def seal(self, secret: bytes) -> bytes:
        """Encrypt a secret for storage."""
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt a stored secret; raises WrongSecretKey."""
        try:
            return self._fernet.decrypt(bytes(sealed))
        except InvalidToken:
            raise WrongSecretKey from None


def _key_from(text: str) -> bytes:
    return urlsafe_b64encode(sha256(b"apptrail secrets\0" + text.encode()).digest())
