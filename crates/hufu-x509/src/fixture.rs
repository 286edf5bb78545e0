//! For tests: keys that are the same in every run, a founding chain, and the files of the sample folders.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use hufu_model::ident::Serial;
use hufu_model::profile::{NameAttribute, Profile};
use hufu_model::time::Validity;

use crate::digest::sm3;
use crate::key::{PublicKey, SecretKey};
use crate::lint::LintContext;
use crate::name::Name;
use crate::sign::Signer;
use crate::tbs::{self, Host, TbsInput, Urls};

/// The secret key that belongs to a word.
pub(crate) fn key(word: &str) -> SecretKey {
    SecretKey::from_scalar(&sm3(word.as_bytes()).0).unwrap()
}

pub(crate) fn name(parts: &[(NameAttribute, &str)]) -> Name {
    Name::new(parts.iter().map(|(a, v)| (*a, (*v).to_owned())).collect()).unwrap()
}

pub(crate) fn urls() -> Urls {
    Urls { http: "http://pki.example.cn".to_owned(), ldap: Some("ldap://ldap.example.cn".to_owned()), shards: 0 }
}

/// Everything one certificate is made from, owned.
pub(crate) struct Case {
    pub(crate) profile: Profile,
    pub(crate) serial: Serial,
    pub(crate) issuer_der: Vec<u8>,
    pub(crate) issuer_key: PublicKey,
    pub(crate) subject_der: Vec<u8>,
    pub(crate) subject_key: PublicKey,
    pub(crate) validity: Validity,
    pub(crate) hosts: Vec<Host>,
    pub(crate) urls: Urls,
}

impl Case {
    /// A good certificate of a shipped profile.
    pub(crate) fn of(profile: &str) -> Self {
        let profile = hufu_data::profile(profile).unwrap();
        let subject = name(
            &profile
                .subject
                .iter()
                .map(|rule| match rule.attribute {
                    NameAttribute::Country => (rule.attribute, "CN"),
                    NameAttribute::Province => (rule.attribute, "新疆维吾尔自治区"),
                    NameAttribute::Locality => (rule.attribute, "喀什地区"),
                    NameAttribute::Organisation => (rule.attribute, "示例公司（中国）"),
                    NameAttribute::Unit => (rule.attribute, "财务部"),
                    NameAttribute::SerialNumber => (rule.attribute, "A-1"),
                    NameAttribute::Email => (rule.attribute, "a@example.cn"),
                    NameAttribute::CommonName => (rule.attribute, "阿卜杜拉·买买提"),
                })
                .collect::<Vec<_>>(),
        );
        let root = profile.class == hufu_model::profile::ProfileClass::Root;
        let issuer = name(&[(NameAttribute::Country, "CN"), (NameAttribute::CommonName, "示例 SM2 CA")]);
        let subject_key = key(profile.id.as_str()).public_key().clone();
        let hosts = match profile.hosts {
            hufu_model::profile::Hosts::Unused => Vec::new(),
            hufu_model::profile::Hosts::Required => vec![
                Host::Dns("www.example.gov.cn".to_owned()),
                Host::Ip([192, 0, 2, 7].into()),
                Host::Ip("2001:db8::7".parse().unwrap()),
            ],
        };
        let first = 1_700_000_000;
        Self {
            serial: Serial::from_bytes(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0x93]).unwrap(),
            issuer_der: if root { subject.to_der() } else { issuer.to_der() },
            issuer_key: if root { subject_key.clone() } else { key("issuer").public_key().clone() },
            subject_der: subject.to_der(),
            subject_key,
            validity: Validity::new(first, first + i64::from(profile.default_days) * 86_400 - 1).unwrap(),
            hosts,
            urls: urls(),
            profile,
        }
    }

    pub(crate) fn input(&self) -> TbsInput<'_> {
        TbsInput {
            profile: &self.profile,
            serial: &self.serial,
            issuer_der: &self.issuer_der,
            issuer_key: &self.issuer_key,
            subject_der: &self.subject_der,
            subject_key: &self.subject_key,
            validity: self.validity,
            hosts: &self.hosts,
            urls: &self.urls,
        }
    }

    pub(crate) fn context(&self) -> LintContext<'_> {
        LintContext {
            profile: &self.profile,
            issuer_der: &self.issuer_der,
            issuer_key: &self.issuer_key,
            subject_key: &self.subject_key,
        }
    }

    pub(crate) fn tbs(&self) -> Vec<u8> {
        tbs::build(&self.input()).unwrap()
    }

    /// The certificate, signed by the issuer of [`Case::of`].
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let tbs = self.tbs();
        let root = self.issuer_key == self.subject_key;
        let signer = key(if root { self.profile.id.as_str() } else { "issuer" });
        tbs::assemble(&tbs, &signer.sign(&tbs, [7; 32]).unwrap()).unwrap()
    }
}

/// A folder below `tests/samples`.
pub(crate) fn samples(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples").join(folder)
}

/// A file of third-party certificates or requests, which may be absent.
pub(crate) fn vectors(file: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(e) => {
            eprintln!("SKIPPED: {}: {e}", path.display());
            None
        }
    }
}

/// The seed of a test with random input, printed so that a failure can be run again: `HUFU_SEED=7 cargo test`.
pub(crate) fn seed(what: &str) -> u64 {
    let seed = std::env::var("HUFU_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_124);
    eprintln!("{what}: seed {seed}");
    seed
}
