//! What things are called inside the simulator: small integers that index tables and cannot be mixed up.
//!
//! The ids that AWS would print are made from these in [`crate::arn`].

use ecsim_kernel::id;

id!(
    /// A task: numbered in the order of creation, never reused.
    pub struct TaskId;
);
id!(
    /// A container instance: numbered in the natural order of its name, so that the order of a scenario file is irrelevant.
    pub struct InstanceId;
);
id!(
    /// A service: numbered in the order of its name.
    pub struct ServiceId;
);
id!(
    /// A revision of a task definition.
    pub struct TaskDefinitionId;
);
id!(
    /// A task group (PLC-030), such as `service:web` or `family:job`.
    pub struct GroupId;
);
id!(
    /// What instances have in common that never changes: type, registered resources, agent configuration.
    pub struct ShapeId;
);
id!(
    /// An Availability Zone.
    pub struct ZoneId;
);
id!(
    /// A subnet named by the scenario.
    pub struct SubnetId;
);
id!(
    /// The name of an instance attribute.
    pub struct AttributeId;
);
id!(
    /// The value of an instance attribute.
    pub struct ValueId;
);
id!(
    /// A container image, by its name.
    pub struct ImageId;
);
id!(
    /// A checked set of placement strategies and constraints (owned by the policies).
    pub struct PlacementId;
);
id!(
    /// What asks for standalone tasks: a workload entry or a call of the timeline.
    pub struct SourceId;
);
id!(
    /// A free text of the scenario, such as the reason given in a `StopTask` call.
    pub struct TextId;
);
id!(
    /// An API call of the timeline.
    pub struct CallId;
);
id!(
    /// An EC2 Auto Scaling group: numbered in the order of its name.
    pub struct AsgId;
);
id!(
    /// A capacity provider: numbered in the order of its name, `FARGATE` and `FARGATE_SPOT` included where they are used.
    pub struct ProviderId;
);
id!(
    /// A capacity provider strategy: checked, in the order in which its items were written.
    pub struct StrategyId;
);
id!(
    /// A capacity pool: one instance type in one Availability Zone (SPT-001).
    pub struct PoolId;
);
id!(
    /// One way in which a group or a Managed Instances provider may launch an instance.
    pub struct LaunchOptionId;
);
id!(
    /// A scaling policy, a scheduled action or a lifecycle hook of an Auto Scaling group, by its name.
    pub struct PolicyId;
);
id!(
    /// A metric that scaling policies look at.
    pub struct MetricId;
);
id!(
    /// A target group of a load balancer: numbered in the order of its name.
    pub struct TargetGroupId;
);
id!(
    /// A CloudWatch metric with its dimensions, statistic and period that an alarm or a policy watches.
    pub struct SeriesId;
);
id!(
    /// A CloudWatch alarm: numbered in the order of its name.
    pub struct AlarmId;
);
