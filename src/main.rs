//! Reads the command line and runs the command; a command that cannot be carried out says why in one line.

use my_security_credentials::command_line;
use std::process::ExitCode;

fn main() -> ExitCode {
    command_line::main()
}
