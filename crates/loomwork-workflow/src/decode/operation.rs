//! How a workflow is operated: triggers, profiles, service levels, alerts, caches, machines. Checked here, and noted as
//! what this version cannot run.

use super::Decoder;
use super::keys::{ALERT, CACHE, EVENT_TRIGGER, FILE_TRIGGER, PROFILE, RUN_FINISHED, SCHEDULE, SLA, TRIGGER, TRIGGERS, WEBHOOK};
use crate::codes;
use crate::model::{Cache, Resources};
use crate::yaml::{Entry, Node};

impl Decoder<'_> {
    /// What stands at the top and is not about steps. Agents and servers come first: steps name them.
    pub(super) fn operation(&mut self, root: &Node) {
        for key in ["agents", "servers"] {
            let Some(node) = root.get(key) else { continue };
            let names = node.entries().unwrap_or_default().iter().map(|entry| entry.key.clone()).collect();
            if key == "agents" {
                self.agents = names;
            } else {
                self.servers = names;
            }
        }
        for key in ["agents", "servers", "triggers", "profiles", "sla", "alerts"] {
            let Some(entry) = root.entry(key) else { continue };
            let node = &entry.value;
            self.at(key, |this| {
                // Agents and servers do nothing by themselves: the steps that use them are noted.
                if !matches!(key, "agents" | "servers") {
                    this.cannot_run(node, key);
                }
                match key {
                    "agents" => this.agents(node),
                    "servers" => this.servers(node),
                    "triggers" => this.triggers(node),
                    "profiles" => this.profiles(node),
                    "sla" => this.sla(node),
                    _ => this.alerts(node),
                }
                this.refuse_reads(key);
            });
        }
    }

    /// Nothing here runs within a run, so it sees no steps.
    fn refuse_reads(&mut self, key: &str) {
        for read in std::mem::take(&mut self.reads) {
            let message = format!("`{key}` stands outside of any run, so it cannot read `{}`.", read.reference.step);
            self.report(codes::UNKNOWN_NAME, read.place, message);
        }
    }

    fn triggers(&mut self, node: &Node) {
        let Some(items) = node.items() else {
            self.wrong_type(node, "a list of triggers such as [{ schedule: { cron: \"0 8 * * *\" } }]");
            return;
        };
        for (index, item) in items.iter().enumerate() {
            self.at(&index.to_string(), |this| this.trigger(item));
        }
    }

    fn trigger(&mut self, node: &Node) {
        if !self.keys(node, &TRIGGER) {
            return;
        }
        let entries = node.entries().unwrap_or_default();
        let kinds: Vec<&Entry> = entries.iter().filter(|entry| TRIGGERS.contains(&entry.key.as_str())).collect();
        let [kind] = kinds[..] else {
            let place = super::first_line(self.text, node.place);
            self.report(codes::MISSING_KEY, place, format!("A trigger has one of {}.", TRIGGERS.join(", ")));
            return;
        };
        self.at(&kind.key, |this| match kind.key.as_str() {
            "schedule" => this.schedule(&kind.value),
            "file" => this.file_trigger(&kind.value),
            "webhook" => {
                this.keys(&kind.value, &WEBHOOK);
                if let Some(path) = kind.value.get("path") {
                    this.at("path", |this| this.scalar_text(path));
                }
                if let Some(secret) = kind.value.get("secret") {
                    this.at("secret", |this| this.with_secrets(|this| this.template(secret)));
                }
            }
            "event" => {
                if this.keys(&kind.value, &EVENT_TRIGGER)
                    && let Some(name) = this.needed(&kind.value, "name", "`event`")
                {
                    this.at("name", |this| this.scalar_text(name));
                }
                if let Some(condition) = kind.value.get("match") {
                    this.at("match", |this| this.seeing(|sight| sight.event = true, |this| this.condition(condition)));
                }
            }
            _ => this.run_finished(&kind.value),
        });
        if let Some(id) = node.get("id") {
            self.at("id", |this| this.scalar_text(id));
        }
        let event = |sight: &mut super::sight::Sight| sight.event = true;
        if let Some(inputs) = node.get("inputs") {
            self.at("inputs", |this| this.seeing(event, |this| this.named_templates(inputs)));
        }
        if let Some(when) = node.get("when") {
            self.at("when", |this| this.seeing(event, |this| this.condition(when)));
        }
    }

    fn schedule(&mut self, node: &Node) {
        if !self.keys(node, &SCHEDULE) {
            return;
        }
        if let Some(cron) = self.needed(node, "cron", "`schedule`")
            && let Some(text) = self.string(cron)
            && let Err(problem) = cron_problem(&text)
        {
            self.at("cron", |this| this.report(codes::BAD_SCHEDULE, cron.place, problem).code);
        }
        if let Some(zone) = node.get("time_zone")
            && let Some(name) = self.string(zone)
            && jiff::tz::TimeZone::get(&name).is_err()
        {
            let message = format!("`{name}` is not a time zone; they have names like `Europe/Berlin` or `UTC`.");
            self.at("time_zone", |this| this.report(codes::BAD_SCHEDULE, zone.place, message).code);
        }
        if let Some(policy) = node.get("catch_up") {
            self.at("catch_up", |this| this.word(policy, &[("none", ()), ("last", ()), ("all", ())]));
        }
    }

    fn file_trigger(&mut self, node: &Node) {
        if !self.keys(node, &FILE_TRIGGER) {
            return;
        }
        if let Some(path) = self.needed(node, "path", "`file`") {
            self.at("path", |this| this.string(path));
        }
        if let Some(debounce) = node.get("debounce") {
            self.at("debounce", |this| this.duration(debounce));
        }
    }

    fn run_finished(&mut self, node: &Node) {
        if !self.keys(node, &RUN_FINISHED) {
            return;
        }
        if let Some(workflow) = self.needed(node, "workflow", "`run_finished`") {
            self.at("workflow", |this| this.called_id(workflow));
        }
        let words = ["succeeded", "failed", "cancelled", "compensated"].map(|word| (word, ()));
        match node.get("status") {
            Some(status) if status.items().is_some() => {
                for item in status.items().unwrap_or_default() {
                    self.at("status", |this| this.word(item, &words));
                }
            }
            Some(status) => {
                self.at("status", |this| this.word(status, &words));
            }
            None => {}
        }
    }

    fn profiles(&mut self, node: &Node) {
        for entry in self.named_entries(node, "A profile") {
            self.at(&entry.key, |this| {
                if !this.keys(&entry.value, &PROFILE) {
                    return;
                }
                for part in entry.value.entries().unwrap_or_default() {
                    this.at(&part.key, |this| match part.key.as_str() {
                        "env" => drop(this.env_map(&part.value)),
                        "agents" => this.agents(&part.value),
                        "servers" => this.servers(&part.value),
                        "defaults" => drop(this.defaults(&part.value)),
                        _ => {}
                    });
                }
            });
        }
    }

    pub(super) fn sla(&mut self, node: &Node) {
        if node.scalar().is_some() {
            self.timeout(node);
            return;
        }
        if !self.keys(node, &SLA) {
            return;
        }
        if let Some(within) = self.needed(node, "within", "`sla`") {
            self.at("within", |this| this.timeout(within));
        }
        if let Some(action) = node.get("action") {
            self.at("action", |this| this.word(action, &[("warn", ()), ("alert", ()), ("fail", ()), ("cancel", ())]));
        }
    }

    fn alerts(&mut self, node: &Node) {
        let Some(items) = node.items() else {
            self.wrong_type(node, "a list of alerts such as [{ on: [failed], run: ./tell.sh }]");
            return;
        };
        let words = ["failed", "succeeded", "cancelled", "compensated", "needs_approval", "needs_attention", "sla"];
        for (index, item) in items.iter().enumerate() {
            self.at(&index.to_string(), |this| {
                if !this.keys(item, &ALERT) {
                    return;
                }
                if let Some(on) = this.needed(item, "on", "An alert") {
                    this.at("on", |this| match on.items() {
                        Some(items) => items.iter().for_each(|item| {
                            this.word(item, &words.map(|word| (word, ())));
                        }),
                        None => {
                            this.word(on, &words.map(|word| (word, ())));
                        }
                    });
                }
                let ways = ["run", "http", "emit"].iter().filter(|key| item.get(key).is_some()).count();
                if ways != 1 {
                    let place = super::first_line(this.text, item.place);
                    this.report(codes::MISSING_KEY, place, "An alert does one thing: `run`, `http` or `emit`.");
                }
                if let Some(script) = item.get("run") {
                    this.at("run", |this| this.scalar_text(script));
                }
                if let Some(request) = item.get("http") {
                    this.at("http", |this| this.http(request));
                }
                if let Some(event) = item.get("emit") {
                    this.at("emit", |this| this.emit(event));
                }
            });
        }
    }

    pub(super) fn cache(&mut self, node: &Node) -> Option<Cache> {
        if node.entries().is_none() {
            return self.boolean(node).filter(|wanted| *wanted).map(|_| Cache::default());
        }
        self.keys(node, &CACHE);
        let mut cache = Cache::default();
        for entry in node.entries().unwrap_or_default() {
            let value = &entry.value;
            self.at(&entry.key, |this| match entry.key.as_str() {
                "ttl" => cache.ttl_ms = this.timeout(value),
                "files" => match value.items() {
                    Some(files) => cache.files = files.iter().filter_map(|file| this.string_template(file)).collect(),
                    None => drop(this.wrong_type(value, "a list of paths or patterns").code),
                },
                "key" => cache.key = Some(this.template(value)),
                _ => {}
            });
        }
        Some(cache)
    }

    /// What an attempt takes. Any name is a kind; `cpu`, `memory` and `slots` are known.
    pub(super) fn resources(&mut self, node: &Node, of_group: bool) -> Option<Resources> {
        if of_group {
            self.cannot_run(node, "resources of a group");
        }
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map");
            return None;
        };
        let mut resources = Resources { slots: 1, amounts: Vec::new() };
        for entry in entries {
            let (kind, value) = (entry.key.as_str(), &entry.value);
            let amount = self.at(kind, |this| match kind {
                "slots" => {
                    resources.slots = this.integer(value, 1, 10_000).unwrap_or(1);
                    None
                }
                "memory" => {
                    this.bytes(value);
                    value.scalar().and_then(|scalar| crate::parse_bytes(&scalar.text)).map(|bytes| bytes as f64)
                }
                _ if kind != "cpu" && !super::is_valid_step_id(kind) => {
                    let message = format!("`{kind}` cannot be the name of a kind: letters, digits and `_`, not a digit first.");
                    this.report(codes::BAD_ID, entry.key_place, message);
                    None
                }
                _ => {
                    this.positive(value, if kind == "cpu" { "a number of processors above 0" } else { "an amount above 0" });
                    value.scalar().and_then(|scalar| scalar.value().as_f64())
                }
            });
            resources.amounts.extend(amount.map(|amount| (kind.to_owned(), amount)));
        }
        Some(resources)
    }

    /// Where and how a step runs.
    pub(super) fn placement(&mut self, key: &str, node: &Node) {
        if key == "sla" {
            self.sla(node);
        } else if key == "isolation" {
            self.word(node, &[("none", ()), ("process", ()), ("sandbox", ()), ("container", ())]);
        } else if key == "runs_on" {
            match node.items() {
                Some(items) => items.iter().for_each(|item| drop(self.string(item))),
                None => drop(self.string(node)),
            }
        }
        self.cannot_run(node, key);
    }
}

