//! Who may do what, where, and how much. Every verb asks here, inside its own transaction, so that a removal, a role
//! change or a freeze takes effect at once.

use std::collections::{BTreeMap, HashMap};

use hufu_model::certificate::{CertificateRow, CertificateStatus};
use hufu_model::escrow::KeyOrderKind;
use hufu_model::holder::{Field, Holder, HolderKind};
use hufu_model::ident::{Digest, OperatorId, OrgId, ProfileId};
use hufu_model::lifecycle::{State, allowed};
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{LimitExceeded, Limits, OrgTree, RegionCode, Tier};
use hufu_model::profile::{Profile, ProfileClass};
use hufu_model::request::Action;
use hufu_model::time::Instant;
use hufu_store::Reader;
use hufu_x509::certificate::Certificate;
use hufu_x509::key::PublicKey;
use hufu_x509::record::{OperatorGrant, RequestRecord};

use crate::authority::Session;
use crate::error::{ErrorKind, Result};

/// The session's operator as on record now: active, with the certificate of the session, valid now.
pub(crate) fn acting(r: &Reader<'_>, session: &Session, now: Instant) -> Result<Operator> {
    let id = session.operator();
    let operator = r.operator(id)?.filter(|o| o.status == OperatorStatus::Active);
    let operator = operator.ok_or_else(|| ErrorKind::UnknownOperator(id.clone()))?;
    if operator.certificate != *session.certificate().serial() {
        return Err(ErrorKind::WrongKey(id.clone()).into());
    }
    if !session.certificate().validity().contains(now) {
        return Err(ErrorKind::OperatorExpired { operator: id.clone(), at: now }.into());
    }
    let status = r.certificate(&operator.certificate)?.map_or(CertificateStatus::Revoked, |c| c.status);
    if status != CertificateStatus::Active {
        return Err(ErrorKind::OperatorCertificate { operator: id.clone(), status }.into());
    }
    Ok(operator)
}

/// The key an operator acts with now; none when they may not act.
pub(crate) fn key_in_force(r: &Reader<'_>, id: &OperatorId, now: Instant) -> Result<Option<PublicKey>> {
    let Some(operator) = r.operator(id)?.filter(|o| o.status == OperatorStatus::Active) else { return Ok(None) };
    let row = r.certificate(&operator.certificate)?.filter(|row| State::of(row, now) == State::Active);
    let der = if row.is_some() { r.certificate_der(&operator.certificate)? } else { None };
    Ok(der.map(|der| Certificate::from_der(&der)?.public_key()).transpose()?)
}

/// The operator holds one of `roles`; the first is named when they hold none.
pub(crate) fn holds(operator: &Operator, roles: &[Role]) -> Result<()> {
    match roles.iter().find(|r| operator.has(**r)) {
        Some(_) => Ok(()),
        None => Err(ErrorKind::NoRole {
            operator: operator.id.clone(),
            needs: roles.first().copied().unwrap_or(Role::SuperAdmin),
        }
        .into()),
    }
}

/// `org` is the operator's organisation or below it.
pub(crate) fn within(tree: &OrgTree, operator: &Operator, org: &OrgId) -> Result<()> {
    tree.get(org)?;
    if tree.is_within(org, &operator.org) {
        Ok(())
    } else {
        Err(ErrorKind::OutsideJurisdiction { operator: operator.id.clone(), org: org.clone() }.into())
    }
}

/// Neither `org` nor anything above it is frozen.
pub(crate) fn not_frozen(tree: &OrgTree, org: &OrgId) -> Result<()> {
    match tree.frozen_by(org)? {
        Some(by) => Err(ErrorKind::Frozen { org: org.clone(), by: by.id.clone() }.into()),
        None => Ok(()),
    }
}

/// Who approves certificates: those of operators, or those of subscribers.
pub(crate) const fn approvers(staff: bool) -> &'static [Role] {
    if staff { &[Role::SuperAdmin, Role::Admin] } else { &[Role::Approver] }
}

/// The operator may approve for `org`: one of the roles, tier and jurisdiction.
pub(crate) fn may_approve(tree: &OrgTree, operator: &Operator, org: &OrgId, roles: &[Role]) -> Result<()> {
    holds(operator, roles)?;
    within(tree, operator, org)?;
    if tree.get(&operator.org)?.kind.tier() == Tier::Lra {
        return Err(ErrorKind::ApproverTier(operator.id.clone()).into());
    }
    not_frozen(tree, &operator.org)
}

/// Whose certificate's status is to change, or how many at once: that decides who may ask for it and who may approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gravity {
    /// A subscriber's.
    Subscriber,
    /// An operator's.
    Staff,
    /// An administrator's.
    Administrator,
    /// More than [`MASS`] at once.
    Mass,
}

/// Up to this many changes of status can be asked for at once by those who enter requests.
pub(crate) const MASS: usize = 100;

impl Gravity {
    /// Of a certificate, in a batch of `count`.
    pub(crate) fn of(r: &Reader<'_>, certificate: &CertificateRow, count: usize) -> Result<Self> {
        let operator = r.certificate_operator(&certificate.serial)?;
        let roles = operator.map(|id| Ok::<_, crate::Error>(r.operator(&id)?.map(|o| o.roles).unwrap_or_default()));
        Ok(Self::new(roles.transpose()?.as_deref(), count))
    }

