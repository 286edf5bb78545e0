//! The rows that others read and write, and how they lie in their tables. What is named in `hufu-model` keeps its type
//! from there; here are the rows that are the store's own.

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::event::EventKind;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{Digest, OperatorId, OrgId, ProfileId, RequestId, Serial};
use hufu_model::operator::{Operator, Role};
use hufu_model::org::{Limits, Organisation};
use hufu_model::request::{Action, Medium, Reason, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::{Instant, Validity};

use crate::cell::{Cell, Columns};
use crate::error::{Error, Result};

mod pair;

pub use pair::{PairIntentRow, PairRow};
pub(crate) use pair::{envelope_cells, pair, pair_cells, pair_intent, pair_intent_cells};

/// A document an operator signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// SM3 of its content.
    pub digest: Digest,
    /// What it is: `manifest`, `approval`, `act` or `countersign`.
    pub kind: String,
    /// Who signed it.
    pub operator: OperatorId,
    /// When it was signed: seconds since the Unix epoch.
    pub at: i64,
    /// GM/T 0010 SignedData in DER; the content is inside.
    pub signed: Vec<u8>,
}

/// An act that needs, or needed, a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// SM3 of the act; the document of this digest is the act itself.
    pub digest: Digest,
    /// The code of the event it would become.
    pub kind: String,
    /// What it would be done to.
    pub object: String,
    /// Who proposed it.
    pub proposer: OperatorId,
    /// When: seconds since the Unix epoch.
    pub at: i64,
    /// The last second in which it can be countersigned.
    pub expires: i64,
    /// `open`, `done` or `rejected`. The last two are final.
    pub status: String,
    /// Who decided.
    pub approver: Option<OperatorId>,
}

/// One text of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRow {
    /// The profile.
    pub id: ProfileId,
    /// SM3 of the text, as requests pin it.
    pub digest: Digest,
    /// The TOML text.
    pub source: String,
    /// Whether new requests use this text.
    pub current: bool,
}

/// A request as it is counted and searched. What was signed lies beside it ([`RequestBody`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// The organisation it was entered for.
    pub org: OrgId,
    /// The operator who entered it.
    pub submitter: OperatorId,
    /// What is asked for.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The kind of holder.
    pub holder_kind: HolderKind,
    /// The holder as a blind index.
    pub holder: Digest,
    /// The profile.
    pub profile: ProfileId,
    /// SM3 of the profile's text when the request was entered.
    pub profile_digest: Digest,
    /// Validity asked for, in days.
    pub days: u32,
    /// What the private key lives in.
    pub medium: Medium,
    /// The subject its certificate will have, as text (RFC 4514).
    pub subject: String,
    /// The certificate it acts upon: renews, replaces, suspends, resumes or revokes.
    pub predecessor: Option<Serial>,
    /// SM3 of the SubjectPublicKeyInfo.
    pub spki: Digest,
    /// SM3 of the CSR's DER.
    pub csr_digest: Digest,
    /// SM3 of the record.
    pub record_digest: Digest,
    /// SM3 of the manifest it was entered with.
    pub manifest: Digest,
    /// Its place in the manifest; the first is 0.
    pub position: u32,
    /// How far it has come.
    pub status: RequestStatus,
    /// The document that decided about it.
    pub approval: Option<Digest>,
    /// Who decided about it.
    pub approver: Option<OperatorId>,
    /// Its certificate.
    pub serial: Option<Serial>,
    /// What the decision says in words.
    pub note: Option<String>,
    /// When it was entered: ledger seconds.
    pub submitted_at: i64,
    /// When it was decided: ledger seconds.
    pub decided_at: Option<i64>,
    /// The last second in which its certificate can be issued.
    pub expires: i64,
}

/// What was signed and handed in with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestBody {
    /// The DER record that the manifest lists.
    pub record: Vec<u8>,
    /// The CSR (PKCS#10) in DER; empty when no certificate is asked for.
    pub csr: Vec<u8>,
    /// The personal fields, encrypted.
    pub sealed: Vec<u8>,
}

