"""Judge: BabaSSL 8.3 (Tongsuo's line) as packed in the PyPI wheel tongsuopy.

    babassl.py chain --root root.pem --ca issuing.pem [--at 2027-01-01T00:00:00Z] FILE...
    babassl.py csr FILE...
    babassl.py signed-data [--signer certificate.pem] FILE...
    babassl.py raw --key certificate.pem --message FILE SIGNATURE.der...
    babassl.py envelope --owner SCALAR FILE...
    babassl.py handshake CASE.json...
"""

import ctypes
import pathlib
import sys

import envelopes
import verdicts

try:
    import libbabassl
    import tlcp
    from libbabassl import decode, reason

    LIB = libbabassl.load()
except (ImportError, OSError) as error:
    verdicts.absent("babassl", error)


def chain(args):
    store = LIB.X509_STORE_new()
    LIB.X509_STORE_set_flags(store, libbabassl.CHECK_SS_SIGNATURE)
    for _, der in verdicts.documents(args.root):
        LIB.X509_STORE_add_cert(store, decode(LIB, "d2i_X509", der))
    untrusted = LIB.OPENSSL_sk_new_null()
    for _, der in verdicts.documents(args.ca):
        LIB.OPENSSL_sk_push(untrusted, decode(LIB, "d2i_X509", der))

    def verdict(der):
        certificate = decode(LIB, "d2i_X509", der)
        context = LIB.X509_STORE_CTX_new()
        try:
            LIB.X509_STORE_CTX_init(context, store, certificate, untrusted)
            if args.at:
                LIB.X509_VERIFY_PARAM_set_time(LIB.X509_STORE_CTX_get0_param(context), int(args.at.timestamp()))
            if LIB.X509_verify_cert(context) != 1:
                code = LIB.X509_STORE_CTX_get_error(context)
                text = LIB.X509_verify_cert_error_string(code).decode()
                raise ValueError(f"{text} at depth {LIB.X509_STORE_CTX_get_error_depth(context)}")
        finally:
            reason(LIB)
            LIB.X509_STORE_CTX_free(context)
            LIB.X509_free(certificate)

    return verdict


def csr(der):
    request = decode(LIB, "d2i_X509_REQ", der)
    key = LIB.X509_REQ_get_pubkey(request)
    try:
        if not key:
            raise ValueError(f"public key: {reason(LIB)}")
        if LIB.X509_REQ_verify(request, key) != 1:
            raise ValueError(f"signature: {reason(LIB)}")
    finally:
        LIB.EVP_PKEY_free(key)
        LIB.X509_REQ_free(request)


def verify(spki_der, message, signature):
    """SM2 with SM3 and the default ID, through the message-level interface."""
    key = decode(LIB, "d2i_PUBKEY", spki_der)
    LIB.EVP_PKEY_set_alias_type(key, libbabassl.EVP_PKEY_SM2)
    key_context, digest_context = LIB.EVP_PKEY_CTX_new(key, None), LIB.EVP_MD_CTX_new()
    try:
        identity = ctypes.create_string_buffer(libbabassl.DEFAULT_ID, len(libbabassl.DEFAULT_ID))
        if LIB.EVP_PKEY_CTX_ctrl(key_context, -1, -1, libbabassl.EVP_PKEY_CTRL_SET1_ID, len(identity), identity) <= 0:
            raise ValueError(f"user ID: {reason(LIB)}")
        LIB.EVP_MD_CTX_set_pkey_ctx(digest_context, key_context)
        if LIB.EVP_DigestVerifyInit(digest_context, None, LIB.EVP_sm3(), None, key) != 1:
            raise ValueError(f"verify: {reason(LIB)}")
        if LIB.EVP_DigestVerify(digest_context, signature, len(signature), message, len(message)) != 1:
            raise ValueError(f"signature: {reason(LIB)}")
    finally:
        LIB.EVP_MD_CTX_free(digest_context)
        LIB.EVP_PKEY_CTX_free(key_context)
        LIB.EVP_PKEY_free(key)


def envelope(owner):
    """Opens key envelopes step by step: SM2, SM4, and d·G against the public key beside d."""
    key, own = libbabassl.key_of(LIB, bytes.fromhex(pathlib.Path(owner).read_text().strip()))

    def verdict(octets):
        cipher, encrypted, point = envelopes.parts(octets)
        plain = libbabassl.crypt(LIB, key, "decrypt", cipher)
        if encrypted:
            if len(plain) != 16:
                raise ValueError(f"the symmetric key has {len(plain)} octets")
            plain = libbabassl.sm4_ecb(LIB, plain, encrypted, False)
        else:
            point = b"\4" + plain[:64]
        if len(plain) == 64 and plain[:32].strip(b"\0"):
            raise ValueError("the first 32 octets are not zero")
        delivered, made = libbabassl.key_of(LIB, plain[-32:])
        LIB.EVP_PKEY_free(delivered)
        if point not in (None, made) or made == own:
            raise ValueError("d·G is not the public key beside it")
        return f"delivers {made.hex()}"

    return verdict


def main():
    parser, verbs = verdicts.parser(__doc__.splitlines()[0], chain=True)
    verdicts.message_verbs(verbs)
    verbs.add_parser("csr", help="verify the signature of requests").add_argument("files", nargs="+")
    verb = verbs.add_parser("envelope", help="open key envelopes")
    verb.add_argument("--owner", required=True, help="a file with the owner's d in 64 hexadecimal digits")
    verb.add_argument("files", nargs="+")
    verbs.add_parser("handshake", help="TLCP at both ends").add_argument("files", nargs="+")
    args = parser.parse_args()
    if args.verb == "chain":
        verdict = chain(args)
    elif args.verb == "handshake":
        verdict = tlcp.handshake(LIB)
    elif args.verb == "envelope":
        verdict = envelope(args.owner)
    elif args.verb == "csr":
        verdict = csr
    else:
        verdict = verdicts.message_verdict(args, verify)
    verdicts.judge_all(args.files, args.expect, verdict)


if __name__ == "__main__":
    sys.exit(main())
