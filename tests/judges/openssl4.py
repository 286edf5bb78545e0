"""Judge: OpenSSL 4.0 as packed in the wheels pyOpenSSL and cryptography.

Validates whole SM2 chains with the standard user ID, self-signature of the root included. It is the
strictest of the judges: empty ID, a digest without ZA and differing inner and outer algorithms all fail.

    openssl4.py chain --root root.pem --ca issuing.pem [--at 2027-01-01T00:00:00Z] [--strict] FILE...
    openssl4.py chain ... --crl issuing.crl [--all] FILE...

With --crl a certificate must also be on no list of its issuer (with --all: no certificate of the chain), and a delta
list is used where a full one points to it.
"""

import sys

import verdicts

USE_DELTAS = 0x2000  # X509_V_FLAG_USE_DELTAS, which pyOpenSSL does not name

try:
    from OpenSSL import SSL, crypto
    from cryptography import x509
except ImportError as error:
    verdicts.absent("openssl4", error)


def load(der):
    return crypto.load_certificate(crypto.FILETYPE_ASN1, der)


def main():
    parser, verbs = verdicts.parser(__doc__.splitlines()[0], chain=True)
    verbs.choices["chain"].add_argument("--strict", action="store_true", help="also X509_STRICT (RFC 5280 form)")
    verbs.choices["chain"].add_argument("--crl", action="append", default=[], help="revocation lists, PEM or DER")
    verbs.choices["chain"].add_argument("--all", action="store_true", help="ask for a list of every CA, not only the issuer's")
    args = parser.parse_args()
    version = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()
    if not version.startswith("OpenSSL 4"):
        verdicts.absent("openssl4", f"this is {version}; older ones check SM2 chains with an empty ID")

    store = crypto.X509Store()
    flags = crypto.X509StoreFlags.CHECK_SS_SIGNATURE
    if args.strict:
        flags |= crypto.X509StoreFlags.X509_STRICT
    if args.crl:
        flags |= crypto.X509StoreFlags.CRL_CHECK | USE_DELTAS
        flags |= crypto.X509StoreFlags.CRL_CHECK_ALL if args.all else 0
    store.set_flags(flags)
    for _, der in verdicts.documents(args.crl):
        store.add_crl(x509.load_der_x509_crl(der))
    for _, der in verdicts.documents(args.root):
        store.add_cert(load(der))
    if args.at:
        store.set_time(args.at)
    authorities = [load(der) for _, der in verdicts.documents(args.ca)]

    def verdict(der):
        certificate = load(der)
        if crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) != der:
            raise ValueError("trailing octets or not DER")
        crypto.X509StoreContext(store, certificate, authorities).verify_certificate()

    verdicts.judge_all(args.files, args.expect, verdict)


if __name__ == "__main__":
    sys.exit(main())
