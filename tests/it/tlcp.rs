//! TLCP (GB/T 38636) with a pair of ours at both ends of a connection, by BabaSSL.

use std::path::PathBuf;

use hufu_authority::SystemEntropy;
use hufu_model::ident::hex;
use hufu_x509::certificate::Certificate;
use hufu_x509::key::SecretKey;

use crate::judge::{Judge, LINTER, is_table_c4};
use crate::status::{AT, Ca, Scene};

const JUDGE: Judge = Judge("babassl");
/// Key transport, and key agreement, which needs a pair at both ends.
const SUITES: [(&str, bool); 4] = [
    ("ECC-SM2-WITH-SM4-SM3", false),
    ("ECC-SM2-SM4-GCM-SM3", false),
    ("ECDHE-SM2-WITH-SM4-SM3", true),
    ("ECDHE-SM2-SM4-GCM-SM3", true),
];

/// The scalar that belongs to a number, so that the judge can be given it.
fn scalar(number: u8) -> [u8; 32] {
    [number; 32]
}

/// One end: its certificates and its keys.
#[derive(Clone)]
struct End {
    sign: PathBuf,
    sign_key: PathBuf,
    enc: PathBuf,
    enc_key: PathBuf,
}

impl End {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "sign": self.sign, "sign_key": self.sign_key, "enc": self.enc, "enc_key": self.enc_key,
        })
    }

    /// The certificates and keys of the two halves exchanged.
    fn swapped(&self) -> Self {
        let Self { sign, sign_key, enc, enc_key } = self.clone();
        Self { sign: enc, sign_key: enc_key, enc: sign, enc_key: sign_key }
    }
}

/// A half of a pair: its certificate and its key as files.
fn half(scene: &Scene, ca: &Ca, profile: &str, number: u8) -> (PathBuf, PathBuf) {
    let key = SecretKey::from_scalar(&scalar(number)).unwrap();
    let file = |suffix: &str| scene.path(&format!("{profile}-{number}.{suffix}"));
    std::fs::write(file("pem"), ca.issue(profile, number, key.public_key()).pem()).unwrap();
    std::fs::write(file("hex"), hex(&scalar(number))).unwrap();
    (file("pem"), file("hex"))
}

fn pair(scene: &Scene, sign_by: &Ca, enc_by: &Ca, profile: &str, number: u8) -> End {
    let (sign, sign_key) = half(scene, sign_by, profile, number);
    let enc = format!("{}-enc", profile.trim_end_matches("-sign"));
    let (enc, enc_key) = half(scene, enc_by, &enc, number + 1);
    End { sign, sign_key, enc, enc_key }
}

/// Whether both ends finish a handshake, and what was said.
fn handshake(scene: &Scene, suite: &str, server: &End, client: Option<&End>) -> Option<(bool, String)> {
    let case = serde_json::json!({
        "root": scene.path("root.pem"), "ca": scene.path("issuing.pem"), "suite": suite, "at": AT,
        "server": server.json(), "client": client.map(End::json),
    });
    std::fs::write(scene.path("case.json"), case.to_string()).unwrap();
    let verdict = JUDGE.run(&["handshake"], &[scene.path("case.json")])?.remove(0);
    println!("{suite}, {} certificates: {}", if client.is_some() { "mutual" } else { "the server's" }, verdict.reason);
    Some((verdict.ok, verdict.reason))
}

#[test]
fn a_pair_serves_at_both_ends_of_a_connection() {
    let scene = Scene::new();
    let server = pair(&scene, &scene.issuing, &scene.issuing, "tls-server", 0x21);
    let client = pair(&scene, &scene.issuing, &scene.issuing, "tls-client", 0x31);
    for (suite, agreement) in SUITES {
        for client in [None, Some(&client)] {
            // Key agreement takes a part of the client, too.
            if agreement && client.is_none() {
                continue;
            }
            let Some((ok, reason)) = handshake(&scene, suite, &server, client) else { return };
            assert!(ok && reason.starts_with("NTLS"), "{suite}: {reason}");
        }
    }
}

/// The handshake rests on both halves: one of a stranger, halves exchanged, and a key that is not the certificate's fail.
#[test]
fn halves_that_do_not_belong_together_serve_nobody() {
    let scene = Scene::new();
    let (suite, _) = SUITES[0];
    let stranger = stranger(&scene);
    let good = pair(&scene, &scene.issuing, &scene.issuing, "tls-server", 0x21);
    let client = pair(&scene, &scene.issuing, &scene.issuing, "tls-client", 0x31);
    let of_stranger = pair(&scene, &stranger, &stranger, "tls-server", 0x41);
    let mixed = pair(&scene, &scene.issuing, &stranger, "tls-server", 0x51);
    let other_key = End { enc_key: client.enc_key.clone(), ..good.clone() };
    for (what, server) in [
        ("a stranger's pair", &of_stranger),
        ("the encryption half of another CA", &mixed),
        ("halves exchanged", &good.swapped()),
        ("another key", &other_key),
    ] {
        let Some((ok, reason)) = handshake(&scene, suite, server, None) else { return };
        assert!(!ok, "{what}: {reason}");
    }
    // A client that has to show a pair and shows none, or a stranger's.
    let strangers = pair(&scene, &stranger, &stranger, "tls-client", 0x61);
    let Some((ok, reason)) = handshake(&scene, suite, &good, Some(&strangers)) else { return };
    assert!(!ok, "a client of another CA: {reason}");
    assert_eq!(handshake(&scene, suite, &good, Some(&client)).map(|(ok, _)| ok), Some(true));
}

