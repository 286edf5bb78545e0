//! Files that were stolen: they open nothing, and no private key stands in them.

use std::fs;
use std::sync::Mutex;

use hufu_authority::kmc::{Held, Kmc, sm2_enveloped_key};
use hufu_authority::{KeyCentre, KeyOrder, NewKey, Ordered};
use hufu_model::entropy::{Entropy, EntropyError};
use hufu_model::ident::hex;
use hufu_store::Mode;
use hufu_store::vault::Vault;
use hufu_tests::{SeededEntropy, TestAuthority};
use hufu_x509::key::SecretKey;
use hufu_x509::{envelope, pem};

/// Random numbers that are written down when they are as long as a private key.
struct Recorded(SeededEntropy, Mutex<Vec<[u8; 32]>>);

impl Entropy for Recorded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(buffer)?;
        if let Ok(drawn) = <[u8; 32]>::try_from(&*buffer) {
            self.1.lock().unwrap().push(drawn);
        }
        Ok(())
    }
}

/// The vault without the wrapping key: it opens with no other key, and neither it nor the home's database holds a
/// private key in clear, raw, in hexadecimal or in base64.
#[test]
fn the_vault_stolen_alone_opens_nothing() {
    let t = TestAuthority::national("kmc theft");
    t.found_key_centre();
    let recorded: &'static Recorded =
        Box::leak(Box::new(Recorded(SeededEntropy::new("kmc theft keys"), Mutex::default())));
    let sealed: &'static _ = Box::leak(Box::new(sm2_enveloped_key(recorded)));
    let held = Held::new(t.kek(), recorded, sealed);
    let centre = KeyCentre::new(KeyCentre::open(t.authority.home()).unwrap(), Box::new(held)).unwrap();
    let entry = t.session("chengdu-entry");
    let mut publics = Vec::new();
    for n in 1..=3 {
        let (serial, _, public) = t.escrow_person_in(&centre, n);
        let to = NewKey::Csr(t.people.csr(&format!("new {n}")));
        let what = Ordered::Recovery { serial, to, reason: "介质损坏".to_owned() };
        let order = KeyOrder { id: format!("theft-{n}").parse().unwrap(), what };
        t.authority.order_key(&entry, &order).unwrap();
        t.officers_approve(&["rec-1", "rec-2"], &order.id);
        let done = t.authority.carry_out(&entry, &centre, &order.id).unwrap();
        let opened = envelope::open(&done.envelope.unwrap(), &t.people.key(&format!("new {n}"))).unwrap();
        assert_eq!(*opened.public_key(), public);
        publics.push(public);
    }
    // Every private key is among what was drawn, or nothing would be shown below.
    let scalars = recorded.1.lock().unwrap().clone();
    for public in &publics {
        let drawn = scalars.iter().filter_map(|scalar| SecretKey::from_scalar(scalar).ok());
        assert_eq!(drawn.filter(|key| key.public_key() == public).count(), 1);
    }
    let stolen = t.base().join("stolen.db");
    let files = ["kmc.db", "kmc.db-wal", "ledger.db", "ledger.db-wal"].map(|name| t.home().join(name));
    let mut octets = 0;
    for file in files.iter().filter(|f| f.exists()) {
        let bytes = fs::read(file).unwrap();
        octets += bytes.len();
        for scalar in &scalars {
            let (raw, text, base) = (scalar.to_vec(), hex(scalar), pem::base64(scalar));
            for needle in [&raw[..], text.as_bytes(), &base.as_bytes()[..40]] {
                assert!(!bytes.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle)), "{}", file.display());
            }
        }
    }
    assert!(octets > 100_000, "{octets}");
    drop(centre);
    fs::copy(t.home().join("kmc.db"), &stolen).unwrap();
    let vault = Kmc::open(Vault::open(&stolen, Mode::ReadWrite).unwrap()).unwrap();
    let other = TestAuthority::found("kmc thief");
    other.found_key_centre();
    let chance: &'static SeededEntropy = Box::leak(Box::new(SeededEntropy::new("thief")));
    let sealed: &'static _ = Box::leak(Box::new(sm2_enveloped_key(chance)));
    let guess = Held::new(other.kek(), chance, sealed);
    assert_eq!(vault.unlock(&guess).map(drop).unwrap_err().kind().code(), "kmc.wrong-kek");
    // The thief's own shares do not fit, and two of the real ones do not suffice.
    assert_eq!(vault.combine(&[t.share(1), t.share(2)]).map(drop).unwrap_err().kind().code(), "kmc.shares-few");
}
