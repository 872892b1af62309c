//! Makes sure that the folder of the built interface exists, so that the server compiles without it.

use std::path::Path;

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    if let Err(error) = std::fs::create_dir_all(&dist) {
        println!("cargo:warning=the interface will be missing, {} cannot be made: {error}", dist.display());
    }
}
