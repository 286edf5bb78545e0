//! What is told before the status of many certificates is changed, and the name under which it goes on after a stop.

use hufu_authority::Forecast;
use hufu_authority::model::ident::RequestId;

use crate::context::Context;

/// Organisations that are named one by one.
const NAMED: usize = 20;

/// Tells what a change of these certificates will do.
pub(super) fn tell(ctx: &Context, forecast: &Forecast) {
    ctx.note(
        "note-forecast",
        &[
            ("count", &forecast.certificates.to_string()),
            ("organisations", &named(forecast.organisations.iter())),
            ("octets", &forecast.octets.to_string()),
            ("entries", &forecast.entries.to_string()),
            ("shards", &forecast.shards.to_string()),
            ("seconds", &forecast.seconds.to_string()),
            ("selection", &forecast.selection.to_string()),
        ],
    );
    if forecast.operators > 0 {
        ctx.note("note-forecast-operators", &[("count", &forecast.operators.to_string())]);
    }
}

/// Names with their counts; beyond the first ones, how many are left out.
pub(in crate::commands) fn named<'a, T: ToString + 'a>(
    counts: impl ExactSizeIterator<Item = (&'a T, &'a u64)>,
) -> String {
    let left = counts.len().saturating_sub(NAMED);
    let mut names: Vec<String> =
        counts.take(NAMED).map(|(name, count)| format!("{} {count}", name.to_string())).collect();
    if left > 0 {
        names.push(format!("… +{left}"));
    }
    names.join(", ")
}

/// What comes next for requests that were entered under one name.
pub(super) fn next(ctx: &Context, batch: &RequestId) {
    ctx.next("next-batch", &[("batch", batch.as_str())]);
}
