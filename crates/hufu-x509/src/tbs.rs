//! Builds the octets that will be signed: the TBSCertificate of a profile, extension by extension as in the tables of
//! GB/T 20518-2018 Annex C.
//!
//! | extension | root C.1 | issuing CA C.2 | end entity C.3 |
//! |---|---|---|---|
//! | authorityKeyIdentifier | – | keyIdentifier | keyIdentifier |
//! | subjectKeyIdentifier | SHA-1 | SHA-1 | SHA-1 |
//! | basicConstraints | critical, CA | critical, CA, pathLen 0 | – |
//! | keyUsage | critical, by the profile | critical, by the profile | critical, by the profile |
//! | extKeyUsage | – | – | by the profile |
//! | id-pkix-ocsp-nocheck | – | – | with OCSPSigning |
//! | certificatePolicies | – | one OID | one OID |
//! | subjectAltName | – | – | hosts, by the profile |
//! | cRLDistributionPoints, authorityInfoAccess | – | yes | yes |
//! | subjectInfoAccess | caRepository | caRepository | – |
//!
//! What this module writes is not trusted by the issuer: [`crate::lint`] reads the octets again before they are signed.
//! The signature algorithm is written without parameters (§5.2.2), although many authorities write NULL.

use std::fmt;
use std::net::IpAddr;

use hufu_model::certificate::Algorithm;
use hufu_model::crl::shard;
use hufu_model::ident::{Serial, hex};
use hufu_model::profile::{ExtendedKeyUsage, Hosts, KeyUsage, Profile, ProfileClass};
use hufu_model::text;
use hufu_model::time::Validity;

use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::oid::{self, Oid};
use crate::sign::Signature;
use crate::time::put_time;
use crate::tlv::{Reader, Tlv, nest, put, put_unsigned, tag};

/// Where the authority publishes: the addresses that stand in every certificate.
///
/// Each CA is named by its key identifier, so that the root and the issuing CA, and a CA before and after a change of
/// its key, never share a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    /// The base of the HTTP addresses, e.g. `http://pki.example.cn`. Plain HTTP: the tables name no other, and what is
    /// published is signed.
    pub http: String,
    /// The base of the LDAP addresses, e.g. `ldap://ldap.example.cn` or `ldap://ldap.example.cn/o=ca,c=CN`.
    pub ldap: Option<String>,
    /// Into how many shards the CRL of the issuing CA is divided; 0 for none. A certificate names the shard it is found on
    /// ([`hufu_model::crl::shard`]) and, behind it, the full list.
    pub shards: u16,
}

impl Urls {
    fn http(&self) -> &str {
        self.http.trim_end_matches('/')
    }

    /// The entry of a CA in the directory, if there is one.
    fn ldap_entry(&self, key: &PublicKey, attribute: &str) -> Option<String> {
        let base = self.ldap.as_deref()?.trim_end_matches('/');
        let id = hex(&key.key_id());
        // RFC 4516 §2: ldap://host/dn?attributes; the CA's entry lies below the base DN.
        let (host, dn) = match base.strip_prefix("ldap://").unwrap_or(base).split_once('/') {
            Some((host, dn)) if !dn.is_empty() => (host, format!(",{dn}")),
            Some((host, _)) => (host, String::new()),
            None => (base.strip_prefix("ldap://").unwrap_or(base), String::new()),
        };
        (!host.is_empty()).then(|| format!("ldap://{host}/cn={id}{dn}?{attribute};binary"))
    }

    /// Where the CRL of the CA with `key` is found, HTTP first.
    #[must_use]
    pub fn crl(&self, key: &PublicKey) -> Vec<String> {
        let http = format!("{}/crl/{}.crl", self.http(), hex(&key.key_id()));
        [Some(http), self.ldap_entry(key, "certificateRevocationList")].into_iter().flatten().collect()
    }

    /// Where a shard of the CRL of the CA with `key` is found: the distribution point of the certificates on it. Only HTTP:
    /// an entry of a directory has one list.
    #[must_use]
    pub fn crl_shard(&self, key: &PublicKey, shard: u16) -> Vec<String> {
        vec![format!("{}/crl/{}-{shard}.crl", self.http(), hex(&key.key_id()))]
    }

    /// Where the delta CRL of the CA with `key` is found (freshestCRL of the full list).
    #[must_use]
    pub fn crl_delta(&self, key: &PublicKey) -> Vec<String> {
        vec![format!("{}/crl/{}-delta.crl", self.http(), hex(&key.key_id()))]
    }

