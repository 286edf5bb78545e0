//! What one certificate has to do with the one it renews or replaces, and the request for such a successor.

use hufu_model::certificate::CertificateRow;
use hufu_model::ident::{Digest, ProfileId, RequestId, Serial};
use hufu_model::lifecycle::State;
use hufu_model::operator::Operator;
use hufu_model::org::OrgTree;
use hufu_model::request::Action;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Instant;
use hufu_store::{Reader, RequestRow};
use hufu_x509::certificate::Certificate;
use hufu_x509::record::RequestRecord;

use crate::authority::Authority;
use crate::error::{ErrorKind, Result};
use crate::policy::{self, Profiles};
use crate::sealed::Personal;
use crate::submit::NewRequest;

/// A certificate that is asked for, as far as its predecessor is concerned.
pub(crate) struct Succession<'a> {
    action: Action,
    predecessor: Option<&'a Serial>,
    revokes: Option<RevocationReason>,
    holder: &'a Digest,
    spki: &'a Digest,
    subject: &'a str,
    profile: &'a ProfileId,
    pair: bool,
}

impl<'a> Succession<'a> {
    /// The certificate that is renewed or rekeyed, which is done once.
    pub(crate) fn renewed(&self) -> Option<&'a Serial> {
        self.predecessor.filter(|_| matches!(self.action, Action::Renew | Action::Rekey))
    }

    /// Of a signed record and its row.
    pub(crate) fn of_record(record: &'a RequestRecord, row: &'a RequestRow) -> Self {
        Self {
            action: record.action,
            predecessor: record.predecessor.as_ref(),
            revokes: record.revokes,
            holder: &row.holder,
            spki: &row.spki,
            subject: &row.subject,
            profile: &row.profile,
            pair: record.pair,
        }
    }

    /// The predecessor is the same holder's, a pair is succeeded by a pair, the table and its profile allow the action, key and subject are what the
    /// action makes of them, and all of `people` may revoke it where that is asked for.
    pub(crate) fn check(
        &self,
        r: &Reader<'_>,
        tree: &OrgTree,
        people: &[&Operator],
        profiles: &mut Profiles,
        now: Instant,
    ) -> Result<()> {
        let unfit = |reason| Err(ErrorKind::ReasonUnfit { action: self.action, reason }.into());
        let Some(serial) = self.predecessor else {
            return self.revokes.map_or(Ok(()), unfit);
        };
        let predecessor = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
        if predecessor.holder != *self.holder {
            return Err(ErrorKind::PredecessorHolder(serial.clone()).into());
        }
        if let Some(signing) = r.signing_half(serial)? {
            return Err(ErrorKind::PairHalf { encryption: serial.clone(), signing }.into());
        }
        if self.action != Action::Issue && !self.pair && r.encryption_half(serial)?.is_some() {
            return Err(ErrorKind::PairSucceeds(serial.clone()).into());
        }
        policy::may_be_done(r, profiles, &predecessor, self.action, now)?;
        if matches!(self.action, Action::Renew | Action::Rekey)
            && let Some(by) =
                r.renewals(serial)?.into_iter().find(|s| matches!(State::of(s, now), State::Active | State::Held))
        {
            return Err(ErrorKind::Succeeded { serial: serial.clone(), by: by.serial }.into());
        }
        if let Some(reason) = self.revokes {
            if self.action == Action::Issue || !RevocationReason::SUBSCRIBER.contains(&reason) {
                return unfit(reason);
            }
            people.iter().try_for_each(|by| policy::within(tree, by, &predecessor.org))?;
        }
        if matches!(self.action, Action::Renew | Action::Rekey | Action::Replace) {
            if predecessor.subject != self.subject || predecessor.profile != *self.profile {
                return Err(ErrorKind::SuccessorSubject(self.action).into());
            }
            let same = spki(r, &predecessor)? == *self.spki;
            if same != (self.action == Action::Renew) {
                return Err(ErrorKind::SuccessorKey(self.action).into());
            }
        }
        Ok(())
    }
}

/// SM3 of the SubjectPublicKeyInfo of a certificate on record.
pub(crate) fn spki(r: &Reader<'_>, certificate: &CertificateRow) -> Result<Digest> {
    if let Some(spki) = policy::spki_on_record(*r, certificate)? {
        return Ok(spki);
    }
    let der = r.certificate_der(&certificate.serial)?;
    let der = der.ok_or_else(|| ErrorKind::UnknownCertificate(certificate.serial.clone()))?;
    Ok(Certificate::from_der(&der)?.public_key()?.spki_digest())
}

impl Authority {
    /// The request that renews, rekeys, replaces or changes the certificate `serial`: everything is as it was asked for
    /// then, the CSR included; of a pair either half may be named. A new key is put in by giving another CSR, other data by giving other fields.
    ///
    /// The personal fields are in it in clear: the home's data key must be unlocked.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`]; [`ErrorKind::CertificateState`] and [`ErrorKind::ProfileAction`] when nothing of
    /// the kind may be done; [`ErrorKind::UnknownRequest`] for a certificate of the founding, which answers none;
    /// [`ErrorKind::Locked`].
    pub fn successor(&self, serial: &Serial, action: Action, id: RequestId) -> Result<NewRequest> {
        let now = self.now();
        let seal = self.seal()?;
        let (row, body, certificate, operator) = self.read(|r| {
            // Either half names the pair.
            let serial = &r.signing_half(serial)?.unwrap_or_else(|| serial.clone());
            let found = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
            policy::may_be_done(r, &mut Profiles::default(), &found, action, now)?;
            let unknown = || ErrorKind::UnknownRequest(id.clone());
            let request = found.request.as_ref().ok_or_else(unknown)?;
            let row = r.request(request)?.ok_or_else(unknown)?;
            let body = r.request_body(request)?.ok_or_else(unknown)?;
            let operator = r.certificate_operator(serial)?.map(|id| r.operator(&id)).transpose()?.flatten();
            Ok((row, body, found, operator))
        })?;
        let record = RequestRecord::from_der(&body.record)?;
        let personal = Personal::from_bytes(&seal.open(row.id.as_str().as_bytes(), &body.sealed)?)?;
        let mut fields = Vec::with_capacity(record.subject.len() + 4);
        for (name, value) in record.subject {
            fields.push((name.parse()?, value));
        }
        fields.extend(personal.fields());
        Ok(NewRequest {
            id,
            org: certificate.org,
            holder: certificate.holder_kind,
            fields,
            hosts: record.hosts,
            csr: body.csr,
            profile: certificate.profile,
            days: Some(record.days),
            reason: action.reason(),
            medium: certificate.medium,
            predecessor: Some(certificate.serial),
            // With the roles that the operator holds now.
            operator: record.operator.and(operator).map(|now| (now.id, now.roles)),
            revokes: matches!(action, Action::Replace | Action::Change).then_some(RevocationReason::Superseded),
            ca: None,
            // A lost medium is not the new one's.
            medium_id: record.medium_id.filter(|_| action != Action::Replace),
            pair: record.pair,
        })
    }
}
