//! The certificate of the OCSP responder (RFC 6960 §4.2.2.2): issued by the issuing CA itself, recorded before and after it
//! is signed, with a key of its own each time.
//!
//! A super-administrator of the CA asks for it, and only with the CA's keys unlocked. Whoever holds the responder's key
//! can say of any certificate that it is good: the key has a passphrase of its own, so that the machine that answers the
//! public never holds what opens the CA's keys.
//!
//! # What is true after a crash
//! | killed | on disk | what the next call does |
//! |---|---|---|
//! | after the intent committed (f30) | intent; the new key beside the old one | makes another key and certificate |
//! | after the certificate committed (f30-stored) | certificate; its key still in `ocsp-N.next.key` | the responder opens that one |
//! | after the key took its place (f30-key) | everything; no checkpoint yet | the next checkpoint covers it |

use hufu_issuer::ceremony::CeremonyInput;
use hufu_issuer::issuer::new_serial;
use hufu_model::event::EventKind;
use hufu_model::ident::CaId;
use hufu_model::operator::{Operator, Role};
use hufu_model::profile::{NameAttribute, Profile};
use hufu_store::Reader;
use hufu_x509::certificate::Certificate;
use hufu_x509::digest::sm3;
use hufu_x509::key::{Passphrase, SecretKey};
use hufu_x509::name::Name;
use hufu_x509::pkcs8;

use crate::authority::{Authority, CaSigner, Session};
use crate::change;
use crate::error::{ErrorKind, Result};
use crate::home::{self, Home};
use crate::policy;

/// The profile of a responder's certificate.
const PROFILE: &str = "ocsp-responder";

/// Whether there may be a responder already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is the first certificate of this responder.
    First,
    /// It takes the place of an earlier one, which stays valid until its end.
    Renewal,
}

/// The role of the certificate of the responder of an instance.
pub(crate) fn role(instance: u8) -> String {
    format!("ocsp-{instance}")
}

/// The certificate of the responder of an instance, if it has one: the last one counts.
pub(crate) fn certificate(r: &Reader<'_>, instance: u8) -> Result<Option<Certificate>> {
    let role = role(instance);
    let found = r.authority_certificates()?.into_iter().rfind(|c| c.role == role);
    Ok(found.map(|c| Certificate::from_der(&c.der)).transpose()?)
}

/// The key of `certificate`. A renewal that was interrupted has left it in the place of the next one.
pub(crate) fn key(home: &Home, instance: u8, certificate: &Certificate, passphrase: &Passphrase) -> Result<SecretKey> {
    let public = certificate.public_key()?;
    let mut fault = None;
    for path in [home.key(&role(instance)), next_key(home, instance)] {
        let opened = home::read(&path).and_then(|pem| Ok(pkcs8::decrypt(&pem, passphrase)?));
        match opened {
            Ok(key) if *key.public_key() == public => return Ok(key),
            Ok(_) => {}
            Err(e) => drop(fault.get_or_insert(e.about(path.display().to_string()))),
        }
    }
    let other = || crate::document::fault("responder key", "it is not the one of its certificate");
    Err(fault.unwrap_or_else(other))
}

fn next_key(home: &Home, instance: u8) -> std::path::PathBuf {
    home.key(&format!("{}.next", role(instance)))
}

impl Authority {
    /// The certificate of the OCSP responder of the issuing CA with this instance, if it has one.
    ///
    /// # Errors
    /// Database errors.
    pub fn responder(&self, instance: u8) -> Result<Option<Certificate>> {
        self.read(|r| certificate(r, instance))
    }

