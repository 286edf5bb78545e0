#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::time::Instant;

use hufu_model::profile::NameAttribute;
use hufu_model::time::Validity;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::fixture::{Case, key, name, seed};
use crate::mutate::mutated;
use crate::oid::{self, Oid};
use crate::tlv::{Reader, Tlv, element, tag};

mod list;
mod whole;

const PROFILES: [&str; 10] = [
    "root",
    "issuing-ca",
    "ledger-signer",
    "ocsp-responder",
    "operator",
    "person-sign",
    "organisation-sign",
    "device-sign",
    "tls-server",
    "tls-client",
];

fn ids(tbs: &[u8], case: &Case) -> Vec<&'static str> {
    super::tbs(tbs, &case.context()).iter().map(|f| f.id).collect()
}

#[test]
fn good_certificates_of_every_profile_have_no_findings() {
    for profile in PROFILES {
        let mut case = Case::of(profile);
        assert_eq!(super::tbs(&case.tbs(), &case.context()), [], "{profile}");
        case.urls.ldap = None;
        let expected: &[_] = if profile.ends_with("ca") || profile == "root" { &["lint.repository-ldap"] } else { &[] };
        assert_eq!(ids(&case.tbs(), &case), expected, "{profile}");
    }
}

#[test]
fn ids_are_unique_and_the_table_has_no_holes() {
    let unique: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(unique.len(), RULES.len());
    assert!(RULES.iter().all(|rule| !rule.clause.is_empty()));
    assert!(
        unique
            .iter()
            .all(|id| id.strip_prefix("lint.").is_some_and(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')))
    );
}

/// The fields of a TBSCertificate, to be changed one by one.
struct Parts {
    fields: Vec<Vec<u8>>,
    extensions: Vec<Extension>,
}

/// An extension: identifier, the octet of its BOOLEAN, value.
type Extension = (Vec<u8>, Option<u8>, Vec<u8>);

/// The extensions inside an explicit tag.
fn read_extensions(explicit: &Tlv<'_>) -> Vec<Extension> {
    let mut list = explicit.inside().any().unwrap().inside();
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let mut one = list.any().unwrap().inside();
        let id = one.any().unwrap().value.to_vec();
        let critical = one.optional(tag::BOOLEAN).unwrap().map(|b| b.value[0]);
        extensions.push((id, critical, one.any().unwrap().value.to_vec()));
    }
    extensions
}

/// The extensions inside the explicit tag `n`.
fn write_extensions(extensions: &[Extension], n: u8) -> Vec<u8> {
    let mut list = Vec::new();
    for (id, critical, value) in extensions {
        let mut one = element(tag::OID, id);
        if let Some(flag) = critical {
            one.extend(element(tag::BOOLEAN, &[*flag]));
        }
        one.extend(element(tag::OCTET_STRING, value));
        list.extend(element(tag::SEQUENCE, &one));
    }
    element(tag::constructed(n), &element(tag::SEQUENCE, &list))
}

const VERSION: usize = 0;
const SERIAL: usize = 1;
const ALGORITHM: usize = 2;
const ISSUER: usize = 3;
const VALIDITY: usize = 4;
const SUBJECT: usize = 5;
const SPKI: usize = 6;

impl Parts {
    fn of(tbs: &[u8]) -> Self {
        let mut reader = Reader::new(tbs).any().unwrap().inside();
        let fields = (0..7).map(|_| reader.any().unwrap().whole.to_vec()).collect();
        let extensions = read_extensions(&reader.any().unwrap());
        Self { fields, extensions }
    }

    fn at(&mut self, oid: Oid) -> &mut Extension {
        self.extensions.iter_mut().find(|e| e.0 == oid.as_bytes()).unwrap()
    }

    fn write(&self) -> Vec<u8> {
        let mut content = self.fields.concat();
        content.extend(write_extensions(&self.extensions, 3));
        element(tag::SEQUENCE, &content)
    }
}

/// A named way to break a good TBSCertificate of a profile, and the rule that must notice.
type Defect = (&'static str, &'static str, fn(&mut Parts));

fn seq(content: &[u8]) -> Vec<u8> {
    element(tag::SEQUENCE, content)
}

/// An attribute of a name in an RDN of its own.
fn rdn(oid: Oid, tag: u8, value: &str) -> Vec<u8> {
    let pair = [element(tag::OID, oid.as_bytes()), element(tag, value.as_bytes())].concat();
    element(tag::SET, &seq(&pair))
}

/// A subject of the profile `person-sign` with another common name.
fn person(cn: &[u8]) -> Vec<u8> {
    let cn = [element(tag::OID, oid::COMMON_NAME.as_bytes()), element(tag::UTF8, cn)].concat();
    seq(&[
        rdn(oid::COUNTRY, tag::PRINTABLE, "CN"),
        rdn(oid::PROVINCE, tag::UTF8, "四川省"),
        element(tag::SET, &seq(&cn)),
    ]
    .concat())
}

fn times(first: (u8, &str), last: (u8, &str)) -> Vec<u8> {
    seq(&[element(first.0, first.1.as_bytes()), element(last.0, last.1.as_bytes())].concat())
}

fn access(method: Oid, tag: u8, url: &str) -> Vec<u8> {
    seq(&[element(tag::OID, method.as_bytes()), element(tag, url.as_bytes())].concat())
}

fn crl(url: &[u8], more: &[u8]) -> Vec<u8> {
    let full = element(tag::constructed(0), &element(tag::context(6), url));
    seq(&seq(&[element(tag::constructed(0), &full), more.to_vec()].concat()))
}

const URI: u8 = tag::context(6);
const UTC: u8 = tag::UTC_TIME;
const GENERALIZED: u8 = tag::GENERALIZED_TIME;

const BASE: &[Defect] = &[
    ("version 1", "lint.version", |p| p.fields[VERSION].clear()),
    ("version 2", "lint.version", |p| p.fields[VERSION] = vec![0xa0, 3, 2, 1, 1]),
    ("negative serial", "lint.serial-form", |p| p.fields[SERIAL] = element(2, &[0x80; 19])),
    ("padded serial", "lint.serial-form", |p| p.fields[SERIAL] = element(2, &[0, 1, 2])),
    ("empty serial", "lint.serial-form", |p| p.fields[SERIAL] = vec![2, 0]),
    ("serial zero", "lint.serial-zero", |p| p.fields[SERIAL] = vec![2, 1, 0]),
    ("serial of 21 octets", "lint.serial-length", |p| p.fields[SERIAL] = element(2, &[1; 21])),
    ("serial of 20 bits set", "lint.serial-length", |p| {
        p.fields[SERIAL] = element(2, &[&[0_u8][..], &[0xff; 20]].concat());
    }),
    ("serial of 8 octets", "lint.serial-layout", |p| p.fields[SERIAL] = element(2, &[1; 8])),
    ("serial of 20 octets", "lint.serial-layout", |p| p.fields[SERIAL] = element(2, &[1; 20])),
    ("serial beginning with 80", "lint.serial-layout", |p| {
        p.fields[SERIAL] = element(2, &[&[0_u8, 0x80][..], &[1; 18]].concat());
    }),
    ("ECDSA with SHA-256", "lint.algorithm", |p| {
        p.fields[ALGORITHM] = seq(&element(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    }),
    ("NULL parameters", "lint.algorithm-parameters", |p| {
        p.fields[ALGORITHM] = seq(&[element(6, oid::SM2_WITH_SM3.as_bytes()), vec![5, 0]].concat());
    }),
    ("another issuer", "lint.issuer", |p| p.fields[ISSUER] = person(b"a")),
    ("empty issuer", "lint.issuer", |p| p.fields[ISSUER] = seq(&[])),
    ("no seconds", "lint.validity-form", |p| p.fields[VALIDITY] = times((UTC, "2601010000Z"), (UTC, "270101000000Z"))),
    ("an offset", "lint.validity-form", |p| {
        p.fields[VALIDITY] = times((UTC, "260101000000+0800"), (UTC, "270101000000Z"));
    }),
    ("a fraction", "lint.validity-form", |p| {
        p.fields[VALIDITY] = times((UTC, "260101000000Z"), (GENERALIZED, "20270101000000.5Z"));
    }),
    ("the 30th of February", "lint.validity-form", |p| {
        p.fields[VALIDITY] = times((UTC, "260230000000Z"), (UTC, "270101000000Z"));
    }),
    ("GeneralizedTime before 2050", "lint.validity-type", |p| {
        p.fields[VALIDITY] = times((UTC, "260101000000Z"), (GENERALIZED, "20270101000000Z"));
    }),
    ("end before begin", "lint.validity-order", |p| {
        p.fields[VALIDITY] = times((UTC, "270101000000Z"), (UTC, "260101000000Z"));
    }),
    ("longer than the profile", "lint.validity-length", |p| {
        p.fields[VALIDITY] = times((UTC, "260101000000Z"), (GENERALIZED, "99991231235959Z"));
    }),
    ("another key", "lint.key", |p| p.fields[SPKI] = key("other").public_key().spki_der()),
    ("the curve as algorithm", "lint.key", |p| {
        let curve = element(6, oid::SM2_CURVE.as_bytes());
        let old = p.fields[SPKI].clone();
        let bits = &old[old.len() - 68..];
        p.fields[SPKI] = seq(&[&seq(&[curve.clone(), curve].concat())[..], bits].concat());
    }),
    ("issuerUniqueID", "lint.unique-id", |p| p.fields.push(element(tag::context(1), &[0, 1]))),
    ("subjectUniqueID", "lint.unique-id", |p| p.fields.push(element(tag::context(2), &[0, 1]))),
    ("a field too many", "lint.structure", |p| p.fields.push(vec![5, 0])),
];

const SUBJECT_DEFECTS: &[Defect] = &[
    ("empty", "lint.subject-empty", |p| p.fields[SUBJECT] = seq(&[])),
    ("no SET", "lint.subject-form", |p| p.fields[SUBJECT] = seq(&seq(&[]))),
    ("two in one part", "lint.subject-several", |p| {
        let one = |oid: Oid| seq(&[element(6, oid.as_bytes()), element(tag::UTF8, b"a")].concat());
        let set = element(tag::SET, &[one(oid::COMMON_NAME), one(oid::UNIT)].concat());
        p.fields[SUBJECT] = seq(&[rdn(oid::COUNTRY, tag::PRINTABLE, "CN"), set].concat());
    }),
    ("unknown attribute", "lint.subject-attribute", |p| {
        let title = "2.5.4.12".parse().unwrap();
        p.fields[SUBJECT] = seq(&[rdn(oid::COUNTRY, tag::PRINTABLE, "CN"), rdn(title, tag::UTF8, "a")].concat());
    }),
    ("attribute of another profile", "lint.subject-attribute", |p| {
        p.fields[SUBJECT] = seq(&rdn(oid::EMAIL, tag::IA5, "a@example.cn"));
    }),
    ("another order", "lint.subject-order", |p| {
        let parts = [rdn(oid::COMMON_NAME, tag::UTF8, "a"), rdn(oid::COUNTRY, tag::PRINTABLE, "CN")];
        p.fields[SUBJECT] = seq(&parts.concat());
    }),
    ("common name twice", "lint.subject-order", |p| {
        let cn = rdn(oid::COMMON_NAME, tag::UTF8, "a");
        p.fields[SUBJECT] = seq(&[cn.clone(), cn].concat());
    }),
    ("no common name", "lint.subject-missing", |p| p.fields[SUBJECT] = seq(&rdn(oid::COUNTRY, tag::PRINTABLE, "CN"))),
    ("country as UTF8String", "lint.subject-string-type", |p| {
        p.fields[SUBJECT] = seq(&[rdn(oid::COUNTRY, tag::UTF8, "CN"), rdn(oid::COMMON_NAME, tag::UTF8, "a")].concat());
    }),
    ("common name as PrintableString", "lint.subject-string-type", |p| {
        p.fields[SUBJECT] = seq(&rdn(oid::COMMON_NAME, tag::PRINTABLE, "a"));
    }),
    ("country in small letters", "lint.subject-value", |p| {
        p.fields[SUBJECT] = seq(&rdn(oid::COUNTRY, tag::PRINTABLE, "cn"))
    }),
    ("NUL", "lint.subject-value", |p| p.fields[SUBJECT] = person(b"a\0.example.cn")),
    ("control character", "lint.subject-value", |p| p.fields[SUBJECT] = person(b"a\x1b[31m")),
    ("direction override", "lint.subject-value", |p| p.fields[SUBJECT] = person("a\u{202e}b".as_bytes())),
    ("zero width", "lint.subject-value", |p| p.fields[SUBJECT] = person("张\u{200b}三".as_bytes())),
    ("not composed", "lint.subject-value", |p| p.fields[SUBJECT] = person("Jose\u{301}".as_bytes())),
    ("formula", "lint.subject-value", |p| p.fields[SUBJECT] = person(b"=cmd|' /C calc'!A0")),
    ("over-long", "lint.subject-value", |p| p.fields[SUBJECT] = person("名".repeat(65).as_bytes())),
    ("identity number", "lint.subject-value", |p| p.fields[SUBJECT] = person(b"11010519491231002X")),
    ("empty value", "lint.subject-value", |p| p.fields[SUBJECT] = person(b"")),
    ("not UTF-8", "lint.subject-value", |p| p.fields[SUBJECT] = person(b"\xff")),
    ("the issuer's name", "lint.subject-is-issuer", |p| p.fields[SUBJECT] = p.fields[ISSUER].clone()),
];

const EXTENSIONS: &[Defect] = &[
    ("no extensions", "lint.extension-missing", |p| p.extensions.clear()),
    ("no AKI", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::AUTHORITY_KEY_IDENTIFIER.as_bytes())),
    ("no SKI", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::SUBJECT_KEY_IDENTIFIER.as_bytes())),
    ("no keyUsage", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::KEY_USAGE.as_bytes())),
    ("no EKU", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::EXTENDED_KEY_USAGE.as_bytes())),
    ("no policies", "lint.extension-missing", |p| {
        p.extensions.retain(|e| e.0 != oid::CERTIFICATE_POLICIES.as_bytes());
    }),
    ("no SAN", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::SUBJECT_ALT_NAME.as_bytes())),
    ("no CRLDP", "lint.extension-missing", |p| {
        p.extensions.retain(|e| e.0 != oid::CRL_DISTRIBUTION_POINTS.as_bytes());
    }),
    ("no AIA", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::AUTHORITY_INFO_ACCESS.as_bytes())),
    ("twice", "lint.extension-duplicate", |p| {
        let again = p.at(oid::KEY_USAGE).clone();
        p.extensions.push(again);
    }),
    ("BC in an end entity", "lint.extension-not-in-profile", |p| {
        p.extensions.push((oid::BASIC_CONSTRAINTS.as_bytes().to_vec(), Some(0xff), vec![0x30, 3, 1, 1, 0xff]));
    }),
    ("SIA in an end entity", "lint.extension-not-in-profile", |p| {
        p.extensions.push((oid::SUBJECT_INFO_ACCESS.as_bytes().to_vec(), None, vec![0x30, 0]));
    }),
    ("critical nameConstraints", "lint.extension-unknown-critical", |p| {
        p.extensions.push((oid::NAME_CONSTRAINTS.as_bytes().to_vec(), Some(0xff), vec![0x30, 0]));
    }),
    ("unlisted", "lint.extension-unlisted", |p| p.extensions.push((vec![0x2a, 3], None, vec![5, 0]))),
    ("KU not critical", "lint.criticality", |p| p.at(oid::KEY_USAGE).1 = None),
    ("AKI critical", "lint.criticality", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).1 = Some(0xff)),
    ("SKI critical", "lint.criticality", |p| p.at(oid::SUBJECT_KEY_IDENTIFIER).1 = Some(0xff)),
    ("EKU critical", "lint.criticality", |p| p.at(oid::EXTENDED_KEY_USAGE).1 = Some(0xff)),
    ("SAN critical", "lint.criticality", |p| p.at(oid::SUBJECT_ALT_NAME).1 = Some(0xff)),
    ("explicit FALSE", "lint.critical-explicit-false", |p| p.at(oid::SUBJECT_KEY_IDENTIFIER).1 = Some(0)),
    ("BOOLEAN 01", "lint.structure", |p| p.at(oid::KEY_USAGE).1 = Some(1)),
    ("AKI of another", "lint.authority-key-id-value", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).2[5] ^= 1),
    ("AKI with a serial", "lint.extension-form", |p| {
        let id = element(tag::context(0), &key("issuer").public_key().key_id());
        p.at(oid::AUTHORITY_KEY_IDENTIFIER).2 = seq(&[id, element(tag::context(2), &[1])].concat());
    }),
    ("empty AKI", "lint.extension-form", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).2 = vec![0x30, 0]),
    ("SKI of another", "lint.subject-key-id-value", |p| p.at(oid::SUBJECT_KEY_IDENTIFIER).2[5] ^= 1),
    ("SKI and more", "lint.extension-form", |p| p.at(oid::SUBJECT_KEY_IDENTIFIER).2.extend([5, 0])),
    ("KU for CAs", "lint.key-usage-bits", |p| p.at(oid::KEY_USAGE).2 = vec![3, 2, 1, 6]),
    ("KU one bit more", "lint.key-usage-bits", |p| p.at(oid::KEY_USAGE).2 = vec![3, 2, 5, 0xe0]),
    ("KU one bit less", "lint.key-usage-bits", |p| p.at(oid::KEY_USAGE).2 = vec![3, 2, 7, 0x80]),
    ("KU decipherOnly", "lint.key-usage-bits", |p| p.at(oid::KEY_USAGE).2 = vec![3, 3, 7, 0xc0, 0x80]),
    ("KU without bits", "lint.key-usage-bits", |p| p.at(oid::KEY_USAGE).2 = vec![3, 1, 0]),
    ("KU as the standard's example", "lint.key-usage-form", |p| p.at(oid::KEY_USAGE).2 = vec![3, 2, 0, 0xc0]),
    ("KU with trailing zeros", "lint.key-usage-form", |p| p.at(oid::KEY_USAGE).2 = vec![3, 3, 0, 0xc0, 0]),
    ("KU empty", "lint.key-usage-form", |p| p.at(oid::KEY_USAGE).2 = vec![3, 0]),
    ("KU no BIT STRING", "lint.extension-form", |p| p.at(oid::KEY_USAGE).2 = vec![4, 1, 0]),
    ("EKU anyExtendedKeyUsage", "lint.extended-key-usage", |p| {
        p.at(oid::EXTENDED_KEY_USAGE).2 = seq(&element(6, &[0x55, 0x1d, 0x25, 0]));
    }),
    ("EKU one more", "lint.extended-key-usage", |p| {
        let both = [oid::KP_SERVER_AUTH, oid::KP_CLIENT_AUTH].map(|o| element(6, o.as_bytes())).concat();
        p.at(oid::EXTENDED_KEY_USAGE).2 = seq(&both);
    }),
    ("EKU empty", "lint.extended-key-usage", |p| p.at(oid::EXTENDED_KEY_USAGE).2 = vec![0x30, 0]),
    ("another policy", "lint.policy", |p| p.at(oid::CERTIFICATE_POLICIES).2 = seq(&seq(&element(6, &[0x2a, 3])))),
    ("two policies", "lint.policy", |p| {
        let one = p.at(oid::CERTIFICATE_POLICIES).2[2..].to_vec();
        p.at(oid::CERTIFICATE_POLICIES).2 = seq(&[one.clone(), one].concat());
    }),
    ("no policy", "lint.extension-form", |p| p.at(oid::CERTIFICATE_POLICIES).2 = vec![0x30, 0]),
    ("a qualifier", "lint.policy-qualifier", |p| {
        let id = p.at(oid::CERTIFICATE_POLICIES).2[4..].to_vec();
        p.at(oid::CERTIFICATE_POLICIES).2 = seq(&seq(&[id, vec![0x30, 0]].concat()));
    }),
    ("SAN empty", "lint.alt-name-empty", |p| p.at(oid::SUBJECT_ALT_NAME).2 = vec![0x30, 0]),
    ("SAN mail", "lint.alt-name-kind", |p| {
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&element(tag::context(1), b"a@example.cn"));
    }),
    ("SAN wildcard", "lint.alt-name-value", |p| {
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&element(tag::context(2), b"*.gov.cn"));
    }),
    ("SAN with NUL", "lint.alt-name-value", |p| {
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&element(tag::context(2), b"a.cn\0.b.cn"));
    }),
    ("SAN not ASCII", "lint.alt-name-value", |p| {
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&element(tag::context(2), "例.cn".as_bytes()));
    }),
    ("SAN IP of 5 octets", "lint.alt-name-value", |p| {
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&element(tag::context(7), &[1; 5]));
    }),
    ("SAN IP as text", "lint.alt-name-value", |p| {
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&element(tag::context(7), b"192.0.2.7"));
    }),
    ("SAN twice", "lint.alt-name-duplicate", |p| {
        let host = element(tag::context(2), b"a.example.cn");
        p.at(oid::SUBJECT_ALT_NAME).2 = seq(&[host.clone(), host].concat());
    }),
    ("CRLDP https", "lint.crl-address", |p| p.at(oid::CRL_DISTRIBUTION_POINTS).2 = crl(b"https://a.cn/x", &[])),
    ("CRLDP not ASCII", "lint.crl-address", |p| {
        p.at(oid::CRL_DISTRIBUTION_POINTS).2 = crl("http://例".as_bytes(), &[])
    }),
    ("CRLDP line feed", "lint.crl-address", |p| p.at(oid::CRL_DISTRIBUTION_POINTS).2 = crl(b"http://a\n", &[])),
    ("CRLDP no name", "lint.crl-address", |p| {
        let empty = element(tag::constructed(0), &element(tag::constructed(0), &[]));
        p.at(oid::CRL_DISTRIBUTION_POINTS).2 = seq(&seq(&empty));
    }),
    ("CRLDP with reasons", "lint.crl-partial", |p| {
        p.at(oid::CRL_DISTRIBUTION_POINTS).2 = crl(b"http://a.cn/x", &element(tag::context(1), &[1, 0x40]));
    }),
    ("CRLDP empty", "lint.extension-form", |p| p.at(oid::CRL_DISTRIBUTION_POINTS).2 = vec![0x30, 0]),
    ("AIA no ocsp", "lint.access-ocsp", |p| {
        p.at(oid::AUTHORITY_INFO_ACCESS).2 = seq(&access(oid::AD_CA_ISSUERS, URI, "http://a.cn/x"));
    }),
    ("AIA no caIssuers", "lint.access-ca-issuers", |p| {
        p.at(oid::AUTHORITY_INFO_ACCESS).2 = seq(&access(oid::AD_OCSP, URI, "http://a.cn/x"));
    }),
    ("AIA caRepository", "lint.access-method", |p| {
        p.at(oid::AUTHORITY_INFO_ACCESS).2 = seq(&access(oid::AD_CA_REPOSITORY, URI, "http://a.cn/x"));
    }),
    ("AIA file URL", "lint.access-address", |p| {
        p.at(oid::AUTHORITY_INFO_ACCESS).2 = seq(&access(oid::AD_OCSP, URI, "file:///etc/passwd"));
    }),
    ("AIA as DNS name", "lint.access-address", |p| {
        p.at(oid::AUTHORITY_INFO_ACCESS).2 = seq(&access(oid::AD_OCSP, tag::context(2), "a.cn"));
    }),
];

