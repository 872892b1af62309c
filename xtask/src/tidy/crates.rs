//! Who may depend on whom, read from what cargo resolved.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Findings;

/// The crates of this workspace that each may use. A crate that is not listed is refused until it is.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("loomwork-workflow", &[]),
    ("loomwork-run", &["loomwork-workflow"]),
    ("loomwork-dialects", &["loomwork-workflow"]),
    ("loomwork-store", &["loomwork-workflow", "loomwork-run"]),
    ("loomwork-engine", &["loomwork-workflow", "loomwork-run", "loomwork-store"]),
    ("loomwork-steps", &["loomwork-workflow", "loomwork-run", "loomwork-store", "loomwork-engine"]),
    ("loomwork-api", &[]),
    (
        "loomwork-app",
        &[
            "loomwork-api",
            "loomwork-workflow",
            "loomwork-dialects",
            "loomwork-run",
            "loomwork-store",
            "loomwork-engine",
            "loomwork-steps",
        ],
    ),
    ("loomwork-server", &["loomwork-api", "loomwork-app"]),
    ("loomwork-cli", &["loomwork-api", "loomwork-app", "loomwork-server"]),
    ("loomwork-desktop", &["loomwork-api", "loomwork-app"]),
    ("loomwork-testkit", &["loomwork-workflow", "loomwork-run", "loomwork-store", "loomwork-engine"]),
    ("loomwork-fuzz", &["loomwork-workflow", "loomwork-run", "loomwork-dialects", "loomwork-steps"]),
    ("xtask", &[]),
];

/// The tests of the whole system may look at anything.
const MAY_USE_ALL: &str = "loomwork-tests";

/// Crates that must not reach these, however indirectly.
const PURE: [&str; 3] = ["loomwork-workflow", "loomwork-run", "loomwork-dialects"];
const IMPURE: [&str; 6] = ["tokio", "rusqlite", "tauri", "notify", "axum", "rustix"];

/// Outside crates that have one door.
const ONE_DOOR: [(&str, &str); 5] = [
    ("rusqlite", "loomwork-store"),
    ("tauri", "loomwork-desktop"),
    ("notify", "loomwork-app"),
    ("axum", "loomwork-server"),
    ("clap", "loomwork-cli"),
];

/// What every package needs for building and running (not for its tests), by name.
type Needs = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check(metadata: &Value, findings: &mut Findings) {
    let (needs, members) = needs(metadata);
    for member in members.iter().filter(|member| *member != MAY_USE_ALL) {
        let direct = needs.get(member).cloned().unwrap_or_default();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == member) else {
            findings.error(format!(
                "the crate {member} has no place in the order of crates; give it one in xtask/src/tidy/crates.rs"
            ));
            continue;
        };
        for other in direct.intersection(&members).filter(|other| !allowed.contains(&other.as_str())) {
            findings.error(format!("{member} may not depend on {other}; dependencies point from the shells to the middle"));
        }
        for (outside, door) in ONE_DOOR {
            if direct.contains(outside) && member != door {
                findings.error(format!("{member} may not depend on {outside}; only {door} does"));
            }
        }
    }
    for pure in PURE {
        let reached = reach(&needs, pure);
        for impure in IMPURE.into_iter().filter(|impure| reached.contains(*impure)) {
            findings
                .error(format!("{pure} is pure and may not reach {impure}; see `cargo tree -p {pure} -e normal -i {impure}`"));
        }
    }
}

fn needs(metadata: &Value) -> (Needs, BTreeSet<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, String> =
        list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
    let name = |id: &Value| names.get(id.as_str().unwrap_or_default()).cloned().unwrap_or_default();
    let mut needs = Needs::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let wanted = needs.entry(name(&node["id"])).or_default();
        for dependency in list(&node["deps"]) {
            // A kind of null is a dependency of the code itself; the others are of its tests or its build.
            if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()) {
                wanted.insert(name(&dependency["pkg"]));
            }
        }
    }
    (needs, list(&metadata["workspace_members"]).iter().map(name).collect())
}

fn reach(needs: &Needs, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        let new = needs.get(&name).into_iter().flatten().filter(|next| !reached.contains(*next));
        let new: Vec<String> = new.cloned().collect();
        reached.extend(new.iter().cloned());
        open.extend(new);
    }
    reached
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Metadata of a workspace whose members need these packages.
    fn errors(edges: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let names: BTreeSet<&str> = edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        let packages: Vec<Value> = names.iter().map(|name| json!({"id": name, "name": name})).collect();
        let node = |name: &&str| {
            let of_name = edges.iter().filter(|(from, ..)| from == name);
            let deps: Vec<Value> = of_name.map(|(_, to, kind)| json!({"pkg": to, "dep_kinds": [{"kind": kind}]})).collect();
            json!({"id": name, "deps": deps})
        };
        let nodes: Vec<Value> = names.iter().map(node).collect();
        let members: Vec<&&str> = names.iter().filter(|name| name.starts_with("loomwork")).collect();
        let mut findings = Findings::default();
        check(&json!({"packages": packages, "resolve": {"nodes": nodes}, "workspace_members": members}), &mut findings);
        findings.errors
    }

    #[test]
    fn the_order_of_crates_is_kept() {
        assert!(errors(&[("loomwork-engine", "loomwork-store", None)]).is_empty());
        assert!(errors(&[("loomwork-store", "loomwork-engine", None)])[0].contains("may not depend on loomwork-engine"));
        assert!(errors(&[("loomwork-store", "loomwork-testkit", Some("dev"))]).is_empty());
    }

    #[test]
    fn the_middle_reaches_nothing_impure_however_indirectly() {
        let found = errors(&[("loomwork-run", "innocent", None), ("innocent", "tokio", None)]);
        assert!(found[0].contains("loomwork-run is pure and may not reach tokio"), "{found:?}");
    }

    #[test]
    fn boundaries_have_one_door_and_every_crate_a_place() {
        assert!(errors(&[("loomwork-app", "rusqlite", None)])[0].contains("only loomwork-store does"));
        assert!(errors(&[("loomwork-new", "serde", None)])[0].contains("no place in the order"));
    }
}
