//! The summary as a terminal shows it.

use core::fmt::Write as _;

use ecsim_kernel::Span;

use super::{Amount, Cost, Count, Level, Quantiles, Range, Summary};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are wanted.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether `▁▂▃▄▅▆▇█` and `·` can be shown.
    pub unicode: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100, unicode: true }
    }
}

/// So many rows of a table are shown; all are in `summary.json`.
const ROWS: usize = 20;

struct Page {
    style: Style,
    text: String,
}

#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Bad,
}

/// A cell of a table.
struct Cell {
    text: String,
    tone: Tone,
}

fn cell(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), tone: Tone::Plain }
}

/// A number that should be 0.
fn bad(number: u64) -> Cell {
    Cell { text: grouped(number), tone: if number > 0 { Tone::Bad } else { Tone::Plain } }
}

impl Summary {
    /// Plain text for a terminal, lines ended by `\n`.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut page = Page { style: Style { width: style.width.clamp(60, 400), ..style }, text: String::new() };
        let span = Span::from_secs_f64(self.duration_seconds);
        let dot = page.dot();
        let whole_seconds = |stamp: &str| stamp.replace(".000Z", "Z");
        let name = if self.scenario_name.is_empty() { &self.cluster_name } else { &self.scenario_name };
        let name = page.painted(name, "1");
        let (start, end) = (whole_seconds(&self.start), whole_seconds(&self.end));
        page.line(&format!("{name}{dot}{}{dot}{start} to {end} ({span})", self.region));
        page.tasks(self);
        page.placement(self);
        page.times(self);
        page.capacity(self);
        page.fleet(self);
        if let Some(cost) = &self.cost {
            page.cost(cost, &self.region);
        }
        page.services(self);
        page.traffic(self);
        page.workload(self);
        page.text
    }
}

