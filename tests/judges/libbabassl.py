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
UNCOMPRESSED = 4
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
    "EVP_PKEY_encrypt_init": (INT, [POINTER]),
    "EVP_PKEY_encrypt": (INT, [POINTER, BYTES, POINTER, BYTES, SIZE]),
    "EVP_PKEY_decrypt_init": (INT, [POINTER]),
    "EVP_PKEY_decrypt": (INT, [POINTER, BYTES, POINTER, BYTES, SIZE]),
    "EC_KEY_get0_group": (POINTER, [POINTER]),
    "EC_KEY_free": (None, [POINTER]),
    "EC_KEY_set_private_key": (INT, [POINTER, POINTER]),
    "EC_KEY_set_public_key": (INT, [POINTER, POINTER]),
    "EC_POINT_new": (POINTER, [POINTER]),
    "EC_POINT_free": (None, [POINTER]),
    "EC_POINT_mul": (INT, [POINTER, POINTER, POINTER, POINTER, POINTER, POINTER]),
    "EC_POINT_point2oct": (SIZE, [POINTER, POINTER, INT, BYTES, SIZE, POINTER]),
    "BN_bin2bn": (POINTER, [BYTES, INT, POINTER]),
    "BN_clear_free": (None, [POINTER]),
    "EVP_sm4_ecb": (POINTER, []),
    "EVP_CIPHER_CTX_new": (POINTER, []),
    "EVP_CIPHER_CTX_free": (None, [POINTER]),
    "EVP_CIPHER_CTX_set_padding": (INT, [POINTER, INT]),
    "EVP_CipherInit_ex": (INT, [POINTER, POINTER, POINTER, BYTES, BYTES, INT]),
    "EVP_CipherUpdate": (INT, [POINTER, BYTES, POINTER, BYTES, INT]),
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


def key_of(library, scalar):
    """An SM2 key from its d, and its point 04‖X‖Y computed by the library."""
    key = library.EC_KEY_new_by_curve_name(library.OBJ_sn2nid(b"SM2"))
    group, number = library.EC_KEY_get0_group(key), library.BN_bin2bn(scalar, len(scalar), None)
    point = library.EC_POINT_new(group)
    made = library.EVP_PKEY_new()
    octets = ctypes.create_string_buffer(65)
    done = (
        library.EC_POINT_mul(group, point, number, None, None, None)
        and library.EC_KEY_set_private_key(key, number)
        and library.EC_KEY_set_public_key(key, point)
        and library.EC_POINT_point2oct(group, point, UNCOMPRESSED, octets, 65, None) == 65
        and library.EVP_PKEY_assign(made, EVP_PKEY_EC, key)
        and library.EVP_PKEY_set_alias_type(made, EVP_PKEY_SM2)
    )
    library.EC_POINT_free(point)
    library.BN_clear_free(number)
    if not done:
        raise ValueError(reason(library))
    return made, octets.raw


def crypt(library, key, verb, text):
    """SM2 encryption or decryption ("encrypt", "decrypt"); the ciphertext is an SM2Cipher in DER."""
    context = library.EVP_PKEY_CTX_new(key, None)
    try:
        room = ctypes.c_size_t(len(text) + 512)
        out = ctypes.create_string_buffer(room.value)
        if getattr(library, f"EVP_PKEY_{verb}_init")(context) != 1:
            raise ValueError(reason(library))
        if getattr(library, f"EVP_PKEY_{verb}")(context, out, ctypes.byref(room), text, len(text)) != 1:
            raise ValueError(reason(library))
        return out.raw[: room.value]
    finally:
        library.EVP_PKEY_CTX_free(context)


def sm4_ecb(library, key, text, encrypt):
    """SM4 in ECB mode over whole blocks, without padding."""
    context, length = library.EVP_CIPHER_CTX_new(), ctypes.c_int(0)
    out = ctypes.create_string_buffer(len(text) + 16)
    try:
        done = library.EVP_CipherInit_ex(context, library.EVP_sm4_ecb(), None, key, None, int(encrypt))
        library.EVP_CIPHER_CTX_set_padding(context, 0)
        if not (done and library.EVP_CipherUpdate(context, out, ctypes.byref(length), text, len(text))):
            raise ValueError(reason(library))
    finally:
        library.EVP_CIPHER_CTX_free(context)
    return out.raw[: length.value]
