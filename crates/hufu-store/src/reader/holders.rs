//! Holders (持证者): who has certificates of what. One person, organisation or device counts once, however many certificates
//! it has, so that these figures do not add up and are counted from the rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use hufu_model::certificate::Algorithm;
use hufu_model::count::Group;
use hufu_model::time::Instant;

use super::Reader;
use crate::cell::{Cell, Columns, query_each};
use crate::error::Result;
use crate::rollup;

/// What tells a holder from every other one: half of a blind index, of which no two holders share as much.
type Holder = [u8; 16];

/// Every holder at an instant, with the groups that its certificates belong to.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    groups: Vec<Group>,
    /// By holder, each group once.
    held: Vec<Held>,
}

/// That a holder was issued a certificate of a group, and whether it has a valid one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    holder: u32,
    group: u32,
    valid: bool,
}

/// How many holders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HolderCount {
    /// Those that were issued a certificate.
    pub issued: u64,
    /// Those that have a valid one.
    pub valid: u64,
}

/// How far holders have come in a migration of algorithms. Those that never had a certificate of either kind are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HolderClasses {
    /// With a valid legacy certificate and no valid one of the new algorithm.
    pub legacy_only: u64,
    /// With both.
    pub both: u64,
    /// With a valid certificate of the new algorithm and no valid legacy one: migrated.
    pub new_only: u64,
    /// With neither any more.
    pub none_live: u64,
}

impl Holders {
    /// The groups that certificates belong to.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many holders there are under each of the keys that `keys` gives to groups: a holder counts once under a key. An
    /// organisation and all those above it as keys give the totals of a tree.
    pub fn count_by<K: Ord>(&self, keys: impl Fn(&Group) -> Vec<K>) -> BTreeMap<K, HolderCount> {
        self.gather(
            keys,
            |held, _| (true, held.valid),
            |count: &mut HolderCount, (issued, valid)| {
                count.issued += u64::from(issued);
                count.valid += u64::from(valid);
            },
        )
    }

    /// How many holders are how far on the way from some algorithms to another one, as [`Holders::count_by`].
    pub fn classes_by<K: Ord>(
        &self,
        from: &[Algorithm],
        to: Algorithm,
        keys: impl Fn(&Group) -> Vec<K>,
    ) -> BTreeMap<K, HolderClasses> {
        let concerned = |group: &Group| group.algorithm == to || from.contains(&group.algorithm);
        let keys = |group: &Group| if concerned(group) { keys(group) } else { Vec::new() };
        let of = |held: Held, group: &Group| (held.valid && group.algorithm != to, held.valid && group.algorithm == to);
        self.gather(keys, of, |classes: &mut HolderClasses, has| {
            let class = match has {
                (true, false) => &mut classes.legacy_only,
                (true, true) => &mut classes.both,
                (false, true) => &mut classes.new_only,
                (false, false) => &mut classes.none_live,
            };
            *class += 1;
        })
    }

    /// Gives `add`, for every holder under a key, which of two things hold for any of its groups there.
    fn gather<K: Ord, C: Default>(
        &self,
        keys: impl Fn(&Group) -> Vec<K>,
        of: impl Fn(Held, &Group) -> (bool, bool),
        add: impl Fn(&mut C, (bool, bool)),
    ) -> BTreeMap<K, C> {
        let mut places: BTreeMap<K, usize> = BTreeMap::new();
        let mut under: Vec<Vec<usize>> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let mut own = Vec::new();
            for key in keys(group) {
                let next = places.len();
                own.push(*places.entry(key).or_insert(next));
            }
            under.push(own);
        }
        /// What is known of the holder under a key that was met last.
        struct Last<C> {
            holder: Option<u32>,
            has: (bool, bool),
            sum: C,
        }
        let mut lasts: Vec<Last<C>> =
            (0..places.len()).map(|_| Last { holder: None, has: (false, false), sum: C::default() }).collect();
        for held in &self.held {
            let at = usize::try_from(held.group).unwrap_or(usize::MAX);
            let (Some(group), Some(own)) = (self.groups.get(at), under.get(at)) else { continue };
            let has = of(*held, group);
            for place in own {
                let Some(last) = lasts.get_mut(*place) else { continue };
                if last.holder != Some(held.holder) {
                    if last.holder.is_some() {
                        add(&mut last.sum, last.has);
                    }
                    (last.holder, last.has) = (Some(held.holder), (false, false));
                }
                last.has = (last.has.0 || has.0, last.has.1 || has.1);
            }
        }
        let mut sums: Vec<Option<C>> = lasts
            .into_iter()
            .map(|mut last| {
                if last.holder.is_some() {
                    add(&mut last.sum, last.has);
                }
                Some(last.sum)
            })
            .collect();
        places.into_iter().filter_map(|(key, place)| Some((key, sums.get_mut(place)?.take()?))).collect()
    }
}

/// Puts holders and groups together while rows stream past.
#[derive(Default)]
struct Gathering {
    holders: HashMap<Holder, u32>,
    /// By their columns as they stand, so that no row is read into a group that is known.
    known: HashMap<Vec<u8>, u32>,
    groups: Vec<Group>,
    held: Vec<Held>,
}

