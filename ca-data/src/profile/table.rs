//! A TOML table whose every value knows its line.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ProfileError, line_of};

/// A TOML table of the text it was read from.
pub(super) struct Table<'a> {
    text: &'a str,
    prefix: &'static str,
    span: Range<usize>,
    values: &'a DeTable<'a>,
}

/// Where a value stands.
pub(super) struct Line<'a> {
    text: &'a str,
    key: String,
    span: Range<usize>,
}

impl Line<'_> {
    /// What is wrong at this place.
    pub(super) fn fault(&self, what: impl Into<String>) -> ProfileError {
        ProfileError { line: line_of(self.text, &self.span), key: self.key.clone(), what: what.into() }
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(text: &'a str, prefix: &'static str, span: Range<usize>, values: &'a DeTable<'a>) -> Self {
        Self { text, prefix, span, values }
    }

    /// Refuses every key that is not `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ProfileError> {
        let mut unknown: Vec<_> = self.values.keys().filter(|k| !known.contains(&k.get_ref().as_ref())).collect();
        unknown.sort_by_key(|k| k.span().start);
        match unknown.first() {
            None => Ok(()),
            Some(key) => {
                let line = self.line(key.get_ref(), key.span());
                Err(line.fault(format!("unknown key; known are {}", known.join(", "))))
            }
        }
    }

    /// Where `key` stands; the table's own first line when it is missing.
    pub(super) fn at(&self, key: &str) -> Line<'a> {
        let span = self.values.get(key).map_or(self.span.clone(), Spanned::span);
        self.line(key, span)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.get(key).is_some()
    }

    pub(super) fn text(&self, key: &str) -> Result<(&'a str, Line<'a>), ProfileError> {
        let (value, line) = self.value(key)?;
        match value.as_str() {
            Some(text) => Ok((text, line)),
            None => Err(line.fault(wrong_type("a text in quotation marks", value))),
        }
    }

    pub(super) fn boolean(&self, key: &str) -> Result<(bool, Line<'a>), ProfileError> {
        let (value, line) = self.value(key)?;
        match value.as_bool() {
            Some(value) => Ok((value, line)),
            None => Err(line.fault(wrong_type("true or false", value))),
        }
    }

    /// A number of days, at least 1.
    pub(super) fn days(&self, key: &str) -> Result<(u32, Line<'a>), ProfileError> {
        let (value, line) = self.value(key)?;
        let number = value.as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        match number {
            Some(days) if days > 0 => Ok((days, line)),
            _ => Err(line.fault("a whole number of days from 1 is needed")),
        }
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, key: &str) -> Result<(T, Line<'a>), ProfileError> {
        let (text, line) = self.text(key)?;
        match text.parse() {
            Ok(value) => Ok((value, line)),
            Err(e) => Err(line.fault(e.to_string())),
        }
    }

    /// A list of texts, each of which is a `T` and none of which stands there twice.
    pub(super) fn parsed_list<T: FromStr<Err: Display> + PartialEq>(
        &self,
        key: &str,
    ) -> Result<(Vec<T>, Line<'a>), ProfileError> {
        let (value, line) = self.value(key)?;
        let Some(array) = value.as_array() else {
            return Err(line.fault(wrong_type("a list in square brackets", value)));
        };
        let mut list = Vec::new();
        for item in array.iter() {
            let at = self.line(key, item.span());
            let Some(text) = item.get_ref().as_str() else {
                return Err(at.fault(wrong_type("a text in quotation marks", item.get_ref())));
            };
            let value: T = text.parse().map_err(|e: T::Err| at.fault(e.to_string()))?;
            if list.contains(&value) {
                return Err(at.fault(format!("{text:?} stands there twice")));
            }
            list.push(value);
        }
        Ok((list, line))
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Result<Vec<Table<'a>>, ProfileError> {
        let (value, line) = self.value(key)?;
        let Some(array) = value.as_array() else {
            return Err(line.fault(wrong_type("one or more [[tables]]", value)));
        };
        let tables = array.iter().map(|item| match item.get_ref().as_table() {
            Some(values) => Ok(Table::new(self.text, key, item.span(), values)),
            None => Err(self.line(key, item.span()).fault(wrong_type("a [[table]]", item.get_ref()))),
        });
        tables.collect()
    }

    fn value(&self, key: &str) -> Result<(&'a DeValue<'a>, Line<'a>), ProfileError> {
        let found = self.values.get(key).ok_or_else(|| self.at(key).fault("this key is missing"))?;
        Ok((found.get_ref(), self.at(key)))
    }

    fn line(&self, key: &str, span: Range<usize>) -> Line<'a> {
        let key = if self.prefix.is_empty() { key.to_owned() } else { format!("{}.{key}", self.prefix) };
        Line { text: self.text, key, span }
    }
}

fn wrong_type(wanted: &str, found: &DeValue<'_>) -> String {
    format!("{wanted} is needed, here is a value of type {}", found.type_str())
}
