//! `bill.csv`: what the run costs, after all discounts, read in four ways that each add up to the same total.
//!
//! A row for each name and kind of charge of a reading: by type of resource, by capacity provider, by service (or group of
//! standalone tasks), and by kind of charge alone. Amounts are rounded as a column: the sum of the rounded amounts is the
//! rounded total. Without prices the file has no rows.

use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_kernel::SimTime;

use super::sheet::Sheet;
use super::{Column, Sink, column};
use crate::cost::bill::Charge;
use crate::cost::ledger::{Standing, Titles};
use crate::cost::{Ledger, Money, SharedLedger};

/// The columns of `bill.csv`.
pub const COLUMNS: [Column; 4] = [
    column("reading", "", "Which way of reading the bill: resourceType, capacityProvider, service, or charge."),
    column(
        "name",
        "",
        "The instance type, Fargate platform or EBS; the capacity provider; the service or task group, (idle) for what nobody reserved; the kind of charge. (unused commitment) is of a Savings Plan.",
    ),
    column("charge", "", "EC2 on demand, EC2 Spot, Fargate, Fargate Spot, Fargate storage, EBS, or Savings Plan."),
    column(
        "costUsd",
        "US dollars",
        "What is to be paid after all discounts. Each reading adds up to the total. In China: costCny, in yuan.",
    ),
];

/// Decimals of an amount.
const DECIMALS: usize = 6;

/// Writes `bill.csv`.
pub struct BillSink<W: Write> {
    sheet: Sheet<W>,
    definitions: Arc<Definitions>,
    costs: Option<SharedLedger>,
    now: SimTime,
    written: bool,
}

impl<W: Write> BillSink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, costs: Option<&SharedLedger>, writer: W) -> Self {
        let sheet = Sheet::with_costs(writer, &COLUMNS, definitions.start_unix_ms, costs);
        Self { sheet, definitions, costs: costs.cloned(), now: SimTime::ZERO, written: false }
    }

    fn write(&mut self) {
        if core::mem::replace(&mut self.written, true) {
            return;
        }
        let Self { sheet, definitions, costs, now, .. } = self;
        let Some(costs) = costs else { return };
        costs.with(|ledger| {
            ledger.end(*now);
            let standing = ledger.standing(*now).clone();
            for (reading, rows) in rows(ledger, definitions, &standing) {
                write_reading(reading, rows, &standing, sheet);
            }
        });
    }
}

type Rows = Vec<(String, Charge, Money)>;

fn rows(ledger: &Ledger, definitions: &Definitions, standing: &Standing) -> [(&'static str, Rows); 4] {
    let [kinds, providers, owners] = Titles::new(ledger, definitions).readings(standing);
    let charges = standing.bill().by_charge.iter();
    [
        ("resourceType", kinds),
        ("capacityProvider", providers),
        ("service", owners),
        ("charge", charges.map(|(charge, amount)| (charge.as_str().to_owned(), *charge, *amount)).collect()),
    ]
}

fn write_reading<W: Write>(reading: &str, rows: Rows, standing: &Standing, sheet: &mut Sheet<W>) {
    let unused = standing.unused_commitment();
    let lost = (unused != Money::ZERO).then_some(("(unused commitment)", "Savings Plan", unused));
    let rows: Vec<(&str, &str, Money)> =
        rows.iter().map(|(name, charge, amount)| (name.as_str(), charge.as_str(), *amount)).chain(lost).collect();
    let amounts: Vec<Money> = rows.iter().map(|row| row.2).collect();
    for ((name, charge, _), amount) in rows.into_iter().zip(Money::round_column(&amounts, DECIMALS)) {
        sheet.text(reading);
        sheet.text(name);
        sheet.text(charge);
        sheet.money(Some(amount), DECIMALS);
        sheet.end_row();
    }
}

impl<W: Write> Observer for BillSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.now = now;
        if let Some(costs) = &mut self.costs {
            costs.observe(now, fact, cluster);
        }
    }

    fn run_ended(&mut self, now: SimTime, _: &Cluster) {
        self.now = now;
        self.write();
    }
}

