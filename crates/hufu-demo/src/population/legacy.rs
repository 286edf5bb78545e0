//! The old side: certificates of the CA that was there before, made one by one and taken in by the import of inventories.

use std::collections::VecDeque;

use hufu_authority::data::Region;
use hufu_authority::data::population::{LegacyUnit, Population};
use hufu_authority::import::{Entry, ImportPlan, SourceFault, Verified};
use hufu_authority::model::holder::{Holder, Purpose};
use hufu_authority::model::ident::{Digest, OrgId, Serial};
use hufu_authority::model::legacy::Usage;
use hufu_authority::model::profile::NameAttribute;
use hufu_authority::model::time::{Day, Instant, Validity};
use hufu_authority::x509::digest::sm3;
use hufu_authority::x509::legacy::{IssueParams, Issuers, LegacyAuthority, read_verified};
use hufu_authority::x509::name::Name;
use hufu_authority::{Error, ErrorKind, Result};
use rayon::prelude::*;

use super::{Play, hour};
use crate::people;

/// Certificates that are made at a time.
const CHUNK: usize = 2000;

/// The most links of one act.
const LINKS: usize = 10_000;

impl Play<'_> {
    /// Makes and imports them all, and says whose place a pair took; how many there are.
    pub(super) fn legacy(&self) -> Result<u64> {
        let of_all = (0..self.plan.offices().len()).map(|office| self.plan.legacy_count(office)).sum();
        let mill = Mill::new(&self.plan, &self.places)?;
        let plan = ImportPlan {
            id: "legacy-2018h1".parse()?,
            source: "2018h1".to_owned(),
            digest: sm3(format!("2018h1 {of_all}").as_bytes()),
            org: None,
            rules: None,
            dry_run: false,
        };
        let (authority, zhao) = (&self.founded.authority, &self.founded.zhao);
        let mut fault = None;
        let report = authority.import(
            zhao,
            &plan,
            Entries { mill: &mill, office: 0, units: VecDeque::new(), made: VecDeque::new(), position: 0 },
            &mut |finding| {
                if finding.refused && fault.is_none() {
                    fault = Some(format!("{}: {} {}", finding.place, finding.code, finding.what));
                }
            },
            &|report| (self.tell)("legacy", report.read, of_all),
        )?;
        if report.new != of_all {
            let what = fault.unwrap_or_else(|| format!("{} of {of_all} certificates were imported", report.new));
            return Err(ErrorKind::Unreadable { wanted: "an inventory without faults", what }.into());
        }
        self.link()?;
        Ok(of_all)
    }

    /// Records which pairs took the place of imported certificates: where one holder is on either side.
    fn link(&self) -> Result<()> {
        let (authority, zhao) = (&self.founded.authority, &self.founded.zhao);
        let offices = self.plan.offices();
        for (n, office) in offices.iter().enumerate() {
            (self.tell)("links", n as u64, offices.len() as u64);
            if office.sm2_from.is_none() {
                continue;
            }
            let found = authority.matches(zhao, Some(&office.entry.id), 0)?;
            let link = |m: hufu_authority::import::Match| Some((m.legacy.id, m.ours.first()?.serial.clone()));
            let own = found.unique.into_iter().filter(|m| m.legacy.org == office.entry.id);
            let links: Vec<(Digest, Serial)> = own.filter_map(link).collect();
            for links in links.chunks(LINKS) {
                authority.link(zhao, links)?;
            }
        }
        Ok(())
    }
}

/// Makes certificates.
struct Mill<'a> {
    plan: &'a Population,
    places: &'a [Region],
    ca: LegacyAuthority,
    issuers: Issuers,
}

impl<'a> Mill<'a> {
    fn new(plan: &'a Population, places: &'a [Region]) -> Result<Self> {
        let name = Name::new(vec![
            (NameAttribute::Country, "CN".to_owned()),
            (NameAttribute::Organisation, "国家电子政务外网（示例）".to_owned()),
            (NameAttribute::CommonName, "旧 CA 测试 TEST RSA CA".to_owned()),
        ])?;
        // From 2008-01-01 on.
        let validity = valid_for(hour(Day::from_number(13_879), 0), 20 * 365)?;
        let ca = LegacyAuthority::rsa(&name, &Serial::from_bytes(&[1])?, validity)?;
        let mut issuers = Issuers::new();
        issuers.add(ca.der())?;
        Ok(Self { plan, places, ca, issuers })
    }

