//! The words of a report: headings, codes, numbers and times as people read them, in one language.

use hufu_authority::data::{Lang, message, render};
use hufu_authority::model::time::{DISPLAY_OFFSET, Day, Instant};
use hufu_authority::report::{Growth, Kind, Report, Row, Table, Value};

use crate::error::clean;

/// What is said where nothing is known.
pub(crate) const NOTHING: &str = "—";

/// The words of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    /// The language.
    pub(crate) lang: Lang,
}

impl Words {
    /// A text of the catalogue; its key where it has none, so that a gap is seen.
    pub(crate) fn say(self, key: &str) -> String {
        message(self.lang, key).unwrap_or(key).trim_end().to_owned()
    }

    /// A text of the catalogue with values.
    pub(crate) fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        render(self.lang, key, values).trim_end().to_owned()
    }

    /// The heading of a column.
    pub(crate) fn heading(self, column: &str) -> String {
        self.say(&format!("col-{column}"))
    }

    /// The same in the form of a sentence, as pages and workbooks have it: English headings of terminals are in capitals.
    pub(crate) fn caption(self, column: &str) -> String {
        let heading = self.heading(column);
        if heading.chars().any(char::is_lowercase) {
            return heading;
        }
        let word = |(place, word): (usize, &str)| match word.trim_matches(|c: char| !c.is_alphanumeric()) {
            "RA" | "LRA" | "CA" | "ID" | "SM2" | "SM3" | "RSA" | "CRL" | "CSR" | "HTTP" => word.to_owned(),
            _ if place > 0 => word.to_lowercase(),
            _ => word.char_indices().map(|(n, c)| if n == 0 { c } else { c.to_ascii_lowercase() }).collect(),
        };
        heading.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ")
    }

    /// What a report is called.
    pub(crate) fn title(self, report: &Report) -> String {
        self.say(&format!("title-report-{}", report.kind.code()))
    }

    /// What a table is called.
    pub(crate) fn table(self, table: &Table) -> String {
        self.say(&format!("table-{}", table.name))
    }

    /// A code of the list `prefix` as a word, of the reports' own words or of those that lists have; the code itself where
    /// neither knows it: ids of profiles are codes, too.
    pub(crate) fn code(self, prefix: &str, code: &str) -> String {
        let of = |key: String| message(self.lang, &key);
        let word = of(format!("{prefix}-{code}")).or_else(|| of(format!("label-{prefix}-{code}")));
        word.map_or_else(|| clean(code), |word| word.trim_end().to_owned())
    }

    /// A name in this language; in Chinese where there is no other.
    pub(crate) fn name<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        if (self.lang == Lang::En && !en.is_empty()) || zh.is_empty() { en } else { zh }
    }

    /// A value of a column as people read it; empty where there is none.
    pub(crate) fn value(self, value: &Value, kind: Kind) -> String {
        match value {
            Value::Empty => String::new(),
            Value::Name { zh, en } => clean(self.name(zh, en)),
            Value::Code(code) => match kind {
                Kind::Code(prefix) => self.code(prefix, code),
                _ => clean(code),
            },
            Value::Text(text) => clean(text),
            Value::Count(n) => count(*n),
            Value::Share(parts) => percent(*parts),
            Value::Growth(growth) => self.growth(*growth),
            Value::Day(day) => day.to_string(),
            Value::Month(day) => month(*day),
            Value::Moment(at) => moment(*at),
        }
    }

    /// Growth as the bulletin words it: 30.0%, from twofold up 7.6x or 7.6倍.
    pub(crate) fn growth(self, growth: Growth) -> String {
        let text = growth.text();
        match text.strip_suffix('x') {
            Some(times) if self.lang == Lang::Zh => format!("{times}倍"),
            _ => text,
        }
    }

    /// The name that a picture gives to a row.
    pub(crate) fn label(self, row: &Row, column: usize, kind: Kind) -> String {
        row.values
            .get(column)
            .map(|value| self.value(value, kind))
            .filter(|t| !t.is_empty())
            .unwrap_or(NOTHING.to_owned())
    }

    /// What a report is about: its two times, its period, its unit and what it was narrowed to; names and values.
    pub(crate) fn about(self, report: &Report) -> Vec<(String, String)> {
        let mut out = vec![
            (self.say("about-at"), moment(report.at)),
            (self.say("about-as-of"), moment(report.as_of)),
            (self.say("about-unit"), self.say(&format!("unit-{}", report.unit.code()))),
        ];
        if let Some((from, to)) = report.period {
            let last = Day::from_number(to.number() - 1);
            let text = self.fill("about-from-to", &[("from", &from.to_string()), ("to", &last.to_string())]);
            out.insert(0, (self.say("about-period"), text));
        }
        // What stands above is said already.
        let further = report.asked.iter().filter(|(name, _)| !matches!(*name, "at" | "as-of" | "from" | "to" | "unit"));
        out.extend(further.map(|(name, value)| (self.say(&format!("about-{name}")), self.asked(name, value))));
        out
    }

    fn asked(self, name: &str, value: &str) -> String {
        match name {
            "by" | "tree" => self.code(name, value),
            "medium" => self.code("medium", value),
            _ => clean(value),
        }
    }

    /// The rules a report was counted by.
    pub(crate) fn rules(self, report: &Report) -> Vec<String> {
        report.rules.iter().map(|key| self.say(key)).collect()
    }

    /// Everything that is said under a report, a line each.
    pub(crate) fn notes(self, report: &Report) -> Vec<String> {
        let colon = if self.lang == Lang::Zh { "：" } else { ": " };
        let about = self.about(report).into_iter().map(|(name, value)| format!("{name}{colon}{value}"));
        about.chain(self.rules(report)).collect()
    }
}

