//! Edge. A file system on a device: made, mounted, unmounted.

use crate::disk::Contents;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    mkfs: &'static [&'static str],
    pub size_bytes: u64,
}

/// Those for which the spool makes its promises, as their tools make them without being asked for more.
pub const KINDS: [Kind; 3] = [
    Kind { name: "ext4", mkfs: &["mkfs.ext4", "-q", "-F"], size_bytes: 64 << 20 },
    Kind { name: "xfs", mkfs: &["mkfs.xfs", "-q", "-f"], size_bytes: 320 << 20 },
    Kind { name: "btrfs", mkfs: &["mkfs.btrfs", "-q", "-f"], size_bytes: 192 << 20 },
];

/// Runs a command that must succeed; what it said otherwise.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("{command:?}: {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

impl Kind {
    /// A new one.
    pub fn make(self, dir: &Path) -> Result<Contents, String> {
        let path = dir.join("new");
        let file = File::create(&path).and_then(|file| file.set_len(self.size_bytes).map(|()| file));
        drop(file.map_err(|error| error.to_string())?);
        run(Command::new(self.mkfs[0]).args(&self.mkfs[1..]).arg(&path))?;
        let contents = contents(&path).map_err(|error| error.to_string());
        let _gone = std::fs::remove_file(&path);
        contents
    }
}

/// What is in a sparse file.
fn contents(path: &Path) -> std::io::Result<Contents> {
    const PIECE_BYTES: usize = 64 * 1024;
    let (mut contents, mut file) = (Contents::default(), File::open(path)?);
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut piece = vec![0; PIECE_BYTES];
    for offset in (0..length).step_by(PIECE_BYTES) {
        let part = &mut piece[..PIECE_BYTES.min((length - offset) as usize)];
        file.read_exact(part)?;
        for (index, block) in part.chunks(4096).enumerate().filter(|(_, block)| block.iter().any(|&byte| byte != 0)) {
            contents.write(offset + (index * 4096) as u64, block);
        }
    }
    Ok(contents)
}

/// A mounted one; unmounted when it goes, and then the loop device goes by itself.
pub struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// Mounts what is in `file`.
    pub fn mount(kind: Kind, file: &Path, at: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|error| error.to_string())?;
        run(Command::new("mount").args(["-t", kind.name, "-o", "loop"]).arg(file).arg(at))?;
        Ok(Self { at: at.to_owned() })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(why) = run(Command::new("umount").arg(&self.at)) {
            eprintln!("{why}");
            let _later = run(Command::new("umount").arg("--lazy").arg(&self.at));
        }
    }
}
