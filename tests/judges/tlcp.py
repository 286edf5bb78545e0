"""TLCP (GB/T 38636) with BabaSSL at both ends: a server with a pair of certificates, a client with or without one.

A document is JSON: {"root": …, "ca": …, "suite": …, "at": …, "server": END, "client": END or null}, where an END is
{"sign": …, "sign_key": …, "enc": …, "enc_key": …}: certificates in PEM, keys as d in hexadecimal digits.
"""

import ctypes
import datetime
import json
import pathlib
import socket

import libbabassl
import verdicts
from libbabassl import decode, reason

POINTER, INT, BYTES = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
FUNCTIONS = {
    "NTLS_server_method": (POINTER, []),
    "NTLS_client_method": (POINTER, []),
    "SSL_CTX_new": (POINTER, [POINTER]),
    "SSL_CTX_free": (None, [POINTER]),
    "SSL_CTX_enable_ntls": (None, [POINTER]),
    "SSL_CTX_set_cipher_list": (INT, [POINTER, BYTES]),
    "SSL_CTX_get_cert_store": (POINTER, [POINTER]),
    "SSL_CTX_get0_param": (POINTER, [POINTER]),
    "SSL_CTX_set_verify": (None, [POINTER, INT, POINTER]),
    "SSL_CTX_use_sign_certificate": (INT, [POINTER, POINTER]),
    "SSL_CTX_use_sign_PrivateKey": (INT, [POINTER, POINTER]),
    "SSL_CTX_use_enc_certificate": (INT, [POINTER, POINTER]),
    "SSL_CTX_use_enc_PrivateKey": (INT, [POINTER, POINTER]),
    "SSL_new": (POINTER, [POINTER]),
    "SSL_free": (None, [POINTER]),
    "SSL_set_fd": (INT, [POINTER, INT]),
    "SSL_set_accept_state": (None, [POINTER]),
    "SSL_set_connect_state": (None, [POINTER]),
    "SSL_do_handshake": (INT, [POINTER]),
    "SSL_get_error": (INT, [POINTER, INT]),
    "SSL_get_version": (BYTES, [POINTER]),
    "SSL_get_current_cipher": (POINTER, [POINTER]),
    "SSL_CIPHER_get_name": (BYTES, [POINTER]),
    "SSL_write": (INT, [POINTER, BYTES, INT]),
    "SSL_read": (INT, [POINTER, BYTES, INT]),
}
VERIFY_PEER, FAIL_WITHOUT = 1, 2
WANT_READ, WANT_WRITE = 2, 3
ROUNDS = 50
GREETING = b"hufu"


def declare(library):
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def context(library, case, method, end, verify):
    """What one end shows and whom it trusts."""
    made = library.SSL_CTX_new(getattr(library, method)())
    library.SSL_CTX_enable_ntls(made)
    if library.SSL_CTX_set_cipher_list(made, case["suite"].encode()) != 1:
        raise ValueError(f"suite: {reason(library)}")
    store = library.SSL_CTX_get_cert_store(made)
    for _, der in verdicts.documents([case["root"], case["ca"]]):
        library.X509_STORE_add_cert(store, decode(library, "d2i_X509", der))
    if case.get("at"):
        at = datetime.datetime.fromisoformat(case["at"].replace("Z", "+00:00"))
        library.X509_VERIFY_PARAM_set_time(library.SSL_CTX_get0_param(made), int(at.timestamp()))
    library.SSL_CTX_set_verify(made, verify, None)
    for half in ("sign", "enc") if end else ():
        _, der = next(iter(verdicts.documents([end[half]])))
        key, _ = libbabassl.key_of(library, bytes.fromhex(pathlib.Path(end[f"{half}_key"]).read_text().strip()))
        if getattr(library, f"SSL_CTX_use_{half}_certificate")(made, decode(library, "d2i_X509", der)) != 1:
            raise ValueError(f"{half} certificate: {reason(library)}")
        if getattr(library, f"SSL_CTX_use_{half}_PrivateKey")(made, key) != 1:
            raise ValueError(f"{half} key: {reason(library)}")
    return made


def step(library, name, end):
    """One turn of one end; whether it has finished."""
    done = library.SSL_do_handshake(end)
    if done == 1:
        return True
    if library.SSL_get_error(end, done) in (WANT_READ, WANT_WRITE):
        return False
    raise ValueError(f"{name}: {reasons(library)}")


def reasons(library):
    """Every error in the queue, the first one first: the last only says that the handshake failed."""
    said, code = [], library.ERR_get_error()
    while code:
        buffer = ctypes.create_string_buffer(256)
        library.ERR_error_string_n(code, buffer, 256)
        said.append(buffer.value.decode().rsplit(":", 1)[-1])
        code = library.ERR_get_error()
    return ", ".join(said) or "no reason given"


def handshake(library):
    declare(library)

    def verdict(document):
        case = json.loads(document)
        mutual = case.get("client") is not None
        contexts = [
            context(library, case, "NTLS_server_method", case["server"], VERIFY_PEER | FAIL_WITHOUT if mutual else 0),
            context(library, case, "NTLS_client_method", case.get("client"), VERIFY_PEER),
        ]
        sockets = socket.socketpair()
        ends = [library.SSL_new(one) for one in contexts]
        try:
            for end, wire in zip(ends, sockets):
                wire.setblocking(False)
                library.SSL_set_fd(end, wire.fileno())
            library.SSL_set_accept_state(ends[0])
            library.SSL_set_connect_state(ends[1])
            for _ in range(ROUNDS):
                finished = [step(library, name, end) for name, end in zip(("server", "client"), ends)]
                if all(finished):
                    break
            else:
                raise ValueError("the handshake does not come to its end")
            room = ctypes.create_string_buffer(16)
            if library.SSL_write(ends[1], GREETING, 4) != 4 or library.SSL_read(ends[0], room, 16) != 4:
                raise ValueError(f"data: {reason(library)}")
            if room.raw[:4] != GREETING:
                raise ValueError("the server reads something else than the client wrote")
            suite = library.SSL_CIPHER_get_name(library.SSL_get_current_cipher(ends[1])).decode()
            return f"{library.SSL_get_version(ends[1]).decode()} {suite}"
        finally:
            reason(library)
            for end in ends:
                library.SSL_free(end)
            for wire in sockets:
                wire.close()
            for one in contexts:
                library.SSL_CTX_free(one)

    return verdict
