//! Signed reports: what an office sends upwards (上报), and what somebody holds against it later.
//!
//! # Who signs
//! The operator whose word it is, with the key of their own certificate: an administrator, an approver or an auditor, for
//! their own organisation and what stands below it; only at the CA for the whole tree. The ledger's own key has signed the
//! checkpoint that stands inside. Signing is an event, `report-sign`, whose object is the SM3 of the signed text: a report
//! that was signed behind the authority's back is found by the event that is missing.
//!
//! # The file
//! GM/T 0010 SignedData (§8) over the text of a [`Statement`], with the signer's certificate and the issuing CAs that lead
//! from it, and from the ledger's, to the root; in PEM with the label [`LABEL`]. Files end in `.hrp`.
//!
//! # What is checked
//! [`check_report`] needs nothing but a root: the signature, the chain at the instant of signing, the checkpoint.
//! [`Authority::verify_report`] asks the home as well: whether it was this operator, whether the certificate was in force,
//! whether the event is on record, whether the ledger begins with the one the report stands on; and it makes the report
//! again, with the same question at the same two times, and names every value that differs.

use std::collections::{BTreeMap, BTreeSet};

use hufu_data::{Lang, render};
use hufu_ledger::{Checkpoint, Frontier};
use hufu_model::event::EventKind;
use hufu_model::ident::Digest;
use hufu_model::operator::{Operator, Role};
use hufu_model::time::Instant;
use hufu_store::{EventFilter, Reader};
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::path;
use hufu_x509::pem;
use hufu_x509::signed_data::{self, SignedData};

use super::statement::{Stated, StatedWords, Statement, cell};
use super::{Asked, Column, Kind, Report, ReportKind, Table, Value};
use crate::authority::{Authority, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::{checkpoint, document, init, policy};

/// The PEM label of a signed report.
pub const LABEL: &str = "HUFU REPORT";

/// Who may sign a report.
const SIGNERS: [Role; 4] = [Role::Admin, Role::SuperAdmin, Role::Approver, Role::Auditor];

/// Hashes of leaves that are read at once.
const LEAVES: u64 = 65_536;

/// A report that was signed.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedReport {
    /// What was signed.
    pub statement: Statement,
    /// SM3 of the text that was signed, and the object of the event.
    pub digest: Digest,
    /// The message in DER.
    pub der: Vec<u8>,
    /// The number of the event.
    pub event: u64,
}

impl SignedReport {
    /// The file: the message in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(LABEL, &self.der)
    }
}

/// What speaks against a signed report, as a code with the values of its message `err-…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFault {
    /// The stable code, e.g. `report.signature`.
    pub code: &'static str,
    /// The values of its message.
    pub values: Vec<(&'static str, String)>,
}

impl ReportFault {
    fn new<const N: usize>(code: &'static str, values: [(&'static str, String); N]) -> Self {
        Self { code, values: values.to_vec() }
    }

    /// The fault in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        render(lang, &format!("err-{}", self.code), &values)
    }
}

/// A value of a signed report that comes out otherwise now.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The row, by what it is about; none when the table or a column of it is missing altogether.
    pub row: Option<String>,
    /// The column; none when the whole row is there on one side only.
    pub column: Option<&'static str>,
    /// What the column holds.
    pub kind: Kind,
    /// What was signed; none when it is only in the recomputed report. Of a whole row, its first value; of a whole column
    /// or table, [`Value::Empty`].
    pub signed: Option<Value>,
    /// What comes out now; none when it is only in the signed report.
    pub recomputed: Option<Value>,
}

/// What became of the check of a signed report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportVerdict {
    /// What was signed; none when the signature does not hold and what is there is no report either.
    pub statement: Option<Statement>,
    /// SM3 of the text that is signed.
    pub digest: Digest,
    /// The signer's certificate, as the message brings it.
    pub certificate: Certificate,
    /// What speaks against it.
    pub faults: Vec<ReportFault>,
    /// Whether it was made again from a home.
    pub recomputed: bool,
    /// Every value that came out otherwise.
    pub differences: Vec<Difference>,
    /// The rules whose text reads otherwise in this program than when it was signed. That is no fault: the signed text
    /// says what was counted.
    pub reworded: Vec<&'static str>,
}

