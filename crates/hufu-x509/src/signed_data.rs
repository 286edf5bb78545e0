//! Signed messages in the national form of PKCS#7: what operators' signatures and bundles of certificates travel in.
//!
//! ```asn1
//! -- GM/T 0010-2012 §6.1, §8; GB/T 33560-2017 Annex A for the identifiers
//! ContentInfo ::= SEQUENCE {
//!     contentType       OBJECT IDENTIFIER,        -- signedData 1.2.156.10197.6.1.4.2.2
//!     content       [0] EXPLICIT ANY OPTIONAL }
//! SignedData ::= SEQUENCE {
//!     version           INTEGER (1),
//!     digestAlgorithms  SET OF AlgorithmIdentifier,   -- SM3 1.2.156.10197.1.401
//!     contentInfo       ContentInfo,              -- data 1.2.156.10197.6.1.4.2.1, an OCTET STRING
//!     certificates  [0] IMPLICIT SET OF Certificate OPTIONAL,
//!     crls          [1] IMPLICIT SET OF CertificateList OPTIONAL,
//!     signerInfos       SET OF SignerInfo }
//! SignerInfo ::= SEQUENCE {
//!     version           INTEGER (1),
//!     issuerAndSerialNumber      SEQUENCE { issuer Name, serialNumber INTEGER },
//!     digestAlgorithm            AlgorithmIdentifier,
//!     authenticatedAttributes   [0] IMPLICIT SET OF Attribute OPTIONAL,
//!     digestEncryptionAlgorithm  AlgorithmIdentifier,   -- SM2 signature 1.2.156.10197.1.301.1
//!     encryptedDigest            OCTET STRING,    -- DER of SEQUENCE { r, s }
//!     unauthenticatedAttributes [1] IMPLICIT SET OF Attribute OPTIONAL }
//! ```
//!
//! We write and read messages of one signer without attributes: the signature covers the content octets themselves
//! (with ZA, not their OCTET STRING), so what was signed is exactly what is shown, and a detached verifier needs
//! nothing but SM2.

use crate::certificate::Certificate;
use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::oid::{self, Oid};
use crate::sign::{self, Cause, Signature, Signer};
use crate::signed::moved;
use crate::tlv::{self, Fault, Reader, Tlv, tag};
use crate::{pem, strict};

/// The PEM labels of a bundle of certificates: RFC 7468 §8, §9.
pub const PEM_LABELS: [&str; 2] = ["PKCS7", "CMS"];

/// The longest message that is written or read: 16 MiB less one octet, lengths of three octets.
pub const MAX_LENGTH: usize = 0x00ff_ffff;

/// The most certificates one message brings along.
const MAX_CERTIFICATES: usize = 64;

pub(crate) const SM3: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11];
const SM2_SIGN: &[u8] = &[0x30, 0x0b, 0x06, 0x09, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x01];

/// A message of one signer, read but not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedData {
    content: Vec<u8>,
    certificate: Certificate,
    signature: Vec<u8>,
}

impl SignedData {
    /// Reads a message: strict DER of less than 16 MiB, with its content, exactly one signer, the signer's
    /// certificate, and no attributes.
    ///
    /// Algorithm identifiers may have absent or NULL parameters; the signature algorithm may be written as
    /// 1.2.156.10197.1.301.1 or as SM2-with-SM3. Further certificates may be there and are not looked at.
    ///
    /// # Errors
    /// `x509.message` with the octet and what is wrong; the errors of [`strict::check_up_to`] and of the certificate.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut fields = Outer::read(der, &[oid::GM_SIGNED_DATA])?;
        if fields.version != [1] {
            return Err(message(fields.version_at, "a version other than 1"));
        }
        let mut digests = fields.digests.inside();
        expect_algorithm(&mut digests, &[oid::SM3], "the digest algorithm is not SM3")?;
        digests.finish("more than one digest algorithm").map_err(refused)?;
        let content = content(&fields.content_info)?;
        let Some(certificates) = fields.certificates else {
            return Err(message(fields.rest.offset(), "the signer's certificate is missing"));
        };
        if fields.rest.peek() == Some(tag::constructed(1)) {
            return Err(message(fields.rest.offset(), "revocation lists, which have no place here"));
        }
        let mut signers = fields.signers()?.inside();
        let signer = SignerInfo::read(&signers.expect(tag::SEQUENCE, "there is no signer").map_err(refused)?)?;
        signers.finish("more than one signer").map_err(refused)?;
        let certificate = signer.certificate(&certificates)?;
        Ok(Self { content: content.to_vec(), certificate, signature: signer.signature.to_vec() })
    }

    /// What was signed.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The signer's certificate as the message brings it: whether it can be relied on is for the caller to decide.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Checks the signature with the key the caller trusts, which must be the key of [`SignedData::certificate`].
    ///
    /// # Errors
    /// `x509.signature`, saying which mistake the signer made when it is a known one; `x509.signature-form`.
    pub fn verify(&self, key: &PublicKey) -> Result<()> {
        if self.certificate.public_key()? != *key {
            let what = format!("the message names another signer, {}", self.certificate.subject_text());
            return Err(Error::new(ErrorKind::Signature).about(what));
        }
        let verified = Signature::from_der(&self.signature).and_then(|s| key.verify(&self.content, &s));
        verified.map_err(|e| match sign::diagnose(key, &self.content, &self.signature) {
            Some(cause) => Error::new(ErrorKind::Signature).about(mistake(cause)),
            None => e,
        })
    }
}

