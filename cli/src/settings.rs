//! Settings: a flag goes before the environment, the environment before the configuration file, the file before the
//! default. `hufu config show --origin` prints where each one came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use crate::args::{Format, Global};
use crate::error::Error;
use crate::lang;

/// A setting that has a name on the command line, in the environment and in the configuration file.
struct Known {
    name: &'static str,
    flag: &'static str,
    env: &'static str,
}

const KNOWN: [Known; 9] = [
    Known { name: "home", flag: "--home", env: "HUFU_HOME" },
    Known { name: "operator", flag: "--as", env: "HUFU_OPERATOR" },
    Known { name: "key", flag: "--key", env: "HUFU_KEY" },
    Known { name: "passphrase-file", flag: "--passphrase-file", env: "HUFU_PASSPHRASE_FILE" },
    Known { name: "home-passphrase-file", flag: "--home-passphrase-file", env: "HUFU_HOME_PASSPHRASE_FILE" },
    Known { name: "ca-passphrase-file", flag: "--ca-passphrase-file", env: "HUFU_CA_PASSPHRASE_FILE" },
    Known {
        name: "responder-passphrase-file",
        flag: "--responder-passphrase-file",
        env: "HUFU_RESPONDER_PASSPHRASE_FILE",
    },
    Known { name: "lang", flag: "--lang", env: "HUFU_LANG" },
    Known { name: "output", flag: "--output", env: "HUFU_OUTPUT" },
];

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The command line.
    Flag(&'static str),
    /// An environment variable.
    Env(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// Nothing was said.
    Default,
}

impl Origin {
    /// As printed: `flag --home`, `env HUFU_HOME`, `file …` or `default`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Flag(flag) => format!("flag {flag}"),
            Self::Env(name) => format!("env {name}"),
            Self::File(path) => format!("file {}", path.display()),
            Self::Default => "default".to_owned(),
        }
    }
}

/// Every setting with its value and origin.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, (Option<String>, Origin)>,
    file: PathBuf,
}

impl Settings {
    /// Puts the settings together. `env` reads an environment variable.
    pub(crate) fn gather(global: &Global, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let file = config_file(env);
        let from_file = read_file(&file)?;
        let mut values = BTreeMap::new();
        for known in KNOWN {
            let flag = flag_value(global, known.name).map(|v| (Some(v), Origin::Flag(known.flag)));
            let from_env = || env(known.env).filter(|v| !v.is_empty()).map(|v| (Some(v), Origin::Env(known.env)));
            let in_file = || from_file.get(known.name).map(|v| (Some(v.clone()), Origin::File(file.clone())));
            let found = flag.or_else(from_env).or_else(in_file).unwrap_or_else(|| default(known.name, env));
            values.insert(known.name, found);
        }
        Ok(Self { values, file })
    }

    /// The value of a setting.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(|(value, _)| value.as_deref())
    }

    /// Every setting in its order: name, value, origin.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, Option<&str>, &Origin)> {
        KNOWN.iter().filter_map(|k| self.values.get(k.name).map(|(value, origin)| (k.name, value.as_deref(), origin)))
    }

    /// The configuration file, which need not exist.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The form of the output.
    pub(crate) fn format(&self) -> Result<Format, Error> {
        let text = self.get("output").unwrap_or_default();
        Format::ALL.into_iter().find(|f| f.code() == text).ok_or_else(|| Error::setting("output", text))
    }
}

fn flag_value(global: &Global, name: &str) -> Option<String> {
    let path = |p: &Option<PathBuf>| p.as_ref().map(|p| p.to_string_lossy().into_owned());
    match name {
        "home" => path(&global.home),
        "operator" => global.operator.as_ref().map(ToString::to_string),
        "key" => path(&global.key),
        "passphrase-file" => path(&global.passphrase_file),
        "home-passphrase-file" => path(&global.home_passphrase_file),
        "ca-passphrase-file" => path(&global.ca_passphrase_file),
        "responder-passphrase-file" => path(&global.responder_passphrase_file),
        "lang" => global.lang.map(|l| l.code().to_owned()),
        "output" => global.output.map(|f| f.code().to_owned()),
        _ => None,
    }
}

