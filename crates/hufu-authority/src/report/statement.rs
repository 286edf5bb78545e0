//! What is signed when a report is signed: one text for each report, which people and spreadsheets read without this
//! program, and which says everything that was counted and how.
//!
//! ```text
//! hufu report v1
//! program     <version of the program that counted>
//! authority   <name of the CA>  <SM3 of the founding CA's SubjectPublicKeyInfo>  <SM3 of the root certificate>
//! signer      <operator>  <their organisation>  <instant of signing>
//! ledger      <name of the ledger>  <events it had>  <root of the tree over them>
//! checkpoint  <the last signed checkpoint, in base64>
//! report      <code>
//! at          <event time>
//! as-of       <knowledge>
//! period      <first day>  <first day after it>                         where the report is about one
//! unit        <code>
//! asked       <flag>  <value>                                           a line for each
//! rule        <key>  <its text in Chinese>  <in English>                a line for each
//! table       <name>  <in Chinese>  <in English>  <columns>  <rows>     then its lines, for each table
//! column      <name>  <what it holds>  <in Chinese>  <in English>
//! chart       bars|stacked|line|tree-map  <columns, counted from 0>     where it is drawn
//! row         <depth>  part|total  <a cell for each column>
//! ```
//!
//! Between the fields of a line stands one tab, and one line feed ends it; `\t`, `\n`, `\r`, `\|`, `\-` and `\\` stand for
//! what would be mistaken for structure. Instants are RFC 3339 in UTC with milliseconds. A cell is written as its column
//! says: a count in decimal, a share in ten-thousandths, growth as `earlier>present`, a name as `Chinese|English`, a day
//! `2018-06-30`, a month `2018-06`; a cell that is `-` holds nothing. The texts of rules and headings are those of the
//! instant of signing: they are shown beside the figures for ever, whatever later programs call them.
//!
//! The checkpoint is the last one that the ledger's own key had signed; the line `ledger` says how far the ledger had grown
//! since, and covers everything the report knew. It is not in PEM: a program that looks for PEM in any file would take it
//! for the message around it. Reading accepts exactly what writing produces.

use std::fmt::Write as _;

use hufu_data::{Lang, keys, message};
use hufu_model::ident::{Digest, OperatorId, OrgId, hex};
use hufu_model::time::{Day, Instant};
use hufu_x509::pem;

use super::form::{Chart, Column, Kind, Report, Row, Table, Value};
use super::{Asked, Growth};
use crate::error::{Error, ErrorKind, Result};

/// The first line.
const HEADER: &str = "hufu report v1";

/// The longest text in octets; a signed message has less than 16 MiB.
const MAX_TEXT: usize = 15 * 1024 * 1024;

/// The most cells of all tables together, so that a hostile text cannot stand for more memory than a large report takes.
const MAX_CELLS: usize = 1_000_000;

/// The most tables of a report, and the most columns of a table.
const MAX_PARTS: usize = 64;

/// A report, with who says so, and what it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The version of the program that counted.
    pub program: String,
    /// The CA's name.
    pub authority: String,
    /// SM3 of the founding CA's SubjectPublicKeyInfo: which authority it is.
    pub ca: Digest,
    /// SM3 of the root certificate that the signer's leads to.
    pub root: Digest,
    /// Who signs.
    pub operator: OperatorId,
    /// The signer's organisation at that time.
    pub office: OrgId,
    /// When.
    pub signed_at: Instant,
    /// The ledger's name.
    pub origin: String,
    /// How many events it had.
    pub size: u64,
    /// The root of the tree over them.
    pub ledger_root: Digest,
    /// The last checkpoint before: GM/T 0010 SignedData by the ledger's own key.
    pub checkpoint: Vec<u8>,
    /// The report.
    pub report: Report,
    /// The words at the time of signing.
    pub words: StatedWords,
}

/// A text in both languages, as it read when a report was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The words that a report was signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedWords {
    /// One for each rule.
    pub rules: Vec<Stated>,
    /// One for each table, with one for each of its columns.
    pub tables: Vec<(Stated, Vec<Stated>)>,
}

impl Stated {
    /// What the catalogue of this program has; the key where it has nothing.
    pub(super) fn now(key: &str) -> Self {
        let of = |lang| message(lang, key).unwrap_or(key).trim().to_owned();
        Self { zh: of(Lang::Zh), en: of(Lang::En) }
    }

    /// The text in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }
}

