//! A report as JSON, for programs. Names and codes are stable and do not depend on the language; a share is a fraction, and
//! growth carries all of what it was computed from.

use hufu_authority::report::{Column, Growth, Kind, Report, Table, Value};
use serde_json::{Map, Value as Json, json};

use super::words;
use crate::output::SCHEMA;
use crate::views;

/// The whole report as one document.
pub(super) fn whole(report: &Report) -> Json {
    let mut out = head(report);
    out.insert("tables".to_owned(), report.tables.iter().map(table).collect());
    Json::Object(out)
}

/// What the report is about, and then each row, as documents of a line each.
pub(super) fn lines(report: &Report) -> impl Iterator<Item = Json> {
    let kind = format!("report-{}-row", report.kind.code());
    let rows = report.tables.iter().flat_map(move |table| {
        let kind = kind.clone();
        table.rows.iter().map(move |row| {
            json!({
                "schema": SCHEMA,
                "type": kind,
                "table": table.name,
                "depth": row.depth,
                "total": row.total,
                "values": values(&table.columns, &row.values),
            })
        })
    });
    std::iter::once(Json::Object(head(report))).chain(rows)
}

fn head(report: &Report) -> Map<String, Json> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put("schema", SCHEMA.into());
    put("type", format!("report-{}", report.kind.code()).into());
    put("at", views::instant(report.at));
    put("as_of", views::instant(report.as_of));
    put("period", report.period.map(|(from, to)| json!({ "from": from.to_string(), "to": to.to_string() })).into());
    put("unit", report.unit.code().into());
    put(
        "asked",
        report.asked.iter().map(|(k, v)| ((*k).to_owned(), Json::from(v.as_str()))).collect::<Map<_, _>>().into(),
    );
    put("rules", report.rules.clone().into());
    out
}

fn table(table: &Table) -> Json {
    let columns = table.columns.iter().map(|c| json!({ "name": c.name, "kind": kind(c.kind) }));
    let rows = table
        .rows
        .iter()
        .map(|row| json!({ "depth": row.depth, "total": row.total, "values": values(&table.columns, &row.values) }));
    json!({ "name": table.name, "columns": columns.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>() })
}

fn values(columns: &[Column], values: &[Value]) -> Json {
    columns.iter().zip(values).map(|(c, v)| (c.name.to_owned(), value(v))).collect::<Map<_, _>>().into()
}

/// What a column holds, by its stable name.
const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Name => "name",
        Kind::Code(_) => "code",
        Kind::Text => "text",
        Kind::Identifier => "identifier",
        Kind::Count => "count",
        Kind::Share => "share",
        Kind::Growth => "growth",
        Kind::Day => "day",
        Kind::Month => "month",
        Kind::Moment => "moment",
    }
}

fn value(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Name { zh, en } => json!({ "zh": zh, "en": en }),
        Value::Code(text) | Value::Text(text) => text.as_str().into(),
        Value::Count(n) => (*n).into(),
        Value::Share(parts) => fraction(*parts).into(),
        Value::Growth(growth) => self::growth(*growth),
        Value::Day(day) => day.to_string().into(),
        Value::Month(day) => words::month(*day).into(),
        Value::Moment(at) => views::instant(*at),
    }
}

/// Without an earlier value there is a difference and no ratio.
fn growth(growth: Growth) -> Json {
    let parts = growth.per_ten_thousand();
    json!({
        "previous": growth.previous,
        "current": growth.current,
        "difference": growth.difference(),
        "ratio": parts.map(fraction),
        "text": parts.map(|_| growth.text()),
    })
}

/// Ten-thousandths as a fraction.
#[allow(clippy::cast_precision_loss)] // Ten-thousandths of anything counted are far below 2^53.
pub(super) fn fraction(parts: i64) -> f64 {
    parts as f64 / 1e4
}
