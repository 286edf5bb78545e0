//! The single pairs and certificates: on which day, to whom, on what, and what became of them.

use std::collections::VecDeque;

use hufu_model::holder::HolderKind;
use hufu_model::request::{Medium, Reason};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::{Day, Instant};

use super::calendar::{Period, at, issuing_days, working};
use super::chance::Chance;
use super::{END, HALF, HALF_BEFORE, LEGACY, Population};

/// Holders of one office have the numbers from its own number times this on: no two offices share one.
const BLOCK: u64 = 1_000_000;

/// Within the block of an office, holders without a certificate of the old algorithm begin here.
const NEWCOMERS: u64 = 500_000;

/// What became of a certificate before the end, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: Instant,
    /// Why; [`RevocationReason::CertificateHold`] for a suspension.
    pub reason: RevocationReason,
    /// Whether the pair that takes its place ends it, in the event that stores that one.
    pub by_successor: bool,
}

/// What a pair follows upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Succession {
    /// The earlier pair: its number in [`Population::pairs`].
    pub of: usize,
    /// [`Reason::Renewal`], [`Reason::Rekey`] or [`Reason::Replacement`].
    pub reason: Reason,
}

/// An SM2 pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The office that enters it: its number in [`Population::offices`].
    pub office: usize,
    /// The holder's number. One holder has one number, in whatever algorithm.
    pub holder: u64,
    /// What kind of holder that is.
    pub kind: HolderKind,
    /// What the keys live in.
    pub medium: Medium,
    /// The profile of the signing half.
    pub profile: &'static str,
    /// How many days it is valid.
    pub days: u32,
    /// When it is issued.
    pub at: Instant,
    /// Why.
    pub reason: Reason,
    /// The pair it follows upon.
    pub succeeds: Option<Succession>,
    /// What became of it.
    pub ending: Option<Ending>,
}

/// A certificate of the old algorithm: RSA, issued by the CA that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyUnit {
    /// The office it is credited to: its number in [`Population::offices`].
    pub office: usize,
    /// Its number within the office, from 0 in the order of issuing.
    pub number: u64,
    /// The holder's number.
    pub holder: u64,
    /// What kind of holder that is.
    pub kind: HolderKind,
    /// What its key lives in.
    pub medium: Medium,
    /// The size of its key in bits.
    pub key_bits: u32,
    /// How many days it is valid.
    pub days: u32,
    /// When it was issued.
    pub at: Instant,
    /// What became of it.
    pub ending: Option<Ending>,
}

/// Names of sequences of chance, so that no two of them are one.
mod sequence {
    pub(super) const HOLDER: u64 = 1;
    pub(super) const LEGACY: u64 = 2;
    pub(super) const PAIR: u64 = 3;
    pub(super) const FATE: u64 = 4;
}

const REASONS: [(u64, RevocationReason); 5] = [
    (40, RevocationReason::CessationOfOperation),
    (25, RevocationReason::AffiliationChanged),
    (15, RevocationReason::Superseded),
    (12, RevocationReason::Unspecified),
    (8, RevocationReason::KeyCompromise),
];

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// What kind of holder has this number, in every certificate of theirs.
fn kind(plan: &Population, holder: u64) -> HolderKind {
    let kinds = [(72, HolderKind::Person), (20, HolderKind::Organisation), (8, HolderKind::Device)];
    Chance::new(plan.seed, &[sequence::HOLDER, holder]).pick(&kinds, HolderKind::Person)
}

pub(super) fn legacy(plan: &Population, office: usize) -> Vec<LegacyUnit> {
    let Some(who) = plan.offices.get(office) else { return Vec::new() };
    let first = number(office) * BLOCK;
    let mut units = Vec::new();
    for (period, counts) in [LEGACY, HALF_BEFORE, HALF].into_iter().zip(&plan.counts) {
        let count = counts.get(office).map_or(0, |c| c.legacy);
        let window = who.issues_legacy(period).unwrap_or(period);
        for i in 0..count {
            let mut chance = Chance::new(plan.seed, &[sequence::LEGACY, number(office), number(units.len())]);
            let day = legacy_day(window, i, count, &mut chance);
            // From half past eight to half past five; now and then at night, which the reports will notice.
            let second = if chance.one_of(2, 1000) { 22 * 3600 } else { 8 * 3600 + 1800 + chance.below(9 * 3600) };
            units.push((at(day, second), chance));
        }
    }
    units.sort_by_key(|(at, _)| *at);
    let mut made: Vec<LegacyUnit> = Vec::with_capacity(units.len());
    for (n, (at, mut chance)) in units.into_iter().enumerate() {
        // A quarter goes to holders who had one before.
        let again = (n > 3 && chance.one_of(1, 4))
            .then(|| chance.below(number(n)))
            .and_then(|i| made.get(usize::try_from(i).ok()?));
        let holder = again.map_or(first + number(n), |unit| unit.holder);
        let kind = kind(plan, holder);
        let days = match kind {
            HolderKind::Person => 1095,
            HolderKind::Organisation => 1825,
            HolderKind::Device => 730,
        };
        let old = at < LEGACY.first.plus_years(3).unwrap_or(LEGACY.first).first_instant();
        let key_bits = if old || chance.one_of(1, 10) { 1024 } else { 2048 };
        let expires = at.plus_seconds(i64::from(days) * 86_400);
        let last = expires.min(END.first_instant()).unix_seconds() - at.unix_seconds();
        let ending = chance.one_of(4, 100).then(|| {
            let after = 86_400 + chance.below(u64::try_from(last - 86_400).unwrap_or_default());
            let reason = chance.pick(&REASONS, RevocationReason::Unspecified);
            Ending { at: at.plus_seconds(i64::try_from(after).unwrap_or_default()), reason, by_successor: false }
        });
        let ending = ending.filter(|e| e.at < END.first_instant() && e.at < expires);
        let (office, number, medium) = (office, number(n), medium(kind, &mut chance));
        made.push(LegacyUnit { office, number, holder, kind, medium, key_bits, days, at, ending });
    }
    made
}

