//! I4: of every pair both halves are there, they belong together, and the key was escrowed before its certificate was
//! begun.

use hufu_kmc::Kmc;
use hufu_model::certificate::CertificateRow;
use hufu_model::ident::{Serial, hex};
use hufu_model::profile::KeyUsage;
use hufu_store::vault::Vault;
use hufu_store::{Mode, PairIntentRow, PairRow, Reader, pages};
use hufu_x509::certificate::Certificate;
use hufu_x509::envelope;

use super::{AuditReport, PAGE, Progress, TOLERANCE};
use crate::error::Result;
use crate::home::Home;

/// Goes through every pair on record. That no half stands alone is seen from its certificate and its request.
pub(super) fn audit(r: &Reader<'_>, home: &Home, progress: &dyn Fn(Progress), report: &mut AuditReport) -> Result<()> {
    if r.pairs(None, 1)?.is_empty() {
        return Ok(());
    }
    let centre = open(home);
    if let Err(e) = &centre {
        report.find("I4", "key centre", format!("its vault cannot be looked at: {e}"));
    }
    let mut done = 0;
    for page in pages(|after| r.pairs(after.as_ref(), PAGE), |pair| pair.signing.clone()) {
        for pair in &page? {
            done += 1;
            if let Some(fault) = fault(r, pair, centre.as_ref().ok())? {
                report.find("I4", pair.signing.to_string(), fault);
            }
        }
        progress(Progress { what: "pairs", done, of: 0 });
    }
    Ok(())
}

/// The vault, for looking only.
fn open(home: &Home) -> Result<Kmc> {
    Ok(Kmc::open(Vault::open(&home.vault(), Mode::ReadOnly)?)?)
}

/// What is wrong with a pair.
fn fault(r: &Reader<'_>, pair: &PairRow, centre: Option<&Kmc>) -> Result<Option<&'static str>> {
    let (signing, encryption) = (half(r, &pair.signing)?, half(r, &pair.encryption)?);
    let (Some(signing), Some(encryption)) = (signing, encryption) else {
        return Ok(Some("one of its certificates is missing"));
    };
    if !alike(&signing.0, &encryption.0) {
        return Ok(Some("its halves differ in holder, subject, validity or status"));
    }
    let intent = signing.0.request.as_ref().map(|id| r.pair_intent(id)).transpose()?.flatten();
    let Some(intent) = intent.filter(|intent| intent.serial == pair.encryption) else {
        return Ok(Some("no intent was committed for its encryption half"));
    };
    if !complementary(&signing.1, &encryption.1) {
        return Ok(Some("its halves are not one for signing and one for encryption"));
    }
    let key = encryption.1.public_key()?;
    if key.spki_digest() != intent.spki {
        return Ok(Some("its encryption certificate has another key than its intent"));
    }
    let point = hex(key.point());
    let envelope = r.envelope(&pair.encryption)?.map(|envelope| envelope::inspect(&envelope));
    if !envelope.is_some_and(|seen| seen.parts.iter().any(|part| part.name == "public-key" && part.value == point)) {
        return Ok(Some("its envelope is missing or holds another key"));
    }
    match centre {
        Some(kmc) => escrowed(r, kmc, &intent),
        None => Ok(None),
    }
}

/// The key is in the vault, bound to the certificate, since a moment before its intent.
fn escrowed(r: &Reader<'_>, kmc: &Kmc, half: &PairIntentRow) -> Result<Option<&'static str>> {
    let bound = kmc.vault().read(|v| v.binding(&half.serial))?;
    let Some(bound) = bound.filter(|bound| bound.key == half.escrow) else {
        return Ok(Some("the key centre has no such key for its encryption half"));
    };
    let known = kmc.key_of_serial(&half.serial)?;
    if known.is_none_or(|key| key.public.spki_digest() != half.spki) {
        return Ok(Some("the key centre has another key for its encryption half"));
    }
    let begun = r.intent(&half.request)?.map_or(i64::MIN, |intent| intent.at);
    let late = bound.at > begun && bound.at.abs_diff(begun) > TOLERANCE;
    Ok(late.then_some("its key was escrowed after its certificate was begun"))
}

fn half(r: &Reader<'_>, serial: &Serial) -> Result<Option<(CertificateRow, Certificate)>> {
    let (Some(row), Some(der)) = (r.certificate(serial)?, r.certificate_der(serial)?) else { return Ok(None) };
    Ok(Certificate::from_der(&der).ok().map(|certificate| (row, certificate)))
}

/// Whether two rows say the same, but for what is each half's own: serial number, profile and predecessor.
fn alike(signing: &CertificateRow, encryption: &CertificateRow) -> bool {
    let (serial, profile) = (signing.serial.clone(), signing.profile.clone());
    let predecessor = signing.predecessor.clone();
    *signing == CertificateRow { serial, profile, predecessor, ..encryption.clone() }
}

/// GB/T 20518 Tables C.3 and C.4: one half signs, the other encrypts, and neither does what the other does.
fn complementary(signing: &Certificate, encryption: &Certificate) -> bool {
    let signs = |usage: &KeyUsage| matches!(usage, KeyUsage::DigitalSignature | KeyUsage::NonRepudiation);
    let usages = |certificate: &Certificate| certificate.key_usage().ok().flatten().map(|bits| bits.usages());
    let (Some(signing), Some(encryption)) = (usages(signing), usages(encryption)) else { return false };
    !signing.is_empty() && signing.iter().all(signs) && !encryption.is_empty() && !encryption.iter().any(signs)
}
