#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use hufu_model::certificate::Algorithm;
use hufu_model::event::EventKind;
use hufu_model::holder::HolderKind;
use hufu_model::ident::Digest;
use hufu_model::request::Medium;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;
use proptest::prelude::*;

use super::*;
use crate::sample::{self, Scratch, at, certificate, org_id};
use crate::{Error, HolderClasses, HolderCount, NewLegacyStatus, NewStatus};

/// 2023-12-29, 00:00:00 in China: three days before the year of a leap day.
const START: i64 = 1_703_779_200;
const DAY: i64 = 86_400;
/// When everything that any history here does has been recorded, and is over.
const END: i64 = START + 1000 * DAY;

/// A certificate of a history.
#[derive(Debug, Clone)]
struct One {
    recorded: i64,
    source: Source,
    group: Group,
    issued_at: i64,
    validity: Validity,
    /// What it became, from which second on, and when that was recorded.
    changes: Vec<(CertificateStatus, i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Single,
    Pair,
    Imported,
    /// The second half of the last imported certificate before it that is none; else a pair of one.
    ImportedHalf,
}

/// Seconds of fourteen months, more of them near the ends of days, months, years and a leap day than anywhere else.
fn second() -> impl Strategy<Value = i64> {
    // From 2023-12-29: 30 and 31 December, 1 January, 28 and 29 February, 1 and 2 March, and the turn of the next year.
    const EDGES: [i64; 9] = [1, 2, 3, 61, 62, 63, 64, 368, 369];
    prop_oneof![
        (0..70 * DAY).prop_map(|s| START + s),
        (0..400 * DAY).prop_map(|s| START + s),
        (prop::sample::select(EDGES.to_vec()), -2..3_i64).prop_map(|(day, off)| START + day * DAY + off),
    ]
}

fn one() -> impl Strategy<Value = One> {
    let source = prop::sample::select(vec![Source::Single, Source::Pair, Source::Imported, Source::ImportedHalf]);
    let length = prop_oneof![0..3_i64, 0..3 * DAY, 0..400 * DAY];
    let times = (second(), prop_oneof![Just(0), 0..2 * DAY, 0..90 * DAY], -40 * DAY..40 * DAY, length);
    let kind = (0..3_usize, 0..3_usize, 0..4_usize, 0..3_usize);
    let change = (0..3_usize, prop_oneof![0..2 * DAY, 0..200 * DAY], prop_oneof![Just(0), 0..2 * DAY]);
    (source, times, kind, prop::collection::vec(change, 0..4)).prop_map(|(source, times, kind, wanted)| {
        let (recorded, before, off, length) = times;
        let (org, algorithm, person, medium) = kind;
        let imported = matches!(source, Source::Imported | Source::ImportedHalf);
        let issued_at = recorded - before;
        // A certificate of ours is never valid before it is issued only; an imported one has its times in any order.
        let begin = if imported { issued_at + off } else { issued_at - off.rem_euclid(9) };
        let some = |n: usize, none: bool| (!(imported && none)).then_some(n);
        let group = Group {
            org: org_id(["ra", "ca", "unassigned"][org]),
            algorithm: Algorithm::ALL[algorithm],
            profile: if imported { ProfileId::imported() } else { "person-sign".parse().unwrap() },
            holder_kind: some(person, person == 3).map(|n| HolderKind::ALL[n % 3]),
            reason: if imported { Reason::Import } else { Reason::ALL[person] },
            medium: some(medium, medium == 2).map(|n| [Medium::UKey, Medium::File][n % 2]),
        };
        let mut changes: Vec<(CertificateStatus, i64, i64)> = Vec::new();
        for (status, later, before) in wanted {
            let (was, from, learnt) =
                changes.last().copied().unwrap_or((CertificateStatus::Active, issued_at, recorded));
            let status = CertificateStatus::ALL[status];
            if was.may_become(status) {
                changes.push((status, (learnt + later - before).max(from), learnt + later));
            }
        }
        One { recorded, source, group, issued_at, validity: Validity::new(begin, begin + length).unwrap(), changes }
    })
}

fn history() -> impl Strategy<Value = Vec<One>> {
    prop::collection::vec(one(), 1..25).prop_map(|mut all| {
        all.sort_by_key(|one| one.recorded);
        all
    })
}

/// What is recorded together: a certificate, or the `n`-th change of one.
type Step = (i64, usize, Option<usize>);

fn steps(history: &[One]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, one) in history.iter().enumerate() {
        steps.push((one.recorded, at, None));
        steps.extend(one.changes.iter().enumerate().map(|(n, change)| (change.2, at, Some(n))));
    }
    // A certificate before its changes, and those in their order.
    steps.sort_by_key(|(second, _, change)| (*second, *change));
    steps
}

