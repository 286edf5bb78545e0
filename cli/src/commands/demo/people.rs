//! Invented holders for the demonstration: persons, organisations and devices with fields that pass every check.
//!
//! The same number gives the same holder. Nobody in here exists: the document numbers have right check digits and
//! belong to no one on purpose (their sequence numbers are taken from the births of a single invented day).

use hufu_authority::data::Region;
use hufu_authority::model::holder::{Field, HolderKind, credit_code_with_check, resident_id_with_check};

const FAMILY: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "欧阳",
];
const GIVEN: [&str; 16] =
    ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明"];
const OFFICES: [&str; 6] = ["大数据局", "政务服务中心", "财政局", "审计局", "生态环境局", "人力资源和社会保障局"];
const SERVICES: [&str; 5] = ["portal", "vpn", "mail", "exchange", "gateway"];

/// What the demonstration enters for one holder.
pub(super) struct Invented {
    /// The kind.
    pub(super) kind: HolderKind,
    /// The profile that fits it.
    pub(super) profile: &'static str,
    /// The fields.
    pub(super) fields: Vec<(Field, String)>,
    /// Host names.
    pub(super) hosts: Vec<String>,
}

/// The holder number `n` in `region`: of ten, seven are persons, two organisations and one a device.
pub(super) fn holder(n: usize, region: &Region) -> Invented {
    // Province and city follow from the code.
    let mut fields = vec![(Field::Region, region.code.clone())];
    match n % 10 {
        0..=6 => {
            let first17 = format!("{}19800229{:03}", region.code, n % 1000);
            let number = resident_id_with_check(&first17).unwrap_or_default();
            fields.extend([
                (Field::Name, person_name(n)),
                (Field::Organisation, format!("{}{}", region.zh, pick(&OFFICES, n))),
                (Field::DocumentType, "resident-id".to_owned()),
                (Field::DocumentNumber, number),
                (Field::Phone, format!("138{:08}", n % 100_000_000)),
            ]);
            Invented { kind: HolderKind::Person, profile: "person-sign", fields, hosts: Vec::new() }
        }
        7 | 8 => {
            let name = format!("{}{}（示例{n}）", region.zh, pick(&OFFICES, n));
            let first17 = format!("11{}{}", region.code, credit_body(n));
            fields.extend([
                (Field::Name, name),
                (Field::CreditCode, credit_code_with_check(&first17).unwrap_or_default()),
                (Field::ContactName, person_name(n + 7)),
                (Field::ContactPhone, format!("139{:08}", n % 100_000_000)),
            ]);
            Invented { kind: HolderKind::Organisation, profile: "organisation-sign", fields, hosts: Vec::new() }
        }
        _ => {
            let host = format!("{}{n}.{}.example.cn", pick(&SERVICES, n), region.code);
            fields.extend([
                (Field::Name, host.clone()),
                (Field::Organisation, format!("{}{}", region.zh, pick(&OFFICES, n))),
                (Field::AdministratorName, person_name(n + 3)),
                (Field::AdministratorPhone, format!("137{:08}", n % 100_000_000)),
            ]);
            Invented { kind: HolderKind::Device, profile: "tls-server", fields, hosts: vec![host] }
        }
    }
}

/// The name of the invented person number `n`.
pub(super) fn person_name(n: usize) -> String {
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
