//! Answers about the status of certificates (OCSP, RFC 6960), from the ledger as it stands at that moment.
//!
//! | the ledger holds | the answer |
//! |---|---|
//! | a certificate that is active | good |
//! | one that is suspended | revoked, with the reason certificateHold and the time of the suspension |
//! | one that was revoked | revoked, with reason, time and, where known, invalidityDate |
//! | no certificate with this serial number, also when an intent names it | unknown |
//! | no CA that the question names | the error `unauthorized`; unknown when another question names one of ours |
//!
//! All questions of a request are answered from one snapshot, and signed after it. An answer that was signed ahead
//! ([`Authority::presign`](crate::Authority::presign)) is given when there is one question, no nonce, and no change of
//! status since.
//!
//! The home is only read, so that a responder runs beside the CA, on a disk that cannot be written, and with a key that
//! opens nothing else.

use std::path::Path;
use std::sync::Arc;

use hufu_model::certificate::CertificateStatus;
use hufu_model::entropy::Entropy;
use hufu_model::ident::Serial;
use hufu_model::time::Instant;
use hufu_store::{Mode, Presigned, Reader, Store};
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::Reason;
use hufu_x509::key::{Passphrase, SecretKey};
use hufu_x509::ocsp::{self, Answer, CertId, ErrorStatus, Hash, Issuer, Request, Response, Status};
use hufu_x509::sign::{Signature, Signer};

use crate::authority::{Authority, Identity};
use crate::document;
use crate::edge::SystemEntropy;
use crate::error::{Class, Error, ErrorKind, Result};
use crate::home::Home;
use crate::responder;

/// How long answers live, in seconds: 8 hours to 10 days.
const LIVES: std::ops::RangeInclusive<i64> = 8 * 3600..=10 * 86_400;

/// Answers for the issuing CAs of one home. It may be shared between threads. It has no `Debug` and no `Clone`.
pub struct Responder {
    store: Store,
    cas: Vec<Answering>,
    entropy: Arc<dyn Entropy>,
    life: i64,
}

/// One issuing CA and the key that answers for it.
pub(crate) struct Answering {
    pub(crate) instance: u8,
    pub(crate) issuer: Issuer,
    issuing: Certificate,
    pub(crate) certificate: Certificate,
    key: SecretKey,
    /// The authority's own certificates that this CA signed; they stand beside those of subscribers.
    own: Vec<Serial>,
}

/// What was answered, and how.
#[derive(Debug)]
pub struct Reply {
    /// The response, DER.
    pub der: Vec<u8>,
    /// How it came about.
    pub kind: ReplyKind,
    /// For how long it holds; none for an error and for an answer with a nonce, which nobody else can use.
    pub holds: Option<Holds>,
    /// How many certificates in it the ledger does not hold.
    pub unknown: usize,
    /// What stood in the way of an answer.
    pub fault: Option<Error>,
}

/// How a reply came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyKind {
    /// It was signed for this question.
    Fresh,
    /// It was signed ahead.
    Presigned,
    /// It is an error, which nobody signs.
    Refused(ErrorStatus),
}

/// From when until when an answer holds, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// thisUpdate.
    pub from: i64,
    /// nextUpdate.
    pub until: i64,
}

/// What the ledger says about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: Status,
    pub(crate) invalid_since: Option<i64>,
    /// The event of the last change of status; 0 when there was none.
    pub(crate) seq: u64,
}

