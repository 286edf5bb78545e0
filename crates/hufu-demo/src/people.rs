//! Invented holders for the demonstration: persons, organisations and devices with fields that pass every check.
//!
//! The same number gives the same holder. Nobody in here exists: the document numbers have right check digits, and their
//! persons are not born yet.

use hufu_authority::data::Region;
use hufu_authority::model::holder::{Field, HolderKind, credit_code_with_check, resident_id_with_check};
use hufu_authority::model::time::Day;

const FAMILY: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "欧阳",
];
const GIVEN: [&str; 16] =
    ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明"];
const OFFICES: [&str; 6] = ["大数据局", "政务服务中心", "财政局", "审计局", "生态环境局", "人力资源和社会保障局"];
const SERVICES: [&str; 5] = ["portal", "vpn", "mail", "exchange", "gateway"];

/// What the demonstration enters for one holder.
pub(crate) struct Invented {
    /// The kind.
    pub(crate) kind: HolderKind,
    /// The profile that fits it.
    pub(crate) profile: &'static str,
    /// The fields.
    pub(crate) fields: Vec<(Field, String)>,
    /// Host names.
    pub(crate) hosts: Vec<String>,
}

/// The holder number `n` in `region`: of ten, seven are persons, two organisations and one a device.
pub(crate) fn holder(n: usize, region: &Region) -> Invented {
    let kind = match n % 10 {
        0..=6 => HolderKind::Person,
        7 | 8 => HolderKind::Organisation,
        _ => HolderKind::Device,
    };
    holder_of(kind, n, region)
}

/// The holder of this kind with the number `n` in `region`.
pub(crate) fn holder_of(kind: HolderKind, n: usize, region: &Region) -> Invented {
    // Province and city follow from the code.
    let mut fields = vec![(Field::Region, region.code.clone())];
    match kind {
        HolderKind::Person => {
            let first17 = format!("{}{}{:03}", region.code, birthday(n), n % 1000);
            let number = resident_id_with_check(&first17).unwrap_or_default();
            fields.extend([
                (Field::Name, person_name(n)),
                (Field::Organisation, format!("{}{}", region.zh, pick(&OFFICES, n))),
                (Field::DocumentType, "resident-id".to_owned()),
                (Field::DocumentNumber, number),
                (Field::Phone, format!("138{:08}", n % 100_000_000)),
            ]);
            Invented { kind, profile: "person-sign", fields, hosts: Vec::new() }
        }
        HolderKind::Organisation => {
            let name = format!("{}{}（示例{n}）", region.zh, pick(&OFFICES, n));
            let first17 = format!("11{}{}", region.code, credit_body(n));
            fields.extend([
                (Field::Name, name),
                (Field::CreditCode, credit_code_with_check(&first17).unwrap_or_default()),
                (Field::ContactName, person_name(n + 7)),
                (Field::ContactPhone, format!("139{:08}", n % 100_000_000)),
            ]);
            Invented { kind, profile: "organisation-sign", fields, hosts: Vec::new() }
        }
        HolderKind::Device => {
            let host = format!("{}{n}.{}.example.cn", pick(&SERVICES, n), region.code);
            fields.extend([
                (Field::Name, host.clone()),
                (Field::Organisation, format!("{}{}", region.zh, pick(&OFFICES, n))),
                (Field::AdministratorName, person_name(n + 3)),
                (Field::AdministratorPhone, format!("137{:08}", n % 100_000_000)),
            ]);
            Invented { kind, profile: "tls-server", fields, hosts: vec![host] }
        }
    }
}

/// A date of birth from 2050 on, as eight digits: numbers that differ within a million, or in how many millions they have,
/// up to eighteen, give another date or the same with other digits after it.
fn birthday(n: usize) -> String {
    const FIRST: i64 = 29_220; // 2050-01-01
    let days = (n / 1_000_000) % 18 * 1000 + n % 1_000_000 / 1000;
    let day = Day::from_number(FIRST + i64::try_from(days).unwrap_or_default());
    day.to_string().replace('-', "")
}

/// The name of the invented person number `n`.
pub(crate) fn person_name(n: usize) -> String {
    let given = n / FAMILY.len();
    format!("{}{}{}", pick(&FAMILY, n), pick(&GIVEN, given), if n.is_multiple_of(3) { pick(&GIVEN, n + 5) } else { "" })
}

fn pick<'a>(from: &[&'a str], n: usize) -> &'a str {
    from.get(n % from.len()).copied().unwrap_or_default()
}

/// Nine characters in the place of the organisation code, whose own check digit is the ninth (GB 11714).
fn credit_body(n: usize) -> String {
    let digits = format!("{:08}", n % 100_000_000);
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.chars().zip(weights).map(|(c, w)| c.to_digit(10).unwrap_or(0) * w).sum();
    let check = match 11 - sum % 11 {
        10 => "X".to_owned(),
        11 => "0".to_owned(),
        digit => digit.to_string(),
    };
    format!("{digits}{check}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use hufu_authority::data::region;
    use hufu_authority::model::holder::{Holder, Purpose};

    use super::*;

    /// Everybody passes the checks, and no two of a region are one.
    #[test]
    fn everybody_is_well_formed_and_somebody_else() {
        assert_eq!([0, 999, 1000, 17_000_000].map(birthday), ["20500101", "20500101", "20500102", "20960718"]);
        let place = region("110000").unwrap();
        let numbers = (0..3000).chain(29_000_000..29_003_000).chain(37_500_000..37_503_000);
        let mut identities = BTreeSet::new();
        let mut count = 0;
        for n in numbers {
            for kind in HolderKind::ALL {
                let invented = holder_of(kind, n, &place);
                let holder = Holder::check(kind, Purpose::Subscriber, invented.fields, invented.hosts).unwrap();
                identities.insert(holder.identity());
                count += 1;
            }
        }
        assert_eq!(identities.len(), count);
    }
}
