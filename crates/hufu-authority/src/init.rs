//! `init`: the founding ceremony. It makes the root, the issuing CA, the key that signs checkpoints and the certificates
//! of two administrators, and records all of it as the first event of the ledger.
//!
//! The home is built in a folder beside its place and moved there when it is complete: a ceremony that was interrupted
//! leaves nothing that looks like a home.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hufu_issuer::ceremony::{self, CeremonyInput};
use hufu_issuer::{AfterSigning, Issuer};
use hufu_model::certificate::{Algorithm, CertificateRow, CertificateStatus};
use hufu_model::crl::MAX_SHARDS;
use hufu_model::entropy::Entropy;
use hufu_model::event::EventKind;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{OperatorId, OrgId};
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_model::profile::{NameAttribute, Profile, ProfileClass};
use hufu_model::request::{Medium, Reason};
use hufu_model::text::check_name;
use hufu_model::time::{Clock, Instant};
use hufu_store::{Mode, Store};
use hufu_x509::certificate::Certificate;
use hufu_x509::csr::{Csr, VerifiedCsr};
use hufu_x509::digest::sm3;
use hufu_x509::key::{Passphrase, SecretKey};
use hufu_x509::name::Name;
use hufu_x509::pkcs8;
use hufu_x509::seal::SealKey;
use hufu_x509::tbs::Urls;

use crate::authority::{Authority, CaSigner};
use crate::edge::{SystemClock, SystemEntropy};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{self, Home};
use crate::{change, clock, submit};

/// The id of the organisation every tree begins with.
pub const CA: &str = "ca";

/// What a home is founded from.
pub struct Founding {
    /// The authority's name in Chinese or English; it stands in the names of its CA certificates.
    pub name: String,
    /// The authority's name in English; may be empty.
    pub name_en: String,
    /// Where CRLs, OCSP and CA certificates will be published, e.g. `http://pki.example.cn`. It stands in every
    /// certificate (GB/T 20518 makes CRLDP, AIA and SIA mandatory) and cannot be changed later.
    pub base_http: String,
    /// The same for LDAP, e.g. `ldap://ldap.example.cn`.
    pub base_ldap: Option<String>,
    /// The folder of the anchor; a sibling of the home when not given. It belongs on other media than the home.
    pub anchor: Option<PathBuf>,
    /// Where the root's encrypted key is written; into the home when not given. It may be taken offline at any time.
    pub root_key: Option<PathBuf>,
    /// The instance octet of serial numbers, 1 to 127: two CAs that ever share an issuer name must differ here.
    pub instance: u8,
    /// Into how many shards the CRL is divided, 0 to [`hufu_model::crl::MAX_SHARDS`]; 0 for none. Which shard a certificate
    /// is on stands in the certificate, so that this cannot be changed later. [`hufu_model::crl::DEFAULT_SHARDS`] suits most.
    pub crl_shards: u16,
    /// The two administrators.
    pub administrators: [NewAdministrator; 2],
}

/// An administrator of the first hour, who keeps their own key.
pub struct NewAdministrator {
    /// Identifier.
    pub id: OperatorId,
    /// Name, as in the certificate.
    pub name: String,
    /// PKCS#10, PEM or DER, made with the administrator's key.
    pub csr: Vec<u8>,
}

/// What protects the keys of a home.
pub struct HomePassphrases<'a> {
    /// For the root, issuing and ledger keys.
    pub ca: &'a Passphrase,
    /// For the data key of sealed fields.
    pub home: &'a Passphrase,
}