/// Who was first to use a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The holder as a blind index.
    pub holder: Digest,
    /// The request.
    pub request: RequestId,
}

/// What was committed to before a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentRow {
    /// The request.
    pub request: RequestId,
    /// The serial number.
    pub serial: Serial,
    /// The validity.
    pub validity: Validity,
    /// SM3 of the TBSCertificate.
    pub tbs_digest: Digest,
    /// When: ledger seconds.
    pub at: i64,
}

/// One of the authority's own certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// `root`, `issuing` or `ledger`.
    pub role: String,
    /// The certificate's DER.
    pub der: Vec<u8>,
}

/// A signed checkpoint on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many events it covers.
    pub size: u64,
    /// The root it names.
    pub root: [u8; 32],
    /// When it was made: seconds since the Unix epoch.
    pub at: i64,
    /// GM/T 0010 SignedData over its text.
    pub signed: Vec<u8>,
}

/// One event of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its number, which is the index of its leaf; the first is 0.
    pub seq: u64,
    /// Ledger time.
    pub at: Instant,
    /// Its kind.
    pub kind: EventKind,
    /// The operator who acted; none for the founding.
    pub actor: Option<OperatorId>,
    /// What it was done to.
    pub object: String,
    /// The leaf: [`hufu_ledger::Event::decode`] reads it.
    pub leaf: Vec<u8>,
    /// The leaf's hash.
    pub hash: [u8; 32],
}

/// A change of a certificate's status that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatus {
    /// The certificate.
    pub serial: Serial,
    /// The request that asked for it.
    pub request: Option<RequestId>,
    /// What the certificate becomes.
    pub status: CertificateStatus,
    /// Why.
    pub reason: RevocationReason,
    /// From which second on it holds: not before the certificate's last change, and not in the future.
    pub at: i64,
    /// From which second on the certificate should not have been relied upon, where known: invalidityDate.
    pub invalid_since: Option<i64>,
}

/// A change of a certificate's status on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The certificate.
    pub serial: Serial,
    /// The event that recorded it.
    pub event: u64,
    /// The request that asked for it.
    pub request: Option<RequestId>,
    /// What the certificate was before.
    pub was: CertificateStatus,
    /// What it became.
    pub status: CertificateStatus,
    /// Why.
    pub reason: RevocationReason,
    /// From which second on it holds: revocationDate.
    pub at: i64,
    /// From which second on the certificate should not have been relied upon, where known: invalidityDate.
    pub invalid_since: Option<i64>,
}

/// Which changes of status to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusFilter {
    /// Only those of this certificate.
    pub serial: Option<Serial>,
    /// Only those recorded by this event or later.
    pub from_event: Option<u64>,
    /// Only those recorded before this event.
    pub before_event: Option<u64>,
    /// Only those that follow the change with this event and serial number in the list.
    pub after: Option<(u64, Serial)>,
    /// At most this many; 0 is no limit.
    pub limit: u32,
}

/// Which requests to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Only those of these organisations ([`crate::Reader::subtree_ids`] gives a subtree).
    pub orgs: Option<Vec<OrgId>>,
    /// Only those of this status.
    pub status: Option<RequestStatus>,
    /// Only those for this profile.
    pub profile: Option<ProfileId>,
    /// Only those that were entered with this manifest.
    pub manifest: Option<Digest>,
    /// Only those whose id is this one, a hyphen and anything: what was asked for together under one name.
    pub batch: Option<RequestId>,
    /// Only those that follow this one in the list.
    pub after: Option<RequestId>,
    /// At most this many; 0 is no limit.
    pub limit: u32,
}

