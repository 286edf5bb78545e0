//! Revocation lists and OCSP answers, judged by programs written elsewhere: whoever is revoked is refused, and nobody else.

use std::path::PathBuf;

use hufu_authority::SystemEntropy;
use hufu_model::ident::Serial;
use hufu_model::profile::{Hosts, NameAttribute};
use hufu_model::time::{Instant, Validity};
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::{self, CrlInput, Entry, Reason};
use hufu_x509::key::{PublicKey, SecretKey};
use hufu_x509::name::Name;
use hufu_x509::ocsp::{self, Answer, Hash, Issuer, Status};
use hufu_x509::sign::Signer;
use hufu_x509::tbs::{self, Host, TbsInput, Urls};

use crate::judge::{Judge, LINTER};

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;
pub(crate) const AT: &str = "2026-11-24T00:00:00Z";

/// Those that look at revocation lists.
const JUDGES: [Judge; 2] = [Judge("openssl4"), Judge("bouncycastle")];
const OCSP_JUDGE: Judge = Judge("bouncycastle");

/// A CA and its key.
pub(crate) struct Ca {
    pub(crate) key: SecretKey,
    pub(crate) certificate: Certificate,
}

impl Ca {
    pub(crate) fn issue(&self, profile: &str, number: u8, key: &PublicKey) -> Certificate {
        issue(profile, number, key, &self.key, self.certificate.subject_der())
    }

    pub(crate) fn list(
        &self,
        number: u64,
        shard: &[String],
        delta_base: Option<u64>,
        freshest: &[String],
        entries: &[Entry],
    ) -> Vec<u8> {
        let input = CrlInput {
            issuer_der: self.certificate.subject_der(),
            issuer_key: self.key.public_key(),
            this_update: NOW - 60,
            next_update: NOW + 7 * 86_400,
            number,
            shard,
            delta_base,
            freshest,
        };
        let tbs = crl::build_tbs(&input, entries.iter().cloned()).unwrap();
        let signature = self.key.sign(&tbs, [1; 32]).unwrap();
        crl::assemble(tbs, &signature).unwrap()
    }
}

fn name(common: &str) -> Vec<u8> {
    let parts =
        [(NameAttribute::Country, "CN"), (NameAttribute::Organisation, "示例"), (NameAttribute::CommonName, common)];
    Name::new(parts.map(|(a, v)| (a, v.to_owned())).to_vec()).unwrap().to_der()
}

fn urls() -> Urls {
    Urls { http: "http://pki.example.cn".to_owned(), ldap: Some("ldap://ldap.example.cn".to_owned()), shards: 0 }
}

fn issue(profile: &str, number: u8, key: &PublicKey, signer: &SecretKey, issuer_der: &[u8]) -> Certificate {
    let profile = hufu_data::profile(profile).unwrap();
    let hosts = match profile.hosts {
        Hosts::Unused => Vec::new(),
        Hosts::Required => vec![Host::Dns("www.example.cn".to_owned())],
    };
    let input = TbsInput {
        profile: &profile,
        serial: &Serial::from_bytes(&[0x11, number]).unwrap(),
        issuer_der,
        issuer_key: signer.public_key(),
        // The halves of a pair have one subject.
        subject_der: &name(profile.id.as_str().trim_end_matches("-enc").trim_end_matches("-sign")),
        subject_key: key,
        validity: Validity::days_from(Instant::from_unix_seconds(NOW - 86_400), profile.default_days).unwrap(),
        hosts: &hosts,
        urls: &urls(),
    };
    let tbs = tbs::build(&input).unwrap();
    Certificate::from_der(&tbs::assemble(&tbs, &signer.sign(&tbs, [2; 32]).unwrap()).unwrap()).unwrap()
}

pub(crate) struct Scene {
    folder: tempfile::TempDir,
    root: Ca,
    pub(crate) issuing: Ca,
    holder: Certificate,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let [root_key, issuing_key, holder_key] = [(); 3].map(|()| SecretKey::generate(&SystemEntropy).unwrap());
        let certificate = issue("root", 1, root_key.public_key(), &root_key, &name("root"));
        let root = Ca { key: root_key, certificate };
        let certificate = root.issue("issuing-ca", 2, issuing_key.public_key());
        let issuing = Ca { key: issuing_key, certificate };
        let holder = issuing.issue("person-sign", 3, holder_key.public_key());
        let scene =
            Self { folder: tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap(), root, issuing, holder };
        for (file, certificate) in [
            ("root.pem", &scene.root.certificate),
            ("issuing.pem", &scene.issuing.certificate),
            ("holder.pem", &scene.holder),
        ] {
            std::fs::write(scene.path(file), certificate.pem()).unwrap();
        }
        std::fs::write(scene.path("root.crl"), scene.root.list(1, &[], None, &[], &[])).unwrap();
        scene
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn text(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }

