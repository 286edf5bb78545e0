//! Samples for inspection by hand: which of an office's certificates an auditor takes out of the drawer. The office cannot
//! know it when it issues them, and nobody can choose afterwards.
//!
//! The seed is the SM3 of the first checkpoint that was signed after the period had ended, as it was signed: it covers
//! every event of the period and of the time after it, and its signature is made with the CA's ledger key from random
//! numbers. A certificate is drawn by the SM3 over seed and serial number; those with the smallest are the sample. Anybody
//! with the checkpoint and the list of serial numbers draws the same one.

use hufu_model::certificate::CertificateRow;
use hufu_model::ident::{Digest, OrgId, Serial, hex};
use hufu_model::time::{Day, Instant};
use hufu_x509::digest::sm3;

use crate::authority::Authority;
use crate::error::{ErrorKind, Result};
use crate::report::masked_subject;

/// What is drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleOf {
    /// The office, with everything below it as the tree stands.
    pub org: OrgId,
    /// The first day of the period in which it was issued; that of the last month that is over otherwise.
    pub from: Option<Day>,
    /// The first day after the period; that of this month otherwise.
    pub to: Option<Day>,
    /// Of a hundred, how many: at least 1, at most 100. A part of one counts as one.
    pub percent: u8,
}

/// A sample, and what it takes to draw it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The office.
    pub org: OrgId,
    /// The period.
    pub period: (Day, Day),
    /// Of a hundred, how many.
    pub percent: u8,
    /// How many there were to draw from, in pairs.
    pub population: usize,
    /// How many events the checkpoint covers; certificates recorded later are not drawn from.
    pub size: u64,
    /// When the checkpoint was made.
    pub at: Instant,
    /// The root that it names.
    pub root: String,
    /// SM3 of the signed checkpoint.
    pub seed: Digest,
    /// The certificates, in the order in which they were drawn. Names of persons in their subjects are masked.
    pub certificates: Vec<CertificateRow>,
}

impl Authority {
    /// Draws a sample of what an office issued in a period that is over.
    ///
    /// # Errors
    /// [`ErrorKind::Tree`] for an unknown office; [`ErrorKind::Period`]; [`ErrorKind::NoSeed`] when no checkpoint was made
    /// since the period ended; database errors.
    pub fn sample(&self, of: &SampleOf) -> Result<Sample> {
        let this_month = self.now().day().first_of_month();
        let to = of.to.unwrap_or(this_month);
        let from = of.from.unwrap_or_else(|| to.plus_days(-1).first_of_month());
        if from >= to {
            return Err(ErrorKind::Period { from, to }.into());
        }
        let percent = of.percent.clamp(1, 100);
        let [first, end] = [from, to].map(|day| day.first_instant().unix_seconds());
        self.read(|r| {
            r.org_tree()?.get(&of.org)?;
            let checkpoint = r.first_checkpoint_from(end)?.ok_or(ErrorKind::NoSeed { to })?;
            let seed = sm3(&checkpoint.signed);
            let serials = r.issued_serials(&r.subtree_ids(&of.org)?, first, end, checkpoint.size)?;
            let population = serials.len();
            let count = (population * usize::from(percent)).div_ceil(100);
            let drawn = draw(&seed, serials, count);
            let mut certificates = Vec::with_capacity(drawn.len());
            for serial in drawn {
                let row = r.certificate(&serial)?.ok_or(ErrorKind::UnknownCertificate(serial))?;
                certificates.push(CertificateRow { subject: masked_subject(&row.subject), ..row });
            }
            Ok(Sample {
                org: of.org.clone(),
                period: (from, to),
                percent,
                population,
                size: checkpoint.size,
                at: Instant::from_unix_seconds(checkpoint.at),
                root: hex(&checkpoint.root),
                seed,
                certificates,
            })
        })
    }
}

/// The serial numbers whose SM3 behind the seed is smallest, smallest first.
fn draw(seed: &Digest, serials: Vec<Serial>, count: usize) -> Vec<Serial> {
    let key = |serial: &Serial| sm3(&[&seed.0, serial.as_bytes()].concat()).0;
    let mut keyed: Vec<([u8; 32], Serial)> = serials.into_iter().map(|serial| (key(&serial), serial)).collect();
    keyed.sort_unstable_by_key(|(key, _)| *key);
    keyed.truncate(count);
    keyed.into_iter().map(|(_, serial)| serial).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn another_seed_draws_others_and_the_same_seed_the_same() {
        let serials: Vec<Serial> = (0x101..=0x1c8_u64).map(|n| format!("{n:04x}").parse().unwrap()).collect();
        let of = |seed: &[u8], count| draw(&sm3(seed), serials.clone(), count);
        assert_eq!(of(b"a", 6), of(b"a", 6));
        assert_ne!(of(b"a", 6), of(b"b", 6));
        // A larger sample has the smaller one in it; where they stood in the list does not matter.
        assert_eq!(of(b"a", 12)[..6], of(b"a", 6)[..]);
        let mut turned = serials.clone();
        turned.reverse();
        assert_eq!(draw(&sm3(b"a"), turned, 6), of(b"a", 6));
        assert_eq!(of(b"a", 500).len(), 200);
    }
}
