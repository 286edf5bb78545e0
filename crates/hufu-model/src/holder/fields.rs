//! The fields of a holder, checked.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::{DocumentFault, DocumentType, HolderKind, check_credit_code, check_document};
use crate::ident::IdError;
use crate::org::RegionCode;
use crate::text::{NameFault, check_dns_name, check_email, check_name, check_phone, fold, repeatable};

/// Who may see a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// It may stand in a certificate and in every listing.
    Public,
    /// It is encrypted at rest, masked in every output, and enters the signed record only as a salted digest.
    Personal,
}

/// A field an operator takes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Two-letter country code; `CN` when not given.
    Country,
    /// Province by name (省).
    Province,
    /// City by name (市).
    City,
    /// Division code of GB/T 2260 (行政区划代码).
    Region,
    /// The organisation the holder belongs to (单位).
    Organisation,
    /// Its unit (部门).
    Unit,
    /// The holder's name (姓名/名称).
    Name,
    /// Unified social credit code (统一社会信用代码).
    CreditCode,
    /// Kind of identity document (证件类型).
    DocumentType,
    /// Mail address.
    Email,
    /// Number of the identity document (证件号码).
    DocumentNumber,
    /// Telephone (电话).
    Phone,
    /// Contact person of an organisation (经办人).
    ContactName,
    /// Telephone of the contact person.
    ContactPhone,
    /// The person responsible for a device (设备管理员).
    AdministratorName,
    /// Telephone of that person.
    AdministratorPhone,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 16] = [
        Self::Country,
        Self::Province,
        Self::City,
        Self::Region,
        Self::Organisation,
        Self::Unit,
        Self::Name,
        Self::CreditCode,
        Self::DocumentType,
        Self::Email,
        Self::DocumentNumber,
        Self::Phone,
        Self::ContactName,
        Self::ContactPhone,
        Self::AdministratorName,
        Self::AdministratorPhone,
    ];

    /// The stable name, as in profiles, records and sheets.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Province => "province",
            Self::City => "city",
            Self::Region => "region",
            Self::Organisation => "organisation",
            Self::Unit => "unit",
            Self::Name => "name",
            Self::CreditCode => "credit-code",
            Self::DocumentType => "document-type",
            Self::Email => "email",
            Self::DocumentNumber => "document-number",
            Self::Phone => "phone",
            Self::ContactName => "contact-name",
            Self::ContactPhone => "contact-phone",
            Self::AdministratorName => "administrator-name",
            Self::AdministratorPhone => "administrator-phone",
        }
    }

    /// Who may see it.
    #[must_use]
    pub const fn visibility(self) -> Visibility {
        match self {
            Self::DocumentNumber
            | Self::Phone
            | Self::ContactName
            | Self::ContactPhone
            | Self::AdministratorName
            | Self::AdministratorPhone => Visibility::Personal,
            _ => Visibility::Public,
        }
    }

    /// Whether it must be taken down for this kind of holder.
    #[must_use]
    pub const fn required_for(self, kind: HolderKind, purpose: Purpose) -> bool {
        if matches!(purpose, Purpose::Operator) {
            return matches!(self, Self::Name | Self::Region);
        }
        matches!(
            (self, kind),
            (Self::Name | Self::Region, _)
                | (Self::DocumentType | Self::DocumentNumber | Self::Phone, HolderKind::Person)
                | (Self::CreditCode | Self::ContactName | Self::ContactPhone, HolderKind::Organisation)
                | (Self::Organisation | Self::AdministratorName | Self::AdministratorPhone, HolderKind::Device)
        )
    }
}

crate::code_enum!(Field, "holder field", "the field names of the request template");

/// What the holder's certificate is for, which decides the fields that must be taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A subscriber of the authority: the full set of fields for the kind of holder.
    Subscriber,
    /// Staff of the authority's own organisations, known to the administrators: name and region.
    Operator,
}

/// What is wrong with one field of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderFault {
    /// The field's name, or `host`.
    pub field: &'static str,
    /// What is wrong with it.
    pub fault: FieldFault,
}

/// The ways a field can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldFault {
    /// It must be given for this kind of holder.
    Missing,
    /// The text breaks a name rule.
    Name(NameFault),
    /// The document number or credit code breaks its rule.
    Document(DocumentFault),
    /// A code that does not exist.
    Code(IdError),
    /// Host names are given for a holder that is no device, or a host is neither a name nor an address.
    Host(String),
}

impl fmt::Display for HolderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field)?;
        match &self.fault {
            FieldFault::Missing => write!(f, "missing, this kind of holder needs it"),
            FieldFault::Name(e) => e.fmt(f),
            FieldFault::Document(e) => e.fmt(f),
            FieldFault::Code(e) => e.fmt(f),
            FieldFault::Host(h) => write!(f, "{:?} is neither a host name nor an IP address of a device", h),
        }
    }
}

impl std::error::Error for HolderFault {}

/// A holder whose fields were checked and normalised. There is no other way to make one than [`Holder::check`].
///
/// It has no `Debug`: personal fields must not reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    kind: HolderKind,
    fields: BTreeMap<Field, String>,
    hosts: Vec<String>,
}

