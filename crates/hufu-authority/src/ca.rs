//! The issuing CAs of a home: the founding one and those that came after it.

use hufu_model::ca::CaStatus;
use hufu_model::ident::{CaId, Digest, Serial};
use hufu_model::revocation::RevocationReason;
use hufu_store::{IssuingCaRow, Reader};
use hufu_x509::certificate::Certificate;

use crate::authority::{Authority, Identity};
use crate::document;
use crate::error::{ErrorKind, Result};

/// The name of the CA that the founding made.
pub const FOUNDING_CA: &str = "issuing";

/// One issuing CA of a home.
#[derive(Debug, Clone)]
pub struct IssuingCa {
    /// The first octet of the serial numbers of its certificates, 1 to 127: they are one range.
    pub instance: u8,
    /// Its name within the home.
    pub name: CaId,
    /// What it is good for.
    pub status: CaStatus,
    /// Why the root revoked its certificate.
    pub reason: Option<RevocationReason>,
    /// Since when the status holds, in seconds since the Unix epoch; the founding CA is current from the beginning.
    pub since: i64,
    /// Its certificate.
    pub certificate: Certificate,
    /// SM3 of its SubjectPublicKeyInfo, by which signed records name it.
    pub ca: Digest,
    /// The name of its key file, for [`crate::Home::key`].
    pub key: String,
}

impl IssuingCa {
    fn of_row(row: &IssuingCaRow, certificate: Certificate, founding: bool) -> Result<Self> {
        Ok(Self {
            instance: row.instance,
            name: row.name.clone(),
            status: row.status,
            reason: row.reason,
            since: row.at,
            ca: certificate.public_key()?.spki_digest(),
            certificate,
            key: if founding { FOUNDING_CA.to_owned() } else { key_name(row.instance) },
        })
    }

    /// Its row, with another status.
    pub(crate) fn row(&self, status: CaStatus, reason: Option<RevocationReason>, at: i64) -> IssuingCaRow {
        let (instance, name, der) = (self.instance, self.name.clone(), self.certificate.der().to_vec());
        IssuingCaRow { instance, name, der, status, reason, at }
    }
}

/// The name of the key file of a further CA.
pub(crate) fn key_name(instance: u8) -> String {
    format!("ca-{instance}")
}

/// Every issuing CA of a home, as one snapshot of its database has them, by instance.
#[derive(Debug, Clone)]
pub struct IssuingCas(Vec<IssuingCa>);

impl IssuingCas {
    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, IssuingCa> {
        self.0.iter()
    }

    /// The one that takes requests that name none.
    ///
    /// # Errors
    /// [`ErrorKind::NoCurrentCa`] after the current one was revoked and before another one took its place.
    pub fn current(&self) -> Result<&IssuingCa> {
        self.iter().find(|ca| ca.status == CaStatus::Current).ok_or_else(|| ErrorKind::NoCurrentCa.into())
    }

    /// The one of this name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCa`].
    pub fn named(&self, name: &CaId) -> Result<&IssuingCa> {
        self.iter().find(|ca| ca.name == *name).ok_or_else(|| ErrorKind::UnknownCa(name.to_string()).into())
    }

    /// The one that signed records name by this digest.
    #[must_use]
    pub fn by_digest(&self, ca: &Digest) -> Option<&IssuingCa> {
        self.iter().find(|known| known.ca == *ca)
    }

    /// The one whose certificates have serial numbers like this one.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`] for a serial number that none of them gives.
    pub fn of_serial(&self, serial: &Serial) -> Result<&IssuingCa> {
        let instance = serial.as_bytes().first();
        let found = self.iter().find(|ca| Some(&ca.instance) == instance);
        found.ok_or_else(|| ErrorKind::UnknownCertificate(serial.clone()).into())
    }
}

impl<'a> IntoIterator for &'a IssuingCas {
    type Item = &'a IssuingCa;
    type IntoIter = std::slice::Iter<'a, IssuingCa>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Identity {
    /// The issuing CAs in this snapshot. The root's signature on each is verified: a row is not yet a certificate.
    pub(crate) fn cas(&self, r: &Reader<'_>) -> Result<IssuingCas> {
        let rows = r.issuing_cas()?;
        let root = self.root.public_key()?;
        let mut cas = Vec::with_capacity(rows.len() + 1);
        if rows.iter().all(|row| row.instance != self.instance) {
            let at = self.issuing.validity().not_before();
            let (instance, name, der) = (self.instance, FOUNDING_CA.parse()?, self.issuing.der().to_vec());
            let row = IssuingCaRow { instance, name, der, status: CaStatus::Current, reason: None, at };
            cas.push(IssuingCa::of_row(&row, self.issuing.clone(), true)?);
        }
        for row in &rows {
            let founding = row.instance == self.instance;
            let certificate = Certificate::from_der(&row.der)?;
            if founding && certificate.der() != self.issuing.der() {
                return Err(document::fault("home", "the founding CA's certificate was exchanged"));
            }
            if certificate.verify_signed_by(&root).is_err() {
                return Err(document::fault("home", &format!("the root did not sign the issuing CA {}", row.name)));
            }
            cas.push(IssuingCa::of_row(row, certificate, founding)?);
        }
        cas.sort_by_key(|ca| ca.instance);
        Ok(IssuingCas(cas))
    }

    /// The certificate of the issuing CA whose certificates have serial numbers like this one.
    pub(crate) fn issuer_of(&self, r: &Reader<'_>, serial: &Serial) -> Result<Certificate> {
        if serial.as_bytes().first() == Some(&self.instance) {
            return Ok(self.issuing.clone());
        }
        Ok(self.cas(r)?.of_serial(serial)?.certificate.clone())
    }
}

impl Authority {
    /// The issuing CAs of this home as they stand now.
    ///
    /// # Errors
    /// Database errors; a CA that the root did not sign.
    pub fn cas(&self) -> Result<IssuingCas> {
        self.read(|r| self.identity.cas(r))
    }
}
