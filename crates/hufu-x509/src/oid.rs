//! Object identifiers: the type and the numbers that certificates of the national profile use.
//!
//! Sources: GB/T 33560-2017 Annex A (SM2, SM3), GB/T 20518-2018 §5.2.4 and RFC 5280 §4.2 (extensions), X.520 (names).

use std::fmt;
use std::str::FromStr;

use der::oid::ObjectIdentifier;

/// An object identifier of at most 39 octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Oid(ObjectIdentifier);

impl Oid {
    /// A well-known one; a slip in the text fails the build, since every use is a constant.
    const fn known(text: &str) -> Self {
        Self(ObjectIdentifier::new_unwrap(text))
    }

    /// Reads the content octets of an OBJECT IDENTIFIER (X.690 §8.19). None when they are malformed or longer than 39.
    #[must_use]
    pub fn from_bytes(content: &[u8]) -> Option<Self> {
        ObjectIdentifier::from_bytes(content).ok().map(Self)
    }

    /// The content octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({})", self.0)
    }
}

/// A text that is no dotted object identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidError;

impl fmt::Display for OidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an object identifier; write numbers and dots, such as 1.2.156.10197.1.301")
    }
}

impl std::error::Error for OidError {}

impl FromStr for Oid {
    type Err = OidError;

    fn from_str(text: &str) -> Result<Self, OidError> {
        ObjectIdentifier::new(text).map(Self).map_err(|_| OidError)
    }
}

/// The dotted form of content octets; hexadecimal digits behind `#` when they are no OID that fits [`Oid`].
#[must_use]
pub fn dotted(content: &[u8]) -> String {
    match Oid::from_bytes(content) {
        Some(oid) => oid.to_string(),
        None => format!("#{}", hufu_model::ident::hex(content)),
    }
}

/// SM2 signature with SM3 (GB/T 33560 Annex A). Its parameters are absent (GB/T 20518 §5.2.2).
pub const SM2_WITH_SM3: Oid = Oid::known("1.2.156.10197.1.501");
/// id-ecPublicKey (RFC 5480 §2.1.1).
pub const EC_PUBLIC_KEY: Oid = Oid::known("1.2.840.10045.2.1");
/// The SM2 curve of GB/T 32918.5 as a named curve.
pub const SM2_CURVE: Oid = Oid::known("1.2.156.10197.1.301");
/// SM2 signature algorithm as GM/T 0010 messages name it (GB/T 33560 Annex A).
pub const SM2_SIGN: Oid = Oid::known("1.2.156.10197.1.301.1");
/// SM3 (GB/T 33560 Annex A).
pub const SM3: Oid = Oid::known("1.2.156.10197.1.401");
/// data of GM/T 0010.
pub const GM_DATA: Oid = Oid::known("1.2.156.10197.6.1.4.2.1");
/// signedData of GM/T 0010.
pub const GM_SIGNED_DATA: Oid = Oid::known("1.2.156.10197.6.1.4.2.2");
/// signedAndEnvelopedData of GM/T 0010.
pub const GM_SIGNED_AND_ENVELOPED_DATA: Oid = Oid::known("1.2.156.10197.6.1.4.2.4");
/// SM2 encryption (GB/T 33560 Annex A).
pub const SM2_ENCRYPT: Oid = Oid::known("1.2.156.10197.1.301.3");
/// SM4 without a mode (GB/T 33560 Annex A).
pub const SM4: Oid = Oid::known("1.2.156.10197.1.104");
/// SM4 in ECB mode, as the registries of several programs number it.
pub const SM4_ECB: Oid = Oid::known("1.2.156.10197.1.104.1");
/// signedData of PKCS#7 and CMS (RFC 5652 §5.1).
pub const PKCS7_SIGNED_DATA: Oid = Oid::known("1.2.840.113549.1.7.2");
/// The NIST curve P-256.
pub const P256_CURVE: Oid = Oid::known("1.2.840.10045.3.1.7");
/// rsaEncryption (RFC 8017).
pub const RSA: Oid = Oid::known("1.2.840.113549.1.1.1");
/// A key for RSASSA-PSS only (RFC 4055 §3.1).
pub const RSA_PSS: Oid = Oid::known("1.2.840.113549.1.1.10");
/// RSA as X.509 of 1988 named it.
pub const RSA_X500: Oid = Oid::known("2.5.8.1.1");
/// sha1WithRSAEncryption (RFC 8017).
pub const SHA1_WITH_RSA: Oid = Oid::known("1.2.840.113549.1.1.5");
/// The same as OIW named it.
pub const SHA1_WITH_RSA_OIW: Oid = Oid::known("1.3.14.3.2.29");
/// ML-DSA-44 (FIPS 204).
pub const ML_DSA_44: Oid = Oid::known("2.16.840.1.101.3.4.3.17");
/// ML-DSA-65 (FIPS 204).
pub const ML_DSA_65: Oid = Oid::known("2.16.840.1.101.3.4.3.18");
/// ML-DSA-87 (FIPS 204).
pub const ML_DSA_87: Oid = Oid::known("2.16.840.1.101.3.4.3.19");

