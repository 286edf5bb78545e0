//! The first report, counted by hand beside it.

use hufu_authority::{Class, Figures, NewRequest, Summary};
use hufu_model::certificate::Algorithm;
use hufu_model::time::Instant;
use hufu_tests::TestAuthority;

use crate::expect::{all, refused, sound};

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn of(summary: &Summary, org: &str) -> (Figures, Figures) {
    let found = summary.organisations.iter().find(|o| o.org.as_str() == org);
    let found = found.unwrap_or_else(|| panic!("{org} is not in the report"));
    (found.own, found.total)
}

fn figures(issued: u64, valid: u64, new: u64, year_earlier: u64) -> Figures {
    Figures { issued, revoked: 0, valid, new, year_earlier }
}

/// Issues certificates of `days` for persons `from..to` at `org`.
fn issue(t: &TestAuthority, org: &str, from: u64, to: u64, days: u32) {
    let (entry, approver) = match org {
        "lra-chengdu" => ("chengdu-entry", "sichuan-approver"),
        "lra-mianyang" => ("mianyang-entry", "sichuan-approver"),
        "ra-yunnan" => ("yunnan-entry", "yunnan-approver"),
        "ra-audit" => ("audit-entry", "audit-approver"),
        other => panic!("no operators at {other}"),
    };
    let requests: Vec<NewRequest> = (from..to)
        .map(|n| {
            let mut request = t.in_region(t.people.person(n, org));
            request.days = Some(days);
            request
        })
        .collect();
    let ids = t.enter(entry, approver, &requests);
    all(t.authority.issue(&t.session(approver), &t.signer(), &ids));
}

/// The hierarchy's own operators, by organisation: they are certificates too.
const STAFF: [(&str, u64); 6] =
    [("ca", 3), ("ra-sichuan", 3), ("ra-yunnan", 2), ("ra-audit", 2), ("lra-chengdu", 3), ("lra-mianyang", 1)];

#[test]
fn totals_roll_up_the_tree_and_agree_with_a_count_by_hand() {
    let t = TestAuthority::national("roll up");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 5, 30);
    issue(&t, "lra-mianyang", 5, 7, 300);
    issue(&t, "ra-yunnan", 7, 10, 300);
    issue(&t, "ra-audit", 10, 11, 300);
    let summary = t.authority.summary(None, None).unwrap();
    assert_eq!((summary.at, summary.as_of), (t.now(), t.now()));
    for (org, staff) in STAFF {
        let more = match org {
            "lra-chengdu" => 5,
            "lra-mianyang" => 2,
            "ra-yunnan" => 3,
            "ra-audit" => 1,
            _ => 0,
        };
        let own = staff + more;
        assert_eq!(of(&summary, org).0, figures(own, own, own, 0), "{org}");
    }
    // Sichuan: its own three, Chengdu's eight, Mianyang's three.
    assert_eq!(of(&summary, "ra-sichuan").1, figures(14, 14, 14, 0));
    assert_eq!(of(&summary, "ra-yunnan").1, figures(5, 5, 5, 0));
    assert_eq!(of(&summary, "ca").1, figures(25, 25, 25, 0));
    assert_eq!(summary.total, figures(25, 25, 25, 0));
    assert_eq!(summary.algorithms, [(Algorithm::Sm2, figures(25, 25, 25, 0))]);
    let order: Vec<_> = summary.organisations.iter().map(|o| (o.org.as_str(), o.depth)).collect();
    let expected = [
        ("ca", 0),
        ("ra-sichuan", 1),
        ("lra-chengdu", 2),
        ("lra-mianyang", 2),
        ("ra-yunnan", 1),
        ("lra-kunming", 2),
        ("ra-audit", 1),
    ];
    assert_eq!(order, expected);
    // The same count, from the rows.
    let rows = t.authority.certificates(&hufu_authority::CertificateFilter::default()).unwrap();
    assert_eq!(rows.len() as u64, summary.total.issued);
    sound(&t);
}

/// Validity ends after its last second; what is issued stays issued.
#[test]
fn expired_certificates_are_issued_but_not_valid() {
    let t = TestAuthority::national("expiry");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    let before = t.authority.summary(None, None).unwrap().total;
    issue(&t, "lra-chengdu", 0, 4, 30);
    let last = at("2026-12-31T09:59:59+08:00");
    t.clock.set(at("2027-01-15T00:00:00+08:00"));
    let valid = |when: Instant| t.authority.summary(Some(when), None).unwrap().total;
    assert_eq!(valid(last), figures(before.issued + 4, before.valid + 4, before.new + 4, 0));
    assert_eq!(valid(last.plus_seconds(1)), figures(before.issued + 4, before.valid, before.new + 4, 0));
    // By whole days: the roll-ups answer the same as the rows.
    assert_eq!(valid(at("2026-12-30")).valid, before.valid + 4);
    assert_eq!(valid(at("2026-12-31")).valid, before.valid);
    // A cut inside the first day, a second before and at the issuance.
    let begins = at("2026-12-01T10:00:00+08:00");
    assert_eq!(valid(begins.plus_seconds(-1)), before);
    assert_eq!(valid(begins).issued, before.issued + 4);
}

