//! Tables, JSON, NDJSON, CSV: what is stable and what is for people.

use serde_json::Value;

use crate::desk::{Desk, masked};

/// The names and the nesting of a JSON document, without its values.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let inner: Vec<String> = map.iter().map(|(k, v)| format!("{k}{}", shape(v))).collect();
            format!("{{{}}}", inner.join(" "))
        }
        Value::Array(items) => format!("[{}]", items.first().map(shape).unwrap_or_default()),
        Value::Null => "?".to_owned(),
        _ => String::new(),
    }
}

/// Programs rely on these names: a change here is a change for them.
#[test]
fn the_documents_keep_their_names() {
    let desk = Desk::founded();
    let serial = desk.issued();
    let values = "name{zh en} org kind issued year_earlier growth{previous current difference ratio? text?} new revoked \
                  valid own";
    let head = "schema type";
    let certificate = "serial subject org profile algorithm holder status not_before not_after issued_at reason medium \
                       request predecessor?";
    let request = "request org action status profile subject holder reason medium days submitter manifest submitted_at approver \
                   decided_at note? predecessor? serial expires";
    for (words, expected) in [
        (
            "status".to_owned(),
            format!(
                "{{{head} name home organisations operators certificates submitted approved proposals events \
                 checkpointed anchored anchor}}"
            ),
        ),
        (format!("cert show {serial}"), format!("{{{head} {certificate} issuer public_key pem changes[]}}")),
        ("cert search 张三".to_owned(), format!("{{{head} items[{{{certificate} pem}}]}}")),
        ("cert ca root".to_owned(), format!("{{{head} serial subject issuer not_before not_after public_key pem}}")),
        (
            "request show r1".to_owned(),
            format!(
                "{{{head} {request} public{{country province city region name document-type}} personal{{}} hosts[]}}"
            ),
        ),
        ("request list --status issued --limit 1".to_owned(), format!("{{{head} items[{{{request}}}]}}")),
        (
            "report summary".to_owned(),
            format!(
                "{{{head} at as_of period? unit asked{{}} rules[] tables[{{name columns[{{name kind}}] \
                 rows[{{depth total values{{{values}}}}}]}}]}}"
            ),
        ),
        (
            "org show lra-chengdu".to_owned(),
            format!(
                "{{{head} id name name_en kind parent region region_name status limits{{}} \
                 effective_limits{{region}} frozen_by? chain[] below[]}}"
            ),
        ),
        ("operator list".to_owned(), format!("{{{head} items[{{id name org roles[] status certificate}}]}}")),
        ("audit log --last 1".to_owned(), format!("{{{head} items[{{seq at event actor object}}]}}")),
        (
            "audit verify".to_owned(),
            format!("{{{head} outcome events checkpoints documents? certificates? requests? findings[]}}"),
        ),
        ("audit anchor check".to_owned(), format!("{{{head} size at root origin outcome}}")),
        ("proposal list".to_owned(), format!("{{{head} items[]}}")),
        (
            "profile show person-sign".to_owned(),
            format!("{{{head} id title algorithm holders[] default_days max_days current digest source}}"),
        ),
        ("config show --origin".to_owned(), format!("{{{head} items[{{setting value origin}}]}}")),
    ] {
        let document = desk.json(&format!("{words} --home home"));
        assert_eq!(document["schema"], "hufu/1", "{words}");
        assert_eq!(shape(&document), expected, "hufu {words}");
    }
    // One document a line, each with its schema.
    let lines = desk.does("org list --home home --output ndjson");
    assert_eq!(lines.lines().count(), 3, "{lines}");
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(value["schema"] == "hufu/1" && value["type"] == "organisation", "{line}");
    }
}

#[test]
fn codes_and_times_of_json_do_not_depend_on_the_language() {
    let desk = Desk::founded();
    desk.issued();
    for words in ["org list", "request show r1", "cert list", "operator list", "report summary", "audit log"] {
        let english = desk.does(&format!("{words} --home home --output json"));
        let chinese = desk.chinese(&format!("{words} --home home --output json")).out;
        if words == "report summary" {
            // Reports of two moments.
            assert_eq!(masked(&english), masked(&chinese));
        } else {
            let names = |text: &str| text.replace("Sichuan", "四川省").replace("Chengdu", "成都市");
            assert_eq!(names(&english), names(&chinese), "hufu {words}");
        }
    }
}

