#![allow(clippy::unwrap_used, clippy::print_stderr)]

use der::Decode;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::fixture::{key, seed, vectors};
use crate::forge::name;
use crate::mutate::mutated;
use crate::oid::{self, Oid};
use crate::sign::Signer;
use crate::tlv::{self, tag};

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

fn serial(n: u32) -> Vec<u8> {
    [&[0x91; 14][..], &n.to_be_bytes()].concat()
}

fn entry(n: u32, reason: Option<Reason>) -> Entry {
    Entry { serial: Serial::from_bytes(&serial(n)).unwrap(), at: NOW - i64::from(n), reason }
}

struct Issuer {
    name: Vec<u8>,
    key: crate::key::SecretKey,
}

impl Issuer {
    fn new() -> Self {
        Self { name: name("示例 SM2 CA"), key: key("crl issuer") }
    }

    fn input(&self) -> CrlInput<'_> {
        CrlInput {
            issuer_der: &self.name,
            issuer_key: self.key.public_key(),
            this_update: NOW,
            next_update: NOW + 7 * 86_400,
            number: 5,
            shard: &[],
            delta_base: None,
            freshest: &[],
        }
    }

    fn sign(&self, tbs: Vec<u8>) -> Vec<u8> {
        let signature = self.key.sign(&tbs, [3; 32]).unwrap();
        assemble(tbs, &signature).unwrap()
    }

    fn crl(&self, input: &CrlInput<'_>, entries: &[Entry]) -> Crl {
        Crl::from_der(self.sign(build_tbs(input, entries.iter().cloned()).unwrap())).unwrap()
    }
}

fn every_reason() -> Vec<Entry> {
    let reasons = Reason::ALL.into_iter().filter(|r| *r != Reason::RemoveFromCrl);
    reasons.map(Some).chain([None]).zip(1..).map(|(reason, n)| entry(n, reason)).collect()
}

#[test]
fn what_is_built_is_read_by_three_readers() {
    let issuer = Issuer::new();
    let entries = every_reason();
    let crl = issuer.crl(&issuer.input(), &entries);
    crl.verify_signed_by(issuer.key.public_key()).unwrap();
    assert_eq!((crl.version(), crl.number(), crl.delta_base()), (2, Some(5), None));
    assert_eq!((crl.this_update(), crl.next_update()), (NOW, Some(NOW + 7 * 86_400)));
    assert_eq!(crl.issuer_der(), issuer.name);
    assert_eq!(crl.issuer_text(), "CN=示例 SM2 CA");
    assert_eq!(crl.authority_key_id(), Some(&issuer.key.public_key().key_id()[..]));
    assert_eq!((crl.unsupported(), crl.issuing_point()), (None, None));
    let expected: Vec<Entry> =
        entries.iter().map(|e| Entry { reason: e.reason.filter(|r| *r != Reason::Unspecified), ..e.clone() }).collect();
    assert_eq!(crl.entries().collect::<Vec<_>>(), expected);
    assert_eq!((crl.count(), crl.is_sorted()), (10, true));

    let second = x509_cert::crl::CertificateList::<x509_cert::certificate::Rfc5280>::from_der(crl.der()).unwrap();
    assert_eq!(der::Encode::to_der(&second).unwrap(), crl.der(), "x509-cert writes it again octet for octet");
    assert_eq!(second.tbs_cert_list.revoked_certificates.unwrap().len(), 10);
    let (rest, third) = x509_parser::parse_x509_crl(crl.der()).unwrap();
    assert!(rest.is_empty());
    let read: Vec<_> = third
        .iter_revoked_certificates()
        .map(|r| (r.raw_serial().to_vec(), r.revocation_date.timestamp(), r.reason_code().map(|(_, code)| code.0)))
        .collect();
    let wanted: Vec<_> = expected
        .iter()
        .map(|e| ([&[0][..], e.serial.as_bytes()].concat(), e.at, e.reason.map(Reason::number)))
        .collect();
    assert_eq!(read, wanted);

    assert_eq!(Crl::from_bytes(crl.pem().as_bytes()).unwrap(), crl);
}

