#![allow(clippy::unwrap_used, clippy::expect_used)]

use hufu_model::event::EventKind;
use hufu_model::ident::{OrgId, RequestId};
use hufu_model::org::{OrgKind, OrgStatus, Organisation};
use hufu_model::request::RequestStatus;
use hufu_model::time::Instant;

use proptest::prelude::*;

use crate::sample::{NOON, Scratch, at, certificate, der, digest, op, org, org_id};
use crate::{CertificateFilter, Error, EventFilter, Reader, RequestFilter};

fn read<T>(scratch: &Scratch, f: impl FnOnce(&Reader<'_>) -> crate::Result<T>) -> T {
    scratch.store.read(f).unwrap()
}

fn put_org(scratch: &Scratch, second: i64, organisation: &Organisation) -> u64 {
    let written = scratch.store.write(at(second), |w| {
        let mut event = w.event(EventKind::OrgChange, Some(&op("zhao")), organisation.id.as_str());
        event.put_org(organisation)?;
        event.close()
    });
    written.unwrap_or_else(|e: Error| panic!("{e}"))
}

#[test]
fn the_tree_of_any_instant() {
    let scratch = Scratch::founded();
    let lra = org("lra", Some("ra"), OrgKind::MunicipalLra);
    put_org(&scratch, NOON + 10, &lra);
    put_org(&scratch, NOON + 20, &Organisation { status: OrgStatus::Frozen, ..lra.clone() });
    put_org(&scratch, NOON + 20, &org("ra2", Some("ca"), OrgKind::ProvinceRa));
    let moved = Organisation { parent: Some(org_id("ra2")), region: None, ..lra.clone() };
    put_org(&scratch, NOON + 30, &moved);
    let tree = |at: Instant| read(&scratch, |r| r.org_tree_at(at));
    let ids = |second| tree(at(second)).iter().map(|o| o.id.to_string()).collect::<Vec<_>>();
    assert!(ids(NOON - 1).is_empty());
    assert_eq!(ids(NOON), ["ca", "ra"]);
    assert_eq!(ids(NOON + 9), ["ca", "ra"]);
    assert_eq!(ids(NOON + 10), ["ca", "lra", "ra"]);
    assert_eq!(ids(NOON + 20), ["ca", "lra", "ra", "ra2"]);
    let lra_at = |when| tree(when).get(&lra.id).unwrap().clone();
    assert_eq!(lra_at(at(NOON + 15)), lra);
    assert_eq!(lra_at(Instant::from_unix_millis((NOON + 20) * 1000 - 1)), lra);
    assert_eq!(lra_at(at(NOON + 20)).status, OrgStatus::Frozen);
    assert_eq!(lra_at(at(NOON + 1_000_000)), moved);
    read(&scratch, |r| {
        assert_eq!(r.org_tree()?.get(&lra.id).unwrap(), &moved);
        let history: Vec<u64> = r.organisation_history(&lra.id)?.into_iter().map(|(seq, _)| seq).collect();
        assert_eq!(history, [1, 2, 4]);
        let below =
            |id: &str| -> Vec<String> { r.subtree_ids(&org_id(id)).unwrap().iter().map(ToString::to_string).collect() };
        assert_eq!(below("ra2"), ["lra", "ra2"]);
        assert_eq!(below("ra"), ["ra"]);
        assert_eq!(below("ca").len(), 4);
        assert!(below("none").is_empty());
        Ok(())
    });
}

#[test]
fn requests_by_filter_page_by_page() {
    let scratch = Scratch::founded();
    scratch.submit(NOON + 1, &["b", "d"]).unwrap();
    scratch.submit(NOON + 2, &["a", "c", "e"]).unwrap();
    scratch.approve(NOON + 3, &["a", "d"]).unwrap();
    let ids = |filter: RequestFilter| -> Vec<String> {
        read(&scratch, |r| r.requests(&filter)).iter().map(|r| r.id.to_string()).collect()
    };
    let all = RequestFilter::default;
    assert_eq!(ids(all()), ["b", "d", "a", "c", "e"]);
    let status = Some(RequestStatus::Submitted);
    assert_eq!(ids(RequestFilter { status, ..all() }), ["b", "c", "e"]);
    assert_eq!(ids(RequestFilter { status, limit: 2, ..all() }), ["b", "c"]);
    let after = |id: &str| Some(id.parse::<RequestId>().unwrap());
    assert_eq!(ids(RequestFilter { after: after("d"), ..all() }), ["a", "c", "e"]);
    assert_eq!(ids(RequestFilter { after: after("b"), status, limit: 1, ..all() }), ["c"]);
    assert!(ids(RequestFilter { after: after("e"), ..all() }).is_empty());
    assert!(ids(RequestFilter { after: after("unknown"), ..all() }).is_empty());
    let orgs = |ids: &[&str]| Some(ids.iter().map(|id| org_id(id)).collect::<Vec<OrgId>>());
    assert_eq!(ids(RequestFilter { orgs: orgs(&["ca", "ra"]), ..all() }).len(), 5);
    assert!(ids(RequestFilter { orgs: orgs(&["ca"]), ..all() }).is_empty());
    assert!(ids(RequestFilter { orgs: orgs(&[]), ..all() }).is_empty());
    assert!(ids(RequestFilter { profile: Some("other".parse().unwrap()), ..all() }).is_empty());
    assert_eq!(ids(RequestFilter { profile: Some("person-sign".parse().unwrap()), ..all() }).len(), 5);
    assert_eq!(read(&scratch, |r| r.request_count()), 5);
    // What was entered together.
    let manifest = read(&scratch, |r| r.request(&"c".parse().unwrap())).unwrap().manifest;
    assert_eq!(ids(RequestFilter { manifest: Some(manifest), limit: 2, ..all() }), ["b", "d"]);
    assert!(ids(RequestFilter { manifest: Some(digest("another")), ..all() }).is_empty());
    scratch.submit(NOON + 4, &["batch", "batch-1", "batch-2", "batch1", "batch.1", "batc-1"]).unwrap();
    let batch = Some("batch".parse::<RequestId>().unwrap());
    assert_eq!(ids(RequestFilter { batch: batch.clone(), ..all() }), ["batch-1", "batch-2"]);
    assert_eq!(ids(RequestFilter { batch, after: after("batch-1"), ..all() }), ["batch-2"]);
}

#[test]
fn certificates_by_filter_page_by_page() {
    let scratch = Scratch::founded();
    let rows: Vec<_> = (0..6_u64)
        .map(|n| {
            let mut row = certificate(n, NOON + n as i64, 365);
            row.org = org_id(if n % 2 == 0 { "ra" } else { "ca" });
            row.subject = ["CN=100%", "CN=a_b", "CN=张三\\", "CN=Alice", "CN=alice", "CN=1000"][n as usize].to_owned();
            row
        })
        .collect();
    let stored = scratch.store.write(at(NOON + 6), |w| {
        let mut event = w.event(EventKind::Init, None, "x");
        for row in &rows {
            event.put_certificate(row, &der(&row.serial))?;
        }
        event.close()
    });
    stored.unwrap_or_else(|e: Error| panic!("{e}"));
    let found = |filter: CertificateFilter| -> Vec<usize> {
        let found = read(&scratch, |r| r.certificates(&filter));
        found.iter().map(|row| rows.iter().position(|r| r == row).unwrap()).collect()
    };
    let all = CertificateFilter::default;
    assert_eq!(found(all()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(found(CertificateFilter { limit: 2, after: Some(rows[2].serial.clone()), ..all() }), [3, 4]);
    assert_eq!(found(CertificateFilter { orgs: Some(vec![org_id("ra")]), ..all() }), [0, 2, 4]);
    assert!(found(CertificateFilter { orgs: Some(Vec::new()), ..all() }).is_empty());
    assert_eq!(found(CertificateFilter { holder: Some(digest("holder 3")), ..all() }), [3]);
    // What has a meaning in a pattern has none in a text that is looked for.
    for (text, expected) in [
        ("100%", &[0][..]),
        ("100", &[0, 5]),
        ("a_b", &[1]),
        ("_", &[1]),
        ("张", &[2]),
        ("\\", &[2]),
        ("ALICE", &[3, 4]),
        ("'; DROP TABLE event; --", &[]),
    ] {
        assert_eq!(found(CertificateFilter { text: Some(text.to_owned()), ..all() }), expected, "{text}");
    }
    let between = |from: Option<Instant>, to: Option<Instant>| {
        found(CertificateFilter { issued_from: from, issued_to: to, ..all() })
    };
    assert_eq!(between(Some(at(NOON + 2)), Some(at(NOON + 4))), [2, 3]);
    let half = Instant::from_unix_millis((NOON + 2) * 1000 + 500);
    assert_eq!(between(Some(half), None), [3, 4, 5]);
    assert_eq!(between(None, Some(half)), [0, 1, 2]);
    let held = Some(hufu_model::certificate::CertificateStatus::Held);
    assert!(found(CertificateFilter { status: held, ..all() }).is_empty());
    assert!(found(CertificateFilter { profile: Some("other".parse().unwrap()), ..all() }).is_empty());
    assert_eq!(read(&scratch, |r| r.certificate_count()), 6);
}

#[test]
fn events_by_filter_page_by_page() {
    let scratch = Scratch::founded();
    scratch.submit(NOON + 1, &["a"]).unwrap();
    scratch.approve(NOON + 2, &["a"]).unwrap();
    scratch.submit(NOON + 3, &["b"]).unwrap();
    let seqs =
        |filter: EventFilter| -> Vec<u64> { read(&scratch, |r| r.events(&filter)).iter().map(|e| e.seq).collect() };
    let all = EventFilter::default;
    assert_eq!(seqs(all()), [0, 1, 2, 3]);
    assert_eq!(seqs(EventFilter { after: Some(0), limit: 2, ..all() }), [1, 2]);
    assert_eq!(seqs(EventFilter { kind: Some(EventKind::Submit), ..all() }), [1, 3]);
    assert_eq!(seqs(EventFilter { kind: Some(EventKind::Submit), after: Some(1), ..all() }), [3]);
    assert_eq!(seqs(EventFilter { actor: Some(op("qian")), ..all() }), [2]);
    assert_eq!(seqs(EventFilter { object: Some("示例".to_owned()), ..all() }), [0]);
    let both = EventFilter { object: Some("manifest".to_owned()), actor: Some(op("zhao")), ..all() };
    assert_eq!(seqs(both), [1, 3]);
    read(&scratch, |r| {
        assert_eq!(r.first_event_at()?, Some(at(NOON)));
        assert_eq!(r.last_event_at()?, Some(at(NOON + 3)));
        assert_eq!(r.last_event()?, r.event(3)?);
        assert_eq!(r.event(4)?, None);
        for (second, expected) in [(-1, None), (0, Some(0)), (1, Some(1)), (2, Some(2)), (3, Some(3)), (99, Some(3))] {
            assert_eq!(r.last_event_until(at(NOON + second))?, expected, "{second}");
        }
        Ok(())
    });
}

#[test]
fn an_empty_database_has_nothing() {
    let scratch = Scratch::empty();
    read(&scratch, |r| {
        assert_eq!(r.event_count()?, 0);
        assert_eq!(r.first_event_at()?, None);
        assert_eq!(r.last_event()?, None);
        assert_eq!(r.last_checkpoint()?, None);
        assert_eq!(r.meta("name")?, None);
        assert!(r.org_tree()?.iter().next().is_none());
        assert!(r.figures_at(at(NOON), at(NOON))?.is_empty());
        assert_eq!(r.issued_count(&[org_id("ra")], None)?, 0);
        assert!(r.document_digests()?.is_empty());
        Ok(())
    });
}

/// A value of another kind than the program writes is an error that names its column, not a guess.
#[test]
fn a_value_that_cannot_be_read_is_named() {
    for (sql, column) in [
        ("UPDATE operator SET status = 'asleep'", "column status of a row of operator"),
        ("UPDATE operator SET certificate = 'text'", "column certificate of a row of operator"),
        ("UPDATE operator SET roles = 'king'", "the roles of operator zhao"),
        ("UPDATE operator SET name = CAST(x'ff' AS TEXT)", "column name of a row of operator is not UTF-8"),
    ] {
        let scratch = Scratch::founded();
        rusqlite::Connection::open(&scratch.path).unwrap().execute_batch(sql).unwrap();
        let e = scratch.store.read(|r| r.operator(&op("zhao"))).unwrap_err();
        assert_eq!(e.kind().code(), "store.corrupt");
        assert!(e.to_string().contains(column), "{e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The tree of a period: each organisation where it stood then; before it was on record, where it was first put.
    #[test]
    fn an_organisation_stands_where_it_stood(
        mut moves in prop::collection::vec((0..40_i64, 0..4_usize, 0..3_usize), 1..20),
        asked in prop::collection::vec((-3..45_i64, -3..45_i64), 1..30),
    ) {
        const ABOVE: [&str; 3] = ["ca", "ra", "ra2"];
        moves.sort_by_key(|one| one.0);
        let scratch = Scratch::founded();
        put_org(&scratch, NOON, &org("ra2", Some("ca"), OrgKind::ProvinceRa));
        for (second, which, above) in &moves {
            put_org(&scratch, NOON + second, &org(&format!("lra-{which}"), Some(ABOVE[*above]), OrgKind::MunicipalLra));
        }
        for (second, as_of) in asked {
            let tree = read(&scratch, |r| r.org_tree_of(at(NOON + second), at(NOON + as_of)));
            for which in 0..4 {
                let known: Vec<_> = moves.iter().filter(|one| one.1 == which && one.0 <= as_of).collect();
                let stood = known.iter().rfind(|one| one.0 <= second).or(known.first());
                let parent = tree.get(&org_id(&format!("lra-{which}"))).ok().and_then(|o| o.parent.clone());
                prop_assert_eq!(parent, stood.map(|one| org_id(ABOVE[one.2])), "at {} as of {}", second, as_of);
            }
            prop_assert_eq!(tree.get(&org_id("ra2")).is_ok(), as_of >= 0);
        }
    }
}
