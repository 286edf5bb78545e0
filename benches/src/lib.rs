//! What the benchmarks share: a scratch home with one LRA below one RA, its people, and requests to feed it.
//!
//! Everything is on: signed records, approvals, limits, audit, ledger, `synchronous=FULL`, verification of what is read.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use hufu_authority::kmc::Caps;
use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::escrow::RecoveryPart;
use hufu_authority::model::holder::{Field, HolderKind, resident_id_with_check};
use hufu_authority::model::ident::RequestId;
use hufu_authority::model::operator::Role;
use hufu_authority::model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_authority::model::profile::NameAttribute;
use hufu_authority::model::request::{Medium, Reason};
use hufu_authority::x509::csr;
use hufu_authority::x509::key::{Passphrase, SecretKey};
use hufu_authority::x509::name::Name;
use hufu_authority::{
    AfterSigning, Authority, CaSigner, Change, Founding, HomePassphrases, KeyCentre, NewAdministrator, NewKeyCentre,
    NewRequest, Session, SystemEntropy,
};
use rayon::prelude::*;

/// Any failure ends a benchmark.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A scratch home and the people who act in it.
pub struct Scratch {
    /// The authority.
    pub authority: Authority,
    /// Enters requests at the LRA.
    pub entry: Session,
    /// Approves them at the RA.
    pub approver: Session,
    /// Issues.
    pub ca: CaSigner,
    /// The two administrators of the CA: one enters what the other approves.
    pub administrators: [Session; 2],
}

impl Scratch {
    /// Founds a home in `folder` and starts a signer.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub fn found(folder: &Path, after: AfterSigning) -> Result<Self, Failure> {
        let random: &dyn Entropy = &SystemEntropy;
        let (first_key, first) = key_and_csr("赵一")?;
        let (second_key, second) = key_and_csr("钱二")?;
        let (ca, home) = (Passphrase::machine(random)?, Passphrase::machine(random)?);
        let founding = Founding {
            name: "示例".to_owned(),
            name_en: "Example".to_owned(),
            base_http: "http://pki.example.cn".to_owned(),
            base_ldap: None,
            anchor: None,
            root_key: None,
            instance: 1,
            crl_shards: 16,
            administrators: [
                NewAdministrator { id: "first".parse()?, name: "赵一".to_owned(), csr: first },
                NewAdministrator { id: "second".parse()?, name: "钱二".to_owned(), csr: second },
            ],
        };
        let authority = Authority::found(&folder.join("home"), &founding, &HomePassphrases { ca: &ca, home: &home })?;
        let first = authority.act_as(&"first".parse()?, first_key)?;
        let second = authority.act_as(&"second".parse()?, second_key)?;
        let signer = authority.start_signer(&first, &ca, after)?;
        for (id, parent, kind, region) in
            [("ra", "ca", OrgKind::ProvinceRa, "510000"), ("lra", "ra", OrgKind::MunicipalLra, "510100")]
        {
            let org = Organisation {
                id: id.parse()?,
                parent: Some(parent.parse()?),
                kind,
                name: id.to_owned(),
                name_en: id.to_owned(),
                region: Some(region.parse()?),
                limits: Limits { region: Some(region.parse()?), quota_day: Some(10_000_000), ..Limits::default() },
                status: OrgStatus::Active,
            };
            let _ = authority.change(&first, &Change::OrgAdd(org))?;
        }
        let (entry_key, entry) = key_and_csr("孙三")?;
        let (approver_key, approver) = key_and_csr("李四")?;
        let staff =
            [operator("entry", "lra", Role::Entry, entry)?, operator("approver", "ra", Role::Approver, approver)?];
        whole_way(&authority, [&first, &second], &signer, &staff)?;
        let entry = authority.act_as(&"entry".parse()?, entry_key)?;
        let approver = authority.act_as(&"approver".parse()?, approver_key)?;
        Ok(Self { authority, entry, approver, ca: signer, administrators: [first, second] })
    }

    /// Founds a key centre whose wrapping key this process holds, generates `pool` keys ahead, and gives it to the signer.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub fn add_key_centre(&mut self, pool: usize) -> Result<(), Failure> {
        let [first, second] = &self.administrators;
        let officers = ["officer-1", "officer-2"];
        let staff = officers.map(|id| operator(id, "ca", Role::Auditor, key_and_csr(id)?.1));
        let staff = staff.into_iter().collect::<Result<Vec<_>, Failure>>()?;
        whole_way(&self.authority, [first, second], &self.ca, &staff)?;
        let new = NewKeyCentre {
            name: "示例密钥管理中心".to_owned(),
            threshold: 3,
            custodians: (1..=5).map(|n| format!("保管员 {n}")).collect(),
            officers: officers
                .into_iter()
                .map(|id| Ok((id.parse()?, RecoveryPart::Recovery)))
                .collect::<Result<_, Failure>>()?,
            caps: Caps { user: 1, judicial: 0 },
        };
        let founded = self.authority.found_key_centre(first, &new)?;
        let _ = self.authority.countersign(second, &founded.proposal)?;
        let kek = self.authority.kmc()?.combine(founded.shares.get(..3).ok_or("too few shares")?)?;
        let centre = KeyCentre::held(self.authority.home(), kek)?;
        let _ = centre.unlocked()?.fill(self.authority.now(), None, pool)?;
        self.ca.set_key_centre(centre);
        Ok(())
    }
}