impl Authority {
    /// Founds a home at `path`, which must not exist or be an empty folder.
    ///
    /// # Errors
    /// [`ErrorKind::HomeExists`]; name, CSR and URL errors; file errors. Nothing is left behind then.
    pub fn found(path: &Path, founding: &Founding, passphrases: &HomePassphrases<'_>) -> Result<Self> {
        Self::found_with(path, founding, passphrases, Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// As [`Authority::found`], with a clock and a random source of the caller's. On a simulated clock
    /// ([`Clock::simulated`]) it founds a TEST home: its root says so, and the machine's clock never writes in it.
    ///
    /// # Errors
    /// As [`Authority::found`].
    pub fn found_with(
        path: &Path,
        founding: &Founding,
        passphrases: &HomePassphrases<'_>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        // The settings name the anchor by its absolute path: a home is opened from any folder.
        let anchor = founding.anchor.clone().unwrap_or_else(|| sibling(path, "-anchor"));
        let anchor = std::path::absolute(&anchor).map_err(|e| home::file_error(&anchor, e))?;
        let anchor_file = anchor.join("checkpoints.pem");
        let occupied = path.is_file() || fs::read_dir(path).is_ok_and(|mut d| d.next().is_some());
        if occupied {
            return Err(ErrorKind::HomeExists(path.to_owned()).into());
        }
        if anchor_file.exists() {
            return Err(ErrorKind::HomeExists(anchor_file).into());
        }
        let ceremony = Ceremony::hold(founding, &*clock, &*entropy)?;
        let now = clock.now();

        let building = sibling(path, &format!(".founding-{}", std::process::id()));
        home::make_new_private_dir(&building)?;
        let mut outside = None;
        let built = ceremony.build(founding, passphrases, &building, &anchor_file, now, &*entropy, &mut outside);
        let built = built.and_then(|()| {
            home::make_private_dir(&anchor)?;
            home::sync_dir(anchor.parent().unwrap_or(Path::new("/")))?;
            if path.exists() {
                fs::remove_dir(path).map_err(|e| home::file_error(path, e))?;
            }
            fs::rename(&building, path).map_err(|e| home::file_error(path, e))?;
            home::sync_dir(path.parent().unwrap_or(Path::new(".")))
        });
        if let Err(e) = built {
            // A half-built home is no home; what cannot be removed is still not in the home's place.
            let _ = fs::remove_dir_all(&building);
            if let Some(root_key) = outside {
                let _ = fs::remove_file(root_key);
            }
            return Err(e);
        }
        let mut authority = Self::open_with(path, Mode::ReadWrite, clock, entropy)?;
        authority.unlock(passphrases.home)?;
        let ca = ceremony.into_signer(&authority, founding)?;
        authority.checkpoint(&ca)?;
        Ok(authority)
    }
}

/// The keys and certificates of a ceremony, before anything is on disk.
struct Ceremony {
    simulated: bool,
    root_key: SecretKey,
    issuing_key: SecretKey,
    ledger_key: SecretKey,
    root: Certificate,
    issuing: Certificate,
    ledger: Certificate,
    administrators: Vec<(Operator, VerifiedCsr, Certificate)>,
}

impl Ceremony {
    fn hold(founding: &Founding, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self> {
        let (now, simulated) = (clock.now(), clock.simulated());
        check_name(&founding.name, 48).map_err(change::name_fault)?;
        if !founding.name_en.is_empty() {
            check_name(&founding.name_en, 128).map_err(change::name_fault)?;
        }
        check_base(&founding.base_http, "http://")?;
        if let Some(ldap) = &founding.base_ldap {
            check_base(ldap, "ldap://")?;
        }
        if founding.administrators[0].id == founding.administrators[1].id {
            return Err(ErrorKind::SelfApproval(founding.administrators[0].id.clone()).into());
        }
        let urls = urls(&founding.base_http, founding.base_ldap.as_deref(), founding.crl_shards);
        let (root_key, issuing_key, ledger_key) =
            (SecretKey::generate(entropy)?, SecretKey::generate(entropy)?, SecretKey::generate(entropy)?);
        let name = |suffix: &str| -> Result<Name> {
            Ok(Name::new(vec![
                (NameAttribute::Country, "CN".to_owned()),
                (NameAttribute::Organisation, founding.name.clone()),
                (NameAttribute::CommonName, format!("{} {suffix}", founding.name)),
            ])?)
        };
        let make = |profile: &str,
                    subject: Name,
                    key: &hufu_x509::key::PublicKey,
                    below: Option<(&Certificate, &SecretKey)>| {
            let profile = shipped(profile)?;
            let input = CeremonyInput {
                profile: &profile,
                subject: &subject,
                subject_key: key,
                from: now,
                days: profile.default_days,
                urls: &urls,
                instance: founding.instance.clamp(1, 127),
            };
            Ok::<_, Error>(match below {
                None => ceremony::root(&input, &root_key, entropy)?,
                Some((issuer, key)) => ceremony::below(&input, issuer, key, entropy)?,
            })
        };
        // Whoever trusts a root reads its name first: nobody shall take this one for one that vouches for people.
        let root_name = name(if simulated { "测试 TEST Root CA" } else { "Root CA" })?;
        let root = make("root", root_name, root_key.public_key(), None)?;
        let issuing = make("issuing-ca", name("SM2 CA")?, issuing_key.public_key(), Some((&root, &root_key)))?;
        let by_issuing = Some((&issuing, &issuing_key));
        let ledger = make("ledger-signer", name("Ledger")?, ledger_key.public_key(), by_issuing)?;
        let mut administrators = Vec::new();
        for new in &founding.administrators {
            let csr = Csr::from_bytes(&new.csr)
                .and_then(Csr::verify)
                .map_err(|e| Error::from(e).about(new.id.to_string()))?;
            if administrators
                .iter()
                .any(|(_, other, _): &(Operator, VerifiedCsr, _)| other.public_key() == csr.public_key())
            {
                return Err(
                    Error::from(ErrorKind::SelfApproval(new.id.clone())).about("both administrators have one key")
                );
            }
            let subject = Name::new(vec![
                (NameAttribute::Country, "CN".to_owned()),
                (NameAttribute::Organisation, founding.name.clone()),
                (NameAttribute::CommonName, new.name.clone()),
            ])?;
            let certificate = make(submit::OPERATOR_PROFILE, subject, csr.public_key(), by_issuing)?;
            let operator = Operator {
                id: new.id.clone(),
                org: ca_org()?,
                name: new.name.clone(),
                roles: vec![Role::SuperAdmin, Role::Admin],
                certificate: certificate.serial().clone(),
                status: OperatorStatus::Active,
            };
            administrators.push((operator, csr, certificate));
        }
        Ok(Self { simulated, root_key, issuing_key, ledger_key, root, issuing, ledger, administrators })
    }

    /// Writes the whole home into the folder `building`, and the root's key to its place, which is `outside` when it was
    /// written elsewhere.
    #[allow(clippy::too_many_arguments)]
    fn build(
        &self,
        founding: &Founding,
        passphrases: &HomePassphrases<'_>,
        building: &Path,
        anchor_file: &Path,
        now: Instant,
        entropy: &dyn Entropy,
        outside: &mut Option<PathBuf>,
    ) -> Result<()> {
        home::make_new_private_dir(&building.join("keys"))?;
        let home = Home::at(building, anchor_file);
        home.write_settings()?;
        let root_key = founding.root_key.clone().unwrap_or_else(|| home.key("root"));
        for (path, key) in [
            (root_key, &self.root_key),
            (home.key("issuing"), &self.issuing_key),
            (home.key("ledger"), &self.ledger_key),
        ] {
            home::write_new(&path, pkcs8::encrypt(key, passphrases.ca, entropy)?.as_bytes())?;
            if founding.root_key.as_ref() == Some(&path) {
                *outside = Some(path);
            }
        }
        let data = SealKey::generate(entropy)?;
        home::write_new(&home.key("data"), &data.wrap(passphrases.home, entropy)?)?;
        let store = Store::create(&home.database(), now)?;
        store.write(now, |w| {
            let mut event = w.event(EventKind::Init, None, &founding.name);
            for (key, value) in [
                ("name", founding.name.clone()),
                ("base-http", founding.base_http.clone()),
                ("base-ldap", founding.base_ldap.clone().unwrap_or_default()),
                ("instance", founding.instance.clamp(1, 127).to_string()),
                ("crl-shards", founding.crl_shards.min(MAX_SHARDS).to_string()),
                (clock::ENTRY, if self.simulated { clock::SIMULATED.to_owned() } else { String::new() }),
            ] {
                if !value.is_empty() {
                    event.put_meta(key, &value)?;
                }
            }
            for (role, certificate) in [("root", &self.root), ("issuing", &self.issuing), ("ledger", &self.ledger)] {
                event.put_authority_certificate(role, certificate.der())?;
            }
            for (_, source) in hufu_data::profiles() {
                event.put_profile(&sm3(source.as_bytes()), &change::profile(source)?)?;
            }
            event.put_org(&Organisation {
                id: ca_org()?,
                parent: None,
                kind: OrgKind::Ca,
                name: founding.name.clone(),
                name_en: founding.name_en.clone(),
                region: None,
                limits: Limits::default(),
                status: OrgStatus::Active,
            })?;
            for (operator, csr, certificate) in &self.administrators {
                let holder = data.blind_index("holder", &format!("operator {}", operator.id));
                event.put_certificate(&founding_row(operator, certificate, holder, now)?, certificate.der())?;
                event.put_operator(operator)?;
                event.put_operator_certificate(certificate.serial(), &operator.id)?;
                let request = format!("init-{}", operator.id).parse()?;
                event.put_key_use(&csr.public_key().spki_digest(), &holder, &request)?;
            }
            event.close()?;
            Ok::<_, Error>(())
        })
    }

    /// The signer of the founding, for the first checkpoint.
    fn into_signer(self, authority: &Authority, founding: &Founding) -> Result<CaSigner> {
        let urls = urls(&founding.base_http, founding.base_ldap.as_deref(), founding.crl_shards);
        let instance = founding.instance.clamp(1, 127);
        let issuer = Issuer::new(self.issuing, Box::new(self.issuing_key), urls, instance, AfterSigning::Verify)?;
        let by = self.administrators.into_iter().next().map(|(operator, ..)| operator.id);
        let by = by.ok_or(ErrorKind::Internal("a founding without administrators"))?;
        let epoch = authority.store().start_signer(authority.now(), &by)?;
        Ok(CaSigner::new(vec![issuer], self.ledger_key, epoch))
    }
}

fn founding_row(
    operator: &Operator,
    certificate: &Certificate,
    holder: hufu_model::ident::Digest,
    now: Instant,
) -> Result<CertificateRow> {
    Ok(CertificateRow {
        serial: certificate.serial().clone(),
        request: None,
        org: operator.org.clone(),
        profile: submit::OPERATOR_PROFILE.parse()?,
        algorithm: Algorithm::Sm2,
        holder_kind: HolderKind::Person,
        holder,
        reason: Reason::First,
        medium: Medium::File,
        predecessor: None,
        subject: certificate.subject_text(),
        validity: certificate.validity(),
        issued_at: now.unix_seconds(),
        status: CertificateStatus::Active,
    })
}

pub(crate) fn ca_org() -> Result<OrgId> {
    Ok(CA.parse()?)
}

/// A profile as shipped, whatever its class.
pub(crate) fn shipped(id: &str) -> Result<Profile> {
    let found = hufu_data::profiles().iter().find(|(name, _)| *name == id);
    let (_, source) = found.ok_or_else(|| ErrorKind::UnknownProfile(id.to_owned()))?;
    let profile = change::profile(source)?;
    debug_assert!(profile.class != ProfileClass::EndEntity || profile.policy.is_some());
    Ok(profile)
}

/// A base URL: the scheme, a host, no path, so that what is appended is always well-formed.
fn check_base(base: &str, scheme: &'static str) -> Result<()> {
    let rest = base.strip_prefix(scheme).unwrap_or_default();
    let good = !rest.is_empty()
        && rest.len() <= 200
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'/' | b'_'));
    if good && !rest.ends_with('/') {
        return Ok(());
    }
    let what = format!("{base:?} is not a base URL: use {scheme}HOST[:PORT][/PATH] without a slash at the end");
    Err(ErrorKind::Unreadable { wanted: "a base URL", what }.into())
}

/// Where things are published, from the base URLs.
pub(crate) fn urls(http: &str, ldap: Option<&str>, shards: u16) -> Urls {
    Urls { http: http.to_owned(), ldap: ldap.map(str::to_owned), shards: shards.min(MAX_SHARDS) }
}

/// The path beside `path` whose name goes on with `suffix`.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_else(|| "hufu".to_owned());
    path.with_file_name(format!("{name}{suffix}"))
}
