"""Makes the samples and their tables; run through ./make, which sets the paths.

The list below is the record: each sample names the program, the very command that wrote it and what
Hufu has to answer. csr/README.md and csr/expected.csv are written from it.
"""

import csv
import pathlib
import shutil
import subprocess
import sys
import tempfile

import der

HERE = pathlib.Path(__file__).parent
ID = "-sigopt distid:1234567812345678"
SM2_KEY = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out KEY"
OPENSSL, BABASSL = "openssl 3.0.19", "BabaSSL 8.3.2 (tongsuopy 1.0.1)"
GMSSL, BOUNCY = "gmssl 3.2.2 + asn1crypto 1.5.1", "Bouncy Castle 1.72"
DERIVED = "altered by make.py"


def openssl(subject, more="", key=SM2_KEY, digest=f"-sm3 {ID}"):
    return " ".join(f"{key} && openssl req -new -key KEY -utf8 -subj '{subject}' {digest} {more} -out".split())


def babassl(subject):
    return f"python by_babassl.py FILE {subject}"


def gmssl(subject, wrong=""):
    return f"python by_gmssl.py {f'--wrong {wrong} ' if wrong else ''}FILE {subject}"


def bouncy(subject, dns=""):
    return f"java BouncyCastle csr FILE {f'--dns {dns} ' if dns else ''}{subject}"


