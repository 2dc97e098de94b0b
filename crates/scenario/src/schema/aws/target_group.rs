//! `CreateTargetGroup` and `CreateLoadBalancer` of Elastic Load Balancing, with the attributes that other calls set.
//!
//! Elastic Load Balancing begins its fields with a capital letter; the document layer takes both spellings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Text;
use super::common::{KeptObject, Tag};

/// A target group, as in AWS's `CreateTargetGroup`, or as `DescribeTargetGroups` prints it; its attributes are those of
/// `ModifyTargetGroupAttributes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TargetGroup {
    /// Its name: at most 32 letters, digits and hyphens.
    pub target_group_name: String,
    /// Its ARN; services may name it by that or by its name. Default: made from the name.
    pub target_group_arn: Option<String>,
    /// `HTTP` and `HTTPS` make it one of an Application Load Balancer, the others one of a Network Load Balancer. Default
    /// `HTTP`.
    pub protocol: Option<TargetGroupProtocol>,
    /// What is registered: `instance` for network modes bridge and host, `ip` for awsvpc (LB-001). Default: whichever its
    /// services need.
    pub target_type: Option<TargetType>,
    /// Seconds from the start of a probe to the start of the next, 5 to 300 (LB-012, LB-013). Default 30.
    #[schemars(range(min = 5, max = 300))]
    pub health_check_interval_seconds: Option<u32>,
    /// Seconds after which a probe without an answer fails, 2 to 120 (LB-012, LB-013). Default 5 of an Application Load
    /// Balancer; 6 for HTTP and 10 otherwise of a Network Load Balancer.
    #[schemars(range(min = 2, max = 120))]
    pub health_check_timeout_seconds: Option<u32>,
    /// Passes in a row that make an unhealthy target healthy, 2 to 10 (LB-012, LB-013). Default 5.
    #[schemars(range(min = 2, max = 10))]
    pub healthy_threshold_count: Option<u32>,
    /// Failures in a row that make a target unhealthy, 2 to 10 (LB-012, LB-013). Default 2.
    #[schemars(range(min = 2, max = 10))]
    pub unhealthy_threshold_count: Option<u32>,
    /// The protocol of the probes. Default: HTTP of an Application, TCP of a Network Load Balancer.
    pub health_check_protocol: Option<TargetGroupProtocol>,
    /// Whether there are probes; they cannot be off for `instance` and `ip` targets.
    pub health_check_enabled: Option<bool>,
    /// Attributes, by AWS's keys: `deregistration_delay.timeout_seconds` (LB-020), `slow_start.duration_seconds` (LB-031),
    /// `load_balancing.algorithm.type`, `load_balancing.algorithm.anomaly_mitigation`, `load_balancing.cross_zone.enabled`,
    /// `stickiness.enabled` (LB-030). The others are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<BalancerAttribute>,
    /// The version of HTTP.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub protocol_version: Option<String>,
    /// The port of targets that are registered without one; ECS registers each with its own.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub port: Option<u16>,
    /// The VPC.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub vpc_id: Option<String>,
    /// The port of the probes; here it answers as the target's own.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub health_check_port: Option<Text>,
    /// The path of the probes.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub health_check_path: Option<String>,
    /// Which codes count as success; `behavior.taskDefinitions` says when a task answers with one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub matcher: Option<KeptObject>,
    /// The kind of IP addresses.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ip_address_type: Option<String>,
    /// The load balancers that route to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub load_balancer_arns: Vec<String>,
    /// The port of the target control agent.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub target_control_port: Option<u16>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
}

/// The protocol of a target group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TargetGroupProtocol {
    /// Application Load Balancer.
    #[default]
    Http,
    /// Application Load Balancer.
    Https,
    /// Network Load Balancer.
    Tcp,
    /// Network Load Balancer.
    Tls,
    /// Network Load Balancer.
    Udp,
    /// Network Load Balancer.
    TcpUdp,
    /// Network Load Balancer.
    Quic,
    /// Network Load Balancer.
    TcpQuic,
    /// Gateway Load Balancer, which does not go with ECS.
    Geneve,
}

/// What a target group's targets are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// Instance and host port.
    #[default]
    Instance,
    /// Address and container port.
    Ip,
    /// A Lambda function, which does not go with ECS.
    Lambda,
    /// An Application Load Balancer, which does not go with ECS.
    Alb,
}

impl TargetType {
    /// AWS's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Ip => "ip",
            Self::Lambda => "lambda",
            Self::Alb => "alb",
        }
    }
}