/// Signs `content`: a message with the signer's `certificate`, without attributes.
///
/// `entropy` are 32 fresh random octets for the signature's nonce.
///
/// # Errors
/// `x509.message` when the certificate is not the signer's; `x509.too-large` from 16 MiB on; the signer's errors.
pub fn sign(content: &[u8], certificate: &Certificate, signer: &dyn Signer, entropy: [u8; 32]) -> Result<Vec<u8>> {
    sign_with(content, certificate, &[], signer, entropy)
}

/// As [`sign()`]; the message brings the certificates of `chain` along, so that whoever has nothing but the root can follow
/// the signer's to it. They stand in DER's order (X.690 §11.6), each once.
///
/// # Errors
/// As [`sign()`]; `x509.message` for more than 64 certificates.
pub fn sign_with(
    content: &[u8],
    certificate: &Certificate,
    chain: &[&Certificate],
    signer: &dyn Signer,
    entropy: [u8; 32],
) -> Result<Vec<u8>> {
    if certificate.spki_der() != signer.public_key().spki_der() {
        let what = format!("the certificate of {} is not the signing key's", certificate.subject_text());
        return Err(Error::new(ErrorKind::Message).about(what));
    }
    let mut certificates: Vec<&[u8]> = chain.iter().map(|c| c.der()).chain([certificate.der()]).collect();
    certificates.sort_unstable();
    certificates.dedup();
    if certificates.len() > MAX_CERTIFICATES {
        return Err(Error::new(ErrorKind::Message).about(format!("more than {MAX_CERTIFICATES} certificates")));
    }
    let certificates = certificates.concat();
    let overhead = 512 + certificates.len() + certificate.der().len();
    if content.len() > MAX_LENGTH.saturating_sub(overhead) {
        return Err(Error::new(ErrorKind::TooLarge).about("a signed message has less than 16 MiB"));
    }
    let signature = signer.sign(content, entropy)?;
    let info = signer_info(certificate, &signature);
    let octets = tlv::element(tag::OCTET_STRING, content);
    let data = content_info(oid::GM_DATA, Some(&octets));
    let mut fields = Vec::with_capacity(content.len() + overhead);
    tlv::put(&mut fields, tag::INTEGER, &[1]);
    tlv::put(&mut fields, tag::SET, SM3);
    fields.extend_from_slice(&data);
    tlv::put(&mut fields, tag::constructed(0), &certificates);
    tlv::put(&mut fields, tag::SET, &info);
    Ok(content_info(oid::GM_SIGNED_DATA, Some(&tlv::element(tag::SEQUENCE, &fields))))
}

/// A bundle of certificates (P7B): a message without content and without signers.
///
/// The certificates are a SET and stand in DER's order (X.690 §11.6), each once; a reader finds the chain by names.
///
/// # Errors
/// `x509.message` when there is none or more than 64; `x509.too-large` from 16 MiB on.
pub fn certificates(certificates: &[&Certificate]) -> Result<Vec<u8>> {
    let mut ders: Vec<&[u8]> = certificates.iter().map(|c| c.der()).collect();
    ders.sort_unstable();
    ders.dedup();
    if ders.is_empty() || ders.len() > MAX_CERTIFICATES {
        let what = format!("a bundle has 1 to {MAX_CERTIFICATES} certificates, this one would have {}", ders.len());
        return Err(Error::new(ErrorKind::Message).about(what));
    }
    let mut fields = Vec::new();
    tlv::put(&mut fields, tag::INTEGER, &[1]);
    tlv::put(&mut fields, tag::SET, &[]);
    fields.extend_from_slice(&content_info(oid::GM_DATA, None));
    tlv::put(&mut fields, tag::constructed(0), &ders.concat());
    tlv::put(&mut fields, tag::SET, &[]);
    let der = content_info(oid::GM_SIGNED_DATA, Some(&tlv::element(tag::SEQUENCE, &fields)));
    if der.len() > MAX_LENGTH {
        return Err(Error::new(ErrorKind::TooLarge).about("a bundle has less than 16 MiB"));
    }
    Ok(der)
}

