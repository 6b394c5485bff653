"""Checks an export of a tenant with nothing of Casemate's: every file has the bytes, lines and SHA-256 that the manifest
says, no other file is there, and the log's entries hash to the root of its checkpoint (RFC 6962). Prints what it found."""

import base64
import hashlib
import json
import pathlib
import struct
import sys


def root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()


def leaves(data):
    """The leaf of each entry: length 4, checksum 4, origin length 1, origin, leaf length 2, leaf, salt, payload."""
    at, found, origins = 0, [], set()
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 8 : at + 8 + length]
        assert len(body) == length, "an entry is cut short"
        origin = body[1 : 1 + body[0]]
        (size,) = struct.unpack_from(">H", body, 1 + body[0])
        leaf = body[3 + body[0] : 3 + body[0] + size]
        salt = body[3 + body[0] + size :][:32]
        payload = body[3 + body[0] + size + 36 :]
        assert hashlib.sha256(salt + payload).digest() == leaf[-32:], "a payload is not the one of its leaf"
        origins.add(origin.decode())
        found.append(leaf)
        at += 8 + length
    return found, origins


def main():
    folder = pathlib.Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["form"] == "casemate export v1", manifest["form"]
    named = set()
    for file in manifest["files"]:
        data = (folder / file["path"]).read_bytes()
        assert len(data) == file["bytes"], file
        assert hashlib.sha256(data).hexdigest() == file["sha256"], file
        if "lines" in file:
            lines = data.decode().splitlines()
            assert len([json.loads(line) for line in data.decode().split("\n") if line]) == file["lines"], (file, len(lines))
        named.add(file["path"])
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there - {"manifest.json"} == named, there ^ named
    found, origins = leaves((folder / "audit/entries").read_bytes())
    note = (folder / "audit/checkpoint").read_text().split("\n")
    assert int(note[1]) == len(found), (note, len(found))
    hashes = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in found]
    assert base64.b64decode(note[2]) == root(hashes), "the entries don't hash to the checkpoint's root"
    tenants = sorted({origin.split("/")[0] for origin in origins})
    print(json.dumps({"files": len(named), "entries": len(found), "tenants": tenants}))


main()
