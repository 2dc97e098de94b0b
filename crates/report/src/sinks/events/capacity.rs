//! Events of Amazon EC2 and EC2 Auto Scaling about the instances under a cluster.

use std::io::Write;

use ecsim_cluster::arn;
use ecsim_cluster::definitions::LaunchOwner;
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{
    AsgId, Cluster, Definitions, Fact, Instance, InstanceId, InstanceLifecycle, Market, SubnetId, ZoneId,
};
use ecsim_kernel::SimTime;
use serde::Serialize;

use super::shape::{Seconds, Stamp};
use super::{EventSink, Json, ids, raw};
use crate::sinks::activities;

const EC2: &str = "aws.ec2";
const AUTO_SCALING: &str = "aws.autoscaling";

/// `detail` of the events of EC2.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ec2Detail<'a> {
    instance_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_action: Option<&'static str>,
}

/// `detail` of the events of EC2 Auto Scaling.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ActivityDetail<'a> {
    status_code: &'static str,
    description: &'a str,
    auto_scaling_group_name: &'a str,
    activity_id: &'a str,
    details: ActivityPlace<'a>,
    request_id: &'a str,
    status_message: &'a str,
    end_time: Seconds,
    #[serde(rename = "EC2InstanceId")]
    ec2_instance_id: &'a str,
    start_time: Seconds,
    cause: &'a str,
    origin: &'static str,
    destination: &'static str,
}

#[derive(Serialize)]
struct ActivityPlace<'a> {
    #[serde(rename = "Availability Zone")]
    availability_zone: &'a str,
    #[serde(rename = "Subnet ID", skip_serializing_if = "Option::is_none")]
    subnet: Option<&'a str>,
}

/// An instance on its way into its group.
pub(super) struct Launch {
    cause: String,
    origin: &'static str,
    started_at: SimTime,
}

/// What is told of an activity.
struct Activity<'a> {
    kind: &'static str,
    status_code: &'static str,
    group: AsgId,
    zone: ZoneId,
    subnet: Option<SubnetId>,
    ec2_instance_id: &'a str,
    description: String,
    status_message: &'a str,
    cause: String,
    started_at: SimTime,
    origin: &'static str,
    destination: &'static str,
}

