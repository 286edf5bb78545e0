//! Samples for inspection: nobody can choose what is drawn, and everybody can draw the same again.

use std::collections::BTreeSet;

use hufu_authority::SampleOf;
use hufu_tests::TestAuthority;

use super::*;

fn november(percent: u8) -> SampleOf {
    let day = |text: &str| Some(text.parse().unwrap());
    SampleOf { org: "ra-sichuan".parse().unwrap(), from: day("2026-11-01"), to: day("2026-12-01"), percent }
}

#[test]
fn a_sample_is_drawn_by_what_nobody_knew() {
    let t = TestAuthority::national("sample");
    t.clock.set(at("2026-11-30T10:00:00+08:00"));
    issue(&t, "lra-chengdu", 0, 30, 300);
    issue(&t, "ra-yunnan", 30, 40, 300);
    t.clock.set(at("2026-11-30T23:59:59+08:00"));
    issue(&t, "lra-mianyang", 40, 45, 300);
    // While the period lasts, and until a checkpoint is made after it, there is no seed.
    refused(t.authority.sample(&november(10)), "report.no-seed", Class::NotFound);
    t.clock.set(at("2026-12-01T00:00:00+08:00"));
    refused(t.authority.sample(&november(10)), "report.no-seed", Class::NotFound);
    issue(&t, "ra-audit", 50, 51, 300);
    let drawn = t.authority.sample(&november(10)).unwrap();
    // Thirty of Chengdu, five of Mianyang, and the seven operators of the subtree.
    assert_eq!((drawn.population, drawn.certificates.len()), (42, 5));
    let sichuan = ["ra-sichuan", "lra-chengdu", "lra-mianyang"];
    assert!(drawn.certificates.iter().all(|row| sichuan.contains(&row.org.as_str())));
    assert!(drawn.certificates.iter().all(|row| row.subject.contains('*')), "names are masked");
    let serials: BTreeSet<_> = drawn.certificates.iter().map(|row| row.serial.to_string()).collect();
    assert_eq!(serials.len(), 5);
    // Later checkpoints change nothing; the seed is that of the first one, and it is in the anchor for everybody.
    t.clock.set(at("2027-01-10T00:00:00+08:00"));
    issue(&t, "lra-chengdu", 60, 61, 300);
    assert_eq!(t.authority.sample(&november(10)).unwrap(), drawn);
    let checkpoints = t.authority.checkpoints().unwrap();
    let first = checkpoints.iter().find(|c| c.checkpoint.size == drawn.size).unwrap();
    assert_eq!(hufu_x509::digest::sm3(&first.signed), drawn.seed);
    assert!(first.checkpoint.at >= at("2026-12-01T00:00:00+08:00").unix_seconds());
    assert_eq!(hufu_model::ident::hex(&first.checkpoint.root), drawn.root);
    // A larger sample holds the smaller one; all of them are all.
    let more = t.authority.sample(&november(50)).unwrap();
    assert_eq!(more.certificates[..5], drawn.certificates[..]);
    assert_eq!(more.certificates.len(), 21);
    assert_eq!(t.authority.sample(&november(100)).unwrap().certificates.len(), 42);
    assert_eq!(t.authority.sample(&november(1)).unwrap().certificates.len(), 1, "a part of one counts as one");
    // Another office that issued the same number would have another sample, and so had this one with another seed.
    let other = TestAuthority::national("another sample");
    other.clock.set(at("2026-11-30T10:00:00+08:00"));
    issue(&other, "lra-chengdu", 0, 35, 300);
    other.clock.set(at("2026-12-01T00:00:00+08:00"));
    issue(&other, "ra-audit", 50, 51, 300);
    assert_ne!(other.authority.sample(&november(10)).unwrap().seed, drawn.seed);
    // The last whole month is what is drawn from when nobody says.
    let december = SampleOf { from: None, to: None, org: "ra-audit".parse().unwrap(), percent: 1 };
    let december = t.authority.sample(&december).unwrap();
    assert_eq!(december.period, ("2026-12-01".parse().unwrap(), "2027-01-01".parse().unwrap()));
    assert_eq!((december.population, december.certificates.len()), (1, 1));
}

#[test]
fn samples_of_nothing_are_refused_or_empty() {
    let t = TestAuthority::national("no sample");
    t.clock.set(at("2026-12-02T10:00:00+08:00"));
    issue(&t, "ra-audit", 0, 1, 300);
    let nowhere = SampleOf { org: "ra-atlantis".parse().unwrap(), ..november(3) };
    refused(t.authority.sample(&nowhere), "org.unknown", Class::NotFound);
    let upside_down = SampleOf { from: Some("2026-12-01".parse().unwrap()), ..november(3) };
    refused(t.authority.sample(&upside_down), "report.period", Class::BadInput);
    let early =
        SampleOf { from: Some("2018-01-01".parse().unwrap()), to: Some("2018-07-01".parse().unwrap()), ..november(3) };
    let early = t.authority.sample(&early).unwrap();
    assert_eq!((early.population, early.certificates.len()), (0, 0));
}
