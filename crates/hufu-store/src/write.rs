//! The door that changes things: one transaction, one or more events, each with the rows it wrote.

use std::collections::BTreeMap;

use hufu_ledger::{Event, Frontier, leaf_hash};
use hufu_model::certificate::CertificateRow;
use hufu_model::count::Counted;
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId, RequestId, Serial};
use hufu_model::operator::Operator;
use hufu_model::org::Organisation;
use hufu_model::profile::Profile;
use hufu_model::request::RequestStatus;
use hufu_model::time::Instant;
use rusqlite::Connection;

use crate::cell::{Cell, execute, query_one, select_one};
use crate::covered::{self, Covered, effect};
use crate::error::{Error, ErrorKind, Result};
use crate::presigned;
use crate::reader::Reader;
use crate::rollup::{self, Delta, Member, Part};
use crate::rows::{
    self, Document, IntentRow, KeyUse, NewStatus, PairIntentRow, PairRow, ProfileRow, Proposal, RequestBody,
    RequestRow, StatusChange,
};

/// How far the clock may stand behind the ledger: two machines, or a clock that was just set, are that far apart.
pub const CLOCK_BEHIND_MS: i64 = 5000;

/// How far the clock may stand ahead of the last event before somebody has to say that it is right, in milliseconds:
/// three days. An office that closes for a weekend is asked nothing; a clock that is wrong by less stops later writes for
/// three days at most.
pub const CLOCK_AHEAD_MS: i64 = 3 * 86_400_000;

/// One transaction that writes.
///
/// Everything is written through an event ([`Write::event`]); without one, nothing can be written.
pub struct Write<'c> {
    connection: &'c Connection,
    now: Instant,
    frontier: Frontier,
    /// An event was begun and not closed yet, or one of its rows was refused.
    open: bool,
    /// An event was left open when another one began: nothing of this transaction may be stored.
    spoilt: bool,
    rollup: BTreeMap<Delta, Counted>,
    events: u64,
}

/// Puts the row into a new database that every later transaction changes.
pub(crate) fn found(connection: &Connection) -> Result<()> {
    let edge = Frontier::new().to_bytes();
    execute(connection, "INSERT INTO frontier (id, edge) VALUES (?, ?)", &[Cell::Int(1), Cell::Blob(&edge)])?;
    Ok(())
}

/// The right edge of the tree as stored.
pub(crate) fn frontier(connection: &Connection) -> Result<Frontier> {
    let bytes = query_one(connection, "frontier", "SELECT edge FROM frontier WHERE id = 1", &[], |c| c.bytes())?;
    let bytes = bytes.ok_or_else(|| Error::broken("the edge of its tree is missing"))?;
    Frontier::from_bytes(&bytes).map_err(|e| Error::broken(e.to_string()))
}

impl<'c> Write<'c> {
    /// Reads where the ledger stands and refuses a clock that stands before it, or more than `ahead` milliseconds behind
    /// its last event.
    pub(crate) fn begin(connection: &'c Connection, now: Instant, ahead: Option<i64>) -> Result<Self> {
        let frontier = frontier(connection)?;
        let reader = Reader::new(connection);
        let count = reader.event_count()?;
        if frontier.size() != count {
            let what = format!("the edge of its tree is that of {} events but there are {count}", frontier.size());
            return Err(Error::broken(what));
        }
        let last = reader.last_event_at()?;
        if let Some(last) = last
            && now.unix_millis() < last.unix_millis().saturating_sub(CLOCK_BEHIND_MS)
        {
            return Err(ErrorKind::ClockBack { now, last }.into());
        }
        if let (Some(last), Some(ahead)) = (last, ahead)
            && now.unix_millis() > last.unix_millis().saturating_add(ahead)
        {
            return Err(ErrorKind::ClockAhead { now, last }.into());
        }
        let now = last.map_or(now, |last| last.max(now));
        Ok(Self { connection, now, frontier, open: false, spoilt: false, rollup: BTreeMap::new(), events: 0 })
    }