/// An attribute of a target group or load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BalancerAttribute {
    /// AWS's key, such as `deregistration_delay.timeout_seconds`.
    pub key: String,
    /// Its value.
    pub value: Text,
}

/// A load balancer, as in AWS's `CreateLoadBalancer`. Application and Network Load Balancers need no entry: target groups
/// say all that matters, but for cross-zone load balancing. A Classic Load Balancer (`type: classic`, or `loadBalancerName`
/// without `type`) has its health check here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Balancer {
    /// Its name, of an Application or Network Load Balancer.
    pub name: Option<String>,
    /// Its name, of a Classic Load Balancer.
    pub load_balancer_name: Option<String>,
    /// What it is. Default: `application` with `name`, `classic` with `loadBalancerName`.
    #[serde(rename = "type")]
    pub kind: Option<BalancerType>,
    /// Its listeners: which target groups they forward to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<Listener>,
    /// Attributes, by AWS's keys: `load_balancing.cross_zone.enabled` (LB-030) of a Network Load Balancer;
    /// `connection_draining.timeout` (LB-020) of a Classic one, 0 to 3600. The others are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<BalancerAttribute>,
    /// How a Classic Load Balancer checks its instances.
    pub health_check: Option<ClassicHealthCheck>,
    /// Its ARN.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub load_balancer_arn: Option<String>,
    /// Where it has addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub subnets: Vec<String>,
    /// Where it has addresses, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub subnet_mappings: Vec<KeptObject>,
    /// The zones of a Classic Load Balancer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub availability_zones: Vec<String>,
    /// Security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub security_groups: Vec<String>,
    /// Whether it is reached from the internet.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scheme: Option<String>,
    /// The kind of IP addresses.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ip_address_type: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
}

/// The type of a load balancer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BalancerType {
    /// Application Load Balancer.
    #[default]
    Application,
    /// Network Load Balancer.
    Network,
    /// Classic Load Balancer.
    Classic,
}

/// A listener, as in `CreateListener`, or one of a Classic Load Balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Listener {
    /// What it does with requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_actions: Vec<ListenerAction>,
    /// Its ARN.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub listener_arn: Option<String>,
    /// Its protocol.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub protocol: Option<String>,
    /// Its port.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub port: Option<u16>,
    /// Its port, of a Classic Load Balancer.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub load_balancer_port: Option<u16>,
    /// The port of the instances, of a Classic Load Balancer.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instance_port: Option<u16>,
    /// The protocol of the instances, of a Classic Load Balancer.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instance_protocol: Option<String>,
    /// Certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub certificates: Vec<KeptObject>,
    /// The TLS policy.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ssl_policy: Option<String>,
}

/// What a listener does with requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListenerAction {
    /// `forward`; the others are kept.
    #[serde(rename = "type")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub kind: Option<String>,
    /// The target group it forwards to.
    pub target_group_arn: Option<String>,
    /// Several target groups with their weights: a deployment changes those.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub forward_config: Option<KeptObject>,
    /// Its place among several.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub order: Option<u32>,
}

/// How a Classic Load Balancer checks its instances, as in `ConfigureHealthCheck`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClassicHealthCheck {
    /// What is asked, such as `HTTP:80/ping`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub target: Option<String>,
    /// Seconds from the start of a probe to the start of the next, 5 to 300. Default 30.
    #[schemars(range(min = 5, max = 300))]
    pub interval: Option<u32>,
    /// Seconds after which a probe without an answer fails, 2 to 60. Default 5.
    #[schemars(range(min = 2, max = 60))]
    pub timeout: Option<u32>,
    /// Failures in a row that take an instance out of service, 2 to 10. Default 2.
    #[schemars(range(min = 2, max = 10))]
    pub unhealthy_threshold: Option<u32>,
    /// Passes in a row that put it into service, 2 to 10. Default 10.
    #[schemars(range(min = 2, max = 10))]
    pub healthy_threshold: Option<u32>,
}

/// `advancedConfiguration` of a service's load balancer: what blue/green deployments need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AdvancedConfiguration {
    /// The target group that takes turns with `targetGroupArn` (DEP-061).
    pub alternate_target_group_arn: Option<String>,
    /// The listener, or listener rule, whose weights shift production traffic.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub production_listener_rule: Option<String>,
    /// The same for test traffic: without one the test stages take no time (DEP-061).
    pub test_listener_rule: Option<String>,
    /// The role that may change them.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub role_arn: Option<String>,
}
