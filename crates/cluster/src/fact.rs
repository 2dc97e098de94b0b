//! What can happen: the closed list of facts a run consists of. Everything else is a fold over them.
//!
//! Facts are small, `Copy`, comparable and hashable, so that two runs can be compared fact by fact and a run has a
//! digest. They say what happened, never why a number was chosen. Only the engine makes them.

use ecsim_kernel::{SimTime, Span};

use crate::capacity::Processes;
use crate::cloudwatch::AlarmState;
use crate::definitions::{LaunchOwner, LaunchType, ManagedScaling};
use crate::deployments::{DeploymentCause, DeploymentEnd, DeploymentStatus, RolloutState, Stage, StopType};
use crate::events::ServiceEvent;
use crate::ids::{
    AlarmId, AsgId, AttributeId, CallId, GroupId, InstanceId, LaunchOptionId, MetricId, PlacementId, PolicyId, PoolId,
    ProviderId, SeriesId, ServiceId, SourceId, StrategyId, SubnetId, TargetGroupId, TaskDefinitionId, TaskId, ValueId,
    ZoneId,
};
use crate::lifecycle::{
    HealthStatus, InstanceLifecycle, InstanceStatus, Market, ProviderStatus, ServiceStatus, TaskStatus,
};
use crate::load::{LoadSample, TargetGroupSample};
use crate::reasons::{RejectionCounts, StopError, StopReason};
use crate::resources::Requirements;
use crate::scaling::{Decision, Withheld};
use crate::service_scaling::{ActivityStatus, ServiceDecision, Suspended, Withholding};
use crate::targets::TargetState;

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// A container instance entered a state (INS-001). `Absent` to `Registering` or `Active` is its registration.
    InstanceStatusChanged {
        /// Which.
        instance: InstanceId,
        /// The new state.
        to: InstanceStatus,
    },
    /// The agent's connection was lost or came back (INS-005, INS-006).
    AgentConnectionChanged {
        /// Which instance.
        instance: InstanceId,
        /// `agentConnected`.
        connected: bool,
    },
    /// An attribute was set (`PutAttributes`).
    AttributePut {
        /// Which instance.
        instance: InstanceId,
        /// Its name.
        attribute: AttributeId,
        /// Its value; values are optional (CQL-008).
        value: Option<ValueId>,
    },
    /// An attribute was taken away (`DeleteAttributes`).
    AttributeDeleted {
        /// Which instance.
        instance: InstanceId,
        /// Its name.
        attribute: AttributeId,
    },
    /// The EC2 instance under a container instance changed: running or not. Its containers die with it.
    HostPowerChanged {
        /// Which instance.
        instance: InstanceId,
        /// `false`: stopped or terminated.
        running: bool,
    },
    /// Somebody called `RunTask` or `StartTask` for the first time for these copies.
    TaskRequested {
        /// Who.
        source: SourceId,
        /// The first copy; copies are numbered from 0 within their source.
        ordinal: u32,
        /// How many copies.
        count: u32,
    },
    /// A call could not place these copies now (FLR-004): one attempt, `count` copies from `ordinal` on.
    RequestUnplaced {
        /// Who asked.
        source: SourceId,
        /// The first copy.
        ordinal: u32,
        /// How many copies.
        count: u32,
        /// How many instances fell out for which reason.
        rejections: RejectionCounts,
        /// The instance that got furthest (FLR-005).
        closest: Option<InstanceId>,
        /// What refused the copies, where it was no instance.
        held_back: Option<HeldBack>,
    },
    /// A `RunTask` call for these copies was turned away before anybody looked for an instance (CAS-009, FGT-010).
    RequestRefused {
        /// Who asked.
        source: SourceId,
        /// The first copy.
        ordinal: u32,
        /// How many copies.
        count: u32,
        /// Why.
        by: HeldBack,
    },
    /// The caller keeps an unplaced copy and will try again.
    RequestQueued {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
    },
    /// The caller gave up on an unplaced copy.
    RequestDropped {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
    },
    /// `StartTask` failed on one of the instances it named (PLC-059).
    StartTaskFailed {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
        /// The instance.
        instance: InstanceId,
        /// Why.
        failure: StartTaskFailure,
    },
    /// A call of the timeline was rejected as a whole (QTA-030).
    CallRefused {
        /// Which call.
        call: CallId,
        /// Why.
        error: CallError,
    },
    /// A task was assigned to an instance and its resources are reserved (RES-013).
    TaskCreated {
        /// The new id: always the next one.
        task: TaskId,
        /// What it runs.
        definition: TaskDefinitionId,
        /// Its group (PLC-030).
        group: GroupId,
        /// Who wanted it.
        origin: TaskOrigin,
        /// Its strategies and constraints.
        placement: PlacementId,
        /// Its launch type, or that of its provider.
        launch_type: LaunchType,
        /// Its capacity provider, chosen before placement and for life (CP-015).
        provider: Option<ProviderId>,
        /// Where; `None`: on Fargate, or it waits in PROVISIONING for an instance of its provider (CAS-008).
        instance: Option<InstanceId>,
        /// The zone of a Fargate task.
        zone: Option<ZoneId>,
        /// What it reserves.
        requirements: Requirements,
        /// The subnet its network interface lies in (PLC-007).
        subnet: Option<SubnetId>,
    },
    /// A task that waited in PROVISIONING got an instance of its provider (CAS-008); its resources are reserved.
    TaskPlaced {
        /// Which.
        task: TaskId,
        /// Where.
        instance: InstanceId,
        /// The subnet its network interface lies in.
        subnet: Option<SubnetId>,
    },
    /// `lastStatus` moved on (TSK-001).
    TaskStatusChanged {
        /// Which.
        task: TaskId,
        /// The new state.
        to: TaskStatus,
    },
    /// The agent found the resources free on the host and begins to work on the task (RES-015).
    TaskAdmitted {
        /// Which.
        task: TaskId,
    },
    /// `pullStartedAt`.
    ImagePullStarted {
        /// Which task.
        task: TaskId,
    },
    /// `pullStoppedAt`; the images are on the instance now.
    ImagePullStopped {
        /// Which task.
        task: TaskId,
    },
    /// A container exited.
    ContainerExited {
        /// Which task.
        task: TaskId,
        /// Its index in the task definition.
        container: u8,
        /// The exit code.
        exit_code: i32,
        /// Whether it was killed for crossing its hard memory limit (TSK-026).
        out_of_memory: bool,
    },
    /// The task's desired status became STOPPED (`stoppingAt`).
    TaskStopRequested {
        /// Which.
        task: TaskId,
        /// Why.
        reason: StopReason,
    },
    /// The last container exited (`executionStoppedAt`): the host's resources are free.
    TaskExecutionStopped {
        /// Which task.
        task: TaskId,
    },
    /// Fargate announced that it will retire the platform under a task (FGT-006): its service replaces it meanwhile.
    TaskRetirementNoticed {
        /// Which.
        task: TaskId,
    },
    /// Scale-in protection was set until an instant, or lifted (PLC-075).
    TaskProtectionChanged {
        /// Which task.
        task: TaskId,
        /// Until when.
        until: Option<SimTime>,
    },
    /// A service was created, deleted, or is gone (SVC-005).
    ServiceStatusChanged {
        /// Which.
        service: ServiceId,
        /// The new state.
        to: ServiceStatus,
    },
    /// `UpdateService` was called: waits after failed placements end (FLR-032).
    ServiceUpdated {
        /// Which.
        service: ServiceId,
    },
    /// The desired count changed. For DAEMON it is what the scheduler counted (PLC-051).
    DesiredCountChanged {
        /// Which service.
        service: ServiceId,
        /// The new count.
        to: u32,
    },
    /// Strategies or constraints were replaced (PLC-060).
    ServicePlacementChanged {
        /// Which service.
        service: ServiceId,
        /// The new set.
        placement: PlacementId,
    },
    /// `deploymentConfiguration` changed.
    HealthyPercentChanged {
        /// Which service.
        service: ServiceId,
        /// `minimumHealthyPercent`.
        minimum: u32,
        /// `maximumPercent`.
        maximum: u32,
    },
    /// `availabilityZoneRebalancing` changed (AZR-001).
    RebalancingChanged {
        /// Which service.
        service: ServiceId,
        /// ENABLED or not.
        enabled: bool,
    },
    /// The service found no instance for a task: one attempt.
    ServiceUnplaced {
        /// Which service.
        service: ServiceId,
        /// The instance of a daemon task (PLC-053).
        instance: Option<InstanceId>,
        /// The zone a rebalancing task was meant for (AZR-008).
        zone: Option<ZoneId>,
        /// How many instances fell out for which reason.
        rejections: RejectionCounts,
        /// The instance that got furthest (FLR-005).
        closest: Option<InstanceId>,
    },
    /// A service could not create a task: too many wait in PROVISIONING already (CAS-009), or Fargate has no quota or
    /// capacity for it (FGT-004, FGT-010).
    ServiceHeldBack {
        /// Which service.
        service: ServiceId,
        /// By what.
        by: HeldBack,
    },
    /// The service's capacity provider strategy or launch type changed (CP-018).
    ServiceCapacityChanged {
        /// Which service.
        service: ServiceId,
        /// The new strategy.
        strategy: Option<StrategyId>,
        /// The launch type, where there is no strategy.
        launch_type: LaunchType,
    },
    /// EC2 launched an instance for a group or a Managed Instances provider: a new row, and the bill begins (ASG-002).
    InstanceLaunched {
        /// The new id: always the next one.
        instance: InstanceId,
        /// Type, zone, and whose it is.
        option: LaunchOptionId,
        /// On demand or Spot.
        market: Market,
        /// Into the warm pool (ASG-041).
        warm: bool,
    },
    /// EC2 could not launch an instance (ASG-005).
    LaunchFailed {
        /// For whom.
        owner: LaunchOwner,
        /// What was tried last.
        option: LaunchOptionId,
        /// On demand or Spot.
        market: Market,
        /// Why.
        failure: LaunchFailure,
    },
    /// An instance moved on in the life cycle of its group (ASG-002).
    InstanceLifecycleChanged {
        /// Which.
        instance: InstanceId,
        /// The new state.
        to: InstanceLifecycle,
    },
    /// An EC2 instance is shutting down for good: its bill ends here (BIL-010).
    InstanceTerminated {
        /// Which.
        instance: InstanceId,
        /// Why.
        reason: TerminationReason,
    },
    /// Scale-in protection of an instance was set or lifted (ASG-013, CAS-029).
    InstanceProtectionChanged {
        /// Which.
        instance: InstanceId,
        /// Whether it is protected now.
        protected: bool,
    },
    /// The group learnt that an instance is unhealthy, or healthy again (ASG-006).
    InstanceHealthChanged {
        /// Which.
        instance: InstanceId,
        /// Whether it is healthy.
        healthy: bool,
    },
    /// `EC2 Spot Instance Interruption Warning` (SPT-002).
    SpotInterruptionNoticed {
        /// Which instance.
        instance: InstanceId,
        /// When EC2 takes it.
        reclaimed_at: SimTime,
    },
    /// `EC2 Instance Rebalance Recommendation` (SPT-003).
    RebalanceRecommended {
        /// Which instance.
        instance: InstanceId,
    },
    /// The Spot price of a pool changed (SPT-013).
    SpotPriceChanged {
        /// Which pool.
        pool: PoolId,
        /// US dollars an hour, in billionths.
        nano_dollars: u64,
    },
    /// Whether a pool has capacity changed (ASG-005).
    PoolCapacityChanged {
        /// Which pool.
        pool: PoolId,
        /// Of what kind; `None`: of either.
        market: Option<Market>,
        /// Whether launches succeed.
        available: bool,
        /// How many instances so bought it holds at most from now on; `None`: as before.
        limit: Option<u32>,
    },
    /// A group or a Managed Instances provider is configured otherwise from now on.
    ConfigurationChanged {
        /// Which.
        owner: LaunchOwner,
        /// The number of the configuration; 0 is the one at the start.
        configuration: u32,
        /// Whether its zones are others than before (ASG-008).
        rezoned: bool,
    },
    /// An Availability Zone failed or came back.
    ZoneAvailabilityChanged {
        /// Which.
        zone: ZoneId,
        /// Whether it works.
        available: bool,
    },
    /// The desired capacity of a group changed.
    DesiredCapacityChanged {
        /// Which group.
        group: AsgId,
        /// The new capacity.
        to: u32,
    },
    /// `MinSize` and `MaxSize` of a group changed.
    GroupSizeChanged {
        /// Which group.
        group: AsgId,
        /// `MinSize`.
        min_size: u32,
        /// `MaxSize`.
        max_size: u32,
    },
    /// Processes of a group were suspended or resumed (ASG-042).
    ProcessesChanged {
        /// Which group.
        group: AsgId,
        /// All that are suspended now.
        suspended: Processes,
    },
    /// `NewInstancesProtectedFromScaleIn` changed, for instances to come (ASG-013).
    NewInstanceProtectionChanged {
        /// Which group.
        group: AsgId,
        /// Whether they are protected.
        protected: bool,
    },
    /// The group's template has a new version; instances of an older one are outdated (ASG-031).
    TemplateChanged {
        /// Which group.
        group: AsgId,
        /// The version.
        version: u32,
    },
    /// An instance refresh began or ended (ASG-043).
    InstanceRefreshChanged {
        /// Which group.
        group: AsgId,
        /// Which of the group's refreshes, from 0.
        refresh: u32,
        /// What became of it.
        to: RefreshStatus,
    },
    /// An auto scaler took a decision: the arithmetic is in it.
    ScalingDecided {
        /// Which group.
        group: AsgId,
        /// The desired capacity before.
        from: u32,
        /// The desired capacity after.
        to: u32,
        /// Who, and why.
        decision: Decision,
    },
    /// An auto scaler wanted to act and could not, for a new reason.
    ScalingWithheld {
        /// Which group.
        group: AsgId,
        /// Why.
        withheld: Withheld,
    },
    /// `CapacityProviderReservation` was sampled (CAS-003).
    ReservationSampled {
        /// Which provider.
        provider: ProviderId,
        /// What was counted.
        sample: crate::scaling::Reservation,
    },
    /// An alarm of an auto scaler changed its state.
    AlarmChanged {
        /// Which group.
        group: AsgId,
        /// Which alarm.
        alarm: crate::scaling::Alarm,
        /// Whether it is in ALARM now.
        in_alarm: bool,
    },
    /// A custom metric has a new value (millionths).
    MetricChanged {
        /// Which metric.
        metric: MetricId,
        /// Its value in millionths; `None`: no data.
        value: Option<i64>,
    },
    /// A capacity provider was created, associated, disassociated or deleted (CP-001).
    ProviderStatusChanged {
        /// Which.
        provider: ProviderId,
        /// The new state.
        to: ProviderStatus,
    },
    /// `UpdateCapacityProvider` (CAS-002).
    ProviderChanged {
        /// Which.
        provider: ProviderId,
        /// Managed scaling; `None`: DISABLED.
        managed_scaling: Option<ManagedScaling>,
        /// `managedTerminationProtection`.
        termination_protection: bool,
        /// `managedDraining`.
        managed_draining: bool,
    },
    /// An entry of the service's event list (FLR-010 to FLR-021).
    ServiceEvent {
        /// Which service.
        service: ServiceId,
        /// What it says.
        event: ServiceEvent,
    },
    /// A container started on its own: in a task whose containers wait for one another (TSK-021), or again after its exit
    /// (TSK-031). The containers of other tasks start together, which is RUNNING.
    ContainerStarted {
        /// Which task.
        task: TaskId,
        /// Its index in the task definition.
        container: u8,
        /// How often it has been started again; 0: the first start.
        restarts: u32,
    },
    /// The health check of a container has a new result (TSK-041).
    ContainerHealthChanged {
        /// Which task.
        task: TaskId,
        /// Its index in the task definition.
        container: u8,
        /// The result.
        to: HealthStatus,
    },
    /// A service got another deployment, which is PRIMARY from now on (DEP-001).
    DeploymentStarted {
        /// Which service.
        service: ServiceId,
        /// Its number: always the next one of the service.
        deployment: u32,
        /// What it deploys: an index into the service's revisions.
        revision: u32,
        /// Why.
        cause: DeploymentCause,
    },
    /// A deployment moved on (DEP-001).
    DeploymentChanged {
        /// Of which service.
        service: ServiceId,
        /// Its number.
        deployment: u32,
        /// PRIMARY, ACTIVE or INACTIVE.
        status: DeploymentStatus,
        /// `rolloutState`.
        rollout: RolloutState,
        /// Why, where it failed or was stopped.
        end: Option<DeploymentEnd>,
    },
    /// A deployment entered a stage (DEP-060).
    DeploymentStageEntered {
        /// Of which service.
        service: ServiceId,
        /// Its number.
        deployment: u32,
        /// The stage.
        stage: Stage,
    },
    /// Somebody called `StopServiceDeployment` (DEP-002).
    DeploymentStopAsked {
        /// Of which service.
        service: ServiceId,
        /// Its number.
        deployment: u32,
        /// `stopType`.
        how: StopType,
    },
    /// Somebody called `ContinueServiceDeployment` (DEP-066).
    DeploymentAnswered {
        /// Of which service.
        service: ServiceId,
        /// Its number.
        deployment: u32,
        /// CONTINUE; else ROLLBACK.
        proceed: bool,
    },
    /// The scale of a task set is another (DEP-080).
    TaskSetScaled {
        /// Of which service.
        service: ServiceId,
        /// The number of its deployment.
        deployment: u32,
        /// In millionths of the desired count.
        scale: u32,
        /// Whether it was deleted: it goes with its last task.
        deleted: bool,
    },
    /// How a service deploys from now on (SVC-061).
    DeploymentPolicyChanged {
        /// Which service.
        service: ServiceId,
        /// An index into its deployment policies.
        policy: u32,
    },
    /// Production traffic is shared out anew (DEP-062 to DEP-064, DEP-070).
    TrafficShifted {
        /// Of which service.
        service: ServiceId,
        /// To which deployment.
        deployment: u32,
        /// Its share from now on, in millionths.
        share: u32,
    },
    /// The grace period of a service is another from now on (SVC-014).
    GracePeriodChanged {
        /// Which service.
        service: ServiceId,
        /// The new one.
        to: Span,
    },
    /// A task was registered with a target group (LB-010).
    TargetRegistered {
        /// Which task.
        task: TaskId,
        /// With which group.
        group: TargetGroupId,
    },
    /// The state of a target changed (LB-016).
    TargetStateChanged {
        /// Which task.
        task: TaskId,
        /// In which group.
        group: TargetGroupId,
        /// The new state.
        to: TargetState,
    },
    /// A task is no longer registered with a target group (LB-021).
    TargetDeregistered {
        /// Which task.
        task: TaskId,
        /// With which group.
        group: TargetGroupId,
    },
    /// What became of a service's requests in the metrics period that ends now; until the next such fact of it each later
    /// period is like it.
    LoadMeasured {
        /// Which service.
        service: ServiceId,
        /// The numbers.
        sample: LoadSample,
    },
    /// What a target group saw of a service's requests in the metrics period that ends now; it holds until the next one as
    /// [`Self::LoadMeasured`] does (LB-033).
    TargetGroupMeasured {
        /// Which target group.
        group: TargetGroupId,
        /// Whose requests.
        service: ServiceId,
        /// The numbers.
        sample: TargetGroupSample,
    },
    /// CloudWatch shows a new value of a watched metric; until the next such fact each period has the same (CW-050).
    DatapointPublished {
        /// Which metric.
        series: SeriesId,
        /// The start of the period.
        from: SimTime,
        /// In millionths; `None`: no datapoint (CW-034).
        value: Option<i64>,
    },
    /// An alarm changed its state (CW-002).
    AlarmStateChanged {
        /// Which.
        alarm: AlarmId,
        /// The new state.
        to: AlarmState,
    },
    /// The actions of an alarm were switched on or off (`EnableAlarmActions`, `DisableAlarmActions`).
    AlarmActionsChanged {
        /// Which.
        alarm: AlarmId,
        /// Whether they are on.
        enabled: bool,
    },
    /// A scalable target was registered, changed or deregistered (SAS-001, SAS-003, SAS-061).
    ScalableTargetChanged {
        /// Of which service.
        service: ServiceId,
        /// Whether there is one now.
        registered: bool,
        /// `MinCapacity`.
        min: u32,
        /// `MaxCapacity`.
        max: u32,
        /// What is suspended (SAS-004).
        suspended: Suspended,
    },
    /// Application Auto Scaling set the desired count of a service: an activity begins.
    ServiceScalingDecided {
        /// Of which service.
        service: ServiceId,
        /// Which of its activities, from 0.
        activity: u32,
        /// The desired count before.
        from: u32,
        /// The desired count after.
        to: u32,
        /// Who, and why.
        decision: ServiceDecision,
    },
    /// A scaling activity ended (SAS-006, SAS-007).
    ServiceScalingEnded {
        /// Of which service.
        service: ServiceId,
        /// Which.
        activity: u32,
        /// How.
        status: ActivityStatus,
    },
    /// A policy of a service was invoked and changed nothing, for a new reason.
    ServiceScalingWithheld {
        /// Of which service.
        service: ServiceId,
        /// What it saw, and why.
        withheld: Withholding,
    },
    /// Predictive scaling forecast an hour (SAS-070).
    CapacityForecast {
        /// Of which service.
        service: ServiceId,
        /// Which policy.
        policy: PolicyId,
        /// The beginning of the hour.
        hour: SimTime,
        /// The load, in millionths.
        load: i64,
        /// The capacity that it asks for.
        capacity: u32,
    },
    /// Chance has chosen the GPU device on which the share of the task lies that is placed next. Only where a scenario lets
    /// tasks share GPUs, which ECS does not.
    GpuDeviceChosen {
        /// Which instance.
        instance: InstanceId,
        /// Which of its devices, from 0.
        device: u8,
    },
    /// The agent gave up stopping a container and counts it as stopped (TSK-053): it has no exit code.
    ContainerStopFailed {
        /// Which task.
        task: TaskId,
        /// Its index in the task definition.
        container: u8,
        /// Why.
        error: StopError,
    },
    /// `stabilityStatus` of a task set changed (DEP-081).
    TaskSetStabilityChanged {
        /// Of which service.
        service: ServiceId,
        /// The number of its deployment.
        deployment: u32,
        /// STEADY_STATE; else STABILIZING.
        steady: bool,
    },
    /// A task fails another share of its requests from now on, whatever its load (`setErrorRate` of the timeline).
    TaskErrorRateChanged {
        /// Which.
        task: TaskId,
        /// In millionths.
        share: u32,
    },
    /// The proxies of Service Connect or App Mesh avoid a task after failed requests (LB-041).
    TaskEjected {
        /// Which; it may be gone, and still be known to them.
        task: TaskId,
        /// Of which service.
        service: ServiceId,
        /// Until when.
        until: SimTime,
        /// By how often the base time was multiplied.
        times: u32,
    },
}