impl Responder {
    /// Opens the home at `path` for answering. All its responders' keys have this passphrase.
    ///
    /// # Errors
    /// [`ErrorKind::NoHome`]; [`ErrorKind::NoResponder`] when no issuing CA of the home has a responder;
    /// `x509.wrong-passphrase`; file and database errors.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self> {
        Self::open_with(path, passphrase, Arc::new(SystemEntropy))
    }

    /// As [`Responder::open`], with a random source of the caller's.
    ///
    /// # Errors
    /// As [`Responder::open`].
    pub fn open_with(path: &Path, passphrase: &Passphrase, entropy: Arc<dyn Entropy>) -> Result<Self> {
        let home = Home::open(path)?;
        let store = Store::open(&home.database(), Mode::ReadOnly)?;
        let cas = store.read(|r| -> Result<Vec<Answering>> {
            let identity = Identity::load(r)?;
            let mut cas = Vec::new();
            for ca in &identity.cas(r)? {
                if let Some(certificate) = responder::certificate(r, ca.instance)? {
                    let key = responder::key(&home, ca.instance, &certificate, passphrase)?;
                    cas.push(Answering::new(r, ca.instance, ca.certificate.clone(), certificate, key)?);
                }
            }
            if cas.is_empty() { Err(ErrorKind::NoResponder(identity.instance).into()) } else { Ok(cas) }
        })?;
        Ok(Self { store, cas, entropy, life: *LIVES.start() })
    }

    /// Sets for how long an answer holds, in seconds: 8 hours, which is the default, to 10 days.
    ///
    /// # Errors
    /// [`ErrorKind::AnswerLife`].
    pub fn with_life(mut self, seconds: i64) -> Result<Self> {
        self.life = life(seconds)?;
        Ok(self)
    }

    /// The certificates that sign the answers, with the instance of the issuing CA of each.
    pub fn certificates(&self) -> impl Iterator<Item = (u8, &Certificate)> {
        self.cas.iter().map(|ca| (ca.instance, &ca.certificate))
    }

    /// Answers a request in DER, as it came by POST. Whatever came, there is a reply.
    #[must_use]
    pub fn answer(&self, request: &[u8], now: Instant) -> Reply {
        self.reply(Request::from_der(request), now)
    }

    /// Answers a request in the path of a GET: what stands behind the responder's address and a slash (RFC 6960 A.1).
    #[must_use]
    pub fn answer_get(&self, path: &str, now: Instant) -> Reply {
        self.reply(Request::from_get(path), now)
    }

    /// Asks about a certificate the way clients do, and checks the answer as they would: what somebody who asks now is
    /// told. A revocation is read back with this.
    ///
    /// # Errors
    /// [`ErrorKind::NoResponder`] for a serial number of no issuing CA here; what stood in the way of an answer; errors
    /// of the answer's signature.
    pub fn read_back(&self, serial: &Serial, now: Instant) -> Result<Status> {
        let instance = serial.as_bytes().first().copied().unwrap_or(0);
        let ca = self.cas.iter().find(|ca| ca.instance == instance).ok_or(ErrorKind::NoResponder(instance))?;
        let id = ca.issuer.cert_id(Hash::Sha1, serial);
        let reply = self.answer(&ocsp::build_request(std::slice::from_ref(&id), None)?, now);
        if let Some(fault) = reply.fault {
            return Err(fault);
        }
        let response = Response::from_der(&reply.der)?;
        let at = Instant::from_unix_seconds(now.unix_seconds().max(response.produced_at()));
        response.verify(&ca.issuing, at)?;
        let single =
            response.single(&id).ok_or_else(|| document::fault("answer", "it is about another certificate"))?;
        Ok(single.status)
    }

    /// Whether this responder could answer now: the ledger can be read, the clock does not stand behind it, and every
    /// certificate is valid.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check(&self, now: Instant) -> Result<()> {
        let at = self.store.read(|r| ledger_time(r, now))?;
        self.cas.iter().try_for_each(|ca| ca.valid(at))
    }

    pub(crate) fn cas(&self) -> &[Answering] {
        &self.cas
    }

    fn reply(&self, request: hufu_x509::Result<Request>, now: Instant) -> Reply {
        let request = match request {
            Ok(request) => request,
            Err(e) => return Reply::refused(ErrorStatus::MalformedRequest, Some(e.into())),
        };
        match self.signed(&request, now) {
            Ok(reply) => reply,
            Err(e) => {
                let later = matches!(e.kind().class(), Class::Temporary | Class::Refused);
                Reply::refused(if later { ErrorStatus::TryLater } else { ErrorStatus::InternalError }, Some(e))
            }
        }
    }

    fn signed(&self, request: &Request, now: Instant) -> Result<Reply> {
        let asked = request.ids();
        let meant = |ca: &&Answering| asked.iter().any(|id| ca.issuer.is_meant_by(id));
        let Some(ca) = self.cas.iter().find(meant) else {
            return Ok(Reply::refused(ErrorStatus::Unauthorized, None));
        };
        let (at, looked) = self.store.read(|r| -> Result<_> {
            let at = ledger_time(r, now)?;
            ca.valid(at)?;
            if let ([id], None) = (asked, request.nonce())
                && let Some(ready) = ca.presigned(r, id, at)?
            {
                return Ok((at, Looked::Ready(ready)));
            }
            let standings = asked.iter().map(|id| ca.standing_of(r, id)).collect::<Result<Vec<_>>>()?;
            Ok((at, Looked::Standing(standings)))
        })?;
        let standings = match looked {
            Looked::Ready(ready) => {
                let der = ocsp::assemble(&ready.tbs, &Signature::from_der(&ready.signature)?, &ca.certificate)?;
                let holds = Some(Holds { from: ready.this_update, until: ready.next_update });
                return Ok(Reply { der, kind: ReplyKind::Presigned, holds, unknown: 0, fault: None });
            }
            Looked::Standing(standings) => standings,
        };
        let until = ca.until(at, self.life);
        let answers: Vec<Answer<'_>> = asked.iter().zip(&standings).map(|(id, s)| s.answer(id, at, until)).collect();
        let (tbs, signature) = ca.sign(&answers, at, request.nonce(), self.entropy.array()?)?;
        let der = ocsp::assemble(&tbs, &signature, &ca.certificate)?;
        let holds = request.nonce().is_none().then_some(Holds { from: at, until });
        let unknown = standings.iter().filter(|s| s.status == Status::Unknown).count();
        Ok(Reply { der, kind: ReplyKind::Fresh, holds, unknown, fault: None })
    }
}

