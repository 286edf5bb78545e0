"""Writes an SM2EnvelopedKey with BabaSSL's SM2 and SM4 into a folder, with both private keys in clear beside it:

    envelope_by_babassl.py FOLDER
"""

import pathlib
import secrets
import sys

import envelopes
import libbabassl


def main():
    folder, lib = pathlib.Path(sys.argv[1]), libbabassl.load()
    scalars = {name: secrets.token_bytes(32) for name in ("owner", "delivered")}
    owner, _ = libbabassl.key_of(lib, scalars["owner"])
    _, point = libbabassl.key_of(lib, scalars["delivered"])
    symmetric = secrets.token_bytes(16)
    cipher = libbabassl.crypt(lib, owner, "encrypt", symmetric)
    encrypted = libbabassl.sm4_ecb(lib, symmetric, scalars["delivered"], True)
    folder.mkdir(exist_ok=True)
    (folder / "enveloped-key.der").write_bytes(envelopes.write(cipher, encrypted, point))
    for name, scalar in scalars.items():
        (folder / f"{name}.hex").write_text(scalar.hex() + "\n")


if __name__ == "__main__":
    main()