/// As many entries wait before they are put in order, each once.
const WAITING: usize = 1 << 20;

impl Gathering {
    fn add(&mut self, holder: Holder, columns: &mut Columns<'_>, valid: bool) -> Result<()> {
        let next = u32::try_from(self.holders.len()).unwrap_or(u32::MAX);
        let holder = *self.holders.entry(holder).or_insert(next);
        let key = columns.raw(6)?;
        let group = match self.known.get(&key) {
            Some(group) => *group,
            None => {
                let group = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
                self.groups.push(rollup::group(columns)?);
                *self.known.entry(key).or_insert(group)
            }
        };
        self.held.push(Held { holder, group, valid });
        if self.held.len().is_multiple_of(WAITING) {
            self.settle();
        }
        Ok(())
    }

    /// Of the same holder and group, one that is valid stays where there is one.
    fn settle(&mut self) {
        self.held.sort_unstable_by_key(|h| (h.holder, h.group, !h.valid));
        self.held.dedup_by_key(|h| (h.holder, h.group));
    }
}

/// Where certificates stand, with what is asked about them: ?1 is the second, ?2 the last event that is known. A sign in front
/// of a column keeps the reading in the order of the table: nearly every row is wanted.
struct Source {
    /// The keys of those that are not active.
    inactive: &'static str,
    /// The six columns of a group, the holder, whether it is valid by time, the key.
    all: &'static str,
}

const OURS: Source = Source {
    inactive: "SELECT s.serial FROM status_change AS s WHERE s.seq <= ?2 AND s.at <= ?1 AND s.status <> 'active' \
               AND NOT EXISTS (SELECT 1 FROM status_change AS l WHERE l.serial = s.serial AND l.seq > s.seq \
               AND l.seq <= ?2 AND l.at <= ?1)",
    all: "SELECT c.org, c.algorithm, c.profile, c.holder_kind, c.reason, c.medium, c.holder, \
          CASE WHEN c.not_before <= ?1 AND c.not_after >= ?1 THEN 1 ELSE 0 END, c.serial \
          FROM certificate AS c WHERE +c.issued_at <= ?1 AND +c.event <= ?2",
};

const IMPORTED: Source = Source {
    inactive: "SELECT s.id FROM legacy_status AS s WHERE s.seq <= ?2 AND s.at <= ?1 AND s.status <> 'active' \
               AND NOT EXISTS (SELECT 1 FROM legacy_status AS l WHERE l.id = s.id AND l.seq > s.seq \
               AND l.seq <= ?2 AND l.at <= ?1)",
    all: "SELECT c.org, c.algorithm, 'imported', COALESCE(c.holder_kind, 'unknown'), 'import', \
          COALESCE(c.medium, 'unknown'), c.holder, \
          CASE WHEN c.not_before <= ?1 AND c.not_after >= ?1 THEN 1 ELSE 0 END, c.id \
          FROM legacy AS c WHERE +c.issued_at <= ?1 AND +c.event <= ?2",
};

impl Reader<'_> {
    /// Every holder at the instant `at` with what it was issued up to then and has at it, from what the ledger knew at
    /// `as_of`. An imported certificate whose place one of ours took is its holder's.
    ///
    /// Reads every certificate; memory is some 60 octets for each holder.
    ///
    /// # Errors
    /// Database errors.
    pub fn holders_at(&self, at: Instant, as_of: Instant) -> Result<Holders> {
        const LINKED: &str = "SELECT l.legacy, c.holder FROM legacy_link AS l JOIN certificate AS c \
                              ON c.serial = l.serial WHERE l.event <= ?1";
        let Some(known) = self.last_event_until(as_of)? else { return Ok(Holders::default()) };
        let cells = [Cell::Int(at.unix_seconds()), Cell::count(known)];
        let mut linked: HashMap<Vec<u8>, Holder> = HashMap::new();
        query_each(self.connection(), "legacy_link", LINKED, &[Cell::count(known)], |c| {
            linked.insert(c.bytes()?, holder(c)?);
            Ok(())
        })?;
        let mut gathering = Gathering::default();
        for source in [OURS, IMPORTED] {
            let mut inactive: HashSet<Vec<u8>> = HashSet::new();
            query_each(self.connection(), "holders", source.inactive, &cells, |c| {
                inactive.insert(c.bytes()?);
                Ok(())
            })?;
            query_each(self.connection(), "holders", source.all, &cells, |c| {
                let mut group = c.again();
                (0..6).for_each(|_| c.skip());
                let own = holder(c)?;
                let in_time = c.int()? == 1;
                let key = c.blob()?;
                let valid = in_time && !inactive.contains(key);
                gathering.add(linked.get(key).copied().unwrap_or(own), &mut group, valid)
            })?;
        }
        gathering.settle();
        Ok(Holders { groups: gathering.groups, held: gathering.held })
    }
}

fn holder(c: &mut Columns<'_>) -> Result<Holder> {
    let digest = c.hash()?;
    let mut half = Holder::default();
    half.copy_from_slice(digest.split_at(16).0);
    Ok(half)
}
