//! What the demonstration does, without a word to the terminal: it founds a home, builds the hierarchy of 2018-H1, appoints
//! its operators, takes requests in, has them approved and issued, and verifies everything that came of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hufu_authority::data::{Region, RosterEntry, region, roster_2018_h1};
use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::holder::{Field, HolderKind};
use hufu_authority::model::ident::{OperatorId, OrgId, RequestId};
use hufu_authority::model::operator::Role;
use hufu_authority::model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_authority::model::profile::NameAttribute;
use hufu_authority::model::request::{Medium, Reason};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::key::{Passphrase, SecretKey};
use hufu_authority::x509::name::Name;
use hufu_authority::x509::{csr, path, pkcs8};
use hufu_authority::{
    AfterSigning, Asked, AuditReport, Authority, CaSigner, Change, Depth, Error, ErrorKind, Founding, HomePassphrases,
    NewAdministrator, NewRequest, Report, ReportKind, Result, Session, SystemEntropy,
};

use super::people::{self, Invented};
use super::samples::{GOOD, Sample, WRONG};

/// Tells how far a stage is: its name, done, of how many.
pub(super) type Tell<'a> = &'a dyn Fn(&'static str, u64, u64);

/// What came of it.
pub(super) struct Played {
    /// Organisations below the CA.
    pub(super) organisations: usize,
    /// Operators appointed, the administrators not counted.
    pub(super) operators: usize,
    /// Files of other programs that were accepted.
    pub(super) accepted: Vec<&'static str>,
    /// Files that were refused: name, code, reason.
    pub(super) refused: Vec<(&'static str, &'static str, String)>,
    /// Subscribers' certificates issued.
    pub(super) issued: usize,
    /// Of these, how many have a chain that validates.
    pub(super) valid: usize,
    /// The audit of the whole home.
    pub(super) audit: AuditReport,
    /// The report.
    pub(super) report: Report,
    /// A certificate to try the other commands on.
    pub(super) sample_serial: String,
    /// A request that still waits for approval, to try the other commands on.
    pub(super) waiting: RequestId,
}

/// The operators of one organisation.
struct Office {
    entry: Session,
    approver: Option<Session>,
}

/// Plays the whole demonstration in the folder `dir`, which must not exist, with `count` invented holders.
///
/// # Errors
/// The first error of any verb: a demonstration does not go on past one.
pub(super) fn play(dir: &Path, count: usize, tell: Tell<'_>) -> Result<Played> {
    let random: &dyn Entropy = &SystemEntropy;
    tell("found", 0, 1);
    if dir.exists() {
        return Err(ErrorKind::HomeExists(dir.to_owned()).into());
    }
    private_dir(dir)?;
    let secrets = Secrets::new(dir, random)?;
    let (zhao_key, zhao) = person("赵一", random)?;
    let (qian_key, qian) = person("钱二", random)?;
    secrets.keep("zhao", &zhao_key, random)?;
    secrets.keep("qian", &qian_key, random)?;
    let founding = Founding {
        name: "国家电子政务外网（示例）".to_owned(),
        name_en: "National e-Government Extranet (example)".to_owned(),
        base_http: "http://pki.example.cn".to_owned(),
        base_ldap: Some("ldap://ldap.example.cn".to_owned()),
        anchor: Some(dir.join("anchor")),
        root_key: None,
        instance: 1,
        crl_shards: 16,
        administrators: [
            NewAdministrator { id: "zhao".parse()?, name: "赵一".to_owned(), csr: zhao },
            NewAdministrator { id: "qian".parse()?, name: "钱二".to_owned(), csr: qian },
        ],
    };
    let passphrases = HomePassphrases { ca: &secrets.ca, home: &secrets.home };
    let authority = Authority::found(&dir.join("home"), &founding, &passphrases)?;
    let zhao = authority.act_as(&"zhao".parse()?, zhao_key)?;
    let qian = authority.act_as(&"qian".parse()?, qian_key)?;
    let ca = authority.start_signer(&zhao, &secrets.ca, AfterSigning::Verify)?;

    let roster = roster_2018_h1();
    for (n, entry) in roster.iter().enumerate() {
        tell("organisations", n as u64, roster.len() as u64);
        let _ = authority.change(&zhao, &Change::OrgAdd(organisation(entry)))?;
    }
    let offices = appoint(&authority, [&zhao, &qian], &ca, &roster, &secrets, tell)?;

    let mut played = Played {
        organisations: roster.len(),
        operators: offices.values().map(|o| 1 + usize::from(o.approver.is_some())).sum(),
        accepted: Vec::new(),
        refused: Vec::new(),
        issued: 0,
        valid: 0,
        audit: AuditReport::default(),
        report: authority.report(ReportKind::Summary, &Asked::default())?,
        sample_serial: String::new(),
        waiting: "demo-waiting".parse()?,
    };
    foreign_requests(&authority, &offices, &ca, &mut played, tell)?;
    invented_requests(&authority, &offices, &roster, &ca, count, &mut played, tell)?;
    waiting_request(&authority, &offices, &played.waiting)?;

    played.audit = authority.audit(Depth::Deep, &|p| tell("verify", p.done, p.of))?;
    played.report = authority.report(ReportKind::Summary, &Asked::default())?;
    Ok(played)
}

fn organisation(entry: &RosterEntry) -> Organisation {
    Organisation {
        id: entry.id.clone(),
        parent: Some(entry.parent.clone()),
        kind: entry.kind,
        name: entry.zh.clone(),
        name_en: entry.en.clone(),
        region: entry.region,
        limits: Limits { region: entry.region, quota_day: Some(5000), ..Limits::default() },
        status: OrgStatus::Active,
    }
}

/// Appoints an entry operator for every organisation and an approver for every RA: entered by one administrator, approved
/// by the other, issued.
fn appoint(
    authority: &Authority,
    [one, other]: [&Session; 2],
    ca: &CaSigner,
    roster: &[RosterEntry],
    secrets: &Secrets,
    tell: Tell<'_>,
) -> Result<BTreeMap<OrgId, Office>> {
    let random: &dyn Entropy = &SystemEntropy;
    let mut keys = Vec::new();
    let mut requests = Vec::new();
    for entry in roster {
        let roles: &[Role] =
            if entry.kind == OrgKind::MunicipalLra { &[Role::Entry] } else { &[Role::Entry, Role::Approver] };
        for role in roles {
            let id: OperatorId = format!("{}-{role}", entry.id).parse()?;
            let name = people::person_name(requests.len() + 11);
            let (key, csr) = person(&name, random)?;
            secrets.keep(id.as_str(), &key, random)?;
            let home_region = entry.region.map_or_else(|| "110000".to_owned(), |r| r.to_string());
            requests.push(NewRequest {
                id: format!("staff-{id}").parse()?,
                org: entry.id.clone(),
                holder: HolderKind::Person,
                fields: vec![
                    (Field::Name, name),
                    (Field::Region, home_region),
                    (Field::Organisation, entry.zh.clone()),
                ],
                hosts: Vec::new(),
                csr,
                profile: "operator".parse()?,
                days: None,
                reason: Reason::First,
                medium: Medium::UKey,
                predecessor: None,
                operator: Some((id.clone(), vec![*role])),
                revokes: None,
                ca: None,
                medium_id: None,
                pair: false,
            });
            keys.push((entry.id.clone(), *role, id, key));
            tell("operators", requests.len() as u64, 98);
        }
    }
    let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
    all(authority.submit(one, &requests)?)?;
    all(authority.approve(other, &ids)?)?;
    all(authority.issue(other, ca, &ids)?)?;
    let mut offices: BTreeMap<OrgId, Office> = BTreeMap::new();
    for (org, role, id, key) in keys {
        let session = authority.act_as(&id, key)?;
        match (role, offices.get_mut(&org)) {
            (Role::Approver, Some(office)) => office.approver = Some(session),
            _ => drop(offices.insert(org, Office { entry: session, approver: None })),
        }
    }
    Ok(offices)
}

/// The requests of other programs, entered in Chengdu: the wrong ones are refused with the reason, the others go the whole
/// way.
fn foreign_requests(
    authority: &Authority,
    offices: &BTreeMap<OrgId, Office>,
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
    let entry = &office(offices, &chengdu)?.entry;
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
    offices: &BTreeMap<OrgId, Office>,
    roster: &[RosterEntry],
    ca: &CaSigner,
    count: usize,
    played: &mut Played,
    tell: Tell<'_>,
) -> Result<()> {
    let random: &dyn Entropy = &SystemEntropy;
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
            let (_, csr) = person("applicant", random)?;
            let holder = people::holder(100 + n * share + i, &place);
            requests.push(filled(&format!("demo-{n:02}-{i:04}"), &entry.id, holder, csr)?);
        }
        let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
        all(authority.submit(&office(offices, &entry.id)?.entry, &requests)?)?;
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
    offices: &BTreeMap<OrgId, Office>,
    ca: &CaSigner,
    org: &OrgId,
    ids: &[RequestId],
    played: &mut Played,
) -> Result<()> {
    let tree = authority.organisations()?;
    let chain = tree.chain(org)?;
    let approver = chain.iter().find_map(|o| offices.get(&o.id)?.approver.as_ref());
    let approver =
        approver.ok_or_else(|| Error::from(ErrorKind::Internal("no approver above an office of the demonstration")))?;
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
fn waiting_request(authority: &Authority, offices: &BTreeMap<OrgId, Office>, id: &RequestId) -> Result<()> {
    let (_, csr) = person("applicant", &SystemEntropy)?;
    let org: OrgId = "lra-chengdu".parse()?;
    let request = filled(id.as_str(), &org, people::holder(9001, &place("510100")?), csr)?;
    all(authority.submit(&office(offices, &org)?.entry, &[request])?)?;
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

fn office<'a>(offices: &'a BTreeMap<OrgId, Office>, org: &OrgId) -> Result<&'a Office> {
    offices.get(org).ok_or_else(|| ErrorKind::Tree(hufu_authority::model::org::TreeError::Unknown(org.clone())).into())
}