    /// Writes what is written once for all events of the transaction.
    pub(crate) fn finish(self) -> Result<()> {
        if self.open || self.spoilt {
            return Err(ErrorKind::UnclosedEvent.into());
        }
        if self.events > 0 {
            rollup::add(self.connection, &self.rollup)?;
            let edge = self.frontier.to_bytes();
            execute(self.connection, "UPDATE frontier SET edge = ? WHERE id = 1", &[Cell::Blob(&edge)])?;
        }
        Ok(())
    }

    /// Ledger time: never earlier than the last event.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Looks at the database as this transaction sees it, with what it has written so far. Totals are the exception:
    /// they are written at the end.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self.connection)
    }

    /// Begins an event: what happened, who did it, to what. It must be closed ([`EventWriter::close`]), or nothing of
    /// the transaction is stored.
    #[must_use = "an event that is not closed makes the transaction fail"]
    pub fn event(&mut self, kind: EventKind, actor: Option<&OperatorId>, object: &str) -> EventWriter<'_, 'c> {
        self.event_of(kind.code(), actor, object)
    }

    /// [`Write::event`], for a kind of any ledger.
    pub(crate) fn event_of(
        &mut self,
        kind: &'static str,
        actor: Option<&OperatorId>,
        object: &str,
    ) -> EventWriter<'_, 'c> {
        let event = Event {
            seq: self.frontier.size(),
            at: self.now.unix_millis(),
            kind: kind.to_owned(),
            actor: actor.map(ToString::to_string),
            // Never an empty text in a column.
            object: if object.is_empty() { "-".to_owned() } else { object.to_owned() },
            fields: Vec::new(),
            effects: Vec::new(),
        };
        self.spoilt |= self.open;
        self.open = true;
        EventWriter { write: self, event, refused: false }
    }

    /// Refuses a signer that another one has fenced off since it was started.
    ///
    /// # Errors
    /// [`ErrorKind::Fenced`]; database errors.
    pub fn fence(&self, epoch: u64) -> Result<()> {
        fence(self.connection, epoch)
    }

    /// The epoch of the signer that was started last; 0 when none was.
    pub(crate) fn epoch(&self) -> Result<u64> {
        epoch(self.connection)
    }
}

/// The epoch of the signer that was started last; 0 when none was.
fn epoch(connection: &Connection) -> Result<u64> {
    let last = query_one(connection, "signer", "SELECT MAX(epoch) FROM signer", &[], |c| c.optional_int())?;
    Ok(last.flatten().unwrap_or(0).unsigned_abs())
}

/// Refuses every signer but the one that was started last.
pub(crate) fn fence(connection: &Connection, epoch: u64) -> Result<()> {
    let current = self::epoch(connection)?;
    if epoch == current { Ok(()) } else { Err(ErrorKind::Fenced { epoch, current }.into()) }
}

/// One event being written. What is put through it is a row that the event covers.
///
/// A row that was refused spoils the whole transaction, also when the caller goes on as if nothing had happened.
#[must_use = "an event that is not closed makes the transaction fail"]
pub struct EventWriter<'w, 'c> {
    write: &'w mut Write<'c>,
    event: Event,
    refused: bool,
}

