#![allow(clippy::unwrap_used)]

use der::{Decode, Encode};
use hufu_model::profile::NameAttribute;
use hufu_model::time::Validity;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use super::*;
use crate::certificate::{BasicConstraints, Certificate};
use crate::fixture::{Case, key, name, urls};
use crate::legacy;

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

#[test]
fn every_profile_is_built_and_three_readers_agree_about_it() {
    for profile in PROFILES {
        let case = Case::of(profile);
        let tbs = case.tbs();
        let der = case.certificate();

        let ours = Certificate::from_der(&der).unwrap();
        assert_eq!(ours.tbs_der(), tbs, "{profile}");
        assert_eq!((ours.version(), ours.serial(), ours.validity()), (3, &case.serial, case.validity));
        assert_eq!((ours.issuer_der(), ours.subject_der()), (&case.issuer_der[..], &case.subject_der[..]));
        assert_eq!(ours.public_key().unwrap(), case.subject_key);
        ours.verify_signed_by(&case.issuer_key).unwrap();

        let second = legacy::reread(&der).unwrap();
        assert_eq!((second.serial, second.validity), (case.serial.clone(), case.validity));
        assert_eq!((second.issuer_der, second.subject_der), (case.issuer_der.clone(), case.subject_der.clone()));
        assert_eq!(second.spki_der, case.subject_key.spki_der());

        let third = x509_cert::Certificate::from_der(&der).unwrap();
        assert_eq!(third.to_der().unwrap(), der, "{profile}: x509-cert writes it again octet for octet");
        assert_eq!(third.tbs_certificate().to_der().unwrap(), tbs);
        assert!(third.signature_algorithm().parameters.is_none());
    }
}

/// The extensions of a certificate in order: dotted OID, critical.
fn extensions(profile: &str) -> Vec<(String, bool)> {
    let case = Case::of(profile);
    let certificate = Certificate::from_der(&case.certificate()).unwrap();
    certificate.extensions().map(|e| (oid::dotted(e.oid), e.critical)).collect()
}

#[test]
fn the_extensions_are_those_of_the_tables() {
    let listed = |ids: &[(&str, bool)]| ids.iter().map(|(id, c)| ((*id).to_owned(), *c)).collect::<Vec<_>>();
    let sia = "1.3.6.1.5.5.7.1.11";
    let aia = "1.3.6.1.5.5.7.1.1";
    // Table C.1.
    assert_eq!(
        extensions("root"),
        listed(&[("2.5.29.14", false), ("2.5.29.19", true), ("2.5.29.15", true), (sia, false)])
    );
    // Table C.2.
    assert_eq!(
        extensions("issuing-ca"),
        listed(&[
            ("2.5.29.35", false),
            ("2.5.29.14", false),
            ("2.5.29.19", true),
            ("2.5.29.15", true),
            ("2.5.29.32", false),
            ("2.5.29.31", false),
            (aia, false),
            (sia, false),
        ])
    );
    // Table C.3.
    assert_eq!(
        extensions("person-sign"),
        listed(&[
            ("2.5.29.35", false),
            ("2.5.29.14", false),
            ("2.5.29.15", true),
            ("2.5.29.32", false),
            ("2.5.29.31", false),
            (aia, false),
        ])
    );
    // Table C.3 with its optional extKeyUsage and subjectAltName.
    assert_eq!(
        extensions("tls-server"),
        listed(&[
            ("2.5.29.35", false),
            ("2.5.29.14", false),
            ("2.5.29.15", true),
            ("2.5.29.37", false),
            ("2.5.29.32", false),
            ("2.5.29.17", false),
            ("2.5.29.31", false),
            (aia, false),
        ])
    );
}

