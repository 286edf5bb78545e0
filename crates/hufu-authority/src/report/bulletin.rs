//! The paragraph of the bulletin (简报) on certification services, from the database at an event time: every figure with the
//! rule it was counted by and the command that gives it again.

use hufu_data::{Lang, render};
use hufu_model::certificate::Algorithm;
use hufu_model::count::Group;
use hufu_model::org::{OrgKind, OrgTree};
use hufu_model::request::Medium;
use hufu_model::time::Day;

use super::context::{Counts, Ctx, last_before, months_from};
use super::form::{Column, Kind, Report, Row, Table, Value};
use super::leaders::{leaders, new_between};
use super::wording::{count_words, grouped};
use super::{Asked, Growth, ReportKind, rules};
use crate::error::Result;

/// So many are named as leaders.
const LEADERS: i64 = 2;

const COLUMNS: [Column; 6] = [
    Column::new("note", Kind::Count),
    Column::new("figure", Kind::Code("figure")),
    Column::new("count", Kind::Count),
    Column::new("growth", Kind::Growth),
    Column::new("rule", Kind::Code("figure-rule")),
    Column::new("query", Kind::Identifier),
];

/// The figures of the paragraph.
struct Facts {
    provinces: i64,
    municipal: i64,
    ministries: i64,
    provinces_done: i64,
    ministries_done: i64,
    target: (Algorithm, Growth),
    total: Growth,
    soft: i64,
    /// Organisations and what is new there, with the first day of the half-year.
    leaders: Vec<(Value, String, i64)>,
    half: Day,
}

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let facts = facts(c)?;
    let paragraph = Table {
        name: "paragraph",
        columns: vec![Column::new("sentence", Kind::Name)],
        rows: sentences(c, &facts).into_iter().map(|value| Row { values: vec![value], ..Row::default() }).collect(),
        chart: None,
    };
    let used = [
        rules::PERIOD,
        rules::ISSUED,
        rules::NEW,
        rules::YEAR,
        rules::WORDS,
        rules::RANK,
        rules::BUILT,
        rules::UPGRADED,
    ];
    Ok(c.report(vec![paragraph, figures(c, &facts)], &c.totals(&used)))
}

fn facts(c: &Ctx<'_>) -> Result<Facts> {
    let migration = crate::migration::named(c.asked.migration.as_ref())?;
    // What existed then; before the ledger began nobody recorded it, and the tree of the first record stands for it.
    let then = c.r.org_tree_at(c.at.min(c.as_of))?;
    let tree: &OrgTree = if then.iter().next().is_some() { &then } else { &c.tree };
    let mut in_force = crate::migration::InForce::at(c.r, c.at, c.as_of)?;
    let mut built = [(OrgKind::ProvinceRa, 0, 0), (OrgKind::MunicipalLra, 0, 0), (OrgKind::MinistryRa, 0, 0)];
    for org in tree.iter().filter(|org| org.id.as_str() != super::context::UNASSIGNED) {
        let done = in_force.covering(&org.id, |m| m.id == migration.id)?.is_some();
        if let Some((_, count, upgraded)) = built.iter_mut().find(|(kind, ..)| *kind == org.kind) {
            *count += 1;
            *upgraded += i64::from(done);
        }
    }
    let [(_, provinces, provinces_done), (_, municipal, _), (_, ministries, ministries_done)] = built;
    let (now, before) = (c.counts(c.at)?, c.counts(months_from(c.at, -12))?);
    let issued = |counts: &Counts, wanted: &dyn Fn(&Group) -> bool| {
        counts.by(c, |group| if wanted(group) { vec![()] } else { Vec::new() }).get(&()).map_or(0, |f| f.issued)
    };
    let growth = |wanted: &dyn Fn(&Group) -> bool| Growth::of(issued(&before, wanted), issued(&now, wanted));
    let soft = issued(&now, &|group| group.medium == Some(Medium::App));
    let half = half_year(c.at.day());
    let new = new_between(c, last_before(half), c.at)?;
    let named = leaders(c, &new).into_iter().take_while(|leader| leader.rank <= LEADERS);
    let named = named.filter_map(|leader| {
        c.nodes.get(leader.place).map(|node| (node.name.clone(), node.id.to_string(), leader.new))
    });
    Ok(Facts {
        provinces,
        municipal,
        ministries,
        provinces_done,
        ministries_done,
        target: (migration.to, growth(&|group| group.algorithm == migration.to)),
        total: growth(&|_| true),
        soft,
        leaders: named.collect(),
        half,
    })
}

/// The first day of the half-year of a day.
fn half_year(day: Day) -> Day {
    let january = day.first_of_year();
    let july = january.plus_months(6).unwrap_or(january);
    if day >= july { july } else { january }
}

