//! What is drawn of a table: names and numbers, chosen and put in order, before any program draws them. A table that shows
//! a tree is drawn by the children of its root, each with all below it; another one by its rows that are no totals.

use hufu_authority::report::{Chart, Kind, Report, Row, Table, Value};

use super::words::Words;

/// How it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Bars that lie, the longest on top.
    Bars,
    /// Bars made of parts, lying.
    Stacked,
    /// Bars that stand, in the order of time.
    Columns,
    /// Lines, in the order of time.
    Line,
    /// Rectangles as large as their numbers.
    TreeMap,
}

/// Numbers that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// What they say.
    pub(super) name: String,
    /// One for each name of the picture.
    pub(super) values: Vec<Option<i64>>,
}

/// A picture that is not drawn yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// What it is called.
    pub(super) title: String,
    /// How it is drawn.
    pub(super) form: Form,
    /// Whether its numbers are ten-thousandths of a whole; counts otherwise.
    pub(super) share: bool,
    /// The names along it.
    pub(super) names: Vec<String>,
    /// Its numbers; at least one series, each as long as the names.
    pub(super) series: Vec<Series>,
}

/// Bars beyond these are put into one: more are a table, not a picture.
const MOST: usize = 36;

/// The picture of a table; none where it has none, or nothing to draw.
pub(super) fn of(report: &Report, table: &Table, words: Words) -> Option<Picture> {
    let (form, names, columns) = match table.chart.as_ref()? {
        Chart::Bars { names, values } => (Form::Bars, *names, vec![*values]),
        Chart::Stacked { names, parts } => (Form::Stacked, *names, parts.clone()),
        Chart::Line { along, values } => (Form::Line, *along, values.clone()),
        Chart::TreeMap { names, values } => (Form::TreeMap, *names, vec![*values]),
    };
    let name_kind = table.columns.get(names)?.kind;
    let in_time = matches!(name_kind, Kind::Day | Kind::Month | Kind::Moment);
    let form = if in_time && form == Form::Bars { Form::Columns } else { form };
    let rows: Vec<&Row> = if in_time { parts(table).collect() } else { drawn(table) };
    let share = table.columns.get(*columns.first()?)?.kind == Kind::Share;
    let entry = |row: &&Row| (words.label(row, names, name_kind), columns.iter().map(|c| number(row, *c)).collect());
    let mut entries: Vec<(String, Vec<Option<i64>>)> = match form {
        // What is drawn as an area is what a row has itself; a rectangle holds all that stands below its row.
        Form::TreeMap => {
            branches(table).into_iter().map(|branch| summed(&branch, (names, name_kind), &columns, words)).collect()
        }
        _ => rows.iter().map(entry).collect(),
    };
    if !in_time {
        entries.retain(|(_, values)| sum(values) > 0);
        if name_kind == Kind::Name {
            entries.sort_by_key(|(_, values)| std::cmp::Reverse(sum(values)));
        }
        if entries.len() > MOST && !share {
            entries = gathered(entries, columns.len(), words);
        }
        entries.truncate(MOST);
    }
    if entries.iter().all(|(_, values)| sum(values) == 0) {
        return None;
    }
    let series = columns.iter().enumerate().filter_map(|(place, column)| {
        let values = entries.iter().map(|(_, values)| values.get(place).copied().flatten()).collect();
        Some(Series { name: words.caption(table.columns.get(*column)?.name), values })
    });
    let series: Vec<Series> = series.collect();
    let title = match report.tables.len() {
        1 => words.title(report),
        _ => words.table(table),
    };
    Some(Picture { title, form, share, names: entries.into_iter().map(|(name, _)| name).collect(), series })
}

fn sum(values: &[Option<i64>]) -> i64 {
    values.iter().flatten().fold(0, |sum, value| sum.saturating_add(*value))
}

fn parts(table: &Table) -> impl Iterator<Item = &Row> {
    table.rows.iter().filter(|row| !row.total)
}

/// How deep the rows stand that make the picture of a tree: below its root where it has one; none where it is a list.
fn level(table: &Table) -> Option<usize> {
    let top = table.rows.iter().map(|row| row.depth).min()?;
    if table.rows.iter().all(|row| row.depth == top) {
        return None;
    }
    let roots = table.rows.iter().filter(|row| row.depth == top).count();
    Some(if roots == 1 { top + 1 } else { top })
}

/// The rows of a table that make its picture.
fn drawn(table: &Table) -> Vec<&Row> {
    match level(table) {
        Some(level) => table.rows.iter().filter(|row| row.depth == level).collect(),
        None => parts(table).collect(),
    }
}

/// The rows of a table, each that makes the picture with all that stand below it.
fn branches(table: &Table) -> Vec<Vec<&Row>> {
    let Some(level) = level(table) else { return parts(table).map(|row| vec![row]).collect() };
    let mut out: Vec<Vec<&Row>> = Vec::new();
    for row in &table.rows {
        match out.last_mut().filter(|_| row.depth > level) {
            Some(branch) => branch.push(row),
            None => out.push(vec![row]),
        }
    }
    out
}

/// A branch as one entry with the sums of its rows.
fn summed(
    branch: &[&Row],
    (names, kind): (usize, Kind),
    columns: &[usize],
    words: Words,
) -> (String, Vec<Option<i64>>) {
    let name = branch.first().map(|row| words.label(row, names, kind)).unwrap_or_default();
    let of = |column: usize| sum(&branch.iter().map(|row| number(row, column)).collect::<Vec<_>>());
    (name, columns.iter().map(|column| Some(of(*column))).collect())
}

fn number(row: &Row, column: usize) -> Option<i64> {
    match row.values.get(column) {
        Some(Value::Count(n) | Value::Share(n)) => Some(*n),
        _ => None,
    }
}

/// The largest ones, and the rest as one.
fn gathered(
    mut entries: Vec<(String, Vec<Option<i64>>)>,
    columns: usize,
    words: Words,
) -> Vec<(String, Vec<Option<i64>>)> {
    let rest = entries.split_off(MOST - 1);
    let of = |column: usize| sum(&rest.iter().map(|(_, v)| v.get(column).copied().flatten()).collect::<Vec<_>>());
    let values = (0..columns).map(|column| Some(of(column))).collect();
    entries.push((words.fill("picture-rest", &[("count", &rest.len().to_string())]), values));
    entries
}