impl<W: Write> EventSink<W> {
    /// A fact about an EC2 instance.
    pub(super) fn tell_capacity(&mut self, fact: &Fact, cluster: &Cluster) {
        let instances = cluster.instances();
        match *fact {
            Fact::SpotInterruptionNoticed { instance, .. } => {
                let id = arn::ec2_instance_id(&self.definitions, &instances[instance]);
                // The one ARN of EC2 that names the zone and no account.
                let zone = self.definitions.zones.name(instances[instance].zone);
                let resource = raw(&format!("arn:{}:ec2:{zone}:instance/{id}", partition(&self.definitions)));
                let detail = Ec2Detail { instance_id: &id, instance_action: Some("terminate") };
                self.out.tell(EC2, "EC2 Spot Instance Interruption Warning", self.stamp, &[&resource], detail);
            }
            Fact::RebalanceRecommended { instance } => {
                let id = arn::ec2_instance_id(&self.definitions, &instances[instance]);
                let resource = instance_arn(&self.definitions, &id);
                let detail = Ec2Detail { instance_id: &id, instance_action: None };
                self.out.tell(EC2, "EC2 Instance Rebalance Recommendation", self.stamp, &[&resource], detail);
            }
            Fact::LaunchFailed { owner: LaunchOwner::Group(group), option, market, failure } => {
                let option = self.definitions.launch_options[option];
                let spot = if market == Market::Spot { " Spot" } else { "" };
                self.tell_activity(Activity {
                    kind: "EC2 Instance Launch Unsuccessful",
                    status_code: "Failed",
                    group,
                    zone: option.zone,
                    subnet: option.subnet,
                    ec2_instance_id: "",
                    description: format!("Launching a new{spot} EC2 instance. Status Reason: {}", failure.text()),
                    status_message: failure.text(),
                    cause: "an instance was started in response to a difference between desired and actual capacity."
                        .to_owned(),
                    started_at: self.now,
                    origin: "EC2",
                    destination: "AutoScalingGroup",
                });
            }
            Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminated } => {
                let reason = self.terminations.remove(&instance);
                // An instance can leave its group before EC2 shuts it down: then the shutdown tells.
                if instances[instance].terminated_at.is_some() {
                    self.tell_terminated(&instances[instance], reason);
                }
            }
            Fact::InstanceTerminated { instance, reason } => match instances[instance].lifecycle {
                InstanceLifecycle::Terminated => self.tell_terminated(&instances[instance], Some(reason)),
                InstanceLifecycle::Unmanaged | InstanceLifecycle::Detached => {}
                _ => {
                    self.terminations.insert(instance, reason);
                }
            },
            Fact::InstanceLaunched { instance, warm, .. } if instances[instance].group.is_some() => {
                let cause = activities::launch_cause(&instances[instance], warm, cluster);
                self.launches.insert(instance, Launch { cause, origin: "EC2", started_at: self.now });
            }
            Fact::InstanceLifecycleChanged { instance, to } => self.move_in_group(instance, to, cluster),
            _ => {}
        }
    }

    /// An instance is ready, in service or in the warm pool: its launch has succeeded.
    fn move_in_group(&mut self, instance: InstanceId, to: InstanceLifecycle, cluster: &Cluster) {
        let launch = self.launches.remove(&instance);
        let destination = match to {
            InstanceLifecycle::InService => "AutoScalingGroup",
            InstanceLifecycle::WarmedStopped
            | InstanceLifecycle::WarmedRunning
            | InstanceLifecycle::WarmedHibernated => "WarmPool",
            _ if to.is_terminating() || to == InstanceLifecycle::Detached => return,
            _ => {
                if let Some(launch) = launch {
                    let from_pool = launch.origin == "WarmPool" && to == InstanceLifecycle::Pending;
                    let started_at = if from_pool { self.now } else { launch.started_at };
                    self.launches.insert(instance, Launch { started_at, ..launch });
                }
                return;
            }
        };
        if destination == "WarmPool" {
            let cause = "an instance was started from the warm pool in response to a difference between desired and actual capacity.";
            let next = Launch { cause: cause.to_owned(), origin: "WarmPool", started_at: self.now };
            self.launches.insert(instance, next);
        }
        let row = &cluster.instances()[instance];
        // Nothing is told of one that goes back to the pool, or back to service from Standby.
        let (Some(launch), Some(group)) = (launch, row.group) else { return };
        if launch.origin == destination {
            return;
        }
        let id = arn::ec2_instance_id(&self.definitions, row);
        self.tell_activity(Activity {
            kind: "EC2 Instance Launch Successful",
            status_code: "InProgress",
            group,
            zone: row.zone,
            subnet: row.subnet,
            ec2_instance_id: &id,
            description: format!("Launching a new EC2 instance: {id}"),
            status_message: "",
            cause: launch.cause,
            started_at: launch.started_at,
            origin: launch.origin,
            destination,
        });
    }

    fn tell_terminated(&mut self, row: &Instance, reason: Option<TerminationReason>) {
        self.launches.remove(&row.id);
        let Some(group) = row.group else { return };
        let id = arn::ec2_instance_id(&self.definitions, row);
        self.tell_activity(Activity {
            kind: "EC2 Instance Terminate Successful",
            status_code: "InProgress",
            group,
            zone: row.zone,
            subnet: row.subnet,
            ec2_instance_id: &id,
            description: format!("Terminating EC2 instance: {id}"),
            status_message: "",
            cause: reason.map_or_else(String::new, |reason| activities::termination_cause(reason).to_owned()),
            started_at: row.terminated_at.unwrap_or(self.now),
            origin: "AutoScalingGroup",
            destination: "EC2",
        });
    }

    fn tell_activity(&mut self, activity: Activity<'_>) {
        let definitions = &*self.definitions;
        let name = definitions.auto_scaling_groups[activity.group].name.as_str();
        let started = Stamp::new(self.clock.stamp(activity.started_at).as_bytes()).to_seconds();
        let number = self.out.sequence();
        let group = raw(&format!(
            "arn:{}:autoscaling:{}:{}:autoScalingGroup:{}:autoScalingGroupName/{name}",
            partition(definitions),
            definitions.region,
            definitions.account,
            ids::uuid(&(definitions.cluster_name.as_str(), "group", name)),
        ));
        let instance = instance_arn(definitions, activity.ec2_instance_id);
        let both = [&*group, &*instance];
        let resources = if activity.ec2_instance_id.is_empty() { &both[..1] } else { &both[..] };
        let detail = ActivityDetail {
            status_code: activity.status_code,
            description: &activity.description,
            auto_scaling_group_name: name,
            activity_id: &ids::uuid(&(definitions.cluster_name.as_str(), "activity", number)),
            details: ActivityPlace {
                availability_zone: definitions.zones.name(activity.zone),
                subnet: activity.subnet.map(|subnet| definitions.subnets[subnet].name.as_str()),
            },
            request_id: &ids::uuid(&(definitions.cluster_name.as_str(), "request", number)),
            status_message: activity.status_message,
            end_time: self.stamp.to_seconds(),
            ec2_instance_id: activity.ec2_instance_id,
            start_time: started,
            cause: &format!("At {} {}", started.text(), activity.cause),
            origin: activity.origin,
            destination: activity.destination,
        };
        self.out.tell(AUTO_SCALING, activity.kind, self.stamp, resources, detail);
    }
}

fn instance_arn(definitions: &Definitions, id: &str) -> Json {
    raw(&format!("arn:{}:ec2:{}:{}:instance/{id}", partition(definitions), definitions.region, definitions.account))
}

/// The partition of the region, as in every other ARN.
fn partition(definitions: &Definitions) -> String {
    arn::cluster_arn(definitions).split(':').nth(1).unwrap_or("aws").to_owned()
}