#[test]
fn an_empty_list_has_no_list_of_entries() {
    let issuer = Issuer::new();
    let tbs = build_tbs(&issuer.input(), []).unwrap();
    let crl = Crl::from_der(issuer.sign(tbs.clone())).unwrap();
    assert_eq!((crl.count(), crl.entries().count(), crl.is_sorted()), (0, 0, true));
    assert_eq!(crl.find(&Serial::from_bytes(&serial(1)).unwrap()), None);
    // version, algorithm, issuer, two times, extensions.
    let mut inside = tlv::Reader::new(&tbs).any().unwrap().inside();
    let mut tags = Vec::new();
    while !inside.is_empty() {
        tags.push(inside.any().unwrap().tag);
    }
    assert_eq!(tags, [0x02, 0x30, 0x30, 0x17, 0x17, 0xa0]);
}

#[test]
fn shards_and_deltas_say_so_critically() {
    let issuer = Issuer::new();
    let shard = ["http://pki.example.cn/crl/7.crl".to_owned(), "ldap://ldap.example.cn/cn=7?x".to_owned()];
    let input = CrlInput { shard: &shard, delta_base: Some(4), number: 300, ..issuer.input() };
    let removed = entry(3, Some(Reason::RemoveFromCrl));
    let crl = issuer.crl(&input, std::slice::from_ref(&removed));
    assert_eq!((crl.number(), crl.delta_base()), (Some(300), Some(4)));
    let point = crl.issuing_point().unwrap();
    assert_eq!(*point, IssuingPoint { named: true, urls: shard.to_vec(), ..IssuingPoint::default() });
    assert_eq!(crl.find(&removed.serial), Some(removed));
    let critical = |oid: Oid| crl.extensions().find(|e| e.oid == oid.as_bytes()).map(|e| e.critical);
    assert_eq!(critical(oid::ISSUING_DISTRIBUTION_POINT), Some(true));
    assert_eq!(critical(oid::DELTA_CRL_INDICATOR), Some(true));
    assert_eq!(critical(oid::CRL_NUMBER), Some(false));
    assert_eq!(critical(oid::AUTHORITY_KEY_IDENTIFIER), Some(false));
    assert_eq!((crl.unsupported(), critical(oid::FRESHEST_CRL)), (None, None));

    let delta = ["http://pki.example.cn/crl/delta.crl".to_owned()];
    let full = issuer.crl(&CrlInput { freshest: &delta, ..issuer.input() }, &[]);
    let (_, parsed) = x509_parser::parse_x509_crl(full.der()).unwrap();
    assert_eq!(parsed.extensions().len(), 3);
}

#[test]
fn wrong_input_is_refused_with_its_reason() {
    let issuer = Issuer::new();
    let good = issuer.input();
    let shard = ["https://pki.example.cn/x".to_owned()];
    let url = ["http://pki.example.cn/x".to_owned()];
    let empty = tlv::element(tag::SEQUENCE, &[]);
    for (input, wanted) in [
        (CrlInput { next_update: NOW, ..good }, "nextUpdate"),
        (CrlInput { next_update: 253_402_300_800, ..good }, "years"),
        (CrlInput { issuer_der: b"x", ..good }, "issuer"),
        (CrlInput { issuer_der: &empty, ..good }, "issuer"),
        (CrlInput { shard: &shard, ..good }, "address"),
        (CrlInput { freshest: &shard, ..good }, "address"),
        (CrlInput { delta_base: Some(5), ..good }, "greater number"),
        (CrlInput { delta_base: Some(4), freshest: &url, ..good }, "of its own"),
    ] {
        let e = build_tbs(&input, []).unwrap_err();
        assert_eq!(e.kind().code(), "x509.crl-input");
        assert!(e.to_string().contains(wanted), "{e}");
    }
    for (entries, wanted) in [
        (&[(&[2_u8][..], NOW, None), (&[2], NOW, None)][..], "twice"),
        (&[(&[3], NOW, None), (&[2], NOW, None)], "after a greater one"),
        (&[(&[1, 0], NOW, None), (&[2], NOW, None)], "after a greater one"),
        (&[(&[1], NOW + 1, None)], "later than thisUpdate"),
        (&[(&[1], i64::MIN, None)], "years"),
        (&[(&[], NOW, None)], "1 to 20 octets"),
        (&[(&[0, 1], NOW, None)], "1 to 20 octets"),
        (&[(&[0], NOW, None)], "1 to 20 octets"),
        (&[(&[0x80; 20], NOW, None)], "1 to 20 octets"),
        (&[(&[1; 21], NOW, None)], "1 to 20 octets"),
        (&[(&[1], NOW, Some(Reason::RemoveFromCrl))], "delta"),
    ] {
        let mut builder = Builder::new(good, 0).unwrap();
        let e = entries.iter().try_for_each(|(s, at, r)| builder.push(s, *at, *r)).unwrap_err();
        assert_eq!(e.kind().code(), "x509.crl-input");
        assert!(e.to_string().contains(wanted), "{e}");
    }
}

