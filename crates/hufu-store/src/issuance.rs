//! From an approved request to a stored certificate, in two transactions with the signature between them.
//!
//! The values here are witnesses: an [`Approval`] exists only because an approved request was read from the database,
//! an [`Intent`] only because an intent was committed. Nobody can make one, copy one, or use one twice.

use hufu_model::certificate::{Algorithm, CertificateRow, CertificateStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, EscrowId, OperatorId, ProfileId, RequestId, Serial};
use hufu_model::request::RequestStatus;
use hufu_model::time::{Instant, Validity};

use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::rows::{IntentRow, PairIntentRow, RequestRow};
use crate::store::Store;
use crate::write::{EventWriter, Write, stored_der};

/// How far a validity may begin from the ledger time of its intent, in seconds.
const BEGIN_TOLERANCE: i64 = 5;

/// A request that was approved, as it was read from the database.
#[must_use = "an approval is for issuing one certificate"]
#[derive(Debug)]
pub struct Approval {
    row: RequestRow,
    record: Vec<u8>,
    csr: Vec<u8>,
}

impl Approval {
    /// The request's row.
    #[must_use]
    pub fn row(&self) -> &RequestRow {
        &self.row
    }

    /// The DER record the entry operator signed.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.record
    }

    /// The CSR in DER.
    #[must_use]
    pub fn csr(&self) -> &[u8] {
        &self.csr
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.row.id
    }
}

/// What is about to be signed, to be committed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// The serial number.
    pub serial: Serial,
    /// The validity.
    pub validity: Validity,
    /// SM3 of the TBSCertificate.
    pub tbs_digest: Digest,
    /// The encryption half, when a pair is about to be signed. It has the same validity.
    pub encryption: Option<NewHalf>,
}

/// The encryption half of a pair that is about to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHalf {
    /// Its serial number.
    pub serial: Serial,
    /// Its profile.
    pub profile: ProfileId,
    /// SM3 of that profile's text.
    pub profile_digest: Digest,
    /// Its key in the key centre's vault.
    pub escrow: EscrowId,
    /// SM3 of its SubjectPublicKeyInfo.
    pub spki: Digest,
    /// SM3 of its TBSCertificate.
    pub tbs_digest: Digest,
}

/// An intent that was committed: these bytes, and no others, may be signed for this request.
#[must_use = "a committed intent is completed, now or after a restart"]
#[derive(Debug)]
pub struct Intent {
    approval: Approval,
    row: IntentRow,
    /// On the heap: most intents are for single certificates.
    encryption: Option<Box<PairIntentRow>>,
}

impl Intent {
    /// The approval it came from.
    pub fn approval(&self) -> &Approval {
        &self.approval
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.row.serial
    }

    /// The validity.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.row.validity
    }

    /// SM3 of the TBSCertificate.
    #[must_use]
    pub fn tbs_digest(&self) -> Digest {
        self.row.tbs_digest
    }

    /// The encryption half, when it is for a pair.
    #[must_use]
    pub fn encryption(&self) -> Option<&PairIntentRow> {
        self.encryption.as_deref()
    }
}

/// What was signed for an intent.
#[derive(Debug, PartialEq, Eq)]
pub struct SignedBytes {
    /// The DER of the certificate, or of the signing half.
    pub der: Vec<u8>,
    /// The other half of a pair.
    pub encryption: Option<Delivered>,
}

impl From<Vec<u8>> for SignedBytes {
    /// A single certificate.
    fn from(der: Vec<u8>) -> Self {
        Self { der, encryption: None }
    }
}

/// The encryption half of a pair as it is handed out.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The DER of the certificate.
    pub der: Vec<u8>,
    /// The envelope with its private key (SM2EnvelopedKey, GM/T 0009).
    pub envelope: Vec<u8>,
}

/// A certificate that is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct Issued {
    /// The request it answers.
    pub request: RequestId,
    /// Its serial number.
    pub serial: Serial,
    /// Its DER, as stored.
    pub der: Vec<u8>,
    /// The encryption half, when it is a pair.
    pub encryption: Option<IssuedHalf>,
}

