//! The real window: how soon it can be used, and what it costs while nothing happens.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::display::Display;
use super::driver::Driver;
use super::{Bound, Measured, middle, workspace};
use crate::app::build;
use crate::shell::Done;

const ROUNDS: usize = 3;

/// How long the idle window is watched.
const IDLE: Duration = Duration::from_secs(10);

/// Time to settle before that: the first look at the workspace, the caches of the web view.
const SETTLE: Duration = Duration::from_secs(5);

/// Units of processor time in `/proc`; the same on every Linux that programs see.
const TICKS_PER_SECOND: f64 = 100.0;

/// The id of a workflow that the window shows when it can be used.
const SIGN: &str = "sign-of-life";

/// From the start of the process to a list with content, and the idle load of the window with all its processes.
pub(super) fn window() -> Done<Vec<Measured>> {
    let program = build("loomwork-desktop", "loomwork-desktop", true)?;
    let folder = workspace("window")?;
    let text = format!("loomwork: 1\nid: {SIGN}\nsteps:\n  - id: hello\n    run: echo hello\n");
    let file = folder.join("workflows").join(format!("{SIGN}.yaml"));
    std::fs::write(&file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    let display = Display::open()?;
    let (mut usable, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut driver = Driver::start(display.name())?;
        driver.open(&program, &folder)?;
        usable.push(seconds_until_usable(&driver, &program)?);
        std::thread::sleep(SETTLE);
        idle.push(idle_percent(&program)?);
    }
    Ok(vec![
        Measured {
            name: "the window can be used",
            value: middle(usable),
            bound: Bound::AtMost(1.5),
            unit: "s",
            details: "from the start of its process to the first list with content".to_owned(),
        },
        Measured {
            name: "processor time of the idle window",
            value: middle(idle),
            bound: Bound::AtMost(1.0),
            unit: "%",
            details: format!("of one core, all its processes, over {} s", IDLE.as_secs()),
        },
    ])
}

fn seconds_until_usable(driver: &Driver, program: &Path) -> Done<f64> {
    let began = Instant::now();
    let shown = format!("document.body !== null && document.body.innerText.includes('{SIGN}')");
    while driver.evaluate(&shown)? != true {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(format!("the window does not show the workflow: {}", driver.evaluate("document.body.innerText")?));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let now = uptime_seconds()?;
    let window = window_process(program)?;
    Ok(now - window.started_ticks as f64 / TICKS_PER_SECOND)
}

fn idle_percent(program: &Path) -> Done<f64> {
    let window = window_process(program)?;
    let before = tree_ticks(window.pid);
    std::thread::sleep(IDLE);
    let used = (tree_ticks(window.pid) - before) / TICKS_PER_SECOND;
    Ok(100.0 * used / IDLE.as_secs_f64())
}

/// What `/proc` says of a process.
struct Process {
    pid: i32,
    parent: i32,
    ticks: u64,
    started_ticks: u64,
}

fn process(pid: i32) -> Option<Process> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything.
    let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let parent = fields.get(1)?.parse().ok()?;
    Some(Process { pid, parent, ticks: number(11)? + number(12)?, started_ticks: number(19)? })
}

fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| process(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

fn window_process(program: &Path) -> Done<Process> {
    let is_window =
        |process: &Process| std::fs::read_link(format!("/proc/{}/exe", process.pid)).is_ok_and(|file| file == program);
    processes().into_iter().find(is_window).ok_or_else(|| "the window's process is not there".to_owned())
}

fn tree_ticks(root: i32) -> f64 {
    let all = processes();
    let mut tree = BTreeSet::from([root]);
    while all.iter().filter(|process| tree.contains(&process.parent)).any(|process| !tree.contains(&process.pid)) {
        let children: Vec<i32> = all.iter().filter(|process| tree.contains(&process.parent)).map(|process| process.pid).collect();
        tree.extend(children);
    }
    all.iter().filter(|process| tree.contains(&process.pid)).map(|process| process.ticks as f64).sum()
}

fn uptime_seconds() -> Done<f64> {
    let text = std::fs::read_to_string("/proc/uptime").map_err(|error| format!("/proc/uptime: {error}"))?;
    text.split(' ').next().and_then(|number| number.parse().ok()).ok_or_else(|| "/proc/uptime cannot be read".to_owned())
}