    /// One certificate as an inventory gives it: what stands in it, and beside it the columns that no certificate has.
    fn entry(&self, unit: &LegacyUnit, position: u64) -> Result<Entry> {
        let gone = || Error::from(ErrorKind::Internal("a certificate of no office"));
        let org: OrgId = self.plan.offices().get(unit.office).ok_or_else(gone)?.entry.id.clone();
        let place = self.places.get(unit.office).ok_or_else(gone)?;
        let number = usize::try_from(unit.holder).unwrap_or_default();
        let invented = people::holder_of(unit.kind, number, place);
        let holder = Holder::check(unit.kind, Purpose::Subscriber, invented.fields, invented.hosts)
            .map_err(|e| Error::from(ErrorKind::Holder(e)))?;
        let text = |field| holder.get(field).unwrap_or_default().to_owned();
        let subject = Name::new(vec![
            (NameAttribute::Country, "CN".to_owned()),
            (NameAttribute::Organisation, place.zh.clone()),
            (NameAttribute::CommonName, text(hufu_authority::model::holder::Field::Name)),
            // The number of the holder, as such certificates had one of some kind.
            (NameAttribute::SerialNumber, format!("{:08}", unit.holder)),
        ])?;
        let mut serial = vec![0x4c, u8::try_from(unit.office).unwrap_or_default()];
        serial.extend_from_slice(unit.number.to_be_bytes().get(3..).unwrap_or_default());
        let draw = usize::try_from(unit.number).unwrap_or_default();
        let validity = valid_for(unit.at, unit.days)?;
        let der = self.ca.issue(&IssueParams {
            subject: &subject,
            serial: &Serial::from_bytes(&serial)?,
            validity,
            usage: Usage::Any,
            // The pool has two keys of 1024 bits and then five of 2048.
            key: if unit.key_bits == 1024 { draw % 2 } else { 2 + draw % 5 },
        })?;
        let (read, verified) = read_verified(&der, &self.issuers)?;
        Ok(Entry {
            position,
            place: format!("{org} {}", unit.number),
            issuer: read.issuer,
            serial: read.serial,
            subject: read.subject,
            algorithm: read.algorithm,
            remarks: Vec::new(),
            key_bits: read.key_bits,
            usage: read.usage,
            validity: read.validity,
            issued_at: Some(unit.at.unix_seconds()),
            org: Some(org),
            org_text: None,
            region: None,
            unit_name: read.unit,
            holder_kind: Some(unit.kind),
            identity: Some(holder.identity()),
            medium: Some(unit.medium),
            pair_id: None,
            revoked: unit.ending.map(|e| (e.at.unix_seconds(), e.reason)),
            digest: Some(read.digest),
            verified: match verified {
                Ok(()) => Verified::Verified,
                Err(why) => Verified::NotVerified(why.code()),
            },
        })
    }
}

fn valid_for(from: Instant, days: u32) -> Result<Validity> {
    let made = Validity::days_from(from, days);
    made.map_err(|e| ErrorKind::Unreadable { wanted: "a validity", what: e.to_string() }.into())
}

/// Every certificate, office by office; made in parallel, a chunk at a time, so that memory stays flat.
struct Entries<'a> {
    mill: &'a Mill<'a>,
    office: usize,
    units: VecDeque<LegacyUnit>,
    made: VecDeque<std::result::Result<Entry, SourceFault>>,
    position: u64,
}

impl Entries<'_> {
    fn make(&mut self) {
        while self.units.is_empty() && self.office < self.mill.plan.offices().len() {
            self.units = self.mill.plan.legacy(self.office).into();
            self.office += 1;
        }
        let take = self.units.len().min(CHUNK);
        let chunk: Vec<(LegacyUnit, u64)> = self.units.drain(..take).zip(self.position + 1..).collect();
        self.position += chunk.len() as u64;
        let mill = self.mill;
        let made: Vec<_> = chunk
            .par_iter()
            .map(|(unit, position)| {
                mill.entry(unit, *position).map_err(|e| SourceFault {
                    position: *position,
                    place: format!("{} {}", unit.office, unit.number),
                    code: e.code(),
                    text: e.to_string(),
                })
            })
            .collect();
        self.made = made.into();
    }
}

impl Iterator for Entries<'_> {
    type Item = std::result::Result<Entry, SourceFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.made.is_empty() {
            self.make();
        }
        self.made.pop_front()
    }
}
