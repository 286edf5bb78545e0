//! Key envelopes between Hufu and programs written elsewhere: theirs are opened here, ours there, step by step with foreign
//! SM2 and SM4.

use std::path::PathBuf;

use hufu_authority::SystemEntropy;
use hufu_model::ident::{Serial, hex, unhex};
use hufu_model::profile::NameAttribute;
use hufu_x509::certificate::Certificate;
use hufu_x509::envelope::{self, Delivery, Dialect, Form};
use hufu_x509::key::SecretKey;
use hufu_x509::name::Name;
use hufu_x509::sign::Signer;

use crate::judge::{Judge, Verdict};
use crate::tree::root;

const OWNER: [u8; 32] = [0x17; 32];

/// Judges, and the dialects each can take apart.
const JUDGES: [(Judge, &[Dialect]); 2] =
    [(Judge("babassl"), &Dialect::ALL), (Judge("bouncycastle"), &[Dialect::EnvelopedKey])];

struct Scene {
    folder: tempfile::TempDir,
    owner: SecretKey,
    certificates: [Certificate; 3],
    centre: SecretKey,
}

impl Scene {
    fn new(delivered: &SecretKey) -> Self {
        let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
        std::fs::write(folder.path().join("owner.hex"), hex(&OWNER)).unwrap();
        let owner = SecretKey::from_scalar(&OWNER).unwrap();
        let centre = SecretKey::generate(&SystemEntropy).unwrap();
        let certificates = [&owner, delivered, &centre].map(certificate);
        Self { folder, owner, certificates, centre }
    }

    fn seal(&self, dialect: Dialect, key: &SecretKey) -> Vec<u8> {
        let [signing, encryption, centre] = &self.certificates;
        let form = match dialect {
            Dialect::EnvelopedKey => Form::EnvelopedKey,
            Dialect::CsrResponse => Form::CsrResponse {
                signing: std::slice::from_ref(signing),
                encryption: std::slice::from_ref(encryption),
            },
            Dialect::SignedEnveloped => Form::SignedEnveloped(Delivery {
                issuer_der: encryption.issuer_der(),
                serial: encryption.serial(),
                certificate: centre,
                signer: &self.centre,
            }),
            Dialect::Cfca => Form::Cfca,
            Dialect::Skf => Form::Skf,
            Dialect::SkfBare => Form::SkfBare,
        };
        envelope::seal(&form, key, self.owner.public_key(), &SystemEntropy).unwrap()
    }

    fn put(&self, name: &str, envelope: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, envelope).unwrap();
        path
    }

    fn judge(&self, judge: Judge, files: &[PathBuf]) -> Option<Vec<Verdict>> {
        let owner = self.folder.path().join("owner.hex");
        judge.run(&["envelope", "--owner", owner.to_str().unwrap()], files)
    }
}

/// A certificate signed with its own key.
fn certificate(key: &SecretKey) -> Certificate {
    use hufu_x509::tbs::{self, TbsInput, Urls};
    let mut profile = hufu_data::profile("operator").unwrap();
    profile.subject.clear();
    let name = Name::new(vec![(NameAttribute::CommonName, "测试".to_owned())]).unwrap().to_der();
    let tbs = tbs::build(&TbsInput {
        profile: &profile,
        serial: &Serial::from_bytes(&[0x17, 3]).unwrap(),
        issuer_der: &name,
        issuer_key: key.public_key(),
        subject_der: &name,
        subject_key: key.public_key(),
        validity: hufu_model::time::Validity::new(1_700_000_000, 1_800_000_000).unwrap(),
        hosts: &[],
        urls: &Urls { http: "http://pki.example.cn".to_owned(), ldap: None, shards: 0 },
    })
    .unwrap();
    let signature = key.sign(&tbs, [7; 32]).unwrap();
    Certificate::from_der(&tbs::assemble(&tbs, &signature).unwrap()).unwrap()
}

/// Many keys, so that every length of the INTEGERs of an SM2Cipher occurs.
#[test]
fn envelopes_made_here_are_opened_elsewhere() {
    for (judge, dialects) in JUDGES {
        let keys: Vec<SecretKey> = (0..24).map(|_| SecretKey::generate(&SystemEntropy).unwrap()).collect();
        let (mut files, mut points) = (Vec::new(), Vec::new());
        let scene = Scene::new(&keys[0]);
        for (n, key) in keys.iter().enumerate() {
            let scene = Scene::new(key);
            for dialect in dialects {
                files.push(PathBuf::from(format!("{dialect}-{n}")));
                points.push((scene.seal(*dialect, key), hex(key.public_key().point())));
            }
        }
        let files: Vec<PathBuf> =
            files.iter().zip(&points).map(|(name, (octets, _))| scene.put(name.to_str().unwrap(), octets)).collect();
        let Some(verdicts) = scene.judge(judge, &files) else { continue };
        assert_eq!(verdicts.len(), files.len());
        for (verdict, (_, point)) in verdicts.iter().zip(&points) {
            assert!(verdict.ok, "{}: {verdict:?}", judge.0);
            // BabaSSL says which key it found; Bouncy Castle compares it with the one beside it.
            assert!(verdict.reason == "accepted" || verdict.reason.ends_with(point), "{verdict:?}");
        }
    }
}

/// The judges look: an altered private key, symmetric key and public key are all refused by them, too.
#[test]
fn altered_envelopes_are_refused_elsewhere() {
    let key = SecretKey::generate(&SystemEntropy).unwrap();
    let scene = Scene::new(&key);
    let sound = scene.seal(Dialect::EnvelopedKey, &key);
    let places = [sound.len() - 1, sound.len() - 60, 30, sound.len() - 110];
    let files: Vec<PathBuf> = places
        .iter()
        .map(|place| {
            let mut altered = sound.clone();
            altered[*place] ^= 1;
            assert!(envelope::open(&altered, &scene.owner).is_err(), "{place}");
            scene.put(&format!("altered-{place}.der"), &altered)
        })
        .collect();
    for (judge, _) in JUDGES {
        let Some(verdicts) = scene.judge(judge, &files) else { continue };
        assert_eq!(verdicts.iter().map(|v| v.ok).collect::<Vec<_>>(), [false; 4], "{}: {verdicts:#?}", judge.0);
    }
}

/// Made with BabaSSL's SM2 and SM4.
#[test]
fn an_envelope_made_elsewhere_is_opened_here() {
    let file = |name: &str| std::fs::read(root().join("tests/samples/envelope").join(name)).unwrap();
    let scalar =
        |name: &str| -> [u8; 32] { unhex(String::from_utf8(file(name)).unwrap().trim()).unwrap().try_into().unwrap() };
    let (owner, delivered) = (scalar("owner.hex"), scalar("delivered.hex"));
    let owner = SecretKey::from_scalar(&owner).unwrap();
    let seen = envelope::inspect(&file("enveloped-key.der"));
    assert_eq!((seen.dialect, seen.findings), (Some(Dialect::EnvelopedKey), vec![]));
    let opened = envelope::open(&file("enveloped-key.der"), &owner).unwrap();
    assert_eq!(opened.public_key(), SecretKey::from_scalar(&delivered).unwrap().public_key());
}
