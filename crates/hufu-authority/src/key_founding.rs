//! The founding of the key centre: its vault is made and its wrapping key split in one sitting; it serves nobody before a
//! second super-administrator has countersigned who keeps the shares and who approves recoveries.
//!
//! # What is true after a crash
//! | killed | on disk | what the same command does next |
//! |---|---|---|
//! | before the vault has its name | a vault under a temporary name, which nobody opens | founds afresh |
//! | before the proposal commits (f21) | a vault that is not in force | founds afresh: the shares were never handed out |
//! | after the proposal commits | a vault that waits for the second person | replaces it, as long as that is missing |

use std::fs;
use std::path::{Path, PathBuf};

use hufu_kmc::{Caps, Kmc, Officer, Pool, Share};
use hufu_model::escrow::{RecoveryPart, RecoveryStatus};
use hufu_model::event::EventKind;
use hufu_model::ident::{Digest, OperatorId, hex, unhex};
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_store::vault::Vault;
use hufu_store::{Mode, Reader};
use hufu_x509::certificate::Certificate;
use hufu_x509::key::PublicKey;
use hufu_x509::record::Act;

use crate::audit::{AuditReport, Finding};
use crate::authority::{Authority, Session};
use crate::change::{Change, Outcome};
use crate::error::{ErrorKind, Result};
use crate::home::{self, Home};
use crate::key_centre::KeyCentre;
use crate::{document, policy};

/// The entry of the home's founding facts that names the key centre which serves it.
pub(crate) const META: &str = "key-centre";

/// What a key centre is to be founded with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyCentre {
    /// Its name.
    pub name: String,
    /// How many custodians open it, 3 by rule.
    pub threshold: u8,
    /// The custodians, 5 by rule; the n-th gets share n.
    pub custodians: Vec<String>,
    /// The officers: operators of this home, with what each may approve.
    pub officers: Vec<(OperatorId, RecoveryPart)>,
    /// The most recoveries a day.
    pub caps: Caps,
}

/// A key centre that was founded and waits for the second person.
pub struct FoundedKeyCentre {
    /// What the second super-administrator countersigns ([`Authority::countersign`]).
    pub proposal: Digest,
    /// The custodians' shares, which exist nowhere else. Write each to its medium, then drop them.
    pub shares: Vec<Share>,
}

/// A key centre as it stands.
#[derive(Debug, Clone)]
pub struct KeyCentreStatus {
    /// What it was founded with; the officers are those of now.
    pub facts: KeyCentreFacts,
    /// Whether the second super-administrator countersigned.
    pub in_force: bool,
    /// How many keys there are.
    pub pool: Pool,
    /// Every officer, also those who were removed.
    pub officers: Vec<(OperatorId, RecoveryPart, OperatorStatus)>,
    /// How many orders wait.
    pub open_orders: usize,
}

/// What the two super-administrators sign about a key centre: everything in its vault that decides who can do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCentreFacts {
    /// Its name.
    pub name: String,
    /// The name of its wrapping key.
    pub kek: String,
    /// The value that only the wrapping key computes.
    pub check: Digest,
    /// How many shares open it.
    pub threshold: u8,
    /// Who keeps the shares, by number.
    pub custodians: Vec<String>,
    /// Who approves recoveries.
    pub officers: Vec<Officer>,
    /// The most recoveries a day.
    pub caps: Caps,
}

impl KeyCentreFacts {
    /// The facts of a vault.
    pub(crate) fn of(kmc: &Kmc) -> Result<Self> {
        let (name, custodians, officers) = kmc.vault().read(|r| {
            let name = r.fact("name")?.unwrap_or_default();
            let custodians = r.custodians(kmc.kek())?.into_iter().map(|c| c.name).collect();
            Ok::<_, crate::Error>((name, custodians, r.officers()?))
        })?;
        let active = officers.into_iter().filter(|o| o.status == OperatorStatus::Active);
        let officer = |row: hufu_store::vault::OfficerRow| {
            Ok(Officer { id: row.id, part: row.part, key: PublicKey::from_point(&row.point)? })
        };
        let officers = active.map(officer).collect::<Result<_>>()?;
        let (kek, check, (threshold, _)) = (kmc.kek().to_owned(), *kmc.check(), kmc.split());
        Ok(Self { name, kek, check, threshold, custodians, officers, caps: kmc.caps() })
    }

    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let officer = |o: &Officer| format!("{} {} {}", o.id, o.part, hex(o.key.point()));
        let lines = |all: Vec<String>| all.join("\n");
        let fields = [
            ("name", self.name.clone()),
            ("check", self.check.to_string()),
            ("threshold", self.threshold.to_string()),
            ("custodians", lines(self.custodians.clone())),
            ("officers", lines(self.officers.iter().map(officer).collect())),
            ("cap-user", self.caps.user.to_string()),
            ("cap-judicial", self.caps.judicial.to_string()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads the facts back from the act that was signed.
    pub(crate) fn from_act(act: &Act) -> Result<Self> {
        let field = |name: &'static str| {
            let found = act.fields.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).ok_or_else(|| bad(name))
        };
        let number = |name: &'static str| field(name)?.parse().map_err(|_| bad(name));
        let officer = |line: &str| {
            let mut words = line.split(' ');
            let (Some(id), Some(part), Some(point), None) = (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(bad("officers"));
            };
            let key = PublicKey::from_point(&unhex(point).ok_or_else(|| bad("officers"))?)?;
            Ok(Officer { id: id.parse()?, part: part.parse()?, key })
        };
        Ok(Self {
            name: field("name")?.to_owned(),
            kek: act.object.clone(),
            check: field("check")?.parse()?,
            threshold: field("threshold")?.parse().map_err(|_| bad("threshold"))?,
            custodians: field("custodians")?.lines().map(str::to_owned).collect(),
            officers: field("officers")?.lines().map(officer).collect::<Result<_>>()?,
            caps: Caps { user: number("cap-user")?, judicial: number("cap-judicial")? },
        })
    }

