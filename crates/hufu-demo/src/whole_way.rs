//! What the demonstration does, without a word to the terminal: it founds a home, builds the hierarchy of 2018-H1, appoints
//! its operators, takes requests in, has them approved and issued, and verifies everything that came of it.

use std::path::Path;
use std::sync::Arc;

use hufu_authority::data::{Region, RosterEntry, region, roster_2018_h1};
use hufu_authority::model::holder::HolderKind;
use hufu_authority::model::ident::{OrgId, RequestId};
use hufu_authority::model::request::{Medium, Reason};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::path;
use hufu_authority::{
    AfterSigning, Asked, AuditReport, Authority, CaSigner, Depth, ErrorKind, NewRequest, Report, ReportKind, Result,
    SystemClock,
};

use crate::people::{self, Invented};
use crate::samples::{GOOD, Sample, WRONG};
use crate::secrets::{Secrets, person, private_dir};
use crate::staff::{self, Founded, Offices, Post};
use crate::{Tell, all};

/// What came of it.
pub struct Played {
    /// Organisations below the CA.
    pub organisations: usize,
    /// Operators appointed, the administrators not counted.
    pub operators: usize,
    /// Files of other programs that were accepted.
    pub accepted: Vec<&'static str>,
    /// Files that were refused: name, code, reason.
    pub refused: Vec<(&'static str, &'static str, String)>,
    /// Subscribers' certificates issued.
    pub issued: usize,
    /// Of these, how many have a chain that validates.
    pub valid: usize,
    /// The audit of the whole home.
    pub audit: AuditReport,
    /// The report.
    pub report: Report,
    /// A certificate to try the other commands on.
    pub sample_serial: String,
    /// A request that still waits for approval, to try the other commands on.
    pub waiting: RequestId,
}

/// Plays the whole demonstration in the folder `dir`, which must not exist, with `count` invented holders.
///
/// # Errors
/// The first error of any verb: a demonstration does not go on past one.
pub fn play(dir: &Path, count: usize, tell: Tell<'_>) -> Result<Played> {
    tell("found", 0, 1);
    private_dir(dir)?;
    let secrets = Secrets::new(dir)?;
    let founded = staff::found(dir, &secrets, Arc::new(SystemClock))?;
    let Founded { authority, zhao, .. } = &founded;
    let ca = authority.start_signer(zhao, &secrets.ca, AfterSigning::Verify)?;
    let roster = roster_2018_h1();
    staff::add_organisations(&founded, &roster, tell)?;
    let posts = roster.iter().map(Post::of_office).collect::<Result<Vec<_>>>()?.concat();
    let offices = Offices::new(staff::appoint(&founded, &ca, posts, None, &secrets, tell)?);

    let mut played = Played {
        organisations: roster.len(),
        operators: offices.operators(),
        accepted: Vec::new(),
        refused: Vec::new(),
        issued: 0,
        valid: 0,
        audit: AuditReport::default(),
        report: authority.report(ReportKind::Summary, &Asked::default())?,
        sample_serial: String::new(),
        waiting: "demo-waiting".parse()?,
    };
    foreign_requests(authority, &offices, &ca, &mut played, tell)?;
    invented_requests(authority, &offices, &roster, &ca, count, &mut played, tell)?;
    waiting_request(authority, &offices, &played.waiting)?;

    played.audit = authority.audit(Depth::Deep, &|p| tell("verify", p.done, p.of))?;
    played.report = authority.report(ReportKind::Summary, &Asked::default())?;
    Ok(played)
}

/// The requests of other programs, entered in Chengdu: the wrong ones are refused with the reason, the others go the whole
/// way.
fn foreign_requests(
    authority: &Authority,
    offices: &Offices,
    ca: &CaSigner,
    played: &mut Played,
    tell: Tell<'_>,
) -> Result<()> {
    let chengdu: OrgId = "lra-chengdu".parse()?;
    let place = place("510100")?;
    let request = |n: usize, sample: &Sample| -> Result<NewRequest> {
        // Persons only: numbers 0 to 6 of ten.
        let holder = people::holder(n / 7 * 10 + n % 7, &place);
        filled(&format!("demo-file-{n:03}"), &chengdu, holder, sample.bytes.to_vec())
    };
    let samples: Vec<&Sample> = GOOD.iter().chain(&WRONG).collect();
    let requests = samples.iter().enumerate().map(|(n, s)| request(n, s)).collect::<Result<Vec<_>>>()?;
    let entry = offices.entry(&chengdu)?;
    let mut taken = Vec::new();
    for ((result, sample), request) in authority.submit(entry, &requests)?.into_iter().zip(samples).zip(&requests) {
        match result {
            Ok(_) => {
                played.accepted.push(sample.file);
                taken.push(request.id.clone());
            }
            Err(e) => played.refused.push((sample.file, e.code(), e.to_string())),
        }
        tell("files", (played.accepted.len() + played.refused.len()) as u64, requests.len() as u64);
    }
    finish(authority, offices, ca, &chengdu, &taken, played)
}

