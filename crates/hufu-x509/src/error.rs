//! Why something was refused: one table of kinds, each with its stable code, what happened and what to do.

use std::fmt;

use hufu_model::entropy::EntropyError;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal: its kind, where in the input it was noticed, and what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: Option<usize>,
    context: Option<String>,
}

impl Error {
    /// A refusal of this kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, offset: None, context: None }
    }

    /// The same refusal, noticed at this octet of the input (counted from 0).
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The same refusal, saying what it was about: a field, a value, a rule.
    #[must_use]
    pub fn about(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The octet of the input at which it was noticed, counted from 0, when known.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// What it was about, when known.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.what())?;
        if let Some(context) = &self.context {
            write!(f, " ({context})")?;
        }
        if let Some(offset) = self.offset {
            write!(f, ", at octet {offset}")?;
        }
        write!(f, "; {}", self.kind.remedy())
    }
}

impl std::error::Error for Error {}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<EntropyError> for Error {
    fn from(e: EntropyError) -> Self {
        Self::new(ErrorKind::Entropy).about(e.0)
    }
}

impl From<der::Error> for Error {
    /// A structure that is DER but not the expected one, or not DER at all, becomes [`ErrorKind::NotDer`].
    fn from(e: der::Error) -> Self {
        let error = Self::new(ErrorKind::NotDer).about(e.kind().to_string());
        match e.position().map(usize::try_from) {
            Some(Ok(offset)) => error.at(offset),
            _ => error,
        }
    }
}

