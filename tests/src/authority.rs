//! A founded authority in a temporary folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hufu_authority::report::Value;
use hufu_authority::{
    AfterSigning, Applied, Asked, Authority, CaSigner, CaWish, Change, Founding, HomePassphrases, IssuedCertificate,
    Mode, NewAdministrator, NewRequest, Outcome, ReportKind, Session, StatusRequest,
};
use hufu_model::entropy::Entropy;
use hufu_model::ident::RequestId;
use hufu_model::operator::Role;
use hufu_model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_model::time::{Clock, Instant};
use hufu_x509::key::Passphrase;
use tempfile::TempDir;

use crate::chance::{SeededEntropy, TestClock};
use crate::people::People;

/// When every test authority is founded: 2026-11-24, ten in the morning in China.
const FOUNDED: Instant = Instant::from_unix_seconds(1_795_485_600);

/// The organisations below the CA: id, parent, kind, name, region.
const ORGANISATIONS: [(&str, &str, OrgKind, &str, Option<&str>); 6] = [
    ("ra-sichuan", "ca", OrgKind::ProvinceRa, "四川省注册中心", Some("510000")),
    ("ra-yunnan", "ca", OrgKind::ProvinceRa, "云南省注册中心", Some("530000")),
    ("ra-audit", "ca", OrgKind::MinistryRa, "示例部委注册系统", None),
    ("lra-chengdu", "ra-sichuan", OrgKind::MunicipalLra, "成都市注册服务分中心", Some("510100")),
    ("lra-mianyang", "ra-sichuan", OrgKind::MunicipalLra, "绵阳市注册服务分中心", Some("510700")),
    ("lra-kunming", "ra-yunnan", OrgKind::MunicipalLra, "昆明市注册服务分中心", Some("530100")),
];

/// The operators of the hierarchy: id, organisation, name, role. `zhao` and `qian` are the founding administrators.
pub const OPERATORS: [(&str, &str, &str, Role); 12] = [
    ("chengdu-entry", "lra-chengdu", "孙三", Role::Entry),
    ("chengdu-entry-2", "lra-chengdu", "冯七", Role::Entry),
    ("chengdu-approver", "lra-chengdu", "陈八", Role::Approver),
    ("mianyang-entry", "lra-mianyang", "褚九", Role::Entry),
    ("sichuan-entry", "ra-sichuan", "周五", Role::Entry),
    ("sichuan-approver", "ra-sichuan", "李四", Role::Approver),
    ("sichuan-admin", "ra-sichuan", "吴六", Role::Admin),
    ("yunnan-entry", "ra-yunnan", "卫十", Role::Entry),
    ("yunnan-approver", "ra-yunnan", "蒋一", Role::Approver),
    ("audit-entry", "ra-audit", "沈二", Role::Entry),
    ("audit-approver", "ra-audit", "韩三", Role::Approver),
    ("auditor", "ca", "杨四", Role::Auditor),
];

/// What is counted in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Issued.
    pub issued: u64,
    /// Revoked.
    pub revoked: u64,
    /// Valid.
    pub valid: u64,
}

/// An authority in a folder of its own: `home`, `anchor` and, since this is a test, the passphrases.
pub struct TestAuthority {
    base: PathBuf,
    /// Removes the folder when the test ends; none when it belongs to somebody else.
    _folder: Option<TempDir>,
    /// The clock it reads.
    pub clock: Arc<TestClock>,
    /// The library.
    pub authority: Authority,
    /// Keys and requests.
    pub people: People,
}

impl TestAuthority {
    /// A home with its two administrators, `zhao` and `qian`, and nothing else.
    #[must_use]
    pub fn found(seed: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
        Self::found_in(folder.path().to_owned(), Some(folder), seed)
    }

    /// As [`TestAuthority::found`], in a folder of the caller's.
    #[must_use]
    pub fn found_in(base: PathBuf, folder: Option<TempDir>, seed: &str) -> Self {
        Self::found_on(TestClock::new(FOUNDED), base, folder, seed)
    }

    /// A home with the small national hierarchy that lives by the machine's clock, as every home for work does. Its clock
    /// is watched: a jump ahead must be confirmed.
    #[must_use]
    pub fn real(seed: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
        let t = Self::found_on(TestClock::of_a_machine(FOUNDED), folder.path().to_owned(), Some(folder), seed);
        t.build_hierarchy();
        t
    }

