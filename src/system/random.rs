//! Edge. Random numbers from the kernel.

use rustix::io::{Errno, retry_on_intr};
use rustix::rand::{GetRandomFlags, getrandom};

/// Random bytes, at most 256. May wait at early boot, when the kernel has none yet.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    let filled = retry_on_intr(|| getrandom(&mut bytes[..], GetRandomFlags::empty()))?;
    if filled == N { Ok(bytes) } else { Err(Errno::IO) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<16>().unwrap(), random_bytes::<16>().unwrap());
    }
}