/// Writes the table of kinds once: documentation, code, what happened, what to do.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident, $code:literal, $what:literal, $remedy:literal;)+) => {
        /// The kind of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code, e.g. `x509.csr-empty-id`.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What happened, in plain words: the first half of the message.
            #[must_use]
            pub fn what(&self) -> &'static str {
                match self { $(Self::$name => $what,)+ }
            }

            /// What to do about it: the second half of the message.
            #[must_use]
            pub fn remedy(&self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

kinds! {
    // Reading files.
    /// The input is longer than its reader takes.
    TooLarge, "x509.too-large", "the input is larger than this kind of object can be",
        "check that it is the right file";
    /// The input nests deeper than 16 levels.
    TooDeep, "x509.too-deep", "the input is nested deeper than any object of its kind",
        "check that it is the right file";
    /// The input is not DER (X.690 §10), or has other fields than its structure.
    NotDer, "x509.not-der", "the input is not a well-formed DER structure of the expected kind",
        "check that the file is complete and of the right kind, and save it again as DER or PEM";
    /// A PEM file holds blocks, but none with a label that fits.
    PemLabel, "x509.pem-label", "the PEM file holds no block of the expected kind", "give the right file";
    /// A PEM file holds several blocks where one object is wanted.
    PemSeveral, "x509.pem-several", "the PEM file holds several objects of this kind where one is wanted",
        "put each into a file of its own";
    /// A PEM block is broken: base64, boundary lines, or an end that is missing.
    PemForm, "x509.pem-form", "a PEM block is damaged", "fetch or export the file again";

    // Public keys.
    /// The key is an RSA key.
    KeyRsa, "x509.key-rsa", "the public key is an RSA key",
        "make an SM2 key pair, e.g. `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2`";
    /// The key is on another named curve, or names none.
    KeyCurve, "x509.key-curve", "the public key is on another curve than SM2",
        "make an SM2 key pair, e.g. `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2`";
    /// The key spells out its curve instead of naming it.
    KeyExplicit, "x509.key-explicit", "the public key spells out its curve parameters instead of naming the curve",
        "write the key with the named curve 1.2.156.10197.1.301 (OpenSSL: `-pkeyopt ec_param_enc:named_curve`)";
    /// The point is in compressed or hybrid form.
    KeyCompressed, "x509.key-compressed", "the public key is in compressed or hybrid form",
        "write the key with an uncompressed point (OpenSSL: `-pkeyopt point-conversion-form:uncompressed`)";
    /// The coordinates are too large or do not fit the curve equation.
    KeyOffCurve, "x509.key-off-curve", "the public key is not a point of the SM2 curve",
        "make a new key pair; this one is damaged or hostile";
    /// The point is the point at infinity.
    KeyInfinity, "x509.key-infinity", "the public key is the point at infinity",
        "make a new key pair; this one is damaged or hostile";
    /// The octets are not an encoded point at all.
    KeyPoint, "x509.key-point", "the public key is not an encoded point of 65 octets",
        "make a new key pair; this one is damaged";
    /// The algorithm of the key is neither RSA nor id-ecPublicKey, e.g. the SM2 curve's own identifier.
    KeyAlgorithm, "x509.key-algorithm", "the public key names an algorithm other than id-ecPublicKey",
        "write the key with algorithm 1.2.840.10045.2.1 and parameters 1.2.156.10197.1.301";

    // Private keys and passphrases.
    /// A private scalar outside 1..n-2 (GB/T 32918.2 §6.1; GM/T 0009 §6.1).
    KeyScalar, "x509.key-scalar", "the private key is outside the range SM2 allows", "make a new key pair";
    /// The private key and the public key beside it do not belong together.
    KeyPair, "x509.key-pair", "the private key does not belong to the public key beside it",
        "the file is damaged: restore it from a copy";
    /// A key file that this crate does not read: its container, cipher or derivation.
    KeyFile, "x509.key-file", "the key file is protected in a way this program does not read",
        "write it again as encrypted PKCS#8, e.g. `openssl pkcs8 -topk8 -v2 sm4-cbc`";
    /// A private key that is not encrypted.
    KeyUnencrypted, "x509.key-unencrypted", "the key file is not encrypted",
        "encrypt it, e.g. `openssl pkcs8 -topk8 -v2 sm4-cbc`, and destroy the copy in clear";
    /// The passphrase does not open the file.
    WrongPassphrase, "x509.wrong-passphrase", "the passphrase does not open the file",
        "give the passphrase the file was made with; if it is certain, the file is damaged";
    /// A passphrase that is too easy to guess.
    WeakPassphrase, "x509.weak-passphrase", "the passphrase is too easy to guess",
        "use at least 12 characters that are not a common password or one character repeated";
    /// Sealed data that was altered, moved to another place, or sealed with another key.
    Sealed, "x509.sealed", "the sealed data was altered, belongs elsewhere, or was sealed with another key",
        "check that home and key belong together, and restore the data from a copy";

    // Signatures.
    /// The signature is not strict DER of two integers in 1..n-1.
    SignatureForm, "x509.signature-form", "the signature is not two integers of the SM2 range in strict DER",
        "sign again with a program that writes SM2 signatures as GM/T 0009 asks";
    /// The signature does not verify.
    Signature, "x509.signature", "the signature does not verify with this key",
        "check that data, signature and certificate belong together and arrived unchanged";
    /// The random source failed.
    Entropy, "x509.entropy", "the random number source failed", "nothing was generated or signed; repair the source";
    /// The arithmetic met one of the cases that do not occur with working hardware.
    Signing, "x509.signing", "signing failed", "try again; if it happens twice, suspect the hardware";

    // Encryption and key envelopes.
    /// The octets are not an SM2 ciphertext (GM/T 0009 §7.2), or its point is not on the curve.
    Cipher, "x509.cipher", "these are not the octets of an SM2 ciphertext",
        "have it sent again; it is damaged, or was made with another algorithm";
    /// The digest inside a ciphertext does not fit: another key, or altered.
    Decrypt, "x509.decrypt", "the ciphertext does not open with this key",
        "check that it was made for this key and arrived unchanged";
    /// The octets are no key envelope in a known dialect, or one with a part missing or damaged.
    EnvelopeForm, "x509.envelope-form", "the key envelope is of no known form, or damaged",
        "inspect it (`hufu envelope inspect`), and have it sent again";
    /// The envelope deviates from its standard in a way that only an import forgives.
    EnvelopeDeviation, "x509.envelope-deviation", "the key envelope deviates from its standard",
        "convert it first (`hufu envelope convert`), and report it to its sender";
    /// The envelope names another cipher than SM4 in ECB mode.
    EnvelopeAlgorithm, "x509.envelope-algorithm", "the key envelope names another cipher than SM4-ECB",
        "have it made again with the algorithm 1.2.156.10197.1.104.1";
    /// C1 of the envelope is the delivered public key.
    EnvelopeNonce, "x509.envelope-nonce", "the sender of the key envelope used the delivered private key as its nonce",
        "do not use this key; have a new one made by a program that draws its nonces at random";
    /// d·G is not the public key beside it.
    EnvelopeKeyPair, "x509.envelope-key-pair", "the delivered private key does not belong to the public key beside it",
        "do not use it; the envelope was altered, or put together from two";
    /// A sound envelope with another key than the expected one.
    EnvelopeOtherKey, "x509.envelope-other-key", "the envelope delivers another key than the expected one",
        "check that envelope and encryption certificate belong together";

    // Requests.
    /// The request was signed with an empty SM2 ID (OpenSSL before 4.0 without an option).
    CsrEmptyId, "x509.csr-empty-id", "the request is signed with an empty SM2 ID",
        "sign it again with the default ID: OpenSSL `-sigopt distid:1234567812345678`";
    /// The signature of the request is 64 raw octets.
    CsrRawRs, "x509.csr-raw-rs", "the request's signature is raw r and s instead of DER",
        "make the request with a program that writes the signature as SEQUENCE { r, s }";
    /// The request was signed without ZA.
    CsrNoZa, "x509.csr-no-za", "the request is signed without the signer's ZA",
        "sign SM3(ZA ‖ request), with the ID 1234567812345678";
    /// The request was hashed twice.
    CsrDoubleHash, "x509.csr-double-hash", "the request was hashed twice before it was signed",
        "give the signing function the request itself, not its digest";
    /// The signature of the request does not verify, for no known reason.
    CsrSignature, "x509.csr-signature", "the request's signature does not verify with the key inside",
        "make a new request; this one was altered, or was signed with another key";
    /// The request is signed with another algorithm.
    CsrAlgorithm, "x509.csr-algorithm", "the request is not signed with SM2-with-SM3",
        "sign it again with SM3 (OpenSSL: `-sm3 -sigopt distid:1234567812345678`)";

    // Names, certificates, messages, records.
    /// A name holds something it must not.
    Name, "x509.name", "the name is not allowed", "correct the name";
    /// Signature algorithm identifiers differ, or are not SM2-with-SM3 with absent or NULL parameters.
    Algorithm, "x509.algorithm", "the signature algorithm is not SM2-with-SM3, or is named differently inside and outside",
        "have it issued again with one algorithm identifier, 1.2.156.10197.1.501";
    /// A certificate has a field with a meaning it must not have.
    Certificate, "x509.certificate", "the certificate has a field that is not allowed", "have it issued again";
    /// A CRL has a field with a meaning it must not have.
    Crl, "x509.crl", "the revocation list (CRL) has a field that is not allowed",
        "fetch it again from where it was issued; if it is the same, have it issued again";
    /// A CRL to be cannot be built from the input.
    CrlInput, "x509.crl-input", "no revocation list (CRL) can be built from this input", "correct the input";
    /// An OCSP request or answer has a field with a meaning it must not have, or cannot be built from the input.
    Ocsp, "x509.ocsp", "the OCSP message has a field that is not allowed",
        "ask again; if it is the same, correct the program that made it";
    /// An OCSP responder answered that it cannot answer (RFC 6960 §2.3).
    OcspUnsuccessful, "x509.ocsp-unsuccessful", "the OCSP responder gave no status",
        "ask again later, or use the revocation list (CRL)";
    /// Somebody answered for a CA who may not (RFC 6960 §4.2.2.2).
    OcspResponder, "x509.ocsp-responder", "the OCSP answer is signed by somebody who may not answer for this CA",
        "do not rely on it; ask at the address in the certificate, or use the revocation list (CRL)";
    /// A certificate to be cannot be built from the input.
    Tbs, "x509.tbs", "no certificate can be built from this input", "correct the input";
    /// A signed message has another form than GM/T 0010 signedData.
    Message, "x509.message", "the signed message has another form than GM/T 0010 asks",
        "sign again with a program that writes GM/T 0010 signedData";
    /// An operator's record has fields or an encoding that its version does not have.
    Record, "x509.record", "the signed record is not in its canonical form", "make and sign it again with this program";
    /// A foreign certificate could not be read by the second parser.
    Legacy, "x509.legacy", "the certificate could not be read", "check that it is an X.509 certificate";
    /// A foreign certificate that expired before it was issued.
    Expiry, "x509.expiry-before-issuance", "the certificate ends before it begins",
        "nothing was ever valid under it; correct the source, or leave it out";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let codes: HashSet<_> = ErrorKind::ALL.iter().map(ErrorKind::code).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for code in codes {
            let name = code.strip_prefix("x509.").unwrap_or_default();
            assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        }
    }

    #[test]
    fn a_message_says_what_happened_where_and_what_to_do() {
        let text = Error::new(ErrorKind::NotDer).about("length").at(7).to_string();
        assert_eq!(
            text,
            "the input is not a well-formed DER structure of the expected kind (length), at octet 7; check that the \
             file is complete and of the right kind, and save it again as DER or PEM"
        );
    }
}
