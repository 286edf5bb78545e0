"""DER by hand, for samples that no decent encoder would write, and PEM."""

import base64


def length(number):
    if number < 0x80:
        return bytes([number])
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *contents):
    body = b"".join(contents)
    return bytes([tag]) + length(len(body)) + body


def integer(number):
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def bit_string(octets):
    return tlv(0x03, b"\0" + octets)


def split(encoded):
    """The elements of one constructed value: [(tag, whole TLV, contents), ...]."""
    _, body, rest = _one(encoded)
    assert not rest
    elements = []
    while body:
        tag, contents, rest = _one(body)
        elements.append((tag, body[: len(body) - len(rest)], contents))
        body = rest
    return elements


def _one(data):
    size, header = data[1], 2
    if size >= 0x80:
        header += size & 0x7F
        size = int.from_bytes(data[2:header], "big")
    return data[0], data[header : header + size], data[header + size :]


def pem(encoded, label="CERTIFICATE REQUEST", line="\n"):
    text = base64.b64encode(encoded).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return line.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def from_pem(data):
    return base64.b64decode(data.split(b"-----BEGIN", 1)[1].split(b"-----", 1)[1].split(b"-----END", 1)[0])


def as_named(path, encoded, label="CERTIFICATE REQUEST"):
    """DER or PEM, as the file name's ending says."""
    return encoded if path.endswith(".der") else pem(encoded, label)
