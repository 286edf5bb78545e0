//! The key centre's errors.

use std::fmt;

use hufu_model::entropy::EntropyError;
use hufu_model::escrow::{EscrowStatus, RecoveryKind, RecoveryPart, RecoveryStatus};
use hufu_model::ident::{Digest, EscrowId, OperatorId, RequestId};

/// Why the key centre did not do something.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
}

/// The kinds of [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A secret cannot be split like this.
    Split {
        /// How many shares would be needed.
        threshold: u8,
        /// Of how many.
        shares: u8,
    },
    /// A share is not a share: its form, its checksum.
    ShareForm {
        /// What is wrong.
        what: String,
    },
    /// The same share was given twice.
    ShareTwice {
        /// Its number.
        number: u8,
        /// Whose name is on it; empty where that is not known.
        custodian: String,
    },
    /// There are not enough shares.
    SharesFew {
        /// How many there are.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// A share is not one of those this key centre gave out.
    ShareWrong {
        /// Its number.
        number: u8,
        /// Whose name is on it.
        custodian: String,
    },
    /// A share is a share of another key.
    ShareForeign {
        /// Its number.
        number: u8,
        /// Whose name is on it.
        custodian: String,
        /// The key it is a share of.
        found: String,
    },
    /// The passphrase is not the one of a custodian's share.
    SharePassphrase {
        /// Its number.
        number: u8,
        /// Whose name is on it.
        custodian: String,
    },
    /// A key is not the one this vault is wrapped with.
    WrongKek {
        /// The key the vault is wrapped with.
        wanted: String,
        /// The one that was given.
        found: String,
    },
    /// The vault holds no key centre.
    NotFounded,
    /// The founding breaks a rule.
    Founding {
        /// Which one.
        what: String,
    },
    /// There are not enough keys in the pool.
    PoolEmpty {
        /// How many are missing.
        missing: usize,
    },
    /// There is no such key.
    NoKey {
        /// What was looked for.
        what: String,
    },
    /// A key is not in a state that allows this.
    KeyState {
        /// The key.
        key: EscrowId,
        /// How far it has come.
        status: EscrowStatus,
    },
    /// A key was taken for another request, or belongs to another holder or recipient.
    NotTheirs {
        /// The key.
        key: EscrowId,
        /// What differs: `request`, `holder` or `recipient`.
        what: &'static str,
    },
    /// A serial number is bound to another key.
    SerialBound {
        /// The key it is bound to.
        key: EscrowId,
    },
    /// A key would be put into an envelope for an escrowed key, or for itself.
    RecipientEscrowed,
    /// One batch names a request or a serial number twice.
    Twice {
        /// Which one.
        what: String,
    },
    /// A row of the vault does not fit its key.
    Altered {
        /// What does not fit.
        what: String,
    },
    /// A record is not of the form this needs.
    Record {
        /// What is wrong.
        what: String,
    },
    /// A record is for another authority.
    OtherAuthority,
    /// A record expired, lasts too long or comes from the future.
    RecordTime {
        /// What is wrong.
        what: &'static str,
    },
    /// A record was acted upon before.
    Replayed {
        /// Its digest.
        act: Digest,
    },
    /// There is no such recovery.
    NoRecovery {
        /// The digest of the order.
        act: Digest,
    },
    /// A recovery is not in a state that allows this.
    RecoveryStatus {
        /// How far it has come.
        status: RecoveryStatus,
    },
    /// The verb is for the other kind of recovery.
    OtherKind {
        /// The kind it is.
        kind: RecoveryKind,
    },
    /// A recovery lacks approvals.
    ApprovalsMissing {
        /// The part of which they are missing.
        part: RecoveryPart,
        /// How many there are.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// Who signed is not an officer who may approve this.
    NotAnOfficer {
        /// Who signed.
        who: OperatorId,
    },
    /// Who asked for it approved it.
    OwnOrder {
        /// The person.
        who: OperatorId,
    },
    /// An officer approved the same thing twice.
    ApprovedTwice {
        /// The officer.
        who: OperatorId,
    },
    /// An approval does not verify with the officer's key.
    ApprovalSignature {
        /// Whose it says it is.
        who: OperatorId,
    },
    /// As many keys were recovered today as may be.
    Cap {
        /// Of which kind.
        kind: RecoveryKind,
        /// How many a day.
        cap: u32,
    },
    /// There is no agent.
    NoAgent {
        /// Its socket.
        path: std::path::PathBuf,
    },
    /// An agent runs already.
    AgentRuns {
        /// Its socket.
        path: std::path::PathBuf,
    },
    /// The path of an agent's socket is longer than the system allows.
    SocketPath {
        /// How many octets it has.
        length: usize,
        /// The most there may be.
        most: usize,
    },
    /// The agent, or what claims to be it, cannot be used.
    Agent {
        /// What is wrong.
        what: String,
    },
    /// The agent refused.
    AgentRefused {
        /// The code of its error.
        code: String,
    },
    /// A request has a key that went out of use.
    RequestOver {
        /// The request.
        request: RequestId,
    },
    /// The vault did not do something.
    Store(hufu_store::Error),
    /// Reading or making a structure failed.
    X509(hufu_x509::Error),
    /// The random source failed.
    Entropy(EntropyError),
}

impl Error {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl ErrorKind {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Split { .. } => "kmc.split",
            Self::ShareForm { .. } => "kmc.share-form",
            Self::ShareTwice { .. } => "kmc.share-twice",
            Self::SharesFew { .. } => "kmc.shares-few",
            Self::ShareWrong { .. } => "kmc.share-wrong",
            Self::ShareForeign { .. } => "kmc.share-foreign",
            Self::SharePassphrase { .. } => "kmc.share-passphrase",
            Self::WrongKek { .. } => "kmc.wrong-kek",
            Self::NotFounded => "kmc.not-founded",
            Self::Founding { .. } => "kmc.founding",
            Self::PoolEmpty { .. } => "kmc.pool-empty",
            Self::NoKey { .. } => "kmc.no-key",
            Self::KeyState { .. } => "kmc.key-state",
            Self::NotTheirs { .. } => "kmc.not-theirs",
            Self::SerialBound { .. } => "kmc.serial-bound",
            Self::RecipientEscrowed => "kmc.recipient-escrowed",
            Self::Twice { .. } => "kmc.twice",
            Self::Altered { .. } => "kmc.altered",
            Self::Record { .. } => "kmc.record",
            Self::OtherAuthority => "kmc.other-authority",
            Self::RecordTime { .. } => "kmc.record-time",
            Self::Replayed { .. } => "kmc.replayed",
            Self::NoRecovery { .. } => "kmc.no-recovery",
            Self::RecoveryStatus { .. } => "kmc.recovery-status",
            Self::OtherKind { .. } => "kmc.other-kind",
            Self::ApprovalsMissing { .. } => "kmc.approvals-missing",
            Self::NotAnOfficer { .. } => "kmc.not-an-officer",
            Self::OwnOrder { .. } => "kmc.own-order",
            Self::ApprovedTwice { .. } => "kmc.approved-twice",
            Self::ApprovalSignature { .. } => "kmc.approval-signature",
            Self::Cap { .. } => "kmc.cap",
            Self::NoAgent { .. } => "kmc.no-agent",
            Self::AgentRuns { .. } => "kmc.agent-runs",
            Self::SocketPath { .. } => "kmc.socket-path",
            Self::Agent { .. } => "kmc.agent",
            Self::AgentRefused { .. } => "kmc.agent-refused",
            Self::RequestOver { .. } => "kmc.request-over",
            Self::Store(e) => e.kind().code(),
            Self::X509(e) => e.kind().code(),
            Self::Entropy(_) => "entropy.failed",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split { .. }
            | Self::ShareForm { .. }
            | Self::ShareTwice { .. }
            | Self::SharesFew { .. }
            | Self::ShareWrong { .. }
            | Self::ShareForeign { .. }
            | Self::SharePassphrase { .. }
            | Self::WrongKek { .. }
            | Self::NotFounded
            | Self::Founding { .. } => self.about_shares(f),
            Self::PoolEmpty { .. }
            | Self::NoKey { .. }
            | Self::KeyState { .. }
            | Self::NotTheirs { .. }
            | Self::SerialBound { .. }
            | Self::RecipientEscrowed
            | Self::Twice { .. }
            | Self::RequestOver { .. }
            | Self::Altered { .. } => self.about_keys(f),
            Self::NoAgent { .. }
            | Self::AgentRuns { .. }
            | Self::SocketPath { .. }
            | Self::Agent { .. }
            | Self::AgentRefused { .. } => self.about_the_agent(f),
            Self::Store(e) => e.fmt(f),
            Self::X509(e) => e.fmt(f),
            Self::Entropy(e) => e.fmt(f),
            _ => self.about_recoveries(f),
        }
    }
}