    fn found_on(clock: TestClock, base: PathBuf, folder: Option<TempDir>, seed: &str) -> Self {
        let (clock, entropy, people) = (Arc::new(clock), Arc::new(SeededEntropy::new(seed)), People::new(seed));
        let random: &dyn Entropy = &*entropy;
        let (ca, home) = (Passphrase::machine(random).unwrap(), Passphrase::machine(random).unwrap());
        fs::write(base.join("passphrases"), format!("{seed}\n{}\n{}\n", ca.expose(), home.expose())).unwrap();
        let administrator = |id: &str, name: &str| NewAdministrator {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            csr: people.csr(id),
        };
        let founding = Founding {
            name: "示例电子政务".to_owned(),
            name_en: "Example e-government".to_owned(),
            base_http: "http://pki.example.cn".to_owned(),
            base_ldap: Some("ldap://ldap.example.cn".to_owned()),
            anchor: Some(base.join("anchor")),
            root_key: None,
            instance: 1,
            crl_shards: 4,
            administrators: [administrator("zhao", "赵一"), administrator("qian", "钱二")],
        };
        let passphrases = HomePassphrases { ca: &ca, home: &home };
        let authority =
            Authority::found_with(&base.join("home"), &founding, &passphrases, clock.clone(), entropy).unwrap();
        Self { base, _folder: folder, clock, authority, people }
    }

    /// A home with the small national hierarchy and all of [`OPERATORS`], a minute after its founding.
    #[must_use]
    pub fn national(seed: &str) -> Self {
        let t = Self::found(seed);
        t.build_hierarchy();
        t
    }

    /// Adds the organisations and operators of [`TestAuthority::national`].
    pub fn build_hierarchy(&self) {
        let zhao = self.session("zhao");
        for (id, parent, kind, name, region) in ORGANISATIONS {
            let region = region.map(|r| r.parse().unwrap());
            let organisation = Organisation {
                id: id.parse().unwrap(),
                parent: Some(parent.parse().unwrap()),
                kind,
                name: name.to_owned(),
                name_en: String::new(),
                region,
                limits: Limits { region, ..Limits::default() },
                status: OrgStatus::Active,
            };
            let outcome = self.authority.change(&zhao, &Change::OrgAdd(organisation)).unwrap();
            assert!(matches!(outcome, Outcome::Done(_)));
        }
        let staff: Vec<NewRequest> =
            OPERATORS.iter().map(|(id, org, name, role)| self.people.staff(id, org, name, &[*role])).collect();
        let staff: Vec<NewRequest> = staff.into_iter().map(|r| self.in_region(r)).collect();
        self.appoint(&staff);
        self.clock.advance(60);
    }

    /// Issues operator certificates: entered by one administrator, approved and issued by the other.
    pub fn appoint(&self, staff: &[NewRequest]) {
        let ids: Vec<RequestId> = staff.iter().map(|r| r.id.clone()).collect();
        self.authority.submit(&self.session("zhao"), staff).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
        let qian = self.session("qian");
        self.authority.approve(&qian, &ids).unwrap().into_iter().for_each(|r| drop(r.unwrap()));
        let issued = self.authority.issue(&qian, &self.signer(), &ids).unwrap();
        issued.into_iter().for_each(|r| drop(r.unwrap()));
    }

    /// Opens the home in `base`, which [`TestAuthority::found_in`] or [`copy_home`] made, with a clock at `now`. Random
    /// numbers follow from `chance`: two processes that must not draw the same numbers need two values.
    ///
    /// # Errors
    /// Those of [`Authority::open_with`] and [`Authority::unlock`].
    pub fn open_in(base: &Path, now: Instant, chance: &str) -> hufu_authority::Result<Self> {
        let seed = secrets(base).0;
        let clock = Arc::new(TestClock::new(now));
        let entropy = Arc::new(SeededEntropy::new(chance));
        let authority = open(base, clock.clone(), entropy)?;
        Ok(Self { base: base.to_owned(), _folder: None, clock, authority, people: People::new(&seed) })
    }

    /// The folder that holds the home and its anchor.
    #[must_use]
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The home's folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.base.join("home")
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.home().join("ledger.db")
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The passphrase of the CA's keys.
    #[must_use]
    pub fn ca_passphrase(&self) -> Passphrase {
        Passphrase::existing(secrets(&self.base).1)
    }

    /// The passphrase of the data key.
    #[must_use]
    pub fn home_passphrase(&self) -> Passphrase {
        Passphrase::existing(secrets(&self.base).2)
    }

    /// Starts to act as `operator`, with the key that follows from the seed.
    #[must_use]
    pub fn session(&self, operator: &str) -> Session {
        self.authority.act_as(&operator.parse().unwrap(), self.people.key(operator)).unwrap()
    }

    /// Unlocks the CA's keys; every signature is verified. With the key centre's, when there is one.
    #[must_use]
    pub fn signer(&self) -> CaSigner {
        let mut signer = self.signer_alone();
        if self.authority.kmc().is_ok() {
            signer.set_key_centre(self.key_centre());
        }
        signer
    }

    /// Unlocks the CA's keys and leaves the key centre out.
    #[must_use]
    pub fn signer_alone(&self) -> CaSigner {
        self.authority.start_signer(&self.session("zhao"), &self.ca_passphrase(), AfterSigning::Verify).unwrap()
    }

    /// Makes the issuing CA `name`, in place of the current one or beside it: proposed by `zhao`, made by `qian`.
    pub fn add_ca(&self, name: &str, current: bool) {
        let wish = CaWish { name: name.parse().unwrap(), common_name: None, days: None, current };
        let proposal = self.authority.propose_ca(&self.session("zhao"), &wish, &self.ca_passphrase()).unwrap();
        self.authority.approve_ca(&self.session("qian"), &proposal, None, &self.ca_passphrase()).unwrap();
    }

