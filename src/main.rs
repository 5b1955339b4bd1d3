//! Edge. Hands over to the library.

fn main() -> std::process::ExitCode {
    hookspool::cli::main()
}
