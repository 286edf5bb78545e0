//! The inventory of another authority: every rule of the import, that it is counted, and that it is never ours.

use std::collections::BTreeMap;

use hufu_authority::import::{Entry, ImportPlan, OrgRules, UNASSIGNED, Verified, certificate_id};
use hufu_authority::{CertificateFilter, Change, Class, Mode, NewRequest, Outcome, Publishing, StatusRequest};
use hufu_model::certificate::Algorithm;
use hufu_model::ident::{Digest, Serial};
use hufu_model::legacy::Usage;
use hufu_model::request::{Medium, Reason};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;
use hufu_store::Store;
use hufu_tests::{TestAuthority, import_plan, old_certificate, resident_id};
use hufu_x509::crl::Crl;
use hufu_x509::ocsp::Status;
use rusqlite::Connection;

use crate::expect::{Before, refused, sound};
use crate::respond::Desk;

const DAY: i64 = 86_400;

/// What is done to an entry.
type Alter<'a> = Box<dyn Fn(&mut Entry) + 'a>;

/// Which entries are halves of one pair, by their places.
type Halves = Vec<(usize, usize)>;

fn old(t: &TestAuthority, n: u64) -> Entry {
    old_certificate(n, t.now().unix_seconds())
}

fn id(entry: &Entry) -> Digest {
    certificate_id(&entry.issuer, &entry.serial)
}