impl ReportVerdict {
    /// Whether nothing speaks against it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty() && self.differences.is_empty()
    }

    fn other_authority(&mut self, s: &Statement) {
        let [authority, root] = [s.authority.clone(), s.root.to_string()];
        self.fault("report.other-authority", [("authority", authority), ("root", root)]);
    }

    fn fault<const N: usize>(&mut self, code: &'static str, values: [(&'static str, String); N]) {
        self.faults.push(ReportFault::new(code, values));
    }
}

impl Authority {
    /// Makes a report and signs it as the session's operator. Nothing is written but one event.
    ///
    /// # Errors
    /// Those of [`Authority::report`]; [`ErrorKind::NoRole`] unless the operator is an administrator, approver or auditor;
    /// [`ErrorKind::OutsideJurisdiction`] for more than their own organisation and what stands below it;
    /// [`ErrorKind::ReportLarge`]; [`ErrorKind::NotCheckpointed`] in a ledger without a checkpoint;
    /// `store.ledger-broken` when what is on disk is not what was hashed.
    pub fn sign_report(&self, session: &Session, kind: ReportKind, asked: &Asked) -> Result<SignedReport> {
        let act = EventKind::ReportSign.code();
        let now = self.now();
        let by = self.read_as(session, act, |r| may_sign(r, session, asked, now))?;
        let report = self.report(kind, asked)?;
        // Whatever the report knew was recorded before it: the state read now covers it.
        let (size, root) = self.store().checkpoint_material()?;
        let last = self.read(|r| Ok(r.last_checkpoint()?))?.ok_or(ErrorKind::NotCheckpointed { size })?;
        let id = &self.identity;
        let statement = Statement {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            authority: id.name.clone(),
            ca: id.ca,
            root: sm3(id.root.der()),
            operator: by.id.clone(),
            office: by.org.clone(),
            signed_at: self.now().max(report.as_of),
            origin: self.origin(),
            size,
            ledger_root: Digest(root),
            checkpoint: self.verified(&last.signed)?.signed,
            words: StatedWords::now(&report),
            report,
        };
        let text = statement.encode()?;
        // Nothing is signed that cannot be read again.
        if Statement::decode(text.as_bytes())? != statement {
            return Err(ErrorKind::Internal("a report does not read as it was written").into());
        }
        let issuer = self.read(|r| id.issuer_of(r, session.certificate().serial()))?;
        let der = self.sign_bringing(session, text.as_bytes(), &[&issuer, &id.issuing])?;
        let digest = sm3(text.as_bytes());
        let event = self.write(session, act, |w| {
            // Roles and organisations may have changed meanwhile.
            may_sign(&w.reader(), session, asked, w.now())?;
            let mut event = w.event(EventKind::ReportSign, Some(session.operator()), &digest.to_string());
            event.field("report", kind.code());
            event.field("org", asked.org.as_ref().map_or("", |org| org.as_str()));
            event.field("at", &statement.report.at.to_string());
            event.field("as-of", &statement.report.as_of.to_string());
            event.field("size", &size.to_string());
            Ok(event.close()?)
        })?;
        Ok(SignedReport { statement, digest, der, event })
    }

