//! `submit`: an entry operator takes requests in and signs them.

use std::collections::{HashMap, HashSet};

use hufu_issuer::prepare::subject;
use hufu_model::event::EventKind;
use hufu_model::holder::{Field, Holder, HolderKind, Purpose, Visibility};
use hufu_model::ident::{CaId, Digest, MediumId, OperatorId, OrgId, ProfileId, RequestId, Serial};
use hufu_model::operator::{Operator, Role};
use hufu_model::org::OrgTree;
use hufu_model::profile::{Hosts, Profile};
use hufu_model::request::{Action, Medium, Reason, RequestStatus};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_store::{Document, Reader, RequestBody, RequestRow, Write};
use hufu_x509::csr::{Csr, VerifiedCsr};
use hufu_x509::digest::sm3;
use hufu_x509::key::PublicKey;
use hufu_x509::record::{Manifest, ManifestKind, OperatorGrant, RequestRecord};
use hufu_x509::seal::SealKey;
use rayon::prelude::*;

use crate::authority::{Authority, Session};
use crate::ca::{IssuingCa, IssuingCas};
use crate::change::known_region;
use crate::error::{Error, ErrorKind, Result};
use crate::migration::InForce;
use crate::policy::{self, Asked, Profiles};
use crate::succession::Succession;
use crate::{document, media, sealed};

/// The most requests of one batch: their list is signed as one record, which can hold twice as many.
const MAX_BATCH: usize = 100_000;

/// The most hosts of one device. A certificate that names many more is longer than anybody reads.
const MAX_HOSTS: usize = 100;

/// How long a submitted request may wait for its certificate.
pub(crate) const REQUEST_DAYS: i64 = 30;

/// A request as the entry operator takes it down.
#[derive(Clone)]
pub struct NewRequest {
    /// Its id, unique in the home: sending the same request twice does nothing the second time.
    pub id: RequestId,
    /// The organisation it is entered for.
    pub org: OrgId,
    /// What kind of holder.
    pub holder: HolderKind,
    /// The holder's fields.
    pub fields: Vec<(Field, String)>,
    /// Host names and IP addresses of a device.
    pub hosts: Vec<String>,
    /// The PKCS#10 request, PEM or DER.
    pub csr: Vec<u8>,
    /// The profile.
    pub profile: ProfileId,
    /// Validity in days; the profile's default when not given.
    pub days: Option<u32>,
    /// Why it is asked for.
    pub reason: Reason,
    /// What the key lives in.
    pub medium: Medium,
    /// The certificate it renews or replaces.
    pub predecessor: Option<Serial>,
    /// The operator the certificate is for, and their roles. Only administrators enter these.
    pub operator: Option<(OperatorId, Vec<Role>)>,
    /// Why the predecessor is revoked in the moment in which the certificate is stored; none leaves it as it is.
    pub revokes: Option<RevocationReason>,
    /// The issuing CA it is for; the current one when not given.
    pub ca: Option<CaId>,
    /// The medium of the ledger of media that the key lives in.
    pub medium_id: Option<MediumId>,
    /// Whether an encryption certificate is to be issued beside it, with a key of the key centre: a pair (双证书).
    pub pair: bool,
}

impl NewRequest {
    /// What is asked for: the reason says so, when it names a certificate that it renews or replaces.
    #[must_use]
    pub fn action(&self) -> Action {
        if self.predecessor.is_some() { Action::of(self.reason) } else { Action::Issue }
    }
}

/// A request on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Its id.
    pub id: RequestId,
    /// The subject its certificate will have.
    pub subject: String,
    /// Where it stands: `submitted`, or further when it was sent before.
    pub status: RequestStatus,
}

/// A request that passed every check, with its record.
struct Checked {
    row: RequestRow,
    body: RequestBody,
    record: RequestRecord,
    holder: Holder,
    profile: Profile,
}