const CA: &[Defect] = &[
    ("no BC", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::BASIC_CONSTRAINTS.as_bytes())),
    ("no SIA", "lint.extension-missing", |p| p.extensions.retain(|e| e.0 != oid::SUBJECT_INFO_ACCESS.as_bytes())),
    ("BC not critical", "lint.criticality", |p| p.at(oid::BASIC_CONSTRAINTS).1 = None),
    ("BC empty", "lint.basic-constraints-ca", |p| p.at(oid::BASIC_CONSTRAINTS).2 = vec![0x30, 0]),
    ("BC FALSE", "lint.basic-constraints-ca", |p| p.at(oid::BASIC_CONSTRAINTS).2 = vec![0x30, 3, 1, 1, 0]),
    ("BC pathLen 1", "lint.basic-constraints-path", |p| {
        p.at(oid::BASIC_CONSTRAINTS).2 = vec![0x30, 6, 1, 1, 0xff, 2, 1, 1];
    }),
    ("BC no pathLen", "lint.basic-constraints-path", |p| p.at(oid::BASIC_CONSTRAINTS).2 = vec![0x30, 3, 1, 1, 0xff]),
    ("BC negative pathLen", "lint.extension-form", |p| {
        p.at(oid::BASIC_CONSTRAINTS).2 = vec![0x30, 6, 1, 1, 0xff, 2, 1, 0x80];
    }),
    ("KU with digitalSignature", "lint.key-usage-bits", |p| p.at(oid::KEY_USAGE).2 = vec![3, 2, 1, 0x86]),
    ("SIA without caRepository", "lint.repository-missing", |p| {
        p.at(oid::SUBJECT_INFO_ACCESS).2 = seq(&access(oid::AD_OCSP, URI, "http://a.cn/x"));
    }),
    ("SIA without LDAP", "lint.repository-ldap", |p| {
        p.at(oid::SUBJECT_INFO_ACCESS).2 = seq(&access(oid::AD_CA_REPOSITORY, URI, "http://a.cn/x"));
    }),
    ("EKU in a CA", "lint.extension-not-in-profile", |p| {
        p.extensions.push((oid::EXTENDED_KEY_USAGE.as_bytes().to_vec(), None, vec![0x30, 0]));
    }),
];

