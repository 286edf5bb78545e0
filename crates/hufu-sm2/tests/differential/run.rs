//! The differential test as a command:
//!
//! ```text
//! cargo run --release -p hufu-sm2 --example differential -- [CASES] [SEED]
//! ```
//!
//! Runs CASES random cases (1,000,000 unless given) on all processors, and every edge case. The first disagreement ends
//! it with all its numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod cases;

use std::collections::BTreeMap;
use std::time::Instant;

use cases::{Case, Key, Random, chosen_sum, edge, edge_count, keys_agree};
use hufu_sm2::Prepared;

/// Cases by how they were made, and how many of them are valid.
type Tally = BTreeMap<&'static str, (u64, u64)>;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let cases: u64 = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let seed: u64 = arguments.next().as_deref().unwrap_or("1").parse()?;
    let threads = std::thread::available_parallelism()?.get() as u64;
    let started = Instant::now();
    let tallies = std::thread::scope(|scope| {
        let start = |thread| move || run(thread, threads, cases / threads, seed);
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(start(thread))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("the thread has shown its error"))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut all = Tally::new();
    for (what, (count, valid)) in tallies.into_iter().flatten() {
        let entry = all.entry(what).or_default();
        *entry = (entry.0 + count, entry.1 + valid);
    }
    for (what, (count, valid)) in &all {
        println!("{what:<20} {count:>9} cases, {valid:>9} valid");
    }
    let total: u64 = all.values().map(|(count, _)| count).sum();
    println!("{total} cases, seed {seed}: no disagreement, {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// One thread's share.
fn run(thread: u64, threads: u64, cases: u64, seed: u64) -> Result<Tally, String> {
    let mut random = Random(seed ^ (thread << 48));
    let mut tally = Tally::new();
    let mut check = |case: Case, prepared: Option<&Prepared>| -> Result<(), String> {
        let valid = case.agreed(prepared)?;
        let entry = tally.entry(case.what).or_default();
        *entry = (entry.0 + 1, entry.1 + u64::from(valid));
        Ok(())
    };
    let mut left = cases;
    while left > 0 {
        let key = Key::random(&mut random);
        let prepared = key.prepared();
        for _ in 0..left.min(16) {
            check(key.case_by_chance(&mut random), prepared.as_ref())?;
        }
        left = left.saturating_sub(16);
        check(chosen_sum(&mut random), None)?;
        keys_agree(&mut random)?;
    }
    for number in (thread as usize..edge_count()).step_by(threads as usize) {
        for case in edge(number) {
            check(case, None)?;
        }
    }
    Ok(tally)
}
