//! What every command needs: settings, language, output, and the ways to open a home and to act in it.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use hufu_authority::data::{Lang, render};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::key::SecretKey;
use hufu_authority::x509::{pkcs8, signed_data};
use hufu_authority::{AfterSigning, Authority, CaSigner, KeyCentre, Session};

use crate::args::{Format, Global};
use crate::error::{Error, Result, clean};
use crate::lines;
use crate::output::Output;
use crate::progress::Progress;
use crate::secrets::{self, Which};
use crate::settings::Settings;

/// Longer inputs are no certificate, request, key, profile or proof.
const MAX_INPUT: u64 = 16 * 1024 * 1024;

/// Longer inputs are no revocation list either, in PEM.
const MAX_LIST: u64 = 192 * 1024 * 1024;

/// One run of the command.
pub(crate) struct Context {
    /// The flags that every command has.
    pub(crate) global: Global,
    /// The settings from flags, environment and file.
    pub(crate) settings: Settings,
    /// The language.
    pub(crate) lang: Lang,
    /// The printer.
    pub(crate) out: Output,
    /// Whether standard input was already read: it can stand for one thing only.
    stdin_taken: Cell<bool>,
}

impl Context {
    /// A run with these flags and settings.
    pub(crate) fn new(global: Global, settings: Settings, lang: Lang) -> Result<Self> {
        let out = Output { format: settings.format()?, lang, quiet: global.quiet };
        if !global.quiet {
            let waiting = render(lang, "note-waiting", &[("seconds", &hufu_authority::WAIT.as_secs().to_string())]);
            hufu_authority::on_wait(move || drop(writeln!(anstream::stderr().lock(), "{waiting}")));
        }
        Ok(Self { global, settings, lang, out, stdin_taken: Cell::new(false) })
    }

    /// The home's folder.
    pub(crate) fn home(&self) -> PathBuf {
        PathBuf::from(self.settings.get("home").unwrap_or("hufu"))
    }

    /// Opens the home for acting.
    pub(crate) fn open(&self) -> Result<Authority> {
        Ok(Authority::open(&self.home())?)
    }

    /// Opens the home for looking.
    pub(crate) fn look(&self) -> Result<Authority> {
        Ok(Authority::open_read_only(&self.home())?)
    }

    /// Acts as the operator of `--as`, with the key of `--key`.
    pub(crate) fn session(&self, authority: &Authority) -> Result<Session> {
        let operator =
            self.settings.get("operator").ok_or_else(|| Error::own("cli.operator-missing", Vec::new()))?.parse()?;
        let key = self.operator_key()?;
        Ok(authority.act_as(&operator, key)?)
    }

    /// The key of `--key`, opened.
    pub(crate) fn operator_key(&self) -> Result<SecretKey> {
        let path = self.settings.get("key").ok_or_else(|| Error::own("cli.key-missing", Vec::new()))?;
        let path = Path::new(path);
        let bytes = self.read(path)?;
        let passphrase = secrets::existing(self, Which::Operator)?;
        pkcs8::decrypt(&bytes, &passphrase).map_err(|e| Error::about_file(path, e))
    }

    /// Unlocks the data key of sealed fields.
    pub(crate) fn unlock(&self, authority: &mut Authority) -> Result<()> {
        let passphrase = secrets::existing(self, Which::Home)?;
        Ok(authority.unlock(&passphrase)?)
    }

    /// Unlocks it only when its passphrase is given without asking.
    pub(crate) fn unlock_if_given(&self, authority: &mut Authority) -> Result<()> {
        let given = self.settings.get("home-passphrase-file").is_some() || self.global.home_passphrase_fd.is_some();
        if given { self.unlock(authority) } else { Ok(()) }
    }

    /// Whether the passphrase of the CA's keys is given without asking.
    pub(crate) fn ca_passphrase_given(&self) -> bool {
        let given = self.settings.get("ca-passphrase-file").is_some() || self.global.ca_passphrase_fd.is_some();
        given || secrets::kept(self).is_some()
    }

    /// Unlocks the CA's keys. The key centre is at hand while its agent runs.
    pub(crate) fn signer(&self, authority: &Authority, session: &Session, after: AfterSigning) -> Result<CaSigner> {
        let passphrase = secrets::existing(self, Which::Ca)?;
        let mut signer = authority.start_signer(session, &passphrase, after)?;
        // Pairs need the key centre; single certificates do not, and are issued while it is locked.
        if authority.kmc().is_ok()
            && let Ok(centre) = KeyCentre::through_agent(authority.home())
        {
            signer.set_key_centre(centre);
        }
        Ok(signer)
    }

