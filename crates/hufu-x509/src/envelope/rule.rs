//! What may be wrong with an envelope: one table of codes, weights, usual causes and remedies, the most telling first.

use std::fmt;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The key must not be taken over.
    Refused,
    /// Against the standard, but with one meaning: [`super::open`] refuses it, [`super::import`] forgives it.
    Forgiven,
    /// A habit of some programs that every reader here accepts.
    Noted,
}

impl Weight {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Forgiven => "forgiven",
            Self::Noted => "noted",
        }
    }
}

/// Writes the table once: documentation, code, weight, cause, remedy.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident, $code:literal, $weight:ident, $cause:literal, $remedy:literal;)+) => {
        /// What may be wrong with an envelope. The order is that of usefulness: a rule explains those after it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Rule {
            /// Every rule, the most useful first.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// How much it weighs.
            #[must_use]
            pub const fn weight(self) -> Weight {
                match self { $(Self::$name => Weight::$weight,)+ }
            }

            /// The usual cause.
            #[must_use]
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$name => $cause,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

rules! {
    /// It is none of the known dialects.
    Unknown, "envelope.unknown", Refused,
        "it is another kind of file, or was cut off or re-encoded on its way",
        "give the file as the key centre or the CA returned it";
    /// A part is missing or is not what its dialect says.
    Form, "envelope.form", Refused,
        "the file is damaged, or was put together by hand",
        "have it sent again; if it is the same, report it to its sender";
    /// It holds certificates only.
    NoKey, "envelope.no-key", Refused,
        "the answer is one to a request for a signing certificate only",
        "ask for a pair if an encryption key is wanted";
    /// C1 is the delivered public key: the nonce was the delivered private key.
    Nonce, "envelope.nonce", Refused,
        "the sender used the delivered private key as the nonce of the encryption; who guesses that has the key",
        "do not use the key; have a new one made by a program that draws its nonces at random";
    /// It names another cipher than SM4 in ECB mode.
    Algorithm, "envelope.algorithm", Refused,
        "the sender used another cipher, or wrote the identifier of another mode",
        "have it made again with SM4-ECB, 1.2.156.10197.1.104.1";
    /// C1 is not on the curve, or the ciphertext around the symmetric key is damaged.
    Cipher, "envelope.cipher", Refused,
        "the ciphertext is damaged, or was made for another curve",
        "have it sent again";
    /// The delivered public key is not a point of the curve.
    PublicKey, "envelope.public-key", Refused,
        "the envelope is damaged, or its sender does not check keys",
        "have it sent again";
    /// An encrypted part has another length than one of a 256-bit key.
    Length, "envelope.length", Refused,
        "the sender padded the key, or it is not an SM2 key",
        "have it made again without padding: 16 octets of symmetric key, 32 octets of private key";
    /// The encryption certificate beside it is of another key.
    Certificate, "envelope.certificate", Refused,
        "envelope and certificate are of two different deliveries",
        "put those together that belong together, or have both sent again";
    /// It does not open with this key.
    Recipient, "envelope.recipient", Refused,
        "it was made for another key, or was altered",
        "give the private key of the request, which is that of the signing certificate";
    /// The octets before the private key are not zero.
    Padding, "envelope.padding", Refused,
        "the encrypted private key was altered, or is padded in an unknown way",
        "have it sent again";
    /// d·G is not the public key beside it.
    KeyPair, "envelope.key-pair", Refused,
        "the encrypted private key was altered, or belongs to another delivery; nothing in the envelope protects it",
        "do not use it; have it sent again";
    /// The key is not the expected one.
    OtherKey, "envelope.other-key", Refused,
        "envelope and encryption certificate do not belong together",
        "look for the certificate of this key, or for the envelope of that certificate";
    /// The delivered key is the receiver's own signing key.
    SameKey, "envelope.same-key", Refused,
        "the signing key was escrowed, which it never must be",
        "revoke the signing certificate; make a new signing key";
    /// The key centre's signature does not verify.
    Signature, "envelope.signature", Refused,
        "the delivery was altered, or was not signed by the key centre whose certificate it brings",
        "do not use the key; have it sent again and compare the certificate of the key centre";
    /// A coordinate is a negative INTEGER, for want of an octet 00.
    HighBit, "envelope.high-bit", Forgiven,
        "the sender copied 32 octets into an INTEGER without looking at the first bit",
        "convert the envelope; its numbers themselves are right";
    /// The public key is X ‖ Y without the octet 04.
    BarePoint, "envelope.bare-point", Forgiven,
        "the sender left out the octet that says how the point is written",
        "convert the envelope";
    /// The name of the receiver's issuer is 00 00, which is not DER.
    EmptyName, "envelope.empty-name", Forgiven,
        "the key centre knows no issuer and its encoder writes nothing in place of an empty name",
        "convert the envelope; the receiver is found by the serial number";
    /// A length of one octet written in two, which is BER and not DER.
    LongLength, "envelope.long-length", Forgiven,
        "the key centre reserves room for a length before it knows it",
        "convert the envelope";
    /// C1 ‖ C2 ‖ C3 instead of C1 ‖ C3 ‖ C2.
    OldOrder, "envelope.old-order", Forgiven,
        "the sender follows a draft of before 2012, as SADK before 3.2 did",
        "convert the envelope";
    /// The content is d alone, without the 32 zero octets before it.
    BareKey, "envelope.bare-key", Forgiven,
        "the key centre encrypts the 32 octets of the key as SM2EnvelopedKey does",
        "convert the envelope";
    /// Parameters NULL where none belong.
    NullParameters, "envelope.null-parameters", Noted,
        "the program writes NULL for parameters that are absent",
        "nothing; converting it removes them";
    /// SM4 without a mode where SM4-ECB belongs.
    NoMode, "envelope.no-mode", Noted,
        "the program names SM4 without its mode; ECB is the only mode this structure has",
        "nothing; converting it writes 1.2.156.10197.1.104.1";
    /// A RecipientInfo of version 0 instead of 1.
    Version, "envelope.version", Noted,
        "the program counts as PKCS#7 does",
        "nothing; converting it writes 1";
    /// SignedAndEnvelopedData without the ContentInfo around it.
    NoContentInfo, "envelope.no-content-info", Noted,
        "it was cut out of the answer of a key centre",
        "nothing; converting it puts it in place";
    /// An EXPLICIT tag where GM/T 0092 has an IMPLICIT one.
    ExplicitTag, "envelope.explicit-tag", Noted,
        "the program puts the whole structure inside the tag",
        "nothing; converting it writes it as the standard does";
    /// Commas inside the base64.
    Commas, "envelope.commas", Noted,
        "the authority cuts its base64 into pieces with commas",
        "nothing; converting it removes them";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
