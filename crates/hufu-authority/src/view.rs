//! Looking: organisations, operators, proposals, profiles, requests, certificates, events. Nothing here writes, and
//! personal fields come out masked.

use hufu_model::certificate::CertificateRow;
use hufu_model::holder::Field;
use hufu_model::ident::{Digest, OperatorId, OrgId, RequestId, Serial};
use hufu_model::legacy::LegacyRow;
use hufu_model::operator::Operator;
use hufu_model::org::OrgTree;
use hufu_model::request::RequestStatus;
use hufu_model::revocation::RevocationReason;
use hufu_store::{
    CertificateFilter, EventFilter, EventRow, LegacyFilter, PairRow, ProfileRow, Proposal, RequestFilter, RequestRow,
};
use hufu_x509::certificate::Certificate;
use hufu_x509::record::{Act, RequestRecord, StatusRecord};
use hufu_x509::{pem, signed_data};

use crate::authority::Authority;
use crate::document;
use crate::error::{ErrorKind, Result};
use crate::sealed::Personal;

/// A request with everything an operator may see of it.
#[derive(Debug, Clone)]
pub struct RequestView {
    /// Its row.
    pub row: RequestRow,
    /// The holder's public fields, by field name.
    pub public: Vec<(String, String)>,
    /// The holder's personal fields, masked; none while the data key is locked.
    pub personal: Vec<(Field, String)>,
    /// Host names and addresses.
    pub hosts: Vec<String>,
    /// The operator it makes or renews, with their roles as text.
    pub operator: Option<(OperatorId, String)>,
    /// Why its predecessor is revoked with it.
    pub revokes: Option<RevocationReason>,
    /// Whether it asks for a pair.
    pub pair: bool,
    /// What was signed, when it asks for a change of status.
    pub status: Option<StatusRecord>,
}

/// A certificate with its bytes.
#[derive(Debug, Clone)]
pub struct CertificateView {
    /// Its row.
    pub row: CertificateRow,
    /// Its DER, parsed.
    pub certificate: Certificate,
    /// The pair it is one half of; none for a single one.
    pub pair: Option<PairRow>,
}

/// The forms a certificate is handed out in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// PEM of the certificate alone.
    Pem,
    /// PEM of the certificate, then its issuing CA, then the root.
    PemChain,
    /// DER.
    Der,
    /// A P7B with the whole chain: GM/T 0010 SignedData without signers.
    P7b,
}

/// A proposed act with what it would change.
#[derive(Debug, Clone)]
pub struct ProposalView {
    /// Its row.
    pub row: Proposal,
    /// What the proposer signed, by field name; limits and roles as text.
    pub fields: Vec<(String, String)>,
}

/// A short picture of the home.
#[derive(Debug, Clone)]
pub struct Status {
    /// The CA's name.
    pub name: String,
    /// Events in the ledger.
    pub events: u64,
    /// Events under the last checkpoint.
    pub checkpointed: u64,
    /// Events the anchor has seen signed; none when its file cannot be read from here.
    pub anchored: Option<u64>,
    /// Organisations.
    pub organisations: usize,
    /// Operators who may act.
    pub operators: usize,
    /// Certificates issued in all.
    pub certificates: u64,
    /// Requests that wait for approval.
    pub submitted: usize,
    /// Approved requests whose certificate is not issued yet.
    pub approved: usize,
    /// Proposals that wait for a second person.
    pub proposals: usize,
}

impl Authority {
    /// The organisations as they stand now.
    ///
    /// # Errors
    /// Database errors.
    pub fn organisations(&self) -> Result<OrgTree> {
        self.read(|r| Ok(r.org_tree()?))
    }

