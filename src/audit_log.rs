//! Where audit records are written out: a file that is only ever appended to, or the standard output. Lines go in, and
//! when `append` returns they are kept: on the disk, not only on the way to it.
//!
//! Why the file is opened anew for each batch: what rotates logs renames it, and the next batch has to go into a new one.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditLog {
    Stdout,
    File(PathBuf),
}

/// As the setting names it.
impl fmt::Display for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl AuditLog {
    /// Whether lines could be written; makes the file.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Stdout => Ok(()),
            Self::File(path) => open(path).map(drop),
        }
    }

    /// Whole lines, each with its line feed. Where it fails, a part of them may have been written.
    ///
    /// On a thread of its own: a reader of the standard output that stands still must neither hold up whoever else runs
    /// here nor, as a thread of the runtime would, the end of the program.
    pub async fn append(&self, lines: Vec<u8>) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let log = self.clone();
        std::thread::Builder::new().name("audit-log".to_owned()).spawn(move || drop(done.send(log.write(&lines))))?;
        answer.await.unwrap_or_else(|_| Err(Error::other("the thread that writes audit records has panicked")))
    }

    fn write(&self, lines: &[u8]) -> Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(lines)?;
                stdout.flush()
            }
            Self::File(path) => {
                let mut file = open(path)?;
                end_torn_line(&mut file)?;
                file.write_all(lines)?;
                file.sync_all()
            }
        }
    }
}

/// A file of ours can be read by nobody else; one that is there keeps its mode.
fn open(path: &Path) -> Result<File> {
    // To open a pipe would wait for its reader.
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(Error::new(ErrorKind::InvalidInput, "it is not a file")),
        Ok(_) => return OpenOptions::new().read(true).append(true).open(path),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    // Its name has to outlive a power cut too.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// A crash or a full disk has cut a line off: what comes next begins its own. The records of the line that is cut off
/// come again, because nobody has noted that they were written.
fn end_torn_line(file: &mut File) -> Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    async fn append(path: &Path, text: &str) -> Result<()> {
        AuditLog::File(path.to_owned()).append(text.as_bytes().to_vec()).await
    }

    #[tokio::test]
    async fn lines_are_appended_to_a_file_for_its_owner_alone() {
        let folder = folder();
        let path = folder.path().join("audit.log");
        append(&path, "one\n").await.unwrap();
        append(&path, "two\nthree\n").await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_file_that_was_renamed_is_left_alone_and_a_new_one_begun() {
        let folder = folder();
        let (path, rotated) = (folder.path().join("audit.log"), folder.path().join("audit.log.1"));
        append(&path, "one\n").await.unwrap();
        std::fs::rename(&path, &rotated).unwrap();
        append(&path, "two\n").await.unwrap();
        assert_eq!(std::fs::read_to_string(&rotated).unwrap(), "one\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_does_not_swallow_the_next_one() {
        let folder = folder();
        let path = folder.path().join("audit.log");
        std::fs::write(&path, "{\"whole\":1}\n{\"cut").unwrap();
        append(&path, "{\"next\":1}\n").await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"whole\":1}\n{\"cut\n{\"next\":1}\n");
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused_at_once() {
        let folder = folder();
        assert!(append(folder.path(), "one\n").await.is_err());
        assert!(append(&folder.path().join("not/there"), "one\n").await.is_err());
        let said = AuditLog::File("/dev/null".into()).check().unwrap_err().to_string();
        assert!(said.contains("not a file"), "{said}");
    }
}