/// The encryption half of a pair that is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct IssuedHalf {
    /// Its serial number.
    pub serial: Serial,
    /// Its DER, as stored.
    pub der: Vec<u8>,
    /// The envelope, as stored.
    pub envelope: Vec<u8>,
}

/// How far a request has come on its way to a certificate.
#[derive(Debug)]
pub enum Candidate {
    /// Approved; nothing was begun.
    Approved(Approval),
    /// An intent is committed and no certificate is stored: the process ended in between, or another one is at it.
    Begun(Intent),
    /// The certificate is stored.
    Issued(Issued),
}

impl Store {
    /// How far each of these requests has come, in one snapshot; a result for each.
    ///
    /// # Errors
    /// Database errors. For one request: [`ErrorKind::NotFound`], [`ErrorKind::RequestState`] when it is not approved.
    pub fn candidates(&self, requests: &[RequestId]) -> Result<Vec<Result<Candidate>>> {
        self.read(|r| {
            let mut found = Vec::with_capacity(requests.len());
            for id in requests {
                found.push(match candidate(r, id) {
                    Err(e) if !matches!(e.kind(), ErrorKind::NotFound { .. } | ErrorKind::RequestState { .. }) => {
                        return Err(e);
                    }
                    one => one,
                });
            }
            Ok(found)
        })
    }

    /// Starts a signer: every one started before may write no more. Returns its epoch.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn start_signer(&self, now: Instant, operator: &OperatorId) -> Result<u64> {
        self.write(now, |w| {
            let epoch = w.epoch()? + 1;
            let mut event = w.event(EventKind::SignerStart, Some(operator), &epoch.to_string());
            event.put_signer(epoch, operator)?;
            event.close()?;
            Ok(epoch)
        })
    }

    /// Commits what is about to be signed, all of it or nothing: one event, the requests become *signing*.
    ///
    /// # Errors
    /// [`ErrorKind::Fenced`]; [`ErrorKind::RequestState`] when a request is no longer approved, or was given twice;
    /// [`ErrorKind::Duplicate`] for a serial number that was used; [`ErrorKind::ClockBack`] for a validity that begins
    /// more than 5 seconds away from ledger time; as [`Store::write`].
    pub fn begin(
        &self,
        now: Instant,
        epoch: u64,
        operator: &OperatorId,
        approved: Vec<(Approval, NewIntent)>,
    ) -> Result<Vec<Intent>> {
        self.begin_those(now, epoch, operator, |_| Ok(approved))
    }

    /// As [`Store::begin`], for those that `choose` gives. It looks at the database inside the transaction: what it finds
    /// there cannot change before the intents are committed. It gives none, and nothing is written.
    ///
    /// # Errors
    /// As [`Store::begin`]; those of `choose`.
    pub fn begin_those<E: From<Error>>(
        &self,
        now: Instant,
        epoch: u64,
        operator: &OperatorId,
        choose: impl FnOnce(&Reader<'_>) -> std::result::Result<Vec<(Approval, NewIntent)>, E>,
    ) -> std::result::Result<Vec<Intent>, E> {
        let intents = self.write(now, |w| {
            w.fence(epoch)?;
            let approved = choose(&w.reader())?;
            Ok::<_, E>(begin_all(w, epoch, operator, approved)?)
        })?;
        crate::fault!("f3");
        Ok(intents)
    }

    /// Stores certificates that were signed, all of them or none: for each one event, with the certificate, for a pair the
    /// other half and its envelope, the request's step to *issued*, the totals, and what `grant` adds to it.
    ///
    /// A certificate that was stored meanwhile for the same intent is returned as it is stored: the same request gives
    /// the same bytes for ever.
    ///
    /// # Errors
    /// [`ErrorKind::Fenced`]; [`ErrorKind::RequestState`] when a request is not what the intent left it as;
    /// [`ErrorKind::Constraint`] for one half of a pair without the other; those of `grant`; as [`Store::write`].
    pub fn complete(
        &self,
        now: Instant,
        epoch: u64,
        operator: &OperatorId,
        signed: Vec<(Intent, SignedBytes)>,
        grant: impl Fn(&mut EventWriter<'_, '_>, &Intent) -> Result<()>,
    ) -> Result<Vec<Issued>> {
        let issued = self.write(now, |w| {
            w.fence(epoch)?;
            let mut issued = Vec::with_capacity(signed.len());
            for (intent, bytes) in signed {
                issued.push(complete_one(w, operator, intent, bytes, &grant)?);
            }
            crate::fault!("f7");
            Ok::<_, Error>(issued)
        })?;
        crate::fault!("f8");
        Ok(issued)
    }
}