#[test]
fn key_usages_are_the_octets_of_the_standard() {
    let octets = |profile: &str| {
        let case = Case::of(profile);
        let certificate = Certificate::from_der(&case.certificate()).unwrap();
        certificate.extension(oid::KEY_USAGE).map(|(_, v)| v.to_vec()).unwrap()
    };
    assert_eq!(octets("root"), [3, 2, 1, 6]);
    assert_eq!(octets("issuing-ca"), [3, 2, 1, 6]);
    assert_eq!(octets("person-sign"), [3, 2, 6, 0xc0]);
    use KeyUsage::{DataEncipherment, KeyAgreement, KeyEncipherment};
    assert_eq!(key_usage_bits(&[KeyEncipherment, DataEncipherment, KeyAgreement]), [3, 0x38]);
    assert_eq!(key_usage_bits(&[]), [0]);
}

#[test]
fn what_our_reader_says_of_the_extensions() {
    let ca = Certificate::from_der(&Case::of("issuing-ca").certificate()).unwrap();
    assert_eq!(ca.basic_constraints().unwrap(), Some(BasicConstraints { ca: true, path_len: Some(0) }));
    assert_eq!(ca.key_usage().unwrap().unwrap().usages(), [KeyUsage::KeyCertSign, KeyUsage::CrlSign]);
    assert_eq!(ca.subject_key_id().unwrap(), Some(&key("issuing-ca").public_key().key_id()[..]));
    assert_eq!(ca.authority_key_id().unwrap(), Some(&key("issuer").public_key().key_id()[..]));
    let root = Certificate::from_der(&Case::of("root").certificate()).unwrap();
    assert_eq!(root.basic_constraints().unwrap(), Some(BasicConstraints { ca: true, path_len: None }));
    assert_eq!(root.authority_key_id().unwrap(), None);
    let server = Certificate::from_der(&Case::of("tls-server").certificate()).unwrap();
    assert_eq!(server.hosts().unwrap(), Case::of("tls-server").hosts);
    assert_eq!(server.extended_key_usage().unwrap(), Some(vec![oid::KP_SERVER_AUTH]));
    assert_eq!(server.basic_constraints().unwrap(), None);
}

#[test]
fn a_second_reader_finds_the_addresses_where_they_belong() {
    let der = Case::of("issuing-ca").certificate();
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(&der).unwrap();
    let issuer = hex(&key("issuer").public_key().key_id());
    let own = hex(&key("issuing-ca").public_key().key_id());
    let mut found = Vec::new();
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::CRLDistributionPoints(points) => found.push(format!("{points:?}")),
            ParsedExtension::AuthorityInfoAccess(access) => found.push(format!("{access:?}")),
            ParsedExtension::SubjectInfoAccess(access) => found.push(format!("{access:?}")),
            ParsedExtension::CertificatePolicies(policies) => {
                assert_eq!(policies.len(), 1);
                assert_eq!(policies[0].policy_id.to_id_string(), "1.3.6.1.4.1.32473.1.1");
            }
            ParsedExtension::ParseError { .. } | ParsedExtension::Unparsed => panic!("{extension:?}"),
            _ => {}
        }
    }
    let text = found.join("\n");
    assert_eq!(found.len(), 3);
    for url in [
        format!("http://pki.example.cn/crl/{issuer}.crl"),
        format!("ldap://ldap.example.cn/cn={issuer}?certificateRevocationList;binary"),
        format!("http://pki.example.cn/ca/{issuer}.cer"),
        format!("ldap://ldap.example.cn/cn={issuer}?cACertificate;binary"),
        "http://pki.example.cn/ocsp".to_owned(),
        format!("ldap://ldap.example.cn/cn={own}?cACertificate;binary"),
        format!("http://pki.example.cn/ca/{own}.p7b"),
    ] {
        assert!(text.contains(&format!("{url:?}")), "{url} is not in {text}");
    }
}

