//! How many certificates a second, everything on: `cargo bench -p hufu-benches --bench issuance`.
//!
//! For one and two threads and several group sizes: the whole way (enter, approve, issue, each with its signatures, and
//! the check of every CSR) and issuing alone. `HUFU_BENCH_COUNT` sets the certificates per measurement (default 4000),
//! `HUFU_BENCH_THREADS` and `HUFU_BENCH_GROUPS` the numbers tried (default `1,2` and `1,10,100,1000`).

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hufu_authority::model::ident::RequestId;
use hufu_authority::{AfterSigning, NewRequest};
use hufu_benches::{Failure, Scratch, all, rate, requests};
use rayon::ThreadPool;

fn main() -> Result<(), Failure> {
    let count = numbers("HUFU_BENCH_COUNT", "4000")?.first().copied().unwrap_or(4000);
    println!("{} processors seen", std::thread::available_parallelism()?);
    println!("threads  group  verify-after-sign  whole way/s  issuing/s  bytes/certificate");
    for threads in numbers("HUFU_BENCH_THREADS", "1,2")? {
        for group in numbers("HUFU_BENCH_GROUPS", "1,10,100,1000")? {
            for after in [AfterSigning::Trust, AfterSigning::Verify] {
                // One at a time is bound by the disk: fewer give the same figure.
                let measured = (count / if group == 1 { 4 } else { 1 }).max(group * threads);
                run(threads, group, after, measured)?;
            }
        }
    }
    Ok(())
}

/// Numbers above zero, separated by commas, from the environment.
fn numbers(name: &str, default: &str) -> Result<Vec<usize>, Failure> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let read = text.split(',').map(|n| n.trim().parse::<NonZeroUsize>().map(NonZeroUsize::get));
    Ok(read.collect::<Result<_, _>>().map_err(|e| format!("{name}={text}: {e}"))?)
}

fn run(threads: usize, group: usize, after: AfterSigning, count: usize) -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let folder = tempfile::tempdir()?;
    let scratch = Scratch::found(folder.path(), after)?;
    let fed = requests(0, count)?;
    let started = Instant::now();
    let issuing = work(&scratch, &fed, &pool, group)?;
    let whole = started.elapsed();
    let bytes = std::fs::metadata(scratch.authority.home().database())?.len() / count as u64;
    println!(
        "{threads:>7}  {group:>5}  {:>17}  {:>11.0}  {:>9.0}  {bytes:>17}",
        if after == AfterSigning::Verify { "on" } else { "off" },
        rate(count, whole),
        rate(count, issuing),
    );
    Ok(())
}

/// As many workers as `pool` has threads take groups off the same list; each group goes the whole way. Returns the time
/// spent issuing, divided by the workers who spent it side by side.
fn work(scratch: &Scratch, fed: &[NewRequest], pool: &ThreadPool, group: usize) -> Result<Duration, Failure> {
    let next = AtomicUsize::new(0);
    let worker = || -> Result<Duration, Failure> {
        let mut issuing = Duration::ZERO;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed) * group;
            let Some(batch) = fed.get(at..(at + group).min(fed.len())).filter(|b| !b.is_empty()) else {
                return Ok(issuing);
            };
            let ids: Vec<RequestId> = batch.iter().map(|r| r.id.clone()).collect();
            all(scratch.authority.submit(&scratch.entry, batch)?)?;
            all(scratch.authority.approve(&scratch.approver, &ids)?)?;
            let started = Instant::now();
            all(scratch.authority.issue(&scratch.approver, &scratch.ca, &ids)?)?;
            issuing += started.elapsed();
        }
    };
    let workers = pool.current_num_threads();
    let times = pool.broadcast(|_| worker()).into_iter().collect::<Result<Vec<Duration>, Failure>>()?;
    Ok(times.iter().sum::<Duration>() / u32::try_from(workers)?)
}