fn sentences(c: &Ctx<'_>, f: &Facts) -> Vec<Value> {
    let both = |make: &dyn Fn(Lang) -> String| Value::Name { zh: make(Lang::Zh), en: make(Lang::En) };
    let count = |n: i64| grouped(n);
    let algorithm = f.target.0.code().to_uppercase();
    let unit = |lang| render(lang, &format!("bulletin-unit-{}", c.asked.unit.code()), &[]);
    // Growth over nothing is not said.
    let growth = |lang, growth: Growth| match growth.per_ten_thousand() {
        Some(_) => render(lang, "bulletin-growth", &[("growth", &growth.words(lang))]),
        None => String::new(),
    };
    let built = |lang| {
        render(
            lang,
            "bulletin-built",
            &[
                ("date", &date(lang, c.at.day())),
                ("provinces", &count(f.provinces)),
                ("municipal", &count(f.municipal)),
                ("ministries", &count(f.ministries)),
            ],
        )
    };
    let upgraded = |lang| {
        render(
            lang,
            "bulletin-upgraded",
            &[
                ("provinces", &count(f.provinces_done)),
                ("ministries", &count(f.ministries_done)),
                ("algorithm", &algorithm),
            ],
        )
    };
    let issued = |lang| {
        render(
            lang,
            "bulletin-issued",
            &[
                ("algorithm", &algorithm),
                ("count", &grouped(i64::try_from(f.target.1.current).unwrap_or(i64::MAX))),
                ("growth", &growth(lang, f.target.1)),
                ("total", &count_words(lang, f.total.current)),
                ("total_growth", &growth(lang, f.total)),
                ("unit", &unit(lang)),
            ],
        )
    };
    let soft = |lang| render(lang, "bulletin-soft", &[("count", &count(f.soft)), ("unit", &unit(lang))]);
    let leading = |lang| {
        let names: Vec<&str> = f.leaders.iter().map(|(name, ..)| said(lang, name)).collect();
        let names = names.join(if lang == Lang::Zh { "、" } else { " and " });
        render(lang, "bulletin-leaders", &[("from", &date(lang, f.half)), ("names", &names)])
    };
    let mut out = vec![both(&built), both(&upgraded), both(&issued)];
    if f.soft > 0 {
        out.push(both(&soft));
    }
    if !f.leaders.is_empty() {
        out.push(both(&leading));
    }
    out
}

fn said(lang: Lang, name: &Value) -> &str {
    match name {
        Value::Name { en, .. } if lang == Lang::En && !en.is_empty() => en,
        Value::Name { zh, .. } => zh,
        _ => "",
    }
}

/// `2018年6月30日`, or as everywhere else.
fn date(lang: Lang, day: Day) -> String {
    let text = day.to_string();
    let mut parts = text.split('-').map(|part| part.trim_start_matches('0'));
    match (lang, parts.next(), parts.next(), parts.next()) {
        (Lang::Zh, Some(year), Some(month), Some(day)) => format!("{year}年{month}月{day}日"),
        _ => text,
    }
}

fn figures(c: &Ctx<'_>, f: &Facts) -> Table {
    let asked = Asked { at: Some(c.at), as_of: Some(c.as_of), ..Asked::default() };
    let of_unit = Asked { unit: c.asked.unit, ..asked.clone() };
    let of_migration = Asked { migration: c.asked.migration.clone(), ..asked.clone() };
    let half = Asked { from: Some(f.half), to: Some(c.at.day().plus_days(1)), at: None, ..of_unit.clone() };
    let soft = Asked { medium: Some(Medium::App), ..of_unit.clone() };
    let summary = of_unit.command(ReportKind::Summary);
    let migration = of_migration.command(ReportKind::Migration);
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut lines: Vec<(&str, i64, Option<Growth>, &str, String)> = vec![
        ("provinces", f.provinces, None, "built", migration.clone()),
        ("municipal", f.municipal, None, "built", migration.clone()),
        ("ministries", f.ministries, None, "built", migration.clone()),
        ("provinces-upgraded", f.provinces_done, None, "upgraded", migration.clone()),
        ("ministries-upgraded", f.ministries_done, None, "upgraded", migration),
        ("target", number(f.target.1.current), Some(f.target.1), "issued", summary.clone()),
        ("total", number(f.total.current), Some(f.total), "issued", summary),
        ("soft", f.soft, None, "issued", soft.command(ReportKind::Summary)),
    ];
    let leaders = half.command(ReportKind::Leaders);
    lines.extend(f.leaders.iter().map(|(_, _, new)| ("leader", *new, None, "new", leaders.clone())));
    let mut names = vec![Value::Empty; lines.len() - f.leaders.len()];
    names.extend(f.leaders.iter().map(|(name, ..)| name.clone()));
    let row = |(note, ((figure, count, growth, rule, query), name)): (i64, (_, Value))| {
        let values = vec![
            Value::Count(note),
            Value::code(figure),
            Value::Count(count),
            Value::optional(growth, Value::Growth),
            Value::code(rule),
            Value::Text(query),
            name,
        ];
        Row { values, ..Row::default() }
    };
    let rows = (1..).zip(lines.into_iter().zip(names)).map(row).collect();
    let columns = [COLUMNS.as_slice(), &[Column::new("name", Kind::Name)]].concat();
    Table { name: "figures", columns, rows, chart: None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_year_has_two_halves() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        for (of, first) in [
            ("2018-06-30", "2018-01-01"),
            ("2018-07-01", "2018-07-01"),
            ("2018-12-31", "2018-07-01"),
            ("2018-01-01", "2018-01-01"),
        ] {
            assert_eq!(half_year(day(of)), day(first), "{of}");
        }
        assert_eq!(date(Lang::Zh, day("2018-06-30")), "2018年6月30日");
        assert_eq!(date(Lang::En, day("2018-06-30")), "2018-06-30");
    }
}