impl StatedWords {
    /// The words of this program for a report.
    pub(super) fn now(report: &Report) -> Self {
        let column = |c: &Column| Stated::now(&format!("col-{}", c.name));
        let table = |t: &Table| (Stated::now(&format!("table-{}", t.name)), t.columns.iter().map(column).collect());
        Self {
            rules: report.rules.iter().map(|rule| Stated::now(rule)).collect(),
            tables: report.tables.iter().map(table).collect(),
        }
    }
}

impl Statement {
    /// The text that is signed.
    ///
    /// # Errors
    /// [`ErrorKind::ReportLarge`]; [`ErrorKind::Internal`] for a report that breaks the rules of its form.
    pub fn encode(&self) -> Result<String> {
        let text = self.text().ok_or(ErrorKind::Internal("a report holds a value that its column does not"))?;
        let cells: usize = self.report.tables.iter().map(|t| t.rows.len().saturating_mul(t.columns.len())).sum();
        if text.len() > MAX_TEXT || cells > MAX_CELLS {
            return Err(ErrorKind::ReportLarge { octets: text.len(), cells }.into());
        }
        Ok(text)
    }

    fn text(&self) -> Option<String> {
        let r = &self.report;
        let mut out = Lines(format!("{HEADER}\n"));
        out.line("program", [escaped(&self.program)]);
        out.line("authority", [escaped(&self.authority), self.ca.to_string(), self.root.to_string()]);
        out.line("signer", [self.operator.to_string(), self.office.to_string(), self.signed_at.to_string()]);
        out.line("ledger", [escaped(&self.origin), self.size.to_string(), hex(&self.ledger_root.0)]);
        out.line("checkpoint", [pem::base64(&self.checkpoint)]);
        out.line("report", [r.kind.code().to_owned()]);
        out.line("at", [r.at.to_string()]);
        out.line("as-of", [r.as_of.to_string()]);
        if let Some((from, to)) = r.period {
            out.line("period", [from.to_string(), to.to_string()]);
        }
        out.line("unit", [r.unit.code().to_owned()]);
        for (name, value) in &r.asked {
            out.line("asked", [(*name).to_owned(), escaped(value)]);
        }
        for (rule, words) in r.rules.iter().zip(&self.words.rules) {
            out.line("rule", [(*rule).to_owned(), escaped(&words.zh), escaped(&words.en)]);
        }
        for (table, (title, headings)) in r.tables.iter().zip(&self.words.tables) {
            let counts = [table.columns.len().to_string(), table.rows.len().to_string()];
            out.line(
                "table",
                [table.name.to_owned(), escaped(&title.zh), escaped(&title.en)].into_iter().chain(counts),
            );
            for (column, words) in table.columns.iter().zip(headings) {
                out.line(
                    "column",
                    [column.name.to_owned(), holds(column.kind), escaped(&words.zh), escaped(&words.en)],
                );
            }
            if let Some(chart) = &table.chart {
                let (kind, columns) = drawn(chart);
                out.line("chart", [kind.to_owned()].into_iter().chain(columns.iter().map(usize::to_string)));
            }
            for row in &table.rows {
                if row.values.len() != table.columns.len() {
                    return None;
                }
                out.0.push_str("row\t");
                let _ = write!(out.0, "{}\t{}", row.depth, if row.total { "total" } else { "part" });
                for (value, column) in row.values.iter().zip(&table.columns) {
                    out.0.push('\t');
                    out.0.push_str(&cell(value, column.kind)?);
                }
                out.0.push('\n');
            }
        }
        Some(out.0)
    }

    /// Reads the text of a report.
    ///
    /// # Errors
    /// [`ErrorKind::ReportForm`], with the line, for any text that [`Statement::encode`] would not have written, and for
    /// one that names a table, column, code or rule which this program does not have.
    pub fn decode(content: &[u8]) -> Result<Self> {
        if content.len() > MAX_TEXT {
            return Err(refused(1, "it is longer than any report"));
        }
        let text = std::str::from_utf8(content).map_err(|_| refused(1, NOT_A_REPORT))?;
        let body = text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
        let body = body.ok_or_else(|| refused(1, NOT_A_REPORT))?;
        let mut lines = Read { rest: body, line: 1 };
        let statement = lines.statement();
        let statement = statement.map_err(|what| refused(lines.line, what))?;
        // What was read leniently, a number with a sign or an escape that need not be, is found here.
        let again = statement.text().ok_or_else(|| refused(lines.line, OTHER_FORM))?;
        if again == text {
            return Ok(statement);
        }
        let same = again.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
        Err(refused(u64::try_from(same).unwrap_or(0) + 1, OTHER_FORM))
    }
}

