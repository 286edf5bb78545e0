"""Writes one SM2 certificate request with BabaSSL, its key thrown away:

    by_babassl.py OUT.pem|OUT.der C=CN O=单位 CN=姓名
"""

import ctypes
import pathlib
import sys

import der
import libbabassl

UTF8 = 0x1000


def main():
    out, attributes = sys.argv[1], sys.argv[2:]
    lib = libbabassl.load()
    curve = lib.EC_KEY_new_by_curve_name(lib.OBJ_sn2nid(b"SM2"))
    key = lib.EVP_PKEY_new()
    if not (lib.EC_KEY_generate_key(curve) and lib.EVP_PKEY_assign(key, libbabassl.EVP_PKEY_EC, curve)):
        sys.exit(libbabassl.reason(lib))
    request = lib.X509_REQ_new()
    lib.X509_REQ_set_version(request, 0)
    name = lib.X509_REQ_get_subject_name(request)
    for attribute in attributes:
        kind, value = attribute.split("=", 1)
        data = value.encode()
        if not lib.X509_NAME_add_entry_by_txt(name, kind.encode(), UTF8, data, len(data), -1, 0):
            sys.exit(f"{attribute}: {libbabassl.reason(lib)}")
    # The public key goes in while the key is still an elliptic-curve key: as an "SM2 key" its
    # SubjectPublicKeyInfo would name the curve as the algorithm.
    lib.X509_REQ_set_pubkey(request, key)
    lib.EVP_PKEY_set_alias_type(key, libbabassl.EVP_PKEY_SM2)
    if not lib.X509_REQ_sign(request, key, lib.EVP_sm3()):
        sys.exit(libbabassl.reason(lib))
    length = lib.i2d_X509_REQ(request, None)
    buffer = ctypes.create_string_buffer(length)
    cursor = ctypes.c_void_p(ctypes.addressof(buffer))
    lib.i2d_X509_REQ(request, ctypes.byref(cursor))
    pathlib.Path(out).write_bytes(der.as_named(out, buffer.raw))


if __name__ == "__main__":
    main()
