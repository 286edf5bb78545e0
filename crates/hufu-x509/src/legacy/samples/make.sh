#!/bin/sh
# Makes odd.pem: certificates as authorities issued them over thirty years. Run it in an empty folder with OpenSSL 3.0;
# the keys are thrown away with the folder.
set -eu
out=odd.pem
: > "$out"
cat > cnf <<'CNF'
[req]
distinguished_name = dn
prompt = no
string_mask = ${ENV::MASK}
utf8 = yes
[dn]
C = CN
O = 示例 Société
OU = 财务部
CN = ${ENV::CN}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[sign]
keyUsage = critical, digitalSignature, nonRepudiation
[enc]
keyUsage = critical, keyEncipherment, dataEncipherment
CNF
export MASK=utf8only CN=x
add() { { echo; echo "== $1"; cat "$2"; } >> "$out"; }
key() { openssl genpkey "$@" -out key.pem 2>/dev/null; }
ec() { key -algorithm EC -pkeyopt "ec_paramgen_curve:$1"; }
# leaf NAME SERIAL DIGEST [options]: from key.pem, signed by the RSA authority
leaf() {
    name=$1 serial=$2 digest=$3
    shift 3
    CN=$name openssl req -new -config cnf -key key.pem -out csr.pem
    openssl x509 -req -in csr.pem -CA rsa.pem -CAkey rsa.key -set_serial "$serial" -days 3650 "$digest" "$@" -out c.pem 2>/dev/null
    add "$name" c.pem
}
key -algorithm RSA -pkeyopt rsa_keygen_bits:2048
mv key.pem rsa.key
CN=rsa-root openssl req -x509 -new -config cnf -extensions ca -key rsa.key -set_serial 1 -days 7300 -sha256 -out rsa.pem
add rsa-root rsa.pem
for bits in 1024 2048 4096; do
    key -algorithm RSA -pkeyopt rsa_keygen_bits:$bits
    leaf "rsa-$bits-sha1" "$bits" -sha1 -extfile cnf -extensions sign
done
key -algorithm RSA -pkeyopt rsa_keygen_bits:1024
leaf rsa-1024-sha256-enc 3 -sha256 -extfile cnf -extensions enc
leaf md5 4 -md5 -extfile cnf -extensions sign
leaf v1 5 -sha256
leaf negative-serial -5 -sha256 -extfile cnf -extensions sign
leaf zero-serial 0 -sha256 -extfile cnf -extensions sign
leaf long-serial 0x7a0102030405060708090a0b0c0d0e0f101112131415161718191a -sha256 -extfile cnf -extensions sign
MASK=MASK:0x800 leaf bmp-name 8 -sha256 -extfile cnf -extensions sign
MASK=MASK:0x100 leaf universal-name 9 -sha256 -extfile cnf -extensions sign
sed -i 's/^O = .*/O = Societe/; s/^OU = .*/OU = Finances/' cnf
MASK=MASK:0x4 leaf t61-name 10 -sha256 -extfile cnf -extensions sign
for curve in P-256 P-384 P-521 secp256k1; do
    ec $curve
    leaf "ec-$curve" 11 -sha256 -extfile cnf -extensions sign
done
for algorithm in ED25519 ED448; do
    key -algorithm $algorithm
    leaf $algorithm 12 -sha256 -extfile cnf -extensions sign
done
openssl dsaparam -out dsa.pem 1024 2>/dev/null
key -paramfile dsa.pem
leaf dsa 13 -sha256 -extfile cnf -extensions sign
# Other authorities.
authority() { # NAME DIGEST [options]: from key.pem
    name=$1 digest=$2
    shift 2
    CN=$name openssl req -x509 -new -config cnf -extensions ca -key key.pem -set_serial 20 -days 7300 "$digest" "$@" -out c.pem
    add "$name" c.pem
}
ec P-256; authority ec-root-P-256 -sha256
ec P-384; authority ec-root-P-384 -sha384
ec P-521; authority ec-root-P-521 -sha512
key -algorithm ED25519; authority ed25519-root -sha256
key -algorithm RSA -pkeyopt rsa_keygen_bits:1024; authority rsa-1024-root-sha1 -sha1
authority rsa-1024-root-sha256 -sha256
ec SM2
mv key.pem sm2.key
cp sm2.key key.pem; authority sm2-root -sm3 -sigopt distid:1234567812345678
cp c.pem sm2.pem
ec SM2
CN=sm2-leaf openssl req -new -config cnf -key key.pem -out csr.pem -sm3 -sigopt distid:1234567812345678
openssl x509 -req -in csr.pem -vfyopt distid:1234567812345678 -CA sm2.pem -CAkey sm2.key -set_serial 21 -days 3650 -sm3 \
    -sigopt distid:1234567812345678 -extfile cnf -extensions enc -out c.pem 2>/dev/null
add sm2-leaf c.pem