/// Imports entries that are right.
fn taken(t: &TestAuthority, name: &str, entries: &[Entry]) -> hufu_authority::import::ImportReport {
    let (report, findings) = t.import("zhao", &import_plan(name), entries.iter().cloned().map(Ok).collect()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    report
}

/// The codes of what is said about the rows of an import, and how many were recorded.
fn said(t: &TestAuthority, operator: &str, plan: &ImportPlan, entries: &[Entry]) -> (Vec<&'static str>, u64) {
    let (report, findings) = t.import(operator, plan, entries.iter().cloned().map(Ok).collect()).unwrap();
    (findings.iter().map(|finding| finding.code).collect(), report.new)
}

fn store(t: &TestAuthority) -> Store {
    Store::open(&t.database(), Mode::ReadOnly).unwrap()
}

fn row(t: &TestAuthority, entry: &Entry) -> Option<hufu_model::legacy::LegacyRow> {
    store(t).read(|r| r.legacy(&id(entry))).unwrap()
}

/// A figure of all imported certificates, as the totals have it at the end of a day.
fn imported(t: &TestAuthority, what: &str, day: i64) -> i64 {
    let sql = format!(
        "SELECT SUM({what}) FROM rollup_day JOIN rollup_group ON rollup_group.id = group_id \
         WHERE profile = 'imported' AND reason = 'import' AND happened <= ?"
    );
    Connection::open(t.database()).unwrap().query_row(&sql, [day], |r| r.get(0)).unwrap()
}

#[test]
fn everything_is_counted_and_importing_again_changes_nothing() {
    let t = TestAuthority::national("import");
    let entries: Vec<Entry> = (0..4300).map(|n| old(&t, n)).collect();
    let report = taken(&t, "old-ca", &entries);
    assert_eq!((report.read, report.new, report.status_changes, report.known), (4300, 4300, 430, 0));
    let of = |org: &str| report.groups.get(&(org.parse().unwrap(), Algorithm::Rsa)).copied();
    assert_eq!((of("lra-chengdu"), of("ra-audit"), report.groups.len()), (Some(1075), Some(1075), 4));
    sound(&t);
    let last = t.now().day().number();
    assert_eq!(
        ["issued", "revoked", "valid", "pairs_issued"].map(|what| imported(&t, what, last)),
        [4300, 430, 3870, 4300]
    );

    let before = Before::of(&t);
    for name in ["old-ca", "other-name"] {
        let again = taken(&t, name, &entries);
        assert_eq!((again.new, again.status_changes, again.known), (0, 0, 4300));
    }
    before.assert_unchanged(&t, "importing twice");
    let imports = t.authority.imports(&t.session("zhao")).unwrap();
    assert_eq!(imports.iter().map(|i| (i.row.id.as_str(), i.certificates)).collect::<Vec<_>>(), [("old-ca", 4300)]);

    // The name belongs to its source.
    let other = ImportPlan { digest: Digest([7; 32]), ..import_plan("old-ca") };
    refused(t.import("zhao", &other, Vec::new()), "import.changed", Class::Refused);
    let rules = OrgRules::from_toml("[[rule]]\nunit = 'x'\norg = 'ra-yunnan'").unwrap();
    let other = ImportPlan { rules: Some(rules), ..import_plan("old-ca") };
    refused(t.import("zhao", &other, Vec::new()), "import.changed", Class::Refused);
    before.assert_unchanged(&t, "another source under the same name");
}

/// Every fault leaves out its row and no other.
#[test]
fn what_is_wrong_with_a_row_is_said_and_leaves_it_out() {
    let t = TestAuthority::national("faults");
    let now = t.now().unix_seconds();
    let begin = old(&t, 1).validity.not_before();
    let faults: Vec<(&str, Alter<'_>)> = vec![
        ("import.issued-later", Box::new(|e| e.issued_at = Some(now + 1))),
        ("import.issued-later", Box::new(|e| e.validity = Validity::new(now + 1, now + 2).unwrap())),
        (
            "import.expired-first",
            Box::new(|e| {
                e.validity = Validity::new(begin - 9, begin - 5).unwrap();
                e.issued_at = Some(begin);
            }),
        ),
        ("import.revoked-later", Box::new(|e| e.revoked = Some((now + 1, RevocationReason::Unspecified)))),
        ("import.revoked-first", Box::new(|e| e.revoked = Some((begin - 1, RevocationReason::Unspecified)))),
    ];
    for (n, (code, spoil)) in (0..).zip(&faults) {
        let good = [old(&t, 100 + 2 * n), old(&t, 101 + 2 * n)];
        let mut bad = old(&t, 1);
        spoil(&mut bad);
        let rows = [good[0].clone(), bad.clone(), good[1].clone()];
        let plan = ImportPlan { dry_run: true, ..import_plan(&format!("fault-{n}")) };
        let before = Before::of(&t);
        assert_eq!(said(&t, "zhao", &plan, &rows), (vec![*code], 2), "a trial");
        before.assert_unchanged(&t, "a trial");
        assert_eq!(said(&t, "zhao", &ImportPlan { dry_run: false, ..plan }, &rows), (vec![*code], 2));
        assert!(row(&t, &bad).is_none() && row(&t, &good[1]).is_some());
    }
    // What comes close to each of them is right.
    let right: Vec<Alter<'_>> = vec![
        Box::new(|e| e.issued_at = Some(now)),
        Box::new(|e| {
            e.validity = Validity::new(now + 9, now + 99).unwrap();
            e.issued_at = Some(now);
        }),
        Box::new(|e| e.revoked = Some((now, RevocationReason::Unspecified))),
        Box::new(|e| e.revoked = Some((e.validity.not_before(), RevocationReason::Unspecified))),
        Box::new(|e| e.issued_at = Some(e.validity.not_before() - 99)),
    ];
    let entries: Vec<Entry> = (300..)
        .zip(right)
        .map(|(n, change)| {
            let mut entry = Entry { revoked: None, ..old(&t, n) };
            change(&mut entry);
            entry
        })
        .collect();
    assert_eq!(taken(&t, "right", &entries).new, entries.len() as u64);
    sound(&t);
}