impl Page {
    const fn dot(&self) -> &'static str {
        if self.style.unicode { " · " } else { ", " }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.text.push('\n');
        let line = self.painted(text, "1");
        self.line(&line);
    }

    fn painted(&self, text: &str, code: &str) -> String {
        if self.style.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// `name 1,234` items, as many to a line as fit.
    fn items(&mut self, items: &[(&str, Cell)]) {
        let mut line = String::from("  ");
        let mut width = 2;
        for (name, cell) in items {
            let long = name.chars().count() + 1 + cell.text.chars().count();
            if width > 2 && width + 3 + long > self.style.width {
                self.line(&line);
                line = String::from("  ");
                width = 2;
            }
            if width > 2 {
                line.push_str("   ");
                width += 3;
            }
            let number = match cell.tone {
                Tone::Bad => self.painted(&cell.text, "31"),
                Tone::Plain => self.painted(&cell.text, "1"),
            };
            let _ = write!(line, "{name} {number}");
            width += long;
        }
        self.line(&line);
    }

    fn counts(&mut self, label: &str, counts: &[Count]) {
        if counts.is_empty() {
            return;
        }
        let dot = self.dot();
        let mut shown: Vec<String> =
            counts.iter().take(8).map(|count| format!("{} {}", count.name, grouped(count.count))).collect();
        if counts.len() > shown.len() {
            shown.push(format!("{} more", counts.len() - shown.len()));
        }
        let blocks = [format!("{label}:")].into_iter().chain(shown.iter().enumerate().map(|(at, block)| {
            if at + 1 == shown.len() { block.clone() } else { format!("{block}{}", dot.trim_end()) }
        }));
        self.wrapped(blocks);
    }

    fn tasks(&mut self, summary: &Summary) {
        let tasks = &summary.tasks;
        self.heading("Tasks");
        self.items(&[
            ("requested", cell(grouped(tasks.requested))),
            ("placed", cell(grouped(tasks.placed))),
            ("running", cell(grouped(tasks.running))),
            ("pending", cell(grouped(tasks.pending))),
            ("waiting", bad(tasks.waiting + tasks.missing)),
            ("dropped", bad(tasks.dropped)),
            ("stopped", cell(grouped(tasks.stopped))),
            ("lost", bad(tasks.lost)),
            ("out of memory", bad(tasks.out_of_memory_kills)),
        ]);
        self.counts("stopCode", &tasks.stop_codes);
        if tasks.stop_reasons.len() > tasks.stop_codes.len() {
            self.counts("reason", &tasks.stop_reasons);
        }
        self.counts("exit codes of essential containers", &tasks.exit_codes);
    }

    fn placement(&mut self, summary: &Summary) {
        let placement = &summary.placement;
        if placement.failed_attempts == 0 && placement.refused_calls == 0 {
            return;
        }
        self.heading("Where it was tight");
        self.items(&[
            ("failed placement attempts", bad(placement.failed_attempts)),
            ("refused calls", bad(placement.refused_calls)),
        ]);
        self.counts("closest instance failed on", &placement.closest_reasons);
        self.counts("instances by reason, over all attempts", &placement.reasons);
        self.counts("closest instance was a", &placement.closest_instance_types);
        let dot = self.dot();
        // Network interfaces that nobody wanted are no news.
        let news = |free: &&super::Free| free.resource != "ENI" || free.percent < 100.0;
        let free = |list: &[super::Free]| {
            list.iter()
                .filter(news)
                .map(|free| format!("{} {}", free.resource, percent(free.percent)))
                .collect::<Vec<_>>()
                .join(dot)
        };
        if !placement.free_when_failed.is_empty() {
            self.line(&format!("  free when it failed: {}", free(&placement.free_when_failed)));
        }
        if placement.zones.len() > 1 {
            for zone in placement.zones.iter().filter(|zone| zone.closest > 0 || !zone.free.is_empty()) {
                self.line(&format!("    {}: {}", zone.zone, free(&zone.free)));
            }
        }
    }

    fn times(&mut self, summary: &Summary) {
        let times = &summary.time_to_running;
        if times.tasks == 0 {
            return;
        }
        self.heading("Time to RUNNING");
        let row = |name: &str, quantiles: &Quantiles| {
            let mut row = vec![cell(name)];
            row.extend([quantiles.p50, quantiles.p95, quantiles.p99, quantiles.max].map(|time| cell(seconds(time))));
            row
        };
        self.table(
            &["", "p50", "p95", "p99", "max"],
            &[
                row("from the request", &times.total),
                row("  waiting for a place", &times.waiting),
                row("  PENDING on the host", &times.queued),
                row("  pulling images", &times.pulling),
                row("  starting", &times.starting),
            ],
        );
    }

    fn capacity(&mut self, summary: &Summary) {
        let instances = &summary.instances;
        // All on Fargate: there is nothing to tell of instances.
        if instances.registered_peak == 0 && summary.fleet.as_ref().is_some_and(|fleet| fleet.fargate.is_some()) {
            return;
        }
        self.heading("Capacity");
        let mean_peak = |mean: f64, peak: u64| format!("{} mean, {} peak", mean_text(mean), grouped(peak));
        self.items(&[
            ("instances", cell(grouped(instances.registered))),
            ("registered", cell(mean_peak(instances.registered_mean, instances.registered_peak))),
            ("used", cell(mean_peak(instances.used_mean, instances.used_peak))),
            ("draining", cell(grouped(instances.draining))),
            ("disconnected", bad(instances.disconnected)),
        ]);
        if summary.capacity.is_empty() {
            return;
        }
        let spark_width = self.style.width.saturating_sub(52).clamp(8, 60);
        let mut rows = Vec::new();
        for capacity in &summary.capacity {
            // Network interfaces that nobody wants are no news.
            if capacity.resource == "ENI" && capacity.placed.peak == 0.0 {
                continue;
            }
            let row = |name: &str, level: &Level, spark: String| {
                vec![
                    cell(format!("{} {name}", capacity.resource)),
                    cell(percent(level.mean)),
                    cell(percent(level.peak)),
                    cell(level.last.map_or_else(String::new, percent)),
                    cell(spark),
                ]
            };
            rows.push(row("reserved", &capacity.reservation, self.spark(&capacity.reservation.series, spark_width)));
            if (capacity.placed.mean - capacity.reservation.mean).abs() >= 1.0 {
                rows.push(row("with PENDING", &capacity.placed, self.spark(&capacity.placed.series, spark_width)));
            }
            if let Some(stranded) = &capacity.stranded
                && stranded.peak > 0.0
            {
                rows.push(row("stranded", stranded, self.spark(&stranded.series, spark_width)));
            }
        }
        self.table(&["", "mean", "peak", "end", "over time"], &rows);
    }

    /// Capacity that comes and goes; nothing where the scenario has none.
    fn fleet(&mut self, summary: &Summary) {
        let Some(fleet) = &summary.fleet else { return };
        self.heading("Scaling");
        if !fleet.auto_scaling_groups.is_empty() || fleet.launches + fleet.launch_failures > 0 {
            self.items(&[
                ("scale-outs", cell(grouped(fleet.scale_outs))),
                ("scale-ins", cell(grouped(fleet.scale_ins))),
                ("launches", cell(grouped(fleet.launches))),
                ("launch failures", bad(fleet.launch_failures)),
            ]);
        }
        if !fleet.auto_scaling_groups.is_empty() {
            let span = |range: &Range| {
                let whole = |number: f64| grouped(number as u64);
                // What never changed needs no three numbers.
                if range.min == range.max {
                    return whole(range.max);
                }
                format!("{} / {} / {}", whole(range.min), mean_text(range.mean), whole(range.max))
            };
            let rows: Vec<Vec<Cell>> = fleet
                .auto_scaling_groups
                .iter()
                .take(ROWS)
                .map(|group| {
                    vec![
                        cell(&group.auto_scaling_group_name),
                        cell(span(&group.desired_capacity)),
                        cell(span(&group.in_service)),
                        cell(grouped(group.launches)),
                        bad(group.launch_failures),
                        cell(grouped(group.interruptions_noticed)),
                        cell(grouped(group.interruptions_reclaimed)),
                    ]
                })
                .collect();
            let header =
                ["min / mean / max", "desired", "in service", "launches", "failed", "Spot notices", "reclaimed"];
            self.table(&header, &rows);
            self.more(fleet.auto_scaling_groups.len());
        }
        if fleet.interruptions_noticed + fleet.interruptions_reclaimed + fleet.rebalance_recommendations > 0 {
            self.items(&[
                ("Spot notices", cell(grouped(fleet.interruptions_noticed))),
                ("reclaimed", cell(grouped(fleet.interruptions_reclaimed))),
                ("rebalance recommendations", cell(grouped(fleet.rebalance_recommendations))),
            ]);
        }
        if fleet.tasks_drained + fleet.tasks_lost_to_spot + fleet.tasks_lost_otherwise > 0 {
            let mut items = vec![
                ("tasks drained", cell(grouped(fleet.tasks_drained))),
                ("lost to Spot", bad(fleet.tasks_lost_to_spot)),
                ("lost otherwise", bad(fleet.tasks_lost_otherwise)),
            ];
            if fleet.work_lost_seconds > 0.0 {
                items.push(("work lost", Cell { text: seconds(Some(fleet.work_lost_seconds)), tone: Tone::Bad }));
            }
            self.items(&items);
        }
        let waited = &fleet.waited_for_capacity;
        let waits = waited.got_capacity + waited.gave_up + waited.waiting;
        let mut items = Vec::new();
        if waits > 0 {
            items.extend([
                ("waited for capacity", cell(grouped(waits))),
                ("p50", cell(seconds(waited.time.p50))),
                ("p95", cell(seconds(waited.time.p95))),
                ("max", cell(seconds(waited.time.max))),
                ("gave up", bad(waited.gave_up)),
                ("still waiting", bad(waited.waiting)),
            ]);
        }
        if fleet.tasks_held_back > 0 {
            items.push(("attempts held back", bad(fleet.tasks_held_back)));
        }
        if !items.is_empty() {
            self.items(&items);
        }
        if let Some(fargate) = &fleet.fargate {
            self.items(&[
                ("Fargate tasks", cell(grouped(fargate.tasks))),
                ("running", cell(mean_peak(&fargate.running))),
                ("vCPU", cell(mean_peak(&fargate.vcpu))),
                ("Spot interruptions", cell(grouped(fargate.spot_interruptions))),
            ]);
        }
    }

    /// What it costs, in a few lines.
    fn cost(&mut self, cost: &Cost, region: &str) {
        self.heading("Cost");
        let plain = cost.currency_symbol.is_ascii() || self.style.unicode;
        let symbol = if plain { cost.currency_symbol } else { cost.currency };
        let show = |amount: f64| cell(money(symbol, amount));
        let mut items = vec![("total", show(cost.total)), ("per hour", show(cost.mean_per_hour))];
        let charges =
            [("on demand", cost.on_demand), ("Spot", cost.spot), ("Fargate", cost.fargate), ("EBS", cost.volumes)];
        items.extend(charges.into_iter().filter(|(_, amount)| *amount != 0.0).map(|(name, it)| (name, show(it))));
        // Only of instances anything can be idle.
        if cost.on_demand + cost.spot + cost.volumes != 0.0 || cost.idle != 0.0 {
            items.push(("idle", cell(share(symbol, cost.idle, cost.total))));
        }
        self.items(&items);
        let savings = &cost.savings;
        let saved = [
            ("saved by reservations", savings.reservations),
            ("saved by the Savings Plan", savings.savings_plan),
            ("saved by the discount", savings.discount),
            ("commitment lost", cost.unused_commitment),
        ];
        let saved: Vec<(&str, Cell)> =
            saved.into_iter().filter(|(_, amount)| *amount != 0.0).map(|(name, it)| (name, show(it))).collect();
        if !saved.is_empty() {
            self.items(&saved);
        }
        if cost.by_capacity_provider.len() > 1 {
            self.amounts("by capacity provider", &cost.by_capacity_provider, symbol);
        }
        self.amounts("by service", &cost.by_service, symbol);
        let estimates: Vec<String> = cost
            .price_notes
            .iter()
            .filter(|note| note.estimate)
            .map(|note| format!("{} ({})", note.provenance, few(&note.prices, 3)))
            .collect();
        if !estimates.is_empty() {
            let text = format!("prices in {region} are estimates: {}", few(&estimates, 2));
            self.wrapped(text.split(' ').map(str::to_owned));
        }
        self.counts("without a price, not counted here", &cost.without_price);
    }

    /// The largest of some amounts.
    fn amounts(&mut self, label: &str, amounts: &[Amount], symbol: &str) {
        const SHOWN: usize = 5;
        let mut sorted: Vec<&Amount> = amounts.iter().filter(|it| it.amount != 0.0).collect();
        if sorted.is_empty() {
            return;
        }
        sorted.sort_by(|one, other| other.amount.total_cmp(&one.amount));
        let mut shown: Vec<String> =
            sorted.iter().take(SHOWN).map(|it| format!("{} {}", it.name, money(symbol, it.amount))).collect();
        if sorted.len() > SHOWN {
            shown.push(format!("{} more", sorted.len() - SHOWN));
        }
        let dot = self.dot().trim_end().to_owned();
        let last = shown.len() - 1;
        let blocks = shown.into_iter().enumerate().map(|(at, it)| if at < last { format!("{it}{dot}") } else { it });
        self.wrapped(core::iter::once(format!("{label}:")).chain(blocks));
    }

    fn services(&mut self, summary: &Summary) {
        if summary.services.is_empty() {
            return;
        }
        self.heading("Services");
        let mut rows = Vec::new();
        for service in summary.services.iter().take(ROWS) {
            let short = service.running_count < service.desired_count;
            rows.push(vec![
                cell(&service.service_name),
                cell(grouped(u64::from(service.desired_count))),
                Cell {
                    text: grouped(u64::from(service.running_count)),
                    tone: if short { Tone::Bad } else { Tone::Plain },
                },
                cell(service.min_running_count.map_or_else(|| "-".to_owned(), |count| grouped(u64::from(count)))),
                cell(Span::from_secs_f64(service.below_desired_seconds.round()).to_string()),
                bad(service.placement_failures),
                bad(service.failed_to_start + service.lost),
                cell(seconds(service.time_to_running.total.p95)),
            ]);
        }
        self.table(&["", "desired", "running", "min", "below desired", "unplaced", "failed", "p95 start"], &rows);
        self.more(summary.services.len());
        let scaled = |service: &&super::ServiceSummary| service.scaling_activities + service.not_scaled > 0;
        for service in summary.services.iter().take(ROWS).filter(scaled) {
            let text = format!(
                "{}: {} scaling activities, {} times a policy changed nothing (scaling_activities.csv says why)",
                service.service_name, service.scaling_activities, service.not_scaled
            );
            self.wrapped(text.split(' ').map(str::to_owned));
        }
        for service in summary.services.iter().take(ROWS).filter(|service| service.deployments > 1) {
            let failed = match service.deployments_failed {
                0 => String::new(),
                failed => format!(", {failed} failed"),
            };
            let text = format!(
                "{}: {} deployments{failed}, the last {}",
                service.service_name, service.deployments, service.rollout_state
            );
            self.wrapped(text.split(' ').map(str::to_owned));
        }
        for service in summary.services.iter().take(ROWS) {
            // A service that is where it should be needs no words.
            if let (Some(at), Some(event)) = (service.last_event_seconds, &service.last_event)
                && service.running_count < service.desired_count
                // Which tasks it started does not tell why the others are missing.
                && !event.contains(" has started ")
            {
                let at = ecsim_kernel::SimTime::ZERO + Span::from_secs_f64(at);
                self.wrapped(format!("at {at} {event}").split(' ').map(str::to_owned));
            }
        }
    }

    fn traffic(&mut self, summary: &Summary) {
        let known: Vec<_> = summary.services.iter().filter_map(|it| it.traffic.map(|traffic| (it, traffic))).collect();
        if known.is_empty() {
            return;
        }
        self.heading("Traffic");
        let mut heads = vec!["", "requests", "failed", "rejected", "mean latency", "worst p95", "worst p99"];
        let some_slo = known.iter().any(|(_, traffic)| traffic.out_of_slo_minutes.is_some());
        heads.extend(some_slo.then_some("out of SLO"));
        let mut rows = Vec::new();
        for (service, traffic) in known.iter().take(ROWS) {
            let whole = |number: f64| number.round().max(0.0) as u64;
            let told = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), milliseconds);
            let out = traffic.out_of_slo_minutes.unwrap_or(0.0);
            let minutes = traffic.out_of_slo_minutes.map_or_else(String::new, |out| format!("{out:.1} min"));
            let mut row = vec![
                cell(&service.service_name),
                cell(grouped(whole(traffic.requests))),
                bad(whole(traffic.failed)),
                bad(whole(traffic.rejected)),
                cell(told(traffic.mean_latency_seconds)),
                cell(told(traffic.mean_latency_seconds.map(|_| traffic.worst_p95_seconds))),
                cell(told(traffic.mean_latency_seconds.map(|_| traffic.worst_p99_seconds))),
                Cell { text: minutes, tone: if out > 0.0 { Tone::Bad } else { Tone::Plain } },
            ];
            // Who has no SLO cannot be out of it.
            row.truncate(heads.len());
            rows.push(row);
        }
        self.table(&heads, &rows);
        self.more(known.len());
    }

    fn workload(&mut self, summary: &Summary) {
        if summary.workload.is_empty() {
            return;
        }
        self.heading("Workload");
        let mut rows = Vec::new();
        for entry in summary.workload.iter().take(ROWS) {
            rows.push(vec![
                cell(&entry.name),
                cell(grouped(entry.requested)),
                cell(grouped(entry.running)),
                bad(entry.waiting),
                bad(entry.dropped),
                cell(grouped(entry.stopped)),
                bad(entry.failed_to_start + entry.lost),
                cell(seconds(entry.time_to_running.waiting.p95)),
                cell(seconds(entry.time_to_running.total.p95)),
            ]);
        }
        self.table(
            &["", "requested", "running", "waiting", "dropped", "stopped", "failed", "p95 wait", "p95 start"],
            &rows,
        );
        self.more(summary.workload.len());
    }

    fn more(&mut self, rows: usize) {
        if rows > ROWS {
            self.line(&format!("  and {} more in summary.json", rows - ROWS));
        }
    }

    /// Blocks of text with blanks between, broken where the line is full.
    fn wrapped(&mut self, blocks: impl Iterator<Item = String>) {
        let mut line = String::from(" ");
        for block in blocks {
            if line.chars().count() + 1 + block.chars().count() > self.style.width && !line.trim().is_empty() {
                self.line(&line);
                line = String::from("   ");
            }
            line.push(' ');
            line.push_str(&block);
        }
        self.line(&line);
    }

    /// Columns by their widest cell; the first is left-aligned and gives way, so is the last where it is no number.
    fn table(&mut self, header: &[&str], rows: &[Vec<Cell>]) {
        let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.chars().count());
            }
        }
        let rest: usize = widths.iter().skip(1).map(|width| width + 2).sum();
        if let Some(first) = widths.first_mut() {
            *first = (*first).min(self.style.width.saturating_sub(rest + 2).max(12));
        }
        let spark = header.last() == Some(&"over time");
        let mut lines = Vec::with_capacity(rows.len() + 1);
        let pad = |at: usize, text: &str| {
            let width = widths[at];
            let text: String = if text.chars().count() > width {
                let end = if self.style.unicode { "…" } else { "~" };
                text.chars().take(width.saturating_sub(1)).chain(end.chars()).collect()
            } else {
                text.to_owned()
            };
            let blanks = " ".repeat(width - text.chars().count());
            if at == 0 || spark && at + 1 == widths.len() {
                (text, String::new(), blanks)
            } else {
                (text, blanks, String::new())
            }
        };
        let mut line = String::from("  ");
        for (at, name) in header.iter().enumerate() {
            let (text, before, after) = pad(at, name);
            let gap = if at > 0 { "  " } else { "" };
            let _ = write!(line, "{gap}{before}{}{after}", self.painted(&text, "2"));
        }
        lines.push(line);
        for row in rows {
            let mut line = String::from("  ");
            for (at, cell) in row.iter().enumerate() {
                let (text, before, after) = pad(at, &cell.text);
                let text = match cell.tone {
                    Tone::Bad => self.painted(&text, "31"),
                    Tone::Plain => text,
                };
                let gap = if at > 0 { "  " } else { "" };
                let _ = write!(line, "{gap}{before}{text}{after}");
            }
            lines.push(line);
        }
        for line in lines {
            self.line(&line);
        }
    }

    /// Percentages 0 to 100 as a line of blocks, the highest block at 100.
    fn spark(&self, series: &[Option<f64>], width: usize) -> String {
        const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const LETTERS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];
        let blocks = if self.style.unicode { BLOCKS } else { LETTERS };
        let width = width.min(series.len());
        (0..width)
            .map(|at| {
                let part = &series[at * series.len() / width..((at + 1) * series.len() / width).max(1)];
                let known: Vec<f64> = part.iter().flatten().copied().collect();
                if known.is_empty() {
                    return ' ';
                }
                let mean = known.iter().sum::<f64>() / known.len() as f64;
                blocks[((mean / 100.0 * 8.0) as usize).min(7)]
            })
            .collect()
    }
}

