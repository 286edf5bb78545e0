//! The form of China Financial Certification Authority (CFCA, 中国金融认证中心): no standard describes it.
//!
//! ```text
//! EncryptedKey ::= SEQUENCE {
//!   version       INTEGER (1),
//!   encryptedKey  OCTET STRING }   -- C1 (64 octets, without 04) ‖ C3 ‖ C2; the text is X ‖ Y ‖ d, 96 octets
//! ```
//!
//! There is no symmetric cipher: SM2 encrypts the key pair itself, to the temporary key (tmpPublicKey) of the request. It
//! travels as base64, which may be cut with commas and may have a head: 64 digits, and the length of the base64 in 16
//! decimal digits. SADK before 3.2 wrote C1 ‖ C2 ‖ C3.

use super::{Content, Envelope, Finding, Notes, Rule};
use crate::encrypt::Ciphertext;
use crate::tlv::{self, Reader, tag};
use crate::{pem, strict};

/// The first 64 characters of the head.
pub(super) const HEAD: &[u8] = b"0000000000000001000000000000000100000000000000000000000000000000";
/// Behind it, how many characters follow.
const COUNT: usize = 16;

/// C1 without 04, C3, and X ‖ Y ‖ d.
const LENGTH: usize = 64 + 32 + 96;

/// What follows the head, which must be as long as it says.
pub(super) fn counted(rest: &[u8]) -> Result<&[u8], Finding> {
    let (count, text) =
        rest.split_first_chunk::<COUNT>().ok_or_else(|| Finding::new(Rule::Form, "the head is cut off"))?;
    let wanted = count.iter().try_fold(0usize, |n, c| c.is_ascii_digit().then(|| n * 10 + usize::from(c - b'0')));
    if wanted == Some(text.len()) {
        return Ok(text);
    }
    let said = String::from_utf8_lossy(count);
    Err(Finding::new(Rule::Form, format!("the head announces {said:?} characters, and {} follow", text.len())))
}

pub(super) fn read(der: &[u8], notes: &mut Notes) -> Result<Envelope, Finding> {
    strict::check(der)?;
    let mut input = Reader::new(der);
    let mut fields = input.expect(tag::SEQUENCE, "it is no SEQUENCE")?.inside();
    let version = fields.expect(tag::INTEGER, "its version is missing")?;
    if version.value != [1] {
        return Err(Finding::new(Rule::Form, "a version other than 1").at(version.offset));
    }
    let octets = fields.expect(tag::OCTET_STRING, "the encrypted key is missing")?;
    fields.finish("octets behind the encrypted key")?;
    if octets.value.len() != LENGTH {
        let what = format!("the encrypted key has {} octets instead of {LENGTH}", octets.value.len());
        return Err(Finding::new(Rule::Length, what).at(octets.offset));
    }
    let sealed = Ciphertext::from_c1c3c2(&[&[0x04], octets.value].concat());
    let sealed = sealed.map_err(|e| Finding::from_error(Rule::Cipher, &e).at(octets.offset))?;
    notes.part("algorithm", "SM2");
    Ok(Envelope::new(sealed, Content::Pair))
}

/// The same octets in the order of the drafts before 2012.
pub(super) fn in_old_order(sealed: &Ciphertext) -> Option<Ciphertext> {
    Ciphertext::from_c1c2c3(&sealed.to_c1c3c2()).ok()
}

/// The text of a sealed key pair, with its head.
pub(super) fn write(sealed: &Ciphertext) -> Vec<u8> {
    let mut der = Vec::with_capacity(LENGTH + 12);
    tlv::nest(&mut der, tag::SEQUENCE, |out| {
        tlv::put(out, tag::INTEGER, &[1]);
        tlv::put(out, tag::OCTET_STRING, sealed.to_c1c3c2().get(1..).unwrap_or_default());
    });
    let text = pem::base64(&der);
    let mut out = HEAD.to_vec();
    out.extend_from_slice(format!("{:0COUNT$}", text.len()).as_bytes());
    out.extend_from_slice(text.as_bytes());
    out
}