# (file, program, command, expected); a command ending in -out takes the file, FILE stands for it elsewhere.
CSRS = [
    ("openssl-person.pem", OPENSSL, openssl("/C=CN/O=Sample Company/CN=Zhang San"), "accepted"),
    ("openssl-person-zh.pem", OPENSSL, openssl("/C=CN/ST=北京市/O=北京示例科技有限公司/CN=张三"), "accepted"),
    ("openssl-device.der", OPENSSL,
     openssl("/C=CN/O=示例市大数据局/CN=www.example.cn", "-addext subjectAltName=DNS:www.example.cn,IP:192.0.2.7 -outform DER"), "accepted"),
    ("openssl-ca-like.pem", OPENSSL,
     openssl("/C=CN/O=National Root/CN=Root CA", "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"), "accepted"),
    ("openssl-old-label.pem", OPENSSL, openssl("/C=CN/O=示例公司/CN=李四", "-newhdr"), "accepted"),
    ("openssl-with-text.pem", OPENSSL, openssl("/C=CN/O=示例公司/CN=王五", "-text"), "accepted"),
    ("babassl-person.pem", BABASSL, babassl("C=CN 'O=Sample Company' 'CN=Li Si'"), "accepted"),
    ("babassl-person-zh.pem", BABASSL, babassl("C=CN O=新疆示例有限公司 CN=阿卜杜拉·买买提"), "accepted"),
    ("babassl-device.der", BABASSL, babassl("C=CN O=示例省政务服务中心 CN=vpn.example.cn"), "accepted"),
    ("gmssl-person.pem", GMSSL, gmssl("C=CN 'O=Sample Company' 'CN=Wang Wu'"), "accepted"),
    ("gmssl-person-zh.pem", GMSSL, gmssl("C=CN O=上海示例有限公司 CN=𠮷田𡈽"), "accepted"),
    ("gmssl-null-parameters.der", GMSSL, gmssl("C=CN O=示例公司 CN=赵六", "null-parameters"), "accepted"),
    ("bouncycastle-person.pem", BOUNCY, bouncy("C=CN 'O=Sample Company' 'CN=Zhao Liu'"), "accepted"),
    ("bouncycastle-person-zh.pem", BOUNCY, bouncy("C=CN O=广东示例集团 OU=财务部 CN=欧阳娜娜"), "accepted"),
    ("bouncycastle-device.der", BOUNCY, bouncy("C=CN O=示例市税务局 CN=mail.example.cn", "mail.example.cn"), "accepted"),
    ("openssl-empty-id.pem", OPENSSL, openssl("/C=CN/O=Sample Company/CN=Zhang San", digest="-sm3"), "x509.csr-empty-id"),
    ("openssl-empty-id-zh.der", OPENSSL, openssl("/C=CN/O=示例公司/CN=张三", "-outform DER", digest="-sm3"), "x509.csr-empty-id"),
    ("openssl-rsa-2048.pem", OPENSSL,
     openssl("/C=CN/O=Sample Company/CN=Zhang San", key="openssl genrsa -out KEY 2048", digest="-sha256"), "x509.key-rsa"),
    ("openssl-p256.pem", OPENSSL,
     openssl("/C=CN/O=Sample Company/CN=Zhang San", key=SM2_KEY.replace("SM2", "P-256"), digest="-sha256"), "x509.key-curve"),
    ("openssl-explicit-curve.pem", OPENSSL,
     openssl("/C=CN/O=Sample Company/CN=Zhang San", key=SM2_KEY.replace(":SM2", ":SM2 -pkeyopt ec_param_enc:explicit")), "x509.key-explicit"),
    ("openssl-compressed.pem", OPENSSL,
     openssl("/C=CN/O=Sample Company/CN=Zhang San",
             key=SM2_KEY.replace(" -out KEY", " | openssl ec -conv_form compressed -out KEY")), "x509.key-compressed"),
    ("openssl-ecdsa-signature.pem", OPENSSL,
     "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:SM2 -nodes -keyout KEY -subj '/C=CN/O=Sample Company/CN=Zhang San' -out",
     "x509.csr-algorithm"),
    ("gmssl-empty-id.der", GMSSL, gmssl("C=CN O=示例公司 CN=empty-id", "empty-id"), "x509.csr-empty-id"),
    ("gmssl-raw-rs.der", GMSSL, gmssl("C=CN O=示例公司 CN=raw-rs", "raw-rs"), "x509.csr-raw-rs"),
    ("gmssl-no-za.der", GMSSL, gmssl("C=CN O=示例公司 CN=no-za", "no-za"), "x509.csr-no-za"),
    ("gmssl-double-hash.der", GMSSL, gmssl("C=CN O=示例公司 CN=double-hash", "double-hash"), "x509.csr-double-hash"),
    ("gmssl-other-key.der", GMSSL, gmssl("C=CN O=示例公司 CN=other-key", "other-key"), "x509.csr-signature"),
    ("gmssl-zero-r.der", GMSSL, gmssl("C=CN O=示例公司 CN=zero-r", "zero-r"), "x509.csr-signature"),
    ("gmssl-off-curve.der", GMSSL, gmssl("C=CN O=示例公司 CN=off-curve", "off-curve"), "x509.key-off-curve"),
    ("gmssl-infinity.der", GMSSL, gmssl("C=CN O=示例公司 CN=infinity", "infinity"), "x509.key-infinity"),
    ("gmssl-hybrid.der", GMSSL, gmssl("C=CN O=示例公司 CN=hybrid", "hybrid"), "x509.key-compressed"),
    ("gmssl-sm2-oid-key.der", GMSSL, gmssl("C=CN O=示例公司 CN=sm2-oid-key", "sm2-oid-key"), "x509.key-algorithm"),
    ("gmssl-version-2.der", GMSSL, gmssl("C=CN O=示例公司 CN=version-2", "version-2"), "x509.not-der"),
    ("gmssl-too-large.der", GMSSL, gmssl("C=CN O=示例公司 CN=too-large", "too-large"), "x509.too-large"),
    ("gmssl-deep-nesting.der", GMSSL, gmssl("C=CN O=示例公司 CN=deep-nesting", "deep-nesting"), "x509.too-deep"),
    ("altered-subject.der", DERIVED, "one letter of the subject of openssl-person.pem", "x509.csr-signature"),
    ("altered-signature.der", DERIVED, "last octet of the signature of openssl-person.pem", "x509.csr-signature"),
    ("trailing-octet.der", DERIVED, "openssl-person.pem as DER and one zero octet behind it", "x509.not-der"),
    ("ber-indefinite.der", DERIVED, "openssl-person.pem with indefinite length outside", "x509.not-der"),
    ("ber-long-length.der", DERIVED, "openssl-person.pem with a length octet more than needed", "x509.not-der"),
    ("truncated.der", DERIVED, "openssl-person.pem as DER without its last 20 octets", "x509.not-der"),
    ("crlf.pem", DERIVED, "babassl-person.pem with line ends of Windows", "accepted"),
    ("not-a-request.pem", DERIVED, "the certificate ../chain/leaf.pem", "x509.pem-label"),
    ("empty.pem", DERIVED, "no octet at all", "x509.not-der"),
]


def run(command, folder):
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def make_csrs(scratch):
    target = HERE / "csr"
    for file, program, command, _ in CSRS:
        if program == DERIVED:
            continue
        whole = f"{command} {target / file}" if command.endswith("-out") else command.replace("FILE", str(target / file))
        run(whole.replace("KEY", str(scratch / "key.pem")), HERE)
    derive(target)


def derive(target):
    good = der.from_pem((target / "openssl-person.pem").read_bytes())
    body = der.split(good)
    made = {
        "altered-subject.der": good.replace(b"Zhang San", b"Zhang Sen"),
        "altered-signature.der": good[:-1] + bytes([good[-1] ^ 1]),
        "trailing-octet.der": good + b"\0",
        "ber-indefinite.der": b"\x30\x80" + b"".join(one for _, one, _ in body) + b"\0\0",
        "ber-long-length.der": b"\x30\x83\0" + (len(good) - good.index(body[0][1])).to_bytes(2, "big") + good[good.index(body[0][1]):],
        "truncated.der": good[:-20],
        "crlf.pem": der.pem(der.from_pem((target / "babassl-person.pem").read_bytes()), line="\r\n"),
        "not-a-request.pem": (HERE / "chain/leaf.pem").read_bytes(),
        "empty.pem": b"",
    }
    assert set(made) == {file for file, program, _, _ in CSRS if program == DERIVED}
    for file, data in made.items():
        (target / file).write_bytes(data)