fn place(code: &str) -> Result<Region> {
    region(code).ok_or_else(|| ErrorKind::UnknownRegion(code.to_owned()).into())
}

fn person(name: &str, random: &dyn Entropy) -> Result<(SecretKey, Vec<u8>)> {
    let key = SecretKey::generate(random)?;
    let subject = Name::new(vec![(NameAttribute::CommonName, name.to_owned())])?;
    let csr = csr::build(&subject, &key, random.array()?)?;
    Ok((key, csr))
}

fn all<T>(results: Vec<Result<T>>) -> Result<Vec<T>> {
    results.into_iter().collect()
}

/// The passphrases and keys of the demonstration, kept in files so that the next commands can be typed.
struct Secrets {
    dir: PathBuf,
    ca: Passphrase,
    home: Passphrase,
    operators: Passphrase,
}

impl Secrets {
    fn new(dir: &Path, random: &dyn Entropy) -> Result<Self> {
        let secrets = Self {
            dir: dir.join("keys"),
            ca: Passphrase::machine(random)?,
            home: Passphrase::machine(random)?,
            operators: Passphrase::machine(random)?,
        };
        private_dir(&secrets.dir)?;
        for (name, passphrase) in [("ca", &secrets.ca), ("home", &secrets.home), ("operators", &secrets.operators)] {
            private_file(&secrets.dir.join(format!("{name}.pass")), format!("{}\n", passphrase.expose()).as_bytes())?;
        }
        Ok(secrets)
    }

    fn keep(&self, name: &str, key: &SecretKey, random: &dyn Entropy) -> Result<()> {
        let pem = pkcs8::encrypt(key, &self.operators, random)?;
        private_file(&self.dir.join(format!("{name}.key")), pem.as_bytes())
    }
}

fn private_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().mode(0o700).create(path);
    made.map_err(|source| ErrorKind::File { path: path.to_owned(), source }.into())
}

fn private_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut f| f.write_all(bytes));
    written.map_err(|source| ErrorKind::File { path: path.to_owned(), source }.into())
}
