//! The authority's errors: one kind for each thing that can be wrong, with a stable code.

use std::fmt;
use std::path::PathBuf;

use hufu_model::ca::CaStatus;
use hufu_model::certificate::{Algorithm, CertificateStatus};
use hufu_model::escrow::RecoveryStatus;
use hufu_model::holder::HolderFault;
use hufu_model::ident::{CaId, Digest, IdError, ImportId, MediumId, MigrationId, OperatorId, OrgId, RequestId, Serial};
use hufu_model::lifecycle::State;
use hufu_model::medium::MediumStatus;
use hufu_model::operator::Role;
use hufu_model::org::{LimitExceeded, TreeError};
use hufu_model::request::{Action, Medium};
use hufu_model::revocation::RevocationReason;
use hufu_model::time::{Day, Instant};

use crate::report::ReportKind;

mod class;
mod code;
mod text;

/// Why a verb did not do what was asked. Nothing was changed then, unless the kind says so.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: Option<String>,
}

/// The cutover that a request came after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterCutover {
    /// The algorithm of the request's key.
    pub algorithm: Algorithm,
    /// The organisation it was entered for.
    pub org: OrgId,
    /// The organisation that cut over: that one, or one above it.
    pub head: OrgId,
    /// The migration.
    pub migration: MigrationId,
    /// Where the migration leads.
    pub to: Algorithm,
    /// Since when.
    pub effective: Instant,
    /// The event of the ledger that says so.
    pub event: u64,
}

/// What an error means to the caller; the command line turns it into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A malformed or unusable input.
    BadInput,
    /// Something named does not exist.
    NotFound,
    /// The acting person may not do this.
    NotPermitted,
    /// A rule or the present state forbids it.
    Refused,
    /// Try again later or elsewhere: lock, full disk, read-only home.
    Temporary,
    /// A record or the ledger was altered.
    Integrity,
}