impl Authority {
    /// Enters requests: checks each, builds its record, signs the list of records, and stores all in one transaction
    /// with one event. A result for each; those that are refused change nothing and do not hinder the others.
    ///
    /// # Errors
    /// An error of the whole batch: more than 100,000 requests, role, jurisdiction of the operator, locked data key,
    /// database.
    pub fn submit(&self, session: &Session, requests: &[NewRequest]) -> Result<Vec<Result<Submitted>>> {
        not_too_many(requests.len())?;
        let now = self.now();
        let before = self.read_as(session, "submit", |r| {
            let operator = policy::acting(r, session, now)?;
            let (tree, cas) = (r.org_tree()?, self.identity.cas(r)?);
            Ok(Before { operator, tree, profiles: used_by(requests, r)?, cas })
        })?;
        let checked: Vec<Result<Checked>> = requests.par_iter().map(|q| self.check(q, &before, now)).collect();
        let records: Vec<Digest> = checked.iter().flatten().map(|c| c.row.record_digest).collect();
        let manifest = Manifest {
            kind: ManifestKind::Submit,
            org: before.operator.org.clone(),
            operator: before.operator.id.clone(),
            at: now.unix_seconds(),
            nonce: self.entropy.array()?,
            records,
        };
        let der = manifest.to_der();
        let document = document::row("manifest", &der, session, now, self.sign_as(session, &der)?);
        let results = self.write(session, "submit", |w| {
            let r = w.reader();
            let by = policy::acting(&r, session, w.now())?;
            let mut admission = Admission::new(&r, self.identity.cas(&r)?, by, w.now(), self.seal.as_ref())?;
            let mut results = Vec::with_capacity(checked.len());
            let mut fresh = Vec::new();
            let mut position = 0;
            for (checked, request) in checked.into_iter().zip(requests) {
                let checked = match checked {
                    Ok(checked) => checked,
                    Err(e) => {
                        results.push(Err(admission.named_cutover(request)?.unwrap_or(e)));
                        continue;
                    }
                };
                let Checked { mut row, body, .. } = match admission.admit(&checked, request) {
                    Ok(Admitted::Fresh) => checked,
                    Ok(Admitted::Before(before)) => {
                        results.push(Ok(before));
                        position += 1;
                        continue;
                    }
                    Err(e) => {
                        results.push(Err(e.about(request.id.to_string())));
                        position += 1;
                        continue;
                    }
                };
                row.manifest = document.digest;
                row.position = position;
                row.submitted_at = w.now().unix_seconds();
                position += 1;
                let (id, subject) = (row.id.clone(), row.subject.clone());
                results.push(Ok(Submitted { id, subject, status: RequestStatus::Submitted }));
                fresh.push((row, body));
            }
            enter(w, session, &document, &fresh)?;
            Ok(results)
        })?;
        hufu_store::fault!("f1");
        self.record_denials(session, "submit", results.iter().filter_map(|r| r.as_ref().err()))?;
        Ok(results)
    }

    /// Everything about one request that needs no transaction.
    fn check(&self, request: &NewRequest, before: &Before, now: Instant) -> Result<Checked> {
        self.check_request(request, before, now).map_err(|e| e.about(request.id.to_string()))
    }