    /// The place of an address of these in the folder that is served under the HTTP base, e.g. `crl/….crl`; none for
    /// an address elsewhere.
    #[must_use]
    pub fn place<'a>(&self, url: &'a str) -> Option<&'a str> {
        url.strip_prefix(self.http())?.strip_prefix('/')
    }

    /// Where the certificate of the CA with `key` is found (DER), HTTP first.
    #[must_use]
    pub fn ca_issuers(&self, key: &PublicKey) -> Vec<String> {
        let http = format!("{}/ca/{}.cer", self.http(), hex(&key.key_id()));
        [Some(http), self.ldap_entry(key, "cACertificate")].into_iter().flatten().collect()
    }

    /// Where the OCSP responder answers.
    #[must_use]
    pub fn ocsp(&self) -> String {
        format!("{}/ocsp", self.http())
    }

    /// Where the CA certificates are found that the CA with `key` has issued (certs-only message), LDAP first as Tables
    /// C.1 and C.2 ask for at least that.
    #[must_use]
    pub fn ca_repository(&self, key: &PublicKey) -> Vec<String> {
        let http = format!("{}/ca/{}.p7b", self.http(), hex(&key.key_id()));
        [self.ldap_entry(key, "cACertificate"), Some(http)].into_iter().flatten().collect()
    }

    fn check(&self) -> Result<()> {
        let bad = |what| Err(Error::new(ErrorKind::Tbs).about(what));
        if !is_url(self.http(), "http://") {
            return bad("the base of the HTTP addresses is not of the form http://pki.example.cn");
        }
        match self.ldap.as_deref() {
            None | Some("") => Ok(()),
            Some(ldap) if is_url(ldap, "ldap://") => Ok(()),
            Some(_) => bad("the base of the LDAP addresses is not of the form ldap://ldap.example.cn"),
        }
    }
}

/// Whether `text` begins with `scheme`, has a host, and holds only the characters of RFC 3986.
pub(crate) fn is_url(text: &str, scheme: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    text.strip_prefix(scheme).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && text.len() <= 2048
            && text.bytes().all(legal)
    })
}

/// A host that a certificate names in subjectAltName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A DNS name; `hufu_model::text::check_dns_name` says which.
    Dns(String),
    /// An IP address, version 4 or 6.
    Ip(IpAddr),
}