const NOT_A_REPORT: &str = "it is not a report: its first line is not `hufu report v1`";
const OTHER_FORM: &str = "it is not written in the one form that a report has";
const MISPLACED: &str = "another line belongs here";
const MALFORMED: &str = "a field of it is malformed";
const UNKNOWN: &str = "it names something that this program does not have; read it with the version it was made with";
const COUNTS: &str = "there are more, or fewer, columns, cells or rows than it says";

fn refused(line: u64, what: &'static str) -> Error {
    ErrorKind::ReportForm { line, what }.into()
}

struct Lines(String);

impl Lines {
    fn line(&mut self, word: &str, fields: impl IntoIterator<Item = String>) {
        self.0.push_str(word);
        for field in fields {
            self.0.push('\t');
            self.0.push_str(&field);
        }
        self.0.push('\n');
    }
}

/// What a column holds, as a word; a list of codes with its name behind a colon.
fn holds(kind: Kind) -> String {
    match kind {
        Kind::Name => "name".to_owned(),
        Kind::Code(list) => format!("code:{list}"),
        Kind::Text => "text".to_owned(),
        Kind::Identifier => "identifier".to_owned(),
        Kind::Count => "count".to_owned(),
        Kind::Share => "share".to_owned(),
        Kind::Growth => "growth".to_owned(),
        Kind::Day => "day".to_owned(),
        Kind::Month => "month".to_owned(),
        Kind::Moment => "moment".to_owned(),
    }
}

fn kind(text: &str) -> Option<Kind> {
    Some(match text {
        "name" => Kind::Name,
        "text" => Kind::Text,
        "identifier" => Kind::Identifier,
        "count" => Kind::Count,
        "share" => Kind::Share,
        "growth" => Kind::Growth,
        "day" => Kind::Day,
        "month" => Kind::Month,
        "moment" => Kind::Moment,
        _ => Kind::Code(list(text.strip_prefix("code:")?)?),
    })
}

/// A chart as a word and the columns it is drawn from.
fn drawn(chart: &Chart) -> (&'static str, Vec<usize>) {
    let with = |first: usize, rest: &[usize]| [&[first], rest].concat();
    match chart {
        Chart::Bars { names, values } => ("bars", vec![*names, *values]),
        Chart::Stacked { names, parts } => ("stacked", with(*names, parts)),
        Chart::Line { along, values } => ("line", with(*along, values)),
        Chart::TreeMap { names, values } => ("tree-map", vec![*names, *values]),
    }
}

fn chart(word: &str, columns: &[usize]) -> Option<Chart> {
    Some(match (word, columns) {
        ("bars", [names, values]) => Chart::Bars { names: *names, values: *values },
        ("stacked", [names, parts @ ..]) => Chart::Stacked { names: *names, parts: parts.to_vec() },
        ("line", [along, values @ ..]) => Chart::Line { along: *along, values: values.to_vec() },
        ("tree-map", [names, values]) => Chart::TreeMap { names: *names, values: *values },
        _ => return None,
    })
}

/// A value as a cell of its column; none when the column does not hold such a value.
pub(super) fn cell(value: &Value, kind: Kind) -> Option<String> {
    Some(match (value, kind) {
        (Value::Empty, _) => "-".to_owned(),
        (Value::Name { zh, en }, Kind::Name) => format!("{}|{}", escaped(zh), escaped(en)),
        (Value::Code(text), Kind::Code(_)) | (Value::Text(text), Kind::Text | Kind::Identifier) => {
            match text.as_str() {
                "-" => r"\-".to_owned(),
                text => escaped(text),
            }
        }
        (Value::Count(n), Kind::Count) | (Value::Share(n), Kind::Share) => n.to_string(),
        (Value::Growth(growth), Kind::Growth) => format!("{}>{}", growth.previous, growth.current),
        (Value::Day(day), Kind::Day) => day.to_string(),
        (Value::Month(day), Kind::Month) => day.to_string().get(..7)?.to_owned(),
        (Value::Moment(at), Kind::Moment) => at.to_string(),
        _ => return None,
    })
}

