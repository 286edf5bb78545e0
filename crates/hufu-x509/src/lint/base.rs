//! The base fields: GB/T 20518-2018 §5.2.3, RFC 5280 §4.1.2.

use hufu_model::ident::hex;
use hufu_model::profile::ProfileClass;

use super::{LintContext, Report, Rule, extension, name};
use crate::signed::is_sm2_with_sm3;
use crate::time::{FIRST_GENERALIZED, read_time};
use crate::tlv::{Fault, Reader, Tlv, tag};

/// Our serial numbers: the instance, 48 bits of time, 96 random bits.
const SERIAL_OCTETS: usize = 19;

pub(super) fn lint(tbs: &[u8], context: &LintContext<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut input = Reader::new(tbs);
    let mut r = input.expect(tag::SEQUENCE, "the outer SEQUENCE is missing")?.inside();
    input.finish("octets behind it")?;

    match r.optional(tag::constructed(0))? {
        Some(version) if version.value == [tag::INTEGER, 1, 2] => {}
        _ => report.add(Rule::Version, "the version is not 3, which extensions need"),
    }
    serial(&r.expect(tag::INTEGER, "serialNumber is missing")?, report);
    algorithm(&r.expect(tag::SEQUENCE, "the signature algorithm is missing")?, report);
    let issuer = r.expect(tag::SEQUENCE, "issuer is missing")?;
    if issuer.whole != context.issuer_der {
        report.at(issuer.offset, Rule::Issuer, "the issuer is not, octet for octet, the subject of the issuing CA");
    }
    let period = r.expect(tag::SEQUENCE, "validity is missing")?;
    let read = validity(&period, context, report);
    report.part(Rule::ValidityForm, "validity", read);
    let subject = r.expect(tag::SEQUENCE, "subject is missing")?;
    name::lint(&subject, context, report);
    keys(&r.expect(tag::SEQUENCE, "subjectPublicKeyInfo is missing")?, context, report);
    for unique in [1, 2] {
        if r.optional(tag::context(unique))?.is_some() {
            report.add(Rule::UniqueId, "a unique identifier, which a CA shall not write (GB/T 20518 §5.2.3.8)");
        }
    }
    extension::lint(r.optional(tag::constructed(3))?.as_ref(), context, report)?;
    r.finish("a field that tbsCertificate does not have")
}

fn serial(serial: &Tlv<'_>, report: &mut Report) {
    match number(serial, report) {
        Some([1..=0x7f, rest @ ..]) if rest.len() + 1 == SERIAL_OCTETS => {}
        None => {}
        Some(magnitude) => {
            let magnitude = hex(magnitude);
            let message = format!(
                "the serial number {magnitude} is not made by this authority: {SERIAL_OCTETS} octets, the first 01 to 7f"
            );
            report.at(serial.offset, Rule::SerialLayout, message);
        }
    }
}

/// The magnitude of a serial number that every standard allows.
pub(super) fn number<'a>(serial: &Tlv<'a>, report: &mut Report) -> Option<&'a [u8]> {
    match serial.unsigned() {
        Err(fault) => report.at(serial.offset, Rule::SerialForm, format!("the serial number is {}", fault.what)),
        Ok([0]) => report.at(serial.offset, Rule::SerialZero, "the serial number is zero"),
        // A leading zero octet that keeps the number positive counts (RFC 5280 §4.1.2.2).
        Ok(_) if serial.value.len() > 20 => {
            let message = format!("the serial number has {} octets, more than 20", serial.value.len());
            report.at(serial.offset, Rule::SerialLength, message);
        }
        Ok(magnitude) => return Some(magnitude),
    }
    None
}

/// SM2-with-SM3, as this authority writes it.
pub(super) fn algorithm(algorithm: &Tlv<'_>, report: &mut Report) {
    if !is_sm2_with_sm3(algorithm.whole) {
        report.at(algorithm.offset, Rule::Algorithm, "the signature algorithm is not SM2-with-SM3");
    } else if algorithm.value.ends_with(&[tag::NULL, 0]) {
        let message = "the signature algorithm has NULL parameters; they are absent (GB/T 20518 §5.2.2)";
        report.at(algorithm.offset, Rule::AlgorithmParameters, message);
    }
}

fn validity(period: &Tlv<'_>, context: &LintContext<'_>, report: &mut Report) -> Result<(), Fault> {
    let mut times = period.inside();
    let (first, last) = (times.any()?, times.any()?);
    times.finish("a field that it does not have")?;
    let (not_before, not_after) = (time(&first, report)?, time(&last, report)?);
    if not_after < not_before {
        report.at(period.offset, Rule::ValidityOrder, "the validity ends before it begins");
    }
    // Both ends belong to the period.
    let max = i64::from(context.profile.max_days) * 86_400;
    if not_after.saturating_sub(not_before).saturating_add(1) > max {
        let message = format!(
            "the validity is longer than the {} days that the profile {} allows",
            context.profile.max_days, context.profile.id
        );
        report.at(period.offset, Rule::ValidityLength, message);
    }
    Ok(())
}

/// Reads a time of a certificate or list, and looks at the choice of its type.
pub(super) fn time(time: &Tlv<'_>, report: &mut Report) -> Result<i64, Fault> {
    let seconds = read_time(time)?;
    // UTCTime cannot say a year after 2049 at all.
    if time.tag == tag::GENERALIZED_TIME && seconds < FIRST_GENERALIZED {
        let message = "a time before 2050 is written as GeneralizedTime instead of UTCTime";
        report.at(time.offset, Rule::ValidityType, message);
    }
    Ok(seconds)
}

fn keys(spki: &Tlv<'_>, context: &LintContext<'_>, report: &mut Report) {
    if spki.whole != context.subject_key.spki_der() {
        report.at(spki.offset, Rule::Key, "the public key is not the one that was applied for");
    }
    match (context.profile.class, context.subject_key == context.issuer_key) {
        (ProfileClass::Root, false) => report.add(Rule::KeyNotSelfSigned, "a root is signed with its own key"),
        (ProfileClass::IssuingCa | ProfileClass::EndEntity, true) => {
            report.add(Rule::KeyOfIssuer, "the public key is the issuing CA's own");
        }
        _ => {}
    }
}
