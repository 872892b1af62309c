//! Writes the TypeScript of the contract to the folder given.
fn main() {
    let folder = std::env::args().nth(1).expect("usage: typescript FOLDER");
    loomwork_api::export_typescript(folder.as_ref()).expect("the folder can be written");
}