fn row_of(history: &[One], n: usize) -> CertificateRow {
    let one = &history[n];
    CertificateRow {
        org: one.group.org.clone(),
        algorithm: one.group.algorithm,
        profile: one.group.profile.clone(),
        holder_kind: one.group.holder_kind.unwrap(),
        reason: one.group.reason,
        medium: one.group.medium.unwrap(),
        holder: holder(n),
        validity: one.validity,
        ..certificate(n as u64, one.issued_at, 1)
    }
}

/// Seven holders have all certificates.
fn holder(n: usize) -> Digest {
    sample::digest(&format!("holder {}", n % 7))
}

/// The certificate of ours that took the place of an imported one, in the event that recorded the latter.
fn linked(history: &[One], n: usize) -> Option<usize> {
    let ours = |one: &One| matches!(one.source, Source::Single | Source::Pair);
    (!ours(&history[n]) && n % 3 == 2).then(|| history[..n].iter().rposition(ours)).flatten()
}

/// The other half of a pair.
fn half(signing: &CertificateRow) -> CertificateRow {
    let mut octets = signing.serial.as_bytes().to_vec();
    octets[10] = 2;
    let serial = Serial::from_bytes(&octets).unwrap();
    CertificateRow { serial, profile: "person-enc".parse().unwrap(), ..signing.clone() }
}

/// The first half of an imported one.
fn first_half(history: &[One], n: usize) -> Option<usize> {
    let second = history[n].source == Source::ImportedHalf;
    second.then(|| history[..n].iter().rposition(|one| one.source == Source::Imported)).flatten()
}

fn legacy_of(history: &[One], n: usize) -> LegacyRow {
    let one = &history[n];
    LegacyRow {
        org: one.group.org.clone(),
        algorithm: one.group.algorithm,
        holder_kind: one.group.holder_kind,
        medium: one.group.medium,
        first_half: first_half(history, n).map(|first| sample::legacy("old", first as u64, 0).id),
        holder: holder(n),
        validity: one.validity,
        issued_at: one.issued_at,
        ..sample::legacy("old", n as u64, one.issued_at)
    }
}

/// A ledger of what was recorded up to `until`, in second.
fn store(history: &[One], until: i64) -> Scratch {
    let scratch = Scratch::empty();
    let all = steps(history);
    let steps: Vec<Step> = all.into_iter().filter(|step| step.0 <= until).collect();
    if let Some(first) = steps.first() {
        scratch
            .store
            .write(at(first.0), |w| {
                let mut writer = w.event(EventKind::Import, None, "old");
                writer.put_import(&sample::import("old", first.0))?;
                writer.close()
            })
            .unwrap_or_else(|e: Error| panic!("{e}"));
    }
    // Several certificates in one event, several events in one second.
    for second in steps.chunk_by(|a, b| a.0 == b.0) {
        let apart = |a: &Step, b: &Step| a.2.is_none() && b.2.is_none();
        for event in second.chunk_by(apart).flat_map(|same| same.chunks(2)) {
            let stored = scratch.store.write(at(second[0].0), |w| {
                let mut writer = w.event(EventKind::Issue, None, "x");
                for (_, n, change) in event {
                    put(&mut writer, history, *n, *change)?;
                }
                writer.close()
            });
            stored.unwrap_or_else(|e: Error| panic!("{e}"));
        }
    }
    scratch
}