/// `count` invented holders, spread over every organisation.
fn invented_requests(
    authority: &Authority,
    offices: &Offices,
    roster: &[RosterEntry],
    ca: &CaSigner,
    count: usize,
    played: &mut Played,
    tell: Tell<'_>,
) -> Result<()> {
    // Sichuan and Yunnan lead, as in the bulletin: their offices take twice the share.
    let share = |entry: &RosterEntry| {
        let leads = entry.region.is_some_and(|r| r.as_str().starts_with("51") || r.as_str().starts_with("53"));
        count * if leads { 2 } else { 1 } / (roster.len() + LEADING) + 1
    };
    let (before, all_shares) = (played.issued, roster.iter().map(share).sum::<usize>());
    for (n, entry) in roster.iter().enumerate() {
        let share = share(entry);
        let place = place(entry.region.as_ref().map_or("110000", |r| r.as_str()))?;
        let mut requests = Vec::with_capacity(share);
        for i in 0..share {
            let (_, csr) = person("applicant")?;
            let holder = people::holder(100 + n * share + i, &place);
            requests.push(filled(&format!("demo-{n:02}-{i:04}"), &entry.id, holder, csr)?);
        }
        let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
        all(authority.submit(offices.entry(&entry.id)?, &requests)?)?;
        finish(authority, offices, ca, &entry.id, &ids, played)?;
        tell("certificates", (played.issued - before) as u64, all_shares as u64);
    }
    Ok(())
}

/// How many organisations of the roster lie in Sichuan and Yunnan.
const LEADING: usize = 13;

/// Approval at the RA above, issuing, validation of each chain.
fn finish(
    authority: &Authority,
    offices: &Offices,
    ca: &CaSigner,
    org: &OrgId,
    ids: &[RequestId],
    played: &mut Played,
) -> Result<()> {
    let approver = offices.approver(authority, org)?;
    all(authority.approve(approver, ids)?)?;
    let id = authority.identity();
    for issued in all(authority.issue(approver, ca, ids)?)? {
        let certificate = Certificate::from_der(&issued.der)?;
        let others = std::slice::from_ref(&id.issuing);
        let verdict = path::validate(&certificate, others, std::slice::from_ref(&id.root), authority.now());
        played.issued += 1;
        played.valid += usize::from(verdict.is_valid());
        played.sample_serial = issued.serial.to_string();
    }
    Ok(())
}

/// One more request that is entered and left waiting, for the reader to approve.
fn waiting_request(authority: &Authority, offices: &Offices, id: &RequestId) -> Result<()> {
    let (_, csr) = person("applicant")?;
    let org: OrgId = "lra-chengdu".parse()?;
    let request = filled(id.as_str(), &org, people::holder(9001, &place("510100")?), csr)?;
    all(authority.submit(offices.entry(&org)?, &[request])?)?;
    Ok(())
}

fn filled(id: &str, org: &OrgId, holder: Invented, csr: Vec<u8>) -> Result<NewRequest> {
    Ok(NewRequest {
        id: id.parse()?,
        org: org.clone(),
        holder: holder.kind,
        fields: holder.fields,
        hosts: holder.hosts,
        csr,
        profile: holder.profile.parse()?,
        days: None,
        reason: Reason::First,
        medium: if holder.kind == HolderKind::Device { Medium::Server } else { Medium::UKey },
        predecessor: None,
        operator: None,
        revokes: None,
        ca: None,
        medium_id: None,
        pair: false,
    })
}

fn place(code: &str) -> Result<Region> {
    region(code).ok_or_else(|| ErrorKind::UnknownRegion(code.to_owned()).into())
}
