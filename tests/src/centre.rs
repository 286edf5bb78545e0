//! A key centre beside a test home. Since this is a test, its shares lie in the same folder.

use std::fs;
use std::path::Path;

use hufu_authority::kmc::{Caps, Founding, Kmc, Officer, Share};
use hufu_authority::{KeyCentre, SystemEntropy};
use hufu_model::escrow::RecoveryPart;
use hufu_store::vault::Vault;

use crate::authority::TestAuthority;

/// The officers: id and part. Their keys follow from the seed, as everybody's.
pub const OFFICERS: [(&str, RecoveryPart); 6] = [
    ("recovery-1", RecoveryPart::Recovery),
    ("recovery-2", RecoveryPart::Recovery),
    ("judicial-1", RecoveryPart::Judicial),
    ("judicial-2", RecoveryPart::Judicial),
    ("judicial-3", RecoveryPart::Judicial),
    ("supervisor-1", RecoveryPart::Supervisor),
];

impl TestAuthority {
    /// Founds the home's key centre with five custodians, of whom three are needed, and `pool` keys. Signers that are
    /// started from now on issue pairs.
    pub fn found_key_centre(&self, pool: usize) {
        let vault = Vault::create(&self.authority.home().vault(), self.now()).unwrap();
        let officer = |(id, part): (&str, RecoveryPart)| Officer {
            id: id.parse().unwrap(),
            part,
            key: self.people.key(id).public_key().clone(),
        };
        let founding = Founding {
            name: "示例密钥管理中心".to_owned(),
            authority: self.authority.identity().ca,
            threshold: 3,
            custodians: (1..=5).map(|n| format!("custodian {n}")).collect(),
            officers: OFFICERS.map(officer).into(),
            caps: Caps::default(),
        };
        let (_, _, shares) = Kmc::found(vault, &founding, self.now(), &SystemEntropy).unwrap();
        for (n, share) in shares.iter().enumerate() {
            fs::write(share_file(self.base(), n + 1), share.to_pem().as_bytes()).unwrap();
        }
        if pool > 0 {
            let centre = self.key_centre().unwrap();
            centre.unlocked().unwrap().fill(self.now(), None, pool).unwrap();
        }
    }

    /// The home's key centre, opened with three custodians' shares; none when none was founded.
    #[must_use]
    pub fn key_centre(&self) -> Option<KeyCentre> {
        let home = self.authority.home();
        if !home.vault().exists() {
            return None;
        }
        let shares = [1, 3, 5].map(|n| Share::from_pem(&fs::read(share_file(self.base(), n)).unwrap()).unwrap());
        let kek = KeyCentre::open(home).unwrap().combine(&shares).unwrap();
        Some(KeyCentre::held(home, kek).unwrap())
    }
}

fn share_file(base: &Path, number: usize) -> std::path::PathBuf {
    base.join(format!("share-{number}.pem"))
}