    pub(crate) fn entry(&self, reason: Option<Reason>) -> Entry {
        Entry { serial: self.holder.serial().clone(), at: NOW - 3_600, reason }
    }

    /// An answer of a delegated responder about the holder's certificate.
    pub(crate) fn answer(&self) -> Vec<u8> {
        let key = SecretKey::generate(&SystemEntropy).unwrap();
        let responder = self.issuing.issue("ocsp-responder", 5, key.public_key());
        let id = Issuer::of(&self.issuing.certificate).unwrap().cert_id(Hash::Sha1, self.holder.serial());
        let answer = Answer {
            id: &id,
            status: Status::Good,
            this_update: NOW - 60,
            next_update: NOW + 3_600,
            invalid_since: None,
        };
        ocsp::respond(&[answer], &responder, &key, NOW - 30, None, [3; 32]).unwrap()
    }

    /// Whether a judge accepts the holder's certificate with these lists of the issuing CA.
    fn accepted(&self, judge: Judge, lists: &[&[u8]]) -> Option<bool> {
        let mut arguments =
            ["chain", "--root", "root.pem", "--ca", "issuing.pem", "--crl", "root.crl"].map(str::to_owned).to_vec();
        for (number, list) in lists.iter().enumerate() {
            let file = format!("issuing-{number}.crl");
            std::fs::write(self.path(&file), list).unwrap();
            arguments.extend(["--crl".to_owned(), file]);
        }
        for argument in &mut arguments {
            if argument.contains('.') {
                *argument = self.text(argument);
            }
        }
        arguments.extend(["--at".to_owned(), AT.to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let verdicts = judge.run(&arguments, &[self.path("holder.pem")])?;
        println!("{}: {verdicts:?}", judge.0);
        Some(verdicts[0].ok)
    }
}

#[test]
fn who_is_on_a_list_is_refused_and_nobody_else() {
    let scene = Scene::new();
    let other = Entry { serial: Serial::from_bytes(&[0x11, 4]).unwrap(), at: NOW - 3_600, reason: None };
    let list = |entries: &[Entry]| scene.issuing.list(1, &[], None, &[], entries);
    let shard = urls().crl(scene.issuing.key.public_key());
    let wrong_shard = ["http://pki.example.cn/crl/other.crl".to_owned()];
    let mut altered = list(&[]);
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let stranger = SecretKey::generate(&SystemEntropy).unwrap();
    let stranger = Ca { key: stranger, certificate: scene.issuing.certificate.clone() };
    for judge in JUDGES {
        let accepted = |lists: &[&[u8]]| scene.accepted(judge, lists);
        let Some(empty) = accepted(&[&list(&[])]) else { continue };
        assert!(empty, "{}: an empty list", judge.0);
        assert_eq!(accepted(&[&list(std::slice::from_ref(&other))]), Some(true), "{}: another's entry", judge.0);
        assert_eq!(accepted(&[&scene.issuing.list(1, &shard, None, &[], &[])]), Some(true), "{}: its shard", judge.0);
        for reason in [None, Some(Reason::KeyCompromise), Some(Reason::CertificateHold), Some(Reason::Superseded)] {
            let revoked = list(&[scene.entry(reason), other.clone()]);
            assert_eq!(accepted(&[&revoked]), Some(false), "{}: {reason:?}", judge.0);
        }
        let in_shard = scene.issuing.list(1, &shard, None, &[], &[scene.entry(None)]);
        assert_eq!(accepted(&[&in_shard]), Some(false), "{}: on its shard", judge.0);
        assert_eq!(
            accepted(&[&scene.issuing.list(1, &wrong_shard, None, &[], &[])]),
            Some(false),
            "{}: another shard",
            judge.0
        );
        assert_eq!(accepted(&[&altered]), Some(false), "{}: altered", judge.0);
        assert_eq!(accepted(&[&stranger.list(1, &[], None, &[], &[])]), Some(false), "{}: another key's list", judge.0);
        assert_eq!(accepted(&[]), Some(false), "{}: no list", judge.0);
    }
}

/// Of the judges OpenSSL follows freshestCRL to a delta list.
#[test]
fn a_delta_list_adds_to_the_full_one() {
    let scene = Scene::new();
    let place = ["http://pki.example.cn/crl/delta.crl".to_owned()];
    let full = |entries: &[Entry]| scene.issuing.list(5, &[], None, &place, entries);
    let delta = |entries: &[Entry]| scene.issuing.list(6, &[], Some(5), &[], entries);
    let (held, released) = (scene.entry(Some(Reason::CertificateHold)), scene.entry(Some(Reason::RemoveFromCrl)));
    for (lists, wanted) in [
        ([full(&[]), delta(&[])], true),
        ([full(&[]), delta(&[scene.entry(Some(Reason::KeyCompromise))])], false),
        ([full(std::slice::from_ref(&held)), delta(&[])], false),
        ([full(&[held]), delta(&[released])], true),
    ] {
        let Some(accepted) = scene.accepted(Judge("openssl4"), &[&lists[0], &lists[1]]) else { return };
        assert_eq!(accepted, wanted);
    }
}

#[test]
fn answers_of_the_delegated_responder_are_believed() {
    let scene = Scene::new();
    let responder_key = SecretKey::generate(&SystemEntropy).unwrap();
    let responder = scene.issuing.issue("ocsp-responder", 5, responder_key.public_key());
    let server_key = SecretKey::generate(&SystemEntropy).unwrap();
    let unauthorised = scene.issuing.issue("operator", 6, server_key.public_key());
    let issuer = Issuer::of(&scene.issuing.certificate).unwrap();
    let answer = |hash: Hash, serial: &Serial, status, by: &Certificate, key: &SecretKey, nonce| {
        let id = issuer.cert_id(hash, serial);
        let answer = Answer { id: &id, status, this_update: NOW - 60, next_update: NOW + 3_600, invalid_since: None };
        ocsp::respond(&[answer], by, key, NOW - 30, nonce, [3; 32]).unwrap()
    };
    let judge = |answer: &[u8], status: &str| {
        std::fs::write(scene.path("answer.der"), answer).unwrap();
        let (ca, certificate) = (scene.text("issuing.pem"), scene.text("holder.pem"));
        let arguments = ["ocsp", "--ca", &ca, "--certificate", &certificate, "--status", status, "--at", AT];
        let verdicts = OCSP_JUDGE.run(&arguments, &[scene.path("answer.der")])?;
        println!("{verdicts:?}");
        Some(verdicts[0].ok)
    };
    let serial = scene.holder.serial();
    let revoked = |reason| Status::Revoked { at: NOW - 90, reason };
    for hash in Hash::ALL {
        for (status, word) in [
            (Status::Good, "good"),
            (revoked(None), "revoked"),
            (revoked(Some(Reason::CertificateHold)), "revoked"),
            (Status::Unknown, "unknown"),
        ] {
            let der = answer(hash, serial, status, &responder, &responder_key, Some(&[7; 32]));
            let Some(accepted) = judge(&der, word) else { return };
            assert!(accepted, "{hash:?} {word}");
        }
    }
    let good = answer(Hash::Sha1, serial, Status::Good, &responder, &responder_key, None);
    assert_eq!(judge(&good, "revoked"), Some(false));
    let other = Serial::from_bytes(&[0x11, 9]).unwrap();
    let other = answer(Hash::Sha1, &other, Status::Good, &responder, &responder_key, None);
    assert_eq!(judge(&other, "good"), Some(false));
    let unauthorised = answer(Hash::Sha1, serial, Status::Good, &unauthorised, &server_key, None);
    assert_eq!(judge(&unauthorised, "good"), Some(false));
    let at = good.windows(2).position(|w| w == [0x80, 0]).unwrap();
    let mut altered = good;
    altered[at] = 0x82;
    assert_eq!(judge(&altered, "unknown"), Some(false));
}

/// The certificate of the responder is of good form, too.
#[test]
fn the_linter_has_nothing_against_the_responders_certificate() {
    let scene = Scene::new();
    let key = SecretKey::generate(&SystemEntropy).unwrap();
    std::fs::write(scene.path("responder.pem"), scene.issuing.issue("ocsp-responder", 5, key.public_key()).pem())
        .unwrap();
    let verdicts = LINTER.run(&["lint"], &[scene.path("responder.pem")]);
    crate::judge::all_accepted(LINTER, verdicts, 1);
}
