#![allow(clippy::unwrap_used)]

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::fixture::{name, seed};
use crate::mutate::mutated;
use crate::tlv::element;
use NameAttribute::{CommonName, Country, Email, Locality, Organisation, Province, SerialNumber, Unit};

fn refusal(attribute: NameAttribute, value: &str) -> Option<String> {
    let error = Name::new(vec![(attribute, value.to_owned())]).err()?;
    assert_eq!(error.kind(), &ErrorKind::Name);
    Some(error.to_string())
}

#[test]
fn real_names_pass_and_are_shown_as_they_are() {
    for value in [
        "阿卜杜拉·买买提",
        "𠮷田𡈽",
        "𬎆",
        "𰻝𱁬",
        "张三",
        "José Ångström",
        "བཀྲ་ཤིས་བདེ་ལེགས།",
        "第3中学 No.7/2",
        "O'Neil",
    ] {
        let name = name(&[(Country, "CN"), (CommonName, value)]);
        assert_eq!(name.to_string(), format!("C=CN,CN={value}"));
        assert_eq!(Name::display_der(&name.to_der()).unwrap(), name.to_string());
        assert_eq!(Name::parse_text(&name.to_string()).unwrap(), name);
    }
}

#[test]
fn hostile_names_are_refused_and_not_repeated() {
    let long = "名".repeat(65);
    for value in [
        "",
        " 张三",
        "张三 ",
        "张  三",
        "张\0三",
        "张三\nCN=管理员",
        "a\u{1b}[31m",
        "a\u{7f}",
        "a\u{85}",
        "gpj.\u{202e}exe",
        "a\u{2066}b",
        "a\u{200b}b",
        "a\u{200d}b",
        "\u{feff}a",
        "a\u{ad}b",
        "a\u{2028}b",
        "a\u{3000}b",
        "Jose\u{301}",
        "\u{212b}",
        "Ｚｈａｎｇ",
        "ﬁne",
        "\u{430}nn",
        "=cmd|' /C calc'!A0",
        "+1",
        "-rf",
        "@SUM(A1)",
        "<script>",
        "a\"b",
        "张三,CN=admin",
        "\u{e000}",
        "\u{fffd}",
        "张三 11010519491231002X",
        "\u{301}a",
        &long,
    ] {
        for attribute in [CommonName, Organisation, Unit] {
            let text = refusal(attribute, value).unwrap_or_else(|| panic!("{value:?} passed as {attribute}"));
            assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{200b}'), "{text:?}");
        }
    }
}

#[test]
fn each_attribute_has_its_bounds_and_its_string_type() {
    for bad in ["cn", "CHN", "C", "", "C1", "中国"] {
        assert!(refusal(Country, bad).is_some(), "{bad}");
    }
    for bad in ["A_1", "编号1", "a*b", ""] {
        assert!(refusal(SerialNumber, bad).is_some(), "{bad}");
    }
    for bad in ["张@example.cn", "a@localhost", "a", &format!("{}@example.cn", "a".repeat(300))] {
        assert!(refusal(Email, bad).is_some(), "{bad}");
    }
    for (attribute, max) in
        [(Province, 128), (Locality, 128), (Organisation, 64), (Unit, 64), (CommonName, 64), (SerialNumber, 64)]
    {
        assert_eq!(refusal(attribute, &"a".repeat(max)), None);
        assert!(refusal(attribute, &"a".repeat(max + 1)).is_some(), "{attribute}");
    }
    let tags = |name: &Name| rdns(&name.to_der()).unwrap().iter().map(|r| r[0].1.tag).collect::<Vec<_>>();
    let full = name(&[(Country, "CN"), (Organisation, "a"), (SerialNumber, "A-1"), (Email, "a@example.cn")]);
    assert_eq!(tags(&full), [tag::PRINTABLE, tag::UTF8, tag::PRINTABLE, tag::IA5]);
    assert_eq!(full.to_string(), "C=CN,O=a,serialNumber=A-1,emailAddress=a@example.cn");
}

#[test]
fn a_name_has_attributes_and_each_but_the_unit_once() {
    assert!(Name::new(Vec::new()).is_err());
    let twice = |a: NameAttribute| Name::new(vec![(a, "ab".to_owned()), (a, "ac".to_owned())]);
    assert!(twice(Unit).is_ok());
    assert!(twice(CommonName).unwrap_err().to_string().contains("CN stands twice"));
}

