//! SignedAndEnvelopedData around a private key, what a key centre returns (GB/T 35275-2017 §11; GM/T 0014 names it
//! retPriKey).
//!
//! ```asn1
//! ContentInfo ::= SEQUENCE { 1.2.156.10197.6.1.4.2.4, [0] EXPLICIT SignedAndEnvelopedData }
//! SignedAndEnvelopedData ::= SEQUENCE {
//!     version               INTEGER (1),
//!     recipientInfos        SET OF RecipientInfo,
//!     digestAlgorithms      SET OF AlgorithmIdentifier,       -- SM3
//!     encryptedContentInfo  SEQUENCE {
//!         contentType                 OBJECT IDENTIFIER,      -- data 1.2.156.10197.6.1.4.2.1
//!         contentEncryptionAlgorithm  AlgorithmIdentifier,    -- SM4 1.2.156.10197.1.104, used as ECB
//!         encryptedContent        [0] IMPLICIT OCTET STRING },
//!     certificates      [0] IMPLICIT SET OF Certificate OPTIONAL,
//!     crls              [1] IMPLICIT SET OF CertificateList OPTIONAL,
//!     signerInfos           SET OF SignerInfo }
//! RecipientInfo ::= SEQUENCE {
//!     version                 INTEGER (1),
//!     issuerAndSerialNumber   SEQUENCE { issuer Name, serialNumber INTEGER },   -- of the encryption certificate
//!     keyEncryptionAlgorithm  AlgorithmIdentifier,            -- SM2 encryption 1.2.156.10197.1.301.3
//!     encryptedKey            OCTET STRING }                  -- an SM2Cipher
//! ```
//!
//! The content are 64 octets, 0…0 ‖ d, without padding. The key centre signs these 64 octets, not their ciphertext: so the
//! signature is what binds d, and it can be checked by the receiver only.

use hufu_model::ident::{Serial, hex};

use super::{Content, Envelope, Finding, Notes, Rule, Signed, enveloped_key};
use crate::certificate::Certificate;
use crate::encrypt::Ciphertext;
use crate::name::Name;
use crate::oid;
use crate::sign::Signature;
use crate::signed_data::{self, SignerInfo, expect_algorithm};
use crate::strict;
use crate::tlv::{self, Reader, Tlv, tag};

/// Reads it with or without its ContentInfo.
pub(super) fn read(der: &[u8], notes: &mut Notes) -> Result<Envelope, Finding> {
    let mut input = Reader::new(der);
    let outer = input.expect(tag::SEQUENCE, "it is no SEQUENCE")?;
    input.finish("octets behind the message")?;
    let mut inside = outer.inside();
    let message = if inside.peek() == Some(tag::OID) {
        inside.any()?;
        let mut explicit = inside.expect(tag::constructed(0), "its content is missing")?.inside();
        inside.finish("octets behind the content")?;
        let message = explicit.expect(tag::SEQUENCE, "its content is no SEQUENCE")?;
        explicit.finish("octets behind the content")?;
        message
    } else {
        notes.note(Finding::new(Rule::NoContentInfo, "SignedAndEnvelopedData stands alone"));
        outer
    };
    let mut fields = message.inside();
    version(&mut fields, "its version", &[&[1]])?;
    let recipients = fields.expect(tag::SET, "its recipients are missing")?;
    let sealed = recipient(&recipients, der, notes)?;
    let mut digests = fields.expect(tag::SET, "its digest algorithms are missing")?.inside();
    expect_algorithm(&mut digests, &[oid::SM3], "the digest algorithm is not SM3")?;
    digests.finish("more than one digest algorithm")?;
    let content = content(&fields.expect(tag::SEQUENCE, "the encrypted content is missing")?, notes)?;
    let signed = signed(&mut fields)?;
    notes.part("signer", signed.certificate.subject_text());
    Ok(Envelope { signed: Some(signed), ..Envelope::new(sealed, content) })
}

fn version<'a>(fields: &mut Reader<'a>, what: &str, wanted: &[&[u8]]) -> Result<Tlv<'a>, Finding> {
    let found = fields.expect(tag::INTEGER, "a version is missing")?;
    if wanted.contains(&found.value) {
        return Ok(found);
    }
    Err(Finding::new(Rule::Form, format!("{what} is {}", hex(found.value))).at(found.offset))
}

