//! The figures of the fault tests as one table: what was tried how often, from which seed, and what came of it. Each test
//! adds its row and prints the table as far as it is known; the last one printed is whole.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// One fault point, or one negative control.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// What the homes of the trials follow from, and the trials by their number.
    pub(crate) seed: String,
    pub(crate) trials: usize,
    /// What was acknowledged and is gone.
    pub(crate) lost: usize,
    /// What is there twice.
    pub(crate) doubled: usize,
    /// Pairs of which one half is there.
    pub(crate) half_pairs: usize,
    /// Revocation lists older than one that was published.
    pub(crate) regressions: usize,
    /// How long until the home could be used again, of 99 in 100.
    pub(crate) ready: String,
    /// Of a negative control, what it found: never 0.
    pub(crate) control: Option<usize>,
}

static TABLE: Mutex<BTreeMap<String, Figures>> = Mutex::new(BTreeMap::new());

/// Adds the figures of a point and prints the table.
pub(crate) fn record(point: &str, figures: Figures) {
    let mut table = TABLE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    table.insert(point.to_owned(), figures);
    let mut text = format!(
        "\n{:<34} {:>6} {:>5} {:>7} {:>10} {:>15} {:>10} {:>8}  {}\n",
        "fault point", "trials", "lost", "doubled", "half pairs", "CRL regressions", "ready p99", "control", "seed"
    );
    for (point, f) in table.iter() {
        let control = f.control.map_or_else(|| "-".to_owned(), |found| format!("found {found}"));
        text.push_str(&format!(
            "{point:<34} {:>6} {:>5} {:>7} {:>10} {:>15} {:>10} {control:>8}  {}\n",
            f.trials, f.lost, f.doubled, f.half_pairs, f.regressions, f.ready, f.seed
        ));
    }
    println!("{text}");
}

/// Adds a negative control: a program that is wrong on purpose, in which the test found `found` faults.
pub(crate) fn control(point: &str, seed: &str, found: usize) {
    assert!(found > 0, "{point}: the test does not find a wrong program");
    record(point, Figures { seed: seed.to_owned(), trials: 1, control: Some(found), ..Figures::default() });
}