#[test]
fn every_entry_of_a_long_list_is_found_and_nothing_else() {
    let issuer = Issuer::new();
    // Serial numbers of different lengths, as a list of several systems has them.
    let mut serials: Vec<Vec<u8>> =
        (1..2_000_u32).map(|n| n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect()).collect();
    serials.extend((0..1_000).map(|n| serial(n * 3 + 1)));
    let mut builder = Builder::new(issuer.input(), serials.len()).unwrap();
    for (n, serial) in serials.iter().enumerate() {
        // Past 2050 the time is longer, before that shorter: entries have several lengths.
        builder
            .push(serial, NOW - 40_000 * i64::try_from(n).unwrap(), Reason::from_number((n % 11) as u8 & 5))
            .unwrap();
    }
    assert_eq!(builder.count(), serials.len());
    let crl = Crl::from_der(issuer.sign(builder.finish().unwrap())).unwrap();
    assert_eq!(crl.count(), serials.len());
    for serial in &serials {
        assert_eq!(crl.find(&Serial::from_bytes(serial).unwrap()).unwrap().serial.as_bytes(), serial);
    }
    for missing in [serial(0), serial(2), serial(3_000), vec![0x7f; 20], vec![0x07, 0xd0]] {
        assert_eq!(crl.find(&Serial::from_bytes(&missing).unwrap()), None, "{missing:?}");
    }
}

#[test]
fn times_from_2050_on_are_generalized() {
    let issuer = Issuer::new();
    let at = crate::time::FIRST_GENERALIZED;
    let input = CrlInput { this_update: at + 5, next_update: at + 10, ..issuer.input() };
    let entries = [(1, at - 1), (2, at)].map(|(n, at)| Entry { at, ..entry(n, None) });
    let crl = issuer.crl(&input, &entries);
    assert_eq!((crl.this_update(), crl.next_update()), (at + 5, Some(at + 10)));
    assert_eq!(crl.entries().collect::<Vec<_>>(), entries);
}

/// A list from the parts of TBSCertList behind the issuer's name.
fn forged(rest: impl FnOnce(&mut Vec<u8>)) -> crate::error::Result<Crl> {
    let issuer = Issuer::new();
    let mut tbs = Vec::new();
    tlv::nest(&mut tbs, tag::SEQUENCE, |out| {
        tlv::put(out, tag::INTEGER, &[1]);
        crate::tbs::put_algorithm(out);
        out.extend_from_slice(&issuer.name);
        crate::time::put_time(out, NOW);
        rest(out);
    });
    Crl::from_der(issuer.sign(tbs))
}

fn put_entry_with(out: &mut Vec<u8>, serial: &[u8], extensions: &[(Oid, bool, &[u8])]) {
    tlv::nest(out, tag::SEQUENCE, |out| {
        tlv::put(out, tag::INTEGER, serial);
        crate::time::put_time(out, NOW);
        if !extensions.is_empty() {
            tlv::nest(out, tag::SEQUENCE, |out| {
                for (oid, critical, value) in extensions {
                    crate::tbs::extension(out, *oid, *critical, |out| out.extend_from_slice(value));
                }
            });
        }
    });
}

fn put_extensions(out: &mut Vec<u8>, extensions: &[(Oid, bool, &[u8])]) {
    tlv::nest(out, tag::constructed(0), |out| {
        tlv::nest(out, tag::SEQUENCE, |out| {
            for (oid, critical, value) in extensions {
                crate::tbs::extension(out, *oid, *critical, |out| out.extend_from_slice(value));
            }
        });
    });
}