    /// What the home keeps: which wrapping key its vault has.
    pub(crate) fn entry(&self) -> String {
        entry(&self.kek, &self.check)
    }

    /// The vault in the home is the one that was signed about, and the home has none yet.
    pub(crate) fn plan(&self, r: &Reader<'_>, home: &Home) -> Result<()> {
        nothing_in_force(r)?;
        if Self::of(&KeyCentre::open(home)?)? != *self {
            return Err(ErrorKind::KeyCentreDiffers.into());
        }
        Ok(())
    }
}

fn bad(what: &str) -> crate::Error {
    document::fault("act", &format!("the field {what} is missing or malformed"))
}

fn nothing_in_force(r: &Reader<'_>) -> Result<()> {
    match r.meta(META)? {
        Some(_) => Err(ErrorKind::KeyCentreExists.into()),
        None => Ok(()),
    }
}

impl Authority {
    /// Founds the home's key centre: makes its vault, splits its wrapping key, and proposes to a second
    /// super-administrator that it serve this home. Until that one countersigns it may be founded again, which makes
    /// the earlier shares worthless.
    ///
    /// # Errors
    /// [`ErrorKind::NoRole`] unless the operator is a super-administrator; [`ErrorKind::KeyCentreExists`];
    /// [`ErrorKind::UnknownOperator`] for an officer who is no operator; `kmc.founding`, `kmc.split`; file errors.
    pub fn found_key_centre(&self, session: &Session, new: &NewKeyCentre) -> Result<FoundedKeyCentre> {
        let now = self.now();
        let officers = self.read_as(session, EventKind::KeyCentreFound.code(), |r| {
            let by = policy::acting(r, session, now)?;
            policy::holds(&by, &[Role::SuperAdmin])?;
            nothing_in_force(r)?;
            new.officers.iter().map(|(id, part)| officer(r, id, *part)).collect::<Result<Vec<_>>>()
        })?;
        let founding = hufu_kmc::Founding {
            name: new.name.clone(),
            authority: self.identity.ca,
            threshold: new.threshold,
            custodians: new.custodians.clone(),
            officers,
            caps: new.caps,
        };
        let building = self.home.vault().with_extension(format!("founding-{}", std::process::id()));
        remove_vault(&building)?;
        let founded = (|| {
            let (kmc, kek, shares) = Kmc::found(Vault::create(&building, now)?, &founding, now, &*self.entropy)?;
            kmc.vault().settle()?;
            drop((kmc, kek));
            self.put_vault(session, &building)?;
            Ok(shares)
        })();
        let shares = match founded {
            Ok(shares) => shares,
            Err(e) => {
                // What cannot be removed has a name that nobody opens.
                let _ = remove_vault(&building);
                return Err(e);
            }
        };
        hufu_store::fault!("f21");
        let facts = KeyCentreFacts::of(&KeyCentre::open(&self.home)?)?;
        match self.change(session, &Change::KeyCentre(Box::new(facts)))? {
            Outcome::Proposed(proposal) => Ok(FoundedKeyCentre { proposal, shares }),
            Outcome::Done(_) => Err(ErrorKind::Internal("a key centre founded by one person").into()),
        }
    }

    /// Gives the vault its name, while nobody else writes to the home: what is countersigned is what stands there.
    fn put_vault(&self, session: &Session, building: &Path) -> Result<()> {
        self.write(session, EventKind::KeyCentreFound.code(), |w| {
            nothing_in_force(&w.reader())?;
            let path = self.home.vault();
            if path.exists() {
                let pool = Kmc::open(Vault::open(&path, Mode::ReadOnly)?)?.pool()?;
                if pool.reserved + pool.escrowed + pool.history > 0 {
                    // Keys in use are never thrown away, whoever put them there.
                    return Err(ErrorKind::KeyCentreExists.into());
                }
                remove_vault(&path)?;
            }
            fs::rename(building, &path).map_err(|e| home::file_error(&path, e))?;
            remove_vault(building)?;
            home::sync_dir(path.parent().unwrap_or(Path::new(".")))
        })
    }

