//! The rules of a chain: one table of codes, usual causes and remedies, in the order of how much each explains.

use std::fmt;

/// Writes the table once: documentation, code, cause, remedy.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident, $code:literal, $cause:literal, $remedy:literal;)+) => {
        /// A rule that a certificate of a chain breaks. The order is that of usefulness: a rule explains those after it.
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
    /// The certificate has extensions and is not of version 3 (RFC 5280 §4.1.2.1).
    Version, "verify.version",
        "the program that built it left the version out, or it was taken apart and put together again",
        "have it issued again as a version 3 certificate";
    /// It is not signed with SM2-with-SM3.
    Algorithm, "verify.algorithm",
        "it is a certificate of the RSA or ECDSA system, or was made with a digest other than SM3",
        "have it issued again by an SM2 authority; if the whole chain is RSA or ECDSA, judge it with a tool for those";
    /// The algorithm identifiers inside and outside differ (RFC 5280 §4.1.1.2, GB/T 20518 §5.2.2).
    MixedAlgorithm, "verify.mixed-algorithm",
        "the issuing program writes the identifier in two ways, with NULL parameters in one place and none in the other; or \
         the outer one, which the signature does not cover, was altered",
        "have it issued again with the same identifier in both places, best without parameters";
    /// The key of a certificate is not a valid SM2 key.
    Key, "verify.key",
        "the key pair was not made for SM2, or the key is written in a form that GM/T 0009 does not have",
        "make a new SM2 key pair and have the certificate issued again";
    /// The signature was made with an empty SM2 ID.
    EmptyId, "verify.empty-id",
        "it was signed with an empty SM2 ID, which OpenSSL before 4.0 uses when it is given none",
        "sign it again with the default ID; with OpenSSL: rerun with -sigopt distid:1234567812345678";
    /// The signature was made without ZA.
    NoZa, "verify.no-za",
        "the signing program left ZA out: it signed SM3(content) instead of SM3(ZA ‖ content)",
        "sign it again with a program that computes ZA with the ID 1234567812345678 (GM/T 0009 §8)";
    /// What was signed was hashed twice.
    DoubleHash, "verify.double-hash",
        "the signing program gave a digest to a function that hashes once more",
        "sign it again, giving the signing function the octets to be signed themselves";
    /// The signature is raw r and s.
    RawRs, "verify.raw-rs",
        "the signing program or device returns 64 raw octets, and nobody put them into DER",
        "write the signature as SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009 §7); the numbers themselves are right";
    /// The signature is not DER of two integers in range.
    SignatureForm, "verify.signature-form",
        "it is damaged, or its signature was encoded by hand",
        "fetch it again; if it is the same, have it issued again";
    /// It was signed with another key than that of the issuer at hand.
    IssuerKey, "verify.issuer-key",
        "the issuer has renewed its key, or another authority uses the same name",
        "give the issuer's certificate whose key identifier is the one this certificate names";
    /// The signature fits no key and no known mistake.
    Altered, "verify.altered",
        "its content was altered after it was signed, or it was damaged on the way",
        "fetch the certificate again from where it was issued; if it is the same, treat it as forged and report it";
    /// The issuer's name is not the subject of the certificate whose key signed it.
    NameChain, "verify.name-chain",
        "the issuer's name was written anew instead of being copied octet for octet from the issuer's certificate",
        "have it issued again with the issuer's subject copied as it is";
    /// The issuer's certificate is not there.
    NoIssuer, "verify.no-issuer",
        "the issuing CA's certificate was not given along",
        "give the issuing CA's certificate, e.g. from the address in the certificate's authorityInfoAccess";
    /// The chain ends in a root that is not trusted.
    UntrustedRoot, "verify.untrusted-root",
        "the certificate belongs to another authority, or the wrong root was given",
        "check the root's fingerprint with its owner by telephone or in person before you trust it";
    /// No chain within the longest length.
    TooLong, "verify.too-long",
        "the CA certificates given issue each other in a long line",
        "give only the CA certificates of this chain";
    /// The budget of signature checks was used up.
    Budget, "verify.budget",
        "there are very many CA certificates of the same name among those given",
        "give only the CA certificates of this chain";
    /// An issuer is not a CA.
    NotCa, "verify.not-ca",
        "somebody signed with the key of an end entity's certificate, or the CA's certificate was issued with the wrong profile",
        "do not rely on it; have it issued by a CA whose certificate says so";
    /// An issuer may not sign certificates.
    KeyUsage, "verify.key-usage",
        "the CA's certificate was issued with the wrong profile, e.g. as an encryption certificate",
        "have the CA's certificate issued again with keyCertSign";
    /// More CAs below a certificate than it allows.
    PathLength, "verify.path-length",
        "a CA that may issue to end entities only has issued to a CA",
        "have the certificate issued by a CA that stands high enough";
    /// The key identifiers of certificate and issuer differ.
    KeyIdentifier, "verify.key-identifier",
        "the issuing program computed the identifier in another way than the issuer's certificate has it",
        "have it issued again with the issuer's subjectKeyIdentifier copied octet for octet";
    /// A critical extension that is not understood here.
    CriticalExtension, "verify.critical-extension",
        "the certificate carries a condition this program does not know, and says that it must not be ignored",
        "have it issued again without that extension, or with it marked non-critical";
    /// An extension that is checked here cannot be read.
    Extension, "verify.extension",
        "the certificate was built by a program that encodes this extension wrongly",
        "have it issued again";
    /// The validity is over.
    Expired, "verify.expired",
        "nobody renewed it in time; or the time it is judged at, or the clock, is wrong",
        "renew the certificate; to judge a past signature, give the time it was made";
    /// The validity has not begun.
    NotYetValid, "verify.not-yet-valid",
        "it was issued for later use; or the time it is judged at, or a clock, is wrong",
        "check the clock here and at the issuer, or wait";

    // Revocation.
    /// The certificate is revoked.
    Revoked, "verify.revoked",
        "its holder or its issuer had it revoked",
        "do not rely on it; ask its holder for the certificate that took its place";
    /// The certificate is suspended.
    Held, "verify.held",
        "its holder or its issuer had it suspended (certificateHold) until a question is settled",
        "do not rely on it now; ask again later";
    /// The responder does not know the certificate.
    OcspUnknown, "verify.ocsp-unknown",
        "the certificate was not issued by this CA, or the responder does not hold its records",
        "treat it as forged until its issuer confirms that it was issued";
    /// Nothing at hand says anything about the certificate.
    NoStatus, "verify.no-status",
        "no revocation list (CRL) of its issuer and no OCSP answer about it were given",
        "give the CRL from the address in the certificate's cRLDistributionPoints, or ask the OCSP responder";
    /// A list or answer is too old.
    StatusExpired, "verify.status-expired",
        "an old file was given, the publisher has stopped, or the clock here is wrong",
        "fetch a new one; if there is none, tell the authority that its publishing has stopped";
    /// A list or answer is from later than the time it is judged at.
    StatusNotYetValid, "verify.status-not-yet-valid",
        "a clock here or at the authority is wrong; or a time in the past is judged with today's list",
        "check the clocks; to judge a time in the past, give the list of that time";
    /// The number of a list is lower than that of an earlier one.
    CrlNumber, "verify.crl-number",
        "an old list was put back: by a restored backup, a cache, or somebody who hides a revocation",
        "do not rely on it; fetch the list again from the authority itself, and report it if it stays";
    /// A list is not about this certificate.
    CrlScope, "verify.crl-scope",
        "the list of another shard, or of another class of certificates, was given or published under this address",
        "give the list from the address that stands in the certificate's cRLDistributionPoints";
    /// A delta list without the full list it adds to.
    CrlDelta, "verify.crl-delta",
        "only the changes since a full list were given, or a full list that is too old for them",
        "give the full list too";
    /// The signer of an answer may not answer.
    OcspResponder, "verify.ocsp-responder",
        "the responder has the wrong certificate, or somebody else answers in its place",
        "do not rely on it; ask at the address in the certificate, or use the CRL";
    /// An answer is about another certificate.
    OcspOther, "verify.ocsp-other",
        "the answer to another question was given, or a cache mixed answers up",
        "ask about this certificate again";
    /// An answer does not repeat the nonce.
    OcspNonce, "verify.ocsp-nonce",
        "the answer was made in advance or is replayed; many responders do not repeat nonces",
        "ask again; if the responder never repeats nonces, ask without one and look at thisUpdate";

    // Pairs.
    /// The halves of a pair are of different issuers.
    PairIssuer, "verify.pair-issuer",
        "halves of two pairs were put together, or one was issued again by another CA",
        "give the two certificates of one delivery";
    /// The halves of a pair are of different holders.
    PairSubject, "verify.pair-subject",
        "halves of two pairs were put together",
        "give the two certificates of one delivery";
    /// The halves of a pair are valid at different times.
    PairValidity, "verify.pair-validity",
        "one half was renewed and the other was not, or halves of two pairs were put together",
        "have both halves issued again together";
    /// The halves of a pair are not two certificates of two keys.
    PairKey, "verify.pair-key",
        "one certificate was given twice, or the encryption certificate was issued for the signing key, which is then in \
         two hands",
        "give both halves; if they have one key, have the pair issued again";
    /// The halves of a pair do not complement each other.
    PairUsage, "verify.pair-usage",
        "two certificates of one kind were given, or a certificate for both uses, or one of another profile",
        "give one certificate for signatures and one for encryption";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