#[test]
fn lists_of_others_are_read_as_they_are() {
    const HOLD: &[u8] = &[0x0a, 1, 6];
    const COMPROMISE: &[u8] = &[0x0a, 1, 1];
    let reason = oid::CRL_REASON;
    // Not sorted, one entry twice: what is final wins.
    let crl = forged(|out| {
        tlv::nest(out, tag::SEQUENCE, |out| {
            put_entry_with(out, &[9], &[(reason, false, HOLD)]);
            put_entry_with(out, &[5], &[]);
            put_entry_with(out, &[9], &[(reason, false, COMPROMISE)]);
            put_entry_with(out, &[7], &[(oid::INVALIDITY_DATE, true, &[0x18, 0])]);
        });
    })
    .unwrap();
    assert_eq!((crl.next_update(), crl.number(), crl.is_sorted(), crl.unsupported()), (None, None, false, None));
    let find = |n: u8| crl.find(&Serial::from_bytes(&[n]).unwrap()).map(|e| e.reason);
    assert_eq!([find(9), find(5), find(6)], [Some(Some(Reason::KeyCompromise)), Some(None), None]);

    let unsupported = |rest: &dyn Fn(&mut Vec<u8>)| forged(rest).unwrap().unsupported().unwrap().to_owned();
    let known = unsupported(&|out| put_extensions(out, &[(oid::KEY_USAGE, true, &[3, 2, 1, 6])]));
    assert_eq!(known, "the critical extension 2.5.29.15");
    let of_entry = unsupported(&|out| {
        tlv::nest(out, tag::SEQUENCE, |out| put_entry_with(out, &[9], &[(oid::KEY_USAGE, true, &[5, 0])]));
    });
    assert_eq!(of_entry, "the critical extension 2.5.29.15 of an entry");
    let indirect = unsupported(&|out| {
        tlv::nest(out, tag::SEQUENCE, |out| put_entry_with(out, &[9], &[(oid::CERTIFICATE_ISSUER, false, &[0x30, 0])]));
    });
    assert_eq!(indirect, "an entry about the certificate of another issuer");
}

