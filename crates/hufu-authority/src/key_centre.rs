//! The key centre as the authority uses it: an open vault and what holds its wrapping key.

use hufu_kmc::agent::Client;
use hufu_kmc::{Custody, Held, Kek, Kmc, Unlocked};
use hufu_store::Mode;
use hufu_store::vault::Vault;
use hufu_x509::envelope::{self, Form};
use hufu_x509::key::{PublicKey, SecretKey};

use crate::edge::SystemEntropy;
use crate::error::Result;
use crate::home::Home;

/// A home's key centre (密钥管理中心) with its wrapping key at hand, in this process or in the agent. A signer that has
/// one issues pairs ([`CaSigner::set_key_centre`](crate::CaSigner::set_key_centre)).
pub struct KeyCentre {
    kmc: Kmc,
    custody: Box<dyn Custody>,
}

impl KeyCentre {
    /// A key centre and its custody.
    ///
    /// # Errors
    /// `kmc.wrong-kek` when the custody holds another vault's key; `kmc.agent…`.
    pub fn new(kmc: Kmc, custody: Box<dyn Custody>) -> Result<Self> {
        let _ = kmc.unlock(&*custody)?;
        Ok(Self { kmc, custody })
    }

    /// The home's key centre with the wrapping key in this process, as custodians' shares gave it.
    ///
    /// # Errors
    /// As [`KeyCentre::new`] and [`KeyCentre::open`].
    pub fn held(home: &Home, kek: Kek) -> Result<Self> {
        Self::new(Self::open(home)?, Box::new(Held::new(kek, &SystemEntropy, &enveloped)))
    }

    /// The home's key centre with the wrapping key in the agent that listens in the home.
    ///
    /// # Errors
    /// `kmc.no-agent`, `kmc.agent`; as [`KeyCentre::new`] and [`KeyCentre::open`].
    pub fn through_agent(home: &Home) -> Result<Self> {
        let kmc = Self::open(home)?;
        Self::new(kmc, Box::new(Client::connect(&home.agent_socket())?))
    }

    /// The home's key centre, locked.
    ///
    /// # Errors
    /// `store.not-found` when the home has none; `kmc.not-founded`; `store.…`.
    pub fn open(home: &Home) -> Result<Kmc> {
        Ok(Kmc::open(Vault::open(&home.vault(), Mode::ReadWrite)?)?)
    }

    /// What can be done without the wrapping key.
    #[must_use]
    pub fn kmc(&self) -> &Kmc {
        &self.kmc
    }

    /// What needs the wrapping key.
    ///
    /// # Errors
    /// `kmc.agent…` when the agent has ended; `kmc.wrong-kek` when another one is in its place.
    pub fn unlocked(&self) -> Result<Unlocked<'_>> {
        Ok(self.kmc.unlock(&*self.custody)?)
    }
}

/// Envelopes of the form SM2EnvelopedKey (GM/T 0009), with the system's random numbers.
fn enveloped(key: &SecretKey, to: &PublicKey) -> hufu_x509::Result<Vec<u8>> {
    envelope::seal(&Form::EnvelopedKey, key, to, &SystemEntropy)
}
