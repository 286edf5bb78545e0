//! The SM2 side: pairs, what becomes of them, and the cutovers, in the order of their time.

use std::collections::{BTreeMap, HashMap};

use hufu_authority::data::Region;
use hufu_authority::data::population::{Pair, PlannedCutover};
use hufu_authority::model::ident::{OrgId, RequestId, Serial};
use hufu_authority::model::migration::Cutover;
use hufu_authority::model::request::Action;
use hufu_authority::model::revocation::RevocationReason;
use hufu_authority::model::time::Instant;
use hufu_authority::{Authority, Change, ErrorKind, NewRequest, Outcome, Result, Session, StatusRequest};
use rayon::prelude::*;

use super::Play;
use crate::all;
use crate::people;
use crate::secrets::person;

/// What was issued.
pub(super) struct Issued {
    /// How many pairs.
    pub(super) pairs: u64,
    /// How many were revoked or suspended.
    pub(super) ended: u64,
    /// The holder's number of each, by the serial number of its signing half.
    pub(super) holders: HashMap<Serial, u64>,
}

/// What is done at one time.
enum Act {
    Cutover(PlannedCutover),
    End(Vec<usize>),
    Issue(Vec<usize>),
}

/// An office's own part of some pairs, and who acts for it.
struct Desk<'a> {
    org: &'a OrgId,
    entry: &'a Session,
    approver: &'a Session,
    pairs: Vec<usize>,
}

impl Play<'_> {
    /// Everything until the end of June 2018 but the inventory.
    pub(super) fn pairs(&self) -> Result<Issued> {
        let pairs = self.plan.pairs();
        let mut acts: BTreeMap<(Instant, u8), Act> = BTreeMap::new();
        for (n, pair) in pairs.iter().enumerate() {
            let issue = acts.entry((pair.at, 2)).or_insert_with(|| Act::Issue(Vec::new()));
            if let Act::Issue(numbers) = issue {
                numbers.push(n);
            }
            // What a successor ends is ended by the event that stores that one.
            let own = pair.ending.filter(|e| !e.by_successor);
            if let Some(ending) = own
                && let Act::End(numbers) = acts.entry((ending.at, 1)).or_insert_with(|| Act::End(Vec::new()))
            {
                numbers.push(n);
            }
        }
        for (n, cutover) in self.plan.cutovers().into_iter().enumerate() {
            // Decided at four o'clock the day before; of one instant in their order.
            let decided = cutover.effective.plus_seconds(-17 * 3600 + i64::try_from(n).unwrap_or_default());
            acts.insert((decided, 0), Act::Cutover(cutover));
        }
        let mut serials: Vec<Option<Serial>> = vec![None; pairs.len()];
        let (mut done, mut ended) = (0, 0);
        for ((at, _), act) in acts {
            match act {
                Act::Cutover(cutover) => self.cut_over(&cutover, at)?,
                Act::End(numbers) => {
                    ended += numbers.len() as u64;
                    self.end(&numbers, &pairs, &serials, at)?;
                }
                Act::Issue(numbers) => {
                    done += numbers.len() as u64;
                    self.issue(&numbers, &pairs, &mut serials, at)?;
                    (self.tell)("pairs", done, pairs.len() as u64);
                }
            }
        }
        let holders =
            serials.into_iter().zip(&pairs).filter_map(|(serial, pair)| Some((serial?, pair.holder))).collect();
        Ok(Issued { pairs: done, ended, holders })
    }

    /// One administrator proposes a cutover, the other countersigns.
    fn cut_over(&self, planned: &PlannedCutover, at: Instant) -> Result<()> {
        self.clock.forward_to(at);
        let cutover = Cutover {
            org: planned.org.clone(),
            migration: "sm2".parse()?,
            effective: planned.effective,
            attested: false,
            evidence: "验收报告（示例）".to_owned(),
            withdrawn: false,
        };
        let (authority, zhao, qian) = (&self.founded.authority, &self.founded.zhao, &self.founded.qian);
        match authority.change(zhao, &Change::Cutover(cutover))? {
            Outcome::Proposed(digest) => authority.countersign(qian, &digest).map(drop),
            Outcome::Done(_) => Err(ErrorKind::Internal("a cutover by one person").into()),
        }
    }

    /// The pairs of some offices below one RA, by office.
    fn desks(&self, numbers: &[usize], pairs: &[Pair]) -> Result<Vec<Desk<'_>>> {
        let mut by_office: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (n, pair) in numbers.iter().filter_map(|n| Some((*n, pairs.get(*n)?))) {
            by_office.entry(pair.office).or_default().push(n);
        }
        let desk = |(office, pairs): (usize, Vec<usize>)| {
            let org = self.plan.offices().get(office).map(|o| &o.entry.id);
            let org = org.ok_or(ErrorKind::Internal("a pair of no office"))?;
            let (entry, approver) = (self.offices.entry(org)?, self.offices.approver(&self.founded.authority, org)?);
            Ok(Desk { org, entry, approver, pairs })
        };
        by_office.into_iter().map(desk).collect()
    }

    /// Entered four minutes before, approved two minutes before, issued at the time. All are of one RA.
    fn issue(&self, numbers: &[usize], pairs: &[Pair], serials: &mut [Option<Serial>], at: Instant) -> Result<()> {
        let authority = &self.founded.authority;
        self.clock.forward_to(at.plus_seconds(-240));
        let desks = self.desks(numbers, pairs)?;
        let counter = Counter { authority, places: &self.places, singles: self.singles, pairs, serials };
        for desk in &desks {
            let org = desk.org;
            let made: Vec<Result<NewRequest>> = desk.pairs.par_iter().map(|n| counter.request(*n, org)).collect();
            all(authority.submit(desk.entry, &all(made)?)?)?;
        }
        let Some(approver) = desks.first().map(|d| d.approver) else { return Ok(()) };
        self.clock.forward_to(at.plus_seconds(-120));
        let ids = numbers.iter().map(|n| request_id(*n)).collect::<Result<Vec<_>>>()?;
        all(authority.approve(approver, &ids)?)?;
        self.clock.forward_to(at);
        for (n, issued) in numbers.iter().zip(all(authority.issue(approver, &self.ca, &ids)?)?) {
            if let Some(place) = serials.get_mut(*n) {
                *place = Some(issued.serial);
            }
        }
        Ok(())
    }

    /// Revokes or suspends pairs: asked for a minute before, approved and applied at the time. All are of one RA.
    fn end(&self, numbers: &[usize], pairs: &[Pair], serials: &[Option<Serial>], at: Instant) -> Result<()> {
        let authority = &self.founded.authority;
        self.clock.forward_to(at.plus_seconds(-60));
        let desks = self.desks(numbers, pairs)?;
        let mut ids = Vec::with_capacity(numbers.len());
        for desk in &desks {
            let mut requests = Vec::with_capacity(desk.pairs.len());
            for n in &desk.pairs {
                let ending = pairs.get(*n).and_then(|p| p.ending);
                let serial = serials.get(*n).cloned().flatten();
                let (Some(ending), Some(serial)) = (ending, serial) else { continue };
                let id: RequestId = format!("end-{n:06}").parse()?;
                ids.push(id.clone());
                requests.push(match ending.reason {
                    RevocationReason::CertificateHold => StatusRequest::suspend(id, serial),
                    reason => StatusRequest::revoke(id, serial, reason),
                });
            }
            all(authority.request_status(desk.entry, &requests)?)?;
        }
        let Some(approver) = desks.first().map(|d| d.approver) else { return Ok(()) };
        self.clock.forward_to(at);
        all(authority.approve(approver, &ids)?)?;
        all(authority.apply(approver, &ids)?)?;
        Ok(())
    }
}