#[test]
fn wrong_fields_are_refused_at_their_octet() {
    let code = |rest: &dyn Fn(&mut Vec<u8>)| {
        let e = forged(rest).unwrap_err();
        assert!(e.offset().is_some(), "{e}");
        e.kind().code()
    };
    let of_entry = |serial: &'static [u8], extensions: &'static [(Oid, bool, &'static [u8])]| {
        code(&move |out| tlv::nest(out, tag::SEQUENCE, |out| put_entry_with(out, serial, extensions)))
    };
    assert_eq!(of_entry(&[0], &[]), "x509.crl");
    assert_eq!(of_entry(&[1; 21], &[]), "x509.crl");
    assert_eq!(of_entry(&[0x80], &[]), "x509.not-der");
    assert_eq!(of_entry(&[1], &[(oid::CRL_REASON, false, &[0x02, 1, 1])]), "x509.not-der");
    const TWICE: (Oid, bool, &[u8]) = (oid::CRL_REASON, false, &[0x0a, 1, 1]);
    assert_eq!(of_entry(&[1], &[TWICE, TWICE]), "x509.crl");
    assert_eq!(code(&|out| tlv::put(out, tag::SEQUENCE, &[])), "x509.crl");
    assert_eq!(code(&|out| put_extensions(out, &[(oid::CRL_NUMBER, false, &[2, 1, 1][..]); 2])), "x509.crl");
    assert_eq!(code(&|out| put_extensions(out, &[(oid::CRL_NUMBER, false, &[2, 1, 0x80])])), "x509.not-der");
    let long = [&[2, 17][..], &[1; 17]].concat();
    assert_eq!(code(&|out| put_extensions(out, &[(oid::CRL_NUMBER, false, &long)])), "x509.crl");
    let point: &[u8] = &[0x30, 6, 0x81, 1, 0xff, 0x82, 1, 0xff];
    assert_eq!(code(&|out| put_extensions(out, &[(oid::ISSUING_DISTRIBUTION_POINT, true, point)])), "x509.crl");
}

/// Cuts one PEM block with this label out of a file with several.
fn block(file: &str, label: &str, nth: usize) -> Option<Vec<u8>> {
    let bytes = vectors(file)?;
    let found = pem::blocks(&bytes).map(std::result::Result::unwrap).filter(|(l, _)| l == label).nth(nth);
    Some(found.unwrap().1)
}

#[test]
fn a_list_of_openssl_is_read_and_verified() {
    let file = "14-certs-openssl-3.0.19.pem";
    let (Some(crl), Some(root)) = (block(file, "X509 CRL", 0), block(file, "CERTIFICATE", 0)) else { return };
    let crl = Crl::from_bytes(&crl).unwrap();
    let root = crate::certificate::Certificate::from_der(&root).unwrap();
    crl.verify_signed_by(&root.public_key().unwrap()).unwrap();
    let serial = "07E83C45FE7284AF288BAE7F8D0DB4B72355F35F".parse().unwrap();
    let entry = Entry { serial, at: 1_795_469_080, reason: Some(Reason::KeyCompromise) };
    assert_eq!(crl.find(&entry.serial), Some(entry.clone()));
    assert_eq!((crl.count(), crl.number(), crl.next_update()), (1, Some(1), Some(1_798_061_080)));
    assert_eq!((crl.issuer_der(), crl.authority_key_id()), (root.subject_der(), root.subject_key_id().unwrap()));
    // Built again from what was read, it is the same octets.
    let key = root.public_key().unwrap();
    let input = CrlInput {
        issuer_der: root.subject_der(),
        issuer_key: &key,
        this_update: crl.this_update(),
        next_update: crl.next_update().unwrap(),
        number: 1,
        shard: &[],
        delta_base: None,
        freshest: &[],
    };
    assert_eq!(build_tbs(&input, [entry]).unwrap(), crl.tbs_der());
}

#[test]
fn a_list_of_an_sdk_is_read_and_has_raw_r_and_s() {
    let Some(crl) = block("10-certs-cfca.pem", "X509 CRL", 0) else { return };
    let crl = Crl::from_der(crl).unwrap();
    assert_eq!(crl.signature_value().len(), 64);
    let refused = crl.verify_signed_by(key("somebody").public_key()).unwrap_err();
    assert_eq!(refused.kind().code(), "x509.signature-form");
    assert!(crl.unsupported().is_some(), "it has critical extensions of certificates");
    // Its reasons go through all numbers, 7 included, each twice; four entries have none.
    assert_eq!((crl.count(), crl.entries().filter(|e| e.reason.is_none()).count()), (24, 6));
}

#[test]
fn no_mutation_panics() {
    let issuer = Issuer::new();
    let url = ["http://pki.example.cn/crl/7.crl".to_owned()];
    let shard = CrlInput { shard: &url, delta_base: Some(1), ..issuer.input() };
    let originals = [
        issuer.crl(&issuer.input(), &every_reason()).der().to_vec(),
        issuer.crl(&shard, &[entry(3, Some(Reason::RemoveFromCrl))]).der().to_vec(),
        issuer.crl(&issuer.input(), &[]).der().to_vec(),
    ];
    let mut rng = StdRng::seed_from_u64(seed("mutations of CRLs"));
    let wanted = Serial::from_bytes(&serial(3)).unwrap();
    let mut read = 0;
    for round in 0..10_000 {
        let der = mutated(&originals[round % 3], &mut rng);
        let Ok(crl) = Crl::from_der(&der[..]) else { continue };
        read += 1;
        assert_eq!(crl.entries().count(), crl.count());
        assert!(crl.find(&wanted).is_none_or(|e| e.serial == wanted));
        assert!(
            crl.verify_signed_by(issuer.key.public_key()).is_err()
                || originals.contains(&der)
                || crl.tbs_der().len() > 100
        );
    }
    assert!(read > 300, "only {read} of the mutations were read at all");
}

#[test]
fn no_prefix_is_read() {
    let issuer = Issuer::new();
    let crl = issuer.crl(&issuer.input(), &every_reason());
    for end in 0..crl.der().len() {
        assert!(Crl::from_der(&crl.der()[..end]).is_err());
    }
}