EXTENSIONS = """
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[issuing]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[leaf]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,nonRepudiation
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


def make_chains(scratch):
    """chain/: a good chain, and the ways in which a chain must fail, for the judges' own test."""
    (scratch / "ext.cnf").write_text(EXTENSIONS)
    chain, common = HERE / "chain", f"-sm3 -days 7300 -extfile {scratch}/ext.cnf"
    link = "openssl x509 -req -vfyopt distid:1234567812345678"

    def certificate(name, subject, section, issuer, signing=ID):
        run(openssl(subject).replace("KEY", f"{scratch}/{name}.key") + f" {scratch}/{name}.csr", HERE)
        by = f"-signkey {scratch}/{name}.key" if issuer == name else \
            f"-CA {chain}/{issuer}.pem -CAkey {scratch}/{issuer}.key"
        run(f"{link} -in {scratch}/{name}.csr {by} -set_serial 0x01$(openssl rand -hex 15) "
            f"{common} -extensions {section} {signing} -out {chain}/{name}.pem", HERE)

    certificate("root", "/C=CN/O=Sample authority/CN=Sample SM2 root", "root", "root")
    certificate("issuing", "/C=CN/O=Sample authority/CN=Sample SM2 issuing CA", "issuing", "root")
    certificate("leaf", "/C=CN/O=示例公司/CN=张三", "leaf", "issuing")
    certificate("empty-id-leaf", "/C=CN/O=示例公司/CN=张三", "leaf", "issuing", "")
    certificate("empty-id-root", "/C=CN/O=Sample authority/CN=Sample empty-ID root", "root", "empty-id-root", "")
    certificate("other-root", "/C=CN/O=Sample authority/CN=Sample SM2 root", "root", "other-root")
    certificate("beyond-path-length", "/C=CN/O=Sample authority/CN=Sample third CA", "issuing", "issuing")
    certificate("leaf-of-leaf", "/C=CN/O=示例公司/CN=李四", "leaf", "leaf")
    leaf = der.from_pem((chain / "leaf.pem").read_bytes())
    tbs, algorithm, signature = (one for _, one, _ in der.split(leaf))
    altered = tbs.replace("张三".encode(), "张四".encode())
    r, s = (int.from_bytes(contents, "big") for _, _, contents in der.split(der.split(leaf)[2][2][1:]))
    null = der.tlv(0x30, der.split(algorithm)[0][1], der.tlv(0x05))
    faults = {
        "altered-leaf": (altered, algorithm, signature),
        "raw-rs-leaf": (tbs, algorithm, der.bit_string(r.to_bytes(32, "big") + s.to_bytes(32, "big"))),
        "mixed-algorithm-leaf": (tbs, null, signature),
    }
    for name, parts in faults.items():
        (chain / f"{name}.pem").write_bytes(der.pem(der.tlv(0x30, *parts), "CERTIFICATE"))
    # A form no linter may pass: the version left out although extensions are present.
    first = der.split(tbs)
    (chain / "no-version-leaf.pem").write_bytes(
        der.pem(der.tlv(0x30, der.tlv(0x30, *(one for _, one, _ in first[1:])), algorithm, signature), "CERTIFICATE"))


def tables():
    with open(HERE / "csr/expected.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "program", "expected"])
        writer.writerows((file_, program, expected) for file_, program, _, expected in CSRS)
    head = (HERE / "csr/README.md").read_text(encoding="utf-8").split("| file |")[0] if (HERE / "csr/README.md").exists() else ""
    rows = "".join(f"| {file} | {program} | {cell(file, program, command)} | {expected} |\n"
                   for file, program, command, expected in CSRS)
    (HERE / "csr/README.md").write_text(f"{head}| file | made by | command or alteration | expected |\n|---|---|---|---|\n{rows}",
                                        encoding="utf-8")


def cell(file, program, command):
    if program == DERIVED:
        return command
    whole = f"{command} {file}" if command.endswith("-out") else command.replace("FILE", file)
    return "`" + whole.replace("|", "\\|") + "`"


def main():
    if "--tables" not in sys.argv[1:]:
        version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
        if not version.lower().startswith(OPENSSL):
            sys.exit(f"the tables say {OPENSSL}, this is {version.strip()}: change OPENSSL in make.py first")
        scratch = pathlib.Path(tempfile.mkdtemp())
        try:
            make_chains(scratch)
            make_csrs(scratch)
            run("java BouncyCastle signed-data signed-data", HERE)
            run("python envelope_by_babassl.py envelope", HERE)
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error.cmd[-1]}\n{error.stderr}")
        finally:
            shutil.rmtree(scratch)
    tables()


if __name__ == "__main__":
    main()
