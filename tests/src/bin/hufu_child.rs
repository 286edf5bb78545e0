//! The process that several-process and full-disk tests start: see [`hufu_tests::child`].

fn main() -> std::process::ExitCode {
    hufu_tests::child::run()
}