fn default(name: &str, env: &dyn Fn(&str) -> Option<String>) -> (Option<String>, Origin) {
    match name {
        "home" => (Some(data_home(env).to_string_lossy().into_owned()), Origin::Default),
        "lang" => {
            let (lang, origin) = lang::of_locale(env);
            (Some(lang.code().to_owned()), origin.map_or(Origin::Default, Origin::Env))
        }
        "output" => (Some(Format::default().code().to_owned()), Origin::Default),
        _ => (None, Origin::Default),
    }
}

fn strategy() -> Option<impl AppStrategy> {
    let args = AppStrategyArgs { app_name: "hufu".to_owned(), ..AppStrategyArgs::default() };
    choose_app_strategy(args).ok()
}

/// `$XDG_DATA_HOME/hufu`, by default `~/.local/share/hufu`.
fn data_home(env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    match env("XDG_DATA_HOME").filter(|v| !v.is_empty()) {
        Some(dir) => Path::new(&dir).join("hufu"),
        None => strategy().map_or_else(|| PathBuf::from("hufu"), |s| s.data_dir()),
    }
}

/// `HUFU_CONFIG`, or `$XDG_CONFIG_HOME/hufu/config.toml`, by default `~/.config/hufu/config.toml`.
fn config_file(env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(file) = env("HUFU_CONFIG").filter(|v| !v.is_empty()) {
        return PathBuf::from(file);
    }
    match env("XDG_CONFIG_HOME").filter(|v| !v.is_empty()) {
        Some(dir) => Path::new(&dir).join("hufu").join("config.toml"),
        None => strategy().map_or_else(|| PathBuf::from("hufu.toml"), |s| s.config_dir().join("config.toml")),
    }
}

/// Reads `name = "value"` lines; a key that is not known is refused, since a typing error would be silence.
fn read_file(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(Error::read(path, e)),
    };
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| Error::config(path, e.message()))?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if !KNOWN.iter().any(|k| k.name == key) {
            let names = KNOWN.map(|k| k.name).join(", ");
            return Err(Error::config(path, &format!("{key}: {names}")));
        }
        let Some(text) = value.as_str() else {
            return Err(Error::config(path, &format!("{key} = \"…\"")));
        };
        values.insert(key, text.to_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn flag_before_environment_before_file_before_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "home = \"/from/file\"\noperator = \"sun\"\nlang = \"zh\"\n").unwrap();
        let env = |name: &str| match name {
            "HUFU_CONFIG" => Some(file.to_string_lossy().into_owned()),
            "HUFU_OPERATOR" => Some("li".to_owned()),
            "HUFU_KEY" => Some(String::new()),
            _ => None,
        };
        let global = Global { lang: Some(hufu_authority::data::Lang::En), ..Global::default() };
        let settings = Settings::gather(&global, &env).unwrap_or_else(|_| panic!());
        let all: Vec<_> = settings.iter().map(|(n, v, o)| (n, v.map(str::to_owned), o.text())).collect();
        let find = |name: &str| all.iter().find(|(n, ..)| *n == name).cloned().unwrap();
        assert_eq!(find("lang"), ("lang", Some("en".to_owned()), "flag --lang".to_owned()));
        assert_eq!(find("operator"), ("operator", Some("li".to_owned()), "env HUFU_OPERATOR".to_owned()));
        assert_eq!(find("home").1.as_deref(), Some("/from/file"));
        assert_eq!(find("key"), ("key", None, "default".to_owned()));
        assert_eq!(settings.format().ok(), Some(Format::Table));
    }

    #[test]
    fn an_unknown_key_and_a_wrong_value_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        for text in ["hoem = \"/x\"", "home = 1", "home = "] {
            std::fs::write(&file, text).unwrap();
            assert!(read_file(&file).is_err(), "{text}");
        }
        std::fs::write(&file, "output = \"xml\"").unwrap();
        let env = |name: &str| (name == "HUFU_CONFIG").then(|| file.to_string_lossy().into_owned());
        let settings = Settings::gather(&Global::default(), &env).unwrap_or_else(|_| panic!());
        assert!(settings.format().is_err());
    }

    #[test]
    fn the_default_home_follows_xdg() {
        let env = |name: &str| (name == "XDG_DATA_HOME").then(|| "/data".to_owned());
        assert_eq!(data_home(&env), Path::new("/data/hufu"));
        assert!(data_home(&|_| None).ends_with("hufu"));
    }
}