const ROOT: &[Defect] = &[
    ("BC pathLen in a root", "lint.basic-constraints-path", |p| {
        p.at(oid::BASIC_CONSTRAINTS).2 = vec![0x30, 6, 1, 1, 0xff, 2, 1, 0];
    }),
    ("CRLDP in a root", "lint.extension-not-in-profile", |p| {
        p.extensions.push((oid::CRL_DISTRIBUTION_POINTS.as_bytes().to_vec(), None, crl(b"http://a.cn/x", &[])));
    }),
    ("another subject", "lint.subject-not-self-issued", |p| p.fields[SUBJECT] = person(b"a")),
    ("AKI of another", "lint.authority-key-id-value", |p| {
        let id = element(tag::context(0), &[1; 20]);
        p.extensions.push((oid::AUTHORITY_KEY_IDENTIFIER.as_bytes().to_vec(), None, seq(&id)));
    }),
];

/// What the seeded defects set off.
#[derive(Default)]
struct Caught {
    rules: BTreeSet<&'static str>,
    defects: usize,
}

impl Caught {
    /// The defect `what` was found by the rule that is meant for it.
    fn expect(&mut self, what: &str, rule: &'static str, found: &[Finding]) {
        let Some(finding) = found.iter().find(|f| f.id == rule) else {
            panic!("{what}: {rule} is not among {found:#?}");
        };
        assert!(!finding.message.is_empty());
        for f in found {
            assert!(f.message.chars().all(|c| !c.is_control() && c != '\u{202e}' && c != '\u{200b}'), "{f:?}");
        }
        self.rules.insert(rule);
        self.defects += 1;
    }
}

