//! Certificate profiles as TOML texts: read strictly, because what is recorded and pinned by requests is the text itself.

use std::fmt;
use std::ops::Range;

use hufu_model::certificate::Algorithm;
use hufu_model::holder::HolderKind;
use hufu_model::profile::{Hosts, Profile, ProfileClass};
use hufu_model::text::check_name;
use toml::de::DeTable;

use table::{Line, Table};

mod rules;
mod subject;
mod table;

/// A profile's text may have this many octets.
const MAX_LENGTH: usize = 65_536;

const KEYS: [&str; 12] = [
    "id",
    "title_zh",
    "title_en",
    "class",
    "algorithm",
    "holders",
    "default_days",
    "max_days",
    "key_usage",
    "extended_key_usage",
    "policy",
    "hosts",
];

/// Keys that may be left out.
const OPTIONAL: [&str; 3] = ["renewable", "suspendable", "pair_with"];

const PROFILES: [(&str, &str); 15] = [
    ("root", include_str!("../profiles/root.toml")),
    ("issuing-ca", include_str!("../profiles/issuing-ca.toml")),
    ("ledger-signer", include_str!("../profiles/ledger-signer.toml")),
    ("ocsp-responder", include_str!("../profiles/ocsp-responder.toml")),
    ("operator", include_str!("../profiles/operator.toml")),
    ("person-sign", include_str!("../profiles/person-sign.toml")),
    ("organisation-sign", include_str!("../profiles/organisation-sign.toml")),
    ("device-sign", include_str!("../profiles/device-sign.toml")),
    ("tls-server", include_str!("../profiles/tls-server.toml")),
    ("tls-client", include_str!("../profiles/tls-client.toml")),
    ("person-enc", include_str!("../profiles/person-enc.toml")),
    ("organisation-enc", include_str!("../profiles/organisation-enc.toml")),
    ("device-enc", include_str!("../profiles/device-enc.toml")),
    ("tls-server-enc", include_str!("../profiles/tls-server-enc.toml")),
    ("tls-client-enc", include_str!("../profiles/tls-client-enc.toml")),
];

/// Why a text is no certificate profile. Its `Display` names line and key and says what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    line: usize,
    key: String,
    what: String,
}

impl ProfileError {
    /// The line of the fault, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The key of the fault; empty when the text is no TOML at all.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong and what would be right.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "line {}: {}", self.line, self.what),
            key => write!(f, "line {}: {}: {}", self.line, key.escape_debug(), self.what),
        }
    }
}

impl std::error::Error for ProfileError {}

/// The profiles that are shipped: identifier and TOML text, CA profiles first.
#[must_use]
pub fn profiles() -> &'static [(&'static str, &'static str)] {
    &PROFILES
}

/// A shipped profile by its identifier.
#[must_use]
pub fn profile(id: &str) -> Option<Profile> {
    let (_, text) = PROFILES.iter().find(|(name, _)| *name == id)?;
    profile_from_toml(text).ok()
}

/// Reads a profile and checks every rule of it: no key is unknown or missing, values exist, days are in order, key usages
/// fit the class, the subject can be built.
///
/// # Errors
/// The first fault, with its line and key.
pub fn profile_from_toml(text: &str) -> Result<Profile, ProfileError> {
    if text.len() > MAX_LENGTH {
        let what = format!("{} octets are too many, a profile has at most {MAX_LENGTH}", text.len());
        return Err(ProfileError { line: 1, key: String::new(), what });
    }
    let parsed = DeTable::parse(text).map_err(|e| {
        let line = e.span().map_or(1, |span| line_of(text, &span));
        ProfileError { line, key: String::new(), what: format!("this is not TOML: {}", e.message().trim()) }
    })?;
    let table = Table::new(text, "", parsed.span(), parsed.get_ref());
    let mut known = KEYS.to_vec();
    known.extend(OPTIONAL);
    known.push("subject");
    table.only(&known)?;

    let title = |key| -> Result<String, ProfileError> {
        let (value, line) = table.text(key)?;
        check_name(value, 64).map_err(|e| line.fault(e.to_string()))?;
        Ok(value.to_owned())
    };
    let profile = Profile {
        id: table.parsed("id")?.0,
        title_zh: title("title_zh")?,
        title_en: title("title_en")?,
        class: class(&table)?,
        algorithm: algorithm(&table)?,
        holders: table.parsed_list::<HolderKind>("holders")?.0,
        default_days: table.days("default_days")?.0,
        max_days: table.days("max_days")?.0,
        key_usage: table.parsed_list("key_usage")?.0,
        extended_key_usage: table.parsed_list("extended_key_usage")?.0,
        policy: rules::policy(&table)?,
        subject: subject::rules(&table)?,
        hosts: hosts(&table)?,
        renewable: allowed(&table, "renewable")?,
        suspendable: allowed(&table, "suspendable")?,
        pair_with: if table.has("pair_with") { Some(table.parsed("pair_with")?.0) } else { None },
        source: text.to_owned(),
    };
    rules::check(&table, &profile)?;
    Ok(profile)
}