/// `$1,234.56`; below a dollar with four decimals.
fn money(symbol: &str, amount: f64) -> String {
    let sign = if amount < 0.0 { "-" } else { "" };
    let amount = amount.abs();
    if amount < 0.995 {
        return format!("{sign}{symbol}{amount:.4}");
    }
    let cents = (amount * 100.0).round() as u64;
    format!("{sign}{symbol}{}.{:02}", grouped(cents / 100), cents % 100)
}

/// An amount and its share of a whole.
fn share(symbol: &str, part: f64, whole: f64) -> String {
    let amount = money(symbol, part);
    if whole > 0.0 { format!("{amount} ({})", percent(part / whole * 100.0)) } else { amount }
}

/// The first of a list, and how many more there are.
fn few(list: &[String], most: usize) -> String {
    let shown = list.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    if list.len() > most { format!("{shown}, {} more", list.len() - most) } else { shown }
}

fn mean_text(mean: f64) -> String {
    if mean >= 100.0 { grouped(mean.round() as u64) } else { format!("{mean:.1}") }
}

/// `1,741 mean, 2,200 peak`; a peak of quarters of a vCPU keeps them.
fn mean_peak(range: &Range) -> String {
    let peak = if range.max.fract() == 0.0 { grouped(range.max as u64) } else { range.max.to_string() };
    format!("{} mean, {peak} peak", mean_text(range.mean))
}

fn percent(percent: f64) -> String {
    format!("{percent:.1} %")
}

fn seconds(time: Option<f64>) -> String {
    match time {
        None => "-".to_owned(),
        Some(seconds) if seconds < 60.0 => Span::from_ms((seconds * 1000.0).round() as u64).to_string(),
        // Beyond a minute nobody reads the milliseconds.
        Some(seconds) => Span::from_secs(seconds.round() as u64).to_string(),
    }
}

/// `1,234,567`.
/// A time to an answer.
fn milliseconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