    fn check_request(&self, request: &NewRequest, before: &Before, now: Instant) -> Result<Checked> {
        if request.hosts.len() > MAX_HOSTS {
            let what = format!("it has {}", request.hosts.len());
            return Err(ErrorKind::Unreadable { wanted: "a list of at most 100 hosts", what }.into());
        }
        let (profile_digest, profile) = before.profiles.get(&request.profile)?;
        let csr: VerifiedCsr = Csr::from_bytes(&request.csr)?.verify()?;
        let purpose = if request.operator.is_some() { Purpose::Operator } else { Purpose::Subscriber };
        if !profile.holders.contains(&request.holder)
            || (profile.id.as_str() == OPERATOR_PROFILE) != request.operator.is_some()
        {
            return Err(
                ErrorKind::ProfileHolder { profile: profile.id.to_string(), holder: request.holder.code() }.into()
            );
        }
        if profile.encrypts_only() {
            return Err(ErrorKind::CompanionOnly(profile.id.to_string()).into());
        }
        let days = request.days.unwrap_or(profile.default_days);
        if request.pair {
            companion(profile, days, |id| before.profiles.get(id))?;
        }
        let fields = with_place(&request.fields);
        let holder = Holder::check(request.holder, purpose, fields, request.hosts.clone())?;
        if let Some(region) = holder.get(Field::Region) {
            known_region(region)?;
        }
        if profile.hosts == Hosts::Required && holder.hosts().is_empty() {
            return Err(ErrorKind::HostMissing.into());
        }
        policy::permits(&before.tree, &Asked::of(&request.org, profile, days, &holder))?;
        in_place(&holder)?;
        self.refuse_authority_key(&before.cas, csr.public_key())?;
        let public: Vec<(String, String)> =
            holder.fields(Visibility::Public).map(|(f, v)| (f.code().to_owned(), v.to_owned())).collect();
        let name = subject(profile, &public)?;
        let sealed = sealed::Personal::new(&holder, &*self.entropy)?;
        let seal = self.seal()?;
        let identity = match &request.operator {
            Some((operator, _)) => format!("operator {operator}"),
            None => holder.identity(),
        };
        let record = RequestRecord {
            request: request.id.clone(),
            ca: taking(&before.cas, request.ca.as_ref())?.ca,
            org: request.org.clone(),
            action: request.action(),
            reason: request.reason,
            holder: request.holder,
            subject: public,
            personal: sealed.digests(),
            csr: csr.digest(),
            profile: profile.id.clone(),
            profile_digest,
            days,
            hosts: holder.hosts().to_vec(),
            medium: request.medium,
            pair: request.pair,
            predecessor: request.predecessor.clone(),
            operator: grant(request),
            revokes: request.revokes,
            medium_id: request.medium_id.clone(),
            nonce: self.entropy.array()?,
            expires: now.plus_seconds(REQUEST_DAYS * 86_400).unix_seconds(),
        };
        let der = record.to_der();
        // What cannot be read again could be neither approved nor refused, and the audit would blame it for ever.
        RequestRecord::from_der(&der)?;
        if let Some(field) = sealed.leak_into(&[&der, name.to_string().as_bytes()]) {
            let what = format!("the {field} stands in clear in its id, its hosts or a public field");
            let wanted = "a request whose public part is free of personal numbers";
            return Err(ErrorKind::Unreadable { wanted, what }.into());
        }
        let body = RequestBody {
            record: der,
            csr: csr.der().to_vec(),
            sealed: seal.seal(request.id.as_str().as_bytes(), &sealed.to_bytes(), &*self.entropy)?,
        };
        let row = RequestRow {
            id: request.id.clone(),
            org: request.org.clone(),
            submitter: before.operator.id.clone(),
            action: record.action,
            reason: record.reason,
            holder_kind: request.holder,
            holder: seal.blind_index("holder", &identity),
            profile: profile.id.clone(),
            profile_digest,
            days,
            medium: request.medium,
            subject: name.to_string(),
            predecessor: request.predecessor.clone(),
            spki: csr.public_key().spki_digest(),
            csr_digest: record.csr,
            record_digest: sm3(&body.record),
            manifest: Digest([0; 32]),
            position: 0,
            status: RequestStatus::Submitted,
            approval: None,
            approver: None,
            serial: None,
            note: None,
            submitted_at: now.unix_seconds(),
            decided_at: None,
            expires: record.expires,
        };
        Ok(Checked { row, body, record, holder, profile: profile.clone() })
    }

    /// A key of the authority's own belongs to nobody else, and nothing is sent to it.
    pub(crate) fn refuse_authority_key(&self, cas: &IssuingCas, key: &PublicKey) -> Result<()> {
        let id = &self.identity;
        for certificate in cas.iter().map(|ca| &ca.certificate).chain([&id.root, &id.ledger]) {
            if certificate.public_key()? == *key {
                return Err(ErrorKind::AuthorityKey.into());
            }
        }
        Ok(())
    }
}

/// Writes a signed list and those of its requests that are new; nothing when none is.
pub(crate) fn enter(
    w: &mut Write<'_>,
    session: &Session,
    document: &Document,
    fresh: &[(RequestRow, RequestBody)],
) -> Result<()> {
    if fresh.is_empty() {
        return Ok(());
    }
    let mut event = w.event(EventKind::Submit, Some(session.operator()), &document.digest.to_string());
    event.put_document(document)?;
    for (row, body) in fresh {
        // A change of status uses no key.
        if row.action.makes_certificate() {
            event.put_key_use(&row.spki, &row.holder, &row.id)?;
        }
        event.put_request(row)?;
        event.put_request_body(&row.id, body)?;
    }
    event.close()?;
    Ok(())
}

/// The profile of the encryption half beside `profile`, which must fit it: for the same holders and as long a validity.
pub(crate) fn companion<'p>(
    profile: &Profile,
    days: u32,
    get: impl FnOnce(&ProfileId) -> Result<(Digest, &'p Profile)>,
) -> Result<(Digest, &'p Profile)> {
    let none = || ErrorKind::NoCompanion(profile.id.to_string());
    let (digest, companion) = get(profile.pair_with.as_ref().ok_or_else(none)?)?;
    if !companion.encrypts_only() || companion.hosts != profile.hosts {
        return Err(none().into());
    }
    if days > companion.max_days {
        return Err(ErrorKind::TooLong { asked: days, allowed: companion.max_days }.into());
    }
    Ok((digest, companion))
}