/// The day of unit `i` of `count` in a window: spread evenly, but three tenths more from year to year in the long one.
fn legacy_day(window: Period, i: u64, count: u64, chance: &mut Chance) -> Day {
    let fraction = |of: u64, chance: &mut Chance| (i * of + chance.below(of)) / count.max(1);
    let offset = if window.days() < 400 {
        fraction(window.days(), chance)
    } else {
        // How much is issued in 2009, 2010, … and until the middle of 2017.
        const YEARS: [u64; 9] = [100, 130, 169, 220, 286, 371, 483, 627, 408];
        let sum: u64 = YEARS.iter().sum();
        let mut place = fraction(sum * 1000, chance);
        let mut start = 0;
        let lengths = [305, 365, 365, 366, 365, 365, 365, 366, 181];
        let mut offset = 0;
        for (weight, length) in YEARS.into_iter().zip(lengths) {
            if place < weight * 1000 {
                offset = start + place * length / (weight * 1000);
                break;
            }
            place -= weight * 1000;
            start += length;
        }
        offset
    };
    working(
        Day::from_number(window.first.number() + i64::try_from(offset).unwrap_or_default()).min(window.last),
        window,
    )
}

fn medium(kind: HolderKind, chance: &mut Chance) -> Medium {
    match kind {
        HolderKind::Device => chance.pick(&[(85, Medium::Server), (15, Medium::File)], Medium::Server),
        _ => chance.pick(&[(90, Medium::UKey), (6, Medium::App), (4, Medium::File)], Medium::UKey),
    }
}

/// A pair before it is known what it follows upon.
struct Draft {
    office: usize,
    day: Day,
    at: Instant,
    chance: Chance,
}

pub(super) fn pairs(plan: &Population) -> Vec<Pair> {
    let mut drafts = Vec::new();
    for (office, who) in plan.offices.iter().enumerate() {
        let mut n = 0;
        for (period, counts) in [LEGACY, HALF_BEFORE, HALF].into_iter().zip(&plan.counts) {
            let count = counts.get(office).map_or(0, |c| c.sm2);
            let days = who.issues_sm2(period).map(issuing_days).unwrap_or_default();
            for i in 0..count {
                let mut chance = Chance::new(plan.seed, &[sequence::PAIR, number(office), n]);
                n += 1;
                let place = (i * 1000 + chance.below(1000)) * number(days.len()) / (count * 1000);
                let Some(day) = days.get(usize::try_from(place).unwrap_or_default()).copied() else { continue };
                // One RA after the other, ten minutes each, from nine o'clock on.
                let at = at(day, 9 * 3600 + number(who.ra) * 600 + 360);
                drafts.push(Draft { office, day, at, chance });
            }
        }
    }
    // The drafts of an office are in order already; those of an RA stand together.
    drafts.sort_by_key(|d| (d.at, d.office));
    let mut made = Vec::with_capacity(drafts.len());
    let mut desks: Vec<Desk> = (0..plan.offices.len()).map(|office| Desk::new(plan, office)).collect();
    for draft in drafts {
        let Some(desk) = desks.get_mut(draft.office) else { continue };
        let pair = desk.take(plan, draft, &made);
        if let Some(Succession { of, reason: Reason::Replacement }) = pair.succeeds
            && let Some(old) = made.get_mut(of)
        {
            let old: &mut Pair = old;
            old.ending = Some(Ending { at: pair.at, reason: RevocationReason::Superseded, by_successor: true });
        }
        made.push(pair);
    }
    fates(plan, &mut made);
    made
}

/// What an office knows while it takes requests in.
struct Desk {
    /// Holders of certificates of the old algorithm, who come to have them replaced, and when they got theirs.
    waiting: VecDeque<(u64, Instant)>,
    newcomers: u64,
    /// Pairs nothing follows upon yet, by number.
    single: Vec<usize>,
    issued: usize,
}