impl<W: Write> Sink<W> for BillSink<W> {
    fn finish(mut self: Box<Self>) -> io::Result<W> {
        self.write();
        self.sheet.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::PriceBook;
    use crate::cost::savings_plan::SavingsPlan;
    use crate::cost::{Fraction, HourlyRate, Quote};
    use crate::sinks::kit::{Kit, cells, ms, write};
    use crate::sinks::{TRACES, TraceKind, open_with_costs};
    use ecsim_cluster::{InstanceStatus, StopReason};

    fn amount(cell: &str) -> Money {
        Money::parse(cell).unwrap_or_default()
    }

    #[test]
    fn bil_010_the_bill_is_read_in_four_ways_that_add_up() {
        let mut kit = Kit::new();
        let instance = kit.register("a", ms(0));
        let task = kit.place(ms(0), "web", "a");
        kit.run(task, ms(1000));
        let fargate = kit.place(ms(1000), "vpc", "FARGATE");
        kit.run(fargate, ms(2000));
        kit.fact(ms(3_602_000), Fact::TaskStopRequested { task: fargate, reason: StopReason::UserInitiated(None) });
        kit.end(ms(3_602_000), fargate, &[0]);
        kit.fact(ms(7_200_000), Fact::HostPowerChanged { instance, running: false });
        kit.fact(ms(7_200_000), Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        kit.end_at(ms(9_000_000));
        // m5.large: 2 h of 0.096. Fargate: an hour of a quarter vCPU, half a GB, and a GB of storage more than is free.
        // web reserves 256 units and 512 MiB of 2,048 and 3,767: (9 * 256 + 512) / (9 * 2,048 + 3,767) for 2 h.
        assert_eq!(
            write(&kit, TraceKind::Bill),
            "reading,name,charge,costUsd\n\
             resourceType,m5.large,EC2 on demand,0.192000\n\
             resourceType,Fargate LINUX/X86_64,Fargate,0.012343\n\
             resourceType,Fargate LINUX/X86_64,Fargate storage,0.000111\n\
             capacityProvider,FARGATE,Fargate,0.012343\n\
             capacityProvider,FARGATE,Fargate storage,0.000111\n\
             capacityProvider,none (EC2 launch type),EC2 on demand,0.192000\n\
             service,(idle),EC2 on demand,0.167644\n\
             service,vpc,Fargate,0.012343\n\
             service,vpc,Fargate storage,0.000111\n\
             service,web,EC2 on demand,0.024356\n\
             charge,EC2 on demand,EC2 on demand,0.192000\n\
             charge,Fargate,Fargate,0.012343\n\
             charge,Fargate storage,Fargate storage,0.000111\n"
        );
        assert_eq!(cells(&kit, TraceKind::ContainerInstances)[0]["costUsd"], "0.19200000");
        let tasks = cells(&kit, TraceKind::Tasks);
        assert_eq!((tasks[0]["costUsd"].as_str(), tasks[1]["costUsd"].as_str()), ("0.02435569", "0.01245350"));
    }

    #[test]
    fn every_dollar_of_a_busy_run_is_in_every_reading_and_in_the_rows_of_instances_and_tasks() {
        let kit = Kit::busy();
        let mut sums = std::collections::BTreeMap::<String, Money>::new();
        for row in cells(&kit, TraceKind::Bill) {
            *sums.entry(row["reading"].clone()).or_default() += amount(&row["costUsd"]);
        }
        let total = sums["charge"];
        assert!(total > Money::ZERO && sums.len() == 4 && sums.values().all(|sum| *sum == total), "{sums:?}");
        let instances = cells(&kit, TraceKind::ContainerInstances);
        let priced = |row: &&std::collections::BTreeMap<String, String>| !row["costUsd"].is_empty();
        assert_eq!(instances.iter().filter(priced).count(), 3, "a g5.12xlarge has no price in this book");
        let instances: Money = instances.iter().map(|row| amount(&row["costUsd"])).sum();
        let tasks = cells(&kit, TraceKind::Tasks);
        let fargate = tasks.iter().filter(|row| row["launchType"] == "FARGATE");
        let fargate: Money = fargate.map(|row| amount(&row["costUsd"])).sum();
        assert_eq!((instances + fargate).round(6), total);
        let web = tasks.iter().filter(|row| row["service"] == "web" && !row["taskId"].is_empty());
        assert!(web.clone().count() > 1 && web.into_iter().all(|row| amount(&row["costUsd"]) > Money::ZERO));
    }

    #[test]
    fn bil_004_lost_commitment_is_a_row_of_every_reading() {
        let mut kit = Kit::new();
        kit.register("a", ms(0));
        kit.end_at(ms(3_600_000));
        let mut book: PriceBook = crate::cost::ledger::tests::book();
        let commitment = Money::parse("0.05").unwrap_or_default();
        book.discounts.savings_plan = Some(SavingsPlan { commitment, discount: Fraction::from_percent(50) });
        let costs = SharedLedger::new(kit.definitions(), &Arc::new(book));
        let mut sink = open_with_costs(TraceKind::Bill, kit.definitions(), costs.as_ref(), Vec::new());
        kit.replay(&mut *sink);
        let text = String::from_utf8(sink.finish().expect("writing to memory")).expect("UTF-8");
        assert_eq!(text.matches(",(unused commitment),Savings Plan,0.002000\n").count(), 4, "{text}");
        assert_eq!(text.matches("EC2 on demand,0.048000\n").count(), 4, "{text}");
    }

    #[test]
    fn the_currency_is_in_the_header() {
        let kit = Kit::new();
        let mut book = PriceBook::new("cn-north-1");
        let pedigree = crate::cost::rates::Pedigree::published("the list");
        book.set_on_demand("m5.large", Quote::new(HourlyRate::from_nanos(1), pedigree));
        let costs = SharedLedger::new(kit.definitions(), &Arc::new(book));
        for trace in TRACES.iter().filter(|trace| trace.columns.iter().any(|column| column.name == "costUsd")) {
            let sink = open_with_costs(trace.kind, kit.definitions(), costs.as_ref(), Vec::new());
            let text = String::from_utf8(sink.finish().expect("writing to memory")).expect("UTF-8");
            assert!(text.contains(",costCny") && !text.contains("costUsd"), "{text}");
        }
    }

    #[test]
    fn without_prices_there_are_no_amounts() {
        let kit = Kit::busy();
        for kind in [TraceKind::Bill, TraceKind::Tasks, TraceKind::ContainerInstances] {
            let mut sink = crate::sinks::open(kind, kit.definitions(), Vec::new());
            kit.replay(&mut *sink);
            let text = String::from_utf8(sink.finish().expect("writing to memory")).expect("UTF-8");
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let last = reader.headers().expect("a header").len() - 1;
            assert!(reader.records().all(|row| row.expect("a row")[last].is_empty()), "{text}");
        }
    }
}