/// The linter finds each of the seeded defects, by the rule that is meant for it.
#[test]
fn every_seeded_defect_is_found_by_its_rule() {
    let mut caught = Caught::default();
    for (profile, table) in [
        ("person-sign", BASE),
        ("person-sign", SUBJECT_DEFECTS),
        ("tls-server", EXTENSIONS),
        ("issuing-ca", CA),
        ("root", ROOT),
    ] {
        let case = Case::of(profile);
        let good = case.tbs();
        assert_eq!(Parts::of(&good).write(), good, "the test takes it apart without loss");
        for (what, rule, damage) in table {
            let mut parts = Parts::of(&good);
            damage(&mut parts);
            caught.expect(&format!("{profile}, {what}"), rule, &super::tbs(&parts.write(), &case.context()));
        }
    }
    list::defects(&mut caught);
    whole::defects(&mut caught);
    eprintln!("{} seeded defects, {} rules of {}", caught.defects, caught.rules.len(), RULES.len());
    assert!(caught.defects >= 250);
    let elsewhere = ["lint.key-of-issuer", "lint.key-not-self-signed"];
    let silent = |id: &&str| !caught.rules.contains(id) && !elsewhere.contains(id);
    let silent: Vec<_> = RULES.iter().map(|rule| rule.id).filter(silent).collect();
    assert!(silent.is_empty(), "rules that no defect sets off: {silent:?}");
}