/// commonName.
pub const COMMON_NAME: Oid = Oid::known("2.5.4.3");
/// serialNumber in a name.
pub const NAME_SERIAL_NUMBER: Oid = Oid::known("2.5.4.5");
/// countryName.
pub const COUNTRY: Oid = Oid::known("2.5.4.6");
/// localityName.
pub const LOCALITY: Oid = Oid::known("2.5.4.7");
/// stateOrProvinceName.
pub const PROVINCE: Oid = Oid::known("2.5.4.8");
/// organizationName.
pub const ORGANISATION: Oid = Oid::known("2.5.4.10");
/// organizationalUnitName.
pub const UNIT: Oid = Oid::known("2.5.4.11");
/// emailAddress (PKCS#9).
pub const EMAIL: Oid = Oid::known("1.2.840.113549.1.9.1");

/// subjectKeyIdentifier (RFC 5280 §4.2.1.2).
pub const SUBJECT_KEY_IDENTIFIER: Oid = Oid::known("2.5.29.14");
/// keyUsage (RFC 5280 §4.2.1.3).
pub const KEY_USAGE: Oid = Oid::known("2.5.29.15");
/// subjectAltName (RFC 5280 §4.2.1.6).
pub const SUBJECT_ALT_NAME: Oid = Oid::known("2.5.29.17");
/// issuerAltName (RFC 5280 §4.2.1.7).
pub const ISSUER_ALT_NAME: Oid = Oid::known("2.5.29.18");
/// cRLNumber (RFC 5280 §5.2.3).
pub const CRL_NUMBER: Oid = Oid::known("2.5.29.20");
/// reasonCode of a CRL entry (RFC 5280 §5.3.1).
pub const CRL_REASON: Oid = Oid::known("2.5.29.21");
/// invalidityDate of a CRL entry (RFC 5280 §5.3.2).
pub const INVALIDITY_DATE: Oid = Oid::known("2.5.29.24");
/// deltaCRLIndicator (RFC 5280 §5.2.4).
pub const DELTA_CRL_INDICATOR: Oid = Oid::known("2.5.29.27");
/// issuingDistributionPoint (RFC 5280 §5.2.5).
pub const ISSUING_DISTRIBUTION_POINT: Oid = Oid::known("2.5.29.28");
/// certificateIssuer of a CRL entry (RFC 5280 §5.3.3).
pub const CERTIFICATE_ISSUER: Oid = Oid::known("2.5.29.29");
/// basicConstraints (RFC 5280 §4.2.1.9).
pub const BASIC_CONSTRAINTS: Oid = Oid::known("2.5.29.19");
/// nameConstraints (RFC 5280 §4.2.1.10).
pub const NAME_CONSTRAINTS: Oid = Oid::known("2.5.29.30");
/// cRLDistributionPoints (RFC 5280 §4.2.1.13).
pub const CRL_DISTRIBUTION_POINTS: Oid = Oid::known("2.5.29.31");
/// certificatePolicies (RFC 5280 §4.2.1.4).
pub const CERTIFICATE_POLICIES: Oid = Oid::known("2.5.29.32");
/// policyMappings (RFC 5280 §4.2.1.5).
pub const POLICY_MAPPINGS: Oid = Oid::known("2.5.29.33");
/// authorityKeyIdentifier (RFC 5280 §4.2.1.1).
pub const AUTHORITY_KEY_IDENTIFIER: Oid = Oid::known("2.5.29.35");
/// policyConstraints (RFC 5280 §4.2.1.11).
pub const POLICY_CONSTRAINTS: Oid = Oid::known("2.5.29.36");
/// extKeyUsage (RFC 5280 §4.2.1.12).
pub const EXTENDED_KEY_USAGE: Oid = Oid::known("2.5.29.37");
/// freshestCRL (RFC 5280 §4.2.1.15).
pub const FRESHEST_CRL: Oid = Oid::known("2.5.29.46");
/// inhibitAnyPolicy (RFC 5280 §4.2.1.14).
pub const INHIBIT_ANY_POLICY: Oid = Oid::known("2.5.29.54");
/// authorityInfoAccess (RFC 5280 §4.2.2.1).
pub const AUTHORITY_INFO_ACCESS: Oid = Oid::known("1.3.6.1.5.5.7.1.1");
/// subjectInfoAccess (RFC 5280 §4.2.2.2).
pub const SUBJECT_INFO_ACCESS: Oid = Oid::known("1.3.6.1.5.5.7.1.11");