    /// Another handle on the same home, as another process would have.
    #[must_use]
    pub fn beside(&self, chance: &str) -> Self {
        Self::open_in(&self.base, self.now(), chance).unwrap()
    }

    /// The request with the region and place names of its organisation, so that no limit stands in its way.
    #[must_use]
    pub fn in_region(&self, mut request: NewRequest) -> NewRequest {
        use hufu_model::holder::Field;
        let place = match request.org.as_str() {
            "lra-mianyang" => ["510700", "四川省", "绵阳市"],
            "ra-yunnan" | "lra-kunming" => ["530100", "云南省", "昆明市"],
            _ => ["510100", "四川省", "成都市"],
        };
        for (field, value) in &mut request.fields {
            let places = [Field::Region, Field::Province, Field::City].into_iter().zip(place);
            if let Some((_, name)) = places.into_iter().find(|(known, _)| known == field) {
                name.clone_into(value);
            }
        }
        request
    }

    /// Enters requests as `entry` and approves them as `approver`; each must be accepted.
    pub fn enter(&self, entry: &str, approver: &str, requests: &[NewRequest]) -> Vec<RequestId> {
        for result in self.authority.submit(&self.session(entry), requests).unwrap() {
            result.unwrap();
        }
        let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
        for result in self.authority.approve(&self.session(approver), &ids).unwrap() {
            result.unwrap();
        }
        ids
    }

    /// The whole way for requests of Chengdu: entered there, approved and issued by Sichuan.
    pub fn issue(&self, requests: &[NewRequest]) -> Vec<IssuedCertificate> {
        let ids = self.enter("chengdu-entry", "sichuan-approver", requests);
        let issued = self.authority.issue(&self.session("sichuan-approver"), &self.signer(), &ids).unwrap();
        issued.into_iter().map(Result::unwrap).collect()
    }

    /// A change of status: asked for by Chengdu, approved and applied by Sichuan.
    pub fn carry_out(&self, request: StatusRequest) -> Applied {
        let (entry, approver) = (self.session("chengdu-entry"), self.session("sichuan-approver"));
        let ids = [request.id.clone()];
        self.authority.request_status(&entry, &[request]).unwrap().remove(0).unwrap();
        self.authority.approve(&approver, &ids).unwrap().remove(0).unwrap();
        self.authority.apply(&approver, &ids).unwrap().remove(0).unwrap()
    }

    /// What is counted in all, of holders and operators, in pairs: now, or at an instant.
    #[must_use]
    pub fn totals(&self, at: Option<Instant>) -> Totals {
        let mut totals = Totals::default();
        for profile in [None, Some("operator".parse().unwrap())] {
            let asked = Asked { at, profile, ..Asked::default() };
            let report = self.authority.report(ReportKind::Summary, &asked).unwrap();
            let table = report.tables.first().unwrap();
            let all = table.rows.first().unwrap();
            let count = |column| match table.value(all, column) {
                Some(Value::Count(n)) => u64::try_from(*n).unwrap(),
                other => panic!("{column} is {other:?}"),
            };
            totals.issued += count("issued");
            totals.revoked += count("revoked");
            totals.valid += count("valid");
        }
        totals
    }

    /// One certificate for person number `n`.
    pub fn issue_person(&self, n: u64) -> IssuedCertificate {
        self.issue(&[self.people.person(n, "lra-chengdu")]).remove(0)
    }
}

/// Opens the home in `base` with the given clock and random source, and unlocks its data key.
///
/// # Errors
/// Those of [`Authority::open_with`] and [`Authority::unlock`].
pub fn open(base: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> hufu_authority::Result<Authority> {
    let mut authority = Authority::open_with(&base.join("home"), Mode::ReadWrite, clock, entropy)?;
    authority.unlock(&Passphrase::existing(secrets(base).2))?;
    Ok(authority)
}

/// Copies a whole base folder, home and anchor, to `to`; the copy's settings name the copy's anchor. No process may be
/// writing to it.
pub fn copy_home(from: &Path, to: &Path) {
    copy_folder(from, to);
    let anchor = to.join("anchor").join("checkpoints.pem");
    let settings = format!("anchor = {:?}\n", anchor.to_str().unwrap());
    fs::write(to.join("home").join("hufu.toml"), settings).unwrap();
}

/// Copies a folder and all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Enters and approves `count` requests of Chengdu that can be issued at once, beginning with person number `first`.
pub fn ready_requests(t: &TestAuthority, first: u64, count: u64) -> Vec<RequestId> {
    let requests: Vec<NewRequest> = (first..first + count).map(|n| t.people.person(n, "lra-chengdu")).collect();
    t.enter("chengdu-entry", "sichuan-approver", &requests)
}

/// Seed and passphrases, as the founding wrote them down.
fn secrets(base: &Path) -> (String, String, String) {
    let text = fs::read_to_string(base.join("passphrases")).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap())
}