    /// Checks a signed report by everything this home knows, and makes it again.
    ///
    /// # Errors
    /// [`ErrorKind::ReportForm`] and the errors of the message for a file that is no signed report; database errors. What
    /// speaks against a report that can be read is in the verdict.
    pub fn verify_report(&self, file: &[u8]) -> Result<ReportVerdict> {
        let mut verdict = check_report(file, std::slice::from_ref(&self.identity.root), &self.chain()?)?;
        let Some(statement) = verdict.statement.clone() else { return Ok(verdict) };
        if statement.root != sm3(self.identity.root.der()) {
            // Said already; another ledger's figures are not made from this one.
            return Ok(verdict);
        }
        if statement.ca != self.identity.ca {
            verdict.other_authority(&statement);
            return Ok(verdict);
        }
        // Offline a key that leads to the root is all one can ask for; here the ledger's own is known.
        if let Err(e) = self.verified(&statement.checkpoint)
            && verdict.faults.iter().all(|fault| fault.code != "report.checkpoint")
        {
            verdict.fault("report.checkpoint", [("why", e.to_string())]);
        }
        self.read(|r| {
            self.signer_on_record(r, &statement, &mut verdict)?;
            ledger_begins_with(r, &statement, &mut verdict)
        })?;
        match self.again(&statement.report) {
            Ok(now) => {
                verdict.recomputed = true;
                compare(&statement.report, &now, &mut verdict.differences);
            }
            Err(e) => verdict.fault("report.not-recomputed", [("why", e.to_string())]),
        }
        Ok(verdict)
    }

    fn chain(&self) -> Result<Vec<Certificate>> {
        Ok(self.cas()?.iter().map(|ca| ca.certificate.clone()).collect())
    }

    /// The same question at the same two times.
    fn again(&self, report: &Report) -> Result<Report> {
        let given: Vec<(&str, &str)> = report.asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let asked = Asked::from_given(&given).ok_or(ErrorKind::Internal("a question that was not asked"))?;
        let period = report.period.filter(|_| report.kind.has_period());
        let (from, to) = (period.map(|p| p.0), period.map(|p| p.1));
        self.report(report.kind, &Asked { at: Some(report.at), as_of: Some(report.as_of), from, to, ..asked })
    }

    /// Whether it was this operator, with a certificate in force, and whether the event is on record.
    fn signer_on_record(&self, r: &Reader<'_>, s: &Statement, verdict: &mut ReportVerdict) -> Result<()> {
        let serial = verdict.certificate.serial().clone();
        let ours = r.certificate_der(&serial)?.as_deref() == Some(verdict.certificate.der());
        let operator = r.certificate_operator(&serial)?;
        if !ours || operator.as_ref() != Some(&s.operator) {
            let signer =
                operator.filter(|_| ours).map_or_else(|| verdict.certificate.subject_text(), |o| o.to_string());
            verdict.fault("report.signer", [("signer", signer), ("operator", s.operator.to_string())]);
        } else if document::in_force(r, &serial, s.signed_at.unix_seconds()).is_err() {
            let at = s.signed_at.to_string();
            verdict.fault("report.signer-revoked", [("operator", s.operator.to_string()), ("at", at)]);
        }
        let filter = EventFilter {
            kind: Some(EventKind::ReportSign),
            object: Some(verdict.digest.to_string()),
            limit: 1,
            ..EventFilter::default()
        };
        if r.events(&filter)?.iter().all(|event| event.actor.as_ref() != Some(&s.operator)) {
            verdict.fault("report.not-recorded", [("operator", s.operator.to_string())]);
        }
        Ok(())
    }
}

/// The operator may sign what is asked for.
fn may_sign(r: &Reader<'_>, session: &Session, asked: &Asked, now: Instant) -> Result<Operator> {
    let by = policy::acting(r, session, now)?;
    policy::holds(&by, &SIGNERS)?;
    let tree = r.org_tree()?;
    match &asked.org {
        Some(org) => policy::within(&tree, &by, org)?,
        None => policy::within(&tree, &by, &init::ca_org()?)?,
    }
    Ok(by)
}

