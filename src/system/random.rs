//! Edge. Random numbers from the kernel.

use rustix::io::{Errno, retry_on_intr};
use rustix::rand::{GetRandomFlags, getrandom};
use std::fs::File;
use std::io::Read;

/// Random bytes, at most 256. May wait at early boot, when the kernel has none yet.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    match retry_on_intr(|| getrandom(&mut bytes[..], GetRandomFlags::empty())) {
        Ok(filled) if filled == N => Ok(bytes),
        Ok(_) => Err(Errno::IO),
        Err(Errno::NOSYS) => from_device(),
        Err(errno) => Err(errno),
    }
}

/// The substitute for the call on kernels before 3.17.
fn from_device<const N: usize>() -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut device| device.read_exact(&mut bytes));
    read.map(|()| bytes).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<16>().unwrap(), random_bytes::<16>().unwrap());
        assert_ne!(from_device::<16>().unwrap(), from_device::<16>().unwrap());
    }
}
