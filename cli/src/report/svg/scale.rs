//! An axis: from nothing to a round number above the largest.

/// An axis with its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scale {
    /// The end of the axis; at least 1.
    pub(super) end: i64,
    /// The marks, from 0 to the end.
    pub(super) marks: Vec<i64>,
}

/// An axis for numbers up to `largest` with about `wanted` steps of 1, 2 or 5 times a power of ten.
pub(super) fn up_to(largest: i64, wanted: i64) -> Scale {
    let largest = largest.max(1);
    let rough = (largest / wanted.max(1)).max(1);
    let mut power = 1_i64;
    while power.saturating_mul(10) <= rough {
        power = power.saturating_mul(10);
    }
    let step = [1, 2, 5, 10].into_iter().map(|n| power.saturating_mul(n)).find(|step| *step >= rough).unwrap_or(power);
    let steps = largest / step + i64::from(largest % step != 0);
    let marks: Vec<i64> = (0..=steps).map(|n| step.saturating_mul(n)).collect();
    Scale { end: step.saturating_mul(steps), marks }
}

/// Every how many of `count` labels one is shown, where each needs `each` of `room`.
pub(super) fn every(count: usize, each: f64, room: f64) -> usize {
    let mut every = 1;
    while super::nth(count.div_ceil(every)) * each > room && every < count {
        every += 1;
    }
    every
}
