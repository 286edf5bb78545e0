//! The acceptance population of 2018-H1 ([`hufu_authority::data::population`]) made real: every SM2 pair is entered by its
//! office, approved by its RA, issued with a key of the key centre; every cutover is proposed and countersigned; every
//! certificate of the old algorithm is a real one, made by a make-believe CA and taken in by the import of inventories.
//!
//! Years pass in minutes, on a simulated clock: the home is a TEST, and says so in its root.

mod legacy;
mod listing;
mod pairs;

use std::path::Path;
use std::sync::Arc;

use hufu_authority::data::population::{END, FOUNDED, Population, Scale};
use hufu_authority::data::{Region, region};
use hufu_authority::kmc::Caps;
use hufu_authority::model::escrow::RecoveryPart;
use hufu_authority::model::ident::Digest;
use hufu_authority::model::operator::Role;
use hufu_authority::model::time::{Day, Instant};
use hufu_authority::{AfterSigning, CaSigner, ErrorKind, KeyCentre, NewKeyCentre, Result};

use crate::Tell;
use crate::clock::PlayClock;
use crate::secrets::{Secrets, private_dir};
use crate::staff::{self, Founded, Offices, Post};

/// What is wished for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How large it is to be.
    pub scale: Scale,
    /// What everything invented follows from. The same seed gives the same organisations, holders, dates and states, and
    /// other keys.
    pub seed: u64,
    /// Single signing certificates in place of pairs, and no key centre: faster.
    pub singles: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Populated {
    /// Organisations below the CA.
    pub organisations: usize,
    /// Operators appointed, the administrators not counted.
    pub operators: usize,
    /// SM2 pairs issued, a single certificate being a pair of one.
    pub pairs: u64,
    /// Of these, how many were revoked or suspended by a request of their own.
    pub ended: u64,
    /// Certificates of the old algorithm imported.
    pub legacy: u64,
    /// Cutovers on record.
    pub cutovers: usize,
    /// SM3 over who holds what since when and in what state, read from the home: the same for the same scale and seed.
    pub digest: Digest,
}

/// The officers of the key centre, who work at the CA.
const OFFICERS: [(&str, RecoveryPart); 8] = [
    ("rec-1", RecoveryPart::Recovery),
    ("rec-2", RecoveryPart::Recovery),
    ("rec-3", RecoveryPart::Recovery),
    ("jud-1", RecoveryPart::Judicial),
    ("jud-2", RecoveryPart::Judicial),
    ("jud-3", RecoveryPart::Judicial),
    ("sup-1", RecoveryPart::Supervisor),
    ("sup-2", RecoveryPart::Supervisor),
];

/// A population that is being played.
struct Play<'a> {
    plan: Population,
    founded: Founded,
    ca: CaSigner,
    clock: Arc<PlayClock>,
    offices: Offices,
    /// The region of each office; Beijing where an office is of no region.
    places: Vec<Region>,
    singles: bool,
    tell: Tell<'a>,
}

/// Plays the population in the folder `dir`, which must not exist.
///
/// # Errors
/// The first error of any verb: nothing in it may be refused.
pub fn play(dir: &Path, wish: &Wish, tell: Tell<'_>) -> Result<Populated> {
    tell("found", 0, 1);
    private_dir(dir)?;
    let plan = Population::new(wish.scale, wish.seed);
    let secrets = Secrets::new(dir)?;
    let clock = Arc::new(PlayClock::new(hour(FOUNDED, 9)));
    let founded = staff::found(dir, &secrets, clock.clone())?;
    let mut ca = founded.authority.start_signer(&founded.zhao, &secrets.ca, AfterSigning::Verify)?;
    let roster: Vec<_> = plan.offices().iter().map(|o| o.entry.clone()).collect();
    staff::add_organisations(&founded, &roster, tell)?;
    // An office that has not begun has no operators yet: they are what the upgrade begins with.
    let begun = plan.offices().iter().filter(|o| o.sm2_from.is_some());
    let mut posts = begun.map(|o| Post::of_office(&o.entry)).collect::<Result<Vec<_>>>()?.concat();
    if !wish.singles {
        for (id, _) in OFFICERS {
            posts.push(Post::new("ca".parse()?, id.parse()?, Role::Auditor, "密钥管理中心"));
        }
    }
    let operators = posts.len();
    let offices = Offices::new(staff::appoint(&founded, &ca, posts, Some(1095), &secrets, tell)?);
    if !wish.singles {
        ca.set_key_centre(key_centre(&founded, &secrets)?);
    }
    let place = |code: &str| region(code).ok_or_else(|| ErrorKind::UnknownRegion(code.to_owned()).into());
    let code =
        |o: &hufu_authority::data::population::Office| o.entry.region.map_or("110000".to_owned(), |r| r.to_string());
    let places = plan.offices().iter().map(|o| place(&code(o))).collect::<Result<Vec<_>>>()?;
    let play = Play { plan, founded, ca, clock, offices, places, singles: wish.singles, tell };

    let issued = play.pairs()?;
    // The inventory of the old CA as it stood at the end comes in on the next working day.
    play.clock.forward_to(hour(Day::from_number(END.number() + 2), 9));
    let legacy = play.legacy()?;
    let authority = &play.founded.authority;
    authority.checkpoint(&play.ca)?;
    tell("listing", 0, 1);
    let digest = listing::digest(authority, &issued)?;
    Ok(Populated {
        organisations: roster.len(),
        operators,
        pairs: issued.pairs,
        ended: issued.ended,
        legacy,
        cutovers: play.plan.cutovers().len(),
        digest,
    })
}

/// `hours` o'clock on a day.
fn hour(day: Day, hours: i64) -> Instant {
    day.first_instant().plus_seconds(hours * 3600)
}

/// Founds the key centre, and keeps its shares beside the keys.
fn key_centre(founded: &Founded, secrets: &Secrets) -> Result<KeyCentre> {
    let Founded { authority, zhao, qian } = founded;
    let officers = OFFICERS.iter().map(|(id, part)| Ok((id.parse()?, *part))).collect::<Result<Vec<_>>>()?;
    let made = authority.found_key_centre(
        zhao,
        &NewKeyCentre {
            name: "示例密钥管理中心".to_owned(),
            threshold: 3,
            custodians: (1..=5).map(|n| format!("保管员 {n}")).collect(),
            officers,
            caps: Caps { user: 3, judicial: 2 },
        },
    )?;
    for share in &made.shares {
        secrets.write(&format!("share-{}.pem", share.number), share.to_pem().as_bytes())?;
    }
    authority.countersign(qian, &made.proposal)?;
    let kek = authority.kmc()?.combine(made.shares.get(..3).unwrap_or_default())?;
    KeyCentre::held(authority.home(), kek)
}