fn value(text: &str, kind: Kind) -> Option<Value> {
    if text == "-" {
        return Some(Value::Empty);
    }
    Some(match kind {
        Kind::Name => {
            let mut bars = text.match_indices('|').filter(|(at, _)| !is_escaped(text, *at));
            let (zh, en) = text.split_at(bars.next()?.0);
            Value::Name { zh: plain(zh)?, en: plain(en.strip_prefix('|')?)? }
        }
        Kind::Code(_) => Value::Code(plain(text)?),
        Kind::Text | Kind::Identifier => Value::Text(plain(text)?),
        Kind::Count => Value::Count(text.parse().ok()?),
        Kind::Share => Value::Share(text.parse().ok()?),
        Kind::Growth => {
            let (previous, current) = text.split_once('>')?;
            Value::Growth(Growth { previous: previous.parse().ok()?, current: current.parse().ok()? })
        }
        Kind::Day => Value::Day(text.parse().ok()?),
        Kind::Month => Value::Month(format!("{text}-01").parse().ok()?),
        Kind::Moment => Value::Moment(text.parse().ok()?),
    })
}

/// A text without the characters that lines and fields are made of.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\t' => out.push_str(r"\t"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '|' => out.push_str(r"\|"),
            c => out.push(c),
        }
    }
    out
}

