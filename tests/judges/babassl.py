"""Judge: BabaSSL 8.3 (Tongsuo's line) as packed in the PyPI wheel tongsuopy.

    babassl.py chain --root root.pem --ca issuing.pem [--at 2027-01-01T00:00:00Z] FILE...
    babassl.py csr FILE...
    babassl.py signed-data [--signer certificate.pem] FILE...
    babassl.py raw --key certificate.pem --message FILE SIGNATURE.der...
"""

import ctypes
import sys

import verdicts

try:
    import libbabassl
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


def main():
    parser, verbs = verdicts.parser(__doc__.splitlines()[0], chain=True)
    verdicts.message_verbs(verbs)
    verbs.add_parser("csr", help="verify the signature of requests").add_argument("files", nargs="+")
    args = parser.parse_args()
    if args.verb == "chain":
        verdict = chain(args)
    elif args.verb == "csr":
        verdict = csr
    else:
        verdict = verdicts.message_verdict(args, verify)
    verdicts.judge_all(args.files, args.expect, verdict)


if __name__ == "__main__":
    sys.exit(main())
