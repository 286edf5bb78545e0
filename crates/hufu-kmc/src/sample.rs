//! For tests: a key centre with five custodians and eight officers, and people who sign.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Mutex;

use hufu_model::entropy::{Entropy, EntropyError};
use hufu_model::escrow::{RecoveryKind, RecoveryPart};
use hufu_model::ident::{Digest, EscrowId, OperatorId, RequestId, Serial};
use hufu_model::time::{Instant, Validity};
use hufu_store::vault::Vault;
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::key::{PublicKey, SecretKey};
use hufu_x509::name::Name;
use hufu_x509::record::{Act, Countersign};
use hufu_x509::sign::{Signature, Signer};
use hufu_x509::signed_data;
use hufu_x509::tbs::{self, TbsInput, Urls};

use crate::{Caps, Custody, Envelope, Founding, Held, Kek, Kmc, Officer, RecoveryOrder, Share};

/// 2026-11-24, 12:00 in China.
pub(crate) const NOON: i64 = 1_795_492_800;

pub(crate) fn at(second: i64) -> Instant {
    Instant::from_unix_seconds(second)
}

/// Random octets that are the same in every run.
pub(crate) struct Chance(Mutex<[u8; 32]>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(sm3(&seed.to_be_bytes()).0))
    }
}

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let mut state = self.0.lock().unwrap();
        for chunk in buffer.chunks_mut(32) {
            *state = sm3(&*state).0;
            let given = sm3(&[&state[..], b"out"].concat()).0;
            chunk.copy_from_slice(&given[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) fn op(id: &str) -> OperatorId {
    id.parse().unwrap()
}

pub(crate) fn request(n: u32) -> RequestId {
    format!("r-{n}").parse().unwrap()
}

pub(crate) fn serial(n: u32) -> Serial {
    Serial::from_bytes(&[&[1, 2, 3, 4][..], &n.to_be_bytes()].concat()).unwrap()
}

/// The key that belongs to a word.
pub(crate) fn key(word: &str) -> SecretKey {
    SecretKey::from_scalar(&sm3(word.as_bytes()).0).unwrap()
}

pub(crate) fn digest(word: &str) -> Digest {
    sm3(word.as_bytes())
}

/// Stands in for an envelope: says whose key for whom, and shows that the right private key was there.
pub(crate) fn envelope(key: &SecretKey, to: &PublicKey) -> hufu_x509::Result<Vec<u8>> {
    let signature = key.sign(to.point(), [0; 32])?;
    Ok([&b"envelope"[..], key.public_key().point(), to.point(), signature.der()].concat())
}

pub(crate) const ENVELOPE: &Envelope<'static> = &envelope;

/// Whether this is the envelope of that key for that recipient.
pub(crate) fn is_envelope(octets: &[u8], of: &PublicKey, to: &PublicKey) -> bool {
    let Some(rest) = octets.strip_prefix(b"envelope") else { return false };
    let Some((head, signature)) = rest.split_at_checked(130) else { return false };
    head == [&of.point()[..], to.point()].concat()
        && of.verify(to.point(), &Signature::from_der(signature).unwrap()).is_ok()
}

pub(crate) const OFFICERS: [(&str, RecoveryPart); 8] = [
    ("rec-1", RecoveryPart::Recovery),
    ("rec-2", RecoveryPart::Recovery),
    ("rec-3", RecoveryPart::Recovery),
    ("jud-1", RecoveryPart::Judicial),
    ("jud-2", RecoveryPart::Judicial),
    ("jud-3", RecoveryPart::Judicial),
    ("sup-1", RecoveryPart::Supervisor),
    ("sup-2", RecoveryPart::Supervisor),
];

pub(crate) fn founding() -> Founding {
    Founding {
        name: "示例密钥管理中心".to_owned(),
        authority: digest("authority"),
        threshold: 3,
        custodians: (1..=5).map(|n| format!("custodian {n}")).collect(),
        officers: OFFICERS
            .iter()
            .map(|(id, part)| Officer { id: op(id), part: *part, key: key(id).public_key().clone() })
            .collect(),
        caps: Caps { user: 3, judicial: 2 },
    }
}

/// A certificate of a person's key, as operators sign with.
pub(crate) fn certificate(of: &SecretKey) -> Certificate {
    let profile = hufu_data::profile("operator").unwrap();
    let name = Name::parse_text("C=CN,CN=officer").unwrap().to_der();
    let urls = Urls { http: "http://pki.example.cn".to_owned(), ldap: None, shards: 0 };
    let tbs = tbs::build(&TbsInput {
        profile: &profile,
        serial: &serial(1),
        issuer_der: &name,
        issuer_key: of.public_key(),
        subject_der: &name,
        subject_key: of.public_key(),
        validity: Validity::days_from(at(NOON), 700).unwrap(),
        hosts: &[],
        urls: &urls,
    });
    let tbs = tbs.unwrap();
    let der = tbs::assemble(&tbs, &of.sign(&tbs, [7; 32]).unwrap()).unwrap();
    Certificate::from_der(&der).unwrap()
}

/// The consent of `who` to an act, signed with the key that belongs to `word`.
pub(crate) fn consent_with(who: &str, word: &str, act: Digest, second: i64) -> Vec<u8> {
    let record = Countersign { act, operator: op(who), nonce: [3; 16], at: second, expires: second + 3600 };
    let signer = key(word);
    signed_data::sign(&record.to_der(), &certificate(&signer), &signer, [9; 32]).unwrap()
}

pub(crate) fn consent(who: &str, act: Digest) -> Vec<u8> {
    consent_with(who, who, act, NOON)
}

/// An order by `li` for a key.
pub(crate) fn order(kind: RecoveryKind, of: EscrowId, nonce: u8) -> Act {
    let judicial = |text: &str| if kind == RecoveryKind::Judicial { text.to_owned() } else { String::new() };
    let order = RecoveryOrder {
        kind,
        key: of,
        recipient: key("new key").public_key().clone(),
        reason: "lost medium".to_owned(),
        case_number: judicial("（2026）示例刑初 1 号"),
        organ: judicial("示例人民法院"),
    };
    order.to_act(digest("authority"), "ca".parse().unwrap(), op("li"), [nonce; 16], (NOON, NOON + 86_400))
}

/// A key centre in a folder of its own.
pub(crate) struct Centre {
    pub(crate) kmc: Kmc,
    pub(crate) held: Held<'static>,
    pub(crate) shares: Vec<Share>,
    pub(crate) path: PathBuf,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn held(kek: Kek) -> Held<'static> {
    held_with(kek, 77)
}

pub(crate) fn held_with(kek: Kek, seed: u64) -> Held<'static> {
    let chance: &'static Chance = Box::leak(Box::new(Chance::new(seed)));
    Held::new(kek, chance, ENVELOPE)
}

impl Centre {
    pub(crate) fn founded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let vault = Vault::create(&path, at(NOON)).unwrap();
        let (kmc, kek, shares) = Kmc::found(vault, &founding(), at(NOON), &Chance::new(5)).unwrap();
        Self { kmc, held: held(kek), shares, path, folder }
    }

    pub(crate) fn unlocked(&self) -> crate::Unlocked<'_> {
        self.kmc.unlock(&self.held as &dyn Custody).unwrap()
    }

    /// One key for request, serial number and holder `n`, in use.
    pub(crate) fn escrowed(&self, n: u32) -> crate::EncKey {
        let key_of = self.unlocked().reserve(at(NOON), &[request(n)]).unwrap().remove(0);
        self.kmc.bind(at(NOON), &[self.bind(&key_of, n)]).unwrap();
        key_of
    }

    /// What binds a key to serial number and holder `n`.
    pub(crate) fn bind(&self, of: &crate::EncKey, n: u32) -> crate::Bind {
        crate::Bind {
            key: of.id,
            request: of.request.clone(),
            serial: serial(n),
            holder: digest(&format!("holder {n}")),
            recipient: key(&format!("sign {n}")).public_key().clone(),
        }
    }
}
