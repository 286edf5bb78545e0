//! What is asked for.

use std::borrow::Cow;

use hufu_model::holder::HolderKind;
use hufu_model::ident::{Digest, MediumId, OperatorId, OrgId, ProfileId, RequestId, Serial};
use hufu_model::operator::Role;
use hufu_model::request::{Action, Medium, Reason};
use hufu_model::revocation::RevocationReason;

use super::codec::{Fields, Form, Writer, refusal};
use crate::error::Result;
use crate::tlv::tag;

const FORM: Form = Form { kind: "hufu-request", max: 64 * 1024 };

/// One request, as the entry operator took it down and as the approver approves it.
///
/// ```asn1
/// RequestRecord ::= SEQUENCE {
///     kind           UTF8String ("hufu-request"),
///     version        INTEGER (1),
///     request        Text,
///     ca             Digest,
///     org            Text,
///     action         Code,
///     reason         Code,
///     holder         Code,
///     subject        Fields,
///     personal       SEQUENCE SIZE(0..64) OF SEQUENCE { name Text, salted Digest },
///     csr            Digest,
///     profile        Text,
///     profileDigest  Digest,
///     days           INTEGER (0..4294967295),
///     hosts          SEQUENCE OF Text,
///     medium         Code,
///     pair           BOOLEAN,
///     predecessor    [0] IMPLICIT INTEGER OPTIONAL,
///     operator       [1] IMPLICIT SEQUENCE { id Text, roles SEQUENCE OF Code } OPTIONAL,
///     revokes        [2] IMPLICIT SEQUENCE { reason Code } OPTIONAL,
///     mediumId       [3] IMPLICIT SEQUENCE { id Text } OPTIONAL,
///     nonce          Nonce,
///     expires        Seconds }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The request.
    pub request: RequestId,
    /// The issuing CA it is for: SM3 of its SubjectPublicKeyInfo.
    pub ca: Digest,
    /// The organisation that enters it.
    pub org: OrgId,
    /// What is asked for.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The kind of holder.
    pub holder: HolderKind,
    /// The public fields, name and value: what the subject of the certificate is made of.
    pub subject: Vec<(String, String)>,
    /// The personal fields: name and SM3(salt ‖ value). Salt and value are sealed elsewhere and can be deleted without
    /// touching what was signed.
    pub personal: Vec<(String, Digest)>,
    /// SM3 of the PKCS#10 request's DER.
    pub csr: Digest,
    /// The profile.
    pub profile: ProfileId,
    /// SM3 of the profile's text: the record holds for exactly this version of it.
    pub profile_digest: Digest,
    /// Validity in days.
    pub days: u32,
    /// Host names and IP addresses.
    pub hosts: Vec<String>,
    /// What the private key lives in.
    pub medium: Medium,
    /// Whether an encryption certificate is asked for beside it.
    pub pair: bool,
    /// The certificate it renews or replaces.
    pub predecessor: Option<Serial>,
    /// The operator the certificate makes, if it is an operator's.
    pub operator: Option<OperatorGrant>,
    /// Why the predecessor is revoked in the moment in which this certificate is stored; none leaves it as it is.
    pub revokes: Option<RevocationReason>,
    /// The very medium of the ledger of media that the key lives in, when it is kept there.
    pub medium_id: Option<MediumId>,
    /// Fresh random octets: no two records are alike, and no digest of one can be guessed.
    pub nonce: [u8; 16],
    /// The last second in which it may be acted upon, since the epoch.
    pub expires: i64,
}

/// The operator a certificate makes, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorGrant {
    /// The operator.
    pub id: OperatorId,
    /// Their roles; written in ascending order, each once.
    pub roles: Vec<Role>,
}

impl RequestRecord {
    /// The record's DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut w = Writer::new(FORM, 1024);
        w.text(self.request.as_str());
        w.digest(&self.ca);
        w.text(self.org.as_str());
        w.text(self.action.code());
        w.text(self.reason.code());
        w.text(self.holder.code());
        w.fields(&self.subject);
        w.digests(&self.personal);
        w.digest(&self.csr);
        w.text(self.profile.as_str());
        w.digest(&self.profile_digest);
        w.integer(self.days.into());
        w.list(&self.hosts, |w, host| w.text(host));
        w.text(self.medium.code());
        w.boolean(self.pair);
        if let Some(serial) = &self.predecessor {
            w.magnitude(tag::context(0), serial.as_bytes());
        }
        if let Some(grant) = &self.operator {
            w.nest(tag::constructed(1), |w| {
                w.text(grant.id.as_str());
                w.list(ordered(&grant.roles).iter(), |w, role| w.text(role.code()));
            });
        }
        if let Some(reason) = self.revokes {
            w.nest(tag::constructed(2), |w| w.text(reason.code()));
        }
        if let Some(medium) = &self.medium_id {
            w.nest(tag::constructed(3), |w| w.text(medium.as_str()));
        }
        w.octets(&self.nonce);
        w.integer(self.expires);
        w.finish()
    }

    /// Reads a record: canonical DER of at most 64 KiB.
    ///
    /// # Errors
    /// `x509.record` with the octet and the field; `x509.too-large`.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut f = Fields::open(der, FORM)?;
        let record = Self {
            request: f.parsed("no request id")?,
            ca: f.digest("no digest of the CA")?,
            org: f.parsed("no organisation")?,
            action: f.parsed("no action")?,
            reason: f.parsed("no reason")?,
            holder: f.parsed("no kind of holder")?,
            subject: f.fields("no public fields")?,
            personal: f.digests("no personal fields")?,
            csr: f.digest("no digest of the CSR")?,
            profile: f.parsed("no profile")?,
            profile_digest: f.digest("no digest of the profile")?,
            days: f.number("no validity")?,
            hosts: f.list("no hosts", |f| f.text("no host").map(str::to_owned))?,
            medium: f.parsed("no medium")?,
            pair: f.boolean("no pair flag")?,
            predecessor: predecessor(&mut f)?,
            operator: f.within(tag::constructed(1), grant)?,
            revokes: f.within(tag::constructed(2), |f| f.parsed("no reason"))?,
            medium_id: f.within(tag::constructed(3), |f| f.parsed("no medium"))?,
            nonce: f.octets("no nonce")?,
            expires: f.integer("no expiry")?,
        };
        f.finish()?;
        Ok(record)
    }
}

fn predecessor(f: &mut Fields<'_>) -> Result<Option<Serial>> {
    match f.magnitude(tag::context(0))? {
        Some((at, serial)) => Serial::from_bytes(serial).map(Some).map_err(|e| refusal(at, &e.to_string())),
        None => Ok(None),
    }
}

fn grant(f: &mut Fields<'_>) -> Result<OperatorGrant> {
    Ok(OperatorGrant { id: f.parsed("no operator")?, roles: f.ascending("no roles", |f| f.parsed("no role"))? })
}

/// The items in ascending order, each once: the only form that is read again.
pub(super) fn ordered<T: Ord + Clone>(items: &[T]) -> Cow<'_, [T]> {
    if items.is_sorted_by(|a, b| a < b) {
        return Cow::Borrowed(items);
    }
    let mut sorted = items.to_vec();
    sorted.sort();
    sorted.dedup();
    Cow::Owned(sorted)
}