/// Which certificates to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateFilter {
    /// Only those of these organisations ([`crate::Reader::subtree_ids`] gives a subtree).
    pub orgs: Option<Vec<OrgId>>,
    /// Only those of this status.
    pub status: Option<CertificateStatus>,
    /// Only those of this profile.
    pub profile: Option<ProfileId>,
    /// Only those of this holder (blind index).
    pub holder: Option<Digest>,
    /// Only those that this operator entered or approved.
    pub through: Option<OperatorId>,
    /// Only those that stand for a pair, a pair of one included: no encryption halves.
    pub pairs: bool,
    /// Only those whose subject contains this text; ASCII letters match in either case.
    pub text: Option<String>,
    /// Only those issued at this instant or later.
    pub issued_from: Option<Instant>,
    /// Only those issued before this instant.
    pub issued_to: Option<Instant>,
    /// Only those that follow this one in the list.
    pub after: Option<Serial>,
    /// At most this many; 0 is no limit.
    pub limit: u32,
}

/// Which events to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those of this kind.
    pub kind: Option<EventKind>,
    /// Only those by this operator.
    pub actor: Option<OperatorId>,
    /// Only those done to this object.
    pub object: Option<String>,
    /// Only those after the event of this number.
    pub after: Option<u64>,
    /// At most this many; 0 is no limit.
    pub limit: u32,
}

// How the rows lie in their tables. Each pair below names the columns of `covered.rs` in their order.

pub(crate) fn document_cells(d: &Document) -> Vec<Cell<'_>> {
    vec![
        Cell::digest(&d.digest),
        Cell::text(&d.kind),
        Cell::text(d.operator.as_str()),
        Cell::Int(d.at),
        Cell::Blob(&d.signed),
    ]
}

pub(crate) fn document(c: &mut Columns<'_>) -> Result<Document> {
    Ok(Document { digest: c.digest()?, kind: c.text()?, operator: c.parse()?, at: c.int()?, signed: c.bytes()? })
}

pub(crate) fn proposal_cells(p: &Proposal) -> Vec<Cell<'_>> {
    vec![
        Cell::digest(&p.digest),
        Cell::text(&p.kind),
        Cell::text(&p.object),
        Cell::text(p.proposer.as_str()),
        Cell::Int(p.at),
        Cell::Int(p.expires),
        Cell::text(&p.status),
        Cell::optional(p.approver.as_ref().map(OperatorId::as_str)),
    ]
}

pub(crate) fn proposal(c: &mut Columns<'_>) -> Result<Proposal> {
    Ok(Proposal {
        digest: c.digest()?,
        kind: c.text()?,
        object: c.text()?,
        proposer: c.parse()?,
        at: c.int()?,
        expires: c.int()?,
        status: c.text()?,
        approver: c.optional_parse()?,
    })
}

pub(crate) fn profile_cells(p: &ProfileRow) -> Vec<Cell<'_>> {
    vec![Cell::digest(&p.digest), Cell::text(p.id.as_str()), Cell::text(&p.source), Cell::Int(i64::from(p.current))]
}

pub(crate) fn profile(c: &mut Columns<'_>) -> Result<ProfileRow> {
    Ok(ProfileRow { digest: c.digest()?, id: c.parse()?, source: c.text()?, current: c.int()? == 1 })
}

pub(crate) fn organisation_cells(o: &Organisation, seq: u64) -> Vec<Cell<'_>> {
    vec![
        Cell::text(o.id.as_str()),
        Cell::count(seq),
        Cell::optional(o.parent.as_ref().map(OrgId::as_str)),
        Cell::text(o.kind.code()),
        Cell::text(&o.name),
        Cell::text(&o.name_en),
        Cell::optional(o.region.as_ref().map(|r| r.as_str())),
        Cell::text(o.limits.to_text()),
        Cell::text(o.status.code()),
    ]
}

/// A version of an organisation and the event that made it.
pub(crate) fn organisation(c: &mut Columns<'_>) -> Result<(Organisation, u64)> {
    let id: OrgId = c.parse()?;
    let seq = c.number()?;
    let organisation = Organisation {
        parent: c.optional_parse()?,
        kind: c.parse()?,
        name: c.text()?,
        name_en: c.text()?,
        region: c.optional_parse()?,
        limits: Limits::from_text(&c.text()?)
            .map_err(|e| Error::corrupt(format!("the limits of organisation {id}: {e}")))?,
        status: c.parse()?,
        id,
    };
    Ok((organisation, seq))
}