impl Holder {
    /// Checks the fields of a holder: everything required is there, names are clean, check digits fit, codes exist.
    ///
    /// # Errors
    /// The first [`HolderFault`], in the order of [`Field::ALL`].
    pub fn check(
        kind: HolderKind,
        purpose: Purpose,
        fields: impl IntoIterator<Item = (Field, String)>,
        hosts: Vec<String>,
    ) -> Result<Self, HolderFault> {
        let mut given: BTreeMap<Field, String> = fields.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        given.entry(Field::Country).or_insert_with(|| "CN".to_owned());
        let mut checked = BTreeMap::new();
        for field in Field::ALL {
            let wrong = |fault| HolderFault { field: field.code(), fault };
            match given.get(&field) {
                Some(value) => {
                    checked.insert(field, check_field(field, value, &given).map_err(wrong)?);
                }
                None if field.required_for(kind, purpose) => return Err(wrong(FieldFault::Missing)),
                None => {}
            }
        }
        let hosts = hosts.into_iter().map(|h| check_host(kind, h)).collect::<Result<_, _>>()?;
        Ok(Self { kind, fields: checked, hosts })
    }

    /// The kind of holder.
    #[must_use]
    pub fn kind(&self) -> HolderKind {
        self.kind
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }

    /// Host names and IP addresses of a device.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The fields of one visibility, in the order of [`Field::ALL`].
    pub fn fields(&self, visibility: Visibility) -> impl Iterator<Item = (Field, &str)> {
        self.fields.iter().filter(move |(f, _)| f.visibility() == visibility).map(|(f, v)| (*f, v.as_str()))
    }

    /// The division the holder is in.
    #[must_use]
    pub fn region(&self) -> Option<RegionCode> {
        self.get(Field::Region)?.parse().ok()
    }

    /// What tells this holder from every other, as one text: the identity document of a person, the credit code of an
    /// organisation, organisation and name of a device. Two requests about one holder give the same text.
    #[must_use]
    pub fn identity(&self) -> String {
        let field = |f| self.get(f).unwrap_or_default();
        match self.kind {
            HolderKind::Person => format!("{} {}", field(Field::DocumentType), field(Field::DocumentNumber)),
            HolderKind::Organisation => format!("credit-code {}", field(Field::CreditCode)),
            HolderKind::Device => format!("device {} / {}", fold(field(Field::Organisation)), fold(field(Field::Name))),
        }
    }
}

fn check_field(field: Field, value: &str, all: &BTreeMap<Field, String>) -> Result<String, FieldFault> {
    let clean = |max| check_name(value, max).map(|()| value.to_owned()).map_err(FieldFault::Name);
    let code = |e: IdError| FieldFault::Code(IdError { text: repeatable(&e.text), ..e });
    match field {
        Field::Country if value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase()) => Ok(value.to_owned()),
        Field::Country => Err(FieldFault::Code(IdError {
            what: "country code",
            text: value.chars().take(8).collect(),
            rule: "two capital letters of ISO 3166-1",
        })),
        Field::Region => value.parse::<RegionCode>().map(|r| r.to_string()).map_err(code),
        Field::CreditCode => check_credit_code(value).map_err(FieldFault::Document),
        Field::DocumentType => value.parse::<DocumentType>().map(|d| d.to_string()).map_err(code),
        Field::DocumentNumber => {
            let kind = all.get(&Field::DocumentType).map(String::as_str).unwrap_or_default();
            let kind: DocumentType = kind.parse().map_err(code)?;
            check_document(kind, value).map_err(FieldFault::Document)
        }
        Field::Email => check_email(value).map(|()| value.to_owned()).map_err(FieldFault::Name),
        Field::Phone | Field::ContactPhone | Field::AdministratorPhone => {
            check_phone(value).map(|()| value.to_owned()).map_err(FieldFault::Name)
        }
        Field::Province | Field::City => clean(128),
        _ => clean(64),
    }
}

fn check_host(kind: HolderKind, host: String) -> Result<String, HolderFault> {
    let good = kind == HolderKind::Device && (host.parse::<IpAddr>().is_ok() || check_dns_name(&host).is_ok());
    if good {
        Ok(host)
    } else {
        Err(HolderFault {
            field: "host",
            fault: FieldFault::Host(repeatable(&host.chars().take(80).collect::<String>())),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn person(changes: &[(Field, &str)]) -> Result<Holder, HolderFault> {
        let mut fields = BTreeMap::from([
            (Field::Name, "阿卜杜拉·买买提".to_owned()),
            (Field::Region, "650100".to_owned()),
            (Field::DocumentType, "resident-id".to_owned()),
            (Field::DocumentNumber, "11010519491231002x".to_owned()),
            (Field::Phone, "13800138000".to_owned()),
        ]);
        fields.extend(changes.iter().map(|(f, v)| (*f, (*v).to_owned())));
        Holder::check(HolderKind::Person, Purpose::Subscriber, fields, Vec::new())
    }

    #[test]
    fn a_real_person_passes_and_is_normalised() {
        let holder = person(&[]).ok().unwrap();
        assert_eq!(holder.get(Field::DocumentNumber), Some("11010519491231002X"));
        assert_eq!(holder.get(Field::Country), Some("CN"));
        assert_eq!(holder.identity(), "resident-id 11010519491231002X");
        assert!(holder.fields(Visibility::Public).all(|(f, _)| f != Field::DocumentNumber));
    }

    #[test]
    fn each_wrong_field_is_named() {
        for (field, value) in [
            (Field::DocumentNumber, "110105194912310021"),
            (Field::Name, "=cmd|' /C calc'!A0"),
            (Field::Region, "65010"),
            (Field::Country, "cn"),
            (Field::Phone, "call me"),
            (Field::Name, ""),
        ] {
            assert_eq!(person(&[(field, value)]).err().unwrap().field, field.code(), "{value}");
        }
    }

    #[test]
    fn only_devices_have_hosts() {
        let fields = [(Field::Name, "a".to_owned()), (Field::Region, "110000".to_owned())];
        let fault = Holder::check(HolderKind::Organisation, Purpose::Subscriber, fields, vec!["a.gov.cn".to_owned()])
            .err()
            .unwrap();
        assert_eq!(fault.field, "credit-code");
    }
}
