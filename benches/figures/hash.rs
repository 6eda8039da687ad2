//! What one hash costs: in our own hasher, and in the crate as it comes.

use super::machine::cpu;
use my_security_credentials::crypto::password_hash::{Hasher, HashingSettings};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is hashed; how long it is does not matter to Argon2.
const TEXT: &str = "Correct-horse-battery-1";

/// Milliseconds of CPU for one hash of our own hasher, so many at once all the time.
pub fn ours(threads: usize, lasting: Duration) -> f64 {
    let hasher = Hasher::start(HashingSettings { threads, queue: 64, ..HashingSettings::default() });
    let pid = std::process::id();
    let run = |lasting: Duration| {
        let (began, until) = (hasher.hashes_done(), Instant::now() + lasting);
        std::thread::scope(|scope| {
            // One more than there are threads: none of them waits for the next password.
            for _ in 0..=threads {
                scope.spawn(|| again(&hasher, until));
            }
        });
        hasher.hashes_done() - began
    };
    // The first hash of a thread takes its memory.
    run(Duration::from_millis(200));
    let before = cpu(pid);
    let done = run(lasting);
    (cpu(pid) - before) * 1000.0 / done as f64
}

fn again(hasher: &Hasher, until: Instant) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        while Instant::now() < until {
            hasher.verify_dummy(TEXT.to_owned(), None).await.expect("a hash");
        }
    });
}

/// The crate as it comes, in a program of its own, built without any flags of ours: what somebody gets who only adds it.
pub struct AsShipped {
    program: std::path::PathBuf,
}

const SHIPPED_MANIFEST: &str = r#"[package]
name = "as-shipped"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
argon2 = "VERSION"
"#;

const SHIPPED_MAIN: &str = r#"fn main() {
    let hashes: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    let params = argon2::Params::new(19_456, 2, 1, None).expect("parameters");
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    for number in 0..hashes {
        let mut output = [0; 32];
        argon2.hash_password_into(b"Correct-horse-battery-1", &[number as u8; 16], &mut output).expect("a hash");
        std::hint::black_box(output);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").expect("itself");
    let fields = stat.rsplit(") ").next().expect("fields").split(' ').skip(11).take(2);
    println!("{}", fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0 / f64::from(hashes));
}
"#;

impl AsShipped {
    /// Builds it below the target folder, at the version of Cargo.lock.
    pub fn build() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let lock = std::fs::read_to_string(root.join("Cargo.lock")).expect("Cargo.lock");
        let version = lock.split("name = \"argon2\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
        let folder = root.join("target/as-shipped");
        std::fs::create_dir_all(folder.join("src")).expect("a folder");
        let manifest = SHIPPED_MANIFEST.replace("VERSION", &format!("={}", version.expect("argon2")));
        for (name, text) in [("Cargo.toml", manifest.as_str()), ("src/main.rs", SHIPPED_MAIN), ("Cargo.lock", &lock)] {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        let mut cargo = Command::new(env!("CARGO"));
        // An empty list of flags replaces the one of .cargo/config.toml.
        cargo.args(["build", "--release", "--quiet"]).current_dir(&folder).env("RUSTFLAGS", "");
        cargo.env("CARGO_TARGET_DIR", folder.join("target"));
        assert!(cargo.status().expect("cargo").success(), "the crate as it comes is built");
        Self { program: folder.join("target/release/as-shipped") }
    }

    /// Milliseconds of CPU for one hash. The C library would soon learn to keep a block of this size in a program that does
    /// nothing else, as it does not in one with many threads: its threshold is pinned, so that each hash takes fresh memory.
    pub fn fresh(&self, hashes: u32) -> f64 {
        let mut program = Command::new(&self.program);
        let output = program.arg(hashes.to_string()).env("MALLOC_MMAP_THRESHOLD_", "131072").output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    }
}
