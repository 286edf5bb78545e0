//! Which organisation is credited with an imported certificate: its column, a rule, `--org`, or nobody yet.

use std::collections::HashMap;
use std::path::Path;

use hufu_model::ident::{Digest, OrgId};
use hufu_model::operator::Operator;
use hufu_model::org::{OrgKind, OrgStatus, OrgTree, Organisation, RegionCode};
use hufu_x509::digest::sm3;

use super::entry::Entry;
use crate::error::{ErrorKind, Result};
use crate::home;

/// The organisation of the certificates that nobody is credited with. It stands below the CA, and an import makes it when it
/// is needed first.
pub const UNASSIGNED: &str = "unassigned";

/// The organisation of [`UNASSIGNED`].
pub(super) fn unassigned() -> Result<Organisation> {
    Ok(Organisation {
        id: UNASSIGNED.parse()?,
        parent: Some(crate::init::ca_org()?),
        kind: OrgKind::MinistryRa,
        name: "未归属".to_owned(),
        name_en: "Unassigned".to_owned(),
        region: None,
        limits: hufu_model::org::Limits::default(),
        status: OrgStatus::Active,
    })
}

/// Rules that credit certificates to organisations by what they say about themselves: a TOML text of `[[rule]]` tables, the
/// first that fits counts.
///
/// Each has `org`, the id of an organisation, and at least one condition, all of which must hold: `issuer` and `unit` are
/// texts in which `*` stands for any characters, compared with the issuer's DN and the unit; `name` the same for the
/// organisation as the source names it; `region` is a division code that is that of the certificate or contains it.
///
/// ```
/// let rules = hufu_authority::import::OrgRules::from_toml(
///     "[[rule]]\nissuer = \"*O=四川省CA*\"\nregion = \"510100\"\norg = \"lra-chengdu\"\n",
/// )?;
/// assert_eq!(rules.orgs().next().map(|org| org.as_str()), Some("lra-chengdu"));
/// assert!(hufu_authority::import::OrgRules::from_toml("[[rule]]\norg = \"lra-chengdu\"\n").is_err());
/// # Ok::<(), hufu_authority::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRules {
    rules: Vec<Rule>,
    digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    issuer: Option<String>,
    unit: Option<String>,
    name: Option<String>,
    region: Option<RegionCode>,
    org: OrgId,
}

impl OrgRules {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`ErrorKind::File`]; as [`OrgRules::from_toml`].
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = home::read(path)?;
        let text = String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8".to_owned()))?;
        Self::from_toml(&text)
    }

    /// Reads rules.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] for anything but rules as described, with the number of the rule.
    pub fn from_toml(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| fault(e.to_string()))?;
        if let Some(key) = table.keys().find(|key| *key != "rule") {
            return Err(fault(format!("it has the entry {key:?} beside its rules")));
        }
        let list = table.get("rule").and_then(toml::Value::as_array);
        let list = list.filter(|list| !list.is_empty()).ok_or_else(|| fault("it has no [[rule]]".to_owned()))?;
        let rules = list.iter().zip(1..).map(|(value, n)| rule(value, n)).collect::<Result<_>>()?;
        Ok(Self { rules, digest: sm3(text.as_bytes()) })
    }

    /// The organisations that the rules name.
    pub fn orgs(&self) -> impl Iterator<Item = &OrgId> {
        self.rules.iter().map(|rule| &rule.org)
    }

    /// SM3 of the text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn org(&self, entry: &Entry) -> Option<&OrgId> {
        let named = entry.org.as_ref().map(OrgId::as_str).or(entry.org_text.as_deref()).unwrap_or_default();
        let fits = |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|p| matches(p, text));
        let rule = self.rules.iter().find(|rule| {
            fits(&rule.issuer, &entry.issuer)
                && fits(&rule.unit, entry.unit_name.as_deref().unwrap_or_default())
                && fits(&rule.name, named)
                && rule.region.is_none_or(|region| entry.region.is_some_and(|code| region.contains(&code)))
        });
        rule.map(|rule| &rule.org)
    }
}

fn fault(what: String) -> crate::Error {
    ErrorKind::Unreadable { wanted: "a file of rules", what }.into()
}