/// Checks a signed report offline: the signature, the chain of the signer's certificate to one of `roots` at the instant
/// of signing, and the checkpoint inside. `others` are certificates beside those that the file brings.
///
/// Whether the signer was the operator, whether the certificate was revoked, and whether it was the ledger's own key that
/// signed the checkpoint, only the home can say.
///
/// # Errors
/// As [`Authority::verify_report`].
pub fn check_report(file: &[u8], roots: &[Certificate], others: &[Certificate]) -> Result<ReportVerdict> {
    let der = pem::one(file, &[LABEL, "PKCS7", "CMS"])?;
    let data = SignedData::from_der(&der)?;
    let certificate = data.certificate().clone();
    let holds = certificate.public_key().and_then(|key| data.verify(&key));
    // Of a text that nobody signed it is said that it was altered, also when it is no report any more.
    let statement = match (Statement::decode(data.content()), &holds) {
        (Ok(statement), _) => Some(statement),
        (Err(e), Ok(())) => return Err(e),
        (Err(e), Err(_)) if !data.content().starts_with(b"hufu report v1\n") => return Err(e),
        (Err(_), Err(_)) => None,
    };
    let mut verdict = ReportVerdict {
        statement: None,
        digest: sm3(data.content()),
        certificate,
        faults: Vec::new(),
        recomputed: false,
        differences: Vec::new(),
        reworded: Vec::new(),
    };
    if let Err(e) = holds {
        let why = e.context().map_or_else(|| e.to_string(), str::to_owned);
        verdict.fault("report.signature", [("signer", verdict.certificate.subject_text()), ("why", why)]);
    }
    let Some(statement) = statement else { return Ok(verdict) };
    if roots.iter().all(|root| sm3(root.der()) != statement.root) {
        verdict.other_authority(&statement);
        verdict.statement = Some(statement);
        return Ok(verdict);
    }
    let mut chain = signed_data::read_certificates(&der)?;
    chain.extend_from_slice(others);
    let judged = path::validate(&verdict.certificate, &chain, roots, statement.signed_at);
    if let Some(first) = judged.findings.first() {
        let [certificate, why] = [first.certificate.clone(), first.message.clone()];
        verdict.fault("report.chain", [("certificate", certificate), ("why", why)]);
    }
    if let Err(e) = stands_on(&statement, &chain, roots) {
        verdict.fault("report.checkpoint", [("why", e.to_string())]);
    }
    if statement.report.as_of > statement.signed_at {
        let [as_of, at] = [statement.report.as_of.to_string(), statement.signed_at.to_string()];
        verdict.fault("report.ahead", [("as_of", as_of), ("at", at)]);
    }
    let signed = statement.report.rules.iter().zip(&statement.words.rules);
    verdict.reworded = signed.filter(|(rule, words)| Stated::now(rule) != **words).map(|(rule, _)| *rule).collect();
    verdict.statement = Some(statement);
    Ok(verdict)
}

/// The checkpoint inside is signed by the key of this ledger, and the report does not stand on less.
fn stands_on(s: &Statement, chain: &[Certificate], roots: &[Certificate]) -> Result<Checkpoint> {
    let fault = |what: &str| -> Error { document::fault("checkpoint", what) };
    let data = SignedData::from_der(&s.checkpoint)?;
    data.verify(&data.certificate().public_key()?)?;
    let said = checkpoint::decode(data.content())?;
    let at = Instant::from_unix_seconds(said.at);
    if !path::validate(data.certificate(), chain, roots, at).is_valid() {
        return Err(fault("the certificate of the key that signed it does not lead to the root"));
    }
    if said.origin != s.origin || s.origin != checkpoint::origin(&s.ca) {
        return Err(fault("it is another ledger's"));
    }
    if said.size > s.size || (said.size == s.size && said.root != s.ledger_root.0) {
        return Err(fault("it is not one of the ledger that the report stands on"));
    }
    Ok(said)
}

/// Whether this ledger begins with the one that the report stands on.
fn ledger_begins_with(r: &Reader<'_>, s: &Statement, verdict: &mut ReportVerdict) -> Result<()> {
    let events = r.event_count()?;
    if events < s.size {
        verdict.fault("report.ledger-short", [("events", events.to_string()), ("size", s.size.to_string())]);
        return Ok(());
    }
    let mut tree = Frontier::new();
    while tree.size() < s.size {
        let upto = s.size.min(tree.size().saturating_add(LEAVES));
        r.leaf_hashes(tree.size(), upto)?.into_iter().for_each(|leaf| tree.push(leaf));
    }
    if tree.root() != s.ledger_root.0 {
        verdict.fault("report.ledger-differs", [("size", s.size.to_string())]);
    }
    // What was recorded afterwards is later than what the report knew, or the report did not stand on all it knew.
    if let Some(next) = r.event(s.size)?
        && next.at < s.report.as_of
    {
        let [seq, as_of] = [s.size.to_string(), s.report.as_of.to_string()];
        verdict.fault("report.not-covered", [("seq", seq), ("as_of", as_of)]);
    }
    Ok(())
}

