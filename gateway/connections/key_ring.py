"""The deployment's key ring: found or made, and proven on a sealed canary before anything is built on it.

Without the proof a start with the wrong keys would look healthy, and seal new credentials that the right ones can't
open.
"""

from gateway.kit.cipher import Cipher, SealBroken
from gateway.kit.clock import Clock
from gateway.kit.key_file import create_key_file, read_key_file
from gateway.settings import Settings, SettingsError
from storage.database import KEY_RING_CANARY_ID, Database
from storage.records import KeyRingCanary

_TEXT = b"toolgate"
_CONTEXT = ("key_ring_canary", KEY_RING_CANARY_ID)


async def open_cipher(settings: Settings, database: Database, *, clock: Clock) -> Cipher:
    """Return the cipher of this deployment, making a key file at its very first start.

    Raises `SettingsError` where the keys are missing, damaged, or another database's.
    """
    async with database.read() as tx:
        canary = await tx.canaries.find()
    ring = read_ring(settings)
    if canary is not None:
        return proven_cipher(settings, ring, canary)
    cipher = Cipher(ring or create_key_file(settings.key_file))
    async with database.write() as tx:
        await tx.canaries.insert(
            KeyRingCanary(id=KEY_RING_CANARY_ID, created_at=clock(), sealed=cipher.seal(_TEXT, *_CONTEXT))
        )
    return cipher


def read_ring(settings: Settings) -> list[bytes]:
    """Return the configured keys, else those of the key file; empty where there are none. Raises `SettingsError`."""
    return [key.get_secret_value() for key in settings.encryption_keys] or read_key_file(settings.key_file)


def proven_cipher(settings: Settings, ring: list[bytes], canary: KeyRingCanary) -> Cipher:
    """Return the cipher of a ring that opens the canary. Raises `SettingsError`."""
    if not ring:
        raise SettingsError(
            f"{settings.key_file}: missing, and the database holds credentials sealed under its key; "
            "restore the file from your backup or set encryption_keys"
        )
    cipher = Cipher(ring)
    try:
        cipher.open(canary.sealed, *_CONTEXT)
    except SealBroken as error:
        raise SettingsError(
            f"{'encryption_keys' if settings.encryption_keys else settings.key_file}: none of these keys opens what "
            "the database holds; put back the key that sealed it, behind the new one where you changed it"
        ) from error
    return cipher


def resealed_canary(cipher: Cipher) -> bytes:
    """Return the canary sealed under the newest key."""
    return cipher.seal(_TEXT, *_CONTEXT)