pub(crate) fn operator_cells(o: &Operator) -> Vec<Cell<'_>> {
    vec![
        Cell::text(o.id.as_str()),
        Cell::text(o.org.as_str()),
        Cell::text(&o.name),
        Cell::text(o.roles.iter().map(|r| r.code()).collect::<Vec<_>>().join(" ")),
        Cell::serial(&o.certificate),
        Cell::text(o.status.code()),
    ]
}

pub(crate) fn operator(c: &mut Columns<'_>) -> Result<Operator> {
    let id: OperatorId = c.parse()?;
    let (org, name, roles) = (c.parse()?, c.text()?, c.text()?);
    let roles: Vec<Role> = roles
        .split(' ')
        .filter(|r| !r.is_empty())
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| Error::corrupt(format!("the roles of operator {id}: {e}")))?;
    Ok(Operator { org, name, roles, certificate: c.serial()?, status: c.parse()?, id })
}

pub(crate) fn request_cells(r: &RequestRow) -> Vec<Cell<'_>> {
    vec![
        Cell::text(r.id.as_str()),
        Cell::text(r.org.as_str()),
        Cell::text(r.submitter.as_str()),
        Cell::text(r.action.code()),
        Cell::text(r.reason.code()),
        Cell::text(r.holder_kind.code()),
        Cell::digest(&r.holder),
        Cell::text(r.profile.as_str()),
        Cell::digest(&r.profile_digest),
        Cell::Int(r.days.into()),
        Cell::text(r.medium.code()),
        Cell::text(&r.subject),
        r.predecessor.as_ref().map_or(Cell::Null, Cell::serial),
        Cell::digest(&r.spki),
        Cell::digest(&r.csr_digest),
        Cell::digest(&r.record_digest),
        Cell::digest(&r.manifest),
        Cell::Int(r.position.into()),
        Cell::Int(r.submitted_at),
        Cell::Int(r.expires),
        Cell::text(r.status.code()),
        r.approval.as_ref().map_or(Cell::Null, Cell::digest),
        Cell::optional(r.approver.as_ref().map(OperatorId::as_str)),
        r.serial.as_ref().map_or(Cell::Null, Cell::serial),
        Cell::optional(r.note.as_deref()),
        r.decided_at.map_or(Cell::Null, Cell::Int),
    ]
}

pub(crate) fn request(c: &mut Columns<'_>) -> Result<RequestRow> {
    Ok(RequestRow {
        id: c.parse()?,
        org: c.parse()?,
        submitter: c.parse()?,
        action: c.parse()?,
        reason: c.parse()?,
        holder_kind: c.parse()?,
        holder: c.digest()?,
        profile: c.parse()?,
        profile_digest: c.digest()?,
        days: c.number()?,
        medium: c.parse()?,
        subject: c.text()?,
        predecessor: c.optional_serial()?,
        spki: c.digest()?,
        csr_digest: c.digest()?,
        record_digest: c.digest()?,
        manifest: c.digest()?,
        position: c.number()?,
        submitted_at: c.int()?,
        expires: c.int()?,
        status: c.parse()?,
        approval: c.optional_digest()?,
        approver: c.optional_parse()?,
        serial: c.optional_serial()?,
        note: c.optional_text()?,
        decided_at: c.optional_int()?,
    })
}

pub(crate) fn body_cells<'a>(request: &'a RequestId, b: &'a RequestBody) -> Vec<Cell<'a>> {
    vec![Cell::text(request.as_str()), Cell::Blob(&b.record), Cell::Blob(&b.csr), Cell::Blob(&b.sealed)]
}

pub(crate) fn body(c: &mut Columns<'_>) -> Result<RequestBody> {
    c.skip();
    Ok(RequestBody { record: c.bytes()?, csr: c.bytes()?, sealed: c.bytes()? })
}

pub(crate) fn intent_cells(i: &IntentRow) -> Vec<Cell<'_>> {
    vec![
        Cell::text(i.request.as_str()),
        Cell::serial(&i.serial),
        Cell::Int(i.validity.not_before()),
        Cell::Int(i.validity.not_after()),
        Cell::digest(&i.tbs_digest),
        Cell::Int(i.at),
    ]
}