/// What held a service, or a caller of `RunTask`, back from creating a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldBack {
    /// As many tasks wait in PROVISIONING as the cluster may have (CAS-009).
    ProvisioningQuota,
    /// The vCPU quota of Fargate is used up (FGT-010).
    FargateQuota,
    /// Fargate has no capacity: `Capacity is unavailable at this time` (FGT-004, FGP-002).
    FargateCapacity,
}

impl HeldBack {
    /// AWS's exception name, where a `RunTask` call is turned away (CAS-009, FGT-010).
    #[must_use]
    pub const fn exception(self) -> &'static str {
        match self {
            Self::ProvisioningQuota | Self::FargateQuota | Self::FargateCapacity => "ClientException",
        }
    }

    /// How `RunTask` says it: the message of the `ClientException` (CAS-009, FGT-010), or of the failure (FGP-002).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::ProvisioningQuota => "You've reached the limit on the number of tasks that can be provisioning",
            Self::FargateQuota => "You've reached the limit on the number of vCPUs you can run concurrently",
            Self::FargateCapacity => crate::events::FARGATE_UNAVAILABLE,
        }
    }
}

/// Why EC2 launched nothing (ASG-005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaunchFailure {
    /// `InsufficientInstanceCapacity`.
    InsufficientInstanceCapacity,
    /// The Spot price is above the maximum price.
    SpotMaxPriceTooLow,
    /// The zone does not work.
    ZoneUnavailable,
}

