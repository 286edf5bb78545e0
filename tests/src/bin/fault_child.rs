//! The process that crash and power-loss tests kill: as `hufu-child`, but only ever built with the feature `faults`, so
//! that no other build puts one without fault points in its place.

fn main() -> std::process::ExitCode {
    hufu_tests::child::run()
}