/// What the record says and a source says otherwise refuses the row; silence is no difference.
#[test]
fn contradictions_are_found_within_a_source_and_against_the_record() {
    let t = TestAuthority::national("contradictions");
    let first = Entry { revoked: None, ..old(&t, 1) };
    let bare = Entry { identity: None, holder_kind: None, medium: None, key_bits: 0, ..first.clone() };
    let full = Entry {
        medium: Some(Medium::UKey),
        digest: Some(Digest([1; 32])),
        verified: Verified::Verified,
        ..first.clone()
    };
    taken(&t, "first", std::slice::from_ref(&full));
    assert_eq!(taken(&t, "bare", std::slice::from_ref(&bare)).known, 1);
    let others: Vec<(&str, Entry)> = vec![
        ("org", Entry { org: Some("ra-yunnan".parse().unwrap()), ..full.clone() }),
        ("subject", Entry { subject: "CN=别人".to_owned(), ..full.clone() }),
        ("algorithm", Entry { algorithm: Algorithm::Sm2, ..full.clone() }),
        ("algorithm", Entry { key_bits: 4096, ..full.clone() }),
        (
            "validity",
            Entry {
                validity: Validity::new(full.validity.not_before(), full.validity.not_after() + 1).unwrap(),
                ..full.clone()
            },
        ),
        ("issued_at", Entry { issued_at: Some(full.validity.not_before() + 1), ..full.clone() }),
        ("holder", Entry { identity: Some(format!("resident-id {}", resident_id(99))), ..full.clone() }),
        ("medium", Entry { medium: Some(Medium::File), ..full.clone() }),
        ("certificate", Entry { digest: Some(Digest([2; 32])), ..full.clone() }),
    ];
    let before = Before::of(&t);
    for (column, other) in &others {
        let (report, findings) = t.import("zhao", &import_plan("second"), vec![Ok(other.clone())]).unwrap();
        assert_eq!((findings[0].code, findings[0].what.as_str(), report.refused), ("import.differs", *column, 1));
    }
    before.assert_unchanged(&t, "what contradicts the record");
    // The same within one source: the first row holds.
    for (n, (column, other)) in (10..).zip(&others) {
        let serial = vec![n];
        let rows = [Entry { serial: serial.clone(), ..full.clone() }, Entry { serial, ..other.clone() }];
        for dry_run in [true, false] {
            let plan = ImportPlan { dry_run, ..import_plan(&format!("within-{n}")) };
            assert_eq!(said(&t, "zhao", &plan, &rows), (vec!["import.conflict"], 1), "{column} {dry_run}");
        }
    }
    // Written otherwise and meaning the same.
    let same = Entry { issuer: "c=cn, O=示例电子政务,CN=示例旧  ＣＡ".to_owned(), ..full.clone() };
    assert_eq!(taken(&t, "same", &[same]).known, 1);
    sound(&t);
}

#[test]
fn a_revocation_that_is_new_is_recorded_once() {
    let t = TestAuthority::national("revocations");
    let active = Entry { revoked: None, ..old(&t, 1) };
    let begin = active.validity.not_before();
    let with = |at: i64, reason| Entry { revoked: Some((at, reason)), ..active.clone() };
    let held = with(begin + 5, RevocationReason::CertificateHold);
    let gone = with(begin + 9, RevocationReason::KeyCompromise);
    taken(&t, "one", std::slice::from_ref(&active));
    assert_eq!(taken(&t, "two", std::slice::from_ref(&held)).status_changes, 1);
    assert_eq!(taken(&t, "three", &[gone.clone(), gone.clone()]).status_changes, 1);
    let before = Before::of(&t);
    assert_eq!(taken(&t, "four", &[gone.clone(), active.clone()]).known, 2);
    for other in
        [held, with(begin + 9, RevocationReason::Superseded), with(begin + 10, RevocationReason::KeyCompromise)]
    {
        assert_eq!(said(&t, "zhao", &import_plan("five"), &[other]), (vec!["import.revocation-differs"], 0));
    }
    before.assert_unchanged(&t, "what is known about a revocation");
    // Two rows of one source that say two things.
    let pair = [Entry { serial: vec![9], ..active }, Entry { serial: vec![9], ..gone }];
    assert_eq!(said(&t, "zhao", &import_plan("six"), &pair), (vec!["import.conflict"], 1));
    sound(&t);
}

