//! Invented people, offices and devices with valid numbers, their keys and their requests.

use hufu_authority::NewRequest;
use hufu_model::entropy::Entropy;
use hufu_model::holder::{Field, HolderKind, credit_code_with_check, resident_id_with_check};
use hufu_model::operator::Role;
use hufu_model::profile::NameAttribute;
use hufu_model::request::{Medium, Reason};
use hufu_x509::csr;
use hufu_x509::digest::sm3;
use hufu_x509::key::SecretKey;
use hufu_x509::name::Name;

use crate::chance::SeededEntropy;

/// Makes people: everything about the one called `label` follows from the seed and the label.
#[derive(Debug, Clone)]
pub struct People {
    seed: String,
}

impl People {
    /// People that follow from `seed`.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned() }
    }

    /// The key of `label`; the same one each time.
    #[must_use]
    pub fn key(&self, label: &str) -> SecretKey {
        SecretKey::from_scalar(&self.scalar(label)).expect("a scalar in range")
    }

    /// The octets of that key, for judges.
    #[must_use]
    pub fn scalar(&self, label: &str) -> [u8; 32] {
        let mut scalar = sm3(format!("{} key {label}", self.seed).as_bytes()).0;
        // Below the group order, which begins with FFFFFFFE.
        scalar[0] &= 0x7f;
        scalar
    }

    /// A PKCS#10 request with the key of `label`. Its subject is deliberately not the holder's.
    #[must_use]
    pub fn csr(&self, label: &str) -> Vec<u8> {
        let subject = Name::new(vec![
            (NameAttribute::Country, "CN".to_owned()),
            (NameAttribute::CommonName, format!("what the applicant wrote: {label}")),
        ]);
        let entropy = SeededEntropy::new(&format!("{} csr {label}", self.seed));
        let entropy: &dyn Entropy = &entropy;
        csr::build(&subject.unwrap(), &self.key(label), entropy.array().unwrap()).unwrap()
    }

    /// The request of person number `n` at `org`, complete and right. The region is Chengdu's.
    #[must_use]
    pub fn person(&self, n: u64, org: &str) -> NewRequest {
        let fields = vec![
            (Field::Province, "四川省".to_owned()),
            (Field::City, "成都市".to_owned()),
            (Field::Region, "510100".to_owned()),
            (Field::Name, holder_name(n)),
            (Field::DocumentType, "resident-id".to_owned()),
            (Field::DocumentNumber, resident_id(n)),
            (Field::Phone, format!("138{n:08}")),
        ];
        self.request(&format!("person-{n}"), org, HolderKind::Person, fields, "person-sign")
    }

    /// The request of organisation number `n` at `org`.
    #[must_use]
    pub fn organisation(&self, n: u64, org: &str) -> NewRequest {
        let fields = vec![
            (Field::Province, "四川省".to_owned()),
            (Field::City, "成都市".to_owned()),
            (Field::Region, "510100".to_owned()),
            (Field::Name, format!("成都第{n}示例中心")),
            (Field::Unit, "信息处".to_owned()),
            (Field::CreditCode, credit_code(n)),
            (Field::ContactName, holder_name(n)),
            (Field::ContactPhone, format!("139{n:08}")),
        ];
        self.request(&format!("organisation-{n}"), org, HolderKind::Organisation, fields, "organisation-sign")
    }

    /// The request of device number `n` at `org`, with a host name and an address.
    #[must_use]
    pub fn device(&self, n: u64, org: &str) -> NewRequest {
        let host = format!("host-{n}.example.gov.cn");
        let fields = vec![
            (Field::Province, "四川省".to_owned()),
            (Field::City, "成都市".to_owned()),
            (Field::Region, "510100".to_owned()),
            (Field::Organisation, "成都市示例大数据局".to_owned()),
            (Field::Name, host.clone()),
            (Field::AdministratorName, holder_name(n)),
            (Field::AdministratorPhone, format!("137{n:08}")),
        ];
        let mut request = self.request(&format!("device-{n}"), org, HolderKind::Device, fields, "tls-server");
        request.hosts = vec![host, format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255)];
        request
    }

    /// The request for operator `id`, at `org`, with `roles`.
    #[must_use]
    pub fn staff(&self, id: &str, org: &str, name: &str, roles: &[Role]) -> NewRequest {
        let fields = vec![(Field::Name, name.to_owned()), (Field::Region, "510100".to_owned())];
        let mut request = self.request(&format!("staff-{id}"), org, HolderKind::Person, fields, "operator");
        request.csr = self.csr(id);
        request.operator = Some((id.parse().unwrap(), roles.to_vec()));
        request
    }

    fn request(
        &self,
        id: &str,
        org: &str,
        holder: HolderKind,
        fields: Vec<(Field, String)>,
        profile: &str,
    ) -> NewRequest {
        NewRequest {
            id: id.parse().unwrap(),
            org: org.parse().unwrap(),
            holder,
            fields,
            hosts: Vec::new(),
            csr: self.csr(id),
            profile: profile.parse().unwrap(),
            days: Some(365),
            reason: Reason::First,
            medium: Medium::UKey,
            predecessor: None,
            operator: None,
            revokes: None,
            ca: None,
            medium_id: None,
            pair: false,
        }
    }
}

/// A name for holder number `n`.
#[must_use]
pub fn holder_name(n: u64) -> String {
    let families = ["赵", "钱", "孙", "李", "周", "吴", "郑", "王", "欧阳", "阿卜杜拉·"];
    let given = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    let pick = |list: [&'static str; 10], by: u64| list[usize::try_from(by % 10).unwrap()];
    format!("{}{}{}{}", pick(families, n), pick(given, n / 10), pick(given, n / 100), pick(given, n / 1000))
}

/// A valid resident identity number for person number `n`; different for different numbers.
#[must_use]
pub fn resident_id(n: u64) -> String {
    let (sequence, days) = (n % 1000, n / 1000);
    let first17 = format!("510104{:04}{:02}{:02}{sequence:03}", 1950 + days / 336, days / 28 % 12 + 1, days % 28 + 1);
    resident_id_with_check(&first17).expect("17 digits")
}

/// A valid unified social credit code for organisation number `n`.
#[must_use]
pub fn credit_code(n: u64) -> String {
    credit_code_with_check(&format!("11510100{n:09}")).expect("17 characters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hufu_model::holder::{Holder, Purpose};

    #[test]
    fn invented_holders_pass_the_checks_of_real_ones() {
        let people = People::new("unit");
        for n in [0, 1, 999, 1000, 123_456] {
            for request in [people.person(n, "ca"), people.organisation(n, "ca"), people.device(n, "ca")] {
                let checked = Holder::check(request.holder, Purpose::Subscriber, request.fields, request.hosts);
                assert!(checked.is_ok(), "{n}");
            }
        }
    }
}
