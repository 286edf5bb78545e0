//! The program that crash tests kill.
fn main() {}