#[test]
fn certificates_are_credited_by_column_rule_plan_or_to_nobody() {
    let t = TestAuthority::national("credit");
    let rules = OrgRules::from_toml(
        "[[rule]]\nunit = '昆明*'\norg = 'lra-kunming'\n\
         [[rule]]\nissuer = '*O=示例*'\nregion = '510000'\norg = 'ra-sichuan'\n\
         [[rule]]\nname = '甲局'\norg = 'ra-audit'\n",
    )
    .unwrap();
    let plan = ImportPlan { rules: Some(rules), org: None, ..import_plan("by-rule") };
    let free = |n: u64| Entry { org: None, ..old(&t, n) };
    let unit = |unit: &str| Some(unit.to_owned());
    let rows = [
        (old(&t, 1), "lra-mianyang"),
        (Entry { org_text: unit("昆明市注册服务分中心"), ..free(2) }, "lra-kunming"),
        (Entry { unit_name: unit("昆明市信息处"), ..free(3) }, "lra-kunming"),
        (Entry { region: Some("510700".parse().unwrap()), ..free(4) }, "ra-sichuan"),
        (Entry { org_text: unit("甲局"), ..free(5) }, "ra-audit"),
        (Entry { region: Some("530100".parse().unwrap()), ..free(6) }, UNASSIGNED),
        (Entry { org_text: unit("乙局"), ..free(7) }, UNASSIGNED),
        (Entry { org: Some("no-such".parse().unwrap()), ..free(8) }, UNASSIGNED),
    ];
    assert!(t.authority.organisations().unwrap().get(&UNASSIGNED.parse().unwrap()).is_err());
    let entries: Vec<Entry> = rows.iter().map(|(entry, _)| entry.clone()).collect();
    assert_eq!(said(&t, "zhao", &plan, &entries), (vec!["import.org-unknown"; 2], 8));
    for (entry, org) in &rows {
        assert_eq!(row(&t, entry).unwrap().org.as_str(), *org, "{}", entry.position);
    }
    let tree = t.authority.organisations().unwrap();
    assert_eq!(tree.get(&UNASSIGNED.parse().unwrap()).unwrap().parent.as_ref().unwrap().as_str(), "ca");
    // The organisation of the plan comes last.
    let plan = ImportPlan { org: Some("ra-yunnan".parse().unwrap()), ..import_plan("by-plan") };
    assert_eq!(said(&t, "zhao", &plan, &[free(20), old(&t, 21)]), (vec![], 2));
    assert_eq!(row(&t, &free(20)).unwrap().org.as_str(), "ra-yunnan");
    assert_eq!(row(&t, &old(&t, 21)).unwrap().org.as_str(), "lra-mianyang");
    sound(&t);
}

#[test]
fn only_administrators_import_and_only_what_is_theirs() {
    let t = TestAuthority::national("jurisdiction");
    let before = Before::of(&t);
    for operator in ["chengdu-entry", "sichuan-approver", "auditor"] {
        refused(t.import(operator, &import_plan("x"), vec![Ok(old(&t, 1))]), "operator.no-role", Class::NotPermitted);
    }
    before.assert_unchanged(&t, "an import without the role");
    // 0 and 1 are Sichuan's, 2 is Yunnan's, and one is nobody's.
    let rows = [old(&t, 0), old(&t, 1), old(&t, 2), Entry { org: None, ..old(&t, 4) }];
    let plan = import_plan("sichuan");
    assert_eq!(said(&t, "sichuan-admin", &plan, &rows), (vec!["import.outside"; 2], 2));
    let abroad = ImportPlan { org: Some("ra-yunnan".parse().unwrap()), ..plan.clone() };
    refused(t.import("sichuan-admin", &abroad, Vec::new()), "ra.outside-jurisdiction", Class::NotPermitted);
    let unknown = ImportPlan { org: Some("ra-nowhere".parse().unwrap()), ..plan.clone() };
    refused(t.import("zhao", &unknown, Vec::new()), "org.unknown", Class::NotFound);
    let freeze = t.authority.change(&t.session("zhao"), &Change::OrgFreeze("ra-sichuan".parse().unwrap())).unwrap();
    assert!(matches!(freeze, Outcome::Done(_)));
    refused(t.import("sichuan-admin", &plan, vec![Ok(old(&t, 8))]), "org.frozen", Class::Refused);
    sound(&t);
}

