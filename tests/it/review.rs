//! What a reviewer tried: ways round two people, limits, freezing and the ledger. Each file is one border; each test was
//! written because the way was open once.

use std::sync::{Arc, Mutex};

use hufu_authority::{Authority, Mode};
use hufu_model::entropy::{Entropy, EntropyError};
use hufu_model::ident::{OperatorId, OrgId};
use hufu_tests::{SeededEntropy, TestAuthority};
use rusqlite::Connection;

mod acts;
mod changes;
mod forgery;
mod ledger;
mod operators;
mod race;
mod requests;

fn org(id: &str) -> OrgId {
    id.parse().unwrap()
}

fn operator(id: &str) -> OperatorId {
    id.parse().unwrap()
}

/// The database as somebody with access to the file could change it.
fn sql(t: &TestAuthority) -> Connection {
    let connection = Connection::open(t.database()).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection
}

/// Random numbers that let something else happen first, once: the moment between two steps of a verb.
struct Meanwhile {
    random: SeededEntropy,
    act: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Meanwhile {
    /// Another handle on the home of `t` whose random numbers come from the hook.
    fn beside(t: &TestAuthority, chance: &str) -> (Authority, Arc<Self>) {
        let hook = Arc::new(Self { random: SeededEntropy::new(chance), act: Mutex::new(None) });
        let mut authority = Authority::open_with(&t.home(), Mode::ReadWrite, t.clock.clone(), hook.clone()).unwrap();
        authority.unlock(&t.home_passphrase()).unwrap();
        (authority, hook)
    }

    /// What is to happen when the next random number is asked for.
    fn then(&self, act: impl FnOnce() + Send + 'static) {
        *self.act.lock().unwrap() = Some(Box::new(act));
    }

    /// Whether it has happened.
    fn happened(&self) -> bool {
        self.act.lock().unwrap().is_none()
    }
}

impl Entropy for Meanwhile {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let act = self.act.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
        self.random.fill(buffer)
    }
}
