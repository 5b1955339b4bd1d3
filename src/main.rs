//! Edge. Hands over to the library.

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: hookspool::system::allocator::Allocator = hookspool::system::allocator::Allocator::new();

fn main() -> std::process::ExitCode {
    hookspool::cli::main()
}
