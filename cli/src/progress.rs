//! Progress on standard error: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use hufu_authority::data::{Lang, render};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar that is not there unless standard error is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of `length` steps, hidden when `quiet` or when standard error is no terminal.
    pub(crate) fn new(length: u64, quiet: bool, lang: Lang) -> Self {
        let target = if quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        // `NO_COLOR` (no-color.org): any value but the empty one.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let template =
            if plain { "{msg} [{bar:24}] {pos}/{len}  {speed}" } else { "{msg} [{bar:24.cyan}] {pos}/{len}  {speed}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            let speed = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&speed(lang, state.per_sec(), state.eta()));
            };
            bar.set_style(style.with_key("speed", speed).progress_chars("=> "));
        }
        Self { bar }
    }

    /// Says what is being done, how far it is and how much there is.
    pub(crate) fn set(&self, what: &str, done: u64, of: u64) {
        self.bar.set_message(what.to_owned());
        self.bar.set_length(of.max(done));
        self.bar.set_position(done);
    }
}

/// How fast it goes and how long it takes still; nothing before that can be told.
fn speed(lang: Lang, rate: f64, left: Duration) -> String {
    if rate <= 0.0 || left.is_zero() {
        return String::new();
    }
    let rate = if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") };
    let left = HumanDuration(Duration::from_secs(left.as_secs().max(1)));
    render(lang, "progress", &[("rate", &rate), ("left", &format!("{left:#}"))])
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_time_left_are_told_when_they_are_known() {
        assert_eq!(speed(Lang::En, 1234.5, Duration::from_secs(75)), "1234/s, 75s left");
        assert_eq!(speed(Lang::Zh, 2.25, Duration::from_millis(300)), "每秒 2.2，还剩 1s");
        assert_eq!(speed(Lang::En, 0.0, Duration::from_secs(9)), "");
    }
}
