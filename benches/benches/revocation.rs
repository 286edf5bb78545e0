//! Mass revocation by query: `cargo bench -p hufu-benches --bench revocation`. `HUFU_BENCH_COUNT` sets the certificates
//! (default 100000).
//!
//! Two administrators: one selects by organisation and enters the requests, the other approves each list with one
//! signature, applies it, and publishes the revocation lists, the full one and its shards: built, signed, put in their
//! places, read there again, and compared with the ledger.

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use hufu_authority::model::crl::CrlPart;
use hufu_authority::model::ident::RequestId;
use hufu_authority::model::request::Action;
use hufu_authority::model::revocation::RevocationReason;
use hufu_authority::report::Value;
use hufu_authority::{AfterSigning, Asked, CertificateFilter, Publishing, ReportKind, StatusRequest};
use hufu_benches::{Failure, Scratch, all, forget_peak, issue, machine, number, peak, rate};

/// What the command line enters, approves and applies at a time.
const CHUNK: usize = 10_000;

fn main() -> Result<(), Failure> {
    let count = number("HUFU_BENCH_COUNT", 100_000)?;
    println!("{}", machine());
    let folder = tempfile::tempdir()?;
    let scratch = Scratch::found(folder.path(), AfterSigning::Trust)?;
    issue(&scratch, 0, count)?;
    let (authority, [first, second]) = (&scratch.authority, &scratch.administrators);
    // Nothing is revoked yet: the list that relying parties have before.
    let mut publishing = Publishing::full(folder.path().join("published"));
    authority.publish_crl(second, &scratch.ca, &publishing)?;
    forget_peak();

    println!("{:<12} {:>8} {:>10}", "step", "seconds", "each/s");
    let began = Instant::now();
    let filter = CertificateFilter { orgs: Some(vec!["lra".parse()?]), ..CertificateFilter::default() };
    let selected = authority.concerned(Action::Revoke, &filter)?;
    tell("select", selected.len(), began.elapsed());
    let requests: Vec<StatusRequest> = selected
        .into_iter()
        .map(|row| {
            let id = format!("bench-{}", row.serial).parse()?;
            Ok(StatusRequest::revoke(id, row.serial, RevocationReason::CessationOfOperation))
        })
        .collect::<Result<_, Failure>>()?;
    // Those of the office's own operators are among them.
    let count = requests.len();
    let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
    let started = Instant::now();
    for chunk in requests.chunks(CHUNK) {
        all(authority.request_status(first, chunk)?)?;
    }
    tell("enter", count, started.elapsed());
    let started = Instant::now();
    for chunk in ids.chunks(CHUNK) {
        all(authority.approve(second, chunk)?)?;
    }
    tell("approve", count, started.elapsed());
    let started = Instant::now();
    for chunk in ids.chunks(CHUNK) {
        all(authority.apply(second, chunk)?)?;
    }
    tell("apply", count, started.elapsed());
    let started = Instant::now();
    publishing.agreed_changes = Some(u64::try_from(count)?);
    let publications = authority.publish_crl(second, &scratch.ca, &publishing)?;
    tell("publish", count, started.elapsed());
    tell("whole", count, began.elapsed());
    println!("peak memory {} MiB", peak());
    let lists = publications.iter().flat_map(|publication| &publication.lists);
    let full: u64 = lists.filter(|list| list.part == CrlPart::Full).map(|list| list.entries).sum();
    if full != u64::try_from(count)? {
        return Err("the full list does not hold all of them".into());
    }
    let report = authority.report(ReportKind::Summary, &Asked::default())?;
    let whole = report.tables.first().and_then(|table| table.value(table.rows.first()?, "revoked"));
    if whole != Some(&Value::Count(i64::try_from(count)?)) {
        return Err("not all were revoked".into());
    }
    Ok(())
}

fn tell(step: &str, count: usize, took: Duration) {
    println!("{step:<12} {:>8.2} {:>10.0}", took.as_secs_f64(), rate(count, took));
}
