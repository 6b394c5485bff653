"""Seals, opens and signs as docs/keys.md says, with PyPI's `cryptography`: an implementation that shares no code with
host/keys. `make` writes the test vectors; `check` reads vectors from standard input and holds them against its own."""

import base64
import hashlib
import json
import sys
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PURPOSES = ["frame", "tenant-key", "run-key", "subject-key"] + [
    f"{kind}/{use}" for kind in ("data", "data-key") for use in ("compiled-code", "signing-seed", "token")
]


def key_id(key):
    return hashlib.sha256(b"casemate/key-id/v1" + key).digest()[:8]


def seal(vector):
    key, plain = bytes.fromhex(vector["key"]), bytes.fromhex(vector["plain"])
    nonce, purpose = bytes.fromhex(vector["nonce"]), vector["purpose"].encode()
    header = bytes([1, 1]) + key_id(key) + vector["key_version"].to_bytes(4, "big") + nonce
    place = uuid.UUID(vector["tenant"]).bytes + len(purpose).to_bytes(8, "big") + purpose
    place += uuid.UUID(vector["id"]).bytes + vector["part"].to_bytes(8, "big") + header
    return header + AESGCM(key).encrypt(nonce, plain, place)


def public(name, seed):
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    typed = b"\x01" + key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    # C2SP signed-note: SHA-256 of name, newline and typed key.
    hashed = hashlib.sha256(name.encode() + b"\n" + typed).hexdigest()[:8]
    return f"{name}+{hashed}+{base64.b64encode(typed).decode()}"


def envelopes():
    for number, purpose in enumerate(PURPOSES, 1):
        vector = {
            "key": hashlib.sha256(b"key %d" % number).hexdigest(),
            "key_id": key_id(hashlib.sha256(b"key %d" % number).digest()).hex(),
            "key_version": number * 0x01010101 % 2**32,
            "nonce": hashlib.sha256(b"nonce %d" % number).hexdigest()[:24],
            "tenant": str(uuid.UUID(int=0 if "/" in purpose else number << 64)),
            "purpose": purpose,
            "id": str(uuid.UUID(int=number)),
            "part": number - 1 if number < 10 else 2**64 - 1,
            "plain": (hashlib.sha256(b"plain").digest() * 3)[: 11 * (number - 1)].hex(),
        }
        yield vector | {"sealed": seal(vector).hex()}


def signatures():
    for number, message in enumerate([b"", b"casemate", bytes(range(256))], 1):
        seed, name = hashlib.sha256(b"seed %d" % number).digest(), f"casemate.example/{number}"
        signature = Ed25519PrivateKey.from_private_bytes(seed).sign(message)
        yield {
            "name": name,
            "seed": seed.hex(),
            "public": public(name, seed),
            "message": message.hex(),
            "signature": signature.hex(),
        }


def check(document):
    for vector in document["envelopes"]:
        sealed = bytes.fromhex(vector["sealed"])
        assert seal(vector) == sealed, vector["purpose"]
        assert sealed[2:10].hex() == vector["key_id"]
    for vector in document["signatures"]:
        seed, message = bytes.fromhex(vector["seed"]), bytes.fromhex(vector["message"])
        key = Ed25519PrivateKey.from_private_bytes(seed)
        assert public(vector["name"], seed) == vector["public"]
        key.public_key().verify(bytes.fromhex(vector["signature"]), message)
    # Public keys and signatures of a host, whose seeds nobody else has.
    for vector in document.get("notes", []):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        name, _, typed = vector["public"].split("+", 2)
        typed = base64.b64decode(typed)
        assert typed[0] == 1 and vector["line"].startswith(f"\u2014 {name} ")
        signed = base64.b64decode(vector["line"].rsplit(" ", 1)[1])
        hashed = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        if signed[:4] == hashed:
            Ed25519PublicKey.from_public_bytes(typed[1:]).verify(signed[4:], vector["text"].encode())
            print("verified", hashed.hex())
    print("checked", len(document["envelopes"]), len(document["signatures"]))


if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        for name, vectors in (("envelope", envelopes()), ("signature", signatures())):
            with open(f"host/keys/vectors/{name}.json", "w", encoding="utf-8") as file:
                json.dump(list(vectors), file, indent=2)
                file.write("\n")
    else:
        check(json.load(sys.stdin))