#[test]
fn addresses_come_from_their_bases() {
    let key = key("issuer").public_key().clone();
    let id = hex(&key.key_id());
    let with = |ldap: Option<&str>| Urls {
        http: "http://pki.example.cn/".to_owned(),
        ldap: ldap.map(str::to_owned),
        shards: 0,
    };
    assert_eq!(with(None).crl(&key), [format!("http://pki.example.cn/crl/{id}.crl")]);
    // A home that has no directory may have stored the empty text.
    assert_eq!(with(Some("")).crl(&key).len(), 1);
    let ldap = &with(Some("ldap://ldap.example.cn/o=ca,c=CN")).crl(&key)[1];
    assert_eq!(*ldap, format!("ldap://ldap.example.cn/cn={id},o=ca,c=CN?certificateRevocationList;binary"));
    assert_eq!(
        with(Some("ldap://ldap.example.cn/")).crl(&key)[1],
        format!("ldap://ldap.example.cn/cn={id}?certificateRevocationList;binary")
    );
}

#[test]
fn times_change_type_with_the_year_2050() {
    let mut case = Case::of("root");
    let last = 2_524_608_000;
    for (not_after, tag) in [(last - 1, tag::UTC_TIME), (last, tag::GENERALIZED_TIME)] {
        case.validity = Validity::new(1_700_000_000, not_after).unwrap();
        let certificate = Certificate::from_der(&case.certificate()).unwrap();
        assert_eq!(certificate.validity(), case.validity);
        let mut wanted = Vec::new();
        put_time(&mut wanted, not_after);
        assert_eq!(wanted[0], tag);
        assert!(case.tbs().windows(wanted.len()).any(|w| w == wanted));
        assert_eq!(legacy::reread(certificate.der()).unwrap().validity, case.validity);
    }
}

fn refusal(change: impl FnOnce(&mut Case), profile: &str) -> String {
    let mut case = Case::of(profile);
    change(&mut case);
    let error = build(&case.input()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Tbs);
    error.to_string()
}

#[test]
fn what_does_not_fit_together_is_not_built() {
    let host = || Host::Dns("www.example.gov.cn".to_owned());
    assert!(refusal(|c| c.hosts.push(host()), "person-sign").contains("names no hosts"));
    assert!(refusal(|c| c.hosts.clear(), "tls-server").contains("at least one host"));
    assert!(refusal(|c| c.hosts.push(Host::Dns("*.gov.cn".to_owned())), "tls-server").contains("wildcards"));
    assert!(refusal(|c| c.hosts.push(Host::Dns("a\0.cn".to_owned())), "tls-server").contains("host name"));
    assert!(refusal(|c| c.profile.policy = None, "person-sign").contains("no policy"));
    assert!(refusal(|c| c.profile.policy = Some("1.2.x".to_owned()), "person-sign").contains("object identifier"));
    assert!(refusal(|c| c.profile.algorithm = Algorithm::Rsa, "person-sign").contains("only SM2"));
    assert!(refusal(|c| c.issuer_key = key("other").public_key().clone(), "root").contains("one name and one key"));
    let other = name(&[(NameAttribute::CommonName, "other")]).to_der();
    assert!(refusal(|c| c.issuer_der = other, "root").contains("one name and one key"));
    for base in ["", "https://pki.example.cn", "http://", "http://a b", "http://例.cn", "http:///x", "ftp://x"] {
        assert!(refusal(|c| c.urls.http = base.to_owned(), "person-sign").contains("HTTP"), "{base}");
    }
    for base in ["ldap.example.cn", "http://x", "ldap://", "ldap://a\n"] {
        assert!(refusal(|c| c.urls.ldap = Some(base.to_owned()), "person-sign").contains("LDAP"), "{base}");
    }
    assert!(build(&TbsInput { urls: &urls(), ..Case::of("person-sign").input() }).is_ok());
}

#[test]
fn only_one_sequence_is_assembled() {
    let case = Case::of("person-sign");
    let tbs = case.tbs();
    let signature = crate::sign::Signer::sign(&key("issuer"), &tbs, [1; 32]).unwrap();
    assert!(assemble(&tbs, &signature).is_ok());
    for bad in [&[][..], &tbs[1..], &[&tbs[..], &[0]].concat(), &tbs[..tbs.len() - 1], &[0x31, 0]] {
        assert_eq!(assemble(bad, &signature).unwrap_err().kind(), &ErrorKind::NotDer);
    }
}