#[test]
fn the_encoding_is_that_of_the_standard() {
    // GB/T 20518-2018 Annex D writes C=CN like this.
    assert_eq!(name(&[(Country, "CN")]).to_der(), b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02CN");
}

/// A Name with one attribute, any type and any string.
fn foreign(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    let pair = [element(tag::OID, oid), element(tag, value)].concat();
    element(tag::SEQUENCE, &element(tag::SET, &element(tag::SEQUENCE, &pair)))
}

#[test]
fn foreign_names_of_every_string_type_are_shown_safely() {
    let cn = oid::COMMON_NAME;
    let shown = |tag, value: &[u8]| Name::display_der(&foreign(cn.as_bytes(), tag, value)).unwrap();
    assert_eq!(shown(tag::UTF8, "张三".as_bytes()), "CN=张三");
    assert_eq!(shown(tag::PRINTABLE, b"Zhang San"), "CN=Zhang San");
    assert_eq!(shown(tag::NUMERIC, b"12"), "CN=12");
    assert_eq!(shown(tag::VISIBLE, b"a"), "CN=a");
    assert_eq!(shown(tag::TELETEX, b"Jos\xe9"), "CN=José");
    assert_eq!(shown(tag::TELETEX, "张".as_bytes()), "CN=张");
    assert_eq!(shown(tag::BMP, &[0x5f, 0x20, 0xd8, 0x42, 0xdf, 0xb7]), "CN=张𠮷");
    assert_eq!(shown(tag::UNIVERSAL, &[0, 0, 0x5f, 0x20]), "CN=张");
    assert_eq!(shown(tag::UTF8, b"\xff"), "CN=#0c01ff");
    assert_eq!(shown(tag::BMP, &[0x5f]), "CN=#1e015f");
    assert_eq!(shown(tag::BMP, &[0xd8, 0x42]), "CN=#1e02d842");
    assert_eq!(shown(tag::UNIVERSAL, &[0xff, 0, 0, 0]), "CN=#1c04ff000000");
    assert_eq!(shown(tag::NULL, &[]), "CN=#0500");
    assert_eq!(shown(tag::PRINTABLE, b"\xe5"), "CN=#1301e5");
    assert_eq!(shown(tag::UTF8, "a\u{202e}b\u{1b}\0".as_bytes()), "CN=a\\E2\\80\\AEb\\1B\\00");
    assert_eq!(shown(tag::UTF8, b"a,CN=b+\"c\\"), "CN=a\\,CN=b\\+\\\"c\\\\");
    assert_eq!(shown(tag::UTF8, b" #a "), "CN=\\ #a\\ ");
    assert_eq!(shown(tag::UTF8, b"#a"), "CN=\\#a");
    assert_eq!(Name::display_der(&foreign(&[0x2a, 0x03], tag::UTF8, b"x")).unwrap(), "1.2.3=x");
    assert_eq!(Name::display_der(&foreign(&[0x2a, 0x81], tag::UTF8, b"x")).unwrap(), "#2a81=x");
    assert_eq!(Name::display_der(&[0x30, 0]).unwrap(), "");
    for bad in [&[][..], &[0x31, 0], &[0x30, 0x02, 0x31, 0x00], &[0x30, 0x00, 0x00], &[0x30, 0x02, 0x30, 0x00]] {
        assert_eq!(Name::display_der(bad).unwrap_err().kind(), &ErrorKind::NotDer, "{bad:?}");
    }
}

#[test]
fn several_attributes_in_one_part_are_joined_by_a_plus() {
    let pair = |oid: &Oid, v: &[u8]| {
        element(tag::SEQUENCE, &[element(tag::OID, oid.as_bytes()), element(tag::UTF8, v)].concat())
    };
    let set = [pair(&oid::COMMON_NAME, b"a"), pair(&oid::UNIT, b"b")].concat();
    let der = element(tag::SEQUENCE, &element(tag::SET, &set));
    assert_eq!(Name::display_der(&der).unwrap(), "CN=a+OU=b");
}

#[test]
fn texts_are_read() {
    let read = |text: &str| Name::parse_text(text).map(|n| n.to_string()).map_err(|e| e.to_string());
    assert_eq!(read("C=CN,O=示例公司,CN=张三").unwrap(), "C=CN,O=示例公司,CN=张三");
    assert_eq!(read(" c = CN , cn = 张三 ").unwrap(), "C=CN,CN=张三");
    assert_eq!(read("CN=\\E5\\BC\\A0三").unwrap(), "CN=张三");
    // A bare equals sign in a value is no separator: the value is `a=b`, which no name may be.
    assert!(read("CN=a=b").unwrap_err().contains("CN: character 2"));
    for bad in [
        "",
        "张三",
        "X=1",
        "CN=",
        "CN=a,",
        "CN=a+OU=b",
        "CN=a;OU=b",
        "CN=\\",
        "CN=\\x",
        "CN=\\E5",
        "CN=\\FF",
        "CN=\\00",
        "CN=a,CN=b",
        "CN=\\ a",
        "CN=\\E2\\80\\AE",
        &"CN=a,".repeat(4000),
        "2.5.4.3=a",
        "CN=张\u{202e}三",
    ] {
        let error = read(bad).unwrap_err();
        assert!(!error.contains('\u{202e}'), "{bad:?}: {error}");
    }
}

/// Hostile bytes end in a refusal or in safe text, never in a panic.
#[test]
fn ten_thousand_mutations_are_shown_without_a_panic() {
    let mut rng = StdRng::seed_from_u64(seed("name mutations"));
    let source = name(&[
        (Country, "CN"),
        (Province, "新疆维吾尔自治区"),
        (Unit, "a"),
        (CommonName, "阿卜杜拉·买买提"),
        (Email, "a@example.cn"),
    ])
    .to_der();
    let mut shown = 0;
    for i in 0..10_000 {
        let input = mutated(&source, &mut rng);
        let Ok(text) = Name::display_der(&input) else { continue };
        shown += 1;
        assert!(text::printable(&text) == text, "mutation {i}: {text:?}");
        let _ = Name::parse_text(&text);
    }
    assert!(shown > 500, "only {shown} mutations were names");
}
