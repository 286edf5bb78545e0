//! Hufu (虎符) as a library. Start here: [`Authority::open`] gives everything the product does; each verb is one method
//! and one file.
//!
//! | verb | method | file |
//! |---|---|---|
//! | found a home: root, issuing CA, two administrators | [`Authority::found`] | `init.rs` |
//! | act as an operator | [`Authority::act_as`] | `authority.rs` |
//! | change organisations, roles, profiles; countersign what needs two | [`Authority::change`], [`Authority::countersign`] | `change.rs` |
//! | make another issuing CA, end one | [`Authority::cas`], [`Authority::propose_ca`], [`Authority::approve_ca`] | `ca.rs` |
//! | enter requests | [`Authority::submit`] | `submit.rs` |
//! | approve or reject them, as another person | [`Authority::approve`], [`Authority::reject`] | `approve.rs` |
//! | issue certificates | [`Authority::start_signer`], [`Authority::issue`] | `issue.rs` |
//! | issue pairs: encryption keys from the key centre | [`CaSigner::set_key_centre`], [`Authority::export_envelope`] | `key_centre.rs`, `pair.rs` |
//! | ask to suspend, resume or revoke certificates | [`Authority::request_status`] | `status.rs` |
//! | tell what a change of many would do | [`Authority::concerned`], [`Authority::forecast`] | `status.rs`, `mass.rs` |
//! | make that take effect | [`Authority::apply`] | `apply.rs` |
//! | publish revocation lists | [`Authority::publish_crl`] | `publish.rs` |
//! | renew, rekey, replace, change | [`Authority::successor`], then as above | `succession.rs` |
//! | record media, report them lost or broken | [`Authority::add_media`], [`Authority::move_medium`] | `media.rs` |
//! | a certificate for the OCSP responder | [`Authority::issue_responder`] | `responder.rs` |
//! | answer about the status of certificates (OCSP) | [`Responder`], [`Authority::presign`] | `respond.rs`, `presign.rs` |
//! | found the key centre | [`Authority::found_key_centre`] | `key_founding.rs` |
//! | recover escrowed keys, change the key centre's officers | [`Authority::order_key`] and after it | `key_order.rs` |
//! | look | [`Authority::certificates`], [`Authority::export`], … | `view.rs` |
//! | report | [`Authority::report`] | `report.rs` |
//! | draw a sample for inspection | [`Authority::sample`] | `sample.rs` |
//! | confirm a clock that is far ahead | [`Authority::confirm_clock`] | `clock.rs` |
//! | open a home of an older program | [`Authority::upgrade`] | `upgrade.rs` |
//! | delete personal fields whose retention time ended | [`Authority::retention_due`], [`Change::Erase`] | `retention.rs` |
//! | write the ledger for other programs | [`Authority::export_ledger`] | `export.rs` |
//! | keep a copy, put it back | [`Authority::backup`], [`Authority::restore`] | `backup.rs`, `restore.rs` |
//! | verify ledger and home, prove | [`Authority::audit`], [`Authority::prove_certificate`] | `audit.rs`, `proof.rs` |
//!
//! Every verb takes a batch and gives a result for each item; one certificate is a batch of one. Who may do what is asked
//! in `policy.rs`, inside the transaction that acts on the answer. Time and randomness are parameters
//! ([`Authority::open_with`]).
//!
//! # The whole way
//! An operator of a municipal LRA enters a request, the RA of the province approves it, the CA issues.
//!
//! ```
//! use hufu_authority::model::holder::{Field, HolderKind};
//! use hufu_authority::model::org::{Limits, OrgKind, OrgStatus, Organisation};
//! use hufu_authority::model::operator::Role;
//! use hufu_authority::model::profile::NameAttribute;
//! use hufu_authority::model::request::{Medium, Reason};
//! use hufu_authority::x509::{csr, key::{Passphrase, SecretKey}, name::Name, sign::Signer};
//! use hufu_authority::{
//!     AfterSigning, Asked, Authority, Change, Founding, HomePassphrases, NewAdministrator, NewRequest, ReportKind,
//!     SystemEntropy,
//! };
//! use hufu_authority::model::entropy::Entropy;
//! use hufu_authority::report::Value;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("hufu-doctest-{}", std::process::id()));
//! # let _ = std::fs::remove_dir_all(&folder);
//! # std::fs::create_dir_all(&folder)?;
//! let random: &dyn Entropy = &SystemEntropy;
//! // Everybody makes a key of their own and hands in a PKCS#10 request; no key is ever sent anywhere.
//! let person = |name: &str| -> Result<(SecretKey, Vec<u8>), Box<dyn std::error::Error>> {
//!     let key = SecretKey::generate(random)?;
//!     let subject = Name::new(vec![(NameAttribute::CommonName, name.to_owned())])?;
//!     let csr = csr::build(&subject, &key, random.array()?)?;
//!     Ok((key, csr))
//! };
//!
//! // Founding: root, issuing CA, two administrators.
//! let (zhao_key, zhao) = person("赵一")?;
//! let (qian_key, qian) = person("钱二")?;
//! let (ca_passphrase, home_passphrase) = (Passphrase::machine(random)?, Passphrase::machine(random)?);
//! let authority = Authority::found(
//!     &folder.join("home"),
//!     &Founding {
//!         name: "示例电子政务".to_owned(),
//!         name_en: "Example e-government".to_owned(),
//!         base_http: "http://pki.example.cn".to_owned(),
//!         base_ldap: None,
//!         anchor: None,
//!         root_key: None,
//!         instance: 1,
//!         crl_shards: 16,
//!         administrators: [
//!             NewAdministrator { id: "zhao".parse()?, name: "赵一".to_owned(), csr: zhao },
//!             NewAdministrator { id: "qian".parse()?, name: "钱二".to_owned(), csr: qian },
//!         ],
//!     },
//!     &HomePassphrases { ca: &ca_passphrase, home: &home_passphrase },
//! )?;
//! let zhao = authority.act_as(&"zhao".parse()?, zhao_key)?;
//! let qian = authority.act_as(&"qian".parse()?, qian_key)?;
//! let ca = authority.start_signer(&zhao, &ca_passphrase, AfterSigning::Verify)?;
//!
//! // The tree: a province and one of its cities.
//! for (id, parent, kind, name, region) in [
//!     ("ra-sichuan", "ca", OrgKind::ProvinceRa, "四川省注册中心", "510000"),
//!     ("lra-chengdu", "ra-sichuan", OrgKind::MunicipalLra, "成都市注册服务分中心", "510100"),
//! ] {
//!     let org = Organisation {
//!         id: id.parse()?,
//!         parent: Some(parent.parse()?),
//!         kind,
//!         name: name.to_owned(),
//!         name_en: String::new(),
//!         region: Some(region.parse()?),
//!         limits: Limits { region: Some(region.parse()?), ..Limits::default() },
//!         status: OrgStatus::Active,
//!     };
//!     let _ = authority.change(&zhao, &Change::OrgAdd(org))?;
//! }
//!
//! // Its operators: entered by one administrator, approved by the other.
//! let staff = |id: &str, org: &str, name: &str, role, csr| -> Result<NewRequest, Box<dyn std::error::Error>> {
//!     Ok(NewRequest {
//!         id: format!("staff-{id}").parse()?,
//!         org: org.parse()?,
//!         holder: HolderKind::Person,
//!         fields: vec![(Field::Name, name.to_owned()), (Field::Region, "510100".to_owned())],
//!         hosts: Vec::new(),
//!         csr,
//!         profile: "operator".parse()?,
//!         days: None,
//!         reason: Reason::First,
//!         medium: Medium::UKey,
//!         predecessor: None,
//!         operator: Some((id.parse()?, vec![role])),
//!         revokes: None,
//!         ca: None,
//!         medium_id: None,
//!         pair: false,
//!     })
//! };
//! let (sun_key, sun) = person("孙三")?;
//! let (li_key, li) = person("李四")?;
//! let requests = [
//!     staff("sun", "lra-chengdu", "孙三", Role::Entry, sun)?,
//!     staff("li", "ra-sichuan", "李四", Role::Approver, li)?,
//! ];
//! let ids: Vec<_> = requests.iter().map(|r| r.id.clone()).collect();
//! for result in authority.submit(&zhao, &requests)? { result?; }
//! for result in authority.approve(&qian, &ids)? { result?; }
//! for result in authority.issue(&qian, &ca, &ids)? { result?; }
//! let sun = authority.act_as(&"sun".parse()?, sun_key)?;
//! let li = authority.act_as(&"li".parse()?, li_key)?;
//!
//! // A real applicant at the LRA.
//! let (_holder_key, csr) = person("whatever the applicant wrote")?;
//! let request = NewRequest {
//!     id: "2026-000001".parse()?,
//!     org: "lra-chengdu".parse()?,
//!     holder: HolderKind::Person,
//!     fields: vec![
//!         (Field::Name, "阿卜杜拉·买买提".to_owned()),
//!         (Field::Region, "510100".to_owned()),
//!         (Field::DocumentType, "resident-id".to_owned()),
//!         (Field::DocumentNumber, "11010519491231002X".to_owned()),
//!         (Field::Phone, "13800138000".to_owned()),
//!     ],
//!     hosts: Vec::new(),
//!     csr,
//!     profile: "person-sign".parse()?,
//!     days: Some(365),
//!     reason: Reason::First,
//!     medium: Medium::UKey,
//!     predecessor: None,
//!     operator: None,
//!     revokes: None,
//!     ca: None,
//!     medium_id: None,
//!     pair: false,
//! };
//! let id = request.id.clone();
//! for result in authority.submit(&sun, &[request])? { result?; }
//! for result in authority.approve(&li, std::slice::from_ref(&id))? { result?; }
//! let mut issued = authority.issue(&li, &ca, std::slice::from_ref(&id))?;
//! let certificate = issued.remove(0)?;
//! // Asking again gives the same bytes.
//! assert_eq!(authority.issue(&li, &ca, &[id])?.remove(0)?, certificate);
//!
//! assert!(authority.audit(hufu_authority::Depth::Deep, &|_| ())?.findings.is_empty());
//! // Of the five certificates, four are operators'.
//! let report = authority.report(ReportKind::Summary, &Asked::default())?;
//! let (table, whole) = (&report.tables[0], &report.tables[0].rows[0]);
//! assert_eq!(table.value(whole, "issued"), Some(&Value::Count(1)));
//! # drop(authority);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! What cannot be written: a signature without an approval and an intent that were committed. [`hufu_issuer::Issuer`]
//! signs only against an [`hufu_store::Intent`], which only a committed transaction makes, from an
//! [`hufu_store::Approval`], which only a committed approval makes.

