//! Certificate profiles (证书模板): the shape of a certificate as data. The texts are TOML files in `ca-data/profiles`;
//! what is recorded and pinned by a request is the SM3 of that text.

use crate::certificate::Algorithm;
use crate::holder::HolderKind;
use crate::ident::ProfileId;

/// A key usage bit (RFC 5280 §4.2.1.3), by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUsage {
    /// Bit 0.
    DigitalSignature,
    /// Bit 1, also called contentCommitment.
    NonRepudiation,
    /// Bit 2.
    KeyEncipherment,
    /// Bit 3.
    DataEncipherment,
    /// Bit 4.
    KeyAgreement,
    /// Bit 5.
    KeyCertSign,
    /// Bit 6.
    CrlSign,
}

impl KeyUsage {
    /// Every usage, in bit order.
    pub const ALL: [Self; 7] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
    ];

    /// The name as in RFC 5280.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::NonRepudiation => "nonRepudiation",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
        }
    }

    /// The bit's number in the BIT STRING.
    #[must_use]
    pub const fn bit(self) -> u8 {
        match self {
            Self::DigitalSignature => 0,
            Self::NonRepudiation => 1,
            Self::KeyEncipherment => 2,
            Self::DataEncipherment => 3,
            Self::KeyAgreement => 4,
            Self::KeyCertSign => 5,
            Self::CrlSign => 6,
        }
    }
}

crate::code_enum!(KeyUsage, "key usage", "the names of RFC 5280 §4.2.1.3");

/// An extended key usage (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtendedKeyUsage {
    /// TLS server, 1.3.6.1.5.5.7.3.1.
    ServerAuth,
    /// TLS client, 1.3.6.1.5.5.7.3.2.
    ClientAuth,
    /// Mail, 1.3.6.1.5.5.7.3.4.
    EmailProtection,
    /// Answers for a CA about the status of its certificates, 1.3.6.1.5.5.7.3.9 (RFC 6960 §4.2.2.2).
    OcspSigning,
}

impl ExtendedKeyUsage {
    /// Every usage.
    pub const ALL: [Self; 4] = [Self::ServerAuth, Self::ClientAuth, Self::EmailProtection, Self::OcspSigning];

    /// The name as in RFC 5280.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::EmailProtection => "emailProtection",
            Self::OcspSigning => "OCSPSigning",
        }
    }
}

crate::code_enum!(ExtendedKeyUsage, "extended key usage", "serverAuth, clientAuth, emailProtection or OCSPSigning");

/// An attribute of a subject DN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameAttribute {
    /// countryName, PrintableString of two letters.
    Country,
    /// stateOrProvinceName.
    Province,
    /// localityName.
    Locality,
    /// organizationName.
    Organisation,
    /// organizationalUnitName.
    Unit,
    /// commonName.
    CommonName,
    /// serialNumber (X.520), PrintableString.
    SerialNumber,
    /// emailAddress (PKCS#9), IA5String.
    Email,
}

impl NameAttribute {
    /// Every attribute.
    pub const ALL: [Self; 8] = [
        Self::Country,
        Self::Province,
        Self::Locality,
        Self::Organisation,
        Self::Unit,
        Self::CommonName,
        Self::SerialNumber,
        Self::Email,
    ];

    /// The short name of RFC 4514 or common use.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Country => "C",
            Self::Province => "ST",
            Self::Locality => "L",
            Self::Organisation => "O",
            Self::Unit => "OU",
            Self::CommonName => "CN",
            Self::SerialNumber => "serialNumber",
            Self::Email => "emailAddress",
        }
    }

    /// The upper bound of RFC 5280 Appendix A, in characters.
    #[must_use]
    pub const fn max_chars(self) -> usize {
        match self {
            Self::Country => 2,
            Self::Province | Self::Locality => 128,
            Self::Organisation | Self::Unit | Self::CommonName | Self::SerialNumber => 64,
            Self::Email => 255,
        }
    }
}

crate::code_enum!(NameAttribute, "name attribute", "C, ST, L, O, OU, CN, serialNumber or emailAddress");

/// One attribute of the subject and the public field of the request it is filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRule {
    /// The attribute.
    pub attribute: NameAttribute,
    /// The public field's name.
    pub field: String,
    /// Whether the field must be there.
    pub required: bool,
}

/// What kind of certificate a profile makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileClass {
    /// Self-signed root (GB/T 20518 Table C.1). Only the founding ceremony uses it.
    Root,
    /// Issuing CA, pathLen 0 (Table C.2). Only a ceremony uses it.
    IssuingCa,
    /// End entity (Table C.3).
    EndEntity,
}

/// A certificate profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Identifier.
    pub id: ProfileId,
    /// Its name in Chinese.
    pub title_zh: String,
    /// Its name in English.
    pub title_en: String,
    /// What kind of certificate it makes.
    pub class: ProfileClass,
    /// The algorithm of the subject's key. Data, so that the next change of algorithm is a profile, not a rewrite.
    pub algorithm: Algorithm,
    /// The kinds of holder it is for; empty for CA profiles.
    pub holders: Vec<HolderKind>,
    /// Validity when none is asked for, in days.
    pub default_days: u32,
    /// Longest validity, in days.
    pub max_days: u32,
    /// Key usage bits; always written critical (GB/T 20518 Tables C.1–C.4).
    pub key_usage: Vec<KeyUsage>,
    /// Extended key usages; non-critical.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// The certificate policy, a dotted OID; none only for a root.
    pub policy: Option<String>,
    /// The subject, attribute by attribute, in order.
    pub subject: Vec<SubjectRule>,
    /// Whether host names and IP addresses go into subjectAltName (at least one must then be given).
    pub hosts: Hosts,
    /// Whether such a certificate may be renewed with the same key.
    pub renewable: bool,
    /// Whether such a certificate may be suspended (挂起).
    pub suspendable: bool,
    /// The profile of the encryption certificate that is issued beside it when a pair (双证书) is asked for. Without one,
    /// it is for single certificates only.
    pub pair_with: Option<ProfileId>,
    /// The TOML text this profile was read from.
    pub source: String,
}

impl Profile {
    /// Whether it is for signing and nothing else: the first half of a pair (GB/T 20518 Table C.3).
    #[must_use]
    pub fn signs_only(&self) -> bool {
        self.only([KeyUsage::DigitalSignature, KeyUsage::NonRepudiation])
    }

    /// Whether it is for encryption and nothing else: the second half of a pair (GB/T 20518 Table C.4), whose key comes
    /// from the key centre.
    #[must_use]
    pub fn encrypts_only(&self) -> bool {
        self.only([KeyUsage::KeyEncipherment, KeyUsage::DataEncipherment, KeyUsage::KeyAgreement])
    }

    fn only<const N: usize>(&self, usages: [KeyUsage; N]) -> bool {
        self.class == ProfileClass::EndEntity
            && !self.key_usage.is_empty()
            && self.key_usage.iter().all(|usage| usages.contains(usage))
    }
}

/// Whether a profile names hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// No subjectAltName with hosts; hosts in a request are kept on record only.
    Unused,
    /// At least one host name or IP address, all of them in subjectAltName.
    Required,
}
