//! The examples of this repository run for real, to the ends that their descriptions promise.

use std::{collections::BTreeMap, fs, process::Command};

use loomwork_tests::{RunView, Workspace};
use serde_json::{Value, json};

#[test]
fn every_example_is_valid_without_even_a_warning() {
    let workspace = Workspace::with_examples();
    let files: Vec<String> = fs::read_dir(workspace.path("workflows"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let files: Vec<String> =
        files.iter().filter(|name| name.ends_with(".yaml")).map(|name| format!("workflows/{name}")).collect();
    assert!(files.len() >= 4, "{files:?}");
    let arguments: Vec<&str> = ["validate"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let report = workspace.json(&arguments).exits(0).json();
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["diagnostics"], json!([]), "{}", file["path"]);
    }
}

#[test]
fn hello_greets_whom_it_is_told_to() {
    let workspace = Workspace::with_examples();
    let run = workspace.json(&["run", "hello", "--input", "name=Ada"]).exits(0).json();
    let card = run["outputs"]["card"].as_str().unwrap();
    assert!(card.starts_with("Hello, Ada! Today is ") && card.ends_with('.'), "{card}");
}

#[test]
fn flaky_deploy_fails_then_succeeds_on_retry_and_builds_once() {
    let workspace = Workspace::with_examples();
    let failed = RunView(workspace.json(&["run", "flaky-deploy", "--input", "version=3.1.4"]).exits(1).json());
    assert_eq!((failed.status(), &failed.0["error"]["step"]), ("failed", &json!("deploy")));
    let error = &failed.step("deploy")["error"];
    assert_eq!(error["class"], "permanent");
    assert!(error["details"]["stderr_tail"].as_str().unwrap().contains("warming up"), "{error}");
    assert_eq!((failed.step_status("build"), failed.step_status("verify")), ("succeeded", "skipped"));

    workspace.json(&["retry", failed.id(), "--step", "deploy"]).exits(0);
    let ended = workspace.ends(failed.id(), "succeeded");
    assert_eq!(ended.attempts("deploy"), ["failed", "succeeded"]);
    for kept in ["build", "check"] {
        assert_eq!(ended.step(kept), failed.step(kept), "an earlier result is kept");
    }
    assert_eq!(
        ended.0["outputs"],
        json!({"message": "Version 3.1.4 is out, after 2 attempts to deploy and 1 build.", "builds": 1})
    );
}

#[test]
fn release_notes_of_the_sample_group_the_changes_since_the_tag() {
    let workspace = Workspace::with_examples();
    let run = RunView(workspace.json(&["run", "release-notes"]).exits(0).json());
    assert_eq!(run.0["outputs"]["changes"], 9);
    assert_eq!(
        (run.step("amount")["port"].as_str(), run.step_status("list"), run.step_status("quiet")),
        (Some("much"), "skipped", "skipped")
    );
    let notes = fs::read_to_string(run.0["outputs"]["file"].as_str().unwrap()).unwrap();
    let wanted =
        "# What is new\n\n### New\n\n- totals by region\n- totals by month\n- the ten largest customers\n\n### Mended\n\n";
    assert!(notes.starts_with(wanted), "{notes}");
    assert!(notes.ends_with("…and 1 more under the hood.\n\nThanks to Ada (4), Grace (3), Edsger (2).\n"), "{notes}");
}

#[test]
fn release_notes_of_a_repository_of_ones_own_take_the_path_that_fits() {
    let workspace = Workspace::with_examples();
    let repository = workspace.path("own");
    fs::create_dir(&repository).unwrap();
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(&repository)
            .args([
                "-c",
                "user.name=Edith",
                "-c",
                "user.email=edith@example.org",
                "-c",
                "commit.gpgsign=false",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "--message", "the first"]);
    git(&["tag", "v2"]);
    let path = format!("repository={}", repository.display());
    let run_notes =
        || RunView(workspace.json(&["run", "release-notes", "--input", &path, "--input", "since=v2"]).exits(0).json());
    let quiet = run_notes();
    assert_eq!((quiet.step("amount")["port"].as_str(), &quiet.0["outputs"]["changes"]), (Some("nothing"), &json!(0)));

    let tricky = "fix: quotes \" and $(touch pwned) `touch pwned` 'stay' ${{ text }}";
    git(&["commit", "--quiet", "--allow-empty", "--message", tricky]);
    let told = run_notes();
    assert_eq!(told.step("amount")["port"], "little");
    let notes = fs::read_to_string(told.0["outputs"]["file"].as_str().unwrap()).unwrap();
    assert_eq!(notes, format!("# What is new\n\n- {tricky}\n\nThanks to Edith (1).\n"));
    assert!(!workspace.path("pwned").exists());
}

#[test]
fn release_notes_of_a_folder_without_a_repository_fail_at_the_first_step_with_gits_own_words() {
    let workspace = Workspace::with_examples();
    let run = workspace.json(&["run", "release-notes", "--input", "repository=/"]).exits(1).json();
    assert_eq!(run["error"]["step"], "repository");
    assert!(run["error"]["details"]["stderr_tail"].as_str().unwrap().contains("not a git repository"), "{}", run["error"]);
}

/// A row of the table that is fit to be counted, worked out without the tools that the example uses.
struct Order<'t> {
    month: &'t str,
    region: &'t str,
    customer: &'t str,
    cents: i64,
}

