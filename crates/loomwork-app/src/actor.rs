//! Under which name a person's actions are recorded.

/// `$LOOMWORK_ACTOR`, else the user's name in the system, else `user` and the number.
pub fn actor() -> String {
    let named = ["LOOMWORK_ACTOR", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let clean = named.map(|name| name.trim().chars().filter(|c| !c.is_control()).take(64).collect::<String>());
    clean.filter(|name| !name.is_empty()).map(not_the_engine).next().unwrap_or_else(from_system)
}

/// `engine` stands for the engine itself in the journal.
fn not_the_engine(name: String) -> String {
    if name == "engine" { "user engine".to_owned() } else { name }
}

fn from_system() -> String {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    own.unwrap_or_else(|| format!("user {uid}"))
}