    /// Every operator, removed ones included, by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn operators(&self) -> Result<Vec<Operator>> {
        self.read(|r| Ok(r.operators()?))
    }

    /// Acts that were proposed; only those that still wait when `open_only`.
    ///
    /// # Errors
    /// Database errors.
    pub fn proposals(&self, open_only: bool) -> Result<Vec<Proposal>> {
        self.read(|r| Ok(r.proposals(open_only)?))
    }

    /// One proposed act with what it would change, read from the document its proposer signed.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownProposal`]; integrity errors when the document was altered.
    pub fn proposal(&self, digest: &Digest) -> Result<ProposalView> {
        self.read(|r| {
            let row = r.proposal(digest)?.ok_or_else(|| ErrorKind::UnknownProposal(digest.to_string()))?;
            let act: Act = document::signed(r, &self.identity, digest)?;
            Ok(ProposalView { row, fields: act.fields })
        })
    }

    /// Every profile text on record; one of each id is current.
    ///
    /// # Errors
    /// Database errors.
    pub fn profiles(&self) -> Result<Vec<ProfileRow>> {
        self.read(|r| Ok(r.profiles()?))
    }

    /// Requests by filter, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn requests(&self, filter: &RequestFilter) -> Result<Vec<RequestRow>> {
        self.read(|r| Ok(r.requests(filter)?))
    }

    /// One request.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownRequest`]; integrity errors when its record or sealed fields were altered.
    pub fn request(&self, id: &RequestId) -> Result<RequestView> {
        let unknown = || ErrorKind::UnknownRequest(id.clone());
        let (row, body) = self.read(|r| {
            let row = r.request(id)?.ok_or_else(unknown)?;
            Ok((row, r.request_body(id)?.ok_or_else(unknown)?))
        })?;
        if !row.action.makes_certificate() {
            let status = Some(StatusRecord::from_der(&body.record)?);
            let (public, personal, hosts) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(RequestView {
                row,
                public,
                personal,
                hosts,
                operator: None,
                revokes: None,
                pair: false,
                status,
            });
        }
        let record = RequestRecord::from_der(&body.record)?;
        let personal = match &self.seal {
            Some(seal) if !body.sealed.is_empty() => {
                Personal::from_bytes(&seal.open(id.as_str().as_bytes(), &body.sealed)?)?.masked()
            }
            // Locked, or deleted after their retention time.
            _ => Vec::new(),
        };
        let operator = record.operator.map(|grant| (grant.id, crate::change::roles_text(&grant.roles)));
        let (public, hosts, revokes, pair) = (record.subject, record.hosts, record.revokes, record.pair);
        Ok(RequestView { row, public, personal, hosts, operator, revokes, pair, status: None })
    }

    /// Certificates by filter, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn certificates(&self, filter: &CertificateFilter) -> Result<Vec<CertificateRow>> {
        self.read(|r| Ok(r.certificates(filter)?))
    }

    /// Imported certificates of other authorities by filter, those that expire first before the others.
    ///
    /// # Errors
    /// Database errors.
    pub fn legacy_certificates(&self, filter: &LegacyFilter) -> Result<Vec<LegacyRow>> {
        self.read(|r| Ok(r.legacy_rows(filter)?))
    }

    /// One certificate.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`].
    pub fn certificate(&self, serial: &Serial) -> Result<CertificateView> {
        let unknown = || ErrorKind::UnknownCertificate(serial.clone());
        self.read(|r| {
            let row = r.certificate(serial)?.ok_or_else(unknown)?;
            let der = r.certificate_der(serial)?.ok_or_else(unknown)?;
            Ok(CertificateView { row, certificate: Certificate::from_der(&der)?, pair: r.pair_of(serial)? })
        })
    }

    /// A certificate's bytes in the form asked for.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`].
    pub fn export(&self, serial: &Serial, form: ExportForm) -> Result<Vec<u8>> {
        let certificate = self.certificate(serial)?.certificate;
        let issuing = self.read(|r| self.identity.issuer_of(r, serial))?;
        let chain = [&certificate, &issuing, &self.identity.root];
        Ok(match form {
            ExportForm::Pem => certificate.pem().into_bytes(),
            ExportForm::PemChain => chain.iter().map(|c| c.pem()).collect::<String>().into_bytes(),
            ExportForm::Der => certificate.der().to_vec(),
            ExportForm::P7b => pem::encode("PKCS7", &signed_data::certificates(&chain)?).into_bytes(),
        })
    }

    /// Events of the ledger, which is the audit log, oldest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>> {
        self.read(|r| Ok(r.events(filter)?))
    }

    /// The event that stored a certificate.
    pub(crate) fn issue_event(&self, serial: &Serial) -> Result<EventRow> {
        let unknown = || ErrorKind::UnknownCertificate(serial.clone()).into();
        self.read(|r| match r.certificate_event(serial)? {
            Some(seq) => r.event(seq)?.ok_or_else(unknown),
            None => Err(unknown()),
        })
    }

    /// The ids of `org` and everything below it.
    ///
    /// # Errors
    /// [`hufu_model::org::TreeError::Unknown`].
    pub fn subtree(&self, org: &OrgId) -> Result<Vec<OrgId>> {
        let tree = self.organisations()?;
        tree.get(org)?;
        Ok(tree.iter().filter(|o| tree.is_within(&o.id, org)).map(|o| o.id.clone()).collect())
    }

    /// A short picture of the home.
    ///
    /// # Errors
    /// Database errors; a checkpoint of the anchor that does not verify.
    pub fn status(&self) -> Result<Status> {
        let anchored = match self.anchor() {
            Ok(anchor) => Some(anchor.last().map_or(0, |c| c.checkpoint.size)),
            // Whoever only looks need not reach the medium it lies on.
            Err(e) if matches!(e.kind(), ErrorKind::File { .. }) => None,
            Err(e) => return Err(e),
        };
        self.read(|r| {
            let orgs: Vec<OrgId> = r.org_tree()?.iter().map(|o| o.id.clone()).collect();
            let active = hufu_model::operator::OperatorStatus::Active;
            let waiting = |status| -> Result<usize> {
                Ok(r.requests(&RequestFilter { status: Some(status), ..RequestFilter::default() })?.len())
            };
            Ok(Status {
                name: self.identity.name.clone(),
                events: r.event_count()?,
                checkpointed: r.last_checkpoint()?.map_or(0, |c| c.size),
                anchored,
                organisations: orgs.len(),
                operators: r.operators()?.iter().filter(|o| o.status == active).count(),
                certificates: r.issued_count(&orgs, None)?,
                submitted: waiting(RequestStatus::Submitted)?,
                approved: waiting(RequestStatus::Approved)?,
                proposals: r.proposals(true)?.len(),
            })
        })
    }
}