impl LaunchFailure {
    /// The text of the failed scaling activity.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InsufficientInstanceCapacity => {
                "InsufficientInstanceCapacity: We currently do not have sufficient capacity in the Availability Zone you requested."
            }
            Self::SpotMaxPriceTooLow => {
                "SpotMaxPriceTooLow: Your Spot request price is lower than the minimum required Spot request fulfillment price."
            }
            Self::ZoneUnavailable => "Unavailable: the Availability Zone does not work.",
        }
    }
}

/// Why an EC2 instance was terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerminationReason {
    /// `TerminateInstances`, by hand.
    User,
    /// The group had more instances than it wanted.
    ScaleIn,
    /// `TerminateInstanceInAutoScalingGroup`, by hand.
    UserInGroup,
    /// Its health check failed (ASG-006).
    Unhealthy,
    /// EC2 took a Spot instance back (SPT-002).
    SpotInterruption,
    /// A replacement took its place at a rebalance recommendation (SPT-010).
    CapacityRebalance,
    /// The group evened out its zones (ASG-008).
    AzRebalance,
    /// Instance refresh (ASG-043).
    Refresh,
    /// It had reached its maximum lifetime (ASG-045, CP-047).
    Lifetime,
    /// A launch hook ended with ABANDON (ASG-040).
    LaunchAbandoned,
    /// Nothing ran on it any more (CP-045).
    Idle,
    /// Its tasks fit elsewhere (CP-046).
    Consolidated,
    /// The warm pool had more than it wanted (ASG-041).
    WarmPool,
}

