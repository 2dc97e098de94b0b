//! Which metric a policy or an alarm means: one that the simulator makes, or one that the scenario gives.

use ecsim_cluster::TargetGroupId;
use ecsim_cluster::cloudwatch::{
    ClusterMetric, InstanceMetric, SeriesSource, ServiceMetric, Statistic, TargetGroupMetric,
};

use super::super::Context;
use crate::document::Locator;
use crate::schema::aws;

impl<'a> Context<'a> {
    /// The metric of a name, with its dimensions. Values of `behavior.metrics` go before those that the simulator makes; a
    /// warning where nobody gives any.
    pub(super) fn metric_source(
        &mut self,
        namespace: &str,
        name: &str,
        dimensions: &[aws::Dimension],
        at: &Locator<'a>,
    ) -> SeriesSource {
        if let Some(metric) = self.given_metric(namespace, name, dimensions) {
            return SeriesSource::Custom(metric);
        }
        if let Some(source) = self.made_metric(namespace, name, dimensions) {
            return source;
        }
        let (metric, full) = self.custom_metric(namespace, name, dimensions);
        let message = format!("nothing gives the metric `{full}` a value, so it never does anything");
        let help = "give its values under behavior.metrics, or check namespace, name and dimensions of the metrics that the \
                    simulator makes: AWS/ECS with ClusterName and ServiceName, AWS/ApplicationELB with TargetGroup";
        self.warning(at, "W395", message, Some(help.into()));
        SeriesSource::Custom(metric)
    }

    fn made_metric(&self, namespace: &str, name: &str, dimensions: &[aws::Dimension]) -> Option<SeriesSource> {
        let dimension = |key: &str| {
            dimensions.iter().find(|dimension| dimension.name == key).map(|dimension| dimension.value.as_str())
        };
        if matches!(namespace, "AWS/ApplicationELB" | "AWS/NetworkELB") {
            let group = self.target_group_named(dimension("TargetGroup")?)?;
            return Some(SeriesSource::TargetGroup(group, target_group_metric(name)?));
        }
        if dimension("ClusterName").is_some_and(|cluster| cluster != self.definitions.cluster_name) {
            return None;
        }
        match (namespace, dimension("ServiceName")) {
            ("AWS/ECS" | "ECS/ContainerInsights", Some(service)) => {
                let service = *self.service_ids.get(service)?;
                let metric = service_metric(namespace, name)?;
                let revisions = || self.definitions.services[service].revisions.iter();
                let published = !metric.is_of_service_connect() || revisions().any(|it| it.routing.mesh);
                published.then_some(SeriesSource::Service(service, metric))
            }
            ("ECS/ContainerInsights", None) if name.starts_with("instance_") => {
                let metric = InstanceMetric::ALL.into_iter().find(|metric| metric.name() == name)?;
                let instance = match dimension("ContainerInstanceId").or_else(|| dimension("InstanceId")) {
                    Some(instance) => Some(*self.instance_ids.get(instance)?),
                    None => None,
                };
                Some(SeriesSource::Instances(instance, metric))
            }
            ("ECS/ContainerInsights", None) => Some(SeriesSource::Cluster(match name {
                "ContainerInstanceCount" => ClusterMetric::ContainerInstanceCount,
                "ServiceCount" => ClusterMetric::ServiceCount,
                "TaskCount" => ClusterMetric::TaskCount,
                "CpuUtilized" => ClusterMetric::CpuUtilized,
                "CpuReserved" => ClusterMetric::CpuReserved,
                "MemoryUtilized" => ClusterMetric::MemoryUtilized,
                "MemoryReserved" => ClusterMetric::MemoryReserved,
                _ => return None,
            })),
            ("AWS/ECS", None) => Some(SeriesSource::Cluster(match name {
                "CPUReservation" => ClusterMetric::CpuReservation,
                "MemoryReservation" => ClusterMetric::MemoryReservation,
                "GPUReservation" => ClusterMetric::GpuReservation,
                "CPUUtilization" => ClusterMetric::CpuUtilization,
                "MemoryUtilization" => ClusterMetric::MemoryUtilization,
                _ => return None,
            })),
            _ => None,
        }
    }

    /// A metric of a service by AWS's name, or what the scenario gives for it.
    pub(super) fn service_metric(&mut self, service: &str, metric: ServiceMetric, at: &Locator<'a>) -> SeriesSource {
        let name = ecsim_cluster::service_scaling::service_metric_name(metric);
        let cluster = self.definitions.cluster_name.clone();
        let dimensions = [dimension("ClusterName", &cluster), dimension("ServiceName", service)];
        for given in [&dimensions[..], &dimensions[1..]] {
            if let Some(metric) = self.given_metric("AWS/ECS", name, given) {
                return SeriesSource::Custom(metric);
            }
        }
        self.metric_source("AWS/ECS", name, &dimensions, at)
    }