/// extensionRequest, an attribute of requests (RFC 2985 §5.4.2).
pub const EXTENSION_REQUEST: Oid = Oid::known("1.2.840.113549.1.9.14");

/// id-ad-ocsp.
pub const AD_OCSP: Oid = Oid::known("1.3.6.1.5.5.7.48.1");
/// id-ad-caIssuers.
pub const AD_CA_ISSUERS: Oid = Oid::known("1.3.6.1.5.5.7.48.2");
/// id-ad-caRepository.
pub const AD_CA_REPOSITORY: Oid = Oid::known("1.3.6.1.5.5.7.48.5");

/// id-pkix-ocsp-basic (RFC 6960 §4.2.1).
pub const OCSP_BASIC: Oid = Oid::known("1.3.6.1.5.5.7.48.1.1");
/// id-pkix-ocsp-nonce (RFC 9654 §2.1).
pub const OCSP_NONCE: Oid = Oid::known("1.3.6.1.5.5.7.48.1.2");
/// id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1).
pub const OCSP_NO_CHECK: Oid = Oid::known("1.3.6.1.5.5.7.48.1.5");
/// SHA-1 (RFC 3279 §2.1), for the identifiers of OCSP requests.
pub const SHA1: Oid = Oid::known("1.3.14.3.2.26");
/// SHA-256 (RFC 5754 §2.2), for the identifiers of OCSP requests.
pub const SHA256: Oid = Oid::known("2.16.840.1.101.3.4.2.1");

/// id-kp-serverAuth.
pub const KP_SERVER_AUTH: Oid = Oid::known("1.3.6.1.5.5.7.3.1");
/// id-kp-clientAuth.
pub const KP_CLIENT_AUTH: Oid = Oid::known("1.3.6.1.5.5.7.3.2");
/// id-kp-emailProtection.
pub const KP_EMAIL_PROTECTION: Oid = Oid::known("1.3.6.1.5.5.7.3.4");
/// id-kp-OCSPSigning (RFC 6960 §4.2.2.2).
pub const KP_OCSP_SIGNING: Oid = Oid::known("1.3.6.1.5.5.7.3.9");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts_and_octets_agree() {
        // GB/T 20518-2018 Annex D prints these octets.
        assert_eq!(SM2_WITH_SM3.as_bytes(), [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75]);
        assert_eq!(SM2_CURVE.as_bytes(), [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d]);
        assert_eq!(KEY_USAGE.as_bytes(), [0x55, 0x1d, 0x0f]);
        assert_eq!("2.5.29.15".parse::<Oid>().unwrap(), KEY_USAGE);
        assert_eq!(Oid::from_bytes(SM2_CURVE.as_bytes()).unwrap().to_string(), "1.2.156.10197.1.301");
    }

    #[test]
    fn malformed_ones_are_refused_and_still_shown() {
        for bad in ["", "1", "1.2.", ".1.2", "3.1", "1.40", "1.2.-3", "1.2.x", "1.2.99999999999999999999"] {
            assert!(bad.parse::<Oid>().is_err(), "{bad}");
        }
        assert!(Oid::from_bytes(&[]).is_none() && Oid::from_bytes(&[0x2a, 0x81]).is_none());
        assert_eq!(dotted(&[0x2a, 0x81]), "#2a81");
        assert_eq!(dotted(&[0x55, 0x1d, 0x0f]), "2.5.29.15");
    }
}