/// A right that a profile gives only when it says so.
fn allowed(table: &Table<'_>, key: &str) -> Result<bool, ProfileError> {
    if table.has(key) { Ok(table.boolean(key)?.0) } else { Ok(false) }
}

fn class(table: &Table<'_>) -> Result<ProfileClass, ProfileError> {
    let (value, line) = table.text("class")?;
    match value {
        "root" => Ok(ProfileClass::Root),
        "issuing-ca" => Ok(ProfileClass::IssuingCa),
        "end-entity" => Ok(ProfileClass::EndEntity),
        other => Err(line.fault(format!("{other:?} is none of root, issuing-ca and end-entity"))),
    }
}

fn algorithm(table: &Table<'_>) -> Result<Algorithm, ProfileError> {
    let (algorithm, line): (Algorithm, Line<'_>) = table.parsed("algorithm")?;
    match algorithm {
        Algorithm::Sm2 => Ok(algorithm),
        other => Err(line.fault(format!("certificates are signed with sm2 only, not {other}"))),
    }
}

fn hosts(table: &Table<'_>) -> Result<Hosts, ProfileError> {
    let (value, line) = table.text("hosts")?;
    match value {
        "unused" => Ok(Hosts::Unused),
        "required" => Ok(Hosts::Required),
        other => Err(line.fault(format!("{other:?} is neither unused nor required"))),
    }
}

/// The line a span begins in, counted from 1.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.as_bytes().iter().take(span.start).filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use hufu_model::profile::NameAttribute;

    use super::*;

    #[test]
    fn every_shipped_profile_is_read_and_carries_its_own_name() {
        for (id, text) in profiles() {
            let profile = profile_from_toml(text).unwrap_or_else(|e| panic!("{id}: {e}"));
            assert_eq!(profile.id.as_str(), *id);
            assert_eq!(profile.source, *text);
            assert_eq!(super::profile(id), Some(profile));
        }
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles")).unwrap().count();
        assert_eq!(files, profiles().len());
        assert_eq!(profile("nothing"), None);
    }

    /// GB/T 20518 Tables C.3 and C.4: the halves of a pair share nothing but whom they are about.
    #[test]
    fn the_halves_of_a_pair_are_complementary() {
        let mut pairs = 0;
        for (id, _) in profiles() {
            let signing = profile(id).unwrap();
            let Some(companion) = &signing.pair_with else { continue };
            let encryption = profile(companion.as_str()).unwrap();
            assert!(signing.signs_only() && encryption.encrypts_only(), "{id}");
            let of =
                |p: &Profile| (p.holders.clone(), p.max_days, p.subject.clone(), p.hosts, p.extended_key_usage.clone());
            assert_eq!(of(&signing), of(&encryption), "{id}");
            assert_eq!(encryption.pair_with, None);
            pairs += 1;
        }
        assert_eq!(pairs, 5);
    }

    #[test]
    fn the_subject_keeps_the_order_of_the_file() {
        let person = profile("person-sign").unwrap();
        let order: Vec<_> = person.subject.iter().map(|r| r.attribute).collect();
        assert_eq!(order.first(), Some(&NameAttribute::Country));
        assert_eq!(order.last(), Some(&NameAttribute::CommonName));
        assert!(person.subject.iter().any(|r| r.field == "organisation" && !r.required));
    }

    /// What a change of the person profile's text is answered with: key and line.
    fn refused(from: &str, to: &str) -> (String, usize, String) {
        let text = super::PROFILES.iter().find(|(id, _)| *id == "person-sign").unwrap().1;
        assert!(text.contains(from), "{from}");
        let e = profile_from_toml(&text.replacen(from, to, 1)).expect_err(to);
        (e.key().to_owned(), e.line(), e.to_string())
    }

    #[test]
    fn each_fault_is_named_with_key_and_line() {
        for (from, to, key, line) in [
            ("id = \"person-sign\"", "id = \"../person\"", "id", 2),
            ("title_zh = \"个人签名证书\"", "title_zh = \"a\\u0000b\"", "title_zh", 3),
            ("title_en = ", "title_fr = ", "title_fr", 4),
            ("class = \"end-entity\"", "class = \"leaf\"", "class", 5),
            ("class = \"end-entity\"", "class = \"root\"", "holders", 7),
            ("algorithm = \"sm2\"", "algorithm = \"rsa\"", "algorithm", 6),
            ("[\"person\"]", "[\"person\", \"person\"]", "holders", 7),
            ("[\"person\"]", "[\"cat\"]", "holders", 7),
            ("[\"person\"]", "\"person\"", "holders", 7),
            ("default_days = 1095", "default_days = 1826", "default_days", 8),
            ("default_days = 1095", "default_days = 0", "default_days", 8),
            ("default_days = 1095", "default_days = \"1095\"", "default_days", 8),
            ("max_days = 1825", "max_days = 99999", "max_days", 9),
            ("\"nonRepudiation\"]", "\"keyCertSign\"]", "key_usage", 10),
            ("\"nonRepudiation\"]", "\"digitalSignature\"]", "key_usage", 10),
            ("[\"digitalSignature\", \"nonRepudiation\"]", "[]", "key_usage", 10),
            ("extended_key_usage = []", "extended_key_usage = [\"anyExtendedKeyUsage\"]", "extended_key_usage", 11),
            ("policy = \"1.3.6.1.4.1.32473.1.10\"", "policy = \"3.1\"", "policy", 12),
            ("policy = \"1.3.6.1.4.1.32473.1.10\"\n", "", "policy", 1),
            ("hosts = \"unused\"", "hosts = \"required\"", "hosts", 13),
            ("hosts = \"unused\"", "hosts = \"unused\"\nhosts = \"unused\"", "", 14),
            ("renewable = true", "renewable = 1", "renewable", 14),
            ("suspendable = true", "suspendable = \"yes\"", "suspendable", 15),
            ("pair_with = \"person-enc\"", "pair_with = \"../enc\"", "pair_with", 16),
            ("pair_with = \"person-enc\"", "pair_with = \"person-sign\"", "pair_with", 16),
            ("\"nonRepudiation\"]", "\"keyEncipherment\"]", "pair_with", 16),
            ("attribute = \"C\"", "attribute = \"CN\"", "subject.attribute", 19),
            ("attribute = \"ST\"", "attribute = \"C\"", "subject.attribute", 24),
            ("attribute = \"CN\"", "attribute = \"DC\"", "subject.attribute", 44),
            ("field = \"city\"", "field = \"town\"", "subject.field", 30),
            ("field = \"city\"", "field = \"document-number\"", "subject.field", 30),
            ("required = true", "required = 1", "subject.required", 21),
            ("required = true", "required = false", "subject.required", 21),
            ("required = true", "required = true\ncritical = true", "subject.critical", 22),
        ] {
            let (found_key, found_line, text) = refused(from, to);
            assert_eq!((found_key.as_str(), found_line), (key, line), "{to}: {text}");
            assert!(text.starts_with(&format!("line {line}: ")), "{text}");
        }
    }

    #[test]
    fn a_ca_profile_holds_exactly_the_ca_usages() {
        let text = super::PROFILES.iter().find(|(id, _)| *id == "issuing-ca").unwrap().1;
        for (from, to, key) in [
            ("[\"keyCertSign\", \"cRLSign\"]", "[\"keyCertSign\"]", "key_usage"),
            ("[\"keyCertSign\", \"cRLSign\"]", "[\"keyCertSign\", \"cRLSign\", \"digitalSignature\"]", "key_usage"),
            ("extended_key_usage = []", "extended_key_usage = [\"serverAuth\"]", "extended_key_usage"),
            ("policy = \"1.3.6.1.4.1.32473.1.1\"\n", "", "policy"),
        ] {
            let e = profile_from_toml(&text.replacen(from, to, 1)).expect_err(to);
            assert_eq!(e.key(), key, "{e}");
        }
    }

    #[test]
    fn nobody_can_request_to_answer_for_the_ca() {
        let text = super::PROFILES.iter().find(|(id, _)| *id == "ocsp-responder").unwrap().1;
        for (from, to) in
            [("holders = []", "holders = [\"device\"]"), ("[\"OCSPSigning\"]", "[\"OCSPSigning\", \"serverAuth\"]")]
        {
            let e = profile_from_toml(&text.replacen(from, to, 1)).expect_err(to);
            assert_eq!(e.key(), "extended_key_usage", "{e}");
        }
    }

    #[test]
    fn a_text_without_end_or_sense_is_refused() {
        assert!(profile_from_toml("").is_err());
        assert!(profile_from_toml(&"#".repeat(MAX_LENGTH + 1)).unwrap_err().to_string().contains("too many"));
        assert!(profile_from_toml("id = ").is_err());
        assert!(profile_from_toml(&format!("id = {}", "[".repeat(30_000))).is_err());
    }
}