    /// `RequestCountPerTarget` of the target group that a label names, or what the scenario gives for it.
    pub(super) fn requests_per_target(&mut self, label: Option<&str>, at: &Locator<'a>) -> Option<SeriesSource> {
        let Some(label) = label else {
            let help = "write `resourceLabel: app/BALANCER/ID/targetgroup/GROUP/ID` (SAS-010)";
            self.error(at, "E397", "ALBRequestCountPerTarget needs a resource label", Some(help.into()));
            return None;
        };
        let group = label.find("targetgroup/").map_or(label, |start| &label[start..]);
        let given = [dimension("TargetGroup", group)];
        Some(self.metric_source("AWS/ApplicationELB", "RequestCountPerTarget", &given, at))
    }

    /// A target group by name, by `targetgroup/NAME/ID`, or by ARN.
    fn target_group_named(&self, text: &str) -> Option<TargetGroupId> {
        let mut parts = text.split('/').skip_while(|part| !part.ends_with("targetgroup"));
        let name = parts.nth(1).unwrap_or(text);
        self.definitions.target_groups.iter().find(|(_, group)| group.name == name).map(|(id, _)| id)
    }
}

fn dimension(name: &str, value: &str) -> aws::Dimension {
    aws::Dimension { name: name.to_owned(), value: value.into() }
}

fn service_metric(namespace: &str, name: &str) -> Option<ServiceMetric> {
    Some(match (namespace, name) {
        ("AWS/ECS", "CPUUtilization") => ServiceMetric::CpuUtilization,
        ("AWS/ECS", "MemoryUtilization") => ServiceMetric::MemoryUtilization,
        ("AWS/ECS", "LiveTaskCount") => ServiceMetric::LiveTaskCount,
        ("ECS/ContainerInsights", "DesiredTaskCount") => ServiceMetric::DesiredTaskCount,
        ("ECS/ContainerInsights", "RunningTaskCount") => ServiceMetric::RunningTaskCount,
        ("ECS/ContainerInsights", "PendingTaskCount") => ServiceMetric::PendingTaskCount,
        ("ECS/ContainerInsights", "DeploymentCount") => ServiceMetric::DeploymentCount,
        ("ECS/ContainerInsights", "CpuUtilized") => ServiceMetric::CpuUtilized,
        ("ECS/ContainerInsights", "MemoryUtilized") => ServiceMetric::MemoryUtilized,
        ("ECS/ContainerInsights", "RestartCount") => ServiceMetric::RestartCount,
        ("ECS/ContainerInsights", "CpuReserved") => ServiceMetric::CpuReserved,
        ("ECS/ContainerInsights", "MemoryReserved") => ServiceMetric::MemoryReserved,
        ("ECS/ContainerInsights", "TaskSetCount") => ServiceMetric::TaskSetCount,
        ("AWS/ECS", "RequestCount") => ServiceMetric::RequestCount,
        ("AWS/ECS", "RequestCountPerTarget") => ServiceMetric::RequestCountPerTarget,
        ("AWS/ECS", "HTTPCode_Target_2XX_Count") => ServiceMetric::HttpCodeTarget2xx,
        ("AWS/ECS", "HTTPCode_Target_5XX_Count") => ServiceMetric::HttpCodeTarget5xx,
        ("AWS/ECS", "TargetResponseTime") => ServiceMetric::TargetResponseTime,
        _ => return None,
    })
}

fn target_group_metric(name: &str) -> Option<TargetGroupMetric> {
    Some(match name {
        "RequestCount" => TargetGroupMetric::RequestCount,
        "RequestCountPerTarget" => TargetGroupMetric::RequestCountPerTarget,
        "TargetResponseTime" => TargetGroupMetric::TargetResponseTime,
        "HealthyHostCount" => TargetGroupMetric::HealthyHostCount,
        "UnHealthyHostCount" => TargetGroupMetric::UnHealthyHostCount,
        "HTTPCode_Target_2XX_Count" => TargetGroupMetric::HttpCodeTarget2xx,
        "HTTPCode_Target_5XX_Count" => TargetGroupMetric::HttpCodeTarget5xx,
        "HTTPCode_ELB_5XX_Count" => TargetGroupMetric::HttpCodeElb5xx,
        "ActiveConnectionCount" => TargetGroupMetric::ActiveConnectionCount,
        "RejectedConnectionCount" => TargetGroupMetric::RejectedConnectionCount,
        _ => return None,
    })
}

pub(super) fn statistic(given: Option<aws::Statistic>) -> Statistic {
    match given.unwrap_or_default() {
        aws::Statistic::SampleCount => Statistic::SampleCount,
        aws::Statistic::Average => Statistic::Average,
        aws::Statistic::Sum => Statistic::Sum,
        aws::Statistic::Minimum => Statistic::Minimum,
        aws::Statistic::Maximum => Statistic::Maximum,
    }
}
