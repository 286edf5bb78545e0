#!/usr/bin/env python3
"""Checks an export of the ledger by its README alone: sums, leaves, rows, roots. Standard library only.

    ledger_export.py FOLDER

Prints one line of JSON with the size and root it computed, and what does not hold. Exit code 0 when everything holds.
"""
import base64
import csv
import hashlib
import json
import os
import sys

csv.field_size_limit(1 << 30)


def own_sm3(data):
    """SM3 (GB/T 32905-2016), for a Python whose hashlib has none."""
    rotl = lambda x, n: ((x << (n % 32)) | (x >> (32 - n % 32))) & 0xFFFFFFFF
    v = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    padded = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        w = [int.from_bytes(padded[at + 4 * i : at + 4 * i + 4], "big") for i in range(16)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ rotl(w[j - 3], 15)
            w.append(x ^ rotl(x, 15) ^ rotl(x, 23) ^ rotl(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = v
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = rotl((rotl(a, 12) + e + rotl(t, j)) & 0xFFFFFFFF, 7)
            ss2 = ss1 ^ rotl(a, 12)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & 0xFFFFFFFF & g)
            tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, rotl(b, 9), c
            e, f, g, h = tt2 ^ rotl(tt2, 9) ^ rotl(tt2, 17), e, rotl(f, 19), g
        v = [x ^ y for x, y in zip(v, (a, b, c, d, e, f, g, h))]
    return b"".join(x.to_bytes(4, "big") for x in v)


def sm3(data):
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        return own_sm3(data)


class Leaf:
    """Reads the octets of an event."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        part = self.data[self.at : self.at + n]
        if len(part) != n:
            raise ValueError("it is cut off")
        self.at += n
        return part

    def number(self, n, signed=False):
        return int.from_bytes(self.take(n), "big", signed=signed)

    def octets(self):
        return self.take(self.number(4))

    def text(self):
        return self.octets().decode("utf-8")

    def event(self):
        if self.take(1) != b"\x01":
            raise ValueError("unknown version")
        event = {"seq": self.number(8), "at": self.number(8, True), "kind": self.text()}
        event["actor"] = self.text() if self.take(1) == b"\x01" else None
        event["object"] = self.text()
        event["fields"] = [[self.text(), self.text()] for _ in range(self.number(4))]
        event["effects"] = [
            {"table": self.text(), "key": self.octets().hex(), "digest": self.take(32).hex()}
            for _ in range(self.number(4))
        ]
        if self.at != len(self.data):
            raise ValueError("something follows it")
        return event


class Tree:
    """The right edge of the tree: the roots of its whole subtrees, largest first."""

    def __init__(self):
        self.size, self.edge = 0, []

    def push(self, leaf):
        self.size += 1
        self.edge.append(leaf)
        n = self.size
        while n % 2 == 0:
            right, left = self.edge.pop(), self.edge.pop()
            self.edge.append(sm3(b"\x01" + left + right))
            n //= 2

    def root(self):
        if not self.edge:
            return sm3(b"")
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = sm3(b"\x01" + left + root)
        return root


def value(kind, cell):
    if cell == "" and kind != "BLOB":
        return b"\x00", b""
    if kind == "BIGINT":
        return b"\x01" + int(cell).to_bytes(8, "big", signed=True), int(cell).to_bytes(8, "big", signed=True)
    if kind == "BLOB":
        octets, mark = bytes.fromhex(cell), b"\x04"
    else:
        octets, mark = (cell[1:] if cell.startswith("'") else cell).encode("utf-8"), b"\x03"
    return mark + len(octets).to_bytes(8, "big") + octets, octets


def row_digest(table, columns, cells):
    """The key of a row, as in an effect, and the digests it may have: an empty cell may stand for no octets."""
    values = [value(kind, cell) for (_, kind, _), cell in zip(columns, cells)]
    keys = [octets for (_, _, key), (_, octets) in zip(columns, values) if key]
    key = keys[0] if len(keys) == 1 else b"".join(len(k).to_bytes(4, "big") + k for k in keys)
    name = table.encode()
    head = b"\x02\x03" + len(name).to_bytes(8, "big") + name
    forms = [head + b"".join(v for v, _ in values)]
    empty = [n for n, ((_, kind, _), cell) in enumerate(zip(columns, cells)) if kind == "BLOB" and cell == ""]
    if empty:
        forms.append(head + b"".join(b"\x00" if n in empty else v for n, (v, _) in enumerate(values)))
    return key.hex(), [sm3(form).hex() for form in forms]


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        head = next(rows)
        for row in rows:
            yield head, row


def main(folder):
    wrong = []
    path = lambda name: os.path.join(folder, name)
    for line in open(path("SM3SUMS"), encoding="utf-8"):
        digest, name = line.rstrip("\n").split("  ", 1)
        if sm3(open(path(name), "rb").read()).hex() != digest:
            wrong.append(f"{name}: it does not have its SM3")
    signed = {int(row[0]): row[1] for _, row in table(path("checkpoints.csv"))}
    tree, written = Tree(), {}
    for line in open(path("events.ndjson"), encoding="utf-8"):
        said = json.loads(line)
        leaf = base64.b64decode(said["leaf"], validate=True)
        digest = sm3(b"\x00" + leaf)
        try:
            event = Leaf(leaf).event()
        except ValueError as e:
            wrong.append(f"event {said['seq']}: {e}")
            event = {}
        if digest.hex() != said["hash"] or any(said.get(k) != v for k, v in event.items()) or said["seq"] != tree.size:
            wrong.append(f"event {said['seq']}: it says otherwise than its leaf")
        tree.push(digest)
        for effect in event.get("effects", []):
            written[effect["table"], effect["key"]] = effect["digest"]
        if tree.size in signed and signed.pop(tree.size) != tree.root().hex():
            wrong.append(f"checkpoint {tree.size}: the root is another one")
    wrong += [f"checkpoint {size}: there are not so many events" for size in signed]
    schema = {}
    for _, (name, column, kind, key) in table(path("schema.csv")):
        schema.setdefault(name, []).append((column, kind, key == "1"))

    def check(name, cells):
        key, digests = row_digest(name, schema[name], cells)
        if written.pop((name, key), None) not in digests:
            wrong.append(f"{name} {key}: no event wrote this row")

    for name in schema:
        if name != "certificate_der":
            for head, cells in table(path(f"tables/{name}.csv")):
                if head != [column for column, _, _ in schema[name]]:
                    raise SystemExit(f"{name}: other columns")
                check(name, cells)
    for line in open(path("certificates.ndjson"), encoding="utf-8"):
        said = json.loads(line)
        check("certificate_der", [said["serial"], base64.b64decode(said["der"], validate=True).hex()])
    wrong += [f"{name} {key}: the row is missing" for name, key in written]
    print(json.dumps({"events": tree.size, "root": tree.root().hex(), "wrong": wrong[:20]}, ensure_ascii=False))
    return 1 if wrong else 0


if __name__ == "__main__":
    assert own_sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abc") == own_sm3(b"abc")
    sys.exit(main(sys.argv[1]))