/// The kinds of [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No home at this path.
    NoHome(PathBuf),
    /// The path to found a home at already holds something.
    HomeExists(PathBuf),
    /// A file of the home or one to be written cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The home's settings file is wrong.
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        what: String,
    },
    /// The home was founded on a simulated clock, and the machine's clock came to write in it.
    SimulatedHome,
    /// The home lives by the machine's clock, and a simulated one came to write in it.
    RealHome,
    /// The data key of sealed fields is still locked.
    Locked,
    /// An identifier is malformed.
    Id(IdError),
    /// An organisation is unknown or misplaced.
    Tree(TreeError),
    /// An organisation of this id exists already, with other contents.
    OrgExists(OrgId),
    /// Who acts is no operator, or removed.
    UnknownOperator(OperatorId),
    /// The operator that a change is about does not exist, or is removed.
    NoOperator(OperatorId),
    /// The key presented is not the one of the operator's certificate.
    WrongKey(OperatorId),
    /// The operator's certificate is not valid now.
    OperatorExpired {
        /// The operator.
        operator: OperatorId,
        /// Since when or until when.
        at: Instant,
    },
    /// The operator's certificate is suspended or revoked.
    OperatorCertificate {
        /// The operator.
        operator: OperatorId,
        /// What it is.
        status: CertificateStatus,
    },
    /// The operator lacks the role.
    NoRole {
        /// The operator.
        operator: OperatorId,
        /// The role that is needed.
        needs: Role,
    },
    /// The organisation is not the operator's own nor below it.
    OutsideJurisdiction {
        /// The operator.
        operator: OperatorId,
        /// The organisation acted upon.
        org: OrgId,
    },
    /// Nobody approves their own act.
    SelfApproval(OperatorId),
    /// Approval belongs to an RA or the CA, never to an LRA.
    ApproverTier(OperatorId),
    /// The organisation or one above it is frozen.
    Frozen {
        /// The organisation acted for.
        org: OrgId,
        /// The frozen one.
        by: OrgId,
    },
    /// A limit of the organisation or of one above it.
    Limit(LimitExceeded),
    /// An import of this name has another source or other rules.
    ImportChanged {
        /// The import.
        import: ImportId,
        /// Its source.
        source: String,
    },
    /// No imported certificate of this identity.
    UnknownLegacy(Digest),
    /// A certificate of ours took the place of the imported one already.
    LegacyLinked {
        /// The imported certificate.
        legacy: Digest,
        /// Ours.
        serial: Serial,
    },
    /// The imported certificate and ours belong to different offices.
    LegacyOffice {
        /// That of the imported one.
        legacy: OrgId,
        /// That of ours.
        ours: OrgId,
    },
    /// No medium of this id.
    UnknownMedium(String),
    /// A medium of this id or serial number is on record already.
    MediumExists(MediumId),
    /// The medium cannot become what was reported.
    MediumStep {
        /// The medium.
        medium: MediumId,
        /// What it is.
        status: MediumStatus,
        /// What it was to become.
        wanted: MediumStatus,
    },
    /// The medium is in a state in which no certificate goes on it.
    MediumStatus {
        /// The medium.
        medium: MediumId,
        /// What it is.
        status: MediumStatus,
    },
    /// The medium belongs to another holder.
    MediumHolder(MediumId),
    /// The medium is of another kind than the request says.
    MediumKind {
        /// The medium.
        medium: MediumId,
        /// What it is.
        kind: Medium,
    },
    /// SM2 keys cannot live in the medium.
    MediumSm2(MediumId),
    /// The medium is kept neither by the organisation nor by one above it.
    MediumOrg {
        /// The medium.
        medium: MediumId,
        /// The organisation of the request.
        org: OrgId,
    },
    /// No issuing CA of this name.
    UnknownCa(String),
    /// No issuing CA is current: requests must name one.
    NoCurrentCa,
    /// The issuing CA is in a state that forbids this.
    CaStatus {
        /// The CA.
        ca: CaId,
        /// What it is.
        status: CaStatus,
    },
    /// The issuing CA cannot become what was asked for.
    CaStep {
        /// The CA.
        ca: CaId,
        /// What it is.
        status: CaStatus,
        /// What it was to become.
        wanted: CaStatus,
    },
    /// An issuing CA of this name or with this subject exists already.
    CaExists(String),
    /// Another issuing CA is proposed and not decided.
    CaPending(String),
    /// Every instance octet has its CA.
    CaInstances,
    /// This act is countersigned with the root's key.
    CaRootKey(CaId),
    /// The key file that was made with the proposal is not there, or is another one.
    CaKeyFile(PathBuf),
    /// The signer was started before it could have this CA's key.
    CaNotLoaded(CaId),
    /// A profile that is not on record.
    UnknownProfile(String),
    /// The profile is for another kind of holder, or not for subscribers.
    ProfileHolder {
        /// The profile.
        profile: String,
        /// The holder kind of the request.
        holder: &'static str,
    },
    /// The quota of an organisation is used up.
    Quota {
        /// The organisation whose quota it is.
        org: OrgId,
        /// `day` or `total`.
        span: &'static str,
        /// The quota.
        allowed: u32,
    },
    /// A longer validity than the profile allows.
    TooLong {
        /// Days asked for.
        asked: u32,
        /// Days allowed.
        allowed: u32,
    },
    /// A field of the holder is wrong.
    Holder(HolderFault),
    /// The holder's region is not a code of GB/T 2260.
    UnknownRegion(String),
    /// A province or city that does not lie where the region code says.
    Place {
        /// `province` or `city`.
        field: &'static str,
        /// The region code.
        region: String,
    },
    /// The profile names hosts and none was given.
    HostMissing,
    /// The CSR's key is a key of the authority itself.
    AuthorityKey,
    /// The CSR's key is in use by another holder.
    KeyInUse {
        /// The request that brought the key first.
        request: RequestId,
    },
    /// The certificate a request renews or replaces belongs to another holder.
    PredecessorHolder(Serial),
    /// The state of the certificate does not allow what is asked for.
    CertificateState {
        /// The certificate.
        serial: Serial,
        /// What was to be done.
        action: Action,
        /// Its state.
        state: State,
    },
    /// The certificate's profile does not allow what is asked for.
    ProfileAction {
        /// The profile.
        profile: String,
        /// What was to be done.
        action: Action,
    },
    /// This reason is not one for what is asked for.
    ReasonUnfit {
        /// What was to be done.
        action: Action,
        /// The reason given.
        reason: RevocationReason,
    },
    /// A renewal keeps the key; a rekey and a replacement bring another one.
    SuccessorKey(Action),
    /// Only a change of data changes the subject or the profile.
    SuccessorSubject(Action),
    /// A certificate was renewed or rekeyed already, and its successor is in force.
    Succeeded {
        /// The certificate.
        serial: Serial,
        /// Its successor.
        by: Serial,
    },
    /// A certificate stands twice in one batch as the one that is renewed or rekeyed.
    SucceededTwice(Serial),
    /// The key belongs to a certificate that was revoked because others knew the private key.
    CompromisedKey(Serial),
    /// The time from which a certificate should not have been relied upon lies outside its life.
    InvalidSince(Instant),
    /// The issuing CA of this instance has no OCSP responder.
    NoResponder(u8),
    /// The issuing CA of this instance has an OCSP responder already.
    ResponderExists(u8),
    /// The certificate of the OCSP responder is not valid any more, or not yet.
    ResponderExpired {
        /// The CA's instance.
        instance: u8,
        /// Until when it was valid.
        until: Instant,
    },
    /// Answers may not be given for so short or so long a time, in seconds.
    AnswerLife(i64),
    /// The machine's clock stands behind the ledger: no status can be said to hold now.
    ResponderClock {
        /// What the clock shows.
        now: Instant,
        /// When the last event was recorded.
        last: Instant,
    },
    /// The request asks for something that another verb does.
    OtherVerb {
        /// The request.
        request: RequestId,
        /// What it asks for.
        action: Action,
    },
    /// A request of this id exists with other contents.
    RequestReused(RequestId),
    /// No such request.
    UnknownRequest(RequestId),
    /// The request is in a state that forbids this.
    RequestState {
        /// The request.
        request: RequestId,
        /// Its state.
        status: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
    /// A signed request or approval has expired.
    Expired {
        /// What expired.
        what: &'static str,
        /// When.
        at: Instant,
    },
    /// What was approved is no longer what would happen.
    Overtaken {
        /// What happened since.
        by: &'static str,
    },
    /// A stored document does not fit what it is used for.
    Document {
        /// Which document.
        what: &'static str,
        /// What does not fit.
        fault: String,
    },
    /// No certificate of this serial number.
    UnknownCertificate(Serial),
    /// No open proposal of this id.
    UnknownProposal(String),
    /// The home has a key centre already.
    KeyCentreExists,
    /// The home's key centre waits for the second super-administrator.
    KeyCentreWaits,
    /// The vault is not the one that was signed about.
    KeyCentreDiffers,
    /// No such order to the key centre.
    UnknownKeyOrder(RequestId),
    /// An order to the key centre is in a state that forbids this.
    KeyOrderState {
        /// The order.
        order: RequestId,
        /// How far it has come.
        status: RecoveryStatus,
    },
    /// A change that would change nothing or contradicts the present state.
    NoChange(String),
    /// The home is behind its anchor: an older copy was put back.
    BehindAnchor {
        /// Events in the ledger.
        ledger: u64,
        /// The time of the last one.
        last: Instant,
        /// Events the anchor has seen signed.
        anchor: u64,
        /// When that was signed.
        seen: Instant,
    },
    /// The retention time of a certificate's records has not ended.
    RetentionRuns {
        /// The certificate.
        serial: Serial,
        /// Until when they are kept.
        until: Instant,
    },
    /// Records cannot be kept for so few, or so many, years.
    RetentionYears {
        /// Years asked for.
        asked: u32,
        /// The fewest.
        floor: u32,
        /// The most.
        most: u32,
    },
    /// A backup or an export would lie inside the home that it is a copy of.
    BackupInside(PathBuf),
    /// No complete backup at this path.
    NoBackup(PathBuf),
    /// A backup is not what was written.
    BackupAltered {
        /// The backup.
        path: PathBuf,
        /// Every file that is missing, added or altered, and where.
        faults: Vec<String>,
    },
    /// A copy or a restored home does not verify.
    BackupUnsound {
        /// The copy.
        path: PathBuf,
        /// The first thing that does not hold.
        what: String,
    },
    /// The anchor is not where the settings say, though checkpoints were anchored.
    AnchorMissing(PathBuf),
    /// The anchor holds a checkpoint the ledger does not agree with.
    AnchorDiffers {
        /// The size of the checkpoint.
        size: u64,
    },
    /// No checkpoint of this size, or none yet that covers this event.
    NotCheckpointed {
        /// The size or the event's number.
        size: u64,
    },
    /// An input that is neither PEM nor DER of what was expected.
    Unreadable {
        /// What was expected.
        wanted: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A stated invariant of this library does not hold: a defect, to be reported.
    Internal(&'static str),
    /// Somebody else is publishing into this folder.
    PublishingBusy(PathBuf),
    /// The publishing folder is not there, though lists were published into it.
    PublishingFolder(PathBuf),
    /// In the place of a list lies one of another CA.
    ForeignCrl {
        /// The file.
        path: PathBuf,
        /// Whose list it is.
        issuer: String,
    },
    /// A list in the publishing folder is newer than what this ledger would publish.
    CrlAhead {
        /// The file.
        path: PathBuf,
        /// Its number.
        found: u64,
        /// The number that would come now.
        ours: u64,
    },
    /// A list in the publishing folder is signed by this CA and is not the one of this number in the ledger.
    CrlDiffers {
        /// The file.
        path: PathBuf,
        /// Its number.
        number: u64,
    },
    /// So many certificates would change their status that somebody has to say that it is meant.
    ManyChanges {
        /// Certificates whose status changed since the last full list.
        changes: u64,
        /// Certificates of the authority.
        certificates: u64,
    },
    /// A delta list needs a full list before it that was published.
    NoBaseCrl,
    /// What lies in the publishing folder is not what was written into it.
    ReadBack {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No migration of this name.
    UnknownMigration(String),
    /// A request for a key that a cutover left behind.
    AfterCutover(Box<AfterCutover>),
    /// A cutover would take effect before its second approval, and is not attested.
    CutoverPast {
        /// When it would take effect.
        effective: Instant,
        /// The approval.
        now: Instant,
    },
    /// A cutover that is attested has not happened yet.
    CutoverFuture {
        /// When it would have taken effect.
        effective: Instant,
        /// The present.
        now: Instant,
    },
    /// A cutover that is attested or withdrawn rests on evidence, and none is given.
    CutoverEvidence,
    /// A cutover that is to be withdrawn is not on record.
    NoCutover {
        /// The organisation.
        org: OrgId,
        /// The migration.
        migration: MigrationId,
    },
    /// A report asks for a time before the ledger begins.
    BeforeLedger {
        /// When the ledger begins.
        first: Instant,
    },
    /// A period that ends before it has begun.
    Period {
        /// Its first day.
        from: Day,
        /// The first day after it.
        to: Day,
    },
    /// No checkpoint was made since a period ended, so that nothing says which of it is drawn.
    NoSeed {
        /// The first day after the period.
        to: Day,
    },
    /// A report does not take what was asked of it.
    ReportUnfit {
        /// The report.
        report: ReportKind,
        /// What it does not take, as its flag is called.
        what: &'static str,
    },
    /// A text that is not that of a signed report.
    ReportForm {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A report is too large to be signed.
    ReportLarge {
        /// Octets of its text.
        octets: usize,
        /// Cells of its tables.
        cells: usize,
    },
    /// The random source failed.
    Entropy(hufu_model::entropy::EntropyError),
    /// A pair is asked for with a profile that has no companion for the encryption certificate.
    NoCompanion(String),
    /// A profile for the encryption half of a pair is asked for by itself.
    CompanionOnly(String),
    /// A pair is to be issued and the signer has no key centre.
    NoKeyCentre,
    /// The encryption half of a pair is named where the signing half stands for both.
    PairHalf {
        /// The half that was named.
        encryption: Serial,
        /// The one that stands for the pair.
        signing: Serial,
    },
    /// A single certificate has no envelope.
    SingleCertificate(Serial),
    /// An envelope in this dialect is made with the holder's key only.
    OwnerKey(&'static str),
    /// A single certificate is asked for in succession to a pair.
    PairSucceeds(Serial),
    /// The issuer refused.
    Issuer(hufu_issuer::Error),
    /// The key centre refused.
    Kmc(hufu_kmc::Error),
    /// A spreadsheet was not read or not written.
    Sheet(hufu_sheet::Error),
    /// A structure or signature is wrong.
    X509(hufu_x509::Error),
    /// The store refused.
    Store(hufu_store::Error),
}

impl Error {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The stable code, e.g. `ra.outside-jurisdiction`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// What it was about, when known: a file, a row of a batch.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// The same error, saying what it was about.
    #[must_use]
    pub fn about(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }
}

impl ErrorKind {
    /// What it means to the caller.
    #[must_use]
    pub fn class(&self) -> Class {
        class::class_of(self.code())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(context) = &self.context {
            write!(f, "{context}: ")?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::File { source, .. } => Some(source),
            ErrorKind::Issuer(e) => e.source(),
            ErrorKind::Kmc(e) => e.source(),
            ErrorKind::Sheet(e) => e.source(),
            ErrorKind::X509(e) => e.source(),
            ErrorKind::Store(e) => e.source(),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, context: None }
    }
}

macro_rules! wraps {
    ($($source:ty => $kind:ident),+ $(,)?) => {
        $(impl From<$source> for Error {
            fn from(e: $source) -> Self {
                ErrorKind::$kind(e).into()
            }
        })+
    };
}

wraps! {
    IdError => Id,
    TreeError => Tree,
    LimitExceeded => Limit,
    HolderFault => Holder,
    hufu_model::entropy::EntropyError => Entropy,
    hufu_issuer::Error => Issuer,
    hufu_kmc::Error => Kmc,
    hufu_sheet::Error => Sheet,
    hufu_x509::Error => X509,
    hufu_store::Error => Store,
}

/// The authority's result.
pub type Result<T> = std::result::Result<T, Error>;
