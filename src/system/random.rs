//! Edge. Random bytes from the kernel.

use rustix::rand::{GetRandomFlags, getrandom};
use std::io;

/// `count` bytes from getrandom(2).
pub fn bytes(count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while filled < count {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes(16).unwrap(), bytes(16).unwrap());
    }
}