fn begin_all(
    w: &mut Write<'_>,
    epoch: u64,
    operator: &OperatorId,
    approved: Vec<(Approval, NewIntent)>,
) -> Result<Vec<Intent>> {
    let at = w.now();
    for (approval, new) in &approved {
        still(&w.reader(), &approval.row)?;
        begins_now(new.validity, at)?;
        for serial in [Some(&new.serial), new.encryption.as_ref().map(|half| &half.serial)].into_iter().flatten() {
            if w.reader().certificate(serial)?.is_some() {
                return Err(Error::duplicate(format!("a certificate with the serial number {serial}")));
            }
        }
    }
    let Some(object) = approved.first().map(|(a, _)| a.row.id.to_string()) else { return Ok(Vec::new()) };
    let mut event = w.event(EventKind::Intent, Some(operator), &object);
    event.field("count", &approved.len().to_string());
    event.field("epoch", &epoch.to_string());
    let mut intents = Vec::with_capacity(approved.len());
    for (mut approval, new) in approved {
        let row = IntentRow {
            request: approval.row.id.clone(),
            serial: new.serial,
            validity: new.validity,
            tbs_digest: new.tbs_digest,
            at: at.unix_seconds(),
        };
        let signing = RequestRow { status: RequestStatus::Signing, ..approval.row.clone() };
        // The same request twice: the intent's key refuses the second.
        event.put_intent(&row)?;
        let encryption = new.encryption.map(|half| pair_intent(&event.reader(), &approval.row, half)).transpose()?;
        if let Some(half) = &encryption {
            event.put_pair_intent(half)?;
        }
        event.move_request(&approval.row, &signing)?;
        approval.row = signing;
        intents.push(Intent { approval, row, encryption: encryption.map(Box::new) });
    }
    event.close()?;
    Ok(intents)
}

/// The row of an encryption half. What it succeeds is the encryption half of what its request succeeds.
fn pair_intent(r: &Reader<'_>, request: &RequestRow, half: NewHalf) -> Result<PairIntentRow> {
    let predecessor = request.predecessor.as_ref().map(|serial| r.encryption_half(serial)).transpose()?.flatten();
    let NewHalf { serial, profile, profile_digest, escrow, spki, tbs_digest } = half;
    Ok(PairIntentRow {
        request: request.id.clone(),
        serial,
        profile,
        profile_digest,
        predecessor,
        escrow,
        spki,
        tbs_digest,
    })
}

fn complete_one(
    w: &mut Write<'_>,
    operator: &OperatorId,
    intent: Intent,
    bytes: SignedBytes,
    grant: &impl Fn(&mut EventWriter<'_, '_>, &Intent) -> Result<()>,
) -> Result<Issued> {
    let row = &intent.approval.row;
    let serial = intent.row.serial.clone();
    let reader = w.reader();
    let stands = request(&reader, &row.id)?;
    if stands.status == RequestStatus::Issued && stands.serial.as_ref() == Some(&serial) {
        return issued(&reader, &stands);
    }
    let SignedBytes { der, encryption } = bytes;
    let half = match (&intent.encryption, encryption) {
        (None, None) => None,
        (Some(half), Some(delivered)) => Some((half, delivered)),
        _ => {
            let what = format!("both halves of the pair of request {} or neither", row.id);
            return Err(ErrorKind::Constraint { what }.into());
        }
    };
    if stands != *row {
        return Err(changed(&stands, RequestStatus::Issued));
    }
    let certificate = CertificateRow {
        serial: serial.clone(),
        request: Some(row.id.clone()),
        org: row.org.clone(),
        profile: row.profile.clone(),
        // The authority signs for SM2 keys only; certificates of others are imported.
        algorithm: Algorithm::Sm2,
        holder_kind: row.holder_kind,
        holder: row.holder,
        reason: row.reason,
        medium: row.medium,
        predecessor: row.predecessor.clone(),
        subject: row.subject.clone(),
        validity: intent.row.validity,
        issued_at: intent.row.validity.not_before(),
        status: CertificateStatus::Active,
    };
    let done = RequestRow { status: RequestStatus::Issued, serial: Some(serial.clone()), ..stands.clone() };
    let mut event = w.event(EventKind::Issue, Some(operator), &serial.to_string());
    event.put_certificate(&certificate, &der)?;
    let encryption = match half {
        None => None,
        Some((half, Delivered { der, envelope })) => {
            let row = CertificateRow {
                serial: half.serial.clone(),
                profile: half.profile.clone(),
                predecessor: half.predecessor.clone(),
                ..certificate
            };
            event.put_encryption_half(&serial, &row, &der, &envelope)?;
            Some(IssuedHalf { serial: row.serial, der, envelope })
        }
    };
    event.move_request(&stands, &done)?;
    grant(&mut event, &intent)?;
    event.close()?;
    Ok(Issued { request: done.id, serial, der, encryption })
}

