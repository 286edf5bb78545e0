"""BabaSSL 8.3 (the library inside the PyPI wheel tongsuopy) through ctypes: only what is called here.

The wheel's Python face has no certificates; its shared object exports the whole C library. This file is
no judge: babassl.py judges with it and ../samples/make writes certificate requests with it.
"""

import ctypes
import glob
import importlib.util
import os

NID_SM2 = 1172
EVP_PKEY_EC = 408
EVP_PKEY_SM2 = 1172
EVP_PKEY_CTRL_SET1_ID = 0x1000 + 11
CHECK_SS_SIGNATURE = 0x4000
DEFAULT_ID = b"1234567812345678"

POINTER, INT, LONG, SIZE, BYTES = ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_size_t, ctypes.c_char_p
FUNCTIONS = {
    "OpenSSL_version": (BYTES, [INT]),
    "ERR_get_error": (ctypes.c_ulong, []),
    "ERR_error_string_n": (None, [ctypes.c_ulong, BYTES, SIZE]),
    "OBJ_sn2nid": (INT, [BYTES]),
    "EVP_sm3": (POINTER, []),
    "OPENSSL_sk_new_null": (POINTER, []),
    "OPENSSL_sk_push": (INT, [POINTER, POINTER]),
    "OPENSSL_sk_free": (None, [POINTER]),
    "d2i_X509": (POINTER, [POINTER, POINTER, LONG]),
    "X509_free": (None, [POINTER]),
    "X509_STORE_new": (POINTER, []),
    "X509_STORE_free": (None, [POINTER]),
    "X509_STORE_add_cert": (INT, [POINTER, POINTER]),
    "X509_STORE_set_flags": (INT, [POINTER, ctypes.c_ulong]),
    "X509_STORE_CTX_new": (POINTER, []),
    "X509_STORE_CTX_free": (None, [POINTER]),
    "X509_STORE_CTX_init": (INT, [POINTER, POINTER, POINTER, POINTER]),
    "X509_STORE_CTX_get0_param": (POINTER, [POINTER]),
    "X509_STORE_CTX_get_error": (INT, [POINTER]),
    "X509_STORE_CTX_get_error_depth": (INT, [POINTER]),
    "X509_VERIFY_PARAM_set_time": (None, [POINTER, ctypes.c_int64]),
    "X509_verify_cert": (INT, [POINTER]),
    "X509_verify_cert_error_string": (BYTES, [LONG]),
    "d2i_X509_REQ": (POINTER, [POINTER, POINTER, LONG]),
    "i2d_X509_REQ": (INT, [POINTER, POINTER]),
    "X509_REQ_new": (POINTER, []),
    "X509_REQ_free": (None, [POINTER]),
    "X509_REQ_get_pubkey": (POINTER, [POINTER]),
    "X509_REQ_get_subject_name": (POINTER, [POINTER]),
    "X509_REQ_set_version": (INT, [POINTER, LONG]),
    "X509_REQ_set_pubkey": (INT, [POINTER, POINTER]),
    "X509_REQ_sign": (INT, [POINTER, POINTER, POINTER]),
    "X509_REQ_verify": (INT, [POINTER, POINTER]),
    "X509_NAME_add_entry_by_txt": (INT, [POINTER, BYTES, INT, BYTES, INT, INT, INT]),
    "d2i_PUBKEY": (POINTER, [POINTER, POINTER, LONG]),
    "EC_KEY_new_by_curve_name": (POINTER, [INT]),
    "EC_KEY_generate_key": (INT, [POINTER]),
    "EVP_PKEY_new": (POINTER, []),
    "EVP_PKEY_free": (None, [POINTER]),
    "EVP_PKEY_assign": (INT, [POINTER, INT, POINTER]),
    "EVP_PKEY_set_alias_type": (INT, [POINTER, INT]),
    "EVP_PKEY_CTX_new": (POINTER, [POINTER, POINTER]),
    "EVP_PKEY_CTX_free": (None, [POINTER]),
    "EVP_PKEY_CTX_ctrl": (INT, [POINTER, INT, INT, INT, INT, POINTER]),
    "EVP_MD_CTX_new": (POINTER, []),
    "EVP_MD_CTX_free": (None, [POINTER]),
    "EVP_MD_CTX_set_pkey_ctx": (None, [POINTER, POINTER]),
    "EVP_DigestVerifyInit": (INT, [POINTER, POINTER, POINTER, POINTER, POINTER]),
    "EVP_DigestVerify": (INT, [POINTER, BYTES, SIZE, BYTES, SIZE]),
}


def load():
    """The library, with argument types declared; raises ImportError when the wheel is absent."""
    spec = importlib.util.find_spec("tongsuopy")
    if spec is None:
        raise ImportError("the package tongsuopy is not installed")
    found = glob.glob(os.path.join(spec.submodule_search_locations[0], "backends", "_tongsuo*.so"))
    if not found:
        raise ImportError("tongsuopy holds no shared object for this machine")
    # The object is a Python extension: its undefined Python symbols resolve against the running interpreter.
    library = ctypes.CDLL(found[0])
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def reason(library):
    """The latest error of the library, emptying its queue."""
    text, code = "no reason given", library.ERR_get_error()
    while code:
        buffer = ctypes.create_string_buffer(256)
        library.ERR_error_string_n(code, buffer, 256)
        text, code = buffer.value.decode(), library.ERR_get_error()
    return text


def decode(library, function, der):
    """Calls a d2i function and insists that it read every octet."""
    buffer = ctypes.create_string_buffer(der, len(der))
    cursor = ctypes.c_void_p(ctypes.addressof(buffer))
    made = getattr(library, function)(None, ctypes.byref(cursor), len(der))
    if not made:
        raise ValueError(reason(library))
    if cursor.value != ctypes.addressof(buffer) + len(der):
        raise ValueError("trailing octets")
    return made
