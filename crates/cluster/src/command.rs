//! What a controller can want. It asks for one command at a time; the engine carries it out or refuses it, and either
//! way answers with facts.

use crate::cloudwatch::AlarmState;
use crate::deployments::{DeploymentCause, DeploymentEnd, DeploymentStatus, RolloutState, Stage};
use crate::events::ServiceEvent;
use crate::fact::{LaunchFailure, RefreshStatus, TerminationReason};
use crate::ids::{AlarmId, AsgId, InstanceId, LaunchOptionId, PolicyId, ProviderId, ServiceId, TaskId, ZoneId};
use crate::lifecycle::{Market, ServiceStatus};
use crate::reasons::StopReason;
use crate::scaling::{Alarm, Decision, Reservation, Withheld};
use crate::service_scaling::{ActivityStatus, ServiceDecision, Withholding};
use ecsim_kernel::SimTime;

/// A wish of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start one more task of a REPLICA service wherever its placement says (PLC-002).
    StartServiceTask {
        /// Which.
        service: ServiceId,
        /// Only in this zone (AZR-007).
        zone: Option<ZoneId>,
        /// Its capacity provider, chosen before anybody looks for a place (CP-015); `None`: it has a launch type.
        provider: Option<ProviderId>,
        /// For which of its deployments; `None`: the PRIMARY one.
        deployment: Option<u32>,
    },
    /// Another deployment begins: a failed one is rolled back (DEP-034).
    StartDeployment {
        /// Of which service.
        service: ServiceId,
        /// Which of its revisions.
        revision: u32,
        /// Why.
        cause: DeploymentCause,
    },
    /// A deployment moves on (DEP-001).
    ChangeDeployment {
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
    /// A deployment enters a stage (DEP-060).
    EnterStage {
        /// Of which service.
        service: ServiceId,
        /// Its number.
        deployment: u32,
        /// The stage.
        stage: Stage,
    },
    /// A deployment gets another share of the production traffic (DEP-062).
    ShiftTraffic {
        /// Of which service.
        service: ServiceId,
        /// Its number.
        deployment: u32,
        /// In millionths.
        share: u32,
    },
    /// A task set became steady, or no longer is (DEP-081).
    NoteStability {
        /// Of which service.
        service: ServiceId,
        /// The number of its deployment.
        deployment: u32,
        /// STEADY_STATE; else STABILIZING.
        steady: bool,
    },
    /// Start the task of a DAEMON service on one instance (PLC-051).
    StartDaemonTask {
        /// Which.
        service: ServiceId,
        /// Where.
        instance: InstanceId,
    },
    /// Stop a task of a service.
    StopTask {
        /// Which.
        task: TaskId,
        /// Why.
        reason: StopReason,
    },
    /// The number of tasks a DAEMON service wants (PLC-051).
    SetDaemonCount {
        /// Which.
        service: ServiceId,
        /// How many instances qualify.
        count: u32,
    },
    /// Write an entry into the service's event list, unless FLR-012 holds it back.
    Announce {
        /// Which.
        service: ServiceId,
        /// What.
        event: ServiceEvent,
    },
    /// A sample of `CapacityProviderReservation` is taken (CAS-003).
    SampleReservation {
        /// Of which provider.
        provider: ProviderId,
        /// What was counted.
        sample: Reservation,
    },
    /// An alarm changes its state.
    SetAlarm {
        /// Of which group.
        group: AsgId,
        /// Which alarm.
        alarm: Alarm,
        /// Whether it is in ALARM now.
        in_alarm: bool,
    },
    /// The desired capacity of a group is to change; the arithmetic goes with it.
    SetDesiredCapacity {
        /// Which group.
        group: AsgId,
        /// The new capacity, within `MinSize` and `MaxSize`.
        to: u32,
        /// Who decided, and why.
        decision: Decision,
    },
    /// The sizes of a group are to change (ASG-025).
    SetGroupSize {
        /// Which group.
        group: AsgId,
        /// `MinSize`.
        min_size: u32,
        /// `MaxSize`.
        max_size: u32,
        /// The action that asks for it.
        action: PolicyId,
    },
    /// An auto scaler notes why it does nothing.
    NoteWithheld {
        /// Which group.
        group: AsgId,
        /// Why.
        withheld: Withheld,
    },
    /// Scale-in protection is to be set or lifted (CAS-029).
    SetInstanceProtection {
        /// Which instance.
        instance: InstanceId,
        /// Whether it is protected from now on.
        protected: bool,
    },
    /// EC2 is asked for an instance that it has (ASG-002).
    LaunchInstance {
        /// Type, zone, and for whom.
        option: LaunchOptionId,
        /// On demand or Spot.
        market: Market,
        /// Into the warm pool (ASG-041).
        warm: bool,
    },
    /// EC2 was asked for an instance in every way there is, and had none (ASG-005).
    NoteLaunchFailure {
        /// The way that was tried first.
        option: LaunchOptionId,
        /// On demand or Spot.
        market: Market,
        /// Why.
        failure: LaunchFailure,
    },
    /// An instance leaves the warm pool for the group (ASG-041).
    StartWarmInstance {
        /// Which.
        instance: InstanceId,
    },
    /// An instance of a group or provider is to go, through its hooks and its drain (ASG-040, DRN-020).
    TerminateInstance {
        /// Which.
        instance: InstanceId,
        /// Why.
        reason: TerminationReason,
    },
    /// An instance of a Managed Instances provider is to be emptied (CP-046, CP-047).
    DrainInstance {
        /// Which.
        instance: InstanceId,
    },
    /// An instance refresh ends (ASG-043).
    EndRefresh {
        /// Of which group.
        group: AsgId,
        /// How.
        to: RefreshStatus,
    },
    /// A service that is being deleted has no task left (SVC-005).
    SetServiceStatus {
        /// Which.
        service: ServiceId,
        /// The new state.
        to: ServiceStatus,
    },
    /// A CloudWatch alarm changes its state (CW-002).
    SetAlarmState {
        /// Which.
        alarm: AlarmId,
        /// The new state.
        to: AlarmState,
    },
    /// Application Auto Scaling sets the desired count of a service (SAS-001).
    ScaleService {
        /// Which.
        service: ServiceId,
        /// The new count.
        to: u32,
        /// Who decided, and why.
        decision: ServiceDecision,
    },
    /// A scheduled action sets the limits of a scalable target (SAS-061).
    SetCapacityLimits {
        /// Of which service.
        service: ServiceId,
        /// `MinCapacity`.
        min: u32,
        /// `MaxCapacity`.
        max: u32,
    },
    /// A scaling activity has ended (SAS-007).
    EndServiceScaling {
        /// Of which service.
        service: ServiceId,
        /// Which.
        activity: u32,
        /// How.
        status: ActivityStatus,
        /// What it set the desired count to, and why: for the service's event list.
        to: u32,
        /// Who decided.
        decision: ServiceDecision,
    },
    /// A policy notes why it does nothing.
    NoteNotScaled {
        /// Of which service.
        service: ServiceId,
        /// What it saw, and why.
        withheld: Withholding,
    },
    /// Predictive scaling notes what it expects of an hour (SAS-070).
    NoteForecast {
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
}