fn put(writer: &mut crate::EventWriter<'_, '_>, history: &[One], n: usize, change: Option<usize>) -> Result<()> {
    let one = &history[n];
    let reason = RevocationReason::Unspecified;
    let change = change.map(|c| one.changes[c]);
    match one.source {
        Source::Imported | Source::ImportedHalf => {
            let row = legacy_of(history, n);
            match change {
                None => {
                    writer.put_legacy(&row)?;
                    if let Some(ours) = linked(history, n) {
                        writer.put_legacy_link(&row.id, &row_of(history, ours).serial)?;
                    }
                }
                Some((status, at, _)) => {
                    writer.put_legacy_status(&NewLegacyStatus { id: row.id, status, reason, at })?;
                }
            }
        }
        Source::Single | Source::Pair => {
            let row = row_of(history, n);
            let halves = if one.source == Source::Pair { vec![half(&row)] } else { Vec::new() };
            match change {
                None => {
                    writer.put_certificate(&row, b"der")?;
                    for half in &halves {
                        writer.put_encryption_half(&row.serial, half, b"der", b"envelope")?;
                    }
                }
                Some((status, at, _)) => {
                    for serial in [row.serial].into_iter().chain(halves.into_iter().map(|half| half.serial)) {
                        let new = NewStatus { serial, request: None, status, reason, at, invalid_since: None };
                        writer.put_status_change(&new)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Counted by the rules, one certificate after the other.
fn naive(history: &[One], at: i64, as_of: i64) -> Vec<(Group, Counted)> {
    let mut totals = BTreeMap::<Group, Counted>::new();
    for (n, one) in history.iter().enumerate().filter(|(_, one)| one.recorded <= as_of && one.issued_at <= at) {
        let mut known = one.changes.iter().filter(|(_, from, learnt)| *from <= at && *learnt <= as_of);
        let status = known.next_back().map_or(CertificateStatus::Active, |change| change.0);
        let revoked = i64::from(status == CertificateStatus::Revoked);
        let in_time = one.validity.contains(Instant::from_unix_seconds(at));
        let valid = i64::from(in_time && status == CertificateStatus::Active);
        let whole = i64::from(first_half(history, n).is_none());
        *totals.entry(one.group.clone()).or_default() += Counted {
            issued: 1,
            revoked,
            valid,
            pairs_issued: whole,
            pairs_revoked: revoked * whole,
            pairs_valid: valid * whole,
        };
        if one.source == Source::Pair {
            let group = Group { profile: "person-enc".parse().unwrap(), ..one.group.clone() };
            *totals.entry(group).or_default() += Counted { issued: 1, revoked, valid, ..Counted::default() };
        }
    }
    totals.into_iter().collect()
}

/// Which of two things hold for whom, under which key.
type Having<K> = BTreeMap<(K, Digest), (bool, bool)>;

/// Holders by what they have: for each the issued algorithms, and those of valid certificates, under every key.
fn naive_holders<K: Ord>(
    history: &[One],
    at: i64,
    as_of: i64,
    has: impl Fn(&Group, bool) -> Option<(K, (bool, bool))>,
) -> Having<K> {
    let mut found: Having<K> = BTreeMap::new();
    for (n, one) in history.iter().enumerate() {
        for (group, counted) in naive(std::slice::from_ref(one), at, as_of) {
            let whose = linked(history, n).map_or_else(|| holder(n), holder);
            let Some((key, (a, b))) = has(&group, counted.valid > 0) else { continue };
            let had = found.entry((key, whose)).or_default();
            *had = (had.0 || a, had.1 || b);
        }
    }
    found
}

/// Compares the holders of an instant with those that are found one certificate after the other.
fn same_holders(r: &Reader<'_>, history: &[One], at: i64, as_of: i64) -> Result<()> {
    let holders = r.holders_at(instant(at, 0), instant(as_of, 0))?;
    let mut counts = BTreeMap::<_, HolderCount>::new();
    let key = |group: &Group| (group.org.clone(), group.algorithm);
    for ((key, _), (issued, valid)) in naive_holders(history, at, as_of, |g, v| Some((key(g), (true, v)))) {
        let count = counts.entry(key).or_default();
        count.issued += u64::from(issued);
        count.valid += u64::from(valid);
    }
    assert_eq!(holders.count_by(|group| vec![key(group)]), counts, "at {at} as of {as_of}");
    let legacy = [Algorithm::Rsa, Algorithm::Ecdsa];
    let mut classes = BTreeMap::<_, HolderClasses>::new();
    let has = |g: &Group, v: bool| {
        let concerned = g.algorithm == Algorithm::Sm2 || legacy.contains(&g.algorithm);
        let new = g.algorithm == Algorithm::Sm2;
        concerned.then(|| (g.org.clone(), (v && !new, v && new)))
    };
    for ((org, _), class) in naive_holders(history, at, as_of, has) {
        let of = classes.entry(org).or_default();
        match class {
            (true, false) => of.legacy_only += 1,
            (true, true) => of.both += 1,
            (false, true) => of.new_only += 1,
            (false, false) => of.none_live += 1,
        }
    }
    assert_eq!(holders.classes_by(&legacy, Algorithm::Sm2, |g| vec![g.org.clone()]), classes, "at {at} as of {as_of}");
    Ok(())
}

/// The totals of the days from `from` to before `to`, from two counts of everything.
fn naive_between(history: &[One], from: Day, to: Day, as_of: i64) -> Vec<(Group, Counted)> {
    let before = |day: Day| naive(history, day.first_instant().unix_seconds() - 1, as_of);
    let mut changed: BTreeMap<Group, Counted> = before(to).into_iter().collect();
    for (group, counted) in before(from) {
        *changed.entry(group).or_default() += -counted;
    }
    changed.into_iter().filter(|(_, counted)| !counted.is_nothing()).collect()
}

/// The totals as stored, by the names of their groups; those that are nothing left out.
fn stored(connection: &Connection, span: &Span) -> Result<BTreeMap<(Day, Group, Day), Counted>> {
    let groups = groups(connection)?;
    let rows = query(connection, span.table, span.all, &[], row)?.into_iter().filter(|(_, c)| !c.is_nothing());
    Ok(rows.map(|((happened, id, recorded), c)| ((happened, groups[&id].clone(), recorded), c)).collect())
}

/// As [`stored`], computed again.
fn again(connection: &Connection, span: &Span) -> Result<BTreeMap<(Day, Group, Day), Counted>> {
    let Recomputed { groups, days } = recomputed(connection)?;
    let names: BTreeMap<i64, Group> = groups.into_iter().map(|(group, id)| (id, group)).collect();
    let named = |((happened, id, recorded), c): (Key, Counted)| ((happened, names[&id].clone(), recorded), c);
    Ok(span.fold(&days).into_iter().map(named).collect())
}

/// Milliseconds add nothing: certificates are made of seconds.
fn instant(second: i64, millis: i64) -> Instant {
    Instant::from_unix_millis(second * 1000 + millis)
}

/// Instants at which a history changes, and those beside them.
fn turns(history: &[One]) -> Vec<i64> {
    let of = |one: &One| {
        let changes: Vec<i64> = one.changes.iter().flat_map(|(_, from, learnt)| [*from, *learnt]).collect();
        let own = [one.recorded, one.issued_at, one.validity.not_before(), one.validity.not_after()];
        own.into_iter().chain(changes).flat_map(|second| [second - 1, second, second + 1])
    };
    history.iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    #[test]
    fn figures_are_what_counting_gives(
        history in history(),
        asked in prop::collection::vec((second(), second()), 1..12),
        picked in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12),
        millis in 0..1000_i64,
    ) {
        let scratch = store(&history, END);
        let turns = turns(&history);
        let picked = picked.iter().map(|(a, b)| (turns[a.index(turns.len())], turns[b.index(turns.len())]));
        let asked: Vec<(i64, i64)> = asked.into_iter().chain(picked).collect();
        scratch.store.read(|r| {
            for span in &SPANS {
                assert_eq!(stored(r.connection(), span)?, again(r.connection(), span)?, "{}", span.table);
            }
            for (at, as_of) in &asked {
                for as_of in [*as_of, *at, END] {
                    let counted = r.figures_at(instant(*at, millis), instant(as_of, millis))?;
                    assert_eq!(counted, naive(&history, *at, as_of), "at {at} as of {as_of}");
                    same_holders(r, &history, *at, as_of)?;
                }
                let (day, as_of) = (instant(*at, 0).day(), instant(*as_of, millis));
                let (from, to) = (day.plus_days(-3), day.plus_days(33));
                let days = r.figures_by_day(as_of, from, to)?;
                let right = (from.number()..=to.number()).map(Day::from_number).flat_map(|day| {
                    let changed = naive_between(&history, day, day.plus_days(1), as_of.unix_seconds());
                    changed.into_iter().map(move |(group, counted)| (day, group, counted))
                });
                assert_eq!(days, right.collect::<Vec<_>>(), "days from {from} as of {as_of}");
                let months = r.figures_by_month(as_of, from, to)?;
                let mut right = Vec::new();
                let mut month = from.first_of_month();
                while month <= to {
                    let next = month.plus_months(1).unwrap();
                    let changed = naive_between(&history, month, next, as_of.unix_seconds());
                    right.extend(changed.into_iter().map(|(group, counted)| (month, group, counted)));
                    month = next;
                }
                assert_eq!(months, right, "months from {from} as of {as_of}");
            }
            Ok::<_, Error>(())
        }).unwrap();
    }

    /// What the full ledger says of a past instant is what a ledger says that stopped there: fifty instants, each of an
    /// event.
    #[test]
    fn the_past_is_what_a_ledger_that_stopped_there_says(
        history in history(),
        at in second(),
        picked in prop::collection::vec(any::<prop::sample::Index>(), 2),
    ) {
        let full = store(&history, END);
        let seconds: Vec<i64> = steps(&history).iter().map(|step| step.0).collect();
        for index in picked {
            let as_of = seconds[index.index(seconds.len())];
            let stopped = store(&history, as_of);
            let figures = |scratch: &Scratch, as_of: i64| {
                scratch.store.read(|r| {
                    let (at, as_of) = (instant(at, 0), instant(as_of, 0));
                    let day = at.day();
                    Ok::<_, Error>((r.figures_at(at, as_of)?, r.figures_by_month(as_of, day.plus_days(-99), day)?))
                })
            };
            assert_eq!(figures(&full, as_of).unwrap(), figures(&stopped, END).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Another program, in another language, that reads nothing but the raw tables.
    #[test]
    fn a_recount_from_the_raw_tables_is_equal(
        history in history(),
        asked in prop::collection::vec((second(), second()), 1..20),
    ) {
        let scratch = store(&history, END);
        scratch.store.empty_log().unwrap();
        let turns = turns(&history);
        let asked = asked.into_iter().chain(turns.iter().copied().zip(turns.iter().rev().copied()).take(30));
        let asked: Vec<(i64, i64)> = asked.flat_map(|(at, as_of)| [(at, as_of), (at, END)]).collect();
        let mine = scratch.store.read(|r| {
            let mut lines = Vec::new();
            for (at, as_of) in &asked {
                let mut own: Vec<String> = Vec::new();
                for (g, c) in r.figures_at(instant(*at, 0), instant(*as_of, 0))? {
                    let kind = g.holder_kind.map_or("unknown", |kind| kind.code());
                    let medium = g.medium.map_or("unknown", |medium| medium.code());
                    own.push(format!(
                        "{at} {as_of}000 {} {} {} {kind} {} {medium} {} {} {} {} {} {}",
                        g.org, g.algorithm, g.profile, g.reason, c.issued, c.revoked, c.valid, c.pairs_issued,
                        c.pairs_revoked, c.pairs_valid
                    ));
                }
                own.sort();
                lines.extend(own);
            }
            Ok::<_, Error>(lines)
        }).unwrap();
        let mut other = recount(&scratch, &asked);
        // Within a question the order of texts is not that of groups.
        let mut mine = mine;
        mine.sort();
        other.sort();
        assert_eq!(mine, other);
    }
}

fn recount(scratch: &Scratch, asked: &[(i64, i64)]) -> Vec<String> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/judges/recount.py");
    let mut child = Command::new("python3")
        .arg(program)
        .arg(&scratch.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 counts again; it must be installed");
    let questions: String = asked.iter().map(|(at, as_of)| format!("{at} {as_of}000\n")).collect();
    let mut input = child.stdin.take().unwrap();
    // In a thread of its own: both sides write more than a pipe holds.
    let writing = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A certificate of ours that is issued and recorded in one second, for some days.
fn made(second: i64, days: i64) -> One {
    One {
        recorded: second,
        source: Source::Single,
        group: Group {
            org: org_id("ra"),
            algorithm: Algorithm::Sm2,
            profile: "person-sign".parse().unwrap(),
            holder_kind: Some(HolderKind::Person),
            reason: Reason::First,
            medium: Some(Medium::UKey),
        },
        issued_at: second,
        validity: Validity::new(second, second + days * DAY - 1).unwrap(),
        changes: Vec::new(),
    }
}

/// The months of a ledger: issued, revoked and what changed of the valid ones.
fn months(scratch: &Scratch, from: &str, to: &str) -> Vec<(String, i64, i64, i64)> {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    let found = scratch.store.read(|r| r.figures_by_month(at(END), from, to)).unwrap();
    found.into_iter().map(|(month, _, c)| (month.to_string(), c.issued, c.revoked, c.valid)).collect()
}

/// A report that counts from `BETWEEN first AND last` counts what lies on the border twice.
#[test]
fn a_certificate_of_midnight_on_the_first_counts_in_one_month() {
    let midnight = Day::from_number(19_754).first_instant().unix_seconds();
    assert_eq!(at(midnight).day().to_string(), "2024-02-01");
    // In seconds: the last of January, the first of February; each is valid to the last second of a day.
    let scratch = store(&[made(midnight - 1, 366), made(midnight, 366)], END);
    let found = months(&scratch, "2024-01-01", "2025-02-28");
    let expected =
        [("2024-01-01", 1, 0, 1), ("2024-02-01", 1, 0, 1), ("2025-01-01", 0, 0, -1), ("2025-02-01", 0, 0, -1)];
    assert_eq!(found, expected.map(|(month, i, r, v)| (month.to_owned(), i, r, v)));
    let issued =
        |second| scratch.store.read(|r| r.figures_at(at(second), at(END))).unwrap().first().map(|f| f.1.issued);
    assert_eq!([issued(midnight - 2), issued(midnight - 1), issued(midnight)], [None, Some(1), Some(2)]);
}

/// What was issued in a period and is revoked now says nothing about the revocations of the period.
#[test]
fn revoked_in_a_period_counts_revocations_of_the_period() {
    let january = Day::from_number(19_730).first_instant().unix_seconds();
    let april = january + 92 * DAY;
    assert_eq!(
        (at(january).day().to_string(), at(april).day().to_string()),
        ("2024-01-08".into(), "2024-04-09".into())
    );
    let mut one = made(january, 3650);
    one.changes = vec![(CertificateStatus::Revoked, april, april)];
    let mut suspended = made(january, 3650);
    suspended.changes = vec![(CertificateStatus::Held, april, april)];
    let scratch = store(&[one, suspended], END);
    let found = months(&scratch, "2024-01-01", "2024-12-31");
    assert_eq!(found, [("2024-01-01".to_owned(), 2, 0, 2), ("2024-04-01".to_owned(), 0, 1, -2)]);
}

/// One read for each report, not one for each number: how many statements there are does not depend on what is counted.
#[test]
fn a_report_is_read_by_a_constant_number_of_statements() {
    let small = vec![made(START, 9)];
    let mut large = Vec::new();
    for n in 0..90 {
        let mut one = made(START + n * DAY, 20 + n);
        one.group.org = org_id(["ra", "ca", "unassigned"][(n % 3) as usize]);
        one.group.algorithm = Algorithm::ALL[(n % 5) as usize];
        one.group.reason = Reason::ALL[(n % 6) as usize];
        large.push(one);
    }
    let statements = |history: &[One], as_of: i64| {
        let scratch = store(history, END);
        let mut found = Vec::new();
        scratch
            .store
            .read(|r| {
                let (at, day) = (at(START + 60 * DAY + 7), at(START).day());
                for report in 0..3 {
                    let before = crate::cell::STATEMENTS.get();
                    match report {
                        0 => r.figures_at(at, instant(as_of, 0)).map(drop)?,
                        1 => r.figures_by_month(instant(as_of, 0), day, day.plus_days(999)).map(drop)?,
                        _ => r.figures_by_day(instant(as_of, 0), day, day.plus_days(999)).map(drop)?,
                    }
                    found.push(crate::cell::STATEMENTS.get() - before);
                }
                Ok::<_, Error>(())
            })
            .unwrap();
        found
    };
    let found = statements(&large, END);
    assert_eq!(found, statements(&small, END));
    assert_eq!(found, [10, 4, 4]);
    // What was known in the midst of a day is read from more tables, and its last event is searched for.
    let found = statements(&large, START + 60 * DAY + 5);
    assert!(found.iter().all(|statements| *statements < 40), "{found:?}");
}

#[test]
fn totals_of_every_span_are_verified() {
    let mut one = made(START, 30);
    one.changes = vec![(CertificateStatus::Revoked, START + DAY, START + DAY)];
    let scratch = store(&[made(START, 30), one, made(START + 2 * DAY, 800)], END);
    let found = || {
        let report = scratch.store.read(|r| crate::verify::verify(r, &|_, _, _| ())).unwrap();
        report.findings.into_iter().map(|f| f.table).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(found().is_empty());
    let alter = |sql: &str| {
        let connection = rusqlite::Connection::open(&scratch.path).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    for table in SPANS.iter().map(|span| span.table) {
        alter(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
        let restore = || alter(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept"));
        for change in [
            format!("UPDATE {table} SET issued = issued + 1 WHERE issued > 0"),
            format!("UPDATE {table} SET pairs_revoked = 0 WHERE revoked > 0"),
            format!("UPDATE {table} SET recorded = recorded + 100000"),
            format!("UPDATE {table} SET happened = happened - 100000"),
            format!("DELETE FROM {table} WHERE valid < 0"),
            format!("DELETE FROM {table}"),
            format!("INSERT INTO {table} SELECT happened + 5, group_id, recorded, 1, 0, 1, 1, 0, 1 FROM kept LIMIT 1"),
        ] {
            alter(&change);
            let tables = found();
            assert!(tables.contains(table), "{change}: {tables:?}");
            // The table that they were kept in is found as well, and a group that has no totals any more.
            let others = ["schema", "rollup_group"];
            assert!(tables.iter().all(|t| *t == table || others.contains(&t.as_str())), "{change}: {tables:?}");
            restore();
        }
        alter("DROP TABLE kept");
        assert!(found().is_empty(), "{table}");
    }
    for (change, back) in [
        ("UPDATE rollup_group SET org = 'ca'", "UPDATE rollup_group SET org = 'ra'"),
        ("UPDATE rollup_group SET id = 7", "UPDATE rollup_group SET id = 1"),
        ("UPDATE rollup_group SET medium = 'unknown'", "UPDATE rollup_group SET medium = 'ukey'"),
        (
            "INSERT INTO rollup_group VALUES (2, 'ca', 'sm2', 'x', 'person', 'first', 'file')",
            "DELETE FROM rollup_group WHERE id = 2",
        ),
    ] {
        alter(change);
        let tables = found();
        assert!(tables.contains("rollup_group"), "{change}: {tables:?}");
        alter(back);
        assert!(found().is_empty(), "{back}");
    }
}

/// A step of the schema may change how totals lie; they are computed again.
#[test]
fn rebuilt_totals_are_those_that_were_stored() {
    let history: Vec<One> = (0..40).map(|n| made(START + n * DAY * 11, 1 + n * 20)).collect();
    let scratch = store(&history, END);
    let all = |connection: &Connection| SPANS.map(|span| stored(connection, &span).unwrap());
    scratch.store.with_writer(|connection| {
        let before = all(connection);
        connection.execute_batch("UPDATE rollup_day SET issued = 9; DELETE FROM rollup_month").unwrap();
        assert_ne!(all(connection), before);
        rebuild(connection).unwrap();
        assert_eq!(all(connection), before);
    });
}

/// The end of a validity belongs to it: it counts on its last second and no more on the next.
#[test]
fn the_last_second_counts() {
    let mut row = certificate(1, START, 1);
    // Ends with the last second of a day.
    assert_eq!(row.validity.not_after(), START + DAY - 1);
    let days = |row: &CertificateRow| -> Vec<i64> {
        Member::own(row, Part::Whole)
            .deltas(at(START))
            .iter()
            .map(|(d, _)| d.happened.number() - at(START).day().number())
            .collect()
    };
    assert_eq!(days(&row), [0, 0, 1]);
    row.validity = Validity::new(START, START + DAY - 2).unwrap();
    assert_eq!(days(&row), [0, 0, 0]);
    let scratch = store(&[One { validity: row.validity, ..made(START, 1) }], END);
    let valid = |second| {
        let found = scratch.store.read(|r| r.figures_at(at(second), at(END))).unwrap();
        found.first().map(|(_, c)| (c.issued, c.valid))
    };
    assert_eq!(valid(START - 1), None);
    assert_eq!(valid(START), Some((1, 1)));
    assert_eq!(valid(START + DAY - 2), Some((1, 1)));
    assert_eq!(valid(START + DAY - 1), Some((1, 0)));
    assert_eq!(valid(START + DAY), Some((1, 0)));
}