impl Host {
    /// Reads a GeneralName; none when it is of another kind or malformed.
    pub(crate) fn read(name: &Tlv<'_>) -> Option<Self> {
        match name.tag {
            DNS_NAME => std::str::from_utf8(name.value).ok().filter(|t| t.is_ascii()).map(|t| Self::Dns(t.to_owned())),
            IP_ADDRESS => match name.value.len() {
                4 => <[u8; 4]>::try_from(name.value).ok().map(|a| Self::Ip(a.into())),
                16 => <[u8; 16]>::try_from(name.value).ok().map(|a| Self::Ip(a.into())),
                _ => None,
            },
            _ => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(&text::printable(name)),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// dNSName [2] of GeneralName (RFC 5280 §4.2.1.6).
pub(crate) const DNS_NAME: u8 = tag::context(2);
/// uniformResourceIdentifier [6].
pub(crate) const URI: u8 = tag::context(6);
/// iPAddress [7].
pub(crate) const IP_ADDRESS: u8 = tag::context(7);

/// What one certificate is made from.
#[derive(Debug, Clone, Copy)]
pub struct TbsInput<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The serial number.
    pub serial: &'a Serial,
    /// The issuer: the subject of the issuing CA's certificate, octet for octet.
    pub issuer_der: &'a [u8],
    /// The issuer's key.
    pub issuer_key: &'a PublicKey,
    /// The subject, DER of a Name.
    pub subject_der: &'a [u8],
    /// The subject's key.
    pub subject_key: &'a PublicKey,
    /// The validity period.
    pub validity: Validity,
    /// Host names and addresses; empty unless the profile wants them.
    pub hosts: &'a [Host],
    /// Where CRLs, OCSP and CA certificates are published.
    pub urls: &'a Urls,
}

/// Builds a TBSCertificate.
///
/// # Errors
/// [`ErrorKind::Tbs`] saying what does not fit together: hosts that the profile does not want or a host that is none, a
/// profile without a policy, an address that is no URL, a root whose issuer is another.
pub fn build(input: &TbsInput<'_>) -> Result<Vec<u8>> {
    let policy = check(input)?;
    let mut out = Vec::with_capacity(1024);
    nest(&mut out, tag::SEQUENCE, |out| {
        nest(out, tag::constructed(0), |out| put(out, tag::INTEGER, &[2]));
        put_unsigned(out, input.serial.as_bytes());
        put_algorithm(out);
        out.extend_from_slice(input.issuer_der);
        nest(out, tag::SEQUENCE, |out| {
            put_time(out, input.validity.not_before());
            put_time(out, input.validity.not_after());
        });
        out.extend_from_slice(input.subject_der);
        out.extend_from_slice(&input.subject_key.spki_der());
        nest(out, tag::constructed(3), |out| {
            nest(out, tag::SEQUENCE, |out| put_extensions(out, input, policy));
        });
    });
    Ok(out)
}

/// The certificate: a TBSCertificate, the same algorithm identifier again, and the signature.
///
/// # Errors
/// [`ErrorKind::NotDer`] when `tbs` is not one SEQUENCE.
pub fn assemble(tbs: &[u8], signature: &Signature) -> Result<Vec<u8>> {
    let mut reader = Reader::new(tbs);
    reader.expect(tag::SEQUENCE, "tbsCertificate is no SEQUENCE")?;
    reader.finish("octets behind tbsCertificate")?;
    let mut out = Vec::with_capacity(tbs.len() + 96);
    nest(&mut out, tag::SEQUENCE, |out| {
        out.extend_from_slice(tbs);
        put_algorithm(out);
        nest(out, tag::BIT_STRING, |out| {
            out.push(0);
            out.extend_from_slice(signature.der());
        });
    });
    Ok(out)
}

/// SM2-with-SM3, parameters absent.
pub(crate) fn put_algorithm(out: &mut Vec<u8>) {
    nest(out, tag::SEQUENCE, |out| put(out, tag::OID, oid::SM2_WITH_SM3.as_bytes()));
}

/// Checks what the types do not, and returns the policy.
fn check(input: &TbsInput<'_>) -> Result<Option<Oid>> {
    let fault = |what: String| Error::new(ErrorKind::Tbs).about(what);
    let bad = |what: String| Err(fault(what));
    let profile = input.profile;
    if profile.algorithm != Algorithm::Sm2 {
        return bad(format!("the profile {} is for {} keys; only SM2 is signed here", profile.id, profile.algorithm));
    }
    let root = profile.class == ProfileClass::Root;
    if root && (input.issuer_der != input.subject_der || input.issuer_key != input.subject_key) {
        return bad("a root has one name and one key as issuer and subject".to_owned());
    }
    match (profile.hosts, input.hosts) {
        (Hosts::Unused, []) | (Hosts::Required, [_, ..]) => {}
        (Hosts::Unused, _) => return bad(format!("the profile {} names no hosts", profile.id)),
        (Hosts::Required, []) => return bad(format!("the profile {} needs at least one host", profile.id)),
    }
    for host in input.hosts {
        if let Host::Dns(name) = host {
            text::check_dns_name(name).map_err(|e| fault(e.to_string()))?;
        }
    }
    input.urls.check()?;
    match (&profile.policy, root) {
        (None, true) => Ok(None),
        (None, false) => bad(format!("the profile {} has no policy, which only a root may lack", profile.id)),
        (Some(policy), _) => {
            let policy = policy.parse::<Oid>();
            policy.map(Some).map_err(|e| fault(format!("the policy of the profile {}: {e}", profile.id)))
        }
    }
}

fn put_extensions(out: &mut Vec<u8>, input: &TbsInput<'_>, policy: Option<Oid>) {
    let profile = input.profile;
    let below = profile.class != ProfileClass::Root;
    let ca = profile.class != ProfileClass::EndEntity;
    if below {
        extension(out, oid::AUTHORITY_KEY_IDENTIFIER, false, |out| {
            nest(out, tag::SEQUENCE, |out| put(out, tag::context(0), &input.issuer_key.key_id()));
        });
    }
    extension(out, oid::SUBJECT_KEY_IDENTIFIER, false, |out| {
        put(out, tag::OCTET_STRING, &input.subject_key.key_id());
    });
    if ca {
        extension(out, oid::BASIC_CONSTRAINTS, true, |out| {
            nest(out, tag::SEQUENCE, |out| {
                put(out, tag::BOOLEAN, &[0xff]);
                if below {
                    put(out, tag::INTEGER, &[0]);
                }
            });
        });
    }
    extension(out, oid::KEY_USAGE, true, |out| put(out, tag::BIT_STRING, &key_usage_bits(&profile.key_usage)));
    if !profile.extended_key_usage.is_empty() {
        extension(out, oid::EXTENDED_KEY_USAGE, false, |out| {
            nest(out, tag::SEQUENCE, |out| {
                for usage in &profile.extended_key_usage {
                    put(out, tag::OID, purpose(*usage).as_bytes());
                }
            });
        });
    }
    if profile.extended_key_usage.contains(&ExtendedKeyUsage::OcspSigning) {
        // Asking about the one who answers would never end (RFC 6960 §4.2.2.2.1).
        extension(out, oid::OCSP_NO_CHECK, false, |out| put(out, tag::NULL, &[]));
    }
    if let Some(policy) = policy {
        extension(out, oid::CERTIFICATE_POLICIES, false, |out| {
            nest(out, tag::SEQUENCE, |out| {
                nest(out, tag::SEQUENCE, |out| put(out, tag::OID, policy.as_bytes()));
            });
        });
    }
    if !input.hosts.is_empty() {
        extension(out, oid::SUBJECT_ALT_NAME, false, |out| {
            nest(out, tag::SEQUENCE, |out| input.hosts.iter().for_each(|host| put_host(out, host)));
        });
    }
    if below {
        put_addresses(out, input);
    }
    if ca {
        let repository = input.urls.ca_repository(input.subject_key);
        extension(out, oid::SUBJECT_INFO_ACCESS, false, |out| {
            nest(out, tag::SEQUENCE, |out| put_access(out, oid::AD_CA_REPOSITORY, &repository));
        });
    }
}

/// cRLDistributionPoints and authorityInfoAccess.
fn put_addresses(out: &mut Vec<u8>, input: &TbsInput<'_>) {
    extension(out, oid::CRL_DISTRIBUTION_POINTS, false, |out| {
        nest(out, tag::SEQUENCE, |out| {
            // Two points, not two names of one: they are two lists (RFC 5280 §4.2.1.13). Only certificates of users are
            // found on shards; a CA's list of CAs is short.
            if let Some(shard) = shard(input.serial, input.urls.shards)
                && input.profile.class == ProfileClass::EndEntity
            {
                put_point(out, &input.urls.crl_shard(input.issuer_key, shard));
            }
            put_point(out, &input.urls.crl(input.issuer_key));
        });
    });
    extension(out, oid::AUTHORITY_INFO_ACCESS, false, |out| {
        nest(out, tag::SEQUENCE, |out| {
            put_access(out, oid::AD_CA_ISSUERS, &input.urls.ca_issuers(input.issuer_key));
            put_access(out, oid::AD_OCSP, &[input.urls.ocsp()]);
        });
    });
}

/// A DistributionPoint of addresses.
pub(crate) fn put_point(out: &mut Vec<u8>, urls: &[String]) {
    nest(out, tag::SEQUENCE, |out| put_point_name(out, urls));
}

/// distributionPoint [0] with fullName [0] (RFC 5280 §4.2.1.13, §5.2.5).
pub(crate) fn put_point_name(out: &mut Vec<u8>, urls: &[String]) {
    nest(out, tag::constructed(0), |out| {
        nest(out, tag::constructed(0), |out| urls.iter().for_each(|url| put(out, URI, url.as_bytes())));
    });
}

pub(crate) fn extension(out: &mut Vec<u8>, oid: Oid, critical: bool, value: impl FnOnce(&mut Vec<u8>)) {
    nest(out, tag::SEQUENCE, |out| {
        put(out, tag::OID, oid.as_bytes());
        if critical {
            put(out, tag::BOOLEAN, &[0xff]);
        }
        nest(out, tag::OCTET_STRING, value);
    });
}

fn put_access(out: &mut Vec<u8>, method: Oid, urls: &[String]) {
    for url in urls {
        nest(out, tag::SEQUENCE, |out| {
            put(out, tag::OID, method.as_bytes());
            put(out, URI, url.as_bytes());
        });
    }
}

fn put_host(out: &mut Vec<u8>, host: &Host) {
    match host {
        Host::Dns(name) => put(out, DNS_NAME, name.as_bytes()),
        // Table C.3 prints IA5String for iPAddress, a slip: §5.2.4.2.9 and RFC 5280 say OCTET STRING.
        Host::Ip(IpAddr::V4(address)) => put(out, IP_ADDRESS, &address.octets()),
        Host::Ip(IpAddr::V6(address)) => put(out, IP_ADDRESS, &address.octets()),
    }
}

/// The content of the keyUsage BIT STRING in DER: trailing zero bits removed (X.690 §11.2.2).
pub(crate) fn key_usage_bits(usages: &[KeyUsage]) -> Vec<u8> {
    let bits = usages.iter().fold(0_u8, |bits, usage| bits | 0x80 >> usage.bit());
    match u8::try_from(bits.trailing_zeros()) {
        Ok(unused) if bits != 0 => vec![unused, bits],
        _ => vec![0],
    }
}

/// The key purpose of RFC 5280 §4.2.1.12.
pub(crate) const fn purpose(usage: ExtendedKeyUsage) -> Oid {
    match usage {
        ExtendedKeyUsage::ServerAuth => oid::KP_SERVER_AUTH,
        ExtendedKeyUsage::ClientAuth => oid::KP_CLIENT_AUTH,
        ExtendedKeyUsage::EmailProtection => oid::KP_EMAIL_PROTECTION,
        ExtendedKeyUsage::OcspSigning => oid::KP_OCSP_SIGNING,
    }
}

#[cfg(test)]
mod tests;
