//! Seeded defects of revocation lists.

use super::*;
use crate::crl::{CrlInput, Entry, Reason, build_tbs};
use crate::lint::CrlContext;
use hufu_model::ident::Serial;

/// What a list is made from, and what it is held against.
struct Good {
    issuer: Vec<u8>,
    key: crate::key::PublicKey,
}

impl Good {
    fn new() -> Self {
        let issuer = name(&[(NameAttribute::Country, "CN"), (NameAttribute::CommonName, "示例 SM2 CA")]);
        Self { issuer: issuer.to_der(), key: key("issuer").public_key().clone() }
    }

    fn context(&self) -> CrlContext<'_> {
        CrlContext { issuer_der: &self.issuer, issuer_key: &self.key }
    }

    /// A list of three entries: full, a shard, or a delta list.
    fn tbs(&self, shard: &[String], delta_base: Option<u64>) -> Vec<u8> {
        let input = CrlInput {
            issuer_der: &self.issuer,
            issuer_key: &self.key,
            this_update: 1_700_000_000,
            next_update: 1_700_086_400,
            number: 300,
            shard,
            delta_base,
            freshest: &[],
        };
        let entries = [(1, None), (2, Some(Reason::KeyCompromise)), (0x90, Some(Reason::CertificateHold))];
        build_tbs(
            &input,
            entries.into_iter().map(|(n, reason)| {
                let serial = Serial::from_bytes(&[1, n]).unwrap();
                Entry { serial, at: 1_699_999_000, reason }
            }),
        )
        .unwrap()
    }
}

/// A list taken apart.
struct Parts {
    version: Vec<u8>,
    algorithm: Vec<u8>,
    issuer: Vec<u8>,
    times: Vec<Vec<u8>>,
    /// None stands for no list of entries at all.
    entries: Option<Vec<Vec<u8>>>,
    extensions: Vec<Extension>,
    behind: Vec<u8>,
}

impl Parts {
    fn of(tbs: &[u8]) -> Self {
        let mut r = Reader::new(tbs).any().unwrap().inside();
        let mut next = || r.any().unwrap();
        let [version, algorithm, issuer, first, last] = std::array::from_fn(|_| next().whole.to_vec());
        let mut list = next().inside();
        let mut entries = Vec::new();
        while !list.is_empty() {
            entries.push(list.any().unwrap().whole.to_vec());
        }
        let extensions = read_extensions(&next());
        let (times, entries) = (vec![first, last], Some(entries));
        Self { version, algorithm, issuer, times, entries, extensions, behind: Vec::new() }
    }

    fn write(&self) -> Vec<u8> {
        let mut content = [&self.version[..], &self.algorithm, &self.issuer, &self.times.concat()].concat();
        if let Some(entries) = &self.entries {
            content.extend(seq(&entries.concat()));
        }
        if !self.extensions.is_empty() {
            content.extend(write_extensions(&self.extensions, 0));
        }
        content.extend(&self.behind);
        seq(&content)
    }

    fn at(&mut self, oid: Oid) -> &mut Extension {
        self.extensions.iter_mut().find(|e| e.0 == oid.as_bytes()).unwrap()
    }

    fn put(&mut self, oid: Oid, critical: Option<u8>, value: &[u8]) {
        self.extensions.retain(|e| e.0 != oid.as_bytes());
        self.extensions.push((oid.as_bytes().to_vec(), critical, value.to_vec()));
    }

    fn without(&mut self, oid: Oid) {
        self.extensions.retain(|e| e.0 != oid.as_bytes());
    }

    fn entry(&mut self, entry: Vec<u8>) {
        self.entries.get_or_insert_default().push(entry);
    }
}

type Defect = (&'static str, &'static str, fn(&mut Parts));

/// An entry with the serial number 2fff, which is greater than those of the good list.
fn entry(extensions: &[u8]) -> Vec<u8> {
    entry_of(&[0x2f, 0xff], "231114000000Z", extensions)
}

fn entry_of(serial: &[u8], at: &str, extensions: &[u8]) -> Vec<u8> {
    seq(&[element(tag::INTEGER, serial), element(UTC, at.as_bytes()), extensions.to_vec()].concat())
}

/// crlEntryExtensions with one extension.
fn of_entry(oid: Oid, critical: &[u8], value: &[u8]) -> Vec<u8> {
    let one = [element(tag::OID, oid.as_bytes()), critical.to_vec(), element(tag::OCTET_STRING, value)].concat();
    seq(&seq(&one))
}