pub(crate) fn intent(c: &mut Columns<'_>) -> Result<IntentRow> {
    Ok(IntentRow {
        request: c.parse()?,
        serial: c.serial()?,
        validity: c.validity()?,
        tbs_digest: c.digest()?,
        at: c.int()?,
    })
}

pub(crate) fn certificate_cells(r: &CertificateRow, event: u64) -> Vec<Cell<'_>> {
    vec![
        Cell::serial(&r.serial),
        Cell::optional(r.request.as_ref().map(RequestId::as_str)),
        Cell::text(r.org.as_str()),
        Cell::text(r.profile.as_str()),
        Cell::text(r.algorithm.code()),
        Cell::text(r.holder_kind.code()),
        Cell::digest(&r.holder),
        Cell::text(r.reason.code()),
        Cell::text(r.medium.code()),
        r.predecessor.as_ref().map_or(Cell::Null, Cell::serial),
        Cell::text(&r.subject),
        Cell::Int(r.validity.not_before()),
        Cell::Int(r.validity.not_after()),
        Cell::Int(r.issued_at),
        Cell::count(event),
        Cell::text(r.status.code()),
    ]
}

/// A certificate's row and the event that recorded it.
pub(crate) fn certificate(c: &mut Columns<'_>) -> Result<(CertificateRow, u64)> {
    let serial = c.serial()?;
    let row = CertificateRow {
        serial,
        request: c.optional_parse()?,
        org: c.parse()?,
        profile: c.parse()?,
        algorithm: c.parse()?,
        holder_kind: c.parse()?,
        holder: c.digest()?,
        reason: c.parse()?,
        medium: c.parse()?,
        predecessor: c.optional_serial()?,
        subject: c.text()?,
        validity: c.validity()?,
        issued_at: c.int()?,
        status: CertificateStatus::Active,
    };
    let event = c.number()?;
    Ok((CertificateRow { status: c.parse()?, ..row }, event))
}

pub(crate) fn certificate_der_cells<'a>(serial: &'a Serial, der: &'a [u8]) -> Vec<Cell<'a>> {
    vec![Cell::serial(serial), Cell::Blob(der)]
}

pub(crate) fn status_change_cells(s: &StatusChange) -> Vec<Cell<'_>> {
    vec![
        Cell::serial(&s.serial),
        Cell::count(s.event),
        Cell::optional(s.request.as_ref().map(RequestId::as_str)),
        Cell::text(s.was.code()),
        Cell::text(s.status.code()),
        Cell::text(s.reason.code()),
        Cell::Int(s.at),
        s.invalid_since.map_or(Cell::Null, Cell::Int),
    ]
}

pub(crate) fn status_change(c: &mut Columns<'_>) -> Result<StatusChange> {
    Ok(StatusChange {
        serial: c.serial()?,
        event: c.number()?,
        request: c.optional_parse()?,
        was: c.parse()?,
        status: c.parse()?,
        reason: c.parse()?,
        at: c.int()?,
        invalid_since: c.optional_int()?,
    })
}

pub(crate) fn authority_certificate(c: &mut Columns<'_>) -> Result<AuthorityCertificate> {
    let role = c.text()?;
    c.skip();
    Ok(AuthorityCertificate { role, der: c.bytes()? })
}

pub(crate) fn checkpoint(c: &mut Columns<'_>) -> Result<StoredCheckpoint> {
    Ok(StoredCheckpoint { size: c.number()?, root: c.hash()?, at: c.int()?, signed: c.bytes()? })
}

/// The columns of an event, in the order of [`event`].
pub(crate) const EVENT_COLUMNS: &str = "seq, at, kind, actor, object, leaf, hash";

pub(crate) fn event(c: &mut Columns<'_>) -> Result<EventRow> {
    Ok(EventRow {
        seq: c.number()?,
        at: c.instant()?,
        kind: c.parse()?,
        actor: c.optional_parse()?,
        object: c.text()?,
        leaf: c.bytes()?,
        hash: c.hash()?,
    })
}