    /// The key centre as it stands, in force or waiting.
    ///
    /// # Errors
    /// `kmc.not-founded`; `store.…`.
    pub fn key_centre_status(&self) -> Result<KeyCentreStatus> {
        let in_force = match self.kmc() {
            Ok(_) => true,
            Err(e) if matches!(e.kind(), ErrorKind::KeyCentreWaits) => false,
            Err(e) => return Err(e),
        };
        let kmc = KeyCentre::open(&self.home)?;
        let officers = kmc.vault().read(|v| v.officers())?;
        let officers = officers.into_iter().map(|o| (o.id, o.part, o.status)).collect();
        let open_orders = self.key_orders(true)?.len();
        Ok(KeyCentreStatus { facts: KeyCentreFacts::of(&kmc)?, in_force, pool: kmc.pool()?, officers, open_orders })
    }

    /// Verifies the vault against its own ledger, and the home's orders against the vault's: what one says was carried
    /// out, the other ordered.
    ///
    /// # Errors
    /// As [`Authority::kmc`]: only what prevents looking.
    pub fn verify_key_centre(&self, progress: &dyn Fn(&'static str, u64, u64)) -> Result<AuditReport> {
        let kmc = self.kmc()?;
        let ledger = kmc.verify(progress)?;
        let mut report = AuditReport { events: ledger.events, ..AuditReport::default() };
        for f in ledger.findings {
            let (rule, object, message) = (f.what.code().to_owned(), f.place(), f.message);
            report.findings.push(Finding { rule, object, message });
        }
        let orders = self.key_orders(false)?;
        let mut find = |object: String, message: &str| {
            report.findings.push(Finding { rule: "altered".to_owned(), object, message: message.to_owned() });
        };
        for order in orders.iter().filter(|o| o.kind.recovery().is_some() && o.status == RecoveryStatus::Done) {
            let done = kmc.vault().read(|v| v.recovery(&order.digest))?.map(|row| row.status);
            if done != Some(RecoveryStatus::Done) {
                find(format!("key_order {}", order.id), "the home says it was carried out and the vault does not");
            }
        }
        for status in RecoveryStatus::ALL {
            for row in kmc.vault().read(|v| v.recoveries(status))? {
                if orders.iter().all(|order| order.digest != row.act) {
                    find(format!("recovery {}", row.act), "the vault knows an order that the home does not");
                }
            }
        }
        Ok(report)
    }

    /// The home's key centre, locked, when it is in force.
    ///
    /// # Errors
    /// `kmc.not-founded` when there is none; [`ErrorKind::KeyCentreWaits`] while the second person is missing;
    /// [`ErrorKind::KeyCentreDiffers`] when the vault is not the one the home knows; `store.…`.
    pub fn kmc(&self) -> Result<Kmc> {
        let known = self.read(|r| Ok(r.meta(META)?))?;
        if !self.home.vault().exists() {
            return Err(match known {
                Some(_) => ErrorKind::KeyCentreDiffers.into(),
                None => hufu_kmc::Error::from(hufu_kmc::ErrorKind::NotFounded).into(),
            });
        }
        let kmc = KeyCentre::open(&self.home)?;
        match known {
            None => Err(ErrorKind::KeyCentreWaits.into()),
            Some(known) if known == entry(kmc.kek(), kmc.check()) => Ok(kmc),
            Some(_) => Err(ErrorKind::KeyCentreDiffers.into()),
        }
    }
}

/// What the home keeps about its vault.
fn entry(kek: &str, check: &Digest) -> String {
    format!("{kek} {check}")
}

/// An operator of the home as an officer: with the key of the certificate they act with.
pub(crate) fn officer(r: &Reader<'_>, id: &OperatorId, part: RecoveryPart) -> Result<Officer> {
    Ok(Officer { id: id.clone(), part, key: key_of(r, &active(r, id)?)? })
}

fn active(r: &Reader<'_>, id: &OperatorId) -> Result<Operator> {
    let found = r.operator(id)?.filter(|o| o.status == OperatorStatus::Active);
    found.ok_or_else(|| ErrorKind::UnknownOperator(id.clone()).into())
}

fn key_of(r: &Reader<'_>, operator: &Operator) -> Result<PublicKey> {
    let der = r.certificate_der(&operator.certificate)?;
    let der = der.ok_or_else(|| ErrorKind::UnknownCertificate(operator.certificate.clone()))?;
    Ok(Certificate::from_der(&der)?.public_key()?)
}

/// Removes a vault that is not in force, and what SQLite keeps beside it.
fn remove_vault(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(home::file_error(&path, e)),
            _ => {}
        }
    }
    Ok(())
}