    /// Makes a key and a certificate for the OCSP responder of the issuing CA called `of`, or of the current one. The key
    /// is encrypted under `passphrase` and lies in the home.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCa`]; [`ErrorKind::NoRole`] unless the operator is a super-administrator of the CA; [`ErrorKind::ResponderExists`] and
    /// [`ErrorKind::NoResponder`]; `store.fenced`; lint, signing and file errors.
    pub fn issue_responder(
        &self,
        session: &Session,
        ca: &CaSigner,
        of: Option<&CaId>,
        turn: Turn,
        passphrase: &Passphrase,
    ) -> Result<Certificate> {
        let kind = EventKind::ResponderIntent;
        let now = self.now();
        let (issuing, profile) = self.read_as(session, kind.code(), |r| {
            permit(r, &policy::acting(r, session, now)?)?;
            let cas = self.identity.cas(r)?;
            let issuing = of.map_or_else(|| cas.current(), |name| cas.named(name))?.clone();
            match (certificate(r, issuing.instance)?, turn) {
                (Some(_), Turn::First) => Err(ErrorKind::ResponderExists(issuing.instance).into()),
                (None, Turn::Renewal) => Err(ErrorKind::NoResponder(issuing.instance).into()),
                _ => Ok((issuing, current_profile(r)?)),
            }
        })?;
        let (issuer, instance) = (ca.issuer(&issuing)?, issuing.instance);
        let key = SecretKey::generate(&*self.entropy)?;
        let next = next_key(&self.home, instance);
        home::write_atomically(&next, pkcs8::encrypt(&key, passphrase, &*self.entropy)?.as_bytes())?;
        let subject = Name::new(vec![
            (NameAttribute::Country, "CN".to_owned()),
            (NameAttribute::Organisation, self.identity.name.clone()),
            (NameAttribute::CommonName, format!("{} OCSP {instance}", self.identity.name)),
        ])?;
        let input = CeremonyInput {
            profile: &profile,
            subject: &subject,
            subject_key: key.public_key(),
            from: now,
            days: profile.default_days,
            urls: &self.identity.urls,
            instance,
        };
        let serial = new_serial(instance, now, &*self.entropy)?;
        let tbs = issuer.draft_own(&input, &serial)?;
        let object = serial.to_string();
        let fields = vec![
            ("instance".to_owned(), instance.to_string()),
            ("key".to_owned(), key.public_key().spki_digest().to_string()),
            ("tbs".to_owned(), sm3(&tbs).to_string()),
        ];
        let (_, document) = self.sign_act(session, kind.code(), kind, Ok(object.clone()), fields.clone())?;
        let intent = self.write(session, kind.code(), |w| {
            w.fence(ca.epoch)?;
            permit(&w.reader(), &policy::acting(&w.reader(), session, w.now())?)?;
            let mut event = w.event(kind, Some(session.operator()), &object);
            fields.iter().for_each(|(name, value)| event.field(name, value));
            event.put_document(&document)?;
            Ok(event.close()?)
        })?;
        hufu_store::fault!("f30");
        let certificate = issuer.sign_own(&tbs, &*self.entropy)?;
        self.write(session, EventKind::Responder.code(), |w| {
            w.fence(ca.epoch)?;
            let mut event = w.event(EventKind::Responder, Some(session.operator()), &object);
            event.field("intent", &intent.to_string());
            event.put_authority_certificate(&role(instance), certificate.der())?;
            Ok(event.close()?)
        })?;
        hufu_store::fault!("f30-stored");
        home::move_into_place(&next, &self.home.key(&role(instance)))?;
        hufu_store::fault!("f30-key");
        self.checkpoint(ca)?;
        Ok(certificate)
    }
}

/// A super-administrator of the CA, which is not frozen.
pub(crate) fn permit(r: &Reader<'_>, by: &Operator) -> Result<()> {
    policy::holds(by, &[Role::SuperAdmin])?;
    let (tree, ca) = (r.org_tree()?, crate::init::ca_org()?);
    policy::within(&tree, by, &ca)?;
    policy::not_frozen(&tree, &ca)
}

fn current_profile(r: &Reader<'_>) -> Result<Profile> {
    let row = r.profile_current(&PROFILE.parse()?)?;
    change::profile(&row.ok_or_else(|| ErrorKind::UnknownProfile(PROFILE.to_owned()))?.source)
}