#[test]
fn halves_find_each_other_and_nobody_else() {
    let t = TestAuthority::national("pairs of old");
    let number = std::cell::Cell::new(0_u64);
    let half = |usage: Usage, change: &dyn Fn(&mut Entry)| {
        number.set(number.get() + 1);
        let mut entry = Entry { usage, revoked: None, ..old(&t, 1) };
        entry.serial = number.get().to_be_bytes().to_vec();
        entry.position = number.get();
        change(&mut entry);
        entry
    };
    let later = |seconds: i64| {
        move |e: &mut Entry| {
            let (from, to) = (e.validity.not_before(), e.validity.not_after());
            e.validity = Validity::new(from + seconds, to).unwrap();
        }
    };
    let earlier = |seconds: i64| later(-seconds);
    let as_person = |n: u64, pair: Option<&'static str>| {
        move |e: &mut Entry| {
            e.subject = format!("CN=p{n}");
            e.identity = Some(format!("resident-id {}", resident_id(n)));
            e.pair_id = pair.map(str::to_owned);
        }
    };
    let (sign, encrypt) = (Usage::Sign, Usage::Encrypt);
    // What is imported together, and which of them is the second half of which.
    let scenes: Vec<(&str, Vec<Entry>, Halves)> = vec![
        ("alike", vec![half(sign, &|_| ()), half(encrypt, &earlier(DAY))], vec![(1, 0)]),
        (
            "a day and a second",
            vec![
                half(sign, &as_person(11, None)),
                half(encrypt, &|e| {
                    as_person(11, None)(e);
                    earlier(DAY + 1)(e)
                }),
            ],
            vec![],
        ),
        ("the same usage", vec![half(sign, &as_person(12, None)), half(sign, &as_person(12, None))], vec![]),
        ("no usage", vec![half(Usage::Any, &as_person(13, None)), half(encrypt, &as_person(13, None))], vec![]),
        (
            "another issuer",
            vec![
                half(sign, &as_person(14, None)),
                half(encrypt, &|e| {
                    as_person(14, None)(e);
                    e.issuer = "CN=另一 CA".to_owned()
                }),
            ],
            vec![],
        ),
        (
            "another subject",
            vec![
                half(sign, &as_person(15, None)),
                half(encrypt, &|e| {
                    as_person(15, None)(e);
                    e.subject = "CN=q".to_owned()
                }),
            ],
            vec![],
        ),
        (
            "three of one",
            vec![
                half(sign, &as_person(16, None)),
                half(encrypt, &as_person(16, None)),
                half(encrypt, &as_person(16, None)),
            ],
            vec![(1, 0)],
        ),
        (
            "two pairs of one person, the other way round",
            vec![
                half(sign, &as_person(17, Some("a"))),
                half(encrypt, &as_person(17, Some("b"))),
                half(encrypt, &as_person(17, Some("a"))),
                half(sign, &as_person(17, Some("b"))),
            ],
            vec![(2, 0), (3, 1)],
        ),
        (
            "a pair far apart",
            vec![
                half(sign, &as_person(18, Some("c"))),
                half(encrypt, &|e| {
                    as_person(18, Some("c"))(e);
                    earlier(90 * DAY)(e)
                }),
            ],
            vec![(1, 0)],
        ),
    ];
    for (n, (what, entries, pairs)) in scenes.iter().enumerate() {
        let report = taken(&t, &format!("scene-{n}"), entries);
        assert_eq!(report.second_halves, pairs.len() as u64, "{what}");
        let found: Vec<(usize, usize)> = entries
            .iter()
            .enumerate()
            .filter_map(|(second, entry)| {
                let first = row(&t, entry).unwrap().first_half?;
                Some((second, entries.iter().position(|e| id(e) == first).unwrap()))
            })
            .collect();
        assert_eq!(found, *pairs, "{what}");
    }
    // In two sources, one after the other.
    taken(&t, "left", &[half(sign, &as_person(19, None))]);
    assert_eq!(taken(&t, "right", &[half(encrypt, &as_person(19, None))]).second_halves, 1);
    let last = t.now().day().number();
    let sums = (imported(&t, "issued", last), imported(&t, "pairs_issued", last));
    let all: usize = scenes.iter().map(|s| s.1.len()).sum::<usize>() + 2;
    let second: usize = scenes.iter().map(|s| s.2.len()).sum::<usize>() + 1;
    assert_eq!(sums, (all as i64, (all - second) as i64));
    sound(&t);
}

