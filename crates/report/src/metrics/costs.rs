//! What a run costs so far: after all discounts, in the currency of the price book.
//!
//! The ledger is read at the end of a period and at the end of the run ([`crate::cost::ledger`]). Where nothing has a
//! price, these metrics have no value, and no column.

use ecsim_cluster::{AsgId, ProviderId};

use super::{Inputs, Metric, Read, Reading, Unit, Value};
use crate::cost::bill::Charge;
use crate::cost::ledger::{Place, Provider, Standing};
use crate::cost::money::Money;

/// Money has as many decimals here as anybody reads; shares of lines that are still open are not known better.
const DECIMALS: usize = 6;

fn standing(at: &Reading<'_>, of: impl Fn(&Standing) -> Money) -> Value {
    let standing = at.costs.and_then(|ledger| ledger.read());
    standing.map_or(Value::Missing, |standing| Value::Money(of(standing).round(DECIMALS)))
}

const fn money(name: &'static str, help: &'static str, read: Read) -> Metric {
    Metric::new(name, Unit::Money, Inputs::COSTS, help, read)
}

const fn cluster(name: &'static str, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    money(name, help, Read::Cluster(read))
}

fn of_provider(place: &Place, provider: ProviderId) -> bool {
    place.provider == Provider::Named(provider)
}

fn of_group(place: &Place, group: AsgId) -> bool {
    place.group == Some(group)
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    cluster("cost", "What everything has cost since the start, after all discounts.", |at| {
        standing(at, Standing::total)
    }),
    cluster("costRatePerHour", "List price for an hour of what is there now.", |at| {
        standing(at, |it| it.hourly(|_| true))
    }),
    cluster("costOnDemand", "Of the cost, EC2 instances on demand.", |at| {
        standing(at, |it| it.charges(&[Charge::OnDemand]))
    }),
    cluster("costSpot", "Of the cost, Spot instances.", |at| standing(at, |it| it.charges(&[Charge::Spot]))),
    cluster("costFargate", "Of the cost, Fargate and Fargate Spot, storage included.", |at| {
        standing(at, |it| it.charges(&FARGATE))
    }),
    cluster("costVolumes", "Of the cost, EBS volumes of instances.", |at| {
        standing(at, |it| it.charges(&[Charge::Volume]))
    }),
    cluster("costIdle", "Of the cost, what no task reserved.", |at| standing(at, Standing::idle)),
    money(
        "cost",
        "What its tasks have cost since the start: on Fargate their own price, on instances their share of it by what they reserve.",
        Read::Service(|at, id| standing(at, |it| it.service(id))),
    ),
    money(
        "cost",
        "What its tasks have cost since the start: on Fargate their own price, on instances their share of it by what they reserve.",
        Read::Workload(|at, id| standing(at, |it| it.source(id))),
    ),
    money(
        "cost",
        "What its instances, with their volumes, or its Fargate tasks have cost since the start.",
        Read::CapacityProvider(|at, id| standing(at, |it| it.provider(id))),
    ),
    money(
        "costRatePerHour",
        "List price for an hour of its instances or Fargate tasks that are there now.",
        Read::CapacityProvider(|at, id| standing(at, |it| it.hourly(|place| of_provider(place, id)))),
    ),
    money(
        "cost",
        "What its instances have cost since the start, with their volumes.",
        Read::AutoScalingGroup(|at, id| standing(at, |it| it.group(id))),
    ),
    money(
        "costRatePerHour",
        "List price for an hour of its instances that are there now.",
        Read::AutoScalingGroup(|at, id| standing(at, |it| it.hourly(|place| of_group(place, id)))),
    ),
    money(
        "cost",
        "What it has cost at list price since the start, with its volumes; none where its type has no price.",
        Read::Instance(|at, id| {
            let cost = at.costs.and_then(|ledger| ledger.instance_cost(id, at.now));
            cost.map_or(Value::Missing, |cost| Value::Money(cost.round(DECIMALS)))
        }),
    )
    .no_column(),
];

