//! How many certificates a second, everything on: `cargo bench -p hufu-benches --bench issuance`. With
//! `HUFU_BENCH_OF=single,pair,pair-empty` pairs are measured beside them.
//!
//! For one and two threads and several group sizes: the whole way (enter, approve, issue, each with its signatures, and
//! the check of every CSR) and issuing alone. `HUFU_BENCH_COUNT` sets the certificates or pairs per measurement (default
//! 10000), `HUFU_BENCH_THREADS` and `HUFU_BENCH_GROUPS` the numbers tried (default `1,2` and `1,10,100,1000`).
//!
//! A `pair` takes its encryption key from a pool that holds enough of them; of `pair-empty`, the pool is empty and every
//! key is generated while it is issued. This process holds the key centre's wrapping key, no agent stands between. The
//! bytes are those of the database file alone: of less than 20000, much still lies in its write-ahead log.

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hufu_authority::{AfterSigning, NewRequest};
use hufu_benches::{Failure, Scratch, machine, rate, requests, whole_way};
use rayon::ThreadPool;

/// What is issued.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Single,
    Pair,
    PairEmpty,
}

impl FromStr for Of {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Single, Self::Pair, Self::PairEmpty];
        known.into_iter().find(|of| of.code() == text).ok_or("neither single, pair nor pair-empty")
    }
}

impl Of {
    const fn code(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Pair => "pair",
            Self::PairEmpty => "pair-empty",
        }
    }
}

fn main() -> Result<(), Failure> {
    let count = list::<NonZeroUsize>("HUFU_BENCH_COUNT", "10000")?.first().map_or(1, |n| n.get());
    println!("{}", machine());
    println!("of          threads  group  verify-after-sign  whole way/s  issuing/s  bytes of each");
    for threads in list::<NonZeroUsize>("HUFU_BENCH_THREADS", "1,2")?.into_iter().map(NonZeroUsize::get) {
        for group in list::<NonZeroUsize>("HUFU_BENCH_GROUPS", "1,10,100,1000")?.into_iter().map(NonZeroUsize::get) {
            for after in [AfterSigning::Trust, AfterSigning::Verify] {
                for of in list::<Of>("HUFU_BENCH_OF", "single")? {
                    // One at a time is bound by the disk: fewer give the same figure.
                    let measured = (count / if group == 1 { 4 } else { 1 }).max(group * threads);
                    run(of, threads, group, after, measured)?;
                }
            }
        }
    }
    Ok(())
}

/// What the environment lists under `name`, separated by commas.
fn list<T: FromStr<Err: std::fmt::Display>>(name: &str, default: &str) -> Result<Vec<T>, Failure> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let read = text.split(',').map(|item| item.trim().parse());
    Ok(read.collect::<Result<_, _>>().map_err(|e| format!("{name}={text}: {e}"))?)
}

fn run(of: Of, threads: usize, group: usize, after: AfterSigning, count: usize) -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let folder = tempfile::tempdir()?;
    let mut scratch = Scratch::found(folder.path(), after)?;
    let mut fed = requests(0, count)?;
    if of != Of::Single {
        scratch.add_key_centre(if of == Of::Pair { count } else { 0 })?;
        fed.iter_mut().for_each(|request| request.pair = true);
    }
    let started = Instant::now();
    let issuing = work(&scratch, &fed, &pool, group)?;
    let whole = started.elapsed();
    let bytes = std::fs::metadata(scratch.authority.home().database())?.len() / count as u64;
    println!(
        "{:<10}  {threads:>7}  {group:>5}  {:>17}  {:>11.0}  {:>9.0}  {bytes:>13}",
        of.code(),
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
            issuing += whole_way(&scratch.authority, [&scratch.entry, &scratch.approver], &scratch.ca, batch)?;
        }
    };
    let workers = pool.current_num_threads();
    let times = pool.broadcast(|_| worker()).into_iter().collect::<Result<Vec<Duration>, Failure>>()?;
    Ok(times.iter().sum::<Duration>() / u32::try_from(workers)?)
}