impl EventWriter<'_, '_> {
    /// As [`Write::reader`].
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        self.write.reader()
    }

    /// Adds a fact that stands in no row.
    pub fn field(&mut self, name: &str, value: &str) {
        self.event.fields.push((name.to_owned(), value.to_owned()));
    }

    /// Writes the event: its row, its leaf, and the tree's new edge with it. Returns its number.
    ///
    /// # Errors
    /// [`ErrorKind::UnclosedEvent`] when one of its rows was refused; database errors.
    pub fn close(self) -> Result<u64> {
        let Self { write, event, refused } = self;
        if refused {
            return Err(ErrorKind::UnclosedEvent.into());
        }
        let leaf = event.encode();
        let hash = leaf_hash(&leaf);
        let cells = [
            Cell::count(event.seq),
            Cell::Int(event.at),
            Cell::text(&event.kind),
            Cell::optional(event.actor.as_deref()),
            Cell::text(&event.object),
            Cell::Blob(&hash),
            Cell::Blob(&leaf),
        ];
        const INSERT: &str =
            "INSERT INTO event (seq, at, kind, actor, object, hash, leaf) VALUES (?, ?, ?, ?, ?, ?, ?)";
        execute(write.connection, INSERT, &cells)?;
        write.frontier.push(hash);
        write.events += 1;
        write.open = false;
        Ok(event.seq)
    }

    /// Puts a fact of the founding. It never changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_meta(&mut self, name: &str, value: &str) -> Result<()> {
        self.insert(&covered::META, &[Cell::text(name), Cell::text(value)])
    }

    /// Puts one of the authority's own certificates. The last one of a role counts.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for a second one of a role in the same event; database errors.
    pub fn put_authority_certificate(&mut self, role: &str, der: &[u8]) -> Result<()> {
        let seq = self.event.seq;
        self.insert(&covered::AUTHORITY_CERTIFICATE, &[Cell::text(role), Cell::count(seq), Cell::Blob(der)])
    }

    /// Puts a signed document.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_document(&mut self, document: &Document) -> Result<()> {
        self.insert(&covered::DOCUMENT, &rows::document_cells(document))
    }

    /// Puts a new version of an organisation; the earlier ones stay on record.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for a second version in the same event; database errors.
    pub fn put_org(&mut self, org: &Organisation) -> Result<()> {
        let seq = self.event.seq;
        self.insert(&covered::ORGANISATION, &rows::organisation_cells(org, seq))
    }

    /// Puts an operator, or what changed of one.
    ///
    /// # Errors
    /// Database errors.
    pub fn put_operator(&mut self, operator: &Operator) -> Result<()> {
        let known = self.reader().operator(&operator.id)?.is_some();
        let cells = rows::operator_cells(operator);
        if known { self.update(&covered::OPERATOR, &cells) } else { self.insert(&covered::OPERATOR, &cells) }
    }

    /// Puts whose certificate it is.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; database errors.
    pub fn put_operator_certificate(&mut self, serial: &Serial, operator: &OperatorId) -> Result<()> {
        self.insert(&covered::OPERATOR_CERTIFICATE, &[Cell::serial(serial), Cell::text(operator.as_str())])
    }

    /// Puts a profile's text and makes it the current one; the text that was current stays on record.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] when the same text belongs to another profile; database errors.
    pub fn put_profile(&mut self, digest: &Digest, profile: &Profile) -> Result<()> {
        if let Some(mut before) = self.reader().profile_current(&profile.id)?
            && before.digest != *digest
        {
            before.current = false;
            self.update(&covered::PROFILE, &rows::profile_cells(&before))?;
        }
        let row = ProfileRow { id: profile.id.clone(), digest: *digest, source: profile.source.clone(), current: true };
        match self.reader().profile_by_digest(digest)? {
            None => self.insert(&covered::PROFILE, &rows::profile_cells(&row)),
            Some(known) if known.id == row.id && known.source == row.source => {
                self.update(&covered::PROFILE, &rows::profile_cells(&row))
            }
            Some(known) => self.refuse(Error::duplicate(format!("the profile text {digest} of {}", known.id))),
        }
    }

    /// Puts a proposed act, or the decision about one: `open` may become `done` or `rejected`, nothing else changes.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for any other change; database errors.
    pub fn put_proposal(&mut self, proposal: &Proposal) -> Result<()> {
        let cells = rows::proposal_cells(proposal);
        let Some(before) = self.reader().proposal(&proposal.digest)? else {
            if proposal.status != "open" {
                let what = format!("a decision about the proposal {}, which is not on record,", proposal.digest);
                return self.refuse(Error::duplicate(what));
            }
            return self.insert(&covered::PROPOSAL, &cells);
        };
        let allowed = before.status == "open" && matches!(proposal.status.as_str(), "done" | "rejected");
        let as_before =
            Proposal { status: before.status.clone(), approver: before.approver.clone(), ..proposal.clone() };
        if !allowed || as_before != before {
            return self.refuse(Error::duplicate(format!("the proposal {}", proposal.digest)));
        }
        self.update(&covered::PROPOSAL, &cells)
    }

    /// Puts a request that was entered, or how far a known one has come.
    ///
    /// # Errors
    /// [`ErrorKind::RequestState`] for a step that [`RequestStatus::may_become`] does not allow, and for a new request
    /// that is not `submitted`; [`ErrorKind::Duplicate`] when anything that was entered would change; database errors.
    pub fn put_request(&mut self, request: &RequestRow) -> Result<()> {
        match self.reader().request(&request.id)? {
            Some(before) => self.move_request(&before, request),
            None if request.status == RequestStatus::Submitted => {
                self.insert(&covered::REQUEST, &rows::request_cells(request))
            }
            None => self.refuse(state(request, "new", RequestStatus::Submitted)),
        }
    }

    /// Puts the step from `before`, which stands in the table, to `request`.
    pub(crate) fn move_request(&mut self, before: &RequestRow, request: &RequestRow) -> Result<()> {
        if !before.status.may_become(request.status, request.action) {
            return self.refuse(state(request, before.status.code(), request.status));
        }
        let (was, is) = (rows::request_cells(before), rows::request_cells(request));
        let fixed = covered::REQUEST.columns.len() - covered::REQUEST.changing;
        if was.iter().zip(&is).take(fixed).any(|(was, is)| was != is) {
            return self.refuse(Error::duplicate(format!("what was entered with request {}", request.id)));
        }
        self.update(&covered::REQUEST, &is)
    }

    /// Puts what was signed and handed in with a request.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`]; [`ErrorKind::Constraint`] without the request; database errors.
    pub fn put_request_body(&mut self, request: &RequestId, body: &RequestBody) -> Result<()> {
        self.insert(&covered::REQUEST_BODY, &rows::body_cells(request, body))
    }

    /// Deletes the sealed fields of a request: what is left of them is a row without them, which this event covers. The
    /// place they had in the file is overwritten.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] without the request; [`ErrorKind::Duplicate`] when they are gone already; database errors.
    pub fn erase_sealed(&mut self, request: &RequestId) -> Result<()> {
        let Some(mut body) = self.reader().request_body(request)? else {
            return self.refuse(ErrorKind::NotFound { what: format!("request {request}") }.into());
        };
        if body.sealed.is_empty() {
            return self.refuse(Error::duplicate(format!("request {request} without sealed fields")));
        }
        self.write.connection.pragma_update(None, "secure_delete", true)?;
        body.sealed.clear();
        self.update(&covered::REQUEST_BODY, &rows::body_cells(request, &body))
    }

    /// Puts who uses a public key. The first use is kept; a later one by the same holder changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] when the key is another holder's; database errors.
    pub fn put_key_use(&mut self, spki: &Digest, holder: &Digest, request: &RequestId) -> Result<()> {
        match self.reader().key_use(spki)? {
            Some(KeyUse { holder: known, .. }) if known == *holder => Ok(()),
            Some(known) => {
                self.refuse(Error::duplicate(format!("another holder's request {} with this key", known.request)))
            }
            None => {
                let cells = [Cell::digest(spki), Cell::digest(holder), Cell::text(request.as_str())];
                self.insert(&covered::KEY_USE, &cells)
            }
        }
    }

    /// Puts a certificate: its row, its DER, and its share of the totals.
    ///
    /// # Errors
    /// [`ErrorKind::Duplicate`] for a serial number that exists; [`ErrorKind::Constraint`] for a certificate that is
    /// not active or whose validity begins after it was issued: totals do not know such ones; database errors.
    pub fn put_certificate(&mut self, row: &CertificateRow, der: &[u8]) -> Result<()> {
        self.put_counted(row, der, Part::Whole)
    }

    /// Puts the encryption half of a pair, behind its signing half: certificate, envelope, and which two belong together.
    ///
    /// # Errors
    /// As [`EventWriter::put_certificate`]; [`ErrorKind::Duplicate`] when either half belongs to a pair.
    pub(crate) fn put_encryption_half(
        &mut self,
        signing: &Serial,
        row: &CertificateRow,
        der: &[u8],
        envelope: &[u8],
    ) -> Result<()> {
        self.put_counted(row, der, Part::SecondHalf)?;
        let pair = PairRow { signing: signing.clone(), encryption: row.serial.clone() };
        self.insert(&covered::PAIR, &rows::pair_cells(&pair))?;
        self.insert(&covered::ENVELOPE, &rows::envelope_cells(&row.serial, envelope))
    }

    fn put_counted(&mut self, row: &CertificateRow, der: &[u8], part: Part) -> Result<()> {
        if let Some(what) = rollup::uncountable(row) {
            return self.refuse(ErrorKind::Constraint { what: what.to_owned() }.into());
        }
        self.insert(&covered::CERTIFICATE, &rows::certificate_cells(row, self.event.seq))?;
        self.insert(&covered::CERTIFICATE_DER, &rows::certificate_der_cells(&row.serial, der))?;
        self.count(Member::own(row, part).deltas(self.write.now));
        Ok(())
    }

    /// Puts a change of a certificate's status: the change itself, the certificate's row, and their share of the totals.
    /// Answers about it that were signed ahead end here.
    /// Returns what is on record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]; [`ErrorKind::CertificateState`] for a step that [`hufu_model::certificate::CertificateStatus::may_become`] does not
    /// allow; [`ErrorKind::Constraint`] for a change that would hold from before the last one or from the future;
    /// [`ErrorKind::Duplicate`] for a second one of the same certificate in the same event; database errors.
    pub fn put_status_change(&mut self, new: &NewStatus) -> Result<StatusChange> {
        let Some((mut row, event)) = self.reader().certificate_with_event(&new.serial)? else {
            return self.refuse(ErrorKind::NotFound { what: format!("certificate {}", new.serial) }.into());
        };
        if !row.status.may_become(new.status) {
            let (serial, status) = (new.serial.clone(), row.status.code());
            return self.refuse(ErrorKind::CertificateState { serial, status, wanted: new.status.code() }.into());
        }
        let last = self.reader().last_status_change(&new.serial)?.map_or(row.issued_at, |last| last.at);
        if new.at < last || new.at > self.write.now.unix_seconds() {
            let what = "a certificate's status changes after its last change and not in the future".to_owned();
            return self.refuse(ErrorKind::Constraint { what }.into());
        }
        let change = StatusChange {
            serial: new.serial.clone(),
            event: self.event.seq,
            request: new.request.clone(),
            was: row.status,
            status: new.status,
            reason: new.reason,
            at: new.at,
            invalid_since: new.invalid_since,
        };
        self.insert(&covered::STATUS_CHANGE, &rows::status_change_cells(&change))?;
        let member = Member::own(&row, Part::of(&self.reader(), &new.serial)?);
        self.count(member.change(change.was, change.status, change.at, self.write.now));
        presigned::forget(self.write.connection, &new.serial)?;
        row.status = new.status;
        self.update(&covered::CERTIFICATE, &rows::certificate_cells(&row, event))?;
        Ok(change)
    }

    /// Puts a key that no certificate is issued for any more; a second time changes nothing.
    ///
    /// # Errors
    /// Database errors.
    pub fn put_compromised_key(&mut self, spki: &Digest, serial: &Serial) -> Result<()> {
        match self.reader().compromised_key(spki)? {
            Some(_) => Ok(()),
            None => self.insert(&covered::COMPROMISED_KEY, &[Cell::digest(spki), Cell::serial(serial)]),
        }
    }

    pub(crate) fn put_intent(&mut self, intent: &IntentRow) -> Result<()> {
        self.insert(&covered::INTENT, &rows::intent_cells(intent))
    }

    pub(crate) fn put_pair_intent(&mut self, intent: &PairIntentRow) -> Result<()> {
        self.insert(&covered::PAIR_INTENT, &rows::pair_intent_cells(intent))
    }

    pub(crate) fn put_signer(&mut self, epoch: u64, operator: &OperatorId) -> Result<()> {
        let at = self.write.now.unix_seconds();
        self.insert(&covered::SIGNER, &[Cell::count(epoch), Cell::text(operator.as_str()), Cell::Int(at)])
    }

    /// Ledger time, as of [`Write::now`].
    #[must_use]
    pub fn now(&self) -> Instant {
        self.write.now
    }

    /// The number that the event will have.
    pub(crate) fn seq(&self) -> u64 {
        self.event.seq
    }

    /// Adds to the totals of the transaction.
    pub(crate) fn count(&mut self, deltas: Vec<(Delta, Counted)>) {
        rollup::add_to(&mut self.write.rollup, deltas);
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.write.connection
    }

    pub(crate) fn refuse<T>(&mut self, e: Error) -> Result<T> {
        self.refused = true;
        Err(e)
    }

    pub(crate) fn insert(&mut self, into: &Covered, cells: &[Cell<'_>]) -> Result<()> {
        match execute(self.write.connection, into.insert, cells) {
            Ok(_) => {
                self.cover(into, cells);
                Ok(())
            }
            Err(e) => self.refuse(e),
        }
    }

    /// Writes the columns that may change; the others are those of the row as it stands.
    pub(crate) fn update(&mut self, of: &Covered, cells: &[Cell<'_>]) -> Result<()> {
        let (fixed, changing) = cells.split_at(cells.len().saturating_sub(of.changing));
        let key = fixed.iter().take(of.key);
        let values: Vec<Cell<'_>> = changing.iter().chain(key).cloned().collect();
        match execute(self.write.connection, &of.update(), &values) {
            Ok(1) => {
                self.cover(of, cells);
                Ok(())
            }
            Ok(_) => self.refuse(Error::corrupt(format!("a row of {} is gone that was there", of.table))),
            Err(e) => self.refuse(e),
        }
    }

    fn cover(&mut self, table: &Covered, cells: &[Cell<'_>]) {
        let values: Vec<_> = cells.iter().map(Cell::value).collect();
        self.event.effects.push(effect(table, &values));
    }
}

fn state(request: &RequestRow, status: &'static str, wanted: RequestStatus) -> Error {
    ErrorKind::RequestState { request: request.id.clone(), status, wanted: wanted.code() }.into()
}

/// What an event says about the stored bytes of a certificate: the digest of their row.
///
/// Who holds a certificate and an event's leaf can thus see, without the database, that this event stored it.
#[must_use]
pub fn der_digest(serial: &Serial, der: &[u8]) -> [u8; 32] {
    let cells = rows::certificate_der_cells(serial, der);
    let values: Vec<_> = cells.iter().map(Cell::value).collect();
    effect(&covered::CERTIFICATE_DER, &values).digest
}

/// The DER of a stored certificate.
pub(crate) fn stored_der(connection: &Connection, serial: &Serial) -> Result<Option<Vec<u8>>> {
    select_one(connection, &covered::CERTIFICATE_DER, "WHERE serial = ?", &[Cell::serial(serial)], |c| {
        c.skip();
        c.bytes()
    })
}

#[cfg(test)]
mod tests;