impl Desk {
    fn new(plan: &Population, office: usize) -> Self {
        let mut waiting: Vec<(u64, Instant)> = legacy(plan, office).iter().map(|u| (u.holder, u.at)).collect();
        waiting.sort_unstable_by_key(|(holder, at)| (*holder, *at));
        waiting.dedup_by_key(|(holder, _)| *holder);
        waiting.sort_by_key(|(_, at)| *at);
        Self { waiting: waiting.into(), newcomers: number(office) * BLOCK + NEWCOMERS, single: Vec::new(), issued: 0 }
    }

    fn take(&mut self, plan: &Population, draft: Draft, made: &[Pair]) -> Pair {
        let Draft { office, day, at, mut chance } = draft;
        let me = made.len();
        let succeeds = self.succession(day, &mut chance, made);
        if let Some((succession, old)) = succeeds.and_then(|s| Some((s, made.get(s.of)?))) {
            if succession.reason != Reason::Replacement || chance.one_of(1, 2) {
                self.single.push(me);
            }
            let fresh =
                Pair { office, at, reason: succession.reason, succeeds: Some(succession), ending: None, ..*old };
            return fresh;
        }
        // Six of ten come in place of a certificate of the old algorithm that they have.
        let known = self.waiting.front().is_some_and(|(_, since)| *since < at) && chance.one_of(6, 10);
        let (holder, reason) = match if known { self.waiting.pop_front() } else { None } {
            Some((holder, _)) => (holder, Reason::Migration),
            None => {
                self.newcomers += 1;
                (self.newcomers, Reason::First)
            }
        };
        let kind = kind(plan, holder);
        let (profile, days) = match kind {
            HolderKind::Person => ("person-sign", 1095),
            HolderKind::Organisation => ("organisation-sign", 1095),
            HolderKind::Device => ("tls-server", 398),
        };
        self.single.push(me);
        self.issued += 1;
        let medium = medium(kind, &mut chance);
        Pair { office, holder, kind, medium, profile, days, at, reason, succeeds: None, ending: None }
    }

    /// What the next pair follows upon: a device's that ends soon, or one whose medium was lost.
    fn succession(&mut self, day: Day, chance: &mut Chance, made: &[Pair]) -> Option<Succession> {
        let age = |i: &usize| made.get(*i).map_or(0, |p| day.number() - p.at.day().number());
        let due =
            |i: &usize| (300..390).contains(&age(i)) && made.get(*i).is_some_and(|p| p.kind == HolderKind::Device);
        if let Some(place) = self.single.iter().position(due)
            && chance.one_of(3, 4)
        {
            let reason = if chance.one_of(1, 3) { Reason::Renewal } else { Reason::Rekey };
            return Some(Succession { of: self.single.remove(place), reason });
        }
        if self.single.len() > 4 && chance.one_of(15, 1000) {
            let place = usize::try_from(chance.below(number(self.single.len()))).unwrap_or_default();
            let old = self.single.get(place)?;
            let person = made.get(*old).is_some_and(|p| p.kind != HolderKind::Device);
            if person && age(old) >= 20 {
                return Some(Succession { of: self.single.swap_remove(place), reason: Reason::Replacement });
            }
        }
        None
    }
}

/// Revokes three of a hundred pairs and suspends one, on a later issuing day, unless something follows upon them.
fn fates(plan: &Population, made: &mut [Pair]) {
    let followed: Vec<usize> = made.iter().filter_map(|p| Some(p.succeeds?.of)).collect();
    let mut keep = vec![false; made.len()];
    followed.into_iter().filter_map(|i| keep.get_mut(i).map(|k| *k = true)).for_each(drop);
    let days = issuing_days(super::PAIRS);
    for (n, (pair, keep)) in made.iter_mut().zip(keep).enumerate() {
        let mut chance = Chance::new(plan.seed, &[sequence::FATE, number(n)]);
        let (revoked, held) = (chance.one_of(3, 100), chance.one_of(1, 100));
        if keep || !(revoked || (held && pair.kind != HolderKind::Device)) {
            continue;
        }
        let later: Vec<Day> = days.iter().copied().filter(|d| d.number() >= pair.at.day().number() + 10).collect();
        let place = usize::try_from(chance.below(number(later.len()))).unwrap_or_default();
        let (Some(day), Some(who)) = (later.get(place), plan.offices.get(pair.office)) else { continue };
        let at = at(*day, 9 * 3600 + number(who.ra) * 600 + 120);
        if at >= pair.at.plus_seconds(i64::from(pair.days) * 86_400) {
            continue;
        }
        let drawn = chance.pick(&REASONS, RevocationReason::Unspecified);
        let reason = if revoked { drawn } else { RevocationReason::CertificateHold };
        pair.ending = Some(Ending { at, reason, by_successor: false });
    }
}