/// The certificates of a bundle or message, in the order in which they stand: DER, or PEM with the label `PKCS7` or
/// `CMS`; with the identifiers of GM/T 0010 or those of PKCS#7 (1.2.840.113549.1.7.2). No signature is looked at.
///
/// # Errors
/// `x509.message` when there is none or more than 64; the errors of [`strict::check_up_to`], [`pem::one`] and
/// [`Certificate::from_der`].
pub fn read_certificates(bytes: &[u8]) -> Result<Vec<Certificate>> {
    let der = pem::one(bytes, &PEM_LABELS)?;
    let fields = Outer::read(&der, &[oid::GM_SIGNED_DATA, oid::PKCS7_SIGNED_DATA])?;
    let Some(certificates) = fields.certificates else {
        return Err(message(fields.rest.offset(), "there are no certificates"));
    };
    let found = each_certificate(&certificates)?;
    found.into_iter().map(|c| Certificate::from_der(c.whole).map_err(|e| moved(e, c.offset))).collect()
}

pub(crate) fn signer_info(certificate: &Certificate, signature: &Signature) -> Vec<u8> {
    let mut who = certificate.issuer_der().to_vec();
    tlv::put_unsigned(&mut who, certificate.serial().as_bytes());
    let mut info = Vec::with_capacity(who.len() + 160);
    tlv::put(&mut info, tag::INTEGER, &[1]);
    tlv::put(&mut info, tag::SEQUENCE, &who);
    info.extend_from_slice(SM3);
    info.extend_from_slice(SM2_SIGN);
    tlv::put(&mut info, tag::OCTET_STRING, signature.der());
    tlv::element(tag::SEQUENCE, &info)
}

pub(crate) fn content_info(kind: Oid, content: Option<&[u8]>) -> Vec<u8> {
    let mut info = Vec::with_capacity(content.map_or(0, <[u8]>::len) + 32);
    tlv::put(&mut info, tag::OID, kind.as_bytes());
    if let Some(content) = content {
        tlv::put(&mut info, tag::constructed(0), content);
    }
    tlv::element(tag::SEQUENCE, &info)
}

/// The fields of SignedData that every message has; `rest` stands behind the certificates.
struct Outer<'a> {
    version: &'a [u8],
    version_at: usize,
    digests: Tlv<'a>,
    content_info: Tlv<'a>,
    certificates: Option<Tlv<'a>>,
    rest: Reader<'a>,
}

impl<'a> Outer<'a> {
    fn read(der: &'a [u8], kinds: &[Oid]) -> Result<Self> {
        strict::check_up_to(der, MAX_LENGTH)?;
        Self::fields(der, kinds)
    }

    fn fields(der: &'a [u8], kinds: &[Oid]) -> Result<Self> {
        let mut input = Reader::new(der);
        let mut info = input.expect(tag::SEQUENCE, "it is no SEQUENCE").map_err(refused)?.inside();
        input.finish("octets behind the message").map_err(refused)?;
        let kind = info.expect(tag::OID, "its content type is missing").map_err(refused)?;
        if kinds.iter().all(|k| k.as_bytes() != kind.value) {
            let what = format!("its content type is {} instead of signedData", oid::dotted(kind.value));
            return Err(message(kind.offset, what));
        }
        let explicit = info.expect(tag::constructed(0), "signedData is missing").map_err(refused)?;
        info.finish("octets behind signedData").map_err(refused)?;
        let mut explicit = explicit.inside();
        let mut rest = explicit.expect(tag::SEQUENCE, "signedData is no SEQUENCE").map_err(refused)?.inside();
        explicit.finish("octets behind signedData").map_err(refused)?;
        let version = rest.expect(tag::INTEGER, "its version is missing").map_err(refused)?;
        let digests = rest.expect(tag::SET, "its digest algorithms are missing").map_err(refused)?;
        let content_info = rest.expect(tag::SEQUENCE, "its content is missing").map_err(refused)?;
        let certificates = rest.optional(tag::constructed(0)).map_err(refused)?;
        let version_at = version.offset;
        Ok(Self {
            version: version.unsigned().map_err(refused)?,
            version_at,
            digests,
            content_info,
            certificates,
            rest,
        })
    }

    fn signers(&mut self) -> Result<Tlv<'a>> {
        let signers = self.rest.expect(tag::SET, "its signers are missing").map_err(refused)?;
        self.rest.finish("octets behind the signers").map_err(refused)?;
        Ok(signers)
    }
}

