#![allow(clippy::unwrap_used, clippy::print_stderr)]

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::fixture::{Case, key, samples, seed, vectors};
use crate::legacy;
use crate::mutate::mutated;
use crate::tlv::{element, put};

fn all(file: &str) -> Option<Vec<Certificate>> {
    vectors(file).map(|bytes| Certificate::all_from_bytes(&bytes).unwrap())
}

fn signed_by(certificate: &Certificate, issuer: &Certificate) -> &'static str {
    match issuer.public_key().and_then(|key| certificate.verify_signed_by(&key)) {
        Ok(()) => "good",
        Err(e) => e.kind().code(),
    }
}

#[test]
fn the_national_root_and_its_subordinates_are_read_and_verified() {
    let Some(found) = all("09-certs-nrcac.pem") else { return };
    let [root, mcsca, sheca] = &found[..] else { panic!("{} certificates", found.len()) };
    assert_eq!(root.subject_text(), root.issuer_text());
    assert!(root.subject_text().starts_with("C=CN"), "{}", root.subject_text());
    for certificate in [root, mcsca, sheca] {
        assert_eq!(signed_by(certificate, root), "good", "{certificate:?}");
        assert!(certificate.basic_constraints().unwrap().unwrap().ca);
        assert!(certificate.key_usage().unwrap().unwrap().has(KeyUsage::KeyCertSign));
    }
    assert_eq!(mcsca.authority_key_id().unwrap(), root.subject_key_id().unwrap());
    assert_eq!(signed_by(root, mcsca), "x509.signature");
}

#[test]
fn commercial_and_test_authorities_are_read() {
    if let Some(found) = all("10-certs-cfca.pem") {
        assert_eq!(found.len(), 3);
        assert_eq!(signed_by(&found[0], &found[0]), "good");
        assert_eq!(signed_by(&found[1], &found[0]), "good");
        assert!(found.iter().all(|c| c.extensions().count() > 2 && c.public_key().is_ok()));
    }
    if let Some(found) = all("12-certs-gmssl.pem") {
        // GeneralizedTime for 2015 and a keyUsage with a wrong count of unused bits, and it is read all the same.
        let [_, root, middle] = &found[..] else { panic!("{} certificates", found.len()) };
        assert_eq!(signed_by(root, root), "good");
        assert_eq!(signed_by(middle, root), "good");
        assert!(root.key_usage().unwrap().unwrap().has(KeyUsage::KeyCertSign));
        assert_eq!(root.subject_key_id().unwrap().map(<[u8]>::len), Some(16));
    }
}

#[test]
fn signatures_without_za_and_a_serial_number_of_zero_are_refused() {
    let Some(file) = vectors("13-certs-tongsuo.pem") else { return };
    let blocks: Vec<(String, Vec<u8>)> = pem::blocks(&file).map(std::result::Result::unwrap).collect();
    let read: Vec<_> =
        blocks.iter().filter(|(label, _)| label == PEM_LABEL).map(|(_, der)| Certificate::from_der(der)).collect();
    let error = read[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.offset()), (&ErrorKind::Certificate, Some(13)), "the serial number is zero");
    assert_eq!(legacy::read(&blocks[0].1).unwrap().serial, [0]);
    let found: Vec<Certificate> = read.into_iter().skip(1).map(std::result::Result::unwrap).collect();
    // The root is not among them; the four below the subordinate CA are good.
    assert!(found[1..5].iter().all(|c| signed_by(c, &found[0]) == "good"));
    // The rest, signed with and without ZA, name the SM2 curve where the algorithm of the key belongs.
    for certificate in &found[5..] {
        assert_eq!(certificate.public_key().unwrap_err().kind(), &ErrorKind::KeyAlgorithm);
        assert_eq!(legacy::read(certificate.der()).unwrap().algorithm, hufu_model::certificate::Algorithm::Sm2);
    }
    // Read with the right algorithm in its place, the first pair verifies and the one without ZA does not.
    let key = |c: &Certificate| PublicKey::from_point(&c.spki_der()[c.spki_der().len() - 65..]).unwrap();
    assert!(found[6].verify_signed_by(&key(&found[5])).is_ok());
    assert_eq!(found[7].verify_signed_by(&key(&found[7])).unwrap_err().kind(), &ErrorKind::Signature);
    assert_eq!(found[8].verify_signed_by(&key(&found[7])).unwrap_err().kind(), &ErrorKind::Signature);
}

