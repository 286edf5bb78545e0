//! What was imported, and what took its place: by somebody who may, within their jurisdiction, and as they signed it.

use std::collections::BTreeSet;

use hufu_ledger::event::Event;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, ImportId, OrgId, Serial};
use hufu_model::request::Reason;
use hufu_store::{EventRow, LegacyLink, Reader, pages};

use super::{State, decode, documents, signed};
use crate::audit::AuditReport;
use crate::authority::Identity;
use crate::document::fault;
use crate::error::{ErrorKind, Result};
use crate::{import, policy};

/// Links read at a time.
const LINKS: u32 = 1000;

impl State {
    /// A part of an import. The first part of each run carries what was signed about it.
    pub(super) fn import(&mut self, r: &Reader<'_>, identity: &Identity, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        policy::holds(&by, &import::IMPORTERS)?;
        let (event, id) = (decode(row)?, row.object.parse::<ImportId>()?);
        let recorded = r.import(&id)?.ok_or_else(|| fault("import", "it is not on record"))?;
        if documents(&event).next().is_some() {
            let (act, _) = signed(r, identity, &event)?;
            let field = |name: &str| act.fields.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
            let of_this = act.kind == row.kind.code() && act.object == row.object && act.operator == by.id;
            let rules = recorded.rules.map(|digest| digest.to_string());
            if !of_this || field("digest") != Some(&recorded.digest.to_string()) || field("rules") != rules.as_deref() {
                return Err(fault("act", "it was signed for something else, or by another person"));
            }
            self.imports.insert((id.clone(), by.id.clone()));
        }
        if !self.imports.contains(&(id, by.id.clone())) {
            return Err(fault("import", "nobody signed it"));
        }
        let mut orgs: BTreeSet<OrgId> = BTreeSet::new();
        for legacy in keys(&event, "legacy") {
            let row = r.legacy(&legacy)?.ok_or(ErrorKind::UnknownLegacy(legacy))?;
            if !orgs.contains(&row.org) {
                policy::within(self.tree(), &by, &row.org)?;
                orgs.insert(row.org);
            }
        }
        Ok(())
    }

    /// Links that somebody made.
    pub(super) fn links(&self, r: &Reader<'_>, identity: &Identity, row: &EventRow) -> Result<()> {
        let by = self.signed_by(r, row)?;
        policy::holds(&by, &import::IMPORTERS)?;
        let event = decode(row)?;
        let (act, _) = signed(r, identity, &event)?;
        let signed = act.fields.iter().find(|(k, _)| k == "links").map(|(_, v)| v.as_str());
        let mut made = Vec::new();
        for legacy in keys(&event, "legacy_link") {
            let link = r.legacy_link(&legacy)?.ok_or(ErrorKind::UnknownLegacy(legacy))?;
            for org in orgs(r, &link.legacy, &link.serial)? {
                policy::within(self.tree(), &by, &org)?;
            }
            made.push(import::link_line(&link.legacy, &link.serial));
        }
        let of_this = act.kind == row.kind.code() && act.object == row.object && act.operator == by.id;
        if !of_this || signed != Some(&made.join("\n")) {
            return Err(fault("act", "it was signed for something else, or by another person"));
        }
        Ok(())
    }
}

/// What no event of the right kind recorded, and links that came with a certificate and do not belong to it.
pub(super) fn audit(r: &Reader<'_>, report: &mut AuditReport) -> Result<()> {
    for seq in r.inventory_by_other_events()? {
        report.find("I6", format!("event {seq}"), "it recorded imported certificates, which no event of its kind does");
    }
    let read = |after: Option<Digest>| r.legacy_links_after(after.as_ref(), LINKS);
    for page in pages(read, |link: &LegacyLink| link.legacy) {
        for link in page? {
            let issued = r.event(link.event)?.is_some_and(|event| event.kind == EventKind::Issue);
            if issued && !came_with(r, &link)? {
                let message = "it is linked to a certificate that was not issued to its holder for a migration";
                report.find("I6", format!("imported certificate {}", link.legacy), message);
            }
        }
    }
    Ok(())
}

/// Whether the certificate of a link was stored by its event, for a migration of the same holder.
fn came_with(r: &Reader<'_>, link: &LegacyLink) -> Result<bool> {
    let (Some(ours), Some(legacy)) = (r.certificate(&link.serial)?, r.legacy(&link.legacy)?) else { return Ok(false) };
    let stored = r.certificate_event(&link.serial)? == Some(link.event);
    Ok(stored && ours.reason == Reason::Migration && ours.holder == legacy.holder)
}

/// The organisations of the two certificates of a link.
fn orgs(r: &Reader<'_>, legacy: &Digest, serial: &Serial) -> Result<[OrgId; 2]> {
    let ours = r.certificate(serial)?.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()))?;
    let legacy = r.legacy(legacy)?.ok_or(ErrorKind::UnknownLegacy(*legacy))?;
    Ok([ours.org, legacy.org])
}

/// The keys, all of them digests, of the rows of a table that an event wrote.
fn keys(event: &Event, table: &str) -> Vec<Digest> {
    let effects = event.effects.iter().filter(|effect| effect.table == table);
    effects.filter_map(|effect| effect.key.as_slice().try_into().ok().map(Digest)).collect()
}
