//! Answers signed ahead: for a whole CA, in chunks, on all cores. They are given to questions without a nonce, and end with
//! any change of the certificate's status, in the transaction of that change.

use rayon::prelude::*;

use hufu_model::ident::Serial;
use hufu_store::Presigned;
use hufu_x509::ocsp::Hash;

use crate::authority::Authority;
use crate::error::{ErrorKind, Result};
use crate::respond::{self, Answering, Responder, Standing, ledger_time};

/// Certificates looked at in one snapshot and stored in one transaction.
const CHUNK: u32 = 2000;

/// What is signed ahead.
#[derive(Debug, Clone)]
pub struct Presigning {
    /// For how long an answer holds, in seconds: 8 hours to 10 days.
    pub life: i64,
    /// An answer that holds for longer than this many seconds is kept as it is.
    pub renew_before: i64,
    /// The digests that name the issuer in the questions that are answered so. Clients that do not say otherwise use
    /// SHA-1.
    pub hashes: Vec<Hash>,
}

impl Default for Presigning {
    fn default() -> Self {
        Self { life: 24 * 3600, renew_before: 12 * 3600, hashes: vec![Hash::Sha1] }
    }
}

/// What was signed ahead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PresignedCount {
    /// Answers that were looked for: certificates that are not expired, for each digest.
    pub looked_at: u64,
    /// Answers that still hold for long enough.
    pub kept: u64,
    /// Answers signed and stored.
    pub signed: u64,
    /// Answers signed and not stored: the status changed meanwhile.
    pub overtaken: u64,
    /// Answers removed: they ended.
    pub removed: u64,
}

impl Authority {
    /// Signs answers ahead for every certificate of the responder's CAs that is not expired and has none that holds for
    /// long enough. `progress` is told how many were looked at. A run that was interrupted has lost nothing: the next
    /// one goes on.
    ///
    /// # Errors
    /// [`ErrorKind::AnswerLife`], [`ErrorKind::ResponderExpired`], [`ErrorKind::ResponderClock`]; database errors.
    pub fn presign(
        &self,
        responder: &Responder,
        what: &Presigning,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<PresignedCount> {
        respond::life(what.life)?;
        if !(0..what.life).contains(&what.renew_before) {
            return Err(ErrorKind::AnswerLife(what.renew_before).into());
        }
        let mut count = PresignedCount::default();
        for ca in responder.cas() {
            for hash in &what.hashes {
                self.presign_one(ca, *hash, what, &mut count, progress)?;
            }
        }
        count.removed = self.store().drop_presigned(self.now().unix_seconds())? as u64;
        Ok(count)
    }

    fn presign_one(
        &self,
        ca: &Answering,
        hash: Hash,
        what: &Presigning,
        count: &mut PresignedCount,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        let last = [&[ca.instance][..], &[0xff; 19]].concat();
        let mut after = vec![ca.instance];
        loop {
            let (at, page) = self.read(|r| -> Result<_> {
                let at = ledger_time(r, self.now())?;
                ca.valid(at)?;
                let due = r.presign_due((&after, &last), hash.code(), ca.certificate.serial(), at, CHUNK)?;
                let page: Vec<(Serial, Option<Standing>)> = due
                    .into_iter()
                    .map(|due| {
                        let fresh = due.next_update.is_some_and(|until| until - at > what.renew_before);
                        let standing = if fresh { None } else { Some(ca.standing(r, &due.serial)?) };
                        Ok((due.serial, standing))
                    })
                    .collect::<Result<_>>()?;
                Ok((at, page))
            })?;
            let Some((serial, _)) = page.last() else { return Ok(()) };
            after = serial.as_bytes().to_vec();
            let until = ca.until(at, what.life);
            let signed = page
                .par_iter()
                .filter_map(|(serial, standing)| standing.as_ref().map(|standing| (serial, standing)))
                .map(|(serial, standing)| {
                    let id = ca.issuer.cert_id(hash, serial);
                    let answer = standing.answer(&id, at, until);
                    let (tbs, signature) = ca.sign(&[answer], at, None, self.entropy.array()?)?;
                    Ok(Presigned {
                        serial: serial.clone(),
                        hash: hash.code(),
                        seq: standing.seq,
                        responder: ca.certificate.serial().clone(),
                        this_update: at,
                        next_update: until,
                        tbs,
                        signature: signature.der().to_vec(),
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            hufu_store::fault!("f31");
            let stored = if signed.is_empty() { 0 } else { self.store().put_presigned(&signed)? as u64 };
            count.looked_at += page.len() as u64;
            count.kept += (page.len() - signed.len()) as u64;
            count.signed += stored;
            count.overtaken += signed.len() as u64 - stored;
            progress(count.looked_at);
        }
    }
}
