//! The two halves of a pair (双证书) together: GB/T 20518 Annex C, GM/T 0015 Annex C.

use super::{Finding, Report, Rule};
use crate::oid;
use crate::time::read_time;
use crate::tlv::{Fault, Reader, Tlv, tag};

/// The bits of keyUsage in its first octet.
const SIGNS: u8 = 0xc0;
const ENCIPHERS: u8 = 0x30;
const AGREES: u8 = 0x08;

/// Holds the two TBSCertificates of a pair against each other, before either is signed: the same issuer, subject and
/// validity; another serial number and another key; the keyUsage of the one for signatures only, and of the other for
/// encryption only.
///
/// What each must keep for itself is for [`super::tbs`]. Offsets are those of the encryption half, but for
/// `lint.pair-signing`.
#[must_use]
pub fn pair(signing: &[u8], encryption: &[u8]) -> Vec<Finding> {
    let mut report = Report::default();
    let halves = Half::read(signing).and_then(|signing| Ok((signing, Half::read(encryption)?)));
    match halves {
        Ok((signing, encryption)) => compare(&signing, &encryption, &mut report),
        Err(fault) => report.fault(Rule::Structure, "one of the halves is no DER TBSCertificate", fault),
    }
    report.findings
}

/// What is compared of one half.
struct Half<'a> {
    serial: Tlv<'a>,
    issuer: Tlv<'a>,
    validity: Tlv<'a>,
    times: (i64, i64),
    subject: Tlv<'a>,
    key: Tlv<'a>,
    /// The first octet of keyUsage, and where the extension stands.
    usage: Option<(u8, usize)>,
}

impl<'a> Half<'a> {
    fn read(tbs: &'a [u8]) -> Result<Self, Fault> {
        let mut r = Reader::new(tbs).expect(tag::SEQUENCE, "the outer SEQUENCE is missing")?.inside();
        r.optional(tag::constructed(0))?;
        let serial = r.expect(tag::INTEGER, "serialNumber is missing")?;
        r.expect(tag::SEQUENCE, "the signature algorithm is missing")?;
        let issuer = r.expect(tag::SEQUENCE, "issuer is missing")?;
        let validity = r.expect(tag::SEQUENCE, "validity is missing")?;
        let mut times = validity.inside();
        let times = (read_time(&times.any()?)?, read_time(&times.any()?)?);
        let subject = r.expect(tag::SEQUENCE, "subject is missing")?;
        let key = r.expect(tag::SEQUENCE, "subjectPublicKeyInfo is missing")?;
        r.optional(tag::context(1))?;
        r.optional(tag::context(2))?;
        let usage = match r.optional(tag::constructed(3))? {
            None => None,
            Some(explicit) => usage(&explicit)?,
        };
        Ok(Self { serial, issuer, validity, times, subject, key, usage })
    }
}

fn usage(explicit: &Tlv<'_>) -> Result<Option<(u8, usize)>, Fault> {
    let mut list = explicit.inside().expect(tag::SEQUENCE, "the list of extensions is missing")?.inside();
    while !list.is_empty() {
        let (id, _, value) = crate::signed::extension(&mut list)?;
        if id.value == oid::KEY_USAGE.as_bytes() {
            let bits = value.inside().expect(tag::BIT_STRING, "a BIT STRING is missing")?;
            return Ok(Some((bits.value.get(1).copied().unwrap_or_default(), id.offset)));
        }
    }
    Ok(None)
}

fn compare(signing: &Half<'_>, encryption: &Half<'_>, report: &mut Report) {
    let mut differ = |rule, one: &Tlv<'_>, same: bool, message: &str| {
        if !same {
            report.at(one.offset, rule, message);
        }
    };
    let (one, other) = (signing, encryption);
    let same = |a: &Tlv<'_>, b: &Tlv<'_>| a.whole == b.whole;
    differ(Rule::PairIssuer, &other.issuer, same(&one.issuer, &other.issuer), "the halves have different issuers");
    differ(Rule::PairSubject, &other.subject, same(&one.subject, &other.subject), "the halves have different subjects");
    differ(Rule::PairValidity, &other.validity, one.times == other.times, "the halves are valid at different times");
    differ(Rule::PairSerial, &other.serial, !same(&one.serial, &other.serial), "the halves have one serial number");
    differ(Rule::PairKey, &other.key, !same(&one.key, &other.key), "the halves have one key");
    match signing.usage {
        Some((bits, _)) if bits & SIGNS != 0 && bits & (ENCIPHERS | AGREES) == 0 => {}
        found => {
            let message = "the keyUsage of the signing half is not digitalSignature, nonRepudiation and nothing for \
                           encryption";
            report.put(Rule::PairSigning, found.map(|(_, at)| at), message);
        }
    }
    match encryption.usage {
        Some((bits, _)) if bits & ENCIPHERS != 0 && bits & SIGNS == 0 => {}
        found => {
            let message = "the keyUsage of the encryption half is not keyEncipherment, dataEncipherment, keyAgreement \
                           and nothing for signatures";
            report.put(Rule::PairEncryption, found.map(|(_, at)| at), message);
        }
    }
}
