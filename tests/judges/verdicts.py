"""What the Python judges share: reading files, saying verdicts, leaving with the right exit code.

It is not a judge itself: it never decides whether a signature holds. Start at any of the judges, for
instance openssl4.py.

A verdict is one JSON line on stdout: {"file": ..., "ok": ..., "reason": ...}. Exit codes: 0 every verdict
was the expected one, 1 at least one was not, 2 wrong arguments or unreadable input of ours, 77 the judge
is not installed on this machine.
"""

import argparse
import base64
import datetime
import json
import pathlib
import re
import sys

import der

MISSING = 77
PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.+?)-----END \1-----", re.DOTALL)
SIGNED_DATA = (bytes.fromhex("2a811ccf550601040202"), bytes.fromhex("2a864886f70d010702"))  # GM/T 0010, PKCS#7
SUFFIXES = {".pem", ".der", ".crt", ".cer", ".csr", ".p7b", ".p7s"}


def absent(judge, why):
    """Ends the program because the judge itself is missing: never a silent success."""
    print(f"SKIPPED {judge}: {why}", file=sys.stderr)
    sys.exit(MISSING)


def instant(text):
    """Reads an RFC 3339 instant such as 2026-11-24T00:00:00Z."""
    value = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if value.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: say the time zone, for example {text}Z")
    return value.astimezone(datetime.timezone.utc)


def parser(description, chain=False):
    """An argument parser with the options every judge has."""
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("--expect", choices=["accept", "reject"], default="accept",
                      help="what every file should get (default: accept)")
    verbs = made.add_subparsers(dest="verb", required=True)
    if chain:
        verb = verbs.add_parser("chain", help="validate certificates up to a root")
        verb.add_argument("--root", action="append", required=True, help="trusted root, PEM or DER")
        verb.add_argument("--ca", action="append", default=[], help="untrusted CA certificates, PEM or DER")
        verb.add_argument("--at", type=instant, help="validate at this instant (RFC 3339) instead of now")
        verb.add_argument("files", nargs="+")
    return made, verbs


def documents(paths):
    """Yields (name, DER) for each document: a PEM file may hold several, a folder is read in order."""
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from documents(sorted(p for p in path.iterdir() if p.suffix in SUFFIXES))
            continue
        data = path.read_bytes()
        blocks = [m.group(2) for m in PEM.finditer(data) if b"PRIVATE" not in m.group(1)]
        if not blocks:
            yield str(path), data
        elif len(blocks) == 1:
            yield str(path), base64.b64decode(blocks[0])
        else:
            for number, block in enumerate(blocks, 1):
                yield f"{path}#{number}", base64.b64decode(block)


def judge_all(paths, expect, verdict):
    """Prints a verdict per document and ends the program.

    `verdict(document)` returns nothing when the judge accepts and raises with the reason when it does not.
    """
    conclude(documents(paths), expect, verdict)


def judge_files(paths, expect, verdict):
    """The same per file, whatever is in it; `verdict(path)`."""
    conclude(((path, path) for path in paths), expect, verdict)


def conclude(named, expect, verdict):
    expected, seen, surprises = expect == "accept", 0, 0
    for name, document in named:
        seen += 1
        try:
            note = verdict(document) or "accepted"
            ok = True
        except Exception as error:  # A judge that chokes on a file has not accepted it.
            note, ok = f"{type(error).__name__}: {error}", False
        surprises += ok != expected
        print(json.dumps({"file": name, "ok": ok, "reason": note}, ensure_ascii=False))
    if not seen:
        print("no document to judge", file=sys.stderr)
        sys.exit(2)
    sys.exit(1 if surprises else 0)


def message_verbs(verbs):
    """Adds the two verbs over messages: a SignedData, and a bare signature."""
    verb = verbs.add_parser("signed-data", help="verify GM/T 0010 SignedData over their content octets")
    verb.add_argument("--signer", help="the signer's certificate, when the message does not carry it")
    verb.add_argument("files", nargs="+")
    verb = verbs.add_parser("raw", help="verify bare DER signatures over one message")
    verb.add_argument("--key", required=True, help="the signer's certificate, PEM or DER")
    verb.add_argument("--message", required=True, help="the file that was signed")
    verb.add_argument("files", nargs="+")


def message_verdict(args, verify):
    """The verdict for the verbs of `message_verbs`, from `verify(spki_der, message, signature_der)`."""
    from asn1crypto import x509

    def spki(certificate):
        return x509.Certificate.load(certificate).public_key.dump()

    given = args.signer if args.verb == "signed-data" else args.key
    signer = next(documents([given]))[1] if given else None
    if args.verb == "raw":
        message = pathlib.Path(args.message).read_bytes()
        return lambda signature: verify(spki(signer), message, signature)

    def verdict(message):
        content, certificate, signature = signed_data(message, signer)
        verify(spki(certificate), content, signature)

    return verdict


def signed_data(encoded, signer=None):
    """Takes a GM/T 0010 SignedData apart: (content octets, signer certificate DER, signature DER).

    `signer` is the DER of the signer's certificate when the message does not carry it. Signatures over
    authenticated attributes are refused: Hufu writes none, so their presence is an error in itself.
    """
    content_type, tagged = der.split(encoded)
    if content_type[2] not in SIGNED_DATA:
        raise ValueError(f"not a SignedData: {content_type[2].hex()}")
    # version, digestAlgorithms, contentInfo, then [0] certificates and [1] crls, at the end signerInfos.
    fields = der.split(der.split(tagged[1])[0][1])
    content = der.split(der.split(fields[2][1])[1][1])[0][2]
    certificates = [one for tag, one, _ in (e for f in fields[3:-1] if f[0] == 0xA0 for e in der.split(f[1]))]
    signers = der.split(fields[-1][1])
    if len(signers) != 1:
        raise ValueError(f"{len(signers)} signers, one was expected")
    info = der.split(signers[0][1])
    if info[3][0] == 0xA0:
        raise ValueError("authenticated attributes are present")
    issuer, serial = (one for _, one, _ in der.split(info[1][1]))
    for certificate in [signer] if signer else certificates:
        tbs = [one for tag, one, _ in der.split(der.split(certificate)[0][1]) if tag != 0xA0]
        if tbs[0] == serial and tbs[2] == issuer:
            return content, certificate, info[4][2]
    raise ValueError("the signer's certificate is not in the message")


def point(spki):
    """The 65 octets 04‖X‖Y of an asn1crypto PublicKeyInfo."""
    key = bytes(spki["public_key"].contents[1:])
    if len(key) != 65 or key[0] != 4:
        raise ValueError("not an uncompressed SM2 point")
    return key