enum Looked {
    Ready(Presigned),
    Standing(Vec<Standing>),
}

impl Reply {
    fn refused(status: ErrorStatus, fault: Option<Error>) -> Self {
        Self { der: status.response(), kind: ReplyKind::Refused(status), holds: None, unknown: 0, fault }
    }
}

impl Answering {
    fn new(
        r: &Reader<'_>,
        instance: u8,
        issuing: Certificate,
        certificate: Certificate,
        key: SecretKey,
    ) -> Result<Self> {
        let mut own = Vec::new();
        for stored in r.authority_certificates()? {
            let stored = Certificate::from_der(&stored.der)?;
            if stored.issuer_der() == issuing.subject_der() {
                own.push(stored.serial().clone());
            }
        }
        Ok(Self { instance, issuer: Issuer::of(&issuing)?, issuing, certificate, key, own })
    }

    /// The certificate that signs is valid in the second `at` and after it.
    pub(crate) fn valid(&self, at: i64) -> Result<()> {
        let validity = self.certificate.validity();
        if (validity.not_before()..validity.not_after()).contains(&at) {
            return Ok(());
        }
        let until = Instant::from_unix_seconds(validity.not_after());
        Err(ErrorKind::ResponderExpired { instance: self.instance, until }.into())
    }

    /// nextUpdate of an answer made at `at`: no answer outlives the certificate that signs it.
    pub(crate) fn until(&self, at: i64, life: i64) -> i64 {
        at.saturating_add(life).min(self.certificate.validity().not_after())
    }

    /// What the ledger says about the certificate that a question names.
    fn standing_of(&self, r: &Reader<'_>, id: &CertId) -> Result<Standing> {
        match id.serial() {
            Some(serial) if self.issuer.is_meant_by(id) => self.standing(r, &serial),
            _ => Ok(Standing::UNKNOWN),
        }
    }

    /// What the ledger says about a certificate of this CA.
    pub(crate) fn standing(&self, r: &Reader<'_>, serial: &Serial) -> Result<Standing> {
        if serial.as_bytes().first() != Some(&self.instance) {
            return Ok(Standing::UNKNOWN);
        }
        match standing(r, serial)? {
            None if self.own.contains(serial) => Ok(Standing { status: Status::Good, ..Standing::UNKNOWN }),
            found => Ok(found.unwrap_or(Standing::UNKNOWN)),
        }
    }

