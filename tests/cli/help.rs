//! Help, manual pages, completion, configuration; that each command teaches the next.

use std::fs;
use std::path::Path;

use crate::desk::{Desk, has_chinese, split};

/// The anchor is where it was put, from whatever folder the command is called.
#[test]
fn the_anchor_is_found_from_every_folder() {
    let desk = Desk::founded();
    let elsewhere = desk.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let status = |folder: &Path, home: &str| {
        let answer = desk.run_in(folder, &[], &split(&format!("status --home {home} --output json")));
        let value: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
        value["anchored"].as_u64().unwrap()
    };
    let here = status(desk.folder.path(), "home");
    assert!(here > 0);
    assert_eq!(status(&elsewhere, "../home"), here, "from another folder the anchor is not seen");
}

/// Flag before environment before file before default.
#[test]
fn environment_and_flags_say_the_same() {
    let desk = Desk::founded();
    let words = split("status --output json");
    let by_variable = desk.run_in(desk.folder.path(), &[("HUFU_HOME", "home")], &words);
    assert_eq!(by_variable.code, 0, "{}", by_variable.err);
    let over = desk.run_in(desk.folder.path(), &[("HUFU_HOME", "nowhere")], &split("status --output json --home home"));
    assert_eq!(over.out, by_variable.out);
    let chinese = desk.run_in(desk.folder.path(), &[("HUFU_HOME", "home"), ("HUFU_LANG", "zh")], &split("status"));
    assert!(chinese.out.contains("证书"), "{}", chinese.out);
    let english =
        desk.run_in(desk.folder.path(), &[("HUFU_HOME", "home"), ("HUFU_LANG", "zh")], &split("status --lang en"));
    assert!(english.out.contains("CERTIFICATES"), "{}", english.out);
    let locale = desk.run_in(desk.folder.path(), &[("LANG", "zh_CN.UTF-8")], &split("status --home nowhere"));
    assert!(locale.code == 3 && locale.err.contains("错误"), "{}", locale.err);
}

/// The names under `Commands:` in a help text.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|l| !(l.starts_with("Commands:") || l.starts_with("命令"))).skip(1);
    lines
        .take_while(|l| !l.is_empty())
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Every command, down to the last: help in both languages with examples, and no key of a message that has no text.
#[test]
fn every_command_has_its_help_in_both_languages() {
    let desk = Desk::new();
    let mut seen = 0;
    let mut waiting = vec![String::new()];
    while let Some(command) = waiting.pop() {
        for lang in ["en", "zh"] {
            let answer = desk.run(&format!("{command} --help --lang {lang}"));
            assert_eq!(answer.code, 0, "hufu {command} --help --lang {lang}: {}", answer.err);
            let example = if lang == "en" { "Examples:" } else { "示例" };
            assert!(answer.out.contains(example), "hufu {command} --help --lang {lang} shows no example");
            for raw in ["cmd-", "arg-", "ex-", "head-"] {
                let line = answer.out.lines().find(|l| l.split([' ', '[']).any(|w| w.starts_with(raw)));
                assert!(line.is_none(), "hufu {command} --help --lang {lang}: {line:?}");
            }
            let chinese = answer.out.lines().take(3).any(has_chinese);
            assert!(chinese || lang == "en", "hufu {command} --help --lang zh speaks no Chinese");
            if lang == "en" {
                waiting
                    .extend(subcommands(&answer.out).into_iter().map(|s| format!("{command} {s}").trim().to_owned()));
            }
        }
        seen += 1;
    }
    assert!(seen > 40, "only {seen} commands were found");
}

/// Who types the name alone learns how to begin; a screen of 24 lines holds it.
#[test]
fn the_name_alone_says_how_to_begin() {
    let desk = Desk::new();
    for lang in ["en_US.UTF-8", "zh_CN.UTF-8"] {
        let answer = desk.run_in(desk.folder.path(), &[("LANG", lang)], &[]);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""));
        assert!(answer.err.lines().count() <= 20, "{}", answer.err);
        for command in ["hufu demo", "hufu key generate", "hufu init --help", "hufu verify", "hufu --help"] {
            assert!(answer.err.contains(command), "{lang}: {}", answer.err);
        }
    }
    let version = desk.does("--version");
    assert!(version.starts_with("hufu "), "{version}");
}

/// The options that every command has are explained once.
#[test]
fn a_help_shows_its_own_options() {
    let desk = Desk::new();
    let own = desk.does("org list --help");
    assert!(own.contains("--under <ORG>") && own.contains("hufu --help"), "{own}");
    assert!(!own.contains("HUFU_PASSPHRASE_FILE"), "{own}");
    assert!(own.lines().count() < 20, "{own}");
    let whole = desk.does("--help");
    for variable in ["HUFU_HOME", "HUFU_OPERATOR", "HUFU_KEY", "HUFU_PASSPHRASE_FILE", "HUFU_LANG", "HUFU_OUTPUT"] {
        assert!(whole.contains(variable), "{variable}: {whole}");
    }
}

#[test]
fn manual_pages_and_completion_know_every_option() {
    let desk = Desk::new();
    desk.does("man --out pages");
    let pages = fs::read_dir(desk.path("pages")).unwrap().count();
    assert!(pages > 40, "{pages}");
    let page = fs::read_to_string(desk.path("pages/hufu-request-submit.1")).unwrap();
    for option in ["\\-\\-fields", "\\-\\-home\\-passphrase\\-file"] {
        assert!(page.contains(option), "{option}: {page}");
    }
    assert!(desk.chinese("man").out.contains("虎符"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = desk.does(&format!("completions {shell}"));
        assert!(script.contains("load-roster") && script.contains("home-passphrase-file"), "{shell}");
    }
}

#[test]
fn settings_say_where_they_come_from() {
    let desk = Desk::new();
    fs::write(desk.path("c.toml"), "operator = \"sun\"\noutput = \"json\"\n").unwrap();
    let run = |environment: &[(&str, &str)], words: &str| desk.run_in(desk.folder.path(), environment, &split(words));
    let config = desk.path("c.toml").display().to_string();
    let environment = [("HUFU_CONFIG", config.as_str()), ("HUFU_KEY", "sun.key")];
    let answer = run(&environment, "config show --origin --output csv --home h");
    assert_eq!(answer.code, 0, "{}", answer.err);
    for line in [
        "home,h,flag --home".to_owned(),
        format!("operator,sun,file {config}"),
        "key,sun.key,env HUFU_KEY".to_owned(),
        "lang,en,env LANG".to_owned(),
        "output,csv,flag --output".to_owned(),
    ] {
        assert!(answer.out.contains(&line), "{line}: {}", answer.out);
    }
    fs::write(desk.path("c.toml"), "operatr = \"sun\"\n").unwrap();
    let wrong = run(&environment, "config show");
    assert!(wrong.code == 2 && wrong.err.contains("operatr") && wrong.err.contains("[cli.config]"), "{}", wrong.err);
    let lang = run(&[("HUFU_LANG", "fr")], "config show");
    assert!(lang.code == 2 && lang.err.contains("fr"), "{}", lang.err);
}