/// The fields, with province and city filled from the region code (GB/T 2260) where the operator left them out.
fn with_place(fields: &[(Field, String)]) -> Vec<(Field, String)> {
    let mut filled = fields.to_vec();
    let given = |field| fields.iter().find(|(f, v)| *f == field && !v.is_empty()).map(|(_, v)| v.as_str());
    // A code that is no code is reported by the checks that follow.
    let Some(code) = given(Field::Region).filter(|c| c.len() == 6 && c.is_ascii()) else { return filled };
    for (field, division) in places(code) {
        if let Some(division) = division.filter(|_| given(field).is_none()) {
            filled.push((field, division.zh));
        }
    }
    filled
}

/// Province and city are what the region code says: an operator of one city could write another one into a name.
fn in_place(holder: &Holder) -> Result<()> {
    let Some(code) = holder.get(Field::Region).filter(|c| c.len() == 6 && c.is_ascii()) else { return Ok(()) };
    for (field, division) in places(code) {
        let Some(name) = holder.get(field) else { continue };
        let fits = match division {
            Some(division) => is_called(&division, name),
            // Without a city in the code, it is any division of the province.
            None => hufu_data::regions().iter().any(|r| r.code.starts_with(&code[..2]) && is_called(r, name)),
        };
        if !fits {
            return Err(ErrorKind::Place { field: field.code(), region: code.to_owned() }.into());
        }
    }
    Ok(())
}

/// The province and the city of a region code of six ASCII characters, as far as it says them.
fn places(code: &str) -> [(Field, Option<hufu_data::Region>); 2] {
    let city = Some(format!("{}00", &code[..4])).filter(|upper| !upper.ends_with("0000"));
    [
        (Field::Province, hufu_data::region(&format!("{}0000", &code[..2]))),
        (Field::City, city.and_then(|upper| hufu_data::region(&upper))),
    ]
}

fn is_called(division: &hufu_data::Region, name: &str) -> bool {
    division.zh == name || division.en == name
}

/// The list of a batch fits into one signed record.
pub(crate) fn not_too_many(count: usize) -> Result<()> {
    if count > MAX_BATCH {
        let what = format!("it has {count}");
        return Err(ErrorKind::Unreadable { wanted: "a batch of at most 100000 requests", what }.into());
    }
    Ok(())
}

/// What is read once for a batch, before its transaction.
struct Before {
    operator: Operator,
    tree: OrgTree,
    profiles: Profiles,
    cas: IssuingCas,
}

/// The current profiles that a batch uses.
fn used_by(requests: &[NewRequest], r: &Reader<'_>) -> Result<Profiles> {
    let mut used = Profiles::default();
    for request in requests {
        used.read(r, &request.profile)?;
        let companion = used.get(&request.profile).ok().and_then(|(_, profile)| profile.pair_with.clone());
        if let Some(companion) = companion.filter(|_| request.pair) {
            used.read(r, &companion)?;
        }
    }
    Ok(used)
}

/// The checks of a batch that need the present state, inside its transaction.
struct Admission<'a> {
    r: &'a Reader<'a>,
    tree: OrgTree,
    cas: IssuingCas,
    by: Operator,
    now: Instant,
    seal: Option<&'a SealKey>,
    quotas: policy::Quotas,
    profiles: Profiles,
    media: media::Named,
    cutovers: InForce<'a>,
    ids: HashSet<RequestId>,
    keys: HashMap<Digest, (Digest, RequestId)>,
}

enum Admitted {
    /// It is new.
    Fresh,
    /// The same request is on record already.
    Before(Submitted),
}

impl<'a> Admission<'a> {
    fn new(r: &'a Reader<'a>, cas: IssuingCas, by: Operator, now: Instant, seal: Option<&'a SealKey>) -> Result<Self> {
        let tree = r.org_tree()?;
        policy::not_frozen(&tree, &by.org)?;
        let (quotas, ids, keys) = (policy::Quotas::default(), HashSet::new(), HashMap::new());
        let (profiles, media) = (Profiles::default(), media::Named::default());
        let cutovers = InForce::now(r, now)?;
        Ok(Self { r, tree, cas, by, now, seal, quotas, profiles, media, cutovers, ids, keys })
    }

