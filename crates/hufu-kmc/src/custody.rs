//! The wrapping key, and the only place where users' private keys are in clear: `make` and `open_for` below. Each
//! holds one key at a time, and the key is wiped before they return; a batch runs on as many threads as there are cores.

use hufu_model::entropy::Entropy;
use hufu_model::ident::{Digest, EscrowId};
use hufu_model::time::Instant;
use hufu_x509::envelope;
use hufu_x509::key::{PublicKey, SecretKey};
use hufu_x509::seal::SealKey;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::shamir::Values;

/// Puts a private key into an envelope for a recipient: the structure is chosen by who calls, e.g. SM2EnvelopedKey
/// (GM/T 0009, [`sm2_enveloped_key`]). Envelopes differ, the rules here do not.
pub type Envelope<'e> = dyn Fn(&SecretKey, &PublicKey) -> hufu_x509::Result<Vec<u8>> + Send + Sync + 'e;

/// Makes envelopes of the form SM2EnvelopedKey (GM/T 0009, GB/T 35276), which every importer reads.
pub fn sm2_enveloped_key<'e>(
    entropy: &'e dyn Entropy,
) -> impl Fn(&SecretKey, &PublicKey) -> hufu_x509::Result<Vec<u8>> + Send + Sync + 'e {
    move |key, to| envelope::seal(&envelope::Form::EnvelopedKey, key, to, entropy)
}

/// A key pair, its private half wrapped: as it was generated, or as it comes from the vault. Nothing of what comes from
/// there is believed: it is opened for its id and public half, and only the right private key opens so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its name: 6 octets of milliseconds, 10 random ones.
    pub id: EscrowId,
    /// Its public half.
    pub public: PublicKey,
    /// Its private half, wrapped.
    pub sealed: Vec<u8>,
}

/// Does what needs the wrapping key. Neither that key nor a private key comes out of it.
pub trait Custody: Send + Sync {
    /// The name of the wrapping key, and the value that only it computes.
    ///
    /// # Errors
    /// `kmc.agent…`.
    fn identity(&self) -> Result<(String, Digest)>;

    /// Generates key pairs and wraps their private halves.
    ///
    /// # Errors
    /// `entropy.failed`, `x509.entropy`; `kmc.agent…`.
    fn generate(&self, now: Instant, count: usize) -> Result<Vec<WrappedKey>>;

    /// Puts each key into an envelope for the recipient beside it.
    ///
    /// # Errors
    /// `kmc.altered` for a key that does not open, or whose d·G is not its public half; `kmc.agent…`.
    fn envelope(&self, keys: &[(WrappedKey, PublicKey)]) -> Result<Vec<Vec<u8>>>;

    /// What only the wrapping key makes of a text.
    ///
    /// # Errors
    /// `kmc.agent…`.
    fn mac(&self, text: &str) -> Result<Digest>;
}

/// The key that wraps all others (密钥加密密钥). It has no `Clone` and no `Debug`, and is wiped when dropped.
pub struct Kek {
    id: String,
    key: SealKey,
}

impl Kek {
    pub(crate) fn new(id: String, octets: Values) -> Self {
        Self { id, key: SealKey::from_octets(octets) }
    }

    /// A new one, and its octets for splitting.
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<(Self, Values)> {
        let name: [u8; 8] = entropy.array()?;
        let mut octets = Zeroizing::new([0; 32]);
        entropy.fill(&mut *octets)?;
        let id = format!("kek-{}", hufu_model::ident::hex(&name));
        Ok((Self::new(id, octets.clone()), octets))
    }

    /// Its name, e.g. `kek-0123456789abcdef`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A value that only this key computes, and that says nothing about it.
    #[must_use]
    pub fn check(&self) -> Digest {
        self.key.blind_index("hufu kmc check", &self.id)
    }

    pub(crate) fn mac(&self, text: &str) -> Digest {
        self.key.blind_index("hufu kmc row", text)
    }

    /// Where it lies in memory and how long it is.
    pub(crate) fn place(&self) -> (*const u8, usize) {
        self.key.place()
    }

    /// Generates one key pair. The private half is in clear in here and nowhere else.
    fn make(&self, now: Instant, entropy: &dyn Entropy) -> Result<WrappedKey> {
        let mut id: [u8; 16] = entropy.array()?;
        let [_, _, time @ ..] = now.unix_millis().to_be_bytes();
        id[..6].copy_from_slice(&time);
        let id = EscrowId(id);
        let key = SecretKey::generate(entropy)?;
        let public = key.public_key().clone();
        let sealed = self.key.seal_key(&place(&id, &public), &key, entropy)?;
        Ok(WrappedKey { id, public, sealed })
    }

    /// Opens one key for a recipient. The private half is in clear in here and in what makes the envelope.
    fn open_for(&self, key: &WrappedKey, to: &PublicKey, envelope: &Envelope<'_>) -> Result<Vec<u8>> {
        let opened = self.key.open_key(&place(&key.id, &key.public), &key.sealed, &key.public);
        let opened = opened.map_err(|e| {
            let what = format!("escrowed key {} does not open as what it says it is ({})", key.id, e.kind().code());
            Error::from(ErrorKind::Altered { what })
        })?;
        Ok(envelope(&opened, to)?)
    }
}

