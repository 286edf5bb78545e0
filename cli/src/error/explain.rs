//! The library's errors as messages of the catalogue: every kind gives the values its message has places for.

use hufu_authority::data::{Lang, render};
use hufu_authority::model::holder::{DocumentFault, FieldFault, HolderFault};
use hufu_authority::model::ident::IdError;
use hufu_authority::model::org::{OrgKind, TreeError};
use hufu_authority::model::text::NameFault;
use hufu_authority::{Error, ErrorKind, kmc};

use super::{Values, clean};
use crate::phrase::said;
use crate::views;

/// The error in one line of `lang`.
pub(super) fn text(e: &Error, lang: Lang) -> String {
    let body = fill(lang, e.code(), &values(e.kind(), lang));
    match e.context() {
        Some(context) => format!("{}: {body}", clean(context)),
        None => body,
    }
}

/// What lies beneath: the details that the lower crates know, and what the operating system said.
pub(super) fn causes(e: &Error, lang: Lang) -> Vec<String> {
    let mut causes: Vec<String> = match e.kind() {
        // These say nothing that the message does not say.
        ErrorKind::Store(lower) if STORE_SAYS_ALL.contains(&lower.kind().code()) => return Vec::new(),
        ErrorKind::Store(lower) => vec![said(lang, &lower.to_string())],
        ErrorKind::Issuer(lower) => vec![said(lang, &lower.to_string())],
        ErrorKind::Kmc(lower) if kmc_says_all(lower.kind()) => return Vec::new(),
        ErrorKind::Sheet(lower) => vec![said(lang, &lower.to_string())],
        ErrorKind::Kmc(lower) => vec![said(lang, &lower.to_string())],
        ErrorKind::X509(lower) => {
            let offset = lower.offset().map(|o| render(lang, "cause-offset", &[("offset", &o.to_string())]));
            let context = lower.context().map(|c| match e.code() {
                "x509.pem-label" => render(lang, "cause-expected", &[("what", c)]),
                _ => said(lang, c),
            });
            let parts: Vec<String> = context.into_iter().chain(offset).collect();
            Some(parts.join(if lang == Lang::Zh { "，" } else { ", " })).filter(|p| !p.is_empty()).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let mut source = std::error::Error::source(e);
    while let Some(cause) = source {
        let text = said(lang, &cause.to_string());
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        source = cause.source();
    }
    causes
}

/// Errors of the store whose message is whole.
const STORE_SAYS_ALL: [&str; 4] = ["store.busy", "store.disk-full", "store.read-only-home", "store.unclosed-event"];

/// A time as it is shown everywhere.
fn time(at: hufu_authority::model::time::Instant) -> String {
    views::instant(at).as_str().map_or_else(|| at.to_string(), str::to_owned)
}

fn id(e: &IdError, lang: Lang) -> Values {
    vec![("what", said(lang, e.what)), ("text", e.text.clone()), ("rule", said(lang, e.rule))]
}

fn tree(e: &TreeError, lang: Lang) -> String {
    let label = |kind: &OrgKind| render(lang, &format!("label-kind-{kind}"), &[]);
    match e {
        TreeError::Misplaced { org, kind, parent: Some(parent) } => {
            render(lang, "tree-misplaced", &[("org", org.as_str()), ("kind", &label(kind)), ("parent", &label(parent))])
        }
        TreeError::Misplaced { org, kind, parent: None } => {
            render(lang, "tree-no-parent", &[("org", org.as_str()), ("kind", &label(kind))])
        }
        TreeError::Cycle(org) => render(lang, "tree-cycle", &[("org", org.as_str())]),
        TreeError::Unknown(org) => org.to_string(),
    }
}

fn fill(lang: Lang, code: &str, values: &Values) -> String {
    let clean: Vec<(&str, String)> = values.iter().map(|(k, v)| (*k, clean(v))).collect();
    let pairs: Vec<(&str, &str)> = clean.iter().map(|(k, v)| (*k, v.as_str())).collect();
    render(lang, &format!("err-{code}"), &pairs)
}

/// The values of a kind's message.
fn values(kind: &ErrorKind, lang: Lang) -> Values {
    match kind {
        ErrorKind::NoHome(path) | ErrorKind::HomeExists(path) => vec![("path", path.display().to_string())],
        ErrorKind::File { path, .. } => vec![("path", path.display().to_string())],
        ErrorKind::Settings { path, what } => vec![("path", path.display().to_string()), ("what", said(lang, what))],
        ErrorKind::Id(e) => id(e, lang),
        ErrorKind::Tree(TreeError::Unknown(org)) => vec![("org", org.to_string())],
        ErrorKind::Tree(e) => vec![("what", tree(e, lang))],
        ErrorKind::OrgExists(org) => vec![("org", org.to_string())],
        ErrorKind::UnknownOperator(id)
        | ErrorKind::NoOperator(id)
        | ErrorKind::WrongKey(id)
        | ErrorKind::SelfApproval(id)
        | ErrorKind::ApproverTier(id) => vec![("operator", id.to_string())],
        ErrorKind::OperatorExpired { operator, at } => {
            vec![("operator", operator.to_string()), ("at", time(*at))]
        }
        ErrorKind::OperatorCertificate { operator, status } => {
            vec![("operator", operator.to_string()), ("status", render(lang, &format!("label-status-{status}"), &[]))]
        }
        ErrorKind::CertificateState { serial, action, state } => vec![
            ("serial", serial.to_string()),
            ("action", render(lang, &format!("label-action-{action}"), &[])),
            ("status", render(lang, &format!("label-status-{state}"), &[])),
        ],
        ErrorKind::ProfileAction { profile, action } => {
            vec![("profile", profile.clone()), ("action", render(lang, &format!("label-action-{action}"), &[]))]
        }
        ErrorKind::ReasonUnfit { action, reason } => vec![
            ("action", render(lang, &format!("label-action-{action}"), &[])),
            ("reason", render(lang, &format!("label-revocation_reason-{reason}"), &[])),
        ],
        ErrorKind::SuccessorKey(action) | ErrorKind::SuccessorSubject(action) => {
            vec![("action", render(lang, &format!("label-action-{action}"), &[]))]
        }
        ErrorKind::NoCompanion(profile) | ErrorKind::CompanionOnly(profile) => vec![("profile", profile.clone())],
        ErrorKind::PairHalf { encryption, signing } => {
            vec![("serial", encryption.to_string()), ("signing", signing.to_string())]
        }
        ErrorKind::Succeeded { serial, by } => vec![("serial", serial.to_string()), ("by", by.to_string())],
        ErrorKind::SucceededTwice(serial) => vec![("serial", serial.to_string())],
        ErrorKind::Place { field, region } => {
            vec![("field", render(lang, &format!("field-{field}"), &[])), ("region", region.clone())]
        }
        ErrorKind::OwnerKey(dialect) => vec![("dialect", (*dialect).to_owned())],
        ErrorKind::PairSucceeds(serial) | ErrorKind::SingleCertificate(serial) => vec![("serial", serial.to_string())],
        ErrorKind::CompromisedKey(serial) => vec![("serial", serial.to_string())],
        ErrorKind::InvalidSince(at) => vec![("at", time(*at))],
        ErrorKind::NoResponder(instance) | ErrorKind::ResponderExists(instance) => {
            vec![("instance", instance.to_string())]
        }
        ErrorKind::ResponderExpired { instance, until } => {
            vec![("instance", instance.to_string()), ("until", time(*until))]
        }
        ErrorKind::AnswerLife(seconds) => vec![("seconds", seconds.to_string())],
        ErrorKind::ResponderClock { now, last } => vec![("now", time(*now)), ("last", time(*last))],
        ErrorKind::OtherVerb { request, action } => vec![
            ("request", request.to_string()),
            ("action", render(lang, &format!("label-action-{action}"), &[])),
            ("verb", if action.makes_certificate() { "hufu issue" } else { "hufu apply" }.to_owned()),
        ],
        ErrorKind::NoRole { operator, needs } => {
            vec![("operator", operator.to_string()), ("role", render(lang, &format!("label-role-{needs}"), &[]))]
        }
        ErrorKind::OutsideJurisdiction { operator, org } => {
            vec![("operator", operator.to_string()), ("org", org.to_string())]
        }
        ErrorKind::Frozen { org, by } => vec![("org", org.to_string()), ("by", by.to_string())],
        ErrorKind::Limit(e) => vec![
            ("limit", render(lang, &format!("limit-{}", e.limit), &[])),
            ("asked", e.asked.clone()),
            ("allowed", e.allowed.clone()),
        ],
        ErrorKind::ImportChanged { import, source } => {
            vec![("import", import.to_string()), ("source", source.escape_debug().to_string())]
        }
        ErrorKind::UnknownLegacy(id) => vec![("legacy", id.to_string())],
        ErrorKind::LegacyLinked { legacy, serial } => {
            vec![("legacy", legacy.to_string()), ("serial", serial.to_string())]
        }
        ErrorKind::LegacyOffice { legacy, ours } => vec![("legacy", legacy.to_string()), ("ours", ours.to_string())],
        ErrorKind::UnknownMedium(id) => vec![("medium", id.clone())],
        ErrorKind::MediumExists(id) | ErrorKind::MediumHolder(id) | ErrorKind::MediumSm2(id) => {
            vec![("medium", id.to_string())]
        }
        ErrorKind::MediumStep { medium, status, wanted } => vec![
            ("medium", medium.to_string()),
            ("status", render(lang, &format!("label-status-{status}"), &[])),
            ("wanted", render(lang, &format!("label-status-{wanted}"), &[])),
        ],
        ErrorKind::MediumStatus { medium, status } => {
            vec![("medium", medium.to_string()), ("status", render(lang, &format!("label-status-{status}"), &[]))]
        }
        ErrorKind::MediumKind { medium, kind } => {
            vec![("medium", medium.to_string()), ("kind", render(lang, &format!("label-medium-{kind}"), &[]))]
        }
        ErrorKind::MediumOrg { medium, org } => vec![("medium", medium.to_string()), ("org", org.to_string())],
        ErrorKind::UnknownCa(name) | ErrorKind::CaExists(name) | ErrorKind::CaPending(name) => {
            vec![("ca", name.clone())]
        }
        ErrorKind::CaNotLoaded(ca) | ErrorKind::CaRootKey(ca) => vec![("ca", ca.to_string())],
        ErrorKind::CaStatus { ca, status } => {
            let name = render(lang, &format!("label-status-{status}"), &[]);
            vec![("ca", ca.to_string()), ("status", name)]
        }
        ErrorKind::CaStep { ca, status, wanted } => vec![
            ("ca", ca.to_string()),
            ("status", render(lang, &format!("label-status-{status}"), &[])),
            ("wanted", render(lang, &format!("label-status-{wanted}"), &[])),
        ],
        ErrorKind::CaKeyFile(path) => vec![("path", path.display().to_string())],
        ErrorKind::UnknownProfile(id) => vec![("profile", id.clone())],
        ErrorKind::ProfileHolder { profile, holder } => {
            vec![("profile", profile.clone()), ("holder", said(lang, holder))]
        }
        ErrorKind::Quota { org, span, allowed } => vec![
            ("org", org.to_string()),
            ("span", render(lang, &format!("quota-{span}"), &[])),
            ("allowed", allowed.to_string()),
        ],
        ErrorKind::TooLong { asked, allowed } => vec![("asked", asked.to_string()), ("allowed", allowed.to_string())],
        ErrorKind::Holder(fault) => holder(fault, lang),
        ErrorKind::UnknownRegion(code) => vec![("region", code.clone())],
        ErrorKind::KeyInUse { request } => vec![("request", request.to_string())],
        ErrorKind::RequestReused(id) | ErrorKind::UnknownRequest(id) => vec![("request", id.to_string())],
        ErrorKind::RequestState { request, status, wanted } => vec![
            ("request", request.to_string()),
            ("status", render(lang, &format!("label-status-{status}"), &[])),
            ("wanted", render(lang, &format!("label-status-{wanted}"), &[])),
        ],
        ErrorKind::Expired { what, at } => vec![("what", said(lang, what)), ("at", time(*at))],
        ErrorKind::Overtaken { by } => vec![("by", said(lang, by))],
        ErrorKind::Document { what, fault } => vec![("what", said(lang, what)), ("fault", said(lang, fault))],
        ErrorKind::UnknownCertificate(serial) => vec![("serial", serial.to_string())],
        ErrorKind::UnknownProposal(id) => vec![("proposal", id.clone())],
        ErrorKind::NoChange(what) => vec![("what", said(lang, what))],
        ErrorKind::BehindAnchor { ledger, last, anchor, seen } => vec![
            ("ledger", ledger.to_string()),
            ("last", time(*last)),
            ("anchor", anchor.to_string()),
            ("seen", time(*seen)),
            ("missing", anchor.saturating_sub(*ledger).to_string()),
        ],
        ErrorKind::RetentionRuns { serial, until } => vec![("serial", serial.to_string()), ("until", time(*until))],
        ErrorKind::RetentionYears { asked, floor, most } => {
            vec![("asked", asked.to_string()), ("floor", floor.to_string()), ("most", most.to_string())]
        }
        ErrorKind::BackupInside(path) | ErrorKind::NoBackup(path) => vec![("path", path.display().to_string())],
        ErrorKind::BackupAltered { path, faults } => {
            let faults: Vec<String> = faults.iter().map(|f| said(lang, f)).collect();
            vec![
                ("path", path.display().to_string()),
                ("count", faults.len().to_string()),
                ("faults", faults.join("\n")),
            ]
        }
        ErrorKind::BackupUnsound { path, what } => {
            vec![("path", path.display().to_string()), ("what", said(lang, what))]
        }
        ErrorKind::AnchorMissing(path) => vec![("path", path.display().to_string())],
        ErrorKind::AnchorDiffers { size } | ErrorKind::NotCheckpointed { size } => vec![("size", size.to_string())],
        ErrorKind::Unreadable { wanted, what } => vec![("wanted", said(lang, wanted)), ("what", said(lang, what))],
        ErrorKind::Internal(what) => vec![("what", (*what).to_owned())],
        ErrorKind::UnknownMigration(id) => vec![("migration", id.clone())],
        ErrorKind::AfterCutover(after) => vec![
            ("org", after.org.to_string()),
            ("algorithm", render(lang, &format!("label-algorithm-{}", after.algorithm), &[])),
            ("head", after.head.to_string()),
            ("to", render(lang, &format!("label-algorithm-{}", after.to), &[])),
            ("effective", time(after.effective)),
            ("migration", after.migration.to_string()),
            ("event", after.event.to_string()),
        ],
        ErrorKind::CutoverPast { effective, now } | ErrorKind::CutoverFuture { effective, now } => {
            vec![("effective", time(*effective)), ("now", time(*now))]
        }
        ErrorKind::NoCutover { org, migration } => {
            vec![("org", org.to_string()), ("migration", migration.to_string())]
        }
        ErrorKind::BeforeLedger { first } => vec![("first", time(*first))],
        ErrorKind::Period { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
        ErrorKind::NoSeed { to } => vec![("to", to.to_string())],
        ErrorKind::ReportForm { line, what } => vec![("line", line.to_string()), ("what", said(lang, what))],
        ErrorKind::ReportLarge { octets, cells } => {
            vec![("octets", octets.to_string()), ("cells", cells.to_string())]
        }
        ErrorKind::ReportUnfit { report, what } => {
            vec![("report", report.to_string()), ("what", (*what).to_owned())]
        }
        ErrorKind::PublishingBusy(path) | ErrorKind::PublishingFolder(path) => {
            vec![("path", path.display().to_string())]
        }
        ErrorKind::ForeignCrl { path, issuer } => {
            vec![("path", path.display().to_string()), ("issuer", issuer.clone())]
        }
        ErrorKind::CrlAhead { path, found, ours } => {
            vec![("path", path.display().to_string()), ("found", found.to_string()), ("ours", ours.to_string())]
        }
        ErrorKind::CrlDiffers { path, number } => {
            vec![("path", path.display().to_string()), ("number", number.to_string())]
        }
        ErrorKind::ManyChanges { changes, certificates } => {
            vec![("changes", changes.to_string()), ("certificates", certificates.to_string())]
        }
        ErrorKind::ReadBack { path, what } => vec![("path", path.display().to_string()), ("what", said(lang, what))],
        ErrorKind::Entropy(e) => vec![("what", e.to_string())],
        ErrorKind::Kmc(e) => kmc(e.kind(), lang),
        ErrorKind::UnknownKeyOrder(id) => vec![("request", id.to_string())],
        ErrorKind::KeyOrderState { order, status } => {
            vec![("request", order.to_string()), ("status", render(lang, &format!("label-status-{status}"), &[]))]
        }
        _ => Vec::new(),
    }
}

/// The values of what the key centre says.
fn kmc(kind: &kmc::ErrorKind, lang: Lang) -> Values {
    use hufu_authority::kmc::ErrorKind as Kind;
    let path = |path: &std::path::Path| vec![("path", path.display().to_string())];
    match kind {
        Kind::Split { threshold, shares } => vec![("threshold", threshold.to_string()), ("shares", shares.to_string())],
        Kind::ShareTwice { number, custodian }
        | Kind::ShareWrong { number, custodian }
        | Kind::SharePassphrase { number, custodian } => {
            vec![("number", number.to_string()), ("who", custodian.clone())]
        }
        Kind::ShareForeign { number, custodian, found } => {
            vec![("number", number.to_string()), ("who", custodian.clone()), ("key", found.clone())]
        }
        Kind::SharesFew { have, need } => vec![("have", have.to_string()), ("need", need.to_string())],
        Kind::PoolEmpty { missing } => vec![("missing", missing.to_string())],
        Kind::ShareForm { what } | Kind::Founding { what } | Kind::Record { what } | Kind::Agent { what } => {
            vec![("what", said(lang, what))]
        }
        Kind::NoKey { what } => vec![("what", said(lang, what))],
        Kind::RecordTime { what } => vec![("what", said(lang, what))],
        Kind::ApprovalsMissing { part, have, need } => vec![
            ("part", render(lang, &format!("label-duty-{part}"), &[])),
            ("have", have.to_string()),
            ("need", need.to_string()),
        ],
        Kind::NotAnOfficer { who }
        | Kind::OwnOrder { who }
        | Kind::ApprovedTwice { who }
        | Kind::ApprovalSignature { who } => vec![("who", who.to_string())],
        Kind::Cap { cap, .. } => vec![("cap", cap.to_string())],
        Kind::NoAgent { path: socket } | Kind::AgentRuns { path: socket } => path(socket),
        Kind::SocketPath { length, most } => vec![("length", length.to_string()), ("most", most.to_string())],
        _ => Vec::new(),
    }
}

/// Whether the message of a kind has places for all it knows.
fn kmc_says_all(kind: &kmc::ErrorKind) -> bool {
    !kmc(kind, Lang::En).is_empty() || matches!(kind, kmc::ErrorKind::NotFounded)
}

/// `request.holder` has the field and, as `{what}`, the fault's own message.
fn holder(fault: &HolderFault, lang: Lang) -> Values {
    let what = match &fault.fault {
        FieldFault::Missing => render(lang, "fault-missing", &[]),
        FieldFault::Name(e) => fill(lang, e.code(), &name(e, lang)),
        FieldFault::Document(e) => fill(lang, e.code(), &document(e, lang)),
        FieldFault::Code(e) => fill(lang, "input.id", &id(e, lang)),
        FieldFault::Host(host) => render(lang, "fault-host", &[("host", &clean(host))]),
        other => format!("{other:?}"),
    };
    // The code is what must be typed.
    let field = match lang {
        Lang::Zh => format!("{}（{}）", render(lang, &format!("field-{}", fault.field), &[]), fault.field),
        Lang::En => fault.field.to_owned(),
    };
    vec![("field", field), ("what", what)]
}

fn name(fault: &NameFault, lang: Lang) -> Values {
    let mut values: Values = fault.position().map(|at| ("at", at.to_string())).into_iter().collect();
    match fault {
        NameFault::TooLong { length, max } => {
            values.extend([("length", length.to_string()), ("max", max.to_string())]);
        }
        NameFault::Character { ch, .. } | NameFault::Compatibility { ch, .. } | NameFault::Formula { ch } => {
            values.push(("ch", format!("U+{:04X}", u32::from(*ch))));
        }
        NameFault::HostName { rule } | NameFault::Email { rule } => values.push(("rule", said(lang, rule))),
        _ => {}
    }
    if let NameFault::Compatibility { plain, .. } = fault {
        values.push(("plain", plain.clone()));
    }
    values
}

fn document(fault: &DocumentFault, lang: Lang) -> Values {
    match fault {
        DocumentFault::Length { rule, length } => {
            vec![("rule", said(lang, &rule.to_string())), ("length", length.to_string())]
        }
        DocumentFault::Character { rule, at, allowed } => {
            vec![("rule", said(lang, &rule.to_string())), ("at", at.to_string()), ("allowed", said(lang, allowed))]
        }
        DocumentFault::Region { rule, at } => vec![("rule", said(lang, &rule.to_string())), ("at", at.to_string())],
        DocumentFault::Check { rule, expected, found } => {
            vec![
                ("rule", said(lang, &rule.to_string())),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ]
        }
        DocumentFault::Form(kind) => vec![
            ("document", render(lang, &format!("label-document-type-{kind}"), &[])),
            ("rule", said(lang, kind.rule())),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::path::PathBuf;

    use hufu_authority::model::ca::CaStatus;
    use hufu_authority::model::certificate::Algorithm;
    use hufu_authority::model::holder::{CodeRule, DocumentType};
    use hufu_authority::model::ident::{Digest, OrgId, Serial};
    use hufu_authority::model::medium::MediumStatus;
    use hufu_authority::model::operator::Role;
    use hufu_authority::model::org::{LimitExceeded, RegionCode};
    use hufu_authority::model::request::Medium;
    use hufu_authority::model::text::{check_dns_name, check_email, check_name, check_phone};
    use hufu_authority::model::time::Instant;

    use super::*;

    fn kinds() -> Vec<ErrorKind> {
        let path = || PathBuf::from("/srv/home");
        let org = || "ra".parse().unwrap();
        let operator = || "sun".parse().unwrap();
        let at = Instant::from_unix_seconds(0);
        let fault = |fault| ErrorKind::Holder(HolderFault { field: "name", fault });
        let rule = CodeRule::Gb11643;
        let mut kinds = vec![
            ErrorKind::NoHome(path()),
            ErrorKind::HomeExists(path()),
            ErrorKind::File { path: path(), source: std::io::Error::other("x") },
            ErrorKind::Settings { path: path(), what: "x".to_owned() },
            ErrorKind::SimulatedHome,
            ErrorKind::RealHome,
            ErrorKind::Locked,
            ErrorKind::Id(IdError { what: "w", text: "t".to_owned(), rule: "r" }),
            ErrorKind::Tree(TreeError::Unknown("ra".parse().unwrap())),
            ErrorKind::Tree(TreeError::Misplaced { org: "ra".parse().unwrap(), kind: OrgKind::Ca, parent: None }),
            ErrorKind::OrgExists("ra".parse().unwrap()),
            ErrorKind::UnknownOperator(operator()),
            ErrorKind::NoOperator(operator()),
            ErrorKind::WrongKey(operator()),
            ErrorKind::OperatorExpired { operator: operator(), at },
            ErrorKind::OutsideJurisdiction { operator: operator(), org: "ra".parse().unwrap() },
            ErrorKind::SelfApproval(operator()),
            ErrorKind::ApproverTier(operator()),
            ErrorKind::Frozen { org: "lra".parse().unwrap(), by: "ra".parse().unwrap() },
            ErrorKind::UnknownProfile("p".to_owned()),
            ErrorKind::UnknownCa("g2".to_owned()),
            ErrorKind::ImportChanged { import: "i".parse().unwrap(), source: "s".to_owned() },
            ErrorKind::UnknownLegacy(Digest([0; 32])),
            ErrorKind::LegacyLinked { legacy: Digest([0; 32]), serial: Serial::from_bytes(&[1]).unwrap() },
            ErrorKind::LegacyOffice { legacy: "ra".parse().unwrap(), ours: "rb".parse().unwrap() },
            ErrorKind::UnknownMedium("u".to_owned()),
            ErrorKind::MediumExists("u".parse().unwrap()),
            ErrorKind::MediumHolder("u".parse().unwrap()),
            ErrorKind::MediumSm2("u".parse().unwrap()),
            ErrorKind::MediumStep {
                medium: "u".parse().unwrap(),
                status: MediumStatus::Destroyed,
                wanted: MediumStatus::Lost,
            },
            ErrorKind::MediumStatus { medium: "u".parse().unwrap(), status: MediumStatus::Lost },
            ErrorKind::MediumKind { medium: "u".parse().unwrap(), kind: Medium::UKey },
            ErrorKind::MediumOrg { medium: "u".parse().unwrap(), org: "ra".parse().unwrap() },
            ErrorKind::NoCurrentCa,
            ErrorKind::CaStatus { ca: "g2".parse().unwrap(), status: CaStatus::Retired },
            ErrorKind::CaNotLoaded("g2".parse().unwrap()),
            ErrorKind::CaExists("g2".to_owned()),
            ErrorKind::CaStep { ca: "g2".parse().unwrap(), status: CaStatus::Retired, wanted: CaStatus::Current },
            ErrorKind::CaPending("g2".to_owned()),
            ErrorKind::CaInstances,
            ErrorKind::CaRootKey("g2".parse().unwrap()),
            ErrorKind::CaKeyFile("/x/ca-2.key".into()),
            ErrorKind::ProfileHolder { profile: "p".to_owned(), holder: "person" },
            ErrorKind::Quota { org: "ra".parse().unwrap(), span: "day", allowed: 1 },
            ErrorKind::Quota { org: "ra".parse().unwrap(), span: "total", allowed: 1 },
            ErrorKind::TooLong { asked: 2, allowed: 1 },
            ErrorKind::UnknownRegion("990000".to_owned()),
            ErrorKind::Place { field: "city", region: "510100".to_owned() },
            ErrorKind::Succeeded { serial: "01".parse().unwrap(), by: "02".parse().unwrap() },
            ErrorKind::SucceededTwice("01".parse().unwrap()),
            ErrorKind::HostMissing,
            ErrorKind::AuthorityKey,
            ErrorKind::KeyInUse { request: "r-1".parse().unwrap() },
            ErrorKind::RequestReused("r-1".parse().unwrap()),
            ErrorKind::UnknownRequest("r-1".parse().unwrap()),
            ErrorKind::RequestState { request: "r-1".parse().unwrap(), status: "issued", wanted: "submitted" },
            ErrorKind::Expired { what: "approval", at },
            ErrorKind::Overtaken { by: "x" },
            ErrorKind::Document { what: "act", fault: "x".to_owned() },
            ErrorKind::UnknownCertificate("01".parse().unwrap()),
            ErrorKind::UnknownProposal("x".to_owned()),
            ErrorKind::NoChange("x".to_owned()),
            ErrorKind::BehindAnchor { ledger: 1, last: at, anchor: 2, seen: at },
            ErrorKind::RetentionRuns { serial: "01".parse().unwrap(), until: at },
            ErrorKind::RetentionYears { asked: 1, floor: 5, most: 100 },
            ErrorKind::BackupInside("home/b".into()),
            ErrorKind::NoBackup("b".into()),
            ErrorKind::BackupAltered { path: "b".into(), faults: vec!["x".to_owned()] },
            ErrorKind::BackupUnsound { path: "b".into(), what: "x".to_owned() },
            ErrorKind::AnchorMissing("anchor".into()),
            ErrorKind::AnchorDiffers { size: 1 },
            ErrorKind::Unreadable { wanted: "a proof", what: "x".to_owned() },
            ErrorKind::Internal("x"),
            ErrorKind::PublishingBusy(path()),
            ErrorKind::PublishingFolder(path()),
            ErrorKind::ForeignCrl { path: path(), issuer: "CN=x".to_owned() },
            ErrorKind::CrlAhead { path: path(), found: 3, ours: 2 },
            ErrorKind::CrlDiffers { path: path(), number: 2 },
            ErrorKind::ManyChanges { changes: 200, certificates: 1000 },
            ErrorKind::NoBaseCrl,
            ErrorKind::ReadBack { path: path(), what: "x".to_owned() },
            ErrorKind::UnknownMigration("x".to_owned()),
            ErrorKind::AfterCutover(Box::new(hufu_authority::AfterCutover {
                algorithm: Algorithm::Rsa,
                org: org(),
                head: org(),
                migration: "sm2".parse().unwrap(),
                to: Algorithm::Sm2,
                effective: at,
                event: 5,
            })),
            ErrorKind::CutoverPast { effective: at, now: at },
            ErrorKind::CutoverFuture { effective: at, now: at },
            ErrorKind::CutoverEvidence,
            ErrorKind::NoCutover { org: org(), migration: "sm2".parse().unwrap() },
            ErrorKind::BeforeLedger { first: at },
            ErrorKind::Period { from: at.day(), to: at.day() },
            ErrorKind::NoSeed { to: at.day() },
            ErrorKind::ReportForm { line: 3, what: "another line belongs here" },
            ErrorKind::ReportLarge { octets: 1, cells: 2 },
            ErrorKind::ReportUnfit { report: hufu_authority::ReportKind::Roles, what: "--by" },
            ErrorKind::NotCheckpointed { size: 3 },
            fault(FieldFault::Missing),
            fault(FieldFault::Host("h".to_owned())),
            fault(FieldFault::Code(IdError { what: "w", text: "t".to_owned(), rule: "r" })),
            fault(FieldFault::Document(DocumentFault::Length { rule, length: 3 })),
            fault(FieldFault::Document(DocumentFault::Character { rule, at: 3, allowed: "a digit" })),
            fault(FieldFault::Document(DocumentFault::Region { rule, at: 1 })),
            fault(FieldFault::Document(DocumentFault::BirthDate)),
            fault(FieldFault::Document(DocumentFault::Check { rule, expected: '1', found: '2' })),
            fault(FieldFault::Document(DocumentFault::Form(DocumentType::Passport))),
        ];
        kinds.extend(Role::ALL.map(|needs| ErrorKind::NoRole { operator: "sun".parse().unwrap(), needs }));
        for limit in ["profiles", "quota-day", "quota-total", "max-days", "region", "name-prefix"] {
            kinds.push(ErrorKind::Limit(LimitExceeded { limit, asked: "2".to_owned(), allowed: "1".to_owned() }));
        }
        let bad = [
            "",
            "张\u{1B}三",
            "张\u{200B}三",
            " a",
            "a  b",
            "a\u{202E}b",
            "a\u{2028}b",
            "a\u{3000}b",
            "\u{E000}",
            "\u{FFFD}",
            "<a>",
            "Jose\u{301}",
            "Ⅱ",
            "a \u{323}",
            "=1",
            "pаypal",
            "张三 11010519491231002X",
        ];
        kinds.extend(bad.iter().map(|text| fault(FieldFault::Name(check_name(text, 64).unwrap_err()))));
        kinds.push(fault(FieldFault::Name(check_name("a", 0).unwrap_err())));
        kinds.push(fault(FieldFault::Name(check_dns_name("-").unwrap_err())));
        kinds.push(fault(FieldFault::Name(check_email("a").unwrap_err())));
        kinds.push(fault(FieldFault::Name(check_phone("a").unwrap_err())));
        kinds
    }

    #[test]
    fn no_message_has_an_open_place_in_any_language() {
        for lang in Lang::ALL {
            for kind in kinds() {
                let e = Error::from(kind);
                let text = text(&e, lang);
                assert!(!text.contains('{'), "{}: {text}", e.code());
                assert!(!text.starts_with("err-"), "{text}");
                for key in ["label-", "limit-", "quota-", "field-", "fault-", "err-"] {
                    assert!(!text.contains(key), "{}: {text}", e.code());
                }
            }
        }
    }

    #[test]
    fn the_phrases_of_the_model_are_said_in_chinese() {
        let chinese = |t: &str| t.chars().any(|c| matches!(c, '\u{4E00}'..='\u{9FFF}'));
        for kind in DocumentType::ALL {
            assert!(chinese(&said(Lang::Zh, kind.rule())), "{}", kind.rule());
        }
        let hosts =
            ["", "*.a.cn", "a.cn.", "a", "a..cn", "a_b.cn", "-a.cn", "1.2"].map(|t| check_dns_name(t).unwrap_err());
        let mails = ["a", "@b.cn", "a b@c.cn", "-a@b.cn"].map(|t| check_email(t).unwrap_err());
        for fault in hosts.iter().chain(&mails) {
            let (NameFault::HostName { rule } | NameFault::Email { rule }) = fault else { panic!("{fault}") };
            assert!(chinese(&said(Lang::Zh, rule)), "{rule}");
        }
        let ids = ["-".parse::<OrgId>().err(), "-".parse::<RegionCode>().err(), "".parse::<Serial>().err()];
        for e in ids.into_iter().flatten() {
            assert!(chinese(&said(Lang::Zh, e.what)) && chinese(&said(Lang::Zh, e.rule)), "{e}");
        }
    }

    #[test]
    fn what_strangers_write_cannot_steer_the_terminal() {
        let e = Error::from(ErrorKind::UnknownProfile("a\u{1B}[2Jb\u{202E}".to_owned()));
        let text = text(&e, Lang::En);
        assert!(!text.contains('\u{1B}') && !text.contains('\u{202E}'), "{text}");
    }
}