#[test]
fn mixed_algorithm_identifiers_are_refused() {
    let Some(found) = all("14-certs-openssl-3.0.19.pem") else { return };
    assert_eq!(found.len(), 7);
    let (root, intermediate) = (&found[0], &found[1]);
    for (i, expected) in
        [(0, "good"), (1, "good"), (2, "good"), (4, "good"), (5, "x509.algorithm"), (6, "x509.algorithm")]
    {
        assert_eq!(signed_by(&found[i], root), expected, "certificate {i}");
    }
    assert_eq!(signed_by(&found[3], intermediate), "good");
    assert!(found[5].is_signed_with_sm2() && !found[5].algorithms_agree());
    // The second reader agrees about every one of them.
    for certificate in &found {
        let second = legacy::reread(certificate.der()).unwrap();
        assert_eq!((&second.serial, second.validity), (certificate.serial(), certificate.validity()));
    }
}

#[test]
fn the_samples_are_read_and_their_signatures_are_what_their_names_say() {
    let read = |file: &str| Certificate::from_bytes(&std::fs::read(samples("chain").join(file)).unwrap()).unwrap();
    let (root, issuing) = (read("root.pem"), read("issuing.pem"));
    assert_eq!(signed_by(&root, &root), "good");
    assert_eq!(signed_by(&issuing, &root), "good");
    for (file, expected) in [
        ("leaf.pem", "good"),
        ("beyond-path-length.pem", "good"),
        ("altered-leaf.pem", "x509.signature"),
        ("empty-id-leaf.pem", "x509.signature"),
        ("raw-rs-leaf.pem", "x509.signature-form"),
        ("mixed-algorithm-leaf.pem", "x509.algorithm"),
    ] {
        assert_eq!(signed_by(&read(file), &issuing), expected, "{file}");
    }
    assert_eq!(read("no-version-leaf.pem").version(), 1);
    assert_eq!(Certificate::from_bytes(read("leaf.pem").pem().as_bytes()).unwrap(), read("leaf.pem"));
}

/// Puts `value` in the place of field `index` of tbsCertificate, all lengths made right.
fn with_field(index: usize, value: &[u8]) -> Vec<u8> {
    let der = Case::of("person-sign").certificate();
    let outer = Reader::new(&der).any().unwrap();
    let mut parts = outer.inside();
    let tbs = parts.any().unwrap();
    let mut fields = Vec::new();
    let mut reader = tbs.inside();
    let mut i = 0;
    while !reader.is_empty() {
        let field = reader.any().unwrap();
        fields.extend_from_slice(if i == index { value } else { field.whole });
        i += 1;
    }
    let mut content = element(tag::SEQUENCE, &fields);
    while !parts.is_empty() {
        content.extend_from_slice(parts.any().unwrap().whole);
    }
    element(tag::SEQUENCE, &content)
}