fn rule(value: &toml::Value, n: usize) -> Result<Rule> {
    let table = value.as_table().ok_or_else(|| fault(format!("rule {n} is no table")))?;
    if let Some(key) = table.keys().find(|k| !["issuer", "unit", "name", "region", "org"].contains(&k.as_str())) {
        return Err(fault(format!("rule {n} has the entry {key:?}, which no rule has")));
    }
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(toml::Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(fault(format!("{key} of rule {n} is no text, or an empty one"))),
    };
    let org = text("org")?.ok_or_else(|| fault(format!("rule {n} names no org")))?.parse()?;
    let region = text("region")?.map(|code| code.parse::<RegionCode>()).transpose()?;
    let rule = Rule { issuer: text("issuer")?, unit: text("unit")?, name: text("name")?, region, org };
    if rule.issuer.is_none() && rule.unit.is_none() && rule.name.is_none() && rule.region.is_none() {
        return Err(fault(format!("rule {n} has no condition; give --org for all certificates")));
    }
    Ok(rule)
}

/// Whether a text is what a pattern with `*` says.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = text.get(at + part.len()..).unwrap_or_default();
    }
    true
}

/// Credits entries to organisations.
pub(super) struct Credit<'a> {
    tree: &'a OrgTree,
    by: &'a Operator,
    rules: Option<&'a OrgRules>,
    default: Option<&'a OrgId>,
    /// Organisations by their names in either language, where only one has that name.
    names: HashMap<&'a str, Option<&'a OrgId>>,
    unassigned: OrgId,
}

/// Where a certificate is counted.
pub(super) enum Credited {
    /// Under this organisation.
    To(OrgId),
    /// Under [`UNASSIGNED`]; what the source says names no organisation.
    Nobody {
        /// Whether the source names one that is not known.
        named: bool,
    },
    /// It is not the operator's business.
    Outside,
}

impl<'a> Credit<'a> {
    pub(super) fn new(
        tree: &'a OrgTree,
        by: &'a Operator,
        rules: Option<&'a OrgRules>,
        default: Option<&'a OrgId>,
    ) -> Result<Self> {
        let mut names = HashMap::new();
        for org in tree.iter() {
            for name in [org.name.as_str(), org.name_en.as_str()].into_iter().filter(|name| !name.is_empty()) {
                names.entry(name).and_modify(|known| *known = None).or_insert(Some(&org.id));
            }
        }
        Ok(Self { tree, by, rules, default, names, unassigned: UNASSIGNED.parse()? })
    }

    pub(super) fn of(&self, entry: &Entry) -> Credited {
        let column = match (&entry.org, &entry.org_text) {
            (Some(id), _) if self.tree.get(id).is_ok() => Some(id),
            (None, Some(name)) => self.names.get(name.trim()).copied().flatten(),
            _ => None,
        };
        let rule = || self.rules.and_then(|rules| rules.org(entry));
        let Some(org) = column.or_else(rule).or(self.default) else {
            // Only the CA keeps what is nobody's.
            let ca = self.tree.get(&self.by.org).is_ok_and(|org| org.kind == OrgKind::Ca);
            let named = entry.org.is_some() || entry.org_text.is_some();
            return if ca { Credited::Nobody { named } } else { Credited::Outside };
        };
        if *org == self.unassigned {
            return Credited::Nobody { named: false };
        }
        if self.tree.is_within(org, &self.by.org) { Credited::To(org.clone()) } else { Credited::Outside }
    }

    pub(super) fn unassigned(&self) -> &OrgId {
        &self.unassigned
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*a", "ab", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*CA*", "O=CA 1", true),
            ("**", "x", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "rule = 1",
            "rules = []",
            "[[rule]]\norg = 'ra'",
            "[[rule]]\nissuer = 'x'",
            "[[rule]]\nissuer = ''\norg = 'ra'",
            "[[rule]]\nissuer = 7\norg = 'ra'",
            "[[rule]]\nissuers = 'x'\norg = 'ra'",
            "[[rule]]\nregion = '5'\norg = 'ra'",
            "[[rule]]\nissuer = 'x'\norg = 'RA 1'",
            "[[rule]\n",
        ] {
            assert!(OrgRules::from_toml(text).is_err(), "{text}");
        }
        let text = "[[rule]]\nissuer = 'x'\norg = 'ra'\n[[rule]]\nunit = '*'\norg = 'rb'\n";
        let rules = OrgRules::from_toml(text).unwrap();
        assert_eq!(rules.orgs().map(OrgId::as_str).collect::<Vec<_>>(), ["ra", "rb"]);
        assert_eq!(rules.digest(), sm3(text.as_bytes()));
    }
}
