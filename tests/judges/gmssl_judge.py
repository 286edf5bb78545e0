"""Judge: PyPI gmssl (SM2 and SM3 in pure Python) with asn1crypto reading the structures.

Slow, about 10 ms a signature, and it validates no paths: it checks one signature at a time.

    gmssl_judge.py certificate --issuer issuing.pem FILE...
    gmssl_judge.py csr FILE...
    gmssl_judge.py signed-data [--signer certificate.pem] FILE...
    gmssl_judge.py raw --key certificate.pem --message FILE SIGNATURE.der...
"""

import sys

import verdicts

try:
    from asn1crypto import core, csr, keys, x509
    from gmssl import sm2
except ImportError as error:
    verdicts.absent("gmssl", error)

SM2_WITH_SM3 = "1.2.156.10197.1.501"


class Signature(core.Sequence):
    _fields = [("r", core.Integer), ("s", core.Integer)]


def verify(spki_der, message, signature_der):
    """SM2 with SM3; gmssl always uses the default ID."""
    signature = Signature.load(signature_der, strict=True)
    r, s = signature["r"].native, signature["s"].native
    if not (0 < r < 1 << 256 and 0 < s < 1 << 256) or signature.dump(force=True) != signature_der:
        raise ValueError("the signature is not DER or out of range")
    public = verdicts.point(keys.PublicKeyInfo.load(spki_der, strict=True))[1:].hex()
    judge = sm2.CryptSM2(private_key="", public_key=public, asn1=False)
    # The constructor strips leading zeros and fours from a key that begins with "04": set it again.
    judge.public_key = public
    if not judge.verify_with_sm3(f"{r:064x}{s:064x}", message):
        raise ValueError("the signature does not hold")


def algorithm(structure, name):
    """Insists on SM2-with-SM3 without parameters or with NULL."""
    found = structure[name]
    if found["algorithm"].dotted != SM2_WITH_SM3:
        raise ValueError(f"{name} is {found['algorithm'].dotted}")
    return found.dump()


def certificate_verdict(issuer_der):
    issuer = x509.Certificate.load(issuer_der, strict=True)

    def verdict(der):
        certificate = x509.Certificate.load(der, strict=True)
        inner, outer = algorithm(certificate["tbs_certificate"], "signature"), algorithm(certificate, "signature_algorithm")
        if inner != outer:
            raise ValueError("inner and outer signature algorithms differ")
        if certificate.issuer.dump() != issuer.subject.dump():
            raise ValueError("the issuer's name is another one")
        verify(issuer.public_key.dump(), certificate["tbs_certificate"].dump(), certificate["signature_value"].native)

    return verdict


def csr_verdict(der):
    request = csr.CertificationRequest.load(der, strict=True)
    algorithm(request, "signature_algorithm")
    info = request["certification_request_info"]
    verify(info["subject_pk_info"].dump(), info.dump(), request["signature"].native)


def main():
    parser, verbs = verdicts.parser(__doc__.splitlines()[0])
    verdicts.message_verbs(verbs)
    verb = verbs.add_parser("certificate", help="verify certificates against their issuer's key")
    verb.add_argument("--issuer", required=True)
    verb.add_argument("files", nargs="+")
    verbs.add_parser("csr", help="verify the signature of requests").add_argument("files", nargs="+")
    args = parser.parse_args()
    if args.verb == "certificate":
        verdict = certificate_verdict(next(verdicts.documents([args.issuer]))[1])
    elif args.verb == "csr":
        verdict = csr_verdict
    else:
        verdict = verdicts.message_verdict(args, verify)
    verdicts.judge_all(args.files, args.expect, verdict)


if __name__ == "__main__":
    sys.exit(main())