const CRITICAL: &[u8] = &[1, 1, 0xff];

const FULL: &[Defect] = &[
    ("no version", "lint.version", |p| p.version.clear()),
    ("version 1", "lint.version", |p| p.version = vec![2, 1, 0]),
    ("version 3", "lint.version", |p| p.version = vec![2, 1, 2]),
    ("ECDSA with SHA-256", "lint.algorithm", |p| {
        p.algorithm = seq(&element(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    }),
    ("NULL parameters", "lint.algorithm-parameters", |p| {
        p.algorithm = seq(&[element(6, oid::SM2_WITH_SM3.as_bytes()), vec![5, 0]].concat());
    }),
    ("another issuer", "lint.issuer", |p| p.issuer = person(b"a")),
    ("empty issuer", "lint.issuer-empty", |p| p.issuer = seq(&[])),
    ("GeneralizedTime before 2050", "lint.validity-type", |p| {
        p.times[1] = element(GENERALIZED, b"20240114000000Z");
    }),
    ("no seconds", "lint.structure", |p| p.times[0] = element(UTC, b"2311140000Z")),
    ("no times", "lint.structure", |p| p.times.clear()),
    ("no nextUpdate", "lint.list-next-update", |p| drop(p.times.pop())),
    ("nextUpdate first", "lint.list-period", |p| p.times.swap(0, 1)),
    ("nextUpdate at once", "lint.list-period", |p| p.times[1] = p.times[0].clone()),
    ("an empty list", "lint.list-empty", |p| p.entries = Some(Vec::new())),
    ("serial zero", "lint.list-serial", |p| p.entry(entry_of(&[0], "231114000000Z", &[]))),
    ("negative serial", "lint.list-serial", |p| p.entry(entry_of(&[0x90], "231114000000Z", &[]))),
    ("padded serial", "lint.list-serial", |p| p.entry(entry_of(&[0, 1], "231114000000Z", &[]))),
    ("serial of 21 octets", "lint.list-serial", |p| p.entry(entry_of(&[1; 21], "231114000000Z", &[]))),
    ("order", "lint.list-order", |p| p.entries.as_mut().unwrap().swap(0, 1)),
    ("order of lengths", "lint.list-order", |p| p.entry(entry_of(&[5], "231114000000Z", &[]))),
    ("twice", "lint.list-twice", |p| {
        let last = p.entries.as_ref().unwrap()[2].clone();
        p.entry(last);
    }),
    ("from the future", "lint.list-time", |p| p.entry(entry_of(&[0x2f, 0xff], "331114000000Z", &[]))),
    ("an entry that is none", "lint.structure", |p| p.entry(vec![5, 0])),
    ("an entry with more", "lint.structure", |p| p.entry(entry(&[5, 0]))),
    ("empty entry extensions", "lint.list-entry-extension", |p| p.entry(entry(&seq(&[])))),
    ("unknown entry extension", "lint.list-entry-extension", |p| {
        p.entry(entry(&of_entry(oid::KEY_USAGE, &[], &[5, 0])));
    }),
    ("unknown critical entry extension", "lint.list-entry-extension", |p| {
        p.entry(entry(&of_entry(oid::KEY_USAGE, CRITICAL, &[5, 0])));
    }),
    ("entry extension twice", "lint.extension-duplicate", |p| {
        let one = of_entry(oid::CRL_REASON, &[], &[10, 1, 1])[2..].to_vec();
        p.entry(entry(&seq(&[one.clone(), one].concat())));
    }),
    ("critical reason", "lint.criticality", |p| p.entry(entry(&of_entry(oid::CRL_REASON, CRITICAL, &[10, 1, 1])))),
    ("critical FALSE of a reason", "lint.critical-explicit-false", |p| {
        p.entry(entry(&of_entry(oid::CRL_REASON, &[1, 1, 0], &[10, 1, 1])));
    }),
    ("critical invalidityDate", "lint.criticality", |p| {
        p.entry(entry(&of_entry(oid::INVALIDITY_DATE, CRITICAL, &element(GENERALIZED, b"20231114000000Z"))));
    }),
    ("reason unspecified", "lint.list-unspecified", |p| p.entry(entry(&of_entry(oid::CRL_REASON, &[], &[10, 1, 0])))),
    ("reason 7", "lint.list-reason", |p| p.entry(entry(&of_entry(oid::CRL_REASON, &[], &[10, 1, 7])))),
    ("reason 11", "lint.list-reason", |p| p.entry(entry(&of_entry(oid::CRL_REASON, &[], &[10, 1, 11])))),
    ("reason as INTEGER", "lint.list-reason", |p| p.entry(entry(&of_entry(oid::CRL_REASON, &[], &[2, 1, 1])))),
    ("reason and more", "lint.list-reason", |p| p.entry(entry(&of_entry(oid::CRL_REASON, &[], &[10, 1, 1, 5, 0])))),
    ("removeFromCRL", "lint.list-remove", |p| p.entry(entry(&of_entry(oid::CRL_REASON, &[], &[10, 1, 8])))),
    ("another issuer's entry", "lint.list-indirect", |p| {
        p.entry(entry(&of_entry(oid::CERTIFICATE_ISSUER, CRITICAL, &[0x30, 0])));
    }),
    ("no extensions", "lint.extension-missing", |p| p.extensions.clear()),
    ("no AKI", "lint.extension-missing", |p| p.without(oid::AUTHORITY_KEY_IDENTIFIER)),
    ("no number", "lint.extension-missing", |p| p.without(oid::CRL_NUMBER)),
    ("AKI of another", "lint.authority-key-id-value", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).2[5] ^= 1),
    ("AKI without a key", "lint.authority-key-id-value", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).2 = vec![0x30, 0]),
    ("AKI no SEQUENCE", "lint.extension-form", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).2 = vec![4, 0]),
    ("AKI and more", "lint.extension-form", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).2.extend([5, 0])),
    ("AKI critical", "lint.criticality", |p| p.at(oid::AUTHORITY_KEY_IDENTIFIER).1 = Some(0xff)),
    ("number critical", "lint.criticality", |p| p.at(oid::CRL_NUMBER).1 = Some(0xff)),
    ("explicit FALSE", "lint.critical-explicit-false", |p| p.at(oid::CRL_NUMBER).1 = Some(0)),
    ("number negative", "lint.list-number", |p| p.at(oid::CRL_NUMBER).2 = vec![2, 1, 0x90]),
    ("number padded", "lint.list-number", |p| p.at(oid::CRL_NUMBER).2 = vec![2, 2, 0, 1]),
    ("number no INTEGER", "lint.list-number", |p| p.at(oid::CRL_NUMBER).2 = vec![4, 1, 1]),
    ("number of 21 octets", "lint.list-number", |p| p.at(oid::CRL_NUMBER).2 = element(2, &[1; 21])),
    ("number twice", "lint.extension-duplicate", |p| {
        let again = p.at(oid::CRL_NUMBER).clone();
        p.extensions.push(again);
    }),
    ("basicConstraints", "lint.extension-unlisted", |p| p.put(oid::BASIC_CONSTRAINTS, None, &[0x30, 0])),
    ("critical keyUsage", "lint.extension-unknown-critical", |p| p.put(oid::KEY_USAGE, Some(0xff), &[3, 2, 1, 2])),
    ("freshestCRL critical", "lint.criticality", |p| p.put(oid::FRESHEST_CRL, Some(0xff), &[0x30, 0])),
    ("a field too many", "lint.structure", |p| p.behind = vec![5, 0]),
];

