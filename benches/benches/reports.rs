//! The totals of reports: `cargo bench -p hufu-benches --bench reports`. `HUFU_BENCH_COUNT` sets how many certificates the
//! ledger holds (default 710000), `HUFU_BENCH_ROUNDS` how often each is asked (5).
//!
//! A ledger of nine years: an imported inventory of eleven parts in twelve, issued by other authorities for 60
//! organisations, then our own certificates of two years, day after day, each in an event of its own; revocations of both.
//! Everything is written by the writer of the store, ledger and roll-ups included. Then the figures of reports, warm, from
//! a file on disk; and on the same rows in the same run, in a database of its own, the queries that others make: one scan
//! of one table for every number, and one read of all rows that groups them.

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use hufu_authority::model::certificate::{Algorithm, CertificateRow, CertificateStatus};
use hufu_authority::model::count::{Counted, Group};
use hufu_authority::model::event::EventKind;
use hufu_authority::model::holder::HolderKind;
use hufu_authority::model::ident::{Digest, OrgId, Serial};
use hufu_authority::model::legacy::{LegacyRow, Usage};
use hufu_authority::model::request::{Medium, Reason};
use hufu_authority::model::revocation::RevocationReason;
use hufu_authority::model::time::{Day, Instant, Validity};
use hufu_benches::{Failure, forget_peak, machine, median, number, peak, rate};
use hufu_store::{ImportRow, NewLegacyStatus, NewStatus, Reader, Store, Write};
use rusqlite::Connection;

const DAY: i64 = 86_400;

/// Provinces, cities and ministries.
const ORGS: u64 = 60;

/// How many certificates one import event brings.
const CHUNK: u64 = 1000;

/// The day on which the inventory is imported, and with which our own certificates begin.
const FIRST_OWN_DAY: &str = "2016-07-01";

fn main() -> Result<(), Failure> {
    let count = u64::try_from(number("HUFU_BENCH_COUNT", 710_000)?)?;
    let rounds = number("HUFU_BENCH_ROUNDS", 5)?;
    println!("{}", machine());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hufu.db");
    let began = Stopwatch::now();
    let midst = fill(&path, count)?;
    let size = std::fs::metadata(&path)?.len();
    println!(
        "{count} certificates in {:.0} s ({:.0}/s), {} octets of database each\n",
        began.elapsed().as_secs_f64(),
        rate(usize::try_from(count)?, began.elapsed()),
        size / count
    );

    // Opened as a report opens it, after the writer is gone.
    let store = Store::open(&path, hufu_store::Mode::ReadOnly)?;
    let now = Instant::from_unix_millis(i64::MAX / 2);
    let end: Instant = "2018-06-30".parse()?;
    let noon: Instant = "2018-06-17T12:00:00+08:00".parse()?;
    let day = |text: &str| text.parse::<Day>();
    forget_peak();
    println!("{:<58} {:>9} {:>9} {:>8}", "figures", "ms", "processor", "rows");
    let ask = |name: &str, f: &dyn Fn(&Reader<'_>) -> hufu_store::Result<usize>| -> Result<f64, Failure> {
        let mut rows = 0;
        let (mut times, mut own) = (Vec::new(), Vec::new());
        // The first reading warms the file.
        for round in 0..=rounds {
            let (started, before) = (Stopwatch::now(), on_processor());
            rows = store.read(f)?;
            if round > 0 {
                times.push(millis(started.elapsed()));
                own.push(millis(on_processor().saturating_sub(before)));
            }
        }
        let own = median(own);
        println!("{name:<58} {:>9.2} {own:>9.2} {rows:>8}", median(times));
        Ok(own)
    };
    let base = ask("at the end of a month, as known now", &|r| Ok(r.figures_at(end, now)?.len()))?;
    ask("at noon in the midst of a month, as known now", &|r| Ok(r.figures_at(noon, now)?.len()))?;
    ask("at the end of a month, as known at noon 40 days before", &|r| {
        Ok(r.figures_at(end, noon.plus_seconds(-40 * DAY))?.len())
    })?;
    ask("at the end of a month, as known in the midst of the import", &|r| Ok(r.figures_at(end, midst)?.len()))?;
    ask("year on year: two of the first", &|r| {
        Ok(r.figures_at(end, now)?.len() + r.figures_at(end.plus_seconds(-365 * DAY), now)?.len())
    })?;
    let (from, to) = (day("2016-07-01")?, day("2018-06-30")?);
    ask("by month, two years", &|r| Ok(r.figures_by_month(now, from, to)?.len()))?;
    let (from, to) = (day("2018-07-01")?, day("2023-06-30")?);
    ask("by month, the expiries of five years to come", &|r| Ok(r.figures_by_month(now, from, to)?.len()))?;
    let (from, to) = (day("2018-06-01")?, day("2018-06-30")?);
    ask("by day, one month", &|r| Ok(r.figures_by_day(now, from, to)?.len()))?;
    println!("peak memory {} MiB", peak());
    forget_peak();
    let legacy = [Algorithm::Rsa, Algorithm::Ecdsa];
    ask("holders by organisation and algorithm, and their classes", &|r| {
        let holders = r.holders_at(end, now)?;
        let counted = holders.count_by(|g| vec![(g.org.clone(), g.algorithm)]);
        Ok(counted.len() + holders.classes_by(&legacy, Algorithm::Sm2, |g| vec![g.org.clone()]).len())
    })?;
    println!("peak memory {} MiB", peak());
    let own = store.read(|r| r.figures_at(end, now))?;
    peers(&path, &folder.path().join("peer.db"), end.unix_seconds(), rounds, base, &own)
}

