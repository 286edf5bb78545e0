//! A test authority's key centre: five custodians whose shares lie beside the home, eight officers who are operators.

use std::fs;

use hufu_authority::kmc::{Bind, Caps, Kek, Share};
use hufu_authority::{KeyCentre, NewKeyCentre, NewRequest};
use hufu_model::escrow::RecoveryPart;
use hufu_model::ident::{EscrowId, RequestId, Serial};
use hufu_model::operator::Role;
use hufu_x509::envelope;
use hufu_x509::key::PublicKey;

use crate::authority::TestAuthority;

/// The officers of a test key centre. All work at the CA; `rec-3` may enter requests, too.
pub const OFFICERS: [(&str, RecoveryPart); 8] = [
    ("rec-1", RecoveryPart::Recovery),
    ("rec-2", RecoveryPart::Recovery),
    ("rec-3", RecoveryPart::Recovery),
    ("jud-1", RecoveryPart::Judicial),
    ("jud-2", RecoveryPart::Judicial),
    ("jud-3", RecoveryPart::Judicial),
    ("sup-1", RecoveryPart::Supervisor),
    ("sup-2", RecoveryPart::Supervisor),
];

impl TestAuthority {
    /// Appoints [`OFFICERS`] and founds the key centre: `zhao` proposes, `qian` countersigns.
    pub fn found_key_centre(&self) {
        self.appoint_officers();
        let founded = self.authority.found_key_centre(&self.session("zhao"), &self.new_key_centre()).unwrap();
        self.keep_shares(&founded.shares);
        self.authority.countersign(&self.session("qian"), &founded.proposal).unwrap();
    }

    /// Makes [`OFFICERS`] operators.
    pub fn appoint_officers(&self) {
        let role = |id: &str| if id == "rec-3" { Role::Entry } else { Role::Auditor };
        let staff: Vec<NewRequest> =
            OFFICERS.iter().map(|(id, _)| self.people.staff(id, "ca", id, &[role(id)])).collect();
        self.appoint(&staff);
    }

    /// Five custodians, three of whom open it; at most 3 user and 2 judicial recoveries a day.
    #[must_use]
    pub fn new_key_centre(&self) -> NewKeyCentre {
        NewKeyCentre {
            name: "示例密钥管理中心".to_owned(),
            threshold: 3,
            custodians: (1..=5).map(|n| format!("保管员 {n}")).collect(),
            officers: OFFICERS.iter().map(|(id, part)| (id.parse().unwrap(), *part)).collect(),
            caps: Caps { user: 3, judicial: 2 },
        }
    }

    /// Writes shares into the folder of the test, in clear.
    pub fn keep_shares(&self, shares: &[Share]) {
        for share in shares {
            fs::write(self.base().join(format!("share-{}.pem", share.number)), &*share.to_pem()).unwrap();
        }
    }

    /// Share number `n`, as its custodian brings it.
    #[must_use]
    pub fn share(&self, n: u8) -> Share {
        Share::from_pem(&fs::read(self.base().join(format!("share-{n}.pem"))).unwrap()).unwrap()
    }

    /// The wrapping key, from the first three shares.
    #[must_use]
    pub fn kek(&self) -> Kek {
        self.authority.kmc().unwrap().combine(&[self.share(1), self.share(2), self.share(3)]).unwrap()
    }

    /// The key centre, unlocked in this process.
    #[must_use]
    pub fn key_centre(&self) -> KeyCentre {
        KeyCentre::held(self.authority.home(), self.kek()).unwrap()
    }

    /// Issues a certificate to person number `n` and puts an encryption key into the key centre that belongs to it.
    pub fn escrow_person(&self, n: u64) -> (Serial, EscrowId, PublicKey) {
        self.escrow_person_in(&self.key_centre(), n)
    }

    /// The same with a key centre of the caller's.
    pub fn escrow_person_in(&self, centre: &KeyCentre, n: u64) -> (Serial, EscrowId, PublicKey) {
        let serial = self.issue_person(n).serial;
        let row = self.authority.certificate(&serial).unwrap();
        let request = row.row.request.clone().unwrap();
        let key = centre.unlocked().unwrap().reserve(self.now(), std::slice::from_ref(&request)).unwrap().remove(0);
        let bind = Bind {
            key: key.id,
            request,
            serial: serial.clone(),
            holder: row.row.holder,
            recipient: row.certificate.public_key().unwrap(),
        };
        centre.kmc().bind(self.now(), &[bind]).unwrap();
        (serial, key.id, key.public)
    }

    /// Approves an order as each of these officers.
    pub fn officers_approve(&self, officers: &[&str], order: &RequestId) {
        for officer in officers {
            self.authority.approve_key_order(&self.session(officer), order).unwrap();
        }
    }

    /// Whether an envelope opens with the key of `label` and holds the private half of `of`.
    #[must_use]
    pub fn opens(&self, envelope: &[u8], label: &str, of: &PublicKey) -> bool {
        envelope::open(envelope, &self.people.key(label)).is_ok_and(|key| key.public_key() == of)
    }
}