#[test]
fn fields_without_sense_are_refused() {
    let code = |der: &[u8]| Certificate::from_der(der).map_or_else(|e| e.kind().code(), |_| "read");
    assert_eq!(code(&with_field(99, &[])), "read");
    for (bad, expected) in [
        (&[0x02, 0x01, 0x00][..], "x509.certificate"),
        (&[0x02, 0x01, 0x80], "x509.not-der"),
        (&[0x02, 0x02, 0x00, 0x01], "x509.not-der"),
        (&[0x02, 0x00], "x509.not-der"),
    ] {
        assert_eq!(code(&with_field(1, bad)), expected, "serial {bad:?}");
    }
    assert_eq!(code(&with_field(1, &element(tag::INTEGER, &[1; 21]))), "x509.certificate");
    let mut times = element(tag::UTC_TIME, b"260101000000Z");
    put(&mut times, tag::UTC_TIME, b"250101000000Z");
    assert_eq!(code(&with_field(4, &element(tag::SEQUENCE, &times))), "x509.certificate");
    assert_eq!(code(&with_field(0, &[0xa0, 0x03, 0x02, 0x01, 0x00])), "x509.not-der");
    assert_eq!(code(&with_field(0, &[0xa0, 0x03, 0x02, 0x01, 0x03])), "x509.not-der");
    assert_eq!(code(&with_field(0, &[])), "read");
    let twice = [0x30, 0x09, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x02, 0x04, 0x00].repeat(2);
    let list = element(tag::constructed(3), &element(tag::SEQUENCE, &twice));
    let error = Certificate::from_der(&with_field(7, &list)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Certificate);
    assert!(error.to_string().contains("2.5.29.14 stands twice"), "{error}");
}

#[test]
fn every_altered_bit_of_a_certificate_is_noticed() {
    let case = Case::of("tls-server");
    let der = case.certificate();
    for at in 0..der.len() {
        let mut altered = der.clone();
        altered[at] ^= 0x01;
        let verified = Certificate::from_der(&altered).and_then(|c| c.verify_signed_by(&case.issuer_key));
        assert!(verified.is_err(), "octet {at}");
    }
}

#[test]
fn files_may_hold_several_certificates() {
    let (a, b) = (Case::of("person-sign").certificate(), Case::of("operator").certificate());
    let text = format!("text\n{}\r\n{}", pem::encode(PEM_LABEL, &a), pem::encode(PEM_LABEL, &b));
    let found = Certificate::all_from_bytes(text.as_bytes()).unwrap();
    assert_eq!((found[0].der(), found[1].der(), found.len()), (&a[..], &b[..], 2));
    assert_eq!(Certificate::all_from_bytes(&a).unwrap().len(), 1);
    assert_eq!(Certificate::all_from_bytes(b"nothing").unwrap_err().kind(), &ErrorKind::PemLabel);
    assert_eq!(Certificate::from_bytes(text.as_bytes()).unwrap_err().kind(), &ErrorKind::PemSeveral);
}

/// Hostile bytes end in a refusal, never in a panic, and both readers agree about what is read by both.
#[test]
fn ten_thousand_mutations_are_refused_or_read_without_a_panic() {
    let mut rng = StdRng::seed_from_u64(seed("certificate mutations"));
    let sources: Vec<Vec<u8>> = ["root", "issuing-ca", "tls-server"].map(|p| Case::of(p).certificate()).into();
    let issuer = key("issuer");
    let issuer = crate::sign::Signer::public_key(&issuer);
    let mut read = 0;
    for i in 0..10_000 {
        let source = &sources[i % sources.len()];
        let input = mutated(source, &mut rng);
        let second = legacy::reread(&input);
        let _ = legacy::read(&input);
        let Ok(certificate) = Certificate::from_der(&input) else { continue };
        read += 1;
        let _ = (certificate.subject_text(), certificate.issuer_text(), certificate.public_key());
        let _ = (certificate.basic_constraints(), certificate.key_usage(), certificate.hosts());
        let _ = (certificate.subject_key_id(), certificate.authority_key_id(), certificate.extended_key_usage());
        let _ = (certificate.signature_algorithm(), format!("{certificate:?}"));
        if certificate.verify_signed_by(issuer).is_ok() {
            assert_eq!(&input, source, "mutation {i} was accepted");
        }
        if let Ok(second) = second {
            assert_eq!((&second.serial, second.validity), (certificate.serial(), certificate.validity()), "{i}");
            assert_eq!(second.spki_der, certificate.spki_der(), "{i}");
        }
    }
    assert!(read > 500, "only {read} mutations reached the inner fields");
}