#[test]
fn tables_are_what_they_were() {
    let desk = Desk::founded();
    desk.issued();
    assert_eq!(
        desk.does("org list --home home"),
        "ID           NAME                  KIND           REGION  STATUS  PARENT\n\
         ca           示例电子政务          CA                     active\n\
         ra-sichuan   四川省注册中心        province RA    510000  active  ca\n\
         lra-chengdu  成都市注册服务分中心  municipal LRA  510100  active  ra-sichuan\n"
    );
    assert_eq!(
        masked(&desk.chinese("request show r1 --home home --home-passphrase-file home.pass").out),
        "申请      r1\n机构      lra-chengdu\n业务      新办\n状态      已签发\n模板      person-sign\n\
         主体      C=CN,ST=四川省,L=成都市,CN=张三\n持有者    个人\n事由      首次\n介质      智能密码钥匙\n\
         天数      1095\n录入人    sun\n签名清单  [SM3]\n录入时间  [TIME]\n审核人    li\n审核时间  [TIME]\n序列号    [SERIAL]\n\
         失效      [TIME]\n国家      CN\n省        四川省\n市        成都市\n区划      510100\n名称      张三\n\
         证件类型  居民身份证\n证件号码  110***********002X\n电话      138****8000\n"
    );
    let report = desk.run("report summary --home home");
    assert!(
        report.out.starts_with(
            "By organisation\n\
             NAME                      ORG          KIND           ISSUED  A YEAR AGO  GROWTH  NEW  REVOKED  VALID  ITSELF\n\
             示例电子政务              ca           CA                  1           0       —    1        0      1       0\n\
             \u{20} 四川省注册中心          ra-sichuan   province RA         1           0       —    1        0      1       0\n\
             \u{20}   成都市注册服务分中心  lra-chengdu  municipal LRA       1           0       —    1        0      1       1\n"
        ),
        "{}",
        report.out
    );
    // How it was counted stands under the numbers, in the same document.
    assert!(report.out.contains("* Counted in pairs"), "{}", report.out);
    assert_eq!(report.err, "");
}

#[test]
fn csv_has_fixed_heads_one_line_a_row_and_no_pem() {
    let desk = Desk::founded();
    let serial = desk.issued();
    let list = desk.does("cert list --home home --output csv");
    assert!(list.starts_with("serial,subject,org,profile,status,not_after\r\n"), "{list}");
    assert_eq!(list.lines().count(), 6, "{list}");
    let one = desk.does(&format!("cert show {serial} --home home --output csv"));
    assert_eq!(one.lines().count(), 2, "{one}");
    assert!(!one.contains("BEGIN"), "{one}");
    let report = desk.does("report summary --home home --output csv");
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "\u{feff}name,name_en,org,kind,issued,year_earlier,growth,new,revoked,valid,own");
    assert_eq!(lines[3], "成都市注册服务分中心,,lra-chengdu,municipal-lra,1,0,,1,0,1,1");
}

/// Data on standard output, everything else on standard error; `--quiet` leaves only the data.
#[test]
fn talk_and_data_are_apart() {
    let desk = Desk::founded();
    desk.submit("r1", "openssl-person.pem");
    for (words, said) in [
        ("status --home home", "Requests wait for approval"),
        ("cert list --home home --limit 1", "Only the first 1"),
        ("proposal list --home home", "Nothing found."),
        ("config show", "Configuration file"),
        ("cert ca root --home home --out root.pem", "Written: root.pem"),
    ] {
        let answer = desk.run(words);
        assert_eq!(answer.code, 0, "hufu {words}: {}", answer.err);
        assert!(answer.err.contains(said), "hufu {words}: {}", answer.err);
        assert!(!answer.out.contains(said), "hufu {words}: {}", answer.out);
        if !words.contains("--out") {
            assert_eq!(desk.run(&format!("{words} --quiet")).err, "", "hufu {words} --quiet");
        }
    }
    // Programs are told nothing that is meant for people at a terminal.
    assert_eq!(desk.run("status --home home --output json").err, "");
}