/// Where requests are taken down: what that needs to know, from any thread.
struct Counter<'a> {
    authority: &'a Authority,
    places: &'a [Region],
    singles: bool,
    pairs: &'a [Pair],
    serials: &'a [Option<Serial>],
}

impl Counter<'_> {
    /// What the holder of pair `n` asks for.
    fn request(&self, n: usize, org: &OrgId) -> Result<NewRequest> {
        const GONE: ErrorKind = ErrorKind::Internal("a pair that is not in the plan");
        let pair = self.pairs.get(n).ok_or(GONE)?;
        let id = request_id(n)?;
        let (_, csr) = person("applicant")?;
        if let Some(succession) = pair.succeeds {
            let old = self.serials.get(succession.of).and_then(Option::as_ref).ok_or(GONE)?;
            let action = Action::of(succession.reason);
            let mut request = self.authority.successor(old, action, id)?;
            if action != Action::Renew {
                request.csr = csr;
            }
            return Ok(request);
        }
        let place = self.places.get(pair.office).ok_or(GONE)?;
        let holder = usize::try_from(pair.holder).unwrap_or_default();
        let invented = people::holder_of(pair.kind, holder, place);
        Ok(NewRequest {
            id,
            org: org.clone(),
            holder: invented.kind,
            fields: invented.fields,
            hosts: invented.hosts,
            csr,
            profile: pair.profile.parse()?,
            days: Some(pair.days),
            reason: pair.reason,
            medium: pair.medium,
            predecessor: None,
            operator: None,
            revokes: None,
            ca: None,
            medium_id: None,
            pair: !self.singles,
        })
    }
}

fn request_id(n: usize) -> Result<RequestId> {
    Ok(format!("pair-{n:06}").parse()?)
}