/// Another CA of the same name: only its key is another.
fn stranger(scene: &Scene) -> Ca {
    let key = SecretKey::generate(&SystemEntropy).unwrap();
    let certificate = scene.issuing.certificate.clone();
    Ca { key, certificate }
}

/// pkilint has nothing against pairs, lists and answers but what [`is_table_c4`] says.
#[test]
fn the_foreign_linter_finds_one_known_thing_in_pairs_and_nothing_in_lists_and_answers() {
    let scene = Scene::new();
    let end = pair(&scene, &scene.issuing, &scene.issuing, "tls-server", 0x21);
    let person = pair(&scene, &scene.issuing, &scene.issuing, "person-sign", 0x31);
    let allowed = scene.path("allowed.csv");
    let row = "pkix.key_usage_value_prohibited_for_ec,,encryption certificates of GB/T 20518 Table C.4";
    std::fs::write(&allowed, format!("code,path,reason\n{row}\n")).unwrap();
    let signing = [end.sign, person.sign];
    let encryption = [end.enc, person.enc];
    let Some(found) = LINTER.run(&["lint"], &signing) else { return };
    assert!(found.iter().all(|v| v.ok), "{found:#?}");
    let found = LINTER.run(&["lint"], &encryption).unwrap();
    assert!(found.iter().all(is_table_c4), "{found:#?}");
    let found = LINTER.run(&["lint", "--allow", allowed.to_str().unwrap()], &encryption).unwrap();
    assert!(found.iter().all(|v| v.ok), "{found:#?}");

    let place = ["http://pki.example.cn/crl/1.crl".to_owned()];
    let entries = [scene.entry(Some(hufu_x509::crl::Reason::KeyCompromise))];
    let lists = [
        ("empty.crl", scene.issuing.list(5, &[], None, &[], &[])),
        ("full.crl", scene.issuing.list(6, &[], None, &place, &entries)),
        ("shard.crl", scene.issuing.list(7, &place, None, &[], &entries)),
        ("delta.crl", scene.issuing.list(8, &[], Some(6), &[], &entries)),
    ];
    let files: Vec<PathBuf> = lists
        .iter()
        .map(|(name, der)| {
            std::fs::write(scene.path(name), der).unwrap();
            scene.path(name)
        })
        .collect();
    let found = LINTER.run(&["lint", "--kind", "crl"], &files).unwrap();
    assert!(found.iter().all(|v| v.ok), "{found:#?}");
    std::fs::write(scene.path("answer.der"), scene.answer()).unwrap();
    let found = LINTER.run(&["lint", "--kind", "ocsp"], &[scene.path("answer.der")]).unwrap();
    assert!(found.iter().all(|v| v.ok), "{found:#?}");
    // The linter looks: a list of which the number is negative is refused.
    let (_, full) = &lists[1];
    let number = [2, 1, 6];
    let at = full.windows(3).rposition(|w| w == number).unwrap();
    let mut altered = full.clone();
    altered[at + 2] = 0x86;
    std::fs::write(scene.path("altered.crl"), altered).unwrap();
    let found = LINTER.run(&["lint", "--kind", "crl"], &[scene.path("altered.crl")]).unwrap();
    assert!(!found[0].ok, "{found:#?}");
}

/// Ours agrees: every object above is clean, and the halves fit.
#[test]
fn our_own_linter_finds_nothing_in_what_is_published() {
    use hufu_x509::bundle::Kind;
    use hufu_x509::lint;
    let scene = Scene::new();
    let end = pair(&scene, &scene.issuing, &scene.issuing, "tls-server", 0x21);
    let [signing, encryption] =
        [&end.sign, &end.enc].map(|path| Certificate::from_bytes(&std::fs::read(path).unwrap()).unwrap());
    assert_eq!(lint::pair(signing.tbs_der(), encryption.tbs_der()), []);
    assert_eq!(hufu_x509::path::pair(&signing, &encryption), []);
    for certificate in [&signing, &encryption] {
        assert_eq!(lint::object(Kind::Certificate, certificate.der()), []);
    }
    let list = scene.issuing.list(6, &[], None, &[], &[scene.entry(None)]);
    assert_eq!(lint::object(Kind::Crl, &list), []);
    assert_eq!(lint::object(Kind::Answer, &scene.answer()), []);
}