/// What is wrong with the five fields of a cron expression (POSIX, crontab(5); `@daily` and the like besides).
fn cron_problem(text: &str) -> Result<(), String> {
    if ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"].contains(&text) {
        return Ok(());
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err("A schedule has five fields: minute, hour, day of the month, month, day of the week.".to_owned());
    };
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    cron_field(minute, "minute", 0, 59, &[])?;
    cron_field(hour, "hour", 0, 23, &[])?;
    cron_field(day, "day of the month", 1, 31, &[])?;
    cron_field(month, "month", 1, 12, &MONTHS)?;
    cron_field(weekday, "day of the week", 0, 7, &DAYS)
}

fn cron_field(field: &str, what: &str, low: u32, high: u32, words: &[&str]) -> Result<(), String> {
    let wrong =
        || format!("`{field}` is not a {what}: numbers from {low} to {high}, `*`, ranges `a-b`, lists `a,b` and steps `*/n`.");
    let number = |text: &str| -> Option<u32> {
        let word = words.iter().position(|word| *word == text.to_ascii_lowercase());
        let value = match word {
            Some(at) => u32::try_from(at).ok()? + low,
            None => text.parse().ok()?,
        };
        (low..=high).contains(&value).then_some(value)
    };
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let fits = match range.split_once('-') {
            Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
            None => range == "*" || number(range).is_some(),
        };
        if !fits || step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
            return Err(wrong());
        }
    }
    Ok(())
}
