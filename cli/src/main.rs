//! The hufu command.
fn main() {}
