"""Writes one SM2 certificate request with PyPI gmssl (the signature) and asn1crypto (the structure):

    by_gmssl.py [--wrong KIND] OUT.pem|OUT.der C=CN O=单位 CN=姓名

The key is thrown away. `--wrong` makes the mistakes that programs in the field make, and hostile forms
whose signature is good, so that nothing but the named fault can be the reason of a refusal.
"""

import argparse
import pathlib
import secrets

from asn1crypto import algos, csr, keys, x509
from gmssl import func, sm2, sm3

import der

SM2_CURVE, SM2_OID_DER = "1.2.156.10197.1.301", bytes.fromhex("06082a811ccf5501822d")
SM2_WITH_SM3 = "1.2.156.10197.1.501"
N = int(sm2.default_ecc_table["n"], 16)
P = int(sm2.default_ecc_table["p"], 16)
KINDS = {"C": "country_name", "O": "organization_name", "OU": "organizational_unit_name", "CN": "common_name",
         "ST": "state_or_province_name", "L": "locality_name"}
WRONG = ["null-parameters", "empty-id", "raw-rs", "no-za", "double-hash", "other-key", "zero-r", "off-curve", "infinity",
         "compressed", "hybrid", "sm2-oid-key", "too-large", "deep-nesting", "version-2"]


class Key:
    """A fresh SM2 key in gmssl's hexadecimal form."""

    def __init__(self):
        self.d = secrets.randbelow(N - 2) + 1
        maker = sm2.CryptSM2(private_key=f"{self.d:064x}", public_key="")
        self.xy = maker._kg(self.d, sm2.default_ecc_table["g"])
        maker.public_key = self.xy
        self.maker = maker

    def za(self, identity=b"1234567812345678"):
        table = sm2.default_ecc_table
        data = (len(identity) * 8).to_bytes(2, "big") + identity + bytes.fromhex(
            table["a"] + table["b"] + table["g"] + self.xy)
        return digest(data)

    def sign(self, message, mistake=None):
        """r and s over `message`, with the mistake named."""
        nonce = f"{secrets.randbelow(N - 1) + 1:064x}"
        if mistake == "empty-id":
            e = digest(self.za(b"") + message)
        elif mistake == "no-za":
            e = digest(message)
        elif mistake == "double-hash":
            e = digest(self.za() + digest(message))
        else:
            both = self.maker.sign_with_sm3(message, nonce)
            return int(both[:64], 16), int(both[64:], 16)
        both = self.maker.sign(e, nonce)
        return int(both[:64], 16), int(both[64:], 16)


def digest(data):
    return bytes.fromhex(sm3.sm3_hash(func.bytes_to_list(data)))


def point(key, wrong):
    x, y = bytes.fromhex(key.xy[:64]), bytes.fromhex(key.xy[64:])
    if wrong == "off-curve":
        y = (int.from_bytes(y, "big") ^ 1).to_bytes(32, "big")
    prefix = bytes([(2 if wrong == "compressed" else 6) + (y[-1] & 1)])
    return {"infinity": b"\0", "compressed": prefix + x, "hybrid": prefix + x + y}.get(wrong, b"\4" + x + y)


def request_info(subject, key, wrong, padding):
    """The CertificationRequestInfo: by asn1crypto, then altered where no encoder would do it."""
    name = x509.Name.build({KINDS[k]: v for k, v in (a.split("=", 1) for a in subject)})
    spki = keys.PublicKeyInfo({
        "algorithm": {"algorithm": "ec", "parameters": keys.ECDomainParameters(name="named", value=SM2_CURVE)},
        "public_key": keys.ECPointBitString(point(key, wrong)),
    }).dump()
    if wrong == "sm2-oid-key":
        spki = der.tlv(0x30, der.tlv(0x30, SM2_OID_DER, SM2_OID_DER), der.bit_string(point(key, wrong)))
    info = csr.CertificationRequestInfo({"version": "v1", "subject": name, "attributes": []})
    version = der.integer(1 if wrong == "version-2" else 0)
    attributes = der.tlv(0xA0)
    if wrong in ("too-large", "deep-nesting"):
        value = der.tlv(0x0C, b"x" * padding) if wrong == "too-large" else nested(1000)
        attributes = der.tlv(0xA0, der.tlv(0x30, bytes.fromhex("06092a864886f70d010902"), der.tlv(0x31, value)))
    encoded = der.tlv(0x30, version, info["subject"].dump(), spki, attributes)
    if wrong in (None, "null-parameters"):
        csr.CertificationRequestInfo.load(encoded, strict=True).native
    return encoded


def nested(depth):
    value = der.tlv(0x05)
    for _ in range(depth):
        value = der.tlv(0x30, value)
    return value


def request(subject, wrong, padding=0):
    key = Key()
    info = request_info(subject, key, wrong, padding)
    r, s = (Key() if wrong == "other-key" else key).sign(info, wrong)
    signature = der.tlv(0x30, der.integer(0 if wrong == "zero-r" else r), der.integer(s))
    if wrong == "raw-rs":
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    algorithm = algos.SignedDigestAlgorithm({"algorithm": SM2_WITH_SM3}).dump()
    if wrong == "null-parameters":
        algorithm = der.tlv(0x30, der.split(algorithm)[0][1], der.tlv(0x05))
    return der.tlv(0x30, info, algorithm, der.bit_string(signature))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wrong", choices=WRONG)
    parser.add_argument("out")
    parser.add_argument("subject", nargs="+")
    args = parser.parse_args()
    made = request(args.subject, args.wrong)
    if args.wrong == "too-large":
        padding = 64 * 1024
        while len(made) != 64 * 1024 + 1:  # Signatures differ in length by an octet or two.
            padding += 64 * 1024 + 1 - len(made)
            made = request(args.subject, args.wrong, padding)
    pathlib.Path(args.out).write_bytes(der.as_named(args.out, made))


if __name__ == "__main__":
    main()