const SHARD: &[Defect] = &[
    ("IDP not critical", "lint.criticality", |p| p.at(oid::ISSUING_DISTRIBUTION_POINT).1 = None),
    ("IDP empty", "lint.list-point", |p| p.at(oid::ISSUING_DISTRIBUTION_POINT).2 = vec![0x30, 0]),
    ("IDP no SEQUENCE", "lint.extension-form", |p| p.at(oid::ISSUING_DISTRIBUTION_POINT).2 = vec![5, 0]),
    ("IDP without address", "lint.list-point-address", |p| {
        p.at(oid::ISSUING_DISTRIBUTION_POINT).2 = vec![0x30, 3, 0x81, 1, 0xff];
    }),
    ("IDP https", "lint.list-point-address", |p| {
        let name = element(tag::context(6), b"https://a.cn/x.crl");
        let full = element(tag::constructed(0), &element(tag::constructed(0), &name));
        p.at(oid::ISSUING_DISTRIBUTION_POINT).2 = seq(&full);
    }),
    ("IDP FALSE", "lint.list-point", |p| add_flag(p, &[0x81, 1, 0])),
    ("IDP BOOLEAN 01", "lint.extension-form", |p| add_flag(p, &[0x81, 1, 1])),
    ("IDP users and CAs", "lint.list-point", |p| add_flag(p, &[0x81, 1, 0xff, 0x82, 1, 0xff])),
    ("IDP some reasons", "lint.list-point", |p| add_flag(p, &[0x83, 2, 1, 0x40])),
    ("IDP attributes", "lint.list-point", |p| add_flag(p, &[0x85, 1, 0xff])),
    ("IDP indirect", "lint.list-indirect", |p| add_flag(p, &[0x84, 1, 0xff])),
    ("IDP unknown field", "lint.extension-form", |p| add_flag(p, &[0x86, 1, 0xff])),
];

