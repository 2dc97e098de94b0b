//! What CloudFormation's resources are called: the answers of `Ref` and `Fn::GetAtt` before anything is deployed.
//!
//! A resource has the name that it is given, else its logical id. ARNs are made of it as AWS makes them, so that texts
//! which are cut out of them still are what the template means.

use super::functions::{ACCOUNT, Evaluator};
use super::node::{as_text, find};
use crate::document::Entry;

/// The property that names a resource of a type.
fn name_property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::ECS::Cluster" => "ClusterName",
        "AWS::ECS::Service" => "ServiceName",
        "AWS::ECS::TaskDefinition" => "Family",
        "AWS::ECS::CapacityProvider" => "Name",
        "AWS::AutoScaling::AutoScalingGroup" => "AutoScalingGroupName",
        "AWS::AutoScaling::LaunchConfiguration" => "LaunchConfigurationName",
        "AWS::EC2::LaunchTemplate" => "LaunchTemplateName",
        "AWS::ElasticLoadBalancingV2::TargetGroup" | "AWS::ElasticLoadBalancingV2::LoadBalancer" => "Name",
        "AWS::ElasticLoadBalancing::LoadBalancer" => "LoadBalancerName",
        "AWS::ApplicationAutoScaling::ScalingPolicy" => "PolicyName",
        "AWS::CloudWatch::Alarm" => "AlarmName",
        _ => return None,
    })
}

/// The type of a resource.
pub(super) fn kind_of(entry: &Entry) -> &str {
    entry.value.get("Type").and_then(as_text).unwrap_or_default()
}

impl<'a> Evaluator<'a> {
    /// The name of a resource: as given, or its logical id.
    pub(super) fn resource_name(&mut self, entry: &'a Entry) -> String {
        let property = name_property(kind_of(entry)).and_then(|name| find(entry.value.get("Properties")?, name));
        let given = property.and_then(|node| {
            self.once(&format!("name {}", entry.key), |this| {
                this.value(node).and_then(|value| as_text(&value).map(str::to_owned))
            })
        });
        given.filter(|name| !name.is_empty()).unwrap_or_else(|| entry.key.clone())
    }

    /// A property of a resource as a text.
    fn property(&mut self, entry: &'a Entry, name: &str) -> Option<String> {
        let node = find(entry.value.get("Properties")?, name)?;
        self.once(&format!("{name} {}", entry.key), |this| {
            this.value(node).and_then(|value| as_text(&value).map(str::to_owned))
        })
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{ACCOUNT}:{rest}", self.places.region())
    }

    /// What `Ref` gives.
    pub(super) fn resource_ref(&mut self, entry: &'a Entry) -> String {
        let name = self.resource_name(entry);
        match kind_of(entry) {
            "AWS::ECS::Service" => {
                let cluster = self.property(entry, "Cluster").unwrap_or_else(|| "default".to_owned());
                let cluster = super::node::last_part(&cluster).to_owned();
                self.arn("ecs", &format!("service/{cluster}/{name}"))
            }
            "AWS::ECS::TaskDefinition" => self.arn("ecs", &format!("task-definition/{name}")),
            "AWS::ElasticLoadBalancingV2::TargetGroup" => {
                self.arn("elasticloadbalancing", &format!("targetgroup/{name}/0"))
            }
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
                let kind = self.balancer_kind(entry);
                self.arn("elasticloadbalancing", &format!("loadbalancer/{kind}/{name}/0"))
            }
            "AWS::ApplicationAutoScaling::ScalableTarget" => {
                let resource = self.property(entry, "ResourceId").unwrap_or_else(|| name.clone());
                format!("{resource}|ecs:service:DesiredCount|ecs")
            }
            "AWS::ApplicationAutoScaling::ScalingPolicy" => {
                self.arn("autoscaling", &format!("scalingPolicy:0:resource/ecs:policyName/{name}"))
            }
            "AWS::AutoScaling::ScalingPolicy" => {
                let group = self.property(entry, "AutoScalingGroupName").unwrap_or_default();
                self.arn("autoscaling", &format!("scalingPolicy:0:autoScalingGroupName/{group}:policyName/{name}"))
            }
            _ => name,
        }
    }

    fn balancer_kind(&mut self, entry: &'a Entry) -> &'static str {
        match self.property(entry, "Type").as_deref() {
            Some("network") => "net",
            _ => "app",
        }
    }

    /// What `Fn::GetAtt` gives.
    pub(super) fn resource_attribute(&mut self, entry: &'a Entry, attribute: &str) -> String {
        let name = self.resource_name(entry);
        let kind = kind_of(entry);
        match (kind, attribute) {
            (_, "LatestVersionNumber" | "DefaultVersionNumber") => "1".to_owned(),
            (_, "Name" | "TargetGroupName" | "LoadBalancerName" | "ServiceName" | "PolicyName") => name,
            ("AWS::ECS::Cluster", "Arn") => self.arn("ecs", &format!("cluster/{name}")),
            ("AWS::ECS::CapacityProvider", _) => name,
            ("AWS::AutoScaling::AutoScalingGroup", "AutoScalingGroupARN" | "Arn") => {
                self.arn("autoscaling", &format!("autoScalingGroup:0:autoScalingGroupName/{name}"))
            }
            ("AWS::EC2::LaunchTemplate", "LaunchTemplateId") => name,
            ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName") => format!("targetgroup/{name}/0"),
            ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName") => {
                format!("{}/{name}/0", self.balancer_kind(entry))
            }
            ("AWS::EC2::Subnet", "AvailabilityZone") => {
                self.property(entry, "AvailabilityZone").unwrap_or_else(|| self.places.zone_of(&name))
            }
            (
                "AWS::ECS::Service"
                | "AWS::ECS::TaskDefinition"
                | "AWS::ElasticLoadBalancingV2::TargetGroup"
                | "AWS::ElasticLoadBalancingV2::LoadBalancer"
                | "AWS::AutoScaling::ScalingPolicy"
                | "AWS::ApplicationAutoScaling::ScalingPolicy",
                attribute,
            ) if attribute.ends_with("Arn") || attribute.ends_with("ARN") || attribute == "Id" => {
                self.resource_ref(entry)
            }
            ("AWS::CloudWatch::Alarm", "Arn") => self.arn("cloudwatch", &format!("alarm:{name}")),
            ("AWS::IAM::Role", "Arn") => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            (kind, "Arn") => {
                let service = kind.split("::").nth(1).unwrap_or("cloudformation").to_ascii_lowercase();
                self.arn(&service, &name)
            }
            _ => format!("{name}.{attribute}"),
        }
    }
}