/// Names every value of `signed` that is another one in `now`.
fn compare(signed: &Report, now: &Report, out: &mut Vec<Difference>) {
    for table in &signed.tables {
        match now.tables.iter().find(|other| other.name == table.name) {
            Some(other) => compare_tables(table, other, out),
            None => out.push(Difference { signed: Some(Value::Empty), ..whole(table.name, None) }),
        }
    }
    let missing = now.tables.iter().filter(|table| signed.tables.iter().all(|other| other.name != table.name));
    out.extend(missing.map(|table| Difference { recomputed: Some(Value::Empty), ..whole(table.name, None) }));
}

fn whole(table: &'static str, row: Option<String>) -> Difference {
    Difference { table, row, column: None, kind: Kind::Text, signed: None, recomputed: None }
}

fn compare_tables(signed: &Table, now: &Table, out: &mut Vec<Difference>) {
    let whole_column = |column: &Column| Difference { column: Some(column.name), ..whole(signed.name, None) };
    // The place of each signed column among those that are made now.
    let mut places = Vec::with_capacity(signed.columns.len());
    for column in &signed.columns {
        let place = now.columns.iter().position(|other| other == column);
        if place.is_none() {
            out.push(Difference { signed: Some(Value::Empty), ..whole_column(column) });
        }
        places.push(place);
    }
    let added = now.columns.iter().filter(|column| !signed.columns.contains(column));
    out.extend(added.map(|column| Difference { recomputed: Some(Value::Empty), ..whole_column(column) }));
    let (ours, theirs) = (keys(signed), keys(now));
    let found: BTreeMap<&str, usize> = theirs.iter().enumerate().map(|(n, key)| (key.as_str(), n)).collect();
    for (row, key) in signed.rows.iter().zip(&ours) {
        let Some(other) = found.get(key.as_str()).and_then(|n| now.rows.get(*n)) else {
            let signed_value = row.values.first().cloned();
            out.push(Difference { signed: signed_value, ..whole(signed.name, Some(key.clone())) });
            continue;
        };
        for ((column, value), place) in signed.columns.iter().zip(&row.values).zip(&places) {
            let Some(recomputed) = place.and_then(|place| other.values.get(place)) else { continue };
            if value != recomputed {
                out.push(Difference {
                    table: signed.name,
                    row: Some(key.clone()),
                    column: Some(column.name),
                    kind: column.kind,
                    signed: Some(value.clone()),
                    recomputed: Some(recomputed.clone()),
                });
            }
        }
    }
    let known: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    for (row, key) in now.rows.iter().zip(&theirs).filter(|(_, key)| !known.contains(key.as_str())) {
        out.push(Difference { recomputed: row.values.first().cloned(), ..whole(signed.name, Some(key.clone())) });
    }
}

/// What each row is about: its values before the first figure. A row that is about the same as one before has its number
/// behind, so that every row has a key of its own.
fn keys(table: &Table) -> Vec<String> {
    let about = |kind: Kind| !matches!(kind, Kind::Count | Kind::Share | Kind::Growth);
    let leading = table.columns.iter().take_while(|column| about(column.kind)).count().max(1);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let key = |row: &super::Row| {
        let cells = row.values.iter().zip(&table.columns).take(leading);
        cells.filter_map(|(value, column)| cell(value, column.kind)).collect::<Vec<_>>().join(" ")
    };
    table
        .rows
        .iter()
        .map(|row| {
            let key = key(row);
            let count = seen.entry(key.clone()).or_default();
            *count += 1;
            if *count == 1 { key } else { format!("{key} #{count}") }
        })
        .collect()
}
