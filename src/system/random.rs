<<<<<<< HEAD
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
=======
//! Edge. Random numbers from the kernel.

use rustix::io::{Errno, retry_on_intr};
use rustix::rand::{GetRandomFlags, getrandom};

/// Random bytes, at most 256. May wait at early boot, when the kernel has none yet.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    let filled = retry_on_intr(|| getrandom(&mut bytes[..], GetRandomFlags::empty()))?;
    if filled == N { Ok(bytes) } else { Err(Errno::IO) }
>>>>>>> spool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
<<<<<<< HEAD
        assert_ne!(bytes(16).unwrap(), bytes(16).unwrap());
=======
        assert_ne!(random_bytes::<16>().unwrap(), random_bytes::<16>().unwrap());
>>>>>>> spool
    }
}
