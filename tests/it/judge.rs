//! Calls the judges: programs written elsewhere that say whether what Hufu made is right. See `tests/judges/README.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tree::root;

/// What a judge said about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) file: String,
    pub(crate) ok: bool,
    pub(crate) reason: String,
}

/// One judge, e.g. `openssl4`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge(pub(crate) &'static str);

/// Those that validate whole chains.
pub(crate) const CHAIN_JUDGES: [Judge; 3] = [Judge("openssl4"), Judge("babassl"), Judge("bouncycastle")];
/// Those that check a signature over the content of a SignedData.
pub(crate) const MESSAGE_JUDGES: [Judge; 3] = [Judge("babassl"), Judge("bouncycastle"), Judge("gmssl")];
/// The foreign linter.
pub(crate) const LINTER: Judge = Judge("pkilint");

/// Exit code of a judge that is not installed here.
const MISSING: i32 = 77;

impl Judge {
    /// Runs the judge. `None`, after saying SKIPPED, when it is not installed on this machine.
    pub(crate) fn run(self, arguments: &[&str], files: &[PathBuf]) -> Option<Vec<Verdict>> {
        match self.ask(arguments, files) {
            Ok(verdicts) => Some(verdicts),
            Err(missing) => {
                eprintln!("SKIPPED judge {}: {missing}", self.0);
                None
            }
        }
    }

    /// As [`Judge::run`], with what is missing as the error.
    pub(crate) fn ask(self, arguments: &[&str], files: &[PathBuf]) -> Result<Vec<Verdict>, String> {
        let folder = std::env::var_os("HUFU_JUDGES").map_or_else(|| root().join("tests/.judges"), PathBuf::from);
        let program = folder.join(self.0);
        if !program.exists() {
            return Err("not installed, run tests/judges/install".to_owned());
        }
        let output = Command::new(&program).args(arguments).args(files).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() == Some(MISSING) {
            return Err(said);
        }
        let verdicts: Vec<Verdict> = String::from_utf8_lossy(&output.stdout).lines().map(verdict).collect();
        // A judge that fell over has judged nothing: its silence is no approval.
        assert!(!verdicts.is_empty(), "{} gave no verdict: {said}", self.0);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {said}", self.0);
        Ok(verdicts)
    }

    /// Validates certificates up to `root` through `ca`, at an RFC 3339 instant or now.
    pub(crate) fn chain(self, root: &Path, ca: &Path, at: Option<&str>, files: &[PathBuf]) -> Option<Vec<Verdict>> {
        let (root, ca) = (root.to_str().unwrap(), ca.to_str().unwrap());
        let mut arguments = vec!["chain", "--root", root, "--ca", ca];
        if let Some(at) = at {
            arguments.extend(["--at", at]);
        }
        self.run(&arguments, files)
    }
}

/// Whether this is all that the foreign linter may say against an encryption certificate: that keys on elliptic curves may
/// not encipher (RFC 5480 §3), which GB/T 20518 Table C.4 asks for.
pub(crate) fn is_table_c4(verdict: &Verdict) -> bool {
    let reason = &verdict.reason;
    !verdict.ok && reason.contains("key_usage_value_prohibited_for_ec") && !reason.contains("; ")
}

fn verdict(line: &str) -> Verdict {
    let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    Verdict {
        file: value["file"].as_str().unwrap().to_owned(),
        ok: value["ok"].as_bool().unwrap(),
        reason: value["reason"].as_str().unwrap().to_owned(),
    }
}

/// Asserts that a judge accepted every one of `expected` documents; nothing when it is not installed.
pub(crate) fn all_accepted(judge: Judge, verdicts: Option<Vec<Verdict>>, expected: usize) {
    let Some(verdicts) = verdicts else { return };
    let refused: Vec<_> = verdicts.iter().filter(|v| !v.ok).collect();
    assert!(refused.is_empty(), "{} refuses {refused:#?}", judge.0);
    assert_eq!(verdicts.len(), expected, "{} judged another number of documents", judge.0);
}