/// How long this thread was on a processor: what a reading takes on a machine that does nothing else. Linux only; elsewhere
/// nothing.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

/// What others do, on the same rows: both must come to the same figures.
fn peers(ours: &Path, file: &Path, at: i64, rounds: usize, base: f64, own: &[(Group, Counted)]) -> Result<(), Failure> {
    let connection = Connection::open(file)?;
    connection.execute("ATTACH DATABASE ? AS ours", [ours.to_str().ok_or("a path that is no text")?])?;
    connection.execute_batch(
        "CREATE TABLE cert (id INTEGER PRIMARY KEY, sn BLOB, org TEXT, algorithm TEXT, profile TEXT, kind TEXT, reason TEXT, \
         medium TEXT, holder BLOB, subject TEXT, notbefore INTEGER, notafter INTEGER, issued INTEGER, revoked INTEGER); \
         INSERT INTO cert (sn, org, algorithm, profile, kind, reason, medium, holder, subject, notbefore, notafter, issued, \
         revoked) SELECT c.serial, c.org, c.algorithm, c.profile, c.holder_kind, c.reason, c.medium, c.holder, c.subject, \
         c.not_before, c.not_after, c.issued_at, s.at FROM ours.certificate AS c LEFT JOIN ours.status_change AS s \
         ON s.serial = c.serial; \
         INSERT INTO cert (sn, org, algorithm, profile, kind, reason, medium, holder, subject, notbefore, notafter, issued, \
         revoked) SELECT c.serial, c.org, c.algorithm, 'imported', COALESCE(c.holder_kind, 'unknown'), 'import', \
         COALESCE(c.medium, 'unknown'), c.holder, c.subject, c.not_before, c.not_after, c.issued_at, s.at \
         FROM ours.legacy AS c LEFT JOIN ours.legacy_status AS s ON s.id = c.id; DETACH DATABASE ours;",
    )?;
    println!("\n{:<58} {:>9} {:>8}", "the same rows in one table of another database", "processor", "times");
    let mut totals: BTreeMap<OrgId, Counted> = BTreeMap::new();
    own.iter().for_each(|(group, counted)| *totals.entry(group.org.clone()).or_default() += *counted);
    // Three figures of each organisation, a scan for each.
    let started = on_processor();
    let valid =
        format!("issued <= {at} AND notbefore <= {at} AND notafter >= {at} AND (revoked IS NULL OR revoked > {at})");
    for (org, total) in &totals {
        let scan = |condition: &str| -> Result<i64, Failure> {
            let sql = format!("SELECT COUNT(*) FROM cert WHERE org = ? AND {condition}");
            Ok(connection.query_row(&sql, [org.as_str()], |row| row.get(0))?)
        };
        let found = [scan(&format!("issued <= {at}"))?, scan(&format!("revoked <= {at}"))?, scan(&valid)?];
        if found != [total.issued, total.revoked, total.valid] {
            return Err(format!("{org}: {found:?} by scans, {total:?} by the totals").into());
        }
    }
    let told = |name: &str, took: f64| println!("{name:<58} {took:>9.0} {:>8.0}", took / base);
    told(
        &format!("one scan for every number, {} numbers", totals.len() * 3),
        millis(on_processor().saturating_sub(started)),
    );
    let grouped = format!(
        "SELECT COUNT(*), SUM(n), SUM(v) FROM (SELECT COUNT(*) AS n, SUM({valid}) AS v FROM cert \
         WHERE issued <= {at} GROUP BY org, algorithm, profile, kind, reason, medium)"
    );
    let read = || -> Result<f64, Failure> {
        let mut times = Vec::new();
        for _ in 0..rounds.min(5) {
            let started = on_processor();
            let found: (i64, i64, i64) =
                connection.query_row(&grouped, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            times.push(millis(on_processor().saturating_sub(started)));
            let all = own.iter().fold(Counted::default(), |all, (_, one)| all + *one);
            if found != (i64::try_from(own.len())?, all.issued, all.valid) {
                return Err(format!("{found:?} by one read, {all:?} of {} by the totals", own.len()).into());
            }
        }
        Ok(median(times))
    };
    told("one read that groups all rows", read()?);
    connection.execute_batch(
        "CREATE INDEX covering ON cert (org, algorithm, profile, kind, reason, medium, issued, notbefore, notafter, revoked)",
    )?;
    told("the same with an index that covers it", read()?);
    Ok(())
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of these, each as often as the number beside it says.
    fn of<T: Copy>(&mut self, choices: &[(T, u64)]) -> Option<T> {
        let mut left = self.below(choices.iter().map(|(_, weight)| weight).sum());
        choices
            .iter()
            .find(|(_, weight)| {
                left < *weight || {
                    left -= weight;
                    false
                }
            })
            .map(|(choice, _)| *choice)
    }

    /// Some organisations are ten times as large as others.
    fn org(&mut self) -> Result<OrgId, Failure> {
        let one = self.below(ORGS);
        let n = if self.below(3) == 0 { one } else { one * self.below(ORGS) / ORGS };
        Ok(format!("org-{n:02}").parse()?)
    }

    fn seconds(&mut self, of: i64) -> i64 {
        i64::try_from(self.below(of.unsigned_abs())).unwrap_or(0)
    }

    fn kind(&mut self) -> Option<HolderKind> {
        self.of(&[(HolderKind::Person, 80), (HolderKind::Organisation, 15), (HolderKind::Device, 5)])
    }
}

/// A blind index, as good as any: holders are told apart by it.
fn holder(n: u64) -> Digest {
    let mut chance = Chance(n);
    let mut octets = [0; 32];
    octets.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&chance.next().to_be_bytes()));
    Digest(octets)
}