#[test]
fn keys_are_held_against_those_of_the_issuer() {
    let mut case = Case::of("person-sign");
    case.issuer_key = case.subject_key.clone();
    assert!(ids(&case.tbs(), &case).contains(&"lint.key-of-issuer"));
    let mut case = Case::of("root");
    let tbs = case.tbs();
    case.issuer_key = key("other").public_key().clone();
    assert!(ids(&tbs, &case).contains(&"lint.key-not-self-signed"));
}

#[test]
fn a_certificate_of_one_profile_fails_the_rules_of_the_others() {
    for made in PROFILES {
        let case = Case::of(made);
        let tbs = case.tbs();
        for held in PROFILES.iter().filter(|p| **p != made) {
            let other = Case::of(held);
            let context = LintContext { profile: &other.profile, ..case.context() };
            // Profiles differ at least in their policy.
            assert!(super::tbs(&tbs, &context).iter().any(|f| f.severity == Severity::Error), "{made} as {held}");
        }
    }
}

#[test]
fn the_last_second_of_the_longest_validity_is_allowed_and_the_next_is_not() {
    let mut case = Case::of("person-sign");
    let first = case.validity.not_before();
    let last = first + i64::from(case.profile.max_days) * 86_400 - 1;
    case.validity = Validity::new(first, last).unwrap();
    assert_eq!(ids(&case.tbs(), &case), [""; 0]);
    case.validity = Validity::new(first, last + 1).unwrap();
    assert_eq!(ids(&case.tbs(), &case), ["lint.validity-length"]);
}