/// A whole number with its thousands apart: 710,000.
pub(crate) fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Ten-thousandths as percent, rounded half away from zero to a tenth: 30.0%.
pub(crate) fn percent(parts: i64) -> String {
    let tenths = (parts.unsigned_abs() + 5) / 10;
    format!("{}{}.{}%", if parts < 0 && tenths > 0 { "-" } else { "" }, count_unsigned(tenths / 10), tenths % 10)
}

fn count_unsigned(n: u64) -> String {
    count(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A month: 2018-06.
pub(crate) fn month(day: Day) -> String {
    let text = day.to_string();
    text.get(..7).map_or(text.clone(), str::to_owned)
}

/// An instant in UTC+08:00, to the second: 2018-06-30 12:00:00.
pub(crate) fn moment(at: Instant) -> String {
    let text = at.plus_seconds(i64::from(DISPLAY_OFFSET.whole_seconds())).to_string();
    text.get(..19).map_or(text.clone(), |t| t.replace('T', " "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_are_read_in_groups() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (710_000, "710,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(i64::MIN), "-9,223,372,036,854,775,808");
        for (parts, text) in
            [(3000, "30.0%"), (8966, "89.7%"), (0, "0.0%"), (-4, "0.0%"), (-5, "-0.1%"), (76_006, "760.1%")]
        {
            assert_eq!(percent(parts), text, "{parts}");
        }
    }

    #[test]
    fn growth_and_times_are_worded_in_both_languages() {
        let growth = Growth { previous: 7_006, current: 60_256 };
        assert_eq!(Words { lang: Lang::Zh }.growth(growth), "7.6倍");
        assert_eq!(Words { lang: Lang::En }.growth(growth), "7.6x");
        let at: Instant = "2018-06-30".parse().unwrap();
        assert_eq!(moment(at), "2018-06-30 23:59:59");
        assert_eq!(month(at.day()), "2018-06");
    }

    #[test]
    fn a_name_without_english_is_chinese() {
        assert_eq!(Words { lang: Lang::En }.name("四川省", ""), "四川省");
        assert_eq!(Words { lang: Lang::En }.name("四川省", "Sichuan"), "Sichuan");
        assert_eq!(Words { lang: Lang::Zh }.name("四川省", "Sichuan"), "四川省");
    }
}