impl TerminationReason {
    /// A short name for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ScaleIn => "scale-in",
            Self::UserInGroup => "user-in-group",
            Self::Unhealthy => "unhealthy",
            Self::SpotInterruption => "spot-interruption",
            Self::CapacityRebalance => "capacity-rebalance",
            Self::AzRebalance => "az-rebalance",
            Self::Refresh => "instance-refresh",
            Self::Lifetime => "max-lifetime",
            Self::LaunchAbandoned => "launch-abandoned",
            Self::Idle => "idle",
            Self::Consolidated => "consolidation",
            Self::WarmPool => "warm-pool",
        }
    }
}

/// What becomes of an instance refresh (ASG-043).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefreshStatus {
    /// It began.
    InProgress,
    /// Every instance is of the new template.
    Successful,
    /// It was stuck for too long.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl RefreshStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// Who wanted a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskOrigin {
    /// A service: its `ordinal`-th start.
    Service {
        /// Which.
        service: ServiceId,
        /// From 0.
        ordinal: u32,
        /// For which of its deployments.
        deployment: u32,
    },
    /// A workload entry or a call: its `ordinal`-th copy.
    Source {
        /// Which.
        source: SourceId,
        /// From 0.
        ordinal: u32,
    },
}

impl TaskOrigin {
    /// The service, if one wanted the task.
    #[must_use]
    pub const fn service(self) -> Option<ServiceId> {
        match self {
            Self::Service { service, .. } => Some(service),
            Self::Source { .. } => None,
        }
    }
}