#[test]
fn a_subject_with_only_what_is_required_passes() {
    let mut case = Case::of("person-sign");
    let parts =
        [(NameAttribute::Country, "CN"), (NameAttribute::Province, "四川省"), (NameAttribute::CommonName, "𠮷田𡈽")];
    case.subject_der = name(&parts).to_der();
    assert_eq!(ids(&case.tbs(), &case), [""; 0]);
}

/// Hostile bytes end in findings, never in a panic.
#[test]
fn ten_thousand_mutations_are_found_without_a_panic() {
    let mut rng = StdRng::seed_from_u64(seed("lint mutations"));
    let cases: Vec<(Case, Vec<u8>)> = ["root", "issuing-ca", "tls-server"]
        .map(|p| {
            let case = Case::of(p);
            let tbs = case.tbs();
            (case, tbs)
        })
        .into();
    for i in 0..10_000 {
        let (case, good) = &cases[i % cases.len()];
        let input = mutated(good, &mut rng);
        if input == *good {
            continue;
        }
        let found = super::tbs(&input, &case.context());
        // A host or an address may be changed into another good one; nothing else passes.
        if found.is_empty() {
            assert_eq!(Parts::of(&input).fields[..SERIAL], Parts::of(good).fields[..SERIAL], "mutation {i}");
            assert_eq!(Parts::of(&input).fields[SPKI], Parts::of(good).fields[SPKI], "mutation {i}");
        }
    }
}

/// The linter stands in the signing path; this prints what it costs.
#[test]
fn linting_is_quick() {
    let case = Case::of("person-sign");
    let tbs = case.tbs();
    let start = Instant::now();
    let rounds = 2000;
    for _ in 0..rounds {
        assert!(super::tbs(&tbs, &case.context()).is_empty());
    }
    let each = start.elapsed() / rounds;
    eprintln!("one lint takes {each:?} in this build");
    // A bound against accidents only, wide enough for a loaded machine and an unoptimised build.
    assert!(each.as_micros() < 2000, "{each:?}");
}