    /// Of an operator's certificate, when there are roles, or of a subscriber's, in a batch of `count`.
    pub(crate) fn new(roles: Option<&[Role]>, count: usize) -> Self {
        match roles {
            Some(roles) if roles.iter().any(|role| role.administers()) => Self::Administrator,
            Some(_) => Self::Staff,
            None if count > MASS => Self::Mass,
            None => Self::Subscriber,
        }
    }

    /// Who may ask for it. An emergency may be seen by everybody who acts at the office or above it.
    pub(crate) const fn enters(self, emergency: bool) -> &'static [Role] {
        match self {
            Self::Subscriber if emergency => &[Role::Entry, Role::Approver, Role::Admin, Role::SuperAdmin],
            Self::Subscriber => &[Role::Entry, Role::Admin, Role::SuperAdmin],
            Self::Staff | Self::Mass => &[Role::Admin, Role::SuperAdmin],
            Self::Administrator => &[Role::SuperAdmin],
        }
    }

    /// Who makes it take effect, when it was approved or is an emergency.
    pub(crate) const fn applies(self, approved: bool) -> &'static [Role] {
        if approved { &[Role::Approver, Role::Admin, Role::SuperAdmin] } else { self.enters(true) }
    }

    /// Who may approve it.
    pub(crate) const fn approves(self) -> &'static [Role] {
        match self {
            Self::Subscriber => &[Role::Approver, Role::Admin, Role::SuperAdmin],
            Self::Staff | Self::Mass => &[Role::Admin, Role::SuperAdmin],
            Self::Administrator => &[Role::SuperAdmin],
        }
    }
}

/// Profiles as they read now, each parsed once for a batch.
#[derive(Default)]
pub(crate) struct Profiles(HashMap<ProfileId, (Digest, Profile)>);

impl Profiles {
    /// Reads a profile; one that is not on record is told to whoever gets it.
    pub(crate) fn read(&mut self, r: &Reader<'_>, id: &ProfileId) -> Result<()> {
        if !self.0.contains_key(id)
            && let Some(row) = r.profile_current(id)?
        {
            self.0.insert(id.clone(), (row.digest, crate::change::profile(&row.source)?));
        }
        Ok(())
    }

    /// A profile that was read, with the digest of its text.
    pub(crate) fn get(&self, id: &ProfileId) -> Result<(Digest, &Profile)> {
        let found = self.0.get(id).ok_or_else(|| ErrorKind::UnknownProfile(id.to_string()))?;
        Ok((found.0, &found.1))
    }

    /// Reads a profile, and gives it.
    pub(crate) fn current(&mut self, r: &Reader<'_>, id: &ProfileId) -> Result<(Digest, &Profile)> {
        self.read(r, id)?;
        self.get(id)
    }
}

/// The certificate's own profile, as it reads now, and the table of the life of a certificate allow `action`.
pub(crate) fn may_be_done(
    r: &Reader<'_>,
    profiles: &mut Profiles,
    certificate: &CertificateRow,
    action: Action,
    now: Instant,
) -> Result<()> {
    let state = State::of(certificate, now);
    if !allowed(action, state) {
        return Err(ErrorKind::CertificateState { serial: certificate.serial.clone(), action, state }.into());
    }
    if matches!(action, Action::Renew | Action::Suspend)
        && let (_, profile) = profiles.current(r, &certificate.profile)?
        && !hufu_model::lifecycle::permits(profile, action)
    {
        return Err(ErrorKind::ProfileAction { profile: profile.id.to_string(), action }.into());
    }
    Ok(())
}

/// SM3 of the SubjectPublicKeyInfo of a certificate, from the request it answers; none for those of the founding. Not for
/// the encryption half of a pair, whose key did not come with the request.
pub(crate) fn spki_on_record(
    r: Reader<'_>,
    certificate: &CertificateRow,
) -> std::result::Result<Option<Digest>, hufu_store::Error> {
    let Some(request) = &certificate.request else { return Ok(None) };
    Ok(r.request(request)?.map(|row| row.spki))
}

/// The operator may have certificates issued, and unlock the keys for it.
pub(crate) fn may_issue(operator: &Operator) -> Result<()> {
    holds(operator, &[Role::Admin, Role::SuperAdmin, Role::Approver])
}

/// The operator may make `grant` true: the person it names works within their jurisdiction already, or is new; and
/// whoever makes, changes or unmakes an administrator is a super-administrator.
pub(crate) fn may_appoint(r: &Reader<'_>, tree: &OrgTree, by: &Operator, grant: Option<&OperatorGrant>) -> Result<()> {
    let Some(grant) = grant else { return Ok(()) };
    let known = r.operator(&grant.id)?;
    if let Some(known) = &known {
        within(tree, by, &known.org)?;
    }
    let before = known.iter().flat_map(|known| &known.roles);
    if grant.roles.iter().chain(before).any(|role| role.administers()) {
        holds(by, &[Role::SuperAdmin])?;
    }
    Ok(())
}