/// Neither a list nor an answer of ours knows them, not even where a serial number is one of ours.
#[test]
fn imported_certificates_are_never_ours() {
    let desk = Desk::new("never ours");
    let t = &desk.t;
    let ours = t.issue_person(1).serial;
    let mut entries: Vec<Entry> = (0..40).map(|n| old(t, n)).collect();
    // One with our own certificate's number, of another issuer, and revoked.
    let begin = entries[0].validity.not_before();
    entries.push(Entry {
        serial: ours.as_bytes().to_vec(),
        revoked: Some((begin + 1, RevocationReason::KeyCompromise)),
        ..old(t, 50)
    });
    let report = taken(t, "old-ca", &entries);
    assert_eq!(report.status_changes, 5);
    let published =
        t.authority.publish_crl(&t.session("zhao"), &t.signer(), &Publishing::full(t.base().join("public"))).unwrap();
    assert!(!published.is_empty());
    for file in std::fs::read_dir(t.base().join("public")).unwrap().map(|f| f.unwrap().path()) {
        if file.extension().is_some_and(|e| e == "crl") {
            let crl = Crl::from_der(std::fs::read(&file).unwrap()).unwrap();
            assert_eq!(crl.entries().count(), 0, "{}", file.display());
        }
    }
    let responder = desk.responder();
    let status = |serial: &Serial| desk.status(&responder, serial);
    assert_eq!(status(&ours), Status::Good);
    let foreign = Serial::from_bytes(&entries[10].serial).unwrap();
    assert!(matches!(status(&foreign), Status::Unknown), "an imported certificate was answered for");
    assert!(t.authority.certificates(&CertificateFilter::default()).unwrap().iter().all(|c| c.serial != foreign));
    assert_eq!(t.authority.certificate(&foreign).unwrap_err().code(), "certificate.unknown");
    // What revokes ours does not touch theirs.
    let revoke = StatusRequest::revoke("r-1".parse().unwrap(), ours, RevocationReason::Superseded);
    let _ = t.carry_out(revoke);
    assert_eq!(row(t, &entries[1]).unwrap().status, hufu_model::certificate::CertificateStatus::Active);
    sound(t);
}

/// A certificate that is issued for the migration takes the place of what its holder had.
#[test]
fn a_migration_links_what_its_holder_had() {
    let t = TestAuthority::national("migration links");
    let person = |n: u64| Entry {
        org: Some("lra-chengdu".parse().unwrap()),
        revoked: None,
        identity: Some(format!("resident-id {}", resident_id(n))),
        ..old(&t, n)
    };
    let begin = person(1).validity.not_before();
    let mine = person(1);
    let again = Entry { serial: vec![2], org: Some("ra-sichuan".parse().unwrap()), ..person(1) };
    let revoked = Entry { serial: vec![3], revoked: Some((begin + 1, RevocationReason::Superseded)), ..person(1) };
    let expired = Entry { serial: vec![4], validity: Validity::new(begin, begin + 9).unwrap(), ..person(1) };
    let elsewhere = Entry { serial: vec![5], org: Some("lra-kunming".parse().unwrap()), ..person(1) };
    let other = person(2);
    let all = [mine, again, revoked, expired, elsewhere, other];
    taken(&t, "old-ca", &all);
    let linked = |t: &TestAuthority| -> Vec<Option<Serial>> {
        store(t)
            .read(|r| {
                all.iter().map(|e| Ok::<_, hufu_store::Error>(r.legacy_link(&id(e))?.map(|l| l.serial))).collect()
            })
            .unwrap()
    };
    // A first issue says nothing about what was before.
    t.issue(&[t.people.person(2, "lra-chengdu")]);
    assert_eq!(linked(&t), vec![None; 6]);
    let request = NewRequest { reason: Reason::Migration, ..t.people.person(1, "lra-chengdu") };
    let serial = t.issue(&[request]).remove(0).serial;
    let (yes, no) = (Some(serial.clone()), None::<Serial>);
    assert_eq!(linked(&t), [yes.clone(), yes, no.clone(), no.clone(), no.clone(), no]);
    let links = store(&t).read(|r| r.legacy_links(&serial)).unwrap();
    assert_eq!(links.len(), 2);
    sound(&t);
}