/// The text that an escaped one stands for.
fn plain(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.push(match c {
            '\\' => match rest.next()? {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                c @ ('\\' | '|' | '-') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

/// Whether the character at `at` belongs to an escape: an odd number of reversed strokes stands before it.
fn is_escaped(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// The catalogue's own copy of a name: what stands behind `prefix` in one of its keys.
fn known(prefix: &str, name: &str) -> Option<&'static str> {
    keys(Lang::En).filter_map(|key| key.strip_prefix(prefix)).find(|found| *found == name)
}

/// The catalogue's own copy of the name of a list of codes.
fn list(name: &str) -> Option<&'static str> {
    // Ids of profiles are codes that the catalogue does not know.
    const IDS: &str = "profile";
    if name == IDS {
        return Some(IDS);
    }
    let of = |key: &'static str| {
        let key = key.strip_prefix("label-").unwrap_or(key);
        key.strip_prefix(name)?.strip_prefix('-')?;
        key.get(..name.len())
    };
    keys(Lang::En).find_map(of).filter(|name| !name.is_empty())
}

/// Reads the lines, and knows at which it is.
struct Read<'t> {
    rest: &'t str,
    line: u64,
}

type Taken<T> = std::result::Result<T, &'static str>;

impl<'t> Read<'t> {
    /// The next line's fields when it begins with `word`.
    fn optional(&mut self, word: &str) -> Option<Vec<&'t str>> {
        let (line, rest) = self.rest.split_once('\n')?;
        let mut fields = line.split('\t');
        if fields.next() != Some(word) {
            return None;
        }
        self.line += 1;
        self.rest = rest;
        Some(fields.collect())
    }

    fn fields(&mut self, word: &str) -> Taken<Vec<&'t str>> {
        self.optional(word).ok_or_else(|| {
            self.line += 1;
            MISPLACED
        })
    }

    /// A line with so many fields.
    fn take<const N: usize>(&mut self, word: &str) -> Taken<[&'t str; N]> {
        self.fields(word)?.try_into().map_err(|_| MALFORMED)
    }

    fn one<T: std::str::FromStr>(&mut self, word: &str) -> Taken<T> {
        let [field] = self.take(word)?;
        parsed(field)
    }

    fn statement(&mut self) -> Taken<Statement> {
        let [program] = self.take("program")?;
        let [authority, ca, root] = self.take("authority")?;
        let (program, authority) = (unescaped(program)?, unescaped(authority)?);
        let (ca, root) = (parsed(ca)?, parsed(root)?);
        let [operator, office, signed_at] = self.take("signer")?;
        let (operator, office, signed_at) = (parsed(operator)?, parsed(office)?, parsed(signed_at)?);
        let [origin, size, ledger_root] = self.take("ledger")?;
        let (origin, size, ledger_root) = (unescaped(origin)?, parsed(size)?, parsed(ledger_root)?);
        let [checkpoint] = self.take("checkpoint")?;
        let checkpoint = pem::read_base64(checkpoint.as_bytes()).map_err(|_| MALFORMED)?;
        let kind = self.one("report")?;
        let (at, as_of) = (self.one("at")?, self.one("as-of")?);
        let period = match self.optional("period").as_deref() {
            Some([from, to]) => Some((parsed::<Day>(from)?, parsed::<Day>(to)?)),
            Some(_) => return Err(MALFORMED),
            None => None,
        };
        let unit = self.one("unit")?;
        let asked = self.asked()?;
        let (mut rules, mut words) = (Vec::new(), StatedWords { rules: Vec::new(), tables: Vec::new() });
        while let Some(fields) = self.optional("rule") {
            let [key, zh, en] = fields.try_into().map_err(|_| MALFORMED)?;
            if rules.len() == MAX_PARTS {
                return Err(COUNTS);
            }
            rules.push(known("", key).filter(|key| key.starts_with("rule-")).ok_or(UNKNOWN)?);
            words.rules.push(stated(zh, en)?);
        }
        let mut tables = Vec::new();
        let mut room = MAX_CELLS;
        while let Some(fields) = self.optional("table") {
            if tables.len() == MAX_PARTS {
                return Err(COUNTS);
            }
            let [name, zh, en, columns, rows] = fields.try_into().map_err(|_| MALFORMED)?;
            let name = known("table-", name).ok_or(UNKNOWN)?;
            let title = stated(zh, en)?;
            let (columns, rows): (usize, usize) = (parsed(columns)?, parsed(rows)?);
            let cells = columns.checked_mul(rows).filter(|cells| *cells <= room).ok_or(COUNTS)?;
            if columns == 0 || columns > MAX_PARTS {
                return Err(COUNTS);
            }
            room -= cells;
            let (table, headings) = self.table(name, columns, rows)?;
            tables.push(table);
            words.tables.push((title, headings));
        }
        if !self.rest.is_empty() {
            self.line += 1;
            return Err(MISPLACED);
        }
        let report = Report { kind, at, as_of, period, unit, asked, tables, rules };
        Ok(Statement {
            program,
            authority,
            ca,
            root,
            operator,
            office,
            signed_at,
            origin,
            size,
            ledger_root,
            checkpoint,
            report,
            words,
        })
    }

    fn asked(&mut self) -> Taken<Vec<(&'static str, String)>> {
        let mut given = Vec::new();
        while let Some(fields) = self.optional("asked") {
            let [name, value] = fields.try_into().map_err(|_| MALFORMED)?;
            if given.len() == MAX_PARTS {
                return Err(COUNTS);
            }
            given.push((name, unescaped(value)?));
        }
        let pairs: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(Asked::from_given(&pairs).ok_or(MALFORMED)?.given())
    }

    fn table(&mut self, name: &'static str, columns: usize, rows: usize) -> Taken<(Table, Vec<Stated>)> {
        let mut headings = Vec::with_capacity(columns);
        let mut table = Table { name, columns: Vec::with_capacity(columns), rows: Vec::new(), chart: None };
        for _ in 0..columns {
            let [name, holds, zh, en] = self.take("column")?;
            let name = known("col-", name).ok_or(UNKNOWN)?;
            table.columns.push(Column::new(name, kind(holds).ok_or(UNKNOWN)?));
            headings.push(stated(zh, en)?);
        }
        if let Some(fields) = self.optional("chart") {
            let (word, places) = fields.split_first().ok_or(MALFORMED)?;
            let places = places.iter().map(|place| parsed(place)).collect::<Taken<Vec<usize>>>()?;
            if places.len() > MAX_PARTS || places.iter().any(|place| *place >= columns) {
                return Err(COUNTS);
            }
            table.chart = Some(chart(word, &places).ok_or(UNKNOWN)?);
        }
        for _ in 0..rows {
            let fields = self.fields("row")?;
            let [depth, part, cells @ ..] = fields.as_slice() else { return Err(MALFORMED) };
            if cells.len() != columns {
                return Err(COUNTS);
            }
            let total = match *part {
                "total" => true,
                "part" => false,
                _ => return Err(MALFORMED),
            };
            let values = cells.iter().zip(&table.columns).map(|(cell, column)| value(cell, column.kind));
            let values = values.collect::<Option<Vec<_>>>().ok_or(MALFORMED)?;
            // Whoever shows the tree indents by it.
            let depth = parsed(depth).and_then(|depth| if depth < MAX_PARTS { Ok(depth) } else { Err(COUNTS) })?;
            table.rows.push(Row { depth, total, values });
        }
        Ok((table, headings))
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Taken<T> {
    text.parse().map_err(|_| MALFORMED)
}

fn unescaped(text: &str) -> Taken<String> {
    plain(text).ok_or(MALFORMED)
}

fn stated(zh: &str, en: &str) -> Taken<Stated> {
    Ok(Stated { zh: unescaped(zh)?, en: unescaped(en)? })
}

#[cfg(test)]
mod tests;