fn content<'a>(info: &Tlv<'a>) -> Result<&'a [u8]> {
    let mut inside = info.inside();
    let kind = inside.expect(tag::OID, "the type of its content is missing").map_err(refused)?;
    if kind.value != oid::GM_DATA.as_bytes() {
        let what = format!("its content is of type {} instead of data", oid::dotted(kind.value));
        return Err(message(kind.offset, what));
    }
    let missing = "the content is not inside the message (a detached signature)";
    let explicit = inside.expect(tag::constructed(0), missing).map_err(refused)?;
    inside.finish("octets behind the content").map_err(refused)?;
    let mut explicit = explicit.inside();
    let octets = explicit.expect(tag::OCTET_STRING, "the content is no OCTET STRING").map_err(refused)?;
    explicit.finish("octets behind the content").map_err(refused)?;
    Ok(octets.value)
}

pub(crate) fn each_certificate<'a>(certificates: &Tlv<'a>) -> Result<Vec<Tlv<'a>>> {
    let mut inside = certificates.inside();
    let mut found = Vec::new();
    while !inside.is_empty() {
        if found.len() == MAX_CERTIFICATES {
            return Err(message(inside.offset(), format!("more than {MAX_CERTIFICATES} certificates")));
        }
        found.push(inside.expect(tag::SEQUENCE, "something else among the certificates").map_err(refused)?);
    }
    if found.is_empty() { Err(message(certificates.offset, "there are no certificates")) } else { Ok(found) }
}

/// One signer without attributes, as [`SignedData`] and its relatives have it.
pub(crate) struct SignerInfo<'a> {
    issuer: Tlv<'a>,
    serial: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    pub(crate) fn read(info: &Tlv<'a>) -> Result<Self> {
        let mut inside = info.inside();
        let version = inside.expect(tag::INTEGER, "the signer's version is missing").map_err(refused)?;
        if version.value != [1] {
            return Err(message(version.offset, "a signer of a version other than 1"));
        }
        let mut who = inside.expect(tag::SEQUENCE, "the signer is not named").map_err(refused)?.inside();
        let issuer = who.expect(tag::SEQUENCE, "the signer's issuer is missing").map_err(refused)?;
        let serial = who.expect(tag::INTEGER, "the signer's serial number is missing").map_err(refused)?;
        who.finish("octets behind the signer's serial number").map_err(refused)?;
        expect_algorithm(&mut inside, &[oid::SM3], "the signer's digest algorithm is not SM3")?;
        if inside.peek() == Some(tag::constructed(0)) {
            return Err(message(
                inside.offset(),
                "authenticated attributes: the signature would not cover the content",
            ));
        }
        let algorithms = [oid::SM2_SIGN, oid::SM2_WITH_SM3];
        expect_algorithm(&mut inside, &algorithms, "the signature algorithm is not SM2")?;
        let signature = inside.expect(tag::OCTET_STRING, "the signature is missing").map_err(refused)?;
        inside.finish("unauthenticated attributes, which nobody signed").map_err(refused)?;
        Ok(Self { issuer, serial: serial.unsigned().map_err(refused)?, signature: signature.value })
    }

    /// The certificate the signer is named by.
    pub(crate) fn certificate(&self, certificates: &Tlv<'_>) -> Result<Certificate> {
        for found in each_certificate(certificates)? {
            let certificate = Certificate::from_der(found.whole).map_err(|e| moved(e, found.offset))?;
            if certificate.issuer_der() == self.issuer.whole && certificate.serial().as_bytes() == self.serial {
                return Ok(certificate);
            }
        }
        Err(message(self.issuer.offset, "the signer's certificate is not among those it brings"))
    }
}

/// Reads an algorithm identifier that must be one of `wanted`, with absent or NULL parameters.
pub(crate) fn expect_algorithm(reader: &mut Reader<'_>, wanted: &[Oid], what: &'static str) -> Result<()> {
    let algorithm = reader.expect(tag::SEQUENCE, what).map_err(refused)?;
    let mut inside = algorithm.inside();
    let kind = inside.expect(tag::OID, what).map_err(refused)?;
    if wanted.iter().all(|w| w.as_bytes() != kind.value) {
        return Err(message(kind.offset, format!("{what} but {}", oid::dotted(kind.value))));
    }
    match inside.optional(tag::NULL).map_err(refused)? {
        Some(null) if !null.value.is_empty() => return Err(message(null.offset, "a NULL with content")),
        _ => {}
    }
    inside.finish("parameters that this algorithm does not have").map_err(refused)
}

/// What the signer did, as a part of a sentence.
pub(crate) const fn mistake(cause: Cause) -> &'static str {
    match cause {
        Cause::EmptyId => "it was made with an empty SM2 ID; sign with the ID 1234567812345678",
        Cause::NoZa => "it was made without ZA; sign SM3(ZA ‖ content)",
        Cause::DoubleHash => "the content was hashed twice; give the signing function the content, not its digest",
        Cause::RawRs => "it is raw r and s; write it as SEQUENCE { r, s }",
    }
}

fn message(offset: usize, what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Message).about(what).at(offset)
}

fn refused(fault: Fault) -> Error {
    message(fault.offset, fault.what)
}

#[cfg(test)]
mod tests;
