//! What each kind of error says: what happened, why, and where it helps, what to do.

use std::fmt;

use hufu_model::request::Action;

use super::ErrorKind;

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome(p) => {
                write!(f, "no home at {}; found one with `hufu init`, or name it with --home", p.display())
            }
            Self::HomeExists(p) => {
                write!(f, "{} already exists; nothing was changed. Choose another folder", p.display())
            }
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Settings { path, what } => write!(f, "{}: {what}", path.display()),
            Self::SimulatedHome => f.write_str(
                "this is a TEST home whose time is simulated; nothing that happens now may be written among its invented \
                 years. Look at it, and found another home for work",
            ),
            Self::RealHome => f.write_str(
                "this home lives by the machine's clock, and a simulated clock may write nothing in it; try it in a home \
                 that was founded on a simulated clock",
            ),
            Self::Locked => f.write_str("the home's data key is locked; give the home passphrase"),
            Self::Id(e) => e.fmt(f),
            Self::Tree(e) => e.fmt(f),
            Self::OrgExists(id) => write!(f, "organisation {id} exists already"),
            Self::UnknownOperator(id) | Self::NoOperator(id) => write!(f, "no operator {id}, or no longer one"),
            Self::WrongKey(id) => write!(f, "this key is not the one of {id}'s certificate"),
            Self::OperatorExpired { operator, at } => {
                write!(f, "the certificate of operator {operator} is not valid at {at}; have it renewed")
            }
            Self::OperatorCertificate { operator, status } => {
                write!(f, "the certificate of operator {operator} is {status}; another person must act")
            }
            Self::NoRole { operator, needs } => write!(f, "operator {operator} does not hold the role {needs}"),
            Self::OutsideJurisdiction { operator, org } => {
                write!(f, "{org} is neither the organisation of operator {operator} nor below it")
            }
            Self::SelfApproval(id) => write!(f, "{id} entered this and cannot approve it; another person must"),
            Self::ApproverTier(id) => write!(f, "{id} works at an LRA; approval belongs to the RA or the CA above it"),
            Self::Frozen { org, by } if org == by => write!(f, "organisation {org} is frozen"),
            Self::Frozen { org, by } => write!(f, "organisation {org} may not act: {by} above it is frozen"),
            Self::Limit(e) => e.fmt(f),
            Self::ImportChanged { import, source } => {
                let source = source.escape_debug();
                write!(
                    f,
                    "import {import} is of {source} as it was then, or had other rules; give this one another name"
                )
            }
            Self::UnknownLegacy(id) => write!(f, "no imported certificate {id}"),
            Self::LegacyLinked { legacy, serial } => {
                write!(f, "the imported certificate {legacy} has its successor already: {serial}")
            }
            Self::LegacyOffice { legacy, ours } => {
                write!(
                    f,
                    "the imported certificate is {legacy}'s and the other one {ours}'s; neither is above the other"
                )
            }
            Self::UnknownMedium(id) => write!(f, "no medium {}", id.escape_debug()),
            Self::MediumExists(id) => write!(f, "medium {id} is on record already, by its id or serial number"),
            Self::MediumStep { medium, status, wanted } => {
                write!(f, "medium {medium} is {status} and cannot become {wanted}")
            }
            Self::MediumStatus { medium, status } => {
                write!(f, "medium {medium} is {status}: no certificate goes on it")
            }
            Self::MediumHolder(id) => write!(f, "medium {id} belongs to another holder"),
            Self::MediumKind { medium, kind } => {
                write!(f, "medium {medium} is of kind {kind}; the request says another")
            }
            Self::MediumSm2(id) => write!(f, "SM2 keys cannot live in medium {id}; take another one"),
            Self::MediumOrg { medium, org } => write!(f, "medium {medium} is kept neither by {org} nor above it"),
            Self::UnknownCa(name) => write!(f, "no issuing CA {}", name.escape_debug()),
            Self::NoCurrentCa => f.write_str("no issuing CA is current; name one, or make one with a rollover"),
            Self::CaStatus { ca, status } => {
                write!(f, "the issuing CA {ca} is {status}; enter the request again for one that takes requests")
            }
            Self::CaStep { ca, status, wanted } => {
                write!(f, "the issuing CA {ca} is {status} and cannot become {wanted}")
            }
            Self::CaExists(name) => write!(f, "an issuing CA {} exists already", name.escape_debug()),
            Self::CaPending(name) => {
                write!(f, "the issuing CA {} is proposed; have that decided first", name.escape_debug())
            }
            Self::CaInstances => f.write_str("all 127 instance octets of this home are in use"),
            Self::CaRootKey(ca) => {
                write!(f, "the certificate of the issuing CA {ca} is signed with the root's key; give it along")
            }
            Self::CaKeyFile(path) => {
                write!(f, "{} is not the key that was made with the proposal; propose the CA again", path.display())
            }
            Self::CaNotLoaded(ca) => {
                write!(f, "the signer holds no key of the issuing CA {ca}; start it again where the key file is")
            }
            Self::UnknownProfile(id) => write!(f, "no profile {}", id.escape_debug()),
            Self::ProfileHolder { profile, holder } => {
                write!(f, "profile {profile} is not for a holder of kind {holder}")
            }
            Self::Quota { org, span, allowed } => write!(f, "the {span} quota of {org}, {allowed}, is used up"),
            Self::TooLong { asked, allowed } => write!(f, "{asked} days asked, {allowed} allowed"),
            Self::Holder(e) => e.fmt(f),
            Self::UnknownRegion(code) => write!(f, "region {code} is not a division of GB/T 2260"),
            Self::Place { field, region } => write!(f, "the {field} is not that of region {region}"),
            Self::HostMissing => f.write_str("the profile names hosts: give at least one host name or IP address"),
            Self::AuthorityKey => f.write_str("the CSR holds a key of the authority itself; make a key of your own"),
            Self::KeyInUse { request } => {
                write!(f, "the CSR's key belongs to another holder (request {request}); make a new key")
            }
            Self::PredecessorHolder(serial) => {
                write!(
                    f,
                    "certificate {serial} belongs to another holder and cannot be what this one renews or replaces"
                )
            }
            Self::CertificateState { serial, action, state } => {
                write!(f, "certificate {serial} is {state}: the action {action} cannot be done to it")
            }
            Self::ProfileAction { profile, action } => {
                write!(
                    f,
                    "profile {profile} does not allow the action {action}; replace or rekey the certificate, or revoke it"
                )
            }
            Self::ReasonUnfit { action, reason } => write!(f, "{reason} is not a reason for the action {action}"),
            Self::SuccessorKey(Action::Renew) => {
                f.write_str("a renewal keeps the key of the certificate it renews; use rekey for a new key")
            }
            Self::SuccessorKey(action) => write!(f, "the action {action} needs a new key; this is the old one"),
            Self::SuccessorSubject(action) => {
                write!(f, "the action {action} keeps subject and profile; use change for other data")
            }
            Self::Succeeded { serial, by } => write!(f, "certificate {serial} was renewed already, by {by}"),
            Self::SucceededTwice(serial) => write!(f, "another request of this batch renews certificate {serial}"),
            Self::CompromisedKey(serial) => {
                write!(
                    f,
                    "the key was given up with certificate {serial}, which was revoked as compromised; make a new key"
                )
            }
            Self::InvalidSince(at) => {
                write!(f, "{at} is before the certificate was issued or in the future; give a time within its life")
            }
            Self::NoResponder(instance) => write!(f, "the issuing CA with instance {instance} has no OCSP responder"),
            Self::ResponderExists(instance) => {
                write!(f, "the issuing CA with instance {instance} has an OCSP responder; renew its certificate")
            }
            Self::ResponderExpired { instance, until } => {
                write!(
                    f,
                    "the certificate of the OCSP responder of instance {instance} is valid until {until} only; renew it"
                )
            }
            Self::AnswerLife(seconds) => {
                write!(f, "an answer that lives {seconds} seconds; 8 hours to 10 days are allowed")
            }
            Self::ResponderClock { now, last } => {
                write!(f, "the clock shows {now} and the ledger's last event is of {last}; set the clock")
            }
            Self::OtherVerb { request, action } if action.makes_certificate() => {
                write!(f, "request {request} asks for a certificate (action {action}): issue it")
            }
            Self::OtherVerb { request, action } => {
                write!(f, "request {request} asks for no certificate (action {action}): apply it")
            }
            Self::RequestReused(id) => write!(f, "request {id} exists with other contents; use a new id"),
            Self::UnknownRequest(id) => write!(f, "no request {id}"),
            Self::RequestState { request, status, wanted } => {
                write!(f, "request {request} is {status}; only one that is {wanted} can go on here")
            }
            Self::Expired { what, at } => write!(f, "the {what} expired at {at}; submit it again"),
            Self::Overtaken { by } => {
                write!(f, "the approval was overtaken: {by}; enter the request again and have it approved")
            }
            Self::Document { what, fault } => write!(f, "the stored {what} does not hold: {fault}"),
            Self::UnknownCertificate(serial) => write!(f, "no certificate {serial}"),
            Self::UnknownProposal(id) => write!(f, "no open proposal {}", id.escape_debug()),
            Self::KeyCentreExists => f.write_str("this home has a key centre already; there is one for each home"),
            Self::KeyCentreWaits => f.write_str(
                "the key centre is not in force: a second super-administrator must countersign its founding",
            ),
            Self::KeyCentreDiffers => f.write_str(
                "the vault in this home is not the key centre that was signed about; put the right file back",
            ),
            Self::UnknownKeyOrder(id) => write!(f, "no order {id} to the key centre"),
            Self::KeyOrderState { order, status } => write!(f, "order {order} is {status}; make another order"),
            Self::NoChange(what) => f.write_str(what),
            Self::BehindAnchor { ledger, last, anchor, seen } => write!(
                f,
                "this home holds {ledger} events, the last of {last}, but its anchor has seen {anchor} signed at {seen}: \
                 an older copy was put back and {} events are missing; nothing may be signed until they are restored",
                anchor.saturating_sub(*ledger)
            ),
            Self::RetentionRuns { serial, until } => {
                write!(f, "the records of certificate {serial} are kept until {until}; nothing was deleted")
            }
            Self::RetentionYears { asked, floor, most } => {
                write!(f, "records are kept for {floor} to {most} years after expiry, not for {asked}")
            }
            Self::BackupInside(p) => {
                write!(f, "{} lies inside the home; a copy belongs elsewhere, better on other media", p.display())
            }
            Self::NoBackup(p) => write!(f, "no complete backup at {}", p.display()),
            Self::BackupAltered { path, faults } => {
                write!(f, "the backup {} is not what was written: {}", path.display(), faults.join("; "))
            }
            Self::BackupUnsound { path, what } => write!(f, "the copy {} does not verify: {what}", path.display()),
            Self::AnchorMissing(path) => {
                write!(
                    f,
                    "the anchor {} is missing: nothing may be signed until it is back in its place",
                    path.display()
                )
            }
            Self::AnchorDiffers { size } => write!(
                f,
                "the anchor's checkpoint of size {size} is not this ledger's: the ledger was altered or it is another home's anchor"
            ),
            Self::NotCheckpointed { size } => {
                write!(f, "no checkpoint at {size} or covering it; issuing makes one")
            }
            Self::Unreadable { wanted, what } => write!(f, "this is not {wanted}: {what}"),
            Self::Internal(what) => write!(f, "this is a defect of the software, please report it: {what}"),
            Self::PublishingBusy(folder) => {
                write!(f, "another process is publishing into {}; try again when it is done", folder.display())
            }
            Self::PublishingFolder(folder) => {
                write!(f, "the publishing folder {} is not there: mount it, or name another", folder.display())
            }
            Self::ForeignCrl { path, issuer } => {
                write!(f, "in the place of our list lies one of another CA, {issuer}: {}", path.display())
            }
            Self::CrlAhead { path, found, ours } => write!(
                f,
                "the list {found} in {} is newer than the {ours} that this ledger would publish: an older copy of the \
                 home was put back, or another home publishes there",
                path.display()
            ),
            Self::CrlDiffers { path, number } => write!(
                f,
                "the list {number} in {} is signed by this CA and is not the one of that number in this ledger",
                path.display()
            ),
            Self::ManyChanges { changes, certificates } => write!(
                f,
                "{changes} of {certificates} certificates would change their status at once; say that this many are meant"
            ),
            Self::NoBaseCrl => f.write_str("a delta list adds to a full list, and none was published yet"),
            Self::ReadBack { path, what } => {
                write!(f, "{} is not what was published: {what}; nobody may rely on it", path.display())
            }
            Self::UnknownMigration(id) => write!(f, "no migration {}", id.escape_debug()),
            Self::AfterCutover(after) => {
                let super::AfterCutover { algorithm, org, head, migration, to, effective, event } = &**after;
                write!(
                    f,
                    "{org} issues no {algorithm} certificates any more: {head} cut over to {to} at {effective} \
                     (migration {migration}, event {event} of the ledger)"
                )
            }
            Self::CutoverPast { effective, now } => write!(
                f,
                "a cutover cannot take effect at {effective}: it is approved at {now}. Name a later instant, or attest it \
                 with evidence"
            ),
            Self::CutoverFuture { effective, now } => {
                write!(f, "it is {now}: what takes effect at {effective} cannot be attested yet")
            }
            Self::CutoverEvidence => {
                f.write_str("a cutover that is attested or withdrawn needs its evidence: minutes, an acceptance report")
            }
            Self::NoCutover { org, migration } => {
                write!(f, "{org} has no such cutover of the migration {migration} that could be withdrawn")
            }
            Self::BeforeLedger { first } => {
                write!(f, "the ledger knows nothing that early; its first event is of {first}")
            }
            Self::Period { from, to } => {
                write!(f, "a period from {from} up to, without, {to} holds no day; give a later end")
            }
            Self::NoSeed { to } => {
                write!(f, "no checkpoint was made on {to} or later: nothing says yet what is drawn from the time before")
            }
            Self::ReportForm { line, what } => write!(f, "line {line} of the signed text: {what}"),
            Self::ReportLarge { octets, cells } => {
                write!(f, "the report has {octets} octets and {cells} cells, more than one signature covers")
            }
            Self::ReportUnfit { report, what } => write!(f, "the report {report} does not take {what}"),
            Self::Entropy(e) => e.fmt(f),
            Self::NoCompanion(profile) => {
                write!(f, "profile {profile} names no companion for an encryption certificate: it is for single ones")
            }
            Self::CompanionOnly(profile) => {
                write!(f, "profile {profile} is for the encryption half of a pair, which is not asked for by itself")
            }
            Self::NoKeyCentre => f.write_str("a pair needs the key centre, and this signer has none"),
            Self::PairHalf { encryption, signing } => {
                write!(f, "certificate {encryption} is the encryption half of a pair; name its signing half {signing}")
            }
            Self::SingleCertificate(serial) => {
                write!(f, "certificate {serial} is a single one: no encryption key was handed out with it")
            }
            Self::OwnerKey(dialect) => {
                write!(f, "an envelope in the dialect {dialect} is made with the holder's signing key only")
            }
            Self::PairSucceeds(serial) => {
                write!(f, "certificate {serial} belongs to a pair: what succeeds it is a pair, too")
            }
            Self::Issuer(e) => e.fmt(f),
            Self::Kmc(e) => e.fmt(f),
            Self::Sheet(e) => e.fmt(f),
            Self::X509(e) => e.fmt(f),
            Self::Store(e) => e.fmt(f),
        }
    }
}