fn order(line: &str) -> Option<Order<'_>> {
    let fields: Vec<&str> = line.split(',').collect();
    let [_, date, region, customer, _, quantity, price] = fields[..] else { return None };
    let quantity: i64 = quantity.parse().ok()?;
    let (whole, part) = price.split_once('.')?;
    let cents = whole.parse::<i64>().ok()? * 100 + part.parse::<i64>().ok()?;
    let day: u32 = date[8..].parse().ok()?;
    let days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][date[5..7].parse::<usize>().ok()? - 1];
    (!region.is_empty() && quantity > 0 && day <= days).then(|| Order {
        month: &date[..7],
        region,
        customer,
        cents: quantity * cents,
    })
}

#[test]
fn the_sales_report_has_the_numbers_of_the_table() {
    let workspace = Workspace::with_examples();
    let table = fs::read_to_string(workspace.path("workflows/data/orders.csv")).unwrap();
    let rows: Vec<Option<Order>> = table.lines().skip(1).map(order).collect();
    let good: Vec<&Order> = rows.iter().flatten().collect();
    assert!(rows.len() > 5000 && good.len() < rows.len(), "thousands of rows, a few of them bad");
    let totals = |key: fn(&Order) -> String| {
        let mut totals: BTreeMap<String, (i64, u64)> = BTreeMap::new();
        for order in &good {
            let total = totals.entry(key(order)).or_default();
            *total = (total.0 + order.cents, total.1 + 1);
        }
        totals
    };

    let run = RunView(workspace.json(&["run", "sales-report"]).exits(0).json());
    assert_eq!(run.0["outputs"]["bad_rows"], rows.len() - good.len());
    let regions = totals(|order| order.region.to_owned());
    let reported = run.0["outputs"]["regions"].as_array().unwrap();
    assert_eq!(reported.len(), regions.len());
    for region in reported {
        let (cents, orders) = regions[region["region"].as_str().unwrap()];
        assert_sales(&region["sales"], cents);
        assert_eq!(region["orders"], orders);
    }
    assert!(reported.is_sorted_by_key(|region| -region["sales"].as_i64().unwrap()), "{reported:?}");

    let months = totals(|order| order.month.to_owned());
    let reported = run.step("months")["output"].as_array().unwrap();
    assert_eq!(
        reported.iter().map(|month| month["month"].as_str().unwrap()).collect::<Vec<_>>(),
        months.keys().collect::<Vec<_>>()
    );
    reported.iter().for_each(|month| assert_sales(&month["sales"], months[month["month"].as_str().unwrap()].0));

    let mut customers: Vec<(String, i64)> =
        totals(|order| order.customer.to_owned()).into_iter().map(|(name, (cents, _))| (name, cents)).collect();
    customers.sort_by_key(|(_, cents)| -cents);
    let reported = run.step("customers")["output"].as_array().unwrap();
    assert_eq!(reported.len(), 5);
    for (reported, (name, cents)) in reported.iter().zip(&customers) {
        assert_eq!(reported["customer"], *name);
        assert_sales(&reported["sales"], *cents);
    }
    let total: i64 = good.iter().map(|order| order.cents).sum();
    let difference = run.0["outputs"]["total"].as_f64().unwrap() - as_units(total);
    assert!(difference.abs() <= 3.0, "the total is the sum of rounded regions; it differs by {difference}");
    let report = fs::read_to_string(run.0["outputs"]["report"].as_str().unwrap()).unwrap();
    assert!(report.contains(&format!("{} orders, {} of them left out as bad.", rows.len(), rows.len() - good.len())), "{report}");
}

#[expect(clippy::cast_precision_loss, reason = "sales of a year are far below 2^52 cents")]
fn as_units(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[track_caller]
fn assert_sales(reported: &Value, cents: i64) {
    let difference = reported.as_f64().unwrap() - as_units(cents);
    assert!(difference.abs() <= 0.5001, "reported {reported}, counted {}", as_units(cents));
}

#[test]
fn a_table_that_is_too_bad_is_refused_instead_of_reported() {
    let workspace = Workspace::with_examples();
    let run = RunView(workspace.json(&["run", "sales-report", "--input", "tolerated=0.1"]).exits(1).json());
    assert_eq!((run.0["error"]["step"].as_str(), run.step("gate")["port"].as_str()), (Some("refuse"), Some("unusable")));
    assert!(run.step("refuse")["error"]["details"]["stderr_tail"].as_str().unwrap().contains("at most 0.1 % are tolerated"));
    assert_eq!(run.step_status("report"), "skipped");
}