/// Fills a new database; returns an instant in the midst of the import.
fn fill(path: &Path, count: u64) -> Result<Instant, Failure> {
    let imported = count / 12 * 11;
    let mut chance = Chance(2018);
    let start: Instant = FIRST_OWN_DAY.parse::<Day>()?.first_instant();
    let store = Store::create(path, start)?;
    let mut now = start;
    let id = "old-ca".parse()?;
    let import = ImportRow {
        id,
        operator: "zhao".parse()?,
        source: "inventory.csv".to_owned(),
        digest: holder(0),
        rules: None,
        at: start.unix_seconds(),
    };
    store.write(now, |w| -> Result<(), Failure> {
        let mut event = w.event(EventKind::Import, None, "old-ca");
        event.put_import(&import)?;
        event.close()?;
        Ok(())
    })?;
    // Twelve transactions an hour: the import takes days, as one that is done by night.
    for first in (0..imported).step_by(usize::try_from(CHUNK * 10)?) {
        now = now.plus_seconds(300);
        store.write(now, |w| inventory(w, &import, first, imported.min(first + CHUNK * 10), start, &mut chance))?;
    }
    let midst = start.plus_seconds((now.unix_seconds() - start.unix_seconds()) / 2);
    let own = count - imported;
    let days = u64::try_from("2018-06-30".parse::<Day>()?.number() - now.day().number())?;
    let mut made = 0;
    let mut waiting: BTreeMap<i64, Vec<(Serial, CertificateStatus)>> = BTreeMap::new();
    for day in 0..days {
        // As many on the n-th day as lets the whole grow evenly.
        let until = own * (day + 1) * (day + 1) / (days * days);
        let second = now.day().plus_days(1).first_instant().unix_seconds() + 9 * 3600;
        now = Instant::from_unix_seconds(second);
        store.write(now, |w| -> Result<(), Failure> {
            for n in made..until {
                let row = certificate(n, second, imported, &mut chance)?;
                if chance.below(15) == 0 {
                    let later = second + chance.seconds(400 * DAY);
                    waiting.entry(later).or_default().push((row.serial.clone(), CertificateStatus::Revoked));
                }
                let mut event = w.event(EventKind::Issue, None, &row.serial.to_string());
                event.put_certificate(&row, &[0x30; 850])?;
                event.close()?;
            }
            while let Some(first) = waiting.first_entry().filter(|e| *e.key() <= second) {
                for (serial, status) in first.remove() {
                    let mut event = w.event(EventKind::Revoke, None, &serial.to_string());
                    let reason = RevocationReason::CessationOfOperation;
                    let change = NewStatus { serial, request: None, status, reason, at: second, invalid_since: None };
                    event.put_status_change(&change)?;
                    event.close()?;
                }
            }
            Ok(())
        })?;
        made = until;
    }
    store.empty_log()?;
    Ok(midst)
}