fn candidate(r: &Reader<'_>, id: &RequestId) -> Result<Candidate> {
    let row = request(r, id)?;
    if !row.action.makes_certificate() {
        return Err(changed(&row, RequestStatus::Issued));
    }
    match row.status {
        RequestStatus::Issued => issued(r, &row).map(Candidate::Issued),
        RequestStatus::Approved => approval(r, row).map(Candidate::Approved),
        RequestStatus::Signing => {
            let intent = r.intent(id)?.ok_or_else(|| Error::corrupt(format!("the intent of request {id} is gone")))?;
            let encryption = r.pair_intent(id)?.map(Box::new);
            Ok(Candidate::Begun(Intent { approval: approval(r, row)?, row: intent, encryption }))
        }
        RequestStatus::Submitted | RequestStatus::Rejected | RequestStatus::Applied => {
            Err(changed(&row, RequestStatus::Issued))
        }
    }
}

fn request(r: &Reader<'_>, id: &RequestId) -> Result<RequestRow> {
    r.request(id)?.ok_or_else(|| ErrorKind::NotFound { what: format!("request {id}") }.into())
}

fn approval(r: &Reader<'_>, row: RequestRow) -> Result<Approval> {
    let body = r.request_body(&row.id)?;
    let body = body.ok_or_else(|| Error::corrupt(format!("the record of request {} is gone", row.id)))?;
    Ok(Approval { row, record: body.record, csr: body.csr })
}

fn issued(r: &Reader<'_>, row: &RequestRow) -> Result<Issued> {
    let gone = || Error::corrupt(format!("the certificate of request {} is gone", row.id));
    let serial = row.serial.clone().ok_or_else(gone)?;
    let der = stored_der(r.connection(), &serial)?.ok_or_else(gone)?;
    let encryption = r.encryption_half(&serial)?.map(|half| -> Result<IssuedHalf> {
        let der = stored_der(r.connection(), &half)?.ok_or_else(gone)?;
        Ok(IssuedHalf { envelope: r.envelope(&half)?.ok_or_else(gone)?, serial: half, der })
    });
    Ok(Issued { request: row.id.clone(), serial, der, encryption: encryption.transpose()? })
}

/// The request stands as it was read.
fn still(r: &Reader<'_>, row: &RequestRow) -> Result<()> {
    let stands = request(r, &row.id)?;
    if stands == *row { Ok(()) } else { Err(changed(&stands, RequestStatus::Signing)) }
}

fn changed(stands: &RequestRow, wanted: RequestStatus) -> Error {
    let (request, status) = (stands.id.clone(), stands.status.code());
    ErrorKind::RequestState { request, status, wanted: wanted.code() }.into()
}

/// No certificate is dated back or ahead: its validity begins at the ledger time of its intent.
fn begins_now(validity: Validity, at: Instant) -> Result<()> {
    if validity.not_before().abs_diff(at.unix_seconds()) <= BEGIN_TOLERANCE.unsigned_abs() {
        return Ok(());
    }
    Err(ErrorKind::ClockBack { now: Instant::from_unix_seconds(validity.not_before()), last: at }.into())
}

#[cfg(test)]
mod tests;