/// Why `StartTask` failed on one instance (FLR-001, PLC-059).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartTaskFailure {
    /// A reason a placement could have too.
    Rejected(crate::reasons::Rejection),
    /// The id is unknown.
    Missing,
    /// The instance is not ACTIVE.
    Inactive,
}

impl StartTaskFailure {
    /// The `reason` as the API gives it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rejected(reason) => reason.code(),
            Self::Missing => "MISSING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// Why a whole API call was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallError {
    /// `RunTask` without any registered instance (PLC-058).
    NoContainerInstances,
    /// The instance is in a state the call does not allow (INS-003).
    InstanceState {
        /// Which instance.
        instance: InstanceId,
        /// Its state.
        status: InstanceStatus,
    },
    /// More instances than one call may name (INS-003, QTA-009).
    TooManyInstances {
        /// How many were named.
        named: u32,
        /// The quota.
        limit: u32,
    },
    /// No instance matched what the call names.
    NoSuchInstance,
    /// No task matched what the call names.
    NoSuchTask,
    /// The instance still runs tasks and `force` was not given (INS-008).
    TasksStillRunning {
        /// Which instance.
        instance: InstanceId,
    },
    /// The service does not exist or is not ACTIVE.
    ServiceNotActive {
        /// Which service.
        service: ServiceId,
    },
    /// `DeleteService` needs a desired count of 0 or `force` (SVC-005).
    ServiceNotScaledDown {
        /// Which service.
        service: ServiceId,
    },
    /// More custom attributes than a resource may have (CQL-017, QTA-021).
    AttributeLimitExceeded {
        /// Which instance.
        instance: InstanceId,
    },
    /// More tasks than a service may want (QTA-004).
    TooManyTasks {
        /// The quota.
        limit: u32,
    },
    /// More instances than a cluster may have (QTA-002).
    TooManyContainerInstances {
        /// The quota.
        limit: u32,
    },
    /// The service has no scalable target.
    NoScalableTarget,
    /// `MinCapacity` above `MaxCapacity` (SAS-062).
    CapacityLimits {
        /// `MinCapacity`.
        min: u32,
        /// `MaxCapacity`.
        max: u32,
    },
    /// The group or the provider is not there, or not in a state for it.
    NoSuchGroup,
    /// The provider does not exist or is not ACTIVE in the cluster.
    NoSuchProvider,
    /// The provider is still used by tasks or services (CP-004, CP-006).
    ProviderInUse {
        /// Which.
        provider: ProviderId,
    },
    /// Termination protection needs managed scaling and the group's scale-in protection (CP-022).
    TerminationProtectionNotPossible,
    /// A cooldown is in effect, and the call honours it (ASG-024).
    CooldownInEffect,
    /// No instance that the call means waits in the hook (ASG-040).
    NoLifecycleAction,
    /// The size is outside of `MinSize` and `MaxSize` (ASG-001).
    GroupSize {
        /// `MinSize`.
        min_size: u32,
        /// `MaxSize`.
        max_size: u32,
    },
    /// A refresh is in progress already, or none is.
    RefreshState,
    /// The service has no deployment in progress.
    NoDeployment {
        /// Which service.
        service: ServiceId,
    },
    /// An UpdateService call would leave rebalancing ENABLED where it is not possible (AZR-003).
    RebalancingNotPossible {
        /// Which service.
        service: ServiceId,
    },
}