/// Lists never end silently: they go on where they stopped.
#[test]
fn a_long_list_is_read_in_pages() {
    let desk = Desk::founded();
    desk.issued();
    let all: Vec<String> = desk.does("cert list --home home --output csv").lines().skip(1).map(str::to_owned).collect();
    let mut seen: Vec<String> = Vec::new();
    let mut flag = String::new();
    loop {
        let page = desk.run(&format!("cert list --home home --output csv --limit 2 {flag}"));
        seen.extend(page.out.lines().skip(1).map(str::to_owned));
        let Some((_, rest)) = page.err.split_once("go on with ") else { break };
        flag = rest.split(',').next().unwrap().to_owned();
    }
    assert_eq!(seen, all);
    let newest = desk.json("audit log --home home --last 2");
    let events = newest["items"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["event"], "issue");
    let last = desk.json("audit log --home home --last 1 --actor zhao");
    assert_eq!(last["items"][0]["event"], "submit");
    desk.refuses("audit log --home home --last 1 --limit 3", 2, "cli.usage");
}

/// What managers open: the same figures as the report, numbers as numbers; nothing left where it was refused.
#[test]
fn a_report_becomes_a_sheet() {
    use hufu_authority::sheet::{Cell, Limits, Sheet};
    let desk = Desk::founded();
    desk.issued();
    for (name, lang, title) in [("totals.xlsx", "en", "Issued"), ("合计.csv", "zh", "issued")] {
        desk.does(&format!("report summary --home home --out {name} --lang {lang}"));
        let mut sheet = Sheet::open(&desk.path(name), Limits::OFFICE).unwrap();
        let place = |title: &str| sheet.heading().iter().position(|h| h.eq_ignore_ascii_case(title)).unwrap();
        let (org, issued) = (place("org"), place(title));
        let mut rows = Vec::new();
        while let Some(row) = sheet.next_row().unwrap() {
            rows.push((row.cell(org).text().unwrap().into_owned(), row.cell(issued).text().unwrap().into_owned()));
        }
        let of = |org: &str| rows.iter().find(|(id, _)| id == org).map(|(_, issued)| issued.as_str());
        assert_eq!((of("ca"), of("ra-sichuan"), of("lra-chengdu")), (Some("1"), Some("1"), Some("1")), "{name}");
        if name.ends_with("xlsx") {
            let mut sheet = Sheet::open(&desk.path(name), Limits::OFFICE).unwrap();
            assert_eq!(*sheet.next_row().unwrap().unwrap().cell(issued), Cell::Number(1.0));
        }
    }
    desk.refuses("report summary --home home --out totals.pdf", 2, "cli.sheet-form");
    assert!(!desk.path("totals.pdf").exists());
}

/// Workbooks and pages are forms of reports, and are files.
#[test]
fn forms_of_files_are_refused_elsewhere() {
    let desk = Desk::founded();
    for form in ["xlsx", "html"] {
        desk.refuses(&format!("report summary --home home --output {form}"), 2, "cli.out-file");
        desk.refuses(&format!("org list --home home --output {form}"), 2, "cli.output-form");
        // `--output` goes before the name; `-` is standard output.
        desk.does(&format!("report summary --home home --output {form} --out page"));
        assert!(desk.path("page").exists());
        std::fs::remove_file(desk.path("page")).unwrap();
    }
    assert!(desk.does("report summary --home home --output html --out -").starts_with("<!DOCTYPE html>"));
    // Nothing was done before it was refused.
    desk.refuses(
        &format!("org freeze lra-chengdu --yes --output html {}", crate::desk::by("zhao")),
        2,
        "cli.output-form",
    );
    assert_eq!(desk.json("org show lra-chengdu --home home")["status"], "active");
    // A flag that means nothing to a report is no flag of it.
    desk.refuses("report roles --home home --unit pair", 2, "cli.usage");
    desk.refuses("report summary --home home --deadline 2027-01-01", 2, "cli.usage");
}