impl ErrorKind {
    fn about_shares(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split { threshold, shares } => {
                write!(f, "a key cannot be split into {shares} shares of which {threshold} are needed; use 2 to 16")
            }
            Self::ShareForm { what } => {
                write!(f, "this is not an intact share: {what}; use the custodian's other copy")
            }
            Self::ShareTwice { number, custodian } => {
                let of = if custodian.is_empty() { String::new() } else { format!(" of {custodian}") };
                write!(f, "share {number}{of} was given twice; every custodian gives their own, once")
            }
            Self::SharesFew { have, need } => {
                write!(f, "{need} different shares are needed and there are {have}; ask more custodians")
            }
            Self::ShareWrong { number, custodian } => write!(
                f,
                "share {number} of {custodian} is not the one that was given out; use the custodian's other copy, or \
                 ask another custodian"
            ),
            Self::ShareForeign { number, custodian, found } => write!(
                f,
                "share {number} of {custodian} is a share of {found}, which is another key; use the share of this vault"
            ),
            Self::SharePassphrase { number, custodian } => {
                write!(f, "this is not the passphrase of share {number} of {custodian}; only its custodian knows it")
            }
            Self::WrongKek { wanted, found } => {
                write!(
                    f,
                    "the vault is wrapped with {wanted}, not with {found}; use the shares or the agent of this vault"
                )
            }
            Self::NotFounded => f.write_str("the vault holds no key centre; found one first"),
            Self::Founding { what } => write!(f, "a key centre cannot be founded like this: {what}"),
            _ => f.write_str(self.code()),
        }
    }

    fn about_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PoolEmpty { missing } => {
                write!(f, "{missing} keys are missing in the pool; unlock the key centre and fill it")
            }
            Self::NoKey { what } => write!(f, "the key centre has no key for {what}"),
            Self::KeyState { key, status } => {
                write!(
                    f,
                    "escrowed key {key} is {status} and cannot be used for this; a key in history can be recovered"
                )
            }
            Self::NotTheirs { key, what } => write!(
                f,
                "escrowed key {key} belongs to another {what}; a key goes to somebody else by a recovery only"
            ),
            Self::SerialBound { key } => {
                write!(f, "this serial number is bound to escrowed key {key} for ever; use another")
            }
            Self::RecipientEscrowed => f.write_str(
                "the recipient's key is itself an escrowed encryption key; give the public key the holder signs with",
            ),
            Self::Twice { what } => write!(f, "the batch names {what} twice"),
            Self::RequestOver { request } => {
                write!(f, "the key of request {request} went out of use; enter another request")
            }
            Self::Altered { what } => write!(
                f,
                "the vault was altered: {what}; nothing was given out; verify the vault and restore it from a backup"
            ),
            _ => f.write_str(self.code()),
        }
    }

    fn about_recoveries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { what } => write!(f, "the record is not of the form this needs: {what}; make it again"),
            Self::OtherAuthority => f.write_str("the record was made for another authority"),
            Self::RecordTime { what } => write!(f, "the record cannot be used now: {what}; make another"),
            Self::Replayed { act } => write!(f, "record {act} was acted upon before; make another"),
            Self::NoRecovery { act } => write!(f, "there is no recovery {act}"),
            Self::RecoveryStatus { status } => write!(f, "the recovery is {status}; ask for another"),
            Self::OtherKind { kind } => write!(f, "this is a {kind} recovery, which has a verb of its own"),
            Self::ApprovalsMissing { part, have, need } => {
                write!(f, "{need} approvals of different {part} officers are needed and {have} count")
            }
            Self::NotAnOfficer { who } => write!(f, "{who} is not an officer of the key centre who may approve this"),
            Self::OwnOrder { who } => write!(f, "{who} asked for this and cannot approve it; another officer must"),
            Self::ApprovedTwice { who } => {
                write!(f, "{who} approved this already; the other approvals come from other officers")
            }
            Self::ApprovalSignature { who } => {
                write!(f, "the approval does not verify with the key that is on record for {who}; sign it again")
            }
            Self::Cap { kind, cap } => {
                write!(
                    f,
                    "{cap} {kind} recoveries were carried out today, which is the most for one day; go on tomorrow"
                )
            }
            _ => f.write_str(self.code()),
        }
    }

    fn about_the_agent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAgent { path } => {
                write!(f, "no agent listens at {}; unlock the key centre with custodians' shares", path.display())
            }
            Self::AgentRuns { path } => {
                write!(f, "an agent listens at {} already; lock the key centre first", path.display())
            }
            Self::SocketPath { length, most } => write!(
                f,
                "the path of the agent's socket has {length} octets and the system allows {most}; name a shorter one"
            ),
            Self::Agent { what } => {
                write!(f, "the agent cannot be used: {what}; lock the key centre and unlock it again")
            }
            Self::AgentRefused { code } => write!(f, "the agent refused ({code})"),
            _ => f.write_str(self.code()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Store(e) => e.source(),
            ErrorKind::X509(e) => e.source(),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind }
    }
}

impl From<hufu_store::Error> for Error {
    fn from(e: hufu_store::Error) -> Self {
        ErrorKind::Store(e).into()
    }
}

impl From<hufu_x509::Error> for Error {
    fn from(e: hufu_x509::Error) -> Self {
        ErrorKind::X509(e).into()
    }
}

impl From<EntropyError> for Error {
    fn from(e: EntropyError) -> Self {
        ErrorKind::Entropy(e).into()
    }
}

/// The key centre's result.
pub type Result<T> = std::result::Result<T, Error>;
