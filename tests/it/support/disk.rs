//! A disk that can be filled.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A file system of this size, unmounted with its handle.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    pub fn new(size: &str) -> Self {
        Self::with(&format!("size={size}"))
    }

    /// That belongs to another user of this machine.
    pub fn of(user: &str, size: &str) -> Self {
        let id = Command::new("id").args(["-u", user]).output().expect("it runs").stdout;
        Self::with(&format!("size={size},mode=0700,uid={}", String::from_utf8_lossy(&id).trim()))
    }

    fn with(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], folder.path());
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Not one byte more fits.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::options().create(true).append(true).open(self.ballast()).expect("ballast");
        for size in [64 * 1024, 4096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// There is room again.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("ballast");
    }

    pub fn allow_reading_only(&self) {
        mount(&["-o", "remount,ro"], self.path());
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

fn mount(how: &[&str], folder: &Path) {
    let done = Command::new("mount").args(how).arg(folder).status();
    assert!(done.expect("mount runs").success(), "the tests run as root, who can mount");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also where a process of a test that failed still has a file of it open.
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}