/// One group of requests goes the whole way: entered by the first, approved and issued by the second. Returns the time
/// spent issuing.
///
/// # Errors
/// Whatever goes wrong.
pub fn whole_way(
    authority: &Authority,
    [enters, issues]: [&Session; 2],
    ca: &CaSigner,
    batch: &[NewRequest],
) -> Result<Duration, Failure> {
    let ids: Vec<RequestId> = batch.iter().map(|r| r.id.clone()).collect();
    all(authority.submit(enters, batch)?)?;
    all(authority.approve(issues, &ids)?)?;
    let started = Instant::now();
    all(authority.issue(issues, ca, &ids)?)?;
    Ok(started.elapsed())
}

/// Every result of a batch, or the first failure.
///
/// # Errors
/// The first failure.
pub fn all<T>(results: Vec<hufu_authority::Result<T>>) -> Result<Vec<T>, Failure> {
    Ok(results.into_iter().collect::<Result<Vec<T>, _>>()?)
}

/// `count` requests of different persons with different keys, numbered from `first`.
///
/// # Errors
/// Key generation errors.
pub fn requests(first: usize, count: usize) -> Result<Vec<NewRequest>, Failure> {
    (first..first + count).into_par_iter().map(person).collect()
}

fn person(n: usize) -> Result<NewRequest, Failure> {
    let (_, csr) = key_and_csr("applicant")?;
    // Eleven hundred days of birth and a thousand sequence numbers: over a million different persons.
    let (day, sequence) = (n / 1000 % 1100, n % 1000);
    let first17 = format!("510104{:04}{:02}{:02}{sequence:03}", 1960 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    Ok(NewRequest {
        id: format!("r{n:09}").parse()?,
        org: "lra".parse()?,
        holder: HolderKind::Person,
        fields: vec![
            (Field::Name, "阿卜杜拉·买买提".to_owned()),
            (Field::Region, "510100".to_owned()),
            (Field::Organisation, "成都市大数据局".to_owned()),
            (Field::DocumentType, "resident-id".to_owned()),
            (Field::DocumentNumber, resident_id_with_check(&first17).unwrap_or_default()),
            (Field::Phone, "13800138000".to_owned()),
        ],
        hosts: Vec::new(),
        csr,
        profile: "person-sign".parse()?,
        days: Some(365),
        reason: Reason::First,
        medium: Medium::UKey,
        predecessor: None,
        operator: None,
        revokes: None,
        ca: None,
        medium_id: None,
        pair: false,
    })
}

fn operator(id: &str, org: &str, role: Role, csr: Vec<u8>) -> Result<NewRequest, Failure> {
    Ok(NewRequest {
        id: format!("staff-{id}").parse()?,
        org: org.parse()?,
        holder: HolderKind::Person,
        fields: vec![(Field::Name, id.to_owned()), (Field::Region, "510100".to_owned())],
        hosts: Vec::new(),
        csr,
        profile: "operator".parse()?,
        days: None,
        reason: Reason::First,
        medium: Medium::File,
        predecessor: None,
        operator: Some((id.parse()?, vec![role])),
        revokes: None,
        ca: None,
        medium_id: None,
        pair: false,
    })
}

fn key_and_csr(name: &str) -> Result<(SecretKey, Vec<u8>), Failure> {
    let random: &dyn Entropy = &SystemEntropy;
    let key = SecretKey::generate(random)?;
    let subject = Name::new(vec![(NameAttribute::CommonName, name.to_owned())])?;
    let csr = csr::build(&subject, &key, random.array()?)?;
    Ok((key, csr))
}

/// Issues `count` certificates, a thousand at a time, whose persons are numbered from `first`.
///
/// # Errors
/// Whatever goes wrong.
pub fn issue(scratch: &Scratch, first: usize, count: usize) -> Result<(), Failure> {
    const GROUP: usize = 1000;
    for from in (first..first + count).step_by(GROUP) {
        let batch = requests(from, GROUP.min(first + count - from))?;
        whole_way(&scratch.authority, [&scratch.entry, &scratch.approver], &scratch.ca, &batch)?;
    }
    Ok(())
}

/// A number above zero from the environment.
///
/// # Errors
/// Anything else under that name.
pub fn number(name: &str, default: usize) -> Result<usize, Failure> {
    match std::env::var(name) {
        Ok(text) => Ok(text.parse::<NonZeroUsize>().map_err(|e| format!("{name}={text}: {e}"))?.get()),
        Err(_) => Ok(default),
    }
}

/// Lets the count of [`peak`] begin again at what this process holds now.
pub fn forget_peak() {
    // Linux only; elsewhere the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory this process held, in MiB; 0 where the system does not tell.
#[must_use]
pub fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The machine, as a line of a table: processors, their name, how busy it was.
#[must_use]
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let info = read("/proc/cpuinfo");
    let model = info.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split(": ").nth(1));
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    format!("{processors} processors, {}, load {load} at the start", model.unwrap_or("unknown"))
}

/// How many a second.
#[must_use]
pub fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

/// The middle value.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