const DELTA: &[Defect] = &[
    ("base not critical", "lint.criticality", |p| p.at(oid::DELTA_CRL_INDICATOR).1 = None),
    ("base is the list itself", "lint.list-delta", |p| p.at(oid::DELTA_CRL_INDICATOR).2 = vec![2, 2, 1, 44]),
    ("base is later", "lint.list-delta", |p| p.at(oid::DELTA_CRL_INDICATOR).2 = vec![2, 3, 1, 0, 0]),
    ("base negative", "lint.list-number", |p| p.at(oid::DELTA_CRL_INDICATOR).2 = vec![2, 1, 0x80]),
    ("freshestCRL in a delta", "lint.list-freshest", |p| p.put(oid::FRESHEST_CRL, None, &[0x30, 0])),
];

fn add_flag(p: &mut Parts, octets: &[u8]) {
    let old = p.at(oid::ISSUING_DISTRIBUTION_POINT).2.clone();
    let name = Reader::new(&old).any().unwrap().value.to_vec();
    p.at(oid::ISSUING_DISTRIBUTION_POINT).2 = seq(&[name, octets.to_vec()].concat());
}

const PLACE: &str = "http://pki.example.cn/crl/a-1.crl";

pub(super) fn defects(caught: &mut Caught) {
    let good = Good::new();
    for (table, tbs) in
        [(FULL, good.tbs(&[], None)), (SHARD, good.tbs(&[PLACE.to_owned()], None)), (DELTA, good.tbs(&[], Some(299)))]
    {
        assert_eq!(super::super::crl(&tbs, &good.context()), []);
        assert_eq!(Parts::of(&tbs).write(), tbs, "the test takes it apart without loss");
        for (what, rule, damage) in table {
            let mut parts = Parts::of(&tbs);
            damage(&mut parts);
            caught.expect(what, rule, &super::super::crl(&parts.write(), &good.context()));
        }
    }
}

#[test]
fn a_list_without_entries_and_a_delta_that_takes_back_are_good() {
    let good = Good::new();
    let mut parts = Parts::of(&good.tbs(&[], None));
    parts.entries = None;
    assert_eq!(super::super::crl(&parts.write(), &good.context()), []);
    let mut parts = Parts::of(&good.tbs(&[], Some(299)));
    parts.entry(entry(&of_entry(oid::CRL_REASON, &[], &[10, 1, 8])));
    assert_eq!(super::super::crl(&parts.write(), &good.context()), []);
}

/// A million bad entries give a handful of findings.
#[test]
fn findings_are_bounded() {
    let good = Good::new();
    let mut parts = Parts::of(&good.tbs(&[], None));
    for _ in 0..1000 {
        parts.entry(entry_of(&[0], "331114000000Z", &[]));
    }
    let found = super::super::crl(&parts.write(), &good.context());
    assert_eq!(found.len(), 16, "{found:#?}");
    assert!(found.iter().all(|f| f.offset.is_some()));
}

#[test]
fn ten_thousand_mutations_of_lists_are_found_without_a_panic() {
    let mut rng = StdRng::seed_from_u64(seed("lint list mutations"));
    let good = Good::new();
    let lists = [good.tbs(&[], None), good.tbs(&[PLACE.to_owned()], None), good.tbs(&[], Some(299))];
    for i in 0..10_000 {
        let tbs = &lists[i % lists.len()];
        let _ = super::super::crl(&mutated(tbs, &mut rng), &good.context());
    }
}

/// A good full list.
pub(super) fn tbs() -> Vec<u8> {
    Good::new().tbs(&[], None)
}
