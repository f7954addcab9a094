//! Writes sample data as `nayose generate` does, without building the rest: `cargo run --example write -- 2000 20260331 out`.

use std::path::Path;

use nayose_sample::{Options, generate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [people, seed, out] = arguments.as_slice() else { return Err("give people, seed, folder".into()) };
    let options = Options { people: people.parse()?, seed: seed.parse()? };
    generate(&options, Path::new(out))?;
    Ok(())
}
