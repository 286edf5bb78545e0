//! Demonstrations: homes with invented offices, operators and holders, made by the verbs of the product and nothing else.
//! Nothing here talks to a terminal, and nothing here is a rule of the product.
//!
//! | for | start at |
//! |---|---|
//! | the main job in a minute: 60 offices, requests of other programs, a few hundred certificates | [`whole_way::play`] |
//! | the acceptance population of 2018-H1 on a simulated clock, at any scale | [`population::play`] |
//!
//! Nobody in here exists. The keys of the operators and the passphrases lie in files beside the home, so that the next
//! commands can be typed: a demonstration protects nothing.

mod clock;
mod people;
pub mod population;
mod samples;
mod secrets;
mod staff;
pub mod whole_way;

pub use clock::PlayClock;

/// Tells how far a stage is: its name, done, of how many.
pub type Tell<'a> = &'a dyn Fn(&'static str, u64, u64);

/// Everything, or the first error.
fn all<T>(results: Vec<hufu_authority::Result<T>>) -> hufu_authority::Result<Vec<T>> {
    results.into_iter().collect()
}