impl CallError {
    /// AWS's exception name.
    #[must_use]
    pub const fn exception(self) -> &'static str {
        match self {
            Self::ServiceNotActive { .. } => "ServiceNotActiveException",
            Self::AttributeLimitExceeded { .. } => "AttributeLimitExceededException",
            Self::TooManyContainerInstances { .. } => "LimitExceededException",
            Self::ProviderInUse { .. } => "ResourceInUseException",
            Self::NoSuchGroup | Self::GroupSize { .. } | Self::NoLifecycleAction => "ValidationError",
            Self::NoScalableTarget => "ObjectNotFoundException",
            Self::CapacityLimits { .. } => "ValidationException",
            Self::CooldownInEffect => "ScalingActivityInProgress",
            Self::RefreshState => "InstanceRefreshInProgress",
            Self::NoDeployment { .. } => "ServiceDeploymentNotFoundException",
            Self::NoContainerInstances
            | Self::InstanceState { .. }
            | Self::TooManyInstances { .. }
            | Self::NoSuchInstance
            | Self::NoSuchTask
            | Self::TasksStillRunning { .. }
            | Self::ServiceNotScaledDown { .. }
            | Self::TooManyTasks { .. }
            | Self::NoSuchProvider
            | Self::TerminationProtectionNotPossible
            | Self::RebalancingNotPossible { .. } => "InvalidParameterException",
        }
    }
}
