//! Who must come in: live certificates of the old algorithms that expire in the period, by office and expiry.

use std::collections::HashSet;

use hufu_model::certificate::Algorithm;
use hufu_model::ident::{Digest, hex};
use hufu_model::migration::Migration;
use hufu_model::text::mask_identity_numbers;
use hufu_model::time::{Day, Instant};
use hufu_store::{AnyCertificate, Moment, pages};

use super::context::{Ctx, Node};
use super::form::{Column, Kind, Report, Row, Table, Value};
use super::mask::masked_subject;
use super::rules;
use crate::error::Result;
use crate::migration;

/// Rows read at a time.
const PAGE: u32 = 1000;

const COLUMNS: [Column; 9] = [
    Column::new("office", Kind::Name),
    Column::new("org", Kind::Identifier),
    Column::new("holder", Kind::Text),
    Column::new("serial", Kind::Identifier),
    Column::new("issuer", Kind::Text),
    Column::new("algorithm", Kind::Code("algorithm")),
    Column::new("not_after", Kind::Moment),
    Column::new("origin", Kind::Code("origin")),
    Column::new("replaced", Kind::Code("answer")),
];

pub(super) fn build(c: &Ctx<'_>) -> Result<Report> {
    let migration = migration::named(c.asked.migration.as_ref())?;
    let to = match (c.asked.to, c.asked.deadline) {
        (None, Some(deadline)) => deadline.plus_days(1),
        _ => c.to,
    };
    let list = List::new(c, &migration, to)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut offices: Vec<Row> = Vec::new();
    let most = usize::try_from(c.asked.limit).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
    for node in &c.nodes {
        let room = most.saturating_sub(rows.len());
        if room == 0 {
            break;
        }
        let (mut count, mut replaced) = (0, 0);
        list.office(node, room, |row, done| {
            count += 1;
            replaced += i64::from(done);
            rows.push(row);
        })?;
        if count > 0 {
            let values = [count, replaced, count - replaced].map(Value::Count);
            let values = c.head(node).into_iter().chain(values).collect();
            offices.push(Row { values, ..Row::default() });
        }
    }
    let names = ["expiring", "replaced_holders", "to_do"];
    let columns = [super::context::HEAD.as_slice(), &names.map(|name| Column::new(name, Kind::Count))].concat();
    let tables = vec![
        Table { name: "worklist", columns: COLUMNS.to_vec(), rows, chart: None },
        Table { name: "worklist-offices", columns, rows: offices, chart: None },
    ];
    let mut report = c.report(tables, &c.totals(&[rules::WORKLIST, rules::VALID, rules::PERIOD]));
    report.period = Some((c.from, to));
    Ok(report)
}

/// What is due, and who has a new certificate already.
struct List<'c, 'a> {
    c: &'c Ctx<'a>,
    legacy: Vec<Algorithm>,
    new: Algorithm,
    /// The seconds of the period.
    span: (i64, i64),
    when: Moment,
    /// Half of the blind index of each holder who has a live new certificate of ours: 128 bits tell them apart.
    holders: HashSet<[u8; 16]>,
}

impl<'c, 'a> List<'c, 'a> {
    fn new(c: &'c Ctx<'a>, migration: &Migration, to: Day) -> Result<Self> {
        let when = c.moment();
        let holders = c.r.holders_with(migration.to, when)?.iter().filter_map(half).collect();
        let span = (c.from.first_instant().unix_seconds(), to.first_instant().unix_seconds());
        Ok(Self { c, legacy: migration.from.clone(), new: migration.to, span, when, holders })
    }

    /// The rows of an office in the order of their expiry, `most` of them.
    fn office(&self, node: &Node, most: usize, mut take: impl FnMut(Row, bool)) -> Result<()> {
        // Nearly always only imported ones are of an old algorithm: two sorted lists, read page by page.
        let (mut ours, mut imported) = (self.lines(node, false), self.lines(node, true));
        let (mut one, mut other) = (ours.next().transpose()?, imported.next().transpose()?);
        for _ in 0..most {
            let earlier = match (&one, &other) {
                (Some(a), Some(b)) => a.not_after <= b.not_after,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let next = if earlier {
                std::mem::replace(&mut one, ours.next().transpose()?)
            } else {
                std::mem::replace(&mut other, imported.next().transpose()?)
            };
            if let Some(certificate) = next {
                let replaced = self.is_replaced(&certificate)?;
                take(row(node, &certificate, replaced), replaced);
            }
        }
        Ok(())
    }

    fn lines(&self, node: &Node, imported: bool) -> impl Iterator<Item = Result<AnyCertificate>> {
        let read = move |after: Option<(i64, Vec<u8>)>| {
            let place = (&node.id, imported);
            self.c.r.live_page(place, &self.legacy, self.span, self.when, after.as_ref(), PAGE)
        };
        let key = |c: &AnyCertificate| (c.not_after, c.id.map_or_else(|| c.serial.clone(), |id| id.0.to_vec()));
        pages(read, key).flat_map(|page| match page {
            Ok(rows) => rows.into_iter().filter(|row| self.c.takes(&row.group)).map(Ok).collect::<Vec<_>>(),
            Err(e) => vec![Err(e.into())],
        })
    }

    /// Whether its holder has a live certificate of the new algorithm, or one of ours is known to stand in its place.
    fn is_replaced(&self, certificate: &AnyCertificate) -> Result<bool> {
        if half(&certificate.holder).is_some_and(|half| self.holders.contains(&half)) {
            return Ok(true);
        }
        if let Some(id) = &certificate.id
            && self.c.r.is_replaced(id, self.when.as_of)?
        {
            return Ok(true);
        }
        Ok(self.c.r.has_imported(&certificate.holder, self.new, self.when)?)
    }
}

fn half(holder: &Digest) -> Option<[u8; 16]> {
    holder.0.first_chunk().copied()
}

fn row(node: &Node, certificate: &AnyCertificate, replaced: bool) -> Row {
    let values = vec![
        node.name.clone(),
        Value::identifier(&node.id),
        Value::Text(holder(certificate)),
        Value::identifier(hex(&certificate.serial)),
        if certificate.issuer.is_empty() { Value::Empty } else { Value::Text(certificate.issuer.clone()) },
        Value::code(certificate.group.algorithm.code()),
        Value::Moment(Instant::from_unix_seconds(certificate.not_after)),
        origin(certificate),
        Value::code(if replaced { "yes" } else { "no" }),
    ];
    Row { values, ..Row::default() }
}

/// Whose it is, as a list may show it: subjects of old certificates hold names and identity numbers.
pub(super) fn holder(certificate: &AnyCertificate) -> String {
    mask_identity_numbers(&masked_subject(&certificate.subject))
}

/// Where a certificate is from.
pub(super) fn origin(certificate: &AnyCertificate) -> Value {
    Value::code(if certificate.imported { "imported" } else { "ours" })
}
