//! Every approval and every limit, as of now.

use std::collections::HashMap;

use hufu_model::ident::{Digest, ProfileId, RequestId, Serial};
use hufu_model::operator::Operator;
use hufu_model::org::OrgTree;
use hufu_model::profile::Profile;
use hufu_model::request::Action;
use hufu_model::time::Instant;
use hufu_store::{Approval, Reader, RequestRow};
use hufu_x509::record::RequestRecord;

use super::effects::changed_since;
use crate::approve::check_record;
use crate::authority::{CaSigner, Identity};
use crate::ca::IssuingCas;
use crate::check::Signed;
use crate::error::{ErrorKind, Result};
use crate::migration::InForce;
use crate::policy::{self, Asked, Profiles, Quotas};
use crate::submit::companion;
use crate::succession::{self, Succession};
use crate::{change, document, media};

/// Checks approvals one by one; documents, operators and profiles are verified once for the batch.
pub(super) struct Checker<'a> {
    r: &'a Reader<'a>,
    tree: &'a OrgTree,
    by: &'a Operator,
    cas: IssuingCas,
    now: Instant,
    quotas: Quotas,
    media: media::Named,
    cutovers: InForce<'a>,
    signed: Signed<'a>,
    profiles: HashMap<Digest, (ProfileId, Profile)>,
    /// Profiles as they read now: of companions, and of what is renewed.
    current: Profiles,
    /// What is renewed or rekeyed by requests that come earlier in the batch.
    renewed: HashMap<Serial, RequestId>,
}

/// What the encryption half of an approved pair needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// SM3 of the text of its profile.
    pub(super) profile_digest: Digest,
    /// The encryption certificate whose key it goes on with; none for a new key.
    pub(super) keeps: Option<Serial>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        r: &'a Reader<'a>,
        tree: &'a OrgTree,
        by: &'a Operator,
        identity: &'a Identity,
        now: Instant,
    ) -> Result<Self> {
        let cas = identity.cas(r)?;
        let (quotas, signed) = (Quotas::default(), Signed::new(r, tree, identity, now));
        let (profiles, current, media) = (HashMap::new(), Profiles::default(), media::Named::default());
        let cutovers = InForce::now(r, now)?;
        Ok(Self { r, tree, by, cas, now, quotas, media, cutovers, signed, profiles, current, renewed: HashMap::new() })
    }

    /// Whether the certificate may be issued, and what it needs when it is a pair; `begun` when it was counted already.
    pub(super) fn check(&mut self, ca: &CaSigner, approval: &Approval, begun: bool) -> Result<Option<Order>> {
        let row = approval.row();
        policy::within(self.tree, self.by, &row.org)?;
        let manifest = self.signed.manifest(&row.manifest)?;
        let record = check_record(manifest, row, approval.record(), approval.csr())?;
        let named = self.cas.by_digest(&record.ca);
        let named = named.ok_or_else(|| document::fault("request", "it is for another issuing CA"))?;
        if !named.status.signs_certificates() {
            return Err(ErrorKind::CaStatus { ca: named.name.clone(), status: named.status }.into());
        }
        if record.pair && ca.key_centre.is_none() {
            return Err(ErrorKind::NoKeyCentre.into());
        }
        ca.issuer(named)?;
        self.signed.not_expired("request", record.expires)?;
        let approver = self.signed.approver(row)?;
        policy::may_approve(self.tree, &approver, &row.org, policy::approvers(record.operator.is_some()))?;
        policy::may_appoint(self.r, self.tree, &approver, record.operator.as_ref())?;
        if let Some(grant) = &record.operator
            && changed_since(self.r, row, &grant.id)?
        {
            return Err(ErrorKind::Overtaken { by: "the operator was changed, removed or renewed" }.into());
        }
        let profile = self.profile(&record)?.clone();
        policy::permits(self.tree, &Asked::of_record(&record, &profile))?;
        // What was begun before a cutover was issued then: the time of the intent counts.
        if !begun {
            self.cutovers.refuse(&row.org, profile.algorithm)?;
        }
        self.media.check(self.r, self.tree, &record, &row.holder, &profile)?;
        if let Some(serial) = self.r.compromised_key(&row.spki)? {
            return Err(ErrorKind::CompromisedKey(serial).into());
        }
        // The certificate it renews or replaces may have changed since the approval.
        let succession = Succession::of_record(&record, row);
        if let Some(serial) = succession.renewed()
            && self.renewed.insert(serial.clone(), row.id.clone()).is_some_and(|other| other != row.id)
        {
            return Err(ErrorKind::SucceededTwice(serial.clone()).into());
        }
        succession.check(self.r, self.tree, &[self.by, &approver], &mut self.current, self.now)?;
        let order = if record.pair { Some(self.order(&record, row, &profile)?) } else { None };
        if !begun {
            self.quotas.take(self.r, self.tree, &row.org, self.now)?;
        }
        Ok(order)
    }

    /// A renewal, and a change of data that keeps the signing key, keep the encryption key; everything else takes a new
    /// one.
    fn order(&mut self, record: &RequestRecord, row: &RequestRow, profile: &Profile) -> Result<Order> {
        let r = self.r;
        let (profile_digest, _) = companion(profile, record.days, |id| self.current.current(r, id))?;
        let keeps = match &record.predecessor {
            Some(serial) if matches!(record.action, Action::Renew | Action::Change) => {
                let predecessor = r.certificate(serial)?;
                let same =
                    predecessor.map(|p| Ok::<_, crate::Error>(succession::spki(r, &p)? == row.spki)).transpose()?;
                if same == Some(true) { r.encryption_half(serial)? } else { None }
            }
            _ => None,
        };
        Ok(Order { profile_digest, keeps })
    }

    fn profile(&mut self, record: &RequestRecord) -> Result<&Profile> {
        let digest = record.profile_digest;
        if !self.profiles.contains_key(&digest) {
            let row = self.r.profile_by_digest(&digest)?;
            let row = row.ok_or_else(|| ErrorKind::UnknownProfile(record.profile.to_string()))?;
            self.profiles.insert(digest, (row.id, change::profile(&row.source)?));
        }
        match self.profiles.get(&digest) {
            Some((id, profile)) if *id == record.profile => Ok(profile),
            _ => Err(document::fault("request", "its profile text belongs to another profile")),
        }
    }
}