    /// The answer to a question that was signed ahead, when the question has exactly its form.
    fn presigned(&self, r: &Reader<'_>, id: &CertId, at: i64) -> Result<Option<Presigned>> {
        let (Some(hash), Some(serial)) = (id.hash(), id.serial()) else { return Ok(None) };
        if self.issuer.cert_id(hash, &serial) != *id {
            return Ok(None);
        }
        let found = r.presigned(&serial, hash.code(), self.certificate.serial())?;
        Ok(found.filter(|ready| (ready.this_update..ready.next_update).contains(&at)))
    }

    /// Signs answers, and verifies the signature before anybody sees it: a computation that was disturbed could tell the
    /// key.
    pub(crate) fn sign(
        &self,
        answers: &[Answer<'_>],
        at: i64,
        nonce: Option<&[u8]>,
        entropy: [u8; 32],
    ) -> Result<(Vec<u8>, Signature)> {
        let tbs = ocsp::build_tbs(answers, self.key.public_key(), at, nonce)?;
        let signature = self.key.sign(&tbs, entropy)?;
        self.key.public_key().verify(&tbs, &signature)?;
        Ok((tbs, signature))
    }
}

impl Standing {
    const UNKNOWN: Self = Self { status: Status::Unknown, invalid_since: None, seq: 0 };

    pub(crate) fn answer<'a>(&self, id: &'a CertId, this_update: i64, next_update: i64) -> Answer<'a> {
        Answer { id, status: self.status, this_update, next_update, invalid_since: self.invalid_since }
    }
}

/// What the ledger says about a certificate; none when it holds none with this serial number.
fn standing(r: &Reader<'_>, serial: &Serial) -> Result<Option<Standing>> {
    let Some(status) = r.certificate_status(serial)? else { return Ok(None) };
    let last = r.last_status_change(serial)?;
    if last.as_ref().map_or(CertificateStatus::Active, |last| last.status) != status {
        return Err(document::fault("certificate", "its status is not that of its last change"));
    }
    let Some(last) = last else { return Ok(Some(Standing { status: Status::Good, ..Standing::UNKNOWN })) };
    let reason = match last.status {
        CertificateStatus::Active => {
            return Ok(Some(Standing { status: Status::Good, invalid_since: None, seq: last.event }));
        }
        CertificateStatus::Held => Reason::CertificateHold,
        CertificateStatus::Revoked => last.reason,
    };
    let status = Status::Revoked { at: last.at, reason: Some(reason) };
    Ok(Some(Standing { status, invalid_since: last.invalid_since, seq: last.event }))
}

/// The second in which an answer is given: the clock's, or the ledger's when that is a little ahead.
pub(crate) fn ledger_time(r: &Reader<'_>, now: Instant) -> Result<i64> {
    let last = r.last_event_at()?.unwrap_or(now);
    if now.unix_millis() < last.unix_millis().saturating_sub(hufu_store::CLOCK_BEHIND_MS) {
        return Err(ErrorKind::ResponderClock { now, last }.into());
    }
    Ok(now.max(last).unix_seconds())
}

/// A life that answers may have.
pub(crate) fn life(seconds: i64) -> Result<i64> {
    if LIVES.contains(&seconds) { Ok(seconds) } else { Err(ErrorKind::AnswerLife(seconds).into()) }
}

impl Authority {
    /// What a responder says now about these certificates, where its key is not at hand: the same decision from one
    /// snapshot, without the signature. No answer signed ahead says otherwise: those end with a change of status.
    ///
    /// # Errors
    /// `record.document` when a certificate's row is not what its last change says; database errors.
    pub fn ocsp_status(&self, serials: &[Serial]) -> Result<Vec<Status>> {
        self.read(|r| serials.iter().map(|s| Ok(standing(r, s)?.map_or(Status::Unknown, |s| s.status))).collect())
    }
}
