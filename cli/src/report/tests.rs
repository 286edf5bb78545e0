//! The forms of reports made by hand.

#![allow(clippy::unwrap_used)]

use hufu_authority::data::Lang;
use hufu_authority::report::Report;

use super::*;

fn made(report: &Report, format: Format, lang: Lang) -> String {
    let made = bytes(report, format, Words { lang }, Some(100)).unwrap_or_else(|_| panic!());
    String::from_utf8(made).unwrap()
}

/// For people: what a change of these renderers looks like. `HUFU_SHOW=DIR cargo test -p hufu-cli report::tests::gallery`
/// writes every report in every form.
#[test]
fn gallery() {
    let Some(folder) = std::env::var_os("HUFU_SHOW").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for report in sample::all() {
        for lang in Lang::ALL {
            for format in Format::ALL {
                let name = format!("{}-{}.{}", report.kind, lang.code(), format.code());
                let made = bytes(&report, format, Words { lang }, Some(100)).unwrap_or_else(|_| panic!());
                std::fs::write(folder.join(name), made).unwrap();
            }
        }
    }
}

/// Every element that is opened is closed, and nothing of a name becomes an element.
#[test]
fn a_page_holds_nothing_that_runs_or_loads() {
    for report in sample::all() {
        for lang in Lang::ALL {
            let page = made(&report, Format::Html, lang);
            for bad in
                ["<script", "<img", "<link", "onerror=alert(1)>", " src=\"", "url(http", "@import", "href=\"http"]
            {
                assert!(!page.contains(bad), "{}: {bad}", report.kind);
            }
            assert!(page.contains("default-src 'none'"), "{page}");
            balanced(&page);
        }
    }
    let page = made(&sample::hostile(), Format::Html, Lang::Zh);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
}

fn balanced(page: &str) {
    const VOID: [&str; 3] = ["meta", "hr", "!DOCTYPE"];
    let mut open: Vec<String> = Vec::new();
    for piece in page.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap();
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric() || *c == '!').collect();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "{piece}");
        } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn json_is_typed_and_the_same_in_both_languages() {
    for report in sample::all() {
        assert_eq!(made(&report, Format::Json, Lang::Zh), made(&report, Format::Json, Lang::En));
        assert_eq!(made(&report, Format::Csv, Lang::Zh), made(&report, Format::Csv, Lang::En));
        for line in made(&report, Format::Ndjson, Lang::En).lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["schema"], "hufu/1");
        }
    }
    let document: serde_json::Value = serde_json::from_str(&made(&sample::summary(), Format::Json, Lang::En)).unwrap();
    let whole = &document["tables"][0]["rows"][0];
    assert_eq!(document["type"], "report-summary");
    assert_eq!(whole["values"]["issued"], 710_000);
    assert_eq!(whole["values"]["name"]["zh"], "国家电子政务外网");
    assert_eq!(whole["values"]["growth"]["ratio"], 0.3);
    assert_eq!(whole["total"], true);
    assert_eq!(document["at"], "2018-06-30T23:59:59+08:00");
}

/// A name that is a formula stays a name in the file that a spreadsheet opens.
#[test]
fn csv_has_a_mark_typed_numbers_and_no_formula() {
    let text = made(&sample::hostile(), Format::Csv, Lang::Zh);
    assert!(text.starts_with("\u{feff}name,name_en,org,note,issued\r\n"), "{text}");
    for cell in text.lines().skip(1).flat_map(|line| line.split(',')) {
        let cell = cell.trim_start_matches('"');
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell:?}");
    }
    assert!(made(&sample::migration(), Format::Csv, Lang::Zh).contains(",0."));
}

#[test]
fn a_terminal_shows_trees_and_rules_within_its_width() {
    for report in sample::all() {
        for lang in Lang::ALL {
            for line in made(&report, Format::Table, lang).lines() {
                assert!(lines::width(line) <= 100, "{}: {line}", report.kind);
            }
        }
    }
    let text = made(&sample::summary(), Format::Table, Lang::Zh);
    assert!(text.contains("  天津市注册中心") && text.contains("710,000") && text.contains("30.0%"), "{text}");
}

#[test]
fn the_name_of_a_file_says_its_form() {
    for (name, form) in [
        ("a.html", Some(Format::Html)),
        ("a.HTM", Some(Format::Html)),
        ("a.b.xlsx", Some(Format::Xlsx)),
        ("a.csv", Some(Format::Csv)),
        ("a.ndjson", Some(Format::Ndjson)),
        ("a.txt", Some(Format::Table)),
        ("a.table", None),
        ("a", None),
    ] {
        assert_eq!(form_of(Path::new(name)), form, "{name}");
    }
}