    /// The bytes of a file, or of standard input for `-`.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>> {
        self.read_up_to(path, MAX_INPUT)
    }

    /// As [`Context::read`], of a file that may be a long revocation list.
    pub(crate) fn read_long(&self, path: &Path) -> Result<Vec<u8>> {
        self.read_up_to(path, MAX_LIST)
    }

    fn read_up_to(&self, path: &Path, max: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = |from: &mut dyn Read, bytes: &mut Vec<u8>| from.take(max + 1).read_to_end(bytes);
        let outcome = if path.as_os_str() == "-" {
            self.claim_stdin()?;
            read(&mut io::stdin().lock(), &mut bytes)
        } else {
            std::fs::File::open(path).and_then(|mut file| read(&mut file, &mut bytes))
        };
        let length = outcome.map_err(|e| Error::read(path, e))?;
        if u64::try_from(length).unwrap_or(u64::MAX) > max {
            return Err(Error::unreadable(path, format!("> {max}")));
        }
        Ok(bytes)
    }

    /// The one certificate of a file.
    pub(crate) fn certificate(&self, path: &Path) -> Result<Certificate> {
        Certificate::from_bytes(&self.read(path)?).map_err(|e| Error::about_file(path, e))
    }

    /// Every certificate of a file, at least one.
    pub(crate) fn certificates(&self, path: &Path) -> Result<Vec<Certificate>> {
        certificates_in(path, &self.read(path)?)
    }

    /// As [`Context::read`], as text.
    pub(crate) fn read_text(&self, path: &Path) -> Result<String> {
        String::from_utf8(self.read(path)?).map_err(|_| Error::unreadable(path, "UTF-8"))
    }

    /// Standard input stands for one thing only.
    pub(crate) fn claim_stdin(&self) -> Result<()> {
        if self.stdin_taken.replace(true) {
            return Err(Error::own("cli.stdin-twice", Vec::new()));
        }
        Ok(())
    }

    /// Whether a person can be asked.
    pub(crate) fn interactive(&self) -> bool {
        !self.global.non_interactive && secrets::terminals()
    }

    /// Says something on standard error, unless `--quiet`.
    pub(crate) fn note(&self, key: &str, values: &[(&str, &str)]) {
        if !self.global.quiet {
            let cleaned: Vec<(&str, String)> = values.iter().map(|(k, v)| (*k, clean(v))).collect();
            let pairs: Vec<(&str, &str)> = cleaned.iter().map(|(k, v)| (*k, v.as_str())).collect();
            self.say(&lines::prose(render(self.lang, key, &pairs).trim_end(), lines::terminal(&io::stderr())));
        }
    }

    /// Tells that a file was written; standard output needs no word.
    pub(crate) fn written(&self, path: &Path) {
        if path.as_os_str() != "-" {
            self.note("note-written", &[("path", &path.display().to_string())]);
        }
    }

    /// Tells a person what can be typed next; a program that reads the output is not told.
    pub(crate) fn next(&self, key: &str, values: &[(&str, &str)]) {
        if self.out.format == Format::Table {
            self.note(key, values);
        }
    }

    /// Writes a line to standard error. When nobody reads it, nothing is lost.
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// A progress bar.
    pub(crate) fn progress(&self, length: u64) -> Progress {
        Progress::new(length, self.global.quiet, self.lang)
    }

    /// Shows in a progress bar how far a stage of the work is.
    pub(crate) fn stage(&self, bar: &Progress, stage: &str, done: u64, of: u64) {
        bar.set(&self.word(&format!("stage-{stage}")), done, of);
    }

    /// A text without places.
    pub(crate) fn word(&self, key: &str) -> String {
        render(self.lang, key, &[])
    }

    /// Asks before something that cannot be taken back, or stops many people.
    pub(crate) fn confirm(&self, key: &str, values: &[(&str, &str)]) -> Result<()> {
        if self.global.yes {
            return Ok(());
        }
        if !self.interactive() {
            return Err(Error::own("cli.confirm", vec![("flag", "--yes".to_owned())]));
        }
        let question = render(self.lang, key, values);
        let _ = write!(anstream::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|e| Error::read(Path::new("-"), e))?;
        match answer.trim() {
            "y" | "Y" | "yes" | "是" => Ok(()),
            _ => Err(Error::own("cli.declined", Vec::new())),
        }
    }
}

/// Every certificate in the contents of a file, at least one: PEM blocks, one in DER, or those of a P7B.
pub(crate) fn certificates_in(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>> {
    match Certificate::all_from_bytes(bytes) {
        Ok(all) => Ok(all),
        Err(e) => match signed_data::read_certificates(bytes) {
            Ok(all) if !all.is_empty() => Ok(all),
            _ => Err(Error::about_file(path, e)),
        },
    }
}
