"""Takes key envelopes apart for the judges: no cryptography here, only where each part stands.

It is not a judge itself, see babassl.py. `parts(octets)` gives (SM2Cipher DER, what SM4-ECB encrypted,
public point 04‖X‖Y); the last is None where the form has none beside the key, and the middle is empty
where SM2 itself holds X‖Y‖d.
"""

import base64

import der

SIGNED_AND_ENVELOPED = bytes.fromhex("2a811ccf550601040204")
SM4_ECB = bytes.fromhex("2a811ccf55016801")
SM4 = bytes.fromhex("2a811ccf550168")
CFCA_HEAD = b"0000000000000001000000000000000100000000000000000000000000000000"


def parts(octets):
    if octets[:4] == b"\x01\0\0\0":
        return blob(octets)
    if octets.startswith(CFCA_HEAD):
        text = octets[80:]
        if int(octets[64:80]) != len(text):
            raise ValueError("the length in the head is wrong")
        return cfca(base64.b64decode(text, validate=True))
    fields = der.split(octets)
    if fields[0][0] == 0x31:
        # CSRResponse: [0] IMPLICIT SM2EnvelopedKey.
        return enveloped_key(der.split(fields[1][1]))
    if fields[0][2] == SIGNED_AND_ENVELOPED:
        return signed_and_enveloped(der.split(der.split(fields[1][1])[0][1]))
    return enveloped_key(fields)


def enveloped_key(fields):
    algorithm, cipher, point, encrypted = fields
    if [one[2] for one in der.split(algorithm[1])] != [SM4_ECB]:
        raise ValueError("the algorithm is not SM4-ECB without parameters")
    if len(encrypted[2]) != 33 or len(point[2]) != 66:
        raise ValueError("a BIT STRING has another length")
    return cipher[1], encrypted[2][1:], point[2][1:]


def signed_and_enveloped(fields):
    recipient = der.split(der.split(fields[1][1])[0][1])
    content = der.split(fields[3][1])
    if der.split(content[1][1])[0][2] != SM4 or content[2][0] != 0x80:
        raise ValueError("the content is not SM4 or not IMPLICIT")
    return recipient[3][2], content[2][2], None


def cfca(encoded):
    version, octets = (one[2] for one in der.split(encoded))
    if version != b"\x01" or len(octets) != 192:
        raise ValueError("not CFCA's form")
    return cipher_der(octets[:32], octets[32:64], octets[64:96], octets[96:]), b"", None


def blob(octets):
    if len(octets) != 388 or octets[4:12] != bytes.fromhex("0104000000010000") or octets[76:80] != b"\0\1\0\0":
        raise ValueError("not an ENVELOPEDKEYBLOB")
    numbers = [octets[80 + 64 * i : 144 + 64 * i] for i in range(4)]
    if any(number[:32].strip(b"\0") for number in numbers) or octets[368:372] != b"\x10\0\0\0":
        raise ValueError("a number has more than 256 bits")
    x, y, c1x, c1y = (number[32:] for number in numbers)
    encrypted = octets[12:76]
    if not encrypted[:32].strip(b"\0"):
        encrypted = encrypted[32:]
    return cipher_der(c1x, c1y, octets[336:368], octets[372:]), encrypted, b"\4" + x + y


def cipher_der(x, y, digest, text):
    coordinates = (der.integer(int.from_bytes(one, "big")) for one in (x, y))
    return der.tlv(0x30, *coordinates, der.tlv(0x04, digest), der.tlv(0x04, text))


def write(cipher, encrypted, point):
    """An SM2EnvelopedKey from its parts."""
    algorithm = der.tlv(0x30, der.tlv(0x06, SM4_ECB))
    return der.tlv(0x30, algorithm, cipher, der.bit_string(point), der.bit_string(encrypted))