/// Everything that Fargate charges for.
pub(crate) const FARGATE: [Charge; 3] = [Charge::Fargate, Charge::FargateSpot, Charge::FargateStorage];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ecsim_cluster::Market;
    use ecsim_cluster::fact::TerminationReason;

    use crate::cost::SharedLedger;
    use crate::metrics::fixture::{Names, Story};
    use crate::metrics::{MetricTables, Scope};

    const HOUR: u64 = 3_600_000;

    /// The cells of each row of each table: of those whose column begins with `cost`.
    fn tables(priced: bool) -> Vec<Vec<String>> {
        let definitions = Names {
            instances: vec![("A1", "us-east-1a", 2_048, 4_096, 0)],
            families: vec![("job", 1_024, 2_048, 0)],
            services: vec![("web", 0, 1)],
            groups: vec![("spot", 0, 9, 0, vec!["us-east-1a"])],
            providers: vec![("cp", Some(0))],
            ..Names::default()
        }
        .definitions();
        let book = Arc::new(crate::cost::ledger::tests::book());
        let costs = SharedLedger::new(&definitions, &book).filter(|_| priced);
        let mut tables = MetricTables::new(&definitions).with_costs(costs.as_ref());
        for scope in Scope::TABLES {
            tables = tables.with(scope, Vec::new(), &definitions);
        }
        let mut story = Story::new(&definitions, tables);
        story.associate_all().register_all().create_service(0).place_service(0, 0);
        let instance = story.at(HOUR).launch(0, Market::Spot);
        story.at(2 * HOUR).period();
        story.at(2 * HOUR + 900_000).terminates_absent(instance).period();
        story.end(3 * HOUR);
        let texts = story.observer.finish().unwrap().into_iter().map(|text| String::from_utf8(text).unwrap());
        let costs = texts.map(|text| {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let header = reader.headers().unwrap().clone();
            let wanted: Vec<usize> = (0..header.len()).filter(|at| header[*at].starts_with("cost")).collect();
            let pick = |row: &csv::StringRecord| wanted.iter().map(|at| &row[*at]).collect::<Vec<_>>().join(" ");
            let mut lines = vec![pick(&header)];
            lines.extend(reader.records().map(|row| pick(&row.unwrap())));
            lines
        });
        costs.collect()
    }

    impl<O: ecsim_cluster::Observer> Story<O> {
        /// An instance that never registered is terminated.
        fn terminates_absent(&mut self, instance: ecsim_cluster::InstanceId) -> &mut Self {
            let reason = TerminationReason::User;
            self.fact(ecsim_cluster::Fact::InstanceTerminated { instance, reason })
        }
    }

    #[test]
    fn bil_010_and_spt_012_costs_are_columns_of_every_table() {
        let [cluster, services, providers, groups, _] = tables(true).try_into().unwrap();
        // c4.large at 0.1 from the start; an hour and a quarter of Spot at 0.036, and its volume at 0.00333.
        assert_eq!(
            cluster,
            [
                "cost costRatePerHour costOnDemand costSpot costFargate costVolumes costIdle",
                "0.239333 0.139333 0.20 0.036 0.00 0.003333 0.139333",
                "0.274167 0.10 0.225 0.045 0.00 0.004167 0.161667",
                "0.349167 0.10 0.30 0.045 0.00 0.004167 0.199167",
            ]
            .map(str::to_owned)
        );
        assert_eq!(services, ["cost", "0.10", "0.1125", "0.15"].map(str::to_owned));
        let rows = ["cost costRatePerHour", "0.039333 0.039333", "0.049167 0.00", "0.049167 0.00"].map(str::to_owned);
        assert_eq!((&providers[..], &groups[..]), (&rows[..], &rows[..]));
    }

    #[test]
    fn without_prices_no_table_has_costs() {
        assert!(tables(false).iter().flatten().all(String::is_empty));
    }
}