#[test]
fn names_are_matched_for_people_to_look_at() {
    let t = TestAuthority::national("matches");
    let named = |n: u64, name: &str, serial: u8| Entry {
        org: Some("lra-chengdu".parse().unwrap()),
        subject: format!("CN={name},O=旧单位"),
        identity: None,
        revoked: None,
        serial: vec![serial],
        ..old(&t, n)
    };
    let ours: Vec<_> = (1..=2).map(|n| t.issue_person(n)).collect();
    let twins = {
        // Two people of one name.
        let fields = |n: u64| {
            let mut request = t.people.person(n, "lra-chengdu");
            request
                .fields
                .iter_mut()
                .filter(|(f, _)| *f == hufu_model::holder::Field::Name)
                .for_each(|(_, v)| "同名".clone_into(v));
            request
        };
        t.issue(&[fields(8), fields(9)])
    };
    let name = |n: u64| hufu_tests::holder_name(n);
    let entries = [
        named(1, &name(1), 1),
        named(2, &name(2), 2),
        // Another person of the name, by identity.
        Entry { identity: Some(format!("resident-id {}", resident_id(77))), ..named(3, &name(2), 3) },
        named(4, "同名", 4),
        named(5, "无人", 5),
        Entry { identity: Some(format!("resident-id {}", resident_id(9))), ..named(6, "改了名", 6) },
        Entry { org: Some("lra-mianyang".parse().unwrap()), ..named(7, &name(1), 7) },
    ];
    taken(&t, "old-ca", &entries);
    let zhao = t.session("zhao");
    let found = t.authority.matches(&zhao, None, 0).unwrap();
    let of = |list: &[hufu_authority::import::Match]| -> BTreeMap<u8, usize> {
        list.iter().map(|m| (m.legacy.serial[0], m.ours.len())).collect()
    };
    assert_eq!(of(&found.unique), BTreeMap::from([(1, 1), (6, 1)]));
    assert_eq!(of(&found.ambiguous), BTreeMap::from([(2, 1), (3, 1), (4, 2)]));
    let limited = t.authority.matches(&zhao, None, 1).unwrap();
    assert_eq!((limited.unique.len(), limited.ambiguous.len(), limited.more), (1, 1, true));
    assert_eq!(t.authority.matches(&zhao, Some(&"ra-yunnan".parse().unwrap()), 0).unwrap(), Default::default());
    refused(t.authority.matches(&t.session("chengdu-entry"), None, 0), "operator.no-role", Class::NotPermitted);

    let link = |who: &str, links: &[(Digest, Serial)]| t.authority.link(&t.session(who), links);
    let one = (id(&entries[0]), ours[0].serial.clone());
    let before = Before::of(&t);
    refused(link("chengdu-entry", std::slice::from_ref(&one)), "operator.no-role", Class::NotPermitted);
    refused(link("zhao", &[]), "change.none", Class::Refused);
    refused(link("zhao", &[(Digest([9; 32]), ours[0].serial.clone())]), "import.unknown", Class::NotFound);
    refused(link("zhao", &[(one.0, Serial::from_bytes(&[9]).unwrap())]), "certificate.unknown", Class::NotFound);
    refused(link("zhao", &[one.clone(), one.clone()]), "import.linked", Class::Refused);
    refused(link("zhao", &[(id(&entries[6]), ours[0].serial.clone())]), "import.office", Class::Refused);
    before.assert_unchanged(&t, "links that cannot be");
    link("sichuan-admin", &[one.clone(), (id(&entries[3]), twins[0].serial.clone())]).unwrap();
    refused(link("zhao", &[one]), "import.linked", Class::Refused);
    assert_eq!(of(&t.authority.matches(&zhao, None, 0).unwrap().unique), BTreeMap::from([(6, 1)]));
    sound(&t);
}