/// Part of the inventory, a thousand in an event; one in twenty is revoked.
fn inventory(
    w: &mut Write<'_>,
    import: &ImportRow,
    first: u64,
    end: u64,
    start: Instant,
    chance: &mut Chance,
) -> Result<(), Failure> {
    for from in (first..end).step_by(usize::try_from(CHUNK)?) {
        let mut event = w.event(EventKind::Import, None, "old-ca");
        for n in from..end.min(from + CHUNK) {
            // Seven years, more in the later ones.
            let back = chance.seconds(7 * 365 * DAY).min(chance.seconds(7 * 365 * DAY));
            let issued_at = start.unix_seconds() - 1 - back;
            let days = chance.of(&[(365, 30), (730, 30), (1095, 30), (1825, 10)]).unwrap_or(365);
            let row = LegacyRow {
                id: holder(1 << 40 | n),
                import: import.id.clone(),
                position: n + 1,
                org: chance.org()?,
                issuer: "CN=示例电子政务 CA,O=示例,C=CN".to_owned(),
                serial: (n + 1).to_be_bytes().to_vec(),
                subject: format!("CN=持证者 {n},OU=示例市大数据局,O=示例市,C=CN"),
                algorithm: chance.of(&[(Algorithm::Rsa, 97), (Algorithm::Ecdsa, 3)]).unwrap_or(Algorithm::Rsa),
                key_bits: 2048,
                usage: Usage::Any,
                holder_kind: if chance.below(50) == 0 { None } else { chance.kind() },
                holder: holder(chance.below(end.max(1) * 4 / 5)),
                medium: chance.of(&[(Some(Medium::UKey), 70), (Some(Medium::File), 20), (None, 10)]).flatten(),
                first_half: None,
                validity: Validity::new(issued_at, issued_at + days * DAY - 1)?,
                issued_at,
                digest: None,
                verified: false,
                status: CertificateStatus::Active,
            };
            event.put_legacy(&row)?;
            if chance.below(20) == 0 {
                let at = (issued_at + chance.seconds(days * DAY)).min(start.unix_seconds());
                let (status, reason) = (CertificateStatus::Revoked, RevocationReason::Superseded);
                event.put_legacy_status(&NewLegacyStatus { id: row.id, status, reason, at })?;
            }
        }
        event.close()?;
    }
    Ok(())
}

/// The `n`-th certificate of ours.
fn certificate(n: u64, second: i64, imported: u64, chance: &mut Chance) -> Result<CertificateRow, Failure> {
    let mut octets = [1; 19];
    let (time, own) = octets.split_at_mut(11);
    let millis = second.unsigned_abs() * 1000;
    time.iter_mut().skip(1).zip(millis.to_be_bytes().into_iter().skip(2)).for_each(|(to, octet)| *to = octet);
    own.copy_from_slice(&n.to_be_bytes());
    let kind = chance.kind().unwrap_or(HolderKind::Person);
    let (profile, medium) = match kind {
        HolderKind::Person => ("person-sign", chance.of(&[(Medium::UKey, 8), (Medium::App, 2)])),
        HolderKind::Organisation => ("org-sign", Some(Medium::UKey)),
        HolderKind::Device => ("server-auth", Some(Medium::Server)),
    };
    let reasons = [(Reason::Migration, 50), (Reason::First, 35), (Reason::Renewal, 12), (Reason::Replacement, 3)];
    let days = chance.of(&[(365, 60), (730, 20), (1095, 20)]).unwrap_or(365);
    Ok(CertificateRow {
        serial: Serial::from_bytes(&octets)?,
        request: None,
        org: chance.org()?,
        profile: profile.parse()?,
        algorithm: Algorithm::Sm2,
        holder_kind: kind,
        holder: holder(chance.below(imported * 4 / 5)),
        reason: chance.of(&reasons).unwrap_or(Reason::First),
        medium: medium.unwrap_or(Medium::UKey),
        predecessor: None,
        subject: format!("C=CN,O=示例市,OU=示例市大数据局,CN=持证者 {n}"),
        validity: Validity::new(second, second + days * DAY - 1)?,
        issued_at: second,
        status: CertificateStatus::Active,
    })
}