mod apply;
mod approve;
mod audit;
mod authority;
mod backup;
mod ca;
mod change;
mod check;
mod checkpoint;
mod clock;
mod document;
mod edge;
mod error;
mod export;
mod folder;
mod home;
pub mod import;
mod init;
mod issue;
mod key_centre;
mod key_founding;
mod key_order;
mod mass;
mod media;
mod migration;
mod pair;
mod policy;
mod presign;
mod proof;
mod publish;
pub mod report;
mod respond;
mod responder;
mod restore;
mod retention;
mod sample;
mod sealed;
mod status;
mod submit;
mod succession;
mod upgrade;
mod view;

pub mod manual;
pub mod watch;

pub use apply::Applied;
pub use approve::Decided;
pub use audit::{AuditReport, Depth, Finding, Progress};
pub use authority::{Authority, CaSigner, Identity, Session};
pub use backup::{Backup, BackupManifest, Keys};
pub use ca::{CaWish, FOUNDING_CA, IssuingCa, IssuingCas, NewCa};
pub use change::{Change, Outcome};
pub use checkpoint::{LABEL as CHECKPOINT_LABEL, SignedCheckpoint};
pub use clock::ClockState;
pub use edge::{SystemClock, SystemEntropy};
pub use error::{AfterCutover, Class, Error, ErrorKind, Result};
pub use export::LedgerExport;
pub use home::{Home, write_atomically};
pub use init::{CA, Founding, HomePassphrases, NewAdministrator};
pub use issue::{EncryptionHalf, IssuedCertificate};
pub use key_centre::KeyCentre;
pub use key_founding::{FoundedKeyCentre, KeyCentreFacts, KeyCentreStatus, NewKeyCentre};
pub use key_order::{KeyOrder, KeyOrderView, NewKey, Ordered};
pub use mass::Forecast;
pub use media::{MediumView, NewMedium};
pub use presign::{PresignedCount, Presigning};
pub use proof::{Proof, check_proof};
pub use publish::{LIFE, Publication, PublishedList, Publishing, Visibility};
pub use report::{Asked, By, Growth, Report, ReportKind, TreeOf};
pub use respond::{Holds, Reply, ReplyKind, Responder};
pub use responder::Turn;
pub use restore::{Restored, Restoring};
pub use retention::{Due, Retention};
pub use sample::{Sample, SampleOf};
pub use status::StatusRequest;
pub use submit::{NewRequest, Submitted};
pub use upgrade::Upgraded;
pub use view::{CertificateView, ExportForm, ProposalView, RequestView, Status};

pub use hufu_data as data;
pub use hufu_issuer::AfterSigning;
pub use hufu_kmc as kmc;
pub use hufu_ledger as ledger;
pub use hufu_model as model;
pub use hufu_sheet as sheet;
pub use hufu_store::{
    CertificateFilter, CrlFile, CrlIssue, CrlList, CutoverRow, EventFilter, EventRow, KeyOrderApprovalRow, KeyOrderRow,
    LegacyFilter, MediumRow, Mode, PairRow, ProfileRow, Proposal, PublishedCrl, RequestFilter, RequestRow,
    StatusChange, StatusFilter, WAIT, on_wait,
};
pub use hufu_x509 as x509;
