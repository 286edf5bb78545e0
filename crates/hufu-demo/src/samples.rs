//! Requests made by other programs, correct and wrong ones. The command that made each stands in
//! `tests/samples/csr/README.md`.

/// One request file.
pub(crate) struct Sample {
    /// Its name in `tests/samples/csr`.
    pub(crate) file: &'static str,
    /// Its bytes.
    pub(crate) bytes: &'static [u8],
}

macro_rules! samples {
    ($($file:literal),+ $(,)?) => {
        [$(Sample { file: $file, bytes: include_bytes!(concat!("../../../tests/samples/csr/", $file)) }),+]
    };
}

/// Requests that are accepted: made by openssl, BabaSSL, the Python package gmssl, and Bouncy Castle.
pub(crate) static GOOD: [Sample; 11] = samples![
    "openssl-person.pem",
    "openssl-person-zh.pem",
    "openssl-old-label.pem",
    "openssl-with-text.pem",
    "babassl-person.pem",
    "babassl-person-zh.pem",
    "gmssl-person.pem",
    "gmssl-person-zh.pem",
    "gmssl-null-parameters.der",
    "bouncycastle-person.pem",
    "bouncycastle-person-zh.pem",
];

/// Requests that are refused, each for a reason of its own.
pub(crate) static WRONG: [Sample; 12] = samples![
    "openssl-empty-id.pem",
    "openssl-rsa-2048.pem",
    "openssl-p256.pem",
    "openssl-compressed.pem",
    "openssl-ecdsa-signature.pem",
    "gmssl-raw-rs.der",
    "gmssl-no-za.der",
    "gmssl-double-hash.der",
    "gmssl-off-curve.der",
    "gmssl-infinity.der",
    "altered-subject.der",
    "trailing-octet.der",
];