#[test]
fn an_altered_inventory_is_named() {
    let t = TestAuthority::national("altered inventory");
    let entries: Vec<Entry> = (0..40).map(|n| old(&t, n)).collect();
    taken(&t, "old-ca", &entries);
    sound(&t);
    let connection = Connection::open(t.database()).unwrap();
    let found = |alter: &str, back: &str, table: &str| {
        assert_eq!(connection.execute(alter, []).unwrap(), 1, "{alter}");
        let report = t.authority.audit(hufu_authority::Depth::Ledger, &|_| ()).unwrap();
        assert!(report.findings.iter().any(|f| f.object.contains(table)), "{alter}: {:?}", report.findings);
        connection.execute(back, []).unwrap();
    };
    for (column, other, was) in
        [("org", "'ra-audit'", "'lra-chengdu'"), ("status", "'active'", "'revoked'"), ("position", "99", "1")]
    {
        let set = |value: &str| {
            format!(
                "UPDATE legacy SET {column} = {value} WHERE position = {}",
                if column == "position" && value == "1" { "99" } else { "1" }
            )
        };
        found(&set(other), &set(was), "legacy");
    }
    connection.execute("DELETE FROM legacy_status WHERE id = (SELECT id FROM legacy WHERE position = 11)", []).unwrap();
    let report = t.authority.audit(hufu_authority::Depth::Ledger, &|_| ()).unwrap();
    assert!(report.findings.iter().any(|f| f.object.contains("legacy_status")), "{:?}", report.findings);
    assert!(report.findings.iter().any(|f| f.object.contains("rollup")), "{:?}", report.findings);
}

/// Nobody can tell from the file who somebody was.
#[test]
fn identities_are_nowhere_in_clear() {
    let t = TestAuthority::national("identities");
    // Some authorities wrote the number into the name, as it is or between other digits.
    let named = |n: u64| match n % 3 {
        0 => format!("CN=041@0{}@{n}@1,O=示例单位,C=CN", resident_id(n)),
        1 => format!("CN=某人,serialNumber={},C=CN", resident_id(n).to_lowercase()),
        _ => format!("CN=某人 {n},C=CN"),
    };
    let entries: Vec<Entry> = (1..30).map(|n| Entry { subject: named(n), ..old(&t, n) }).collect();
    taken(&t, "old-ca", &entries);
    assert_eq!(row(&t, &entries[2]).unwrap().subject.matches('*').count(), 11);
    let again = t.import("zhao", &import_plan("old-ca"), entries.iter().cloned().map(Ok).collect()).unwrap().0;
    assert_eq!((again.known, again.new), (29, 0));
    t.authority.checkpoint(&t.signer()).unwrap();
    for file in ["ledger.db", "ledger.db-wal"] {
        let bytes = std::fs::read(t.home().join(file)).unwrap_or_default();
        for n in 1..30 {
            let number = resident_id(n);
            assert!(
                !bytes.windows(number.len()).any(|w| w.eq_ignore_ascii_case(number.as_bytes())),
                "{file} has the number of person {n}"
            );
        }
    }
    let text = format!("{:?}", entries[0]);
    assert!(!text.contains(&resident_id(1)), "{text}");
    // The index is that of our own certificates.
    let serial = t.issue_person(1).serial;
    let ours = store(&t).read(|r| r.certificate(&serial)).unwrap().unwrap();
    assert_eq!(row(&t, &entries[0]).unwrap().holder, ours.holder);
}