/// Reads the only recipient. Its name and number say who it is for and are not relied on: the key decides.
fn recipient(recipients: &Tlv<'_>, whole: &[u8], notes: &mut Notes) -> Result<Ciphertext, Finding> {
    let mut all = recipients.inside();
    let mut fields = all.expect(tag::SEQUENCE, "there is no recipient")?.inside();
    all.finish("more than one recipient")?;
    let number = version(&mut fields, "the version of the recipient", &[&[0], &[1]])?;
    if number.value == [0] {
        notes.note(Finding::new(Rule::Version, "0 instead of 1").at(number.offset));
    }
    let mut who = fields.expect(tag::SEQUENCE, "the recipient is not named")?.inside();
    let name = who.any()?;
    match (name.tag, name.value) {
        (tag::SEQUENCE, []) => strict::check(whole)?,
        (tag::SEQUENCE, _) => {
            strict::check(whole)?;
            let text = Name::display_der(name.whole)?;
            notes.part("recipient-issuer", text);
        }
        (0, []) => {
            // Everything else must be DER all the same.
            let mut mended = whole.to_vec();
            if let Some(place) = mended.get_mut(name.offset) {
                *place = tag::SEQUENCE;
            }
            strict::check(&mended)?;
            notes.note(Finding::new(Rule::EmptyName, "00 00").at(name.offset));
        }
        _ => return Err(Finding::new(Rule::Form, "the recipient's issuer is no name").at(name.offset)),
    }
    let serial = who.expect(tag::INTEGER, "the recipient's serial number is missing")?;
    who.finish("octets behind the recipient's serial number")?;
    notes.part("recipient-serial", hex(serial.unsigned()?));
    expect_algorithm(&mut fields, &[oid::SM2_ENCRYPT], "the key is not encrypted with SM2")?;
    let key = fields.expect(tag::OCTET_STRING, "the encrypted symmetric key is missing")?;
    fields.finish("octets behind the encrypted symmetric key")?;
    let start = key.offset + key.whole.len() - key.value.len();
    let mended;
    let (cipher, start) = match key.value {
        [0x30, 0x81, length @ 0..0x80, fields @ ..] => {
            notes.note(Finding::new(Rule::LongLength, "the symmetric key").at(start));
            mended = [&[tag::SEQUENCE, *length], fields].concat();
            (&mended[..], start + 1)
        }
        minimal => (minimal, start),
    };
    strict::check(cipher).map_err(|e| Finding::from_error(Rule::Cipher, &e).at(key.offset))?;
    let cipher = Reader::at(cipher, start).expect(tag::SEQUENCE, "the symmetric key is no SM2Cipher")?;
    enveloped_key::symmetric_key(&cipher, notes)
}

fn content(info: &Tlv<'_>, notes: &mut Notes) -> Result<Content, Finding> {
    let mut inside = info.inside();
    let kind = inside.expect(tag::OID, "the type of the content is missing")?;
    if kind.value != oid::GM_DATA.as_bytes() {
        let what = format!("the content is of type {} instead of data", oid::dotted(kind.value));
        return Err(Finding::new(Rule::Form, what).at(kind.offset));
    }
    enveloped_key::sm4(&inside.expect(tag::SEQUENCE, "the algorithm of the content is missing")?, notes)?;
    let octets = inside.expect(tag::context(0), "the encrypted content is missing")?;
    inside.finish("octets behind the encrypted content, such as shared information")?;
    notes.part("encrypted-key", hex(octets.value));
    match octets.value.len() {
        64 => Ok(Content::Padded(octets.value.to_vec())),
        32 => {
            notes.note(Finding::new(Rule::BareKey, "32 octets").at(octets.offset));
            Ok(Content::Bare(octets.value.to_vec()))
        }
        length => {
            let what = format!("the encrypted private key has {length} octets instead of 64");
            Err(Finding::new(Rule::Length, what).at(octets.offset))
        }
    }
}

fn signed(fields: &mut Reader<'_>) -> Result<Signed, Finding> {
    let certificates = fields.expect(tag::constructed(0), "the certificate of the key centre is missing")?;
    let mut signers = fields.expect(tag::SET, "there is no signer")?.inside();
    fields.finish("octets behind the signers")?;
    let signer = signers.expect(tag::SEQUENCE, "there is no signer")?;
    signers.finish("more than one signer")?;
    let read = SignerInfo::read(&signer).and_then(|s| Ok((s.certificate(&certificates)?, s.signature.to_vec())));
    let (certificate, signature) = read?;
    Ok(Signed { certificate, signature })
}

/// The message of a sealed key, signed.
pub(super) fn write(
    (issuer_der, serial): (&[u8], &Serial),
    (sealed, encrypted): (&Ciphertext, &[u8]),
    (certificate, signature): (&Certificate, &Signature),
) -> Vec<u8> {
    let mut who = issuer_der.to_vec();
    tlv::put_unsigned(&mut who, serial.as_bytes());
    let algorithm = |oid: oid::Oid| tlv::element(tag::SEQUENCE, &tlv::element(tag::OID, oid.as_bytes()));
    let mut message = Vec::with_capacity(1024);
    tlv::nest(&mut message, tag::SEQUENCE, |out| {
        tlv::put(out, tag::INTEGER, &[1]);
        tlv::nest(out, tag::SET, |out| {
            tlv::nest(out, tag::SEQUENCE, |out| {
                tlv::put(out, tag::INTEGER, &[1]);
                tlv::put(out, tag::SEQUENCE, &who);
                out.extend_from_slice(&algorithm(oid::SM2_ENCRYPT));
                tlv::put(out, tag::OCTET_STRING, &sealed.to_der());
            });
        });
        tlv::put(out, tag::SET, signed_data::SM3);
        tlv::nest(out, tag::SEQUENCE, |out| {
            tlv::put(out, tag::OID, oid::GM_DATA.as_bytes());
            out.extend_from_slice(&algorithm(oid::SM4));
            tlv::put(out, tag::context(0), encrypted);
        });
        tlv::put(out, tag::constructed(0), certificate.der());
        tlv::put(out, tag::SET, &signed_data::signer_info(certificate, signature));
    });
    signed_data::content_info(oid::GM_SIGNED_AND_ENVELOPED_DATA, Some(&message))
}