/// A day is a day of UTC+08:00; an instant at midnight belongs to the day that begins, and to one day only.
#[test]
fn midnight_belongs_to_one_day() {
    let t = TestAuthority::national("midnight");
    t.clock.set(at("2026-12-01T00:00:00+08:00"));
    let before = t.authority.summary(Some(at("2026-11-30")), None).unwrap().total.issued;
    issue(&t, "lra-chengdu", 0, 1, 30);
    t.clock.set(at("2026-12-01T23:59:59.999+08:00"));
    issue(&t, "lra-chengdu", 1, 2, 30);
    t.clock.set(at("2026-12-02T00:00:00+08:00"));
    issue(&t, "lra-chengdu", 2, 3, 30);
    t.clock.set(at("2026-12-05T00:00:00+08:00"));
    let by = |day: &str| t.authority.summary(Some(at(day)), None).unwrap().total.issued - before;
    assert_eq!((by("2026-11-30"), by("2026-12-01"), by("2026-12-02"), by("2026-12-03")), (0, 2, 3, 3));
}

#[test]
fn year_on_year_compares_the_same_instant_a_year_earlier() {
    let t = TestAuthority::national("year");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 10, 20);
    let first_year = t.authority.summary(None, None).unwrap().total.issued;
    t.clock.set(at("2027-06-30T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 10, 40, 20);
    t.clock.set(at("2027-11-20T10:00:00+08:00"));
    let summary = t.authority.summary(Some(at("2027-12-01T09:59:59+08:00")), None).unwrap();
    // A second before the anniversary, the ten were not there a year earlier.
    assert_eq!(summary.total.issued - summary.total.year_earlier, 40);
    let summary = t.authority.summary(Some(at("2027-12-01T10:00:00+08:00")), None).unwrap();
    assert_eq!(summary.total.year_earlier, first_year);
    assert_eq!(summary.total.issued, first_year + 30);
    assert_eq!(summary.total.new, 30);
    let chengdu = of(&summary, "lra-chengdu").0;
    assert_eq!((chengdu.year_earlier, chengdu.issued), (13, 43));
    assert_eq!(chengdu.growth().text(), "2.3x");
    assert_eq!(of(&summary, "ra-audit").0.growth().text(), "0.0%");
    assert_eq!(of(&summary, "lra-kunming").0.growth().text(), "—");
}

/// The report of today with an earlier knowledge equals the report that was given then.
#[test]
fn an_earlier_knowledge_gives_the_report_of_that_time() {
    let t = TestAuthority::national("knowledge");
    let mut reports = Vec::new();
    for (n, day) in [(0, "2026-12-01"), (3, "2026-12-02"), (6, "2027-02-10")] {
        t.clock.set(at(&format!("{day}T10:00:00+08:00")));
        issue(&t, "lra-chengdu", n, n + 2, 45);
        t.clock.advance(3600);
        issue(&t, "ra-yunnan", n + 2, n + 3, 500);
        reports.push(t.authority.summary(None, None).unwrap());
    }
    // An LRA that comes later is not in the earlier reports.
    let later = hufu_model::org::Organisation {
        id: "lra-leshan".parse().unwrap(),
        parent: Some("ra-sichuan".parse().unwrap()),
        kind: hufu_model::org::OrgKind::MunicipalLra,
        name: "乐山市注册服务分中心".to_owned(),
        name_en: String::new(),
        region: None,
        limits: hufu_model::org::Limits::default(),
        status: hufu_model::org::OrgStatus::Active,
    };
    t.clock.advance(86_400);
    let _ = t.authority.change(&t.session("zhao"), &hufu_authority::Change::OrgAdd(later)).unwrap();
    for then in reports {
        assert_eq!(t.authority.summary(Some(then.at), Some(then.as_of)).unwrap(), then);
    }
    assert_eq!(t.authority.summary(None, None).unwrap().organisations.len(), 8);
}

#[test]
fn a_knowledge_before_the_ledger_is_refused_with_its_beginning() {
    let t = TestAuthority::found("beginning");
    let first = t.now();
    t.clock.advance(3600);
    refused(t.authority.summary(None, Some(first.plus_seconds(-1))), "report.before-ledger", Class::NotFound);
    assert_eq!(t.authority.summary(None, Some(first)).unwrap().total.issued, 2);
    // An event time before it is no error: there was nothing then.
    assert_eq!(t.authority.summary(Some(at("2018-06-30")), None).unwrap().total, Figures::default());
}

/// A moved office counts where it stood in the tree that was known then.
#[test]
fn totals_follow_the_tree_of_the_knowledge() {
    let t = TestAuthority::national("tree");
    t.clock.set(at("2026-12-01T10:00:00+08:00"));
    issue(&t, "lra-mianyang", 0, 2, 300);
    let before = t.authority.summary(None, None).unwrap();
    t.clock.advance(3600);
    for change in [
        hufu_authority::Change::OrgLimits { org: "ra-yunnan".parse().unwrap(), limits: Default::default() },
        hufu_authority::Change::OrgMove { org: "lra-mianyang".parse().unwrap(), to: "ra-yunnan".parse().unwrap() },
    ] {
        let hufu_authority::Outcome::Proposed(digest) = t.authority.change(&t.session("zhao"), &change).unwrap() else {
            panic!("one person did it")
        };
        t.authority.countersign(&t.session("qian"), &digest).unwrap();
    }
    let after = t.authority.summary(None, None).unwrap();
    let (was, is) = (of(&before, "ra-yunnan").1.issued, of(&after, "ra-yunnan").1.issued);
    assert_eq!(is - was, 3, "Mianyang's operator and its two certificates");
    assert_eq!(of(&before, "ra-sichuan").1.issued - of(&after, "ra-sichuan").1.issued, 3);
    assert_eq!(before.total, after.total);
    assert_eq!(t.authority.summary(Some(before.at), Some(before.as_of)).unwrap(), before);
}