/// The place a private key is sealed for: this row and this public key.
fn place(id: &EscrowId, public: &PublicKey) -> Vec<u8> {
    [&b"hufu escrow 1"[..], &id.0, &public.spki_digest().0].concat()
}

/// The wrapping key in this process, with what it needs to work.
pub struct Held<'a> {
    kek: Kek,
    entropy: &'a dyn Entropy,
    envelope: &'a Envelope<'a>,
}

impl<'a> Held<'a> {
    /// Puts the wrapping key to work.
    #[must_use]
    pub fn new(kek: Kek, entropy: &'a dyn Entropy, envelope: &'a Envelope<'a>) -> Self {
        Self { kek, entropy, envelope }
    }

    pub(crate) fn kek(&self) -> &Kek {
        &self.kek
    }
}

impl Custody for Held<'_> {
    fn identity(&self) -> Result<(String, Digest)> {
        Ok((self.kek.id.clone(), self.kek.check()))
    }

    fn generate(&self, now: Instant, count: usize) -> Result<Vec<WrappedKey>> {
        (0..count).into_par_iter().map(|_| self.kek.make(now, self.entropy)).collect()
    }

    fn envelope(&self, keys: &[(WrappedKey, PublicKey)]) -> Result<Vec<Vec<u8>>> {
        keys.par_iter().map(|(key, to)| self.kek.open_for(key, to, self.envelope)).collect()
    }

    fn mac(&self, text: &str) -> Result<Digest> {
        Ok(self.kek.mac(text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sample::{Chance, NOON, at, held, is_envelope, key};

    fn kek(seed: u64) -> Kek {
        Kek::generate(&Chance::new(seed)).unwrap().0
    }

    #[test]
    fn a_key_opens_as_itself_only() {
        let custody = held(kek(1));
        let made = custody.generate(at(NOON), 2).unwrap();
        let to = key("to").public_key().clone();
        let envelopes = custody.envelope(&[(made[0].clone(), to.clone())]).unwrap();
        assert!(is_envelope(&envelopes[0], &made[0].public, &to));
        let code = |custody: &dyn Custody, key: WrappedKey| {
            custody.envelope(&[(key, to.clone())]).map_err(|e| e.kind().code())
        };
        for altered in [
            WrappedKey { id: made[1].id, ..made[0].clone() },
            WrappedKey { public: made[1].public.clone(), ..made[0].clone() },
            WrappedKey { sealed: made[1].sealed.clone(), ..made[0].clone() },
            WrappedKey { sealed: Vec::new(), ..made[0].clone() },
        ] {
            assert_eq!(code(&custody, altered), Err("kmc.altered"));
        }
        // Another wrapping key opens nothing, whatever its name.
        let other = held(Kek { id: custody.kek().id.clone(), ..kek(2) });
        assert_eq!(code(&other, made[0].clone()), Err("kmc.altered"));
        assert_ne!(other.identity().unwrap(), custody.identity().unwrap());
        assert_ne!(other.mac("x").unwrap(), custody.mac("x").unwrap());
    }

    /// A private key that was sealed for a row but does not belong to its public half is refused, too: d·G is compared.
    #[test]
    fn d_times_g_is_compared() {
        let custody = held(kek(1));
        let (one, other) = (key("one"), key("other"));
        let id = EscrowId([7; 16]);
        let aad = place(&id, other.public_key());
        let sealed = custody.kek.key.seal(&aad, &hufu_x509::digest::sm3(b"one").0, &Chance::new(3)).unwrap();
        let row = WrappedKey { id, public: other.public_key().clone(), sealed };
        let refused = custody.envelope(&[(row, one.public_key().clone())]).unwrap_err();
        assert_eq!(refused.kind().code(), "kmc.altered");
        assert!(refused.to_string().contains("x509.key-pair"), "{refused}");
    }

    /// What is delivered opens with the recipient's key, in the form every importer reads.
    #[test]
    fn an_enveloped_key_opens_at_its_recipient() {
        let chance = Chance::new(9);
        let seal = sm2_enveloped_key(&chance);
        let custody = Held::new(kek(1), &chance, &seal);
        let made = custody.generate(at(NOON), 1).unwrap().remove(0);
        let to = key("to");
        let envelopes = custody.envelope(&[(made.clone(), to.public_key().clone())]).unwrap();
        assert_eq!(envelope::open(&envelopes[0], &to).unwrap().public_key(), &made.public);
        assert!(envelope::open(&envelopes[0], &key("other")).is_err());
    }

    #[test]
    fn names_begin_with_their_time() {
        let custody = held(kek(1));
        let early = custody.generate(at(NOON), 1).unwrap()[0].id;
        let late = custody.generate(at(NOON + 1), 1).unwrap()[0].id;
        assert!(early < late);
    }
}