/// The operator may order this of the key centre, for a certificate of `org`: recoveries for users are asked for like
/// certificates, judicial ones by administrators, officers by super-administrators. Who may approve it is the key centre's
/// to say.
pub(crate) fn may_order(tree: &OrgTree, operator: &Operator, kind: KeyOrderKind, org: &OrgId) -> Result<()> {
    let roles: &[Role] = match kind {
        KeyOrderKind::Recovery => &[Role::Entry, Role::Admin, Role::SuperAdmin],
        KeyOrderKind::Judicial => &[Role::Admin, Role::SuperAdmin],
        KeyOrderKind::Officer => &[Role::SuperAdmin],
    };
    holds(operator, roles)?;
    within(tree, operator, org)
}

/// What a request asks for, as far as limits are concerned.
pub(crate) struct Asked<'a> {
    pub(crate) org: &'a OrgId,
    pub(crate) profile: &'a Profile,
    pub(crate) days: u32,
    pub(crate) region: Option<RegionCode>,
    pub(crate) organisation: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(org: &'a OrgId, profile: &'a Profile, days: u32, holder: &'a Holder) -> Self {
        let organisation = match holder.kind() {
            HolderKind::Organisation => holder.get(Field::Name),
            _ => holder.get(Field::Organisation),
        };
        Self { org, profile, days, region: holder.region(), organisation }
    }

    pub(crate) fn of_record(record: &'a RequestRecord, profile: &'a Profile) -> Self {
        let field = |f: Field| record.subject.iter().find(|(k, _)| k == f.code()).map(|(_, v)| v.as_str());
        let organisation = match record.holder {
            HolderKind::Organisation => field(Field::Name),
            _ => field(Field::Organisation),
        };
        let region = field(Field::Region).and_then(|r| r.parse().ok());
        Self { org: &record.org, profile, days: record.days, region, organisation }
    }
}

/// The organisation may have this issued: nothing above it frozen, profile, validity, region and name within the limits
/// of the whole chain.
pub(crate) fn permits(tree: &OrgTree, asked: &Asked<'_>) -> Result<()> {
    not_frozen(tree, asked.org)?;
    if asked.profile.class != ProfileClass::EndEntity {
        return Err(ErrorKind::ProfileHolder { profile: asked.profile.id.to_string(), holder: "subscriber" }.into());
    }
    if asked.days == 0 || asked.days > asked.profile.max_days {
        return Err(ErrorKind::TooLong { asked: asked.days, allowed: asked.profile.max_days }.into());
    }
    let limits = tree.effective_limits(asked.org)?;
    let beyond = |limit, asked: String, allowed: String| Err(LimitExceeded { limit, asked, allowed }.into());
    if let Some(profiles) = &limits.profiles
        && !profiles.contains(&asked.profile.id)
    {
        let allowed = profiles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        return beyond("profiles", asked.profile.id.to_string(), allowed);
    }
    if let Some(max) = limits.max_days
        && asked.days > max
    {
        return beyond("max-days", asked.days.to_string(), max.to_string());
    }
    // Each of the chain by itself: one below may keep a limit beside the one that was narrowed above it.
    for Limits { region, name_prefix, .. } in tree.chain(asked.org)?.into_iter().map(|o| &o.limits) {
        if let Some(region) = region
            && !asked.region.is_some_and(|r| region.contains(&r))
        {
            return beyond("region", asked.region.map_or("none".to_owned(), |r| r.to_string()), region.to_string());
        }
        if let Some(prefix) = name_prefix
            && !asked.organisation.is_some_and(|o| o.starts_with(prefix.as_str()))
        {
            return beyond("name-prefix", asked.organisation.unwrap_or("none").to_owned(), prefix.clone());
        }
    }
    Ok(())
}

/// Counts what is issued against the quotas of a chain of organisations, over one batch.
#[derive(Default)]
pub(crate) struct Quotas {
    added: BTreeMap<OrgId, u64>,
    used: BTreeMap<(OrgId, &'static str), u64>,
}

impl Quotas {
    /// Takes one certificate for `org` out of its quota and those above it.
    pub(crate) fn take(&mut self, r: &Reader<'_>, tree: &OrgTree, org: &OrgId, now: Instant) -> Result<()> {
        let chain = tree.chain(org)?;
        for node in &chain {
            for (span, quota, day) in
                [("day", node.limits.quota_day, Some(now.day())), ("total", node.limits.quota_total, None)]
            {
                let Some(allowed) = quota else { continue };
                let key = (node.id.clone(), span);
                let used = match self.used.get(&key) {
                    Some(used) => *used,
                    None => {
                        let used = r.issued_count(&r.subtree_ids(&node.id)?, day)?;
                        self.used.insert(key, used);
                        used
                    }
                };
                if used + self.added.get(&node.id).copied().unwrap_or(0) >= u64::from(allowed) {
                    return Err(ErrorKind::Quota { org: node.id.clone(), span, allowed }.into());
                }
            }
        }
        for node in chain {
            *self.added.entry(node.id.clone()).or_default() += 1;
        }
        Ok(())
    }
}
