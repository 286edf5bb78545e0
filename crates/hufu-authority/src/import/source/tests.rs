#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::time::Instant as Stopwatch;

use hufu_model::certificate::Algorithm;
use hufu_model::holder::{Field, Holder, HolderKind, Purpose};
use hufu_model::ident::{Digest, Serial};
use hufu_model::legacy::Usage;
use hufu_model::profile::NameAttribute;
use hufu_model::request::Medium;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;
use hufu_x509::legacy::{IssueParams, LegacyAuthority};
use hufu_x509::name::Name;
use hufu_x509::pem;

use super::super::entry::Verified;
use super::*;

/// A folder of its own, gone with the test.
struct Desk(PathBuf);

impl Desk {
    fn new(what: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("hufu-source-{}-{what}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

type Outcome = std::result::Result<Entry, SourceFault>;

fn read(paths: &[PathBuf]) -> Vec<Outcome> {
    Source::open(paths, Options::default()).unwrap().collect()
}

fn sheet(desk: &Desk, text: &str) -> Vec<Outcome> {
    read(&[desk.put("sheet.csv", text)])
}

/// The codes of what came, `ok` for a certificate.
fn codes(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().map(|o| o.as_ref().map_or_else(|fault| fault.code, |_| "ok")).collect()
}

const VALIDITY: [i64; 2] = [1_488_326_400, 1_583_020_800];

fn authority() -> LegacyAuthority {
    let validity = Validity::new(VALIDITY[0], VALIDITY[1]).unwrap();
    LegacyAuthority::rsa(&cn("旧 CA"), &"01".parse().unwrap(), validity).unwrap()
}

fn cn(text: &str) -> Name {
    Name::new(vec![
        (NameAttribute::Country, "CN".to_owned()),
        (NameAttribute::Unit, "财务部".to_owned()),
        (NameAttribute::CommonName, text.to_owned()),
    ])
    .unwrap()
}

fn certificate(authority: &LegacyAuthority, number: u32) -> Vec<u8> {
    let validity = Validity::new(VALIDITY[0], VALIDITY[1]).unwrap();
    let octets = number.to_be_bytes();
    let start = octets.iter().position(|b| *b != 0).unwrap();
    let serial = Serial::from_bytes(&octets[start..]).unwrap();
    let subject = cn(&format!("持有者 {number}"));
    let key = usize::try_from(number).unwrap();
    authority.issue(&IssueParams { subject: &subject, serial: &serial, validity, usage: Usage::Sign, key }).unwrap()
}

const HEAD: &str = "序列号,颁发者,主题,算法,生效时间,失效时间";

/// A sheet with more columns than [`HEAD`], and one row.
fn row(more: &[(&str, &str)]) -> String {
    let (mut head, mut row) =
        (HEAD.to_owned(), "0A01,\"CN=旧 CA,C=CN\",\"C=CN,CN=张三\",RSA1024,2017-03-01,2020/3/1".to_owned());
    for (name, value) in more {
        head.push_str(&format!(",{name}"));
        row.push_str(&format!(",\"{}\"", value.replace('"', "\"\"")));
    }
    format!("{head}\r\n{row}\r\n")
}

#[test]
fn a_row_says_everything_its_columns_say() {
    let desk = Desk::new("row");
    let got = sheet(
        &desk,
        &row(&[
            ("密钥长度", "2048位"),
            ("签发时间", "2017-02-28 09:00:00"),
            ("机构", "lra-chengdu"),
            ("行政区划", "510100"),
            ("部门", "财务部"),
            ("持有者类型", "个人"),
            ("证件类型", "身份证"),
            ("证件号码", "11010519491231002x"),
            ("介质", "USBKey"),
            ("配对号", "P-1"),
            ("密钥用途", "签名"),
            ("状态", "已吊销"),
            ("吊销时间", "2018-01-01"),
            ("吊销原因", "密钥泄露"),
            ("备注", "张三的旧证书"),
        ]),
    );
    let entry = got[0].as_ref().unwrap();
    assert_eq!((entry.position, entry.place.as_str(), got.len()), (2, "sheet.csv:2", 1));
    assert_eq!((entry.issuer.as_str(), entry.subject.as_str()), ("C=CN,CN=旧 CA", "C=CN,CN=张三"));
    assert_eq!((entry.serial.as_slice(), entry.algorithm, entry.key_bits), (&[10, 1][..], Algorithm::Rsa, 2048));
    assert_eq!((entry.validity.not_before(), entry.validity.not_after()), (1_488_297_600, 1_582_992_000));
    assert_eq!(entry.issued_at, Some(1_488_243_600));
    assert_eq!((entry.org.as_ref().unwrap().as_str(), entry.org_text.as_deref()), ("lra-chengdu", None));
    assert_eq!(entry.region.unwrap().as_str(), "510100");
    assert_eq!((entry.unit_name.as_deref(), entry.pair_id.as_deref()), (Some("财务部"), Some("P-1")));
    assert_eq!((entry.holder_kind, entry.medium), (Some(HolderKind::Person), Some(Medium::UKey)));
    assert_eq!(entry.usage, Usage::Sign);
    assert_eq!(entry.revoked, Some((1_514_736_000, RevocationReason::KeyCompromise)));
    assert_eq!((entry.digest, entry.verified), (None, Verified::NotVerified("legacy.listed-only")));
    assert!(entry.remarks.is_empty());
    // A number that belongs to a person is in nothing that is printed.
    assert!(!format!("{entry:?}").contains("1949"));
}

#[test]
fn holders_are_told_by_the_same_text_as_our_own() {
    let desk = Desk::new("identity");
    let credit = hufu_model::holder::credit_code_with_check("91510100MA6CGUGA1").unwrap();
    let ours = |kind, fields: &[(Field, &str)]| {
        let fields = fields.iter().map(|(f, v)| (*f, (*v).to_owned())).chain([(Field::Region, "510100".to_owned())]);
        Holder::check(kind, Purpose::Operator, fields, Vec::new()).map(|h| h.identity())
    };
    let person = ours(
        HolderKind::Person,
        &[(Field::Name, "张三"), (Field::DocumentType, "resident-id"), (Field::DocumentNumber, "11010519491231002X")],
    )
    .unwrap();
    let organisation = ours(HolderKind::Organisation, &[(Field::Name, "示例"), (Field::CreditCode, &credit)]).unwrap();
    let device = ours(HolderKind::Device, &[(Field::Name, "网关 A"), (Field::Organisation, "示例 公司")]).unwrap();
    for (columns, expected) in [
        (&[("证件号码", "11010519491231002X")][..], Some(person.as_str())),
        (&[("holder type", "person"), ("id-number", "11010519491231002X")], Some(&person)),
        (&[("统一社会信用代码", &credit)], Some(&organisation)),
        (&[("持有者类型", "企业"), ("信用代码", &credit), ("身份证号", "11010519491231002X")], Some(&organisation)),
        (&[("信用代码", &credit), ("身份证号", "11010519491231002X")], None),
        (&[("持有者类型", "设备"), ("设备名称", "网关  a"), ("所属单位", "示例 公司")], Some(&device)),
        (&[("持有者类型", "设备"), ("设备名称", "网关")], None),
        (&[("持有者类型", "个人")], None),
        (&[("证件号码", "110105********002X")], None),
    ] {
        let got = sheet(&desk, &row(columns));
        let entry = got[0].as_ref().unwrap();
        assert_eq!(entry.identity.as_deref(), expected, "{columns:?}");
        let masked = columns[0].1.contains('*');
        assert_eq!(entry.remarks, if masked { vec!["legacy.masked-identity"] } else { vec![] });
    }
}

#[test]
fn every_rule_of_a_row_has_its_refusal_and_never_repeats_a_number() {
    let desk = Desk::new("refusals");
    for (columns, code) in [
        (&[("证件号码", "110105194912310021")][..], "legacy.identity"),
        (&[("证件号码", "1101051949123100")], "legacy.identity"),
        (&[("证件类型", "护照"), ("证件号码", "护照")], "legacy.identity"),
        (&[("信用代码", "91510100MA6CGUGA10")], "legacy.identity"),
        (&[("证件号码", "1.10105E+17")], "sheet.mangled-number"),
        (&[("签发时间", "3/1/2017")], "legacy.column-value"),
        (&[("密钥长度", "long")], "legacy.column-value"),
        (&[("密钥长度", "0")], "legacy.column-value"),
        (&[("介质", "磁带")], "legacy.column-value"),
        (&[("持有者类型", "11010519491231002X")], "legacy.column-value"),
        (&[("行政区划", "四川")], "legacy.column-value"),
        (&[("密钥用途", "什么")], "legacy.column-value"),
        (&[("状态", "不知道")], "legacy.column-value"),
        (&[("状态", "已撤销")], "legacy.missing-value"),
        (&[("状态", "挂起")], "legacy.missing-value"),
        (&[("状态", "有效"), ("撤销时间", "2018-01-01")], "legacy.contradiction"),
        (&[("状态", "撤销"), ("撤销时间", "2018-01-01"), ("撤销原因", "解冻")], "legacy.contradiction"),
        (&[("证书", "QUFB")], "x509.not-der"),
    ] {
        let got = sheet(&desk, &row(columns));
        assert_eq!(codes(&got), [code], "{columns:?}");
        let text = got[0].as_ref().unwrap_err().to_string();
        assert!(!text.contains("19491231") && text.starts_with("sheet.csv:2: "), "{text}");
    }
    for (line, code) in [
        (",CN=a,CN=b,RSA,2017-03-01,2020-03-01", "legacy.missing-value"),
        ("1,,CN=b,RSA,2017-03-01,2020-03-01", "legacy.missing-value"),
        ("1,CN=a,,RSA,2017-03-01,2020-03-01", "legacy.missing-value"),
        ("1,CN=a,CN=b,,2017-03-01,2020-03-01", "legacy.missing-value"),
        ("1,CN=a,CN=b,RSA,,2020-03-01", "legacy.missing-value"),
        ("1,CN=a,CN=b,RSA,2017-03-01", "legacy.missing-value"),
        ("1,CN=a,CN=b,AES,2017-03-01,2020-03-01", "legacy.column-value"),
        ("xyz,CN=a,CN=b,RSA,2017-03-01,2020-03-01", "legacy.column-value"),
        ("1,CN=a,CN=b,RSA,2020-03-01,2017-03-01", "x509.expiry-before-issuance"),
        ("1,CN=a,CN=b,RSA,0017-03-01,2020-03-01", "legacy.column-value"),
        ("5.1E+17,CN=a,CN=b,RSA,2017-03-01,2020-03-01", "sheet.mangled-number"),
        ("1,CN=a,CN=b,RSA,2017-03-01,2020-03-01", "ok"),
    ] {
        assert_eq!(codes(&sheet(&desk, &format!("{HEAD}\n{line}\n"))), [code], "{line}");
    }
    // A reason in free words is kept as unspecified, and said.
    let free = sheet(&desk, &row(&[("状态", "撤销"), ("撤销时间", "2018-01-01"), ("撤销原因", "公司搬家")]));
    let free = free[0].as_ref().unwrap();
    assert_eq!(
        (free.revoked.unwrap().1, free.remarks.as_slice()),
        (RevocationReason::Unspecified, &["legacy.unknown-reason"][..])
    );
    let held = sheet(&desk, &row(&[("状态", "冻结"), ("撤销时间", "2018-01-01")]));
    assert_eq!(held[0].as_ref().unwrap().revoked.unwrap().1, RevocationReason::CertificateHold);
}

#[test]
fn a_sheet_whose_columns_do_not_do_is_refused_and_unknown_ones_are_told_once() {
    let desk = Desk::new("columns");
    let open = |text: &str| Source::open(&[desk.put("a.csv", text)], Options::default());
    let refused = open("序列号,颁发者,主题,失效时间\n1,a,b,2020-01-01\n").err().unwrap();
    assert_eq!(refused.kind().code(), "sheet.missing-columns");
    assert!(refused.to_string().contains("算法, 生效时间"), "{refused}");
    assert_eq!(open("证书,序列号,serial\n").err().unwrap().kind().code(), "sheet.double-column");
    assert_eq!(open("").err().unwrap().kind().code(), "sheet.no-heading");
    let gone = Source::open(&[desk.0.join("gone.csv")], Options::default());
    assert!(gone.err().unwrap().to_string().contains("gone.csv"));
    let mut source =
        open(&format!("{HEAD},备注,颜色\n{}", "1,CN=a,CN=b,RSA,2017-03-01,2020-03-01,x,y\n".repeat(3))).unwrap();
    let seen =
        |source: &Source| source.notes().iter().map(|n| (n.code, n.text.contains("备注, 颜色"))).collect::<Vec<_>>();
    assert_eq!(seen(&source), [("legacy.unknown-columns", true)]);
    assert_eq!((&mut source).count(), 3);
    assert_eq!(seen(&source), [("legacy.unknown-columns", true)]);
    // In a folder the refusal is a fault of the one sheet, and the others are read.
    desk.put("folder/a.csv", "colour\nred\n");
    desk.put("folder/b.csv", row(&[]));
    assert_eq!(codes(&read(&[desk.0.join("folder")])), ["sheet.missing-columns", "ok"]);
}

#[test]
fn gb18030_and_workbooks_are_read() {
    let desk = Desk::new("forms");
    let text = row(&[("姓名", "张三"), ("密钥长度", "1024")]);
    let table = hufu_sheet::Table {
        title: "清单".to_owned(),
        notes: Vec::new(),
        columns: HEAD
            .split(',')
            .map(|title| {
                let kind = if title.ends_with("时间") { hufu_sheet::Kind::Moment } else { hufu_sheet::Kind::Text };
                hufu_sheet::Column { title: title.to_owned(), kind }
            })
            .collect(),
        rows: vec![
            ["0A01", "CN=a", "CN=张三", "RSA2048", "2017-03-01", "2020-03-01"]
                .map(|v| hufu_sheet::Value::Text(v.to_owned()))
                .to_vec(),
            vec![
                hufu_sheet::Value::Integer(12),
                hufu_sheet::Value::Text("CN=a".to_owned()),
                hufu_sheet::Value::Text("=CN".to_owned()),
                hufu_sheet::Value::Text("SM2".to_owned()),
                hufu_sheet::Value::Day("2017-03-01".parse().unwrap()),
                hufu_sheet::Value::Moment(Instant::from_unix_seconds(VALIDITY[1])),
            ],
        ],
        chart: None,
    };
    let mut book = Vec::new();
    hufu_sheet::write::xlsx(&table, &mut book).unwrap();
    let got = read(&[desk.put("list.xlsx", &book)]);
    assert_eq!(codes(&got), ["ok", "ok"]);
    let second = got[1].as_ref().unwrap();
    assert_eq!((second.serial.as_slice(), second.subject.as_str()), (&[0x12][..], "=CN"));
    assert_eq!((second.validity.not_before(), second.validity.not_after()), (1_488_297_600, VALIDITY[1]));
    assert_eq!(codes(&sheet(&desk, &text)), ["ok"]);
    // The octets of GB18030 for the Chinese words of this sheet.
    let words = [("序列号", "d0f2c1d0bac5"), ("颁发者", "b0e4b7a2d5df"), ("主题", "d6f7cce2"), ("算法", "cbe3b7a8")];
    let more = [("生效时间", "c9fad0a7cab1bce4"), ("失效时间", "caa7d0a7cab1bce4"), ("张三", "d5c5c8fd")];
    let mut octets = format!("{HEAD}\n1,CN=a,CN=张三,RSA,2017-03-01,2020-03-01\n").into_bytes();
    for (word, hex) in words.into_iter().chain(more) {
        while let Some(at) = octets.windows(word.len()).position(|w| w == word.as_bytes()) {
            octets.splice(at..at + word.len(), hufu_model::ident::unhex(hex).unwrap());
        }
    }
    let got = read(&[desk.put("gb.csv", octets)]);
    assert_eq!(got[0].as_ref().unwrap().subject, "CN=张三");
    desk.put("old.xls", [0xd0, 0xcf, 0x11, 0xe0]);
    let old = Source::open(&[desk.0.join("old.xls")], Options::default());
    assert_eq!(old.err().unwrap().kind().code(), "sheet.old-or-encrypted");
}

#[test]
fn certificates_come_from_folders_in_order_with_their_faults() {
    let desk = Desk::new("folders");
    let authority = authority();
    let der = |n| certificate(&authority, n);
    let block = |n| pem::encode("CERTIFICATE", &der(n));
    desk.put("a/b.pem", format!("notes\n{}{}", block(3), block(4)));
    desk.put("a/a.cer", der(2));
    desk.put("a/.hidden", "no certificate");
    desk.put("c.p7b", [0x30, 3, 2, 1]);
    desk.put("0.crt", der(1));
    desk.put("d/broken.pem", format!("{}{}", block(5).replacen('M', "?", 1), block(6)));
    let outside = Desk::new("outside");
    outside.put("o.pem", block(9));
    std::os::unix::fs::symlink(outside.0.join("o.pem"), desk.0.join("e.pem")).unwrap();
    std::os::unix::fs::symlink(&desk.0, desk.0.join("f")).unwrap();
    std::os::unix::fs::symlink(desk.0.join("0.crt"), desk.0.join("g.crt")).unwrap();
    let mut issuers = Issuers::new();
    issuers.add(authority.der()).unwrap();
    let mut source = Source::open(std::slice::from_ref(&desk.0), Options { issuers, ..Options::default() }).unwrap();
    let got: Vec<Outcome> = (&mut source).collect();
    assert_eq!(codes(&got), ["ok", "ok", "ok", "ok", "x509.not-der", "x509.pem-form", "ok", "ok"]);
    let folder = walk::name(&desk.0);
    let places: Vec<String> = got
        .iter()
        .map(|o| o.as_ref().map_or_else(|f| f.place.clone(), |e| e.place.clone()))
        .map(|place| place.strip_prefix(&format!("{folder}/")).unwrap().to_owned())
        .collect();
    assert_eq!(
        places,
        ["0.crt", "a/a.cer", "a/b.pem", "a/b.pem#2", "c.p7b", "d/broken.pem", "d/broken.pem#2", "g.crt"]
    );
    let positions: Vec<u64> = got.iter().map(|o| o.as_ref().map_or_else(|f| f.position, |e| e.position)).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(source.notes().iter().map(|n| n.code).collect::<Vec<_>>(), ["legacy.link", "legacy.link"]);
    let first = got[0].as_ref().unwrap();
    assert_eq!((first.verified, first.digest.is_some(), first.usage), (Verified::Verified, true, Usage::Sign));
    assert_eq!((first.unit_name.as_deref(), first.org.as_ref()), (Some("财务部"), None));
    // Without the issuer they are read all the same.
    let alone = read(&[desk.0.join("0.crt")]);
    assert_eq!(alone[0].as_ref().unwrap().verified, Verified::NotVerified("legacy.unknown-issuer"));
    assert_eq!(alone[0].as_ref().unwrap().place, "0.crt");
}

#[test]
fn an_index_tells_which_certificates_are_revoked() {
    let desk = Desk::new("index");
    let authority = authority();
    for n in 1..4 {
        desk.put(&format!("ca/newcerts/0{n}.pem"), pem::encode("CERTIFICATE", &certificate(&authority, n)));
    }
    desk.put("other/01.pem", pem::encode("CERTIFICATE", &certificate(&authority, 1)));
    let index = desk.put(
        "ca/index.txt",
        "V\t200301000000Z\t\t01\tunknown\t/CN=a\nR\t200301000000Z\t180101000000Z,superseded\t02\tunknown\t/CN=b\n\
         R\t200301000000Z\t180101000000Z\tAA\tunknown\t/CN=gone\nnonsense\n",
    );
    for (paths, count) in [(vec![desk.0.clone()], 6), (vec![index, desk.0.join("ca")], 5)] {
        let got = read(&paths);
        assert_eq!(got.len(), count);
        assert_eq!(codes(&got)[..5], ["legacy.index-line", "ok", "ok", "ok", "legacy.index-line"]);
        let revoked: Vec<_> = got.iter().filter_map(|o| Some(o.as_ref().ok()?.revoked)).collect();
        assert_eq!(revoked[..3], [None, Some((1_514_764_800, RevocationReason::Superseded)), None]);
        assert_eq!((got[0].as_ref().unwrap_err().position, got[4].as_ref().unwrap_err().position), (4, 3));
    }
}

#[test]
fn tables_of_other_programs_bring_certificates_and_revocations() {
    let desk = Desk::new("tables");
    let authority = authority();
    let cell = |n| pem::base64(&certificate(&authority, n));
    let wrapped = cell(1).as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>().join("\n");
    let ejbca = format!(
        "fingerprint,base64Cert,issuerDN,serialNumber,status,revocationDate,revocationReason,expireDate\n\
         f,\"{wrapped}\",\"CN=x\",1,20,-1,-1,1583020800000\nf,{},x,2,40,1514764800123,1,1583020800000\n\
         f,{},x,4,60,1514764800000,-1,\nf,{},x,5,40,-1,0,\nf,{},x,5,20,1514764800000,8,\nf,{},x,7,21,0,-1,\n",
        cell(2),
        cell(3),
        cell(5),
        cell(5),
        cell(6)
    );
    let got = read(&[desk.put("CertificateData.csv", ejbca)]);
    assert_eq!(codes(&got), ["ok", "ok", "legacy.differs", "legacy.missing-value", "ok", "legacy.differs"]);
    let revoked: Vec<_> = got.iter().filter_map(|o| Some(o.as_ref().ok()?.revoked)).collect();
    assert_eq!(revoked, [None, Some((1_514_764_800, RevocationReason::KeyCompromise)), None]);
    assert!(got[0].as_ref().unwrap().digest.is_some());
    let xipki = format!("ID,SN,REV,RR,RT,CERT\n1,01,0,NULL,NULL,{}\n2,02,1,4,1514764800,{}\n", cell(1), cell(2));
    let got = read(&[desk.put("CERT.csv", xipki)]);
    assert_eq!(codes(&got), ["ok", "ok"]);
    assert_eq!(got[1].as_ref().unwrap().revoked, Some((1_514_764_800, RevocationReason::Superseded)));
    assert_eq!(got[0].as_ref().unwrap().revoked, None);
}

#[test]
fn the_certificate_in_a_row_counts_and_columns_must_agree() {
    let desk = Desk::new("carried");
    let authority = authority();
    let cell = pem::base64(&certificate(&authority, 2));
    let with = |column: &str, value: &str| {
        let got = sheet(&desk, &format!("证书(Base64),{column}\n{cell},\"{value}\"\n"));
        codes(&got)[0]
    };
    for (column, same, other) in [
        ("序列号", "02", "03"),
        ("序列号(十进制)", "2", "3"),
        ("算法", "RSA2048", "SM2"),
        ("算法", "sha256WithRSA", "RSA1024"),
        ("密钥长度", "2048", "1024"),
        ("生效时间", "2017-03-01", "2017-03-08"),
        ("失效时间", "2020-03-01 08:00:00", "2021-03-01"),
        ("颁发者", "CN=旧 CA, OU=财务部, C=CN", "CN=新 CA, OU=财务部, C=CN"),
        ("主题", "/C=CN/OU=财务部/CN=持有者 2", "CN=张三,OU=财务部,C=CN"),
        ("主题", "持有者 2", "CN=张三,OU=财务部,C=CN"),
    ] {
        assert_eq!((with(column, same), with(column, other)), ("ok", "legacy.differs"), "{column}");
    }
}

#[test]
fn what_is_dated_in_the_future_is_a_fault() {
    let desk = Desk::new("future");
    let day = |text: &str| text.parse::<hufu_model::time::Day>().unwrap().first_instant();
    let path = desk.put("sheet.csv", row(&[("状态", "撤销"), ("撤销时间", "2018-01-01")]));
    for (now, code) in
        [("2018-01-01", "ok"), ("2017-12-30", "legacy.dated-in-future"), ("2017-02-20", "legacy.dated-in-future")]
    {
        let options = Options { now: Some(day(now)), ..Options::default() };
        let got: Vec<Outcome> = Source::open(std::slice::from_ref(&path), options).unwrap().collect();
        assert_eq!(codes(&got), [code], "{now}");
    }
}

#[test]
fn many_parts_keep_the_order_of_the_source() {
    let desk = Desk::new("order");
    let rows: String = (1..10_000)
        .map(|n| format!("{n:x},CN=a,CN=b,RSA,2017-03-01,{}\n", if n % 100 == 0 { "never" } else { "2020-03-01" }))
        .collect();
    let got = sheet(&desk, &format!("{HEAD}\n{rows}"));
    assert_eq!(got.len(), 9_999);
    for (i, outcome) in got.iter().enumerate() {
        let position = outcome.as_ref().map_or_else(|f| f.position, |e| e.position);
        assert_eq!(position, i as u64 + 2);
        assert_eq!(outcome.is_err(), (i + 1) % 100 == 0);
    }
    let digests: std::collections::HashSet<Option<Digest>> = got.iter().flatten().map(|e| e.digest).collect();
    assert_eq!(digests.len(), 1);
}

#[test]
fn a_source_is_known_again_by_names_and_contents() {
    let desk = Desk::new("digest");
    let index = "V\t200301000000Z\t\t01\tunknown\t/CN=a\n";
    let (one, two) = (desk.put("s/1.pem", "a"), desk.put("s/2.pem", "bc"));
    desk.put("s/index.txt", index);
    let digest = || Source::digest(&[desk.0.join("s")]).unwrap();
    let mut seen = std::collections::HashSet::from([digest()]);
    assert!(!seen.insert(digest()), "the same source has the same digest");
    fs::write(&one, "ab").unwrap();
    fs::write(&two, "c").unwrap();
    assert!(seen.insert(digest()));
    fs::rename(&two, desk.0.join("s/3.pem")).unwrap();
    assert!(seen.insert(digest()));
    desk.put("s/index.txt", index.replace("01", "02"));
    assert!(seen.insert(digest()));
    assert!(Source::digest(&[desk.0.join("gone")]).is_err());
}

#[test]
fn a_source_may_be_read_in_a_thread_of_its_own() {
    fn sent<T: Send + 'static>() {}
    sent::<Source>();
}

fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().to_owned()
}

/// Time that the threads of this process had a processor: what a measurement on a busy machine goes by.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// `cargo test -p hufu-authority --lib import::source::tests::figures -- --ignored --nocapture`
#[test]
#[ignore = "prints figures"]
fn figures() {
    let desk = Desk::new("figures");
    let time = |what: &str, paths: &[PathBuf], options: Options| {
        let (start, before) = (Stopwatch::now(), processor_seconds());
        let count = Source::open(paths, options).unwrap().map(std::result::Result::unwrap).count();
        let (count_of, used) = (count as f64, processor_seconds() - before);
        eprintln!(
            "{what}: {:.0}/s, {:.1} us of a processor for each, {count} of them; memory so far at most {}",
            count_of / start.elapsed().as_secs_f64(),
            used * 1e6 / count_of,
            peak_memory()
        );
    };
    let credit = hufu_model::holder::credit_code_with_check("91510100MA6CGUGA1").unwrap();
    let rows: String = (1..200_000_u32)
        .map(|n| format!("{n:016x},\"CN=旧 CA,O=示例,C=CN\",\"C=CN,O=示例公司,CN=持有者{n}\",RSA2048,2017-03-01 08:00:00,2020-03-01 08:00:00,有效,lra-chengdu,企业,{credit},UKEY,P{n}\n"))
        .collect();
    let list = desk.put("list.csv", format!("{HEAD},状态,机构,持有者类型,信用代码,介质,配对号\n{rows}"));
    drop(rows);
    time("rows of CSV", std::slice::from_ref(&list), Options::default());
    let thrice: Vec<PathBuf> = (0..3).map(|n| desk.0.join(format!("list-{n}.csv"))).collect();
    for path in &thrice {
        fs::copy(&list, path).unwrap();
    }
    time("three times as many", &thrice, Options::default());
    let authority = authority();
    let mut issuers = Issuers::new();
    issuers.add(authority.der()).unwrap();
    let ders: Vec<Vec<u8>> = (1..4_001).map(|n| certificate(&authority, n)).collect();
    let bundle: String = ders.iter().map(|der| pem::encode("CERTIFICATE", der)).collect::<String>().repeat(10);
    let bundle = desk.put("bundle.pem", bundle);
    time("certificates of a PEM bundle", std::slice::from_ref(&bundle), Options::default());
    time("the same, signatures verified", &[bundle], Options { issuers, ..Options::default() });
    for (n, der) in ders.iter().enumerate() {
        desk.put(&format!("ders/{n}.cer"), der);
    }
    time("certificates in files of their own", &[desk.0.join("ders")], Options::default());
}