    /// The refusal of a key that cannot be used at all, when it is one that a cutover left behind.
    fn named_cutover(&mut self, request: &NewRequest) -> Result<Option<Error>> {
        let Ok(csr) = Csr::from_bytes(&request.csr) else { return Ok(None) };
        match self.cutovers.refuse(&request.org, csr.key_algorithm()) {
            Err(e) if matches!(e.kind(), ErrorKind::AfterCutover(_)) => Ok(Some(e.about(request.id.to_string()))),
            other => other.map(|()| None),
        }
    }

    fn admit(&mut self, checked: &Checked, request: &NewRequest) -> Result<Admitted> {
        let row = &checked.row;
        let staff: &[Role] = if request.operator.is_some() { &[Role::Admin, Role::SuperAdmin] } else { &[Role::Entry] };
        policy::holds(&self.by, staff)?;
        policy::within(&self.tree, &self.by, &row.org)?;
        policy::may_appoint(self.r, &self.tree, &self.by, grant(request).as_ref())?;
        if let Some(before) = self.r.request(&row.id)? {
            if !self.same_request(&before, checked, request)? {
                return Err(ErrorKind::RequestReused(row.id.clone()).into());
            }
            return Ok(Admitted::Before(Submitted { id: before.id, subject: before.subject, status: before.status }));
        }
        policy::permits(&self.tree, &Asked::of(&row.org, &checked.profile, row.days, &checked.holder))?;
        self.cutovers.refuse(&row.org, checked.profile.algorithm)?;
        // Another one may have become current since the record was made.
        if let Some(ca) = self.cas.by_digest(&checked.record.ca) {
            taking(&self.cas, Some(&ca.name))?;
        }
        self.media.check(self.r, &self.tree, &checked.record, &row.holder, &checked.profile)?;
        let used = match self.keys.get(&row.spki) {
            Some((holder, request)) => Some((*holder, request.clone())),
            None => self.r.key_use(&row.spki)?.map(|used| (used.holder, used.request)),
        };
        if let Some((holder, request)) = used
            && holder != row.holder
        {
            return Err(ErrorKind::KeyInUse { request }.into());
        }
        if let Some(serial) = self.r.compromised_key(&row.spki)? {
            return Err(ErrorKind::CompromisedKey(serial).into());
        }
        Succession::of_record(&checked.record, row).check(
            self.r,
            &self.tree,
            &[&self.by],
            &mut self.profiles,
            self.now,
        )?;
        if !self.ids.insert(row.id.clone()) {
            return Err(ErrorKind::RequestReused(row.id.clone()).into());
        }
        self.quotas.take(self.r, &self.tree, &row.org, self.now)?;
        self.keys.insert(row.spki, (row.holder, row.id.clone()));
        Ok(Admitted::Fresh)
    }

    /// Whether `again` asks for what `before` asked for: everything but the time, the nonce and the salts of its record.
    fn same_request(&self, before: &RequestRow, again: &Checked, request: &NewRequest) -> Result<bool> {
        if before.action != again.row.action {
            return Ok(false);
        }
        let body = self.r.request_body(&before.id)?;
        let body = body.ok_or_else(|| document::fault("request", "its body is missing"))?;
        let mut known = RequestRecord::from_der(&body.record)?;
        let record = &again.record;
        (known.nonce, known.expires, known.personal) = (record.nonce, record.expires, record.personal.clone());
        if request.ca.is_none() {
            // It was for the CA that was current then.
            known.ca = record.ca;
        }
        if known != *record || before.holder != again.row.holder {
            return Ok(false);
        }
        let seal = self.seal.ok_or(ErrorKind::Locked)?;
        let open = |sealed: &[u8]| sealed::Personal::from_bytes(&seal.open(before.id.as_str().as_bytes(), sealed)?);
        Ok(open(&body.sealed)?.same_values(&open(&again.body.sealed)?))
    }
}

/// The CA a request is for: the one it names, or the current one.
fn taking<'a>(cas: &'a IssuingCas, name: Option<&CaId>) -> Result<&'a IssuingCa> {
    let ca = name.map_or_else(|| cas.current(), |name| cas.named(name))?;
    if ca.status.takes_requests() {
        return Ok(ca);
    }
    Err(ErrorKind::CaStatus { ca: ca.name.clone(), status: ca.status }.into())
}

/// The operator a request makes.
fn grant(request: &NewRequest) -> Option<OperatorGrant> {
    request.operator.clone().map(|(id, roles)| OperatorGrant { id, roles })
}

/// The profile of operators' certificates.
pub(crate) const OPERATOR_PROFILE: &str = "operator";
